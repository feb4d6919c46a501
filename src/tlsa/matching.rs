//! Comparing a record with a certificate: the selected octets or their digest (RFC 6698 §2.1.3).

use sha2::{Digest, Sha256, Sha512};

use super::{Form, Part, UsableRecord};

/// The SHA-256 digest of `octets`.
#[must_use]
pub fn sha256(octets: &[u8]) -> [u8; 32] {
    Sha256::digest(octets).into()
}

/// The SHA-512 digest of `octets`.
#[must_use]
pub fn sha512(octets: &[u8]) -> [u8; 64] {
    Sha512::digest(octets).into()
}

/// What one certificate, or bare key, offers for comparison. Each digest is computed at most once, whatever the number of
/// records.
pub(crate) struct Selected<'a> {
    certificate: Option<Content<'a>>,
    public_key: Option<Content<'a>>,
}

impl<'a> Selected<'a> {
    /// The octets that the server sent: the whole certificate, and its `SubjectPublicKeyInfo` if it could be found.
    pub(crate) fn new(certificate: Option<&'a [u8]>, public_key: Option<&'a [u8]>) -> Self {
        Self {
            certificate: certificate.map(Content::new),
            public_key: public_key.map(Content::new),
        }
    }

    /// Whether `record` names this certificate: equal octets, in full length (RFC 6698 §B).
    pub(crate) fn matches(&mut self, record: &UsableRecord) -> bool {
        let content = match record.part {
            Part::Certificate => self.certificate.as_mut(),
            Part::PublicKey => self.public_key.as_mut(),
        };
        content.is_some_and(|content| content.equals(record.form, record.data()))
    }
}

struct Content<'a> {
    octets: &'a [u8],
    sha256: Option<[u8; 32]>,
    sha512: Option<[u8; 64]>,
}

impl<'a> Content<'a> {
    fn new(octets: &'a [u8]) -> Self {
        Self {
            octets,
            sha256: None,
            sha512: None,
        }
    }

    fn equals(&mut self, form: Form, data: &[u8]) -> bool {
        let octets = self.octets;
        match form {
            Form::Full => octets == data,
            Form::Sha256 => *self.sha256.get_or_insert_with(|| sha256(octets)) == *data,
            Form::Sha512 => *self.sha512.get_or_insert_with(|| sha512(octets)) == *data,
        }
    }
}
