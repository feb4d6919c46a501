//! RFC 7672 §9.1: what an audit lets pass and notes, and what DANE switched off does.

use proptest::prelude::*;
use smtp_dane::delivery::{Deferral, Objection, Outcome};
use smtp_dane::dns::{QueryType, Security};
use smtp_dane::report::{Status, tlsrpt};
use smtp_dane::resolve::{HostError, NotApplicable, TlsPolicy};
use smtp_dane::session::{Assurance, Downgrade, Refusal};
use smtp_dane::{DaneMode, FailedTls, Policy, VerifyError};

use crate::prop_delivery::settings;
use crate::support::certificates::{leaf, other_leaf};
use crate::support::drive::plan;
use crate::support::name;
use crate::support::published::any::{policy, published};
use crate::support::sites::{ONE_HOST, domain, judge, unusable, usable};
use crate::support::sites::{failing_handshakes, one_host, refusing_start_tls, without_start_tls};
use crate::support::world::{Run, Server, World};
use crate::support::zone::{Failure, Zone};

fn mode(dane: DaneMode) -> Policy {
    let mut policy = Policy::default();
    policy.dane = dane;
    policy
}

fn audit() -> Policy {
    mode(DaneMode::AuditOnly)
}

fn injecting() -> Server {
    Server {
        start_tls: (220, 1),
        ..Server::with(leaf())
    }
}

/// What an audit made of one host: the objection and the protection of what was sent.
fn audited(zone: Zone, server: Server) -> (Option<Objection>, Assurance) {
    let run = World::new(zone)
        .server("192.0.2.1", server)
        .deliver(domain(), &audit());
    assert_eq!(Status::of(run.outcome()).to_string(), "250 2.0.0");
    let (_, assurance) = run.sent.last().unwrap().clone();
    (run.outcome().would_refuse().cloned(), assurance)
}

#[test]
fn section_9_1_an_audit_delivers_and_says_what_would_have_been_refused() {
    let cleartext = Assurance::Cleartext;
    for tlsa in [usable("mx.example.com"), unusable("mx.example.com")] {
        for (server, refusal, assurance) in [
            (
                without_start_tls(),
                Refusal::StartTlsNotOffered,
                cleartext(Downgrade::NotOffered),
            ),
            (
                refusing_start_tls(),
                Refusal::StartTlsRejected { code: 454 },
                cleartext(Downgrade::Rejected { code: 454 }),
            ),
            (
                failing_handshakes(),
                Refusal::HandshakeFailed,
                cleartext(Downgrade::HandshakeFailed),
            ),
        ] {
            let found = audited(one_host(&tlsa), server);
            assert_eq!(found, (Some(Objection::Connection(refusal)), assurance));
        }
    }
    let reason = VerifyError::NoRecordMatched;
    let refusal = Refusal::NotAuthenticated(reason);
    assert_eq!(
        audited(
            one_host(&usable("mx.example.com")),
            Server::with(other_leaf())
        ),
        (
            Some(Objection::Connection(refusal)),
            Assurance::NotAuthenticated(reason)
        )
    );
}

#[test]
fn section_9_1_an_audit_has_no_objection_to_what_holds() {
    let (objection, assurance) = audited(one_host(&usable("mx.example.com")), Server::with(leaf()));
    assert_eq!(objection, None);
    assert!(matches!(assurance, Assurance::Authenticated(_)));
    let unusable = audited(one_host(&unusable("mx.example.com")), Server::with(leaf()));
    assert_eq!(unusable, (None, Assurance::Encrypted));
    let without = audited(Zone::signed().with(ONE_HOST), Server::with(leaf()));
    assert_eq!(without, (None, Assurance::Encrypted));
}

#[test]
fn section_9_1_an_audit_goes_on_where_a_lookup_bars_the_host_and_names_it() {
    for failure in Failure::ALL {
        let zone = Zone::signed().with(ONE_HOST).failing(
            "_25._tcp.mx.example.com",
            QueryType::Tlsa,
            failure,
        );
        let (objection, assurance) = audited(zone, Server::with(leaf()));
        assert_eq!(assurance, Assurance::Encrypted);
        let Some(Objection::Host(HostError::Lookup(failed))) = objection else {
            panic!("{objection:?}");
        };
        assert_eq!(failed.question.to_string(), "_25._tcp.mx.example.com TLSA");
    }
    let changed = Zone::signed()
        .with("example.com MX 10 mx.example.com")
        .with("mx.example.com CNAME mail.example.com")
        .insecure("mail.example.com A 192.0.2.1")
        .denied("mail.example.com", QueryType::Aaaa, Security::Insecure)
        .failing("mx.example.com", QueryType::Cname, Failure::ALL[0]);
    let (objection, _) = audited(changed, Server::with(leaf()));
    assert!(matches!(
        objection,
        Some(Objection::Host(HostError::Lookup(_)))
    ));
}

#[test]
fn section_9_1_injected_cleartext_is_refused_in_an_audit_too() {
    let run = World::new(one_host(&usable("mx.example.com")))
        .server("192.0.2.1", injecting())
        .deliver(domain(), &audit());
    let Outcome::Deferred(Deferral::Refused { refusal, .. }) = run.outcome() else {
        panic!("{:?}", run.outcome());
    };
    assert_eq!(*refusal, Refusal::PlaintextInjected);
}

/// What the documentation of [`tlsrpt::sessions`] tells to send reports by.
fn for_reports() -> Policy {
    let mut policy = mode(DaneMode::Off);
    policy.failed_tls = FailedTls::Cleartext;
    policy
}

#[test]
fn rfc_8460_section_3_mail_with_a_report_is_sent_past_every_failure_of_tls() {
    let mismatched = one_host(&usable("mx.example.com"));
    let lost = ["_25._tcp.mx.example.com"; 2].map(|owner| (owner, QueryType::Tlsa));
    let lost = lost.into_iter().zip([Failure::Bogus, Failure::Timeout]);
    let lost = lost.map(|((owner, kind), failure)| one_host("").failing(owner, kind, failure));
    for zone in lost.chain([mismatched]) {
        let other = Server::with(other_leaf());
        for server in [
            other,
            without_start_tls(),
            refusing_start_tls(),
            failing_handshakes(),
        ] {
            let world = World::new(zone.clone()).server("192.0.2.1", server);
            let mail = world.deliver(domain(), &Policy::default());
            assert!(!mail.delivered());
            let report = world.deliver(domain(), &for_reports());
            assert!(report.delivered());
            assert_eq!(tlsrpt::result_types(&report.delivery), []);
        }
    }
}

#[test]
fn rfc_8460_section_3_dane_switched_off_is_not_enough_for_a_report_where_failed_tls_is_refused() {
    let mut resolute = for_reports();
    resolute.failed_tls = FailedTls::Refuse;
    let rejected = Refusal::StartTlsRejected { code: 454 };
    let injected = Refusal::PlaintextInjected;
    for (server, policy, expected) in [
        (refusing_start_tls(), &resolute, rejected),
        (failing_handshakes(), &resolute, Refusal::HandshakeFailed),
        // This is no policy's choice.
        (injecting(), &resolute, injected),
        (injecting(), &for_reports(), injected),
    ] {
        let world = World::new(one_host("")).server("192.0.2.1", server);
        let run = world.deliver(domain(), policy);
        let Outcome::Deferred(Deferral::Refused { refusal, .. }) = run.outcome() else {
            panic!("{:?}", run.outcome());
        };
        assert_eq!(*refusal, expected);
    }
}

#[test]
fn dane_switched_off_asks_for_no_tlsa_records() {
    let (verdict, asked) = judge(
        &one_host(&usable("mx.example.com")),
        domain(),
        &mode(DaneMode::Off),
    );
    assert_eq!(verdict, "opportunistic: SwitchedOff");
    assert!(asked.iter().all(|question| !question.contains("TLSA")));
    let plan = plan(
        &one_host(&usable("mx.example.com")),
        domain(),
        &mode(DaneMode::Off),
    );
    let tls = plan.0.unwrap().tls().clone();
    assert_eq!(tls, TlsPolicy::Opportunistic(NotApplicable::SwitchedOff));
}

proptest! {
    #![proptest_config(settings(256))]

    #[test]
    fn an_audit_delivers_just_where_dane_switched_off_does(
        published in published(),
        policy in policy(),
    ) {
        let world = published.world();
        let run_as = |dane| {
            let mut policy = published.policy(policy.clone());
            policy.dane = dane;
            world.deliver(domain(), &policy)
        };
        let (audit, off) = (run_as(DaneMode::AuditOnly), run_as(DaneMode::Off));
        prop_assert_eq!(audit.delivered(), off.delivered());
        prop_assert_eq!(&audit.connected, &off.connected);
        let addresses = |run: &Run| run.sent.iter().map(|(at, _)| *at).collect::<Vec<_>>();
        prop_assert_eq!(addresses(&audit), addresses(&off));
        prop_assert!(off.outcome().would_refuse().is_none());
    }

    #[test]
    fn an_audit_objects_just_where_enforcement_would_not_have_sent(
        published in published(),
        policy in policy(),
    ) {
        let world = published.world();
        let run_as = |dane| {
            let mut policy = published.policy(policy.clone());
            policy.raw_public_keys = smtp_dane::RawPublicKeys::Never;
            policy.dane = dane;
            world.deliver(domain(), &policy)
        };
        let (audit, enforced) = (run_as(DaneMode::AuditOnly), run_as(DaneMode::Opportunistic));
        if let Outcome::Delivered { address, assurance, would_refuse, .. } = audit.outcome() {
            let sent = (*address, assurance.clone());
            prop_assert_eq!(would_refuse.is_none(), enforced.sent.contains(&sent));
            if would_refuse.is_some() {
                prop_assert!(enforced.sent.iter().all(|(at, _)| at != address));
            }
        }
        prop_assert!(enforced.outcome().would_refuse().is_none());
    }
}

#[test]
fn what_an_audit_notes_stands_in_the_tls_report() {
    let lost = Zone::signed().with(ONE_HOST).failing(
        "_25._tcp.mx.example.com",
        QueryType::Tlsa,
        Failure::ServFail,
    );
    let sound = one_host(&usable("mx.example.com"));
    for (zone, server, expected) in [
        (
            sound.clone(),
            Server::with(other_leaf()),
            "certificate-not-trusted",
        ),
        (sound, without_start_tls(), "starttls-not-supported"),
        (lost, Server::with(leaf()), "dnssec-invalid"),
    ] {
        let world = World::new(zone).server("192.0.2.1", server);
        let run = world.deliver(domain(), &audit());
        assert!(run.delivered());
        let types = tlsrpt::result_types(&run.delivery);
        let types: Vec<String> = types.iter().map(ToString::to_string).collect();
        assert_eq!(types, [expected]);
        let sessions = tlsrpt::sessions(&run.delivery, &name("example.com"));
        let [session] = sessions.as_slice() else {
            panic!("{sessions:?}");
        };
        let failures = session.failures().iter();
        let failures: Vec<String> = failures
            .map(|failure| failure.result_type().to_string())
            .collect();
        assert_eq!(failures, [expected]);
    }
}

#[test]
fn an_audit_sends_the_server_name_that_dane_would_or_else_the_host_s_own() {
    let lost = Zone::signed()
        .with("example.com MX 10 www.example.com\nwww.example.com CNAME mx.example.com")
        .with("mx.example.com A 192.0.2.1");
    let sound = lost.clone().with(&usable("mx.example.com"));
    let lost = lost.failing("_25._tcp.mx.example.com", QueryType::Tlsa, Failure::Bogus);
    for (zone, expected) in [(lost, "www.example.com"), (sound, "mx.example.com")] {
        let plan = plan(&zone, domain(), &audit()).0.unwrap();
        let sent = plan.server_name().unwrap();
        assert_eq!(sent.as_ref(), expected);
    }
}
