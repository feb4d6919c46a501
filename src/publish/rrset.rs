//! What can be said of the published records without a look at a certificate.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use pki_types::UnixTime;

use super::proof::{Parameters, groups};
use super::{Finding, Rule, Server, Severity, StartTls};
use crate::name::Name;
use crate::policy::Digests;
use crate::tlsa::{MAX_RECORDS, MatchingType, Record, Role, Selector, Unusable, Usage};

/// The longest time to live that is not too long, in seconds: one day. An error in the records cannot be mended sooner than
/// this (RFC 7671 §13).
pub const MAX_TTL: u32 = 86_400;

/// The largest answer in octets that is not too large: what a resolver lets a UDP message have, so that it is not cut into
/// fragments (RFC 7671 §10.1; 1280 octets of IPv6 less its headers).
pub const MAX_ANSWER: usize = 1232;

/// How long before the signature of the records expires there is a finding: two days, in seconds. Signatures last for days to
/// weeks (RFC 7671 §11) and are made anew well before their end; whoever notices now has a weekend to mend it.
pub const SIGNATURE_NOTICE: u64 = 2 * 86_400;

/// How many octets the answer with these records takes up: header, question, and each record with its owner name in short.
/// Signatures and options come on top.
#[must_use]
pub fn answer_size(host: &Name, records: &[Record]) -> usize {
    const HEADER: usize = 12;
    /// `_25._tcp` in front of the host.
    const LABELS: usize = 9;
    /// Type and class.
    const QUESTION: usize = 4;
    /// Pointer to the owner, type, class, time to live, length.
    const RECORD: usize = 12;
    let question = HEADER + LABELS + host.as_wire().len() + QUESTION;
    let sizes = records
        .iter()
        .map(|record| RECORD.saturating_add(record.as_rdata().len()));
    sizes.fold(question, usize::saturating_add)
}

/// Checks the set, and returns those of its records that clients can use. There is nothing to compare with certificates if
/// there is none, or clients give up.
pub(super) fn check(
    server: &Server<'_>,
    now: UnixTime,
    findings: &mut Vec<Finding>,
) -> Option<Vec<Record>> {
    let mut add = |severity, rule| findings.push(Finding::new(severity, rule));
    if server.records.is_empty() {
        // No client refuses but those that insist on DANE; yet nothing is protected.
        add(Severity::Critical, Rule::NoRecords);
        return None;
    }
    match server.starttls {
        StartTls::Always => {}
        StartTls::Sometimes => add(Severity::Critical, Rule::StartTlsSelective),
        StartTls::Never => add(Severity::Critical, Rule::StartTlsMissing),
    }
    match server.ttl {
        None => add(Severity::Note, Rule::TtlUnknown),
        Some(ttl) if ttl > MAX_TTL => add(Severity::Warning, Rule::TtlTooLong),
        Some(_) => {}
    }
    match server.signed_until {
        Some(end) if end < now => add(Severity::Critical, Rule::SignatureExpired),
        Some(end) if end.as_secs() < now.as_secs().saturating_add(SIGNATURE_NOTICE) => {
            add(Severity::Warning, Rule::SignatureExpiresSoon);
        }
        Some(_) | None => {}
    }
    let distinct: BTreeSet<&Record> = server.records.iter().collect();
    let records: Vec<Record> = distinct.into_iter().cloned().collect();
    if answer_size(&server.host, &records) > MAX_ANSWER {
        add(Severity::Warning, Rule::AnswerTooLarge);
    }
    if records.len() > MAX_RECORDS {
        add(Severity::Critical, Rule::TooManyRecords);
        return None;
    }
    let usable = usable(&records, findings);
    if usable.is_empty() {
        findings.push(Finding::new(Severity::Critical, Rule::NoneUsable));
        return None;
    }
    check_forms(&usable, findings);
    check_digests(&usable, findings);
    Some(usable)
}

fn usable(records: &[Record], findings: &mut Vec<Finding>) -> Vec<Record> {
    let mut usable = Vec::new();
    for record in records {
        match record.usability(Role::Relay, Digests::default()) {
            Ok(()) => usable.push(record.clone()),
            Err(why) => {
                let rule = match why {
                    Unusable::PkixUsage => Rule::PkixUsage,
                    _ => Rule::UnusableRecord,
                };
                let mut finding = Finding::new(Severity::Warning, rule).about(record);
                finding.unusable = Some(why);
                findings.push(finding);
            }
        }
    }
    usable
}

fn check_forms(usable: &[Record], findings: &mut Vec<Finding>) {
    let mut grade = Some(Finding::new(Severity::Note, Rule::ServerKeyPreferred));
    for record in usable {
        let Some(parameters) = Parameters::of(record) else {
            continue;
        };
        if parameters == Parameters::SERVER_KEY {
            grade = None;
        }
        if parameters.matching == MatchingType::FULL {
            findings.push(Finding::new(Severity::Warning, Rule::FullMatching).about(record));
        }
        if (parameters.usage, parameters.selector) == (Usage::DANE_TA, Selector::SPKI) {
            findings.push(Finding::new(Severity::Note, Rule::AnchorByKey).about(record));
        }
    }
    findings.extend(grade);
}

/// RFC 7671 §8.3, as far as it can be seen in the records alone: each digest stands beside each other one, as many times. That
/// both match each chain is asked elsewhere.
fn check_digests(usable: &[Record], findings: &mut Vec<Finding>) {
    const BOTH: [MatchingType; 2] = [MatchingType::SHA2_256, MatchingType::SHA2_512];
    let groups = groups(usable);
    let mut counts: BTreeMap<(Usage, Selector), [usize; 2]> = BTreeMap::new();
    for (parameters, group) in &groups {
        let pair = (parameters.usage, parameters.selector);
        for (count, matching) in counts.entry(pair).or_default().iter_mut().zip(BOTH) {
            if parameters.matching == matching {
                *count = group.len();
            }
        }
    }
    let uses_both = BOTH
        .iter()
        .all(|matching| groups.keys().any(|key| key.matching == *matching));
    for ((usage, selector), [sha256, sha512]) in counts {
        let first = groups.iter().find(|(key, _)| {
            (key.usage, key.selector) == (usage, selector) && BOTH.contains(&key.matching)
        });
        let record = first.and_then(|(_, group)| group.first());
        let rule = if sha256 == 0 && sha512 > 0 {
            Rule::Sha512Only
        } else if sha256 != sha512 && uses_both {
            Rule::DigestSetsDiffer
        } else {
            continue;
        };
        let finding = Finding::new(Severity::Warning, rule);
        findings.push(match record {
            Some(record) => finding.about(record),
            None => finding,
        });
    }
}
