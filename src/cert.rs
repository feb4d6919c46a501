//! Certificates as the octets that the server sent.
//!
//! DANE-EE authenticates certificates that the rules of the public PKI would refuse: X.509 v1, expired, with unknown critical
//! extensions or an over-long serial number (RFC 7672 §3.1.1). So a [`RawCertificate`] is cut into slices along its outer
//! structure and nothing else of it is judged; and what is hashed is what was sent, never a new encoding of it.
//!
//! The rules that usage 2 needs stand in two private modules: which names a certificate bears, and whether it hangs below a
//! trust anchor.

pub(crate) mod anchor;
pub(crate) mod chain;
pub(crate) mod names;

use core::fmt;

use der::asn1::{ObjectIdentifier, OctetStringRef};
use der::{Decode, Header, Reader, SliceReader, Tag, TagNumber};

/// A certificate of which the main parts are found.
///
/// ```
/// use smtp_dane::cert::{CertificateError, RawCertificate};
///
/// assert_eq!(RawCertificate::parse(b"no certificate"), Err(CertificateError::Structure));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RawCertificate<'a> {
    der: &'a [u8],
    issuer: &'a [u8],
    validity: &'a [u8],
    subject: &'a [u8],
    subject_public_key_info: &'a [u8],
    /// The fields behind the public key.
    rest: &'a [u8],
}

impl<'a> RawCertificate<'a> {
    /// Finds the parts of a certificate that fills `der` (RFC 5280 §4.1), whatever is in them.
    ///
    /// # Errors
    /// [`CertificateError`] if the outer structure is not that of a certificate, or octets are left over.
    pub fn parse(der: &'a [u8]) -> Result<Self, CertificateError> {
        let mut outer = SliceReader::new(der)?;
        let mut certificate = SliceReader::new(sequence(&mut outer)?)?;
        if !outer.is_finished() {
            return Err(CertificateError::LeftOver);
        }
        let mut fields = SliceReader::new(sequence(&mut certificate)?)?;
        if Tag::peek(&fields)? == context(0) {
            fields.tlv_bytes()?;
        }
        // Serial number, signature algorithm.
        for _ in 0..2 {
            fields.tlv_bytes()?;
        }
        let issuer = fields.tlv_bytes()?;
        let validity = fields.tlv_bytes()?;
        let subject = fields.tlv_bytes()?;
        let subject_public_key_info = fields.tlv_bytes()?;
        if !is_subject_public_key_info(subject_public_key_info) {
            return Err(CertificateError::PublicKey);
        }
        Ok(Self {
            der,
            issuer,
            validity,
            subject,
            subject_public_key_info,
            rest: fields.read_slice(fields.remaining_len())?,
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

    /// The issuer, its tag and length included.
    pub(crate) const fn issuer(&self) -> &'a [u8] {
        self.issuer
    }

    /// The subject, its tag and length included.
    pub(crate) const fn subject(&self) -> &'a [u8] {
        self.subject
    }

    /// The two dates, their tag and length included.
    pub(crate) const fn validity(&self) -> &'a [u8] {
        self.validity
    }

    /// The value of one extension (RFC 5280 §4.2). A certificate that has it twice has none that counts.
    pub(crate) fn extension(
        &self,
        wanted: ObjectIdentifier,
    ) -> Result<Option<&'a [u8]>, CertificateError> {
        let mut found = None;
        for extension in self.extensions()? {
            let extension = extension?;
            if extension.identifier == wanted && found.replace(extension.value).is_some() {
                return Err(CertificateError::RepeatedExtension);
            }
        }
        Ok(found)
    }

    /// The extensions, one by one.
    pub(crate) fn extensions(
        &self,
    ) -> Result<impl Iterator<Item = Result<Extension<'a>, CertificateError>>, CertificateError>
    {
        let mut rest = SliceReader::new(self.extension_list()?.unwrap_or_default())?;
        Ok(core::iter::from_fn(move || {
            (!rest.is_finished()).then(|| {
                let extension = Extension::read(&mut rest);
                if extension.is_err() {
                    // There is no telling where the next one begins.
                    rest = SliceReader::new(&[])?;
                }
                extension
            })
        }))
    }

    /// The content of the list of extensions.
    fn extension_list(&self) -> Result<Option<&'a [u8]>, CertificateError> {
        let mut rest = SliceReader::new(self.rest)?;
        while !rest.is_finished() {
            let field = Header::decode(&mut rest)?;
            let content = rest.read_slice(field.length())?;
            if field.tag() == context(3) {
                return Ok(Some(sequence(&mut SliceReader::new(content)?)?));
            }
        }
        Ok(None)
    }
}

/// One extension of a certificate.
pub(crate) struct Extension<'a> {
    pub(crate) identifier: ObjectIdentifier,
    pub(crate) criticality: Criticality,
    pub(crate) value: &'a [u8],
}

/// Whether a certificate must be refused by those who do not understand an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Criticality {
    Critical,
    Optional,
}

impl<'a> Extension<'a> {
    fn read(extensions: &mut SliceReader<'a>) -> Result<Self, CertificateError> {
        let mut fields = SliceReader::new(sequence(extensions)?)?;
        let identifier = ObjectIdentifier::decode(&mut fields)?;
        let is_critical = Tag::peek(&fields)? == Tag::Boolean && bool::decode(&mut fields)?;
        Ok(Self {
            identifier,
            criticality: if is_critical {
                Criticality::Critical
            } else {
                Criticality::Optional
            },
            value: <&OctetStringRef>::decode(&mut fields)?.as_bytes(),
        })
    }
}

/// The tag of an explicit field, or of another constructed one.
const fn context(number: u32) -> Tag {
    Tag::ContextSpecific {
        constructed: true,
        number: TagNumber(number),
    }
}

/// Whether `octets` are an algorithm and a bit string in a sequence, and no more (RFC 5280 §4.1.2.7).
pub(crate) fn is_subject_public_key_info(octets: &[u8]) -> bool {
    let check = || -> Result<bool, der::Error> {
        let mut outer = SliceReader::new(octets)?;
        let mut fields = SliceReader::new(sequence(&mut outer)?)?;
        sequence(&mut fields)?;
        let is_key = Tag::peek(&fields)? == Tag::BitString;
        fields.tlv_bytes()?;
        Ok(is_key && fields.is_finished() && outer.is_finished())
    };
    check().unwrap_or(false)
}

/// The content of one element, without its tag and length.
fn value_of(element: &[u8]) -> Option<&[u8]> {
    let mut reader = SliceReader::new(element).ok()?;
    let header = Header::decode(&mut reader).ok()?;
    reader.read_slice(header.length()).ok()
}

/// The content of the sequence that comes next.
fn sequence<'a>(reader: &mut SliceReader<'a>) -> Result<&'a [u8], der::Error> {
    content(reader, Tag::Sequence)
}

/// The content of what comes next, which must have this tag.
fn content<'a>(reader: &mut SliceReader<'a>, tag: Tag) -> Result<&'a [u8], der::Error> {
    let header = Header::decode(reader)?;
    header.tag().assert_eq(tag)?;
    reader.read_slice(header.length())
}

/// Why octets are no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CertificateError {
    /// The structure is not that of a certificate, or it ends too early.
    Structure,
    /// The public key does not have the structure of one.
    PublicKey,
    /// Octets are left behind the certificate.
    LeftOver,
    /// An extension stands there twice.
    RepeatedExtension,
}

impl CertificateError {
    /// The place in the standards that the octets break.
    #[must_use]
    pub const fn cite(self) -> &'static str {
        match self {
            Self::Structure => "RFC 5280 §4.1",
            Self::PublicKey => "RFC 5280 §4.1.2.7",
            Self::LeftOver => "RFC 6698 §2.1.1",
            Self::RepeatedExtension => "RFC 5280 §4.2",
        }
    }
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Structure => "it does not have the structure of a certificate",
            Self::PublicKey => "its public key does not have the structure of one",
            Self::LeftOver => "octets are left behind it",
            Self::RepeatedExtension => "an extension stands in it twice",
        })
    }
}

impl core::error::Error for CertificateError {}

impl From<der::Error> for CertificateError {
    fn from(_: der::Error) -> Self {
        Self::Structure
    }
}
