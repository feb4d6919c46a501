//! What a delivery keeps while it waits, and what it asks of the allocator on its way: the figures are the same in each run, so that
//! a rise is no chance.

// The figures are those of pointers of eight octets.
#![cfg(target_pointer_width = "64")]

use allocation_counter::measure;
use smtp_dane::delivery::Delivery;
use smtp_dane_benches::certificates::Chain;
use smtp_dane_benches::delivery::World;
use smtp_dane_benches::messages::name;
use smtp_dane_benches::site::Stage;

/// What was measured for one stage.
struct Figure {
    stage: Stage,
    /// The machine and all that it owns.
    octets: u64,
    /// The pieces that it owns.
    allocations: u64,
}

const fn figure(stage: Stage, octets: u64, allocations: u64) -> Figure {
    Figure {
        stage,
        octets,
        allocations,
    }
}

/// What was measured for a domain of two MX hosts, each with an address of either family and one TLSA record, whose names are short
/// enough to be kept in place.
const MEASURED: [Figure; 10] = [
    figure(Stage::New, 408, 2),
    figure(Stage::Addresses, 1224, 5),
    figure(Stage::Tlsa, 1146, 7),
    figure(Stage::Connecting, 1050, 7),
    figure(Stage::Hello, 1386, 10),
    figure(Stage::StartTls, 1386, 10),
    figure(Stage::Handshake, 1386, 10),
    figure(Stage::Transfer, 1234, 8),
    figure(Stage::NextHost, 1834, 11),
    figure(Stage::Done, 2380, 15),
];

/// The allocations that were counted for a whole delivery: replies that are read, two hosts, a handshake.
const MEASURED_ALLOCATIONS: u64 = 83;

/// Their octets in sum, however soon they were given back.
const MEASURED_OCTETS: u64 = 11_272;

/// The greatest rise that is let pass, in per cent.
const MOST_RISE: u64 = 8;

fn most(measured: u64) -> u64 {
    measured + measured * MOST_RISE / 100
}

/// The octets and the pieces that a machine at this stage keeps once all else is dropped.
fn kept(stage: Stage) -> (u64, u64) {
    // What is made once and then kept for all is no part of a machine.
    drop(stage.machine(name("d123456.example.net")));
    let mut machine = None;
    let counted = measure(|| machine = Some(stage.machine(name("d123456.example.net"))));
    let owned = u64::try_from(counted.bytes_current).expect("what it owns is not yet freed");
    let pieces = u64::try_from(counted.count_current).expect("what it owns is not yet freed");
    (
        u64::try_from(size_of::<Delivery>()).expect("a size") + owned,
        pieces,
    )
}

#[test]
fn a_machine_keeps_no_more_at_any_stage_than_was_measured() {
    println!(
        "{:>10} {:>6} {:>12}  a machine is {} octets",
        "stage",
        "octets",
        "allocations",
        size_of::<Delivery>()
    );
    let mut risen = Vec::new();
    for figure in MEASURED {
        let (octets, allocations) = kept(figure.stage);
        println!(
            "{:>10} {octets:>6} {allocations:>12}",
            format!("{:?}", figure.stage)
        );
        if octets > most(figure.octets) || allocations > most(figure.allocations) {
            risen.push(figure.stage);
        }
    }
    assert_eq!(risen, [], "these stages keep more than was measured");
}

#[test]
fn every_stage_is_measured() {
    assert_eq!(MEASURED.map(|figure| figure.stage), Stage::ALL);
}

#[test]
fn a_whole_delivery_asks_for_no_more_than_was_measured() {
    let [leaf, _, _] = Chain::p256().0;
    let world = World::new(leaf);
    assert!(world.deliver());
    let counted = measure(|| assert!(world.deliver()));
    println!(
        "a whole delivery: {} allocations, {} octets, at most {} at once",
        counted.count_total, counted.bytes_total, counted.bytes_max
    );
    assert!(counted.count_total <= most(MEASURED_ALLOCATIONS));
    assert!(counted.bytes_total <= most(MEASURED_OCTETS));
    assert_eq!(
        counted.count_current, 0,
        "a delivery that is dropped gives everything back"
    );
}
