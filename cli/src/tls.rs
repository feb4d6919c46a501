//! TLS of the client: accept any certificate in the handshake, judge it afterwards.
//!
//! The handshake itself is checked in full: the server must prove that it holds the key of the certificate it sends. Whether
//! that certificate will do is not asked here, since the rules of the public PKI do not bind a certificate that DANE vouches
//! for (RFC 7672 §3.1.1).

mod key;
#[cfg(test)]
mod tests;

use core::fmt;
use core::net::IpAddr;
use core::time::Duration;
use std::io;
use std::sync::Arc;

use smtp_dane::cert::RawCertificate;
use smtp_dane::tlsa::sha256;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::client::{ClientConnection, Resumption};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls13_signature_with_raw_key,
};
use tokio_rustls::rustls::pki_types::{
    CertificateDer, DnsName, ServerName, SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer,
    UnixTime,
};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, ProtocolVersion, SignatureScheme,
};

use crate::smtp::Transport;

/// What makes TLS connections.
#[derive(Clone)]
pub(crate) struct TlsClient {
    connector: TlsConnector,
    algorithms: &'static [&'static dyn SignatureVerificationAlgorithm],
}

impl TlsClient {
    /// TLS 1.2 and 1.3; no session is ever resumed, so that each has certificates to judge.
    ///
    /// # Errors
    /// If the cryptography does not fit these versions.
    pub(crate) fn new() -> Result<Self, Error> {
        let provider = Arc::new(ring::default_provider());
        let algorithms = provider.signature_verification_algorithms.all;
        let verifier = Arc::new(AcceptThenJudge::new(&provider));
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
            algorithms,
        })
    }

    /// The signature algorithms that a certificate may be signed with.
    pub(crate) const fn algorithms(
        &self,
    ) -> &'static [&'static dyn SignatureVerificationAlgorithm] {
        self.algorithms
    }

    /// Does a handshake, with `name` as the server name indication, or without one.
    ///
    /// # Errors
    /// [`HandshakeError`] if it does not succeed within `patience`.
    pub(crate) async fn handshake(
        &self,
        stream: Box<dyn Transport>,
        name: Option<DnsName<'static>>,
        address: IpAddr,
        patience: Duration,
    ) -> Result<Secured, HandshakeError> {
        // For an address, no indication is sent (RFC 6066 §3).
        let name = name.map_or(ServerName::IpAddress(address.into()), ServerName::DnsName);
        let handshake = self.connector.connect(name, stream);
        let stream = match timeout(patience, handshake).await {
            Ok(result) => result.map_err(HandshakeError::Failed)?,
            Err(_) => return Err(HandshakeError::Timeout),
        };
        let (_, connection) = stream.get_ref();
        let chain: Vec<_> = connection.peer_certificates().unwrap_or_default().to_vec();
        let facts = TlsFacts::of(connection, &chain);
        Ok(Secured {
            stream: Box::new(stream),
            chain,
            facts,
        })
    }
}

/// A connection after its handshake.
pub(crate) struct Secured {
    pub(crate) stream: Box<dyn Transport>,
    /// The server's certificates, as it sent them.
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) facts: TlsFacts,
}

/// What is worth noting of a handshake.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct TlsFacts {
    /// The version, as in `TLSv1.3`.
    pub(crate) version: String,
    /// The cipher suite by its registered name.
    pub(crate) suite: String,
    /// The SHA-256 digest of the server's `SubjectPublicKeyInfo`, if it can be found.
    pub(crate) spki: Option<[u8; 32]>,
}

impl TlsFacts {
    fn of(connection: &ClientConnection, chain: &[CertificateDer<'_>]) -> Self {
        let version = match connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "TLSv1.2".to_owned(),
            Some(ProtocolVersion::TLSv1_3) => "TLSv1.3".to_owned(),
            other => format!("{other:?}"),
        };
        let suite = connection.negotiated_cipher_suite();
        let suite = suite.and_then(|suite| suite.suite().as_str().map(registered));
        let leaf = chain.first().map(|leaf| RawCertificate::parse(leaf));
        let spki = leaf.and_then(Result::ok);
        Self {
            version,
            suite: suite.unwrap_or_default(),
            spki: spki.map(|leaf| sha256(leaf.subject_public_key_info())),
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

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::Timeout => f.write_str("the handshake was not done in time"),
        }
    }
}

impl core::error::Error for HandshakeError {}

/// Takes every certificate, and checks that the server holds its key.
#[derive(Debug)]
struct AcceptThenJudge {
    algorithms: WebPkiSupportedAlgorithms,
}

impl AcceptThenJudge {
    const fn new(provider: &CryptoProvider) -> Self {
        Self {
            algorithms: provider.signature_verification_algorithms,
        }
    }
}

impl ServerCertVerifier for AcceptThenJudge {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        key::verify(spki(certificate)?, message, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let spki = SubjectPublicKeyInfoDer::from(spki(certificate)?);
        verify_tls13_signature_with_raw_key(message, &spki, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// The key of a certificate of which nothing else is looked at.
fn spki<'a>(certificate: &'a CertificateDer<'_>) -> Result<&'a [u8], Error> {
    let certificate = RawCertificate::parse(certificate)
        .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
    Ok(certificate.subject_public_key_info())
}
