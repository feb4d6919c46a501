//! What a validated lookup comes to.

use core::fmt;

use hickory_proto::dnssec::Proof;
use hickory_proto::op::{DnsResponse, Query, ResponseCode};
use hickory_proto::rr::{Name, Record};
use smtp_dane::dns::{LookupError, MAX_ALIASES, Security};
use smtp_dane::hickory::{Hop, Verdict};

/// What a validated lookup found; nothing in it is bogus or of unknown security.
#[derive(Clone, Debug, Default)]
pub(crate) struct Validated {
    /// The aliases in order, and then the records of the asked type. Each carries its proof: secure or insecure.
    pub(crate) answers: Vec<Record>,
    /// The RRSIG records that came with them.
    pub(crate) signatures: Vec<Record>,
    /// Set if the last name of the alias chain has no records of the asked type.
    pub(crate) absence: Option<Absence>,
    /// The replies that it was all taken from, one for each name of the alias chain.
    pub(super) replies: Vec<Checked>,
}

impl Validated {
    /// The proof of the whole answer, which is as good as its weakest part.
    pub(crate) fn proof(&self) -> Proof {
        let records = self.answers.iter().map(|record| record.proof);
        let absence = self.absence.iter().map(|absence| absence.proof);
        records.chain(absence).min().unwrap_or(Proof::Indeterminate)
    }

    /// The SOA, NSEC and NSEC3 records and their signatures, each with its proof: what denies names and types where there is an
    /// absence, and closer matches where a wildcard answered (RFC 4035 §3.1.3.3).
    pub(crate) fn authorities(&self) -> Vec<Record> {
        let replies = self.replies.iter();
        replies
            .flat_map(|checked| checked.reply.authorities.clone())
            .collect()
    }

    /// NXDOMAIN or no error, about the last name of the alias chain.
    pub(crate) fn response_code(&self) -> ResponseCode {
        self.absence
            .as_ref()
            .map_or(ResponseCode::NoError, |absence| absence.response_code)
    }
}

/// A reply that hickory has checked.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    pub(super) query: Query,
    pub(super) reply: DnsResponse,
    pub(super) verdict: Verdict,
}

impl Checked {
    /// The same for the library.
    pub(super) fn hop(&self) -> Hop<'_> {
        Hop::new(&self.query, &self.reply, self.verdict)
    }

    /// The proof of what the reply says about the name that was asked for.
    ///
    /// # Errors
    ///
    /// If it is bogus, of unknown security, or no answer at all.
    pub(super) fn proof(&self) -> Result<Proof, LookupFailure> {
        match self.hop().security() {
            Ok(Security::Secure) => Ok(Proof::Secure),
            Ok(Security::Insecure) => Ok(Proof::Insecure),
            Err(error) => Err(self.failure(error)),
        }
    }

    /// What the library has against this reply.
    pub(super) fn failure(&self, error: LookupError) -> LookupFailure {
        let name = self.query.name().clone();
        match error {
            LookupError::Bogus => LookupFailure::Bogus { name },
            LookupError::Indeterminate => LookupFailure::Indeterminate { name },
            LookupError::Rcode(_) => LookupFailure::ResponseCode(self.reply.response_code),
            error => LookupFailure::Network(error.to_string()),
        }
    }
}

/// The statement that a name has no records of a type.
#[derive(Clone, Debug)]
pub(crate) struct Absence {
    /// `NXDomain` if the name does not exist, else `NoError`.
    pub(crate) response_code: ResponseCode,
    /// Secure if the denial was validated, insecure if the name is in an unsigned zone.
    pub(crate) proof: Proof,
}

/// Why there is no answer that could be used.
#[derive(Clone, Debug)]
pub(crate) enum LookupFailure {
    /// Validation failed.
    Bogus {
        /// The name whose records or denial did not validate.
        name: Name,
    },
    /// The answer was not validated either way.
    Indeterminate {
        /// The name whose records were left unjudged.
        name: Name,
    },
    /// The server answered with an error.
    ResponseCode(ResponseCode),
    /// No reply came in time.
    Timeout,
    /// More aliases than are followed, or a loop.
    TooManyAliases {
        /// The name at the start of the chain.
        name: Name,
    },
    /// No DNSKEY record of the zone matches the DS record in the trust anchor.
    NoAnchoredKey {
        /// The zone.
        zone: Name,
    },
    /// The server could not be reached, or replied with something that is not DNS.
    Network(String),
}

impl fmt::Display for LookupFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bogus { name } => write!(f, "DNSSEC validation failed for {name}"),
            Self::Indeterminate { name } => {
                write!(f, "the DNSSEC status of {name} could not be found out")
            }
            Self::ResponseCode(code) => write!(f, "the server answered: {code}"),
            Self::Timeout => f.write_str("no reply came in time"),
            Self::TooManyAliases { name } => {
                write!(f, "{name} leads through more than {MAX_ALIASES} aliases")
            }
            Self::NoAnchoredKey { zone } => write!(f, "no key of {zone} matches the trust anchor"),
            Self::Network(reason) => write!(f, "the server could not be asked: {reason}"),
        }
    }
}

impl core::error::Error for LookupFailure {}
