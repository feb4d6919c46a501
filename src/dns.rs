//! Questions to a resolver and what its answers mean.
//!
//! DANE rests on one distinction: an answer, even "there is no such record", is not the same as a failed lookup
//! (RFC 7672 §2.1.1). [`Answer`] keeps the two apart, and each answer carries its [`Security`].
//!
//! | status of the answer | here | what follows |
//! |---|---|---|
//! | secure, with data or a proof that there is none | [`Security::Secure`] | DANE may apply |
//! | insecure: provably unsigned, or nobody validated | [`Security::Insecure`] | DANE does not apply |
//! | bogus, indeterminate (RFC 4035 §4.3), SERVFAIL, time-out, malformed, … | [`LookupError`] | the host or domain cannot be used now |
//!
//! "Indeterminate" has two meanings in the standards. In that of RFC 4033 §5 no trust anchor covers the name: that is
//! [`Security::Insecure`], and an AD bit cannot tell the two apart anyhow. In that of RFC 4035 §4.3 the validator could not
//! get the records it needed: that is [`LookupError::Indeterminate`].

mod answer;
mod rdata;
mod reply;
mod wire;

pub use answer::{Answer, Denial, Discard, FailedLookup, MAX_EXTENDED_ERRORS};
pub use answer::{ResourceRecord, Trust};
pub use rdata::{Mx, RecordData};
pub use reply::{Found, Reply};
pub use wire::{EDNS_PAYLOAD, Malformed};

use alloc::string::String;
use core::fmt::{self, Write as _};

use crate::name::Name;

/// Longest chain of aliases that one lookup follows, over all its replies (RFC 7672 §2.1.3 leaves the limit to the client).
///
/// Resolvers stop between 8 and 16; honest chains have one or two links.
pub const MAX_ALIASES: usize = 8;

/// A name and the type of the records wanted there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case", deny_unknown_fields)
)]
pub struct Question {
    name: Name,
    query_type: QueryType,
}

impl Question {
    /// Asks for the records of one type at `name`.
    #[must_use]
    pub const fn new(name: Name, query_type: QueryType) -> Self {
        Self { name, query_type }
    }

    /// The name that is asked for, always absolute: no search list may be applied (RFC 5321 §5.1).
    #[must_use]
    pub const fn name(&self) -> &Name {
        &self.name
    }

    /// The type of record that is asked for.
    #[must_use]
    pub const fn query_type(&self) -> QueryType {
        self.query_type
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.query_type)
    }
}

/// A question that a machine waits for, with the number that its answer must bear.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Query {
    id: QueryId,
    question: Question,
}

impl Query {
    pub(crate) const fn new(id: QueryId, question: Question) -> Self {
        Self { id, question }
    }

    /// The number to hand back with the answer.
    #[must_use]
    pub const fn id(&self) -> QueryId {
        self.id
    }

    /// What to ask the resolver.
    #[must_use]
    pub const fn question(&self) -> &Question {
        &self.question
    }
}

/// Tells the queries of one machine apart. A number is used once, so a late answer to an earlier query is recognised.
///
/// It is not the 16-bit number of a DNS message, which the caller draws at random.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct QueryId(u32);

impl QueryId {
    /// Takes this number and moves on to the next one.
    pub(crate) const fn take(&mut self) -> Self {
        let taken = *self;
        self.0 = self.0.wrapping_add(1);
        taken
    }
}

/// The record types that a delivery needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a resolver must be able to ask for each of them"
)]
pub enum QueryType {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// The alias alone, to learn its own security (RFC 7672 §2.1.3).
    Cname,
    /// Mail exchanges.
    Mx,
    /// DANE associations (RFC 6698 §7.1).
    Tlsa,
}

impl QueryType {
    /// The number in the registry of record types.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::A => 1,
            Self::Cname => 5,
            Self::Mx => 15,
            Self::Aaaa => 28,
            Self::Tlsa => 52,
        }
    }
}

impl fmt::Display for QueryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
            Self::Mx => "MX",
            Self::Tlsa => "TLSA",
        })
    }
}

/// Whether an answer is authenticated by DNSSEC. Weaker comes first, so that the security of several answers is their minimum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[expect(
    clippy::exhaustive_enums,
    reason = "RFC 7672 §2.1.1 knows no third kind of answer"
)]
pub enum Security {
    /// Provably unsigned, or nobody validated. All insecure answers are handled alike (RFC 7672 §2.1.1).
    Insecure,
    /// Validated from a trust anchor down, or signalled so by a trusted validating resolver over a safe path.
    Secure,
}

impl fmt::Display for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Insecure => "insecure",
            Self::Secure => "secure",
        })
    }
}

/// Why a lookup gave no answer. Every kind has the same effect on a decision (RFC 7672 §2.1.1): the kinds differ only for
/// whoever reads the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum LookupError {
    /// No answer within the caller's time.
    Timeout,
    /// The resolver could not be reached.
    Unreachable,
    /// The resolver answered with an RCODE other than NOERROR and NXDOMAIN, its extension by EDNS included.
    Rcode(Rcode),
    /// The validator found the answer, or its proof of absence, to be false.
    Bogus,
    /// The validator could not get what it needed to judge (RFC 4035 §4.3).
    Indeterminate,
    /// The reply breaks the format of DNS messages.
    Malformed(Malformed),
    /// Two aliases at one name, or an alias beside other data (RFC 1034 §3.6.2).
    ConflictingAliases,
    /// The aliases lead back to a name that was already passed.
    AliasLoop,
    /// More than [`MAX_ALIASES`] aliases.
    AliasChainTooLong,
    /// The answer has a DNAME above the name, but not the alias that must come with it (RFC 7672 §2.1.3).
    DnameWithoutAlias,
    /// The answer has records of a name that the question does not lead to.
    UnrelatedRecord,
}

impl LookupError {
    /// The place in the standards that makes this a failed lookup.
    #[must_use]
    pub const fn cite(self) -> &'static str {
        match self {
            Self::Timeout | Self::Unreachable | Self::Rcode(_) => "RFC 7672 §2.1.1",
            Self::Bogus | Self::Indeterminate => "RFC 4035 §4.3",
            Self::Malformed(malformed) => malformed.cite(),
            Self::ConflictingAliases | Self::UnrelatedRecord => "RFC 1034 §3.6.2",
            Self::AliasLoop | Self::AliasChainTooLong | Self::DnameWithoutAlias => {
                "RFC 7672 §2.1.3"
            }
        }
    }
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("no answer in time"),
            Self::Unreachable => f.write_str("the resolver could not be reached"),
            Self::Rcode(rcode) => write!(f, "the resolver answered {rcode}"),
            Self::Bogus => f.write_str("the answer failed DNSSEC validation (bogus)"),
            Self::Indeterminate => {
                f.write_str("DNSSEC validation could not be done (indeterminate)")
            }
            Self::Malformed(malformed) => write!(f, "the reply is malformed: {malformed}"),
            Self::ConflictingAliases => {
                f.write_str("a name has two aliases, or an alias and other data")
            }
            Self::AliasLoop => f.write_str("the aliases form a loop"),
            Self::AliasChainTooLong => write!(f, "there are more than {MAX_ALIASES} aliases"),
            Self::DnameWithoutAlias => f.write_str("a DNAME came without the alias made from it"),
            Self::UnrelatedRecord => {
                f.write_str("the answer has records of a name that was not asked for")
            }
        }
    }
}

impl core::error::Error for LookupError {}

/// The response code of a reply: 4 bits of the header and 8 bits of EDNS (RFC 6891 §6.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Rcode(
    /// The number in the registry of RCODEs.
    pub u16,
);

impl Rcode {
    /// No error.
    pub const NO_ERROR: Self = Self(0);
    /// The server did not understand the query.
    pub const FORM_ERR: Self = Self(1);
    /// The server failed, or its validation did.
    pub const SERV_FAIL: Self = Self(2);
    /// The name does not exist.
    pub const NX_DOMAIN: Self = Self(3);
    /// The server does not know this kind of query.
    pub const NOT_IMP: Self = Self(4);
    /// The server will not answer.
    pub const REFUSED: Self = Self(5);
}

impl fmt::Display for Rcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NO_ERROR => f.write_str("NOERROR"),
            Self::FORM_ERR => f.write_str("FORMERR"),
            Self::SERV_FAIL => f.write_str("SERVFAIL"),
            Self::NX_DOMAIN => f.write_str("NXDOMAIN"),
            Self::NOT_IMP => f.write_str("NOTIMP"),
            Self::REFUSED => f.write_str("REFUSED"),
            Self(6) => f.write_str("YXDOMAIN"),
            Self(16) => f.write_str("BADVERS"),
            Self(code) => write!(f, "RCODE {code}"),
        }
    }
}

/// Longest text of an extended error that is kept or displayed, in characters: more than fits into a line of a log.
const MAX_EXTENDED_TEXT: usize = 256;

/// An Extended DNS Error (RFC 8914): what a resolver says about its reply. It never changes a decision (RFC 8914 §3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case", deny_unknown_fields)
)]
pub struct ExtendedError {
    /// The number in the registry of extended errors.
    pub code: u16,
    /// The resolver's words, often empty. Control characters are replaced when a reply is read, and once more when this is displayed:
    /// a value may have come from elsewhere.
    pub text: String,
}

impl ExtendedError {
    /// Whether this code speaks of DNSSEC validation (RFC 8914 §4).
    #[must_use]
    pub const fn concerns_validation(&self) -> bool {
        matches!(self.code, 1 | 2 | 5..=12)
    }
}

impl fmt::Display for ExtendedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "extended error {}", self.code)?;
        if !self.text.is_empty() {
            f.write_str(" (")?;
            let mut text = self.text.chars().take(MAX_EXTENDED_TEXT);
            text.try_for_each(|c| f.write_char(legible(c)))?;
            f.write_str(")")?;
        }
        Ok(())
    }
}

/// A character for a line of a log: those that mislead are replaced.
fn legible(c: char) -> char {
    if misleads(c) { '\u{fffd}' } else { c }
}

/// Whether a character could break or disguise a line of a log: controls, line separators, marks of direction and joiners.
fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
