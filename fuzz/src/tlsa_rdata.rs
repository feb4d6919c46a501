//! RDATA of TLSA records: any octets are kept as they are, and what is usable has a meaning.

use smtp_dane::Digests;
use smtp_dane::tlsa::{Record, Role};

pub fn run(data: &[u8]) {
    let record = Record::from_rdata(data);
    assert_eq!(record.as_rdata(), data);
    assert_eq!(record.fields().is_some(), data.len() >= 3);
    if record.usability(Role::Relay, Digests::default()).is_ok() {
        let (usage, selector, matching, association) = record.fields().expect("usable");
        assert!(matches!(usage.0, 2 | 3) && selector.0 <= 1 && matching.0 <= 2);
        assert!(match matching.0 {
            1 => association.len() == 32,
            2 => association.len() == 64,
            _ => !association.is_empty(),
        });
        // A client that hands in mail can use all that a relay can.
        assert_eq!(
            record.usability(Role::Submission, Digests::default()),
            Ok(())
        );
    }
    assert!(!record.to_string().is_empty());
}
