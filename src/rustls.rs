//! [`DaneVerifier`]: the verdict inside a rustls handshake (feature `rustls`, rustls 0.23, any crypto provider).
//!
//! ```
//! use std::net::TcpStream;
//! use std::sync::Arc;
//!
//! use rustls::pki_types::{DnsName, ServerName, UnixTime};
//! use rustls::{ClientConfig, ClientConnection, StreamOwned};
//! use smtp_dane::resolve::TlsPolicy;
//! use smtp_dane::rustls::DaneVerifier;
//! use smtp_dane::session::Event;
//!
//! /// Does what `session::Step::Handshake` asks for. `server_name` is that of `Plan::server_name`.
//! fn handshake(
//!     tls: &TlsPolicy,
//!     server_name: Option<DnsName<'static>>,
//!     mut socket: TcpStream,
//! ) -> Result<(Event, Option<StreamOwned<ClientConnection, TcpStream>>), Box<dyn std::error::Error>> {
//!     let provider = Arc::new(rustls::crypto::ring::default_provider());
//!     let verifier = Arc::new(DaneVerifier::new(tls.clone(), Arc::clone(&provider)));
//!     let mut config = ClientConfig::builder_with_provider(provider)
//!         .with_safe_default_protocol_versions()?
//!         .dangerous()
//!         .with_custom_certificate_verifier(Arc::clone(&verifier) as Arc<_>)
//!         .with_no_client_auth();
//!     config.enable_sni = server_name.is_some();
//!     // rustls wants a name in any case, and the verifier looks at those of the policy alone.
//!     let name = match server_name {
//!         Some(name) => ServerName::DnsName(name),
//!         None => ServerName::IpAddress(socket.peer_addr()?.ip().into()),
//!     };
//!     let mut connection = ClientConnection::new(Arc::new(config), name)?;
//!     while connection.is_handshaking() {
//!         if let Err(error) = connection.complete_io(&mut socket) {
//!             return Ok((DaneVerifier::failed_io(&error), None));
//!         }
//!     }
//!     let event = verifier.confirm(connection.peer_certificates(), UnixTime::now());
//!     Ok((event, Some(StreamOwned::new(connection, socket))))
//! }
//! ```
//!
//! After **every** handshake ask [`DaneVerifier::confirm`] for the event to give to the session: rustls does not verify a
//! resumed session again, and today's records may be others than those of the session that is resumed. If the handshake
//! fails, [`DaneVerifier::failed`] or [`DaneVerifier::failed_io`] tells the event.
//!
//! The signature that proves the server's possession of its key is checked on the bare key of the certificate. The
//! functions of rustls for that read the whole certificate first and so refuse some that DANE-EE must accept
//! (RFC 7672 §3.1.1).

extern crate std;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, TrustAnchor, UnixTime};
use rustls::SignatureScheme;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature_with_raw_key};
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, PeerMisbehaved};
use webpki::RawPublicKeyEntity;

use crate::cert::RawCertificate;
use crate::resolve::TlsPolicy;
use crate::session::Event;
use crate::verify::VerifyError;

/// Judges the server's certificates by a [`TlsPolicy`] while the handshake goes on.
///
/// Where the policy demands no authentication, any certificate is accepted; what it was can be read from the connection.
pub struct DaneVerifier {
    tls: TlsPolicy,
    provider: Arc<CryptoProvider>,
    roots: Vec<TrustAnchor<'static>>,
    credential: Credential,
}

/// What the server is asked to present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Credential {
    Certificates,
    RawPublicKey,
}

impl DaneVerifier {
    /// Makes the verifier for connections under `tls`.
    #[must_use]
    pub const fn new(tls: TlsPolicy, provider: Arc<CryptoProvider>) -> Self {
        Self {
            tls,
            provider,
            roots: Vec::new(),
            credential: Credential::Certificates,
        }
    }

    /// Adds the public authorities that a submission server is held against ([`TlsPolicy::Pkix`]).
    #[must_use]
    pub fn with_roots(mut self, roots: impl IntoIterator<Item = TrustAnchor<'static>>) -> Self {
        self.roots.extend(roots);
        self
    }

    /// Asks the server for a raw public key (RFC 7250), if the records allow it: see
    /// [`Authentication::offers_raw_public_key`](crate::Authentication::offers_raw_public_key). If they do not, it changes nothing.
    ///
    /// rustls asks for a raw key or for certificates and not for either, so a server without the one fails the handshake. A
    /// [`Session`](crate::session::Session) asks for certificates first, then for a raw key:
    /// [`Step::RawPublicKeyHandshake`](crate::session::Step::RawPublicKeyHandshake).
    #[must_use]
    pub fn with_raw_public_key(mut self) -> Self {
        if matches!(&self.tls, TlsPolicy::Authenticate(wanted) if wanted.offers_raw_public_key()) {
            self.credential = Credential::RawPublicKey;
        }
        self
    }

    /// The event of a handshake that succeeded, a resumed one included. `certificates` are those of the connection; without any, a
    /// server that must be authenticated is not.
    #[must_use]
    pub fn confirm(&self, certificates: Option<&[CertificateDer<'_>]>, now: UnixTime) -> Event {
        let chain = certificates.unwrap_or_default();
        match (&self.tls, self.credential) {
            (TlsPolicy::Authenticate(wanted), Credential::RawPublicKey) => {
                let key = chain.first().ok_or(VerifyError::NoCertificate);
                let key = key.map(|key| SubjectPublicKeyInfoDer::from(key.as_ref()));
                key.and_then(|key| wanted.verify_raw_public_key(&key))
                    .map_or_else(Event::NotAuthenticated, Event::Authenticated)
            }
            (tls, _) => {
                let algorithms = self.provider.signature_verification_algorithms.all;
                Event::of_handshake(tls, chain, now, algorithms, &self.roots)
            }
        }
    }

    /// The event of a handshake that failed.
    #[must_use]
    pub fn failed(error: &Error) -> Event {
        let Error::InvalidCertificate(CertificateError::Other(other)) = error else {
            return Event::HandshakeFailed;
        };
        match other.0.downcast_ref::<VerifyError>() {
            Some(reason) => Event::NotAuthenticated(*reason),
            None => Event::HandshakeFailed,
        }
    }

    /// The same, from the error that a stream of `tokio_rustls`, `futures_rustls` or `rustls::Stream` gives: one of rustls may be in it.
    #[must_use]
    pub fn failed_io(error: &std::io::Error) -> Event {
        match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(error) => Self::failed(error),
            // The server was silent, or closed the connection.
            None => Event::HandshakeFailed,
        }
    }

    /// The key that signs the handshake, as it stands in what the server presented.
    fn presented_key(
        &self,
        presented: &CertificateDer<'_>,
    ) -> Result<SubjectPublicKeyInfoDer<'static>, Error> {
        let key = match self.credential {
            Credential::RawPublicKey => presented.as_ref(),
            Credential::Certificates => RawCertificate::parse(presented)
                .map_err(|error| match self.tls {
                    // An audit has given its verdict, and this handshake fails for all that.
                    TlsPolicy::Audit(_) => CertificateError::BadEncoding.into(),
                    _ => refused(VerifyError::Certificate(error)),
                })?
                .subject_public_key_info(),
        };
        Ok(SubjectPublicKeyInfoDer::from(key.to_vec()))
    }
}

impl fmt::Debug for DaneVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DaneVerifier")
            .field("tls", &self.tls)
            .field("credential", &self.credential)
            .finish_non_exhaustive()
    }
}

impl ServerCertVerifier for DaneVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain: Vec<CertificateDer<'_>> = core::iter::once(end_entity)
            .chain(intermediates)
            .cloned()
            .collect();
        match self.confirm(Some(&chain), now) {
            // An audit goes on; it confirms the verdict after the handshake.
            Event::NotAuthenticated(reason) if !matches!(self.tls, TlsPolicy::Audit(_)) => {
                Err(refused(reason))
            }
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        presented: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = self.presented_key(presented)?;
        let key = RawPublicKeyEntity::try_from(&key)
            .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
        let mapping = self.provider.signature_verification_algorithms.mapping;
        let of_scheme = mapping.iter().find(|(scheme, _)| *scheme == signed.scheme);
        let (_, algorithms) =
            of_scheme.ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
        // In TLS 1.2 a scheme does not fix the curve: the one that fits the key is right.
        let fits = |algorithm: &&dyn pki_types::SignatureVerificationAlgorithm| {
            key.verify_signature(*algorithm, message, signed.signature())
                .is_ok()
        };
        if algorithms.iter().any(fits) {
            Ok(HandshakeSignatureValid::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::BadSignature))
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        presented: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = self.presented_key(presented)?;
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature_with_raw_key(message, &key, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }

    fn requires_raw_public_keys(&self) -> bool {
        self.credential == Credential::RawPublicKey
    }
}

/// Carries our reason through rustls, for [`DaneVerifier::failed`].
fn refused(reason: VerifyError) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(reason))))
}
