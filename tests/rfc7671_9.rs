//! RFC 7671 §9: digest agility. RFC 7672 §5 makes it a MUST for mail.

use pki_types::CertificateDer;
use smtp_dane::resolve::{EncryptCause, HostError, TlsPolicy};
use smtp_dane::tlsa::{Record, Unusable};
use smtp_dane::{DaneMode, Digests};

use crate::support::certificates::{leaf, other_leaf};
use crate::support::dane::{authentication, authentication_by, believing, raw, record, tls_policy};
use crate::support::world::NOW;

/// The usable records, as text.
fn counting(records: &[Record], digests: Digests) -> Vec<String> {
    let authentication = authentication_by(records, digests);
    let short = |record: &Record| record.to_string()[..5].to_owned();
    authentication.tlsa().records().map(short).collect()
}

fn accepts(records: &[Record], digests: Digests) -> bool {
    let chain = [CertificateDer::from(leaf())];
    authentication_by(records, digests)
        .verify(&chain, NOW, &[])
        .is_ok()
}

#[test]
fn section_9_the_strongest_digest_of_a_usage_and_selector_alone_counts() {
    let of = |matching, certificate| record(3, 1, matching, certificate);
    let only_weaker = [of(1, leaf()), of(2, other_leaf())];
    assert!(!accepts(&only_weaker, Digests::Sha512OverSha256));
    assert_eq!(counting(&only_weaker, Digests::Sha512OverSha256), ["3 1 2"]);
    let only_stronger = [of(1, other_leaf()), of(2, leaf())];
    assert!(accepts(&only_stronger, Digests::Sha512OverSha256));
}

#[test]
fn section_9_the_order_of_digests_is_configurable() {
    let records = [record(3, 1, 1, leaf()), record(3, 1, 2, other_leaf())];
    for (digests, accepted, counts) in [
        (Digests::Sha512OverSha256, false, "3 1 2"),
        (Digests::Sha256OverSha512, true, "3 1 1"),
        (Digests::Sha256, true, "3 1 1"),
        (Digests::Sha512, false, "3 1 2"),
    ] {
        assert_eq!(accepts(&records, digests), accepted, "{digests:?}");
        assert_eq!(counting(&records, digests), [counts], "{digests:?}");
    }
}

#[test]
fn section_9_a_record_set_aside_is_told() {
    let weaker = record(3, 1, 1, leaf());
    let set = authentication(&[weaker.clone(), record(3, 1, 2, leaf())]);
    assert_eq!(set.tlsa().unusable(), [(weaker, Unusable::WeakerDigest)]);
}

#[test]
fn section_9_another_usage_or_selector_is_another_group() {
    for stronger in [record(3, 0, 2, other_leaf()), record(2, 1, 2, other_leaf())] {
        let records = [record(3, 1, 1, leaf()), stronger];
        assert!(accepts(&records, Digests::default()));
        assert_eq!(counting(&records, Digests::default()).len(), 2);
    }
}

#[test]
fn section_9_full_data_is_never_set_aside() {
    let records = [0, 1, 2].map(|matching| record(3, 1, matching, leaf()));
    assert_eq!(counting(&records, Digests::default()), ["3 1 0", "3 1 2"]);
    let full_matches = [record(3, 1, 0, leaf()), record(3, 1, 2, other_leaf())];
    assert!(accepts(&full_matches, Digests::default()));
    let full_differs = [record(3, 1, 0, other_leaf()), record(3, 1, 1, leaf())];
    assert!(accepts(&full_differs, Digests::default()));
}

#[test]
fn section_9_all_records_of_the_strongest_digest_count() {
    let records = [
        record(3, 1, 2, other_leaf()),
        record(3, 1, 2, leaf()),
        record(3, 1, 1, leaf()),
    ];
    assert!(accepts(&records, Digests::default()));
    assert_eq!(counting(&records, Digests::default()), ["3 1 2", "3 1 2"]);
}

#[test]
fn section_9_malformed_and_unknown_records_are_discarded_before_the_strongest_is_chosen() {
    for discarded in [
        raw(3, 1, 2, &[7; 32]),
        raw(3, 1, 2, &[7; 63]),
        raw(3, 1, 2, &[]),
        raw(3, 1, 3, &[7; 64]),
        raw(3, 1, 255, &[7; 64]),
    ] {
        let records = [record(3, 1, 1, leaf()), discarded];
        assert!(accepts(&records, Digests::default()), "{}", records[1]);
    }
}

#[test]
fn section_9_unusable_records_beside_it_do_not_soften_a_set() {
    let mut records = vec![record(3, 1, 1, leaf()), record(3, 1, 2, other_leaf())];
    for unusable in [raw(3, 1, 2, &[7; 32]), raw(9, 1, 1, &[7; 32])] {
        records.push(unusable);
        assert!(!accepts(&records, Digests::default()));
        records.reverse();
        assert!(!accepts(&records, Digests::default()));
    }
    records.extend((0..60).map(|n| raw(1, 1, 1, &[n; 32])));
    assert!(!accepts(&records, Digests::default()));
}

#[test]
fn section_9_a_digest_that_the_site_does_not_believe_is_discarded_before_as_well() {
    let records = [record(3, 1, 1, leaf())];
    let policy = tls_policy(&records, &believing(Digests::Sha512)).unwrap();
    let TlsPolicy::Encrypt(encryption) = &policy else {
        panic!("{policy:?}");
    };
    let disabled = vec![(records[0].clone(), Unusable::DisabledDigest)];
    assert_eq!(*encryption.cause(), EncryptCause::AllUnusable(disabled));
    let mut mandatory = believing(Digests::Sha512);
    mandatory.dane = DaneMode::Mandatory;
    assert_eq!(
        tls_policy(&records, &mandatory),
        Err(HostError::NoUsableTlsa)
    );
    // It takes no other record's place, either.
    let both = [record(3, 1, 1, leaf()), record(3, 1, 2, other_leaf())];
    assert!(accepts(&both, Digests::Sha256));
    assert_eq!(counting(&both, Digests::Sha256), ["3 1 1"]);
    assert_eq!(counting(&both, Digests::Sha512), ["3 1 2"]);
}
