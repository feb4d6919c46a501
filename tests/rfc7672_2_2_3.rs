//! RFC 7672 §2.2.3: TLSA lookups and the TLSA base domain.

use smtp_dane::dns::{QueryType, Security};
use smtp_dane::resolve::{NextHop, Plan, TlsPolicy, Unexpected};
use smtp_dane::session::{self, Refusal, Session, StartTlsOffer};
use smtp_dane::{Digests, Policy};

use crate::support::certificates::{leaf, tlsa_text};
use crate::support::drive::{plan, plan_for, route};
use crate::support::name;
use crate::support::sites::{
    ONE_HOST, authentication, domain, judge, mandatory, relay, unusable, usable,
};
use crate::support::sites::{verdict, verdict_on};
use crate::support::world::{NOW, Server, World};
use crate::support::zone::{Chasing, Failure, Zone};

const DANE: &str = "authenticate mx.example.com as mx.example.com example.com for the NextHop";

/// A host that is an alias, all of it secure.
fn aliased() -> Zone {
    Zone::signed().with(
        "example.com MX 10 mx.example.com
         mx.example.com CNAME host.example.net
         host.example.net A 192.0.2.1
         host.example.net AAAA 2001:db8::1",
    )
}

#[test]
fn section_2_2_3_the_question_is_for_tlsa_records_below_the_port_and_tcp() {
    let (_, asked) = judge(&Zone::signed().with(ONE_HOST), domain(), &Policy::default());
    assert_eq!(asked[2], "_25._tcp.mx.example.com TLSA");
}

#[test]
fn section_2_2_3_a_route_by_another_port_has_the_tlsa_records_of_that_port() {
    let zone = Zone::signed()
        .with(ONE_HOST)
        .with(&usable("mx.example.com"))
        .with("_2525._tcp.mx.example.com TLSA 1 1 1 00");
    let port = 2525.try_into().unwrap();
    for next_hop in [
        domain().on_port(port),
        NextHop::relay(name("mx.example.com"), port),
    ] {
        let (plan, asked) = plan(&zone, next_hop.clone(), &Policy::default());
        assert_eq!(asked[2], "_2525._tcp.mx.example.com TLSA");
        assert_eq!(verdict(&plan), "encrypt by mx.example.com");
        assert_eq!(plan.unwrap().port(), port);
        // The connection goes to the port that was asked for (RFC 6698 §4).
        let mut ports = Vec::new();
        World::new(zone.clone())
            .server("192.0.2.1", Server::with(leaf()))
            .deliver_watched(
                next_hop,
                &Policy::default(),
                &mut |_| 0,
                |question, _| zone.answer(question),
                |machine, _| {
                    if let smtp_dane::delivery::Step::Connect { port, .. } = machine.step() {
                        ports.push(port);
                    }
                },
            );
        assert_eq!(ports, [port]);
    }
}

#[test]
fn section_2_2_3_the_first_candidate_with_secure_records_is_the_base_usable_or_not() {
    let zone = aliased()
        .with(&unusable("host.example.net"))
        .with(&usable("mx.example.com"));
    let (verdict, asked) = judge(&zone, domain(), &Policy::default());
    assert_eq!(verdict, "encrypt by host.example.net");
    assert_eq!(asked.last().unwrap(), "_25._tcp.host.example.net TLSA");
    // Mandatory DANE is no better off for the records of the other one.
    assert_eq!(judge(&zone, domain(), &mandatory()).0, "NoUsableTlsa");
}

#[test]
fn section_2_2_3_insecure_records_at_the_first_candidate_lead_to_the_second() {
    let zone = aliased()
        .insecure(&usable("host.example.net"))
        .with(&usable("mx.example.com"));
    assert_eq!(verdict_on(&zone), DANE);
}

#[test]
fn section_2_2_3_no_records_at_the_expanded_name_lead_to_the_original_name() {
    for security in [Security::Secure, Security::Insecure] {
        let zone = aliased()
            .denied("_25._tcp.host.example.net", QueryType::Tlsa, security)
            .with(&usable("mx.example.com"));
        assert_eq!(verdict_on(&zone), DANE, "{security}");
    }
}

#[test]
fn section_2_2_3_an_error_at_the_first_candidate_never_leads_to_the_second() {
    for chasing in [Chasing::WholeChain, Chasing::OneByOne] {
        for failure in Failure::ALL {
            let zone = aliased()
                .chasing(chasing)
                .failing("_25._tcp.host.example.net", QueryType::Tlsa, failure)
                .with(&usable("mx.example.com"));
            let (verdict, asked) = judge(&zone, domain(), &Policy::default());
            assert_eq!(verdict, "failed: _25._tcp.host.example.net TLSA");
            assert_eq!(asked.last().unwrap(), "_25._tcp.host.example.net TLSA");
        }
    }
}

#[test]
fn section_2_2_3_an_insecure_alias_at_the_tlsa_name_leads_to_the_next_candidate() {
    for chasing in [Chasing::WholeChain, Chasing::OneByOne] {
        let zone = aliased()
            .chasing(chasing)
            .with("_25._tcp.host.example.net CNAME a.example.org")
            .insecure("a.example.org CNAME b.example.org")
            .with("b.example.org TLSA 3 1 1 00")
            .with(&usable("mx.example.com"));
        assert_eq!(verdict_on(&zone), DANE, "{chasing:?}");
    }
}

#[test]
fn section_2_2_3_an_alias_at_the_tlsa_name_that_leads_to_nothing_leads_to_the_next_candidate() {
    for chasing in [Chasing::WholeChain, Chasing::OneByOne] {
        let zone = aliased()
            .chasing(chasing)
            .with("_25._tcp.host.example.net CNAME nothing.example.org")
            .with(&usable("mx.example.com"));
        assert_eq!(verdict_on(&zone), DANE, "{chasing:?}");
    }
}

#[test]
fn section_2_2_3_an_alias_at_the_tlsa_name_that_leads_to_a_failure_makes_the_host_unusable() {
    for chasing in [Chasing::WholeChain, Chasing::OneByOne] {
        let zone = aliased()
            .chasing(chasing)
            .with("_25._tcp.host.example.net CNAME tlsa.example.org")
            .failing("tlsa.example.org", QueryType::Tlsa, Failure::Bogus)
            .with(&usable("mx.example.com"));
        assert!(verdict_on(&zone).starts_with("failed"), "{chasing:?}");
    }
}

#[test]
fn section_2_2_3_an_alias_at_the_tlsa_name_changes_neither_base_nor_names_nor_sni() {
    let records = |name: &str| format!("{name} TLSA {}", tlsa_text(3, 1, 1, leaf()));
    let zone = Zone::signed()
        .with(ONE_HOST)
        .with("_25._tcp.mx.example.com CNAME tlsa201._dane.example.org")
        .with(&records("tlsa201._dane.example.org"));
    let plan = plan(&zone, domain(), &Policy::default()).0;
    assert_eq!(verdict(&plan), DANE);
    assert_eq!(sni(&plan.unwrap()), Some("mx.example.com".to_owned()));
}

fn sni(plan: &Plan) -> Option<String> {
    let name = plan.tls().server_name()?;
    Some(name.as_ref().to_owned())
}

#[test]
fn section_2_2_3_names_between_the_first_and_the_last_are_never_candidates() {
    for chasing in [Chasing::WholeChain, Chasing::OneByOne] {
        let zone = Zone::signed()
            .chasing(chasing)
            .with(
                "example.com MX 10 mx.example.com
                 mx.example.com CNAME middle.example.net
                 middle.example.net CNAME host.example.net
                 host.example.net A 192.0.2.1",
            )
            .with(&usable("middle.example.net"));
        let (verdict, asked) = judge(&zone, domain(), &Policy::default());
        assert_eq!(verdict, "opportunistic: NoTlsa");
        let tlsa: Vec<_> = asked.iter().filter(|text| text.ends_with("TLSA")).collect();
        assert_eq!(
            tlsa,
            [
                "_25._tcp.host.example.net TLSA",
                "_25._tcp.mx.example.com TLSA"
            ]
        );
    }
}

#[test]
fn section_2_2_3_names_between_are_no_candidates_where_the_last_is_unsigned() {
    // The middle name is as secure as the first, but it is neither the first nor the last.
    let zone = Zone::signed()
        .with(
            "example.com MX 10 mx.example.com
             mx.example.com CNAME middle.example.com
             middle.example.com CNAME host.example.net",
        )
        .insecure("host.example.net A 192.0.2.1")
        .with(&usable("middle.example.com"));
    let (verdict, asked) = judge(&zone, domain(), &Policy::default());
    assert_eq!(verdict, "opportunistic: NoTlsa");
    assert_eq!(asked.last().unwrap(), "_25._tcp.mx.example.com TLSA");
}

#[test]
fn section_2_2_3_a_record_that_the_site_does_not_believe_still_demands_tls() {
    let mut policy = Policy::default();
    policy.digests = Digests::Sha512;
    let zone = Zone::signed()
        .with(ONE_HOST)
        .with(&usable("mx.example.com"));
    assert_eq!(
        judge(&zone, domain(), &policy).0,
        "encrypt by mx.example.com"
    );
    let server = Server {
        offers: StartTlsOffer::Absent,
        ..Server::with(leaf())
    };
    let run = World::new(zone)
        .server("192.0.2.1", server)
        .deliver(domain(), &policy);
    assert!(run.sent.is_empty());
    let smtp_dane::delivery::Outcome::Deferred(smtp_dane::delivery::Deferral::Refused {
        refusal,
        ..
    }) = run.outcome()
    else {
        panic!("{:?}", run.outcome())
    };
    assert_eq!(*refusal, Refusal::StartTlsNotOffered);
}

#[test]
fn section_2_2_3_without_secure_records_at_any_candidate_tls_is_opportunistic() {
    let (verdict, asked) = judge(
        &aliased().insecure(&usable("host.example.net")),
        domain(),
        &Policy::default(),
    );
    assert_eq!(verdict, "opportunistic: NoTlsa");
    assert_eq!(
        asked,
        [
            "mx.example.com A",
            "mx.example.com AAAA",
            "_25._tcp.host.example.net TLSA",
            "_25._tcp.mx.example.com TLSA",
        ]
    );
}

#[test]
fn section_2_2_3_a_host_name_too_long_for_the_prefix_has_no_tlsa_records() {
    // 255 octets: four labels with 61 to 63 letters.
    let label = |length: usize, letter: &str| letter.repeat(length);
    let long = [
        label(63, "a"),
        label(63, "b"),
        label(63, "c"),
        label(61, "d"),
    ]
    .join(".");
    let zone = Zone::signed().with(&format!("{long} A 192.0.2.1"));
    let (verdict, asked) = judge(&zone, relay(&long), &Policy::default());
    assert_eq!(verdict, "opportunistic: NoTlsa");
    assert_eq!(asked.len(), 2);
    assert_eq!(
        judge(&zone, relay(&long), &mandatory()).0,
        "DaneRequired(NoTlsa)"
    );
    // As the expansion of an alias it leaves the other candidate.
    let zone = zone
        .with(&format!("mx.example.com CNAME {long}"))
        .with(&usable("mx.example.com"));
    let (verdict, asked) = judge(&zone, relay("mx.example.com"), &Policy::default());
    assert!(
        verdict.starts_with("authenticate mx.example.com"),
        "{verdict}"
    );
    assert_eq!(asked.last().unwrap(), "_25._tcp.mx.example.com TLSA");
}

#[test]
fn section_2_2_3_the_longest_host_name_that_the_prefix_fits_is_asked() {
    let label = |length: usize, letter: &str| letter.repeat(length);
    // `_25._tcp.` takes 9 octets.
    let long = [
        label(63, "a"),
        label(63, "b"),
        label(63, "c"),
        label(52, "d"),
    ]
    .join(".");
    let zone = Zone::signed().with(&format!("{long} A 192.0.2.1"));
    let (_, asked) = judge(&zone, relay(&long), &Policy::default());
    assert_eq!(asked.len(), 3);
    let longer = zone.with(&format!("{long}d A 192.0.2.1"));
    let (_, asked) = judge(&longer, relay(&format!("{long}d")), &Policy::default());
    assert_eq!(asked.len(), 2);
}

/// The example of two hosts that share the records of a trust anchor, whole.
#[test]
fn section_2_2_3_one_key_at_two_hosts_matches_at_both_and_the_proof_serves_one() {
    // DANE-EE looks at no name, so such hosts cannot be told apart by their certificates; what was proved is kept apart.
    let of = |host: &str| {
        let zone = Zone::signed()
            .with(&format!("example.com MX 10 {host}"))
            .with(&format!("{host} A 192.0.2.1"))
            .with(&usable(host));
        authentication(&zone, domain())
    };
    let (first, second) = (of("a.example.com"), of("b.example.com"));
    let proof = first.verify(&[leaf().into()], NOW, &[]).unwrap();
    assert!(second.verify(&[leaf().into()], NOW, &[]).is_ok());
    assert_ne!(first.fingerprint(), second.fingerprint());
    let mut session = Session::with_implicit_tls(TlsPolicy::Authenticate(second));
    let result = session.handle(session::Event::Authenticated(proof));
    assert_eq!(result, Err(Unexpected));
}

#[test]
fn section_2_2_3_the_example_of_shared_records() {
    let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let zone = Zone::signed().with(&format!(
        "example.com MX 0 mx1.example.com
         example.com MX 0 mx2.example.com
         mx1.example.com A 192.0.2.1
         mx2.example.com A 192.0.2.2
         _25._tcp.mx1.example.com CNAME tlsa201._dane.example.com
         _25._tcp.mx2.example.com CNAME tlsa201._dane.example.com
         tlsa201._dane.example.com TLSA 2 0 1 {digest}"
    ));
    let policy = Policy::default();
    let (route, asked) = route(&zone, domain(), &policy);
    let route = route.unwrap();
    assert_eq!(asked, ["example.com MX"]);
    assert_eq!(route.exchangers().len(), 2);
    for exchanger in route.exchangers() {
        let host = exchanger.host().to_string();
        let (plan, asked) = plan_for(&zone, exchanger, &route, &policy);
        let asked: Vec<String> = asked.iter().map(ToString::to_string).collect();
        assert_eq!(
            asked,
            [
                format!("{host} A"),
                format!("{host} AAAA"),
                format!("_25._tcp.{host} TLSA"),
            ]
        );
        let expected = format!("authenticate {host} as {host} example.com for the NextHop");
        assert_eq!(verdict(&plan), expected);
        assert_eq!(sni(&plan.unwrap()), Some(host));
    }
}
