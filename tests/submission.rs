//! Submission servers: the public PKI for the configured name (RFC 7672 §3.1.3, §7), and the four usages of RFC 6698 for a
//! caller that found such a server by a secure lookup of its own.

use std::slice::from_ref;

use pki_types::{CertificateDer, TrustAnchor};
use rcgen::{DnType, SanType};
use smtp_dane::delivery::{Delivery, Event, Step};
use smtp_dane::dns::QueryType;
use smtp_dane::resolve::{HostError, NextHop, NotApplicable, Plan, RouteKind, TlsPolicy};
use smtp_dane::session::{self, Assurance, Refusal, Session, StartTlsOffer};
use smtp_dane::tlsa::{Record, Role};
use smtp_dane::{Authentication, CnId, Digests, MAX_CHAIN, NoAuthentication, Policy, Scope};
use smtp_dane::{PublicPki, Verified, VerifyError};

use crate::support::certificates::other_leaf;
use crate::support::dane::record;
use crate::support::drive::{hosts, plan, route};
use crate::support::name;
use crate::support::pki::{
    Authority, HOST, algorithms, data, ders, excludes, expired, forged, met, no_authority,
    no_cert_sign, path_length, unknown_critical,
};
use crate::support::sites::{mandatory, usable};
use crate::support::world::NOW;
use crate::support::zone::Zone;

fn submission(host: &str) -> NextHop {
    NextHop::submission(name(host), 587.try_into().unwrap())
}

fn zone() -> Zone {
    let tlsa = usable(HOST).replace("_25.", "_587.");
    Zone::signed()
        .with("mx.example.com A 192.0.2.1")
        .with(&tlsa)
}

fn pkix(zone: &Zone, host: &str) -> PublicPki {
    let plan = plan(zone, submission(host), &Policy::default()).0.unwrap();
    match plan.tls() {
        TlsPolicy::Pkix(pkix) => pkix.clone(),
        other => panic!("{other:?}"),
    }
}

/// The certificates of some authorities as public roots.
fn with_roots<T>(roots: &[&[u8]], work: impl FnOnce(&[TrustAnchor<'_>]) -> T) -> T {
    let roots: Vec<CertificateDer<'_>> = ders(roots);
    let anchors = roots.iter().map(webpki::anchor_from_trusted_cert);
    let anchors: Vec<TrustAnchor<'_>> = anchors.map(Result::unwrap).collect();
    work(&anchors)
}

fn by_pkix(roots: &[&[u8]], chain: &[&[u8]]) -> Result<Verified, VerifyError> {
    let wanted = pkix(&zone(), HOST);
    with_roots(roots, |roots| {
        wanted.verify(&ders(chain), NOW, algorithms(), roots)
    })
}

#[test]
fn rfc_7672_section_7_a_submission_server_is_judged_by_the_public_pki() {
    // Even where it has secure TLSA records, and whether or not its name is an alias.
    let alias = zone().with("submit.example.com CNAME mx.example.com");
    for (zone, host) in [(zone(), HOST), (alias, "submit.example.com")] {
        let (route, asked) = route(&zone, submission(host), &Policy::default());
        let route = route.unwrap();
        assert!(asked.is_empty());
        assert_eq!(
            (route.kind(), hosts(&route)),
            (RouteKind::Submission, vec![host.to_owned()])
        );
        let (plan, asked) = plan(&zone, submission(host), &Policy::default());
        assert!(
            asked.iter().all(|question| !question.ends_with("TLSA")),
            "{asked:?}"
        );
        let plan = plan.unwrap();
        assert_eq!(plan.port().get(), 587);
        let TlsPolicy::Pkix(pkix) = plan.tls() else {
            panic!("{plan:?}");
        };
        assert_eq!(*pkix.name(), name(host));
        assert_eq!(plan.tls().server_name().unwrap().as_ref(), host);
        assert_eq!(plan.tls().tlsa_base(), None);
    }
}

#[test]
fn rfc_7672_section_7_the_security_of_the_answers_does_not_matter() {
    let insecure = Zone::unsigned().insecure("mx.example.com A 192.0.2.1");
    let failing = zone().failing(
        "_587._tcp.mx.example.com",
        QueryType::Tlsa,
        crate::support::zone::Failure::ServFail,
    );
    for zone in [insecure, failing] {
        assert_eq!(pkix(&zone, HOST), pkix(&self::zone(), HOST));
    }
}

#[test]
fn mandatory_dane_refuses_what_only_the_public_pki_vouches_for() {
    let result = plan(&zone(), submission(HOST), &mandatory()).0;
    let error = HostError::DaneRequired(NotApplicable::Submission);
    assert_eq!(result.map(|_| ()), Err(error));
}

#[test]
fn dane_applies_to_a_submission_server_that_was_found_by_a_secure_mx_lookup() {
    let zone = zone().with("example.com MX 10 mx.example.com");
    let next_hop = NextHop::domain(name("example.com")).on_port(587.try_into().unwrap());
    let plan: Plan = plan(&zone, next_hop, &Policy::default()).0.unwrap();
    let TlsPolicy::Authenticate(wanted) = plan.tls() else {
        panic!("{plan:?}");
    };
    assert_eq!(wanted.reference_ids(), [HOST, "example.com"].map(name));
}

#[test]
fn a_server_with_a_public_certificate_for_the_name_is_authenticated() {
    let root = Authority::root();
    let issuer = root.below("Issuer");
    let server = issuer.server();
    for chain in [
        vec![server.as_slice(), &issuer.der],
        vec![&server, &issuer.der, &root.der],
        vec![&server, other_leaf(), &root.der, &issuer.der],
    ] {
        let proof = by_pkix(&[&root.der], &chain).unwrap();
        assert_eq!((proof.record(), proof.depth()), (None, 2));
        assert_eq!(
            (proof.name(), proof.scope()),
            (Some(&name(HOST)), Scope::Host)
        );
    }
    let rsa = [data::RSA_SERVER, data::RSA_ISSUER];
    assert!(by_pkix(&[data::RSA_ROOT], &rsa).is_ok());
}

#[test]
fn a_server_without_a_public_certificate_for_the_name_is_not_authenticated() {
    let root = Authority::root();
    let issuer = root.below("Issuer");
    let server = issuer.server();
    let roots = [root.der.as_slice()];
    let check = |server: &[u8], issuer: &[u8]| by_pkix(&roots, &[server, issuer]).map(drop);
    let faults = [
        (expired as fn(&mut _), VerifyError::Expired),
        (no_authority, VerifyError::NotACa),
        (no_cert_sign, VerifyError::NotACa),
        (unknown_critical, VerifyError::CriticalExtension),
        (|params| excludes(HOST)(params), VerifyError::NameConstraint),
    ];
    for (change, error) in faults {
        let spoilt = root.cross_sign(&issuer, change);
        assert_eq!(check(&server, &spoilt), Err(error));
    }
    assert_eq!(check(&server, &issuer.der), Ok(()));
    assert_eq!(
        check(&issuer.server_with(expired), &issuer.der),
        Err(VerifyError::Expired)
    );
    assert_eq!(
        check(&forged(&server), &issuer.der),
        Err(VerifyError::Signature)
    );
    let result = by_pkix(&[], &[&server, &issuer.der, &root.der]);
    assert_eq!(result, Err(VerifyError::IssuerNotFound));
    let result = by_pkix(&[data::RSA_ROOT], &[&server, &issuer.der, &root.der]);
    assert_eq!(result, Err(VerifyError::IssuerNotFound));
    assert_eq!(by_pkix(&roots, &[]), Err(VerifyError::NoCertificate));
    let result = by_pkix(&roots, &vec![&server[..]; MAX_CHAIN + 1]);
    assert_eq!(result, Err(VerifyError::ChainBudget));
}

#[test]
fn the_name_of_a_submission_server_is_a_dns_id() {
    let root = Authority::root();
    let names = |presented: &[&str]| {
        let dns = presented
            .iter()
            .map(|name| SanType::DnsName((*name).try_into().unwrap()));
        let server = root.server_with(|params| {
            params.subject_alt_names = dns.collect();
            params.distinguished_name.push(DnType::CommonName, HOST);
        });
        by_pkix(&[&root.der], &[&server]).map(drop)
    };
    assert_eq!(names(&[HOST]), Ok(()));
    assert_eq!(names(&["*.example.com"]), Ok(()));
    // The common name does not count, whatever the policy.
    assert_eq!(names(&[]), Err(VerifyError::NameMismatch));
    assert_eq!(
        names(&["a.example", "example.com"]),
        Err(VerifyError::NameMismatch)
    );
    // Nor does what the configured name is an alias of.
    let alias = zone().with("submit.example.com CNAME mx.example.com");
    let wanted = pkix(&alias, "submit.example.com");
    let result = with_roots(&[&root.der], |roots| {
        wanted.verify(&ders(&[&root.server()]), NOW, algorithms(), roots)
    });
    assert_eq!(result, Err(VerifyError::NameMismatch));
}

#[test]
fn a_session_takes_only_the_proof_for_its_own_name() {
    let root = Authority::root();
    let server = root.server();
    let chain = ders(&[&server]);
    let mut session = Session::new(TlsPolicy::Pkix(pkix(&zone(), HOST)), &Policy::default());
    session
        .handle(session::Event::Hello(StartTlsOffer::Offered))
        .unwrap();
    let reply = session::Event::StartTlsReply {
        code: 220,
        buffered: 0,
    };
    session.handle(reply).unwrap();
    let session::Step::Handshake(tls) = session.step() else {
        panic!("{session:?}");
    };
    let event = |roots: &[&[u8]]| {
        let judge = |roots: &[TrustAnchor<'_>]| {
            session::Event::of_handshake(tls, &chain, NOW, algorithms(), roots)
        };
        with_roots(roots, judge)
    };
    let (good, bad) = (event(&[&root.der]), event(&[]));
    // A wildcard is good for two hosts, the proof for one.
    let zone = Zone::signed().with("b.example.com A 192.0.2.1");
    let wildcard = root.server_with(|params| {
        params.subject_alt_names = vec![SanType::DnsName("*.example.com".try_into().unwrap())];
    });
    let foreign = with_roots(&[&root.der], |roots| {
        pkix(&zone, "b.example.com").verify(&ders(&[&wildcard]), NOW, algorithms(), roots)
    });
    let by_records = crate::support::sites::foreign_proof();
    for event in [
        session::Event::Authenticated(foreign.unwrap()),
        session::Event::Authenticated(by_records),
        session::Event::Encrypted,
    ] {
        assert!(session.clone().handle(event).is_err());
    }
    let mut refused = session.clone();
    refused.handle(bad).unwrap();
    let refusal = Refusal::NotAuthenticated(VerifyError::IssuerNotFound);
    assert_eq!(refused.step(), session::Step::Abandon(&refusal));
    session.handle(good).unwrap();
    let session::Step::Transfer(Assurance::Authenticated(_)) = session.step() else {
        panic!("{session:?}");
    };
}

#[test]
fn a_submission_server_without_tls_gets_no_mail() {
    let tls = TlsPolicy::Pkix(pkix(&zone(), HOST));
    let mut absent = Session::new(tls.clone(), &Policy::default());
    absent
        .handle(session::Event::Hello(StartTlsOffer::Absent))
        .unwrap();
    let mut rejected = Session::new(tls.clone(), &Policy::default());
    rejected
        .handle(session::Event::Hello(StartTlsOffer::Offered))
        .unwrap();
    let mut failing = rejected.clone();
    let reply = |code| session::Event::StartTlsReply { code, buffered: 0 };
    rejected.handle(reply(454)).unwrap();
    failing.handle(reply(220)).unwrap();
    failing.handle(session::Event::HandshakeFailed).unwrap();
    for session in [absent, rejected, failing] {
        assert!(
            matches!(session.step(), session::Step::Abandon(_)),
            "{session:?}"
        );
    }
}

#[test]
fn a_delivery_to_a_submission_server_asks_for_addresses_alone() {
    let mut delivery = Delivery::new(submission(HOST), Policy::default(), 1);
    let mut asked = Vec::new();
    while let Step::Lookup(queries) = delivery.step() {
        let (id, question) = (queries[0].id(), queries[0].question().clone());
        asked.push(question.to_string());
        delivery
            .handle(Event::Answer(id, zone().answer(&question)))
            .unwrap();
    }
    assert_eq!(asked, ["mx.example.com A", "mx.example.com AAAA"]);
    assert!(matches!(delivery.step(), Step::Connect { .. }));
}

/// What a client of RFC 6698 with public roots makes of a chain.
fn by_usages(
    records: &[Record],
    roots: &[&[u8]],
    chain: &[&[u8]],
) -> Result<Verified, VerifyError> {
    let policy = Policy::default();
    let wanted = Authentication::from_vouched_records(
        name(HOST),
        [],
        records.to_vec(),
        Role::Submission,
        &policy,
    );
    let wanted = wanted.unwrap();
    with_roots(roots, |roots| {
        wanted.verify_with_roots(&ders(chain), NOW, algorithms(), roots)
    })
}

#[test]
fn rfc_6698_section_2_1_1_usages_0_and_1_want_a_public_root_and_the_others_do_not() {
    let root = Authority::root();
    let issuer = root.below("Issuer");
    let server = issuer.server();
    let chain = [&server, &issuer.der, &root.der].map(Vec::as_slice);
    let roots = [root.der.as_slice()];
    for selector in 0..2 {
        for matching in 0..3 {
            for (usage, certificate, depth) in [
                (0, &issuer.der, 1),
                (0, &root.der, 2),
                (1, &server, 0),
                (2, &issuer.der, 1),
                (2, &root.der, 2),
                (3, &server, 0),
            ] {
                let record = record(usage, selector, matching, certificate);
                let usability = record.usability(Role::Submission, Digests::default());
                assert_eq!(usability, Ok(()));
                let proof = by_usages(from_ref(&record), &roots, &chain).unwrap();
                assert_eq!((proof.record(), proof.depth()), (Some(&record), depth));
                assert_eq!(proof.name().is_some(), usage != 3);
                let alone = by_usages(from_ref(&record), &[], &chain);
                assert_eq!(alone.is_ok(), usage > 1, "{record}");
            }
            // The server is no authority, and an authority is not the server.
            for (usage, certificate) in [(0, &server), (1, &issuer.der), (1, &root.der)] {
                let record = record(usage, selector, matching, certificate);
                assert!(by_usages(&[record], &roots, &chain).is_err());
            }
        }
    }
}

#[test]
fn rfc_6698_section_2_1_1_to_a_relay_usages_0_and_1_are_nothing() {
    let root = Authority::root();
    let records = vec![record(0, 0, 1, &root.der), record(1, 1, 1, &root.server())];
    for role in [Role::Relay, Role::Submission] {
        let made = Authentication::from_vouched_records(
            name(HOST),
            [],
            records.clone(),
            role,
            &Policy::default(),
        );
        match role {
            Role::Relay => assert!(
                matches!(made, Err(NoAuthentication::AllUnusable(records)) if records.len() == 2)
            ),
            Role::Submission => assert_eq!(made.unwrap().tlsa().records().count(), 2),
        }
    }
}

#[test]
fn rfc_6698_section_2_1_1_below_a_public_root_everything_is_checked() {
    let root = Authority::root();
    let issuer = root.below("Issuer");
    let server = issuer.server();
    let old = root.cross_sign(&issuer, expired);
    let stopped = root.cross_sign(&issuer, path_length(0));
    let sub = issuer.below("Sub");
    let nameless = issuer.server_with(|params| {
        params.subject_alt_names.clear();
        params.distinguished_name.push(DnType::CommonName, HOST);
    });
    let roots = [root.der.as_slice()];
    for (usage, place) in [(0, 1), (1, 0)] {
        let check = |chain: &[&[u8]]| {
            let result = by_usages(&[record(usage, 1, 1, chain[place])], &roots, chain);
            met(&result)
        };
        assert_eq!(check(&[&server, &issuer.der]), Ok((usage, place)));
        assert_eq!(check(&[&server, &old]), Err(VerifyError::Expired));
        assert_eq!(
            check(&[&forged(&server), &issuer.der]),
            Err(VerifyError::Signature)
        );
        let deep = sub.server();
        assert_eq!(
            check(&[&deep, &sub.der, &stopped]),
            Err(VerifyError::PathLength)
        );
        // The common name never counts here.
        assert_eq!(
            check(&[&nameless, &issuer.der]),
            Err(VerifyError::NameMismatch)
        );
    }
    assert_eq!(CnId::default(), CnId::Fallback);
}
