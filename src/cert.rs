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
mod element;
pub(crate) mod names;

use core::fmt;

use der::asn1::ObjectIdentifier;

use self::element::{Elements, tag};

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
        let mut outer = Elements::of(der);
        let mut certificate = outer.sequence()?;
        if !outer.is_at_end() {
            return Err(CertificateError::LeftOver);
        }
        let mut fields = certificate.sequence()?;
        // Version, serial number, signature algorithm.
        fields.next_if(tag::context(0))?;
        fields.next()?;
        fields.next()?;
        let issuer = fields.next()?.whole;
        let validity = fields.next()?.whole;
        let subject = fields.next()?.whole;
        let subject_public_key_info = fields.next()?.whole;
        if !is_subject_public_key_info(subject_public_key_info) {
            return Err(CertificateError::PublicKey);
        }
        Ok(Self {
            der,
            issuer,
            validity,
            subject,
            subject_public_key_info,
            rest: fields.rest(),
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
            if extension.is(wanted) && found.replace(extension.value).is_some() {
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
        let mut rest = self.extension_list()?;
        Ok(core::iter::from_fn(move || {
            (!rest.is_at_end()).then(|| {
                let extension = Extension::read(&mut rest);
                if extension.is_err() {
                    // There is no telling where the next one begins.
                    rest = Elements::of(&[]);
                }
                extension
            })
        }))
    }

    /// The list of extensions, empty where there is none.
    fn extension_list(&self) -> Result<Elements<'a>, CertificateError> {
        let mut rest = Elements::of(self.rest);
        while !rest.is_at_end() {
            let field = rest.next()?;
            if field.tag == tag::context(3) {
                return Elements::of(field.content).sequence();
            }
        }
        Ok(rest)
    }
}

/// One extension of a certificate.
pub(crate) struct Extension<'a> {
    identifier: &'a [u8],
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
    fn read(extensions: &mut Elements<'a>) -> Result<Self, CertificateError> {
        let mut fields = extensions.sequence()?;
        let identifier = fields.identifier()?;
        let is_critical = fields.flag()?;
        Ok(Self {
            identifier,
            criticality: if is_critical {
                Criticality::Critical
            } else {
                Criticality::Optional
            },
            value: fields.next_of(tag::OCTET_STRING)?.content,
        })
    }

    pub(crate) fn is(&self, identifier: ObjectIdentifier) -> bool {
        self.identifier == identifier.as_bytes()
    }
}

/// Whether `octets` are an algorithm and a bit string in a sequence, and no more (RFC 5280 §4.1.2.7).
pub(crate) fn is_subject_public_key_info(octets: &[u8]) -> bool {
    let check = || -> Result<bool, CertificateError> {
        let mut outer = Elements::of(octets);
        let mut fields = outer.sequence()?;
        fields.next_of(tag::SEQUENCE)?;
        fields.next_of(tag::BIT_STRING)?;
        Ok(fields.is_at_end() && outer.is_at_end())
    };
    check().unwrap_or(false)
}

/// The content of one element, without its tag and length.
fn value_of(element: &[u8]) -> Option<&[u8]> {
    let element = Elements::of(element).next().ok()?;
    Some(element.content)
}

/// Why octets are no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
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

#[cfg(test)]
mod tests;
