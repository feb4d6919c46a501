//! One line of the input, as far as it is counted.

use core::fmt;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::report::{HostResult, OutcomeKind};

/// Most characters of what a parser says. It may repeat what stands in the line.
const MAX_MESSAGE: usize = 120;

/// What came of one domain.
#[derive(Debug, Deserialize)]
#[serde(expecting = "the object of a domain")]
pub(super) struct Probed {
    /// Demanded, so that no other object passes for a result; it is not counted by.
    #[serde(rename = "domain")]
    _domain: IgnoredAny,
    pub(super) outcome: OutcomeKind,
    pub(super) would_refuse: bool,
    pub(super) objection: Option<Reason>,
    pub(super) mx: Mx,
    pub(super) hosts: Vec<Host>,
    pub(super) reason: Option<Reason>,
    pub(super) tlsrpt: Vec<String>,
}

/// How the hosts were found.
#[derive(Debug, Deserialize)]
#[serde(expecting = "the object of an MX answer")]
pub(super) struct Mx {
    pub(super) security: Option<String>,
    pub(super) kind: Option<String>,
}

/// One host.
#[derive(Debug, Deserialize)]
#[serde(expecting = "the object of a host")]
pub(super) struct Host {
    pub(super) result: HostResult,
    pub(super) tlsa: Vec<String>,
    pub(super) unusable: Vec<Unusable>,
}

/// A TLSA record that does not count.
#[derive(Debug, Deserialize)]
#[serde(expecting = "the object of a record")]
pub(super) struct Unusable {
    pub(super) record: String,
}

/// Why something was decided.
#[derive(Debug, Deserialize)]
#[serde(expecting = "the object of a reason")]
pub(super) struct Reason {
    pub(super) code: String,
}

impl Probed {
    /// Reads a line, which may have its end in it.
    ///
    /// # Errors
    /// [`LineError`] if it is no result of `probe --json`.
    pub(super) fn read(octets: &[u8]) -> Result<Self, LineError> {
        let text = core::str::from_utf8(octets).map_err(|_| LineError::NotUtf8)?;
        serde_json::from_str(text).map_err(|error| match error.classify() {
            serde_json::error::Category::Eof => LineError::CutOff,
            serde_json::error::Category::Data => {
                let said = error.to_string();
                let said = said.split(" at line ").next().unwrap_or_default();
                LineError::NoResult(said.chars().take(MAX_MESSAGE).collect())
            }
            _ => LineError::NoJson {
                column: error.column(),
            },
        })
    }

    /// What came of the first host that was good enough; of the hosts behind it a probe knows only with `--all-hosts`.
    pub(super) fn taker(&self) -> Option<HostResult> {
        let is_good = |result: &HostResult| {
            matches!(
                result,
                HostResult::Authenticated | HostResult::Encrypted | HostResult::Cleartext
            )
        };
        self.hosts.iter().map(|host| host.result).find(is_good)
    }
}

/// Why a line cannot be used.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum LineError {
    /// It has too many octets.
    TooLong {
        /// How many it may have.
        most: u64,
    },
    /// It is not UTF-8.
    NotUtf8,
    /// It ends in the middle of a value.
    CutOff,
    /// It is not JSON.
    NoJson {
        /// Where that shows.
        column: usize,
    },
    /// It is JSON, but no result of a probe; the parser says why.
    NoResult(String),
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { most } => write!(f, "it has more than {most} octets"),
            Self::NotUtf8 => f.write_str("it is not UTF-8"),
            Self::CutOff => f.write_str("it ends in the middle of a value"),
            Self::NoJson { column } => write!(f, "it is not JSON from column {column} on"),
            Self::NoResult(why) => write!(f, "it is no result of probe --json: {why}"),
        }
    }
}

impl core::error::Error for LineError {}
