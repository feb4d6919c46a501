//! A certificate written octet by octet, for what no library would make.

pub const INTEGER: u8 = 0x02;
pub const BIT_STRING: u8 = 0x03;
pub const OID: u8 = 0x06;
pub const UTC_TIME: u8 = 0x17;
pub const SEQUENCE: u8 = 0x30;
/// `[0]`, around the version of a certificate.
pub const VERSION: u8 = 0xa0;

/// Tag, shortest possible length, value (X.690 §10.1).
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length = &length[length.iter().take_while(|octet| **octet == 0).count()..];
    let mut octets = vec![tag];
    match length {
        [] => octets.push(0),
        [short @ 0..=0x7f] => octets.push(*short),
        long => {
            octets.push(0x80 | u8::try_from(long.len()).unwrap());
            octets.extend(long);
        }
    }
    octets.extend(content);
    octets
}

pub fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(SEQUENCE, &parts.concat())
}

/// The fields of a `TBSCertificate` that a test may want to be odd (RFC 5280 §4.1).
pub struct Fields {
    /// What stands before the serial number; nothing makes it X.509 v1.
    pub version: Vec<u8>,
    pub serial: Vec<u8>,
    pub key: Vec<u8>,
    /// What stands behind the key.
    pub after_key: Vec<u8>,
}

impl Fields {
    /// A certificate of version 1 with a given `SubjectPublicKeyInfo`.
    pub fn v1(key: &[u8]) -> Self {
        Self {
            version: Vec::new(),
            serial: vec![1],
            key: key.to_vec(),
            after_key: Vec::new(),
        }
    }

    /// The certificate, with a signature that nobody made.
    pub fn to_certificate(&self) -> Vec<u8> {
        // ecdsa-with-SHA256
        let algorithm = sequence(&[tlv(OID, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2])]);
        let time = |text: &str| tlv(UTC_TIME, text.as_bytes());
        let fields = sequence(&[
            self.version.clone(),
            tlv(INTEGER, &self.serial),
            algorithm.clone(),
            sequence(&[]),
            sequence(&[time("250101000000Z"), time("350101000000Z")]),
            sequence(&[]),
            self.key.clone(),
            self.after_key.clone(),
        ]);
        sequence(&[fields, algorithm, tlv(BIT_STRING, &[0; 9])])
    }
}

/// The elements in the content of one, each with its tag and length.
pub fn parts(element: &[u8]) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    let mut rest = &element[header(element)..];
    while !rest.is_empty() {
        let (part, after) = rest.split_at(whole(rest));
        parts.push(part.to_vec());
        rest = after;
    }
    parts
}

/// How many octets the tag and the length of the first element have.
fn header(octets: &[u8]) -> usize {
    match octets[1] {
        0..=0x7f => 2,
        long => 2 + usize::from(long & 0x7f),
    }
}

/// How many octets the first element has.
fn whole(octets: &[u8]) -> usize {
    let header = header(octets);
    let length = match &octets[1..header] {
        [short] => usize::from(*short),
        [_, digits @ ..] => digits
            .iter()
            .fold(0, |length, digit| length << 8 | usize::from(*digit)),
        [] => panic!("no length"),
    };
    header + length
}
