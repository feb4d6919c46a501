#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use core::net::Ipv4Addr;

use rcgen::{CertificateParams, CustomExtension, KeyPair, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};
use rcgen::{PKCS_ECDSA_P256_SHA256, SignatureAlgorithm, date_time_ymd};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
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

async fn handshake(
    version: &'static SupportedProtocolVersion,
    certificate: CertificateDer<'static>,
    key: &KeyPair,
    name: Option<&'static str>,
) -> (Result<Secured, HandshakeError>, Option<String>) {
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
    let (secured, _served) = tokio::join!(
        client.handshake(Box::new(near), name, address, PATIENCE),
        TlsAcceptor::from(Arc::new(config)).accept(far)
    );
    let asked = presents.1.lock().unwrap().clone();
    (secured, asked)
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
            let digest = {
                let raw = RawCertificate::parse(&certificate).unwrap();
                sha256(raw.subject_public_key_info())
            };
            let (secured, asked) =
                handshake(version, certificate.clone(), &key, Some("mx.example")).await;
            let secured = secured.unwrap();
            assert_eq!(secured.chain, [certificate]);
            assert_eq!(secured.facts.version, shown);
            assert_eq!(secured.facts.spki, Some(digest));
            assert!(secured.facts.suite.starts_with("TLS_"));
            assert!(!secured.facts.suite.starts_with("TLS13_"));
            assert_eq!(asked.as_deref(), Some("mx.example"));
        }
    }
}

#[tokio::test]
async fn a_server_without_the_key_of_its_certificate_is_refused() {
    for (version, _) in VERSIONS {
        for kind in KINDS {
            let (own, other) = (
                KeyPair::generate_for(kind).unwrap(),
                KeyPair::generate_for(kind).unwrap(),
            );
            let (secured, _) = handshake(version, unfit(&other), &own, None).await;
            assert!(matches!(secured, Err(HandshakeError::Failed(_))));
        }
        let own = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let other = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let (secured, _) = handshake(version, unfit(&other), &own, None).await;
        assert!(matches!(secured, Err(HandshakeError::Failed(_))));
    }
}

#[tokio::test]
async fn what_is_no_certificate_is_refused() {
    let key = KeyPair::generate().unwrap();
    for (version, _) in VERSIONS {
        let nonsense = CertificateDer::from(vec![0x30, 0]);
        let (secured, _) = handshake(version, nonsense, &key, None).await;
        assert!(matches!(secured, Err(HandshakeError::Failed(_))));
    }
}

#[tokio::test]
async fn without_a_name_none_is_sent() {
    let key = KeyPair::generate().unwrap();
    for (version, _) in VERSIONS {
        let (secured, asked) = handshake(version, unfit(&key), &key, None).await;
        assert!(secured.is_ok());
        assert_eq!(asked, None);
    }
}

#[tokio::test]
async fn a_silent_server_is_not_waited_for() {
    let (near, _far) = tokio::io::duplex(1024);
    let address = Ipv4Addr::LOCALHOST.into();
    let short = Duration::from_millis(20);
    let client = TlsClient::new().unwrap();
    let secured = client.handshake(Box::new(near), None, address, short).await;
    assert!(matches!(secured, Err(HandshakeError::Timeout)));
}
