//! [`Plan`]: how to speak to one host.

use alloc::vec::Vec;
use core::net::IpAddr;
use core::num::NonZeroU16;

use pki_types::DnsName;

use super::{Host, TlsPolicy};

/// Most addresses of one host that are tried (RFC 5321 §5.1 allows a limit of no less than two).
pub const MAX_ADDRESSES: usize = 32;

/// How to reach one host, and what a connection to it must live up to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Plan {
    pub(super) host: Host,
    pub(super) port: NonZeroU16,
    /// Never empty.
    pub(super) addresses: Vec<IpAddr>,
    pub(super) tls: TlsPolicy,
    pub(super) ttl: u32,
}

impl Plan {
    /// The host as the MX record names it. Over an insecure MX answer this is the name to log (RFC 7672 §2.2.1).
    #[must_use]
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// The port to connect to, the same that the TLSA records are for (RFC 6698 §4).
    #[must_use]
    pub const fn port(&self) -> NonZeroU16 {
        self.port
    }

    /// The addresses in the order in which to try them; at least one. The TLS policy is the same for each.
    #[must_use]
    pub fn addresses(&self) -> &[IpAddr] {
        &self.addresses
    }

    /// What a connection must live up to.
    #[must_use]
    pub const fn tls(&self) -> &TlsPolicy {
        &self.tls
    }

    /// The name to send in the server name indication: that of the policy, or the host's own where DANE does not apply.
    /// `None` if it is no host name.
    #[must_use]
    pub fn server_name(&self) -> Option<DnsName<'static>> {
        let is_own_choice = match &self.tls {
            TlsPolicy::Opportunistic(_) | TlsPolicy::Audit(_) => self.tls.tlsa_base().is_none(),
            TlsPolicy::Encrypt(_) | TlsPolicy::Authenticate(_) | TlsPolicy::Pkix(_) => false,
        };
        match &self.host {
            Host::Name(host) if is_own_choice => host.to_server_name(),
            Host::Name(_) | Host::Address(_) => self.tls.server_name(),
        }
    }

    /// How long the plan may be kept, in seconds.
    #[must_use]
    pub const fn ttl(&self) -> u32 {
        self.ttl
    }
}
