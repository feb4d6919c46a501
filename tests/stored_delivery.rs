//! A delivery that is stored and read at any of its steps ends like the one that never was.

use std::net::IpAddr;

use smtp_dane::delivery::{Delivery, Event, Outcome, Step, Transfer};
use smtp_dane::dns::{Answer, LookupError, Query, QueryType};
use smtp_dane::resolve::{NextHop, SMTP_PORT};
use smtp_dane::{DaneMode, Policy};

use crate::stored::again;
use crate::support::certificates::{leaf, other_leaf, tlsa_text};
use crate::support::name;
use crate::support::sites::{domain, known_as, mandatory, relay, unusable, usable};
use crate::support::sites::{failing_handshakes, without_start_tls};
use crate::support::world::{Run, Server, World};
use crate::support::zone::{Failure, Zone};

/// Delivers to the end, and has the delivery stored and read before the steps that `restarts` chooses by their number.
pub fn deliver(
    world: &World,
    next_hop: NextHop,
    policy: &Policy,
    restarts: impl FnMut(usize, &Delivery) -> bool,
) -> Run {
    let mut run = Run::new(next_hop, policy);
    go_on(world, &mut run, restarts);
    run
}

/// The same from wherever a delivery is.
pub fn go_on(world: &World, run: &mut Run, mut restarts: impl FnMut(usize, &Delivery) -> bool) {
    // Far above what the bounds of the machines allow.
    for step in 0..100_000 {
        if restarts(step, &run.delivery) {
            run.delivery = again(&run.delivery);
        }
        let event = match run.delivery.step() {
            Step::Lookup(queries) => {
                let question = queries[0].question().clone();
                let event = Event::Answer(queries[0].id(), world.zone.answer(&question));
                run.asked.push(question);
                event
            }
            Step::Done(_) => return,
            Step::Connect { .. } | Step::Session(_) => world.meet(run),
        };
        run.delivery.handle(event).unwrap();
    }
    panic!("the delivery does not end");
}

/// All that is known of a delivery in the end. Proofs that were stored are no proofs any more, so they are compared as reports.
pub fn account(run: &Run) -> String {
    serde_json::to_string(&(&run.delivery, run.outcome())).unwrap()
}

fn in_session(delivery: &Delivery) -> bool {
    matches!(delivery.step(), Step::Session(_))
}

/// The addresses, each once where it was tried again at once.
fn without_repetition(events: &[IpAddr]) -> Vec<IpAddr> {
    let mut events = events.to_vec();
    events.dedup();
    events
}

/// Three hosts, of which the first two are of equal preference.
fn three() -> Zone {
    let lines = (1..=3).map(|place| {
        format!(
            "example.com MX {} mx{place}.example.com\nmx{place}.example.com A 192.0.2.{place}\n\
             mx{place}.example.com AAAA 2001:db8::{place}\n",
            place / 3
        )
    });
    Zone::signed().with(&lines.collect::<String>())
}

/// Worlds and policies, each with the end that its delivery must come to.
fn cases() -> Vec<(&'static str, World, NextHop, Policy)> {
    let all_usable = || {
        (1..=3).fold(three(), |zone, place| {
            zone.with(&usable(&format!("mx{place}.example.com")))
        })
    };
    let delaying = Server {
        transfer: Transfer::Delayed { code: 451 },
        ..Server::with(leaf())
    };
    let rejecting = Server {
        transfer: Transfer::Rejected { code: 550 },
        ..Server::with(leaf())
    };
    let mut audit = Policy::default();
    audit.dane = DaneMode::AuditOnly;
    let mut off = Policy::default();
    off.dane = DaneMode::Off;
    let servers = |zone: Zone, first: Server, last: Server| {
        World::new(zone)
            .server("192.0.2.1", first.clone())
            .server("2001:db8::1", first.clone())
            .server("192.0.2.2", first)
            .server("192.0.2.3", last)
    };
    vec![
        (
            "delivered",
            servers(all_usable(), delaying.clone(), Server::with(leaf())),
            domain(),
            mandatory(),
        ),
        (
            "delivered",
            servers(all_usable(), without_start_tls(), Server::with(leaf())),
            domain(),
            known_as("192.0.2.77", "me.example"),
        ),
        (
            "delivered",
            servers(three(), failing_handshakes(), Server::with(leaf())),
            domain(),
            Policy::default(),
        ),
        (
            "delivered",
            servers(all_usable(), Server::with(other_leaf()), delaying.clone()),
            domain(),
            audit.clone(),
        ),
        (
            "delivered",
            servers(
                three().failing(
                    "_25._tcp.mx1.example.com",
                    QueryType::Tlsa,
                    Failure::ServFail,
                ),
                delaying.clone(),
                delaying.clone(),
            )
            .server("192.0.2.3", Server::with(leaf())),
            domain(),
            audit,
        ),
        (
            "delivered",
            servers(all_usable(), delaying.clone(), Server::with(leaf())),
            domain(),
            off,
        ),
        (
            "failed",
            servers(all_usable(), rejecting.clone(), rejecting),
            domain(),
            Policy::default(),
        ),
        (
            "deferred",
            servers(
                three().with(&unusable("mx3.example.com")),
                without_start_tls(),
                without_start_tls(),
            ),
            domain(),
            mandatory(),
        ),
        (
            "deferred",
            servers(
                all_usable(),
                Server::with(other_leaf()),
                Server::with(b"junk"),
            ),
            domain(),
            Policy::default(),
        ),
        (
            "deferred",
            servers(all_usable(), delaying.clone(), delaying.clone()),
            domain(),
            known_as("192.0.2.3", "me.example"),
        ),
        (
            "failed",
            servers(all_usable(), delaying.clone(), delaying.clone()),
            domain(),
            known_as("192.0.2.1", "mx2.example.com"),
        ),
        (
            "failed",
            World::new(Zone::signed()),
            domain(),
            Policy::default(),
        ),
        (
            "deferred",
            World::new(Zone::signed().failing("example.com", QueryType::Mx, Failure::Bogus)),
            domain(),
            Policy::default(),
        ),
        (
            "deferred",
            World::new(three()),
            relay("mx1.example.com"),
            Policy::default(),
        ),
        (
            "delivered",
            servers(three(), Server::with(leaf()), delaying.clone()),
            NextHop::literal([192, 0, 2, 1].into()),
            Policy::default(),
        ),
        (
            "deferred",
            servers(three(), Server::with(leaf()), delaying.clone()),
            NextHop::literal([192, 0, 2, 1].into()),
            mandatory(),
        ),
        (
            "deferred",
            servers(three(), Server::with(leaf()), delaying),
            NextHop::submission(name("mx1.example.com"), SMTP_PORT),
            Policy::default(),
        ),
    ]
}

fn end(run: &Run) -> &'static str {
    match run.outcome() {
        Outcome::Delivered { .. } => "delivered",
        Outcome::Deferred(_) => "deferred",
        Outcome::Failed(_) => "failed",
    }
}

#[test]
fn a_delivery_that_is_stored_at_any_step_ends_like_one_that_never_was() {
    for (place, (ending, world, next_hop, policy)) in cases().into_iter().enumerate() {
        let mut steps = 0;
        let plain = deliver(&world, next_hop.clone(), &policy, |step, _| {
            steps = step;
            false
        });
        assert_eq!(end(&plain), ending, "{place}: {}", plain.outcome());
        for restart in 0..=steps {
            let mut session = false;
            let run = deliver(&world, next_hop.clone(), &policy, |step, delivery| {
                session |= step == restart && in_session(delivery);
                step == restart
            });
            assert_eq!(account(&run), account(&plain), "{place}, {restart}");
            if session {
                // The address is tried once more, and no other one.
                assert_eq!(
                    without_repetition(&run.connected),
                    without_repetition(&plain.connected),
                    "{place}, {restart}"
                );
            } else {
                assert_eq!(run.connected, plain.connected, "{place}, {restart}");
                assert_eq!(run.sent, plain.sent, "{place}, {restart}");
            }
        }
    }
}

#[test]
fn a_delivery_that_is_stored_between_all_its_sessions_ends_like_one_that_never_was() {
    for (place, (_, world, next_hop, policy)) in cases().into_iter().enumerate() {
        let plain = deliver(&world, next_hop.clone(), &policy, |_, _| false);
        // A lookup that is stored before each of its answers would never end.
        let run = deliver(&world, next_hop, &policy, |_, delivery| {
            !matches!(delivery.step(), Step::Lookup(_) | Step::Session(_))
        });
        assert_eq!(account(&run), account(&plain), "{place}");
        assert_eq!(run.asked, plain.asked, "{place}");
        assert_eq!(run.connected, plain.connected, "{place}");
    }
}

#[test]
fn a_lookup_that_is_stored_asks_anew_and_takes_no_answer_to_what_was_asked_before() {
    let zone = three();
    let mut delivery = Delivery::new(domain(), Policy::default(), 1);
    let mx = queries(&delivery);
    let anew = queries(&again(&delivery));
    assert_eq!(anew[0].question(), mx[0].question());
    assert_ne!(anew[0].id(), mx[0].id());
    delivery
        .handle(Event::Answer(mx[0].id(), zone.answer(mx[0].question())))
        .unwrap();
    let both = queries(&delivery);
    assert_eq!(both.len(), 2);
    delivery
        .handle(Event::Answer(both[0].id(), zone.answer(both[0].question())))
        .unwrap();
    assert_eq!(queries(&delivery).len(), 1);

    let mut read = again(&delivery);
    let anew = queries(&read);
    let questions = |queries: &[Query]| {
        queries
            .iter()
            .map(|query| query.question().clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(questions(&anew), questions(&both));
    for query in mx.iter().chain(&both) {
        let late = Event::Answer(query.id(), zone.answer(query.question()));
        assert!(read.handle(late).is_err(), "{query:?}");
        let failure = Event::Answer(query.id(), Answer::failed(LookupError::Timeout));
        assert!(read.handle(failure).is_err(), "{query:?}");
    }
    assert_eq!(read.route(), delivery.route());
}

fn queries(delivery: &Delivery) -> Vec<Query> {
    match delivery.step() {
        Step::Lookup(queries) => queries.to_vec(),
        step => panic!("no lookup: {step:?}"),
    }
}

#[test]
fn a_delivery_before_a_connection_is_read_just_as_it_was() {
    let world = World::new(
        three()
            .with(&usable("mx1.example.com"))
            .with(&usable("mx2.example.com")),
    );
    let mut seen = 0;
    deliver(&world, domain(), &Policy::default(), |_, delivery| {
        if let Step::Connect { .. } = delivery.step() {
            assert_eq!(again(delivery), *delivery);
            seen += 1;
        }
        false
    });
    assert_eq!(seen, 6);
}

#[test]
fn a_session_is_read_as_a_connection_to_be_opened_under_the_same_plan() {
    let world = World::new(
        three()
            .with(&usable("mx1.example.com"))
            .with(&usable("mx2.example.com")),
    )
    .server("192.0.2.1", Server::with(leaf()))
    .server("192.0.2.2", Server::with(leaf()));
    let mut seen = 0;
    deliver(&world, domain(), &Policy::default(), |_, delivery| {
        if in_session(delivery) {
            let read = again(delivery);
            assert!(matches!(read.step(), Step::Connect { .. }));
            assert_eq!(read.plan(), delivery.plan());
            seen += 1;
        }
        false
    });
    assert_eq!(seen, 4);
}

/// Deliveries as they were written under version 1: the last one of each kind of state.
const VERSION_1: &str = include_str!("stored_delivery/version_1.txt");

/// Whoever finds this red has changed the stored form: what lies in the queues of others must be refused by another version, or read.
#[test]
fn the_stored_form_does_not_change_under_its_version() {
    let certificate = b"these octets stand for a certificate";
    let record = tlsa_text(3, 0, 1, certificate);
    let zone = three()
        .with(&format!("_25._tcp.mx1.example.com TLSA {record}"))
        .with("_25._tcp.mx2.example.com TLSA 1 1 1 00")
        .failing("mx3.example.com", QueryType::A, Failure::Timeout);
    let delaying = Server {
        transfer: Transfer::Delayed { code: 451 },
        ..Server::with(certificate)
    };
    let world = World::new(zone)
        .server("192.0.2.1", delaying.clone())
        .server("192.0.2.2", delaying);
    let mut written: Vec<(&str, String)> = Vec::new();
    let policy = known_as("192.0.2.77", "me.example");
    let run = deliver(&world, domain(), &policy, |_, delivery| {
        let kind = match delivery.step() {
            Step::Lookup(_) if delivery.route().is_none() => "routing",
            Step::Lookup(_) => "looking up",
            Step::Connect { .. } => "connecting",
            Step::Session(_) => return false,
            Step::Done(_) => "done",
        };
        written.retain(|(other, _)| *other != kind);
        written.push((kind, serde_json::to_string(delivery).unwrap()));
        false
    });
    assert_eq!(end(&run), "deferred");
    let written: Vec<String> = written.into_iter().map(|(_, text)| text).collect();
    let before: Vec<&str> = VERSION_1.lines().collect();
    assert_eq!(before.len(), 4);
    assert_eq!(written, before);
    for text in before {
        let read: Delivery = serde_json::from_str(text).unwrap();
        again(&read);
    }
}
