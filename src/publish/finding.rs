//! [`Finding`]: what the self-check found.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use super::Rule;
use crate::name::Name;
use crate::tlsa::{Record, Unusable};
use crate::verify::VerifyError;

/// How bad a finding is, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a report must word each of them")]
pub enum Severity {
    /// Clients that follow the standards refuse this server, or will as soon as the next chain is in use. A new certificate
    /// must not be put in use.
    Critical,
    /// It works with some clients, or today, or for the wrong reason.
    Warning,
    /// It could be better.
    Note,
}

impl Severity {
    /// The word in reports, as in `critical`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }

    /// The place in the standards that sets the measure.
    #[must_use]
    pub const fn cite(self) -> &'static str {
        match self {
            Self::Critical => "RFC 7671 §10.3",
            Self::Warning | Self::Note => "RFC 7671 §8.4",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Which of a server's chains a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "one for each list of chains in Server"
)]
pub enum Place {
    /// The default chain with this number, the first being 0.
    Default(usize),
    /// A chain that is sent for this server name.
    Named(Name),
    /// The chain to come with this number, the first being 0.
    Next(usize),
}

impl Place {
    /// The place in the standards that speaks of such chains.
    #[must_use]
    pub const fn cite(&self) -> &'static str {
        match self {
            Self::Default(_) | Self::Named(_) => "RFC 7672 §8.1",
            Self::Next(_) => "RFC 7672 §4",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, number) = match self {
            Self::Default(number) => ("default", number),
            Self::Next(number) => ("next", number),
            Self::Named(name) => return write!(f, "the chain for {name}"),
        };
        write!(f, "{what} chain {}", number.saturating_add(1))
    }
}

/// One thing that the self-check found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is; with its sentence, its place in the standards and its remedy.
    pub rule: Rule,
    /// The record that it is about.
    pub record: Option<Record>,
    /// The chain that it is about.
    pub place: Option<Place>,
    /// The name by which a client finds it, where not all do.
    pub name: Option<Name>,
    /// What clients that verify the chain will say.
    pub error: Option<VerifyError>,
    /// What clients that look at the record will say.
    pub unusable: Option<Unusable>,
}

impl Finding {
    pub(super) const fn new(severity: Severity, rule: Rule) -> Self {
        Self {
            severity,
            rule,
            record: None,
            place: None,
            name: None,
            error: None,
            unusable: None,
        }
    }

    /// The sentence of the rule, and what clients will say if that says more.
    #[must_use]
    pub fn sentence(&self) -> String {
        let reason = match (self.rule, self.error, self.unusable) {
            (Rule::ChainRefused, Some(error), _) => error.to_string(),
            (Rule::UnusableRecord, _, Some(unusable)) => unusable.to_string(),
            _ => return self.rule.to_string(),
        };
        format!("{}: {reason}", self.rule)
    }

    pub(super) fn about(mut self, record: &Record) -> Self {
        self.record = Some(record.clone());
        self
    }

    pub(super) fn at(mut self, place: &Place) -> Self {
        self.place = Some(place.clone());
        self
    }
}

impl fmt::Display for Finding {
    /// One line: severity, place, sentence, what is behind it, record, citation.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.severity)?;
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.sentence())?;
        if let Some(name) = &self.name {
            write!(f, " (next hop {name})")?;
        }
        if let Some(record) = &self.record {
            write!(f, " ({record})")?;
        }
        write!(f, " [{}]", self.rule.cite())
    }
}
