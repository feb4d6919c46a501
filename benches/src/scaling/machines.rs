//! Deliveries: one of a large domain, and many at once.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::time::Instant;

use smtp_dane::delivery::{Delivery, Event, Step};
use smtp_dane::dns::{Answer, Trust};
use smtp_dane::resolve::NextHop;
use smtp_dane::{AddressFamily, Policy};

use super::clock::{median, nanoseconds, nanoseconds_of, of_the_clock};
use crate::messages::{ID, example, name};
use crate::site::{Replies, Site, Stage};

/// A domain of this many hosts of which the last one alone answers.
fn of_hosts(count: u64) -> (Site, Delivery) {
    let hosts = u8::try_from(count).expect("few hosts");
    let site = Site {
        hosts,
        silent: hosts - 1,
        ..Site::USUAL
    };
    // With two addresses each, the attempts would come to their bound before the hosts do.
    let mut policy = Policy::default();
    policy.address_family = AddressFamily::V4;
    (site, Delivery::new(NextHop::domain(example()), policy, 1))
}

/// Reads the MX records and puts the hosts in order.
pub(super) fn route(hosts: u64) -> f64 {
    let (site, start) = of_hosts(hosts);
    read_and_handle(site, &start, Stage::Addresses)
}

/// All events of a delivery.
pub(super) fn delivery(hosts: u64) -> f64 {
    let (site, start) = of_hosts(hosts);
    let mut delivery = start.clone();
    let mut events = Vec::new();
    while let Some(event) = site.next(&delivery) {
        events.push(event.clone());
        delivery.handle(event).expect("an event that fits");
    }
    assert_eq!(delivery.attempts().count(), usize::from(site.hosts));
    nanoseconds(
        || (start.clone(), events.clone()),
        |(delivery, events)| {
            events.drain(..).all(|event| delivery.handle(event).is_ok())
                && Stage::of(delivery) == Some(Stage::Done)
        },
    )
}

/// The plan for a host behind aliases that stand in one reply.
pub(super) fn aliases_at_once(count: u64) -> f64 {
    aliases(count, Replies::Whole)
}

/// The same if each is in a reply of its own.
pub(super) fn aliases_one_by_one(count: u64) -> f64 {
    aliases(count, Replies::Piecemeal)
}

fn aliases(count: u64, replies: Replies) -> f64 {
    let site = Site {
        aliases: u8::try_from(count).expect("few aliases"),
        replies,
        ..Site::USUAL
    };
    let start = Stage::Addresses.machine(example());
    read_and_handle(site, &start, Stage::Connecting)
}

/// Reads the replies that bring a machine to a stage, and hands them over.
fn read_and_handle(site: Site, start: &Delivery, end: Stage) -> f64 {
    let mut delivery = start.clone();
    let mut messages = Vec::new();
    while Stage::of(&delivery) != Some(end) {
        let Step::Lookup(queries) = delivery.step() else {
            panic!("there is nothing more to read");
        };
        let query = queries.first().expect("a machine that waits has a query");
        messages.push(site.message(query.question()));
        let answer = Event::Answer(query.id(), site.answer(query.question()));
        delivery.handle(answer).expect("an answer that fits");
    }
    nanoseconds(
        || start.clone(),
        |delivery| {
            messages
                .iter()
                .all(|message| take(delivery, message).is_some())
                && Stage::of(delivery) == Some(end)
        },
    )
}

/// Reads the reply to the first question that is open.
fn take(delivery: &mut Delivery, message: &[u8]) -> Option<()> {
    let Step::Lookup(queries) = delivery.step() else {
        return None;
    };
    let query = queries.first()?;
    let answer = Answer::from_message(query.question(), ID, message, Trust::AdBit).ok()?;
    let event = Event::Answer(query.id(), answer);
    delivery.handle(event).ok()
}

/// So many machines wait, and the answers come as they will.
pub(super) fn in_random_order(count: u64) -> f64 {
    // The hash of the standard library with keys that are always the same.
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    let mut order: Vec<usize> = in_a_row(count);
    order.sort_by_cached_key(|place| hasher.hash_one(place));
    first_answers(&order)
}

/// The same with answers in the order in which the machines were made.
pub(super) fn in_order(count: u64) -> f64 {
    first_answers(&in_a_row(count))
}

fn in_a_row(count: u64) -> Vec<usize> {
    (0..usize::try_from(count).expect("a number of machines")).collect()
}

/// How many machines are timed in one go: so few that most are not interrupted.
const CHUNK: usize = 256;

/// How many times the median is of, at least.
const TIMES: usize = 1_001;

/// What the first answer takes of each machine.
fn first_answers(order: &[usize]) -> f64 {
    let clock = of_the_clock();
    let mut times = Vec::new();
    while times.len() < TIMES {
        let domain = |place: usize| name(&format!("d{place}.example.net"));
        let mut machines: Vec<_> = (0..order.len())
            .map(|place| Site::start(domain(place)))
            .collect();
        // They lie in the order in which they come, so that to fetch them costs the same in any order of the machines.
        let event = |place: &usize| Site::USUAL.next(&machines[*place]).expect("an answer");
        let mut events = order.iter().map(event).collect::<Vec<_>>().into_iter();
        for chunk in order.chunks(CHUNK) {
            let start = Instant::now();
            let good = chunk.iter().all(|place| {
                let event = events.next().expect("one for each machine");
                machines[*place].handle(event).is_ok()
            });
            let taken = nanoseconds_of(start.elapsed()) - clock;
            assert!(good, "an answer did not fit");
            times.push(taken / chunk.len() as f64);
        }
    }
    median(times)
}
