//! What senders find of the hosts of a domain.

use std::collections::BTreeSet;

use smtp_dane::Policy;
use smtp_dane::delivery::Transfer;
use smtp_dane::dns::{QueryType, Security};
use smtp_dane::publish::{DomainFinding, DomainRule, Severity, check_domain};
use smtp_dane::tlsa::MAX_RECORDS;

use crate::support::certificates::{leaf, tlsa_text};
use crate::support::sites::{domain, unusable, usable};
use crate::support::world::{Server, World};
use crate::support::zone::{Failure, Zone};

/// Looks at every host of `example.com`.
fn findings(zone: &Zone) -> Vec<DomainFinding> {
    let server = Server {
        transfer: Transfer::Interrupted,
        ..Server::with(leaf())
    };
    let world = (1..=3).fold(World::new(zone.clone()), |world, last| {
        world.server(&format!("192.0.2.{last}"), server.clone())
    });
    check_domain(&world.deliver(domain(), &Policy::default()).delivery)
}

fn two_hosts() -> Zone {
    Zone::signed()
        .with("example.com MX 10 mx.example.com\nexample.com MX 20 mx2.example.com")
        .with("mx.example.com A 192.0.2.1\nmx2.example.com A 192.0.2.2")
        .with(&usable("mx.example.com"))
}

fn with_second(second: &str) -> Zone {
    two_hosts().with(second)
}

/// What is wrong, the domain, and the rule and severity that are found beside whatever else, with the host.
type Row = (
    &'static str,
    Zone,
    DomainRule,
    Severity,
    Option<&'static str>,
);

fn table() -> Vec<Row> {
    let second = Some("mx2.example.com");
    let one_host = |mx: &str| Zone::signed().with(mx);
    vec![
        (
            "a host without records",
            two_hosts(),
            DomainRule::NoTlsa,
            Severity::Warning,
            second,
        ),
        (
            "a TLSA lookup that fails",
            two_hosts().failing(
                "_25._tcp.mx2.example.com",
                QueryType::Tlsa,
                Failure::ServFail,
            ),
            DomainRule::LookupFails,
            Severity::Critical,
            second,
        ),
        (
            "unusable records",
            with_second(&unusable("mx2.example.com")),
            DomainRule::NoneUsable,
            Severity::Critical,
            second,
        ),
        (
            "an unsigned MX answer",
            Zone::signed()
                .insecure("example.com MX 10 mx.example.com")
                .with("mx.example.com A 192.0.2.1")
                .with(&usable("mx.example.com")),
            DomainRule::MxInsecure,
            Severity::Warning,
            None,
        ),
        (
            "unsigned addresses",
            with_second("example.com MX 30 mx.example.net")
                .insecure("mx.example.net A 192.0.2.3")
                .denied("mx.example.net", QueryType::Aaaa, Security::Insecure),
            DomainRule::HostInsecure,
            Severity::Warning,
            Some("mx.example.net"),
        ),
        (
            "a host without addresses",
            with_second("example.com MX 30 mx3.example.com\nbelow.mx3.example.com A 192.0.2.3"),
            DomainRule::NoAddress,
            Severity::Warning,
            Some("mx3.example.com"),
        ),
        (
            "an address in place of a host",
            with_second("example.com MX 30 192.0.2.3"),
            DomainRule::AddressAsHost,
            Severity::Warning,
            Some("192.0.2.3"),
        ),
        (
            "an alias as a host",
            one_host("example.com MX 10 www.example.com\nwww.example.com CNAME mx.example.com")
                .with("mx.example.com A 192.0.2.1")
                .with(&usable("mx.example.com")),
            DomainRule::MxAlias,
            Severity::Note,
            Some("www.example.com"),
        ),
        (
            "an MX lookup that fails",
            Zone::signed().failing("example.com", QueryType::Mx, Failure::ServFail),
            DomainRule::LookupFails,
            Severity::Critical,
            None,
        ),
        (
            "a null MX",
            Zone::signed().with("example.com MX 0 ."),
            DomainRule::NullMx,
            Severity::Note,
            None,
        ),
        (
            "too many records",
            with_second(&many_records("mx2.example.com")),
            DomainRule::TooManyRecords,
            Severity::Critical,
            second,
        ),
        (
            "a TLSA alias into an unsigned zone",
            with_second("_25._tcp.mx2.example.com CNAME tlsa.example.net")
                .insecure(&usable("mx.example.net").replace("_25._tcp.mx.", "tlsa.")),
            DomainRule::NoTlsa,
            Severity::Warning,
            second,
        ),
        (
            "a null MX beside hosts",
            with_second("example.com MX 0 ."),
            DomainRule::NullMxBesideOthers,
            Severity::Warning,
            None,
        ),
    ]
}

/// What is wrong, as the map of requirements names it.
pub fn names() -> Vec<&'static str> {
    table().iter().map(|(what, ..)| *what).collect()
}

/// More records than are judged.
fn many_records(host: &str) -> String {
    let record = |n| format!("_25._tcp.{host} TLSA 3 1 1 {n:064x}");
    let records: Vec<String> = (0..=MAX_RECORDS).map(record).collect();
    records.join("\n")
}

#[test]
fn a_host_that_the_delivery_did_not_come_to_is_named() {
    let world = World::new(with_second(&usable("mx2.example.com")))
        .server("192.0.2.1", Server::with(leaf()));
    let found = check_domain(&world.deliver(domain(), &Policy::default()).delivery);
    assert_eq!(
        found[0].to_string(),
        "warning: mx2.example.com: this was not looked at [RFC 7672 §2.2.1]"
    );
}

#[test]
fn an_alias_that_changes_between_two_answers_is_found() {
    let zone = Zone::signed()
        .with("example.com MX 10 mx.example.com\nmx.example.com CNAME mail.example.com")
        .insecure("mail.example.com A 192.0.2.1")
        .denied("mail.example.com", QueryType::Aaaa, Security::Insecure);
    let other = Zone::signed().with("mx.example.com CNAME other.example.com");
    let run = World::new(zone.clone()).deliver_with(
        domain(),
        &Policy::default(),
        &mut |_| 0,
        |question, _| match question.query_type() {
            QueryType::Cname => other.answer(question),
            _ => zone.answer(question),
        },
    );
    let [finding] = &check_domain(&run.delivery)[..] else {
        panic!("{:?}", run.delivery.hosts());
    };
    let found = (finding.severity, finding.rule);
    assert_eq!(found, (Severity::Critical, DomainRule::AliasUnsteady));
}

#[test]
fn nobody_is_told_that_records_are_missing_beside_others_that_are_missing_too() {
    let zone = Zone::signed()
        .with("example.com MX 10 mx.example.com\nexample.com MX 20 mx.example.net")
        .with("mx.example.com A 192.0.2.1")
        .insecure("mx.example.net A 192.0.2.3")
        .denied("mx.example.net", QueryType::Aaaa, Security::Insecure);
    let found = findings(&zone);
    assert!(
        found
            .iter()
            .all(|finding| finding.severity == Severity::Note)
    );
    assert_eq!(found.len(), 2);
}

#[test]
fn each_fault_of_a_domain_is_found_at_its_host() {
    let mut rules = BTreeSet::new();
    for (what, zone, rule, severity, host) in table() {
        let found = findings(&zone);
        let is_it = |finding: &DomainFinding| {
            let at = finding.host.as_ref().map(ToString::to_string);
            (finding.rule, finding.severity, at.as_deref()) == (rule, severity, host)
        };
        assert!(found.iter().any(is_it), "{what}: {found:#?}");
        assert!(found.is_sorted_by_key(|finding| finding.severity));
        rules.insert(rule);
    }
    // The tests above have these two.
    rules.extend([DomainRule::NotLookedAt, DomainRule::AliasUnsteady]);
    let all: BTreeSet<DomainRule> = DomainRule::ALL.iter().copied().collect();
    assert_eq!(rules, all);
}

#[test]
fn each_fault_has_a_name_of_its_own() {
    let names = names();
    let once: BTreeSet<_> = names.iter().collect();
    assert_eq!(once.len(), names.len());
}

#[test]
fn a_tlsa_alias_to_another_organisation_does_well_with_usages_2_and_3_alone() {
    // RFC 7671 §6: the provider publishes at its own name what its customers' TLSA names are aliases of.
    for usage in 0..4 {
        let published = tlsa_text(usage, 0, 1, leaf());
        let zone = with_second("_25._tcp.mx2.example.com CNAME provider.example.net")
            .with(&format!("provider.example.net TLSA {published}"));
        let found = findings(&zone);
        let seen: Vec<_> = found.iter().map(|one| (one.rule, one.severity)).collect();
        let expected: &[_] = match usage {
            0 | 1 => &[(DomainRule::NoneUsable, Severity::Critical)],
            _ => &[],
        };
        assert_eq!(seen, expected, "usage {usage}");
    }
}

#[test]
fn nothing_is_found_of_a_domain_with_records_at_every_host() {
    let zone = with_second(&usable("mx2.example.com"));
    assert_eq!(findings(&zone), []);
}

#[test]
fn a_domain_that_has_not_begun_is_told_so_and_no_more() {
    let zone = Zone::signed().with("example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.1");
    let found = findings(&zone);
    let seen: Vec<_> = found
        .iter()
        .map(|finding| (finding.rule, finding.severity))
        .collect();
    assert_eq!(seen, [(DomainRule::NoTlsa, Severity::Note)]);
    assert_eq!(
        found[0].to_string(),
        "note: mx.example.com: the host has no secure TLSA records [RFC 7672 §2.2.1]"
    );
}

#[test]
fn no_remedy_for_a_domain_gives_up_tls_or_the_records() {
    for rule in DomainRule::ALL {
        let remedy = rule.remedy();
        assert!(
            !remedy.contains("TLS off") && !remedy.contains("remove the TLSA"),
            "{remedy}"
        );
        assert!(rule.cite().starts_with("RFC ") && !rule.to_string().is_empty());
    }
}
