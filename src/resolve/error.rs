//! Why there is no route, or no use of a host.

use core::fmt;

use super::NotApplicable;
use crate::dns::{FailedLookup, Security};
use crate::tlsa::SetError;

const UNPROVEN_LOOP: &str =
    "DANE is mandatory, and only an insecure answer says that the host is this site itself";

/// Why a next hop has no route.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum RouteError {
    /// The MX lookup failed, so nobody knows where mail should go.
    Lookup(FailedLookup),
    /// The domain, or what it is an alias of, does not exist, by an answer of this security.
    NoDomain(Security),
    /// The domain takes no mail and says so (null MX), by an answer of this security.
    NullMx(Security),
    /// DANE is mandatory and the MX answer, whatever it says, is insecure.
    InsecureMx,
    /// This site is the best MX host of the domain: the mail would come back.
    Ourselves,
    /// DANE is mandatory, and only an insecure answer says that this site is an MX host of the domain.
    UnprovenLoop,
}

impl RouteError {
    /// Whether trying again is pointless.
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        match self {
            Self::NoDomain(_) | Self::NullMx(_) | Self::Ourselves => true,
            Self::Lookup(_) | Self::InsecureMx | Self::UnprovenLoop => false,
        }
    }

    /// The place in the standards that decides so.
    #[must_use]
    pub const fn cite(&self) -> &'static str {
        match self {
            Self::Lookup(_) => "RFC 7672 §2.1.2",
            Self::NoDomain(_) | Self::Ourselves => "RFC 5321 §5.1",
            Self::NullMx(_) => "RFC 7505 §3",
            Self::InsecureMx | Self::UnprovenLoop => "RFC 7672 §2.2.1",
        }
    }
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lookup(failed) => write!(f, "{failed}"),
            Self::NoDomain(_) => f.write_str("the domain does not exist"),
            Self::NullMx(_) => f.write_str("the domain accepts no mail (null MX)"),
            Self::InsecureMx => f.write_str("DANE is mandatory, but the MX answer is not secure"),
            Self::UnprovenLoop => f.write_str(UNPROVEN_LOOP),
            Self::Ourselves => {
                f.write_str("this site is the best mail host of the domain: mail would loop")
            }
        }
    }
}

impl core::error::Error for RouteError {}

/// Why a host cannot be used now.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum HostError {
    /// A lookup that decides on the host failed. A failed TLSA lookup is no absence of TLSA records.
    Lookup(FailedLookup),
    /// The host has no address of a kind that may be used; `security` is that of this denial.
    NoAddress {
        /// Of the weaker of the two answers.
        security: Security,
    },
    /// The host of an MX record is an alias, and the policy does not follow it.
    AliasRefused,
    /// The secure answers for the two address families lead to different names.
    AliasesDisagree,
    /// The alias that led to insecure addresses was gone, or led elsewhere, when it was asked for alone.
    AliasChanged,
    /// The TLSA records cannot be judged as a set.
    TlsaSet(SetError),
    /// DANE is mandatory and does not apply to the host.
    DaneRequired(NotApplicable),
    /// DANE is mandatory and none of the host's TLSA records is usable.
    NoUsableTlsa,
    /// The host is this site itself.
    Ourselves,
    /// DANE is mandatory, and only an insecure answer says that the host is this site itself.
    UnprovenLoop,
    /// The host is none of those of the route.
    NotOfRoute,
    /// A host before this one turned out to be this site, and this one is no better.
    NoBetterThanOurselves,
}

impl HostError {
    /// The place in the standards that decides so.
    #[must_use]
    pub const fn cite(&self) -> &'static str {
        match self {
            Self::Lookup(_) => "RFC 7672 §2.1.2",
            Self::NoAddress { .. } | Self::AliasRefused => "RFC 7672 §2.2.2",
            Self::AliasesDisagree | Self::AliasChanged => "RFC 7672 §2.1.3",
            Self::TlsaSet(error) => error.cite(),
            Self::DaneRequired(_) | Self::NoUsableTlsa => "RFC 7672 §2.2",
            Self::UnprovenLoop => "RFC 7672 §2.2.1",
            Self::Ourselves | Self::NoBetterThanOurselves | Self::NotOfRoute => "RFC 5321 §5.1",
        }
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lookup(failed) => write!(f, "{failed}"),
            Self::NoAddress { security } => {
                write!(f, "the host has no address ({security} answer)")
            }
            Self::AliasRefused => {
                f.write_str("the host is an alias, and local policy refuses those")
            }
            Self::AliasesDisagree => {
                f.write_str("the host is an alias of different names for IPv4 and IPv6")
            }
            Self::AliasChanged => f.write_str("the host's alias changed between two answers"),
            Self::TlsaSet(error) => write!(f, "{error}"),
            Self::DaneRequired(why) => write!(f, "DANE is mandatory, but {why}"),
            Self::NoUsableTlsa => {
                f.write_str("DANE is mandatory, but no TLSA record of the host is usable")
            }
            Self::Ourselves => f.write_str("the host is this site itself: mail would loop"),
            Self::UnprovenLoop => f.write_str(UNPROVEN_LOOP),
            Self::NotOfRoute => f.write_str("the host is none of those of the route"),
            Self::NoBetterThanOurselves => f.write_str("the host is not preferred to this site"),
        }
    }
}

impl core::error::Error for HostError {}
