//! [`Policy`]: what the standards leave to the sending site. Each knob names the sentence that it answers.

use alloc::sync::Arc;
use core::net::IpAddr;
use core::num::NonZeroUsize;

use crate::delivery::MAX_ATTEMPTS;
use crate::dns::Security;
use crate::name::Name;
use crate::resolve::{MAX_ADDRESSES, NotApplicable, RouteKind};

/// What a site wants for one destination. It is a plain value, so each destination can have its own.
///
/// The default is that of RFC 7672 for an ordinary relay: opportunistic DANE.
///
/// ```
/// use smtp_dane::{DaneMode, Policy};
///
/// let mut policy = Policy::default();
/// policy.dane = DaneMode::Mandatory;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case", deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Policy {
    /// Whether mail may go where DANE does not apply.
    pub dane: DaneMode,
    /// What to do with hosts that an insecure MX answer named.
    pub insecure_mx: InsecureMx,
    /// Whether the host of an MX record may be an alias.
    pub mx_alias: MxAlias,
    /// Which addresses to look up and use.
    pub address_family: AddressFamily,
    /// Which digests in TLSA records to believe, and which of them is the stronger one.
    pub digests: Digests,
    /// Whether a common name may stand in for a DNS-ID.
    pub cn_id: CnId,
    /// Whether the dates of a trust anchor count.
    pub anchor_dates: AnchorDates,
    /// What to do where DANE does not apply and TLS, though offered, fails.
    pub failed_tls: FailedTls,
    /// Whether to ask for a raw public key where certificates failed.
    pub raw_public_keys: RawPublicKeys,
    /// How many addresses to try.
    pub bounds: Bounds,
    /// The names and addresses by which this site is known, so that it notices that it is itself an MX host of the domain
    /// (RFC 5321 §5.1). Without any, a loop goes unnoticed.
    #[cfg_attr(feature = "serde", serde(with = "identities"))]
    pub identities: Arc<[Identity]>,
}

/// A shared slice is written like any other. No field of a policy may be missing when it is read: the default would be a weaker one
/// than that of a site that had set it.
#[cfg(feature = "serde")]
mod identities {
    use alloc::sync::Arc;
    use alloc::vec::Vec;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Identity;

    pub(super) fn serialize<S: Serializer>(
        identities: &Arc<[Identity]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        (**identities).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<[Identity]>, D::Error> {
        Vec::deserialize(deserializer).map(Arc::from)
    }
}

/// Whether mail may go where DANE does not apply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum DaneMode {
    /// Use DANE where the destination publishes it, and opportunistic TLS elsewhere (RFC 7672 §2.2).
    #[default]
    Opportunistic,
    /// Deliver only over a channel authenticated by DANE; everything else is delayed (RFC 7672 §2.2, §6).
    Mandatory,
    /// Ask and judge as [`Self::Opportunistic`] does, but deliver as [`Self::Off`] does, and say in the outcome what would have been
    /// refused (RFC 7672 §9.1). **Nothing protects the mail** but what a submission server demands anyway: this is for a site that
    /// wants to see what DANE would do. It asks for certificates alone, so it objects to a server that has nothing but a raw public key.
    AuditOnly,
    /// Do not look for TLSA records: opportunistic TLS, which **protects the mail from nobody who is active**. For destinations whose
    /// DANE is known to be broken (RFC 7672 §9.1).
    Off,
}

/// What to do with the hosts of a domain whose MX answer is insecure (RFC 7672 §2.2.1 leaves it to the client).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum InsecureMx {
    /// Authenticate a host that has secure TLSA records. This proves the host and never the domain, see
    /// [`Scope::Host`](crate::Scope::Host).
    #[default]
    UseTlsa,
    /// Demand TLS of a host that has secure TLSA records, without authentication.
    Encrypt,
    /// Do not look for TLSA records.
    Ignore,
}

/// Whether the host of an MX record may be an alias. RFC 2181 §10.3 forbids it to the publisher, RFC 7672 §2.2.2 leaves it
/// to the client whether to follow. Relays and domains without MX records are always followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum MxAlias {
    /// Follow it; the name it leads to is the first to be asked for TLSA records.
    #[default]
    Expand,
    /// Do not use such a host.
    Refuse,
}

/// Which addresses to look up and use (RFC 5321 §5.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum AddressFamily {
    /// Both, in turn, beginning with IPv6.
    #[default]
    Any,
    /// Both, in turn, beginning with IPv4.
    V4First,
    /// IPv4 alone.
    V4,
    /// IPv6 alone.
    V6,
}

impl AddressFamily {
    pub(crate) const fn has(self, address: IpAddr) -> bool {
        match self {
            Self::Any | Self::V4First => true,
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
        }
    }
}

/// Which digests in TLSA records to believe (RFC 6698 §4.1 lets a client refuse one that it thinks weak) and their order
/// for digest agility (RFC 7671 §9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum Digests {
    /// SHA2-256 and SHA2-512, the latter being the stronger.
    #[default]
    Sha512OverSha256,
    /// SHA2-256 and SHA2-512, the former being preferred.
    Sha256OverSha512,
    /// SHA2-256 alone; records with SHA2-512 are unusable.
    Sha256,
    /// SHA2-512 alone; records with SHA2-256 are unusable.
    Sha512,
}

/// Whether the common name of a certificate without any DNS-ID, SRV-ID or URI-ID counts. RFC 7672 §3.2.3 wants it, RFC 9525 §2
/// has since forbidden it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum CnId {
    /// It does.
    #[default]
    Fallback,
    /// It does not.
    Never,
}

/// Whether the dates of a trust anchor of usage 2 count, if its certificate is at hand. RFC 5280 §6.1.1 leaves that open;
/// implementations differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum AnchorDates {
    /// An anchor out of date does not count.
    #[default]
    Check,
    /// The dates do not matter.
    Ignore,
}

/// What to do where DANE does not apply and TLS, though offered, fails: RFC 7672 §2.2 says that a client MAY retry in
/// cleartext. Servers that do not offer TLS at all get mail in cleartext either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum FailedTls {
    /// Go on in cleartext.
    #[default]
    Cleartext,
    /// Do not use this connection.
    Refuse,
}

/// Whether to ask a server for a raw public key (RFC 7250), which RFC 7671 §5.1 lets a client do where each record that counts
/// can match one.
///
/// The operator's tool asks for them, since it is built on rustls, which can: what it reports of such a server, a mail server does
/// only under [`RawPublicKeys::AfterCertificates`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum RawPublicKeys {
    /// Never: many TLS stacks cannot.
    #[default]
    Never,
    /// On a second connection, if the handshake for certificates failed.
    AfterCertificates,
}

/// How many addresses to try (RFC 5321 §5.1: at least two, and a limit is allowed). A number above that of the crate counts as
/// the latter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case", deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Bounds {
    /// Of one host, at most [`MAX_ADDRESSES`](crate::resolve::MAX_ADDRESSES).
    pub addresses: NonZeroUsize,
    /// Over all hosts of one delivery, at most [`MAX_ATTEMPTS`](crate::delivery::MAX_ATTEMPTS).
    pub attempts: NonZeroUsize,
}

impl Default for Bounds {
    /// Those of the crate.
    fn default() -> Self {
        Self {
            addresses: NonZeroUsize::new(MAX_ADDRESSES).unwrap_or(NonZeroUsize::MIN),
            attempts: NonZeroUsize::new(MAX_ATTEMPTS).unwrap_or(NonZeroUsize::MIN),
        }
    }
}

/// A name or address by which the sending site is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[expect(
    clippy::exhaustive_enums,
    reason = "RFC 5321 §5.1: \"names or addresses\""
)]
pub enum Identity {
    /// A host name.
    Name(Name),
    /// An address.
    Address(IpAddr),
}

impl Policy {
    /// Most addresses of one host that are tried.
    pub(crate) fn most_addresses(&self) -> usize {
        self.bounds.addresses.get().min(MAX_ADDRESSES)
    }

    /// Most addresses that one delivery tries.
    pub(crate) fn most_attempts(&self) -> usize {
        self.bounds.attempts.get().min(MAX_ATTEMPTS)
    }

    /// Whether a host may be an alias on a route of this kind: whether one out of an MX record may is the site's choice, and a relay or
    /// a domain without MX records always may (RFC 7672 §2.2.2).
    pub(crate) fn follows_aliases(&self, kind: RouteKind) -> bool {
        self.mx_alias == MxAlias::Expand || kind != RouteKind::Explicit
    }

    /// Why no TLSA records are looked for behind an MX answer of this security, if the site wants none (RFC 7672 §2.2.1).
    pub(crate) fn rules_out_dane(&self, mx: Security) -> Option<NotApplicable> {
        if self.dane == DaneMode::Off {
            return Some(NotApplicable::SwitchedOff);
        }
        let ignored = mx == Security::Insecure && self.insecure_mx == InsecureMx::Ignore;
        ignored.then_some(NotApplicable::InsecureMx)
    }

    /// Whether this site is known by `name`.
    pub(crate) fn is_own_name(&self, name: &Name) -> bool {
        let is_it = |identity: &Identity| matches!(identity, Identity::Name(own) if own == name);
        self.identities.iter().any(is_it)
    }

    /// Whether this site is known by `address`. An IPv4 address may come mapped into IPv6.
    pub(crate) fn is_own_address(&self, address: IpAddr) -> bool {
        let is_it = |identity: &Identity| {
            matches!(identity, Identity::Address(own)
                if own.to_canonical() == address.to_canonical())
        };
        self.identities.iter().any(is_it)
    }
}
