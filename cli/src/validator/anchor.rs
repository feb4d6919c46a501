//! Trust anchors: the built-in keys of the Internet's root zone, or a file of DNSKEY and DS records.

use core::fmt;
use core::str::FromStr;

use hickory_proto::dnssec::TrustAnchors;
use hickory_proto::dnssec::rdata::{DNSSECRData, DS};
use hickory_proto::rr::{Name, RData};
use hickory_proto::serialize::txt::Parser;
use hickory_proto::serialize::txt::trust_anchor::{Entry, Parser as KeyParser};

use crate::input::lines;

/// Where validation starts.
#[derive(Clone)]
pub(crate) struct Anchor {
    keys: TrustAnchors,
    digests: Vec<(Name, DS)>,
}

impl fmt::Debug for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Anchor")
            .field("root_keys", &self.keys.len())
            .field("digests", &self.digests)
            .finish()
    }
}

impl Anchor {
    /// The keys of the root zone that IANA publishes.
    pub(crate) fn iana() -> Self {
        Self {
            keys: TrustAnchors::default(),
            digests: Vec::new(),
        }
    }

    /// The given keys.
    pub(crate) fn keys(keys: TrustAnchors) -> Self {
        Self {
            keys,
            digests: Vec::new(),
        }
    }

    /// The keys, and the digests of keys that have still to be fetched.
    pub(crate) fn into_parts(self) -> (TrustAnchors, Vec<(Name, DS)>) {
        (self.keys, self.digests)
    }

    fn insert(&mut self, record: &str) -> Result<(), String> {
        let record_type = record
            .split_whitespace()
            .find(|word| ["DNSKEY", "DS"].contains(word));
        match record_type {
            Some("DNSKEY") => {
                for entry in KeyParser::new(record)
                    .parse()
                    .map_err(|error| error.to_string())?
                {
                    if let Entry::DNSKEY(key) = entry {
                        self.keys
                            .insert_with_name(key.data().public_key(), key.name().into());
                    }
                }
            }
            Some(_) => {
                let text = format!("$TTL 0\n{record}\n");
                let (_, sets) = Parser::new(text, None, Some(Name::root()))
                    .parse()
                    .map_err(|error| error.to_string())?;
                let records = sets.values().flat_map(|set| set.records_without_rrsigs());
                self.digests
                    .extend(records.filter_map(|record| match &record.data {
                        RData::DNSSEC(DNSSECRData::DS(digest)) => {
                            Some((record.name.clone(), digest.clone()))
                        }
                        _ => None,
                    }));
            }
            None => return Err("neither a DNSKEY nor a DS record".to_owned()),
        }
        Ok(())
    }
}

impl FromStr for Anchor {
    type Err = AnchorError;

    /// Reads DNSKEY and DS records in zone-file form; a record may go on over lines in parentheses.
    fn from_str(text: &str) -> Result<Self, AnchorError> {
        let mut anchor = Self {
            keys: TrustAnchors::empty(),
            digests: Vec::new(),
        };
        let entries = lines::entries(text).map_err(|line| AnchorError::Record {
            line,
            reason: "a parenthesis is not closed".to_owned(),
        })?;
        for (line, record) in entries {
            let inserted = anchor.insert(record.trim());
            inserted.map_err(|reason| AnchorError::Record { line, reason })?;
        }
        if anchor.keys.is_empty() && anchor.digests.is_empty() {
            return Err(AnchorError::Empty);
        }
        Ok(anchor)
    }
}

/// Why a file of trust anchors cannot be used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum AnchorError {
    /// A record cannot be read.
    Record {
        /// The line where it starts, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// There is no record of the root zone or DS record in the file.
    Empty,
}

impl fmt::Display for AnchorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record { line, reason } => write!(f, "line {line}: {reason}"),
            Self::Empty => f.write_str("no trust anchor for the root zone"),
        }
    }
}

impl core::error::Error for AnchorError {}
