//! RFC 7672 §2.2: the four outcomes of a TLSA lookup.

use smtp_dane::delivery::{AttemptResult, Deferral, Outcome};
use smtp_dane::dns::{QueryType, Security};
use smtp_dane::resolve::{HostError, NextHop, NotApplicable};
use smtp_dane::session::{Assurance, Downgrade, Refusal};
use smtp_dane::{AddressFamily, Policy, VerifyError};

use crate::support::certificates::{leaf, other_leaf};
use crate::support::message::Rr;
use crate::support::sites::{
    deliver_by, deliver_to, failing_handshakes, one_host, refusing_start_tls, without_start_tls,
};
use crate::support::sites::{domain, mandatory, of_family};
use crate::support::sites::{unusable, usable, verdict_on};
use crate::support::world::{Run, Server, World};
use crate::support::zone::{Failure, Zone};

/// What was wrong with the one connection.
fn refusal(run: &Run) -> Refusal {
    let mut attempts = run.delivery.attempts();
    match (
        attempts.next().map(|attempt| attempt.result()),
        run.sent.len(),
    ) {
        (Some(AttemptResult::Refused(refusal)), 0) => *refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn section_2_2_usable_records_demand_tls_and_authentication() {
    let zone = || one_host(&usable("mx.example.com"));
    let good = deliver_to(zone(), Server::with(leaf()));
    assert!(matches!(good.sent[..], [(_, Assurance::Authenticated(_))]));
    for (server, expected) in [
        (without_start_tls(), Refusal::StartTlsNotOffered),
        (
            refusing_start_tls(),
            Refusal::StartTlsRejected { code: 454 },
        ),
        (failing_handshakes(), Refusal::HandshakeFailed),
        (
            Server::with(other_leaf()),
            Refusal::NotAuthenticated(VerifyError::NoRecordMatched),
        ),
    ] {
        let run = deliver_to(zone(), server);
        assert_eq!(refusal(&run), expected);
        assert!(matches!(
            run.outcome(),
            Outcome::Deferred(Deferral::Refused { .. })
        ));
    }
}

#[test]
fn section_2_2_unusable_records_demand_tls_without_authentication() {
    let digest = "00".repeat(32);
    for rdata in [
        format!("0 0 1 {digest}"),
        format!("1 1 1 {digest}"),
        format!("3 1 7 {digest}"),
        format!("3 9 1 {digest}"),
        format!("9 1 1 {digest}"),
        "3 1 1 00".to_owned(),
        "3 1 0 00".to_owned(),
    ] {
        let zone = || one_host(&format!("_25._tcp.mx.example.com TLSA {rdata}"));
        assert_eq!(verdict_on(&zone()), "encrypt by mx.example.com", "{rdata}");
        let good = deliver_to(zone(), Server::with(other_leaf()));
        assert_eq!(good.sent[0].1, Assurance::Encrypted, "{rdata}");
        for (server, expected) in [
            (without_start_tls(), Refusal::StartTlsNotOffered),
            (
                refusing_start_tls(),
                Refusal::StartTlsRejected { code: 454 },
            ),
            (failing_handshakes(), Refusal::HandshakeFailed),
        ] {
            assert_eq!(refusal(&deliver_to(zone(), server)), expected, "{rdata}");
        }
    }
}

#[test]
fn section_2_2_a_tlsa_record_of_two_octets_still_demands_tls() {
    let record = Rr::new("_25._tcp.mx.example.com", 52, 3600, &[3, 1]);
    let zone = one_host("").record(record, Security::Secure);
    assert_eq!(verdict_on(&zone), "encrypt by mx.example.com");
}

#[test]
fn section_2_2_after_a_failed_authentication_the_next_host_is_tried() {
    let zone = one_host(&usable("mx.example.com"))
        .with("example.com MX 20 mx2.example.com\nmx2.example.com A 192.0.2.2");
    let run = World::new(zone)
        .server("192.0.2.1", Server::with(other_leaf()))
        .server("192.0.2.2", Server::with(other_leaf()))
        .deliver(domain(), &Policy::default());
    assert!(run.delivered());
    assert_eq!(run.sent[0].0.to_string(), "192.0.2.2");
}

#[test]
fn section_2_2_insecure_records_or_none_allow_opportunistic_tls_and_cleartext() {
    for zone in [
        one_host(""),
        one_host("").insecure(&usable("mx.example.com")),
        one_host("").denied(
            "_25._tcp.mx.example.com",
            QueryType::Tlsa,
            Security::Insecure,
        ),
    ] {
        assert_eq!(verdict_on(&zone), "opportunistic: NoTlsa");
        for (server, expected) in [
            (Server::with(other_leaf()), Assurance::Encrypted),
            (
                without_start_tls(),
                Assurance::Cleartext(Downgrade::NotOffered),
            ),
            (
                refusing_start_tls(),
                Assurance::Cleartext(Downgrade::Rejected { code: 454 }),
            ),
            (
                failing_handshakes(),
                Assurance::Cleartext(Downgrade::HandshakeFailed),
            ),
        ] {
            let run = deliver_to(zone.clone(), server);
            assert!(run.delivered());
            assert_eq!(run.sent[0].1, expected);
        }
    }
}

#[test]
fn section_2_2_any_lookup_error_means_the_next_host_or_delay() {
    for failure in Failure::ALL {
        let zone = one_host(&usable("mx.example.com"))
            .failing("_25._tcp.mx.example.com", QueryType::Tlsa, failure)
            .with("example.com MX 20 mx2.example.com");
        let alone = deliver_to(zone.clone(), Server::with(leaf()));
        assert!(
            matches!(alone.outcome(), Outcome::Deferred(_)),
            "{failure:?}"
        );
        let run = World::new(zone.with("mx2.example.com A 192.0.2.2"))
            .server("192.0.2.1", Server::with(leaf()))
            .server("192.0.2.2", Server::with(leaf()))
            .deliver(domain(), &Policy::default());
        assert_eq!(run.sent[0].0.to_string(), "192.0.2.2", "{failure:?}");
    }
}

#[test]
fn section_2_2_mandatory_dane_delivers_over_authenticated_channels_alone() {
    let run = |zone| deliver_by(zone, Server::with(leaf()), &mandatory());
    let good = run(one_host(&usable("mx.example.com")));
    assert!(matches!(good.sent[..], [(_, Assurance::Authenticated(_))]));
    for (zone, expected) in [
        (
            one_host(&unusable("mx.example.com")),
            HostError::NoUsableTlsa,
        ),
        (one_host(""), HostError::DaneRequired(NotApplicable::NoTlsa)),
        (
            one_host("").insecure(&usable("mx.example.com")),
            HostError::DaneRequired(NotApplicable::NoTlsa),
        ),
        (
            Zone::signed()
                .with("example.com MX 10 mx.example.com")
                .insecure("mx.example.com A 192.0.2.1")
                .denied("mx.example.com", QueryType::Aaaa, Security::Insecure)
                .with(&usable("mx.example.com")),
            HostError::DaneRequired(NotApplicable::InsecureAddress),
        ),
    ] {
        let run = run(zone);
        assert!(run.connected.is_empty());
        let Outcome::Deferred(Deferral::Host { error, .. }) = run.outcome() else {
            panic!("{:?}", run.outcome())
        };
        assert_eq!(*error, expected);
    }
}

#[test]
fn section_2_2_dane_does_not_apply_to_an_address_and_nothing_is_looked_up() {
    for address in ["192.0.2.1", "2001:db8::1"] {
        let next_hop = || NextHop::literal(address.parse().unwrap());
        let world = World::new(Zone::signed()).server(address, without_start_tls());
        let run = world.deliver(next_hop(), &Policy::default());
        assert!(run.delivered() && run.asked.is_empty());
        let run = world.deliver(next_hop(), &mandatory());
        assert!(matches!(run.outcome(), Outcome::Deferred(_)));
        assert!(run.asked.is_empty() && run.connected.is_empty());
    }
}

#[test]
fn section_2_2_dane_does_not_apply_to_an_address_in_place_of_a_host() {
    let zone = Zone::signed().with("example.com MX 10 192.0.2.1\n_25._tcp.192.0.2.1 TLSA 3 1 1 00");
    let run = deliver_to(zone.clone(), without_start_tls());
    assert!(run.delivered());
    assert_eq!(run.asked_text(), ["example.com MX"]);
    let run = deliver_by(zone, Server::with(leaf()), &mandatory());
    assert!(matches!(run.outcome(), Outcome::Deferred(_)));
    assert!(run.connected.is_empty());
}

#[test]
fn section_2_2_an_address_of_a_family_that_the_site_does_not_use_is_not_connected_to() {
    for (address, family) in [
        ("192.0.2.1", AddressFamily::V6),
        ("2001:db8::1", AddressFamily::V4),
    ] {
        let literal = NextHop::literal(address.parse().unwrap());
        let run = World::new(Zone::signed())
            .server(address, Server::with(leaf()))
            .deliver(literal, &of_family(family));
        assert!(run.connected.is_empty() && !run.delivered());
    }
}

#[test]
fn section_2_2_mandatory_dane_delays_mail_for_an_address_whatever_its_family() {
    let mut policy = mandatory();
    for family in [AddressFamily::Any, AddressFamily::V4, AddressFamily::V6] {
        policy.address_family = family;
        let literal = NextHop::literal("192.0.2.1".parse().unwrap());
        let run = World::new(Zone::signed()).deliver(literal, &policy);
        assert!(matches!(run.outcome(), Outcome::Deferred(_)), "{family:?}");
        let zone = Zone::signed().with("example.com MX 10 192.0.2.1");
        let run = World::new(zone).deliver(domain(), &policy);
        assert!(matches!(run.outcome(), Outcome::Deferred(_)), "{family:?}");
    }
}
