//! Limits: on hosts, aliases, addresses and records, at the bound and one above it; and how long answers may be kept.

use smtp_dane::delivery::{Deferral, MAX_ATTEMPTS, Outcome};
use smtp_dane::dns::{LookupError, MAX_ALIASES, QueryType, Security};
use smtp_dane::resolve::{
    DropReason, Host, HostError, MAX_ADDRESSES, MAX_EXCHANGERS, NextHop, Plan,
};
use smtp_dane::resolve::{Route, RouteError, Routing, Step};
use smtp_dane::tlsa::{MAX_RECORDS, SetError};
use smtp_dane::{AddressFamily, Policy};

use crate::support::drive::{hosts, plan, route};
use crate::support::message::Rr;
use crate::support::name;
use crate::support::sites::{ONE_HOST, domain, known_as, of_family, relay, usable};
use crate::support::world::World;
use crate::support::zone::{Chasing, Zone};

const BOTH: [Chasing; 2] = [Chasing::WholeChain, Chasing::OneByOne];

fn route_of(zone: &Zone) -> Route {
    route(zone, domain(), &Policy::default()).0.unwrap()
}

/// As many hosts as wanted, the preference of each by its number.
fn many_hosts(count: usize, preference: impl Fn(usize) -> usize) -> Zone {
    let records: Vec<String> = (1..=count)
        .map(|number| {
            format!(
                "example.com MX {} mx{number}.example.com",
                preference(number)
            )
        })
        .collect();
    Zone::signed().with(&records.join("\n"))
}

#[test]
fn a_delivery_tries_no_more_addresses_than_the_bound_and_then_waits() {
    let addresses: String = (1..=40)
        .flat_map(|host| {
            (1..=3).map(move |last| format!("mx{host}.example.com A 10.0.{host}.{last}\n"))
        })
        .collect();
    let world = World::new(many_hosts(40, |number| number).with(&addresses));
    let run = world.deliver(domain(), &Policy::default());
    assert_eq!(run.connected.len(), MAX_ATTEMPTS);
    assert_eq!(run.delivery.hosts().len(), MAX_ATTEMPTS.div_ceil(3));
    let best = Outcome::Deferred(Deferral::Unreachable {
        host: Host::Name(name("mx1.example.com")),
    });
    assert_eq!(*run.outcome(), best);
}

#[test]
fn of_too_many_hosts_the_best_are_kept() {
    assert_eq!(MAX_EXCHANGERS, 64);
    let route = route_of(&many_hosts(64, |number| number));
    assert_eq!((route.exchangers().len(), route.dropped().len()), (64, 0));
    for count in [65, 200] {
        // The worst stand first in the answer.
        let route = route_of(&many_hosts(count, |number| 1000 - number));
        let kept = (0..64).map(|place| format!("mx{}.example.com", count - place));
        assert_eq!(hosts(&route), kept.collect::<Vec<_>>());
        assert_eq!(route.dropped().len(), count - 64);
        for dropped in route.dropped() {
            assert_eq!(dropped.reason, DropReason::OverLimit);
        }
    }
}

#[test]
fn of_too_many_equals_any_may_be_cut_and_a_better_host_never() {
    let zone = many_hosts(70, |number| if number == 70 { 1 } else { 10 });
    let mut cut = std::collections::BTreeSet::new();
    for seed in 0..60 {
        let route = routed(&zone, &Policy::default(), seed).unwrap();
        assert_eq!(hosts(&route)[0], "mx70.example.com");
        assert_eq!(route.exchangers().len(), 64);
        cut.extend(
            route
                .dropped()
                .iter()
                .map(|dropped| dropped.host.to_string()),
        );
    }
    assert!(cut.len() > 60, "{cut:?}");
}

fn routed(zone: &Zone, policy: &Policy, seed: u64) -> Result<Route, RouteError> {
    let mut routing = Routing::new(domain(), policy, seed);
    loop {
        match routing.step() {
            Step::Lookup(queries) => {
                let answer = zone.answer(queries[0].question());
                let id = queries[0].id();
                routing.handle(id, answer).unwrap();
            }
            Step::Done(result) => return result.cloned().map_err(Clone::clone),
        }
    }
}

#[test]
fn this_site_is_noticed_even_where_it_would_be_cut_from_among_its_equals() {
    // RFC 5321 §5.1: hosts that are no better than this site are never tried.
    let zone = many_hosts(65, |_| 10);
    let policy = known_as("192.0.2.33", "mx7.example.com");
    for seed in 0..400 {
        let result = routed(&zone, &policy, seed).map(|route| hosts(&route).len());
        assert_eq!(result, Err(RouteError::Ourselves), "seed {seed}");
    }
}

#[test]
fn a_host_that_is_listed_twice_counts_once_with_its_better_preference() {
    let zone = Zone::signed().with(
        "example.com MX 20 mx1.example.com
         example.com MX 10 MX1.Example.Com
         example.com MX 10 mx1.example.com
         example.com MX 15 mx2.example.com",
    );
    let route = route_of(&zone);
    assert_eq!(hosts(&route), ["mx1.example.com", "mx2.example.com"]);
    assert_eq!(route.exchangers()[0].preference(), 10);
    let dropped: Vec<_> = route
        .dropped()
        .iter()
        .map(|dropped| (dropped.preference, dropped.reason))
        .collect();
    assert_eq!(
        dropped,
        [(10, DropReason::Repeated), (20, DropReason::Repeated)]
    );
}

#[test]
fn repeated_hosts_take_no_place_from_others() {
    let zone = (0..200).fold(many_hosts(64, |number| number), |zone, turn| {
        zone.with(&format!("example.com MX {} mx1.example.com", turn % 2))
    });
    assert_eq!(route_of(&zone).exchangers().len(), 64);
}

/// A chain of aliases from `from`, and the name at its end.
fn chain(from: &str, links: usize) -> (String, String) {
    let names: Vec<String> = std::iter::once(from.to_owned())
        .chain((1..=links).map(|link| format!("link{link}.{from}")))
        .collect();
    let records: Vec<String> = names
        .windows(2)
        .map(|pair| format!("{} CNAME {}", pair[0], pair[1]))
        .collect();
    (records.join("\n"), names[links].clone())
}

#[test]
fn eight_aliases_are_followed_and_nine_are_a_failed_lookup() {
    assert_eq!(MAX_ALIASES, 8);
    for chasing in BOTH {
        for links in [0, 1, 7, 8, 9, 10] {
            let followed = links <= 8;
            let place = format!("{links}, {chasing:?}");
            let zone = Zone::signed().chasing(chasing);

            let (records, end) = chain("example.com", links);
            let by_mx = zone
                .clone()
                .with(&records)
                .with(&format!("{end} MX 10 mx.example"));
            let result = route(&by_mx, domain(), &Policy::default()).0;
            match result {
                Err(RouteError::Lookup(failed)) => {
                    assert_eq!(failed.error, LookupError::AliasChainTooLong);
                    assert!(!followed, "{place}");
                }
                other => assert_eq!(other.is_ok(), followed, "{place}"),
            }

            let (records, end) = chain("mx.example", links);
            let by_host = zone
                .clone()
                .with(&records)
                .with(&format!("{end} A 192.0.2.1"));
            let by_host = by_host.with(&usable(&end));
            let result = plan(&by_host, relay("mx.example"), &Policy::default()).0;
            check(result, followed, &place);

            let (records, end) = chain("_25._tcp.mx.example", links);
            let by_tlsa = zone.with("mx.example A 192.0.2.1").with(&records);
            let by_tlsa = by_tlsa.with(&usable("mx.example").replace("_25._tcp.mx.example", &end));
            let result = plan(&by_tlsa, relay("mx.example"), &Policy::default()).0;
            check(result, followed, &place);
        }
    }
}

/// A host in good order, or one whose lookup failed.
fn check(result: Result<Plan, HostError>, followed: bool, place: &str) {
    match result {
        Err(HostError::Lookup(failed)) => {
            assert_eq!(failed.error, LookupError::AliasChainTooLong, "{place}");
            assert!(!followed, "{place}");
        }
        other => assert!(
            followed && other.unwrap().tls().tlsa_base().is_some(),
            "{place}"
        ),
    }
}

/// A host with this many addresses of each family.
fn many_addresses(v4: usize, v6: usize) -> Zone {
    let v4 = (1..=v4).map(|number| format!("mx.example A 192.0.2.{number}"));
    let v6 = (1..=v6).map(|number| format!("mx.example AAAA 2001:db8::{number:x}"));
    Zone::unsigned().with(&v4.chain(v6).collect::<Vec<_>>().join("\n"))
}

#[test]
fn of_too_many_addresses_the_first_of_each_family_are_kept() {
    assert_eq!(MAX_ADDRESSES, 32);
    for (v4, v6, kept_v4, kept_v6) in [
        (32, 0, 32, 0),
        (33, 0, 32, 0),
        (0, 33, 0, 32),
        (16, 16, 16, 16),
        (17, 16, 16, 16),
        (200, 200, 16, 16),
        (200, 1, 31, 1),
        (3, 200, 3, 29),
    ] {
        let plan = plan(
            &many_addresses(v4, v6),
            relay("mx.example"),
            &Policy::default(),
        )
        .0;
        let plan = plan.unwrap();
        let of = |is_kind: fn(&std::net::IpAddr) -> bool| {
            plan.addresses()
                .iter()
                .filter(|address| is_kind(address))
                .count()
        };
        let counts = (of(std::net::IpAddr::is_ipv4), of(std::net::IpAddr::is_ipv6));
        assert_eq!(counts, (kept_v4, kept_v6), "{v4} and {v6}");
        // The order of the answer is kept, and so its first addresses.
        let first = if v6 > 0 { "2001:db8::1" } else { "192.0.2.1" };
        assert_eq!(plan.addresses()[0].to_string(), first);
    }
}

#[test]
fn at_least_two_addresses_are_tried() {
    // RFC 5321 §5.1.
    let (plan, _) = plan(
        &many_addresses(2, 0),
        relay("mx.example"),
        &of_family(AddressFamily::V4),
    );
    assert_eq!(plan.unwrap().addresses().len(), 2);
}

#[test]
fn sixty_four_distinct_tlsa_records_are_used_and_sixty_five_make_the_host_unusable() {
    assert_eq!(MAX_RECORDS, 64);
    for (count, copies, expected) in [
        (64, 1, Ok(64)),
        (64, 2, Ok(64)),
        (65, 1, Err(())),
        (3, 50, Ok(3)),
    ] {
        let mut zone = Zone::signed().with(ONE_HOST);
        for number in 0..count * copies {
            let mut rdata = vec![3, 1, 1];
            rdata.extend([u8::try_from(number % count).unwrap(); 32]);
            let record = Rr::new("_25._tcp.mx.example.com", 52, 3600, &rdata);
            zone = zone.record(record, Security::Secure);
        }
        let result = plan(&zone, domain(), &Policy::default()).0;
        match expected {
            Ok(distinct) => {
                let plan = result.unwrap();
                let smtp_dane::resolve::TlsPolicy::Authenticate(wanted) = plan.tls() else {
                    panic!("{:?}", plan.tls())
                };
                assert_eq!(wanted.tlsa().records().count(), distinct);
            }
            Err(()) => assert_eq!(result, Err(HostError::TlsaSet(SetError::TooManyRecords))),
        }
    }
}

#[test]
fn too_many_unusable_tlsa_records_make_the_host_unusable_as_well() {
    let records = (0..65_u32).fold(Zone::signed().with(ONE_HOST), |zone, number| {
        zone.with(&format!("_25._tcp.mx.example.com TLSA 1 1 1 {number:064x}"))
    });
    let result = plan(&records, domain(), &Policy::default()).0;
    assert_eq!(result, Err(HostError::TlsaSet(SetError::TooManyRecords)));
}

/// A host behind an alias, with a TLSA record behind another one; each record with its own time to live.
fn timed(ttls: [u32; 5]) -> Zone {
    let texts = [
        "mx.example CNAME host.example".to_owned(),
        "host.example A 192.0.2.1".to_owned(),
        "host.example AAAA 2001:db8::1".to_owned(),
        "_25._tcp.host.example CNAME tlsa.example".to_owned(),
        usable("mx.example").replace("_25._tcp.mx.example", "tlsa.example"),
    ];
    texts
        .iter()
        .zip(ttls)
        .fold(Zone::signed(), |zone, (text, ttl)| {
            zone.record(Rr::text(text).ttl(ttl), Security::Secure)
        })
}

#[test]
fn a_plan_lasts_as_long_as_the_shortest_lived_record_behind_it() {
    for shortest in 0..5 {
        for chasing in BOTH {
            let mut ttls = [3600; 5];
            ttls[shortest] = 7;
            let zone = timed(ttls).chasing(chasing);
            let plan = plan(&zone, relay("mx.example"), &Policy::default()).0;
            assert_eq!(plan.unwrap().ttl(), 7, "{shortest}, {chasing:?}");
        }
    }
}

#[test]
fn a_plan_lasts_no_longer_than_the_denials_and_the_alias_behind_it() {
    // The SOA of a denial allows 300 seconds.
    let zone = Zone::signed().with("mx.example A 192.0.2.1\nmx.example AAAA 2001:db8::1");
    let without_tlsa = plan(&zone, relay("mx.example"), &Policy::default()).0;
    assert_eq!(without_tlsa.unwrap().ttl(), 300);
    let zone = Zone::signed()
        .record(
            Rr::text("mx.example CNAME host.example").ttl(5),
            Security::Secure,
        )
        .insecure("host.example A 192.0.2.1\nhost.example AAAA 2001:db8::1")
        .with(&usable("mx.example"));
    let by_alias = plan(&zone, relay("mx.example"), &Policy::default()).0;
    assert_eq!(by_alias.unwrap().ttl(), 5);
}

#[test]
fn a_plan_lasts_no_longer_than_what_the_alias_query_alone_said() {
    let zone = Zone::signed()
        .with("mx.example CNAME host.example")
        .insecure("host.example A 192.0.2.1\nhost.example AAAA 2001:db8::1")
        .with(&usable("mx.example"));
    let aged = Rr::text("mx.example CNAME host.example").ttl(3);
    let aged = Zone::signed().record(aged, Security::Secure);
    let run = World::new(zone.clone()).deliver_with(
        relay("mx.example"),
        &Policy::default(),
        &mut |_| 0,
        |question, _| match question.query_type() {
            QueryType::Cname => aged.answer(question),
            _ => zone.answer(question),
        },
    );
    assert_eq!(run.delivery.hosts()[0].plan().unwrap().ttl(), 3);
}

#[test]
fn a_route_lasts_as_long_as_the_shortest_lived_record_behind_it() {
    for chasing in BOTH {
        for (alias, mx, expected) in [(10, 20, 10), (20, 10, 10), (0, 20, 0)] {
            let zone = Zone::signed()
                .chasing(chasing)
                .record(
                    Rr::text("example.com CNAME example.org").ttl(alias),
                    Security::Secure,
                )
                .record(
                    Rr::text("example.org MX 10 mx.example").ttl(mx),
                    Security::Secure,
                );
            assert_eq!(route_of(&zone).ttl(), expected);
        }
    }
    let implicit = Zone::signed().with("example.com A 192.0.2.1");
    assert_eq!(route_of(&implicit).ttl(), 300);
    // What the administrator says holds until he says otherwise.
    let result = route(
        &Zone::signed(),
        NextHop::domain(name("x.example")),
        &Policy::default(),
    )
    .0;
    assert_eq!(result, Err(RouteError::NoDomain(Security::Secure)));
    let (relay, asked) = route(&Zone::signed(), relay("x.example"), &Policy::default());
    assert_eq!((relay.unwrap().ttl(), asked.len()), (u32::MAX, 0));
}

#[test]
fn the_bound_on_aliases_spans_the_alias_query_as_well() {
    // The chain that the addresses came over is at the bound, and the query for its first link is one more.
    let (records, end) = chain("mx.example", 8);
    let zone = Zone::signed()
        .with(&records)
        .insecure(&format!("{end} A 192.0.2.1\n{end} AAAA 2001:db8::1"))
        .with(&usable("mx.example"));
    let (plan, asked) = plan(&zone, relay("mx.example"), &Policy::default());
    assert!(plan.unwrap().tls().tlsa_base().is_some());
    let probes = asked
        .iter()
        .filter(|asked| asked.ends_with(&QueryType::Cname.to_string()));
    assert_eq!(probes.count(), 1);
}
