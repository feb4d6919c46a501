//! Hosts of equal preference are tried in random order (RFC 5321 §5.1), and nothing else decides it (RFC 7672 §2.2.1).

use std::collections::BTreeMap;

use smtp_dane::Policy;
use smtp_dane::dns::{Answer, QueryType};
use smtp_dane::resolve::{Routing, Step};

use crate::support::drive::hosts;
use crate::support::question;
use crate::support::sites::{domain, usable};
use crate::support::world::World;
use crate::support::zone::Zone;

/// The hosts of the usual next hop by one seed.
fn order(answer: &Answer, seed: u64) -> Vec<String> {
    let mut routing = Routing::new(domain(), &Policy::default(), seed);
    let Step::Lookup([query]) = routing.step() else {
        panic!("no query")
    };
    let id = query.id();
    routing.handle(id, answer.clone()).unwrap();
    let Step::Done(Ok(route)) = routing.step() else {
        panic!("no route")
    };
    hosts(route)
}

fn answer(zone: &Zone) -> Answer {
    zone.answer(&question("example.com", QueryType::Mx))
}

const EQUALS: &str = "example.com MX 10 a.example.com
    example.com MX 10 b.example.com
    example.com MX 10 c.example.com
    example.com MX 10 d.example.com";

/// How far the counts are from even ones: the sum of squared differences over the expectation.
fn unevenness(counts: &[u32]) -> f64 {
    let total: u32 = counts.iter().sum();
    let expected = f64::from(total) / counts.len() as f64;
    let squares = counts
        .iter()
        .map(|count| (f64::from(*count) - expected).powi(2));
    squares.sum::<f64>() / expected
}

/// Seeds that differ little, and seeds that differ much.
fn seeds(count: u64) -> [Vec<u64>; 3] {
    let odd = 0xd134_2543_de82_ef95_u64;
    [
        (0..count).collect(),
        (0..count).map(|number| number << 32).collect(),
        (1..=count).map(|number| number.wrapping_mul(odd)).collect(),
    ]
}

#[test]
fn every_order_of_equals_is_equally_likely() {
    let answer = answer(&Zone::signed().with(EQUALS));
    for seeds in seeds(2400) {
        let mut counts = BTreeMap::new();
        for seed in seeds {
            *counts.entry(order(&answer, seed)).or_insert(0_u32) += 1;
        }
        assert_eq!(counts.len(), 24);
        let counts: Vec<u32> = counts.into_values().collect();
        // With 23 degrees of freedom a fair shuffle exceeds this once in ten thousand times.
        assert!(unevenness(&counts) < 59.0, "{}", unevenness(&counts));
    }
}

#[test]
fn equal_seeds_give_equal_orders_whatever_the_order_of_the_answer() {
    let mut records: Vec<&str> = EQUALS.lines().collect();
    let first = answer(&Zone::signed().with(EQUALS));
    for _ in 0..records.len() {
        records.rotate_left(1);
        let other = answer(&Zone::signed().with(&records.join("\n")));
        for seed in 0..50 {
            assert_eq!(order(&first, seed), order(&other, seed), "{seed}");
        }
    }
}

#[test]
fn only_equals_are_mixed() {
    let zone = Zone::signed().with(EQUALS).with(
        "example.com MX 5 best.example.com
         example.com MX 20 y.example.com
         example.com MX 20 z.example.com
         example.com MX 30 worst.example.com",
    );
    let answer = answer(&zone);
    let mut tails = BTreeMap::new();
    for seed in 0..400 {
        let order = order(&answer, seed);
        assert_eq!(
            (order[0].as_str(), order[7].as_str()),
            ("best.example.com", "worst.example.com")
        );
        let mut middle = order[1..5].to_vec();
        middle.sort();
        assert_eq!(
            middle,
            ["a", "b", "c", "d"].map(|label| format!("{label}.example.com"))
        );
        *tails.entry(order[5].clone()).or_insert(0_u32) += 1;
    }
    let tails: Vec<u32> = tails.into_values().collect();
    assert_eq!(tails.len(), 2);
    assert!(unevenness(&tails) < 11.0, "{tails:?}");
}

#[test]
fn two_groups_of_equals_are_mixed_independently() {
    let zone = Zone::signed().with(
        "example.com MX 10 a.example.com
         example.com MX 10 b.example.com
         example.com MX 20 c.example.com
         example.com MX 20 d.example.com",
    );
    let answer = answer(&zone);
    let mut counts = BTreeMap::new();
    for seed in 0..1000 {
        *counts.entry(order(&answer, seed)).or_insert(0_u32) += 1;
    }
    let counts: Vec<u32> = counts.into_values().collect();
    assert_eq!(counts.len(), 4);
    assert!(unevenness(&counts) < 22.0, "{counts:?}");
}

#[test]
fn a_host_with_tlsa_records_is_not_preferred_to_its_equals() {
    let addresses = "a.example.com A 192.0.2.1
        b.example.com A 192.0.2.2
        c.example.com A 192.0.2.3
        d.example.com A 192.0.2.4";
    let zone = Zone::signed().with(EQUALS).with(addresses);
    let plain = answer(&zone);
    let zone = zone.with(&usable("d.example.com"));
    let strong = answer(&zone);
    let mut firsts = BTreeMap::new();
    for seed in 0..2000 {
        let order = order(&strong, seed);
        assert_eq!(order, self::order(&plain, seed));
        *firsts.entry(order[0].clone()).or_insert(0_u32) += 1;
    }
    // Each of the four comes first, now and then.
    assert_eq!(firsts.len(), 4);
    let firsts: Vec<u32> = firsts.into_values().collect();
    // With 3 degrees of freedom a fair shuffle exceeds this once in ten thousand times.
    assert!(unevenness(&firsts) < 21.2, "{firsts:?}");
    // A delivery goes by the same order, and never steps aside for a better protected host.
    let run = World::new(zone).deliver(domain(), &Policy::default());
    let tried: Vec<String> = run
        .delivery
        .hosts()
        .iter()
        .map(|host| host.exchanger().host().to_string())
        .collect();
    assert_eq!(tried, order(&strong, 1));
}
