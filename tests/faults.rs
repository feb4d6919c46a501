//! One failed lookup, of every kind and at every place of a whole delivery, under every policy.
//!
//! What may happen is written down by hand beside the zone, never taken from the machine.

use smtp_dane::delivery::{Event, Outcome, Step};
use smtp_dane::dns::{QueryType, Question};
use smtp_dane::{AddressFamily, DaneMode, InsecureMx, MxAlias, Policy};

use crate::support::normal::Normal;
use crate::support::published::Demand;
use crate::support::sites::{domain, known_as};
use crate::support::three_hosts::{MxAnswer, demand, host_of, world};
use crate::support::world::{Run, World};
use crate::support::zone::Failure;

fn policies() -> Vec<Policy> {
    let mut policies = Vec::new();
    for dane in [DaneMode::Opportunistic, DaneMode::Mandatory] {
        for insecure_mx in [InsecureMx::UseTlsa, InsecureMx::Encrypt, InsecureMx::Ignore] {
            for mx_alias in [MxAlias::Expand, MxAlias::Refuse] {
                for address_family in [AddressFamily::Any, AddressFamily::V4, AddressFamily::V6] {
                    let mut policy = known_as("192.0.2.30", "us.example");
                    policy.dane = dane;
                    policy.insecure_mx = insecure_mx;
                    policy.mx_alias = mx_alias;
                    policy.address_family = address_family;
                    policies.push(policy);
                }
            }
        }
    }
    policies
}

/// A delivery in which the query with this number fails.
fn run(world: &World, policy: &Policy, fault: Option<(usize, Failure)>) -> Run {
    world.deliver_with(
        domain(),
        policy,
        &mut |_| 0,
        |question, place| match fault {
            Some((at, failure)) if at == place => failure.answer(question),
            _ => world.zone.answer(question),
        },
    )
}

/// The host whose TLSA records this query helps to find, addresses aside.
fn decides_on(question: &Question) -> Option<u8> {
    match (question.query_type(), question.name().to_string().as_str()) {
        (QueryType::Tlsa, "_25._tcp.host.example.net" | "tlsa.example.net") => Some(1),
        (QueryType::Tlsa, "_25._tcp.mx1.example.com") => Some(1),
        (QueryType::Tlsa, "_25._tcp.mx2.example.com") => Some(2),
        (QueryType::Tlsa, "_25._tcp.mx3.example.com") => Some(3),
        (QueryType::Cname, "mx2.example.com") => Some(2),
        (QueryType::Tlsa | QueryType::Cname, other) => panic!("who asks for {other}?"),
        _ => None,
    }
}

/// Calls `check` with the MX answer, the policy, the run without a fault, and the runs of every kind of fault at one place.
fn at_every_place(mut check: impl FnMut(MxAnswer, &Policy, &Run, usize, &[(Failure, Run)])) {
    for mx in [MxAnswer::Secure, MxAnswer::Insecure] {
        let world = world(mx);
        for policy in policies() {
            let sound = run(&world, &policy, None);
            for place in 0..sound.asked.len() {
                let one = |failure| (failure, run(&world, &policy, Some((place, failure))));
                check(mx, &policy, &sound, place, &Failure::ALL.map(one));
            }
        }
    }
}

#[test]
fn the_run_without_a_fault_reaches_every_host_and_asks_every_kind_of_question() {
    let sound = run(&world(MxAnswer::Secure), &policies()[0], None);
    assert!(sound.delivered());
    let mut hosts: Vec<u8> = sound.connected.iter().copied().map(host_of).collect();
    hosts.dedup();
    assert_eq!(hosts, [1, 2, 3]);
    let mut kinds: Vec<QueryType> = sound.asked.iter().map(Question::query_type).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), 5);
    assert!(sound.asked.len() > 25);
}

#[test]
fn no_fault_weakens_a_decision_and_all_kinds_of_fault_come_to_the_same() {
    at_every_place(|mx, policy, sound, place, runs| {
        let question = &sound.asked[place];
        let first = Normal::of(&runs[0].1);
        for (failure, run) in runs {
            let context = || format!("{failure:?} of {question} ({place}), MX {mx:?}, {policy:?}");
            for (address, assurance) in &run.sent {
                let demand = demand(host_of(*address), mx, policy);
                assert!(
                    Demand::met_by(assurance) >= demand,
                    "{address}: {}",
                    context()
                );
            }
            for address in &run.connected {
                let host = host_of(*address);
                assert_ne!(demand(host, mx, policy), Demand::Silence, "{}", context());
                assert_ne!(decides_on(question), Some(host), "{}", context());
            }
            if question.query_type() == QueryType::Mx {
                assert!(run.connected.is_empty(), "{}", context());
            }
            assert!(
                !matches!(run.outcome(), Outcome::Failed(_)),
                "{}",
                context()
            );
            crate::report::status(run.outcome());
            assert_eq!(Normal::of(run), first, "{}", context());
        }
    });
}

#[test]
fn a_fault_at_a_query_that_looks_for_this_site_changes_nothing_for_the_hosts_before_it() {
    let world = world(MxAnswer::Secure);
    let policy = &policies()[0];
    let sound = run(&world, policy, None);
    // The second time that the addresses of the best host are asked for, the route is known.
    let first = |question: &&Question| question.to_string() == "mx1.example.com A";
    let mut places = sound
        .asked
        .iter()
        .enumerate()
        .filter(|(_, asked)| first(asked));
    let (from, to) = (places.next().unwrap().0, places.next().unwrap().0);
    for place in from..to {
        let run = run(&world, policy, Some((place, Failure::ServFail)));
        assert_eq!(run.sent, sound.sent, "{}", sound.asked[place]);
        assert_eq!(run.outcome(), sound.outcome());
    }
}

#[test]
fn late_answers_of_an_earlier_host_are_not_taken_for_the_next_one() {
    let world = world(MxAnswer::Secure);
    let mut old = Vec::new();
    world.deliver_watched(
        domain(),
        &policies()[0],
        &mut |_| 0,
        |question, _| world.zone.answer(question),
        |machine, event| {
            if let Event::Answer(id, _) = event {
                let Step::Lookup(queries) = machine.step() else {
                    panic!("no query is open")
                };
                assert!(queries.iter().all(|query| !old.contains(&query.id())));
                old.push(*id);
            }
        },
    );
    assert!(old.len() > 25);
}
