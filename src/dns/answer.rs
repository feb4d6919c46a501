//! [`Answer`]: what came of a question, from a message or from records that somebody else read and validated.
//!
//! Only the answer section of a message is read (RFC 2181 §5.4.1 ranks the others as hints). A broken reply is a failed
//! lookup: to take it for an absence would be a downgrade.

use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use super::{ExtendedError, LookupError, Question, RecordData, Reply, Security, wire};
use crate::name::Name;

/// Most extended errors that are kept of one reply. A resolver rarely sends more than two (RFC 8914 §3 sets no limit).
pub const MAX_EXTENDED_ERRORS: usize = 8;

/// What came of one [`Question`]: a [`Reply`], or the reason why there is none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Answer {
    result: Result<Reply, LookupError>,
    extended: Vec<ExtendedError>,
}

impl Answer {
    /// Reads the message that a resolver sent for `question.encode(message_id)`.
    ///
    /// SERVFAIL, a malformed message and the like are answers in this sense: lookups that failed.
    ///
    /// # Errors
    /// [`Discard`] if the message does not settle the question: go on waiting, or ask again over TCP.
    pub fn from_message(
        question: &Question,
        message_id: u16,
        message: &[u8],
        trust: Trust,
    ) -> Result<Self, Discard> {
        let (rest, header) = wire::header(message).ok_or(Discard::NotOurs)?;
        if header.id != message_id || !header.is_reply() {
            return Err(Discard::NotOurs);
        }
        let rest = wire::repeated_question(rest, &header, question);
        let rest = rest.ok_or(Discard::NotOurs)?;
        if header.is_truncated() {
            return Err(Discard::Truncated);
        }
        let mut body = match wire::body(message, rest, &header, question) {
            Ok(body) => body,
            Err(malformed) => return Ok(Self::failed(LookupError::Malformed(malformed))),
        };
        // RFC 4035 §4.6: the AD bit means nothing unless the path to the resolver is safe.
        let security = match trust {
            Trust::AdBit if header.is_authentic() => Security::Secure,
            Trust::AdBit | Trust::Nothing => Security::Insecure,
        };
        let extended = core::mem::take(&mut body.extended);
        let result = Reply::from_body(question, body, security);
        Ok(Self { result, extended })
    }

    /// Takes records from a resolver that validates by itself; no records at all mean that there are none of this type.
    ///
    /// **Never report an error so.** A resolver that gives up, is bogus or times out has denied nothing: that is
    /// [`Answer::failed`], and an empty answer in its place turns DANE off (RFC 7672 §2.1).
    ///
    /// `security` is that of the weakest record, or of the proof that there is none.
    #[must_use]
    pub fn from_records(
        question: &Question,
        records: Vec<ResourceRecord>,
        security: Security,
    ) -> Self {
        Self::assemble(question, records, Denial::NoData, 0, security)
    }

    /// The validated, or unsigned, statement that there is no such record; `ttl` is how long it holds, in seconds.
    #[must_use]
    pub fn denied(question: &Question, denial: Denial, ttl: u32, security: Security) -> Self {
        Self::assemble(question, Vec::new(), denial, ttl, security)
    }

    /// Records, or aliases that lead to a denial.
    pub(crate) fn assemble(
        question: &Question,
        records: Vec<ResourceRecord>,
        denial: Denial,
        denial_ttl: u32,
        security: Security,
    ) -> Self {
        Self {
            result: Reply::assemble(question, records, denial, denial_ttl, security),
            extended: Vec::new(),
        }
    }

    /// A lookup that failed outside this crate: no reply in time, no resolver, a validator that says "bogus".
    #[must_use]
    pub const fn failed(error: LookupError) -> Self {
        Self {
            result: Err(error),
            extended: Vec::new(),
        }
    }

    /// Adds what the resolver said about its answer, for the log alone.
    #[must_use]
    pub fn with_extended_errors(mut self, extended: Vec<ExtendedError>) -> Self {
        self.extended = extended;
        self.extended.truncate(MAX_EXTENDED_ERRORS);
        self
    }

    /// The reply, or why there is none.
    ///
    /// # Errors
    /// The reason why the lookup failed.
    pub const fn result(&self) -> Result<&Reply, &LookupError> {
        self.result.as_ref()
    }

    /// What the resolver said about its answer.
    #[must_use]
    pub fn extended_errors(&self) -> &[ExtendedError] {
        &self.extended
    }

    /// Whether this can be the answer to `question`. A failure carries no question and fits each.
    pub(crate) fn fits(&self, question: &Question) -> bool {
        self.result
            .as_ref()
            .map_or(true, |reply| reply.answers(question))
    }

    /// The reply, or the failure together with the question that it leaves open.
    pub(crate) fn into_reply(self, question: &Question) -> Result<Reply, FailedLookup> {
        self.result.map_err(|error| FailedLookup {
            question: question.clone(),
            error,
            extended: self.extended,
        })
    }
}

/// Whether the AD bit of a message may be believed. Only the caller knows the path that it took (RFC 7672 §2.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "one may believe the bit or not")]
pub enum Trust {
    /// The message came from a trusted validating resolver, over loopback or another path that nobody can alter.
    AdBit,
    /// Anything else: every answer is insecure.
    Nothing,
}

impl Trust {
    /// For a resolver at this address: its AD bit is believed if it is on this machine, and not otherwise (RFC 4035 §4.6).
    ///
    /// Whoever has another path that nobody can alter, such as a tunnel to a resolver that validates, says [`Trust::AdBit`].
    #[must_use]
    pub const fn of_resolver(address: IpAddr) -> Self {
        if address.to_canonical().is_loopback() {
            Self::AdBit
        } else {
            Self::Nothing
        }
    }
}

/// Why a message settles nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "each wants another action of the caller"
)]
pub enum Discard {
    /// It is no reply to this query: go on waiting for the right one.
    NotOurs,
    /// It is cut short (TC): ask again over TCP, and take it for a malformed reply if it came over TCP.
    Truncated,
}

impl fmt::Display for Discard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotOurs => "the message is no reply to this query",
            Self::Truncated => "the reply is cut short: ask again over TCP",
        })
    }
}

impl core::error::Error for Discard {}

/// A record with its owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a record of the DNS has just these parts"
)]
pub struct ResourceRecord {
    /// The name that the record stands at.
    pub owner: Name,
    /// How long it may be kept, in seconds.
    pub ttl: u32,
    /// What it says.
    pub data: RecordData,
}

/// The two ways in which a name can have no records of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the DNS knows no third way")]
pub enum Denial {
    /// The name exists, or may exist, without records of this type.
    NoData,
    /// The name does not exist.
    NoDomain,
}

/// A lookup that failed, with all that a postmaster needs to find out why.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case", deny_unknown_fields)
)]
#[expect(clippy::exhaustive_structs, reason = "a plain report")]
pub struct FailedLookup {
    /// What was asked.
    pub question: Question,
    /// What went wrong.
    pub error: LookupError,
    /// What the resolver said about it.
    pub extended: Vec<ExtendedError>,
}

impl FailedLookup {
    /// Whether the failure lies in DNSSEC validation, as far as the resolver tells.
    #[must_use]
    pub fn concerns_validation(&self) -> bool {
        matches!(self.error, LookupError::Bogus | LookupError::Indeterminate)
            || self.extended.iter().any(ExtendedError::concerns_validation)
    }
}

impl fmt::Display for FailedLookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the lookup of {} failed: {}", self.question, self.error)?;
        for extended in self.extended.iter().take(MAX_EXTENDED_ERRORS) {
            write!(f, ", {extended}")?;
        }
        Ok(())
    }
}

impl core::error::Error for FailedLookup {}
