//! The publisher's self-check (RFC 7671 §8, RFC 7672 §4): damaged servers, a property, and the way to the next key.

mod advice;
pub mod domain;
mod property;
mod rollover;
pub mod table;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use pki_types::CertificateDer;
use smtp_dane::publish::{Chain, Finding, Place, Rule, Server, Severity, StartTls, check};

use crate::support::dane::record;
use crate::support::name;
use crate::support::pki::{Authority, HOST, algorithms};
use crate::support::world::NOW;

/// A server with two keys below one authority, and the authority's own.
struct Site {
    root: Authority,
    issuer: Authority,
    /// Another root and server, to come.
    next_root: Authority,
    first: Vec<u8>,
    second: Vec<u8>,
    next: Vec<u8>,
}

fn site() -> &'static Site {
    static SITE: OnceLock<Site> = OnceLock::new();
    SITE.get_or_init(|| {
        let root = Authority::root();
        let issuer = root.below("Issuer");
        let next_root = Authority::root_with("Next root", |_| ());
        Site {
            first: issuer.server(),
            second: issuer.server(),
            next: next_root.server(),
            root,
            issuer,
            next_root,
        }
    })
}

fn chain<'a>(certificates: &[&'a [u8]]) -> Chain<'a> {
    certificates
        .iter()
        .map(|der| CertificateDer::from(*der))
        .collect()
}

impl Site {
    fn below<'a>(&'a self, server: &'a [u8]) -> Chain<'a> {
        chain(&[server, &self.issuer.der, &self.root.der])
    }

    fn next_chain(&self) -> Chain<'_> {
        chain(&[&self.next, &self.next_root.der])
    }

    /// A server in the best order, with records of both usages.
    fn healthy(&self) -> Server<'_> {
        let mut server = Server::new(name(HOST));
        server.next_hops = vec![name("example.com")];
        server.ttl = Some(3600);
        server.records = vec![
            record(3, 1, 1, &self.first),
            record(3, 1, 1, &self.second),
            record(2, 0, 1, &self.root.der),
        ];
        server.default_chains = vec![self.below(&self.first), self.below(&self.second)];
        server
    }
}

fn findings(server: &Server<'_>) -> Vec<Finding> {
    check(server, NOW, algorithms())
}

fn is_refused(findings: &[Finding]) -> bool {
    findings
        .iter()
        .any(|finding| finding.severity == Severity::Critical)
}

#[test]
fn a_server_in_good_order_has_no_findings() {
    let mut server = site().healthy();
    assert_eq!(findings(&server), []);
    server.named_chains = vec![(name(HOST), site().below(&site().first))];
    assert_eq!(findings(&server), []);
    server.records = vec![record(3, 1, 1, &site().first)];
    server.default_chains = vec![chain(&[&site().first])];
    assert_eq!(findings(&server), []);
}

#[test]
fn the_worst_finding_comes_first_and_says_all_in_one_line() {
    let mut server = site().healthy();
    server.ttl = Some(90_000);
    server.starttls = StartTls::Sometimes;
    server.records.remove(1);
    server.records.push(record(2, 1, 1, &site().issuer.der));
    let found = findings(&server);
    let severities: Vec<_> = found.iter().map(|finding| finding.severity).collect();
    assert!(severities.is_sorted(), "{severities:?}");
    let kinds: BTreeSet<_> = severities.into_iter().collect();
    assert_eq!(kinds.len(), 3);
    let stale = found
        .iter()
        .find(|finding| finding.rule == Rule::RecordStale)
        .unwrap();
    assert_eq!(stale.place, Some(Place::Default(1)));
    let line = stale.to_string();
    let own = record(3, 1, 1, &site().first).to_string();
    for part in ["critical: default chain 2: ", &own, "[RFC 7671 §8]"] {
        assert!(line.contains(part), "{line}");
    }
    assert!(!line.contains('\n'));
}

#[test]
fn each_rule_has_a_code_a_sentence_a_place_and_a_remedy() {
    let mut codes = BTreeSet::new();
    for rule in Rule::ALL {
        let code = rule.code();
        let is_plain = |letter: char| letter.is_ascii_lowercase() || "-0123456789".contains(letter);
        assert!(code.chars().all(is_plain), "{code}");
        assert!(codes.insert(code), "{code}");
        assert!(rule.cite().starts_with("RFC "));
        assert!(!rule.to_string().is_empty() && !rule.remedy().is_empty());
        // To do without TLS stops all mail of clients that look at the records.
        let advice = rule.remedy().to_lowercase();
        for verb in [
            "disable",
            "turn off",
            "switch off",
            "stop offering",
            "without tls",
            "cleartext",
        ] {
            assert!(!advice.contains(verb), "{advice}");
        }
        // "Switch STARTTLS off" has none of these.
        let mut words = advice.split(|letter: char| !letter.is_alphanumeric());
        assert!(words.all(|word| word != "off"), "{advice}");
    }
    assert!(Rule::ALL.is_sorted());
    for severity in [Severity::Critical, Severity::Warning, Severity::Note] {
        assert_eq!(severity.code(), severity.to_string());
        assert!(severity.cite().starts_with("RFC "));
    }
    for place in [Place::Default(0), Place::Named(name(HOST)), Place::Next(0)] {
        assert!(place.to_string().contains("chain"));
        assert!(place.cite().starts_with("RFC "));
    }
}

#[test]
fn who_does_not_send_the_anchor_is_told_of_the_two_other_ways() {
    // RFC 7672 §3.1.2: a record of an intermediate authority, or usage 3.
    let site = site();
    let mut server = site.healthy();
    server.records = vec![record(2, 0, 1, &site.root.der)];
    server.default_chains = vec![chain(&[&site.first, &site.issuer.der])];
    let found = findings(&server);
    let rules: Vec<_> = found.iter().map(|finding| finding.rule).collect();
    assert_eq!(rules[0], Rule::AnchorNotSent);
    let remedy = rules[0].remedy();
    for way in [
        "send the certificate of the trust anchor",
        "publish the intermediate authority that it does send",
        "3 1 1",
    ] {
        assert!(remedy.contains(way), "{remedy}");
    }
    // Each of the ways helps.
    server.default_chains = vec![site.below(&site.first)];
    assert!(!is_refused(&findings(&server)));
    server.default_chains = vec![chain(&[&site.first, &site.issuer.der])];
    for other in [
        record(2, 0, 1, &site.issuer.der),
        record(3, 1, 1, &site.first),
    ] {
        server.records = vec![other];
        assert!(!is_refused(&findings(&server)));
    }
}
