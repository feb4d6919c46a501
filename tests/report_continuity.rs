//! What a server showed, held against what it showed before.

use pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use smtp_dane::report::continuity::{Continuity, Part, Peer, Protocol};
use smtp_dane::tlsa::sha256;

use crate::support::certificates::{leaf, other_leaf, spki};
use crate::support::pki::Authority;

const TLS13: Protocol = Protocol {
    version: 0x0304,
    cipher_suite: 0x1301,
};

fn of(certificate: &[u8], protocol: Protocol) -> Peer {
    Peer::of_certificate(&CertificateDer::from(certificate), protocol)
}

fn of_key(key: &[u8]) -> Peer {
    Peer::of_raw_public_key(&SubjectPublicKeyInfoDer::from(key), TLS13)
}

fn changed(now: &Peer, before: &Peer) -> Vec<Part> {
    match now.compare(Some(before)) {
        Continuity::Changed(parts) => parts,
        other => panic!("no change: {other:?}"),
    }
}

#[test]
fn the_digests_are_those_of_tlsa_records() {
    let peer = of(leaf(), TLS13);
    assert_eq!(peer.certificate(), Some(&sha256(leaf())));
    assert_eq!(peer.public_key(), Some(&sha256(spki(leaf()))));
    assert_eq!(peer.protocol(), TLS13);
    let bare = of_key(spki(leaf()));
    assert_eq!(bare.certificate(), None);
    assert_eq!(bare.public_key(), peer.public_key());
}

#[test]
fn what_was_not_seen_before_is_first_and_what_did_not_change_is_the_same() {
    for peer in [
        of(leaf(), TLS13),
        of(b"no certificate", TLS13),
        of_key(spki(leaf())),
    ] {
        assert_eq!(peer.compare(None), Continuity::First);
        assert_eq!(peer.compare(Some(&peer.clone())), Continuity::Same);
    }
}

#[test]
fn each_part_that_changed_is_named_and_no_other() {
    let peer = of(leaf(), TLS13);
    let older = Protocol {
        version: 0x0303,
        ..TLS13
    };
    let weaker = Protocol {
        cipher_suite: 0x1302,
        ..TLS13
    };
    assert_eq!(changed(&of(leaf(), older), &peer), [Part::TlsVersion]);
    assert_eq!(changed(&of(leaf(), weaker), &peer), [Part::CipherSuite]);
    assert_eq!(
        changed(&of(other_leaf(), TLS13), &peer),
        [Part::Certificate, Part::PublicKey]
    );
    // The same key in a new certificate, as after a renewal.
    let authority = Authority::root();
    let (old, new) = (
        authority.again(|_| ()),
        authority.again(|params| {
            params.serial_number = Some(77.into());
        }),
    );
    assert_eq!(
        changed(&of(&new, TLS13), &of(&old, TLS13)),
        [Part::Certificate]
    );
    let all = Protocol {
        version: 0x0303,
        cipher_suite: 0xc02f,
    };
    let parts = [
        Part::Certificate,
        Part::PublicKey,
        Part::TlsVersion,
        Part::CipherSuite,
    ];
    assert_eq!(changed(&of(other_leaf(), all), &peer), parts);
    // In both directions.
    assert_eq!(changed(&peer, &of(other_leaf(), all)), parts);
}

#[test]
fn a_raw_public_key_compares_with_the_key_of_a_certificate() {
    let peer = of(leaf(), TLS13);
    assert_eq!(changed(&of_key(spki(leaf())), &peer), [Part::Certificate]);
    assert_eq!(
        changed(&of_key(spki(other_leaf())), &of_key(spki(leaf()))),
        [Part::PublicKey]
    );
}

#[test]
fn a_certificate_that_cannot_be_read_is_recorded_as_a_whole() {
    let broken = of(b"no certificate", TLS13);
    assert_eq!(broken.certificate(), Some(&sha256(b"no certificate")));
    assert_eq!(broken.public_key(), None);
    assert_eq!(
        changed(&broken, &of(leaf(), TLS13)),
        [Part::Certificate, Part::PublicKey]
    );
}

#[test]
fn a_log_has_a_sentence_for_each() {
    assert_eq!(Continuity::First.to_string(), "the server is new");
    assert_eq!(
        Continuity::Same.to_string(),
        "the server showed the same as before"
    );
    let parts = vec![
        Part::Certificate,
        Part::PublicKey,
        Part::TlsVersion,
        Part::CipherSuite,
    ];
    assert_eq!(
        Continuity::Changed(parts).to_string(),
        "the server showed another certificate, public key, TLS version, cipher suite"
    );
}

#[cfg(feature = "serde")]
#[test]
fn a_record_can_be_stored_and_read_again() {
    for peer in [
        of(leaf(), TLS13),
        of(b"broken", TLS13),
        of_key(spki(leaf())),
    ] {
        let stored = serde_json::to_string(&peer).unwrap();
        let read: Peer = serde_json::from_str(&stored).unwrap();
        assert_eq!(read, peer);
        assert_eq!(read.compare(Some(&peer)), Continuity::Same);
    }
    let changed = Continuity::Changed(vec![Part::TlsVersion]);
    let stored = serde_json::to_string(&changed).unwrap();
    assert_eq!(stored, r#"{"changed":["tls-version"]}"#);
    assert_eq!(
        serde_json::from_str::<Continuity>(&stored).unwrap(),
        changed
    );
}
