//! [`Status`]: the outcome as SMTP codes.
//!
//! RFC 7672 registers no code of its own, so the mapping is a convention; a caller may use another. Its one rule is firm:
//! every failure of DANE and of the DNS is temporary (class 4), the missing TLSA record under mandatory DANE included. Only
//! what is definite is permanent: no such domain, no host, no mail here, a loop, or the server's own refusal.
//!
//! | outcome | enhanced | basic |
//! |---|---|---|
//! | delivered | 2.0.0 | 250 |
//! | a lookup failed | 4.4.3 | 451 |
//! | not authenticated; mandatory DANE and no usable TLSA record; injected cleartext | 4.7.5 | 451 |
//! | TLS is needed and not offered, refused or failed | 4.7.10 | 451 |
//! | no connection | 4.4.1 | 451 |
//! | the connection broke while the mail was sent | 4.4.2 | 451 |
//! | no host that may be used now | 4.4.4 | 451 |
//! | the domain does not exist | 5.1.2 | 550 |
//! | no host has an address | 5.4.4 | 550 |
//! | null MX | 5.1.10 | 556 |
//! | this site is the best MX host | 5.4.6 | 550 |
//! | the server refused the mail | 4.0.0, 5.0.0 | its own |

use alloc::format;
use alloc::string::String;
use core::fmt;

use crate::delivery::{Deferral, Failure, Outcome, Transfer};
use crate::resolve::{HostError, RouteError};
use crate::session::Refusal;

/// An enhanced status code (RFC 3463) with the basic code that goes with it.
///
/// ```
/// use smtp_dane::delivery::{Deferral, Outcome};
/// use smtp_dane::report::Status;
/// use smtp_dane::resolve::RouteError;
///
/// let outcome = Outcome::Deferred(Deferral::NoRoute(RouteError::InsecureMx));
/// let status = Status::of(&outcome);
/// assert_eq!(status.to_string(), "451 4.7.5");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case", deny_unknown_fields)
)]
#[expect(clippy::exhaustive_structs, reason = "a caller may make its own")]
pub struct Status {
    /// The three-digit reply code.
    pub basic: u16,
    /// Class, subject and detail.
    pub enhanced: (u8, u16, u16),
}

impl Status {
    /// The status of an outcome.
    #[must_use]
    pub const fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Delivered { .. } => Self::new(250, (2, 0, 0)),
            Outcome::Deferred(deferral) => Self::of_deferral(deferral),
            Outcome::Failed(failure) => Self::of_failure(failure),
        }
    }

    /// The codes and the sentence that goes with them, as for a queue's log or a delay notice: whether it is temporary, which
    /// query or check failed at which host, and the place in the standards.
    #[must_use]
    pub fn line(outcome: &Outcome) -> String {
        let status = Self::of(outcome);
        match outcome {
            Outcome::Delivered { would_refuse, .. } => match would_refuse {
                None => format!("{status} {outcome}"),
                Some(objection) => format!(
                    "{status} {outcome}; were DANE enforced, it would be refused: {objection} [{}]",
                    objection.cite()
                ),
            },
            Outcome::Deferred(deferral) => format!(
                "{status} temporary, the mail is kept: {deferral} [{}]",
                deferral.cite()
            ),
            Outcome::Failed(failure) => {
                format!("{status} permanent: {failure} [{}]", failure.cite())
            }
        }
    }

    const fn new(basic: u16, enhanced: (u8, u16, u16)) -> Self {
        Self { basic, enhanced }
    }

    const fn of_deferral(deferral: &Deferral) -> Self {
        let (subject, detail) = match deferral {
            Deferral::NoRoute(error) => return Self::of_route(error),
            Deferral::Host { error, .. } => match error {
                HostError::Lookup(_) | HostError::AliasesDisagree | HostError::AliasChanged => {
                    (4, 3)
                }
                HostError::TlsaSet(_)
                | HostError::DaneRequired(_)
                | HostError::NoUsableTlsa
                | HostError::UnprovenLoop => (7, 5),
                HostError::NoAddress { .. }
                | HostError::AliasRefused
                | HostError::Ourselves
                | HostError::NotOfRoute
                | HostError::NoBetterThanOurselves => (4, 4),
            },
            Deferral::Unreachable { .. } => (4, 1),
            Deferral::Refused { refusal, .. } => match refusal {
                Refusal::NotAuthenticated(_) | Refusal::PlaintextInjected => (7, 5),
                Refusal::StartTlsNotOffered
                | Refusal::StartTlsRejected { .. }
                | Refusal::HandshakeFailed => (7, 10),
                Refusal::HelloRejected { .. } | Refusal::ConnectionLost => (4, 1),
            },
            Deferral::NotTaken { transfer, .. } => match transfer {
                Transfer::Delayed { code } => {
                    return Self::new(of_class(*code, 4, 450), (4, 0, 0));
                }
                Transfer::Interrupted | Transfer::Accepted | Transfer::Rejected { .. } => (4, 2),
            },
        };
        Self::new(451, (4, subject, detail))
    }

    const fn of_failure(failure: &Failure) -> Self {
        match failure {
            Failure::NoRoute(error) => Self::of_route(error),
            Failure::NoHost { error, .. } => match error {
                HostError::Ourselves | HostError::NoBetterThanOurselves => {
                    Self::new(550, (5, 4, 6))
                }
                _ => Self::new(550, (5, 4, 4)),
            },
            Failure::Rejected { code, .. } => Self::new(of_class(*code, 5, 550), (5, 0, 0)),
        }
    }

    const fn of_route(error: &RouteError) -> Self {
        match error {
            RouteError::Lookup(_) => Self::new(451, (4, 4, 3)),
            RouteError::InsecureMx | RouteError::UnprovenLoop => Self::new(451, (4, 7, 5)),
            RouteError::NoDomain(_) => Self::new(550, (5, 1, 2)),
            RouteError::NullMx(_) => Self::new(556, (5, 1, 10)),
            RouteError::Ourselves => Self::new(550, (5, 4, 6)),
        }
    }
}

/// A server's code, or an ordinary one if it does not say what the caller says it does: the two codes of a status must
/// agree (RFC 5248 §2).
const fn of_class(code: u16, class: u16, ordinary: u16) -> u16 {
    if code / 100 == class { code } else { ordinary }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (class, subject, detail) = self.enhanced;
        write!(f, "{} {class}.{subject}.{detail}", self.basic)
    }
}
