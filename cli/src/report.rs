//! What came of a domain, as scripts read it. The names of fields and values are stable.

mod host;
mod human;
mod reason;
mod table;

pub(crate) use host::{AttemptReport, HostReport, HostResult};
pub(crate) use human::{because, ground, lines, short};
pub(crate) use reason::Reason;
pub(crate) use table::{Row, table};

use serde::{Deserialize, Serialize};
use smtp_dane::delivery::{Deferral, Delivery, Failure, Outcome};
use smtp_dane::dns::Security;
use smtp_dane::report::{Status, tlsrpt};
use smtp_dane::resolve::{Plan, RouteError, RouteKind};

use crate::drive::Run;

/// Longest line that is read back as a report, in octets: 64 hosts, each with a message full of TLSA records in hexadecimal, twice,
/// have half of it.
pub(crate) const MAX_LINE: u64 = 32 * 1024 * 1024;

/// One domain.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) domain: String,
    pub(crate) outcome: OutcomeKind,
    pub(crate) would_refuse: bool,
    /// In an audit: why.
    pub(crate) objection: Option<Reason>,
    pub(crate) status: StatusCodes,
    pub(crate) mx: MxFacts,
    pub(crate) hosts: Vec<HostReport>,
    pub(crate) dropped: Vec<DroppedReport>,
    pub(crate) reason: Option<Reason>,
    pub(crate) tlsrpt: Vec<String>,
    pub(crate) ttl: Option<u32>,
}

/// What a delivery came to.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OutcomeKind {
    Delivered,
    Deferred,
    Failed,
}

/// The status codes of an outcome.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct StatusCodes {
    pub(crate) enhanced: String,
    pub(crate) basic: u16,
}

/// How the hosts were found.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct MxFacts {
    pub(crate) security: Option<&'static str>,
    pub(crate) kind: Option<&'static str>,
}

/// An MX record that is not used.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct DroppedReport {
    pub(crate) host: String,
    pub(crate) preference: u16,
    pub(crate) reason: Reason,
}

impl Report {
    /// Puts together what came of `domain`; none before its delivery is over.
    pub(crate) fn of(domain: String, run: &Run) -> Option<Self> {
        let outcome = run.delivery.outcome()?;
        let status = Status::of(outcome);
        let (class, subject, detail) = status.enhanced;
        let widest = run.widest();
        let mut sightings = run.sightings.iter();
        let hosts: Vec<_> = widest
            .hosts()
            .iter()
            .map(|record| HostReport::of(record, &mut sightings))
            .collect();
        Some(Self {
            domain,
            outcome: OutcomeKind::of(outcome),
            would_refuse: outcome.would_refuse().is_some(),
            objection: outcome.would_refuse().map(Reason::of_objection),
            status: StatusCodes {
                enhanced: format!("{class}.{subject}.{detail}"),
                basic: status.basic,
            },
            mx: MxFacts::of(&run.delivery, outcome),
            reason: reason_of(outcome, &hosts),
            hosts,
            dropped: dropped(widest),
            tlsrpt: tlsrpt::result_types(widest)
                .iter()
                .map(ToString::to_string)
                .collect(),
            ttl: ttl(widest),
        })
    }
}

/// Of a success, what there is to say about the host that was good enough.
fn reason_of(outcome: &Outcome, hosts: &[HostReport]) -> Option<Reason> {
    match outcome {
        Outcome::Delivered { host, .. } => {
            let name = host.to_string();
            hosts.iter().find(|host| host.host == name)?.reason.clone()
        }
        Outcome::Deferred(deferral) => Some(Reason::of_deferral(deferral)),
        Outcome::Failed(failure) => Some(Reason::of_failure(failure)),
    }
}

fn dropped(delivery: &Delivery) -> Vec<DroppedReport> {
    let dropped = delivery.route().map_or(&[][..], |route| route.dropped());
    dropped
        .iter()
        .map(|dropped| DroppedReport {
            host: dropped.host.to_string(),
            preference: dropped.preference,
            reason: Reason::of_drop(dropped.reason),
        })
        .collect()
}

/// How long what was found may be kept; none if nothing of it came from the DNS.
fn ttl(delivery: &Delivery) -> Option<u32> {
    let of_route = delivery.route().map(|route| route.ttl());
    let plans = delivery.hosts().iter().filter_map(|host| host.plan().ok());
    let least = plans.map(Plan::ttl).chain(of_route).min();
    least.filter(|ttl| *ttl != u32::MAX)
}

impl OutcomeKind {
    const fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Delivered { .. } => Self::Delivered,
            Outcome::Deferred(_) => Self::Deferred,
            Outcome::Failed(_) => Self::Failed,
        }
    }

    /// The word for it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Deferred => "deferred",
            Self::Failed => "failed",
        }
    }
}

const fn security_of(security: Security) -> &'static str {
    match security {
        Security::Secure => "secure",
        Security::Insecure => "insecure",
    }
}

impl MxFacts {
    fn of(delivery: &Delivery, outcome: &Outcome) -> Self {
        let Some(route) = delivery.route() else {
            return Self::without_route(outcome);
        };
        Self {
            security: Some(security_of(route.security())),
            kind: Some(match route.kind() {
                RouteKind::Explicit => "explicit",
                RouteKind::Implicit => "implicit",
                RouteKind::Relay => "relay",
                RouteKind::Literal => "literal",
                RouteKind::Submission => "submission",
            }),
        }
    }

    /// What the outcome lets know of the MX answer.
    const fn without_route(outcome: &Outcome) -> Self {
        let (security, kind) = match outcome {
            Outcome::Failed(Failure::NoRoute(RouteError::NullMx(security))) => {
                (Some(security_of(*security)), Some("null"))
            }
            Outcome::Failed(Failure::NoRoute(RouteError::NoDomain(security))) => {
                (Some(security_of(*security)), None)
            }
            Outcome::Deferred(Deferral::NoRoute(RouteError::InsecureMx)) => {
                (Some("insecure"), None)
            }
            _ => (None, None),
        };
        Self { security, kind }
    }
}
