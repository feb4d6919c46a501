//! Where mail is to go: the next hop and the hosts that take mail for it.

use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;
use core::num::NonZeroU16;

use crate::dns::Security;
use crate::name::Name;

/// The port of SMTP between relays (RFC 5321 §4.5.4.2).
pub const SMTP_PORT: NonZeroU16 = NonZeroU16::MIN.saturating_add(24);

/// Where the sender was told to take the mail: a recipient's domain, a relay, or an address (RFC 7672 §1.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case", deny_unknown_fields)
)]
pub struct NextHop {
    target: Target,
    port: NonZeroU16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub(super) enum Target {
    Domain(Name),
    Relay(Name),
    Literal(IpAddr),
    Submission(Name),
}

impl NextHop {
    /// The domain of a recipient: its MX records say where mail goes (RFC 5321 §5.1).
    #[must_use]
    pub const fn domain(name: Name) -> Self {
        Self {
            target: Target::Domain(name),
            port: SMTP_PORT,
        }
    }

    /// A relay that the administrator named: no MX lookup is made (RFC 7672 §2.2.2).
    #[must_use]
    pub const fn relay(host: Name, port: NonZeroU16) -> Self {
        Self {
            target: Target::Relay(host),
            port,
        }
    }

    /// An address: nothing is looked up, and DANE does not apply (RFC 7672 §2.2).
    #[must_use]
    pub const fn literal(address: IpAddr) -> Self {
        Self {
            target: Target::Literal(address),
            port: SMTP_PORT,
        }
    }

    /// A server that takes mail from its users, on port 587 or 465, by the name that was configured. DANE does not apply;
    /// the public PKI does (RFC 7672 §7).
    #[must_use]
    pub const fn submission(host: Name, port: NonZeroU16) -> Self {
        Self {
            target: Target::Submission(host),
            port,
        }
    }

    /// The same next hop by another port, for an administrator's route; TLSA records are those of that port
    /// (RFC 7672 §2.2.3).
    #[must_use]
    pub fn on_port(mut self, port: NonZeroU16) -> Self {
        self.port = port;
        self
    }

    /// The port to connect to.
    #[must_use]
    pub const fn port(&self) -> NonZeroU16 {
        self.port
    }

    /// The domain or relay as it was given, before any alias was followed.
    #[must_use]
    pub const fn name(&self) -> Option<&Name> {
        match &self.target {
            Target::Domain(name) | Target::Relay(name) | Target::Submission(name) => Some(name),
            Target::Literal(_) => None,
        }
    }

    pub(super) const fn target(&self) -> &Target {
        &self.target
    }

    /// The next hop as the only host that takes its mail.
    pub(super) fn as_sole_exchanger(&self) -> Vec<Exchanger> {
        let host = match &self.target {
            Target::Domain(name) | Target::Relay(name) | Target::Submission(name) => {
                Host::Name(name.clone())
            }
            Target::Literal(address) => Host::Address(*address),
        };
        Vec::from([Exchanger {
            host,
            preference: 0,
        }])
    }
}

impl fmt::Display for NextHop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Target::Domain(name) => write!(f, "{name}"),
            Target::Relay(name) => write!(f, "relay {name}"),
            Target::Literal(address) => write!(f, "[{address}]"),
            Target::Submission(name) => write!(f, "submission server {name}"),
        }
    }
}

/// The hosts that take mail for a next hop, in the order in which to try them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Route {
    pub(super) next_hop: NextHop,
    pub(super) kind: RouteKind,
    pub(super) expanded: Option<Name>,
    pub(super) security: Security,
    pub(super) exchangers: Vec<Exchanger>,
    pub(super) dropped: Vec<Dropped>,
    pub(super) own_place: OwnPlace,
    pub(super) ttl: u32,
}

/// Whether hosts were dropped for being this site, or no better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub(super) enum OwnPlace {
    /// None were, or it is certain enough for mail to be returned.
    Settled,
    /// Some were, on the word of an insecure answer, and DANE is mandatory.
    Unproven,
}

impl Route {
    /// The next hop that was asked for.
    #[must_use]
    pub const fn next_hop(&self) -> &NextHop {
        &self.next_hop
    }

    /// How the hosts were found.
    #[must_use]
    pub const fn kind(&self) -> RouteKind {
        self.kind
    }

    /// What the next hop is an alias of, if the MX lookup met aliases.
    #[must_use]
    pub const fn expanded(&self) -> Option<&Name> {
        self.expanded.as_ref()
    }

    /// The security of the MX answer and of each alias before it. A relay or an address that the administrator named is
    /// as good as secure.
    #[must_use]
    pub const fn security(&self) -> Security {
        self.security
    }

    /// The hosts, best first; never empty. The order is binding: no host may be preferred for having TLSA records
    /// (RFC 7672 §2.2.1).
    #[must_use]
    pub fn exchangers(&self) -> &[Exchanger] {
        &self.exchangers
    }

    /// The MX records that are not used, with reasons.
    #[must_use]
    pub fn dropped(&self) -> &[Dropped] {
        &self.dropped
    }

    /// Whether mail must wait rather than be returned if the hosts that are left are no use, since others were dropped on the
    /// word of an insecure answer.
    pub(crate) fn has_unproven_loop(&self) -> bool {
        self.own_place == OwnPlace::Unproven
    }

    /// Whether the administrator named the host.
    pub(crate) fn is_by_relay(&self) -> bool {
        self.kind == RouteKind::Relay
    }

    /// Whether this site is one of the mail hosts, behind those that are left.
    pub(crate) fn has_this_site(&self) -> bool {
        let is_it = |dropped: &Dropped| dropped.reason == DropReason::Ourselves;
        self.dropped.iter().any(is_it)
    }

    /// How long the route may be kept, in seconds.
    #[must_use]
    pub const fn ttl(&self) -> u32 {
        self.ttl
    }
}

/// How the hosts of a route were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[expect(
    clippy::exhaustive_enums,
    reason = "RFC 5321 §5.1 and RFC 7672 §2.2 know no other way"
)]
pub enum RouteKind {
    /// By MX records.
    Explicit,
    /// The domain has no MX records and is its own host (RFC 5321 §5.1).
    Implicit,
    /// The administrator named the host.
    Relay,
    /// The next hop is an address.
    Literal,
    /// A user's submission server.
    Submission,
}

/// One host that takes mail.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case", deny_unknown_fields)
)]
pub struct Exchanger {
    pub(super) host: Host,
    pub(super) preference: u16,
}

impl Exchanger {
    /// The host as the MX record names it, not what it may be an alias of (RFC 7672 §1.1).
    #[must_use]
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// The preference of the MX record, 0 where there is none.
    #[must_use]
    pub const fn preference(&self) -> u16 {
        self.preference
    }
}

/// A host by its name or, where somebody gave an address instead, by that.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[expect(clippy::exhaustive_enums, reason = "a host is named or numbered")]
pub enum Host {
    /// By name.
    Name(Name),
    /// By address: DANE does not apply (RFC 7672 §2.2).
    Address(IpAddr),
}

impl Host {
    /// Some domains put an address where an MX record wants a name.
    pub(super) fn of_exchange(exchange: Name) -> Self {
        match exchange.as_spelled_address() {
            Some(address) => Self::Address(IpAddr::V4(address)),
            None => Self::Name(exchange),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "{name}"),
            Self::Address(address) => write!(f, "{address}"),
        }
    }
}

/// An MX record that is not used.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case", deny_unknown_fields)
)]
#[expect(clippy::exhaustive_structs, reason = "a plain report")]
pub struct Dropped {
    /// The host that the record names.
    pub host: Host,
    /// Its preference.
    pub preference: u16,
    /// Why it is not used.
    pub reason: DropReason,
}

/// Why an MX record is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum DropReason {
    /// The exchange is the root, beside other records that name a host.
    RootExchange,
    /// The same host stands in the set with a better preference.
    Repeated,
    /// The host is this site itself.
    Ourselves,
    /// The host is no better than this site, which is an MX host of the domain, too.
    NoBetterThanOurselves,
    /// The set has more than [`MAX_EXCHANGERS`](super::MAX_EXCHANGERS) hosts, and this is not among the best.
    OverLimit,
}

impl DropReason {
    /// The place in the standards that lets the record be passed over.
    #[must_use]
    pub const fn cite(self) -> &'static str {
        match self {
            Self::RootExchange => "RFC 7505 §3",
            Self::Repeated | Self::Ourselves | Self::NoBetterThanOurselves | Self::OverLimit => {
                "RFC 5321 §5.1"
            }
        }
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RootExchange => "the root is no mail host",
            Self::Repeated => "the host is listed with a better preference",
            Self::Ourselves => "the host is this site itself",
            Self::NoBetterThanOurselves => "the host is not preferred to this site",
            Self::OverLimit => "the domain has too many mail hosts",
        })
    }
}
