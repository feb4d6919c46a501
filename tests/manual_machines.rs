//! The tables of `manual::machines` on deliveries and lookups: each state that an event is said to lead to is reached in some
//! world, and no other is. The session's table has its test in `session`.

use std::collections::BTreeSet;

use smtp_dane::delivery::{Delivery, Event, Step, Transfer};
use smtp_dane::dns::{Answer, LookupError, QueryId, QueryType};
use smtp_dane::resolve::{self, HostLookup, NextHop, Routing, Unexpected};
use smtp_dane::{Policy, session};

use crate::support::certificates::leaf;
use crate::support::documented::rows;
use crate::support::drive::route;
use crate::support::sites::{ONE_HOST, domain, failing_handshakes, known_as, mandatory, one_host};
use crate::support::sites::{unusable, usable, without_start_tls};
use crate::support::world::{Server, World, refuses};
use crate::support::zone::{Chasing, Failure, Zone};

const FILE: &str = "manual/machines.md";

/// State, event, next state.
type Transitions = BTreeSet<(String, String, String)>;

/// What the manual says, one entry for each next state.
fn documented(heading: &str) -> Transitions {
    let mut all = Transitions::new();
    for row in rows(FILE, heading) {
        let next = row[2].split(", ");
        all.extend(next.map(|next| (row[0].clone(), row[1].clone(), next.to_owned())));
    }
    all
}

fn note(seen: &mut Transitions, state: &str, event: &str, next: &str) {
    seen.insert((state.to_owned(), event.to_owned(), next.to_owned()));
}

/// Two hosts with two addresses each, all of whose servers are alike.
fn two_hosts(zone: Zone, server: &Server) -> World {
    let zone = zone.with(
        "example.com MX 10 mx1.example.com
         example.com MX 20 mx2.example.com
         mx1.example.com A 192.0.2.1
         mx1.example.com AAAA 2001:db8::1
         mx2.example.com A 192.0.2.2
         mx2.example.com AAAA 2001:db8::2",
    );
    ["192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2"]
        .into_iter()
        .fold(World::new(zone), |world, address| {
            world.server(address, server.clone())
        })
}

/// Worlds in which all goes well, and those in which one thing goes wrong everywhere.
fn worlds() -> Vec<World> {
    let good = Server::with(leaf());
    let records = [usable("mx1.example.com"), usable("mx2.example.com")].join("\n");
    let taking = |transfer| Server {
        transfer,
        ..good.clone()
    };
    let servers = [
        good.clone(),
        taking(Transfer::Rejected { code: 550 }),
        taking(Transfer::Delayed { code: 450 }),
        taking(Transfer::Interrupted),
        without_start_tls(),
        failing_handshakes(),
        Server {
            connects: false,
            ..good.clone()
        },
    ];
    let zone = Zone::signed().with(&records);
    let alike = servers.iter().map(|server| two_hosts(zone.clone(), server));
    let aliased = Zone::signed()
        .chasing(Chasing::OneByOne)
        .with("example.com CNAME example.org\nexample.org MX 10 192.0.2.1");
    let unknown = Zone::signed().with(ONE_HOST).failing(
        "_25._tcp.mx.example.com",
        QueryType::Tlsa,
        Failure::Bogus,
    );
    let nowhere = Zone::signed().with("example.com MX 0 .");
    let others =
        [aliased, unknown, nowhere].map(|zone| World::new(zone).server("192.0.2.1", good.clone()));
    alike.chain(others).collect()
}

fn state_of(delivery: &Delivery) -> &'static str {
    match delivery.step() {
        Step::Lookup(_) if delivery.route().is_none() => "Routing",
        Step::Lookup(_) => "LookingUp",
        Step::Connect { .. } => "Connecting",
        Step::Session(session::Step::Transfer(_)) => "InSession at Transfer",
        Step::Session(_) => "InSession",
        Step::Done(_) => "Done",
    }
}

fn name_of(event: &Event) -> &'static str {
    match event {
        Event::Answer(..) => "Answer",
        Event::Connected => "Connected",
        Event::ConnectFailed => "ConnectFailed",
        Event::Session(_) => "Session",
        Event::Transferred(Transfer::Accepted) => "Transferred, accepted",
        Event::Transferred(Transfer::Rejected { .. }) => "Transferred, rejected",
        Event::Transferred(Transfer::Delayed { .. }) => "Transferred, delayed",
        Event::Transferred(Transfer::Interrupted) => "Transferred, interrupted",
    }
}

/// One event of each name. The loss of its connection belongs to every session that waits for something.
fn events(delivery: &Delivery) -> Vec<Event> {
    let id = match delivery.step() {
        Step::Lookup(queries) => queries[0].id(),
        _ => QueryId::default(),
    };
    vec![
        Event::Answer(id, Answer::failed(LookupError::Timeout)),
        Event::Connected,
        Event::ConnectFailed,
        Event::Session(session::Event::ConnectionLost),
        Event::Transferred(Transfer::Accepted),
        Event::Transferred(Transfer::Rejected { code: 550 }),
        Event::Transferred(Transfer::Delayed { code: 450 }),
        Event::Transferred(Transfer::Interrupted),
    ]
}

#[test]
fn a_delivery_goes_where_the_manual_says_and_refuses_what_it_has_no_row_for() {
    let table = documented("# Delivery");
    let has_row = |state: &str, event: &str| {
        let mut rows = table.iter();
        rows.any(|(of, by, _)| of == state && by == event)
    };
    let mut seen = Transitions::new();
    for world in worlds() {
        let mut watch = |delivery: &Delivery, event: &Event| {
            for other in events(delivery).into_iter().chain([event.clone()]) {
                let (state, event) = (state_of(delivery), name_of(&other));
                if !has_row(state, event) {
                    refuses(delivery, &other);
                    continue;
                }
                let mut next = delivery.clone();
                next.handle(other).unwrap();
                note(&mut seen, state, event, state_of(&next));
            }
        };
        let answer = |question: &_, _| world.zone.answer(question);
        let policy = Policy::default();
        let run = world.deliver_watched(domain(), &policy, &mut |_| 0, answer, &mut watch);
        assert_eq!(state_of(&run.delivery), "Done");
        for event in events(&run.delivery) {
            refuses(&run.delivery, &event);
        }
        note(&mut seen, "Done", "any", "–");
    }
    assert_eq!(seen, table);
}

#[test]
fn a_routing_goes_where_the_manual_says() {
    let mut seen = Transitions::new();
    let zones = [
        one_host(""),
        Zone::signed()
            .chasing(Chasing::OneByOne)
            .with("example.com CNAME example.org\nexample.org MX 10 mx.example.com"),
        Zone::signed().with("example.com MX 0 ."),
        Zone::signed().with("example.com MX 10 us.example.com\nus.example.com A 192.0.2.9"),
    ];
    for zone in zones {
        for policy in [Policy::default(), known_as("192.0.2.9", "we.example.com")] {
            let mut routing = Routing::new(domain(), &policy, 1);
            while let resolve::Step::Lookup(queries) = routing.step() {
                let state = match queries[0].question().query_type() {
                    QueryType::Mx => "AwaitingMx",
                    _ => "AwaitingIdentities",
                };
                let (id, question) = (queries[0].id(), queries[0].question().clone());
                routing.handle(id, zone.answer(&question)).unwrap();
                let next = match routing.step() {
                    resolve::Step::Lookup([query, ..])
                        if query.question().query_type() == QueryType::Mx =>
                    {
                        "AwaitingMx"
                    }
                    resolve::Step::Lookup(_) => "AwaitingIdentities",
                    resolve::Step::Done(Ok(_)) => "route",
                    resolve::Step::Done(Err(_)) => "error",
                };
                note(&mut seen, state, "Answer", next);
            }
            let late = Answer::failed(LookupError::Timeout);
            assert_eq!(routing.handle(QueryId::default(), late), Err(Unexpected));
        }
    }
    assert_eq!(seen, documented("# Routing"));
}

fn state_of_lookup(lookup: &HostLookup) -> &'static str {
    match lookup.step() {
        resolve::Step::Lookup(queries) => match queries[0].question().query_type() {
            QueryType::A | QueryType::Aaaa => "AwaitingAddresses",
            QueryType::Cname => "AwaitingAlias",
            QueryType::Tlsa | QueryType::Mx => "AwaitingTlsa",
        },
        resolve::Step::Done(Ok(_)) => "plan",
        resolve::Step::Done(Err(_)) => "error",
    }
}

/// One host behind a secure MX record, in every kind of zone.
fn hosts() -> Vec<Zone> {
    let host = "mx.example.com";
    let end = "host.unsigned.example A 192.0.2.1\nhost.unsigned.example AAAA 2001:db8::1";
    let alias = format!("{host} CNAME host.unsigned.example");
    let tlsa = "_25._tcp.mx.example.com";
    let at_alias = Zone::signed()
        .with("example.com MX 10 mx.example.com")
        .insecure(end);
    vec![
        one_host(&usable(host)),
        one_host(&unusable(host)),
        one_host("").failing(tlsa, QueryType::Tlsa, Failure::Bogus),
        one_host("").failing(host, QueryType::A, Failure::Bogus),
        one_host(&format!("{host} AAAA 2001:db8::1")),
        Zone::signed()
            .with("example.com MX 10 mx.example.com")
            .insecure("mx.example.com A 192.0.2.1\nmx.example.com AAAA 2001:db8::1"),
        Zone::signed().with(
            "example.com MX 10 mx.example.com\nmx.example.com CNAME host.example.net
             host.example.net A 192.0.2.1",
        ),
        at_alias.clone().secure(&alias),
        at_alias.clone().insecure(&alias),
        at_alias
            .secure(&alias)
            .failing(host, QueryType::Cname, Failure::Bogus),
    ]
}

#[test]
fn a_host_lookup_goes_where_the_manual_says() {
    let mut seen = Transitions::new();
    for zone in hosts() {
        for policy in [Policy::default(), mandatory()] {
            let route = route(&zone, domain(), &policy).0.unwrap();
            let mut lookup = HostLookup::new(&route.exchangers()[0], &route, &policy);
            while let resolve::Step::Lookup(queries) = lookup.step() {
                let state = state_of_lookup(&lookup);
                let (id, question) = (queries[0].id(), queries[0].question().clone());
                lookup.handle(id, zone.answer(&question)).unwrap();
                note(&mut seen, state, "Answer", state_of_lookup(&lookup));
            }
            let late = Answer::failed(LookupError::Timeout);
            assert_eq!(lookup.handle(QueryId::default(), late), Err(Unexpected));
        }
    }
    assert_eq!(seen, documented("# `HostLookup`"));
}

#[test]
fn what_needs_no_lookup_begins_at_its_end() {
    let policy = Policy::default();
    let address = NextHop::literal("192.0.2.1".parse().unwrap());
    let routing = Routing::new(address, &policy, 1);
    let resolve::Step::Done(Ok(route)) = routing.step() else {
        panic!("{:?}", routing.step())
    };
    let lookup = HostLookup::new(&route.exchangers()[0], route, &policy);
    assert_eq!(state_of_lookup(&lookup), "plan");
}
