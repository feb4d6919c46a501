//! What a delivery came to, and what happened on the way.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use super::{Objection, Transfer};
use crate::resolve::{Exchanger, Host, HostError, Plan, Route, RouteError};
use crate::session::{Assurance, Refusal};
use crate::verify::Scope;

/// What a delivery came to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        rename_all = "kebab-case",
        rename_all_fields = "kebab-case",
        deny_unknown_fields
    )
)]
#[expect(clippy::exhaustive_enums, reason = "a queue must act on each")]
pub enum Outcome {
    /// A server took the mail.
    Delivered {
        /// The host as its MX record names it.
        host: Host,
        /// Its address.
        address: IpAddr,
        /// How well the connection was protected.
        assurance: Assurance,
        /// In an audit: why this connection would not have been given the mail, were DANE enforced.
        would_refuse: Option<Objection>,
    },
    /// Not now: keep the mail and try again, with fresh lookups. Every failure of DANE or of the DNS is of this kind
    /// (RFC 7672 §2.1.2, §2.2).
    Deferred(Deferral),
    /// Never: return the mail.
    Failed(Failure),
}

impl Outcome {
    /// In an audit (RFC 7672 §9.1): why the connection that took the mail would not have been given it, were DANE enforced. Another
    /// host or another day might have served.
    #[must_use]
    pub const fn would_refuse(&self) -> Option<&Objection> {
        match self {
            Self::Delivered { would_refuse, .. } => would_refuse.as_ref(),
            Self::Deferred(_) | Self::Failed(_) => None,
        }
    }

    /// Why there is no route, if that is the reason.
    #[cfg(feature = "serde")]
    pub(super) const fn route_error(&self) -> Option<&RouteError> {
        match self {
            Self::Deferred(Deferral::NoRoute(error)) | Self::Failed(Failure::NoRoute(error)) => {
                Some(error)
            }
            Self::Delivered { .. } | Self::Deferred(_) | Self::Failed(_) => None,
        }
    }

    pub(super) fn without_route(error: RouteError) -> Self {
        if error.is_permanent() {
            Self::Failed(Failure::NoRoute(error))
        } else {
            Self::Deferred(Deferral::NoRoute(error))
        }
    }

    /// No host took the mail. It is only final if every host is out for good; else the reason of the best host that may
    /// come back is given.
    pub(super) fn without_host(hosts: &[HostRecord], route: &Route) -> Self {
        if let Some(deferral) = hosts.iter().find_map(HostRecord::deferral) {
            return Self::Deferred(deferral);
        }
        if route.has_unproven_loop() {
            return Self::Deferred(Deferral::NoRoute(RouteError::UnprovenLoop));
        }
        let barred = |host: &HostRecord| {
            let error = host.plan().err()?;
            Some((host.exchanger.clone(), error.clone()))
        };
        let mut barred = hosts.iter().filter_map(barred);
        // A route has a host. If it had none, waiting would be the lesser evil.
        let Some((best, why)) = barred.clone().next() else {
            return Self::Deferred(Deferral::NoRoute(RouteError::UnprovenLoop));
        };
        let ourselves = barred.find(|(_, error)| *error == HostError::Ourselves);
        let is_waited_for = match &ourselves {
            Some((own, _)) => best.preference() < own.preference(),
            None => route.is_by_relay() || route.has_this_site(),
        };
        // That a better host has no address says nothing of the mail that this site holds for it as a worse MX host (RFC 5321 §5.1),
        // whenever it is that this site was recognised, and a relay without one is the administrator's mistake: both may be mended.
        if is_waited_for {
            let host = best.host().clone();
            return Self::Deferred(Deferral::Host { host, error: why });
        }
        let (barred, error) = ourselves.unwrap_or((best, why));
        let host = barred.host().clone();
        Self::Failed(Failure::NoHost { host, error })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delivered {
                host, assurance, ..
            } => {
                // A log must not read the same whether mail went to the right server or in cleartext to any.
                let how = match assurance {
                    Assurance::Cleartext(_) => "in cleartext",
                    Assurance::Encrypted | Assurance::NotAuthenticated(_) => {
                        "encrypted, without authentication"
                    }
                    Assurance::Authenticated(verified) => match verified.scope() {
                        Scope::NextHop => "authenticated",
                        Scope::Host => "authenticated as that host alone",
                    },
                };
                write!(f, "delivered to {host}, {how}")
            }
            Self::Deferred(deferral) => write!(f, "deferred: {deferral}"),
            Self::Failed(failure) => write!(f, "failed: {failure}"),
        }
    }
}

/// Why mail must wait.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum Deferral {
    /// Nobody knows now where it should go.
    NoRoute(RouteError),
    /// The host may not be used now.
    Host {
        /// The best host that may come back.
        host: Host,
        /// What is wrong with it.
        error: HostError,
    },
    /// The host could not be reached.
    Unreachable {
        /// The best host that may come back.
        host: Host,
    },
    /// The host was reached, and no connection to it may be given mail.
    Refused {
        /// The best host that may come back.
        host: Host,
        /// What was wrong with the first connection that was refused.
        refusal: Refusal,
    },
    /// The host would not take the mail now.
    NotTaken {
        /// The best host that may come back.
        host: Host,
        /// What it did instead.
        transfer: Transfer,
    },
}

impl Deferral {
    /// The place in the standards that decides so.
    #[must_use]
    pub const fn cite(&self) -> &'static str {
        match self {
            Self::NoRoute(error) => error.cite(),
            Self::Host { error, .. } => error.cite(),
            Self::Unreachable { .. } => "RFC 5321 §5.1",
            Self::Refused { refusal, .. } => refusal.cite(),
            Self::NotTaken { transfer, .. } => transfer.cite(),
        }
    }
}

impl fmt::Display for Deferral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoute(error) => write!(f, "{error}"),
            Self::Host { host, error } => write!(f, "{host}: {error}"),
            Self::Unreachable { host } => write!(f, "{host}: no connection"),
            Self::Refused { host, refusal } => write!(f, "{host}: {refusal}"),
            Self::NotTaken { host, transfer } => write!(f, "{host}: {transfer}"),
        }
    }
}

/// Why mail cannot be delivered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum Failure {
    /// There is nowhere to take it.
    NoRoute(RouteError),
    /// No host of the domain can take it; this is what is wrong with the best one.
    NoHost {
        /// The best host.
        host: Host,
        /// What is wrong with it.
        error: HostError,
    },
    /// A host refused it.
    Rejected {
        /// The host.
        host: Host,
        /// Its reply code.
        code: u16,
    },
}

impl Failure {
    /// The place in the standards that decides so.
    #[must_use]
    pub const fn cite(&self) -> &'static str {
        match self {
            Self::NoRoute(error) => error.cite(),
            Self::NoHost { error, .. } => error.cite(),
            Self::Rejected { .. } => "RFC 5321 §4.2.1",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoute(error) => write!(f, "{error}"),
            Self::NoHost { host, error } => write!(f, "{host}: {error}"),
            Self::Rejected { host, code } => write!(f, "{host}: the mail was refused with {code}"),
        }
    }
}

impl Transfer {
    /// The place in the standards that says what such a reply means.
    #[must_use]
    pub const fn cite(self) -> &'static str {
        match self {
            Self::Accepted | Self::Rejected { .. } | Self::Delayed { .. } => "RFC 5321 §4.2.1",
            Self::Interrupted => "RFC 5321 §4.5.4.1",
        }
    }
}

impl fmt::Display for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("the mail was accepted"),
            Self::Rejected { code } => write!(f, "the mail was refused with {code}"),
            Self::Delayed { code } => write!(f, "the mail was refused for now with {code}"),
            Self::Interrupted => f.write_str("the connection broke while the mail was sent"),
        }
    }
}

/// What came of one host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostRecord {
    exchanger: Exchanger,
    plan: Result<Arc<Plan>, Box<HostError>>,
    attempts: Vec<Attempt>,
}

impl HostRecord {
    pub(super) fn skipped(exchanger: Exchanger, error: HostError) -> Self {
        Self {
            exchanger,
            plan: Err(Box::new(error)),
            attempts: Vec::new(),
        }
    }

    pub(super) const fn tried(
        exchanger: Exchanger,
        plan: Arc<Plan>,
        attempts: Vec<Attempt>,
    ) -> Self {
        Self {
            exchanger,
            plan: Ok(plan),
            attempts,
        }
    }

    /// The host.
    #[must_use]
    pub const fn exchanger(&self) -> &Exchanger {
        &self.exchanger
    }

    /// How it was to be spoken to.
    ///
    /// # Errors
    /// Why it was not spoken to.
    pub fn plan(&self) -> Result<&Plan, &HostError> {
        self.plan.as_deref().map_err(|error| &**error)
    }

    /// What came of each address that was tried.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// Why mail for this host must wait, unless the host is out for good.
    fn deferral(&self) -> Option<Deferral> {
        let host = self.exchanger.host().clone();
        match self.plan() {
            Err(error) if is_definite(error) => None,
            Err(error) => Some(Deferral::Host {
                host,
                error: error.clone(),
            }),
            Ok(_) => {
                // A host that was reached says more than an address that was not.
                let telling = |attempt: &Attempt| match attempt.result() {
                    AttemptResult::Refused(refusal) => Some(Deferral::Refused {
                        host: host.clone(),
                        refusal: *refusal,
                    }),
                    AttemptResult::NotTaken { transfer, .. } => Some(Deferral::NotTaken {
                        host: host.clone(),
                        transfer: *transfer,
                    }),
                    AttemptResult::Unreachable | AttemptResult::Delivered(_) => None,
                };
                let found = self.attempts.iter().find_map(telling);
                Some(found.unwrap_or(Deferral::Unreachable { host }))
            }
        }
    }
}

/// Whether trying this host again is pointless.
const fn is_definite(error: &HostError) -> bool {
    match error {
        HostError::NoAddress { .. } | HostError::Ourselves | HostError::NoBetterThanOurselves => {
            true
        }
        HostError::Lookup(_)
        | HostError::AliasRefused
        | HostError::AliasesDisagree
        | HostError::AliasChanged
        | HostError::TlsaSet(_)
        | HostError::DaneRequired(_)
        | HostError::NoUsableTlsa
        | HostError::UnprovenLoop
        | HostError::NotOfRoute => false,
    }
}

/// What came of one address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    address: IpAddr,
    /// What came of it, unless there was no connection: a queue keeps such attempts by the million, and the other results are large.
    connected: Option<Box<AttemptResult>>,
}

impl Attempt {
    pub(super) fn new(address: IpAddr, result: AttemptResult) -> Self {
        let connected = (result != AttemptResult::Unreachable).then(|| Box::new(result));
        Self { address, connected }
    }

    /// The address.
    #[must_use]
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// What came of it.
    #[must_use]
    pub const fn result(&self) -> &AttemptResult {
        match &self.connected {
            Some(result) => result,
            None => &AttemptResult::Unreachable,
        }
    }
}

/// What came of one address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum AttemptResult {
    /// No connection.
    Unreachable,
    /// The connection was not fit to be given mail.
    Refused(Refusal),
    /// The connection was fit, but the server did not take the mail.
    NotTaken {
        /// How well the connection was protected.
        assurance: Assurance,
        /// What the server did.
        transfer: Transfer,
    },
    /// The server took the mail.
    Delivered(Assurance),
}
