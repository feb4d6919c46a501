//! Certificates written octet by octet.

use pki_types::alg_id::{ECDSA_P256, ECDSA_SHA256};
use pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;

/// Kinds of string that a common name is written in: UTF-8, printable, Teletex, IA5, universal, BMP, numeric.
pub(super) const STRINGS: [u8; 7] = [UTF8_STRING, 0x13, 0x14, 0x16, 0x1c, 0x1e, 0x12];

/// Those that hold ASCII letter by letter, and are used for names.
pub(super) const READABLE: [u8; 4] = [UTF8_STRING, 0x13, 0x14, 0x16];

const COMMON_NAME: [u8; 3] = [0x55, 4, 3];
const ORGANIZATION: [u8; 3] = [0x55, 4, 10];
const SUBJECT_ALT_NAME: [u8; 3] = [0x55, 29, 17];
const BASIC_CONSTRAINTS: [u8; 3] = [0x55, 29, 19];
/// `id-on-dnsSRV` (RFC 4985).
const SRV_NAME: [u8; 8] = [0x2b, 6, 1, 5, 5, 7, 8, 7];
/// `id-on-SmtpUTF8Mailbox` (RFC 8398), which says nothing of a server.
const MAILBOX: [u8; 8] = [0x2b, 6, 1, 5, 5, 7, 8, 9];

/// A server's certificate, by its names.
#[derive(Debug, Default)]
pub(super) struct Certificate {
    pub(super) dns_ids: Vec<Vec<u8>>,
    pub(super) other_names: Vec<(OtherName, Vec<u8>)>,
    pub(super) common_names: Vec<CommonName>,
}

/// A common name in the subject.
#[derive(Debug)]
pub(super) struct CommonName {
    pub(super) tag: u8,
    pub(super) text: Vec<u8>,
}

/// An alternative name that is no DNS-ID.
#[derive(Clone, Copy, Debug)]
pub(super) enum OtherName {
    Mail,
    Uri,
    Address,
    Srv,
    Mailbox,
}

impl OtherName {
    pub(super) const ALL: [Self; 5] = [
        Self::Mail,
        Self::Uri,
        Self::Address,
        Self::Srv,
        Self::Mailbox,
    ];

    /// Whether it is one of the identifiers that keep the common name from counting.
    pub(super) const fn is_identifier(self) -> bool {
        matches!(self, Self::Uri | Self::Srv)
    }

    fn encode(self, text: &[u8]) -> Vec<u8> {
        let named = |identifier: &[u8]| {
            let value = element(0xa0, &element(0x16, text));
            element(0xa0, &[element(OID, identifier), value].concat())
        };
        match self {
            Self::Mail => element(0x81, text),
            Self::Uri => element(0x86, text),
            Self::Address => element(0x87, &[192, 0, 2, 1]),
            Self::Srv => named(&SRV_NAME),
            Self::Mailbox => named(&MAILBOX),
        }
    }
}

impl Certificate {
    /// The certificate, issued by [`anchor`].
    pub(super) fn encode(&self) -> Vec<u8> {
        let subject = self.common_names.iter();
        let subject: Vec<_> = subject
            .map(|name| attribute(&COMMON_NAME, name.tag, &name.text))
            .collect();
        let dns_ids = self.dns_ids.iter().map(|name| element(0x82, name));
        let others = self.other_names.iter();
        let others = others.map(|(kind, text)| kind.encode(text));
        let names: Vec<_> = dns_ids.chain(others).collect();
        let extensions = match names.as_slice() {
            [] => Vec::new(),
            names => extension(&SUBJECT_ALT_NAME, &element(SEQUENCE, &names.concat())),
        };
        certificate(&element(SEQUENCE, &subject.concat()), &extensions)
    }
}

/// The authority, the same each time.
pub(super) fn anchor() -> Vec<u8> {
    let is_authority = element(SEQUENCE, &element(0x01, &[0xff]));
    certificate(&authority(), &extension(&BASIC_CONSTRAINTS, &is_authority))
}

fn authority() -> Vec<u8> {
    element(
        SEQUENCE,
        &attribute(&ORGANIZATION, UTF8_STRING, b"authority"),
    )
}

fn attribute(identifier: &[u8], tag: u8, text: &[u8]) -> Vec<u8> {
    let pair = [element(OID, identifier), element(tag, text)].concat();
    element(SET, &element(SEQUENCE, &pair))
}

fn extension(identifier: &[u8], value: &[u8]) -> Vec<u8> {
    let pair = [element(OID, identifier), element(OCTETS, value)].concat();
    element(SEQUENCE, &pair)
}

fn certificate(subject: &[u8], extensions: &[u8]) -> Vec<u8> {
    let signed_with = element(SEQUENCE, &ECDSA_SHA256);
    let key_kind = element(SEQUENCE, &ECDSA_P256);
    let bits = |content: &[u8]| element(0x03, &[&[0], content].concat());
    let date = |text: &[u8]| element(0x17, text);
    let validity = [date(b"250101000000Z"), date(b"491231235959Z")].concat();
    let mut parts = vec![
        element(0xa0, &element(0x02, &[2])),
        element(0x02, &[1]),
        signed_with.clone(),
        authority(),
        element(SEQUENCE, &validity),
        subject.to_vec(),
        element(SEQUENCE, &[key_kind, bits(&[4; 65])].concat()),
    ];
    if !extensions.is_empty() {
        parts.push(element(0xa3, &element(SEQUENCE, extensions)));
    }
    let signed = element(SEQUENCE, &parts.concat());
    element(SEQUENCE, &[signed, signed_with, bits(&[1; 8])].concat())
}

/// One element of DER.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut octets = vec![tag];
    match u16::try_from(content.len())
        .expect("a short element")
        .to_be_bytes()
    {
        [0, short @ ..0x80] => octets.push(short),
        [0, low] => octets.extend([0x81, low]),
        [high, low] => octets.extend([0x82, high, low]),
    }
    octets.extend(content);
    octets
}

/// ECDSA that takes any signature.
#[derive(Debug)]
pub(super) struct AnySignature;

impl SignatureVerificationAlgorithm for AnySignature {
    fn verify_signature(&self, _: &[u8], _: &[u8], _: &[u8]) -> Result<(), InvalidSignature> {
        Ok(())
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        ECDSA_P256
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        ECDSA_SHA256
    }
}
