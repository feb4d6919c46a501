//! [`Peer`]: what a server showed in one TLS session, to be held against what it showed before.
//!
//! **Nothing in this crate decides by it.** Servers change keys and certificates as they like, and an attacker who stands
//! between can be there from the first session on, so a change proves nothing and neither does its absence. It is for the
//! log: a host without DANE that shows another key each day is worth a look, and so is one that fell back to an older TLS.
//!
//! The caller keeps the records, by the name of the host, say, and throws them away when it likes.

use alloc::vec::Vec;
use core::fmt;

use pki_types::{CertificateDer, SubjectPublicKeyInfoDer};

use crate::cert::RawCertificate;
use crate::tlsa::sha256;

/// What a server showed in one TLS session, whether it was authenticated or not.
///
/// ```
/// use pki_types::SubjectPublicKeyInfoDer;
/// use smtp_dane::report::continuity::{Continuity, Part, Peer, Protocol};
///
/// // TLS 1.3 and TLS_AES_128_GCM_SHA256.
/// let protocol = Protocol { version: 0x0304, cipher_suite: 0x1301 };
/// let [before, now] = [[1; 44], [2; 44]]
///     .map(|key| Peer::of_raw_public_key(&SubjectPublicKeyInfoDer::from(&key[..]), protocol));
/// assert_eq!(before.compare(None), Continuity::First);
/// assert_eq!(now.compare(Some(&now)), Continuity::Same);
/// assert_eq!(now.compare(Some(&before)), Continuity::Changed(vec![Part::PublicKey]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub struct Peer {
    certificate: Option<[u8; 32]>,
    public_key: Option<[u8; 32]>,
    protocol: Protocol,
}

impl Peer {
    /// Of the server's own certificate, just as it came. A certificate that cannot be read is recorded as a whole, without
    /// its key.
    #[must_use]
    pub fn of_certificate(certificate: &CertificateDer<'_>, protocol: Protocol) -> Self {
        let parsed = RawCertificate::parse(certificate).ok();
        Self {
            certificate: Some(sha256(certificate)),
            public_key: parsed.map(|parsed| sha256(parsed.subject_public_key_info())),
            protocol,
        }
    }

    /// Of a raw public key (RFC 7250), its `SubjectPublicKeyInfo` just as it came. It compares with the key of a
    /// certificate.
    #[must_use]
    pub fn of_raw_public_key(key: &SubjectPublicKeyInfoDer<'_>, protocol: Protocol) -> Self {
        Self {
            certificate: None,
            public_key: Some(sha256(key)),
            protocol,
        }
    }

    /// The SHA-256 digest of the certificate, the association data of a `3 0 1` record; `None` for a raw public key.
    #[must_use]
    pub const fn certificate(&self) -> Option<&[u8; 32]> {
        self.certificate.as_ref()
    }

    /// The SHA-256 digest of the `SubjectPublicKeyInfo`, the association data of a `3 1 1` record; `None` if the certificate
    /// cannot be read.
    #[must_use]
    pub const fn public_key(&self) -> Option<&[u8; 32]> {
        self.public_key.as_ref()
    }

    /// What was negotiated.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Holds this session against the one before it. For the log alone: see the [module](self).
    #[must_use]
    pub fn compare(&self, previous: Option<&Self>) -> Continuity {
        let Some(previous) = previous else {
            return Continuity::First;
        };
        let (now, before) = (self.protocol, previous.protocol);
        let changes = [
            (Part::Certificate, self.certificate != previous.certificate),
            (Part::PublicKey, self.public_key != previous.public_key),
            (Part::TlsVersion, now.version != before.version),
            (Part::CipherSuite, now.cipher_suite != before.cipher_suite),
        ];
        let changed = changes.into_iter().filter(|(_, differs)| *differs);
        let parts: Vec<Part> = changed.map(|(part, _)| part).collect();
        if parts.is_empty() {
            Continuity::Same
        } else {
            Continuity::Changed(parts)
        }
    }
}

/// What client and server negotiated, by the numbers of the TLS registries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[expect(clippy::exhaustive_structs, reason = "the caller makes it")]
pub struct Protocol {
    /// The version: `0x0303` is TLS 1.2, `0x0304` is TLS 1.3 (RFC 8446 §4.2.1).
    pub version: u16,
    /// The cipher suite: `0x1301` is `TLS_AES_128_GCM_SHA256` (RFC 8446 §B.4).
    pub cipher_suite: u16,
}

/// How a session stands to the one before it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[expect(clippy::exhaustive_enums, reason = "a log must word each of them")]
pub enum Continuity {
    /// There is none before it.
    First,
    /// The server showed the same.
    Same,
    /// These parts are others, at least one, each once and in the order of [`Part`].
    Changed(Vec<Part>),
}

impl fmt::Display for Continuity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.write_str("the server is new"),
            Self::Same => f.write_str("the server showed the same as before"),
            Self::Changed(parts) => {
                f.write_str("the server showed another ")?;
                for (place, part) in parts.iter().enumerate() {
                    if place > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{part}")?;
                }
                Ok(())
            }
        }
    }
}

/// A part of what a server shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum Part {
    /// The certificate as a whole; or there was one and is none, or the reverse (RFC 7250).
    Certificate,
    /// The public key.
    PublicKey,
    /// The version of TLS.
    TlsVersion,
    /// The cipher suite.
    CipherSuite,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Certificate => "certificate",
            Self::PublicKey => "public key",
            Self::TlsVersion => "TLS version",
            Self::CipherSuite => "cipher suite",
        })
    }
}
