//! TLS handshakes between two ends in memory, at the time of the tests.

use std::sync::{Arc, Mutex};

use pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, ConnectionCommon, Error, ServerConfig};
use rustls::{ServerConnection, SideData, SupportedProtocolVersion};
use smtp_dane::rustls::DaneVerifier;

use super::pki::HOST;
use super::world::NOW;

pub const VERSIONS: [&SupportedProtocolVersion; 2] =
    [&rustls::version::TLS12, &rustls::version::TLS13];

/// The private keys of two servers of `tests/data`.
pub const RSA_SERVER_KEY: &[u8] = include_bytes!("../data/rsa-server.key.der");
pub const V1_SERVER_KEY: &[u8] = include_bytes!("../data/v1-server.key.der");

pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

#[derive(Debug)]
struct Clock;

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(NOW)
    }
}

/// What a server presents, whatever it is, and the names that it was asked for.
#[derive(Debug)]
pub struct Presented {
    key: Arc<CertifiedKey>,
    raw: Raw,
    asked: Mutex<Vec<Option<String>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Raw {
    Key,
    Certificates,
}

impl Presented {
    pub fn certificates(chain: &[&[u8]], pkcs8: &[u8]) -> Arc<Self> {
        Self::new(chain, pkcs8, Raw::Certificates)
    }

    /// A raw public key, and the private one that signs.
    pub fn raw_key(key: &[u8], pkcs8: &[u8]) -> Arc<Self> {
        Self::new(&[key], pkcs8, Raw::Key)
    }

    fn new(chain: &[&[u8]], pkcs8: &[u8], raw: Raw) -> Arc<Self> {
        let chain = chain.iter().map(|der| CertificateDer::from(der.to_vec()));
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(pkcs8.to_vec()));
        let key = ring::sign::any_supported_type(&key).unwrap();
        Arc::new(Self {
            key: Arc::new(CertifiedKey::new(chain.collect(), key)),
            raw,
            asked: Mutex::default(),
        })
    }

    /// The name that the last client asked for.
    pub fn last_asked(&self) -> Option<String> {
        self.asked.lock().unwrap().last().unwrap().clone()
    }
}

impl ResolvesServerCert for Presented {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().map(str::to_owned);
        self.asked.lock().unwrap().push(name);
        Some(Arc::clone(&self.key))
    }

    fn only_raw_public_keys(&self) -> bool {
        self.raw == Raw::Key
    }
}

pub fn server(presented: &Arc<Presented>) -> Arc<ServerConfig> {
    let resolver: Arc<dyn ResolvesServerCert> = Arc::<Presented>::clone(presented);
    let mut config = ServerConfig::builder_with_details(provider(), Arc::new(Clock))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    config.ticketer = ring::Ticketer::new().unwrap();
    Arc::new(config)
}

pub fn client(
    verifier: &Arc<DaneVerifier>,
    version: &'static SupportedProtocolVersion,
    resumption: Resumption,
) -> Arc<ClientConfig> {
    let verifier = Arc::<DaneVerifier>::clone(verifier);
    let mut config = ClientConfig::builder_with_details(provider(), Arc::new(Clock))
        .with_protocol_versions(&[version])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.resumption = resumption;
    Arc::new(config)
}

/// The client's end after the handshake, with the tickets that the server sent; or why the client broke it off.
pub fn connect(
    client: &Arc<ClientConfig>,
    server: &Arc<ServerConfig>,
) -> Result<ClientConnection, Error> {
    let name = ServerName::try_from(HOST).unwrap();
    let mut client = ClientConnection::new(Arc::clone(client), name).unwrap();
    let mut server = ServerConnection::new(Arc::clone(server)).unwrap();
    while carry(&mut client, &mut server, false)? | carry(&mut server, &mut client, true)? {}
    assert!(!client.is_handshaking() && !server.is_handshaking());
    Ok(client)
}

/// Carries what one end has to say to the other one. Only what the client thinks of it matters.
fn carry<A: SideData, B: SideData>(
    from: &mut ConnectionCommon<A>,
    to: &mut ConnectionCommon<B>,
    to_client: bool,
) -> Result<bool, Error> {
    let mut octets = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut octets).unwrap();
    }
    let mut unread = octets.as_slice();
    while !unread.is_empty() {
        to.read_tls(&mut unread).unwrap();
        let result = to.process_new_packets();
        if to_client || result.is_err() {
            result?;
        }
    }
    Ok(!octets.is_empty())
}
