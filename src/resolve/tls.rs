//! [`TlsPolicy`]: what a connection to a host must live up to.

use alloc::vec::Vec;
use core::fmt;

use pki_types::DnsName;

use super::HostError;
use crate::name::Name;
use crate::tlsa::{Record, TlsaSet, Unusable};
use crate::verify::{Authentication, PublicPki};

/// What a connection to a host must live up to (RFC 7672 §2.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a TLS layer must act on each")]
pub enum TlsPolicy {
    /// DANE does not apply: TLS if the server has it, cleartext if not.
    Opportunistic(NotApplicable),
    /// TLS is demanded, authentication is not.
    Encrypt(Encryption),
    /// TLS is demanded, and the server must be authenticated.
    Authenticate(Authentication),
    /// TLS is demanded, and the server must be authenticated by the public PKI: a submission server.
    Pkix(PublicPki),
    /// Nothing is demanded; what DANE would demand is judged and noted ([`DaneMode::AuditOnly`](crate::DaneMode::AuditOnly)).
    Audit(Audit),
}

impl TlsPolicy {
    /// The name to send in the server name indication: the TLSA base domain (RFC 7672 §8.1), or the configured name of a
    /// submission server.
    ///
    /// `None` where DANE does not apply, so that the name is the caller's choice, or the base domain is no host name.
    #[must_use]
    pub fn server_name(&self) -> Option<DnsName<'static>> {
        match self {
            Self::Pkix(pkix) => pkix.name().to_server_name(),
            Self::Opportunistic(_) | Self::Encrypt(_) | Self::Authenticate(_) | Self::Audit(_) => {
                self.tlsa_base()?.to_server_name()
            }
        }
    }

    /// The name below which the TLSA records stand (RFC 7672 §2.2.3).
    #[must_use]
    pub const fn tlsa_base(&self) -> Option<&Name> {
        match self {
            Self::Opportunistic(_) | Self::Pkix(_) => None,
            Self::Encrypt(encryption) => Some(encryption.base()),
            Self::Authenticate(authentication) => Some(authentication.base()),
            Self::Audit(audit) => match audit.demand() {
                Demand::Encrypt(encryption) => Some(encryption.base()),
                Demand::Authenticate(authentication) => Some(authentication.base()),
                Demand::Refuse(_) => None,
            },
        }
    }

    /// The same, to be judged and not to be enforced.
    pub(super) fn audited(self) -> Self {
        match self {
            Self::Encrypt(encryption) => Self::Audit(Audit::of(Demand::Encrypt(encryption))),
            Self::Authenticate(wanted) => Self::Audit(Audit::of(Demand::Authenticate(wanted))),
            Self::Opportunistic(_) | Self::Pkix(_) | Self::Audit(_) => self,
        }
    }
}

/// What DANE would demand of a host, were it enforced (RFC 7672 §9.1). Only the lookup of a host makes one, now or
/// before the delivery was stored (feature `serde`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Audit {
    demand: Demand,
}

impl Audit {
    pub(super) const fn of(demand: Demand) -> Self {
        Self { demand }
    }

    /// What would be demanded.
    #[must_use]
    pub const fn demand(&self) -> &Demand {
        &self.demand
    }
}

/// What DANE would demand.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a TLS layer must act on each")]
pub enum Demand {
    /// TLS without authentication.
    Encrypt(Encryption),
    /// TLS with a server that is authenticated.
    Authenticate(Authentication),
    /// That no connection be opened.
    Refuse(HostError),
}

/// Why DANE does not apply to a host, though every lookup succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum NotApplicable {
    /// The host was given as an address.
    AddressLiteral,
    /// The MX answer is insecure, and the policy does not look for TLSA records then.
    InsecureMx,
    /// The host's addresses are insecure.
    InsecureAddress,
    /// The host's addresses are insecure, and so is the alias that led to them.
    InsecureAlias,
    /// There are no secure TLSA records.
    NoTlsa,
    /// The server takes mail from users.
    Submission,
    /// The policy does not use DANE.
    SwitchedOff,
}

impl NotApplicable {
    /// The place in the standards that decides so.
    #[must_use]
    pub const fn cite(self) -> &'static str {
        match self {
            Self::AddressLiteral => "RFC 7672 §2.2",
            Self::InsecureMx => "RFC 7672 §2.2.1",
            Self::InsecureAddress | Self::InsecureAlias => "RFC 7672 §2.2.2",
            Self::NoTlsa => "RFC 7672 §2.2.3",
            Self::Submission => "RFC 7672 §7",
            Self::SwitchedOff => "RFC 7672 §9.1",
        }
    }
}

impl fmt::Display for NotApplicable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AddressLiteral => "the host was given as an address",
            Self::InsecureMx => "the MX answer is not secure",
            Self::InsecureAddress => "the addresses of the host are not secure",
            Self::InsecureAlias => "neither the addresses of the host nor its alias are secure",
            Self::NoTlsa => "the host has no secure TLSA records",
            Self::Submission => "DANE does not apply to a submission server",
            Self::SwitchedOff => "local policy does not use DANE for this destination",
        })
    }
}

/// TLS without authentication, because the host published TLSA records (RFC 7672 §2.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Encryption {
    pub(super) base: Name,
    pub(super) cause: EncryptCause,
}

impl Encryption {
    /// The name below which the TLSA records stand.
    #[must_use]
    pub const fn base(&self) -> &Name {
        &self.base
    }

    /// Why authentication is not demanded.
    #[must_use]
    pub const fn cause(&self) -> &EncryptCause {
        &self.cause
    }
}

/// Why TLS is demanded without authentication.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EncryptCause {
    /// The host published TLSA records, and none is usable.
    AllUnusable(Vec<(Record, Unusable)>),
    /// The MX answer is insecure, and the policy wants no more than TLS then.
    InsecureMx(TlsaSet),
}

impl EncryptCause {
    /// The place in the standards that decides so.
    #[must_use]
    pub const fn cite(&self) -> &'static str {
        match self {
            Self::AllUnusable(_) => "RFC 7672 §2.2",
            Self::InsecureMx(_) => "RFC 7672 §2.2.1",
        }
    }
}

impl fmt::Display for EncryptCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AllUnusable(_) => {
                "the host has TLSA records, but none is usable: TLS without authentication"
            }
            Self::InsecureMx(_) => "the MX answer is not secure: TLS without authentication",
        })
    }
}
