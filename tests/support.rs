//! A world to deliver mail in: a zone with marks of security and failure, a resolver in front of it, and servers.
//!
//! The resolver answers as a validating recursive one does, in real messages, so that every test goes through the parser.

pub mod arbitrary;
pub mod certificates;
pub mod dane;
pub mod der;
pub mod documented;
pub mod drive;
#[cfg(feature = "rustls")]
pub mod handshake;
pub mod message;
pub mod normal;
pub mod odd;
pub mod pki;
pub mod published;
pub mod random;
pub mod sites;
pub mod three_hosts;
pub mod wire;
pub mod world;
pub mod zone;

use smtp_dane::Name;
use smtp_dane::dns::{QueryType, Question};

pub fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub fn question(owner: &str, query_type: QueryType) -> Question {
    Question::new(name(owner), query_type)
}
