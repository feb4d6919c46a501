//! Damaged servers, and what the self-check must say of each.

mod chains;
mod records;

use std::collections::BTreeSet;

use rcgen::{CertificateParams, SanType, date_time_ymd};
use smtp_dane::publish::Severity::Critical;
use smtp_dane::publish::{Rule, Server, Severity, answer_size};
use smtp_dane::tlsa::Record;

use super::{Site, chain, findings, is_refused, site};
use crate::support::dane::{raw, record};
use crate::support::name;
use crate::support::pki::{Authority, HOST, expired};

/// What is damaged, what must be found, and how the damage is done.
type Row = (&'static str, Severity, Rule, Damage);

type Damage = fn(&mut Server<'static>, &'static Site);

fn table() -> impl Iterator<Item = &'static Row> {
    records::TABLE.iter().chain(chains::TABLE)
}

/// What is damaged, as the map of requirements names it.
pub fn names() -> Vec<&'static str> {
    table().map(|(what, ..)| *what).collect()
}

/// A certificate that lives as long as the test.
fn kept(der: Vec<u8>) -> &'static [u8] {
    Vec::leak(der)
}

/// A server with another certificate, and `records` of it.
fn reissue(
    server: &mut Server<'static>,
    site: &'static Site,
    change: impl FnOnce(&mut CertificateParams),
) -> &'static [u8] {
    let leaf = kept(site.issuer.server_with(change));
    server.default_chains = vec![site.below(leaf)];
    server.records = vec![record(3, 1, 1, leaf), record(2, 0, 1, &site.root.der)];
    leaf
}

/// A chain that is about to run out.
fn short(params: &mut CertificateParams) {
    params.not_after = date_time_ymd(2026, 1, 10);
}

fn only(server: &mut Server<'static>, records: &[Record], certificates: &[&'static [u8]]) {
    server.records = records.to_vec();
    server.default_chains = vec![chain(certificates)];
}

#[test]
fn each_damage_is_found() {
    for (what, severity, rule, damage) in table() {
        let mut server = site().healthy();
        damage(&mut server, site());
        let found = findings(&server);
        let is_it = |finding: &&smtp_dane::publish::Finding| {
            (finding.rule, finding.severity) == (*rule, *severity)
        };
        let finding = found.iter().find(is_it);
        assert!(finding.is_some(), "{what}: {found:#?}");
        let line = finding.unwrap().to_string();
        let says_why = finding.unwrap().sentence() != rule.to_string();
        let needs_why = [Rule::ChainRefused, Rule::UnusableRecord].contains(rule);
        assert_eq!(says_why, needs_why, "{line}");
        let worst = found.iter().map(|finding| finding.severity).min();
        if *severity != Critical && *rule != Rule::AnswerTooLarge {
            assert!(!is_refused(&found), "{what}: {worst:?} {found:#?}");
        }
    }
}

#[test]
fn each_damage_has_a_name_of_its_own() {
    let names = names();
    let once: BTreeSet<_> = names.iter().collect();
    assert_eq!(once.len(), names.len());
}

#[test]
fn each_rule_is_found_by_some_damage() {
    let rules: BTreeSet<Rule> = table().map(|(_, _, rule, _)| *rule).collect();
    let all: BTreeSet<Rule> = Rule::ALL.iter().copied().collect();
    assert_eq!(rules, all);
}

#[test]
fn a_stale_record_is_named_with_its_chain() {
    let site = site();
    let mut server = site.healthy();
    let stale = [7, 8].map(|digit| raw(3, 0, 1, &[digit; 32]));
    server.records.extend(stale.clone());
    let found = findings(&server);
    let named: BTreeSet<_> = found
        .iter()
        .filter(|finding| finding.rule == Rule::RecordStale)
        .map(|finding| finding.record.clone().unwrap())
        .collect();
    assert_eq!(named, BTreeSet::from(stale));
    // That they are of the past besides is not said again.
    assert!(found.iter().all(|finding| finding.rule != Rule::Leftover));
}

#[test]
fn dates_that_no_record_looks_at_are_worth_a_note_and_no_more() {
    for change in [short as fn(&mut CertificateParams), expired] {
        let mut server = site().healthy();
        let leaf = reissue(&mut server, site(), change);
        server.records = vec![record(3, 1, 1, leaf)];
        let found = findings(&server);
        let seen: Vec<_> = found.iter().map(|one| (one.rule, one.severity)).collect();
        assert_eq!(seen, [(Rule::ServerCertificateExpires, Severity::Note)]);
    }
}

#[test]
fn the_size_of_an_answer_is_that_on_the_wire() {
    let host = name(HOST);
    // Header; `_25._tcp.mx.example.com.`, type and class; pointer, type, class, time to live, length, and 35 octets.
    let (header, question, answer) = (12, 25 + 4, 2 + 2 + 2 + 4 + 2 + 35);
    let records = [7, 8].map(|digit| raw(3, 1, 1, &[digit; 32]));
    assert_eq!(answer_size(&host, &records), header + question + 2 * answer);
    assert_eq!(answer_size(&host, &[]), header + question);
}

#[test]
fn an_anchor_that_stands_in_the_dns_need_not_be_sent() {
    let site = site();
    let mut server = site.healthy();
    let records = [record(2, 0, 0, &site.root.der)];
    only_of(&mut server, &records, site);
    assert!(!is_refused(&findings(&server)));
    // An intermediate that is sent may be the anchor.
    let records = [record(2, 0, 1, &site.issuer.der)];
    only_of(&mut server, &records, site);
    assert!(!is_refused(&findings(&server)));
}

fn only_of<'a>(server: &mut Server<'a>, records: &[Record], site: &'a Site) {
    server.records = records.to_vec();
    server.default_chains = vec![chain(&[&site.first, &site.issuer.der])];
}

#[test]
fn a_self_signed_certificate_is_no_anchor_of_itself() {
    let own: &'static Authority = Box::leak(Box::new(Authority::root_with("own", |params| {
        params.subject_alt_names = vec![SanType::DnsName(HOST.try_into().unwrap())];
    })));
    let mut server = site().healthy();
    server.records = vec![record(2, 0, 1, &own.der)];
    server.default_chains = vec![chain(&[&own.der])];
    assert!(is_refused(&findings(&server)));
}
