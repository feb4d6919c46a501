//! RFC 6698: TLSA records and their comparison with a certificate. What makes a record usable is in `rfc6698_4.rs`.

use std::slice::from_ref;

use smtp_dane::cert::{CertificateError, RawCertificate};
use smtp_dane::dns::{Found, LookupError, QueryType};
use smtp_dane::resolve::{EncryptCause, NextHop, TlsPolicy};
use smtp_dane::tlsa::{Record, Unusable, sha256, sha512};
use smtp_dane::{Name, NameError, Policy, VerifyError};

use crate::support::certificates::{leaf, other_leaf, spki};
use crate::support::dane::{raw, record, tls_policy, usability, verify, zone};
use crate::support::drive::plan;
use crate::support::message::{Message, Rr, hex};
use crate::support::wire::{ID, outcome};
use crate::support::{name, question};

const OWNER: &str = "_25._tcp.mx.example.com";

/// The records of a reply with this RDATA.
fn published(rdata: &[&[u8]]) -> Result<Vec<Record>, LookupError> {
    let question = question(OWNER, QueryType::Tlsa);
    let message = rdata
        .iter()
        .fold(Message::reply(ID, &question).secure(), |message, rdata| {
            message.answer(Rr::new(OWNER, 52, 3600, rdata))
        });
    match outcome(&question, &message)?.found() {
        Found::Associations(records) => Ok(records.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn section_2_1_the_data_is_three_octets_and_all_that_follows_them() {
    let records = published(&[&[3, 1, 0, 0xab, 0xcd], &[2, 0, 1, 1]]).unwrap();
    assert_eq!(records, [raw(3, 1, 0, &[0xab, 0xcd]), raw(2, 0, 1, &[1])]);
    let (usage, selector, matching, data) = records[0].fields().unwrap();
    assert_eq!(
        (usage.0, selector.0, matching.0, data),
        (3, 1, 0, &[0xab, 0xcd][..])
    );
    assert_eq!(records[0].as_rdata(), [3, 1, 0, 0xab, 0xcd]);
}

#[test]
fn section_2_1_a_record_that_is_too_short_is_unusable_and_spoils_no_other() {
    for length in 0..3 {
        let short = [3, 1, 1];
        let sound = record(3, 1, 1, leaf());
        let records = published(&[&short[..length], sound.as_rdata()]).unwrap();
        assert_eq!(records.len(), 2);
        assert_eq!(usability(&records[0]), Err(Unusable::TooShort), "{length}");
        assert_eq!(usability(&records[1]), Ok(()));
        assert!(verify(&records, &[leaf()]).is_ok());
    }
}

#[test]
fn section_2_1_a_record_without_association_data_is_unusable() {
    for (selector, matching) in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)] {
        for usage in [2, 3] {
            let empty = raw(usage, selector, matching, &[]);
            assert_eq!(usability(&empty), Err(Unusable::NoData), "{empty}");
        }
    }
    assert_eq!(published(&[&[3, 1, 0]]).unwrap(), [raw(3, 1, 0, &[])]);
}

#[test]
fn section_2_1_records_that_say_nothing_still_demand_tls() {
    for rdata in [&[][..], &[3], &[3, 1], &[3, 1, 1]] {
        let policy = tls_policy(&[Record::from_rdata(rdata)], &Policy::default()).unwrap();
        let TlsPolicy::Encrypt(encryption) = policy else {
            panic!("{policy:?}");
        };
        assert!(
            matches!(encryption.cause(), EncryptCause::AllUnusable(records) if records.len() == 1)
        );
    }
}

#[test]
fn section_2_1_1_octets_behind_a_certificate_make_it_none() {
    let longer = [leaf(), b"\0"].concat();
    assert_eq!(
        RawCertificate::parse(&longer),
        Err(CertificateError::LeftOver)
    );
    assert_eq!(usability(&raw(3, 0, 0, &longer)), Err(Unusable::NotDer));
    assert_eq!(usability(&raw(3, 0, 0, leaf())), Ok(()));
    let cut = &leaf()[..leaf().len() - 1];
    assert_eq!(usability(&raw(3, 0, 0, cut)), Err(Unusable::NotDer));
}

#[test]
fn section_2_1_1_the_first_certificate_is_the_one_that_usage_3_names() {
    for matching in 0..3 {
        for selector in 0..2 {
            let records = [record(3, selector, matching, leaf())];
            assert!(verify(&records, &[leaf()]).is_ok());
            assert!(verify(&records, &[leaf(), other_leaf()]).is_ok());
            let swapped = verify(&records, &[other_leaf(), leaf()]);
            assert_eq!(swapped, Err(VerifyError::NoRecordMatched));
        }
    }
}

#[test]
fn section_2_1_1_what_stands_above_the_first_certificate_does_not_matter() {
    for above in [
        &b""[..],
        b"garbage",
        &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        &leaf()[..50],
    ] {
        let proof = verify(&[record(3, 1, 1, leaf())], &[leaf(), above]).unwrap();
        assert_eq!(proof.depth(), 0);
    }
}

#[test]
fn section_2_1_2_selector_1_is_the_whole_public_key_structure() {
    let key = spki(leaf());
    assert_eq!(key[0], 0x30);
    assert_eq!(usize::from(key[1]) + 2, key.len());
    // The bit string alone is something else, and so is the certificate.
    let bits = &key[key.len() - 65..];
    for other in [bits, leaf(), &key[2..]] {
        let result = verify(&[raw(3, 1, 1, &sha256(other))], &[leaf()]);
        assert_eq!(result, Err(VerifyError::NoRecordMatched));
    }
    assert!(verify(&[raw(3, 1, 1, &sha256(key))], &[leaf()]).is_ok());
    // The digest of the key is no digest of the certificate.
    let result = verify(&[raw(3, 0, 1, &sha256(key))], &[leaf()]);
    assert_eq!(result, Err(VerifyError::NoRecordMatched));
}

#[test]
fn section_2_1_3_the_digests_are_those_of_fips_180_4() {
    let (short, long) = (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
         2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    );
    assert_eq!(sha256(b"abc")[..], hex(short));
    assert_eq!(sha512(b"abc")[..], hex(long));
    let (short, long) = (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce\
         47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
    );
    assert_eq!(sha256(b"")[..], hex(short));
    assert_eq!(sha512(b"")[..], hex(long));
}

#[test]
fn section_2_1_3_matching_types_compare_the_part_or_its_digest() {
    for (selector, part) in [(0, leaf()), (1, spki(leaf()))] {
        for (matching, data) in [
            (0, part.to_vec()),
            (1, sha256(part).to_vec()),
            (2, sha512(part).to_vec()),
        ] {
            let record = raw(3, selector, matching, &data);
            let proof = verify(from_ref(&record), &[leaf()]).unwrap();
            assert_eq!(proof.record(), Some(&record));
        }
    }
}

#[test]
fn section_2_1_4_the_framing_of_tls_is_not_compared() {
    // In a handshake a certificate stands behind a length of three octets.
    let length = u32::try_from(leaf().len()).unwrap().to_be_bytes();
    let framed = [&length[1..], leaf()].concat();
    let result = verify(&[raw(3, 0, 1, &sha256(&framed))], &[leaf()]);
    assert_eq!(result, Err(VerifyError::NoRecordMatched));
}

#[test]
fn section_2_2_a_record_is_shown_as_three_numbers_and_hexadecimal() {
    assert_eq!(raw(3, 1, 1, &[0xab, 0, 0x0f]).to_string(), "3 1 1 ab000f");
    assert_eq!(raw(255, 10, 0, &[]).to_string(), "255 10 0");
    assert_eq!(Record::from_rdata(&[3, 1]).to_string(), r"\# 2 0301");
    assert_eq!(Record::from_rdata(&[]).to_string(), r"\# 0");
}

#[test]
fn section_3_the_owner_is_port_and_transport_before_the_base_domain() {
    let base = name("MX.Example.com");
    for (port, owner) in [
        (1, "_1._tcp.mx.example.com"),
        (25, "_25._tcp.mx.example.com"),
        (465, "_465._tcp.mx.example.com"),
        (65535, "_65535._tcp.mx.example.com"),
    ] {
        let port = u16::try_into(port).unwrap();
        assert_eq!(base.tlsa_owner(port), Ok(name(owner)));
    }
}

#[test]
fn section_3_a_base_domain_that_leaves_no_room_has_no_tlsa_name() {
    let label = |length: usize| "a".repeat(length);
    let of = |last: usize| name(&[label(63), label(63), label(63), label(last)].join("."));
    let port = u16::try_into(25).unwrap();
    // `_25._tcp` takes nine octets of 255.
    assert_eq!(of(52).tlsa_owner(port).unwrap().as_wire().len(), 255);
    assert_eq!(of(53).tlsa_owner(port), Err(NameError::TooLong));
}

#[test]
fn section_3_internationalised_names_are_asked_for_as_a_labels() {
    for text in ["bücher.example", "mx.пример", "mx。example"] {
        assert_eq!(text.parse::<Name>(), Err(NameError::NonAscii), "{text}");
    }
    let a_label = name("XN--bcher-kva.example");
    let owner = a_label.tlsa_owner(u16::try_into(25).unwrap()).unwrap();
    assert_eq!(owner.to_string(), "_25._tcp.xn--bcher-kva.example");
}

#[test]
fn section_7_1_the_type_is_52() {
    assert_eq!(QueryType::Tlsa.code(), 52);
    let query = question(OWNER, QueryType::Tlsa).encode(ID);
    assert_eq!(query[query.len() - 15..query.len() - 11], [0, 52, 0, 1]);
}

#[test]
fn section_a_2_1_an_alias_of_the_host_is_none_of_its_tlsa_name() {
    // The records of the target stand below the target; those of the alias are others.
    let own = "_25._tcp.alias.example.com TLSA 3 1 1 \
               00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    let alias = "alias.example.com CNAME mx.example.com";
    let relay = NextHop::relay(name("alias.example.com"), u16::try_into(25).unwrap());
    let target = vec![format!("{OWNER} TLSA")];
    let both = vec![
        target[0].clone(),
        "_25._tcp.alias.example.com TLSA".to_owned(),
    ];
    for (records, base, asked_for) in [
        (&[record(3, 1, 1, leaf())][..], "mx.example.com", target),
        (&[], "alias.example.com", both),
    ] {
        let zone = zone(records).with(alias).with(own);
        let (plan, mut asked) = plan(&zone, relay.clone(), &Policy::default());
        asked.retain(|asked| asked.ends_with(" TLSA"));
        assert_eq!(asked, asked_for);
        assert_eq!(plan.unwrap().tls().tlsa_base(), Some(&name(base)));
    }
}

#[test]
fn section_b_digests_are_compared_in_full_length() {
    for matching in 0..3 {
        let right = record(3, 1, matching, leaf());
        let data = right.fields().unwrap().3;
        let last = data.len() - 1;
        for at in [0, 1, last / 2, last] {
            let mut wrong = data.to_vec();
            wrong[at] ^= 1;
            let wrong = raw(3, 1, matching, &wrong);
            if usability(&wrong).is_ok() {
                let result = verify(&[wrong], &[leaf()]);
                assert_eq!(result, Err(VerifyError::NoRecordMatched), "{matching} {at}");
            }
        }
    }
}
