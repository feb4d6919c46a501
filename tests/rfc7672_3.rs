//! RFC 7672 §3: what authenticates a server, and by which names.

use pki_types::UnixTime;
use smtp_dane::dns::Security;
use smtp_dane::resolve::{NextHop, Plan};
use smtp_dane::{Policy, Scope, VerifyError};

use crate::support::certificates::{leaf, other_leaf, tlsa_text};
use crate::support::drive::{plan_for, route};
use crate::support::name;
use crate::support::sites::{ONE_HOST, authentication, domain, judge, relay, usable, verdict};
use crate::support::sites::{unusable, verdict_on};
use crate::support::world::{NOW, Server, World};
use crate::support::zone::Zone;

/// One host, whose TLSA name has records with these data.
fn one_host(rdatas: &[String]) -> Zone {
    let zone = Zone::signed().with(ONE_HOST);
    rdatas.iter().fold(zone, |zone, rdata| {
        zone.with(&format!("_25._tcp.mx.example.com TLSA {rdata}"))
    })
}

#[test]
fn section_3_1_1_usage_3_looks_at_the_first_certificate_alone() {
    for selector in [0, 1] {
        for matching in [0, 1, 2] {
            let record = tlsa_text(3, selector, matching, leaf());
            let wanted = authentication(&one_host(&[record]), domain());
            let verify = |chain: &[&[u8]]| {
                let chain: Vec<_> = chain.iter().map(|der| (*der).into()).collect();
                wanted.verify(&chain, NOW, &[]).map(|proof| proof.depth())
            };
            assert_eq!(verify(&[leaf()]), Ok(0));
            assert_eq!(verify(&[leaf(), other_leaf()]), Ok(0));
            let above = verify(&[other_leaf(), leaf()]);
            assert_eq!(above, Err(VerifyError::NoRecordMatched));
        }
    }
}

#[test]
fn section_3_1_1_usage_3_needs_no_name_no_date_and_no_signature() {
    // The certificate is for `mx.example.com`, and so are none of the names here.
    let zone = Zone::signed()
        .with("relay.example.net A 192.0.2.1")
        .with(&usable("relay.example.net"));
    let wanted = authentication(&zone, relay("relay.example.net"));
    for seconds in [0, 1_767_225_600, u64::from(u32::MAX) * 4] {
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let proof = wanted.verify(&[leaf().into()], now, &[]).unwrap();
        assert_eq!(proof.name(), None);
    }
}

#[test]
fn section_3_1_3_usages_0_and_1_are_unusable_between_relays() {
    for usage in [0, 1] {
        let record = tlsa_text(usage, 1, 1, leaf());
        assert_eq!(
            verdict_on(&one_host(&[record])),
            "encrypt by mx.example.com"
        );
    }
}

#[test]
fn section_3_1_3_beside_usage_3_those_of_usages_0_and_1_do_not_count() {
    let zone = one_host(&[tlsa_text(1, 1, 1, other_leaf()), tlsa_text(3, 1, 1, leaf())]);
    let wanted = authentication(&zone, domain());
    assert!(wanted.verify(&[leaf().into()], NOW, &[]).is_ok());
    assert!(wanted.verify(&[other_leaf().into()], NOW, &[]).is_err());
    assert_eq!(wanted.tlsa().unusable().len(), 1);
}

#[test]
fn section_3_2_one_usable_record_is_enough_to_demand_authentication() {
    let zone = one_host(&[tlsa_text(0, 1, 1, leaf()), tlsa_text(3, 1, 1, leaf())]);
    assert!(verdict_on(&zone).starts_with("authenticate"));
}

#[test]
fn section_3_2_the_records_are_alternatives() {
    let zone = one_host(&[
        tlsa_text(2, 0, 1, other_leaf()),
        tlsa_text(3, 1, 1, other_leaf()),
        tlsa_text(3, 1, 1, leaf()),
    ]);
    let wanted = authentication(&zone, domain());
    let proof = wanted.verify(&[leaf().into()], NOW, &[]).unwrap();
    assert_eq!(
        proof.record().unwrap().to_string(),
        tlsa_text(3, 1, 1, leaf())
    );
}

#[test]
fn section_3_2_no_mail_goes_to_a_server_that_is_not_authenticated() {
    for (record, chain) in [
        (tlsa_text(3, 1, 1, leaf()), vec![other_leaf().to_vec()]),
        (tlsa_text(3, 1, 1, leaf()), vec![b"no certificate".to_vec()]),
        (tlsa_text(3, 1, 1, leaf()), Vec::new()),
        (tlsa_text(2, 0, 1, leaf()), vec![leaf().to_vec()]),
        (
            tlsa_text(3, 1, 1, leaf()),
            std::iter::repeat_n(leaf().to_vec(), 17).collect(),
        ),
    ] {
        let server = Server {
            chain,
            ..Server::with(leaf())
        };
        let run = World::new(one_host(&[record]))
            .server("192.0.2.1", server)
            .deliver(domain(), &Policy::default());
        assert!(run.sent.is_empty(), "{:?}", run.outcome());
        assert!(!run.delivered());
    }
}

#[test]
fn section_3_2_2_the_base_domain_is_the_first_name_and_the_next_hop_the_second() {
    let zone = one_host(&[tlsa_text(2, 0, 1, leaf())]);
    let wanted = authentication(&zone, domain());
    let names = [name("mx.example.com"), name("example.com")];
    assert_eq!(wanted.reference_ids(), names);
    assert_eq!(wanted.scope(), Scope::NextHop);
}

#[test]
fn section_3_2_2_the_expanded_next_hop_is_the_third_name_where_it_differs() {
    let zone = Zone::signed()
        .with("example.com CNAME example.org")
        .with("example.org MX 10 mx.example.com\nmx.example.com A 192.0.2.1")
        .with(&usable("mx.example.com"));
    let names = ["mx.example.com", "example.com", "example.org"].map(name);
    assert_eq!(authentication(&zone, domain()).reference_ids(), names);
}

#[test]
fn section_3_2_2_no_name_stands_twice() {
    let zone = Zone::signed()
        .with("example.com MX 10 example.com\nexample.com A 192.0.2.1")
        .with(&usable("example.com"));
    let names = [name("example.com")];
    assert_eq!(authentication(&zone, domain()).reference_ids(), names);
    // The base domain is the expanded next hop.
    let zone = zone.with("example.org CNAME example.com");
    let names = [name("example.com"), name("example.org")];
    let next_hop = NextHop::domain(name("example.org"));
    assert_eq!(authentication(&zone, next_hop).reference_ids(), names);
}

#[test]
fn section_3_2_2_names_between_the_next_hop_and_its_expansion_do_not_count() {
    let zone = Zone::signed()
        .with("example.com CNAME middle.example\nmiddle.example CNAME example.org")
        .with("example.org MX 10 mx.example.com\nmx.example.com A 192.0.2.1")
        .with(&usable("mx.example.com"));
    let names = ["mx.example.com", "example.com", "example.org"].map(name);
    assert_eq!(authentication(&zone, domain()).reference_ids(), names);
}

#[test]
fn section_3_2_2_behind_an_insecure_mx_answer_the_base_domain_is_the_only_name() {
    let hosts = "mx.example.com CNAME host.example.net\nhost.example.net A 192.0.2.1";
    let by_records = Zone::signed()
        .insecure("example.com MX 10 mx.example.com")
        .with(hosts)
        .with(&usable("host.example.net"));
    let by_alias = Zone::signed()
        .insecure("example.com CNAME example.org")
        .with("example.org MX 10 mx.example.com")
        .with(hosts)
        .with(&usable("host.example.net"));
    for zone in [by_records, by_alias] {
        let wanted = authentication(&zone, domain());
        assert_eq!(wanted.reference_ids(), [name("host.example.net")]);
        assert_eq!(wanted.scope(), Scope::Host);
    }
}

#[test]
fn section_3_2_2_an_insecure_denial_of_mx_records_counts_like_insecure_mx_records() {
    let zone = Zone::signed()
        .denied(
            "example.com",
            smtp_dane::dns::QueryType::Mx,
            Security::Insecure,
        )
        .with("example.com CNAME host.example.net\nhost.example.net A 192.0.2.1")
        .denied(
            "host.example.net",
            smtp_dane::dns::QueryType::Mx,
            Security::Insecure,
        )
        .with(&usable("host.example.net"));
    let wanted = authentication(&zone, domain());
    assert_eq!(wanted.reference_ids(), [name("host.example.net")]);
    assert_eq!(wanted.scope(), Scope::Host);
}

#[test]
fn section_3_2_2_without_mx_records_the_original_next_hop_stands_beside_its_expansion() {
    let zone = Zone::signed()
        .with("example.com CNAME host.example.net\nhost.example.net A 192.0.2.1")
        .with(&usable("host.example.net"));
    let names = [name("host.example.net"), name("example.com")];
    for next_hop in [domain(), relay("example.com")] {
        assert_eq!(authentication(&zone, next_hop).reference_ids(), names);
    }
}

#[test]
fn section_3_2_2_without_mx_records_an_unexpanded_base_domain_stands_alone() {
    let zone = Zone::signed()
        .with("example.com CNAME host.example.net\nhost.example.net A 192.0.2.1")
        .with(&usable("example.com"));
    for next_hop in [domain(), relay("example.com")] {
        let wanted = authentication(&zone, next_hop);
        assert_eq!(wanted.reference_ids(), [name("example.com")]);
    }
}

#[test]
fn section_3_2_2_the_names_of_the_proof_are_those_of_the_site_and_not_of_its_records() {
    // Two hosts with the same records have different proofs.
    let zone = Zone::signed()
        .with("a.example A 192.0.2.1\nb.example A 192.0.2.2")
        .with(&usable("a.example"))
        .with(&usable("b.example"));
    let (a, b) = (
        authentication(&zone, relay("a.example")),
        authentication(&zone, relay("b.example")),
    );
    assert_ne!(a.fingerprint(), b.fingerprint());
    assert_ne!(
        a.verify(&[leaf().into()], NOW, &[]),
        b.verify(&[leaf().into()], NOW, &[])
    );
}

fn sni(plan: &Plan) -> String {
    plan.tls().server_name().unwrap().as_ref().to_owned()
}

/// The example of `exchange.example.org`, whole.
fn exchange() -> Zone {
    let anchor = tlsa_text(2, 0, 1, other_leaf());
    Zone::signed().with(&format!(
        "exchange.example.org CNAME mail.example.org
         mail.example.org CNAME example.com
         example.com MX 10 mx10.example.com
         example.com MX 15 mx15.example.com
         example.com MX 20 mx20.example.com
         mx10.example.com A 192.0.2.10
         _25._tcp.mx10.example.com TLSA {anchor}
         mx15.example.com CNAME mxbackup.example.com
         mxbackup.example.com A 192.0.2.15
         _25._tcp.mx15.example.com TLSA {anchor}
         mx20.example.com CNAME mxbackup.example.net
         mxbackup.example.net A 198.51.100.20
         _25._tcp.mxbackup.example.net TLSA {anchor}"
    ))
}

#[test]
fn section_3_2_2_the_example_of_exchange_example_org() {
    let zone = exchange();
    let policy = Policy::default();
    let next_hop = NextHop::domain(name("exchange.example.org"));
    let (route, asked) = route(&zone, next_hop, &policy);
    let route = route.unwrap();
    assert_eq!(asked, ["exchange.example.org MX"]);
    assert_eq!(route.security(), Security::Secure);
    assert_eq!(route.expanded(), Some(&name("example.com")));
    let expected = [
        (
            "mx10.example.com",
            "mx10.example.com",
            "192.0.2.10",
            vec![
                "mx10.example.com A",
                "mx10.example.com AAAA",
                "_25._tcp.mx10.example.com TLSA",
            ],
        ),
        (
            "mx15.example.com",
            "mx15.example.com",
            "192.0.2.15",
            vec![
                "mx15.example.com A",
                "mx15.example.com AAAA",
                "mxbackup.example.com AAAA",
                "_25._tcp.mxbackup.example.com TLSA",
                "_25._tcp.mx15.example.com TLSA",
            ],
        ),
        (
            "mx20.example.com",
            "mxbackup.example.net",
            "198.51.100.20",
            vec![
                "mx20.example.com A",
                "mx20.example.com AAAA",
                "mxbackup.example.net AAAA",
                "_25._tcp.mxbackup.example.net TLSA",
            ],
        ),
    ];
    assert_eq!(route.exchangers().len(), expected.len());
    for (exchanger, (host, base, address, questions)) in route.exchangers().iter().zip(expected) {
        assert_eq!(exchanger.host().to_string(), host);
        let (plan, asked) = plan_for(&zone, exchanger, &route, &policy);
        let asked: Vec<String> = asked.iter().map(ToString::to_string).collect();
        assert_eq!(asked, questions);
        assert_eq!(
            verdict(&plan),
            format!(
                "authenticate {base} as {base} exchange.example.org example.com for the NextHop"
            )
        );
        let plan = plan.unwrap();
        assert_eq!(sni(&plan), base);
        assert_eq!(plan.addresses()[0].to_string(), address);
    }
}

#[test]
fn section_3_2_2_the_mx_hostname_is_no_name_where_its_expansion_is_the_base_domain() {
    let zone = Zone::signed()
        .with("example.com MX 10 mx20.example.com")
        .with("mx20.example.com CNAME mxbackup.example.net\nmxbackup.example.net A 192.0.2.1")
        .with(&usable("mxbackup.example.net"));
    let names = [name("mxbackup.example.net"), name("example.com")];
    assert_eq!(authentication(&zone, domain()).reference_ids(), names);
}

#[test]
fn section_3_2_2_records_that_demand_no_authentication_still_name_the_server() {
    let zone = Zone::signed()
        .with(ONE_HOST)
        .with(&unusable("mx.example.com"));
    let (verdict, _) = judge(&zone, domain(), &Policy::default());
    assert_eq!(verdict, "encrypt by mx.example.com");
    let route = route(&zone, domain(), &Policy::default()).0.unwrap();
    let plan = plan_for(&zone, &route.exchangers()[0], &route, &Policy::default()).0;
    assert_eq!(sni(&plan.unwrap()), "mx.example.com");
}
