//! [`Session`]: STARTTLS and TLS of one connection, held against a [`TlsPolicy`].
//!
//! ```text
//! AwaitingHello ──offered──▶ AwaitingStartTlsReply ──220──▶ AwaitingHandshake ──▶ Ready
//!       │                            │                            │
//!       └── not offered, refused, failed: Abandoned ──────────────┘
//!           under an opportunistic policy instead:
//!           Ready in cleartext on this connection, or AwaitingReconnection ─▶ AwaitingCleartextHello ─▶ Ready
//! ```
//!
//! Cleartext is reached under [`TlsPolicy::Opportunistic`] alone (RFC 7672 §2.2), and never after a server sent cleartext
//! behind its reply to STARTTLS: that is an attack on what follows, whatever the policy.

use core::fmt;

use pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};

use crate::resolve::{TlsPolicy, Unexpected};
use crate::verify::{Verified, VerifyError};

/// The machine that decides whether a connection may be given mail.
///
/// The caller opens the connection, and closes it when the session is abandoned or wants a new one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Session {
    state: State,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum State {
    AwaitingHello(TlsPolicy),
    AwaitingStartTlsReply(TlsPolicy),
    AwaitingHandshake(TlsPolicy),
    AwaitingImplicitHandshake(TlsPolicy),
    AwaitingReconnection(Downgrade),
    AwaitingCleartextHello(Downgrade),
    Ready(Assurance),
    Abandoned(Refusal),
}

impl Session {
    /// Starts with a fresh connection.
    #[must_use]
    pub const fn new(tls: TlsPolicy) -> Self {
        Self {
            state: State::AwaitingHello(tls),
        }
    }

    /// Starts with a fresh connection on which TLS comes first, as on the submission port 465 (RFC 8314 §3.3). There is no
    /// way to cleartext from here, whatever the policy.
    #[must_use]
    pub const fn with_implicit_tls(tls: TlsPolicy) -> Self {
        Self {
            state: State::AwaitingImplicitHandshake(tls),
        }
    }

    /// What is wanted now.
    #[must_use]
    pub const fn step(&self) -> Step<'_> {
        match &self.state {
            State::AwaitingHello(_) | State::AwaitingCleartextHello(_) => Step::Hello,
            State::AwaitingStartTlsReply(_) => Step::StartTls,
            State::AwaitingHandshake(tls) | State::AwaitingImplicitHandshake(tls) => {
                Step::Handshake(tls)
            }
            State::AwaitingReconnection(_) => Step::Reconnect,
            State::Ready(assurance) => Step::Transfer(assurance),
            State::Abandoned(refusal) => Step::Abandon(refusal),
        }
    }

    /// Takes what happened on the connection.
    ///
    /// # Errors
    /// [`Unexpected`] if it cannot happen in this state, or a proof is not for this session; nothing has changed then.
    pub fn handle(&mut self, event: Event) -> Result<(), Unexpected> {
        self.state = match (&self.state, event) {
            (State::AwaitingHello(tls), Event::Hello(offer)) => after_hello(tls, offer),
            (State::AwaitingHello(_), event) => State::Abandoned(before_tls(event)?),
            (State::AwaitingStartTlsReply(tls), event) => after_start_tls(tls, event)?,
            (State::AwaitingHandshake(tls), event) => after_handshake(tls, event)?,
            (State::AwaitingImplicitHandshake(tls), event) => match after_handshake(tls, event)? {
                State::AwaitingReconnection(_) => State::Abandoned(Refusal::HandshakeFailed),
                next => next,
            },
            (State::AwaitingReconnection(why), Event::Reconnected) => {
                State::AwaitingCleartextHello(*why)
            }
            (State::AwaitingReconnection(_), Event::ConnectionLost) => {
                State::Abandoned(Refusal::ConnectionLost)
            }
            (State::AwaitingCleartextHello(why), Event::Hello(_)) => {
                State::Ready(Assurance::Cleartext(*why))
            }
            (State::AwaitingCleartextHello(_), event) => State::Abandoned(before_tls(event)?),
            (State::AwaitingReconnection(_) | State::Ready(_) | State::Abandoned(_), _) => {
                return Err(Unexpected);
            }
        };
        Ok(())
    }
}

/// The server greeted and answered EHLO.
fn after_hello(tls: &TlsPolicy, offer: StartTlsOffer) -> State {
    match (offer, tls) {
        (StartTlsOffer::Offered, tls) => State::AwaitingStartTlsReply(tls.clone()),
        (StartTlsOffer::Absent, TlsPolicy::Opportunistic(_)) => {
            State::Ready(Assurance::Cleartext(Downgrade::NotOffered))
        }
        // RFC 7672 §2.2: TLSA records are a promise of TLS.
        (
            StartTlsOffer::Absent,
            TlsPolicy::Encrypt(_) | TlsPolicy::Authenticate(_) | TlsPolicy::Pkix(_),
        ) => State::Abandoned(Refusal::StartTlsNotOffered),
    }
}

/// The connection went wrong before TLS was spoken of.
fn before_tls(event: Event) -> Result<Refusal, Unexpected> {
    match event {
        Event::HelloRejected { code } => Ok(Refusal::HelloRejected { code }),
        Event::ConnectionLost => Ok(Refusal::ConnectionLost),
        _ => Err(Unexpected),
    }
}

fn after_start_tls(tls: &TlsPolicy, event: Event) -> Result<State, Unexpected> {
    match (event, tls) {
        (
            Event::StartTlsReply {
                code: 220,
                buffered: 0,
            },
            tls,
        ) => Ok(State::AwaitingHandshake(tls.clone())),
        // What an attacker puts behind the reply would be read as if it had come over TLS.
        (Event::StartTlsReply { code: 220, .. }, _) => {
            Ok(State::Abandoned(Refusal::PlaintextInjected))
        }
        // RFC 5321 §3.8: after this reply the server closes the connection.
        (Event::StartTlsReply { code: 421, .. }, TlsPolicy::Opportunistic(_)) => {
            Ok(State::AwaitingReconnection(Downgrade::Rejected {
                code: 421,
            }))
        }
        (Event::StartTlsReply { code, .. }, TlsPolicy::Opportunistic(_)) => {
            Ok(State::Ready(Assurance::Cleartext(Downgrade::Rejected {
                code,
            })))
        }
        (
            Event::StartTlsReply { code, .. },
            TlsPolicy::Encrypt(_) | TlsPolicy::Authenticate(_) | TlsPolicy::Pkix(_),
        ) => Ok(State::Abandoned(Refusal::StartTlsRejected { code })),
        (Event::ConnectionLost, tls) => Ok(without_tls(tls, Refusal::ConnectionLost)),
        _ => Err(Unexpected),
    }
}

fn after_handshake(tls: &TlsPolicy, event: Event) -> Result<State, Unexpected> {
    match (event, tls) {
        (Event::Encrypted, TlsPolicy::Opportunistic(_) | TlsPolicy::Encrypt(_)) => {
            Ok(State::Ready(Assurance::Encrypted))
        }
        // A proof for other records, another name or another host is no proof here.
        (Event::Authenticated(verified), TlsPolicy::Authenticate(wanted))
            if verified.is_for(wanted.fingerprint()) =>
        {
            Ok(State::Ready(Assurance::Authenticated(verified)))
        }
        (Event::Authenticated(verified), TlsPolicy::Pkix(wanted))
            if verified.is_for(&wanted.fingerprint()) =>
        {
            Ok(State::Ready(Assurance::Authenticated(verified)))
        }
        (Event::NotAuthenticated(error), TlsPolicy::Authenticate(_) | TlsPolicy::Pkix(_)) => {
            Ok(State::Abandoned(Refusal::NotAuthenticated(error)))
        }
        // Where nothing need be proved, certificates that nobody could read are a handshake that failed.
        (Event::NotAuthenticated(_), TlsPolicy::Opportunistic(_) | TlsPolicy::Encrypt(_))
        | (Event::HandshakeFailed, _) => Ok(without_tls(tls, Refusal::HandshakeFailed)),
        (Event::ConnectionLost, tls) => Ok(without_tls(tls, Refusal::ConnectionLost)),
        _ => Err(Unexpected),
    }
}

/// TLS was begun and failed: a new connection in cleartext where DANE does not apply (RFC 7672 §2.2), else the end.
const fn without_tls(tls: &TlsPolicy, refusal: Refusal) -> State {
    match tls {
        TlsPolicy::Opportunistic(_) => State::AwaitingReconnection(Downgrade::HandshakeFailed),
        TlsPolicy::Encrypt(_) | TlsPolicy::Authenticate(_) | TlsPolicy::Pkix(_) => {
            State::Abandoned(refusal)
        }
    }
}

/// What the caller must do on the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a caller must act on each")]
pub enum Step<'a> {
    /// Read the greeting if it has not come yet, send EHLO, report [`Event::Hello`].
    Hello,
    /// Send STARTTLS, report [`Event::StartTlsReply`].
    StartTls,
    /// Do the TLS handshake and report how it ended. Under [`TlsPolicy::Authenticate`] the certificates are judged by
    /// [`Authentication::verify`](crate::Authentication::verify), those of a resumed session, too.
    Handshake(&'a TlsPolicy),
    /// Close the connection and open another one to the same address, for cleartext; report [`Event::Reconnected`].
    Reconnect,
    /// The connection may be given mail. After TLS, forget what EHLO said before and send it again (RFC 3207 §4.2).
    Transfer(&'a Assurance),
    /// Close the connection: it must not be given mail.
    Abandon(&'a Refusal),
}

/// What happened on the connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the caller makes these")]
pub enum Event {
    /// The server answered EHLO, or HELO where it does not know EHLO.
    Hello(StartTlsOffer),
    /// The server refused to talk, in its greeting or in its answer to EHLO and HELO.
    HelloRejected {
        /// The reply code.
        code: u16,
    },
    /// The server answered STARTTLS.
    StartTlsReply {
        /// The reply code.
        code: u16,
        /// How many octets were already read behind this reply.
        buffered: usize,
    },
    /// The handshake succeeded, and its certificates need not or cannot be judged.
    Encrypted,
    /// The handshake succeeded, and so did [`Authentication::verify`](crate::Authentication::verify).
    Authenticated(Verified),
    /// The handshake succeeded, but the certificates were not what was published.
    NotAuthenticated(VerifyError),
    /// The handshake failed: an alert, no common version, a time-out.
    HandshakeFailed,
    /// The new connection is open.
    Reconnected,
    /// The connection, or the new one, broke or timed out.
    ConnectionLost,
}

impl Event {
    /// What a handshake that succeeded means under `tls`: the certificates are judged if it demands that, see
    /// [`Authentication::verify`](crate::Authentication::verify), and are of no account if it does not. `roots` are public
    /// authorities, for [`TlsPolicy::Pkix`] alone.
    #[must_use]
    pub fn of_handshake(
        tls: &TlsPolicy,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
        roots: &[TrustAnchor<'_>],
    ) -> Self {
        let verdict = match tls {
            TlsPolicy::Opportunistic(_) | TlsPolicy::Encrypt(_) => return Self::Encrypted,
            TlsPolicy::Authenticate(wanted) => wanted.verify(chain, now, algorithms),
            TlsPolicy::Pkix(wanted) => wanted.verify(chain, now, algorithms, roots),
        };
        verdict.map_or_else(Self::NotAuthenticated, Self::Authenticated)
    }
}

/// Whether the answer to EHLO listed STARTTLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "it is listed or not")]
pub enum StartTlsOffer {
    /// It did.
    Offered,
    /// It did not.
    Absent,
}

/// How well the connection that gets the mail is protected.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a log must word each of them")]
pub enum Assurance {
    /// Not at all.
    Cleartext(Downgrade),
    /// By TLS with a server that was not authenticated.
    Encrypted,
    /// By TLS with a server that was authenticated, by its TLSA records or, for submission, by the public PKI.
    Authenticated(Verified),
}

/// Why mail goes in cleartext.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// The place in the standards that allows it where DANE does not apply.
    #[must_use]
    pub const fn cite(self) -> &'static str {
        match self {
            Self::NotOffered | Self::Rejected { .. } | Self::HandshakeFailed => "RFC 7672 §2.2",
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
