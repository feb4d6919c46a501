//! [`NameRule`]: the reference identifiers of RFC 7672 §3.2.2.

use alloc::vec::Vec;

use super::Scope;
use crate::dns::Security;
use crate::name::Name;
use crate::resolve::{Route, RouteKind};

/// Which names, besides the TLSA base domain, a certificate may bear (RFC 7672 §3.2.2). It depends on how the host was
/// found, and never on what the server presents (RFC 9525 §6.1.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum NameRule {
    /// By an insecure MX answer: no other, since the next hop did not securely name this host.
    Insecure,
    /// By secure MX records: the next hop, and what it is an alias of.
    Exchange {
        next_hop: Name,
        expanded: Option<Name>,
    },
    /// Without MX records: the next hop, of which the base domain may be an alias.
    Direct { next_hop: Option<Name> },
}

impl NameRule {
    pub(crate) fn of(route: &Route) -> Self {
        let next_hop = route.next_hop().name().cloned();
        match (route.security(), route.kind(), next_hop) {
            (Security::Insecure, _, _) => Self::Insecure,
            (Security::Secure, RouteKind::Explicit, Some(next_hop)) => Self::Exchange {
                next_hop,
                expanded: route.expanded().cloned(),
            },
            (Security::Secure, _, next_hop) => Self::Direct { next_hop },
        }
    }

    pub(super) fn reference_ids(&self, base: &Name) -> (Vec<Name>, Scope) {
        let (others, scope) = match self {
            Self::Insecure => ([None, None], Scope::Host),
            Self::Exchange { next_hop, expanded } => {
                ([Some(next_hop), expanded.as_ref()], Scope::NextHop)
            }
            Self::Direct { next_hop } => ([next_hop.as_ref(), None], Scope::NextHop),
        };
        // The base domain and the next hop. That the next hop is an alias is rare.
        let mut names = Vec::with_capacity(2);
        names.push(base.clone());
        for name in others.into_iter().flatten() {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        (names, scope)
    }
}
