//! TLSA records and the labels by which cases name them: `2.1.1@2` is usage 2, selector 1, matching type 1 of the
//! certificate two above the server's own.

use openssl::sha::{sha256, sha512};
use smtp_dane::cert::RawCertificate;

use crate::sites::{STRANGER, p256};

/// A record and its label.
#[derive(Clone, Debug)]
pub struct Tlsa {
    /// How a case calls it.
    pub label: String,
    /// What is published.
    pub rdata: Vec<u8>,
}

impl Tlsa {
    /// The record for the certificate at `depth` of `path`.
    pub fn new(usage: u8, selector: u8, matching: u8, path: &[Vec<u8>], depth: usize) -> Self {
        let data = data(selector, matching, &path[depth]);
        Self {
            label: format!("{usage}.{selector}.{matching}@{depth}"),
            rdata: [&[usage, selector, matching], data.as_slice()].concat(),
        }
    }

    /// The same with data that matches nothing: the last octet is another one, or the whole key is.
    pub fn wrong(usage: u8, selector: u8, matching: u8, path: &[Vec<u8>], depth: usize) -> Self {
        let mut record = Self::new(usage, selector, matching, path, depth);
        record.label.push('!');
        match (selector, matching) {
            // So that it stays a point of its curve.
            (1, 0) => {
                let stranger = p256(STRANGER).expect("a key");
                let key = stranger.public_key_to_der().expect("a public key");
                record.rdata.splice(3.., key);
            }
            _ => *record.rdata.last_mut().expect("data") ^= 1,
        }
        record
    }

    /// Any octets.
    pub fn raw(label: &str, fields: [u8; 3], data: &[u8]) -> Self {
        Self {
            label: label.to_owned(),
            rdata: [&fields, data].concat(),
        }
    }
}

fn data(selector: u8, matching: u8, certificate: &[u8]) -> Vec<u8> {
    let part = match selector {
        0 => certificate,
        _ => RawCertificate::parse(certificate)
            .expect("a certificate")
            .subject_public_key_info(),
    };
    match matching {
        0 => part.to_vec(),
        1 => sha256(part).to_vec(),
        _ => sha512(part).to_vec(),
    }
}
