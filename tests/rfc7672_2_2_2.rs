//! RFC 7672 §2.2.2: the addresses of a host, and what they say about its TLSA records.

use smtp_dane::dns::{QueryType, Security};
use smtp_dane::resolve::{HostError, NextHop, Plan};
use smtp_dane::{AddressFamily, Policy};

use crate::support::certificates::leaf;
use crate::support::drive::plan;
use crate::support::name;
use crate::support::sites::{domain, judge, mandatory, of_family, refusing_aliases, relay};
use crate::support::sites::{usable, verdict_on};
use crate::support::world::{Server, World};
use crate::support::zone::{Chasing, Failure, Zone};

/// The answer for one address family.
#[derive(Clone, Copy, Debug)]
enum Family {
    Secure,
    Insecure,
    SecureDenial,
    InsecureDenial,
    Fails,
}

use Family::{Fails, Insecure, InsecureDenial, Secure, SecureDenial};

impl Family {
    fn put_into(self, zone: Zone, query_type: QueryType, record: &str) -> Zone {
        let owner = "mx.example.com";
        match self {
            Self::Secure => zone.secure(record),
            Self::Insecure => zone.insecure(record),
            Self::SecureDenial => zone.denied(owner, query_type, Security::Secure),
            Self::InsecureDenial => zone.denied(owner, query_type, Security::Insecure),
            Self::Fails => zone.failing(owner, query_type, Failure::ServFail),
        }
    }
}

/// A host with these two answers and a usable TLSA record.
fn with_families(a: Family, aaaa: Family) -> Zone {
    let zone = Zone::signed()
        .with("example.com MX 10 mx.example.com")
        .with(&usable("mx.example.com"));
    let zone = a.put_into(zone, QueryType::A, "mx.example.com A 192.0.2.1");
    aaaa.put_into(zone, QueryType::Aaaa, "mx.example.com AAAA 2001:db8::1")
}

const DANE: &str = "authenticate mx.example.com as mx.example.com example.com for the NextHop";

fn addresses(plan: Result<Plan, HostError>) -> Vec<String> {
    let plan = plan.unwrap();
    plan.addresses().iter().map(ToString::to_string).collect()
}

#[test]
fn section_2_2_2_one_rule_serves_mail_hosts_relays_and_domains_without_mx_records() {
    let zone = Zone::signed()
        .with("example.org MX 10 example.com\nexample.com A 192.0.2.1")
        .with(&usable("example.com"));
    for (next_hop, names) in [
        (
            NextHop::domain(name("example.org")),
            "example.com example.org",
        ),
        (relay("example.com"), "example.com"),
        (domain(), "example.com"),
    ] {
        let (verdict, asked) = judge(&zone, next_hop, &Policy::default());
        let expected = format!("authenticate example.com as {names} for the NextHop");
        assert_eq!(verdict, expected);
        assert_eq!(
            asked,
            [
                "example.com A",
                "example.com AAAA",
                "_25._tcp.example.com TLSA"
            ]
        );
    }
}

#[test]
fn section_2_2_2_both_families_are_weighed_together() {
    let no_dane = "opportunistic: InsecureAddress";
    let (no_a, no_aaaa) = ("failed: mx.example.com A", "failed: mx.example.com AAAA");
    let denied = "NoAddress { security: Secure }";
    let denied_weakly = "NoAddress { security: Insecure }";
    for (a, aaaa, expected) in [
        (Secure, Secure, DANE),
        (Secure, Insecure, DANE),
        (Secure, SecureDenial, DANE),
        (Secure, InsecureDenial, DANE),
        (Secure, Fails, DANE),
        (Insecure, Secure, DANE),
        (Insecure, Insecure, no_dane),
        // A denial is an answer, and it is secure: so is the zone.
        (Insecure, SecureDenial, DANE),
        (Insecure, InsecureDenial, no_dane),
        (Insecure, Fails, no_dane),
        (SecureDenial, Secure, DANE),
        (SecureDenial, Insecure, DANE),
        (SecureDenial, SecureDenial, denied),
        (SecureDenial, InsecureDenial, denied_weakly),
        (SecureDenial, Fails, no_aaaa),
        (InsecureDenial, Secure, DANE),
        (InsecureDenial, Insecure, no_dane),
        (InsecureDenial, SecureDenial, denied_weakly),
        (InsecureDenial, InsecureDenial, denied_weakly),
        (InsecureDenial, Fails, no_aaaa),
        (Fails, Secure, DANE),
        (Fails, Insecure, no_dane),
        (Fails, SecureDenial, no_a),
        (Fails, InsecureDenial, no_a),
        (Fails, Fails, no_a),
    ] {
        let verdict = verdict_on(&with_families(a, aaaa));
        assert_eq!(verdict, expected, "A {a:?}, AAAA {aaaa:?}");
    }
}

#[test]
fn section_2_2_2_the_addresses_of_the_insecure_family_stay_usable_by_the_same_rule() {
    for (a, aaaa) in [(Secure, Insecure), (Insecure, Secure)] {
        let plan = plan(&with_families(a, aaaa), domain(), &Policy::default()).0;
        assert_eq!(addresses(plan), ["2001:db8::1", "192.0.2.1"]);
    }
}

#[test]
fn section_2_2_2_one_family_asks_for_itself_alone() {
    for (family, expected) in [
        (AddressFamily::V4, "mx.example.com A"),
        (AddressFamily::V6, "mx.example.com AAAA"),
    ] {
        let (_, asked) = judge(&with_families(Secure, Secure), domain(), &of_family(family));
        assert_eq!(asked, [expected, "_25._tcp.mx.example.com TLSA"]);
    }
}

#[test]
fn section_2_2_2_a_host_without_addresses_is_unreachable_and_not_asked_for_tlsa_records() {
    let zone = with_families(SecureDenial, SecureDenial);
    let (verdict, asked) = judge(&zone, domain(), &Policy::default());
    assert_eq!(verdict, "NoAddress { security: Secure }");
    assert_eq!(asked, ["mx.example.com A", "mx.example.com AAAA"]);
    let missing = Zone::signed().with("example.com MX 10 mx.example.com");
    assert_eq!(verdict_on(&missing), verdict);
}

#[test]
fn section_2_2_2_mandatory_dane_does_not_believe_an_insecure_denial_of_addresses() {
    let zone = with_families(InsecureDenial, SecureDenial);
    let (verdict, _) = judge(&zone, domain(), &mandatory());
    assert_eq!(verdict, "DaneRequired(InsecureAddress)");
    let run = World::new(zone).deliver(domain(), &mandatory());
    assert!(matches!(
        run.outcome(),
        smtp_dane::delivery::Outcome::Deferred(_)
    ));
}

#[test]
fn section_2_2_2_addresses_are_asked_for_before_tlsa_records_in_any_order_of_answers() {
    let world = World::new(with_families(Secure, Secure)).server("192.0.2.1", Server::with(leaf()));
    for last in [false, true] {
        let choose = |open: usize| if last { open - 1 } else { 0 };
        let run = world.deliver_in_order(domain(), &Policy::default(), choose);
        let asked = run.asked_text();
        assert_eq!(asked.len(), 4);
        assert_eq!(asked[3], "_25._tcp.mx.example.com TLSA");
    }
}

#[test]
fn section_2_2_2_no_tlsa_query_goes_to_an_unsigned_zone_whose_servers_would_not_answer_it() {
    for failure in Failure::ALL {
        let zone = Zone::unsigned()
            .with("example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.1")
            .failing("_25._tcp.mx.example.com", QueryType::Tlsa, failure)
            .failing("mx.example.com", QueryType::Cname, failure);
        let run = World::new(zone)
            .server("192.0.2.1", Server::with(leaf()))
            .deliver(domain(), &Policy::default());
        assert!(run.delivered());
        assert_eq!(run.asked.len(), 3);
    }
}

#[test]
fn section_2_2_2_a_signed_mx_record_may_name_a_host_in_an_unsigned_zone() {
    let zone = Zone::signed()
        .with("example.com MX 10 mx.example.net")
        .insecure("mx.example.net A 192.0.2.1\nmx.example.net AAAA 2001:db8::1")
        .failing(
            "_25._tcp.mx.example.net",
            QueryType::Tlsa,
            Failure::ServFail,
        );
    let (verdict, asked) = judge(&zone, domain(), &Policy::default());
    assert_eq!(verdict, "opportunistic: InsecureAddress");
    assert_eq!(asked.len(), 2);
}

#[test]
fn section_2_2_2_secure_addresses_without_an_alias_leave_the_host_as_the_one_candidate() {
    let (verdict, asked) = judge(
        &with_families(Secure, SecureDenial),
        domain(),
        &Policy::default(),
    );
    assert_eq!(verdict, DANE);
    assert_eq!(
        asked,
        [
            "mx.example.com A",
            "mx.example.com AAAA",
            "_25._tcp.mx.example.com TLSA",
        ]
    );
}

/// A host that is an alias in a signed zone, of a host in another one.
fn aliased() -> Zone {
    Zone::signed().with(
        "example.com MX 10 mx.example.com
         mx.example.com CNAME host.example.net
         host.example.net A 192.0.2.1
         host.example.net AAAA 2001:db8::1",
    )
}

#[test]
fn section_2_2_2_a_securely_aliased_host_has_two_candidates_the_expanded_name_first() {
    let questions = [
        "mx.example.com A",
        "mx.example.com AAAA",
        "_25._tcp.host.example.net TLSA",
        "_25._tcp.mx.example.com TLSA",
    ];
    for (tlsa, expected, asked_for) in [
        (
            usable("host.example.net") + "\n" + &usable("mx.example.com"),
            "authenticate host.example.net as host.example.net example.com for the NextHop",
            3,
        ),
        (usable("mx.example.com"), DANE, 4),
        (String::new(), "opportunistic: NoTlsa", 4),
    ] {
        let (verdict, asked) = judge(&aliased().with(&tlsa), domain(), &Policy::default());
        assert_eq!(verdict, expected);
        assert_eq!(asked, questions[..asked_for]);
    }
}

#[test]
fn section_2_2_2_the_expansion_is_the_same_however_many_replies_it_takes() {
    let zone = aliased().with(&usable("host.example.net"));
    let whole = plan(&zone, domain(), &Policy::default()).0;
    let zone = zone.chasing(Chasing::OneByOne);
    assert_eq!(plan(&zone, domain(), &Policy::default()).0, whole);
}

#[test]
fn section_2_2_2_an_alias_into_an_unsigned_zone_leaves_the_host_itself_as_the_candidate() {
    let zone = |tlsa: &str| {
        Zone::signed()
            .with("example.com MX 10 mx.example.com\nmx.example.com CNAME host.example.net")
            .insecure("host.example.net A 192.0.2.1\nhost.example.net AAAA 2001:db8::1")
            .failing(
                "_25._tcp.host.example.net",
                QueryType::Tlsa,
                Failure::Refused,
            )
            .with(tlsa)
    };
    assert_eq!(verdict_on(&zone(&usable("mx.example.com"))), DANE);
    assert_eq!(verdict_on(&zone("")), "opportunistic: NoTlsa");
}

#[test]
fn section_2_2_2_an_alias_is_tracked_in_each_family() {
    // One family leads nowhere, over the same alias.
    let zone = Zone::signed()
        .with(
            "example.com MX 10 mx.example.com
             mx.example.com CNAME host.example.net
             host.example.net AAAA 2001:db8::1",
        )
        .with(&usable("host.example.net"));
    assert!(verdict_on(&zone).starts_with("authenticate host.example.net"));
}

#[test]
fn section_2_2_2_families_that_securely_lead_to_different_names_are_not_used() {
    let one = aliased();
    let other = Zone::signed().with(
        "mx.example.com CNAME other.example.net
         other.example.net AAAA 2001:db8::2",
    );
    let run = World::new(one.clone()).deliver_with(
        domain(),
        &Policy::default(),
        &mut |_| 0,
        |question, _| match question.query_type() {
            QueryType::Aaaa => other.answer(question),
            _ => one.answer(question),
        },
    );
    assert_eq!(
        run.delivery.hosts()[0].plan(),
        Err(&HostError::AliasesDisagree)
    );
}

#[test]
fn section_2_2_2_a_site_may_refuse_aliased_mail_hosts_and_then_skips_them() {
    let (verdict, _) = judge(
        &aliased().with(&usable("mx.example.com")),
        domain(),
        &refusing_aliases(),
    );
    assert_eq!(verdict, "AliasRefused");
    // Not even where the alias means that DANE does not apply.
    let zone = Zone::unsigned().with(
        "example.com MX 10 mx.example.com
         mx.example.com CNAME host.example.net
         host.example.net A 192.0.2.1",
    );
    assert_eq!(
        judge(&zone, domain(), &refusing_aliases()).0,
        "AliasRefused"
    );
    let run = World::new(zone)
        .server("192.0.2.1", Server::with(leaf()))
        .deliver(domain(), &refusing_aliases());
    assert!(run.connected.is_empty());
}

#[test]
fn section_2_2_2_relays_and_domains_without_mx_records_may_always_be_aliases() {
    let zone = Zone::signed()
        .with("example.com CNAME host.example.net\nhost.example.net A 192.0.2.1")
        .with(&usable("host.example.net"));
    for next_hop in [domain(), relay("example.com")] {
        let (verdict, _) = judge(&zone, next_hop, &refusing_aliases());
        assert_eq!(
            verdict,
            "authenticate host.example.net as host.example.net example.com for the NextHop"
        );
    }
}

#[test]
fn section_2_2_2_any_failure_on_the_way_abandons_the_host() {
    for failure in Failure::ALL {
        for (owner, query_type) in [
            ("_25._tcp.host.example.net", QueryType::Tlsa),
            ("_25._tcp.mx.example.com", QueryType::Tlsa),
        ] {
            let zone = aliased().failing(owner, query_type, failure);
            let (verdict, _) = judge(&zone, domain(), &Policy::default());
            assert_eq!(verdict, format!("failed: {owner} {query_type}"));
        }
    }
}
