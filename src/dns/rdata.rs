//! The record data that a delivery reads: A, AAAA, CNAME, MX, TLSA.

use core::net::IpAddr;

use super::QueryType;
use crate::name::Name;
use crate::tlsa;

/// The data of one record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "one variant for each `QueryType`")]
pub enum RecordData {
    /// A (RFC 1035 §3.4.1) or AAAA.
    Address(IpAddr),
    /// CNAME: the name that the owner is an alias of (RFC 1035 §3.3.1).
    Alias(Name),
    /// MX.
    Mx(Mx),
    /// TLSA.
    Tlsa(tlsa::Record),
}

impl RecordData {
    /// The type that a record with this data is of.
    #[must_use]
    pub const fn query_type(&self) -> QueryType {
        match self {
            Self::Address(IpAddr::V4(_)) => QueryType::A,
            Self::Address(IpAddr::V6(_)) => QueryType::Aaaa,
            Self::Alias(_) => QueryType::Cname,
            Self::Mx(_) => QueryType::Mx,
            Self::Tlsa(_) => QueryType::Tlsa,
        }
    }
}

/// A mail exchange (RFC 1035 §3.3.9).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    clippy::exhaustive_structs,
    reason = "an MX record has just these parts"
)]
pub struct Mx {
    /// Hosts of lower preference are tried first (RFC 5321 §5.1).
    pub preference: u16,
    /// The host that takes mail, as the record names it; the root means "none" (RFC 7505 §3).
    pub exchange: Name,
}
