//! [`ReportedSession`]: what one attempt gives a report to count.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use super::{AppliedPolicy, ResultType};
use crate::delivery::{AttemptResult, Deferral, Delivery, HostRecord, Outcome};
use crate::name::Name;
use crate::resolve::{Demand, Host, HostError, RouteError, TlsPolicy};
use crate::session::{Assurance, Downgrade, Refusal};

/// Most characters of what a server calls itself that are kept: what a domain name may have (RFC 5321 §4.5.3.1.2).
pub const MAX_HELO: usize = 255;

/// The sessions of a delivery, as far as it has come: each attempt that reached TLS or the want of it, and each host that was
/// never connected to because of DANE, in order.
///
/// `domain` is the domain of the recipient or the name of the smart host (RFC 8460 §1.1). The report goes to whom its TXT
/// record names, and it is the policy domain where no TLSA records apply.
///
/// - Plain network trouble is no session: no connection, one that broke, a server that would not talk (RFC 8460 §4.3.4).
/// - A host or a next hop that was given up for its DNS answers is one failed session.
/// - TLS that failed before mail went on in cleartext is one failed session, and so is a server without STARTTLS: both are
///   failures to negotiate TLS (RFC 8460 §4.4), though no policy was broken. [`result_types`](super::result_types), which
///   speaks of what DANE demanded, has nothing to say about those.
/// - Mail that went encrypted because no TLSA record was usable is a failed session: the policy could not be applied.
///
/// Do not count mail that is itself a TLS report, nor mail to a submission server. Send such a report by
/// [`DaneMode::Off`](crate::DaneMode::Off) and [`FailedTls::Cleartext`](crate::FailedTls::Cleartext): it must arrive in spite of
/// the failures that it speaks of, in cleartext if need be (RFC 8460 §3). What it does not get past is a server that sends
/// octets behind its reply to STARTTLS ([`Refusal::PlaintextInjected`]): nothing is sent there by any policy.
#[must_use]
pub fn sessions(delivery: &Delivery, domain: &Name) -> Vec<ReportedSession> {
    let mut sessions = Vec::new();
    for host in delivery.hosts() {
        ReportedSession::of_host(host, domain, &mut sessions);
    }
    if let Some(Outcome::Deferred(Deferral::NoRoute(error))) = delivery.outcome()
        && let Some(result_type) = ResultType::of_route(error)
    {
        // Nobody knew which hosts to look for TLSA records at.
        let policy = AppliedPolicy::none(domain);
        let reason = FailureReason::Route(error.clone());
        let failure = SessionFailure::new(result_type, reason);
        sessions.push(ReportedSession::new(domain, policy, None).failed(failure));
    }
    sessions
}

/// One session, or one attempt that never came to a session, as a report counts it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReportedSession {
    domain: Name,
    policy: AppliedPolicy,
    failures: Vec<SessionFailure>,
    sending_mta_ip: Option<IpAddr>,
    receiving_mx: Option<Host>,
    receiving_mx_helo: Option<String>,
    receiving_ip: Option<IpAddr>,
    additional_information: Option<String>,
}

impl ReportedSession {
    fn new(domain: &Name, policy: AppliedPolicy, receiving_mx: Option<Host>) -> Self {
        Self {
            domain: domain.clone(),
            policy,
            failures: Vec::new(),
            sending_mta_ip: None,
            receiving_mx,
            receiving_mx_helo: None,
            receiving_ip: None,
            additional_information: None,
        }
    }

    fn failed(mut self, failure: SessionFailure) -> Self {
        self.failures.push(failure);
        self
    }

    fn of_host(record: &HostRecord, domain: &Name, sessions: &mut Vec<Self>) {
        let policy = AppliedPolicy::of_host(record, domain);
        let of_plan = record.plan().map_or_else(
            |error| {
                let result_type = ResultType::of_host_error(error)?;
                let reason = FailureReason::Host(error.clone());
                Some(SessionFailure::new(result_type, reason))
            },
            |plan| {
                let result_type = ResultType::of_plan(plan)?;
                let reason = match plan.tls() {
                    TlsPolicy::Audit(audit) => match audit.demand() {
                        Demand::Refuse(error) => FailureReason::Host(error.clone()),
                        Demand::Encrypt(_) | Demand::Authenticate(_) => {
                            FailureReason::NoUsableRecord
                        }
                    },
                    TlsPolicy::Opportunistic(_)
                    | TlsPolicy::Encrypt(_)
                    | TlsPolicy::Authenticate(_)
                    | TlsPolicy::Pkix(_) => FailureReason::NoUsableRecord,
                };
                Some(SessionFailure::new(result_type, reason))
            },
        );
        let host = record.exchanger().host();
        let session = Self::new(domain, policy, Some(host.clone()));
        if record.plan().is_err() {
            sessions.extend(of_plan.map(|failure| session.failed(failure)));
            return;
        }
        for attempt in record.attempts() {
            let Some(of_attempt) = of_attempt(attempt.result()) else {
                continue;
            };
            let mut session = session.clone();
            session.receiving_ip = Some(attempt.address());
            session.failures = of_plan.iter().cloned().chain(of_attempt.err()).collect();
            sessions.push(session);
        }
    }

    /// Adds the address that the session came from, which the caller alone knows.
    #[must_use]
    pub const fn from_address(mut self, address: IpAddr) -> Self {
        self.sending_mta_ip = Some(address);
        self
    }

    /// Adds what the server called itself; of more than [`MAX_HELO`] characters the first ones are kept.
    #[must_use]
    pub fn with_helo(mut self, helo: &str) -> Self {
        self.receiving_mx_helo = Some(helo.chars().take(MAX_HELO).collect());
        self
    }

    /// Adds the URI of further information about a failure.
    #[must_use]
    pub fn with_additional_information(mut self, uri: String) -> Self {
        self.additional_information = Some(uri);
        self
    }

    /// The domain whose TXT record says where the report goes (RFC 8460 §3).
    #[must_use]
    pub const fn domain(&self) -> &Name {
        &self.domain
    }

    /// The policy that was applied.
    #[must_use]
    pub const fn policy(&self) -> &AppliedPolicy {
        &self.policy
    }

    /// Whether TLS was negotiated as the policy demands (RFC 8460 §4.2.1).
    #[must_use]
    pub fn is_successful(&self) -> bool {
        self.failures.is_empty()
    }

    /// What went wrong. One session can fail in two ways: no usable TLSA record, and no TLS (RFC 8460 §4).
    #[must_use]
    pub fn failures(&self) -> &[SessionFailure] {
        &self.failures
    }

    /// The address that the session came from, if the caller gave it.
    #[must_use]
    pub const fn sending_mta_ip(&self) -> Option<IpAddr> {
        self.sending_mta_ip
    }

    /// The host as its MX record names it; `None` if there was no route to any.
    #[must_use]
    pub const fn receiving_mx(&self) -> Option<&Host> {
        self.receiving_mx.as_ref()
    }

    /// What the server called itself, if the caller said so.
    #[must_use]
    pub fn receiving_mx_helo(&self) -> Option<&str> {
        self.receiving_mx_helo.as_deref()
    }

    /// The address that was connected to; `None` if there was no connection.
    #[must_use]
    pub const fn receiving_ip(&self) -> Option<IpAddr> {
        self.receiving_ip
    }

    /// The URI of further information, if the caller gave it.
    #[must_use]
    pub fn additional_information(&self) -> Option<&str> {
        self.additional_information.as_deref()
    }
}

/// What one address gives to count: success, a failure, or nothing.
fn of_attempt(result: &AttemptResult) -> Option<Result<(), SessionFailure>> {
    match result {
        AttemptResult::Unreachable => None,
        AttemptResult::Refused(refusal) => {
            let result_type = ResultType::of_refusal(refusal)?;
            let reason = FailureReason::Refused(*refusal);
            Some(Err(SessionFailure::new(result_type, reason)))
        }
        AttemptResult::NotTaken { assurance, .. } | AttemptResult::Delivered(assurance) => {
            Some(of_assurance(assurance))
        }
    }
}

const fn of_assurance(assurance: &Assurance) -> Result<(), SessionFailure> {
    match assurance {
        Assurance::Encrypted | Assurance::Authenticated(_) => Ok(()),
        Assurance::NotAuthenticated(error) => {
            let result_type = ResultType::of_verify_error(*error);
            let reason = FailureReason::Refused(Refusal::NotAuthenticated(*error));
            Err(SessionFailure::new(result_type, reason))
        }
        Assurance::Cleartext(why) => {
            let result_type = match why {
                Downgrade::NotOffered | Downgrade::Rejected { .. } => {
                    ResultType::StartTlsNotSupported
                }
                Downgrade::HandshakeFailed => ResultType::ValidationFailure,
            };
            Err(SessionFailure::new(
                result_type,
                FailureReason::Cleartext(*why),
            ))
        }
    }
}

/// One way in which a session failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionFailure {
    result_type: ResultType,
    reason: FailureReason,
}

impl SessionFailure {
    const fn new(result_type: ResultType, reason: FailureReason) -> Self {
        Self {
            result_type,
            reason,
        }
    }

    /// Its type in the registry.
    #[must_use]
    pub const fn result_type(&self) -> ResultType {
        self.result_type
    }

    /// What happened. Its text is the failure reason code of the report (RFC 8460 §4.3.3).
    #[must_use]
    pub const fn reason(&self) -> &FailureReason {
        &self.reason
    }
}

/// What happened in a session that failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureReason {
    /// There was no route to any host.
    Route(RouteError),
    /// The host could not be used.
    Host(HostError),
    /// The host published TLSA records, and none is usable.
    NoUsableRecord,
    /// The connection could not be given mail.
    Refused(Refusal),
    /// Mail went in cleartext, where no policy forbids it, or an audit does not enforce it.
    Cleartext(Downgrade),
}

impl FailureReason {
    /// The place in the standards that decides so.
    #[must_use]
    pub const fn cite(&self) -> &'static str {
        match self {
            Self::Route(error) => error.cite(),
            Self::Host(error) => error.cite(),
            Self::NoUsableRecord => "RFC 7672 §2.2",
            Self::Refused(refusal) => refusal.cite(),
            Self::Cleartext(why) => why.cite(),
        }
    }
}

impl fmt::Display for FailureReason {
    /// A sentence for others to read: what the site's own resolver said about a failed lookup is not for them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Route(RouteError::Lookup(failed)) | Self::Host(HostError::Lookup(failed)) => {
                let (question, error) = (&failed.question, &failed.error);
                write!(f, "the lookup of {question} failed: {error}")
            }
            Self::Route(error) => write!(f, "{error}"),
            Self::Host(error) => write!(f, "{error}"),
            Self::NoUsableRecord => f.write_str("none of the TLSA records is usable"),
            Self::Refused(refusal) => write!(f, "{refusal}"),
            Self::Cleartext(why) => write!(f, "{why}"),
        }
    }
}
