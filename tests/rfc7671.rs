//! RFC 7671: digest agility, usage 3, sets of several kinds, and what a client does with sets that it cannot use.

use std::slice::from_ref;

use smtp_dane::cert::{CertificateError, RawCertificate};
use smtp_dane::delivery::{Outcome, Step};
use smtp_dane::dns::{Found, QueryType, Question};
use smtp_dane::resolve::{NextHop, TlsPolicy};
use smtp_dane::session::{Assurance, StartTlsOffer};
use smtp_dane::tlsa::{Record, sha256, sha512};
use smtp_dane::{DaneMode, Digests, Policy, VerifyError};

use crate::support::certificates::{leaf, other_leaf, spki};
use crate::support::dane::{believing, raw, record, tls_policy, usability, verify, zone};
use crate::support::der::{BIT_STRING, Fields, INTEGER, OID, SEQUENCE, VERSION, sequence, tlv};
use crate::support::drive::plan;
use crate::support::message::{Message, Rr};
use crate::support::name;
use crate::support::odd::leaves;
use crate::support::pki::{Authority, extension, judge};
use crate::support::wire::{ID, outcome};
use crate::support::world::{Run, Server, World};

/// Delivers to a host with these records.
fn deliver(records: &[Record], server: Server, policy: &Policy) -> Run {
    let world = World::new(zone(records)).server("192.0.2.1", server);
    world.deliver(NextHop::domain(name("example.com")), policy)
}

fn mandatory() -> Policy {
    let mut policy = Policy::default();
    policy.dane = DaneMode::Mandatory;
    policy
}

#[test]
fn section_2_only_defined_values_are_usable() {
    for usage in [0, 1, 2, 3, 4, 100, 254, 255] {
        for selector in [0, 1, 2, 254, 255] {
            for matching in [1, 2, 3, 254, 255] {
                let length = if matching == 2 { 64 } else { 32 };
                let usable = usability(&raw(usage, selector, matching, &vec![7; length])).is_ok();
                let defined = matches!(usage, 2 | 3) && selector < 2 && matching < 3;
                assert_eq!(usable, defined, "{usage} {selector} {matching}");
            }
        }
    }
}

#[test]
fn section_2_both_digests_are_supported() {
    for matching in [1, 2] {
        assert!(verify(&[record(3, 1, matching, leaf())], &[leaf()]).is_ok());
    }
}

#[test]
fn section_4_1_the_usages_of_the_public_pki_are_never_used() {
    let pkix = [record(0, 1, 1, leaf()), record(1, 1, 1, leaf())];
    for digests in [
        Digests::Sha512OverSha256,
        Digests::Sha256OverSha512,
        Digests::Sha256,
        Digests::Sha512,
    ] {
        let policy = tls_policy(&pkix, &believing(digests)).unwrap();
        assert!(matches!(policy, TlsPolicy::Encrypt(_)), "{digests:?}");
    }
    // Beside a usable record they neither help nor harm.
    let matching = [pkix.to_vec(), vec![record(3, 1, 1, other_leaf())]].concat();
    assert_eq!(
        verify(&matching, &[leaf()]),
        Err(VerifyError::NoRecordMatched)
    );
    let wrong = [record(1, 1, 1, other_leaf()), record(3, 1, 1, leaf())];
    assert!(verify(&wrong, &[leaf()]).is_ok());
}

#[test]
fn section_4_1_where_usable_records_are_published_the_server_must_match_one() {
    let right = deliver(
        &[record(3, 1, 1, leaf())],
        Server::with(leaf()),
        &Policy::default(),
    );
    assert!(matches!(
        &right.sent[..],
        [(_, Assurance::Authenticated(_))]
    ));
    let wrong = deliver(
        &[record(3, 1, 1, other_leaf())],
        Server::with(leaf()),
        &Policy::default(),
    );
    assert!(matches!(wrong.outcome(), Outcome::Deferred(_)));
    assert!(wrong.sent.is_empty());
}

#[test]
fn section_4_2_certificate_transparency_is_not_asked_for() {
    // No list of log entries, and one that nobody can read.
    let list = extension(
        &[1, 3, 6, 1, 4, 1, 11129, 2, 4, 2],
        b"\x04\x07no list",
        false,
    );
    let root = Authority::root();
    let servers = [Vec::new(), vec![list]]
        .map(|extensions| root.server_with(|params| params.custom_extensions = extensions));
    for server in &servers {
        let chain = [server.as_slice(), &root.der];
        let by_itself = judge(&[record(3, 1, 1, server)], &chain);
        assert_eq!(by_itself, Ok((3, 0)));
        let by_anchor = judge(&[record(2, 0, 1, &root.der)], &chain);
        assert_eq!(by_anchor, Ok((2, 1)));
    }
}

#[test]
fn section_5_1_usage_3_takes_any_certificate_that_matches() {
    for (what, certificate) in leaves() {
        for selector in 0..2 {
            for matching in 0..3 {
                let right = record(3, selector, matching, certificate);
                assert_eq!(usability(&right), Ok(()), "{what}: {selector} {matching}");
                let proof = verify(from_ref(&right), &[certificate]);
                let proof = proof.unwrap_or_else(|error| panic!("{what}: {right}: {error}"));
                assert_eq!(
                    (proof.record(), proof.depth(), proof.name()),
                    (Some(&right), 0, None)
                );
            }
        }
    }
}

#[test]
fn section_5_1_usage_3_refuses_any_certificate_that_does_not_match() {
    for (what, certificate) in leaves().iter().filter(|(_, der)| der != leaf()) {
        for matching in 0..3 {
            // The key of one of them is that of the ordinary one.
            let result = verify(&[record(3, 0, matching, leaf())], &[certificate]);
            assert_eq!(result, Err(VerifyError::NoRecordMatched), "{what}");
        }
    }
}

#[test]
fn section_5_1_the_structure_around_the_key_may_be_odd() {
    let key = spki(leaf());
    let plain = || Fields::v1(key);
    let odd = [
        Fields {
            version: tlv(VERSION, &tlv(INTEGER, &[9])),
            ..plain()
        },
        Fields {
            serial: vec![0x7f; 200],
            ..plain()
        },
        Fields {
            serial: vec![0xff],
            ..plain()
        },
        Fields {
            serial: Vec::new(),
            ..plain()
        },
        Fields {
            after_key: tlv(0xa3, b"no extensions"),
            ..plain()
        },
    ];
    for fields in odd {
        let certificate = fields.to_certificate();
        assert!(verify(&[record(3, 1, 1, leaf())], &[&certificate]).is_ok());
    }
}

#[test]
fn section_5_1_the_key_is_compared_as_it_was_sent() {
    // An algorithm without parameters, one with NULL, an unknown one, unused bits: other octets, other keys.
    let key = |algorithm: &[u8], bits: &[u8]| {
        sequence(&[tlv(SEQUENCE, algorithm), tlv(BIT_STRING, bits)])
    };
    let rsa = tlv(OID, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]);
    let keys = [
        key(&rsa, &[0, 1, 2, 3]),
        key(&[&rsa[..], &[5, 0]].concat(), &[0, 1, 2, 3]),
        key(&tlv(OID, &[0x2a, 3]), &[0, 1, 2, 3]),
        key(&tlv(OID, &[0x2a, 3]), &[4, 1, 2, 0xf0]),
    ];
    for sent in &keys {
        let certificate = Fields::v1(sent).to_certificate();
        for published in &keys {
            for record in [raw(3, 1, 0, published), raw(3, 1, 1, &sha256(published))] {
                let result = verify(from_ref(&record), &[&certificate]);
                assert_eq!(result.is_ok(), sent == published, "{record}");
            }
        }
    }
}

#[test]
fn section_5_1_what_is_no_certificate_can_match_as_a_whole_and_not_by_its_key() {
    let trailing = [leaf(), b"\0"].concat();
    let keyless = Fields::v1(&sequence(&[])).to_certificate();
    for (sent, error) in [
        (&b"no certificate at all"[..], CertificateError::Structure),
        (b"", CertificateError::Structure),
        (&leaf()[..100], CertificateError::Structure),
        (&trailing, CertificateError::LeftOver),
        (&keyless, CertificateError::PublicKey),
    ] {
        assert_eq!(RawCertificate::parse(sent), Err(error));
        assert!(verify(&[raw(3, 0, 1, &sha256(sent))], &[sent]).is_ok());
        assert!(verify(&[raw(3, 0, 2, &sha512(sent))], &[sent]).is_ok());
        let result = verify(&[record(3, 1, 1, leaf())], &[sent]);
        assert_eq!(result, Err(VerifyError::Certificate(error)));
        assert!(verify(&[record(3, 0, 1, leaf())], &[sent]).is_err());
    }
}

#[test]
fn section_5_1_a_chain_has_a_bound() {
    let records = [record(3, 1, 1, leaf())];
    let chain = |length| vec![leaf(); length];
    assert!(verify(&records, &chain(smtp_dane::MAX_CHAIN)).is_ok());
    let longer = verify(&records, &chain(smtp_dane::MAX_CHAIN + 1));
    assert_eq!(longer, Err(VerifyError::ChainBudget));
}

#[test]
fn section_5_2_an_anchor_that_issued_nothing_proves_nothing() {
    for selector in 0..2 {
        for matching in 0..3 {
            // Be it above the server's certificate, or that certificate itself.
            for (anchor, chain) in [
                (other_leaf(), [leaf(), other_leaf()]),
                (leaf(), [leaf(), leaf()]),
            ] {
                let records = [record(2, selector, matching, anchor)];
                let verdict = verify(&records, &chain);
                assert!(verdict.is_err(), "2 {selector} {matching}: {verdict:?}");
            }
        }
    }
    let run = deliver(
        &[record(2, 1, 1, leaf())],
        Server::with(leaf()),
        &Policy::default(),
    );
    assert!(matches!(run.outcome(), Outcome::Deferred(_)));
    assert!(run.sent.is_empty());
}

#[test]
fn section_5_2_a_set_of_both_usages_is_satisfied_by_either() {
    let anchor = record(2, 0, 1, other_leaf());
    let matching = [anchor.clone(), record(3, 1, 1, leaf())];
    assert_eq!(
        verify(&matching, &[leaf()]).unwrap().record(),
        Some(&matching[1])
    );
    let not_matching = [anchor, record(3, 1, 1, other_leaf())];
    assert_eq!(
        verify(&not_matching, &[leaf()]),
        Err(VerifyError::NoRecordMatched)
    );
}

#[test]
fn section_7_the_name_to_which_a_host_is_expanded_is_base_domain_sni_and_first_name() {
    let zone = zone(&[record(3, 1, 1, leaf())]).with("alias.example.com CNAME mx.example.com");
    let relay = NextHop::relay(name("alias.example.com"), u16::try_into(25).unwrap());
    let plan = plan(&zone, relay, &Policy::default()).0.unwrap();
    let TlsPolicy::Authenticate(authentication) = plan.tls() else {
        panic!("{:?}", plan.tls());
    };
    assert_eq!(*authentication.base(), name("mx.example.com"));
    assert_eq!(authentication.reference_ids()[0], name("mx.example.com"));
    assert_eq!(plan.tls().server_name().unwrap().as_ref(), "mx.example.com");
}

#[test]
fn section_10_1_large_sets_are_read() {
    // Whole certificates of 2 KiB and more, up to the size of a message.
    let owner = "_25._tcp.mx.example.com";
    let question = Question::new(name(owner), QueryType::Tlsa);
    for (count, length) in [(1, 2048), (8, 8000), (1, 65_000)] {
        let mut message = Message::reply(ID, &question);
        for n in 0..count {
            message = message.answer(Rr::new(owner, 52, 60, &vec![n; length]));
        }
        let found = outcome(&question, &message).unwrap();
        let Found::Associations(records) = found.found() else {
            panic!("{found:?}");
        };
        assert_eq!(records.len(), usize::from(count));
        assert!(
            records
                .iter()
                .all(|record| record.as_rdata().len() == length)
        );
    }
}

#[test]
fn section_10_2_the_server_name_is_the_base_domain() {
    let policy = tls_policy(&[record(3, 1, 1, leaf())], &Policy::default()).unwrap();
    assert_eq!(policy.server_name().unwrap().as_ref(), "mx.example.com");
    let unusable = tls_policy(&[raw(9, 1, 1, b"x")], &Policy::default()).unwrap();
    assert_eq!(unusable.server_name().unwrap().as_ref(), "mx.example.com");
}

#[test]
fn section_10_3_no_connection_where_no_record_is_usable_and_dane_is_mandatory() {
    let run = deliver(
        &[record(1, 1, 1, leaf())],
        Server::with(leaf()),
        &mandatory(),
    );
    assert!(run.connected.is_empty());
    assert!(matches!(run.outcome(), Outcome::Deferred(_)));
    assert!(matches!(run.delivery.step(), Step::Done(_)));
}

#[test]
fn section_10_3_tls_without_authentication_where_no_record_is_usable() {
    for unusable in [
        record(1, 1, 1, other_leaf()),
        raw(3, 1, 1, &[7; 20]),
        raw(3, 1, 9, b"x"),
    ] {
        let records = [unusable];
        let run = deliver(&records, Server::with(leaf()), &Policy::default());
        assert!(
            matches!(&run.sent[..], [(_, Assurance::Encrypted)]),
            "{records:?}"
        );
        let mut without_tls = Server::with(leaf());
        without_tls.offers = StartTlsOffer::Absent;
        let mut refusing = Server::with(leaf());
        refusing.start_tls = (454, 0);
        let mut failing = Server::with(leaf());
        failing.handshakes = false;
        for server in [without_tls, refusing, failing] {
            let run = deliver(&records, server, &Policy::default());
            assert!(run.sent.is_empty(), "{records:?}");
            assert!(matches!(run.outcome(), Outcome::Deferred(_)));
        }
    }
}
