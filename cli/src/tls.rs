//! TLS of the client. The library judges the server's certificates while the handshake goes on.

mod onlooker;
#[cfg(test)]
mod tests;

use core::fmt;
use core::net::IpAddr;
use core::time::Duration;
use std::io;
use std::sync::Arc;

use smtp_dane::resolve::TlsPolicy;
use smtp_dane::rustls::DaneVerifier;
use smtp_dane::session::Event;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::{ClientConnection, Resumption};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::{DnsName, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, Error, ProtocolVersion, RootCertStore};

use crate::smtp::Transport;
use onlooker::Onlooker;

/// What a server is asked to present.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Credential {
    /// Certificates.
    Certificates,
    /// A raw public key (RFC 7250).
    RawPublicKey,
}

/// What makes TLS connections.
#[derive(Clone)]
pub(crate) struct TlsClient {
    provider: Arc<CryptoProvider>,
    /// Trusts nobody, until a verifier takes the place of its own.
    template: ClientConfig,
}

impl TlsClient {
    /// TLS 1.2 and 1.3; no session is ever resumed, so that each has certificates to judge.
    ///
    /// # Errors
    /// If the cryptography does not fit these versions.
    pub(crate) fn new() -> Result<Self, Error> {
        let provider = Arc::new(ring::default_provider());
        let mut template = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        template.resumption = Resumption::disabled();
        Ok(Self { provider, template })
    }

    /// Does a handshake under `policy`, with `name` as the server name indication, or without one.
    pub(crate) async fn handshake(
        &self,
        policy: &TlsPolicy,
        credential: Credential,
        stream: Box<dyn Transport>,
        name: Option<DnsName<'static>>,
        address: IpAddr,
        patience: Duration,
    ) -> Handshake {
        // For an address, no indication is sent (RFC 6066 §3).
        let name = name.map_or(ServerName::IpAddress(address.into()), ServerName::DnsName);
        let verifier = DaneVerifier::new(policy.clone(), Arc::clone(&self.provider));
        let verifier = match credential {
            Credential::Certificates => verifier,
            Credential::RawPublicKey => verifier.with_raw_public_key(),
        };
        let onlooker = Arc::new(Onlooker::new(verifier, credential));
        let mut config = self.template.clone();
        config
            .dangerous()
            .set_certificate_verifier(onlooker.clone());
        let connector = TlsConnector::from(Arc::new(config));
        let result = match timeout(patience, connector.connect(name, stream)).await {
            Ok(Ok(stream)) => {
                let (_, connection) = stream.get_ref();
                let certificates = connection.peer_certificates();
                let event = onlooker.verifier().confirm(certificates, UnixTime::now());
                Ok(Secured {
                    facts: TlsFacts::of(connection),
                    stream: Box::new(stream),
                    event,
                })
            }
            Ok(Err(error)) => Err(HandshakeError::Failed(error)),
            Err(_) => Err(HandshakeError::Timeout),
        };
        Handshake {
            key: onlooker.key(),
            result,
        }
    }
}

/// A handshake that is over.
pub(crate) struct Handshake {
    /// The SHA-256 digest of the `SubjectPublicKeyInfo` that the server presented, if it came as far as that.
    pub(crate) key: Option<[u8; 32]>,
    pub(crate) result: Result<Secured, HandshakeError>,
}

/// A connection after its handshake.
pub(crate) struct Secured {
    pub(crate) stream: Box<dyn Transport>,
    pub(crate) facts: TlsFacts,
    /// What the handshake means to the session.
    pub(crate) event: Event,
}

/// What is worth noting of a connection.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct TlsFacts {
    /// The version, as in `TLSv1.3`.
    pub(crate) version: String,
    /// The cipher suite by its registered name.
    pub(crate) suite: String,
}

impl TlsFacts {
    fn of(connection: &ClientConnection) -> Self {
        let version = match connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "TLSv1.2".to_owned(),
            Some(ProtocolVersion::TLSv1_3) => "TLSv1.3".to_owned(),
            other => format!("{other:?}"),
        };
        let suite = connection.negotiated_cipher_suite();
        let suite = suite.and_then(|suite| suite.suite().as_str().map(registered));
        Self {
            version,
            suite: suite.unwrap_or_default(),
        }
    }
}

/// rustls writes `TLS13_` where the registry has `TLS_`.
fn registered(suite: &str) -> String {
    match suite.strip_prefix("TLS13_") {
        Some(rest) => format!("TLS_{rest}"),
        None => suite.to_owned(),
    }
}

/// Why a handshake did not succeed.
#[derive(Debug)]
pub(crate) enum HandshakeError {
    /// One side refused, or the connection broke.
    Failed(io::Error),
    /// It took too long.
    Timeout,
}

impl HandshakeError {
    /// What it means to the session.
    pub(crate) fn event(&self) -> Event {
        match self {
            Self::Failed(error) => DaneVerifier::failed_io(error),
            Self::Timeout => Event::HandshakeFailed,
        }
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::Timeout => f.write_str("the handshake was not done in time"),
        }
    }
}

impl core::error::Error for HandshakeError {}
