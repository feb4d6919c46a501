//! Certificates that are cut, bent or badly written: they are refused or matched, and nothing worse.

use std::slice::from_ref;

use smtp_dane::cert::{CertificateError, RawCertificate};
use smtp_dane::tlsa::sha256;
use smtp_dane::{Digests, VerifyError};

use crate::support::certificates::{leaf, spki};
use crate::support::dane::{raw, record, usability};
use crate::support::der::{BIT_STRING, Fields, INTEGER, SEQUENCE, VERSION, sequence, tlv};
use crate::support::pki::{Authority, data, extension, judge};

struct Three {
    root: Authority,
    issuer: Authority,
    server: Vec<u8>,
}

fn three() -> Three {
    let root = Authority::root();
    let issuer = root.below("Issuer");
    let server = issuer.server();
    Three {
        root,
        issuer,
        server,
    }
}

#[test]
fn a_certificate_that_is_cut_anywhere_is_none() {
    for certificate in [leaf(), data::RSA_SERVER, data::V1_SERVER, data::P521_ROOT] {
        for length in 0..certificate.len() {
            let cut = &certificate[..length];
            assert!(RawCertificate::parse(cut).is_err(), "{length}");
            let result = judge(&[record(3, 1, 1, certificate)], &[cut]);
            assert!(
                matches!(result, Err(VerifyError::Certificate(_))),
                "{length}"
            );
            let whole = raw(3, 0, 0, cut);
            assert!(usability(&whole).is_err(), "{length}");
            let behind = &certificate[length..];
            assert_eq!(
                RawCertificate::parse(behind).is_ok(),
                length == 0,
                "{length}"
            );
        }
    }
}

#[test]
fn a_chain_with_a_certificate_that_is_cut_proves_nothing() {
    let Three {
        root,
        issuer,
        server,
    } = three();
    let sound = [&server, &issuer.der, &root.der].map(Vec::as_slice);
    let anchors = [
        record(2, 0, 1, &root.der),
        record(2, 1, 1, &root.der),
        record(2, 1, 0, &root.der),
    ];
    for depth in 0..3 {
        for length in (0..sound[depth].len()).step_by(3) {
            let mut chain = sound;
            chain[depth] = &sound[depth][..length];
            for anchor in &anchors[..2] {
                let result = judge(from_ref(anchor), &chain);
                assert!(result.is_err(), "{depth} {length}: {result:?}");
            }
            // Without the root the key alone still stands in the DNS.
            let result = judge(&anchors[2..], &chain);
            assert_eq!(result.is_ok(), depth == 2, "{depth} {length}: {result:?}");
            // What is cut is not needed here.
            let result = judge(&[record(3, 1, 1, &server)], &chain);
            assert_eq!(result.is_ok(), depth > 0);
        }
    }
}

#[test]
fn each_octet_of_a_certificate_on_the_path_counts() {
    let Three {
        root,
        issuer,
        server,
    } = three();
    let sound = [&server, &issuer.der, &root.der].map(Vec::as_slice);
    let anchor = [record(2, 0, 1, &root.der)];
    assert_eq!(judge(&anchor, &sound), Ok((2, 2)));
    for depth in 0..3 {
        for place in 0..sound[depth].len() {
            for bit in [0x01, 0x20, 0x80] {
                let mut damaged = sound[depth].to_vec();
                damaged[place] ^= bit;
                let mut chain = sound;
                chain[depth] = &damaged;
                let result = judge(&anchor, &chain);
                assert!(result.is_err(), "{depth} {place} {bit:#x}: {result:?}");
            }
        }
    }
}

#[test]
fn each_octet_of_a_published_certificate_counts_or_is_the_anchor_s_own() {
    let Three {
        root,
        issuer,
        server,
    } = three();
    let mut met = 0;
    for place in 0..root.der.len() {
        let mut damaged = root.der.clone();
        damaged[place] ^= 0x10;
        let in_full = raw(2, 0, 0, &damaged);
        if in_full
            .usability(smtp_dane::tlsa::Role::Relay, Digests::default())
            .is_ok()
        {
            // The key, the name and the restrictions must be sound; the serial number and the signature may be anything.
            met += usize::from(judge(&[in_full], &[&server, &issuer.der]).is_ok());
        }
    }
    assert!(met > 0 && met < root.der.len() / 2, "{met}");
}

/// A certificate around `fields`, in place of all that would be signed.
fn around(fields: &[u8]) -> Vec<u8> {
    let algorithm = sequence(&[]);
    sequence(&[fields.to_vec(), algorithm, tlv(BIT_STRING, &[0; 9])])
}

#[test]
fn a_length_is_written_in_the_shortest_form_and_holds() {
    let sound = leaf();
    assert_eq!(&sound[..2], [0x30, 0x82]);
    let content = &sound[4..];
    let length = &sound[2..4];
    let framed = |length: &[u8]| [&[0x30], length, content].concat();
    for wrong in [
        [&[0x83, 0], length].concat(),
        [&[0x84, 0, 0], length].concat(),
        [&[0x85, 0, 0, 0], length].concat(),
        vec![0x80],
        vec![0x81, length[1]],
        vec![0x82, 0xff, 0xff],
        vec![0x84, 0xff, 0xff, 0xff, 0xff],
        vec![0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        vec![0xff],
        vec![0],
    ] {
        let certificate = framed(&wrong);
        assert!(RawCertificate::parse(&certificate).is_err(), "{wrong:02x?}");
        let result = judge(&[record(3, 1, 1, leaf())], &[&certificate]);
        assert!(result.is_err(), "{wrong:02x?}");
        // As a whole it is compared without being understood.
        let whole = raw(3, 0, 1, &sha256(&certificate));
        assert_eq!(judge(&[whole], &[&certificate]), Ok((3, 0)));
    }
    let end_of_contents = [&framed(&[0x80])[..], &[0, 0]].concat();
    assert!(RawCertificate::parse(&end_of_contents).is_err());
}

#[test]
fn a_field_that_claims_more_than_there_is_ends_the_certificate() {
    let key = spki(leaf()).to_vec();
    let fields = |serial: Vec<u8>, key: Vec<u8>| {
        around(&sequence(&[
            serial,
            sequence(&[]),
            sequence(&[]),
            sequence(&[]),
            sequence(&[]),
            key,
        ]))
    };
    let serial = tlv(INTEGER, &[1]);
    assert!(RawCertificate::parse(&fields(serial.clone(), key.clone())).is_ok());
    for (serial, key) in [
        (vec![INTEGER, 0x7f, 1], key.clone()),
        (vec![INTEGER, 0x82, 0xff, 0xff, 1], key.clone()),
        (serial.clone(), [&[0x30, 0x7f], &key[2..]].concat()),
        (serial.clone(), key[..key.len() - 1].to_vec()),
        (serial.clone(), Vec::new()),
    ] {
        assert!(RawCertificate::parse(&fields(serial, key)).is_err());
    }
    // A key of another structure: no algorithm, no bits, octets behind the bits, bits that are none.
    for key in [
        sequence(&[]),
        sequence(&[sequence(&[])]),
        sequence(&[sequence(&[]), tlv(BIT_STRING, &[0]), tlv(INTEGER, &[1])]),
        sequence(&[sequence(&[]), tlv(INTEGER, &[1])]),
        sequence(&[tlv(INTEGER, &[1]), tlv(BIT_STRING, &[0])]),
        tlv(BIT_STRING, &[0]),
    ] {
        let result = RawCertificate::parse(&fields(serial.clone(), key.clone())).map(drop);
        assert_eq!(result, Err(CertificateError::PublicKey), "{key:02x?}");
        assert!(usability(&raw(3, 1, 0, &key)).is_err());
        assert!(usability(&raw(2, 1, 0, &key)).is_err());
    }
}

#[test]
fn any_serial_number_will_do_for_usage_3() {
    let key = spki(leaf());
    let numbers = [
        vec![],
        vec![0],
        vec![0xff],
        vec![0x80, 0, 0],
        vec![0, 0, 1],
        vec![0x7f; 20],
        vec![0x55; 30],
        vec![0xff; 127],
        vec![0x11; 4096],
        vec![0x11; 70_000],
    ];
    for serial in numbers {
        for version in [
            Vec::new(),
            tlv(VERSION, &tlv(INTEGER, &[2])),
            tlv(VERSION, &[]),
        ] {
            let fields = Fields {
                version,
                serial: serial.clone(),
                ..Fields::v1(key)
            };
            let certificate = fields.to_certificate();
            let parsed = RawCertificate::parse(&certificate).unwrap();
            assert_eq!(parsed.subject_public_key_info(), key);
            assert_eq!(
                judge(&[record(3, 1, 1, leaf())], &[&certificate]),
                Ok((3, 0))
            );
            let anchor = record(2, 0, 1, &certificate);
            assert!(judge(&[anchor], &[leaf(), &certificate]).is_err());
        }
    }
}

#[test]
fn what_stands_behind_the_key_does_not_matter_to_usage_3() {
    let key = spki(leaf());
    let list = |extensions: &[Vec<u8>]| tlv(0xa3, &sequence(extensions));
    let one = sequence(&[tlv(6, &[0x55, 0x1d, 0x11]), tlv(4, &[0x30, 0])]);
    for after_key in [
        list(&[]),
        list(&[one.clone(), one.clone()]),
        list(&vec![one.clone(); 1000]),
        [tlv(0xa1, &[0]), tlv(0xa2, &[0]), list(from_ref(&one))].concat(),
        [list(from_ref(&one)), list(from_ref(&one))].concat(),
        tlv(0xa3, &[]),
        tlv(0xa3, &[0xff; 40]),
        vec![0xa3, 0x7f],
        vec![0xff; 3],
        tlv(SEQUENCE, b"anything"),
    ] {
        let fields = Fields {
            after_key,
            ..Fields::v1(key)
        };
        let certificate = fields.to_certificate();
        assert_eq!(
            judge(&[record(3, 1, 1, leaf())], &[&certificate]),
            Ok((3, 0))
        );
        // It is no anchor and no server of usage 2, and asking is harmless.
        for (selector, matching) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let anchor = record(2, selector, matching, &certificate);
            assert!(judge(from_ref(&anchor), &[data::V1_SERVER, &certificate]).is_err());
            assert!(judge(from_ref(&anchor), &[&certificate, &certificate]).is_err());
        }
    }
}

#[test]
fn restrictions_of_an_anchor_that_cannot_be_read_fail_closed() {
    let garbage: [&[u8]; 6] = [
        b"",
        b"\0",
        b"garbage",
        &[0x30],
        &[0x30, 0x80],
        &[3, 2, 9, 4],
    ];
    // Basic constraints, key usage, purposes, name constraints.
    for identifier in [
        [2, 5, 29, 19],
        [2, 5, 29, 15],
        [2, 5, 29, 37],
        [2, 5, 29, 30],
    ] {
        for value in garbage {
            let root = Authority::root_with("Root", |params| {
                match identifier[3] {
                    19 => params.is_ca = rcgen::IsCa::NoCa,
                    _ => params.key_usages.clear(),
                }
                params.custom_extensions = vec![extension(&identifier, value, true)];
            });
            let server = root.server();
            for (selector, matching) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let records = [record(2, selector, matching, &root.der)];
                let result = judge(&records, &[&server, &root.der]);
                assert!(result.is_err(), "{identifier:?} {value:02x?}: {result:?}");
            }
        }
    }
}
