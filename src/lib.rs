//! DANE for SMTP (RFC 7672): decides, and never does I/O.
//!
//! This crate opens no socket, asks no resolver, does no TLS handshake, reads no clock and draws no random number. It is told
//! what a DNS resolver answered and what a TLS handshake showed, and says what an SMTP client must do next: which hosts to
//! try in which order, whether a connection must be encrypted or authenticated and by what, whether mail may be sent over
//! it, and what became of the delivery. So it fits any runtime, any resolver and any TLS stack.
//!
//! ```text
//!                 ┌──────────────────────── Delivery ────────────────────────┐
//!                 │                                                          │
//!  NextHop ──▶ Routing ──Route──▶ HostLookup ──Plan──▶ Session ──Assurance──▶ Outcome
//!              MX, aliases,       A, AAAA, CNAME,      STARTTLS, TLS,         delivered,
//!              order, loops       TLSA                 Verified               deferred, failed
//!                 ▲                  ▲                    ▲
//!                 └──── Answer ──────┘                    └──── Authentication::verify
//!                  of your resolver                             certificates of your TLS stack
//! ```
//!
//! # Three promises
//!
//! 1. **It fails closed, and says why.** A lookup that failed is never taken for an absence; a host with secure TLSA records
//!    never gets mail in cleartext, and with usable ones never without authentication. Every reason is a variant of an enum
//!    with a sentence and its place in the standards. (A policy may lower what is
//!    demanded behind an insecure MX answer, or not enforce DANE at all: [`DaneMode::AuditOnly`], [`DaneMode::Off`].)
//! 2. **The dangerous values are proofs.** A [`TlsaSet`](tlsa::TlsaSet) exists only for usable records that came under
//!    DNSSEC, an [`Authentication`] only with such a set, a [`Verified`] only for certificates that matched it, and a
//!    [`Session`](session::Session) takes a `Verified` for its own `Authentication` alone. The one way round the lookup,
//!    [`Authentication::from_vouched_records`], is for tools and says so.
//! 3. **Machines are plain values.** Each has `step`, a pure look at what is wanted now, and `handle`, which takes one event
//!    and changes nothing if the event does not belong to the state. They can be cloned, compared, hashed and stored; to
//!    drop a future between two calls loses nothing.
//!
//! # The loop
//!
//! Drive a [`Delivery`](delivery::Delivery) until it is done. The README shows the whole loop; the parts can be driven alone,
//! too, see [`resolve`] and [`session`].
//!
//! # What is left to the caller
//!
//! - **A resolver that validates**, over a path that nobody can alter: whoever sets [`Trust::AdBit`](dns::Trust) vouches for
//!   it. A resolver that strips the AD bit turns DANE off silently.
//! - **TLS itself**: at least TLS 1.2 without anonymous suites, the server name of the policy, proof that the server holds
//!   the key of its certificate, and the certificates handed over just as they came. A session that is resumed is judged
//!   again.
//! - **SMTP itself**, time-outs, and when to try again.
//!
//! # Reading order
//!
//! [`Name`], then [`dns`] (what an answer is), [`resolve`] (route and plan), [`tlsa`] and [`cert`] (records and certificates),
//! [`Authentication`] (the verdict), [`session`], [`delivery`], [`report`]. For those who run a server: [`publish`].
//! What belongs to no single type stands in the [`manual`]: embedding, the decisions in tables, threats, the resolver, open
//! connections and kept TLS sessions, and what the options of other mail servers are called here.
#![no_std]

extern crate alloc;

pub mod cert;
pub mod delivery;
pub mod dns;
#[cfg(feature = "hickory")]
pub mod hickory;
pub mod manual;
mod name;
mod octets;
mod policy;
pub mod publish;
pub mod report;
pub mod resolve;
#[cfg(feature = "rustls")]
pub mod rustls;
pub mod session;
pub mod tlsa;
mod verify;

pub use name::{MAX_LABEL, MAX_NAME, Name, NameError};
pub use policy::{
    AddressFamily, AnchorDates, Bounds, CnId, DaneMode, Digests, FailedTls, Identity,
};
pub use policy::{InsecureMx, MxAlias, Policy, RawPublicKeys};
pub use resolve::Unexpected;
pub use verify::{Authentication, MAX_CHAIN, NoAuthentication, PublicPki, Scope};
pub use verify::{Verified, VerifyError};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
