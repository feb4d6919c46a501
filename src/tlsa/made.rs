//! Records made of certificates: the way of the publisher, from the certificate to the record (RFC 6698 §2.1).

use core::fmt;

use super::{MatchingType, Record, Selector, Usage, sha256, sha512};
use crate::cert::{CertificateError, RawCertificate, is_subject_public_key_info};

impl Record {
    /// Makes the record that names a certificate in DER: the server's own for the usages 1 and 3, an authority's for 0 and 2.
    /// Whether it is the right one for its usage is not looked at.
    ///
    /// ```
    /// use smtp_dane::cert::CertificateError;
    /// use smtp_dane::tlsa::{MakeError, MatchingType, Record, Selector, Usage};
    ///
    /// let no_certificate = b"-----BEGIN CERTIFICATE-----";
    /// let made = Record::of_certificate(Usage::DANE_EE, Selector::SPKI, MatchingType::SHA2_256, no_certificate);
    /// assert_eq!(made, Err(MakeError::Certificate(CertificateError::Structure)));
    /// ```
    ///
    /// # Errors
    /// [`MakeError`] if one of the numbers has no meaning, or `certificate` is none: a digest of anything else would match no
    /// server.
    pub fn of_certificate(
        usage: Usage,
        selector: Selector,
        matching: MatchingType,
        certificate: &[u8],
    ) -> Result<Self, MakeError> {
        let parsed = RawCertificate::parse(certificate).map_err(MakeError::Certificate);
        let part = match selector {
            Selector::CERT => parsed?.as_der(),
            Selector::SPKI => parsed?.subject_public_key_info(),
            _ => return Err(MakeError::UnknownSelector),
        };
        of_part(usage, selector, matching, part)
    }

    /// Makes the record that names a public key, its `SubjectPublicKeyInfo` in DER. The selector is [`Selector::SPKI`].
    ///
    /// # Errors
    /// [`MakeError`] if one of the numbers has no meaning, or `key` is no public key.
    pub fn of_public_key(
        usage: Usage,
        matching: MatchingType,
        key: &[u8],
    ) -> Result<Self, MakeError> {
        if !is_subject_public_key_info(key) {
            return Err(MakeError::PublicKey);
        }
        of_part(usage, Selector::SPKI, matching, key)
    }
}

fn of_part(
    usage: Usage,
    selector: Selector,
    matching: MatchingType,
    part: &[u8],
) -> Result<Record, MakeError> {
    if !(Usage::PKIX_TA..=Usage::DANE_EE).contains(&usage) {
        return Err(MakeError::UnknownUsage);
    }
    match matching {
        MatchingType::FULL => Ok(Record::new(usage, selector, matching, part)),
        MatchingType::SHA2_256 => Ok(Record::new(usage, selector, matching, &sha256(part))),
        MatchingType::SHA2_512 => Ok(Record::new(usage, selector, matching, &sha512(part))),
        _ => Err(MakeError::UnknownMatchingType),
    }
}

/// Why no record can be made of a certificate or key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MakeError {
    /// A usage that is not defined.
    UnknownUsage,
    /// A selector that is not defined.
    UnknownSelector,
    /// A matching type that is not supported.
    UnknownMatchingType,
    /// The octets are no certificate.
    Certificate(CertificateError),
    /// The octets are no public key.
    PublicKey,
}

impl MakeError {
    /// The place in the standards that defines what is asked for.
    #[must_use]
    pub const fn cite(self) -> &'static str {
        match self {
            Self::UnknownUsage => "RFC 6698 §2.1.1",
            Self::UnknownSelector => "RFC 6698 §2.1.2",
            Self::UnknownMatchingType => "RFC 6698 §2.1.3",
            Self::Certificate(error) => error.cite(),
            Self::PublicKey => CertificateError::PublicKey.cite(),
        }
    }
}

impl fmt::Display for MakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownUsage => "the usage is unknown",
            Self::UnknownSelector => "the selector is unknown",
            Self::UnknownMatchingType => "the matching type is not supported",
            Self::PublicKey => "it does not have the structure of a public key",
            Self::Certificate(error) => {
                return write!(f, "the certificate cannot be read: {error}");
            }
        })
    }
}

impl core::error::Error for MakeError {}
