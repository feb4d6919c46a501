//! Model checking: the real machines of `smtp-dane` against an adversary who may do anything that DANE has to withstand.
//!
//! ```text
//!   zone of the world ──▶ resolver ──answer──▶ ┌─────────┐ ◀──event── server ◀── certificates of the world
//!                            ▲                 │ machine │              ▲
//!          holds back, forges what is unsigned │ under   │ strips, injects, refuses, drops, shows anything
//!                            └── adversary ──▶ │  test   │ ◀── adversary┘
//!                                              └─────────┘
//!                 what was answered, what was shown ──▶ ghost state ──▶ properties
//! ```
//!
//! The checker, stateright, goes every way from the initial states: every open query may be answered next, by every answer that
//! the world allows, and everything may happen on a connection. A state is the machine itself, a value, and the ghost state
//! beside it.
//!
//! # The adversary
//!
//! - Secure answers are true to the zone; insecure ones are any of the lies of the world: other MX lists, the adversary's address
//!   or this site's own, aliases of a host of the adversary's own that is signed and has TLSA records, loops, denials, TLSA records.
//!   Aliases are answered in one reply or one by one.
//! - Any lookup may fail at any time. In some worlds the zone changes while it is asked.
//! - STARTTLS is stripped, refused with 454, 421 or 250, or followed by octets; the handshake fails, or shows the right
//!   certificate, another one, the right one behind another one, octets that nobody can read, or nothing; the raw public key
//!   likewise. The connection is refused or lost at any moment; mail is accepted, refused, delayed, or interrupted.
//! - In every state, each event that does not belong there is tried as well: late answers, answers to other questions, unknown
//!   numbers, events of other states, a proof for another host.
//!
//! # The properties
//!
//! They stand in `property.rs`. They read the ghost state (`facts.rs` and `known.rs`: the answers that were given; `server.rs`:
//! what happened on the connection), the zone, and the `step` of the machine; never its fields, and never what it believes of
//! the world, as its TLS policy or its plan. What a host has published is what the world was made with (`Tlsa::published`), not what
//! the library makes of the records. That every run ends: the models count events against a bound that is computed from the
//! world, and every state but the last ones has a way on. A run that is past its bound is not followed further, so that a machine
//! that never ends is found rather than explored for ever. The properties with "sometimes" fail if a model explores too little.
//!
//! # The models, and why together they cover the whole
//!
//! | model | real machines | worlds |
//! |---|---|---|
//! | session | `Session` | every TLS policy of a relay × failed TLS × raw public keys × digests × implicit TLS, everything on the wire |
//! | host | `HostLookup`, then `Session` | all that a zone can say of one host × every kind of route × the policies that a lookup reads |
//! | routing | `Routing` | up to three hosts, aliases, denials, null MX × who this site is × modes |
//! | delivery | `Delivery` | up to three hosts, or two with two addresses each, of a few kinds each; bounds of the attempts |
//! | audit | two `Delivery`s | one or two hosts, an audit and no DANE side by side |
//!
//! The product of all worlds is out of reach; the split leaves out nothing that one machine hands to another:
//! `Delivery` gives a host lookup nothing but the host, the route and the policy, so a host is looked up just as in the model
//! *host*, whatever was tried before it; it gives a session nothing but the TLS policy of the plan and the policy of the
//! site, so each connection goes as in the model *session*. What is left to `Delivery` is which host and address comes
//! next, what is kept of those before, and the outcome; for these a few kinds of hosts stand for all. The model *host* takes
//! the lenient value of the two policies that a session alone reads, which allows every way that the strict value allows.
//!
//! The small worlds, which `cargo test` runs, are part of the full ones, which `.ci/run models` runs in a release build; the model
//! *session* has but one size. In the small worlds the addresses that *routing* asks for are answered from both ends of the list, in
//! the full ones in any order.
//!
//! # What is not covered
//!
//! - Trust anchors (usage 2), names, dates and signatures: the certificates are fixed, and the records here name the server's own.
//!   `tests/prop_verify.rs` and `tests/openssl` are for these. Messages of the DNS and their parser: `tests/prop_dns.rs`, and fuzzing.
//! - TLS policies by the public PKI (submission) are looked up, but no chain is ever shown that a root would prove.
//! - Long chains of aliases, more than three hosts, more than two addresses, ports other than 25, IPv4 before IPv6.
//! - States are told apart by digests of 64 bits, so that one may be missed; among a million with a chance of one in 10⁷.
//! - The lies are a small alphabet. That others do not matter rests on reading the code, which compares names and addresses and
//!   does nothing else with them.
//!
//! # Mutants
//!
//! `mutants/list.txt` holds faults, each with the property that must notice it; `mutants/run` puts them into a copy of the library
//! one by one. A fault that no longer applies fails the run, and so does one with which the models do not come to an end. Every
//! property has at least one.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "a model may stop at what it did not expect"
)]

mod cases;
mod domains;
mod facts;
mod known;
mod model;
pub mod mutant;
mod property;
mod resolver;
mod run;
mod server;
mod strange;
mod worlds;
mod zone;

pub use cases::Size;
pub use property::PROPERTIES;
pub use run::Report;

use run::check;

/// Explores a model in its worlds of one size.
pub type Explore = fn(Size) -> Report;

/// The models, by name.
pub const MODELS: [(&str, Explore); 5] = [
    ("session", |_| {
        check("session", model::session::Sessions::new())
    }),
    ("host", |size| check("host", model::host::Hosts::new(size))),
    ("routing", |size| {
        check("routing", model::routing::Routes::new(size))
    }),
    ("delivery", |size| {
        check("delivery", model::delivery::Deliveries::new(size))
    }),
    ("audit", |size| {
        check("audit", model::audit::Audits::new(size))
    }),
];

/// Runs the models of these names, or all if there are none, prints what came of each, and says whether everything holds.
///
/// # Errors
/// If there is no model of one of these names; nothing is run then.
pub fn run(size: Size, names: &[String]) -> Result<bool, String> {
    if let Some(unknown) = names.iter().find(|name| !is_model(name)) {
        let known = MODELS.map(|(name, _)| name).join(", ");
        return Err(format!("no model {unknown}; there are {known}"));
    }
    let (mut unique, mut total, mut time, mut holds) = (0, 0, 0.0, true);
    for (name, model) in MODELS {
        if names.is_empty() || names.iter().any(|wanted| wanted == name) {
            let report = model(size);
            println!("{report}");
            unique += report.unique;
            total += report.total;
            time += report.time.as_secs_f64();
            holds &= report.holds();
        }
    }
    println!(
        "{:<10} {unique:>9} states, {total:>10} with repeats, {time:>18.2} s",
        "total"
    );
    Ok(holds)
}

fn is_model(name: &str) -> bool {
    MODELS.iter().any(|(model, _)| *model == name)
}
