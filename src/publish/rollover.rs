//! [`Rollover`]: the way from one chain, or one set of parameters, to the next, on which every client finds a record that
//! matches, even in a cache (RFC 7671 §8, RFC 7672 §4).
//!
//! | what changes | steps |
//! |---|---|
//! | the chain (§8.1) | publish old and new records; after two times to live deploy; then remove the old ones |
//! | the parameters (§8.1) | publish the new ones for the chain in use |
//! | the chain, and usage 3 becomes usage 2 (§8.2) | the same as for the chain, with the old parameters; the new ones last |
//! | the chain, and other parameters | refused: one change at a time (§8.4) |

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};

use super::advice::{IssuerAdvice, issuer};
use super::chains::time_of_use;
use super::proof::{Judge, Parameters, groups};
use crate::name::Name;
use crate::policy::Digests;
use crate::tlsa::{MakeError, Record, Role, Usage};
use crate::verify::VerifyError;

/// What is, and what is to be. With both chains equal, only the parameters change.
///
/// Where the key of one of several servers below a shared authority is lost to somebody else, no rollover of the authority helps in
/// time: give that server records of usage 3 of its own, in place of its alias of the shared ones, until the certificate of the
/// lost key has expired (RFC 7672 §4). Servers that are not each other's equals share no record of usage 3 in the first place: their
/// clients could not tell them apart (RFC 7672 §2.2.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_structs,
    reason = "every one of these must be given"
)]
pub struct Rollover<'a> {
    /// The TLSA base domain.
    pub host: Name,
    /// As in [`Server::next_hops`](super::Server::next_hops).
    pub next_hops: Vec<Name>,
    /// The records that are published now.
    pub records: Vec<Record>,
    /// Their time to live in seconds.
    pub ttl: u32,
    /// The chain that is sent now, the server's own certificate first.
    pub current: &'a [CertificateDer<'a>],
    /// The chain that is to be sent.
    pub next: &'a [CertificateDer<'a>],
    /// The parameters of the records that are to be published in the end; those of the present records if it is empty.
    pub parameters: Vec<Parameters>,
}

/// One step on the way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a time and what to do, no more")]
pub struct Step {
    /// Not before this time; and not before the step in front of it is done and was checked.
    pub not_before: UnixTime,
    /// What to do.
    pub action: Action,
}

/// What to do in a step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a change is either in the DNS or in the server"
)]
pub enum Action {
    /// Publish just these records, in place of those that stand there.
    Publish(Vec<Record>),
    /// Put the next chain in use, and check that it works. If it comes later than planned, all that follows does.
    Deploy,
}

impl Action {
    /// The place in the standards.
    #[must_use]
    pub const fn cite(&self) -> &'static str {
        match self {
            Self::Publish(_) => "RFC 7671 §8.4",
            Self::Deploy => "RFC 7671 §8.1",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Publish(records) => {
                f.write_str("publish just these records:")?;
                records
                    .iter()
                    .try_for_each(|record| write!(f, " {record};"))
            }
            Self::Deploy => f.write_str("put the next chain in use, and check that it works"),
        }
    }
}

impl Rollover<'_> {
    /// Plans the steps from `now` on, in their order. There are none if nothing changes.
    ///
    /// The records of the old chain go in the last step, and with them all that no client could use. Where several servers
    /// share the records of an authority, they stay until none of them sends a chain below it (RFC 7672 §4).
    ///
    /// # Errors
    /// [`RolloverError`] if there is no safe way.
    pub fn plan(
        &self,
        now: UnixTime,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
    ) -> Result<Vec<Step>, RolloverError> {
        let judge = Judge {
            host: &self.host,
            next_hops: &self.next_hops,
            algorithms,
        };
        let usable: Vec<Record> = self.usable();
        let present = groups(&usable);
        if present.is_empty() {
            return Err(RolloverError::NoRecords);
        }
        judge
            .satisfies_each(&present, self.current, now)
            .map_err(|(parameters, error)| RolloverError::Current(parameters, error))?;
        let present: Vec<Parameters> = present.into_keys().collect();
        let mut wanted = self.parameters.clone();
        wanted.sort_unstable();
        wanted.dedup();
        let wanted = if wanted.is_empty() {
            present.clone()
        } else {
            wanted
        };
        // RFC 7671 §8.1: two times to live, so that no cache has the old records alone.
        let aged = now
            .as_secs()
            .saturating_add(u64::from(self.ttl).saturating_mul(2));
        let deploy = time_of_use(self.next, at(aged));
        let same_parameters = wanted == present;
        let same_chain = self.current == self.next;
        if !same_parameters && !same_chain && !is_to_authority(&present, &wanted) {
            return Err(RolloverError::TwoChanges);
        }
        if same_chain {
            let mut steps = Vec::new();
            if !same_parameters {
                steps.push(publish(
                    now,
                    self.records_for(&judge, &wanted, self.next, now)?,
                ));
            }
            return Ok(steps);
        }
        // RFC 7671 §8.2: with the present parameters, even if others are to follow.
        let mut both = usable.clone();
        let next = self.records_for(&judge, &present, self.next, deploy)?;
        both.extend(next.into_iter().filter(|record| !usable.contains(record)));
        let mut steps = Vec::new();
        // If nothing new must be published, no cache has anything older.
        let deploy = if both.len() == usable.len() {
            time_of_use(self.next, now)
        } else {
            steps.push(publish(now, both.clone()));
            deploy
        };
        steps.push(Step {
            not_before: deploy,
            action: Action::Deploy,
        });
        let mut last = self.records_for(&judge, &wanted, self.next, deploy)?;
        both.sort_unstable();
        last.sort_unstable();
        if both != last {
            steps.push(publish(deploy, last));
        }
        Ok(steps)
    }

    /// The records that clients can use, each once.
    fn usable(&self) -> Vec<Record> {
        let mut usable: Vec<Record> = Vec::new();
        for record in &self.records {
            let is_usable = record.usability(Role::Relay, Digests::default()).is_ok();
            if is_usable && !usable.contains(record) {
                usable.push(record.clone());
            }
        }
        usable
    }

    /// Records with these parameters for a chain, each enough alone; those that stand there already, if they do.
    fn records_for(
        &self,
        judge: &Judge<'_>,
        wanted: &[Parameters],
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<Vec<Record>, RolloverError> {
        let leaf = chain.first();
        let leaf = leaf.ok_or(RolloverError::Next(VerifyError::NoCertificate))?;
        let mut records = Vec::new();
        for parameters in wanted {
            let mut standing = self.records.iter();
            let fits = |record: &Record| {
                let group = core::slice::from_ref(record);
                Parameters::of(record) == Some(*parameters)
                    && judge.satisfies_all(group, chain, now).is_ok()
            };
            if let Some(record) = standing.find(|record| fits(record)) {
                records.push(record.clone());
                continue;
            }
            let record = match parameters.usage {
                Usage::DANE_EE => parameters.record(leaf).map_err(RolloverError::Record)?,
                Usage::DANE_TA => match issuer(judge, *parameters, chain, now) {
                    IssuerAdvice::Publish(record) | IssuerAdvice::NameMissing(record) => record,
                    IssuerAdvice::None(error) => return Err(RolloverError::Next(error)),
                },
                _ => return Err(RolloverError::Record(MakeError::UnknownUsage)),
            };
            judge
                .satisfies_all(core::slice::from_ref(&record), chain, now)
                .map_err(RolloverError::Next)?;
            records.push(record);
        }
        Ok(records)
    }
}

/// RFC 7671 §8.2: from records that a bare key satisfies to those that need a chain.
fn is_to_authority(present: &[Parameters], wanted: &[Parameters]) -> bool {
    let all = |parameters: &[Parameters], usage| {
        parameters
            .iter()
            .all(|parameters| parameters.usage == usage)
    };
    all(present, Usage::DANE_EE) && all(wanted, Usage::DANE_TA)
}

const fn publish(not_before: UnixTime, records: Vec<Record>) -> Step {
    Step {
        not_before,
        action: Action::Publish(records),
    }
}

const fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

/// Why there is no safe way to the next chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RolloverError {
    /// There are no records that clients can use.
    NoRecords,
    /// The present records with these parameters do not match the present chain; that must be mended first.
    Current(Parameters, VerifyError),
    /// Both the chain and the parameters were to change. First publish the new parameters for the present chain.
    TwoChanges,
    /// No record can be made with these parameters.
    Record(MakeError),
    /// The next chain will be refused, whatever is published.
    Next(VerifyError),
}

impl RolloverError {
    /// The place in the standards.
    #[must_use]
    pub const fn cite(self) -> &'static str {
        match self {
            Self::NoRecords | Self::Current(..) => "RFC 7671 §8",
            Self::TwoChanges => "RFC 7671 §8.1",
            Self::Record(error) => error.cite(),
            Self::Next(error) => error.cite(),
        }
    }
}

impl fmt::Display for RolloverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRecords => f.write_str("there are no TLSA records that clients can use"),
            Self::Current(parameters, error) => write!(
                f,
                "the records {parameters} do not match the present chain: {error}"
            ),
            Self::TwoChanges => f.write_str(
                "the keys and the parameters cannot change in one step: publish the new parameters for the present chain first",
            ),
            Self::Record(error) => error.fmt(f),
            Self::Next(error) => write!(f, "the next chain will be refused: {error}"),
        }
    }
}

impl core::error::Error for RolloverError {}
