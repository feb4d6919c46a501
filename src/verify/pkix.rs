//! [`PublicPki`]: authentication of a submission server, which was not found by MX, by the public PKI.
//!
//! DANE does not apply to a submission server from its host name alone (RFC 7672 §3.1.3, §7): what a user configured is the
//! name, so the traditional checks stay. A server that was found by a secure MX lookup is another matter, see
//! [`NextHop::domain`](crate::resolve::NextHop::domain).

use alloc::vec::Vec;

use pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};

use super::{Scope, Verified, VerifyError, dns_id_of};
use crate::cert::RawCertificate;
use crate::cert::chain::{self, Handshake};
use crate::name::Name;
use crate::tlsa::sha256;

/// What a submission server must prove: that a public authority gave it a certificate for the configured name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PublicPki {
    name: Name,
}

impl PublicPki {
    pub(crate) const fn new(name: Name) -> Self {
        Self { name }
    }

    /// The configured name, the one reference identifier.
    #[must_use]
    pub const fn name(&self) -> &Name {
        &self.name
    }

    /// A digest of all that this authentication depends on, see
    /// [`Authentication::fingerprint`](super::Authentication::fingerprint).
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        // No authentication by records begins like this.
        let mut text = Vec::from(*b"public PKI");
        text.extend_from_slice(self.name.as_wire());
        sha256(&text)
    }

    /// Judges the certificates of a handshake, the server's own first. The name must be a DNS-ID: the common name does not
    /// count (RFC 9525 §2).
    ///
    /// # Errors
    /// Why the server is not authenticated.
    pub fn verify(
        &self,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
        roots: &[TrustAnchor<'_>],
    ) -> Result<Verified, VerifyError> {
        let handshake = Handshake::new(chain, now, algorithms)?;
        let certificate =
            RawCertificate::parse(handshake.leaf).map_err(VerifyError::Certificate)?;
        let found = chain::find_path(handshake, roots, &|_, _| Ok(()))?;
        let name = dns_id_of(&certificate, core::slice::from_ref(&self.name))?;
        Ok(Verified {
            record: None,
            depth: found.between + 1,
            name: Some(name),
            scope: Scope::Host,
            fingerprint: self.fingerprint(),
        })
    }
}
