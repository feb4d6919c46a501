//! Certificates as the octets that the server sent.
//!
//! DANE-EE authenticates certificates that the rules of the public PKI would refuse: X.509 v1, expired, with unknown critical
//! extensions or an over-long serial number (RFC 7672 §3.1.1). So a [`RawCertificate`] is cut into slices along its outer
//! structure and nothing else of it is judged; and what is hashed is what was sent, never a new encoding of it.

use core::fmt;

use der::{Decode, Header, Reader, SliceReader, Tag};

/// A certificate of which the place of the public key is known.
///
/// ```
/// use smtp_dane::cert::{CertificateError, RawCertificate};
///
/// assert_eq!(RawCertificate::parse(b"no certificate"), Err(CertificateError::Structure));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RawCertificate<'a> {
    der: &'a [u8],
    subject_public_key_info: &'a [u8],
}

impl<'a> RawCertificate<'a> {
    /// Finds the parts of a certificate that fills `der`.
    ///
    /// # Errors
    /// [`CertificateError`] if the outer structure is not that of a certificate, or octets are left over.
    pub fn parse(der: &'a [u8]) -> Result<Self, CertificateError> {
        Ok(Self {
            der,
            subject_public_key_info: public_key_of(der)?,
        })
    }

    /// The whole certificate.
    #[must_use]
    pub const fn as_der(&self) -> &'a [u8] {
        self.der
    }

    /// The `SubjectPublicKeyInfo`, its tag and length included (RFC 6698 §2.1.2, RFC 5280 §4.1).
    #[must_use]
    pub const fn subject_public_key_info(&self) -> &'a [u8] {
        self.subject_public_key_info
    }
}

/// Walks over the fields that stand before the public key (RFC 5280 §4.1), whatever is in them.
fn public_key_of(certificate: &[u8]) -> Result<&[u8], CertificateError> {
    let mut outer = SliceReader::new(certificate)?;
    let mut certificate = SliceReader::new(sequence(&mut outer)?)?;
    if !outer.is_finished() {
        return Err(CertificateError::LeftOver);
    }
    let mut fields = SliceReader::new(sequence(&mut certificate)?)?;
    let version = Tag::ContextSpecific {
        constructed: true,
        number: der::TagNumber(0),
    };
    if Tag::peek(&fields)? == version {
        fields.tlv_bytes()?;
    }
    // Serial number, signature algorithm, issuer, validity, subject.
    for _ in 0..5 {
        fields.tlv_bytes()?;
    }
    let key = fields.tlv_bytes()?;
    if is_subject_public_key_info(key) {
        Ok(key)
    } else {
        Err(CertificateError::PublicKey)
    }
}

/// Whether `octets` are an algorithm and a bit string in a sequence, and no more (RFC 5280 §4.1.2.7).
pub(crate) fn is_subject_public_key_info(octets: &[u8]) -> bool {
    let check = || -> Result<bool, der::Error> {
        let mut outer = SliceReader::new(octets)?;
        let mut fields = SliceReader::new(sequence(&mut outer)?)?;
        sequence(&mut fields)?;
        let is_key = Header::peek(&fields)?.tag() == Tag::BitString;
        fields.tlv_bytes()?;
        Ok(is_key && fields.is_finished() && outer.is_finished())
    };
    check().unwrap_or(false)
}

/// The content of the sequence that comes next.
fn sequence<'a>(reader: &mut SliceReader<'a>) -> Result<&'a [u8], der::Error> {
    let header = Header::decode(reader)?;
    header.tag().assert_eq(Tag::Sequence)?;
    reader.read_slice(header.length())
}

/// Why octets are no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CertificateError {
    /// The outer structure is not that of a certificate, or it ends too early.
    Structure,
    /// The public key does not have the structure of one.
    PublicKey,
    /// Octets are left behind the certificate.
    LeftOver,
}

impl CertificateError {
    /// The place in the standards that the octets break.
    #[must_use]
    pub const fn cite(self) -> &'static str {
        match self {
            Self::Structure => "RFC 5280 §4.1",
            Self::PublicKey => "RFC 5280 §4.1.2.7",
            Self::LeftOver => "RFC 6698 §2.1.1",
        }
    }
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Structure => "it does not have the structure of a certificate",
            Self::PublicKey => "its public key does not have the structure of one",
            Self::LeftOver => "octets are left behind it",
        })
    }
}

impl core::error::Error for CertificateError {}

impl From<der::Error> for CertificateError {
    fn from(_: der::Error) -> Self {
        Self::Structure
    }
}
