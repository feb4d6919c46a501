//! Servers: the certificates there are, and those that are sent.
//!
//! | module | sites |
//! |---|---|
//! | `damage` | chains of one to four certificates, sound or with one thing wrong |
//! | `paths` | several ways up, or strange ones; too many certificates |
//! | `restrictions` | purposes, key usages, versions, dates to the second, algorithms |
//! | `constraints` | name constraints |
//! | `names` | names in the server's certificate |

mod constraints;
mod damage;
mod names;
mod paths;
mod restrictions;

use std::sync::OnceLock;

use openssl::error::ErrorStack;
use openssl::nid::Nid;

use crate::BASE;
use crate::authority::{Key, Spec, ec_key, rsa_key};

pub use damage::damaged;
pub use {constraints::constrained, names::named, paths::odd_paths, restrictions::restricted};

/// A server.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its name in the list of cases.
    pub name: String,
    /// The certificates that records may name, the server's own first.
    pub path: Vec<Vec<u8>>,
    /// The certificates that the server sends.
    pub sent: Vec<Vec<u8>>,
    /// The key of the first certificate that is sent.
    pub key: Key,
    /// The reference identifiers that the client looks for; the first is the TLSA base domain.
    pub references: Vec<String>,
}

impl Site {
    /// A server that sends the whole path, from `specs` of which each is issued by the next, and the last by itself.
    pub fn new(name: impl Into<String>, specs: &[Spec]) -> Result<Self, ErrorStack> {
        let path = issue(specs)?;
        Ok(Self {
            name: name.into(),
            sent: path.clone(),
            path,
            key: specs[0].key.clone(),
            references: vec![String::from(BASE)],
        })
    }
}

/// Certificates of which each is issued by the next, and the last by itself.
pub fn issue(specs: &[Spec]) -> Result<Vec<Vec<u8>>, ErrorStack> {
    let issuers = specs.iter().skip(1).chain(specs.last());
    let pairs = specs.iter().zip(issuers);
    pairs.map(|(spec, issuer)| spec.issued_by(issuer)).collect()
}

/// A sound path: a server, authorities, and a root.
pub fn sound(kind: Kind, length: usize) -> Result<Vec<Spec>, ErrorStack> {
    let mut specs = vec![Spec::leaf(key(kind, 0)?)];
    for depth in 1..length {
        let name = format!("authority {depth} of {}", length - 1);
        specs.push(Spec::authority(&name, key(kind, depth)?));
    }
    Ok(specs)
}

/// The sort of keys of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// ECDSA on P-256.
    P256,
    /// RSA with 2048 bits.
    Rsa,
}

/// One of a few keys, which all sites share since RSA keys take their time. Number 0 is that of servers.
pub fn key(kind: Kind, number: usize) -> Result<Key, ErrorStack> {
    static P256: [OnceLock<Key>; 24] = [const { OnceLock::new() }; 24];
    static RSA: [OnceLock<Key>; 24] = [const { OnceLock::new() }; 24];
    let slot = match kind {
        Kind::P256 => &P256[number],
        Kind::Rsa => &RSA[number],
    };
    if let Some(key) = slot.get() {
        return Ok(key.clone());
    }
    let key = match kind {
        Kind::P256 => ec_key(Nid::X9_62_PRIME256V1)?,
        Kind::Rsa => rsa_key(2048)?,
    };
    Ok(slot.get_or_init(|| key).clone())
}

/// The first key that belongs to nobody in a path.
pub const STRANGER: usize = 10;

/// A key on P-256: numbers below [`STRANGER`] are for paths.
pub fn p256(number: usize) -> Result<Key, ErrorStack> {
    key(Kind::P256, number)
}
