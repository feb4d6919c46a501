//! RFC 6698 §4: which answers and which records can be used.

use smtp_dane::dns::QueryType;
use smtp_dane::resolve::{HostError, NextHop, NotApplicable, TlsPolicy};
use smtp_dane::tlsa::{MAX_RECORDS, Record, Role, SetError, Unusable, sha256};
use smtp_dane::{Digests, Policy, VerifyError};

use crate::support::certificates::{leaf, other_leaf, spki, tlsa_text};
use crate::support::dane::{authentication, raw, record, tls_policy, usability, verify, zone};
use crate::support::drive::plan;
use crate::support::name;
use crate::support::zone::{Failure, Zone};

const OWNER: &str = "_25._tcp.mx.example.com";

fn domain() -> NextHop {
    NextHop::domain(name("example.com"))
}

#[test]
fn section_4_the_connection_is_to_the_port_that_was_asked_for() {
    for port in [25, 465, 2525_u16] {
        let port = port.try_into().unwrap();
        let zone = Zone::signed().with("mx.example.com A 192.0.2.1");
        let next_hop = NextHop::relay(name("mx.example.com"), port);
        let (plan, asked) = plan(&zone, next_hop, &Policy::default());
        assert_eq!(asked[2], format!("_{port}._tcp.mx.example.com TLSA"));
        assert_eq!(plan.unwrap().port(), port);
    }
}

#[test]
fn section_4_1_the_security_of_the_answer_decides_whether_records_are_used() {
    let hosts = Zone::signed().with(
        "example.com MX 10 mx.example.com
         mx.example.com A 192.0.2.1",
    );
    let records = format!("{OWNER} TLSA {}", tlsa_text(3, 1, 1, leaf()));
    let tls = |zone: &Zone| {
        let (plan, _) = plan(zone, domain(), &Policy::default());
        plan.map(|plan| plan.tls().clone())
    };
    let secure = tls(&hosts.clone().secure(&records));
    assert!(
        matches!(secure, Ok(TlsPolicy::Authenticate(_))),
        "{secure:?}"
    );
    let insecure = tls(&hosts.clone().insecure(&records));
    let no_tlsa = TlsPolicy::Opportunistic(NotApplicable::NoTlsa);
    assert_eq!(insecure, Ok(no_tlsa));
    for failure in Failure::ALL {
        let failed = tls(&hosts.clone().failing(OWNER, QueryType::Tlsa, failure));
        assert!(matches!(failed, Err(HostError::Lookup(_))), "{failure:?}");
    }
}

#[test]
fn section_4_1_records_of_which_none_is_usable_are_not_taken_for_none() {
    // RFC 6698 itself would go on as if there were no records; RFC 7672 §2.2 demands TLS.
    let unusable = zone(&[record(1, 1, 1, leaf())]);
    let (plan, _) = plan(&unusable, domain(), &Policy::default());
    assert!(matches!(plan.unwrap().tls(), TlsPolicy::Encrypt(_)));
}

#[test]
fn section_4_1_a_value_that_is_not_known_makes_the_record_unusable() {
    let digest = sha256(spki(leaf()));
    for value in 0..=255 {
        let of_usage = usability(&raw(value, 1, 1, &digest));
        match value {
            0 | 1 => assert_eq!(of_usage, Err(Unusable::PkixUsage)),
            2 | 3 => assert_eq!(of_usage, Ok(())),
            _ => assert_eq!(of_usage, Err(Unusable::UnknownUsage), "{value}"),
        }
        let of_selector = usability(&raw(3, value, 1, &digest));
        let unknown = (value > 1).then_some(Unusable::UnknownSelector);
        assert_eq!(of_selector.err(), unknown, "{value}");
        let of_matching = usability(&raw(3, 1, value, &digest));
        if value > 2 {
            assert_eq!(of_matching, Err(Unusable::UnknownMatchingType), "{value}");
        }
    }
}

#[test]
fn section_4_1_a_digest_of_another_length_makes_the_record_unusable() {
    for usage in [2, 3] {
        for selector in [0, 1] {
            for (matching, right) in [(1, 32), (2, 64)] {
                for length in 1..=70 {
                    let result = usability(&raw(usage, selector, matching, &vec![7; length]));
                    let wrong = (length != right).then_some(Unusable::DigestLength);
                    assert_eq!(result.err(), wrong, "{matching} {length}");
                }
            }
        }
    }
}

#[test]
fn section_4_1_full_data_that_is_not_the_part_makes_the_record_unusable() {
    for usage in [2, 3] {
        assert_eq!(usability(&raw(usage, 0, 0, leaf())), Ok(()));
        assert_eq!(usability(&raw(usage, 1, 0, spki(leaf()))), Ok(()));
        let key_and_more = [spki(leaf()), b"\0"].concat();
        let key_cut = &spki(leaf())[..40];
        for (selector, data) in [
            (0, &b"garbage"[..]),
            (0, spki(leaf())),
            (0, &sha256(leaf())),
            (1, b"garbage"),
            (1, leaf()),
            (1, &key_and_more),
            (1, key_cut),
            (1, &sha256(spki(leaf()))),
        ] {
            let result = usability(&raw(usage, selector, 0, data));
            assert_eq!(result, Err(Unusable::NotDer), "{usage} {selector}");
        }
    }
}

#[test]
fn section_4_1_a_record_by_a_digest_that_the_site_does_not_believe_is_unusable() {
    let (short, long) = (record(3, 1, 1, leaf()), record(3, 1, 2, leaf()));
    let disabled = Err(Unusable::DisabledDigest);
    assert_eq!(long.usability(Role::Relay, Digests::Sha256), disabled);
    assert_eq!(short.usability(Role::Relay, Digests::Sha512), disabled);
    assert_eq!(short.usability(Role::Relay, Digests::Sha256), Ok(()));
    assert_eq!(long.usability(Role::Relay, Digests::Sha512), Ok(()));
    for digests in [Digests::Sha256, Digests::Sha512] {
        assert_eq!(
            record(3, 1, 0, leaf()).usability(Role::Relay, digests),
            Ok(())
        );
    }
}

#[test]
fn section_4_1_the_records_are_alternatives_in_any_order() {
    let right = record(3, 1, 1, leaf());
    let mut records = vec![
        record(3, 1, 1, other_leaf()),
        record(3, 0, 0, other_leaf()),
        record(3, 1, 0, other_leaf()),
        right.clone(),
        raw(3, 1, 9, b"unknown"),
    ];
    for _ in 0..records.len() {
        records.rotate_left(1);
        assert_eq!(verify(&records, &[leaf()]).unwrap().record(), Some(&right));
        records.reverse();
        assert_eq!(verify(&records, &[leaf()]).unwrap().record(), Some(&right));
    }
}

#[test]
fn section_4_1_where_no_record_matches_the_server_is_refused() {
    let records = [record(3, 1, 1, other_leaf()), raw(3, 1, 9, b"unknown")];
    assert_eq!(
        verify(&records, &[leaf()]),
        Err(VerifyError::NoRecordMatched)
    );
    assert_eq!(verify(&records, &[]), Err(VerifyError::NoCertificate));
}

#[test]
fn section_4_1_a_set_is_bounded_by_its_distinct_records() {
    let mut records: Vec<Record> = (0..64).map(|n| raw(3, 1, 1, &[n; 32])).collect();
    records.extend(records.clone());
    assert_eq!(MAX_RECORDS, 64);
    assert_eq!(authentication(&records).tlsa().records().count(), 64);
    records.push(raw(3, 1, 1, &[64; 32]));
    let too_many = Err(HostError::TlsaSet(SetError::TooManyRecords));
    assert_eq!(tls_policy(&records, &Policy::default()), too_many);
    // Unusable ones count as well, and alone they are no way to get rid of authentication.
    let unusable: Vec<Record> = (0..65).map(|n| raw(9, 1, 1, &[n])).collect();
    assert_eq!(tls_policy(&unusable, &Policy::default()), too_many);
    assert!(matches!(
        tls_policy(&unusable[1..], &Policy::default()),
        Ok(TlsPolicy::Encrypt(_))
    ));
}

#[test]
fn section_4_1_a_repeated_record_changes_nothing() {
    let records = [record(3, 1, 1, leaf()), raw(3, 9, 1, b"unusable")];
    let twice = [records.clone(), records.clone()].concat();
    let (once, twice) = (authentication(&records), authentication(&twice));
    assert_eq!(once, twice);
    assert_eq!(once.tlsa().unusable().len(), 1);
}
