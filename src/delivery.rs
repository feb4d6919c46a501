//! [`Delivery`]: one message's way to one next hop, host by host and address by address.
//!
//! | state | waits for | then |
//! |---|---|---|
//! | `Routing` | the mail hosts | the first host, or the outcome |
//! | `LookingUp` | the plan for one host | its first address, or the next host |
//! | `Connecting` | a connection to one address | the session, or the next address |
//! | `InSession` | STARTTLS, TLS, and how the server took the mail | the outcome, or the next address |
//! | `Done` | nothing | |
//!
//! A host that may not be used is skipped and its reason kept; the hosts after it keep their order (RFC 7672 §2.2.1). A
//! connection lives as long as the steps are [`Step::Session`]: as soon as another step comes, close it.
//!
//! Mail that was under way when a connection broke is offered to the next address, under the same policy. It is not sent again in
//! cleartext to the same address, which RFC 7672 §2.2 would allow where DANE does not apply.
//!
//! What each event leads to in each state: [`manual::machines`](crate::manual::machines).

mod objection;
mod outcome;
mod step;
#[cfg(feature = "serde")]
mod stored;

pub use objection::Objection;
pub use outcome::{Attempt, AttemptResult, Deferral, Failure, HostRecord, Outcome};
pub use step::{Event, Step, Transfer};

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;

use crate::dns::QueryId;
use crate::policy::Policy;
use crate::resolve::{self, HostError, HostLookup, NextHop, Plan, Route};
use crate::resolve::{RouteError, Routing, Unexpected};
use crate::session::{self, Assurance, Session};

/// Most addresses that one delivery tries, over all hosts (RFC 5321 §5.1 allows a limit of no less than two).
///
/// A hostile domain can have so many that the time-outs would add up to a day. No honest one has half as many.
pub const MAX_ATTEMPTS: usize = 64;

/// The machine that takes one message to one next hop.
///
/// ```
/// use smtp_dane::Policy;
/// use smtp_dane::delivery::{Delivery, Event, Outcome, Step};
/// use smtp_dane::dns::{Answer, LookupError};
/// use smtp_dane::resolve::NextHop;
///
/// let next_hop = NextHop::domain("example.com".parse()?);
/// let mut delivery = Delivery::new(next_hop, Policy::default(), 7);
/// let outcome = loop {
///     let event = match delivery.step() {
///         Step::Lookup(queries) => {
///             let query = queries.first().ok_or("a machine that waits has a query")?;
///             Event::Answer(query.id(), Answer::failed(LookupError::Timeout))
///         }
///         Step::Connect { .. } => Event::ConnectFailed,
///         Step::Session(_) => Event::Session(smtp_dane::session::Event::ConnectionLost),
///         Step::Done(outcome) => break outcome,
///     };
///     delivery.handle(event)?;
/// };
/// assert!(matches!(outcome, Outcome::Deferred(_)));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
///
/// With the feature `serde` it can be stored and go on after a restart, see
/// [`manual::embedding`](crate::manual::embedding#storing-a-delivery-in-a-queue).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize),
    serde(try_from = "stored::Stored")
)]
pub struct Delivery {
    policy: Policy,
    /// The hosts that are done with, in the order in which they were tried.
    hosts: Vec<HostRecord>,
    state: State,
}

/// The first state is kept in place and the others are not, since a queue has most machines waiting for their first answer, and each
/// is as large as the largest that is kept in place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum State {
    Routing(Routing),
    LookingUp(Arc<Route>, Box<HostLookup>),
    Connecting(Arc<Route>, Box<Reaching>),
    InSession(Arc<Route>, Box<Reaching>, Box<Session>),
    Done(Option<Arc<Route>>, Box<Outcome>),
}

/// A host whose addresses are being tried.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Reaching {
    /// The record of the host has it, too.
    plan: Arc<Plan>,
    /// The address that is tried now.
    address: IpAddr,
    /// One for each address before it.
    attempts: Vec<Attempt>,
    /// The number that the first query for the next host may have.
    next_id: QueryId,
}

impl Delivery {
    /// Starts a delivery. `shuffle` is a random number of the caller's, see [`Routing::new`].
    #[must_use]
    pub fn new(next_hop: NextHop, policy: Policy, shuffle: u64) -> Self {
        let routing = Routing::new(next_hop, &policy, shuffle);
        let settled = match routing.step() {
            resolve::Step::Lookup(_) => None,
            resolve::Step::Done(result) => Some(result.cloned().map_err(Clone::clone)),
        };
        let mut delivery = Self {
            policy,
            hosts: Vec::new(),
            state: State::Routing(routing),
        };
        if let Some(route) = settled {
            delivery.after_routing(route, QueryId::default());
        }
        delivery
    }

    /// What is wanted now.
    #[must_use]
    pub fn step(&self) -> Step<'_> {
        match &self.state {
            State::Routing(routing) => Step::Lookup(routing.pending()),
            State::LookingUp(_, lookup) => Step::Lookup(lookup.pending()),
            State::Connecting(_, reaching) => Step::Connect {
                host: reaching.plan.host(),
                address: reaching.address,
                port: reaching.plan.port(),
            },
            State::InSession(_, _, session) => Step::Session(session.step()),
            State::Done(_, outcome) => Step::Done(outcome),
        }
    }

    /// Takes what happened.
    ///
    /// # Errors
    /// [`Unexpected`] if it cannot happen in this state; nothing has changed then.
    pub fn handle(&mut self, event: Event) -> Result<(), Unexpected> {
        match (&mut self.state, event) {
            (State::Routing(routing), Event::Answer(id, answer)) => {
                if let Some(result) = routing.advance(id, answer)? {
                    let next_id = routing.next_id();
                    self.after_routing(result, next_id);
                }
            }
            (State::LookingUp(route, lookup), Event::Answer(id, answer)) => {
                if let Some(result) = lookup.advance(id, answer)? {
                    let (route, next_id) = (route.clone(), lookup.next_id());
                    self.after_lookup(route, result, next_id);
                }
            }
            (State::Connecting(route, reaching), Event::Connected) => {
                let session = Session::new(reaching.plan.tls().clone(), &self.policy);
                self.state = State::InSession(route.clone(), reaching.clone(), Box::new(session));
            }
            (State::Connecting(..), Event::ConnectFailed) => {
                self.after_attempt(AttemptResult::Unreachable);
            }
            (State::InSession(_, _, session), Event::Session(event)) => {
                session.handle(event)?;
                if let session::Step::Abandon(refusal) = session.step() {
                    let refusal = *refusal;
                    self.after_attempt(AttemptResult::Refused(refusal));
                }
            }
            (State::InSession(_, _, session), Event::Transferred(transfer)) => {
                let session::Step::Transfer(assurance) = session.step() else {
                    return Err(Unexpected);
                };
                let assurance = assurance.clone();
                self.after_transfer(assurance, transfer);
            }
            _ => return Err(Unexpected),
        }
        Ok(())
    }

    /// What the site wants for this delivery.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The hosts that are done with, in the order in which they were tried; all of them once the outcome is there. Those
    /// that were not needed are missing.
    #[must_use]
    pub fn hosts(&self) -> &[HostRecord] {
        &self.hosts
    }

    /// What came of each address that was tried, over all hosts, in order.
    pub fn attempts(&self) -> impl Iterator<Item = &Attempt> {
        self.hosts.iter().flat_map(HostRecord::attempts)
    }

    /// The mail hosts, once they are known.
    #[must_use]
    pub fn route(&self) -> Option<&Route> {
        match &self.state {
            State::Routing(_) => None,
            State::LookingUp(route, _)
            | State::Connecting(route, _)
            | State::InSession(route, _, _) => Some(route),
            State::Done(route, _) => route.as_deref(),
        }
    }

    /// What it came to, once it is over.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.state {
            State::Done(_, outcome) => Some(outcome),
            State::Routing(_)
            | State::LookingUp(..)
            | State::Connecting(..)
            | State::InSession(..) => None,
        }
    }

    /// How the host that is being tried now is to be spoken to; its [`Plan::server_name`] is the one to send.
    #[must_use]
    pub fn plan(&self) -> Option<&Plan> {
        match &self.state {
            State::Connecting(_, reaching) | State::InSession(_, reaching, _) => {
                Some(&reaching.plan)
            }
            State::Routing(_) | State::LookingUp(..) | State::Done(..) => None,
        }
    }

    fn after_routing(&mut self, result: Result<Route, RouteError>, next_id: QueryId) {
        match result {
            Ok(route) => self.go_to_next_host(Arc::new(route), next_id),
            Err(error) => self.done(None, Outcome::without_route(error)),
        }
    }

    /// Looks up the host after those that are done with, or ends.
    fn go_to_next_host(&mut self, route: Arc<Route>, next_id: QueryId) {
        let may_try = self.attempts().count() < self.policy.most_attempts();
        while let Some(exchanger) = route.exchangers().get(self.hosts.len()).filter(|_| may_try) {
            let lookup = HostLookup::starting_at(next_id, exchanger, &route, &self.policy);
            match lookup.step() {
                resolve::Step::Lookup(_) => {
                    self.state = State::LookingUp(route, Box::new(lookup));
                    return;
                }
                resolve::Step::Done(Ok(plan)) => {
                    let plan = plan.clone();
                    self.connect_first(route, plan, next_id);
                    return;
                }
                resolve::Step::Done(Err(error)) => {
                    let record = HostRecord::skipped(exchanger.clone(), error.clone());
                    self.note(record);
                }
            }
        }
        let outcome = Outcome::without_host(&self.hosts, &route);
        self.done(Some(route), outcome);
    }

    fn after_lookup(
        &mut self,
        route: Arc<Route>,
        result: Result<Plan, HostError>,
        next_id: QueryId,
    ) {
        match result {
            Ok(plan) => self.connect_first(route, plan, next_id),
            Err(error) => {
                let ourselves = matches!(error, HostError::Ourselves | HostError::UnprovenLoop);
                self.skip(&route, error);
                if ourselves {
                    self.skip_no_better(&route);
                }
                self.go_to_next_host(route, next_id);
            }
        }
    }

    /// RFC 5321 §5.1: this site was recognised late; neither its equals nor those behind it may be tried.
    fn skip_no_better(&mut self, route: &Route) {
        while self.hosts.len() < route.exchangers().len() {
            self.skip(route, HostError::NoBetterThanOurselves);
        }
    }

    /// Closes the record of the host that is next in line.
    fn skip(&mut self, route: &Route, error: HostError) {
        if let Some(exchanger) = route.exchangers().get(self.hosts.len()) {
            self.note(HostRecord::skipped(exchanger.clone(), error));
        }
    }

    fn connect_first(&mut self, route: Arc<Route>, plan: Plan, next_id: QueryId) {
        let Some(address) = plan.addresses().first().copied() else {
            let security = route.security();
            self.skip(&route, HostError::NoAddress { security });
            return self.go_to_next_host(route, next_id);
        };
        let reaching = Reaching {
            plan: Arc::new(plan),
            address,
            attempts: Vec::new(),
            next_id,
        };
        self.state = State::Connecting(route, Box::new(reaching));
    }

    /// Notes what came of an address, and goes to the next one, then to the next host. The policy for the next address is
    /// the same, and for the next host its own.
    fn after_attempt(&mut self, result: AttemptResult) {
        let (State::Connecting(route, reaching) | State::InSession(route, reaching, _)) =
            &mut self.state
        else {
            return;
        };
        reaching
            .attempts
            .push(Attempt::new(reaching.address, result));
        let route = route.clone();
        let addresses = reaching.plan.addresses();
        let next = addresses.get(reaching.attempts.len()).copied();
        let before = self.hosts.iter().flat_map(HostRecord::attempts).count();
        let may_try = before + reaching.attempts.len() < self.policy.most_attempts();
        if let Some(address) = next.filter(|_| may_try) {
            reaching.address = address;
            self.state = State::Connecting(route, reaching.clone());
        } else {
            let next_id = reaching.next_id;
            self.close_host();
            self.go_to_next_host(route, next_id);
        }
    }

    /// Writes down the host whose addresses are used up.
    fn close_host(&mut self) {
        let (State::Connecting(route, reaching) | State::InSession(route, reaching, _)) =
            &self.state
        else {
            return;
        };
        if let Some(exchanger) = route.exchangers().get(self.hosts.len()) {
            let attempts = reaching.attempts.clone();
            let plan = reaching.plan.clone();
            let record = HostRecord::tried(exchanger.clone(), plan, attempts);
            self.note(record);
        }
    }

    fn note(&mut self, record: HostRecord) {
        // A record is large and most deliveries have one: room for the four that a vector begins with would be left empty.
        if self.hosts.is_empty() {
            self.hosts.reserve_exact(1);
        }
        self.hosts.push(record);
    }

    fn done(&mut self, route: Option<Arc<Route>>, outcome: Outcome) {
        self.state = State::Done(route, Box::new(outcome));
    }

    fn after_transfer(&mut self, assurance: Assurance, transfer: Transfer) {
        let (State::Connecting(route, reaching) | State::InSession(route, reaching, _)) =
            &mut self.state
        else {
            return;
        };
        let host = reaching.plan.host().clone();
        let outcome = match transfer {
            Transfer::Accepted => Outcome::Delivered {
                host,
                address: reaching.address,
                would_refuse: Objection::to(reaching.plan.tls(), &assurance),
                assurance: assurance.clone(),
            },
            // RFC 5321 §4.2.1: a 5yz reply is final, whichever host gives it.
            Transfer::Rejected { code } => Outcome::Failed(Failure::Rejected { host, code }),
            Transfer::Delayed { .. } | Transfer::Interrupted => {
                return self.after_attempt(AttemptResult::NotTaken {
                    assurance,
                    transfer,
                });
            }
        };
        let result = match transfer {
            Transfer::Accepted => AttemptResult::Delivered(assurance),
            _ => AttemptResult::NotTaken {
                assurance,
                transfer,
            },
        };
        reaching
            .attempts
            .push(Attempt::new(reaching.address, result));
        let route = route.clone();
        self.close_host();
        self.done(Some(route), outcome);
    }
}
