//! Handshakes of rustls with raw public keys (RFC 7250), and with certificates that it would refuse by itself.

use std::io;
use std::slice::from_ref;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair, PublicKeyData, SerialNumber};
use rustls::client::Resumption;
use rustls::{HandshakeKind, SupportedProtocolVersion};
use smtp_dane::resolve::TlsPolicy;
use smtp_dane::rustls::DaneVerifier;
use smtp_dane::session::Event;
use smtp_dane::tlsa::{Record, sha256, sha512};
use smtp_dane::{Policy, VerifyError};

use crate::support::certificates::{other_leaf, spki};
use crate::support::dane::{raw, record};
use crate::support::der::{BIT_STRING, Fields, SEQUENCE, tlv};
use crate::support::handshake::{
    Presented, RSA_SERVER_KEY, V1_SERVER_KEY, VERSIONS, client, connect, provider, server,
};
use crate::support::pki::{
    Authority, data, expired, extension, forged, new_key, not_yet_valid, unknown_critical, wanted,
};
use crate::support::world::NOW;

const TLS13: &SupportedProtocolVersion = &rustls::version::TLS13;

fn by(records: &[Record]) -> DaneVerifier {
    let tls = TlsPolicy::Authenticate(wanted(records, &Policy::default()));
    DaneVerifier::new(tls, provider())
}

fn once(
    verifier: DaneVerifier,
    version: &'static SupportedProtocolVersion,
    presented: &Arc<Presented>,
) -> Event {
    let verifier = Arc::new(verifier);
    let client = client(&verifier, version, Resumption::disabled());
    match connect(&client, &server(presented)) {
        Ok(connection) => verifier.confirm(connection.peer_certificates(), NOW),
        Err(error) => DaneVerifier::failed(&error),
    }
}

/// Certificates that rustls or webpki cannot read or would refuse, for the holder of a key.
fn odd(key: &KeyPair) -> Vec<(&'static str, Vec<u8>)> {
    let root = Authority::root();
    let make = |change: &dyn Fn(&mut CertificateParams)| root.server_for(key, change);
    let spki = key.subject_public_key_info();
    let long_serial = |params: &mut CertificateParams| {
        params.serial_number = Some(SerialNumber::from_slice(&[0x55; 30]));
    };
    let twice = |params: &mut CertificateParams| {
        let again = extension(&[2, 5, 29, 17], &[0x30, 0], false);
        params.custom_extensions = vec![again];
    };
    let no_extensions = Fields {
        after_key: tlv(0xa3, b"no extensions"),
        ..Fields::v1(&spki)
    };
    let negative = Fields {
        serial: vec![0xff; 3],
        ..Fields::v1(&spki)
    };
    vec![
        ("expired", make(&expired)),
        ("not yet valid", make(&not_yet_valid)),
        ("serial number of 30 octets", make(&long_serial)),
        ("unknown critical extension", make(&unknown_critical)),
        ("two lists of names", make(&twice)),
        ("no names", make(&|params| params.subject_alt_names.clear())),
        ("forged", forged(&make(&|_| ()))),
        ("version 1", Fields::v1(&spki).to_certificate()),
        ("negative serial number", negative.to_certificate()),
        ("garbage for extensions", no_extensions.to_certificate()),
    ]
}

#[test]
fn rfc_7672_section_3_1_1_odd_certificates_that_match_are_accepted() {
    for algorithm in [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ED25519,
    ] {
        let key = KeyPair::generate_for(algorithm).unwrap();
        for (what, certificate) in odd(&key) {
            let presented = Presented::certificates(&[&certificate], &key.serialize_der());
            for version in VERSIONS {
                for selector in 0..2 {
                    let verifier = by(&[record(3, selector, 1, &certificate)]);
                    let event = once(verifier, version, &presented);
                    assert!(
                        matches!(event, Event::Authenticated(_)),
                        "{what}: {event:?}"
                    );
                }
                let event = once(by(&[record(3, 1, 1, other_leaf())]), version, &presented);
                assert_eq!(
                    event,
                    Event::NotAuthenticated(VerifyError::NoRecordMatched),
                    "{what}"
                );
            }
        }
    }
}

#[test]
fn rfc_7672_section_3_1_1_a_certificate_of_version_1_made_by_another_hand_is_accepted() {
    let presented = Presented::certificates(&[data::V1_SERVER], V1_SERVER_KEY);
    for version in VERSIONS {
        let event = once(by(&[record(3, 0, 1, data::V1_SERVER)]), version, &presented);
        assert!(matches!(event, Event::Authenticated(_)), "{event:?}");
        let presented = Presented::certificates(
            &[data::RSA_SERVER, data::RSA_ISSUER, data::RSA_ROOT],
            RSA_SERVER_KEY,
        );
        let event = once(by(&[record(2, 0, 2, data::RSA_ROOT)]), version, &presented);
        assert!(matches!(event, Event::Authenticated(_)), "{event:?}");
    }
}

#[test]
fn an_odd_certificate_is_no_excuse_for_lacking_its_key() {
    let (key, other) = (new_key(), new_key());
    for (what, certificate) in odd(&key) {
        let presented = Presented::certificates(&[&certificate], &other.serialize_der());
        for version in VERSIONS {
            let event = once(by(&[record(3, 1, 1, &certificate)]), version, &presented);
            assert_eq!(event, Event::HandshakeFailed, "{what}");
        }
    }
}

#[test]
fn what_is_no_certificate_cannot_sign_a_handshake() {
    // It matches as a whole, but it has no key.
    let key = new_key();
    let keyless = Fields::v1(&tlv(SEQUENCE, &[])).to_certificate();
    let odd_key = Fields::v1(&tlv(
        SEQUENCE,
        &[tlv(SEQUENCE, &[]), tlv(BIT_STRING, &[0])].concat(),
    ));
    for server in [
        b"no certificate".to_vec(),
        keyless,
        odd_key.to_certificate(),
    ] {
        let presented = Presented::certificates(&[&server], &key.serialize_der());
        for version in VERSIONS {
            let event = once(by(&[raw(3, 0, 1, &sha256(&server))]), version, &presented);
            assert!(!matches!(event, Event::Authenticated(_)), "{event:?}");
        }
    }
}

#[test]
fn rfc_7671_section_5_1_a_raw_public_key_is_authenticated() {
    for algorithm in [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ED25519,
    ] {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let spki = key.subject_public_key_info();
        let presented = Presented::raw_key(&spki, &key.serialize_der());
        for data in [
            raw(3, 1, 0, &spki),
            raw(3, 1, 1, &sha256(&spki)),
            raw(3, 1, 2, &sha512(&spki)),
        ] {
            let event = once(by(from_ref(&data)).with_raw_public_key(), TLS13, &presented);
            let Event::Authenticated(proof) = event else {
                panic!("{event:?}");
            };
            assert_eq!(
                (proof.record(), proof.depth(), proof.name()),
                (Some(&data), 0, None)
            );
        }
    }
    let spki = spki(data::RSA_SERVER);
    let presented = Presented::raw_key(spki, RSA_SERVER_KEY);
    let event = once(
        by(&[raw(3, 1, 1, &sha256(spki))]).with_raw_public_key(),
        TLS13,
        &presented,
    );
    assert!(matches!(event, Event::Authenticated(_)), "{event:?}");
}

#[test]
fn rfc_7671_section_5_1_a_raw_public_key_that_is_another_one_is_refused() {
    let (key, other) = (new_key(), new_key());
    let spki = key.subject_public_key_info();
    let records = [raw(3, 1, 1, &sha256(&spki))];
    let wrong = Presented::raw_key(&other.subject_public_key_info(), &other.serialize_der());
    let event = once(by(&records).with_raw_public_key(), TLS13, &wrong);
    assert_eq!(event, Event::NotAuthenticated(VerifyError::NoRecordMatched));
    // The right key, and nobody who has it.
    let stolen = Presented::raw_key(&spki, &other.serialize_der());
    let event = once(by(&records).with_raw_public_key(), TLS13, &stolen);
    assert_eq!(event, Event::HandshakeFailed);
}

#[test]
fn rfc_7671_section_5_1_a_raw_public_key_is_asked_for_only_if_every_record_can_match_one() {
    let key = new_key();
    let spki = key.subject_public_key_info();
    let root = Authority::root();
    let certificate = root.server_for(&key, |_| ());
    let matching = record(3, 1, 1, &certificate);
    let raw_key = Presented::raw_key(&spki, &key.serialize_der());
    let ordinary = Presented::certificates(&[&certificate], &key.serialize_der());
    for (others, asked_for) in [
        (vec![], true),
        (vec![record(3, 1, 1, other_leaf())], true),
        (vec![record(2, 0, 1, &root.der)], false),
        (vec![record(3, 0, 1, &certificate)], false),
    ] {
        let records = [vec![matching.clone()], others].concat();
        let verifier = || by(&records).with_raw_public_key();
        let succeeds =
            |presented| matches!(once(verifier(), TLS13, presented), Event::Authenticated(_));
        assert_eq!(succeeds(&raw_key), asked_for, "{records:?}");
        // A server without raw keys needs another try without asking.
        assert_eq!(succeeds(&ordinary), !asked_for, "{records:?}");
        let event = once(by(&records), TLS13, &ordinary);
        assert!(matches!(event, Event::Authenticated(_)), "{event:?}");
        // A server that has nothing else is not asked for it.
        assert_eq!(once(by(&records), TLS13, &raw_key), Event::HandshakeFailed);
    }
}

#[test]
fn a_certificate_is_never_taken_for_a_raw_public_key_nor_one_for_the_other() {
    let key = new_key();
    let spki = key.subject_public_key_info();
    let certificate = Authority::root().server_for(&key, |_| ());
    let records = [
        raw(3, 1, 1, &sha256(&spki)),
        raw(3, 1, 1, &sha256(&certificate)),
    ];
    let pkcs8 = key.serialize_der();
    // A server that presents the one, in the type of the other.
    let mislabelled = Presented::raw_key(&certificate, &pkcs8);
    let event = once(by(&records).with_raw_public_key(), TLS13, &mislabelled);
    assert!(
        matches!(event, Event::NotAuthenticated(VerifyError::Certificate(_))),
        "{event:?}"
    );
    for version in VERSIONS {
        let bare = Presented::certificates(&[&spki], &pkcs8);
        let event = once(by(&records), version, &bare);
        assert!(
            matches!(event, Event::NotAuthenticated(VerifyError::Certificate(_))),
            "{event:?}"
        );
        // TLS 1.2 has no raw keys here, and a certificate is nothing to a client that asked for one.
        let ordinary = Presented::certificates(&[&certificate], &pkcs8);
        let event = once(by(&records).with_raw_public_key(), version, &ordinary);
        assert!(!matches!(event, Event::Authenticated(_)), "{event:?}");
    }
}

#[test]
fn a_raw_public_key_of_a_resumed_session_is_judged_again() {
    let key = new_key();
    let spki = key.subject_public_key_info();
    let server = server(&Presented::raw_key(&spki, &key.serialize_der()));
    let verifier = Arc::new(by(&[raw(3, 1, 1, &sha256(&spki))]).with_raw_public_key());
    let client = client(&verifier, TLS13, Resumption::in_memory_sessions(8));
    connect(&client, &server).unwrap();
    let second = connect(&client, &server).unwrap();
    assert_eq!(second.handshake_kind(), Some(HandshakeKind::Resumed));
    let seen = second.peer_certificates();
    assert!(matches!(
        verifier.confirm(seen, NOW),
        Event::Authenticated(_)
    ));
    let today = by(&[record(3, 1, 1, other_leaf())]).with_raw_public_key();
    let reason = VerifyError::NoRecordMatched;
    assert_eq!(today.confirm(seen, NOW), Event::NotAuthenticated(reason));
    // Today's records may also say that a raw key is nothing any more.
    let today = by(&[record(2, 0, 1, other_leaf())]).with_raw_public_key();
    assert!(matches!(
        today.confirm(seen, NOW),
        Event::NotAuthenticated(_)
    ));
}

#[test]
fn an_io_error_means_what_the_error_of_rustls_in_it_means() {
    let key = new_key();
    let certificate = Authority::root().server_for(&key, |_: &mut CertificateParams| ());
    let presented = Presented::certificates(&[&certificate], &key.serialize_der());
    let verifier = Arc::new(by(&[record(3, 1, 1, other_leaf())]));
    let client = client(&verifier, TLS13, Resumption::disabled());
    let error = connect(&client, &server(&presented)).unwrap_err();
    // As rustls and those who build on it hand it on.
    let error = io::Error::new(io::ErrorKind::InvalidData, error);
    let event = DaneVerifier::failed_io(&error);
    assert_eq!(event, Event::NotAuthenticated(VerifyError::NoRecordMatched));
    for other in [
        io::Error::from(io::ErrorKind::UnexpectedEof),
        io::Error::other("silence"),
        io::Error::other(rustls::Error::HandshakeNotComplete),
    ] {
        assert_eq!(DaneVerifier::failed_io(&other), Event::HandshakeFailed);
    }
}
