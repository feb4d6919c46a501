//! The stored form of a [`Route`] and of a [`Plan`](super::Plan), and the rules that they are held against when they are read.
//!
//! Neither is read for itself: whether it is possible hangs on the policy of the site, and for a plan on its route, too.

mod plan;

pub(crate) use plan::StoredPlan;

use alloc::vec::Vec;
use core::fmt;

use super::route::{OwnPlace, Target};
use super::routing::without_ourselves;
use super::{Dropped, Exchanger, Host, MAX_EXCHANGERS, NextHop, Route, RouteError, RouteKind};
use crate::dns::Security;
use crate::name::Name;
use crate::policy::{DaneMode, Policy};

/// How a route is written: as it is.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(remote = "Route", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct StoredRoute {
    next_hop: NextHop,
    kind: RouteKind,
    expanded: Option<Name>,
    security: Security,
    exchangers: Vec<Exchanger>,
    dropped: Vec<Dropped>,
    own_place: OwnPlace,
    ttl: u32,
}

/// What was stored cannot have been written by a machine of this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inconsistent {
    RouteError,
    RouteKind,
    Expansion,
    HostCount,
    HostOrder,
    InsecureRoute,
    ThisSite,
    HostError,
    Addresses,
    WithoutDane,
    NoRecords,
    Records,
    TlsPolicy,
    KeptFailure,
    PlanOfAddress,
    Refusal,
    Assurance,
    Proof,
    TooMuch,
    NotWhatFollows,
}

impl fmt::Display for Inconsistent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the stored delivery contradicts itself: ")?;
        f.write_str(match self {
            Self::RouteError => "under its policy there is no such reason for having no route",
            Self::RouteKind => "its next hop has no route of this kind",
            Self::Expansion => "its next hop is an alias of itself",
            Self::HostCount => "its route has no hosts, or too many",
            Self::HostOrder => "the hosts of its route are not those that such a route has, in their order",
            Self::InsecureRoute => "DANE is mandatory, and its route is insecure",
            Self::ThisSite => "its route leads to this site itself, or knows of this site what its policy does not",
            Self::HostError => "under its policy there is no such reason for passing a host over",
            Self::Addresses => "a host has no address, too many, or one that its policy does not use",
            Self::WithoutDane => "under its policy there is no such reason for doing without DANE",
            Self::NoRecords => "TLS is demanded by TLSA records, of which there are none",
            Self::Records => "under its policy no TLSA records are looked for, or these bar the host",
            Self::TlsPolicy => "its TLS policy is not the one that its records and its policy demand",
            Self::KeptFailure => "what failed may not be kept, and it is",
            Self::PlanOfAddress => "a host without a name has no such plan",
            Self::Refusal => "under its TLS policy no connection is refused for such a reason",
            Self::Assurance => "under its TLS policy no connection with such a protection is given mail",
            Self::Proof => "its proof of a handshake does not fit what had to be proved",
            Self::TooMuch => "it has more hosts or results than the machine comes to",
            Self::NotWhatFollows => "its state is not the one that its hosts and results lead to",
        })
    }
}

impl Route {
    /// Whether the lookup of a site with this policy can have come to this route.
    pub(crate) fn check_stored(&self, policy: &Policy) -> Result<(), Inconsistent> {
        let next_hop = self.next_hop.name();
        match (self.next_hop.target(), self.kind) {
            (Target::Domain(_), RouteKind::Explicit) => self.check_order()?,
            (Target::Domain(_), RouteKind::Implicit) => {
                if self.exchangers != self.next_hop.as_sole_exchanger() || !self.dropped.is_empty()
                {
                    return Err(Inconsistent::HostOrder);
                }
            }
            (Target::Relay(_), RouteKind::Relay)
            | (Target::Literal(_), RouteKind::Literal)
            | (Target::Submission(_), RouteKind::Submission) => {
                let direct = Self::direct(self.next_hop.clone(), self.kind);
                return if *self == direct {
                    Ok(())
                } else {
                    Err(Inconsistent::HostOrder)
                };
            }
            _ => return Err(Inconsistent::RouteKind),
        }
        if self.expanded.is_some() && self.expanded.as_ref() == next_hop {
            return Err(Inconsistent::Expansion);
        }
        let mandatory = policy.dane == DaneMode::Mandatory;
        if mandatory && self.security == Security::Insecure {
            return Err(Inconsistent::InsecureRoute);
        }
        let unproven = self.own_place == OwnPlace::Unproven;
        if (unproven && (!mandatory || !self.has_this_site()))
            || (self.has_this_site() && policy.identities.is_empty())
            || without_ourselves(self.clone(), policy, &[]).as_ref() != Ok(self)
        {
            return Err(Inconsistent::ThisSite);
        }
        Ok(())
    }

    /// Hosts of MX records: by preference, each once, none of them the root (RFC 5321 §5.1, RFC 7505 §3).
    fn check_order(&self) -> Result<(), Inconsistent> {
        if self.exchangers.is_empty() || self.exchangers.len() > MAX_EXCHANGERS {
            return Err(Inconsistent::HostCount);
        }
        let can_stand = |host: &Host| match host {
            Host::Name(name) => !name.is_root() && name.as_spelled_address().is_none(),
            Host::Address(address) => address.is_ipv4(),
        };
        let hosts: Vec<&Host> = self.exchangers.iter().map(Exchanger::host).collect();
        let count = |host| hosts.iter().filter(|other| **other == host).count();
        if !self.exchangers.is_sorted_by_key(Exchanger::preference)
            || !hosts
                .iter()
                .all(|host| can_stand(host) && count(*host) == 1)
        {
            return Err(Inconsistent::HostOrder);
        }
        Ok(())
    }
}

impl RouteError {
    /// Whether a site with this policy can have come to this reason.
    pub(crate) fn check_stored(&self, policy: &Policy) -> Result<(), Inconsistent> {
        let mandatory = policy.dane == DaneMode::Mandatory;
        let is_possible = match self {
            Self::Lookup(_) => true,
            // An insecure answer is enough to keep the mail (RFC 7672 §2.2.1), so it never returns it.
            Self::NoDomain(security) | Self::NullMx(security) => {
                !mandatory || *security == Security::Secure
            }
            Self::InsecureMx => mandatory,
            Self::Ourselves => !policy.identities.is_empty(),
            Self::UnprovenLoop => mandatory && !policy.identities.is_empty(),
        };
        is_possible.then_some(()).ok_or(Inconsistent::RouteError)
    }
}
