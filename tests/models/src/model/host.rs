//! One host: [`HostLookup`], then [`Session`] on a connection to it, over all that a zone can say of a host and all routes
//! that lead to it.

use std::sync::Arc;

use smtp_dane::DaneMode;
use smtp_dane::dns::Query;
use smtp_dane::resolve::{HostLookup, Route, RouteKind, Step};
use smtp_dane::session::{self, Session};
use stateright::{Model, Property};

use crate::cases::{Case, Size, host_cases};
use crate::facts::{Demand, Facts};
use crate::model::{self, Action};
use crate::property;
use crate::server::{Alphabet, Certificate, Connection};
use crate::strange::Strange;

/// Two families over four replies each, the probe, and the TLSA records of two candidates over two replies each.
const MOST_ANSWERS: u8 = 13;

#[derive(Debug)]
pub struct Hosts {
    cases: Vec<(Case, Arc<Route>)>,
    strange: Strange,
}

#[derive(Clone, Debug, PartialEq, Hash)]
pub struct State {
    case: usize,
    phase: Phase,
}

#[derive(Clone, Debug, PartialEq, Hash)]
enum Phase {
    LookingUp {
        lookup: Box<HostLookup>,
        facts: Facts,
        answers: u8,
    },
    /// The host is not used, with or without a reason in what was answered.
    Left { with_reason: bool },
    Connected {
        session: Session,
        connection: Connection,
        /// It is connected to against what was answered, or at an address that was not.
        in_spite: bool,
        stray: bool,
        is_ours: bool,
    },
}

impl Hosts {
    pub fn new(size: Size) -> Self {
        let with_route = |case: Case| {
            let route = Arc::new(case.route());
            (case, route)
        };
        Self {
            cases: host_cases(size).into_iter().map(with_route).collect(),
            strange: Strange::new(),
        }
    }

    fn case(&self, state: &State) -> &Case {
        &self.cases[state.case].0
    }

    /// What follows once the lookup is over.
    fn after_lookup(&self, case: usize, lookup: HostLookup, facts: Facts, answers: u8) -> Phase {
        let (of, route) = &self.cases[case];
        let is_ours = facts.ours(&of.policy).is_some()
            && matches!(route.kind(), RouteKind::Explicit | RouteKind::Implicit);
        let bars = facts.bars((route.kind(), route.security()), &of.policy);
        match lookup.step() {
            Step::Lookup(_) => Phase::LookingUp {
                lookup: Box::new(lookup),
                facts,
                answers,
            },
            Step::Done(Ok(plan)) => Phase::Connected {
                session: Session::new(plan.tls().clone(), &of.policy),
                connection: Connection::opened(),
                in_spite: bars,
                stray: !plan.addresses().iter().all(|ip| facts.has_address(*ip)),
                is_ours,
            },
            Step::Done(Err(_)) => {
                let silent = of.demands().contains(&Demand::Silence);
                Phase::Left {
                    with_reason: bars || is_ours || silent,
                }
            }
        }
    }
}

impl State {
    /// What was answered so far.
    fn answers(&self) -> u8 {
        match self.phase {
            Phase::LookingUp { answers, .. } => answers,
            Phase::Left { .. } | Phase::Connected { .. } => 0,
        }
    }

    fn mail(&self) -> Option<&Connection> {
        match &self.phase {
            Phase::Connected {
                session,
                connection,
                ..
            } if matches!(session.step(), session::Step::Transfer(_)) => Some(connection),
            _ => None,
        }
    }

    fn is_end(&self) -> bool {
        match &self.phase {
            Phase::LookingUp { .. } => false,
            Phase::Left { .. } => true,
            Phase::Connected { session, .. } => matches!(
                session.step(),
                session::Step::Transfer(_) | session::Step::Abandon(_)
            ),
        }
    }

    fn open(&self) -> &[Query] {
        match &self.phase {
            Phase::LookingUp { lookup, .. } => match lookup.step() {
                Step::Lookup(queries) => queries,
                Step::Done(_) => &[],
            },
            _ => &[],
        }
    }
}

impl Model for Hosts {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let start = |(case, (of, route)): (usize, &(Case, Arc<Route>))| {
            let exchanger = &route.exchangers()[0];
            let lookup = HostLookup::new(exchanger, route, &of.policy);
            State {
                case,
                phase: self.after_lookup(case, lookup, Facts::default(), 0),
            }
        };
        self.cases.iter().enumerate().map(start).collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let zone = &self.case(state).zone;
        actions.extend(Action::answers(state.open(), zone));
        if let Phase::Connected { session, .. } = &state.phase {
            let moves = Alphabet::Full.moves(session.step()).iter();
            actions.extend(moves.copied().map(Action::OnWire));
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let case = last.case;
        let phase = match (last.phase.clone(), action) {
            (
                Phase::LookingUp {
                    mut lookup,
                    mut facts,
                    answers,
                },
                Action::Answer(id, given),
            ) => {
                let query = last.open().iter().find(|query| query.id() == id)?;
                facts.note(&self.case(last).host, query.question(), &given);
                lookup.handle(id, given.answer).ok()?;
                self.after_lookup(case, *lookup, facts, answers + 1)
            }
            (
                Phase::Connected {
                    mut session,
                    mut connection,
                    in_spite,
                    stray,
                    is_ours,
                },
                Action::OnWire(event),
            ) => {
                let told = event.event(session.step());
                session.handle(told).ok()?;
                connection.note(event);
                connection.obey(Some(session.step()));
                Phase::Connected {
                    session,
                    connection,
                    in_spite,
                    stray,
                    is_ours,
                }
            }
            _ => return None,
        };
        Some(State { case, phase })
    }

    fn within_boundary(&self, state: &State) -> bool {
        // One answer more shows that a lookup is too long.
        state.answers() <= MOST_ANSWERS + 1
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(property::PROOF, |model: &Self, state: &State| {
                model.mail_meets(state, |demand| matches!(demand, Demand::Proof(_)))
            }),
            Property::always(property::ENCRYPTION, |model: &Self, state: &State| {
                model.mail_meets(state, |demand| *demand == Demand::Encryption)
            }),
            Property::always(property::MANDATORY, |model: &Self, state: &State| {
                let mandatory = model.case(state).policy.dane == DaneMode::Mandatory;
                !mandatory || model.mail_meets(state, |_| true)
            }),
            Property::always(property::SILENCE, |model: &Self, state: &State| {
                let silent = model.case(state).demands() == [Demand::Silence];
                !matches!(state.phase, Phase::Connected { in_spite, .. } if in_spite || silent)
            }),
            Property::always(property::ANSWERED, |_, state: &State| {
                !matches!(state.phase, Phase::Connected { stray: true, .. })
            }),
            Property::always(property::LOOP, |_, state: &State| {
                !matches!(state.phase, Phase::Connected { is_ours: true, .. })
            }),
            Property::always(property::USED, |_, state: &State| {
                !matches!(state.phase, Phase::Left { with_reason: false })
            }),
            Property::always(property::INJECTED, |_, state: &State| {
                !state.mail().is_some_and(|connection| connection.injected)
            }),
            Property::always(property::OPEN, |_, state: &State| {
                state.mail().is_none_or(|connection| connection.open)
            }),
            Property::always(property::REACHED, |model: &Self, state: &State| {
                model.serves(state)
            }),
            Property::always(property::BOUND, |_, state: &State| {
                state.answers() <= MOST_ANSWERS
            }),
            Property::always(property::WAY_ON, |model: &Self, state: &State| {
                state.is_end() || model::has_way_on(model, state)
            }),
            Property::always(property::BELONGS, |model: &Self, state: &State| {
                model.refuses(state)
            }),
            Property::sometimes(
                "sometimes a proved host gets mail",
                |model: &Self, state: &State| {
                    let proved = state
                        .mail()
                        .is_some_and(|connection| connection.proved(&[Certificate::Right]));
                    proved && matches!(model.case(state).demands()[..], [Demand::Proof(_)])
                },
            ),
            Property::sometimes("sometimes mail goes in cleartext", |_, state: &State| {
                state
                    .mail()
                    .is_some_and(|connection| !connection.is_encrypted())
            }),
            Property::sometimes(
                "sometimes a host is left for a reason",
                |_, state: &State| matches!(state.phase, Phase::Left { with_reason: true }),
            ),
            Property::sometimes(
                "sometimes mandatory DANE gives mail",
                |model: &Self, state: &State| {
                    let mandatory = model.case(state).policy.dane == DaneMode::Mandatory;
                    mandatory && state.mail().is_some()
                },
            ),
        ]
    }
}

impl Hosts {
    /// Where each state of the zone demands something of this kind, mail meets one of the demands.
    fn mail_meets(&self, state: &State, kind: impl Fn(&Demand) -> bool) -> bool {
        let demands = self.case(state).demands();
        let concerned = demands.iter().all(kind);
        state.mail().is_none_or(|connection| {
            !concerned || demands.iter().any(|demand| demand.is_met(connection))
        })
    }

    /// A handshake that met every demand, with nothing injected before it, ends in mail.
    fn serves(&self, state: &State) -> bool {
        let Phase::Connected { connection, .. } = &state.phase else {
            return true;
        };
        let demands = self.case(state).demands();
        let met = connection.is_sound() && demands.iter().all(|demand| demand.is_met(connection));
        !met || state.mail().is_some()
    }

    /// Late and strange answers; what does not belong to a session is the matter of another model.
    fn refuses(&self, state: &State) -> bool {
        let Phase::LookingUp { lookup, .. } = &state.phase else {
            return true;
        };
        let answers = self.strange.answers(state.open());
        model::refuses(&**lookup, answers, |lookup, (id, answer)| {
            lookup.handle(id, answer)
        })
    }
}
