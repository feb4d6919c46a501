//! TLSA records (RFC 6698): what was published, and whether it can be used.
//!
//! A [`Record`] is what stands in the DNS, sound or not. Whether it is *usable* (RFC 6698 §4.1) is decided once, in
//! [`Record::usability`]; a [`TlsaSet`] keeps both kinds, since even a set with no usable record demands TLS (RFC 7672 §2.2).

mod made;
mod matching;
mod set;

pub use made::MakeError;
pub(crate) use matching::Selected;
pub use matching::{sha256, sha512};
pub use set::{MAX_RECORDS, SetError, TlsaSet};
pub(crate) use set::{Published, sort};

use alloc::vec::Vec;
use core::fmt;

use crate::cert::{RawCertificate, is_subject_public_key_info};
use crate::octets::Octets;
use crate::policy::Digests;

/// Which certificate a record speaks of (RFC 6698 §2.1.1). Any number may be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "an open registry of one octet")]
pub struct Usage(
    /// The number in the registry of certificate usages.
    pub u8,
);

impl Usage {
    /// A certification authority, with the public PKI checked as well. Unusable for mail relays.
    pub const PKIX_TA: Self = Self(0);
    /// The server's certificate, with the public PKI checked as well. Unusable for mail relays.
    pub const PKIX_EE: Self = Self(1);
    /// The trust anchor of the server's chain.
    pub const DANE_TA: Self = Self(2);
    /// The server's certificate, and nothing else is checked.
    pub const DANE_EE: Self = Self(3);
}

/// Which part of a certificate a record speaks of (RFC 6698 §2.1.2). Any number may be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "an open registry of one octet")]
pub struct Selector(
    /// The number in the registry of selectors.
    pub u8,
);

impl Selector {
    /// The whole certificate.
    pub const CERT: Self = Self(0);
    /// The `SubjectPublicKeyInfo`.
    pub const SPKI: Self = Self(1);
}

/// How the selected part is written in a record (RFC 6698 §2.1.3). Any number may be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "an open registry of one octet")]
pub struct MatchingType(
    /// The number in the registry of matching types.
    pub u8,
);

impl MatchingType {
    /// The part itself.
    pub const FULL: Self = Self(0);
    /// Its SHA-256 digest.
    pub const SHA2_256: Self = Self(1);
    /// Its SHA-512 digest.
    pub const SHA2_512: Self = Self(2);
}

/// A TLSA record as it was published: any octets at all.
///
/// ```
/// use smtp_dane::Digests;
/// use smtp_dane::tlsa::{MatchingType, Record, Role, Selector, Usage};
///
/// let record = Record::new(Usage::DANE_EE, Selector::SPKI, MatchingType::SHA2_256, &[0xab; 32]);
/// assert!(record.to_string().starts_with("3 1 1 abab"));
/// assert_eq!(record.usability(Role::Relay, Digests::default()), Ok(()));
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Record {
    rdata: Octets,
}

impl Record {
    /// Makes a record of its four fields.
    #[must_use]
    pub fn new(usage: Usage, selector: Selector, matching: MatchingType, data: &[u8]) -> Self {
        let mut rdata = Vec::with_capacity(3 + data.len());
        rdata.extend_from_slice(&[usage.0, selector.0, matching.0]);
        rdata.extend_from_slice(data);
        Self::from_rdata(&rdata)
    }

    /// Takes the RDATA of a TLSA record (RFC 6698 §2.1). No octets are refused here: what makes no sense is unusable.
    #[must_use]
    pub fn from_rdata(rdata: &[u8]) -> Self {
        Self {
            rdata: Octets::from(rdata),
        }
    }

    /// The octets that were published.
    #[must_use]
    pub fn as_rdata(&self) -> &[u8] {
        &self.rdata
    }

    /// The four fields, or `None` if the record is too short to have them.
    #[must_use]
    pub fn fields(&self) -> Option<(Usage, Selector, MatchingType, &[u8])> {
        let (&[usage, selector, matching], data) = self.rdata.split_first_chunk::<3>()?;
        Some((
            Usage(usage),
            Selector(selector),
            MatchingType(matching),
            data,
        ))
    }

    /// Whether a client in this role, that believes `digests`, can use this record (RFC 6698 §4.1, RFC 7672 §3.1).
    ///
    /// # Errors
    /// Why it cannot. The other records of its set are not touched by that.
    pub fn usability(&self, role: Role, digests: Digests) -> Result<(), Unusable> {
        self.meaning(role, digests).map(drop)
    }

    /// Turns the record into its usable form, where every field has one of the meanings that we support.
    fn into_usable(self, role: Role, digests: Digests) -> Result<UsableRecord, (Self, Unusable)> {
        match self.meaning(role, digests) {
            Ok((usage, part, form)) => Ok(UsableRecord {
                record: self,
                usage,
                part,
                form,
            }),
            Err(reason) => Err((self, reason)),
        }
    }

    fn meaning(&self, role: Role, digests: Digests) -> Result<(UsableUsage, Part, Form), Unusable> {
        let (usage, selector, matching, data) = self.fields().ok_or(Unusable::TooShort)?;
        let usage = match (usage, role) {
            // RFC 7672 §3.1.3: PKIX-TA and PKIX-EE have no meaning between relays, which have no common authorities.
            (Usage::PKIX_TA | Usage::PKIX_EE, Role::Relay) => return Err(Unusable::PkixUsage),
            (Usage::PKIX_TA, Role::Submission) => UsableUsage::PkixTa,
            (Usage::PKIX_EE, Role::Submission) => UsableUsage::PkixEe,
            (Usage::DANE_TA, _) => UsableUsage::DaneTa,
            (Usage::DANE_EE, _) => UsableUsage::DaneEe,
            _ => return Err(Unusable::UnknownUsage),
        };
        let part = match selector {
            Selector::CERT => Part::Certificate,
            Selector::SPKI => Part::PublicKey,
            _ => return Err(Unusable::UnknownSelector),
        };
        let form = match matching {
            MatchingType::FULL => Form::Full,
            MatchingType::SHA2_256 => Form::Sha256,
            MatchingType::SHA2_512 => Form::Sha512,
            _ => return Err(Unusable::UnknownMatchingType),
        };
        if form != Form::Full && form.strength(digests).is_none() {
            return Err(Unusable::DisabledDigest);
        }
        if data.is_empty() {
            return Err(Unusable::NoData);
        }
        let sound = match (form, part) {
            (Form::Sha256, _) => data.len() == 32,
            (Form::Sha512, _) => data.len() == 64,
            (Form::Full, Part::Certificate) => RawCertificate::parse(data).is_ok(),
            (Form::Full, Part::PublicKey) => is_subject_public_key_info(data),
        };
        match (sound, form) {
            (true, _) => Ok((usage, part, form)),
            (false, Form::Full) => Err(Unusable::NotDer),
            (false, Form::Sha256 | Form::Sha512) => Err(Unusable::DigestLength),
        }
    }
}

impl fmt::Display for Record {
    /// The form of zone files (RFC 6698 §2.2) with hexadecimal in lower case and in one piece, or the form for unknown data
    /// (RFC 3597 §5) if the record is too short.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = if let Some((usage, selector, matching, data)) = self.fields() {
            write!(f, "{} {} {}", usage.0, selector.0, matching.0)?;
            data
        } else {
            write!(f, "\\# {}", self.rdata.len())?;
            &self.rdata
        };
        if !data.is_empty() {
            f.write_str(" ")?;
        }
        data.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

/// As the octets that were published.
#[cfg(feature = "serde")]
impl serde::Serialize for Record {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_rdata().serialize(serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Record {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rdata = Vec::deserialize(deserializer)?;
        Ok(Self::from_rdata(&rdata))
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({self})")
    }
}

/// A record of which every field has a supported meaning.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct UsableRecord {
    record: Record,
    usage: UsableUsage,
    part: Part,
    form: Form,
}

impl UsableRecord {
    pub(crate) const fn record(&self) -> &Record {
        &self.record
    }

    pub(crate) const fn usage(&self) -> UsableUsage {
        self.usage
    }

    /// The certificate that a `2 0 0` record holds.
    pub(crate) fn anchor_certificate(&self) -> Option<&[u8]> {
        let holds = (self.usage, self.part, self.form)
            == (UsableUsage::DaneTa, Part::Certificate, Form::Full);
        holds.then(|| self.data())
    }

    /// The key that a `2 1 0` record holds.
    pub(crate) fn anchor_key(&self) -> Option<&[u8]> {
        let holds = (self.usage, self.part, self.form)
            == (UsableUsage::DaneTa, Part::PublicKey, Form::Full);
        holds.then(|| self.data())
    }

    /// Whether the certificate must be understood, and not only compared as a whole.
    pub(crate) fn reads_certificate(&self) -> bool {
        (self.usage, self.part) != (UsableUsage::DaneEe, Part::Certificate)
    }

    /// Whether a bare key can match: the record is `3 1 x` (RFC 7671 §5.1).
    pub(crate) fn fits_bare_key(&self) -> bool {
        (self.usage, self.part) == (UsableUsage::DaneEe, Part::PublicKey)
    }

    /// The certificate association data; never empty.
    fn data(&self) -> &[u8] {
        self.record.rdata.get(3..).unwrap_or_default()
    }
}

/// Who uses a record. The usages 0 and 1 mean something to the one and nothing to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "RFC 7672 §3.1.3 tells just these two apart"
)]
pub enum Role {
    /// A mail server that sends to another one: RFC 7672.
    Relay,
    /// A client that hands in mail: RFC 6698 with all four usages, and public authorities of its own.
    Submission,
}

/// The usages that are supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum UsableUsage {
    PkixTa,
    PkixEe,
    DaneTa,
    DaneEe,
}

/// The part of a certificate that a record selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Part {
    Certificate,
    PublicKey,
}

/// The form in which a record holds the selected part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Form {
    Full,
    Sha256,
    Sha512,
}

impl Form {
    /// The rank of a digest that the site believes; none for other digests, and for the part itself, which is no digest.
    const fn strength(self, digests: Digests) -> Option<u8> {
        match (self, digests) {
            (Self::Full, _) | (Self::Sha256, Digests::Sha512) | (Self::Sha512, Digests::Sha256) => {
                None
            }
            (Self::Sha512, Digests::Sha512OverSha256)
            | (Self::Sha256, Digests::Sha256OverSha512) => Some(2),
            (Self::Sha256 | Self::Sha512, _) => Some(1),
        }
    }
}

/// Why a record cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unusable {
    /// Fewer than three octets.
    TooShort,
    /// Usage 0 or 1, which have no meaning between mail relays.
    PkixUsage,
    /// A usage that is not defined.
    UnknownUsage,
    /// A selector that is not defined.
    UnknownSelector,
    /// A matching type that is not supported.
    UnknownMatchingType,
    /// No association data.
    NoData,
    /// The association data is not as long as the digest.
    DigestLength,
    /// The association data of matching type 0 is no certificate or no public key.
    NotDer,
    /// The site's policy does not believe the digest.
    DisabledDigest,
    /// A stronger digest stands beside it for the same usage and selector, and that one alone counts.
    WeakerDigest,
}

impl Unusable {
    /// The place in the standards that makes the record unusable.
    #[must_use]
    pub const fn cite(self) -> &'static str {
        match self {
            Self::TooShort | Self::NoData => "RFC 6698 §2.1",
            Self::PkixUsage => "RFC 7672 §3.1.3",
            Self::UnknownUsage
            | Self::UnknownSelector
            | Self::UnknownMatchingType
            | Self::DigestLength
            | Self::DisabledDigest
            | Self::NotDer => "RFC 6698 §4.1",
            Self::WeakerDigest => "RFC 7671 §9",
        }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooShort => "the record is too short to have its three fields",
            Self::PkixUsage => "usages 0 and 1 are not for mail relays",
            Self::UnknownUsage => "the usage is unknown",
            Self::UnknownSelector => "the selector is unknown",
            Self::UnknownMatchingType => "the matching type is not supported",
            Self::NoData => "the record has no association data",
            Self::DigestLength => "the data is not as long as the digest",
            Self::NotDer => "the data is no whole certificate or public key",
            Self::DisabledDigest => "local policy does not believe this digest",
            Self::WeakerDigest => "a record with a stronger digest takes its place",
        })
    }
}

impl core::error::Error for Unusable {}
