//! What each fuzz target does with its input. A `run` panics when something that must hold does not.
//!
//! The bodies need no fuzzer: `tests/replay.rs` runs them over the seeds on any toolchain, and `run` feeds them to libFuzzer.

pub mod certificate;
pub mod delivery;
pub mod dns_differential;
pub mod dns_message;
pub mod host_lookup;
pub mod name;
pub mod names;
pub mod scenario;
pub mod stored_delivery;
pub mod tlsa_rdata;
pub mod verify_chain;

mod answers;
mod fixtures;
mod ghost;

/// A fuzz target: its name, which is that of its binary and of its folder of seeds, and what it runs.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 11] = [
    ("certificate", certificate::run),
    ("delivery", delivery::run),
    ("dns_differential", dns_differential::run),
    ("dns_message", dns_message::run),
    ("host_lookup", host_lookup::run),
    ("name", name::run),
    ("names", names::run),
    ("scenario", scenario::run),
    ("stored_delivery", stored_delivery::run),
    ("tlsa_rdata", tlsa_rdata::run),
    ("verify_chain", verify_chain::run),
];
