//! [`Session`] alone, under every TLS policy and every policy of the site that it reads.

use smtp_dane::dns::Security;
use smtp_dane::resolve::{RouteKind, TlsPolicy};
use smtp_dane::session::{Session, Step};
use smtp_dane::{DaneMode, Digests, FailedTls, Policy, RawPublicKeys};
use stateright::{Model, Property};

use crate::facts::{Demand, demands};
use crate::model;
use crate::property;
use crate::server::{Alphabet, Certificate, Connection, Move, belongs};
use crate::strange::{Strange, tls_policy};
use crate::zone::{Tlsa, Zone, address, name};

/// Events on two connections, and one to open the second.
const MOST_EVENTS: u8 = 7;

#[derive(Debug)]
pub struct Sessions {
    cases: Vec<Case>,
    strange: Strange,
}

#[derive(Debug)]
struct Case {
    tls: TlsPolicy,
    policy: Policy,
    demand: Demand,
    implicit: bool,
}

#[derive(Clone, Debug, PartialEq, Hash)]
pub struct State {
    case: usize,
    session: Session,
    connection: Connection,
    events: u8,
    reconnections: u8,
}

impl Sessions {
    pub fn new() -> Self {
        let host = name("mx.example.com");
        let mut cases = Vec::new();
        let tlsa = [
            Tlsa::Nothing,
            Tlsa::Right,
            Tlsa::Whole,
            Tlsa::Other,
            Tlsa::Unusable,
            Tlsa::Mixed,
            Tlsa::Agile,
        ];
        let modes = [DaneMode::Opportunistic, DaneMode::AuditOnly, DaneMode::Off];
        for (tlsa, dane) in tlsa.iter().flat_map(|tlsa| modes.map(|mode| (*tlsa, mode))) {
            let zone = Zone::default()
                .signed(&host, vec![address("192.0.2.1")])
                .tlsa(&host, tlsa);
            for policy in policies(dane) {
                let tls = tls_policy(&zone, &host, &policy);
                let route = (RouteKind::Relay, Security::Secure);
                let demand = demands(&zone, &host, route, &policy).remove(0);
                cases.extend([false, true].map(|implicit| Case {
                    tls: tls.clone(),
                    policy: policy.clone(),
                    demand: demand.clone(),
                    implicit,
                }));
            }
        }
        Self {
            cases,
            strange: Strange::new(),
        }
    }

    fn case(&self, state: &State) -> &Case {
        &self.cases[state.case]
    }
}

const DIGESTS: [Digests; 4] = [
    Digests::Sha512OverSha256,
    Digests::Sha256OverSha512,
    Digests::Sha256,
    Digests::Sha512,
];

fn policies(dane: DaneMode) -> Vec<Policy> {
    let mut policies = Vec::new();
    for failed_tls in [FailedTls::Cleartext, FailedTls::Refuse] {
        for raw_public_keys in [RawPublicKeys::Never, RawPublicKeys::AfterCertificates] {
            for digests in DIGESTS {
                let mut policy = Policy::default();
                policy.dane = dane;
                policy.failed_tls = failed_tls;
                policy.raw_public_keys = raw_public_keys;
                policy.digests = digests;
                policies.push(policy);
            }
        }
    }
    policies
}

impl State {
    fn gives_mail(&self) -> bool {
        matches!(self.session.step(), Step::Transfer(_))
    }
}

impl Model for Sessions {
    type State = State;
    type Action = Move;

    fn init_states(&self) -> Vec<State> {
        let start = |(case, of): (usize, &Case)| State {
            case,
            session: if of.implicit {
                Session::with_implicit_tls(of.tls.clone())
            } else {
                Session::new(of.tls.clone(), &of.policy)
            },
            connection: Connection::opened(),
            events: 0,
            reconnections: 0,
        };
        self.cases.iter().enumerate().map(start).collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Move>) {
        actions.extend_from_slice(Alphabet::Full.moves(state.session.step()));
    }

    fn next_state(&self, last: &State, action: Move) -> Option<State> {
        let mut state = last.clone();
        let event = action.event(last.session.step());
        // A refusal of an event that belongs here leaves the state without a way on, which is a property.
        state.session.handle(event).ok()?;
        state.connection.note(action);
        state.connection.obey(Some(state.session.step()));
        state.events += 1;
        state.reconnections += u8::from(action == Move::Reconnect);
        Some(state)
    }

    fn within_boundary(&self, state: &State) -> bool {
        // One event more shows that a run is too long.
        state.events <= MOST_EVENTS + 1
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(property::PROOF, |model: &Self, state: &State| {
                let demand = &model.case(state).demand;
                let is_proof = matches!(demand, Demand::Proof(_));
                !(state.gives_mail() && is_proof) || demand.is_met(&state.connection)
            }),
            Property::always(property::ENCRYPTION, |model: &Self, state: &State| {
                let demand = &model.case(state).demand;
                let is_encryption = *demand == Demand::Encryption;
                !(state.gives_mail() && is_encryption) || demand.is_met(&state.connection)
            }),
            Property::always(property::INJECTED, |_, state: &State| {
                !(state.gives_mail() && state.connection.injected)
            }),
            Property::always(property::OPEN, |_, state: &State| {
                !state.gives_mail() || state.connection.open
            }),
            Property::always(property::FAILED_TLS, |model: &Self, state: &State| {
                let refuses = model.case(state).policy.failed_tls == FailedTls::Refuse;
                let clear = state.gives_mail() && !state.connection.is_encrypted();
                !(refuses && clear && state.connection.offered)
            }),
            Property::always(property::REACHED, |model: &Self, state: &State| {
                model.serves(state)
            }),
            Property::always(property::ONCE_MORE, |_, state: &State| {
                state.reconnections <= 1
            }),
            Property::always(property::BOUND, |_, state: &State| {
                state.events <= MOST_EVENTS
            }),
            Property::always(property::WAY_ON, |model: &Self, state: &State| {
                let step = state.session.step();
                let is_end = matches!(step, Step::Transfer(_) | Step::Abandon(_));
                is_end || model::has_way_on(model, state)
            }),
            Property::always(property::BELONGS, |model: &Self, state: &State| {
                model.refuses(state)
            }),
            Property::sometimes("sometimes a proved server gets mail", |_, state: &State| {
                state.gives_mail() && state.connection.proved(&[Certificate::Right])
            }),
            Property::sometimes("sometimes mail goes in cleartext", |_, state: &State| {
                state.gives_mail() && !state.connection.is_encrypted()
            }),
            Property::sometimes(
                "sometimes a second connection is proved",
                |_, state: &State| {
                    state.gives_mail()
                        && state.reconnections == 1
                        && state.connection.is_encrypted()
                },
            ),
            Property::sometimes("sometimes a session is abandoned", |_, state: &State| {
                matches!(state.session.step(), Step::Abandon(_))
            }),
        ]
    }
}

impl Sessions {
    /// A handshake that met the demand, with nothing injected before it, ends in mail.
    fn serves(&self, state: &State) -> bool {
        let connection = &state.connection;
        let demand = &self.case(state).demand;
        !(connection.is_sound() && demand.is_met(connection)) || state.gives_mail()
    }

    fn refuses(&self, state: &State) -> bool {
        let step = state.session.step();
        let strange = self.strange.events.iter();
        let others = strange.filter(|event| !belongs(step, event)).cloned();
        model::refuses(&state.session, others, Session::handle)
    }
}
