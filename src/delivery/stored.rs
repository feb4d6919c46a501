//! The stored form of a [`Delivery`]: what it was told, from which everything else follows once more.
//!
//! | state | stored | read as |
//! |---|---|---|
//! | `Routing` | next hop, random number | the same, which asks anew |
//! | `LookingUp` | the route, and what came of the hosts before | the same, which asks anew |
//! | `Connecting` | besides, the records of the host and what came of the addresses before | the same |
//! | `InSession` | as `Connecting` | `Connecting`: the connection ended with the process |
//! | `Done` | the route, and what came of each host | the same |
//!
//! Nothing that the machine decides is believed: when a delivery is read, a new machine is led through what was stored, and it must
//! come to just that which would be written of it.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Attempt, AttemptResult, Delivery, HostRecord, Outcome, State, Transfer};
use crate::dns::QueryId;
use crate::policy::{FailedTls, Policy};
use crate::resolve::{Demand, HostError, Inconsistent, NextHop, Plan, Route, RouteError};
use crate::resolve::{Routing, StoredPlan, StoredRoute, TlsPolicy};
use crate::session::{Assurance, Downgrade, Refusal};

/// The only version there is. Whatever changes the stored form of anything below takes the next one.
const VERSION: u8 = 1;

/// What is written of a delivery.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Stored {
    version: Version,
    policy: Policy,
    /// The number that the next query may have. What is asked anew is so told apart from what was asked before.
    next_id: QueryId,
    state: StoredState,
}

struct Version;

#[derive(PartialEq, Serialize, Deserialize)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
enum StoredState {
    Routing { next_hop: NextHop, shuffle: u64 },
    NoRoute(RouteError),
    Hosts(Hosts),
}

#[derive(PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Hosts {
    #[serde(with = "StoredRoute")]
    route: Route,
    /// In the order of the route, the one that is being tried now among them.
    hosts: Vec<StoredHost>,
    now: Now,
}

#[derive(PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum StoredHost {
    Skipped(HostError),
    Tried {
        plan: StoredPlan,
        /// One for each address, in order.
        results: Vec<AttemptResult>,
    },
}

#[derive(PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Now {
    LookingUp,
    Connecting,
    Done,
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(VERSION)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u8::deserialize(deserializer)? {
            VERSION => Ok(Self),
            other => Err(D::Error::custom(format_args!(
                "the stored delivery is of version {other}, and only version {VERSION} is known: begin it anew"
            ))),
        }
    }
}

impl Serialize for Delivery {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A routing that is over is followed at once, so that there is always a state to write.
        let state = StoredState::of(self).ok_or_else(|| S::Error::custom("the routing is over"))?;
        let stored = Stored {
            version: Version,
            policy: self.policy.clone(),
            next_id: next_id(self),
            state,
        };
        stored.serialize(serializer)
    }
}

/// None is asked for any more where the delivery is over.
fn next_id(delivery: &Delivery) -> QueryId {
    match &delivery.state {
        State::Routing(routing) => routing.next_id(),
        State::LookingUp(_, lookup) => lookup.next_id(),
        State::Connecting(_, reaching) | State::InSession(_, reaching, _) => reaching.next_id,
        State::Done(..) => QueryId::default(),
    }
}

impl StoredState {
    fn of(delivery: &Delivery) -> Option<Self> {
        let before = || delivery.hosts.iter().map(StoredHost::of);
        let hosts = |route: &Route, hosts, now| {
            let route = route.clone();
            Some(Self::Hosts(Hosts { route, hosts, now }))
        };
        match &delivery.state {
            State::Routing(routing) => {
                let (next_hop, shuffle) = routing.beginning()?;
                Some(Self::Routing {
                    next_hop: next_hop.clone(),
                    shuffle,
                })
            }
            State::LookingUp(route, _) => hosts(route, before().collect(), Now::LookingUp),
            State::Connecting(route, reaching) | State::InSession(route, reaching, _) => {
                let present = StoredHost::tried(&reaching.plan, &reaching.attempts);
                hosts(route, before().chain([present]).collect(), Now::Connecting)
            }
            State::Done(Some(route), _) => hosts(route, before().collect(), Now::Done),
            State::Done(None, outcome) => Some(Self::NoRoute(outcome.route_error()?.clone())),
        }
    }
}

impl StoredHost {
    fn of(host: &HostRecord) -> Self {
        match host.plan() {
            Ok(plan) => Self::tried(plan, host.attempts()),
            Err(error) => Self::Skipped(error.clone()),
        }
    }

    fn tried(plan: &Plan, attempts: &[Attempt]) -> Self {
        Self::Tried {
            plan: StoredPlan::of(plan),
            results: attempts
                .iter()
                .map(|attempt| attempt.result().clone())
                .collect(),
        }
    }
}

impl TryFrom<Stored> for Delivery {
    type Error = Inconsistent;

    fn try_from(stored: Stored) -> Result<Self, Inconsistent> {
        let Stored {
            policy,
            next_id,
            state,
            ..
        } = stored;
        let delivery = match &state {
            StoredState::Routing { next_hop, shuffle } => {
                Self::beginning(next_hop, policy, *shuffle, next_id)
            }
            StoredState::NoRoute(error) => {
                error.check_stored(&policy)?;
                Self {
                    policy,
                    hosts: Vec::new(),
                    state: State::Done(None, Box::new(Outcome::without_route(error.clone()))),
                }
            }
            StoredState::Hosts(hosts) => hosts.lead(policy, next_id)?,
        };
        if StoredState::of(&delivery) == Some(state) {
            Ok(delivery)
        } else {
            Err(Inconsistent::NotWhatFollows)
        }
    }
}

impl Hosts {
    /// Leads a machine through what came of each host.
    fn lead(&self, policy: Policy, next_id: QueryId) -> Result<Delivery, Inconsistent> {
        self.route.check_stored(&policy)?;
        let mut delivery = Delivery::beginning(self.route.next_hop(), policy, 0, next_id);
        let route = Arc::new(self.route.clone());
        delivery.go_to_next_host(route.clone(), next_id);
        for (place, host) in self.hosts.iter().enumerate() {
            // What the machine has passed over by itself is compared at the end.
            if delivery.hosts.len() > place {
                continue;
            }
            match host {
                StoredHost::Skipped(error) => delivery.pass_over(&route, error, next_id)?,
                StoredHost::Tried { plan, results } => {
                    delivery.begin_host(&route, plan, next_id)?;
                    for result in results {
                        delivery.take_result(result)?;
                    }
                }
            }
        }
        Ok(delivery)
    }
}

impl Delivery {
    /// Like [`Self::new`], but leaves a route that needs no lookup alone.
    fn beginning(next_hop: &NextHop, policy: Policy, shuffle: u64, next_id: QueryId) -> Self {
        let routing = Routing::starting_at(next_id, next_hop.clone(), &policy, shuffle);
        Self {
            policy,
            hosts: Vec::new(),
            state: State::Routing(routing),
        }
    }

    /// Takes the reason why the host that is next in line was not used.
    fn pass_over(
        &mut self,
        route: &Arc<Route>,
        error: &HostError,
        next_id: QueryId,
    ) -> Result<(), Inconsistent> {
        let State::LookingUp(..) = &self.state else {
            return Err(Inconsistent::TooMuch);
        };
        error.check_stored(route, &self.policy)?;
        self.after_lookup(route.clone(), Err(error.clone()), next_id);
        Ok(())
    }

    /// Takes the plan for the host that is next in line. That of an address the machine has made by itself.
    fn begin_host(
        &mut self,
        route: &Arc<Route>,
        plan: &StoredPlan,
        next_id: QueryId,
    ) -> Result<(), Inconsistent> {
        let exchanger = route.exchangers().get(self.hosts.len());
        let exchanger = exchanger.ok_or(Inconsistent::TooMuch)?;
        let plan = plan.plan(exchanger, route, &self.policy)?;
        match &self.state {
            State::LookingUp(..) => self.after_lookup(route.clone(), Ok(plan), next_id),
            State::Connecting(..) => {}
            State::Routing(_) | State::InSession(..) | State::Done(..) => {
                return Err(Inconsistent::TooMuch);
            }
        }
        Ok(())
    }

    /// Takes what came of the address that is tried now. Whose it was is compared at the end.
    fn take_result(&mut self, result: &AttemptResult) -> Result<(), Inconsistent> {
        let State::Connecting(_, reaching) = &self.state else {
            return Err(Inconsistent::TooMuch);
        };
        check_result(result, &reaching.plan, &self.policy)?;
        match result {
            AttemptResult::Unreachable | AttemptResult::Refused(_) => {
                self.after_attempt(result.clone());
            }
            AttemptResult::NotTaken {
                assurance,
                transfer,
            } => self.after_transfer(assurance.clone(), *transfer),
            AttemptResult::Delivered(assurance) => {
                self.after_transfer(assurance.clone(), Transfer::Accepted);
            }
        }
        Ok(())
    }
}

/// Whether a session under this plan can have ended so.
fn check_result(result: &AttemptResult, plan: &Plan, policy: &Policy) -> Result<(), Inconsistent> {
    match result {
        AttemptResult::Unreachable => Ok(()),
        AttemptResult::Refused(refusal) => {
            let is_possible = can_be_refused(refusal, plan.tls(), policy.failed_tls);
            is_possible.then_some(()).ok_or(Inconsistent::Refusal)
        }
        AttemptResult::NotTaken { assurance, .. } | AttemptResult::Delivered(assurance) => {
            check_assurance(assurance, plan.tls(), policy.failed_tls)
        }
    }
}

fn can_be_refused(refusal: &Refusal, tls: &TlsPolicy, failed_tls: FailedTls) -> bool {
    let demands_tls = !matches!(tls, TlsPolicy::Opportunistic(_) | TlsPolicy::Audit(_));
    match refusal {
        Refusal::NotAuthenticated(_) => {
            matches!(tls, TlsPolicy::Authenticate(_) | TlsPolicy::Pkix(_))
        }
        Refusal::StartTlsNotOffered => demands_tls,
        Refusal::StartTlsRejected { .. } | Refusal::HandshakeFailed => {
            demands_tls || failed_tls == FailedTls::Refuse
        }
        Refusal::PlaintextInjected | Refusal::HelloRejected { .. } | Refusal::ConnectionLost => {
            true
        }
    }
}

fn check_assurance(
    assurance: &Assurance,
    tls: &TlsPolicy,
    failed_tls: FailedTls,
) -> Result<(), Inconsistent> {
    let demand = match tls {
        TlsPolicy::Audit(audit) => Some(audit.demand()),
        _ => None,
    };
    let is_possible = match (assurance, tls, demand) {
        (Assurance::Cleartext(why), TlsPolicy::Opportunistic(_) | TlsPolicy::Audit(_), _) => {
            *why == Downgrade::NotOffered || failed_tls == FailedTls::Cleartext
        }
        (Assurance::Encrypted, TlsPolicy::Opportunistic(_) | TlsPolicy::Encrypt(_), _)
        | (Assurance::Encrypted, _, Some(Demand::Encrypt(_) | Demand::Refuse(_)))
        | (Assurance::NotAuthenticated(_), _, Some(Demand::Authenticate(_))) => true,
        (Assurance::Authenticated(verified), TlsPolicy::Authenticate(wanted), _)
        | (Assurance::Authenticated(verified), _, Some(Demand::Authenticate(wanted))) => {
            return verified
                .can_be_of(wanted)
                .then_some(())
                .ok_or(Inconsistent::Proof);
        }
        (Assurance::Authenticated(verified), TlsPolicy::Pkix(wanted), _) => {
            return verified
                .can_be_of_pkix(wanted)
                .then_some(())
                .ok_or(Inconsistent::Proof);
        }
        _ => false,
    };
    is_possible.then_some(()).ok_or(Inconsistent::Assurance)
}
