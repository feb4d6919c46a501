//! [`Objection`]: what an audit found.

use core::fmt;

use crate::resolve::{Demand, HostError, TlsPolicy};
use crate::session::{Assurance, Downgrade, Refusal};

/// Why a connection would not have been given mail, were DANE enforced (RFC 7672 §9.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a host is refused before or after a connection"
)]
pub enum Objection {
    /// The host would not have been connected to.
    Host(HostError),
    /// The connection would have been abandoned.
    Connection(Refusal),
}

impl Objection {
    /// Holds what was reached against what would have been demanded. For the attempts that did not bring the mail home; that of
    /// the one that did stands in the outcome.
    #[must_use]
    pub fn to(tls: &TlsPolicy, assurance: &Assurance) -> Option<Self> {
        let TlsPolicy::Audit(audit) = tls else {
            return None;
        };
        if let Demand::Refuse(error) = audit.demand() {
            return Some(Self::Host(error.clone()));
        }
        let refusal = match assurance {
            Assurance::Cleartext(Downgrade::NotOffered) => Refusal::StartTlsNotOffered,
            Assurance::Cleartext(Downgrade::Rejected { code }) => {
                Refusal::StartTlsRejected { code: *code }
            }
            Assurance::Cleartext(Downgrade::HandshakeFailed) => Refusal::HandshakeFailed,
            Assurance::NotAuthenticated(error) => Refusal::NotAuthenticated(*error),
            Assurance::Encrypted | Assurance::Authenticated(_) => return None,
        };
        Some(Self::Connection(refusal))
    }

    /// The place in the standards that would forbid to go on.
    #[must_use]
    pub const fn cite(&self) -> &'static str {
        match self {
            Self::Host(error) => error.cite(),
            Self::Connection(refusal) => refusal.cite(),
        }
    }
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(error) => write!(f, "{error}"),
            Self::Connection(refusal) => write!(f, "{refusal}"),
        }
    }
}
