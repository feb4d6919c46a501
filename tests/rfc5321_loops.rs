//! RFC 5321 §5.1: this site among the hosts of a domain, so that mail does not go round in circles.

use std::collections::BTreeSet;

use smtp_dane::delivery::{Deferral, Failure as Final, Outcome};
use smtp_dane::dns::{Answer, LookupError, QueryType};
use smtp_dane::report::Status;
use smtp_dane::resolve::{DropReason, Host, HostError, Route, RouteError};
use smtp_dane::{DaneMode, Policy};

use crate::support::certificates::leaf;
use crate::support::drive::{hosts, route};
use crate::support::name;
use crate::support::sites::{domain, known_as, relay, usable};
use crate::support::world::{Run, Server, World};
use crate::support::zone::{Failure, Zone};

fn route_by(zone: &Zone, policy: &Policy) -> Result<Route, RouteError> {
    route(zone, domain(), policy).0
}

/// Delivers where every address has a server in good order.
fn deliver_by(zone: Zone, policy: &Policy) -> Run {
    let world = (1..=40).fold(World::new(zone), |world, last| {
        world.server(&format!("192.0.2.{last}"), Server::with(leaf()))
    });
    world.deliver(domain(), policy)
}

fn connected(run: &Run) -> Vec<String> {
    run.connected.iter().map(ToString::to_string).collect()
}

/// Four hosts, two of them equal; `last` makes one of them this site.
fn with_ourselves(last: &str) -> Zone {
    Zone::unsigned()
        .with(
            "example.com MX 10 mx1.example.com
             example.com MX 20 mx2.example.com
             example.com MX 20 mx3.example.com
             example.com MX 30 mx4.example.com
             mx1.example.com A 192.0.2.1
             mx3.example.com A 192.0.2.3
             mx4.example.com A 192.0.2.4",
        )
        .with(last)
}

#[test]
fn section_5_1_this_site_and_every_host_no_better_than_it_are_dropped() {
    // By its address, by an alias that leads to its name, and by a mapped address.
    for ours in [
        "mx2.example.com A 192.0.2.33",
        "mx2.example.com CNAME us.example\nus.example A 192.0.2.2",
        "mx2.example.com AAAA ::ffff:192.0.2.33",
        "mx2.example.com CNAME a.example\na.example CNAME us.example",
    ] {
        let policy = known_as("192.0.2.33", "us.example");
        let route = route_by(&with_ourselves(ours), &policy).unwrap();
        assert_eq!(hosts(&route), ["mx1.example.com"], "{ours}");
        let reasons: BTreeSet<_> = route
            .dropped()
            .iter()
            .map(|dropped| (dropped.host.to_string(), dropped.reason))
            .map(|(host, reason)| (host, format!("{reason:?}")))
            .collect();
        let expected = [
            ("mx2.example.com", DropReason::Ourselves),
            ("mx3.example.com", DropReason::NoBetterThanOurselves),
            ("mx4.example.com", DropReason::NoBetterThanOurselves),
        ];
        let expected = expected.map(|(host, reason)| (host.to_owned(), format!("{reason:?}")));
        assert_eq!(reasons, BTreeSet::from(expected), "{ours}");
    }
}

#[test]
fn section_5_1_this_site_is_known_by_the_name_in_the_mx_record_whatever_its_addresses() {
    for failing in [false, true] {
        let mut zone = with_ourselves("mx2.example.com A 192.0.2.2");
        if failing {
            zone = zone
                .failing("mx2.example.com", QueryType::A, Failure::ServFail)
                .failing("mx2.example.com", QueryType::Aaaa, Failure::ServFail);
        }
        let policy = known_as("192.0.2.33", "MX2.example.com");
        let route = route_by(&zone, &policy).unwrap();
        assert_eq!(hosts(&route), ["mx1.example.com"]);
    }
}

#[test]
fn section_5_1_the_best_of_several_hosts_that_are_this_site_counts() {
    let zone = Zone::unsigned().with(
        "example.com MX 10 mx1.example.com
         example.com MX 20 mx2.example.com
         example.com MX 30 mx3.example.com
         example.com MX 40 us.example
         mx1.example.com A 192.0.2.1
         mx2.example.com A 192.0.2.33
         mx3.example.com A 192.0.2.3
         us.example A 192.0.2.34",
    );
    let route = route_by(&zone, &known_as("192.0.2.33", "us.example")).unwrap();
    assert_eq!(hosts(&route), ["mx1.example.com"]);
}

#[test]
fn section_5_1_mail_is_returned_if_this_site_is_the_best_host() {
    let zone = Zone::unsigned().with(
        "example.com MX 10 mx1.example.com
         example.com MX 20 mx2.example.com
         mx1.example.com A 192.0.2.33
         mx2.example.com A 192.0.2.2",
    );
    let run = deliver_by(zone, &known_as("192.0.2.33", "us.example"));
    let expected = Outcome::Failed(Final::NoRoute(RouteError::Ourselves));
    assert_eq!(*run.outcome(), expected);
    assert!(run.connected.is_empty());
}

#[test]
fn section_5_1_this_site_is_found_behind_the_implicit_mx_record_too() {
    let zone = Zone::unsigned().with("example.com A 192.0.2.33");
    let run = deliver_by(zone, &known_as("192.0.2.33", "us.example"));
    let expected = Outcome::Failed(Final::NoRoute(RouteError::Ourselves));
    assert_eq!(*run.outcome(), expected);
}

#[test]
fn section_5_1_an_address_in_place_of_a_host_may_be_this_site() {
    let zone = Zone::unsigned().with(
        "example.com MX 10 192.0.2.33
         example.com MX 20 mx.example.com
         mx.example.com A 192.0.2.1",
    );
    let run = deliver_by(zone, &known_as("192.0.2.33", "us.example"));
    assert!(run.connected.is_empty());
}

#[test]
fn section_5_1_a_site_that_could_not_be_recognised_at_first_is_recognised_later() {
    // The addresses cannot be had while the route is made, and can when the host is looked up.
    let zone = with_ourselves("mx2.example.com A 192.0.2.33");
    let world = World::new(zone.clone()).server("192.0.2.3", Server::with(leaf()));
    let mut before = 0;
    let run = world.deliver_with(
        domain(),
        &known_as("192.0.2.33", "us.example"),
        &mut |_| 0,
        |question, _| {
            let ours = *question.name() == name("mx2.example.com");
            before += usize::from(ours);
            if ours && before <= 2 {
                Failure::Timeout.answer(question)
            } else {
                zone.answer(question)
            }
        },
    );
    let after: Vec<_> = run
        .delivery
        .hosts()
        .iter()
        .skip_while(|host| host.plan() != Err(&HostError::Ourselves))
        .skip(1)
        .map(|host| host.plan())
        .collect();
    assert!(before > 2, "the host was looked up a second time");
    for plan in after {
        assert_eq!(plan, Err(&HostError::NoBetterThanOurselves));
    }
    assert!(
        !connected(&run).contains(&"192.0.2.4".to_owned()),
        "30 is worse than 20"
    );
    assert!(!connected(&run).contains(&"192.0.2.33".to_owned()));
}

#[test]
fn section_5_1_a_host_whose_addresses_cannot_be_had_hides_no_site_behind_it() {
    // The best host cannot be looked up, this site is the next: mail waits and does not loop.
    let zone = with_ourselves("mx2.example.com A 192.0.2.33")
        .failing("mx1.example.com", QueryType::A, Failure::ServFail)
        .failing("mx1.example.com", QueryType::Aaaa, Failure::ServFail);
    let run = deliver_by(zone, &known_as("192.0.2.33", "us.example"));
    assert!(run.connected.is_empty());
    let Outcome::Deferred(Deferral::Host { host, .. }) = run.outcome() else {
        panic!("{:?}", run.outcome())
    };
    assert_eq!(host.to_string(), "mx1.example.com");
}

/// Delivers where the addresses of one host cannot be had while the route is made, and can when the host is looked up.
fn deliver_late(zone: &Zone, host: &str) -> Run {
    let host = name(host);
    let mut times = 0;
    World::new(zone.clone()).deliver_with(
        domain(),
        &known_as("192.0.2.33", "us.example"),
        &mut |_| 0,
        |question, _| {
            let late = *question.name() == host && question.query_type() != QueryType::Mx;
            times += usize::from(late);
            if late && times <= 2 {
                Failure::Timeout.answer(question)
            } else {
                zone.answer(question)
            }
        },
    )
}

#[test]
fn section_5_1_a_site_that_is_recognised_late_waits_for_the_addresses_of_better_hosts_too() {
    let zone = |preference: u16| {
        Zone::unsigned()
            .with(&format!("example.com MX {preference} mx1.example.com"))
            .with("example.com MX 20 mx2.example.com\nmx2.example.com A 192.0.2.33")
    };
    // A lookup that failed for a while must not turn mail that waits into mail that is returned.
    let run = deliver_late(&zone(10), "mx2.example.com");
    let Outcome::Deferred(Deferral::Host { host, error }) = run.outcome() else {
        panic!("{:?}", run.outcome());
    };
    assert_eq!(host.to_string(), "mx1.example.com");
    assert!(matches!(error, HostError::NoAddress { .. }));

    // An equal of this site is not waited for, whatever it is that it lacks.
    let run = deliver_late(&zone(20), "mx2.example.com");
    let Outcome::Failed(Final::NoHost { host, error }) = run.outcome() else {
        panic!("{:?}", run.outcome())
    };
    assert_eq!(host.to_string(), "mx2.example.com");
    assert_eq!(*error, HostError::Ourselves);
}

#[test]
fn section_5_1_this_site_is_recognised_late_behind_the_implicit_mx_record_too() {
    let zone = Zone::unsigned().with("example.com A 192.0.2.33");
    let run = deliver_late(&zone, "example.com");
    assert!(run.connected.is_empty());
    let reason = run.delivery.hosts()[0].plan();
    assert_eq!(reason, Err(&HostError::Ourselves));
}

#[test]
fn section_5_1_a_relay_that_the_administrator_named_is_not_looked_for_in_any_list() {
    let zone = Zone::unsigned().with("relay.example A 192.0.2.33");
    let run = World::new(zone)
        .server("192.0.2.33", Server::with(leaf()))
        .deliver(
            relay("relay.example"),
            &known_as("192.0.2.33", "us.example"),
        );
    assert!(run.delivered());
}

/// A secure MX answer with a host in an unsigned zone, whose address anybody can forge, and one in a signed zone.
fn forged_home(better: u16, worse: u16) -> Zone {
    Zone::signed()
        .with(&format!(
            "example.com MX {better} mx.unsigned.example
             example.com MX {worse} mx.example.com
             mx.example.com A 192.0.2.1"
        ))
        .with(&usable("mx.example.com"))
        .insecure("mx.unsigned.example A 192.0.2.99")
}

#[test]
fn section_5_1_a_forged_address_of_this_site_delays_mail_under_mandatory_dane_and_returns_none() {
    // RFC 7672 §2.2.1: loop prevention comes first, so the hosts are dropped; but nothing secure says that they must be.
    let mut policy = known_as("192.0.2.99", "relay.example.net");
    let returned = deliver_by(forged_home(10, 20), &policy);
    assert!(matches!(returned.outcome(), Outcome::Failed(_)));
    policy.dane = DaneMode::Mandatory;
    let run = deliver_by(forged_home(10, 20), &policy);
    let waiting = Outcome::Deferred(Deferral::NoRoute(RouteError::UnprovenLoop));
    assert_eq!(*run.outcome(), waiting);
    assert!(run.connected.is_empty());
}

#[test]
fn section_5_1_hosts_dropped_by_a_forged_address_make_mail_wait_if_no_other_is_of_use() {
    let mut policy = known_as("192.0.2.99", "relay.example.net");
    policy.dane = DaneMode::Mandatory;
    // The one host that is left has no address, which alone would be final.
    let zone = Zone::signed()
        .with("example.com MX 10 gone.example.com\nexample.com MX 20 mx.unsigned.example")
        .with("below.gone.example.com A 192.0.2.3")
        .insecure("mx.unsigned.example A 192.0.2.99");
    let run = deliver_by(zone.clone(), &policy);
    let waiting = Outcome::Deferred(Deferral::NoRoute(RouteError::UnprovenLoop));
    assert_eq!(*run.outcome(), waiting);
}

#[test]
fn section_5_1_mail_that_this_site_keeps_for_a_better_host_waits_while_that_has_no_address() {
    let policy = known_as("192.0.2.99", "relay.example.net");
    let zone = Zone::signed()
        .with("example.com MX 10 mx.example.com\nexample.com MX 20 relay.example.net")
        .with("below.mx.example.com A 192.0.2.3\nrelay.example.net A 192.0.2.99");
    let run = deliver_by(zone, &policy);
    let Outcome::Deferred(Deferral::Host { host, error }) = run.outcome() else {
        panic!("{:?}", run.outcome());
    };
    assert_eq!(host.to_string(), "mx.example.com");
    assert!(matches!(error, HostError::NoAddress { .. }));
    assert_eq!(Status::of(run.outcome()).to_string(), "451 4.4.4");
}

#[test]
fn section_5_1_mail_for_a_relay_without_address_waits_for_the_administrator() {
    let run = World::new(Zone::signed()).deliver(relay("relay.example.com"), &Policy::default());
    assert_eq!(Status::of(run.outcome()).to_string(), "451 4.4.4");
}

#[test]
fn section_5_1_what_a_secure_answer_says_of_this_site_is_final_under_mandatory_dane_too() {
    let mut policy = known_as("192.0.2.99", "relay.example.net");
    policy.dane = DaneMode::Mandatory;
    for ours in [
        "mx.example.com A 192.0.2.99",
        "mx.example.com CNAME relay.example.net",
    ] {
        let zone = Zone::signed()
            .with("example.com MX 10 mx.example.com")
            .with(ours);
        let run = deliver_by(zone, &policy);
        let returned = Outcome::Failed(Final::NoRoute(RouteError::Ourselves));
        assert_eq!(*run.outcome(), returned, "{ours}");
    }
}

#[test]
fn section_5_1_this_site_recognised_late_by_a_forged_address_delays_mail_under_mandatory_dane() {
    let mut policy = known_as("192.0.2.99", "relay.example.net");
    policy.dane = DaneMode::Mandatory;
    let zone = forged_home(10, 20);
    // The address cannot be had when the route is made, and is forged when the host is looked up.
    let world = World::new(zone.clone()).server("192.0.2.1", Server::with(leaf()));
    let run = world.deliver_with(domain(), &policy, &mut |_| 0, |question, place| {
        let early = place < 3 && question.name() == &name("mx.unsigned.example");
        if early {
            Failure::Timeout.answer(question)
        } else {
            zone.answer(question)
        }
    });
    let expected = Outcome::Deferred(Deferral::Host {
        host: Host::Name(name("mx.unsigned.example")),
        error: HostError::UnprovenLoop,
    });
    assert_eq!(*run.outcome(), expected);
    assert!(run.connected.is_empty());
}

#[test]
fn section_5_1_a_loop_that_is_noticed_late_is_final_though_this_site_stands_behind_as_well() {
    let policy = known_as("192.0.2.99", "relay.example.net");
    let zone = Zone::signed()
        .with("example.com MX 10 mx.example.com\nexample.com MX 20 relay.example.net")
        .with("mx.example.com A 192.0.2.99\nrelay.example.net A 192.0.2.99");
    // The addresses of the better host cannot be had while the route is made.
    let mut failures = 2;
    let run =
        World::new(zone.clone()).deliver_with(domain(), &policy, &mut |_| 0, |question, _| {
            if *question.name() == name("mx.example.com") && failures > 0 {
                failures -= 1;
                return Answer::failed(LookupError::Timeout);
            }
            zone.answer(question)
        });
    let Outcome::Failed(Final::NoHost { error, .. }) = run.outcome() else {
        panic!("{:?}", run.outcome());
    };
    assert_eq!(*error, HostError::Ourselves);
}
