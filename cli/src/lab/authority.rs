//! The lab's authoritative name server: all zones on one loopback address, over UDP and TCP.

use core::fmt;
use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use hickory_net::runtime::Time;
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{LowerName, RecordSet, RecordType, RrKey, TSigResponseContext};
use hickory_server::Server;
use hickory_server::dnssec::NxProofKind;
use hickory_server::server::{Request, RequestHandler, RequestInfo, ResponseHandler, ResponseInfo};
use hickory_server::store::in_memory::InMemoryZoneHandler;
use hickory_server::zone_handler::{
    AuthLookup, AxfrPolicy, Catalog, LookupControlFlow, LookupOptions, LookupRecords,
    MessageResponseBuilder, Nsec3QueryInfo, ZoneHandler, ZoneType,
};
use tokio::net::{TcpListener, UdpSocket};

/// How long an idle TCP connection to a name server of the lab is kept.
const TCP_IDLE: Duration = Duration::from_secs(5);

/// How many replies may wait on one TCP connection.
const TCP_BACKLOG: usize = 32;

/// How often another port is tried if a port is free for UDP but not for TCP.
const PORT_ATTEMPTS: u32 = 16;

/// A running authoritative name server; it stops when dropped.
pub(crate) struct Authority {
    address: SocketAddr,
    _server: Server<Answering>,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Authority {
    /// Serves the zones on a free port.
    ///
    /// # Errors
    ///
    /// If no socket can be bound.
    pub(crate) async fn start(
        zones: BTreeMap<LowerName, InMemoryZoneHandler>,
        failing: BTreeSet<(LowerName, RecordType)>,
    ) -> io::Result<Self> {
        let (address, server) = serve(Answering::new(zones, failing)).await?;
        Ok(Self {
            address,
            _server: server,
        })
    }

    /// Where it listens, for UDP and TCP.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Starts a name server on one free loopback port for UDP and TCP.
///
/// # Errors
///
/// If no socket can be bound.
pub(crate) async fn serve<H: RequestHandler>(handler: H) -> io::Result<(SocketAddr, Server<H>)> {
    let (udp, tcp) = bind().await?;
    let address = udp.local_addr()?;
    let mut server = Server::new(handler);
    server.register_socket(udp);
    server.register_listener(tcp, TCP_IDLE, TCP_BACKLOG);
    Ok((address, server))
}

async fn bind() -> io::Result<(UdpSocket, TcpListener)> {
    let mut attempt = 1;
    loop {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        match TcpListener::bind(udp.local_addr()?).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) if attempt >= PORT_ATTEMPTS => return Err(error),
            Err(_) => attempt += 1,
        }
    }
}

/// Decides which zone answers.
///
/// A DS record lives in the zone above its owner. So there is one catalog for each depth: the one at index `n` has the zones with
/// fewer than `n` labels, and a DS query for a name of `n` labels goes there.
struct Answering {
    all: Catalog,
    above: Vec<Catalog>,
    failing: BTreeSet<(LowerName, RecordType)>,
}

impl Answering {
    fn new(
        zones: BTreeMap<LowerName, InMemoryZoneHandler>,
        failing: BTreeSet<(LowerName, RecordType)>,
    ) -> Self {
        let zones: Vec<(LowerName, Arc<dyn ZoneHandler>)> = zones
            .into_iter()
            .map(|(apex, zone)| {
                let zone: Arc<dyn ZoneHandler> = Arc::new(ProvingZone { zone });
                (apex, zone)
            })
            .collect();
        let catalog = |labels: u8| {
            let mut catalog = Catalog::new();
            for (apex, zone) in zones.iter().filter(|(apex, _)| apex.num_labels() < labels) {
                catalog.upsert(apex.clone(), vec![Arc::clone(zone)]);
            }
            catalog
        };
        let deepest = zones
            .iter()
            .map(|(apex, _)| apex.num_labels())
            .max()
            .unwrap_or_default();
        Self {
            all: catalog(u8::MAX),
            above: (0..=deepest).map(catalog).collect(),
            failing,
        }
    }

    fn catalog(&self, name: &LowerName, record_type: RecordType) -> &Catalog {
        if record_type == RecordType::DS && !name.is_root() {
            self.above
                .get(usize::from(name.num_labels()))
                .unwrap_or(&self.all)
        } else {
            &self.all
        }
    }
}

#[async_trait]
impl RequestHandler for Answering {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        mut response_handle: R,
    ) -> ResponseInfo {
        let Some((name, record_type)) = request
            .request_info()
            .ok()
            .map(|info| (info.query.name().clone(), info.query.query_type()))
        else {
            return self
                .all
                .handle_request::<R, T>(request, response_handle)
                .await;
        };
        if self.failing.contains(&(name.clone(), record_type)) {
            let reply = MessageResponseBuilder::from_message_request(request)
                .error_msg(&request.metadata, ResponseCode::ServFail);
            if let Ok(info) = response_handle.send_response(reply).await {
                return info;
            }
        }
        self.catalog(&name, record_type)
            .handle_request::<R, T>(request, response_handle)
            .await
    }
}

/// A zone in memory with complete denials.
///
/// The NSEC records that the store itself picks for a name that does not exist cover the name and its parent, but not always the
/// wildcard at the closest encloser that RFC 4035 §3.1.3.2 asks for; a validator then has to call the reply bogus.
struct ProvingZone {
    zone: InMemoryZoneHandler,
}

#[async_trait]
impl ZoneHandler for ProvingZone {
    fn zone_type(&self) -> ZoneType {
        self.zone.zone_type()
    }

    fn axfr_policy(&self) -> AxfrPolicy {
        self.zone.axfr_policy()
    }

    fn origin(&self) -> &LowerName {
        self.zone.origin()
    }

    async fn lookup(
        &self,
        name: &LowerName,
        record_type: RecordType,
        request_info: Option<&RequestInfo<'_>>,
        options: LookupOptions,
    ) -> LookupControlFlow<AuthLookup> {
        self.zone
            .lookup(name, record_type, request_info, options)
            .await
    }

    async fn search(
        &self,
        request: &Request,
        options: LookupOptions,
    ) -> (LookupControlFlow<AuthLookup>, Option<TSigResponseContext>) {
        self.zone.search(request, options).await
    }

    async fn nsec_records(
        &self,
        name: &LowerName,
        options: LookupOptions,
    ) -> LookupControlFlow<AuthLookup> {
        let records = self.zone.records().await;
        let mut proofs = Vec::new();
        let wildcard = closest_encloser(&records, self.zone.origin(), name).prepend_label("*");
        for denied in [Some(name.clone()), wildcard.ok().map(LowerName::from)]
            .into_iter()
            .flatten()
        {
            let proof = nsec_for(&records, &denied);
            let matches = proof
                .as_ref()
                .is_some_and(|set| LowerName::from(set.name()) == denied);
            proofs.extend(proof);
            if matches {
                break;
            }
        }
        proofs.dedup();
        LookupControlFlow::Continue(Ok(LookupRecords::many(options, proofs).into()))
    }

    async fn nsec3_records(
        &self,
        info: Nsec3QueryInfo<'_>,
        options: LookupOptions,
    ) -> LookupControlFlow<AuthLookup> {
        self.zone.nsec3_records(info, options).await
    }

    fn nx_proof_kind(&self) -> Option<&NxProofKind> {
        self.zone.nx_proof_kind()
    }
}

/// The longest ancestor of `name` that exists in the zone, if only as a step to a name below it.
fn closest_encloser(
    records: &BTreeMap<RrKey, Arc<RecordSet>>,
    origin: &LowerName,
    name: &LowerName,
) -> LowerName {
    let mut candidate = name.base_name();
    while origin.zone_of(&candidate) && candidate != *origin {
        if records.keys().any(|key| candidate.zone_of(&key.name)) {
            return candidate;
        }
        candidate = candidate.base_name();
    }
    origin.clone()
}

/// The NSEC record that matches or covers `name`: the last one that does not sort behind it.
fn nsec_for(records: &BTreeMap<RrKey, Arc<RecordSet>>, name: &LowerName) -> Option<Arc<RecordSet>> {
    records
        .iter()
        .filter(|(key, _)| key.record_type == RecordType::NSEC && key.name <= *name)
        .map(|(_, set)| Arc::clone(set))
        .next_back()
}
