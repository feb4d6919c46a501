//! What a delivery gives a TLS report to say (RFC 8460), and the report itself.
//!
//! [`sessions`] says what one delivery has to count, an [`Aggregator`] counts it, and gives the [`Report`] of a day for each
//! domain. With the feature `serde` a report serialises to the JSON of RFC 8460 §4.4. To look up where it goes, to pack and to
//! send it is left to the caller.

mod aggregate;
mod applied;
mod date;
mod document;
mod session;

pub use aggregate::{Aggregator, MAX_COUNT, MAX_DETAILS, MAX_POLICIES};
pub use applied::{AppliedPolicy, PolicyType};
pub use date::{DateError, DateRange};
pub use document::{Counts, Detail, FailureDetails, Header, Policy, PolicyReport, Report, Summary};
pub use session::{FailureReason, MAX_HELO, ReportedSession, SessionFailure, sessions};

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;

use crate::delivery::{AttemptResult, Deferral, Delivery, HostRecord, Objection, Outcome};
use crate::dns::{FailedLookup, QueryType};
use crate::resolve::{Demand, EncryptCause, Encryption, HostError, Plan, RouteError, TlsPolicy};
use crate::session::Refusal;
use crate::verify::VerifyError;

/// The failures of a delivery, as far as it has come, each type once.
///
/// Plain network trouble is none (RFC 8460 §4.3): a connection that could not be made, a resolver that did not answer where
/// DNSSEC had no part. Neither is a host without TLS that need not have it, which [`sessions`] counts.
#[must_use]
pub fn result_types(delivery: &Delivery) -> Vec<ResultType> {
    let mut types = BTreeSet::new();
    if let Some(Outcome::Deferred(Deferral::NoRoute(error))) = delivery.outcome() {
        types.extend(ResultType::of_route(error));
    }
    for host in delivery.hosts() {
        types.extend(ResultType::of_host(host));
    }
    types.into_iter().collect()
}

/// A type of failure in the registry of RFC 8460 §4.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ResultType {
    /// The server did not offer STARTTLS or refused it.
    StartTlsNotSupported,
    /// The certificate bears none of the names.
    CertificateHostMismatch,
    /// A certificate has expired.
    CertificateExpired,
    /// The certificate does not chain to what the TLSA records name.
    CertificateNotTrusted,
    /// Any other failure of TLS.
    ValidationFailure,
    /// No TLSA record of the set is of use.
    TlsaInvalid,
    /// The resolver had no valid answer.
    DnssecInvalid,
    /// The sender demands DANE, and the host has no secure TLSA records.
    DaneRequired,
}

impl ResultType {
    /// What went wrong with one host, over its addresses.
    fn of_host(host: &HostRecord) -> Vec<Self> {
        let plan = host.plan();
        let of_plan = plan.map_or_else(Self::of_host_error, Self::of_plan);
        let of_attempts = host
            .attempts()
            .iter()
            .filter_map(|attempt| match attempt.result() {
                AttemptResult::Refused(refusal) => Self::of_refusal(refusal),
                AttemptResult::Unreachable => None,
                AttemptResult::NotTaken { assurance, .. } | AttemptResult::Delivered(assurance) => {
                    match Objection::to(plan.ok()?.tls(), assurance)? {
                        Objection::Connection(refusal) => Self::of_refusal(&refusal),
                        // The plan has said so already.
                        Objection::Host(_) => None,
                    }
                }
            });
        of_plan.into_iter().chain(of_attempts).collect()
    }

    fn of_route(error: &RouteError) -> Option<Self> {
        match error {
            RouteError::InsecureMx | RouteError::UnprovenLoop => Some(Self::DaneRequired),
            RouteError::Lookup(failed) => Self::of_lookup(failed),
            RouteError::NoDomain(_) | RouteError::NullMx(_) | RouteError::Ourselves => None,
        }
    }

    /// A failed TLSA lookup, or one for the alias that decides on TLSA, is a failure of DANE whatever its cause.
    fn of_lookup(failed: &FailedLookup) -> Option<Self> {
        let decides = matches!(
            failed.question.query_type(),
            QueryType::Tlsa | QueryType::Cname
        );
        (decides || failed.concerns_validation()).then_some(Self::DnssecInvalid)
    }

    fn of_host_error(error: &HostError) -> Option<Self> {
        match error {
            HostError::Lookup(failed) => Self::of_lookup(failed),
            HostError::AliasesDisagree | HostError::AliasChanged => Some(Self::DnssecInvalid),
            HostError::TlsaSet(_) | HostError::NoUsableTlsa => Some(Self::TlsaInvalid),
            HostError::DaneRequired(_) | HostError::UnprovenLoop => Some(Self::DaneRequired),
            HostError::NoAddress { .. }
            | HostError::AliasRefused
            | HostError::Ourselves
            | HostError::NotOfRoute
            | HostError::NoBetterThanOurselves => None,
        }
    }

    /// Unusable records are reported even where mail went on encrypted.
    fn of_plan(plan: &Plan) -> Option<Self> {
        let of_encryption = |encryption: &Encryption| match encryption.cause() {
            EncryptCause::AllUnusable(_) => Some(Self::TlsaInvalid),
            EncryptCause::InsecureMx(_) => None,
        };
        match plan.tls() {
            TlsPolicy::Encrypt(encryption) => of_encryption(encryption),
            TlsPolicy::Opportunistic(_) | TlsPolicy::Authenticate(_) | TlsPolicy::Pkix(_) => None,
            TlsPolicy::Audit(audit) => match audit.demand() {
                Demand::Encrypt(encryption) => of_encryption(encryption),
                Demand::Authenticate(_) => None,
                Demand::Refuse(error) => Self::of_host_error(error),
            },
        }
    }

    /// RFC 8460 §4.3.1.
    const fn of_verify_error(error: VerifyError) -> Self {
        match error {
            VerifyError::NameMismatch => Self::CertificateHostMismatch,
            VerifyError::Expired => Self::CertificateExpired,
            VerifyError::NoCertificate | VerifyError::ChainBudget => Self::ValidationFailure,
            _ => Self::CertificateNotTrusted,
        }
    }

    const fn of_refusal(refusal: &Refusal) -> Option<Self> {
        match refusal {
            Refusal::StartTlsNotOffered | Refusal::StartTlsRejected { .. } => {
                Some(Self::StartTlsNotSupported)
            }
            Refusal::NotAuthenticated(error) => Some(Self::of_verify_error(*error)),
            Refusal::PlaintextInjected | Refusal::HandshakeFailed => Some(Self::ValidationFailure),
            Refusal::HelloRejected { .. } | Refusal::ConnectionLost => None,
        }
    }
}

impl fmt::Display for ResultType {
    /// The string of the registry.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StartTlsNotSupported => "starttls-not-supported",
            Self::CertificateHostMismatch => "certificate-host-mismatch",
            Self::CertificateExpired => "certificate-expired",
            Self::CertificateNotTrusted => "certificate-not-trusted",
            Self::ValidationFailure => "validation-failure",
            Self::TlsaInvalid => "tlsa-invalid",
            Self::DnssecInvalid => "dnssec-invalid",
            Self::DaneRequired => "dane-required",
        })
    }
}
