#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use core::net::Ipv4Addr;

use rcgen::{CertificateParams, CustomExtension, KeyPair, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};
use rcgen::{PKCS_ECDSA_P256_SHA256, SignatureAlgorithm, date_time_ymd};
use smtp_dane::cert::RawCertificate;
use smtp_dane::resolve::NotApplicable;
use smtp_dane::tlsa::{MatchingType, Record, Role, Selector, Usage, sha256};
use smtp_dane::{Authentication, Policy, VerifyError};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ServerConfig, SupportedProtocolVersion};

use super::*;

const PATIENCE: Duration = Duration::from_secs(5);

/// Presents a certificate and signs with a key, whether they belong together or not; keeps the name that was asked for.
#[derive(Debug)]
struct Presents(Arc<CertifiedKey>, std::sync::Mutex<Option<String>>);

impl ResolvesServerCert for Presents {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        *self.1.lock().unwrap() = hello.server_name().map(str::to_owned);
        Some(Arc::clone(&self.0))
    }
}

/// A certificate that the rules of the public PKI refuse: long expired, for nobody, with an unknown critical extension.
fn unfit(key: &KeyPair) -> CertificateDer<'static> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.not_before = date_time_ymd(1990, 1, 1);
    params.not_after = date_time_ymd(1991, 1, 1);
    let mut unknown = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
    unknown.set_criticality(true);
    params.custom_extensions.push(unknown);
    params.self_signed(key).unwrap().der().clone()
}

fn key_digest(certificate: &CertificateDer<'_>) -> [u8; 32] {
    let raw = RawCertificate::parse(certificate).unwrap();
    sha256(raw.subject_public_key_info())
}

/// A policy that wants this key, or whatever key there is.
fn policy(key: Option<[u8; 32]>) -> TlsPolicy {
    let Some(key) = key else {
        return TlsPolicy::Opportunistic(NotApplicable::NoTlsa);
    };
    let (usage, matching) = (Usage::DANE_EE, MatchingType::SHA2_256);
    let records = vec![Record::new(usage, Selector::SPKI, matching, &key)];
    let (base, policy) = ("mx.example".parse().unwrap(), Policy::default());
    let wanted =
        Authentication::from_vouched_records(base, [], records, Role::Relay, &policy).unwrap();
    TlsPolicy::Authenticate(wanted)
}

async fn handshake(
    policy: &TlsPolicy,
    version: &'static SupportedProtocolVersion,
    certificate: CertificateDer<'static>,
    key: &KeyPair,
    name: Option<&'static str>,
) -> (Handshake, Option<String>) {
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let key = ring::sign::any_supported_type(&key).unwrap();
    let certified = Arc::new(CertifiedKey::new(vec![certificate], key));
    let presents = Arc::new(Presents(certified, std::sync::Mutex::default()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(presents.clone());
    let (near, far) = tokio::io::duplex(64 * 1024);
    let client = TlsClient::new().unwrap();
    let name = name.map(|name| DnsName::try_from(name).unwrap());
    let address = Ipv4Addr::LOCALHOST.into();
    let (handshake, _served) = tokio::join!(
        client.handshake(
            policy,
            Credential::Certificates,
            Box::new(near),
            name,
            address,
            PATIENCE
        ),
        TlsAcceptor::from(Arc::new(config)).accept(far)
    );
    let asked = presents.1.lock().unwrap().clone();
    (handshake, asked)
}

/// What a handshake that failed means to the session.
fn failure(handshake: &Handshake) -> Option<Event> {
    handshake.result.as_ref().err().map(HandshakeError::event)
}

const VERSIONS: [(&SupportedProtocolVersion, &str); 2] = [(&TLS12, "TLSv1.2"), (&TLS13, "TLSv1.3")];

const KINDS: [&SignatureAlgorithm; 3] = [
    &PKCS_ECDSA_P256_SHA256,
    &PKCS_ECDSA_P384_SHA384,
    &PKCS_ED25519,
];

#[tokio::test]
async fn certificates_that_the_public_pki_refuses_are_taken() {
    for (version, shown) in VERSIONS {
        for kind in KINDS {
            let key = KeyPair::generate_for(kind).unwrap();
            let certificate = unfit(&key);
            let digest = key_digest(&certificate);
            for wanted in [None, Some(digest)] {
                let (presented, name) = (certificate.clone(), Some("mx.example"));
                let (handshake, asked) =
                    handshake(&policy(wanted), version, presented, &key, name).await;
                let secured = handshake.result.ok().unwrap();
                match (secured.event, wanted) {
                    (Event::Encrypted, None) => {}
                    (Event::Authenticated(verified), Some(_)) => assert_eq!(verified.depth(), 0),
                    (event, _) => unreachable!("{event:?}"),
                }
                assert_eq!(handshake.key, Some(digest));
                assert_eq!(secured.facts.version, shown);
                assert!(secured.facts.suite.starts_with("TLS_"));
                assert!(!secured.facts.suite.starts_with("TLS13_"));
                assert_eq!(asked.as_deref(), Some("mx.example"));
            }
        }
    }
}

#[tokio::test]
async fn another_key_than_was_published_is_refused_and_noted() {
    for (version, _) in VERSIONS {
        let key = KeyPair::generate().unwrap();
        let certificate = unfit(&key);
        let digest = key_digest(&certificate);
        let wanted = policy(Some([0; 32]));
        let (handshake, _) = handshake(&wanted, version, certificate, &key, None).await;
        let reason = VerifyError::NoRecordMatched;
        assert_eq!(failure(&handshake), Some(Event::NotAuthenticated(reason)));
        assert_eq!(handshake.key, Some(digest));
    }
}

#[tokio::test]
async fn a_server_without_the_key_of_its_certificate_is_refused() {
    for (version, _) in VERSIONS {
        let others = KINDS.map(|kind| KeyPair::generate_for(kind).unwrap());
        for (kind, other) in KINDS.iter().zip(&others).chain([(&KINDS[0], &others[2])]) {
            let own = KeyPair::generate_for(kind).unwrap();
            let certificate = unfit(other);
            for wanted in [None, Some(key_digest(&certificate))] {
                let (wanted, presented) = (policy(wanted), certificate.clone());
                let (handshake, _) = handshake(&wanted, version, presented, &own, None).await;
                assert_eq!(failure(&handshake), Some(Event::HandshakeFailed));
            }
        }
    }
}

#[tokio::test]
async fn what_is_no_certificate_is_refused() {
    let key = KeyPair::generate().unwrap();
    for (version, _) in VERSIONS {
        for wanted in [None, Some([0; 32])] {
            let (wanted, nonsense) = (policy(wanted), CertificateDer::from(vec![0x30, 0]));
            let (handshake, _) = handshake(&wanted, version, nonsense, &key, None).await;
            assert!(handshake.result.is_err());
            assert_eq!(handshake.key, None);
        }
    }
}

#[tokio::test]
async fn without_a_name_none_is_sent() {
    let key = KeyPair::generate().unwrap();
    for (version, _) in VERSIONS {
        let (handshake, asked) = handshake(&policy(None), version, unfit(&key), &key, None).await;
        assert!(handshake.result.is_ok());
        assert_eq!(asked, None);
    }
}

#[tokio::test]
async fn a_silent_server_is_not_waited_for() {
    let (near, _far) = tokio::io::duplex(1024);
    let address = Ipv4Addr::LOCALHOST.into();
    let short = Duration::from_millis(20);
    let client = TlsClient::new().unwrap();
    let handshake = client
        .handshake(
            &policy(None),
            Credential::Certificates,
            Box::new(near),
            None,
            address,
            short,
        )
        .await;
    assert!(matches!(handshake.result, Err(HandshakeError::Timeout)));
    assert_eq!(failure(&handshake), Some(Event::HandshakeFailed));
}
