//! Certificates made from a [`Spec`], in which everything can be altered before they are signed.

use std::sync::atomic::{AtomicU32, Ordering};

use openssl::asn1::{Asn1Object, Asn1OctetString, Asn1Time, Asn1Type};
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sha::sha256;
use openssl::x509::{X509, X509Builder, X509Extension, X509Name, X509NameRef};

use crate::der::{boolean, constructed, element, object, sequence};
use crate::{BASE, NOW};

/// Seconds of a day.
pub const DAY: i64 = 86_400;

/// `id-ce-subjectKeyIdentifier`
const SUBJECT_KEY_ID: &str = "2.5.29.14";
/// `id-ce-keyUsage`
pub const KEY_USAGE: &str = "2.5.29.15";
/// `id-ce-subjectAltName`
pub const SUBJECT_ALT_NAME: &str = "2.5.29.17";
/// `id-ce-basicConstraints`
pub const BASIC_CONSTRAINTS: &str = "2.5.29.19";
/// `id-ce-nameConstraints`
pub const NAME_CONSTRAINTS: &str = "2.5.29.30";
/// `id-ce-authorityKeyIdentifier`
pub const AUTHORITY_KEY_ID: &str = "2.5.29.35";
/// `id-ce-extKeyUsage`
pub const EXTENDED_KEY_USAGE: &str = "2.5.29.37";

/// `id-kp-serverAuth`
pub const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
/// `id-kp-clientAuth`
pub const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";
/// `anyExtendedKeyUsage`
pub const ANY_PURPOSE: &str = "2.5.29.37.0";

/// A private key, of which copies are cheap.
pub type Key = PKey<Private>;

/// A new key on a named curve.
pub fn ec_key(curve: Nid) -> Result<Key, ErrorStack> {
    let group = EcGroup::from_curve_name(curve)?;
    PKey::from_ec_key(EcKey::generate(&group)?)
}

/// A new RSA key.
pub fn rsa_key(bits: u32) -> Result<Key, ErrorStack> {
    PKey::from_rsa(Rsa::generate(bits)?)
}

/// What a certificate is to say.
#[derive(Clone)]
pub struct Spec {
    /// The X.509 version; before 3 there are no extensions.
    pub version: u8,
    /// The serial number as it is read.
    pub serial: Vec<u8>,
    /// The common names: kind of string and octets.
    pub common_names: Vec<(Asn1Type, String)>,
    /// The first second.
    pub not_before: i64,
    /// The last second.
    pub not_after: i64,
    /// The key that is certified.
    pub key: Key,
    /// The digest of the signature below.
    pub digest: MessageDigest,
    /// Whether this certificate names its key, and those that it issues name it, too.
    pub key_id: KeyId,
    extensions: Vec<(String, bool, Vec<u8>)>,
}

/// Whether keys are named by identifiers (RFC 5280 §4.2.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyId {
    /// They are.
    Present,
    /// They are not.
    Absent,
}

impl Spec {
    /// The certificate of a server whose only name is [`BASE`].
    pub fn leaf(key: Key) -> Self {
        let mut spec = Self::bare("server", key);
        spec.set(SUBJECT_ALT_NAME, false, names([dns(BASE)]));
        spec.set(KEY_USAGE, true, key_usage(DIGITAL_SIGNATURE));
        spec.set(EXTENDED_KEY_USAGE, false, purposes(&[SERVER_AUTH]));
        spec
    }

    /// The certificate of an authority.
    pub fn authority(name: &str, key: Key) -> Self {
        let mut spec = Self::bare(name, key);
        spec.set(BASIC_CONSTRAINTS, true, basic_constraints(true, None));
        spec.set(KEY_USAGE, true, key_usage(CERT_SIGN));
        spec
    }

    fn bare(common_name: &str, key: Key) -> Self {
        static SERIAL: AtomicU32 = AtomicU32::new(0x0100_0000);
        Self {
            version: 3,
            serial: SERIAL.fetch_add(1, Ordering::Relaxed).to_be_bytes().into(),
            common_names: vec![(Asn1Type::UTF8STRING, common_name.to_owned())],
            not_before: NOW - 30 * DAY,
            not_after: NOW + 30 * DAY,
            key,
            digest: MessageDigest::sha256(),
            key_id: KeyId::Present,
            extensions: Vec::new(),
        }
    }

    /// Sets or replaces an extension.
    pub fn set(&mut self, identifier: &str, critical: bool, value: Vec<u8>) {
        self.unset(identifier);
        self.extensions
            .push((identifier.to_owned(), critical, value));
    }

    /// Removes an extension.
    pub fn unset(&mut self, identifier: &str) {
        self.extensions
            .retain(|(present, ..)| present != identifier);
    }

    fn has(&self, identifier: &str) -> bool {
        let is_it = |(present, ..): &(String, bool, Vec<u8>)| present == identifier;
        self.extensions.iter().any(is_it)
    }

    fn subject(&self) -> Result<X509Name, ErrorStack> {
        let mut name = X509Name::builder()?;
        for (kind, value) in &self.common_names {
            name.append_entry_by_nid_with_type(Nid::COMMONNAME, value, *kind)?;
        }
        Ok(name.build())
    }

    /// The certificate that `issuer` makes of this.
    pub fn issued_by(&self, issuer: &Self) -> Result<Vec<u8>, ErrorStack> {
        let mut builder = X509Builder::new()?;
        builder.set_version(i32::from(self.version) - 1)?;
        let serial = BigNum::from_slice(&self.serial)?;
        builder.set_serial_number(serial.to_asn1_integer()?.as_ref())?;
        builder.set_subject_name(self.subject()?.as_ref())?;
        builder.set_issuer_name(issuer.subject()?.as_ref())?;
        builder.set_not_before(Asn1Time::from_unix(self.not_before)?.as_ref())?;
        builder.set_not_after(Asn1Time::from_unix(self.not_after)?.as_ref())?;
        builder.set_pubkey(&self.key)?;
        if self.version == 3 {
            for (identifier, critical, value) in &self.extensions {
                append(&mut builder, identifier, *critical, value)?;
            }
            if self.key_id == KeyId::Present {
                let value = element(0x04, &key_id(&self.key));
                append(&mut builder, SUBJECT_KEY_ID, false, &value)?;
            }
            if issuer.key_id == KeyId::Present && !self.has(AUTHORITY_KEY_ID) {
                let value = authority_key_id(&key_id(&issuer.key));
                append(&mut builder, AUTHORITY_KEY_ID, false, &value)?;
            }
        }
        let digest = match issuer.key.id() {
            openssl::pkey::Id::ED25519 => MessageDigest::null(),
            _ => self.digest,
        };
        builder.sign(&issuer.key, digest)?;
        builder.build().to_der()
    }
}

fn append(
    builder: &mut X509Builder,
    identifier: &str,
    critical: bool,
    value: &[u8],
) -> Result<(), ErrorStack> {
    let identifier = Asn1Object::from_str(identifier)?;
    let value = Asn1OctetString::new_from_bytes(value)?;
    builder.append_extension(X509Extension::new_from_der(&identifier, critical, &value)?)
}

/// Spoils the signature, which stands at the end.
pub fn break_signature(certificate: &mut [u8]) {
    *certificate.last_mut().expect("octets") ^= 1;
    X509::from_der(certificate).expect("a certificate still");
}

fn key_id(key: &Key) -> Vec<u8> {
    let key = key.public_key_to_der().expect("a public key");
    sha256(&key)[..20].to_vec()
}

/// The value of an authority key identifier.
pub fn authority_key_id(key_id: &[u8]) -> Vec<u8> {
    sequence([element(0x80, key_id)])
}

/// The value of basic constraints.
pub fn basic_constraints(is_authority: bool, path_length: Option<u8>) -> Vec<u8> {
    let flag = is_authority.then(|| boolean(true));
    let length = path_length.map(|length| element(0x02, &[length]));
    sequence(flag.into_iter().chain(length))
}

/// The bit string of a key usage with one bit.
pub const DIGITAL_SIGNATURE: [u8; 2] = [7, 0x80];
/// See [`DIGITAL_SIGNATURE`].
pub const KEY_ENCIPHERMENT: [u8; 2] = [5, 0x20];
/// See [`DIGITAL_SIGNATURE`].
pub const CERT_SIGN: [u8; 2] = [2, 0x04];
/// See [`DIGITAL_SIGNATURE`].
pub const CRL_SIGN: [u8; 2] = [1, 0x02];

/// The value of a key usage.
pub fn key_usage(bits: [u8; 2]) -> Vec<u8> {
    element(0x03, &bits)
}

/// The value of an extended key usage.
pub fn purposes(identifiers: &[&str]) -> Vec<u8> {
    sequence(identifiers.iter().map(|identifier| object(identifier)))
}

/// The value of a subject alternative name.
pub fn names(names: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    sequence(names)
}

/// A DNS-ID.
pub fn dns(name: &str) -> Vec<u8> {
    element(0x82, name.as_bytes())
}

/// An address of mail.
pub fn email(address: &str) -> Vec<u8> {
    element(0x81, address.as_bytes())
}

/// A URI-ID.
pub fn uri(uri: &str) -> Vec<u8> {
    element(0x86, uri.as_bytes())
}

/// An address of IPv4, or with its mask.
pub fn ip(octets: &[u8]) -> Vec<u8> {
    element(0x87, octets)
}

/// Another kind of name, as a string.
pub fn other_name(identifier: &str, value: &str) -> Vec<u8> {
    let value = constructed(0xa0, [element(0x16, value.as_bytes())]);
    constructed(0xa0, [object(identifier), value])
}

/// A directory name with one common name.
pub fn directory(common_name: &str) -> Vec<u8> {
    let mut name = X509Name::builder().expect("a name");
    name.append_entry_by_nid_with_type(Nid::COMMONNAME, common_name, Asn1Type::UTF8STRING)
        .expect("a common name");
    let name: &X509NameRef = &name.build();
    constructed(0xa4, [name.to_der().expect("a name")])
}

/// The value of name constraints.
pub fn name_constraints(permitted: &[Vec<u8>], excluded: &[Vec<u8>]) -> Vec<u8> {
    let subtrees = |tag, names: &[Vec<u8>]| {
        let subtrees = names.iter().map(|name| sequence([name.clone()]));
        (!names.is_empty()).then(|| constructed(tag, subtrees))
    };
    let parts = [subtrees(0xa0, permitted), subtrees(0xa1, excluded)];
    sequence(parts.into_iter().flatten())
}
