//! Benchmarks of `smtp-dane`, in a package of their own so that what they need never becomes a dependency of the library.
//!
//! Every figure is a ratio: our work over the same work by a peer, or over the part of it that nobody can save, both measured in
//! one run.
//!
//! ```console
//! $ benches/run
//! ```
//!
//! OpenSSL is measured in `tests/openssl`, the one place with bindings to it.
//!
//! ```text
//! messages.rs      DNS messages, honest and hostile
//! certificates.rs  leaves and chains
//! delivery.rs      one whole delivery
//! site.rs          a domain of any size, and its deliveries at each stage
//! scaling.rs       how the cost grows with the size
//! paths.rs         the hot paths, each as something that can be run again and again
//! peers.rs         the same steps, written with other crates
//! table.rs         which figure stands over which, and what is aimed at
//! ```

pub mod certificates;
pub mod delivery;
pub mod messages;
pub mod paths;
pub mod peers;
pub mod scaling;
pub mod site;
pub mod table;
