//! The published records against the chains that the server sends, today and in future.

use alloc::vec::Vec;
use core::time::Duration;

use pki_types::{CertificateDer, UnixTime};

use super::proof::{Groups, Judge, Parameters, groups};
use super::{Chain, EXPIRY_NOTICE, Finding, Place, Rule, Server, Severity};
use crate::cert::{RawCertificate, anchor};
use crate::policy::CnId;
use crate::tlsa::{MatchingType, Record, Selector, Usage};
use crate::verify::VerifyError;

pub(super) fn check(
    server: &Server<'_>,
    usable: &[Record],
    judge: &Judge<'_>,
    now: UnixTime,
    findings: &mut Vec<Finding>,
) {
    if server.default_chains.is_empty() {
        findings.push(Finding::new(Severity::Critical, Rule::NoDefaultChain));
    }
    let mut named = server.named_chains.iter();
    if !server.named_chains.is_empty() && !named.any(|(name, _)| *name == server.host) {
        findings.push(Finding::new(Severity::Note, Rule::FallbackOnly));
    }
    let groups = groups(usable);
    for (place, chain) in server.chains() {
        let time = match place {
            Place::Next(_) => time_of_use(chain, now),
            Place::Default(_) | Place::Named(_) => now,
        };
        if time.as_secs() > now.as_secs() {
            findings.push(Finding::new(Severity::Warning, Rule::NotYetValid).at(&place));
        }
        let examined = Examined {
            place,
            chain,
            judge,
            now: time,
        };
        examined.check(&groups, findings);
    }
    check_leftovers(server, usable, findings);
}

/// One chain, and when it is judged.
struct Examined<'a> {
    place: Place,
    chain: &'a [CertificateDer<'a>],
    judge: &'a Judge<'a>,
    /// For a chain to come, not before it becomes valid.
    now: UnixTime,
}

impl Examined<'_> {
    fn check(&self, groups: &Groups, findings: &mut Vec<Finding>) {
        if self.chain.is_empty() {
            findings.push(Finding::new(Severity::Critical, Rule::EmptyChain).at(&self.place));
            return;
        }
        for (parameters, group) in groups {
            self.check_group(*parameters, group, findings);
        }
        if !self.is_next() {
            self.check_expiry(groups, findings);
        }
    }

    fn check_group(&self, parameters: Parameters, group: &[Record], findings: &mut Vec<Finding>) {
        let is_anchor = parameters.usage == Usage::DANE_TA;
        let verdict = |client, cn_id| {
            self.judge
                .verdict(client, group, self.chain, self.now, cn_id)
        };
        let first = group.first();
        let about = |finding: Finding| match first {
            Some(record) => finding.about(record),
            None => finding,
        };
        let before = findings.len();
        for client in self.judge.clients() {
            let Err(error) = verdict(client, CnId::Fallback) else {
                continue;
            };
            let rule = self.rule_for(error, is_anchor);
            if rule == Rule::NameMismatch {
                let mut finding = about(self.refused(rule, error));
                finding.name = client.cloned();
                findings.push(finding);
                continue;
            }
            if matches!(rule, Rule::RecordStale | Rule::NextUnmatched) {
                // RFC 7671 §8: these are the only ones of their combination.
                let stale = group
                    .iter()
                    .map(|record| self.refused(rule, error).about(record));
                findings.extend(stale);
            } else {
                findings.push(about(self.refused(rule, error)));
            }
            // It has nothing to do with the client's name.
            return;
        }
        if !is_anchor || findings.len() > before {
            return;
        }
        self.check_anchor_sent(parameters, group, findings);
        if verdict(None, CnId::Fallback).is_err() {
            let finding = Finding::new(Severity::Warning, Rule::HostNotNamed).at(&self.place);
            findings.push(about(finding));
        }
        let clients = self.judge.clients();
        if !clients
            .into_iter()
            .all(|client| verdict(client, CnId::Never).is_ok())
        {
            let finding = Finding::new(Severity::Warning, Rule::CommonNameOnly).at(&self.place);
            findings.push(about(finding));
        }
    }

    /// RFC 7671 §5.2.3: a client may do without the certificate of a key that stands in the DNS, but need not.
    fn check_anchor_sent(
        &self,
        parameters: Parameters,
        group: &[Record],
        findings: &mut Vec<Finding>,
    ) {
        // RFC 7671 §5.2: only if all of these records are 2 0 0, the anchor need not be sent.
        if parameters.selector == Selector::CERT && parameters.matching == MatchingType::FULL {
            return;
        }
        let mut others = self.chain.iter().skip(1);
        let is_sent = others.any(|certificate| {
            group
                .iter()
                .any(|record| parameters.name_in(record, certificate))
        });
        if !is_sent {
            let finding = Finding::new(Severity::Critical, Rule::AnchorNotSent).at(&self.place);
            findings.push(match group.first() {
                Some(record) => finding.about(record),
                None => finding,
            });
        }
    }

    fn rule_for(&self, error: VerifyError, is_anchor: bool) -> Rule {
        match error {
            VerifyError::NoRecordMatched if is_anchor && !self.reaches_root() => {
                Rule::AnchorNotSent
            }
            VerifyError::NoRecordMatched if self.is_next() => Rule::NextUnmatched,
            VerifyError::NoRecordMatched => Rule::RecordStale,
            VerifyError::NameMismatch => Rule::NameMismatch,
            VerifyError::Expired => Rule::Expired,
            VerifyError::NotYetValid => Rule::NotYetValid,
            VerifyError::IssuerNotFound => Rule::ChainIncomplete,
            _ => Rule::ChainRefused,
        }
    }

    const fn is_next(&self) -> bool {
        matches!(self.place, Place::Next(_))
    }

    /// Whether some certificate issued itself, so that none is missing above it.
    fn reaches_root(&self) -> bool {
        self.chain.iter().any(|certificate| {
            RawCertificate::parse(certificate)
                .is_ok_and(|certificate| certificate.issuer() == certificate.subject())
        })
    }

    fn refused(&self, rule: Rule, error: VerifyError) -> Finding {
        let mut finding = Finding::new(Severity::Critical, rule).at(&self.place);
        finding.error = Some(error);
        finding
    }

    /// RFC 7671 §5.1: usage 2 needs certificates that are in date; usage 3 looks at no date.
    fn check_expiry(&self, groups: &Groups, findings: &mut Vec<Finding>) {
        let now = self.now;
        let later = now.as_secs().saturating_add(EXPIRY_NOTICE);
        let later = UnixTime::since_unix_epoch(Duration::from_secs(later));
        let expires = |group: &[Record]| {
            self.judge.satisfies_all(group, self.chain, now).is_ok()
                && self.judge.satisfies_all(group, self.chain, later) == Err(VerifyError::Expired)
        };
        let mut anchored = groups
            .iter()
            .filter(|(parameters, _)| parameters.usage == Usage::DANE_TA);
        if anchored.any(|(_, group)| expires(group)) {
            let rule = Rule::ExpiresSoon;
            findings.push(Finding::new(Severity::Warning, rule).at(&self.place));
            return;
        }
        let has_own = groups
            .keys()
            .any(|parameters| parameters.usage == Usage::DANE_EE);
        let leaf = self.chain.first();
        let leaf = leaf.and_then(|leaf| RawCertificate::parse(leaf).ok());
        let dates = leaf.and_then(|leaf| anchor::dates(&leaf).ok());
        if has_own && dates.is_some_and(|dates| *dates.end() < later.as_secs()) {
            let rule = Rule::ServerCertificateExpires;
            findings.push(Finding::new(Severity::Note, rule).at(&self.place));
        }
    }
}

/// When all certificates of a chain have become valid, but not before `now`.
pub(super) fn time_of_use(chain: &[CertificateDer<'_>], now: UnixTime) -> UnixTime {
    let starts = chain.iter().filter_map(|certificate| {
        let certificate = RawCertificate::parse(certificate).ok()?;
        let dates = anchor::dates(&certificate).ok()?;
        Some(*dates.start())
    });
    let seconds = starts.fold(now.as_secs(), u64::max);
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

/// RFC 7671 §8.4: records of chains that are no longer in use are removed. That they are the only ones of their combination is
/// said elsewhere.
fn check_leftovers(server: &Server<'_>, usable: &[Record], findings: &mut Vec<Finding>) {
    let is_told = |findings: &[Finding], record: &Record| {
        let mut told = findings.iter();
        told.any(|finding| {
            finding.severity == Severity::Critical && finding.record.as_ref() == Some(record)
        })
    };
    for record in usable {
        let Some(parameters) = Parameters::of(record) else {
            continue;
        };
        // An anchor may stand in the DNS alone (RFC 7671 §5.2.2).
        let is_whole = parameters.matching == MatchingType::FULL;
        if is_whole && parameters.usage == Usage::DANE_TA {
            continue;
        }
        let is_named = |chain: &Chain<'_>| names_any(parameters, record, chain);
        let in_use = server.chains().any(|(_, chain)| is_named(chain));
        if !in_use && !is_told(findings, record) {
            findings.push(Finding::new(Severity::Note, Rule::Leftover).about(record));
        }
    }
}

/// Whether the record names the certificate of the chain that its usage speaks of.
fn names_any(parameters: Parameters, record: &Record, chain: &[CertificateDer<'_>]) -> bool {
    let mut of_usage = chain.iter().enumerate().filter(|(depth, _)| {
        let is_own = *depth == 0;
        is_own == (parameters.usage == Usage::DANE_EE)
    });
    of_usage.any(|(_, certificate)| parameters.name_in(record, certificate))
}
