//! [`Delivery`]: all machines together, over the hosts and addresses of a domain.

use std::net::IpAddr;

use smtp_dane::delivery::{Delivery, Event, Outcome, Step, Transfer};
use smtp_dane::dns::{Query, Security};
use smtp_dane::resolve::{Host, RouteKind};
use smtp_dane::session;
use smtp_dane::{DaneMode, Name};
use stateright::{Model, Property};

use crate::cases::Size;
use crate::domains::Domain;
use crate::facts::{Demand, demands};
use crate::known::Known;
use crate::model::{self, Action};
use crate::property;
use crate::server::{Alphabet, Certificate, Connection, belongs};
use crate::strange::Strange;
use crate::worlds::delivered;

#[derive(Debug)]
pub struct Deliveries {
    domains: Vec<Domain>,
    strange: Strange,
}

#[derive(Clone, Debug, PartialEq, Hash)]
pub struct State {
    pub domain: usize,
    delivery: Delivery,
    known: Known,
    /// The connections that were asked for, in order.
    tried: Vec<Attempt>,
    connection: Connection,
    accepted: u8,
    rejected: bool,
    events: usize,
}

#[derive(Clone, Debug, PartialEq, Hash)]
struct Attempt {
    /// That of the host in the MX answer.
    preference: u16,
    host: Name,
    address: IpAddr,
}

impl Deliveries {
    pub fn new(size: Size) -> Self {
        Self {
            domains: delivered(size),
            strange: Strange::new(),
        }
    }

    fn domain(&self, state: &State) -> &Domain {
        &self.domains[state.domain]
    }

    /// What the zone demands of connections to a host.
    fn demands(&self, state: &State, host: &Name) -> Vec<Demand> {
        let domain = self.domain(state);
        let route = self.route(state);
        demands(&domain.zone, host, route, &domain.policy)
    }

    fn route(&self, state: &State) -> (RouteKind, Security) {
        if self.domain(state).is_relay {
            (RouteKind::Relay, Security::Secure)
        } else {
            (state.known.mx.kind(), state.known.mx.security())
        }
    }

    /// The hosts that are preferred to this site, each with its preference.
    fn worth_trying(&self, state: &State) -> Vec<(u16, Name)> {
        let domain = self.domain(state);
        if domain.is_relay {
            return vec![(0, domain.name.clone())];
        }
        state.known.worth_trying(&domain.name, &domain.policy)
    }

    /// The connection that is asked for now, if its host is one that was answered.
    fn at(&self, state: &State) -> Option<Attempt> {
        let (host, address) = match state.delivery.step() {
            Step::Connect { host, address, .. } => (host, address),
            _ => return None,
        };
        let domain = self.domain(state);
        let hosts = state.known.mx.hosts(&domain.name).into_iter();
        let by_relay = domain.is_relay.then(|| (0, domain.name.clone()));
        let mut hosts = hosts.chain(by_relay);
        let (preference, host) = hosts.find(|(_, known)| Host::Name(known.clone()) == *host)?;
        Some(Attempt {
            preference,
            host,
            address,
        })
    }
}

impl State {
    fn open(&self) -> &[Query] {
        match self.delivery.step() {
            Step::Lookup(queries) => queries,
            _ => &[],
        }
    }

    /// The host that is given the mail now.
    fn mail_for(&self) -> Option<&Name> {
        match self.delivery.step() {
            Step::Session(session::Step::Transfer(_)) => self.tried.last().map(|last| &last.host),
            _ => None,
        }
    }

    fn outcome(&self) -> Option<&Outcome> {
        match self.delivery.step() {
            Step::Done(outcome) => Some(outcome),
            _ => None,
        }
    }
}

const TRANSFERS: [Transfer; 4] = [
    Transfer::Accepted,
    Transfer::Rejected { code: 550 },
    Transfer::Delayed { code: 450 },
    Transfer::Interrupted,
];

impl Model for Deliveries {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let start = |(domain, of): (usize, &Domain)| State {
            domain,
            delivery: Delivery::new(of.next_hop(), of.policy.clone(), 1),
            known: Known::nothing(),
            tried: Vec::new(),
            connection: Connection::default(),
            accepted: 0,
            rejected: false,
            events: 0,
        };
        self.domains.iter().enumerate().map(start).collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let domain = self.domain(state);
        match state.delivery.step() {
            Step::Lookup(queries) => actions.extend(Action::answers(queries, &domain.zone)),
            Step::Connect { .. } => actions.extend([true, false].map(Action::Connect)),
            Step::Session(session::Step::Transfer(_)) => {
                let few = domain.alphabet == Alphabet::Few;
                let transfers = if few { &TRANSFERS[..3] } else { &TRANSFERS[..] };
                actions.extend(transfers.iter().copied().map(Action::Take));
            }
            Step::Session(step) => {
                let moves = domain.alphabet.moves(step).iter();
                actions.extend(moves.copied().map(Action::OnWire));
            }
            Step::Done(_) => {}
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        let event = match action {
            Action::Answer(id, given) => {
                let domain = self.domain(last);
                let query = last.open().iter().find(|query| query.id() == id)?;
                let host = domain.owner(query.question().name());
                let question = query.question();
                state.known.note(&domain.name, &host, question, &given);
                Event::Answer(id, given.answer)
            }
            Action::Connect(false) => {
                state.tried.push(self.at(last)?);
                Event::ConnectFailed
            }
            Action::Connect(true) => {
                state.tried.push(self.at(last)?);
                state.connection = Connection::opened();
                Event::Connected
            }
            Action::OnWire(event) => {
                state.connection.note(event);
                match last.delivery.step() {
                    Step::Session(step) => Event::Session(event.event(step)),
                    _ => return None,
                }
            }
            Action::Take(transfer) => {
                state.accepted += u8::from(transfer == Transfer::Accepted);
                state.rejected |= matches!(transfer, Transfer::Rejected { .. });
                Event::Transferred(transfer)
            }
        };
        state.delivery.handle(event).ok()?;
        state.events += 1;
        // A connection lives as long as the steps are those of a session.
        let step = match state.delivery.step() {
            Step::Session(step) => Some(step),
            _ => None,
        };
        state.connection.obey(step);
        Some(state)
    }

    fn within_boundary(&self, state: &State) -> bool {
        // One event more shows that a run is too long.
        state.events <= self.domain(state).bound + 1
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = self.of_connections();
        properties.extend(self.of_hosts());
        properties.extend(self.of_the_whole());
        properties
    }
}

impl Deliveries {
    fn of_connections(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(property::PROOF, |model: &Self, state: &State| {
                model.mail_meets(state, |demand| matches!(demand, Demand::Proof(_)))
            }),
            Property::always(property::ENCRYPTION, |model: &Self, state: &State| {
                model.mail_meets(state, |demand| *demand == Demand::Encryption)
            }),
            Property::always(property::MANDATORY, |model: &Self, state: &State| {
                let mandatory = model.domain(state).policy.dane == DaneMode::Mandatory;
                !mandatory || model.mail_meets(state, |_| true)
            }),
            Property::always(property::INJECTED, |_, state: &State| {
                !(state.mail_for().is_some() && state.connection.injected)
            }),
            Property::always(property::OPEN, |_, state: &State| {
                state.mail_for().is_none() || state.connection.open
            }),
        ]
    }

    fn of_hosts(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(property::SILENCE, |model: &Self, state: &State| {
                model.at(state).is_none_or(|Attempt { host, .. }| {
                    let silent = model.demands(state, &host) == [Demand::Silence];
                    !silent && !model.is_barred(state, &host)
                })
            }),
            Property::always(property::ANSWERED, |model: &Self, state: &State| {
                let connects = matches!(state.delivery.step(), Step::Connect { .. });
                let was_answered =
                    |at: Attempt| state.known.facts(&at.host).has_address(at.address);
                !connects || model.at(state).is_some_and(was_answered)
            }),
            Property::always(property::ORDER, |model: &Self, state: &State| {
                model.is_in_order(state)
            }),
            Property::always(property::LOOP, |model: &Self, state: &State| {
                let mut worth_trying = model.worth_trying(state).into_iter();
                let at = model.at(state);
                at.is_none_or(|at| worth_trying.any(|(_, host)| host == at.host))
            }),
        ]
    }

    fn of_the_whole(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(property::RETURNED, |model: &Self, state: &State| {
                let domain = model.domain(state);
                let (known, policy) = (&state.known, &domain.policy);
                let by_answers = !domain.is_relay
                    && (known.bounces(&domain.name, policy)
                        || known.no_host_is_left(&domain.name, policy));
                let failed = matches!(state.outcome(), Some(Outcome::Failed(_)));
                !failed || state.rejected || by_answers
            }),
            Property::always(property::TRIED, |model: &Self, state: &State| {
                let is_undelivered = matches!(
                    state.outcome(),
                    Some(Outcome::Deferred(_) | Outcome::Failed(_))
                );
                !is_undelivered || state.rejected || model.is_all_tried(state)
            }),
            Property::always(property::ACCEPTED, |_, state: &State| {
                let delivered = matches!(state.outcome(), Some(Outcome::Delivered { .. }));
                let ends = state.accepted == 0 || state.outcome().is_some();
                state.accepted == u8::from(delivered) && ends
            }),
            Property::always(property::BOUND, |model: &Self, state: &State| {
                state.events <= model.domain(state).bound
            }),
            Property::always(property::WAY_ON, |model: &Self, state: &State| {
                state.outcome().is_some() || model::has_way_on(model, state)
            }),
            Property::always(property::BELONGS, |model: &Self, state: &State| {
                model.refuses(state)
            }),
            Property::sometimes("sometimes a proved host gets mail", |_, state: &State| {
                let proved = state.connection.proved(&[Certificate::Right]);
                state.mail_for().is_some() && proved
            }),
            Property::sometimes("sometimes mail goes in cleartext", |_, state: &State| {
                state.mail_for().is_some() && !state.connection.is_encrypted()
            }),
            Property::sometimes(
                "sometimes the last of three hosts gets mail",
                |_, state: &State| {
                    let is_last = |last: &Attempt| last.preference == 30;
                    state.mail_for().is_some() && state.tried.last().is_some_and(is_last)
                },
            ),
            Property::sometimes("sometimes mail is delivered", |_, state: &State| {
                matches!(state.outcome(), Some(Outcome::Delivered { .. }))
            }),
            Property::sometimes("sometimes mail is deferred", |_, state: &State| {
                matches!(state.outcome(), Some(Outcome::Deferred(_)))
            }),
            Property::sometimes("sometimes mail is returned unasked", |_, state: &State| {
                matches!(state.outcome(), Some(Outcome::Failed(_))) && !state.rejected
            }),
        ]
    }

    /// Where each state of the zone demands something of this kind, mail meets one of the demands.
    fn mail_meets(&self, state: &State, kind: impl Fn(&Demand) -> bool) -> bool {
        state.mail_for().is_none_or(|host| {
            let demands = self.demands(state, host);
            let met = |demand: &Demand| demand.is_met(&state.connection);
            !demands.iter().all(kind) || demands.iter().any(met)
        })
    }

    /// No host that was tried before is worse, and no better one was passed over without a reason.
    fn is_in_order(&self, state: &State) -> bool {
        let Some(Attempt { preference, .. }) = self.at(state) else {
            return true;
        };
        let known = state.known.mx.hosts(&self.domain(state).name).into_iter();
        let mut better = known.filter(|(other, _)| *other < preference);
        let sorted = state.tried.iter().all(|last| last.preference <= preference);
        let was_tried = |host: &Name| state.tried.iter().any(|attempt| attempt.host == *host);
        sorted && better.all(|(_, host)| was_tried(&host) || self.has_reason(state, &host))
    }

    /// Every host that nothing spoke against was connected to at all of its addresses, as far as the bounds of the policy go.
    fn is_all_tried(&self, state: &State) -> bool {
        let bounds = self.domain(state).policy.bounds;
        let is_tried = |host: &Name| {
            let of_host = state.tried.iter().filter(|attempt| attempt.host == *host);
            let tried: Vec<IpAddr> = of_host.map(|attempt| attempt.address).collect();
            let facts = state.known.facts(host);
            let left = facts.addresses().filter(|ip| !tried.contains(ip)).count();
            !tried.is_empty() && (left == 0 || tried.len() >= bounds.addresses.get())
        };
        let mut hosts = self.worth_trying(state).into_iter();
        state.tried.len() >= bounds.attempts.get()
            || hosts.all(|(_, host)| is_tried(&host) || self.has_reason(state, &host))
    }

    /// Something that was answered, or the zone in one of its states, speaks against this host.
    fn has_reason(&self, state: &State, host: &Name) -> bool {
        self.is_barred(state, host) || self.demands(state, host).contains(&Demand::Silence)
    }

    fn is_barred(&self, state: &State, host: &Name) -> bool {
        let facts = state.known.facts(host);
        facts.bars(self.route(state), &self.domain(state).policy)
    }

    /// Every kind of event that the step does not ask for.
    fn refuses(&self, state: &State) -> bool {
        let step = state.delivery.step();
        let on_wire = self.strange.events.iter().filter(|event| match step {
            Step::Session(step) => !belongs(step, event),
            _ => true,
        });
        let on_wire = on_wire.cloned().map(Event::Session);
        let answers = self.strange.answers(state.open());
        let answers = answers.map(|(id, answer)| Event::Answer(id, answer));
        let transfers = TRANSFERS.into_iter().map(Event::Transferred);
        let is_mail = state.mail_for().is_some();
        let transfers = transfers.filter(|_| !is_mail);
        let is_connect = matches!(step, Step::Connect { .. });
        let connections = [Event::Connected, Event::ConnectFailed].into_iter();
        let connections = connections.filter(|_| !is_connect);
        let all = answers.chain(on_wire).chain(transfers).chain(connections);
        model::refuses(&state.delivery, all, Delivery::handle)
    }
}
