//! The verdict inside handshakes of rustls.

use std::sync::Arc;

use pki_types::TrustAnchor;
use rcgen::{KeyPair, PublicKeyData, SanType};
use rustls::client::Resumption;
use rustls::client::danger::ServerCertVerifier;
use rustls::{CertificateError, Error, HandshakeKind, ServerConfig, SupportedProtocolVersion};
use smtp_dane::dns::Security;
use smtp_dane::resolve::{NextHop, TlsPolicy};
use smtp_dane::rustls::DaneVerifier;
use smtp_dane::session::{self, Assurance, Event, Session, StartTlsOffer};
use smtp_dane::tlsa::Record;
use smtp_dane::{DaneMode, MAX_CHAIN, Policy, VerifyError};

use crate::support::certificates::{other_leaf, spki};
use crate::support::dane::{raw, record, tls_policy};
use crate::support::drive::plan;
use crate::support::handshake::{
    Presented, RSA_SERVER_KEY, VERSIONS, client, connect, provider, server,
};
use crate::support::name;
use crate::support::pki::wanted_as;
use crate::support::pki::{Authority, HOST, data, ders, expired, forged, new_key, wanted};
use crate::support::world::NOW;
use crate::support::zone::Zone;

/// How a handshake ends for a client with this verifier, and the kind of handshake it was.
fn end(
    verifier: &Arc<DaneVerifier>,
    version: &'static SupportedProtocolVersion,
    resumption: &Resumption,
    server: &Arc<ServerConfig>,
) -> (Event, Option<HandshakeKind>) {
    let client = client(verifier, version, resumption.clone());
    match connect(&client, server) {
        Ok(connection) => {
            let event = verifier.confirm(connection.peer_certificates(), NOW);
            (event, connection.handshake_kind())
        }
        Err(error) => (DaneVerifier::failed(&error), None),
    }
}

fn once(
    verifier: DaneVerifier,
    version: &'static SupportedProtocolVersion,
    presented: &Arc<Presented>,
) -> Event {
    let none = Resumption::disabled();
    end(&Arc::new(verifier), version, &none, &server(presented)).0
}

fn by(records: &[Record]) -> DaneVerifier {
    DaneVerifier::new(policy(records), provider())
}

fn policy(records: &[Record]) -> TlsPolicy {
    TlsPolicy::Authenticate(wanted(records, &Policy::default()))
}

/// Servers with each kind of key below one root: their chains and private keys.
fn kinds(root: &Authority) -> Vec<(Vec<u8>, Vec<u8>)> {
    let keys = [
        KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap(),
        KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap(),
        KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap(),
        KeyPair::from_pkcs8_der_and_sign_algo(&RSA_SERVER_KEY.into(), &rcgen::PKCS_RSA_SHA256)
            .unwrap(),
    ];
    let made = keys
        .iter()
        .map(|key| (root.server_for(key, |_| ()), key.serialize_der()));
    made.collect()
}

#[test]
fn each_kind_of_key_is_authenticated_by_each_kind_of_record() {
    let root = Authority::root();
    for (server, key) in kinds(&root) {
        let presented = Presented::certificates(&[&server, &root.der], &key);
        for version in VERSIONS {
            for (record, depth) in [
                (record(3, 1, 1, &server), 0),
                (record(3, 0, 2, &server), 0),
                (record(2, 0, 1, &root.der), 1),
                (record(2, 1, 1, &root.der), 1),
            ] {
                let Event::Authenticated(proof) = once(by(&[record]), version, &presented) else {
                    panic!("{version:?}");
                };
                assert_eq!(proof.depth(), depth);
            }
        }
    }
}

#[test]
fn a_session_takes_what_the_verifier_confirms() {
    let root = Authority::root();
    let key = new_key();
    let server = root.server_for(&key, |_| ());
    let presented = Presented::certificates(&[&server], &key.serialize_der());
    let tls = policy(&[record(3, 1, 1, &server)]);
    let mut session = Session::new(tls.clone(), &Policy::default());
    session
        .handle(Event::Hello(StartTlsOffer::Offered))
        .unwrap();
    session
        .handle(Event::StartTlsReply {
            code: 220,
            buffered: 0,
        })
        .unwrap();
    let event = once(DaneVerifier::new(tls, provider()), VERSIONS[1], &presented);
    session.handle(event).unwrap();
    assert!(matches!(
        session.step(),
        session::Step::Transfer(Assurance::Authenticated(_))
    ));
}

#[test]
fn the_reason_comes_through_the_handshake() {
    let root = Authority::root();
    let key = new_key();
    let pkcs8 = key.serialize_der();
    let good = root.server_for(&key, |_| ());
    let nameless = root.server_for(&key, |params| params.subject_alt_names.clear());
    let old = root.server_for(&key, expired);
    let anchor = [record(2, 0, 1, &root.der)];
    for (records, chain, reason) in [
        (
            vec![record(3, 1, 1, other_leaf())],
            vec![&good[..]],
            VerifyError::NoRecordMatched,
        ),
        (anchor.to_vec(), vec![&good], VerifyError::NoRecordMatched),
        (
            anchor.to_vec(),
            vec![&nameless, &root.der],
            VerifyError::NameMismatch,
        ),
        (anchor.to_vec(), vec![&old, &root.der], VerifyError::Expired),
        (
            anchor.to_vec(),
            vec![&forged(&good), &root.der],
            VerifyError::Signature,
        ),
        (
            vec![record(3, 1, 1, &good)],
            vec![&good[..]; MAX_CHAIN + 1],
            VerifyError::ChainBudget,
        ),
    ] {
        let presented = Presented::certificates(&chain, &pkcs8);
        for version in VERSIONS {
            let event = once(by(&records), version, &presented);
            assert_eq!(event, Event::NotAuthenticated(reason));
        }
    }
}

#[test]
fn any_of_the_names_will_do_whichever_the_server_was_asked_for() {
    // The stack checks one name, the one that it sends; the verdict looks for all of them in the certificate.
    let (root, key) = (Authority::root(), new_key());
    let anchor = [record(2, 0, 1, &root.der)];
    let names = [HOST, "example.com", "example.org"];
    let wanted = wanted_as(&names.map(name), &anchor, &Policy::default());
    for borne in names.into_iter().chain(["other.example"]) {
        let server = root.server_for(&key, |params| {
            params.subject_alt_names = vec![SanType::DnsName(borne.try_into().unwrap())];
        });
        let presented = Presented::certificates(&[&server, &root.der], &key.serialize_der());
        let verifier = DaneVerifier::new(TlsPolicy::Authenticate(wanted.clone()), provider());
        match once(verifier, VERSIONS[1], &presented) {
            Event::Authenticated(proof) => assert_eq!(proof.name(), Some(&name(borne))),
            refused => {
                assert_eq!(refused, Event::NotAuthenticated(VerifyError::NameMismatch));
                assert_eq!(borne, "other.example");
            }
        }
        assert_eq!(presented.last_asked().as_deref(), Some(HOST));
    }
}

#[test]
fn other_failures_are_no_verdict() {
    for error in [
        Error::DecryptError,
        Error::InvalidCertificate(CertificateError::Expired),
        Error::InvalidCertificate(CertificateError::BadSignature),
        Error::General("something".to_owned()),
    ] {
        assert_eq!(DaneVerifier::failed(&error), Event::HandshakeFailed);
    }
    // A reason that is not ours.
    let other = rustls::OtherError(Arc::new(std::fmt::Error));
    let error = Error::InvalidCertificate(CertificateError::Other(other));
    assert_eq!(DaneVerifier::failed(&error), Event::HandshakeFailed);
}

#[test]
fn a_session_that_is_resumed_is_judged_by_the_records_of_today() {
    let root = Authority::root();
    for (certificate, key) in kinds(&root) {
        let presented = Presented::certificates(&[&certificate, &root.der], &key);
        let server = server(&presented);
        for version in VERSIONS {
            let resumption = Resumption::in_memory_sessions(8);
            let verifier = Arc::new(by(&[record(3, 1, 1, &certificate)]));
            let client = client(&verifier, version, resumption.clone());
            let first = connect(&client, &server).unwrap();
            assert_eq!(first.handshake_kind(), Some(HandshakeKind::Full));
            let second = connect(&client, &server).unwrap();
            assert_eq!(second.handshake_kind(), Some(HandshakeKind::Resumed));
            let seen = second.peer_certificates();
            assert!(matches!(
                verifier.confirm(seen, NOW),
                Event::Authenticated(_)
            ));
            let today = by(&[record(3, 1, 1, other_leaf())]);
            let reason = VerifyError::NoRecordMatched;
            assert_eq!(today.confirm(seen, NOW), Event::NotAuthenticated(reason));
            let anchored = by(&[record(2, 0, 1, &root.der)]);
            assert!(matches!(
                anchored.confirm(seen, NOW),
                Event::Authenticated(_)
            ));
            let later =
                pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_secs(1 << 40));
            assert_eq!(
                anchored.confirm(seen, later),
                Event::NotAuthenticated(VerifyError::Expired)
            );

            // Another verifier, though it shares the store, begins anew, and refuses at once.
            let today = Arc::new(today);
            let (event, _) = end(&today, version, &resumption, &server);
            assert_eq!(event, Event::NotAuthenticated(reason));
        }
    }
}

#[test]
fn a_session_without_certificates_is_not_authenticated() {
    let verifier = by(&[record(3, 1, 1, other_leaf())]);
    let nothing = Event::NotAuthenticated(VerifyError::NoCertificate);
    assert_eq!(verifier.confirm(None, NOW), nothing);
    assert_eq!(verifier.confirm(Some(&[]), NOW), nothing);
    assert_eq!(
        by(&[record(3, 1, 1, other_leaf())])
            .with_raw_public_key()
            .confirm(None, NOW),
        nothing
    );
}

#[test]
fn an_audit_lets_the_handshake_go_on_and_confirms_the_verdict_after_it() {
    let root = Authority::root();
    let key = new_key();
    let server = root.server_for(&key, |_| ());
    let mut policy = Policy::default();
    policy.dane = DaneMode::AuditOnly;
    let audit = |published: &[u8]| {
        let tls = tls_policy(&[record(3, 1, 1, published)], &policy).unwrap();
        assert!(matches!(tls, TlsPolicy::Audit(_)));
        DaneVerifier::new(tls, provider())
    };
    let certificate = pki_types::CertificateDer::from(server.as_slice());
    let name = "mx.example.com".try_into().unwrap();
    let verdict = audit(other_leaf()).verify_server_cert(&certificate, &[], &name, &[], NOW);
    assert!(verdict.is_ok());
    let presented = Presented::certificates(&[&server], &key.serialize_der());
    let mismatch = Event::NotAuthenticated(VerifyError::NoRecordMatched);
    for version in VERSIONS {
        let event = once(audit(other_leaf()), version, &presented);
        assert_eq!(event, mismatch);
        let event = once(audit(&server), version, &presented);
        assert!(matches!(event, Event::Authenticated(_)));
        // There is no connection over which it could go on.
        let junk = Presented::certificates(&[b"junk"], &key.serialize_der());
        let event = once(audit(&server), version, &junk);
        assert_eq!(event, Event::HandshakeFailed);
    }
}

#[test]
fn a_server_that_lacks_the_key_of_its_certificate_is_refused() {
    let root = Authority::root();
    for (certificate, _) in kinds(&root) {
        for (_, wrong) in kinds(&root) {
            if spki(&certificate) == spki(data::RSA_SERVER) && wrong == RSA_SERVER_KEY {
                continue;
            }
            let presented = Presented::certificates(&[&certificate, &root.der], &wrong);
            for version in VERSIONS {
                for record in [record(3, 1, 1, &certificate), record(2, 0, 1, &root.der)] {
                    let event = once(by(&[record]), version, &presented);
                    assert_eq!(event, Event::HandshakeFailed);
                }
                // Not even where nothing was to be authenticated, since that is no TLS.
                let verifier = DaneVerifier::new(encryption(), provider());
                assert_eq!(once(verifier, version, &presented), Event::HandshakeFailed);
            }
        }
    }
}

/// A policy of TLS without authentication, by records that are of no use.
fn encryption() -> TlsPolicy {
    let unusable = raw(9, 1, 1, b"x");
    let tls = tls_policy(&[unusable], &Policy::default()).unwrap();
    assert!(matches!(tls, TlsPolicy::Encrypt(_)));
    tls
}

fn opportunistic() -> TlsPolicy {
    let zone = Zone::signed()
        .with("example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.1")
        .denied(
            "_25._tcp.mx.example.com",
            smtp_dane::dns::QueryType::Tlsa,
            Security::Secure,
        );
    let next_hop = NextHop::domain(name("example.com"));
    let plan = plan(&zone, next_hop, &Policy::default()).0.unwrap();
    assert!(matches!(plan.tls(), TlsPolicy::Opportunistic(_)));
    plan.tls().clone()
}

#[test]
fn where_no_authentication_is_demanded_any_certificate_will_do() {
    let root = Authority::root_with("Nobody's", expired);
    let key = new_key();
    let server = root.server_for(&key, expired);
    let presented = Presented::certificates(&[&server, b"garbage"], &key.serialize_der());
    for tls in [encryption(), opportunistic()] {
        for version in VERSIONS {
            let verifier = DaneVerifier::new(tls.clone(), provider());
            assert_eq!(once(verifier, version, &presented), Event::Encrypted);
        }
    }
}

#[test]
fn a_submission_server_is_held_against_the_roots_of_the_caller() {
    let zone = Zone::signed().with("mx.example.com A 192.0.2.1");
    let next_hop = NextHop::submission(name(HOST), 587.try_into().unwrap());
    let tls = plan(&zone, next_hop, &Policy::default()).0.unwrap();
    let root = Authority::root();
    let key = new_key();
    let server = root.server_for(&key, |_| ());
    let presented = Presented::certificates(&[&server], &key.serialize_der());
    let root = ders(&[&root.der]);
    let root: TrustAnchor<'static> = webpki::anchor_from_trusted_cert(&root[0])
        .unwrap()
        .to_owned();
    for version in VERSIONS {
        let verifier = DaneVerifier::new(tls.tls().clone(), provider());
        let event = once(verifier.with_roots([root.clone()]), version, &presented);
        assert!(matches!(event, Event::Authenticated(_)), "{event:?}");
        let event = once(
            DaneVerifier::new(tls.tls().clone(), provider()),
            version,
            &presented,
        );
        assert_eq!(event, Event::NotAuthenticated(VerifyError::IssuerNotFound));
        // The roots are nothing to a relay.
        let relay = by(&[record(2, 0, 1, other_leaf())]).with_roots([root.clone()]);
        let event = once(relay, version, &presented);
        assert_eq!(event, Event::NotAuthenticated(VerifyError::NoRecordMatched));
    }
}

#[test]
fn the_server_is_asked_for_the_base_domain() {
    let key = new_key();
    let server = Authority::root().server_for(&key, |_| ());
    let presented = Presented::certificates(&[&server], &key.serialize_der());
    let tls = policy(&[raw(
        3,
        1,
        1,
        &smtp_dane::tlsa::sha256(&key.subject_public_key_info()),
    )]);
    let sni = tls.server_name().unwrap();
    once(DaneVerifier::new(tls, provider()), VERSIONS[1], &presented);
    assert_eq!(presented.last_asked().as_deref(), Some(sni.as_ref()));
}
