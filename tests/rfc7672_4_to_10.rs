//! RFC 7672 §4 to §10: digests, mandatory DANE, what is sent to a server, and what must never happen.

use std::net::IpAddr;

use smtp_dane::delivery::{Deferral, Outcome};
use smtp_dane::dns::QueryType;
use smtp_dane::report::Status;
use smtp_dane::resolve::{HostError, NotApplicable};
use smtp_dane::{DaneMode, Policy, VerifyError};

use crate::support::certificates::{leaf, other_leaf, tlsa_text};
use crate::support::dane::record;
use crate::support::drive::plan;
use crate::support::name;
use crate::support::pki::{Authority, extension, judge};
use crate::support::sites::{ONE_HOST, authentication, domain, mandatory, relay, unusable, usable};
use crate::support::world::{NOW, Server, World};
use crate::support::zone::{Failure, Zone};

fn one_host(rdatas: &[String]) -> Zone {
    let zone = Zone::signed().with(ONE_HOST);
    rdatas.iter().fold(zone, |zone, rdata| {
        zone.with(&format!("_25._tcp.mx.example.com TLSA {rdata}"))
    })
}

#[test]
fn section_4_the_record_of_the_next_key_may_stand_beside_that_of_the_present_one() {
    let zone = one_host(&[tlsa_text(3, 1, 1, leaf()), tlsa_text(3, 1, 1, other_leaf())]);
    let wanted = authentication(&zone, domain());
    for certificate in [leaf(), other_leaf()] {
        assert!(wanted.verify(&[certificate.into()], NOW, &[]).is_ok());
    }
}

#[test]
fn section_4_revocation_is_the_removal_of_the_record_and_nothing_else_is_asked() {
    // The server's certificate points at lists and responders that do not exist, and demands a stapled answer that did not come.
    let root = Authority::root();
    let server = root.server_with(|params| {
        let no_list = extension(&[2, 5, 29, 31], &[0x30, 0x00], false);
        let must_staple = [0x30, 0x03, 0x02, 0x01, 0x05];
        let must_staple = extension(&[1, 3, 6, 1, 5, 5, 7, 1, 24], &must_staple, false);
        params.custom_extensions.extend([no_list, must_staple]);
    });
    for (records, met) in [
        (record(2, 0, 1, &root.der), (2, 1)),
        (record(3, 0, 1, &server), (3, 0)),
    ] {
        assert_eq!(judge(&[records], &[&server, &root.der]), Ok(met));
    }
    let removed = [record(3, 1, 1, other_leaf())];
    let verdict = judge(&removed, &[&server, &root.der]);
    assert_eq!(verdict, Err(VerifyError::NoRecordMatched));
}

#[test]
fn section_5_a_weaker_digest_beside_a_stronger_one_does_not_count() {
    let zone = one_host(&[tlsa_text(3, 1, 1, other_leaf()), tlsa_text(3, 1, 2, leaf())]);
    let wanted = authentication(&zone, domain());
    assert!(wanted.verify(&[leaf().into()], NOW, &[]).is_ok());
    assert_eq!(
        wanted.verify(&[other_leaf().into()], NOW, &[]),
        Err(VerifyError::NoRecordMatched)
    );
}

#[test]
fn section_6_mandatory_dane_delays_mail_for_a_host_without_usable_records() {
    for tlsa in [String::new(), unusable("mx.example.com")] {
        let zone = Zone::signed().with(ONE_HOST).with(&tlsa);
        let run = World::new(zone)
            .server("192.0.2.1", Server::with(leaf()))
            .deliver(domain(), &mandatory());
        assert!(matches!(run.outcome(), Outcome::Deferred(_)));
        assert_eq!(Status::of(run.outcome()).to_string(), "451 4.7.5");
        assert!(run.connected.is_empty());
    }
}

#[test]
fn section_6_the_reasons_say_which_host_and_which_question_and_where_it_is_written() {
    let zone = Zone::signed()
        .with(ONE_HOST)
        .with("example.com MX 20 mx2.example.com\nmx2.example.com A 192.0.2.2")
        .failing(
            "_25._tcp.mx.example.com",
            QueryType::Tlsa,
            Failure::ServFail,
        );
    let run = World::new(zone).deliver(domain(), &mandatory());
    let reasons: Vec<String> = run
        .delivery
        .hosts()
        .iter()
        .map(|host| {
            let error = host.plan().unwrap_err();
            format!("{}: {error} [{}]", host.exchanger().host(), error.cite())
        })
        .collect();
    assert_eq!(
        reasons,
        [
            "mx.example.com: the lookup of _25._tcp.mx.example.com TLSA failed: the resolver answered \
             SERVFAIL [RFC 7672 §2.1.2]",
            "mx2.example.com: DANE is mandatory, but the host has no secure TLSA records [RFC 7672 §2.2]",
        ]
    );
}

#[test]
fn section_8_1_the_server_name_is_the_base_domain_in_host_form() {
    for (host, base) in [
        ("mx.example.com", "mx.example.com"),
        ("alias.example.com", "mx.example.com"),
    ] {
        let zone = Zone::signed()
            .with("mx.example.com A 192.0.2.1\nalias.example.com CNAME mx.example.com")
            .with(&usable("mx.example.com"));
        let plan = plan(&zone, relay(host), &Policy::default()).0.unwrap();
        assert_eq!(plan.tls().server_name().unwrap().as_ref(), base);
        let wanted = authentication(&zone, relay(host));
        assert_eq!(wanted.server_name().unwrap().as_ref(), base);
        assert_eq!(wanted.reference_ids()[0], name(base));
    }
}

#[test]
fn section_8_1_no_server_name_is_prescribed_where_dane_does_not_apply() {
    let plan = plan(&Zone::signed().with(ONE_HOST), domain(), &Policy::default()).0;
    assert_eq!(plan.unwrap().tls().server_name(), None);
}

#[test]
fn section_8_1_a_base_domain_that_is_no_host_name_is_authenticated_without_server_name() {
    let zone = Zone::signed()
        .with("mx_1.-.example.com A 192.0.2.1")
        .with(&usable("mx_1.-.example.com"));
    let wanted = authentication(&zone, relay("mx_1.-.example.com"));
    assert_eq!(wanted.server_name(), None);
    assert!(wanted.verify(&[leaf().into()], NOW, &[]).is_ok());
}

#[test]
fn section_8_1_a_server_that_refuses_the_server_name_is_not_asked_again_without_it() {
    let zone = Zone::signed()
        .with(ONE_HOST)
        .with("example.com MX 20 mx2.example.com\nmx2.example.com A 192.0.2.2")
        .with(&usable("mx.example.com"))
        .with(&usable("mx2.example.com"));
    // A fatal alert at the name it does not know is a handshake that failed.
    let refusing = Server {
        handshakes: false,
        ..Server::with(leaf())
    };
    let world = World::new(zone).server("192.0.2.1", refusing);
    let alone = world.deliver(domain(), &Policy::default());
    assert!(alone.sent.is_empty());
    assert_eq!(
        Status::of(alone.outcome()).to_string(),
        "451 4.7.10",
        "{:?}",
        alone.outcome()
    );
    let with_second = world.server("192.0.2.2", Server::with(leaf()));
    let run = with_second.deliver(domain(), &Policy::default());
    assert!(run.delivered());
    let places: [IpAddr; 2] = ["192.0.2.1", "192.0.2.2"].map(|text| text.parse().unwrap());
    assert_eq!(run.connected, places);
}

#[test]
fn section_8_2_a_server_without_certificate_is_not_authenticated() {
    let zone = Zone::signed()
        .with(ONE_HOST)
        .with(&usable("mx.example.com"));
    let wanted = authentication(&zone, domain());
    let result = wanted.verify(&[], NOW, &[]);
    assert_eq!(result, Err(VerifyError::NoCertificate));
}

#[test]
fn section_9_1_no_mail_goes_where_no_record_matches() {
    for dane in [DaneMode::Opportunistic, DaneMode::Mandatory] {
        let mut policy = Policy::default();
        policy.dane = dane;
        let zone = Zone::signed()
            .with(ONE_HOST)
            .with(&usable("mx.example.com"));
        let run = World::new(zone)
            .server("192.0.2.1", Server::with(other_leaf()))
            .deliver(domain(), &policy);
        assert!(run.sent.is_empty());
        let outcome = run.outcome();
        assert!(matches!(
            outcome,
            Outcome::Deferred(Deferral::Refused { .. })
        ));
    }
}

#[test]
fn section_9_1_each_destination_may_have_its_own_policy() {
    let zone = Zone::signed().with(ONE_HOST);
    let world = World::new(zone).server("192.0.2.1", Server::with(leaf()));
    assert!(world.deliver(domain(), &Policy::default()).delivered());
    let run = world.deliver(domain(), &mandatory());
    let reason = run.delivery.hosts()[0].plan();
    let expected = HostError::DaneRequired(NotApplicable::NoTlsa);
    assert_eq!(reason, Err(&expected));
}

#[test]
fn section_10_no_connection_is_opened_to_a_server_that_counts_as_unreachable() {
    let zone = Zone::signed()
        .with(
            "example.com MX 1 mx1.example.com
             example.com MX 2 mx2.example.com
             example.com MX 3 mx3.example.com
             example.com MX 4 mx4.example.com
             example.com MX 5 mx5.example.com
             mx1.example.com A 192.0.2.1
             mx2.example.com A 192.0.2.2
             mx3.example.com CNAME host.example.net
             host.example.net A 192.0.2.3
             mx5.example.com A 192.0.2.5",
        )
        .failing(
            "_25._tcp.mx1.example.com",
            QueryType::Tlsa,
            Failure::Timeout,
        )
        .failing("mx2.example.com", QueryType::A, Failure::Bogus)
        .failing("mx2.example.com", QueryType::Aaaa, Failure::Bogus)
        .failing(
            "_25._tcp.host.example.net",
            QueryType::Tlsa,
            Failure::Malformed,
        );
    let world = (1..=5).fold(World::new(zone), |world, host| {
        world.server(&format!("192.0.2.{host}"), Server::with(leaf()))
    });
    let run = world.deliver(domain(), &Policy::default());
    assert_eq!(run.connected, ["192.0.2.5".parse::<IpAddr>().unwrap()]);
    assert_eq!(run.delivery.hosts().len(), 5);
}
