//! The certificates of `tests/data` that structured inputs are made of.

use std::time::Duration;

use pki_types::UnixTime;
use smtp_dane::cert::RawCertificate;
use smtp_dane::tlsa::{MatchingType, Record, Selector, Usage, sha256, sha512};

/// A certificate with the name-and-key that it is for, and the one that issued it.
pub(crate) struct Fixture {
    pub(crate) der: &'static [u8],
    pub(crate) subject: &'static str,
    pub(crate) issuer: &'static str,
}

macro_rules! fixture {
    ($file:literal, $subject:literal, $issuer:literal) => {
        Fixture {
            der: include_bytes!(concat!("../../tests/data/", $file, ".der")),
            subject: $subject,
            issuer: $issuer,
        }
    };
}

/// The first eight form two sound chains, see [`CHAINS`]; the others are odd.
pub(crate) const FIXTURES: [Fixture; 17] = [
    fixture!("rsa-server", "rsa-server", "rsa-issuer"),
    fixture!("rsa-issuer", "rsa-issuer", "rsa-root"),
    fixture!("rsa-root", "rsa-root", "rsa-root"),
    fixture!("p256-server", "p256-server", "rsa-sub"),
    fixture!("rsa-sub", "rsa-sub", "ed25519-issuer"),
    fixture!("ed25519-issuer", "ed25519-issuer", "p384-root"),
    fixture!("p384-root", "p384-root", "p384-root"),
    fixture!("rsa-root-cross", "rsa-root", "p384-root"),
    fixture!("pss-server", "pss-server", "rsa-root"),
    fixture!("sha1-server", "sha1-server", "rsa-root"),
    fixture!("v1-server", "v1-server", "rsa-root"),
    fixture!("v1-root", "v1-root", "v1-root"),
    fixture!("v1-root-server", "v1-root-server", "v1-root"),
    fixture!("v1-issuer", "v1-issuer", "rsa-root"),
    fixture!("v1-issuer-server", "v1-issuer-server", "v1-issuer"),
    fixture!("p521-root", "p521-root", "p521-root"),
    fixture!("p521-server", "p521-server", "p521-root"),
];

/// Chains that are sound in each respect, by their places in [`FIXTURES`].
pub(crate) const CHAINS: [&[usize]; 2] = [&[0, 1, 2], &[3, 4, 5, 6]];

/// A time at which all of them are valid: the first of January 2026.
pub(crate) const NOW: UnixTime = UnixTime::since_unix_epoch(Duration::from_secs(1_767_225_600));

/// A time at which none is: 2060.
pub(crate) const MUCH_LATER: UnixTime =
    UnixTime::since_unix_epoch(Duration::from_secs(2_840_140_800));

/// The record that names a certificate; of one without a key, if the selector wants that, it names the whole.
pub(crate) fn record(usage: u8, selector: u8, matching: u8, certificate: &[u8]) -> Record {
    let key = RawCertificate::parse(certificate).map(|parsed| parsed.subject_public_key_info());
    let part = match selector {
        1 => key.unwrap_or(certificate),
        _ => certificate,
    };
    Record::new(
        Usage(usage),
        Selector(selector),
        MatchingType(matching),
        &match matching {
            1 => sha256(part).to_vec(),
            2 => sha512(part).to_vec(),
            _ => part.to_vec(),
        },
    )
}

/// Whether the association data of a record is that of a certificate, of which the key is `key`.
pub(crate) fn names(record: &Record, certificate: &[u8], key: Option<&[u8]>) -> bool {
    let Some((_, selector, matching, data)) = record.fields() else {
        return false;
    };
    let part = match selector {
        Selector::CERT => Some(certificate),
        Selector::SPKI => key,
        _ => None,
    };
    part.is_some_and(|part| match matching {
        MatchingType::FULL => part == data,
        MatchingType::SHA2_256 => sha256(part) == *data,
        MatchingType::SHA2_512 => sha512(part) == *data,
        _ => false,
    })
}
