//! RFC 7672 §1 and §2.1: what is known of a next hop, what a DNS answer means, and what a failed lookup does.

use smtp_dane::delivery::{Deferral, Outcome};
use smtp_dane::dns::{Answer, QueryType, Security, Trust};
use smtp_dane::resolve::{Host, HostError, NextHop, RouteError, TlsPolicy};
use smtp_dane::session::Assurance;
use smtp_dane::{Policy, Scope};

use crate::support::certificates::leaf;
use crate::support::drive::{hosts, plan, route};
use crate::support::message::Message;
use crate::support::sites::{ONE_HOST, domain, judge, relay, usable, verdict_on};
use crate::support::world::{Run, Server, World};
use crate::support::zone::{Failure, Zone};
use crate::support::{name, question};

const GOOD: &str = "authenticate mx.example.com as mx.example.com example.com for the NextHop";

/// One host with every record that DANE wants.
fn one_host() -> Zone {
    Zone::signed()
        .with(ONE_HOST)
        .with(&usable("mx.example.com"))
}

fn deliver(zone: Zone) -> Run {
    World::new(zone)
        .server("192.0.2.1", Server::with(leaf()))
        .server("192.0.2.2", Server::with(leaf()))
        .server("192.0.2.3", Server::with(leaf()))
        .deliver(domain(), &Policy::default())
}

fn has_proof(run: &Run) -> bool {
    matches!(
        run.outcome(),
        Outcome::Delivered {
            assurance: Assurance::Authenticated(_),
            ..
        }
    )
}

#[test]
fn section_1_1_the_next_hop_its_expansion_and_the_mx_hostname_stay_apart() {
    let zone = Zone::signed().with(
        "example.com CNAME mail.example.org
         mail.example.org MX 10 mx.example.com
         mx.example.com CNAME host.example.net
         host.example.net A 192.0.2.1",
    );
    let route = route(&zone, domain(), &Policy::default()).0.unwrap();
    assert_eq!(route.next_hop().name(), Some(&name("example.com")));
    assert_eq!(route.expanded(), Some(&name("mail.example.org")));
    assert_eq!(hosts(&route), ["mx.example.com"]);
    let plan = plan(&zone, domain(), &Policy::default()).0.unwrap();
    assert_eq!(plan.host(), &Host::Name(name("mx.example.com")));
}

#[test]
fn section_1_1_a_fallback_next_hop_is_judged_by_its_own_records() {
    let zone = Zone::signed()
        .failing("example.com", QueryType::Mx, Failure::Bogus)
        .with("fallback.example A 192.0.2.1")
        .with(&usable("fallback.example"));
    let world = World::new(zone).server("192.0.2.1", Server::with(leaf()));
    assert!(!world.deliver(domain(), &Policy::default()).delivered());
    assert!(has_proof(
        &world.deliver(relay("fallback.example"), &Policy::default())
    ));
}

#[test]
fn section_1_3_2_a_host_that_an_insecure_answer_named_proves_nothing_of_the_next_hop() {
    let zone = Zone::signed()
        .insecure("example.com MX 10 mx.example.com")
        .with("mx.example.com A 192.0.2.1")
        .with(&usable("mx.example.com"));
    let run = deliver(zone);
    let Outcome::Delivered {
        assurance: Assurance::Authenticated(verified),
        ..
    } = run.outcome()
    else {
        panic!("{:?}", run.outcome())
    };
    assert_eq!(verified.scope(), Scope::Host);
}

#[test]
fn section_2_1_1_indeterminate_and_bogus_decide_alike_at_every_query() {
    for (owner, query_type) in [
        ("example.com", QueryType::Mx),
        ("mx.example.com", QueryType::A),
        ("_25._tcp.mx.example.com", QueryType::Tlsa),
    ] {
        let run = |failure| {
            let run = deliver(one_host().failing(owner, query_type, failure));
            assert!(!run.delivered(), "{owner}");
            assert_eq!(run.connected, [] as [std::net::IpAddr; 0], "{owner}");
            run.asked_text()
        };
        assert_eq!(run(Failure::Indeterminate), run(Failure::Bogus), "{owner}");
    }
}

#[test]
fn section_2_1_1_without_a_trusted_path_no_answer_is_secure_and_dane_never_applies() {
    let zone = one_host();
    let world = World::new(zone.clone()).server("192.0.2.1", Server::with(leaf()));
    let run = world.deliver_with(domain(), &Policy::default(), &mut |_| 0, |question, _| {
        zone.answer_over(question, Trust::Nothing)
    });
    assert_eq!(
        run.asked_text(),
        ["example.com MX", "mx.example.com A", "mx.example.com AAAA"]
    );
    assert_eq!(run.sent[0].1, Assurance::Encrypted);
}

#[test]
fn section_2_1_1_the_ad_bit_of_a_trusted_resolver_is_the_security_of_an_answer() {
    let question = question("example.com", QueryType::Mx);
    let security = |message: Message, trust| {
        let answer = Answer::from_message(&question, 7, &message.to_bytes(), trust).unwrap();
        answer.result().unwrap().security()
    };
    let reply = || Message::reply(7, &question);
    assert_eq!(security(reply().secure(), Trust::AdBit), Security::Secure);
    assert_eq!(security(reply(), Trust::AdBit), Security::Insecure);
    assert_eq!(
        security(reply().secure(), Trust::Nothing),
        Security::Insecure
    );
}

#[test]
fn section_2_1_1_a_tlsa_lookup_that_failed_is_no_absence() {
    for failure in Failure::ALL {
        let zone = one_host().failing("_25._tcp.mx.example.com", QueryType::Tlsa, failure);
        let verdict = verdict_on(&zone);
        assert_eq!(
            verdict, "failed: _25._tcp.mx.example.com TLSA",
            "{failure:?}"
        );
        let run = deliver(zone);
        assert_eq!(run.sent, [], "{failure:?}");
    }
}

#[test]
fn section_2_1_1_a_denial_is_an_answer_whether_secure_or_not() {
    for security in [Security::Secure, Security::Insecure] {
        // No MX records: the domain is its own host.
        let zone = Zone::signed().with("example.com A 192.0.2.1").denied(
            "example.com",
            QueryType::Mx,
            security,
        );
        assert!(deliver(zone).delivered(), "MX, {security}");
        // One family alone.
        let zone = one_host().denied("mx.example.com", QueryType::Aaaa, security);
        assert!(has_proof(&deliver(zone)), "AAAA, {security}");
        // No TLSA records, with and without the name.
        for more in ["", "x._25._tcp.mx.example.com A 192.0.2.9"] {
            let zone = Zone::signed().with(ONE_HOST).with(more).denied(
                "_25._tcp.mx.example.com",
                QueryType::Tlsa,
                security,
            );
            let verdict = verdict_on(&zone);
            assert_eq!(verdict, "opportunistic: NoTlsa", "{security}");
        }
    }
    // No such domain.
    for (zone, security) in [
        (Zone::signed(), Security::Secure),
        (Zone::unsigned(), Security::Insecure),
    ] {
        let result = route(&zone, domain(), &Policy::default()).0;
        assert_eq!(result, Err(RouteError::NoDomain(security)));
    }
}

#[test]
fn section_2_1_1_insecure_answers_do_not_stop_mail() {
    assert!(deliver(Zone::unsigned().with(ONE_HOST)).delivered());
}

#[test]
fn section_2_1_2_mail_waits_if_the_mx_lookup_fails_and_no_address_is_asked_for() {
    let zone = Zone::signed().with("example.com A 192.0.2.1");
    let aliased = Zone::signed().with("example.com CNAME example.org");
    for failure in Failure::ALL {
        for zone in [
            zone.clone().failing("example.com", QueryType::Mx, failure),
            aliased
                .clone()
                .failing("example.org", QueryType::Mx, failure),
        ] {
            let run = deliver(zone);
            assert_eq!(run.asked_text(), ["example.com MX"]);
            let outcome = run.outcome();
            let Outcome::Deferred(Deferral::NoRoute(RouteError::Lookup(_))) = outcome else {
                panic!("{failure:?}: {outcome:?}")
            };
        }
    }
}

/// Three hosts of which the second cannot be used.
fn three_hosts() -> Zone {
    Zone::signed()
        .with(
            "example.com MX 10 mx1.example.com
             example.com MX 20 mx2.example.com
             example.com MX 30 mx3.example.com
             mx1.example.com A 192.0.2.7
             mx2.example.com A 192.0.2.2
             mx3.example.com A 192.0.2.3",
        )
        .with(&usable("mx2.example.com"))
}

#[test]
fn section_2_1_2_the_hosts_beside_one_whose_addresses_cannot_be_had_are_used() {
    let zone = three_hosts()
        .failing("mx2.example.com", QueryType::A, Failure::Bogus)
        .failing("mx2.example.com", QueryType::Aaaa, Failure::Bogus);
    let run = deliver(zone);
    assert!(run.delivered());
    let connected: Vec<String> = run.connected.iter().map(ToString::to_string).collect();
    assert_eq!(connected, ["192.0.2.7", "192.0.2.3"]);
    let second = run.delivery.hosts()[1].plan();
    assert!(matches!(second, Err(HostError::Lookup(_))), "{second:?}");
}

#[test]
fn section_2_1_2_no_connection_is_opened_before_the_tlsa_records_of_the_host_are_known() {
    let zone = one_host();
    let world = World::new(zone.clone()).server("192.0.2.1", Server::with(leaf()));
    let mut asked = Vec::new();
    let mut connections = 0;
    world.deliver_watched(
        domain(),
        &Policy::default(),
        &mut |_| 0,
        |question, _| zone.answer(question),
        |_, event| match event {
            smtp_dane::delivery::Event::Answer(..) => asked.push(()),
            smtp_dane::delivery::Event::Connected => {
                assert_eq!(asked.len(), 4, "MX, A, AAAA and TLSA come first");
                connections += 1;
            }
            _ => {}
        },
    );
    assert_eq!((asked.len(), connections), (4, 1));
}

#[test]
fn section_2_1_2_a_host_whose_tlsa_lookup_fails_is_never_connected_to_and_the_next_one_is() {
    for failure in Failure::ALL {
        let zone = three_hosts().failing("_25._tcp.mx2.example.com", QueryType::Tlsa, failure);
        let run = deliver(zone);
        let connected: Vec<String> = run.connected.iter().map(ToString::to_string).collect();
        assert_eq!(connected, ["192.0.2.7", "192.0.2.3"], "{failure:?}");
    }
}

#[test]
fn section_2_1_2_mail_waits_with_all_reasons_if_no_host_can_be_used() {
    let zone = ["mx1", "mx2", "mx3"]
        .iter()
        .fold(three_hosts(), |zone, host| {
            let owner = format!("_25._tcp.{host}.example.com");
            zone.failing(&owner, QueryType::Tlsa, Failure::ServFail)
        });
    let run = deliver(zone);
    let reasons: Vec<_> = run
        .delivery
        .hosts()
        .iter()
        .map(|host| host.plan())
        .collect();
    assert_eq!(reasons.len(), 3);
    for reason in reasons {
        assert!(matches!(reason, Err(HostError::Lookup(_))), "{reason:?}");
    }
    // The reason of the best host stands for all.
    let Outcome::Deferred(Deferral::Host { host, .. }) = run.outcome() else {
        panic!("{:?}", run.outcome())
    };
    assert_eq!(host.to_string(), "mx1.example.com");
}

#[test]
fn section_2_1_2_no_kind_of_failure_is_read_as_dane_not_applying() {
    for failure in Failure::ALL {
        for (owner, query_type) in [
            ("mx.example.com", QueryType::A),
            ("_25._tcp.mx.example.com", QueryType::Tlsa),
        ] {
            let zone = one_host().failing(owner, query_type, failure);
            let (result, _) = plan(&zone, domain(), &Policy::default());
            let opportunistic =
                result.map(|plan| matches!(plan.tls(), TlsPolicy::Opportunistic(_)));
            assert_ne!(opportunistic, Ok(true), "{failure:?} at {owner}");
        }
    }
    // A relay, too.
    let zone = Zone::signed().with("relay.example A 192.0.2.1").failing(
        "_2525._tcp.relay.example",
        QueryType::Tlsa,
        Failure::Timeout,
    );
    let next_hop = NextHop::relay(name("relay.example"), 2525.try_into().unwrap());
    let (verdict, _) = judge(&zone, next_hop, &Policy::default());
    assert_eq!(verdict, "failed: _2525._tcp.relay.example TLSA");
}

#[test]
fn section_2_1_1_a_host_in_good_order_must_be_authenticated() {
    assert_eq!(verdict_on(&one_host()), GOOD);
    assert!(has_proof(&deliver(one_host())));
}
