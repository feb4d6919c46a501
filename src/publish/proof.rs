//! What clients find: the verifier that they run, for one combination of parameters at a time.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};

use crate::name::Name;
use crate::policy::{CnId, Policy};
use crate::tlsa::{MakeError, MatchingType, Record, Role, Selector, Usage};
use crate::verify::{Authentication, NoAuthentication, Verified, VerifyError};

/// A combination of usage, selector and matching type; the records of each must be enough alone (RFC 7671 §8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the fields of the record, RFC 6698 §2.1"
)]
pub struct Parameters {
    /// Which certificate.
    pub usage: Usage,
    /// Which part of it.
    pub selector: Selector,
    /// In which form.
    pub matching: MatchingType,
}

impl Parameters {
    /// `3 1 1`: the digest of the server's own key, the best choice for most (RFC 7672 §3.1.1).
    pub const SERVER_KEY: Self = Self {
        usage: Usage::DANE_EE,
        selector: Selector::SPKI,
        matching: MatchingType::SHA2_256,
    };

    /// `2 0 1`: the digest of an authority's certificate, the second choice (RFC 7672 §3.1).
    pub const AUTHORITY: Self = Self {
        usage: Usage::DANE_TA,
        selector: Selector::CERT,
        matching: MatchingType::SHA2_256,
    };

    /// Those of a record, or `None` if it is too short to have any.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        let (usage, selector, matching, _) = record.fields()?;
        Some(Self {
            usage,
            selector,
            matching,
        })
    }

    /// The record with these parameters for a certificate in DER.
    ///
    /// # Errors
    /// As for [`Record::of_certificate`].
    pub fn record(self, certificate: &[u8]) -> Result<Record, MakeError> {
        Record::of_certificate(self.usage, self.selector, self.matching, certificate)
    }

    /// Whether `record` has these parameters and names this certificate.
    pub(super) fn name_in(self, record: &Record, certificate: &[u8]) -> bool {
        self.record(certificate).as_ref() == Ok(record)
    }
}

impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {}",
            self.usage.0, self.selector.0, self.matching.0
        )
    }
}

/// Records by their parameters.
pub(super) type Groups = BTreeMap<Parameters, Vec<Record>>;

/// Sorts records, each once; those too short to have parameters are left out.
pub(super) fn groups<'r>(records: impl IntoIterator<Item = &'r Record>) -> Groups {
    let mut groups = Groups::new();
    for record in records {
        if let Some(parameters) = Parameters::of(record) {
            let group = groups.entry(parameters).or_default();
            if !group.contains(record) {
                group.push(record.clone());
            }
        }
    }
    groups
}

/// All that a verdict depends on besides records, chain and time.
pub(super) struct Judge<'a> {
    pub(super) host: &'a Name,
    pub(super) next_hops: &'a [Name],
    pub(super) algorithms: &'a [&'a dyn SignatureVerificationAlgorithm],
}

impl Judge<'_> {
    /// What a client says that came by `next_hop`, or that knows the host alone.
    pub(super) fn verdict(
        &self,
        next_hop: Option<&Name>,
        records: &[Record],
        chain: &[CertificateDer<'_>],
        now: UnixTime,
        cn_id: CnId,
    ) -> Result<Verified, VerifyError> {
        let policy = Policy {
            cn_id,
            ..Policy::default()
        };
        let (host, next_hop) = (self.host.clone(), next_hop.cloned());
        let records = records.to_vec();
        let wanted =
            Authentication::from_vouched_records(host, next_hop, records, Role::Relay, &policy)
                .map_err(|error| match error {
                    NoAuthentication::Set(_) | NoAuthentication::AllUnusable(_) => {
                        VerifyError::NoRecordMatched
                    }
                })?;
        wanted.verify(chain, now, self.algorithms)
    }

    /// The names by which clients may come.
    pub(super) fn clients(&self) -> Vec<Option<&Name>> {
        if self.next_hops.is_empty() {
            return Vec::from([None]);
        }
        self.next_hops.iter().map(Some).collect()
    }

    /// Whether all clients that may come accept the chain.
    pub(super) fn satisfies_all(
        &self,
        records: &[Record],
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), VerifyError> {
        self.clients().into_iter().try_for_each(|client| {
            self.verdict(client, records, chain, now, CnId::Fallback)
                .map(drop)
        })
    }

    /// Whether each combination of parameters is enough alone.
    pub(super) fn satisfies_each(
        &self,
        groups: &Groups,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), (Parameters, VerifyError)> {
        groups.iter().try_for_each(|(parameters, group)| {
            self.satisfies_all(group, chain, now)
                .map_err(|error| (*parameters, error))
        })
    }
}
