//! [`Routing`] alone: up to three hosts, aliases, denials, null MX, and this site among the hosts.

use smtp_dane::dns::{Query, QueryId, Security};
use smtp_dane::resolve::{Host, Route, Routing, Step};
use smtp_dane::{DaneMode, Name};
use stateright::{Model, Property};

use crate::cases::Size;
use crate::domains::Domain;
use crate::known::{Known, MxTold};
use crate::model;
use crate::property;
use crate::resolver::Given;
use crate::strange::Strange;
use crate::worlds::routed;

#[derive(Debug)]
pub struct Routes {
    domains: Vec<Domain>,
    size: Size,
    strange: Strange,
}

#[derive(Clone, Debug, PartialEq, Hash)]
pub struct State {
    domain: usize,
    routing: Routing,
    known: Known,
    events: usize,
}

type Action = (QueryId, Box<Given>);

impl Routes {
    pub fn new(size: Size) -> Self {
        Self {
            domains: routed(size),
            size,
            strange: Strange::new(),
        }
    }

    fn domain(&self, state: &State) -> &Domain {
        &self.domains[state.domain]
    }
}

impl State {
    fn open(&self) -> &[Query] {
        match self.routing.step() {
            Step::Lookup(queries) => queries,
            Step::Done(_) => &[],
        }
    }

    fn route(&self) -> Option<&Route> {
        match self.routing.step() {
            Step::Done(Ok(route)) => Some(route),
            _ => None,
        }
    }
}

impl Model for Routes {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let start = |(domain, of): (usize, &Domain)| State {
            domain,
            routing: Routing::new(of.next_hop(), &of.policy, 1),
            known: Known::nothing(),
            events: 0,
        };
        self.domains.iter().enumerate().map(start).collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let open = state.open();
        // In the small worlds from both ends of the list; in the full ones in any order.
        let from_ends = [open.first(), open.get(1..).and_then(<[Query]>::last)];
        let queries: Vec<&Query> = match self.size {
            Size::Small => from_ends.into_iter().flatten().collect(),
            Size::Full => open.iter().collect(),
        };
        for query in queries {
            let answers = self.domain(state).zone.answers(query.question());
            actions.extend(
                answers
                    .into_iter()
                    .map(|given| (query.id(), Box::new(given))),
            );
        }
    }

    fn next_state(&self, last: &State, (id, given): Action) -> Option<State> {
        let mut state = last.clone();
        let domain = self.domain(last);
        let query = last.open().iter().find(|query| query.id() == id)?;
        let question = query.question();
        let host = domain.owner(question.name());
        state.known.note(&domain.name, &host, question, &given);
        state.routing.handle(id, given.answer).ok()?;
        state.events += 1;
        Some(state)
    }

    fn within_boundary(&self, state: &State) -> bool {
        // One event more shows that a run is too long.
        state.events <= self.domain(state).bound + 1
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(property::ROUTED, |model: &Self, state: &State| {
                model.names_hosts_of_the_answer(state)
            }),
            Property::always(property::ORDER, |_, state: &State| {
                state.route().is_none_or(|route| {
                    let preferences = route.exchangers().iter();
                    preferences
                        .map(|exchanger| exchanger.preference())
                        .is_sorted()
                })
            }),
            Property::always(property::LOOP, |model: &Self, state: &State| {
                let domain = model.domain(state);
                let known = &state.known;
                let own = known.own_preference(&domain.name, &domain.policy, Security::Insecure);
                state.route().is_none_or(|route| {
                    let mut hosts = route.exchangers().iter();
                    hosts.all(|exchanger| own.is_none_or(|own| exchanger.preference() < own))
                })
            }),
            Property::always(property::MANDATORY, |model: &Self, state: &State| {
                let mandatory = model.domain(state).policy.dane == DaneMode::Mandatory;
                let insecure = state.known.mx.security() == Security::Insecure;
                !(mandatory && insecure && state.route().is_some())
            }),
            Property::always(property::RETURNED, |model: &Self, state: &State| {
                let domain = model.domain(state);
                match state.routing.step() {
                    Step::Done(Err(error)) if error.is_permanent() => {
                        state.known.bounces(&domain.name, &domain.policy)
                    }
                    _ => true,
                }
            }),
            Property::always(property::USED, |model: &Self, state: &State| {
                model.has_reason(state)
            }),
            Property::always(property::BOUND, |model: &Self, state: &State| {
                state.events <= model.domain(state).bound
            }),
            Property::always(property::WAY_ON, |model: &Self, state: &State| {
                let is_end = matches!(state.routing.step(), Step::Done(_));
                is_end || model::has_way_on(model, state)
            }),
            Property::always(property::BELONGS, |model: &Self, state: &State| {
                let answers = model.strange.answers(state.open());
                model::refuses(&state.routing, answers, |routing, (id, answer)| {
                    routing.handle(id, answer)
                })
            }),
            Property::sometimes("sometimes there are three hosts", |_, state: &State| {
                state
                    .route()
                    .is_some_and(|route| route.exchangers().len() == 3)
            }),
            Property::sometimes(
                "sometimes this site is among the hosts",
                |model: &Self, state: &State| {
                    let domain = model.domain(state);
                    let worth = state.known.worth_trying(&domain.name, &domain.policy).len();
                    state.route().is_some() && worth < state.known.mx.hosts(&domain.name).len()
                },
            ),
            Property::sometimes("sometimes the domain is not there", |_, state: &State| {
                matches!(state.known.mx, MxTold::NoDomain(Security::Secure))
            }),
            Property::sometimes(
                "sometimes the domain is its own host",
                |_, state: &State| {
                    state.route().is_some() && matches!(state.known.mx, MxTold::NoRecords(_))
                },
            ),
        ]
    }
}

impl Routes {
    /// The route has the hosts of the answer that are preferred to this site, each at its best preference, and no others.
    fn names_hosts_of_the_answer(&self, state: &State) -> bool {
        let Some(route) = state.route() else {
            return true;
        };
        let domain = self.domain(state);
        let mut wanted = state.known.worth_trying(&domain.name, &domain.policy);
        let mut found: Vec<(u16, Name)> = Vec::new();
        for exchanger in route.exchangers() {
            if let Host::Name(host) = exchanger.host() {
                found.push((exchanger.preference(), host.clone()));
            }
        }
        wanted.sort();
        found.sort();
        !found.is_empty() && found == wanted
    }

    /// Where there is no route, something that was answered says why.
    fn has_reason(&self, state: &State) -> bool {
        let domain = self.domain(state);
        let policy = &domain.policy;
        let Step::Done(Err(_)) = state.routing.step() else {
            return true;
        };
        let mandatory = policy.dane == DaneMode::Mandatory;
        let insecure = mandatory && state.known.mx.security() == Security::Insecure;
        let is_left = !state.known.worth_trying(&domain.name, policy).is_empty();
        state.known.mx == MxTold::Failed
            || insecure
            || state.known.bounces(&domain.name, policy)
            || !is_left
    }
}
