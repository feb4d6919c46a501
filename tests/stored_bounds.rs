//! A delivery with as many hosts and addresses as there may be can be stored like any other.

use smtp_dane::Policy;
use smtp_dane::delivery::Step;
use smtp_dane::resolve::{MAX_ADDRESSES, MAX_EXCHANGERS};

use crate::stored::again;
use crate::stored_delivery::deliver;
use crate::support::sites::domain;
use crate::support::world::World;
use crate::support::zone::Zone;

/// Stores the delivery at its first connection, and counts the hosts of its route and the addresses of its plan.
fn at_the_first_connection(zone: Zone) -> (usize, usize) {
    let mut counts = None;
    deliver(
        &World::new(zone),
        domain(),
        &Policy::default(),
        |_, delivery| {
            if counts.is_none() && matches!(delivery.step(), Step::Connect { .. }) {
                assert_eq!(again(delivery), *delivery);
                let hosts = delivery.route().map(|route| route.exchangers().len());
                let addresses = delivery.plan().map(|plan| plan.addresses().len());
                counts = hosts.zip(addresses);
            }
            false
        },
    );
    counts.unwrap()
}

#[test]
fn a_route_of_the_most_hosts_is_read() {
    let lines = (0..=MAX_EXCHANGERS).map(|place| {
        format!("example.com MX {place} mx{place}.example.com\nmx{place}.example.com A 192.0.2.1\n")
    });
    let zone = Zone::signed().with(&lines.collect::<String>());
    assert_eq!(at_the_first_connection(zone).0, MAX_EXCHANGERS);
}

#[test]
fn a_plan_of_the_most_addresses_is_read() {
    let lines = (0..=MAX_ADDRESSES).map(|place| format!("mx.example.com A 192.0.2.{place}\n"));
    let lines = lines.collect::<String>() + "example.com MX 0 mx.example.com";
    let zone = Zone::signed().with(&lines);
    assert_eq!(at_the_first_connection(zone).1, MAX_ADDRESSES);
}
