//! [`Aggregator`]: counts sessions.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::IpAddr;

use super::document::{Counts, Detail, FailureDetails, Header, Policy, PolicyReport, Report};
use super::{AppliedPolicy, PolicyType, ReportedSession, ResultType, SessionFailure, Summary};
use crate::name::Name;

/// The greatest count of a report. A report is I-JSON (RFC 8460 §4), whose readers may take every number for a double: above
/// this, they would not see each integer (RFC 7493 §2.2).
pub const MAX_COUNT: u64 = (1 << 53) - 1;

/// Most policies of one domain that are told apart. A domain with five hosts that changes all its records twice a day has
/// fifteen; a hostile one can have new records for each mail.
pub const MAX_POLICIES: usize = 64;

/// Most kinds of failure under one policy that are told apart. The largest hosts have some ten addresses, each of which may
/// fail in a few ways.
pub const MAX_DETAILS: usize = 256;

/// Counts the sessions of many deliveries, each domain for itself: what a report tells one domain is nothing to another.
///
/// It is a plain value without a clock. Whoever keeps it makes a new one for each day.
///
/// No session is lost. Where a domain has more policies or failures than the bounds allow, the further ones are counted
/// without their particulars, and [`Report::detail`] says so; a count that cannot grow stays at [`MAX_COUNT`], and
/// [`Report::counts`] says so. The domains themselves are those to which this site sends mail, and have no bound.
///
/// ```
/// use core::time::Duration;
///
/// use pki_types::UnixTime;
/// use smtp_dane::delivery::{Delivery, Event, Step};
/// use smtp_dane::dns::{Answer, LookupError};
/// use smtp_dane::report::tlsrpt::{Aggregator, DateRange, Header, sessions};
/// use smtp_dane::resolve::NextHop;
/// use smtp_dane::{Name, Policy};
///
/// let domain: Name = "example.com".parse()?;
/// let mut delivery = Delivery::new(NextHop::domain(domain.clone()), Policy::default(), 7);
/// while let Step::Lookup([query, ..]) = delivery.step() {
///     delivery.handle(Event::Answer(query.id(), Answer::failed(LookupError::Bogus)))?;
/// }
/// let mut aggregator = Aggregator::new();
/// for session in sessions(&delivery, &domain) {
///     aggregator.add(&session);
/// }
/// let header = Header {
///     organization_name: "Example Net".to_string(),
///     contact_info: "tls@example.net".to_string(),
///     report_id: "2016-04-01_example.com".to_string(),
///     date_range: DateRange::of_day(UnixTime::since_unix_epoch(Duration::from_secs(1_459_512_000)))?,
/// };
/// let report = aggregator.report(&domain, header).ok_or("a session was counted")?;
/// assert_eq!(report.policies()[0].summary.total_failure_session_count, 1);
/// assert_eq!(report.policies()[0].failure_details[0].result_type.to_string(), "dnssec-invalid");
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Aggregator {
    domains: BTreeMap<Name, Domain>,
}

impl Aggregator {
    /// Starts with nothing counted.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            domains: BTreeMap::new(),
        }
    }

    /// Counts one session.
    pub fn add(&mut self, session: &ReportedSession) {
        self.add_many(session, 1);
    }

    /// Counts `count` equal sessions; none if it is 0.
    pub fn add_many(&mut self, session: &ReportedSession, count: u64) {
        if count > 0 {
            let domain = self.domains.entry(session.domain().clone()).or_default();
            domain.add(session, count);
        }
    }

    /// The domains that there is something to report to, in order.
    pub fn domains(&self) -> impl Iterator<Item = &Name> {
        self.domains.keys()
    }

    /// The report for one domain; `None` if there was no session with it.
    #[must_use]
    pub fn report(&self, domain: &Name, header: Header) -> Option<Report> {
        let domain = self.domains.get(domain)?;
        let policies = domain.policies.iter();
        let policies = policies.map(|(policy, tally)| tally.report(policy));
        Some(Report::new(
            header,
            policies.collect(),
            domain.counts,
            domain.detail,
        ))
    }
}

/// What is counted for one domain.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Domain {
    policies: BTreeMap<PolicyKey, Tally>,
    counts: Counts,
    detail: Detail,
}

impl Default for Domain {
    fn default() -> Self {
        Self {
            policies: BTreeMap::new(),
            counts: Counts::Exact,
            detail: Detail::Full,
        }
    }
}

impl Domain {
    fn add(&mut self, session: &ReportedSession, count: u64) {
        let mut key = PolicyKey::of(session.policy());
        if !self.policies.contains_key(&key) && self.policies.len() >= MAX_POLICIES {
            key = key.folded(session.domain());
            self.detail = Detail::Folded;
        }
        let tally = self.policies.entry(key).or_default();
        let total = if session.is_successful() {
            &mut tally.successful
        } else {
            &mut tally.failed
        };
        let mut counts = add(total, count);
        for failure in session.failures() {
            let mut key = FailureKey::of(session, failure);
            if !tally.failures.contains_key(&key) && tally.failures.len() >= MAX_DETAILS {
                key = FailureKey::folded(failure);
                self.detail = Detail::Folded;
            }
            counts = counts.max(add(tally.failures.entry(key).or_default(), count));
        }
        self.counts = self.counts.max(counts);
    }
}

/// Adds to a count as far as it can grow.
fn add(total: &mut u64, count: u64) -> Counts {
    match total.checked_add(count) {
        Some(sum) if sum <= MAX_COUNT => {
            *total = sum;
            Counts::Exact
        }
        _ => {
            *total = MAX_COUNT;
            Counts::Saturated
        }
    }
}

/// What is counted under one policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Tally {
    successful: u64,
    failed: u64,
    failures: BTreeMap<FailureKey, u64>,
}

impl Tally {
    fn report(&self, policy: &PolicyKey) -> PolicyReport {
        let details = self.failures.iter();
        PolicyReport {
            policy: Policy {
                policy_type: policy.policy_type,
                policy_string: policy.strings.clone(),
                policy_domain: policy.domain.to_string(),
            },
            summary: Summary {
                total_successful_session_count: self.successful,
                total_failure_session_count: self.failed,
            },
            failure_details: details
                .map(|(failure, count)| failure.report(*count))
                .collect(),
        }
    }
}

/// What tells policies apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct PolicyKey {
    policy_type: PolicyType,
    domain: Name,
    strings: Vec<String>,
}

impl PolicyKey {
    fn of(policy: &AppliedPolicy) -> Self {
        Self {
            policy_type: policy.policy_type(),
            domain: policy.domain().clone(),
            strings: policy.records().iter().map(ToString::to_string).collect(),
        }
    }

    /// What stands for all policies of a kind beyond the bound.
    fn folded(self, domain: &Name) -> Self {
        Self {
            policy_type: self.policy_type,
            domain: domain.clone(),
            strings: Vec::new(),
        }
    }
}

/// What tells failures under one policy apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct FailureKey {
    result_type: ResultType,
    receiving_mx_hostname: Option<String>,
    receiving_ip: Option<IpAddr>,
    receiving_mx_helo: Option<String>,
    sending_mta_ip: Option<IpAddr>,
    reason: String,
    additional_information: Option<String>,
}

impl FailureKey {
    fn of(session: &ReportedSession, failure: &SessionFailure) -> Self {
        Self {
            result_type: failure.result_type(),
            receiving_mx_hostname: session.receiving_mx().map(ToString::to_string),
            receiving_ip: session.receiving_ip(),
            receiving_mx_helo: session.receiving_mx_helo().map(ToString::to_string),
            sending_mta_ip: session.sending_mta_ip(),
            reason: failure.reason().to_string(),
            additional_information: session.additional_information().map(ToString::to_string),
        }
    }

    /// What stands for all failures of a type beyond the bound.
    fn folded(failure: &SessionFailure) -> Self {
        Self {
            result_type: failure.result_type(),
            receiving_mx_hostname: None,
            receiving_ip: None,
            receiving_mx_helo: None,
            sending_mta_ip: None,
            reason: "one of many, counted together".to_string(),
            additional_information: None,
        }
    }

    fn report(&self, count: u64) -> FailureDetails {
        FailureDetails {
            result_type: self.result_type,
            sending_mta_ip: self.sending_mta_ip,
            receiving_mx_hostname: self.receiving_mx_hostname.clone(),
            receiving_mx_helo: self.receiving_mx_helo.clone(),
            receiving_ip: self.receiving_ip,
            failed_session_count: count,
            additional_information: self.additional_information.clone(),
            failure_reason_code: self.reason.clone(),
        }
    }
}
