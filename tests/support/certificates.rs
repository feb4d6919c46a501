//! Certificates made for a test, and the TLSA records that name them.

use std::sync::OnceLock;

use rcgen::{CertificateParams, KeyPair};
use smtp_dane::cert::RawCertificate;
use smtp_dane::tlsa::{sha256, sha512};

/// A self-signed certificate for `mx.example.com`, the same in every test.
pub fn leaf() -> &'static [u8] {
    static LEAF: OnceLock<Vec<u8>> = OnceLock::new();
    LEAF.get_or_init(|| make("mx.example.com"))
}

/// Another one, that no record of [`leaf`] matches.
pub fn other_leaf() -> &'static [u8] {
    static OTHER: OnceLock<Vec<u8>> = OnceLock::new();
    OTHER.get_or_init(|| make("mx.example.net"))
}

fn make(host: &str) -> Vec<u8> {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([host.to_owned()]).unwrap();
    params.self_signed(&key).unwrap().der().to_vec()
}

pub fn spki(certificate: &[u8]) -> &[u8] {
    RawCertificate::parse(certificate)
        .unwrap()
        .subject_public_key_info()
}

/// `"3 1 1 <hex>"` and the like for a certificate: usage, selector, matching type.
pub fn tlsa_text(usage: u8, selector: u8, matching: u8, certificate: &[u8]) -> String {
    let part = if selector == 0 {
        certificate
    } else {
        spki(certificate)
    };
    let data = match matching {
        0 => part.to_vec(),
        1 => sha256(part).to_vec(),
        2 => sha512(part).to_vec(),
        other => panic!("no matching type {other}"),
    };
    let hex: String = data.iter().map(|octet| format!("{octet:02x}")).collect();
    format!("{usage} {selector} {matching} {hex}")
}
