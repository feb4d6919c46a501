//! RFC 5321 §5: where mail goes, and in which order.

use std::net::IpAddr;
use std::num::NonZeroUsize;

use smtp_dane::delivery::{Deferral, Failure as Final, Outcome, Transfer};
use smtp_dane::dns::{QueryType, Security};
use smtp_dane::resolve::{Host, HostError, NextHop, Plan, Route, RouteError, RouteKind};
use smtp_dane::{AddressFamily, Policy};

use crate::support::certificates::leaf;
use crate::support::drive::{hosts, plan, route};
use crate::support::name;
use crate::support::sites::{domain, mandatory, of_family};
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

fn deliver(zone: Zone) -> Run {
    deliver_by(zone, &Policy::default())
}

fn connected(run: &Run) -> Vec<String> {
    run.connected.iter().map(ToString::to_string).collect()
}

#[test]
fn section_5_1_a_name_is_looked_up_as_it_is_and_never_completed() {
    let zone = Zone::signed().with("localhost.example A 192.0.2.1");
    let (result, asked) = route(
        &zone,
        NextHop::domain(name("localhost")),
        &Policy::default(),
    );
    assert_eq!(result, Err(RouteError::NoDomain(Security::Secure)));
    assert_eq!(asked, ["localhost MX"]);
}

#[test]
fn section_5_1_the_target_of_an_alias_is_processed_like_the_initial_name() {
    let zone = Zone::unsigned().with(
        "example.com CNAME example.org
         example.org MX 10 mx.example.org",
    );
    let route = route_by(&zone, &Policy::default()).unwrap();
    assert_eq!(hosts(&route), ["mx.example.org"]);
    assert_eq!(route.kind(), RouteKind::Explicit);
}

#[test]
fn section_5_1_a_domain_that_does_not_exist_is_an_error_for_good() {
    for (zone, security) in [
        (Zone::signed(), Security::Secure),
        (Zone::unsigned(), Security::Insecure),
    ] {
        let run = deliver(zone);
        let expected = Outcome::Failed(Final::NoRoute(RouteError::NoDomain(security)));
        assert_eq!(*run.outcome(), expected);
        // Nobody asks for the address of such a domain.
        assert_eq!(run.asked_text(), ["example.com MX"]);
    }
    // An alias that leads nowhere is no better.
    let run = deliver(Zone::signed().with("example.com CNAME nowhere.example.org"));
    assert!(matches!(run.outcome(), Outcome::Failed(_)));
}

#[test]
fn section_5_1_a_forged_denial_of_the_domain_does_not_end_mail_that_must_have_dane() {
    let run = deliver_by(Zone::unsigned(), &mandatory());
    let expected = Outcome::Deferred(Deferral::NoRoute(RouteError::InsecureMx));
    assert_eq!(*run.outcome(), expected);
}

#[test]
fn section_5_1_a_temporary_error_lets_mail_wait() {
    for failure in Failure::ALL {
        let run = deliver(Zone::signed().failing("example.com", QueryType::Mx, failure));
        assert!(matches!(run.outcome(), Outcome::Deferred(_)), "{failure:?}");
    }
}

#[test]
fn section_5_1_a_domain_without_mx_records_is_its_own_host_of_preference_0() {
    for security in [Security::Secure, Security::Insecure] {
        let zone = Zone::signed().with("example.com A 192.0.2.1").denied(
            "example.com",
            QueryType::Mx,
            security,
        );
        let route = route_by(&zone, &Policy::default()).unwrap();
        assert_eq!(route.kind(), RouteKind::Implicit);
        assert_eq!(hosts(&route), ["example.com"]);
        assert_eq!(route.exchangers()[0].preference(), 0);
        // The security of the denial is that of the route.
        assert_eq!(route.security(), security);
    }
}

#[test]
fn section_5_1_if_no_host_has_an_address_the_error_is_final_only_if_that_is_certain() {
    let zone = || {
        Zone::signed().with(
            "example.com MX 10 mx1.example.com
             example.com MX 20 mx2.example.com",
        )
    };
    let Outcome::Failed(Final::NoHost { host, error }) = deliver(zone()).outcome().clone() else {
        panic!("not final")
    };
    assert_eq!(host, Host::Name(name("mx1.example.com")));
    assert!(matches!(error, HostError::NoAddress { .. }));
    for (owner, query_type) in [
        ("mx1.example.com", QueryType::A),
        ("mx2.example.com", QueryType::Aaaa),
    ] {
        let run = deliver(zone().failing(owner, query_type, Failure::ServFail));
        let Outcome::Deferred(Deferral::Host { host, .. }) = run.outcome() else {
            panic!("{:?}", run.outcome())
        };
        assert_eq!(*host, Host::Name(name(owner)));
    }
}

#[test]
fn section_5_1_where_there_are_mx_records_the_addresses_of_the_domain_do_not_count() {
    let zone = Zone::signed()
        .with("example.com MX 10 mx.example.com\nexample.com A 192.0.2.1")
        .failing("mx.example.com", QueryType::A, Failure::Timeout);
    let run = deliver(zone);
    assert!(run.connected.is_empty());
    let domain = name("example.com");
    let asked: Vec<_> = run
        .asked
        .iter()
        .filter(|question| *question.name() == domain)
        .collect();
    assert_eq!(asked.len(), 1, "the MX query alone");
}

#[test]
fn section_5_1_addresses_are_tried_in_turn_until_one_works() {
    let zone = Zone::unsigned().with(
        "example.com MX 10 mx.example.com
         mx.example.com A 192.0.2.101
         mx.example.com A 192.0.2.102
         mx.example.com A 192.0.2.3
         mx.example.com A 192.0.2.4",
    );
    let run = deliver(zone);
    assert!(run.delivered());
    assert_eq!(connected(&run), ["192.0.2.101", "192.0.2.102", "192.0.2.3"]);
}

#[test]
fn section_5_1_every_address_of_a_host_comes_before_the_next_host() {
    let zone = Zone::unsigned().with(
        "example.com MX 10 mx1.example.com
         example.com MX 20 mx2.example.com
         mx1.example.com A 192.0.2.101
         mx1.example.com AAAA 2001:db8::1
         mx2.example.com A 192.0.2.1",
    );
    let run = deliver(zone);
    assert_eq!(connected(&run), ["2001:db8::1", "192.0.2.101", "192.0.2.1"]);
}

#[test]
fn section_5_1_lower_preferences_come_first_over_the_whole_range() {
    let zone = Zone::unsigned().with(
        "example.com MX 65535 d.example.com
         example.com MX 256 c.example.com
         example.com MX 255 b.example.com
         example.com MX 0 a.example.com",
    );
    let route = route_by(&zone, &Policy::default()).unwrap();
    let expected = ["a", "b", "c", "d"].map(|label| format!("{label}.example.com"));
    assert_eq!(hosts(&route), expected);
}

#[test]
fn section_5_1_the_addresses_of_a_family_keep_the_order_of_the_answer() {
    let zone = Zone::unsigned().with(
        "example.com MX 10 mx.example.com
         mx.example.com A 192.0.2.9
         mx.example.com A 192.0.2.1
         mx.example.com A 192.0.2.5
         mx.example.com AAAA 2001:db8::9
         mx.example.com AAAA 2001:db8::1",
    );
    let plan: Plan = plan(&zone, domain(), &Policy::default()).0.unwrap();
    let addresses: Vec<String> = plan.addresses().iter().map(ToString::to_string).collect();
    assert_eq!(
        addresses,
        [
            "2001:db8::9",
            "192.0.2.9",
            "2001:db8::1",
            "192.0.2.1",
            "192.0.2.5"
        ]
    );
}

#[test]
fn section_5_2_a_site_with_one_address_family_passes_over_the_other() {
    let zone = Zone::unsigned().with(
        "example.com MX 10 mx.example.com
         mx.example.com A 192.0.2.1
         mx.example.com AAAA 2001:db8::1",
    );
    for (family, address, query) in [
        (AddressFamily::V4, "192.0.2.1", "mx.example.com A"),
        (AddressFamily::V6, "2001:db8::1", "mx.example.com AAAA"),
    ] {
        let (plan, asked) = plan(&zone, domain(), &of_family(family));
        assert_eq!(
            plan.unwrap().addresses(),
            [address.parse::<IpAddr>().unwrap()]
        );
        assert_eq!(asked, [query]);
    }
}

#[test]
fn section_4_2_1_a_refusal_for_good_is_final_and_one_for_now_leads_to_the_next_host() {
    let zone = Zone::unsigned().with(
        "example.com MX 10 mx1.example.com
         example.com MX 20 mx2.example.com
         mx1.example.com A 192.0.2.1
         mx2.example.com A 192.0.2.2",
    );
    let run = |transfer| {
        let first = Server {
            transfer,
            ..Server::with(leaf())
        };
        World::new(zone.clone())
            .server("192.0.2.1", first)
            .server("192.0.2.2", Server::with(leaf()))
            .deliver(domain(), &Policy::default())
    };
    let refused = run(Transfer::Rejected { code: 550 });
    assert_eq!(connected(&refused), ["192.0.2.1"]);
    assert!(matches!(
        refused.outcome(),
        Outcome::Failed(Final::Rejected { code: 550, .. })
    ));
    for transfer in [Transfer::Delayed { code: 451 }, Transfer::Interrupted] {
        let delayed = run(transfer);
        assert_eq!(connected(&delayed), ["192.0.2.1", "192.0.2.2"]);
        assert!(delayed.delivered());
    }
}

#[test]
fn section_5_1_a_site_may_begin_with_ipv4_and_may_try_fewer_addresses() {
    let zone = Zone::signed()
        .with("example.com MX 10 mx.example.com")
        .with(
            "mx.example.com A 192.0.2.1\nmx.example.com A 192.0.2.2\n\
         mx.example.com AAAA 2001:db8::1\nmx.example.com AAAA 2001:db8::2",
        );
    let [v4, v6] = [["192.0.2.1", "192.0.2.2"], ["2001:db8::1", "2001:db8::2"]]
        .map(|family| family.map(|text| text.parse::<IpAddr>().unwrap()));
    let connected = |policy: &Policy| World::new(zone.clone()).deliver(domain(), policy).connected;
    let mut policy = Policy::default();
    assert_eq!(connected(&policy), [v6[0], v4[0], v6[1], v4[1]]);
    policy.address_family = AddressFamily::V4First;
    assert_eq!(connected(&policy), [v4[0], v6[0], v4[1], v6[1]]);
    policy.bounds.addresses = NonZeroUsize::new(3).unwrap();
    assert_eq!(connected(&policy), [v4[0], v6[0], v4[1]]);
    policy.bounds.attempts = NonZeroUsize::new(2).unwrap();
    assert_eq!(connected(&policy), [v4[0], v6[0]]);
}

#[test]
fn section_5_1_the_number_of_attempts_is_counted_over_all_hosts() {
    let zone = Zone::signed()
        .with("example.com MX 10 mx.example.com\nexample.com MX 20 mx2.example.com")
        .with("mx.example.com A 192.0.2.1\nmx.example.com A 192.0.2.2")
        .with("mx2.example.com A 192.0.2.3\nmx2.example.com A 192.0.2.4");
    let mut policy = Policy::default();
    policy.bounds.attempts = NonZeroUsize::new(3).unwrap();
    let run = World::new(zone).deliver(domain(), &policy);
    assert_eq!(run.connected.len(), 3);
    assert!(matches!(run.outcome(), Outcome::Deferred(_)));
}
