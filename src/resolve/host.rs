//! [`HostLookup`]: from one mail host to its addresses and its TLS policy (RFC 7672 §2.2.2, §2.2.3).
//!
//! | state | waits for | then |
//! |---|---|---|
//! | `AwaitingAddresses` | A and AAAA, over their aliases | TLSA if either is secure, the alias if both are insecure behind one |
//! | `AwaitingAlias` | the CNAME of the host alone | TLSA at the host's own name if the alias is secure |
//! | `AwaitingTlsa` | the TLSA records of one candidate | the plan, or the next candidate |
//! | `Done` | nothing | |
//!
//! Every failed lookup on the way ends in [`HostError::Lookup`]: the host is then not used at all (RFC 7672 §2.1.2).

mod rules;

use alloc::boxed::Box;
use alloc::vec::Vec;

use self::rules::Reached;
pub(super) use self::rules::Task;
use super::lookups::Lookups;
use super::{Exchanger, Host, HostError, NotApplicable, Plan, Route, Step, Unexpected};
use crate::dns::{Answer, Query, QueryId, QueryType, Question};
use crate::name::Name;
use crate::policy::{AddressFamily, Policy};

/// The machine that finds out how to speak to one mail host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostLookup {
    task: Task,
    state: State,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum State {
    AwaitingAddresses(Lookups),
    AwaitingAlias {
        lookups: Lookups,
        /// What the host was an alias of when its addresses were asked for.
        seen: Vec<Name>,
        reached: Reached,
    },
    AwaitingTlsa {
        lookups: Lookups,
        candidate: Name,
        /// The candidates that come after this one.
        later: Vec<Name>,
        reached: Reached,
    },
    /// Only where the machine is driven alone, and larger than all that waits.
    Done(Box<Result<Plan, HostError>>),
}

/// What follows from the answers of one state.
enum Progress {
    Await(State),
    Ready(Plan),
}

impl HostLookup {
    /// Starts to look up one host of `route`. A host of another route ends in [`HostError::NotOfRoute`].
    #[must_use]
    pub fn new(exchanger: &Exchanger, route: &Route, policy: &Policy) -> Self {
        Self::starting_at(QueryId::default(), exchanger, route, policy)
    }

    /// Numbers its queries from `id` on, so that answers meant for an earlier machine are told apart.
    pub(crate) fn starting_at(
        id: QueryId,
        exchanger: &Exchanger,
        route: &Route,
        policy: &Policy,
    ) -> Self {
        let task = Task::new(id, exchanger, route, policy);
        let state = match task.host() {
            // The names that a certificate may bear are those of the route, and prove nothing of another one's hosts.
            _ if !route.exchangers().contains(exchanger) => State::done(Err(HostError::NotOfRoute)),
            _ if task.is_barred() => {
                State::done(Err(HostError::DaneRequired(NotApplicable::InsecureMx)))
            }
            Host::Name(name) => {
                let families: &[QueryType] = match policy.address_family {
                    AddressFamily::Any | AddressFamily::V4First => &[QueryType::A, QueryType::Aaaa],
                    AddressFamily::V4 => &[QueryType::A],
                    AddressFamily::V6 => &[QueryType::Aaaa],
                };
                let ask = |family: &QueryType| Question::new(name.clone(), *family);
                State::AwaitingAddresses(Lookups::new(id, families.iter().map(ask)))
            }
            // RFC 7672 §2.2: an address has no TLSA records.
            Host::Address(address) => State::done(task.plan_for_address(*address)),
        };
        Self { task, state }
    }

    /// What is wanted now.
    #[must_use]
    pub fn step(&self) -> Step<'_, Plan, HostError> {
        match &self.state {
            State::AwaitingAddresses(lookups)
            | State::AwaitingAlias { lookups, .. }
            | State::AwaitingTlsa { lookups, .. } => Step::Lookup(lookups.pending()),
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
    ) -> Result<Option<Result<Plan, HostError>>, Unexpected> {
        let lookups = self.state.lookups().ok_or(Unexpected)?;
        lookups.handle(id, answer)?;
        let Some(results) = lookups.take_results() else {
            return Ok(None);
        };
        let next_id = lookups.next_id();
        Ok(match self.task.go_on(&self.state, results, next_id) {
            Ok(Progress::Await(state)) => {
                self.state = state;
                None
            }
            Ok(Progress::Ready(plan)) => Some(Ok(plan)),
            Err(error) => Some(Err(error)),
        })
    }

    /// The open queries; none once the result is there.
    pub(crate) fn pending(&self) -> &[Query] {
        match &self.state {
            State::AwaitingAddresses(lookups)
            | State::AwaitingAlias { lookups, .. }
            | State::AwaitingTlsa { lookups, .. } => lookups.pending(),
            State::Done(_) => &[],
        }
    }

    /// The number that the first query of the next machine may have.
    pub(crate) fn next_id(&self) -> QueryId {
        match &self.state {
            State::AwaitingAddresses(lookups)
            | State::AwaitingAlias { lookups, .. }
            | State::AwaitingTlsa { lookups, .. } => lookups.next_id(),
            State::Done(_) => self.task.first_id(),
        }
    }
}

impl State {
    fn done(result: Result<Plan, HostError>) -> Self {
        Self::Done(Box::new(result))
    }

    const fn lookups(&mut self) -> Option<&mut Lookups> {
        match self {
            Self::AwaitingAddresses(lookups)
            | Self::AwaitingAlias { lookups, .. }
            | Self::AwaitingTlsa { lookups, .. } => Some(lookups),
            Self::Done(_) => None,
        }
    }
}
