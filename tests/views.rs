//! What values show of themselves.

use smtp_dane::Policy;
use smtp_dane::delivery::Step;
use smtp_dane::resolve::Unexpected;

use crate::support::certificates::leaf;
use crate::support::dane::raw;
use crate::support::name;
use crate::support::sites::{ONE_HOST, domain, usable};
use crate::support::world::{Server, World};
use crate::support::zone::Zone;

#[test]
fn a_delivery_shows_its_route_once_it_is_known_and_its_plan_while_a_host_is_tried() {
    let zone = Zone::signed()
        .with(ONE_HOST)
        .with(&usable("mx.example.com"));
    let world = World::new(zone).server("192.0.2.1", Server::with(leaf()));
    let (mut looked_up, mut tried) = (0, 0);
    let run = world.deliver_watched(
        domain(),
        &Policy::default(),
        &mut |_| 0,
        |question, _| world.zone.answer(question),
        |delivery, _| {
            if let Step::Lookup(_) = delivery.step() {
                looked_up += 1;
                assert!(delivery.plan().is_none());
                assert_eq!(delivery.route().is_some(), looked_up > 1, "{looked_up}");
            } else {
                tried += 1;
                let plan = delivery.plan().expect("a host that is tried has a plan");
                assert_eq!(plan.host().to_string(), "mx.example.com");
                assert!(delivery.route().is_some());
            }
        },
    );
    assert!(
        run.delivered() && looked_up == 4 && tried == 5,
        "{looked_up} {tried}"
    );
    assert!(run.delivery.plan().is_none() && run.delivery.route().is_some());
}

#[test]
fn what_is_printed_for_developers_is_what_people_read() {
    let record = raw(3, 1, 1, &[0xab, 0x0f]);
    assert_eq!(format!("{record:?}"), "Record(3 1 1 ab0f)");
    assert_eq!(
        format!("{:?}", name("mx.example.com")),
        "Name(mx.example.com)"
    );
    assert_eq!(
        Unexpected.to_string(),
        "the event does not belong to the present state; nothing was changed"
    );
}
