//! What a client decides about a domain, in words that both sides can be put into.

use std::fmt;

/// A decision.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// Mail goes to a server that proved by DANE who it is.
    Authenticated,
    /// Mail goes over TLS, which the domain's TLSA records demand, to a server that proved nothing.
    Encrypted,
    /// Mail goes over TLS because the server happened to offer it.
    Tls,
    /// Mail goes in cleartext.
    Cleartext,
    /// Mail waits, with this enhanced status code.
    Deferred(String),
    /// Mail goes back, with this enhanced status code.
    Failed(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authenticated => f.pad("authenticated"),
            Self::Encrypted => f.pad("encrypted"),
            Self::Tls => f.pad("tls"),
            Self::Cleartext => f.pad("cleartext"),
            Self::Deferred(status) => f.pad(&format!("deferred {status}")),
            Self::Failed(status) => f.pad(&format!("failed {status}")),
        }
    }
}
