//! The rules of a host lookup: what each group of answers leads to.

use alloc::vec::Vec;
use core::net::IpAddr;
use core::num::NonZeroU16;

use super::{Progress, State};
use crate::dns::{FailedLookup, Found, QueryId, QueryType, Question, Security};
use crate::name::Name;
use crate::policy::{AddressFamily, DaneMode, InsecureMx, Policy};
use crate::resolve::lookups::{Lookups, Resolved};
use crate::resolve::routing::leads_home;
use crate::resolve::{Audit, Demand, EncryptCause, Encryption, Exchanger, Host, HostError};
use crate::resolve::{NotApplicable, Plan, Route, RouteKind, TlsPolicy};
use crate::tlsa::{self, Published, Record, Role};
use crate::verify::{Authentication, NameRule, PublicPki};

/// What stays the same over all states.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::resolve) struct Task {
    host: Host,
    kind: RouteKind,
    /// Of the MX answer.
    route_security: Security,
    names: NameRule,
    port: NonZeroU16,
    policy: Policy,
    first_id: QueryId,
}

impl Task {
    pub(in crate::resolve) fn new(
        first_id: QueryId,
        exchanger: &Exchanger,
        route: &Route,
        policy: &Policy,
    ) -> Self {
        Self {
            host: exchanger.host().clone(),
            kind: route.kind(),
            route_security: route.security(),
            names: NameRule::of(route),
            port: route.next_hop().port(),
            policy: policy.clone(),
            first_id,
        }
    }

    pub(super) const fn host(&self) -> &Host {
        &self.host
    }

    /// RFC 7672 §2.2.1: an insecure MX answer names no host to whom mandatory DANE may deliver. [`Routing`] makes no such route,
    /// unless it was given another policy.
    ///
    /// [`Routing`]: crate::resolve::Routing
    pub(super) fn is_barred(&self) -> bool {
        self.policy.dane == DaneMode::Mandatory && self.route_security == Security::Insecure
    }

    pub(super) const fn first_id(&self) -> QueryId {
        self.first_id
    }

    /// Leaves a state of which all lookups are finished.
    pub(super) fn go_on(
        &self,
        state: &State,
        results: Vec<Result<Resolved, FailedLookup>>,
        next_id: QueryId,
    ) -> Result<Progress, HostError> {
        match state {
            State::AwaitingAddresses(_) => self.after_addresses(results, next_id),
            State::AwaitingAlias { seen, reached, .. } => the_one(results)
                .and_then(|alias| self.after_alias(&alias, seen, reached.clone(), next_id))
                .or_else(|error| self.refuse(error, reached.clone())),
            State::AwaitingTlsa {
                candidate,
                later,
                reached,
                ..
            } => the_one(results)
                .and_then(|found| {
                    self.after_tlsa(candidate, later, found, reached.clone(), next_id)
                })
                .or_else(|error| self.refuse(error, reached.clone())),
            State::Done(result) => (**result).clone().map(Progress::Ready),
        }
    }

    /// RFC 7672 §2.2.2, for two address families at once: one that fails is left out if the other has addresses, and DANE
    /// applies if either is secure.
    fn after_addresses(
        &self,
        results: Vec<Result<Resolved, FailedLookup>>,
        next_id: QueryId,
    ) -> Result<Progress, HostError> {
        let mut answered = Vec::with_capacity(results.len());
        let mut failure = None;
        for result in results {
            match result {
                Ok(resolved) => answered.push(resolved),
                Err(failed) => failure = failure.or(Some(failed)),
            }
        }
        let reached = Reached::by(&answered, &self.policy);
        if reached.addresses.is_empty() {
            let security = answered.iter().map(|family| family.security).min();
            return Err(self.without_addresses(failure, security.unwrap_or(Security::Insecure)));
        }
        self.refuse_ourselves(&answered)?;
        let aliased = answered.iter().any(|family| !family.aliases.is_empty());
        if aliased && !self.policy.follows_aliases(self.kind) {
            return Err(HostError::AliasRefused);
        }
        let Host::Name(name) = &self.host else {
            return self.without_dane(NotApplicable::AddressLiteral, reached);
        };
        if self.kind == RouteKind::Submission {
            return self.by_public_pki(name, reached);
        }
        if let Some(why) = self.policy.rules_out_dane(self.route_security) {
            return self.without_dane(why, reached);
        }
        let secure = |family: &&Resolved| family.security == Security::Secure;
        if answered.iter().any(|family| secure(&family)) {
            return match candidates(name, answered.iter().filter(secure)) {
                Ok(candidates) => self.ask_for_tlsa(candidates, reached, next_id),
                Err(error) => self.refuse(error, reached),
            };
        }
        if !aliased {
            // RFC 7672 §2.2.2: no TLSA query; some servers of unsigned zones never answer one.
            return self.without_dane(NotApplicable::InsecureAddress, reached);
        }
        // RFC 7672 §2.1.3: the reply as a whole is insecure, yet its first alias may be secure. Only asking tells.
        let first = |family: Resolved| family.aliases.into_iter().next();
        Ok(Progress::Await(State::AwaitingAlias {
            lookups: Lookups::new(next_id, [Question::new(name.clone(), QueryType::Cname)]),
            seen: answered.into_iter().filter_map(first).collect(),
            reached,
        }))
    }

    /// A denial is definite only if both families were answered; under mandatory DANE it must be secure as well.
    fn without_addresses(&self, failure: Option<FailedLookup>, security: Security) -> HostError {
        match (failure, self.policy.dane, security) {
            (Some(failed), _, _) => HostError::Lookup(failed),
            (None, DaneMode::Mandatory, Security::Insecure) => {
                HostError::DaneRequired(NotApplicable::InsecureAddress)
            }
            (None, _, _) => HostError::NoAddress { security },
        }
    }

    /// RFC 5321 §5.1, once more for a host whose addresses could not be had when the route was made.
    fn refuse_ourselves(&self, answered: &[Resolved]) -> Result<(), HostError> {
        let by_mx = matches!(self.kind, RouteKind::Explicit | RouteKind::Implicit);
        let home = answered
            .iter()
            .filter_map(|family| leads_home(family, &self.policy))
            .max();
        match (home, self.policy.dane) {
            (Some(_), _) if !by_mx => Ok(()),
            (Some(Security::Insecure), DaneMode::Mandatory) => Err(HostError::UnprovenLoop),
            (Some(_), _) => Err(HostError::Ourselves),
            (None, _) => Ok(()),
        }
    }

    /// RFC 7672 §2.2.2: insecure addresses behind a secure alias leave the host's own name as the one candidate.
    fn after_alias(
        &self,
        alias: &Resolved,
        seen: &[Name],
        reached: Reached,
        next_id: QueryId,
    ) -> Result<Progress, HostError> {
        let reached = reached.for_at_most(alias.ttl);
        let (Host::Name(name), Some(target)) = (&self.host, alias.aliases.first()) else {
            return Err(HostError::AliasChanged);
        };
        if !seen.contains(target) {
            return Err(HostError::AliasChanged);
        }
        match alias.security {
            Security::Secure => self.ask_for_tlsa(Vec::from([name.clone()]), reached, next_id),
            Security::Insecure => self.without_dane(NotApplicable::InsecureAlias, reached),
        }
    }

    /// RFC 7672 §2.2.3: the first candidate with secure records is the TLSA base domain, usable or not.
    fn after_tlsa(
        &self,
        candidate: &Name,
        later: &[Name],
        resolved: Resolved,
        reached: Reached,
        next_id: QueryId,
    ) -> Result<Progress, HostError> {
        let reached = reached.for_at_most(resolved.ttl);
        match (resolved.security, resolved.found) {
            (Security::Secure, Found::Associations(records)) => {
                let tls = self.tls_policy(candidate, records)?;
                Ok(Progress::Ready(self.plan(reached, tls)))
            }
            // An alias at the TLSA name changes neither the base domain nor the names; an insecure one ends in no records.
            _ => self.ask_for_tlsa(later.to_vec(), reached, next_id),
        }
    }

    /// Asks for the TLSA records of the first candidate for which there can be any.
    fn ask_for_tlsa(
        &self,
        candidates: Vec<Name>,
        reached: Reached,
        next_id: QueryId,
    ) -> Result<Progress, HostError> {
        let mut candidates = candidates.into_iter();
        while let Some(candidate) = candidates.next() {
            // A name that would be too long has no records.
            let Ok(owner) = candidate.tlsa_owner(self.port) else {
                continue;
            };
            return Ok(Progress::Await(State::AwaitingTlsa {
                lookups: Lookups::new(next_id, [Question::new(owner, QueryType::Tlsa)]),
                candidate,
                later: candidates.collect(),
                reached,
            }));
        }
        self.without_dane(NotApplicable::NoTlsa, reached)
    }

    /// What follows from secure records at `base`: what they demand, or in an audit that it is noted.
    pub(in crate::resolve) fn tls_policy(
        &self,
        base: &Name,
        records: Vec<Record>,
    ) -> Result<TlsPolicy, HostError> {
        let tls = self.demanded(base, records)?;
        Ok(match self.policy.dane {
            DaneMode::AuditOnly => tls.audited(),
            DaneMode::Opportunistic | DaneMode::Mandatory | DaneMode::Off => tls,
        })
    }

    /// What secure records at `base` demand (RFC 7672 §2.2).
    fn demanded(&self, base: &Name, records: Vec<Record>) -> Result<TlsPolicy, HostError> {
        let encrypt = |cause| {
            TlsPolicy::Encrypt(Encryption {
                base: base.clone(),
                cause,
            })
        };
        let published =
            tlsa::sort(records, Role::Relay, self.policy.digests).map_err(HostError::TlsaSet)?;
        match (published, self.policy.dane) {
            // RFC 7672 §2.2: mandatory DANE wants authentication, and these records cannot give it.
            (Published::AllUnusable(_), DaneMode::Mandatory) => Err(HostError::NoUsableTlsa),
            (
                Published::AllUnusable(records),
                DaneMode::Opportunistic | DaneMode::AuditOnly | DaneMode::Off,
            ) => Ok(encrypt(EncryptCause::AllUnusable(records))),
            (Published::Usable(set), _)
                if self.route_security == Security::Insecure
                    && self.policy.insecure_mx == InsecureMx::Encrypt =>
            {
                Ok(encrypt(EncryptCause::InsecureMx(set)))
            }
            (Published::Usable(set), _) => {
                let authentication =
                    Authentication::new(base.clone(), &self.names, set, &self.policy);
                Ok(TlsPolicy::Authenticate(authentication))
            }
        }
    }

    /// RFC 7672 §7: a submission server is what its user configured, whatever the DNS says.
    fn by_public_pki(&self, name: &Name, reached: Reached) -> Result<Progress, HostError> {
        match self.policy.dane {
            DaneMode::Mandatory => Err(HostError::DaneRequired(NotApplicable::Submission)),
            DaneMode::Opportunistic | DaneMode::AuditOnly | DaneMode::Off => {
                let tls = TlsPolicy::Pkix(PublicPki::new(name.clone()));
                Ok(Progress::Ready(self.plan(reached, tls)))
            }
        }
    }

    /// The way out where DANE does not apply: opportunistic TLS, unless DANE is mandatory (RFC 7672 §2.2).
    fn without_dane(&self, why: NotApplicable, reached: Reached) -> Result<Progress, HostError> {
        match self.policy.dane {
            DaneMode::Mandatory => Err(HostError::DaneRequired(why)),
            DaneMode::Opportunistic | DaneMode::AuditOnly | DaneMode::Off => {
                let plan = self.plan(reached, TlsPolicy::Opportunistic(why));
                Ok(Progress::Ready(plan))
            }
        }
    }

    /// A rule of DANE bars a host whose addresses are known. An audit notes it and goes on (RFC 7672 §9.1).
    fn refuse(&self, error: HostError, reached: Reached) -> Result<Progress, HostError> {
        match self.policy.dane {
            DaneMode::AuditOnly => {
                let tls = TlsPolicy::Audit(Audit::of(Demand::Refuse(error)));
                // What failed may hold the next time.
                Ok(Progress::Ready(self.plan(reached.for_at_most(0), tls)))
            }
            DaneMode::Opportunistic | DaneMode::Mandatory | DaneMode::Off => Err(error),
        }
    }

    pub(in crate::resolve) fn plan_for_address(&self, address: IpAddr) -> Result<Plan, HostError> {
        if self.policy.dane == DaneMode::Mandatory {
            return Err(HostError::DaneRequired(NotApplicable::AddressLiteral));
        }
        if !self.policy.address_family.has(address) {
            return Err(HostError::NoAddress {
                security: Security::Insecure,
            });
        }
        let reached = Reached {
            addresses: Vec::from([address]),
            ttl: u32::MAX,
        };
        Ok(self.plan(
            reached,
            TlsPolicy::Opportunistic(NotApplicable::AddressLiteral),
        ))
    }

    fn plan(&self, reached: Reached, tls: TlsPolicy) -> Plan {
        Plan {
            host: self.host.clone(),
            port: self.port,
            addresses: reached.addresses,
            tls,
            ttl: reached.ttl,
        }
    }
}

/// The result of a state that waits for one lookup.
fn the_one(results: Vec<Result<Resolved, FailedLookup>>) -> Result<Resolved, HostError> {
    let result = results.into_iter().next().ok_or(HostError::AliasChanged)?;
    result.map_err(HostError::Lookup)
}

/// The names that may own TLSA records, in order: what the host is securely an alias of, then the host's own name
/// (RFC 7672 §2.2.3). The names between the two never count.
fn candidates<'a>(
    host: &Name,
    secure: impl Iterator<Item = &'a Resolved>,
) -> Result<Vec<Name>, HostError> {
    let mut ends = secure.map(|family| family.aliases.last());
    let end = ends.next().flatten();
    if ends.any(|other| other != end) {
        return Err(HostError::AliasesDisagree);
    }
    Ok(end.into_iter().chain([host]).cloned().collect())
}

/// The addresses of the host, and how long all that was found may be kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Reached {
    addresses: Vec<IpAddr>,
    ttl: u32,
}

impl Reached {
    /// Takes the families in turn, the preferred one first, and keeps the order of the resolver within each (RFC 5321 §5.1).
    fn by(answered: &[Resolved], policy: &Policy) -> Self {
        let of_kind = |is_kind: fn(&IpAddr) -> bool| {
            let all = answered.iter().flat_map(|family| match &family.found {
                Found::Addresses(addresses) => addresses.as_slice(),
                _ => &[],
            });
            all.copied().filter(is_kind).collect::<Vec<_>>()
        };
        let (v6, v4) = (of_kind(IpAddr::is_ipv6), of_kind(IpAddr::is_ipv4));
        let (first, second) = match policy.address_family {
            AddressFamily::V4First => (v4, v6),
            AddressFamily::Any | AddressFamily::V4 | AddressFamily::V6 => (v6, v4),
        };
        let mut addresses = Vec::with_capacity(first.len() + second.len());
        for place in 0..first.len().max(second.len()) {
            addresses.extend(first.get(place));
            addresses.extend(second.get(place));
        }
        addresses.truncate(policy.most_addresses());
        Self {
            addresses,
            ttl: answered.iter().map(|family| family.ttl).min().unwrap_or(0),
        }
    }

    fn for_at_most(self, ttl: u32) -> Self {
        Self {
            ttl: self.ttl.min(ttl),
            ..self
        }
    }
}
