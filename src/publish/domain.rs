//! What a domain's mail hosts look like to its senders: whether DANE protects all of them (RFC 7672 §2.2.1).

use alloc::vec::Vec;
use core::fmt;

use super::Severity;
use crate::delivery::{Deferral, Delivery, Failure, HostRecord, Outcome};
use crate::dns::Security;
use crate::name::Name;
use crate::resolve::{Demand, DropReason, Dropped, EncryptCause, Host, HostError};
use crate::resolve::{NotApplicable, Route, RouteError, RouteKind, TlsPolicy};

/// Checks what a delivery found of a domain: its MX records, and each host that was looked at. To have every host looked at, report
/// each connection as [`ConnectFailed`](crate::delivery::Event::ConnectFailed); none need be opened.
///
/// Findings come in the order of their severity, the worst first. The policy of the delivery should be the default one: another may
/// leave hosts, families and records out.
#[must_use]
pub fn check_domain(delivery: &Delivery) -> Vec<DomainFinding> {
    let mut findings = Vec::new();
    match delivery.route() {
        Some(route) => {
            of_route(route, &mut findings);
            of_hosts(route, delivery.hosts(), &mut findings);
        }
        None => findings.extend(without_route(delivery)),
    }
    findings.sort_by_key(|finding| finding.severity);
    findings
}

/// Without a route, nothing was looked at; that the domain does not exist is no fault.
fn without_route(delivery: &Delivery) -> Option<DomainFinding> {
    let (severity, rule) = match delivery.outcome() {
        Some(Outcome::Deferred(Deferral::NoRoute(RouteError::Lookup(_)))) => {
            (Severity::Critical, DomainRule::LookupFails)
        }
        Some(Outcome::Deferred(Deferral::NoRoute(RouteError::InsecureMx))) => {
            (Severity::Warning, DomainRule::MxInsecure)
        }
        Some(Outcome::Failed(Failure::NoRoute(RouteError::NullMx(_)))) => {
            (Severity::Note, DomainRule::NullMx)
        }
        Some(Outcome::Failed(_)) => return None,
        _ => (Severity::Warning, DomainRule::NotLookedAt),
    };
    Some(DomainFinding {
        severity,
        rule,
        host: None,
    })
}

fn of_route(route: &Route, findings: &mut Vec<DomainFinding>) {
    let mut add = |rule| {
        findings.push(DomainFinding {
            severity: Severity::Warning,
            rule,
            host: None,
        });
    };
    if route.kind() == RouteKind::Explicit && route.security() == Security::Insecure {
        add(DomainRule::MxInsecure);
    }
    let is_null = |dropped: &Dropped| dropped.reason == DropReason::RootExchange;
    if route.dropped().iter().any(is_null) {
        add(DomainRule::NullMxBesideOthers);
    }
}

fn of_hosts(route: &Route, hosts: &[HostRecord], findings: &mut Vec<DomainFinding>) {
    // A domain without any records has not begun; one with some leaves its mail open at the other hosts.
    let has_begun = hosts.iter().any(has_records);
    for record in hosts {
        let Some((severity, rule)) = of_host(record, route.kind()) else {
            continue;
        };
        let severity = match rule {
            DomainRule::NoTlsa | DomainRule::HostInsecure if !has_begun => Severity::Note,
            _ => severity,
        };
        findings.push(DomainFinding {
            severity,
            rule,
            host: Some(record.exchanger().host().clone()),
        });
    }
    for exchanger in route.exchangers().iter().skip(hosts.len()) {
        findings.push(DomainFinding {
            severity: Severity::Warning,
            rule: DomainRule::NotLookedAt,
            host: Some(exchanger.host().clone()),
        });
    }
}

/// Whether senders find secure TLSA records, of use or not.
fn has_records(record: &HostRecord) -> bool {
    match record.plan() {
        Ok(plan) => plan.tls().tlsa_base().is_some(),
        Err(error) => matches!(error, HostError::NoUsableTlsa | HostError::TlsaSet(_)),
    }
}

/// What is wrong with one host, as its senders see it.
fn of_host(record: &HostRecord, kind: RouteKind) -> Option<(Severity, DomainRule)> {
    let plan = match record.plan() {
        Ok(plan) => plan,
        Err(error) => return of_host_error(error),
    };
    match plan.tls() {
        TlsPolicy::Opportunistic(why) => of_absence(*why),
        TlsPolicy::Encrypt(encryption) => of_cause(encryption.cause()),
        TlsPolicy::Authenticate(wanted) => of_base(record, kind, wanted.base()),
        TlsPolicy::Pkix(_) => None,
        TlsPolicy::Audit(audit) => match audit.demand() {
            Demand::Encrypt(encryption) => of_cause(encryption.cause()),
            Demand::Authenticate(wanted) => of_base(record, kind, wanted.base()),
            Demand::Refuse(error) => of_host_error(error),
        },
    }
}

/// RFC 2181 §10.3: the host of an MX record is no alias. Whoever is authenticated under another name stands behind one; an alias
/// with records at its own name is not noticed.
fn of_base(record: &HostRecord, kind: RouteKind, base: &Name) -> Option<(Severity, DomainRule)> {
    match (kind, record.exchanger().host()) {
        (RouteKind::Explicit, Host::Name(host)) if host != base => {
            Some((Severity::Note, DomainRule::MxAlias))
        }
        _ => None,
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
        HostError::Lookup(_) => Some((Severity::Critical, DomainRule::LookupFails)),
        HostError::AliasesDisagree | HostError::AliasChanged => {
            Some((Severity::Critical, DomainRule::AliasUnsteady))
        }
        HostError::TlsaSet(_) => Some((Severity::Critical, DomainRule::TooManyRecords)),
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
    /// The answers about the host's alias contradict each other.
    AliasUnsteady,
    /// The host has more than [`MAX_RECORDS`](crate::tlsa::MAX_RECORDS) different TLSA records.
    TooManyRecords,
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
    /// The domain takes no mail.
    NullMx,
    /// The delivery did not come to this host, so nothing is known of it.
    NotLookedAt,
}

impl DomainRule {
    /// Every rule, in the order of the enum.
    pub const ALL: &'static [Self] = &[
        Self::LookupFails,
        Self::AliasUnsteady,
        Self::TooManyRecords,
        Self::NoneUsable,
        Self::MxInsecure,
        Self::HostInsecure,
        Self::NoTlsa,
        Self::NoAddress,
        Self::AddressAsHost,
        Self::MxAlias,
        Self::NullMxBesideOthers,
        Self::NullMx,
        Self::NotLookedAt,
    ];

    /// The place in the standards.
    #[must_use]
    pub const fn cite(self) -> &'static str {
        match self {
            Self::LookupFails | Self::TooManyRecords => "RFC 7672 §2.1.2",
            Self::AliasUnsteady => "RFC 7672 §2.1.3",
            Self::NoneUsable => "RFC 7672 §2.2",
            Self::MxInsecure | Self::NoTlsa | Self::NotLookedAt => "RFC 7672 §2.2.1",
            Self::HostInsecure => "RFC 7672 §2.2.2",
            Self::NoAddress | Self::AddressAsHost => "RFC 5321 §5.1",
            Self::MxAlias => "RFC 2181 §10.3",
            Self::NullMxBesideOthers => "RFC 7505 §3",
            Self::NullMx => "RFC 7505 §4.2",
        }
    }

    /// What to do.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::LookupFails => {
                "mend the name servers or the signatures: clients do not use the host till then"
            }
            Self::AliasUnsteady => "let both address families lead to one name, and leave it so",
            Self::TooManyRecords => "take away the records of keys that are no longer in use",
            Self::NoneUsable => "publish records of usage 3 or 2 that clients can use",
            Self::MxInsecure => {
                "sign the zone with the MX records: an attacker can name other hosts"
            }
            Self::HostInsecure => "sign the zone of the host, or name a host in a signed zone",
            Self::NoTlsa => "publish TLSA records for this host: an attacker can drive mail to it",
            Self::NoAddress => "give the host an address, or take its MX record away",
            Self::AddressAsHost => "name the host: to an address DANE does not apply",
            Self::MxAlias => "name in the MX record the host that the alias leads to",
            Self::NullMxBesideOthers => {
                "take the null MX record away, or all others if the domain wants no mail"
            }
            Self::NullMx => "do not send mail from this domain: nobody could answer it",
            Self::NotLookedAt => "let the delivery go on to every host, and check again",
        }
    }
}

impl fmt::Display for DomainRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LookupFails => "a lookup that decides on the host fails",
            Self::AliasUnsteady => "the answers about the host's alias contradict each other",
            Self::TooManyRecords => "there are too many TLSA records to be judged",
            Self::NoneUsable => "none of the TLSA records can be used",
            Self::MxInsecure => "the MX records are not signed",
            Self::HostInsecure => {
                "the addresses of the host are not signed, so TLSA records would not count"
            }
            Self::NoTlsa => "the host has no secure TLSA records",
            Self::NoAddress => "the host has no address",
            Self::AddressAsHost => "the MX record names an address",
            Self::MxAlias => "the host is an alias",
            Self::NullMxBesideOthers => "a null MX record stands beside others",
            Self::NullMx => "the domain takes no mail",
            Self::NotLookedAt => "this was not looked at",
        })
    }
}
