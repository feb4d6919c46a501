//! [`Verdict`]: what either side decides.

use std::fmt;

use crate::records::Tlsa;

/// What a client decides about a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No record can be used, so there is nothing to authenticate by.
    NothingUsable,
    /// The server is not authenticated.
    Refused,
    /// The server is authenticated.
    Accepted {
        /// How far above the server's certificate the match is.
        depth: usize,
        /// Which record matched.
        record: String,
    },
}

impl Verdict {
    /// The verdict for a match of the record with this RDATA.
    pub(crate) fn accepted(depth: usize, rdata: &[u8], records: &[Tlsa]) -> Self {
        let record = records.iter().find(|record| record.rdata == rdata);
        let record = record.expect("a record of the set").label.clone();
        Self::Accepted { depth, record }
    }
}

/// `differences.toml` is written in these words.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingUsable => f.write_str("nothing usable"),
            Self::Refused => f.write_str("refused"),
            Self::Accepted { depth, record } => write!(f, "depth {depth} by {record}"),
        }
    }
}

/// A verdict, and the reason in the words of whoever gave it.
#[derive(Clone, Debug)]
pub struct Opinion {
    /// What is compared.
    pub verdict: Verdict,
    /// What is only shown.
    pub reason: String,
}
