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
//! # DANE from the beginning
//!
//! Mail goes from server to server. Whether it is encrypted on the way is settled in cleartext: the server offers STARTTLS (RFC
//! 3207), and where a client sees no offer, it sends without. So whoever sits between the two has but one line to delete. Nor
//! would any certificate tell him from the server, since the client does not know whose it should be: the name of the host
//! comes from an MX record, and that can be forged, too.
//!
//! DNSSEC signs what a zone publishes. A resolver that validates knows the owner's records from anybody else's, and a record
//! that was kept from it from one that does not exist. What it found out reaches this crate as [`dns::Security`]: *secure*, or
//! *insecure* where the owner signs nothing. A reply that should have been signed and is not is no answer at all, but a
//! [`LookupError`](dns::LookupError).
//!
//! DANE publishes both halves of what was missing. The MX record is signed, so the name of the host is the owner's word; and
//! beside the host stands a TLSA record, which says that this server *does* have TLS, and by what to know it:
//!
//! ```text
//! example.com.             IN MX   10 mx.example.com.
//! mx.example.com.          IN A    192.0.2.1
//! _25._tcp.mx.example.com. IN TLSA 3 1 1 5c59753a9d12819d…
//!                                  │ │ └─ matching type: 0 itself, 1 its SHA-256, 2 its SHA-512
//!                                  │ └─── selector: 0 the certificate, 1 its public key
//!                                  └───── usage: 3 the server's own, 2 that of an authority above it
//! ```
//!
//! Usage 3, DANE-EE, is the whole story: what the server presents is compared, and neither names nor dates in it count (RFC
//! 7672 §3.1.1). With usage 2, DANE-TA, the certificates that the server sends must lead to that authority, and its own must
//! bear one of the names that the client expects (§3.1.2, §3.2.2). Usages 0 and 1 want a public authority besides and are of no
//! use between mail servers, which have no list of those in common (§3.1.3).
//!
//! Nobody agrees on anything beforehand: the client does for each host what the DNS says of it (§2.2).
//!
//! | the DNS says | mail goes | or else |
//! |---|---|---|
//! | secure TLSA records, some usable | over TLS, to a server that matches one | to the next host; at the end it waits |
//! | secure TLSA records, none usable | over TLS, whatever the certificate | to the next host; at the end it waits |
//! | none, and that is secure; or a zone that is not signed | over TLS if it is offered | in cleartext |
//! | nothing, for the lookup failed | not to this host now | to the next host; at the end it waits |
//!
//! The last row matters most: if a lookup that fails were taken for a record that is not there, it would take no more than a
//! lost reply to turn all of this off (§2.1). And mail that cannot be sent as it should be is deferred, not returned, since
//! most of the time somebody has changed a key and forgotten the record. [`publish`] is for this somebody.
//!
//! # Three promises
//!
//! 1. **It fails closed, and says why.** A lookup that failed is never taken for an absence; a host with secure TLSA records
//!    never gets mail in cleartext, and with usable ones never without authentication. Every reason is a variant of an enum
//!    with a sentence and its place in the standards. (A policy may lower what is demanded behind an insecure MX answer, or not
//!    enforce DANE at all: [`DaneMode::AuditOnly`], [`DaneMode::Off`].)
//! 2. **The dangerous values are proofs.** A [`TlsaSet`](tlsa::TlsaSet) exists only for usable records that came under
//!    DNSSEC, an [`Authentication`] only with such a set, a [`Verified`] only for certificates that matched it, and a
//!    [`Session`](session::Session) takes a `Verified` for its own `Authentication` alone. Two ways lead round the
//!    lookup, and say so: [`Authentication::from_vouched_records`] is for tools, and a delivery that was stored (feature `serde`)
//!    brings back what its lookups had found, as trustworthy as the queue that kept it. A `Verified` comes back as a report alone.
//! 3. **Machines are plain values.** Each has `step`, a pure look at what is wanted now, and `handle`, which takes one event
//!    and changes nothing if the event does not belong to the state. They can be cloned, compared and hashed, and a
//!    [`Delivery`](delivery::Delivery) can be stored (feature `serde`); to drop a future between two calls loses nothing.
//!
//! # The loop
//!
//! Drive a [`Delivery`](delivery::Delivery) until it is done. The README shows the whole loop; the parts can be driven alone,
//! too, see [`resolve`] and [`session`].
//!
//! # What is left to the caller
//!
//! - **A resolver that validates**, over a path that nobody can alter: whoever sets [`Trust::AdBit`](dns::Trust) vouches for
//!   it. A resolver that strips the AD bit turns DANE off silently: [`ResolverCheck`](resolve::ResolverCheck) asks it beforehand.
//! - **TLS itself**: at least TLS 1.2 without anonymous suites, the server name of the policy, proof that the server holds
//!   the key of its certificate, and the certificates handed over just as they came. A session that is resumed is judged
//!   again.
//! - **SMTP itself**, time-outs, and when to try again.
//!
//! # Features
//!
//! None is on by default, and none changes a decision.
//!
//! - `hickory`: answers from the messages and lookups of the hickory crates, with their DNSSEC proofs.
//! - `rustls`: a verifier that judges certificates within a rustls handshake.
//! - `serde`: TLS reports as JSON (RFC 8460); policies, outcomes and their reasons as values that can be written and read; and
//!   deliveries that can be stored and go on after a restart, see
//!   [`manual::embedding`](manual::embedding#storing-a-delivery-in-a-queue). It needs no `std` either.
//!
//! # Reading order
//!
//! [`Name`], then [`dns`] (what an answer is), [`resolve`] (route and plan), [`tlsa`] and [`cert`] (records and certificates),
//! [`Authentication`] (the verdict), [`session`], [`delivery`], [`report`]. For those who run a server: [`publish`].
//! What belongs to no single type stands in the [`manual`]: embedding, the decisions in tables, threats, the resolver, open
//! connections and kept TLS sessions, and what the options of other mail servers are called here.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

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

/// The vocabulary of certificates, times and signature algorithms, which stands in this crate's functions: `rustls-pki-types`.
pub use pki_types;

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
