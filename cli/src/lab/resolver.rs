//! The lab's validating resolver: what an operator runs on 127.0.0.1 beside a mail server.

use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;
use std::io;

use async_trait::async_trait;
use hickory_net::runtime::Time;
use hickory_proto::dnssec::Proof;
use hickory_proto::op::{Edns, Header, HeaderCounts, Metadata, OpCode, ResponseCode};
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::rr::{DNSClass, Record};
use hickory_server::Server;
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::MessageResponseBuilder;

use super::authority::serve;
use crate::validator::{Anchor, LookupFailure, Validated, Validator};

/// Largest UDP reply; longer ones are truncated (RFC 9715).
const MAX_UDP_REPLY: u16 = 1232;

/// How long the resolver waits for the authoritative server.
const PATIENCE: Duration = Duration::from_secs(2);

/// The option code of an extended DNS error (RFC 8914 §2).
const EXTENDED_ERROR: u16 = 15;

/// A running validating resolver; it stops when dropped.
pub(crate) struct Resolver {
    address: SocketAddr,
    validator: Validator,
    _server: Server<Resolving>,
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Resolver {
    /// Starts a resolver that asks `authority` and trusts `anchor`.
    ///
    /// # Errors
    ///
    /// If no socket can be bound or the trust anchor cannot be used.
    pub(crate) async fn start(authority: SocketAddr, anchor: Anchor) -> io::Result<Self> {
        let validator = Validator::new(&[authority], anchor, PATIENCE)
            .await
            .map_err(io::Error::other)?;
        let (address, server) = serve(Resolving {
            validator: validator.clone(),
        })
        .await?;
        Ok(Self {
            address,
            validator,
            _server: server,
        })
    }

    /// Where it listens, for UDP and TCP.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same resolver without sockets, with a proof for each record.
    pub(crate) fn validator(&self) -> &Validator {
        &self.validator
    }
}

struct Resolving {
    validator: Validator,
}

#[async_trait]
impl RequestHandler for Resolving {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        mut response_handle: R,
    ) -> ResponseInfo {
        let mut reply = Reply::new(request);
        match request.request_info() {
            Ok(info)
                if request.metadata.op_code == OpCode::Query
                    && info.query.query_class() == DNSClass::IN =>
            {
                let query = info.query.original();
                reply.fill(
                    self.validator
                        .lookup(query.name(), query.query_type())
                        .await,
                );
            }
            Ok(_) => reply.metadata.response_code = ResponseCode::NotImp,
            Err(_) => reply.metadata.response_code = ResponseCode::FormErr,
        }
        let metadata = reply.metadata;
        let message = MessageResponseBuilder::new(&request.queries, reply.edns.as_ref()).build(
            metadata,
            &reply.answers,
            &reply.authorities,
            [],
            [],
        );
        response_handle
            .send_response(message)
            .await
            .unwrap_or_else(|_| failed(metadata))
    }
}

/// What the server is told about a reply that could not be sent.
fn failed(mut metadata: Metadata) -> ResponseInfo {
    metadata.response_code = ResponseCode::ServFail;
    Header {
        metadata,
        counts: HeaderCounts::default(),
    }
    .into()
}

/// A reply that is being put together.
struct Reply {
    metadata: Metadata,
    edns: Option<Edns>,
    answers: Vec<Record>,
    authorities: Vec<Record>,
    wants_signatures: bool,
    wants_status: bool,
}

impl Reply {
    fn new(request: &Request) -> Self {
        let mut metadata = Metadata::response_from_request(&request.metadata);
        metadata.recursion_available = true;
        let wants_signatures = request
            .edns
            .as_ref()
            .is_some_and(|edns| edns.flags().dnssec_ok);
        let edns = request.edns.as_ref().map(|asked| {
            let mut edns = Edns::new();
            edns.set_max_payload(asked.max_payload().clamp(512, MAX_UDP_REPLY))
                .set_dnssec_ok(wants_signatures);
            edns
        });
        Self {
            metadata,
            edns,
            answers: Vec::new(),
            authorities: Vec::new(),
            wants_signatures,
            wants_status: wants_signatures || request.metadata.authentic_data,
        }
    }

    fn fill(&mut self, result: Result<Validated, LookupFailure>) {
        match result {
            Ok(found) => {
                self.metadata.response_code = found.response_code();
                // RFC 6840 §5.7 and §5.8: AD only for those who asked, and only if all of the reply is secure.
                self.metadata.authentic_data = self.wants_status && found.proof() == Proof::Secure;
                self.authorities = found.authorities();
                self.answers = found.answers;
                if self.wants_signatures {
                    self.answers.extend(found.signatures);
                } else {
                    self.authorities
                        .retain(|record| !record.record_type().is_dnssec());
                }
            }
            Err(failure) => {
                self.metadata.response_code = ResponseCode::ServFail;
                if let Some(edns) = &mut self.edns {
                    edns.options_mut().insert(EdnsOption::Unknown(
                        EXTENDED_ERROR,
                        extended_error(&failure),
                    ));
                }
            }
        }
    }
}

/// The info code and the text of an extended DNS error (RFC 8914 §4).
fn extended_error(failure: &LookupFailure) -> Vec<u8> {
    let code: u16 = match failure {
        LookupFailure::Bogus { .. } => 6,
        LookupFailure::Indeterminate { .. } => 5,
        LookupFailure::NoAnchoredKey { .. } => 9,
        LookupFailure::Timeout => 22,
        LookupFailure::ResponseCode(_) | LookupFailure::Network(_) => 23,
        LookupFailure::TooManyAliases { .. } => 0,
    };
    let mut data = code.to_be_bytes().to_vec();
    data.extend(failure.to_string().into_bytes());
    data
}
