//! Why mail goes in cleartext, or not at all.

use core::fmt;

use crate::resolve::TlsPolicy;
use crate::verify::VerifyError;

/// Why mail goes in cleartext.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum Downgrade {
    /// The server does not offer STARTTLS.
    NotOffered,
    /// The server offered STARTTLS and refused it.
    Rejected {
        /// The reply code.
        code: u16,
    },
    /// The handshake failed, or the connection broke when TLS was begun.
    HandshakeFailed,
}

impl Downgrade {
    /// The place in the standards that allows it where DANE does not apply, and forbids it where it does.
    #[must_use]
    pub const fn cite(self) -> &'static str {
        match self {
            Self::NotOffered | Self::Rejected { .. } | Self::HandshakeFailed => "RFC 7672 §2.2",
        }
    }

    /// The place that decides under this policy: where DANE applies, an audit is all that lets cleartext pass.
    #[must_use]
    pub const fn cite_under(self, tls: &TlsPolicy) -> &'static str {
        match tls {
            TlsPolicy::Audit(_) => "RFC 7672 §9.1",
            _ => self.cite(),
        }
    }
}

impl fmt::Display for Downgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOffered => f.write_str("the server does not offer STARTTLS"),
            Self::Rejected { code } => write!(f, "the server refused STARTTLS with {code}"),
            Self::HandshakeFailed => f.write_str("the TLS handshake failed"),
        }
    }
}

/// Why a connection must not be given mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum Refusal {
    /// TLS is demanded, and the server does not offer STARTTLS.
    StartTlsNotOffered,
    /// TLS is demanded, and the server refused STARTTLS.
    StartTlsRejected {
        /// The reply code.
        code: u16,
    },
    /// Octets came behind the reply to STARTTLS.
    PlaintextInjected,
    /// The handshake failed.
    HandshakeFailed,
    /// The certificates are not what was published.
    NotAuthenticated(VerifyError),
    /// The server refused to talk.
    HelloRejected {
        /// The reply code.
        code: u16,
    },
    /// The connection broke.
    ConnectionLost,
}

impl Refusal {
    /// The place in the standards that forbids to go on.
    #[must_use]
    pub const fn cite(&self) -> &'static str {
        match self {
            Self::StartTlsNotOffered | Self::StartTlsRejected { .. } | Self::HandshakeFailed => {
                "RFC 7672 §2.2"
            }
            Self::PlaintextInjected => "RFC 3207 §4.2",
            Self::NotAuthenticated(error) => error.cite(),
            Self::HelloRejected { .. } | Self::ConnectionLost => "RFC 5321 §5.1",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StartTlsNotOffered => {
                f.write_str("TLS is demanded, but the server does not offer STARTTLS")
            }
            Self::StartTlsRejected { code } => {
                write!(
                    f,
                    "TLS is demanded, but the server refused STARTTLS with {code}"
                )
            }
            Self::PlaintextInjected => f.write_str("cleartext came behind the reply to STARTTLS"),
            Self::HandshakeFailed => f.write_str("the TLS handshake failed"),
            Self::NotAuthenticated(error) => write!(f, "the server is not authenticated: {error}"),
            Self::HelloRejected { code } => write!(f, "the server refused to talk with {code}"),
            Self::ConnectionLost => f.write_str("the connection was lost"),
        }
    }
}
