//! [`Routing`]: from a next hop to its mail hosts in order (RFC 5321 §5.1, RFC 7672 §2.2.1, RFC 7505).
//!
//! | state | waits for | then |
//! |---|---|---|
//! | `AwaitingMx` | the MX answer, over its aliases | no route, or the hosts sorted and shuffled |
//! | `AwaitingIdentities` | the addresses of all hosts, if the policy says who we are | the hosts that are preferred to us |
//! | `Done` | nothing | |
//!
//! The addresses are asked for in this machine, before any host is tried: if this site is found behind an alias or an
//! address, the hosts of equal preference must not have been tried either. An address lookup that fails here does not hide
//! the host: [`HostLookup`](super::HostLookup) asks again and looks once more. Of more than [`MAX_EXCHANGERS`] hosts only the best
//! are asked for, so a site that is one of the others is recognised by its name alone.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::lookups::{Lookups, Resolved};
use super::route::{OwnPlace, Target};
use super::{DropReason, Dropped, Exchanger, Host, NextHop, Route, RouteError, RouteKind};
use super::{Step, Unexpected};
use crate::dns::{Answer, Denial, FailedLookup, Found, Mx, Query, QueryId, QueryType};
use crate::dns::{Question, Security};
use crate::name::Name;
use crate::policy::{DaneMode, Policy};

/// Most hosts of one domain that are kept, the best ones (RFC 5321 §5.1 allows a limit of no less than two).
///
/// The largest sites publish about twenty.
pub const MAX_EXCHANGERS: usize = 64;

/// The machine that finds the mail hosts of a next hop.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Routing {
    policy: Policy,
    state: State,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum State {
    AwaitingMx {
        next_hop: NextHop,
        shuffle: u64,
        lookups: Lookups,
    },
    AwaitingIdentities {
        route: Box<Route>,
        /// To begin anew with, as a machine does that was stored.
        shuffle: u64,
        lookups: Lookups,
    },
    /// Only where the machine is driven alone, and larger than all that waits.
    Done(Box<Result<Route, RouteError>>),
}

impl Routing {
    /// Starts to look for the hosts of `next_hop`. `shuffle` is a random number of the caller's; it settles the order of
    /// hosts of equal preference (RFC 5321 §5.1), and equal numbers give equal orders.
    #[must_use]
    pub fn new(next_hop: NextHop, policy: &Policy, shuffle: u64) -> Self {
        Self::starting_at(QueryId::default(), next_hop, policy, shuffle)
    }

    /// Numbers its queries from `id` on, so that answers meant for an earlier machine are told apart.
    pub(crate) fn starting_at(
        id: QueryId,
        next_hop: NextHop,
        policy: &Policy,
        shuffle: u64,
    ) -> Self {
        let state = match next_hop.target() {
            Target::Domain(name) => {
                let question = Question::new(name.clone(), QueryType::Mx);
                State::AwaitingMx {
                    lookups: Lookups::new(id, [question]),
                    next_hop,
                    shuffle,
                }
            }
            Target::Relay(_) => State::done(Ok(Route::direct(next_hop, RouteKind::Relay))),
            Target::Literal(_) => State::done(Ok(Route::direct(next_hop, RouteKind::Literal))),
            Target::Submission(_) => {
                State::done(Ok(Route::direct(next_hop, RouteKind::Submission)))
            }
        };
        Self {
            policy: policy.clone(),
            state,
        }
    }

    /// What is wanted now.
    #[must_use]
    pub fn step(&self) -> Step<'_, Route, RouteError> {
        match &self.state {
            State::AwaitingMx { lookups, .. } | State::AwaitingIdentities { lookups, .. } => {
                Step::Lookup(lookups.pending())
            }
            State::Done(result) => Step::Done((**result).as_ref()),
        }
    }

    /// Takes the answer to one of the open queries.
    ///
    /// # Errors
    /// [`Unexpected`] if the query is not open, or the answer is to another question; nothing has changed then.
    pub fn handle(&mut self, id: QueryId, answer: Answer) -> Result<(), Unexpected> {
        if let Some(result) = self.advance(id, answer)? {
            self.state = State::done(result);
        }
        Ok(())
    }

    /// Like [`Self::handle`], but hands over the result as soon as it is there.
    pub(crate) fn advance(
        &mut self,
        id: QueryId,
        answer: Answer,
    ) -> Result<Option<Result<Route, RouteError>>, Unexpected> {
        match &mut self.state {
            State::AwaitingMx {
                next_hop,
                shuffle,
                lookups,
            } => {
                lookups.handle(id, answer)?;
                let Some(result) = lookups.take_results().and_then(|mut all| all.pop()) else {
                    return Ok(None);
                };
                let (next_id, shuffle) = (lookups.next_id(), *shuffle);
                let route = result
                    .map_err(RouteError::Lookup)
                    .and_then(|mx| route_by_mx(next_hop, &self.policy, shuffle, mx));
                Ok(match route {
                    Ok(route) => self.look_for_ourselves(route, shuffle, next_id),
                    Err(error) => Some(Err(error)),
                })
            }
            State::AwaitingIdentities { route, lookups, .. } => {
                lookups.handle(id, answer)?;
                let Some(results) = lookups.take_results() else {
                    return Ok(None);
                };
                Ok(Some(without_ourselves(
                    (**route).clone(),
                    &self.policy,
                    &results,
                )))
            }
            State::Done(_) => Err(Unexpected),
        }
    }

    /// Asks for the addresses of every host, since each may turn out to be this site (RFC 5321 §5.1).
    fn look_for_ourselves(
        &mut self,
        route: Route,
        shuffle: u64,
        next_id: QueryId,
    ) -> Option<Result<Route, RouteError>> {
        // What is known by name is known before hosts are cut off, this site perhaps among them.
        let mut route = match without_ourselves(route, &self.policy, &[]) {
            Ok(route) => route,
            Err(error) => return Some(Err(error)),
        };
        route.cut_off();
        let questions = identity_questions(&route);
        if self.policy.identities.is_empty() || questions.is_empty() {
            return Some(Ok(route));
        }
        let lookups = Lookups::new(next_id, questions);
        self.state = State::AwaitingIdentities {
            route: Box::new(route),
            shuffle,
            lookups,
        };
        None
    }

    /// What the machine was made of, while it waits: a machine that is stored begins anew.
    #[cfg(feature = "serde")]
    pub(crate) fn beginning(&self) -> Option<(&NextHop, u64)> {
        match &self.state {
            State::AwaitingMx {
                next_hop, shuffle, ..
            } => Some((next_hop, *shuffle)),
            State::AwaitingIdentities { route, shuffle, .. } => Some((&route.next_hop, *shuffle)),
            State::Done(_) => None,
        }
    }

    /// The open queries; none once the result is there.
    pub(crate) fn pending(&self) -> &[Query] {
        match &self.state {
            State::AwaitingMx { lookups, .. } | State::AwaitingIdentities { lookups, .. } => {
                lookups.pending()
            }
            State::Done(_) => &[],
        }
    }

    /// The number that the first query of the next machine may have.
    pub(crate) fn next_id(&self) -> QueryId {
        match &self.state {
            State::AwaitingMx { lookups, .. } | State::AwaitingIdentities { lookups, .. } => {
                lookups.next_id()
            }
            State::Done(_) => QueryId::default(),
        }
    }
}

impl State {
    fn done(result: Result<Route, RouteError>) -> Self {
        Self::Done(Box::new(result))
    }
}

impl Route {
    /// A route with one host and no lookup.
    pub(super) fn direct(next_hop: NextHop, kind: RouteKind) -> Self {
        Self {
            exchangers: next_hop.as_sole_exchanger(),
            next_hop,
            kind,
            expanded: None,
            security: Security::Secure,
            dropped: Vec::new(),
            own_place: OwnPlace::Settled,
            ttl: u32::MAX,
        }
    }

    /// Keeps the best of too many hosts.
    fn cut_off(&mut self) {
        let best = self.exchangers.len().min(MAX_EXCHANGERS);
        let cut = self.exchangers.drain(best..).map(|exchanger| Dropped {
            host: exchanger.host,
            preference: exchanger.preference,
            reason: DropReason::OverLimit,
        });
        self.dropped.extend(cut);
    }
}

/// What the MX answer means (RFC 5321 §5.1).
fn route_by_mx(
    next_hop: &NextHop,
    policy: &Policy,
    shuffle: u64,
    resolved: Resolved,
) -> Result<Route, RouteError> {
    // RFC 7672 §2.2.1: comes before all else, so that a forged "no mail here" cannot bounce what must wait.
    if policy.dane == DaneMode::Mandatory && resolved.security == Security::Insecure {
        return Err(RouteError::InsecureMx);
    }
    let mut dropped = Vec::new();
    let (kind, exchangers) = match resolved.found {
        Found::Exchanges(records) => {
            // RFC 7505 §3. A sole root of another preference than 0 can mean nothing else.
            if records.iter().all(|record| record.exchange.is_root()) {
                return Err(RouteError::NullMx(resolved.security));
            }
            let exchangers = in_order(records, shuffle, &mut dropped);
            (RouteKind::Explicit, exchangers)
        }
        Found::Denied(Denial::NoDomain) => {
            return Err(RouteError::NoDomain(resolved.security));
        }
        // An MX lookup finds no addresses or TLSA records, and an alias was followed to its end.
        Found::Denied(Denial::NoData)
        | Found::AliasOnly
        | Found::Addresses(_)
        | Found::Associations(_) => (RouteKind::Implicit, next_hop.as_sole_exchanger()),
    };
    let route = Route {
        next_hop: next_hop.clone(),
        kind,
        expanded: resolved.aliases.last().cloned(),
        security: resolved.security,
        exchangers,
        dropped,
        own_place: OwnPlace::Settled,
        ttl: resolved.ttl,
    };
    Ok(route)
}

/// Sorts by preference, mixes equals, keeps each host once.
fn in_order(records: Vec<Mx>, shuffle: u64, dropped: &mut Vec<Dropped>) -> Vec<Exchanger> {
    let mut records = records;
    // By name, too, so that the result does not hang on the order of the answer.
    records.sort_unstable();
    let mut seen = BTreeSet::new();
    let mut drop_record = |record: Mx, reason| {
        dropped.push(Dropped {
            host: Host::Name(record.exchange),
            preference: record.preference,
            reason,
        });
    };
    let mut kept = Vec::with_capacity(records.len());
    for record in records {
        if record.exchange.is_root() {
            drop_record(record, DropReason::RootExchange);
        } else if seen.insert(record.exchange.clone()) {
            kept.push(record);
        } else {
            drop_record(record, DropReason::Repeated);
        }
    }
    // RFC 5321 §5.1: equal preferences are randomised; security is no tie-breaker (RFC 7672 §2.2.1).
    let mut random = SplitMix(shuffle);
    for equals in kept.chunk_by_mut(|a, b| a.preference == b.preference) {
        random.shuffle(equals);
    }
    let exchanger = |record: Mx| Exchanger {
        host: Host::of_exchange(record.exchange),
        preference: record.preference,
    };
    kept.into_iter().map(exchanger).collect()
}

/// The generator `SplitMix64` of Steele, Lea and Flood: even, fast, and the same for equal seeds.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Fisher and Yates' shuffle.
    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            // The high half of a product with the number of choices: a choice below that number.
            let choices = u128::try_from(last + 1).unwrap_or(1);
            let chosen = (u128::from(self.next()) * choices) >> 64;
            items.swap(last, usize::try_from(chosen).unwrap_or(last));
        }
    }
}

fn identity_questions(route: &Route) -> Vec<Question> {
    let ask = |name: &Name, query_type| Question::new(name.clone(), query_type);
    let both = |exchanger: &Exchanger| match &exchanger.host {
        Host::Name(name) => Some([ask(name, QueryType::A), ask(name, QueryType::Aaaa)]),
        Host::Address(_) => None,
    };
    let questions = route.exchangers.iter().filter_map(both);
    questions.flatten().collect()
}

/// Drops this site and every host that is not preferred to it (RFC 5321 §5.1). This outranks security (RFC 7672 §2.2.1).
///
/// `results` are those of [`identity_questions`]: two for each host with a name, or none at all.
pub(super) fn without_ourselves(
    mut route: Route,
    policy: &Policy,
    results: &[Result<Resolved, FailedLookup>],
) -> Result<Route, RouteError> {
    let mut results = results.chunks(2);
    let identify = |exchanger: &Exchanger| match &exchanger.host {
        Host::Address(address) => policy.is_own_address(*address).then_some(route.security),
        Host::Name(name) => {
            let resolved = results.next().unwrap_or_default().iter().flatten();
            let by_name = policy.is_own_name(name).then_some(route.security);
            resolved
                .map(|found| leads_home(found, policy))
                .fold(by_name, Option::max)
        }
    };
    let identified: Vec<Option<Security>> = route.exchangers.iter().map(identify).collect();
    let preference_of = |certainty: Security| {
        let all = route.exchangers.iter().zip(&identified);
        let ours = all.filter(|(_, security)| **security >= Some(certainty));
        ours.map(|(exchanger, _)| exchanger.preference).min()
    };
    let Some(own) = preference_of(Security::Insecure) else {
        return Ok(route);
    };
    // A forged address must not have mail returned that mandatory DANE keeps waiting.
    if policy.dane == DaneMode::Mandatory && preference_of(Security::Secure) != Some(own) {
        route.own_place = OwnPlace::Unproven;
    }
    let exchangers = core::mem::take(&mut route.exchangers);
    for (exchanger, security) in exchangers.into_iter().zip(identified) {
        if exchanger.preference < own {
            route.exchangers.push(exchanger);
            continue;
        }
        route.dropped.push(Dropped {
            host: exchanger.host,
            preference: exchanger.preference,
            reason: if security.is_some() {
                DropReason::Ourselves
            } else {
                DropReason::NoBetterThanOurselves
            },
        });
    }
    match (route.exchangers.is_empty(), route.own_place) {
        (false, _) => Ok(route),
        (true, OwnPlace::Settled) => Err(RouteError::Ourselves),
        (true, OwnPlace::Unproven) => Err(RouteError::UnprovenLoop),
    }
}

/// Whether the aliases or addresses of a host are this site's, and how secure it is to say so.
pub(super) fn leads_home(resolved: &Resolved, policy: &Policy) -> Option<Security> {
    let own_address = match &resolved.found {
        Found::Addresses(addresses) => addresses
            .iter()
            .any(|address| policy.is_own_address(*address)),
        _ => false,
    };
    let own_alias = || {
        resolved
            .aliases
            .iter()
            .any(|alias| policy.is_own_name(alias))
    };
    (own_address || own_alias()).then_some(resolved.security)
}
