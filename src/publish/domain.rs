//! What a domain's mail hosts look like to its senders: whether DANE protects all of them (RFC 7672 §2.2.1).

use alloc::vec::Vec;
use core::fmt;

use super::Severity;
use crate::delivery::{Delivery, HostRecord};
use crate::dns::Security;
use crate::resolve::{Demand, DropReason, EncryptCause, Host, HostError};
use crate::resolve::{NotApplicable, Route, TlsPolicy};

/// Checks what a delivery found of a domain: its MX records, and each host that was looked at. To have every host looked at, report
/// each transfer as [`Interrupted`](crate::delivery::Transfer::Interrupted).
///
/// Findings come in the order of their severity, the worst first. Without a route there is nothing to say.
#[must_use]
pub fn check_domain(delivery: &Delivery) -> Vec<DomainFinding> {
    let mut findings = Vec::new();
    let Some(route) = delivery.route() else {
        return findings;
    };
    of_route(route, &mut findings);
    let rules: Vec<_> = delivery.hosts().iter().map(of_host).collect();
    // A domain without any records has not begun; one with some leaves its mail open at the other hosts.
    let has_begun = rules
        .iter()
        .any(|rule| !matches!(rule, Some((_, DomainRule::NoTlsa))));
    for (record, rule) in delivery.hosts().iter().zip(rules) {
        let Some((severity, rule)) = rule else {
            continue;
        };
        let severity = match rule {
            DomainRule::NoTlsa if !has_begun => Severity::Note,
            _ => severity,
        };
        findings.push(DomainFinding {
            severity,
            rule,
            host: Some(record.exchanger().host().clone()),
        });
    }
    findings.sort_by_key(|finding| finding.severity);
    findings
}

fn of_route(route: &Route, findings: &mut Vec<DomainFinding>) {
    if route.security() == Security::Insecure {
        findings.push(DomainFinding {
            severity: Severity::Warning,
            rule: DomainRule::MxInsecure,
            host: None,
        });
    }
    let nulls = route.dropped().iter();
    if nulls
        .into_iter()
        .any(|dropped| dropped.reason == DropReason::RootExchange)
    {
        findings.push(DomainFinding {
            severity: Severity::Warning,
            rule: DomainRule::NullMxBesideOthers,
            host: None,
        });
    }
}

/// What is wrong with one host, as its senders see it.
fn of_host(record: &HostRecord) -> Option<(Severity, DomainRule)> {
    let plan = match record.plan() {
        Ok(plan) => plan,
        Err(error) => return of_host_error(error),
    };
    match plan.tls() {
        TlsPolicy::Opportunistic(why) => of_absence(*why),
        TlsPolicy::Encrypt(encryption) => of_cause(encryption.cause()),
        TlsPolicy::Authenticate(wanted) => of_base(record, wanted.base()),
        TlsPolicy::Pkix(_) => None,
        TlsPolicy::Audit(audit) => match audit.demand() {
            Demand::Encrypt(encryption) => of_cause(encryption.cause()),
            Demand::Authenticate(wanted) => of_base(record, wanted.base()),
            Demand::Refuse(error) => of_host_error(error),
        },
    }
}

/// RFC 2181 §10.3: the host of an MX record is no alias. Whoever is authenticated under another name stands behind one.
fn of_base(record: &HostRecord, base: &crate::Name) -> Option<(Severity, DomainRule)> {
    match record.exchanger().host() {
        Host::Name(host) if host != base => Some((Severity::Note, DomainRule::MxAlias)),
        Host::Name(_) | Host::Address(_) => None,
    }
}

const fn of_cause(cause: &EncryptCause) -> Option<(Severity, DomainRule)> {
    match cause {
        EncryptCause::AllUnusable(_) => Some((Severity::Critical, DomainRule::NoneUsable)),
        EncryptCause::InsecureMx(_) => None,
    }
}

const fn of_absence(why: NotApplicable) -> Option<(Severity, DomainRule)> {
    match why {
        NotApplicable::NoTlsa => Some((Severity::Warning, DomainRule::NoTlsa)),
        NotApplicable::InsecureAddress | NotApplicable::InsecureAlias => {
            Some((Severity::Warning, DomainRule::HostInsecure))
        }
        NotApplicable::AddressLiteral => Some((Severity::Warning, DomainRule::AddressAsHost)),
        NotApplicable::InsecureMx | NotApplicable::Submission | NotApplicable::SwitchedOff => None,
    }
}

const fn of_host_error(error: &HostError) -> Option<(Severity, DomainRule)> {
    match error {
        HostError::Lookup(_)
        | HostError::AliasesDisagree
        | HostError::AliasChanged
        | HostError::TlsaSet(_) => Some((Severity::Critical, DomainRule::LookupFails)),
        HostError::NoAddress { .. } => Some((Severity::Warning, DomainRule::NoAddress)),
        HostError::AliasRefused => Some((Severity::Note, DomainRule::MxAlias)),
        HostError::NoUsableTlsa => Some((Severity::Critical, DomainRule::NoneUsable)),
        HostError::DaneRequired(why) => of_absence(*why),
        HostError::Ourselves
        | HostError::UnprovenLoop
        | HostError::NotOfRoute
        | HostError::NoBetterThanOurselves => None,
    }
}

/// One thing that is found of a domain.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DomainFinding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is.
    pub rule: DomainRule,
    /// The host that it is about, as its MX record names it.
    pub host: Option<Host>,
}

impl fmt::Display for DomainFinding {
    /// One line: severity, host, sentence, citation.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.severity)?;
        if let Some(host) = &self.host {
            write!(f, "{host}: ")?;
        }
        write!(f, "{} [{}]", self.rule, self.rule.cite())
    }
}

/// What a domain must or should keep to. No remedy is to give up TLS or the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DomainRule {
    /// A lookup that decides on the host fails.
    LookupFails,
    /// The host has TLSA records, and clients can use none.
    NoneUsable,
    /// The MX records are not signed.
    MxInsecure,
    /// The addresses of the host are not signed.
    HostInsecure,
    /// The host has no secure TLSA records.
    NoTlsa,
    /// The host has no address.
    NoAddress,
    /// The MX record names an address.
    AddressAsHost,
    /// The host of an MX record is an alias.
    MxAlias,
    /// A null MX record stands beside others.
    NullMxBesideOthers,
}

impl DomainRule {
    /// Every rule, in the order of the enum.
    pub const ALL: &'static [Self] = &[
        Self::LookupFails,
        Self::NoneUsable,
        Self::MxInsecure,
        Self::HostInsecure,
        Self::NoTlsa,
        Self::NoAddress,
        Self::AddressAsHost,
        Self::MxAlias,
        Self::NullMxBesideOthers,
    ];

    /// The place in the standards.
    #[must_use]
    pub const fn cite(self) -> &'static str {
        match self {
            Self::LookupFails => "RFC 7672 §2.1.2",
            Self::NoneUsable | Self::AddressAsHost => "RFC 7672 §2.2",
            Self::MxInsecure | Self::NoTlsa => "RFC 7672 §2.2.1",
            Self::HostInsecure => "RFC 7672 §2.2.2",
            Self::NoAddress => "RFC 5321 §5.1",
            Self::MxAlias => "RFC 2181 §10.3",
            Self::NullMxBesideOthers => "RFC 7505 §3",
        }
    }

    /// What to do.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::LookupFails => {
                "mend the name servers or the signatures: clients do not use the host till then"
            }
            Self::NoneUsable => "publish records of usage 3 or 2 that clients can use",
            Self::MxInsecure => {
                "sign the zone with the MX records: an attacker can name other hosts"
            }
            Self::HostInsecure => "sign the zone of the host, or name a host in a signed zone",
            Self::NoTlsa => {
                "publish TLSA records for this host, too: an attacker can drive mail to it"
            }
            Self::NoAddress => "give the host an address, or take its MX record away",
            Self::AddressAsHost => "name the host: to an address DANE does not apply",
            Self::MxAlias => "name in the MX record the host that the alias leads to",
            Self::NullMxBesideOthers => {
                "take the null MX record away, or all others if the domain wants no mail"
            }
        }
    }
}

impl fmt::Display for DomainRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LookupFails => "a lookup that decides on the host fails",
            Self::NoneUsable => "none of the TLSA records can be used",
            Self::MxInsecure => "the MX records are not signed",
            Self::HostInsecure => {
                "the addresses of the host are not signed, so its TLSA records do not count"
            }
            Self::NoTlsa => "the host has no secure TLSA records",
            Self::NoAddress => "the host has no address",
            Self::AddressAsHost => "the MX record names an address",
            Self::MxAlias => "the host is an alias",
            Self::NullMxBesideOthers => "a null MX record stands beside others",
        })
    }
}
