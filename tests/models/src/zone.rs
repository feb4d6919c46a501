//! The DNS of a world: what is signed, what is not, and which lies can be told where nothing is signed.

use std::collections::BTreeMap;
use std::net::IpAddr;

use smtp_dane::dns::{Mx, RecordData};
use smtp_dane::tlsa::{MatchingType, Record, Selector, Usage, sha256, sha512};
use smtp_dane::{Digests, Name};

use crate::server::Certificate;

/// What stands at one name.
#[derive(Clone, Debug)]
pub enum Node {
    /// Answers are secure, so the adversary can but hold them back. Several aliases: the zone changes while it is asked.
    Signed {
        aliases: Vec<Name>,
        records: Vec<RecordData>,
    },
    /// The name securely does not exist.
    Absent,
    /// Answers are insecure, and say whatever the adversary likes, out of the lies of the zone.
    Unsigned,
}

/// All that the resolver can answer. Names that are not listed are unsigned.
#[derive(Clone, Debug, Default)]
pub struct Zone {
    nodes: BTreeMap<Name, Node>,
    /// What the signed hosts published.
    published: BTreeMap<Name, Tlsa>,
    /// Targets of forged aliases.
    pub forged_aliases: Vec<Name>,
    pub forged_addresses: Vec<IpAddr>,
    pub forged_exchanges: Vec<Vec<Mx>>,
    /// Whether replies with one alias alone are given as well as those with the whole chain.
    pub one_by_one: bool,
    /// Whether unsigned names deny records in both ways.
    pub forged_denials: bool,
}

impl Zone {
    pub fn signed(mut self, owner: &Name, records: Vec<RecordData>) -> Self {
        let aliases = Vec::new();
        self.nodes
            .insert(owner.clone(), Node::Signed { aliases, records });
        self
    }

    pub fn alias(mut self, owner: &Name, targets: &[&Name]) -> Self {
        let aliases = targets.iter().map(|name| (*name).clone()).collect();
        let records = Vec::new();
        self.nodes
            .insert(owner.clone(), Node::Signed { aliases, records });
        self
    }

    pub fn absent(mut self, owner: &Name) -> Self {
        self.nodes.insert(owner.clone(), Node::Absent);
        self
    }

    /// Publishes TLSA records for port 25 of `host`.
    pub fn tlsa(mut self, host: &Name, tlsa: Tlsa) -> Self {
        let owner = tlsa_owner(host);
        self.published.insert(host.clone(), tlsa);
        match tlsa {
            Tlsa::Delegated => {
                self.nodes.insert(owner, Node::Unsigned);
                self
            }
            Tlsa::AliasSigned => {
                let target = name("tlsa.example.net");
                self.alias(&owner, &[&target])
                    .signed(&target, Tlsa::Right.records())
            }
            Tlsa::AliasUnsigned => self.alias(&owner, &[&name("tlsa.unsigned.example")]),
            _ => self.signed(&owner, tlsa.records()),
        }
    }

    pub fn published_at(&self, host: &Name, digests: Digests) -> Published {
        let tlsa = self.published.get(host);
        tlsa.map_or(Published::Nothing, |tlsa| tlsa.published(digests))
    }

    pub fn node(&self, owner: &Name) -> &Node {
        self.nodes.get(owner).unwrap_or(&Node::Unsigned)
    }
}

/// What is published at `_25._tcp` below a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tlsa {
    /// A secure denial.
    Nothing,
    /// `3 1 1` of the right certificate.
    Right,
    /// `3 0 1` of the right certificate, which no raw public key can match.
    Whole,
    /// `3 1 1` of the other certificate.
    Other,
    /// Nothing usable, though one of the records would match the right certificate if its usage counted.
    Unusable,
    /// The same, and `3 1 1` of the right certificate.
    Mixed,
    /// SHA2-256 of the right certificate and SHA2-512 of the other one: the stronger digest alone counts (RFC 7671 §9).
    Agile,
    /// More than 64 records: such a set is not used at all.
    Overfull,
    /// The name is in an unsigned zone.
    Delegated,
    /// An alias of a name that has [`Tlsa::Right`].
    AliasSigned,
    /// An alias of a name in an unsigned zone.
    AliasUnsigned,
}

/// What a host has published, for all that the zone says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Published {
    Nothing,
    Unusable,
    Usable(Vec<Certificate>),
    Overfull,
}

impl Tlsa {
    pub const ALL: [Self; 11] = [
        Self::Nothing,
        Self::Right,
        Self::Whole,
        Self::Other,
        Self::Unusable,
        Self::Mixed,
        Self::Agile,
        Self::Overfull,
        Self::Delegated,
        Self::AliasSigned,
        Self::AliasUnsigned,
    ];

    fn records(self) -> Vec<RecordData> {
        let sha2_256 = |usage, certificate: Certificate| {
            let digest = sha256(certificate.public_key());
            Record::new(usage, Selector::SPKI, MatchingType::SHA2_256, &digest)
        };
        let right = sha2_256(Usage::DANE_EE, Certificate::Right);
        let unusable = || {
            let digest = sha256(Certificate::Right.public_key());
            vec![
                sha2_256(Usage::PKIX_EE, Certificate::Right),
                Record::new(Usage(9), Selector::SPKI, MatchingType::SHA2_256, &digest),
                Record::new(
                    Usage::DANE_EE,
                    Selector::SPKI,
                    MatchingType::SHA2_256,
                    &digest[..31],
                ),
            ]
        };
        let records = match self {
            Self::Nothing | Self::Delegated | Self::AliasSigned | Self::AliasUnsigned => Vec::new(),
            Self::Right => vec![right],
            Self::Whole => {
                let digest = sha256(Certificate::Right.der());
                let matching = MatchingType::SHA2_256;
                vec![Record::new(
                    Usage::DANE_EE,
                    Selector::CERT,
                    matching,
                    &digest,
                )]
            }
            Self::Other => vec![sha2_256(Usage::DANE_EE, Certificate::Other)],
            Self::Unusable => unusable(),
            Self::Mixed => unusable().into_iter().chain([right]).collect(),
            Self::Agile => {
                let digest = sha512(Certificate::Other.public_key());
                let matching = MatchingType::SHA2_512;
                let other = Record::new(Usage::DANE_EE, Selector::SPKI, matching, &digest);
                vec![right, other]
            }
            Self::Overfull => (0..=64)
                .map(|number| {
                    let matching = MatchingType::SHA2_256;
                    Record::new(Usage::DANE_EE, Selector::SPKI, matching, &[number; 32])
                })
                .collect(),
        };
        records.into_iter().map(RecordData::Tlsa).collect()
    }

    /// What it amounts to for a site that believes these digests.
    pub fn published(self, digests: Digests) -> Published {
        let right = || Published::Usable(vec![Certificate::Right]);
        match (self, digests) {
            (Self::Nothing | Self::Delegated | Self::AliasUnsigned, _) => Published::Nothing,
            (Self::Overfull, _) => Published::Overfull,
            // All records here but one are by SHA2-256.
            (Self::Agile, Digests::Sha256 | Digests::Sha256OverSha512) => right(),
            (Self::Agile, _) => Published::Usable(vec![Certificate::Other]),
            (Self::Unusable, _) | (_, Digests::Sha512) => Published::Unusable,
            (Self::Right | Self::Whole | Self::Mixed | Self::AliasSigned, _) => right(),
            (Self::Other, _) => Published::Usable(vec![Certificate::Other]),
        }
    }

    /// Records that the adversary puts where nothing is signed.
    pub fn forged() -> Vec<Vec<RecordData>> {
        vec![Self::Other.records(), Self::Unusable.records()]
    }
}

pub fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub fn tlsa_owner(host: &Name) -> Name {
    host.tlsa_owner(smtp_dane::resolve::SMTP_PORT).unwrap()
}

pub fn address(text: &str) -> RecordData {
    RecordData::Address(text.parse().unwrap())
}

pub fn mx(preference: u16, exchange: &str) -> Mx {
    let exchange = if exchange == "." {
        Name::root()
    } else {
        name(exchange)
    };
    Mx {
        preference,
        exchange,
    }
}
