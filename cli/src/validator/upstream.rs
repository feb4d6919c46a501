//! The servers that a validator asks.

use core::net::SocketAddr;
use core::time::Duration;
use std::sync::Arc;

use hickory_net::RetryDnsHandle;
use hickory_net::runtime::TokioRuntimeProvider;
use hickory_net::xfer::{DnsHandle as _, FirstAnswer as _};
use hickory_proto::dnssec::TrustAnchors;
use hickory_proto::dnssec::rdata::DNSSECRData;
use hickory_proto::op::{DnsRequestOptions, Query};
use hickory_proto::rr::{RData, RecordType};
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverOpts};
use hickory_resolver::system_conf::read_system_conf;
use hickory_resolver::{NameServerPool, PoolContext, TlsConfig};

use super::{Anchor, LookupFailure, UDP_PAYLOAD, failure, records_at};

/// The port of a resolver that is only known by its address.
const DNS_PORT: u16 = 53;

/// UDP with retries, and TCP for what is truncated.
pub(super) type Upstream = RetryDnsHandle<NameServerPool<TokioRuntimeProvider>>;

/// The resolvers that the system is configured to use.
///
/// # Errors
///
/// If the configuration cannot be read or names none.
pub(crate) fn system_servers() -> Result<Vec<SocketAddr>, LookupFailure> {
    let (config, _) =
        read_system_conf().map_err(|error| LookupFailure::Network(error.to_string()))?;
    let servers = config.name_servers().iter();
    Ok(servers
        .map(|server| SocketAddr::new(server.ip, DNS_PORT))
        .collect())
}

/// A connection to all of the servers, which does not check what they say.
pub(super) fn connect(
    servers: &[SocketAddr],
    patience: Duration,
) -> Result<Upstream, LookupFailure> {
    let servers = servers.iter().map(|server| {
        let connections =
            [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                connection.port = server.port();
                connection
            });
        NameServerConfig::new(server.ip(), true, connections.to_vec())
    });
    let mut options = ResolverOpts::default();
    options.timeout = patience;
    options.edns_payload_len = UDP_PAYLOAD;
    let tls = TlsConfig::new().map_err(|error| LookupFailure::Network(error.to_string()))?;
    let context = Arc::new(PoolContext::new(options, tls));
    let pool = NameServerPool::from_config(servers, context, TokioRuntimeProvider::default());
    Ok(RetryDnsHandle::new(pool, 1))
}

/// The keys to start from; those that are given as digests are fetched.
pub(super) async fn trust_anchors(
    upstream: &Upstream,
    options: DnsRequestOptions,
    anchor: Anchor,
) -> Result<TrustAnchors, LookupFailure> {
    let (mut anchors, digests) = anchor.into_parts();
    for (zone, digest) in digests {
        let query = Query::query(zone.clone(), RecordType::DNSKEY);
        let reply = upstream
            .lookup(query, options)
            .first_answer()
            .await
            .map_err(|error| failure(&zone, error))?;
        let mut found = false;
        for record in records_at(&reply, &zone, RecordType::DNSKEY) {
            if let RData::DNSSEC(DNSSECRData::DNSKEY(key)) = &record.data
                && digest.covers(&zone, key).unwrap_or(false)
            {
                anchors.insert_with_name(key.public_key(), (&zone).into());
                found = true;
            }
        }
        if !found {
            return Err(LookupFailure::NoAnchoredKey { zone });
        }
    }
    Ok(anchors)
}
