//! Whole deliveries, over drawn answers and events. What must hold of each connection is read from the answers and from what
//! the servers showed, never from what the machine believes of them.

use std::sync::LazyLock;

use arbitrary::{Result, Unstructured};
use pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use smtp_dane::delivery::{Delivery, Event, MAX_ATTEMPTS, Outcome, Step, Transfer};
use smtp_dane::resolve::{MAX_EXCHANGERS, NextHop, SMTP_PORT};
use smtp_dane::session::{self, Assurance, StartTlsOffer};
use smtp_dane::tlsa::{Role, Usage};
use smtp_dane::{Authentication, DaneMode, Policy, Verified, VerifyError};

use crate::answers::{answer, name, policy};
use crate::certificate::key_of;
use crate::fixtures::{CHAINS, FIXTURES, NOW, names, record};
use crate::ghost::{Demand, Ghost};

/// Most events that a delivery can take: the MX lookup and five lookups a host, each over at most eight aliases and its last
/// one; and for each address connected, EHLO, STARTTLS, handshake, reconnected, the same three again, transferred.
const MOST_EVENTS: usize = 9 + MAX_EXCHANGERS * 45 + MAX_ATTEMPTS * 9;

/// A proof that serves no session of these deliveries.
static FOREIGN: LazyLock<Verified> = LazyLock::new(|| {
    let [server, ..] = FIXTURES;
    let records = vec![record(3, 1, 1, server.der)];
    let base = name("foreign.example");
    Authentication::from_vouched_records(base, [], records, Role::Relay, &Policy::default())
        .expect("a usable record")
        .verify(&[CertificateDer::from(server.der)], NOW, &[])
        .expect("the server's own record")
});

/// What the world did to the delivery.
#[derive(Default)]
struct World {
    ghost: Ghost,
    /// What the server showed in the last handshake on this connection.
    shown: Option<Shown>,
    /// Whether a handshake on this connection succeeded.
    is_encrypted: bool,
}

enum Shown {
    Chain(Vec<&'static [u8]>),
    Key(&'static [u8]),
}

pub fn run(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let _ = deliver(&mut input);
}

fn deliver(input: &mut Unstructured<'_>) -> Result<()> {
    let policy = policy(input)?;
    let next_hop = match input.arbitrary::<u8>()? {
        0..=63 => NextHop::relay(name("mx.example.com"), SMTP_PORT),
        _ => NextHop::domain(name("example.com")),
    };
    let mut delivery = Delivery::new(next_hop, policy.clone(), 1);
    let mut world = World::default();
    let mut taken = 0;
    while !input.is_empty() {
        if let Step::Done(outcome) = delivery.step() {
            world.check_outcome(outcome, &policy);
            refuse(input, &mut delivery)?;
            return Ok(());
        }
        world.check(&delivery, &policy);
        if input.arbitrary::<u8>()? < 16 {
            refuse(input, &mut delivery)?;
        }
        let event = world.next_event(input, &delivery)?;
        assert_eq!(delivery.handle(event.clone()), Ok(()), "{event:?}");
        taken += 1;
        assert!(taken <= MOST_EVENTS);
    }
    Ok(())
}

/// An event that no state of a delivery waits for changes nothing.
fn refuse(input: &mut Unstructured<'_>, delivery: &mut Delivery) -> Result<()> {
    let event = Event::Session(session::Event::Authenticated(FOREIGN.clone()));
    let event = match (input.arbitrary::<u8>()? % 3, delivery.step()) {
        (0, Step::Lookup(_) | Step::Session(_) | Step::Done(_)) => Event::Connected,
        (1, Step::Lookup(_) | Step::Connect { .. } | Step::Done(_)) => {
            Event::Transferred(Transfer::Accepted)
        }
        _ => event,
    };
    let before = delivery.clone();
    assert!(delivery.handle(event).is_err());
    assert_eq!(*delivery, before, "an unexpected event changed the machine");
    Ok(())
}

/// What a connection gave, in the terms of what was demanded.
const fn given(assurance: &Assurance) -> Demand {
    match assurance {
        Assurance::Cleartext(_) => Demand::Nothing,
        Assurance::Encrypted | Assurance::NotAuthenticated(_) => Demand::Encryption,
        Assurance::Authenticated(_) => Demand::Authentication,
    }
}

impl World {
    /// What must hold before the next event.
    fn check(&self, delivery: &Delivery, policy: &Policy) {
        let demand = match policy.dane {
            DaneMode::AuditOnly => Demand::Nothing,
            _ => self.ghost.demand(policy),
        };
        match delivery.step() {
            Step::Lookup(queries) => assert!(!queries.is_empty()),
            Step::Connect { .. } => {
                assert!(demand < Demand::Silence);
                assert!(self.ghost.is_reachable());
            }
            Step::Session(session::Step::Transfer(assurance)) => {
                if let Assurance::Authenticated(verified) = assurance {
                    self.check_proof(verified);
                }
                let given = given(assurance);
                assert!(given >= demand, "{assurance:?}: {:?}", self.ghost);
                assert!(given == Demand::Nothing || self.is_encrypted);
            }
            Step::Session(_) | Step::Done(_) => {}
        }
    }

    /// Mail that was delivered was as safe as mandatory DANE wants, and an audit objects to what the answers forbid.
    fn check_outcome(&self, outcome: &Outcome, policy: &Policy) {
        let Outcome::Delivered {
            assurance,
            would_refuse,
            ..
        } = outcome
        else {
            return;
        };
        let given = given(assurance);
        assert!(given == Demand::Authentication || policy.dane != DaneMode::Mandatory);
        let is_forbidden = given < self.ghost.demand(policy);
        assert_eq!(would_refuse.is_some(), is_forbidden, "{would_refuse:?}");
        assert!(!is_forbidden || policy.dane == DaneMode::AuditOnly);
    }

    /// The record was published under DNSSEC, and it names what the server showed.
    fn check_proof(&self, verified: &Verified) {
        let record = verified.record().expect("a record");
        let published = self.ghost.published().expect("published records");
        assert!(published.contains(record));
        let (usage, _, matching, _) = record.fields().expect("a usable record");
        let is_named = match self.shown.as_ref().expect("a handshake") {
            Shown::Key(key) => usage == Usage::DANE_EE && names(record, &[], Some(key)),
            Shown::Chain(chain) => {
                let names = |der: &&&[u8]| names(record, der, key_of(der));
                match usage {
                    Usage::DANE_EE => chain.first().as_ref().is_some_and(names),
                    // A record in full need not be sent.
                    _ => matching.0 == 0 || chain.iter().skip(1).any(|der| names(&der)),
                }
            }
        };
        assert!(is_named, "{verified:?}");
    }

    /// An event that the step waits for.
    fn next_event(&mut self, input: &mut Unstructured<'_>, delivery: &Delivery) -> Result<Event> {
        let kind: u8 = input.arbitrary()?;
        Ok(match delivery.step() {
            Step::Lookup(queries) => {
                let query = &queries[usize::from(kind) % queries.len()];
                let answer = answer(input, query.question())?;
                self.ghost.observe(query.question(), &answer);
                Event::Answer(query.id(), answer)
            }
            Step::Connect { .. } => {
                self.shown = None;
                self.is_encrypted = false;
                match kind & 3 {
                    0 => Event::ConnectFailed,
                    _ => Event::Connected,
                }
            }
            Step::Session(session::Step::Transfer(_)) => Event::Transferred(match kind & 3 {
                0 => Transfer::Accepted,
                1 => Transfer::Rejected { code: 550 },
                2 => Transfer::Delayed { code: 450 },
                _ => Transfer::Interrupted,
            }),
            Step::Session(step) => Event::Session(self.session_event(kind, step)),
            Step::Done(_) => unreachable!("the loop is over"),
        })
    }

    fn session_event(&mut self, kind: u8, step: session::Step<'_>) -> session::Event {
        use session::Event;
        if kind & 15 == 15 {
            return Event::ConnectionLost;
        }
        match step {
            session::Step::Hello => match kind & 15 {
                0..=10 => Event::Hello(StartTlsOffer::Offered),
                11 | 12 => Event::Hello(StartTlsOffer::Absent),
                _ => Event::HelloRejected { code: 421 },
            },
            session::Step::StartTls => match kind & 15 {
                0..=9 => start_tls(220, 0),
                10 => start_tls(220, 1),
                11 => start_tls(421, 0),
                12 => start_tls(454, 7),
                _ => start_tls(454, 0),
            },
            session::Step::Handshake(tls) => match kind & 7 {
                0..=4 => {
                    let chain = chain(kind);
                    let certificates: Vec<_> =
                        chain.iter().map(|der| CertificateDer::from(*der)).collect();
                    self.shown = Some(Shown::Chain(chain));
                    self.is_encrypted = true;
                    let algorithms = webpki::ALL_VERIFICATION_ALGS;
                    Event::of_handshake(tls, &certificates, NOW, algorithms, &[])
                }
                5 => {
                    self.shown = Some(Shown::Chain(Vec::new()));
                    self.is_encrypted = true;
                    Event::NotAuthenticated(VerifyError::NoRecordMatched)
                }
                _ => Event::HandshakeFailed,
            },
            session::Step::RawPublicKeyHandshake(wanted) => {
                let key = key_of(chain(kind)[0]).expect("a key");
                self.shown = Some(Shown::Key(key));
                self.is_encrypted = true;
                let key = SubjectPublicKeyInfoDer::from(key);
                let verified = wanted.verify_raw_public_key(&key);
                verified.map_or_else(Event::NotAuthenticated, Event::Authenticated)
            }
            session::Step::Reconnect => {
                self.shown = None;
                self.is_encrypted = false;
                Event::Reconnected
            }
            session::Step::Transfer(_) | session::Step::Abandon(_) => {
                unreachable!("a delivery goes on by itself")
            }
        }
    }
}

const fn start_tls(code: u16, buffered: usize) -> session::Event {
    session::Event::StartTlsReply { code, buffered }
}

/// What a server sends: a sound chain, its leaf alone, or a leaf below an authority that did not issue it.
fn chain(kind: u8) -> Vec<&'static [u8]> {
    let places = CHAINS[usize::from(kind >> 3 & 1)];
    let mut chain: Vec<_> = places.iter().map(|place| FIXTURES[*place].der).collect();
    match kind >> 4 & 7 {
        0..=4 => {}
        5 => chain.truncate(1),
        6 => chain.swap(0, 1),
        _ => chain[0] = FIXTURES[8].der,
    }
    chain
}
