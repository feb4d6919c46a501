//! Two deliveries side by side, one that audits and one without DANE. Both get the same answers and the same servers; what
//! the audit asks besides, it asks while the other one waits.

use smtp_dane::DaneMode;
use smtp_dane::delivery::{Delivery, Event, Outcome, Step, Transfer};
use smtp_dane::dns::{Query, QueryType};
use smtp_dane::session;
use stateright::{Model, Property};

use crate::cases::Size;
use crate::domains::Domain;
use crate::model::Action;
use crate::property;
use crate::server::{Alphabet, Move};
use crate::worlds::audited;

#[derive(Debug)]
pub struct Audits {
    domains: Vec<Domain>,
}

#[derive(Clone, Debug, PartialEq, Hash)]
pub struct State {
    domain: usize,
    audit: Delivery,
    off: Delivery,
    /// An event that the one took and the other refused.
    parted: bool,
}

impl Audits {
    pub fn new(size: Size) -> Self {
        Self {
            domains: audited(size),
        }
    }
}

/// What a step asks for, without its reasons.
#[derive(PartialEq)]
enum Wish {
    /// Names and types.
    Answers(Vec<(String, QueryType)>),
    Connection(std::net::IpAddr),
    OnWire(&'static str),
    Delivered(std::net::IpAddr),
    Failed,
    Deferred,
}

fn wish(delivery: &Delivery) -> Wish {
    match delivery.step() {
        Step::Lookup(queries) => Wish::Answers(
            queries
                .iter()
                .map(Query::question)
                .map(|question| (question.name().to_string(), question.query_type()))
                .collect(),
        ),
        Step::Connect { address, .. } => Wish::Connection(address),
        Step::Session(step) => Wish::OnWire(match step {
            session::Step::Hello => "hello",
            session::Step::StartTls => "STARTTLS",
            session::Step::Handshake(_) => "handshake",
            session::Step::RawPublicKeyHandshake(_) => "handshake for a key",
            session::Step::Reconnect => "reconnect",
            session::Step::Transfer(_) => "mail",
            session::Step::Abandon(_) => "abandon",
        }),
        Step::Done(Outcome::Delivered { address, .. }) => Wish::Delivered(*address),
        Step::Done(Outcome::Failed(_)) => Wish::Failed,
        Step::Done(Outcome::Deferred(_)) => Wish::Deferred,
    }
}

impl State {
    /// What the audit asks for, and nobody else does.
    fn asks_besides(&self) -> bool {
        let besides = |query: &Query| {
            let query_type = query.question().query_type();
            matches!(query_type, QueryType::Cname | QueryType::Tlsa)
        };
        match self.audit.step() {
            Step::Lookup(queries) => queries.iter().all(besides),
            _ => false,
        }
    }

    fn both(&mut self, event: impl Fn(Step<'_>) -> Option<Event>) {
        let events = [event(self.audit.step()), event(self.off.step())];
        let mut machines = [&mut self.audit, &mut self.off].into_iter();
        for event in events {
            let taken = match (event, machines.next()) {
                (Some(event), Some(machine)) => machine.handle(event).is_ok(),
                _ => false,
            };
            self.parted |= !taken;
        }
    }
}

impl Model for Audits {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let start = |(domain, of): (usize, &Domain)| {
            let [audit, off] = [DaneMode::AuditOnly, DaneMode::Off].map(|dane| {
                let mut policy = of.policy.clone();
                policy.dane = dane;
                Delivery::new(of.next_hop(), policy, 1)
            });
            State {
                domain,
                audit,
                off,
                parted: false,
            }
        };
        self.domains.iter().enumerate().map(start).collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.parted {
            return;
        }
        match state.audit.step() {
            Step::Lookup(queries) => {
                let zone = &self.domains[state.domain].zone;
                actions.extend(Action::answers(queries, zone));
            }
            Step::Connect { .. } => actions.extend([true, false].map(Action::Connect)),
            Step::Session(session::Step::Transfer(_)) => actions.extend(
                [
                    Transfer::Accepted,
                    Transfer::Rejected { code: 550 },
                    Transfer::Interrupted,
                ]
                .map(Action::Take),
            ),
            Step::Session(step) => {
                // Where a caller cannot even hand certificates over, an audit of a proof has its verdict and goes on over TLS,
                // and the other one goes on in cleartext: both send, so this is left out.
                let moves = Alphabet::Full.moves(step).iter().copied();
                let moves = moves.filter(|event| *event != Move::ShowUseless);
                actions.extend(moves.map(Action::OnWire));
            }
            Step::Done(_) => {}
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Answer(id, given) => {
                let open = match last.audit.step() {
                    Step::Lookup(queries) => queries,
                    _ => return None,
                };
                let question = open.iter().find(|query| query.id() == id)?.question();
                let of_the_other = match last.off.step() {
                    Step::Lookup(queries) => queries.iter().find(|q| q.question() == question),
                    _ => None,
                };
                if let Some(query) = of_the_other {
                    let answer = given.answer.clone();
                    state.parted |= state.off.handle(Event::Answer(query.id(), answer)).is_err();
                }
                state.parted |= state.audit.handle(Event::Answer(id, given.answer)).is_err();
            }
            Action::Connect(true) => state.both(|_| Some(Event::Connected)),
            Action::Connect(false) => state.both(|_| Some(Event::ConnectFailed)),
            Action::OnWire(event) => state.both(|step| match step {
                Step::Session(step) => Some(Event::Session(event.event(step))),
                _ => None,
            }),
            Action::Take(transfer) => state.both(|_| Some(Event::Transferred(transfer))),
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(property::AUDIT, |_, state: &State| {
                let alike = wish(&state.audit) == wish(&state.off);
                let waits = state.asks_besides() && matches!(wish(&state.off), Wish::Connection(_));
                !state.parted && (alike || waits)
            }),
            Property::sometimes("sometimes the audit asks besides", |_, state: &State| {
                state.asks_besides()
            }),
            Property::sometimes("sometimes an audit objects", |_, state: &State| match state
                .audit
                .step()
            {
                Step::Done(outcome) => outcome.would_refuse().is_some(),
                _ => false,
            }),
            Property::sometimes("sometimes an audit has no objection", |_, state: &State| {
                match state.audit.step() {
                    Step::Done(outcome @ Outcome::Delivered { .. }) => {
                        outcome.would_refuse().is_none()
                    }
                    _ => false,
                }
            }),
        ]
    }
}
