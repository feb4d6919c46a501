//! RFC 7672 §3.2.2 and §3.2.3: a server under usage 2 bears one of the names by which it was securely found. Which names
//! those are is in `rfc7672_3.rs`; how a name is compared is in `rfc9525.rs`, too.

use rcgen::{CertificateParams, SanType};
use smtp_dane::resolve::NextHop;
use smtp_dane::tlsa::Record;
use smtp_dane::{Authentication, Name, Policy, Scope, VerifyError};

use crate::support::certificates::tlsa_text;
use crate::support::dane::record;
use crate::support::drive::{plan_for, route};
use crate::support::name;
use crate::support::pki::{Authority, algorithms, ders, wanted_as};
use crate::support::sites::{ONE_HOST, authentication, domain, relay};
use crate::support::world::NOW;
use crate::support::zone::Zone;

/// A server below `root` with these DNS-IDs.
fn server(root: &Authority, names: &[&str]) -> Vec<u8> {
    root.server_with(|params| set_names(params, names))
}

fn set_names(params: &mut CertificateParams, names: &[&str]) {
    let dns = |name: &&str| SanType::DnsName((*name).try_into().unwrap());
    params.subject_alt_names = names.iter().map(dns).collect();
}

/// The name that a server with these DNS-IDs proves.
fn proved(wanted: &Authentication, root: &Authority, names: &[&str]) -> Option<Name> {
    let server = server(root, names);
    let result = wanted.verify(&ders(&[&server, &root.der]), NOW, algorithms());
    match result {
        Ok(proof) => Some(proof.name().unwrap().clone()),
        Err(VerifyError::NameMismatch) => None,
        Err(error) => panic!("{error}"),
    }
}

fn at_port_25(host: &str, root: &Authority) -> String {
    format!("_25._tcp.{host} TLSA {}", tlsa_text(2, 0, 1, &root.der))
}

/// Which of `candidates` is enough as the one name of a server.
fn accepted<'a>(
    zone: &Zone,
    next_hop: NextHop,
    root: &Authority,
    candidates: &[&'a str],
) -> Vec<&'a str> {
    let wanted = authentication(zone, next_hop);
    let mut accepted = candidates.to_vec();
    accepted.retain(|candidate| proved(&wanted, root, &[candidate]) == Some(name(candidate)));
    accepted
}

#[test]
fn section_3_2_2_a_server_with_a_good_path_and_a_wrong_name_is_not_authenticated() {
    let root = Authority::root();
    let zone = Zone::signed()
        .with(ONE_HOST)
        .with(&at_port_25("mx.example.com", &root));
    let wanted = authentication(&zone, domain());
    assert_eq!(proved(&wanted, &root, &["elsewhere.example"]), None);
    assert_eq!(proved(&wanted, &root, &[]), None);
}

#[test]
fn section_3_2_2_the_base_domain_or_the_next_hop_is_enough() {
    let root = Authority::root();
    let zone = Zone::signed()
        .with(ONE_HOST)
        .with(&at_port_25("mx.example.com", &root));
    let candidates = [
        "mx.example.com",
        "example.com",
        "com",
        "a.mx.example.com",
        "example.net",
    ];
    assert_eq!(
        accepted(&zone, domain(), &root, &candidates),
        candidates[..2]
    );
}

#[test]
fn section_3_2_2_so_is_what_the_next_hop_is_an_alias_of() {
    let root = Authority::root();
    let zone = Zone::signed()
        .with("example.com CNAME middle.example\nmiddle.example CNAME example.org")
        .with("example.org MX 10 mx.example.net\nmx.example.net A 192.0.2.1")
        .with(&at_port_25("mx.example.net", &root));
    let candidates = [
        "mx.example.net",
        "example.com",
        "example.org",
        "middle.example",
    ];
    assert_eq!(
        accepted(&zone, domain(), &root, &candidates),
        candidates[..3]
    );
}

#[test]
fn section_3_2_2_behind_an_insecure_mx_answer_only_the_base_domain_is_enough() {
    let root = Authority::root();
    let zone = Zone::signed()
        .insecure("example.com MX 10 mx.example.com")
        .with("mx.example.com A 192.0.2.1")
        .with(&at_port_25("mx.example.com", &root));
    let candidates = ["mx.example.com", "example.com"];
    assert_eq!(
        accepted(&zone, domain(), &root, &candidates),
        candidates[..1]
    );
    let wanted = authentication(&zone, domain());
    let chain = [server(&root, &["mx.example.com"]), root.der.clone()];
    let proof = wanted.verify(&ders(&[&chain[0], &chain[1]]), NOW, algorithms());
    assert_eq!(proof.unwrap().scope(), Scope::Host);
}

#[test]
fn section_3_2_2_without_mx_records_the_alias_and_its_end_are_enough() {
    let root = Authority::root();
    let zone = Zone::signed()
        .with("example.com CNAME host.example.net\nhost.example.net A 192.0.2.1")
        .with(&at_port_25("host.example.net", &root));
    let candidates = ["host.example.net", "example.com", "example.net"];
    for next_hop in [domain(), relay("example.com")] {
        assert_eq!(
            accepted(&zone, next_hop, &root, &candidates),
            candidates[..2]
        );
    }
    // The records stand at the alias itself, so its end is nobody's name.
    let zone = Zone::signed()
        .with("example.com CNAME host.example.net\nhost.example.net A 192.0.2.1")
        .with(&at_port_25("example.com", &root));
    let candidates = ["example.com", "host.example.net"];
    for next_hop in [domain(), relay("example.com")] {
        assert_eq!(
            accepted(&zone, next_hop, &root, &candidates),
            candidates[..1]
        );
    }
}

#[test]
fn section_3_2_2_the_servers_of_exchange_example_org() {
    let root = Authority::root();
    let zone = Zone::signed()
        .with("exchange.example.org CNAME mail.example.org\nmail.example.org CNAME example.com")
        .with("example.com MX 10 mx10.example.com\nexample.com MX 15 mx15.example.com")
        .with("example.com MX 20 mx20.example.com\nmx10.example.com A 192.0.2.10")
        .with("mx15.example.com CNAME mxbackup.example.com\nmxbackup.example.com A 192.0.2.15")
        .with("mx20.example.com CNAME mxbackup.example.net\nmxbackup.example.net A 192.0.2.20")
        .with(&at_port_25("mx10.example.com", &root))
        .with(&at_port_25("mx15.example.com", &root))
        .with(&at_port_25("mxbackup.example.net", &root));
    let candidates = [
        "exchange.example.org",
        "mail.example.org",
        "example.com",
        "mx10.example.com",
        "mx15.example.com",
        "mx20.example.com",
        "mxbackup.example.com",
        "mxbackup.example.net",
    ];
    let policy = Policy::default();
    let next_hop = NextHop::domain(name("exchange.example.org"));
    let route = route(&zone, next_hop, &policy).0.unwrap();
    let own = [
        "mx10.example.com",
        "mx15.example.com",
        "mxbackup.example.net",
    ];
    for (exchanger, own) in route.exchangers().iter().zip(own) {
        let plan = plan_for(&zone, exchanger, &route, &policy).0.unwrap();
        let smtp_dane::resolve::TlsPolicy::Authenticate(wanted) = plan.tls() else {
            panic!("{plan:?}");
        };
        let mut accepted = candidates.to_vec();
        accepted.retain(|candidate| proved(wanted, &root, &[candidate]).is_some());
        assert_eq!(accepted, ["exchange.example.org", "example.com", own]);
    }
}

#[test]
fn section_3_2_2_one_name_of_many_is_enough_and_the_first_in_our_order_is_reported() {
    let root = Authority::root();
    let names = ["mx.example.com", "example.com", "example.org"].map(name);
    let wanted = wanted_as(&names, &[record(2, 0, 1, &root.der)], &Policy::default());
    for (presented, first) in [
        (&["example.org", "example.com", "mx.example.com"][..], 0),
        (&["x.example", "example.org", "example.com"], 1),
        (&["x.example", "example.org", "y.example"], 2),
        (&["*.example.com", "example.com"], 0),
        (&["example.org", "*.com"], 2),
    ] {
        assert_eq!(
            proved(&wanted, &root, presented),
            Some(names[first].clone())
        );
    }
}

#[test]
fn section_3_2_3_a_wildcard_is_a_whole_first_label_and_stands_for_one() {
    let root = Authority::root();
    let records = [record(2, 0, 1, &root.der)];
    for (presented, reference, matches) in [
        ("*.example.com", "mx1.example.com", true),
        ("*.EXAMPLE.com", "mx1.example.com", true),
        ("*.example.com", "xn--mx-fka.example.com", true),
        ("*.example.com", "a.mx1.example.com", false),
        ("*.example.com", "example.com", false),
        ("*.example.com", "mx1.example.net", false),
        ("*.mx1.example.com", "mx1.example.com", false),
        ("smtp*.example.com", "smtp1.example.com", false),
        ("*smtp.example.com", "mysmtp.example.com", false),
        ("*example.com", "mx.example.com", false),
        ("*example.com", "example.com", false),
        ("s*p.example.com", "smtp.example.com", false),
        ("mx.*.com", "mx.example.com", false),
        ("mx.example.*", "mx.example.com", false),
        ("*.*.com", "mx.example.com", false),
        ("**.example.com", "mx.example.com", false),
        ("*", "com", false),
        ("*", "mx.example.com", false),
        ("*.", "com", false),
        ("*.com", "example.com", false),
        (".example.com", "mx.example.com", false),
        ("*.example.com.", "mx.example.com", false),
        ("xn--*.example.com", "xn--mx-fka.example.com", false),
    ] {
        check(&root, &records, presented, reference, matches);
    }
}

#[test]
fn section_3_2_3_a_wildcard_is_good_for_each_of_the_names() {
    let root = Authority::root();
    let names = ["mx.example.com", "mail.example.org"].map(name);
    let wanted = wanted_as(&names, &[record(2, 0, 1, &root.der)], &Policy::default());
    for (presented, reference) in [("*.example.com", 0), ("*.example.org", 1)] {
        assert_eq!(
            proved(&wanted, &root, &[presented]),
            Some(names[reference].clone())
        );
    }
    assert_eq!(proved(&wanted, &root, &["*.example.net"]), None);
}

fn check(root: &Authority, records: &[Record], presented: &str, reference: &str, matches: bool) {
    let wanted = wanted_as(&[name(reference)], records, &Policy::default());
    let expected = matches.then(|| name(reference));
    assert_eq!(
        proved(&wanted, root, &[presented]),
        expected,
        "{presented} {reference}"
    );
}
