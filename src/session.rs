//! [`Session`]: STARTTLS and TLS of one connection, held against a [`TlsPolicy`].
//!
//! ```text
//! AwaitingHello ──offered──▶ AwaitingStartTlsReply ──220──▶ AwaitingHandshake ──▶ Ready
//!       │                            │                            │
//!       └── not offered, refused, failed: Abandoned ──────────────┘
//!           under an opportunistic policy instead:
//!           Ready in cleartext on this connection, or AwaitingReconnection ─▶ AwaitingCleartextHello ─▶ Ready
//!           where the records allow a raw public key, after a failed handshake, once:
//!           AwaitingReconnection ─▶ AwaitingHello ─▶ … ─▶ Ready or Abandoned
//! ```
//!
//! Cleartext is reached under [`TlsPolicy::Opportunistic`] alone (RFC 7672 §2.2), or in an audit, which protects nothing; and never
//! after a server sent anything behind its reply to STARTTLS: that is an attack on what follows, whatever the policy.
//!
//! Certificates are asked for first, and a raw public key (RFC 7250) on a second connection if the first handshake failed:
//! TLS stacks ask for the one or the other, and nearly every server has certificates. The second connection demands the
//! same proof as the first.
//!
//! What each event leads to in each state: [`manual::machines`](crate::manual::machines).

mod reason;

pub use reason::{Downgrade, Refusal};

use pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};

use crate::policy::{FailedTls, Policy, RawPublicKeys};
use crate::resolve::{Demand, TlsPolicy, Unexpected};
use crate::verify::{Authentication, Verified, VerifyError};

/// The machine that decides whether a connection may be given mail.
///
/// The caller opens the connection, and closes it when the session is abandoned or wants a new one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Session {
    state: State,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum State {
    AwaitingHello(Aim),
    AwaitingStartTlsReply(Aim),
    AwaitingHandshake(Aim),
    AwaitingReconnection(Again),
    AwaitingCleartextHello(Downgrade),
    Ready(Assurance),
    Abandoned(Refusal),
}

/// What the handshake on this connection is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Aim {
    /// To see certificates.
    Certificates(TlsPolicy, AfterFailure),
    /// To see a raw public key, after a handshake for certificates failed.
    RawPublicKey(Authentication),
}

/// What may follow a first handshake that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum AfterFailure {
    Nothing,
    /// Only ever beside [`TlsPolicy::Opportunistic`] and [`TlsPolicy::Audit`].
    Cleartext,
    RawPublicKey,
}

/// What a second connection is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Again {
    Cleartext(Downgrade),
    RawPublicKey(Authentication),
}

impl Session {
    /// Starts with a fresh connection.
    #[must_use]
    pub fn new(tls: TlsPolicy, policy: &Policy) -> Self {
        let after_failure = AfterFailure::under(&tls, policy);
        Self {
            state: State::AwaitingHello(Aim::Certificates(tls, after_failure)),
        }
    }

    /// Starts with a fresh connection on which TLS comes first, as on the submission port 465 (RFC 8314 §3.3). There is no
    /// way to cleartext or to a second connection from here, whatever the policy.
    #[must_use]
    pub const fn with_implicit_tls(tls: TlsPolicy) -> Self {
        Self {
            state: State::AwaitingHandshake(Aim::Certificates(tls, AfterFailure::Nothing)),
        }
    }

    /// What is wanted now.
    #[must_use]
    pub const fn step(&self) -> Step<'_> {
        match &self.state {
            State::AwaitingHello(_) | State::AwaitingCleartextHello(_) => Step::Hello,
            State::AwaitingStartTlsReply(_) => Step::StartTls,
            State::AwaitingHandshake(Aim::Certificates(tls, _)) => Step::Handshake(tls),
            State::AwaitingHandshake(Aim::RawPublicKey(wanted)) => {
                Step::RawPublicKeyHandshake(wanted)
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
            (State::AwaitingHello(aim), Event::Hello(offer)) => after_hello(aim, offer),
            (State::AwaitingHello(_), event) => State::Abandoned(before_tls(event)?),
            (State::AwaitingStartTlsReply(aim), event) => after_start_tls(aim, event)?,
            (State::AwaitingHandshake(aim), event) => match aim {
                Aim::Certificates(tls, next) => after_handshake(tls, *next, event)?,
                Aim::RawPublicKey(wanted) => after_raw_public_key(wanted, event)?,
            },
            (State::AwaitingReconnection(again), Event::Reconnected) => match again {
                Again::Cleartext(why) => State::AwaitingCleartextHello(*why),
                Again::RawPublicKey(wanted) => {
                    State::AwaitingHello(Aim::RawPublicKey(wanted.clone()))
                }
            },
            (State::AwaitingReconnection(again), Event::ConnectionLost) => {
                State::Abandoned(match again {
                    Again::Cleartext(_) => Refusal::ConnectionLost,
                    // There was a connection, and its TLS is what failed.
                    Again::RawPublicKey(_) => Refusal::HandshakeFailed,
                })
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

impl AfterFailure {
    /// RFC 7672 §2.2 lets a client retry in cleartext where DANE does not apply, and nowhere else.
    fn under(tls: &TlsPolicy, policy: &Policy) -> Self {
        match tls {
            TlsPolicy::Opportunistic(_) | TlsPolicy::Audit(_)
                if policy.failed_tls == FailedTls::Cleartext =>
            {
                Self::Cleartext
            }
            TlsPolicy::Authenticate(wanted)
                if policy.raw_public_keys == RawPublicKeys::AfterCertificates
                    && wanted.offers_raw_public_key() =>
            {
                Self::RawPublicKey
            }
            TlsPolicy::Opportunistic(_)
            | TlsPolicy::Encrypt(_)
            | TlsPolicy::Authenticate(_)
            | TlsPolicy::Pkix(_)
            | TlsPolicy::Audit(_) => Self::Nothing,
        }
    }
}

/// The server greeted and answered EHLO.
fn after_hello(aim: &Aim, offer: StartTlsOffer) -> State {
    match (offer, aim) {
        (StartTlsOffer::Offered, aim) => State::AwaitingStartTlsReply(aim.clone()),
        (
            StartTlsOffer::Absent,
            Aim::Certificates(TlsPolicy::Opportunistic(_) | TlsPolicy::Audit(_), _),
        ) => State::Ready(Assurance::Cleartext(Downgrade::NotOffered)),
        // RFC 7672 §2.2: TLSA records are a promise of TLS.
        (StartTlsOffer::Absent, Aim::Certificates(..) | Aim::RawPublicKey(_)) => {
            State::Abandoned(Refusal::StartTlsNotOffered)
        }
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

fn after_start_tls(aim: &Aim, event: Event) -> Result<State, Unexpected> {
    let next = match aim {
        Aim::Certificates(_, next) => *next,
        Aim::RawPublicKey(_) => AfterFailure::Nothing,
    };
    match event {
        // What an attacker puts behind the reply would be read as if it had come over TLS, or in answer to what is said next.
        Event::StartTlsReply { buffered: 1.., .. } => {
            Ok(State::Abandoned(Refusal::PlaintextInjected))
        }
        Event::StartTlsReply { code: 220, .. } => Ok(State::AwaitingHandshake(aim.clone())),
        Event::StartTlsReply { code, .. } => Ok(match (next, code) {
            // RFC 5321 §3.8: after this reply the server closes the connection.
            (AfterFailure::Cleartext, 421) => {
                State::AwaitingReconnection(Again::Cleartext(Downgrade::Rejected { code }))
            }
            (AfterFailure::Cleartext, _) => {
                State::Ready(Assurance::Cleartext(Downgrade::Rejected { code }))
            }
            (AfterFailure::Nothing | AfterFailure::RawPublicKey, _) => {
                State::Abandoned(Refusal::StartTlsRejected { code })
            }
        }),
        Event::ConnectionLost => Ok(without_tls(next, Refusal::ConnectionLost)),
        _ => Err(Unexpected),
    }
}

/// The handshake for certificates is over.
fn after_handshake(tls: &TlsPolicy, next: AfterFailure, event: Event) -> Result<State, Unexpected> {
    match (event, tls) {
        (Event::HandshakeFailed, TlsPolicy::Authenticate(wanted))
            if next == AfterFailure::RawPublicKey =>
        {
            // A server that has nothing but a raw public key cannot do a handshake for certificates (RFC 7250 §4.2).
            let again = Again::RawPublicKey(wanted.clone());
            Ok(State::AwaitingReconnection(again))
        }
        (Event::HandshakeFailed, _) => Ok(without_tls(next, Refusal::HandshakeFailed)),
        (Event::ConnectionLost, _) => Ok(without_tls(next, Refusal::ConnectionLost)),
        (event, TlsPolicy::Audit(audit)) => after_audited_handshake(audit.demand(), next, event),
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
        (Event::NotAuthenticated(_), TlsPolicy::Opportunistic(_) | TlsPolicy::Encrypt(_)) => {
            Ok(without_tls(next, Refusal::HandshakeFailed))
        }
        _ => Err(Unexpected),
    }
}

/// The handshake of an audit succeeded: mail goes on, whatever the verdict (RFC 7672 §9.1).
fn after_audited_handshake(
    demand: &Demand,
    next: AfterFailure,
    event: Event,
) -> Result<State, Unexpected> {
    match (event, demand) {
        (Event::Authenticated(verified), Demand::Authenticate(wanted))
            if verified.is_for(wanted.fingerprint()) =>
        {
            Ok(State::Ready(Assurance::Authenticated(verified)))
        }
        (Event::NotAuthenticated(error), Demand::Authenticate(_)) => {
            Ok(State::Ready(Assurance::NotAuthenticated(error)))
        }
        (Event::Encrypted, Demand::Encrypt(_) | Demand::Refuse(_)) => {
            Ok(State::Ready(Assurance::Encrypted))
        }
        (Event::NotAuthenticated(_), Demand::Encrypt(_) | Demand::Refuse(_)) => {
            Ok(without_tls(next, Refusal::HandshakeFailed))
        }
        _ => Err(Unexpected),
    }
}

/// The handshake for a raw public key is over; nothing comes after it.
fn after_raw_public_key(wanted: &Authentication, event: Event) -> Result<State, Unexpected> {
    match event {
        Event::Authenticated(verified) if verified.is_for(wanted.fingerprint()) => {
            Ok(State::Ready(Assurance::Authenticated(verified)))
        }
        Event::NotAuthenticated(error) => Ok(State::Abandoned(Refusal::NotAuthenticated(error))),
        Event::HandshakeFailed => Ok(State::Abandoned(Refusal::HandshakeFailed)),
        Event::ConnectionLost => Ok(State::Abandoned(Refusal::ConnectionLost)),
        _ => Err(Unexpected),
    }
}

/// TLS was begun and failed: a new connection in cleartext where DANE does not apply (RFC 7672 §2.2), else the end.
const fn without_tls(next: AfterFailure, refusal: Refusal) -> State {
    match next {
        AfterFailure::Cleartext => {
            State::AwaitingReconnection(Again::Cleartext(Downgrade::HandshakeFailed))
        }
        AfterFailure::Nothing | AfterFailure::RawPublicKey => State::Abandoned(refusal),
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
    /// Do the TLS handshake and report how it ended. Certificates are judged as the policy demands, those of a resumed session,
    /// too: [`Event::of_handshake`] does so.
    Handshake(&'a TlsPolicy),
    /// Do the TLS handshake, but ask for a raw public key (RFC 7250) in place of certificates, and report how it ended. The key is
    /// judged by [`Authentication::verify_raw_public_key`]. Comes only under [`RawPublicKeys::AfterCertificates`].
    RawPublicKeyHandshake(&'a Authentication),
    /// Close the connection and open another one to the same address; report [`Event::Reconnected`].
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
        /// How many octets were already read behind this reply: what a buffered reader holds when it has given the reply
        /// (`BufReader::buffer().len()`). Zero only if nothing was read beyond it: octets that are not reported are an attack that
        /// goes unnoticed (RFC 3207 §4.2).
        buffered: usize,
    },
    /// The handshake succeeded, and its certificates need not or cannot be judged.
    Encrypted,
    /// The handshake succeeded, and so did [`Authentication::verify`](crate::Authentication::verify).
    Authenticated(Verified),
    /// The handshake succeeded, but the certificates were not what was published.
    NotAuthenticated(VerifyError),
    /// The handshake failed: an alert, no common version, a time-out, or a connection that was closed in its middle, as servers do
    /// that want nothing of what was offered.
    HandshakeFailed,
    /// The new connection is open.
    Reconnected,
    /// The connection, or the new one, broke or timed out outside of a handshake.
    ConnectionLost,
}

impl Event {
    /// What a handshake that succeeded means under `tls`: the certificates are judged if it demands that, see
    /// [`Authentication::verify`](crate::Authentication::verify), and are of no account if it does not. `roots` are public
    /// authorities, for [`TlsPolicy::Pkix`] alone.
    ///
    /// **Danger: a certificate is public, and anybody can show it.** Only the signature in the handshake proves that the server holds
    /// its key, and this function cannot see that. Most TLS stacks check it whatever is set; rustls leaves it to its
    /// `ServerCertVerifier`, and one whose `verify_tls13_signature` only says `HandshakeSignatureValid::assertion()` lets everybody
    /// pass for every server. Use `rustls::DaneVerifier` of this crate (feature `rustls`), which checks it.
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
            TlsPolicy::Audit(audit) => match audit.demand() {
                Demand::Authenticate(wanted) => wanted.verify(chain, now, algorithms),
                Demand::Encrypt(_) | Demand::Refuse(_) => return Self::Encrypted,
            },
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
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[expect(clippy::exhaustive_enums, reason = "a log must word each of them")]
pub enum Assurance {
    /// Not at all.
    Cleartext(Downgrade),
    /// By TLS with a server that was not authenticated.
    Encrypted,
    /// By TLS with a server that was to be authenticated and was not; comes under [`TlsPolicy::Audit`] alone.
    NotAuthenticated(VerifyError),
    /// By TLS with a server that was authenticated, by its TLSA records or, for submission, by the public PKI.
    Authenticated(Verified),
}
