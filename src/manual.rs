//! Documentation alone: what an embedder must know that belongs to no single type.

#[doc = include_str!("manual/reuse.md")]
pub mod reuse {}
