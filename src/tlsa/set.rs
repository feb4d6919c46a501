//! [`TlsaSet`]: the witness that a server published usable records under DNSSEC, and digest agility.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;

use super::{Form, Record, Role, Unusable, UsableRecord};
use crate::policy::Digests;

/// Most distinct records in one set. A set that needs more is a mistake or an attack; its host is not used.
///
/// The largest sets in use have about ten. The bound keeps the work of a match within 64 comparisons a certificate.
pub const MAX_RECORDS: usize = 64;

/// At least one usable TLSA record out of a secure reply: the server promised to authenticate by it (RFC 7672 §2.2).
///
/// Only the lookup of a host makes one, so holding it proves both facts; save for those of
/// [`Authentication::from_vouched_records`](crate::Authentication::from_vouched_records), which are as good as the caller's word, and
/// of a delivery that was stored (feature `serde`), which are as good as the queue that kept it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TlsaSet {
    /// Never empty.
    usable: Vec<UsableRecord>,
    unusable: Vec<(Record, Unusable)>,
}

impl TlsaSet {
    /// The records that count, in the order of publication, each once.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.usable.iter().map(UsableRecord::record)
    }

    /// The records that do not count, each with its reason.
    #[must_use]
    pub fn unusable(&self) -> &[(Record, Unusable)] {
        &self.unusable
    }

    pub(crate) fn usable(&self) -> &[UsableRecord] {
        &self.usable
    }
}

/// What a secure, non-empty set of records amounts to.
pub(crate) enum Published {
    /// Authentication is demanded.
    Usable(TlsaSet),
    /// Nothing can be authenticated, but TLS is demanded (RFC 7672 §2.2).
    AllUnusable(Vec<(Record, Unusable)>),
}

/// Sorts the records of a secure reply. One bad record never spoils the set (RFC 6698 §4.1).
pub(crate) fn sort(
    records: Vec<Record>,
    role: Role,
    digests: Digests,
) -> Result<Published, SetError> {
    let mut seen = BTreeSet::new();
    let mut usable = Vec::new();
    let mut unusable = Vec::new();
    for record in records {
        if !seen.insert(record.clone()) {
            continue;
        }
        if seen.len() > MAX_RECORDS {
            return Err(SetError::TooManyRecords);
        }
        match record.into_usable(role, digests) {
            Ok(record) => usable.push(record),
            Err(pair) => unusable.push(pair),
        }
    }
    let usable = keep_strongest(usable, digests, &mut unusable);
    if usable.is_empty() {
        return Ok(Published::AllUnusable(unusable));
    }
    Ok(Published::Usable(TlsaSet { usable, unusable }))
}

/// Digest agility (RFC 7671 §9, a MUST by RFC 7672 §5): of the records with one usage and selector, those of the strongest
/// digest count, and those that hold the part itself. Malformed records are gone before, so they cannot displace sound ones.
fn keep_strongest(
    records: Vec<UsableRecord>,
    digests: Digests,
    set_aside: &mut Vec<(Record, Unusable)>,
) -> Vec<UsableRecord> {
    let strength = |record: &UsableRecord| record.form.strength(digests);
    let outdone = |record: &UsableRecord| {
        let stronger = |other: &UsableRecord| {
            other.usage == record.usage
                && other.part == record.part
                && strength(other) > strength(record)
        };
        record.form != Form::Full && records.iter().any(stronger)
    };
    let weaker: Vec<bool> = records.iter().map(outdone).collect();
    let mut kept = Vec::with_capacity(records.len());
    for (record, weaker) in records.into_iter().zip(weaker) {
        if weaker {
            set_aside.push((record.record, Unusable::WeakerDigest));
        } else {
            kept.push(record);
        }
    }
    kept
}

/// Why a set of records is refused as a whole; its host is then not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum SetError {
    /// More than [`MAX_RECORDS`] distinct records.
    TooManyRecords,
}

impl SetError {
    /// The place in the standards that allows to refuse: a set that was not understood must not be taken for an absence.
    #[must_use]
    pub const fn cite(self) -> &'static str {
        match self {
            Self::TooManyRecords => "RFC 7672 §2.1.2",
        }
    }
}

impl fmt::Display for SetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyRecords => write!(f, "there are more than {MAX_RECORDS} TLSA records"),
        }
    }
}

impl core::error::Error for SetError {}
