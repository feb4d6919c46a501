//! [`AppliedPolicy`]: what a session was held against.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;

use crate::delivery::HostRecord;
use crate::dns::{FailedLookup, QueryType};
use crate::name::Name;
use crate::resolve::{Demand, EncryptCause, Encryption, Host, HostError, TlsPolicy};
use crate::tlsa::{Record, TlsaSet};
use crate::verify::Authentication;

/// The policy that a session was held against (RFC 8460 §4.4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AppliedPolicy {
    policy_type: PolicyType,
    domain: Name,
    records: Vec<Record>,
}

impl AppliedPolicy {
    pub(super) fn none(domain: &Name) -> Self {
        Self {
            policy_type: PolicyType::NoPolicyFound,
            domain: domain.clone(),
            records: Vec::new(),
        }
    }

    fn tlsa<'a>(base: &Name, records: impl Iterator<Item = &'a Record>) -> Self {
        let records: BTreeSet<&Record> = records.collect();
        Self {
            policy_type: PolicyType::Tlsa,
            domain: base.clone(),
            records: records.into_iter().cloned().collect(),
        }
    }

    pub(super) fn of_host(record: &HostRecord, domain: &Name) -> Self {
        let host = match record.exchanger().host() {
            Host::Name(name) => name,
            Host::Address(_) => domain,
        };
        match record.plan() {
            Ok(plan) => match plan.tls() {
                TlsPolicy::Opportunistic(_) | TlsPolicy::Pkix(_) => Self::none(domain),
                TlsPolicy::Authenticate(wanted) => Self::of_authentication(wanted),
                TlsPolicy::Encrypt(wanted) => Self::of_encryption(wanted),
                TlsPolicy::Audit(audit) => match audit.demand() {
                    Demand::Authenticate(wanted) => Self::of_authentication(wanted),
                    Demand::Encrypt(wanted) => Self::of_encryption(wanted),
                    Demand::Refuse(error) => Self::of_host_error(error, host, domain),
                },
            },
            Err(error) => Self::of_host_error(error, host, domain),
        }
    }

    fn of_authentication(wanted: &Authentication) -> Self {
        Self::tlsa(wanted.base(), published(wanted.tlsa()))
    }

    fn of_encryption(wanted: &Encryption) -> Self {
        match wanted.cause() {
            EncryptCause::AllUnusable(records) => {
                Self::tlsa(wanted.base(), records.iter().map(|(record, _)| record))
            }
            EncryptCause::InsecureMx(set) => Self::tlsa(wanted.base(), published(set)),
        }
    }

    /// There are records, or nobody knows that there are none; which ones was never learnt or is not kept.
    fn of_host_error(error: &HostError, host: &Name, domain: &Name) -> Self {
        match error {
            HostError::Lookup(failed) if is_for_tlsa(failed) => {
                let base = base_of(failed.question.name());
                Self::tlsa(base.as_ref().unwrap_or(host), core::iter::empty())
            }
            HostError::TlsaSet(_) | HostError::NoUsableTlsa => {
                Self::tlsa(host, core::iter::empty())
            }
            _ => Self::none(domain),
        }
    }

    /// Of which kind it is.
    #[must_use]
    pub const fn policy_type(&self) -> PolicyType {
        self.policy_type
    }

    /// The policy domain: the TLSA base domain, or the recipient's domain if no TLSA records apply. It is the name of the MX
    /// host where the base domain is not known any more: the set of records was refused as a whole, or an alias of theirs
    /// led to a lookup that failed.
    #[must_use]
    pub const fn domain(&self) -> &Name {
        &self.domain
    }

    /// The TLSA records that were published, sound or not, in the order of their octets; none if they were never seen.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }
}

fn published(set: &TlsaSet) -> impl Iterator<Item = &Record> {
    let unusable = set.unusable().iter().map(|(record, _)| record);
    set.records().chain(unusable)
}

fn is_for_tlsa(failed: &FailedLookup) -> bool {
    failed.question.query_type() == QueryType::Tlsa
}

/// The TLSA base domain of an owner like `_25._tcp.mx.example.com`; the records may be somewhere else, by an alias.
fn base_of(owner: &Name) -> Option<Name> {
    let mut labels = owner.labels();
    let is_port = labels
        .next()
        .is_some_and(|label| label.first() == Some(&b'_'));
    if !(is_port && labels.next() == Some(b"_tcp")) {
        return None;
    }
    let mut wire = Vec::new();
    for label in labels {
        wire.push(u8::try_from(label.len()).ok()?);
        wire.extend_from_slice(label);
    }
    wire.push(0);
    Name::from_wire(&wire).ok()
}

/// The kind of a policy (RFC 8460 §4.4). The third kind of the RFC, `sts`, is none that this crate applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PolicyType {
    /// TLSA records (RFC 7672).
    Tlsa,
    /// Nothing was published that could be applied.
    NoPolicyFound,
}

impl fmt::Display for PolicyType {
    /// The string of RFC 8460 §4.4.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tlsa => "tlsa",
            Self::NoPolicyFound => "no-policy-found",
        })
    }
}
