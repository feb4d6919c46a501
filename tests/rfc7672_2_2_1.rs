//! RFC 7672 §2.2.1: hosts found by MX records.

use smtp_dane::delivery::{Deferral, Outcome};
use smtp_dane::resolve::RouteError;
use smtp_dane::session::Assurance;
use smtp_dane::{DaneMode, InsecureMx, Policy, Scope};

use crate::support::certificates::{leaf, other_leaf};
use crate::support::drive::{hosts, plan_for, route};
use crate::support::sites::{by_insecure_mx, domain, judge, known_as, mandatory};
use crate::support::sites::{deliver_by, deliver_to, one_host, without_start_tls};
use crate::support::sites::{unusable, usable};
use crate::support::world::{Server, World};
use crate::support::zone::Zone;

/// Two hosts: the better one without TLSA records, the worse one with. By their names they would stand the other way round.
fn worse_is_stronger() -> Zone {
    Zone::signed()
        .with(
            "example.com MX 20 a.example.com
             example.com MX 10 b.example.com
             b.example.com A 192.0.2.1
             a.example.com A 192.0.2.2",
        )
        .with(&usable("a.example.com"))
}

#[test]
fn section_2_2_1_each_host_has_its_own_records_and_base_domain() {
    let zone = worse_is_stronger();
    let world = World::new(zone).server("192.0.2.2", Server::with(leaf()));
    let run = world.deliver(domain(), &Policy::default());
    let [weak, strong] = run.delivery.hosts() else {
        panic!("not two hosts")
    };
    assert_eq!(weak.plan().unwrap().tls().tlsa_base(), None);
    let base = strong.plan().unwrap().tls().tlsa_base();
    assert_eq!(base.unwrap().to_string(), "a.example.com");
}

#[test]
fn section_2_2_1_a_worse_host_with_tlsa_records_never_comes_before_a_better_one_without() {
    for policy in [Policy::default(), mandatory()] {
        let world = World::new(worse_is_stronger())
            .server("192.0.2.1", Server::with(leaf()))
            .server("192.0.2.2", Server::with(leaf()));
        let run = world.deliver(domain(), &policy);
        let first = run.delivery.hosts()[0].exchanger().host().to_string();
        assert_eq!(first, "b.example.com");
        // Under mandatory DANE the better host is passed over where it stands.
        let expected = match policy.dane {
            DaneMode::Mandatory => "192.0.2.2",
            _ => "192.0.2.1",
        };
        assert_eq!(run.connected[0].to_string(), expected);
    }
}

#[test]
fn section_2_2_1_the_order_is_that_of_preferences_whatever_the_order_of_the_answer() {
    // Neither the names nor the answers stand in this order.
    let expected = ["d", "a", "c", "b"].map(|label| format!("{label}.example.com"));
    let mut records: Vec<String> = expected
        .iter()
        .zip([9, 10, 200, 30_000])
        .map(|(host, preference)| format!("example.com MX {preference} {host}"))
        .collect();
    for _ in 0..records.len() {
        records.rotate_left(1);
        for answer in [records.clone(), records.iter().rev().cloned().collect()] {
            let zone = Zone::signed().with(&answer.join("\n"));
            let route = route(&zone, domain(), &Policy::default()).0.unwrap();
            assert_eq!(hosts(&route), expected);
        }
    }
}

#[test]
fn section_2_2_1_loops_are_prevented_even_where_the_worse_host_is_the_secure_one() {
    let policy = known_as("192.0.2.1", "us.example");
    let world = World::new(worse_is_stronger()).server("192.0.2.2", Server::with(leaf()));
    let run = world.deliver(domain(), &policy);
    assert!(run.connected.is_empty());
    assert!(matches!(run.outcome(), Outcome::Failed(_)));
}

fn insecure_mx(tlsa: &str) -> Zone {
    Zone::signed()
        .insecure("example.com MX 10 mx.example.com")
        .with("mx.example.com A 192.0.2.1")
        .with(tlsa)
}

#[test]
fn section_2_2_1_mandatory_dane_waits_for_a_secure_mx_answer() {
    let usable = usable("mx.example.com");
    let aliased = Zone::signed()
        .insecure("example.com CNAME example.org")
        .with("example.org MX 10 mx.example.com\nmx.example.com A 192.0.2.1")
        .with(&usable);
    for zone in [insecure_mx(&usable), aliased] {
        let run = deliver_by(zone, Server::with(leaf()), &mandatory());
        let expected = Outcome::Deferred(Deferral::NoRoute(RouteError::InsecureMx));
        assert_eq!(*run.outcome(), expected);
        assert!(run.connected.is_empty());
    }
}

#[test]
fn section_2_2_1_mandatory_dane_uses_no_host_of_a_route_that_was_made_without_it() {
    let zone = insecure_mx(&usable("mx.example.com"));
    let route = route(&zone, domain(), &Policy::default()).0.unwrap();
    let plan = plan_for(&zone, &route.exchangers()[0], &route, &mandatory()).0;
    assert!(plan.is_err(), "{plan:?}");
}

#[test]
fn section_2_2_1_an_insecure_mx_answer_lets_mail_go() {
    for policy in [InsecureMx::UseTlsa, InsecureMx::Encrypt, InsecureMx::Ignore] {
        let run = deliver_by(
            insecure_mx(""),
            without_start_tls(),
            &by_insecure_mx(policy),
        );
        assert!(run.delivered(), "{policy:?}");
    }
}

#[test]
fn section_2_2_1_the_site_chooses_what_records_count_behind_an_insecure_mx_answer() {
    for (policy, tlsa, expected) in [
        (
            InsecureMx::UseTlsa,
            usable("mx.example.com"),
            "authenticate mx.example.com as mx.example.com for the Host",
        ),
        (
            InsecureMx::UseTlsa,
            unusable("mx.example.com"),
            "encrypt by mx.example.com",
        ),
        (
            InsecureMx::Encrypt,
            usable("mx.example.com"),
            "encrypt by mx.example.com",
        ),
        (
            InsecureMx::Encrypt,
            unusable("mx.example.com"),
            "encrypt by mx.example.com",
        ),
        (
            InsecureMx::Ignore,
            usable("mx.example.com"),
            "opportunistic: InsecureMx",
        ),
    ] {
        let (verdict, asked) = judge(&insecure_mx(&tlsa), domain(), &by_insecure_mx(policy));
        assert_eq!(verdict, expected, "{policy:?}");
        let asked_tlsa = asked.iter().any(|question| question.ends_with("TLSA"));
        assert_eq!(asked_tlsa, policy != InsecureMx::Ignore);
    }
}

#[test]
fn section_2_2_1_no_setting_for_insecure_mx_answers_touches_a_secure_one() {
    for policy in [InsecureMx::Encrypt, InsecureMx::Ignore] {
        let (verdict, _) = judge(
            &one_host(&usable("mx.example.com")),
            domain(),
            &by_insecure_mx(policy),
        );
        assert!(verdict.starts_with("authenticate"), "{policy:?}: {verdict}");
    }
}

#[test]
fn section_2_2_1_a_server_that_fails_to_authenticate_behind_an_insecure_mx_answer_gets_no_mail() {
    let run = deliver_to(
        insecure_mx(&usable("mx.example.com")),
        Server::with(other_leaf()),
    );
    assert!(run.sent.is_empty() && !run.delivered());
}

#[test]
fn section_2_2_1_the_log_has_the_mx_hostname_and_no_claim_on_the_next_hop() {
    let zone = Zone::signed()
        .insecure("example.com MX 10 mx.example.com")
        .with("mx.example.com CNAME host.example.net\nhost.example.net A 192.0.2.1")
        .with(&usable("host.example.net"));
    let run = deliver_to(zone, Server::with(leaf()));
    let Outcome::Delivered {
        host,
        assurance: Assurance::Authenticated(verified),
        ..
    } = run.outcome()
    else {
        panic!("{:?}", run.outcome())
    };
    assert_eq!(host.to_string(), "mx.example.com");
    assert_eq!(verified.scope(), Scope::Host);
    assert_eq!(
        run.outcome().to_string(),
        "delivered to mx.example.com, authenticated as that host alone"
    );
}
