//! [`StoredPlan`]: the addresses of a host, and the records from which its TLS policy follows once more.
//!
//! No TLS policy is believed. What is written is what the lookup was told, together with the name of the policy that came of it; when
//! it is read the rules are applied to it again, and anything else than that policy is refused.

use alloc::vec::Vec;
use core::net::IpAddr;

use super::Inconsistent;
use crate::dns::{QueryId, Security};
use crate::name::Name;
use crate::policy::{DaneMode, Policy};
use crate::resolve::host::Task;
use crate::resolve::{Audit, Demand, EncryptCause, Encryption, Exchanger, Host, HostError};
use crate::resolve::{NotApplicable, Plan, Route, RouteKind, TlsPolicy};
use crate::tlsa::{Record, TlsaSet};
use crate::verify::{Authentication, PublicPki};

/// The host and the port are those of the route.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct StoredPlan {
    addresses: Vec<IpAddr>,
    tls: StoredTls,
    ttl: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StoredTls {
    Opportunistic(NotApplicable),
    Pkix,
    Encrypt(Published),
    Authenticate(Published),
    AuditEncrypt(Published),
    AuditAuthenticate(Published),
    AuditRefuse(HostError),
}

/// The records of a secure answer, sound or not.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Published {
    base: Name,
    records: Vec<Record>,
}

impl StoredPlan {
    pub(crate) fn of(plan: &Plan) -> Self {
        Self {
            addresses: plan.addresses.clone(),
            tls: StoredTls::of(&plan.tls),
            ttl: plan.ttl,
        }
    }

    /// The plan for a host of a route, if its lookup can have come to it.
    pub(crate) fn plan(
        &self,
        exchanger: &Exchanger,
        route: &Route,
        policy: &Policy,
    ) -> Result<Plan, Inconsistent> {
        let task = Task::new(QueryId::default(), exchanger, route, policy);
        let name = match exchanger.host() {
            Host::Name(name) => name,
            Host::Address(address) => {
                let plan = task.plan_for_address(*address).ok();
                let same = plan.filter(|plan| Self::of(plan) == *self);
                return same.ok_or(Inconsistent::PlanOfAddress);
            }
        };
        self.check_addresses(policy)?;
        let tls = self.tls.policy(&task, name, route, policy)?;
        if StoredTls::of(&tls) != self.tls {
            return Err(Inconsistent::TlsPolicy);
        }
        if matches!(self.tls, StoredTls::AuditRefuse(_)) && self.ttl != 0 {
            return Err(Inconsistent::KeptFailure);
        }
        Ok(Plan {
            host: exchanger.host.clone(),
            port: route.next_hop().port(),
            addresses: self.addresses.clone(),
            tls,
            ttl: self.ttl,
        })
    }

    fn check_addresses(&self, policy: &Policy) -> Result<(), Inconsistent> {
        let family = policy.address_family;
        let most = policy.most_addresses();
        let is_used = |address: &IpAddr| family.has(*address);
        if self.addresses.is_empty()
            || self.addresses.len() > most
            || !self.addresses.iter().all(is_used)
        {
            return Err(Inconsistent::Addresses);
        }
        Ok(())
    }
}

impl StoredTls {
    fn of(tls: &TlsPolicy) -> Self {
        match tls {
            TlsPolicy::Opportunistic(why) => Self::Opportunistic(*why),
            TlsPolicy::Pkix(_) => Self::Pkix,
            TlsPolicy::Encrypt(encryption) => Self::Encrypt(Published::encrypting(encryption)),
            TlsPolicy::Authenticate(wanted) => {
                Self::Authenticate(Published::authenticating(wanted))
            }
            TlsPolicy::Audit(audit) => match audit.demand() {
                Demand::Encrypt(encryption) => {
                    Self::AuditEncrypt(Published::encrypting(encryption))
                }
                Demand::Authenticate(wanted) => {
                    Self::AuditAuthenticate(Published::authenticating(wanted))
                }
                Demand::Refuse(error) => Self::AuditRefuse(error.clone()),
            },
        }
    }

    /// What the rules make of it, whatever policy it is said to be.
    fn policy(
        &self,
        task: &Task,
        host: &Name,
        route: &Route,
        policy: &Policy,
    ) -> Result<TlsPolicy, Inconsistent> {
        let mandatory = policy.dane == DaneMode::Mandatory;
        match self {
            Self::Opportunistic(why) if can_do_without_dane(*why, route, policy) => {
                Ok(TlsPolicy::Opportunistic(*why))
            }
            Self::Opportunistic(_) => Err(Inconsistent::WithoutDane),
            Self::Pkix if route.kind() == RouteKind::Submission && !mandatory => {
                Ok(TlsPolicy::Pkix(PublicPki::new(host.clone())))
            }
            Self::Pkix => Err(Inconsistent::TlsPolicy),
            Self::AuditRefuse(error) if can_be_noted(error, route, policy) => {
                Ok(TlsPolicy::Audit(Audit::of(Demand::Refuse(error.clone()))))
            }
            Self::AuditRefuse(_) => Err(Inconsistent::HostError),
            Self::Encrypt(published)
            | Self::Authenticate(published)
            | Self::AuditEncrypt(published)
            | Self::AuditAuthenticate(published) => {
                if published.records.is_empty() {
                    return Err(Inconsistent::NoRecords);
                }
                let has_owner = published.base.tlsa_owner(route.next_hop().port()).is_ok();
                // Only behind an alias is another name than the host's own asked for records (RFC 7672 §2.2.3).
                let has_alias = published.base != *host;
                if !has_owner
                    || !looks_for_records(route, policy)
                    || (has_alias && !policy.follows_aliases(route.kind()))
                {
                    return Err(Inconsistent::Records);
                }
                let records = published.records.clone();
                let tls = task.tls_policy(&published.base, records);
                tls.map_err(|_| Inconsistent::Records)
            }
        }
    }
}

impl Published {
    fn encrypting(encryption: &Encryption) -> Self {
        let records = match encryption.cause() {
            EncryptCause::AllUnusable(records) => {
                records.iter().map(|(record, _)| record.clone()).collect()
            }
            EncryptCause::InsecureMx(set) => all_of(set),
        };
        Self {
            base: encryption.base().clone(),
            records,
        }
    }

    fn authenticating(wanted: &Authentication) -> Self {
        Self {
            base: wanted.base().clone(),
            records: all_of(wanted.tlsa()),
        }
    }
}

/// The records that count before those that do not: sorted again, they make the same set.
fn all_of(set: &TlsaSet) -> Vec<Record> {
    let unusable = set.unusable().iter().map(|(record, _)| record);
    set.records().chain(unusable).cloned().collect()
}

/// Whether the lookup of a host with a name comes so far as to ask for TLSA records.
fn looks_for_records(route: &Route, policy: &Policy) -> bool {
    let ruled_out = policy.rules_out_dane(route.security()).is_some();
    route.kind() != RouteKind::Submission && !ruled_out
}

/// Whether DANE can be found not to apply to a host with a name, for this reason.
fn can_do_without_dane(why: NotApplicable, route: &Route, policy: &Policy) -> bool {
    if policy.dane == DaneMode::Mandatory || route.kind() == RouteKind::Submission {
        return false;
    }
    match why {
        NotApplicable::SwitchedOff | NotApplicable::InsecureMx => {
            policy.rules_out_dane(route.security()) == Some(why)
        }
        NotApplicable::InsecureAddress | NotApplicable::NoTlsa => looks_for_records(route, policy),
        NotApplicable::InsecureAlias => {
            looks_for_records(route, policy) && policy.follows_aliases(route.kind())
        }
        NotApplicable::AddressLiteral | NotApplicable::Submission => false,
    }
}

/// Whether mandatory DANE can bar a host with a name because DANE does not apply to it, for this reason.
fn can_be_required(why: NotApplicable, route: &Route, policy: &Policy) -> bool {
    let by_records = looks_for_records(route, policy);
    let is_possible = match why {
        NotApplicable::InsecureAddress => true,
        NotApplicable::InsecureAlias => by_records && policy.follows_aliases(route.kind()),
        NotApplicable::NoTlsa => by_records,
        NotApplicable::Submission => route.kind() == RouteKind::Submission,
        // A route with an insecure MX answer is none, and an address is passed over by the machine itself.
        NotApplicable::InsecureMx | NotApplicable::AddressLiteral | NotApplicable::SwitchedOff => {
            false
        }
    };
    is_possible && policy.dane == DaneMode::Mandatory
}

/// Whether an audit can have noted this instead of passing the host over.
fn can_be_noted(error: &HostError, route: &Route, policy: &Policy) -> bool {
    let is_possible = match error {
        HostError::Lookup(_) | HostError::TlsaSet(_) => true,
        HostError::AliasesDisagree | HostError::AliasChanged => {
            policy.follows_aliases(route.kind())
        }
        _ => false,
    };
    is_possible && policy.dane == DaneMode::AuditOnly && looks_for_records(route, policy)
}

impl HostError {
    /// Whether the lookup of one host can have come to this reason.
    pub(crate) fn check_stored(&self, route: &Route, policy: &Policy) -> Result<(), Inconsistent> {
        let mandatory = policy.dane == DaneMode::Mandatory;
        let by_mx = matches!(route.kind(), RouteKind::Explicit | RouteKind::Implicit);
        let enforced = policy.dane != DaneMode::AuditOnly && looks_for_records(route, policy);
        let is_possible = match self {
            Self::Lookup(_) => true,
            // A forged denial must not have mail returned that mandatory DANE keeps waiting.
            Self::NoAddress { security } => !mandatory || *security == Security::Secure,
            Self::AliasRefused => !policy.follows_aliases(route.kind()),
            Self::AliasesDisagree | Self::AliasChanged => {
                enforced && policy.follows_aliases(route.kind())
            }
            Self::TlsaSet(_) => enforced,
            Self::DaneRequired(why) => can_be_required(*why, route, policy),
            Self::NoUsableTlsa => mandatory && enforced,
            Self::Ourselves => by_mx && !policy.identities.is_empty(),
            Self::UnprovenLoop => mandatory && by_mx && !policy.identities.is_empty(),
            // The machine adds these by itself, or never comes to them.
            Self::NoBetterThanOurselves | Self::NotOfRoute => false,
        };
        is_possible.then_some(()).ok_or(Inconsistent::HostError)
    }
}
