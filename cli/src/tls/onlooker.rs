//! Notes which key a server presented: of a handshake that is refused, nothing else is left to show.

use std::sync::OnceLock;

use smtp_dane::cert::RawCertificate;
use smtp_dane::rustls::DaneVerifier;
use smtp_dane::tlsa::sha256;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{DigitallySignedStruct, Error, SignatureScheme};

use super::Credential;

/// A verifier that looks on while the library's decides.
#[derive(Debug)]
pub(super) struct Onlooker {
    verifier: DaneVerifier,
    credential: Credential,
    key: OnceLock<[u8; 32]>,
}

impl Onlooker {
    pub(super) const fn new(verifier: DaneVerifier, credential: Credential) -> Self {
        Self {
            verifier,
            credential,
            key: OnceLock::new(),
        }
    }

    pub(super) const fn verifier(&self) -> &DaneVerifier {
        &self.verifier
    }

    /// The digest of the `SubjectPublicKeyInfo` that was presented. Whether the server holds its key is another question.
    pub(super) fn key(&self) -> Option<[u8; 32]> {
        self.key.get().copied()
    }
}

impl ServerCertVerifier for Onlooker {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let key = match self.credential {
            Credential::RawPublicKey => Some(end_entity.as_ref()),
            Credential::Certificates => RawCertificate::parse(end_entity)
                .ok()
                .map(|certificate| certificate.subject_public_key_info()),
        };
        if let Some(key) = key {
            self.key.get_or_init(|| sha256(key));
        }
        self.verifier
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        presented: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier
            .verify_tls12_signature(message, presented, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        presented: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier
            .verify_tls13_signature(message, presented, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }

    fn requires_raw_public_keys(&self) -> bool {
        self.verifier.requires_raw_public_keys()
    }
}
