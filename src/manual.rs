//! Documentation alone: what an embedder must know that belongs to no single type.
//!
//! | module | question |
//! |---|---|
//! | [`embedding`] | how a mail server of one's own makes its decisions with this crate |
//! | [`migrating`] | what the options of Postfix, Exim and OpenSSL are called here |
//! | [`decisions`] | what the DNS and the server say, and what follows |
//! | [`resolver`] | which resolver, over which path, and how to see that it validates |
//! | [`threats`] | who can do what to the mail under each policy |
//! | [`machines`] | each state of each machine, and what each event leads to |
//! | [`reuse`] | when an open connection or a kept TLS session may carry other mail |

#[doc = include_str!("manual/decisions.md")]
pub mod decisions {}

#[doc = include_str!("manual/embedding.md")]
pub mod embedding {}

#[doc = include_str!("manual/machines.md")]
pub mod machines {}

#[doc = include_str!("manual/migrating.md")]
pub mod migrating {}

#[doc = include_str!("manual/resolver.md")]
pub mod resolver {}

#[doc = include_str!("manual/reuse.md")]
pub mod reuse {}

#[doc = include_str!("manual/threats.md")]
pub mod threats {}
