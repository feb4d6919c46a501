//! The servers of a scenario: what each of them does when somebody connects.

use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::num::NonZeroU16;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde::Deserialize;
use smtp_dane::Authentication;
use smtp_dane::cert::RawCertificate;
use smtp_dane::delivery::Transfer;
use smtp_dane::resolve::{SMTP_PORT, TlsPolicy};
use smtp_dane::session::{Event, StartTlsOffer, Step};
use smtp_dane::tlsa::sha256;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{
    CertificateDer, SubjectPublicKeyInfoDer, TrustAnchor, UnixTime,
};

use super::pem::{Reader, Sources};
use super::scenario::Scenario;
use crate::drive::Sighting;
use crate::exit::Ending;

/// The reply of a server that takes STARTTLS (RFC 3207 §4).
const READY: u16 = 220;

/// The reply of a server that refuses STARTTLS, if the file does not say which: for now (RFC 3207 §4).
const TLS_NOT_AVAILABLE: u16 = 454;

/// How many octets an attacker puts behind the reply to STARTTLS; any number will do.
const INJECTED: usize = 16;

/// A server in a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct ServerSection {
    address: IpAddr,
    #[serde(default = "default_port")]
    port: NonZeroU16,
    #[serde(default)]
    connect: Connect,
    #[serde(default)]
    hello: Reply,
    #[serde(default)]
    starttls: StartTls,
    #[serde(default)]
    handshake: Handshake,
    #[serde(default)]
    chain: Option<Sources>,
    #[serde(default)]
    raw_public_key: Option<String>,
    #[serde(default)]
    transfer: Reply,
}

const fn default_port() -> NonZeroU16 {
    SMTP_PORT
}

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Connect {
    #[default]
    Ok,
    Refused,
    Timeout,
}

/// What becomes of STARTTLS.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StartTls {
    #[default]
    Ok,
    /// It is not offered.
    Absent,
    /// It is offered and refused.
    Rejected,
    /// Somebody puts cleartext behind the reply.
    Injected,
}

/// What becomes of the TLS handshake.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Handshake {
    #[default]
    Ok,
    Fail,
}

/// What a server says to EHLO, or to the mail.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(try_from = "ReplySection")]
enum Reply {
    #[default]
    Ok,
    /// A reply code from 400 to 599.
    Code(u16),
    /// It breaks the connection.
    Disconnect,
}

/// A word or a reply code.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "it is neither a word nor a reply code")]
enum ReplySection {
    Code(u16),
    Word(String),
}

impl TryFrom<ReplySection> for Reply {
    type Error = ReplyError;

    fn try_from(section: ReplySection) -> Result<Self, ReplyError> {
        let code = match section {
            ReplySection::Code(code) => code,
            ReplySection::Word(word) => match word.as_str() {
                "ok" => return Ok(Self::Ok),
                "disconnect" => return Ok(Self::Disconnect),
                "4xx" => 451,
                "5xx" => 550,
                word => word.parse().map_err(|_| ReplyError)?,
            },
        };
        match code {
            400..=599 => Ok(Self::Code(code)),
            _ => Err(ReplyError),
        }
    }
}

/// It is no reply of a server.
#[derive(Debug)]
struct ReplyError;

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is none of ok, 4xx, 5xx, disconnect and a code from 400 to 599")
    }
}

/// All servers, and what their certificates are judged by.
#[derive(Debug)]
pub(super) struct Servers {
    servers: HashMap<SocketAddr, Server>,
    time: UnixTime,
    roots: Vec<TrustAnchor<'static>>,
}

/// One server.
#[derive(Debug)]
pub(super) struct Server {
    connect: Connect,
    hello: Reply,
    starttls: StartTls,
    handshake: Handshake,
    chain: Option<Vec<CertificateDer<'static>>>,
    key: Option<SubjectPublicKeyInfoDer<'static>>,
    transfer: Reply,
}

/// Why there is no connection.
#[derive(Clone, Copy, Debug)]
pub(super) enum NoConnection {
    /// The file has no such server.
    NotListed,
    /// It refuses.
    Refused,
    /// It is silent.
    Timeout,
}

impl fmt::Display for NoConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotListed => "connection refused: the scenario has no such server",
            Self::Refused => "connection refused",
            Self::Timeout => "no connection in time",
        })
    }
}

impl Servers {
    /// Reads the certificates of all servers.
    ///
    /// # Errors
    /// [`Ending::Unusable`] if one cannot be used, or an address has two servers.
    pub(super) fn build(scenario: &Scenario, pem: &Reader<'_>) -> Result<Self, Ending> {
        let mut servers = HashMap::new();
        for (number, section) in scenario.servers.iter().enumerate() {
            let address = SocketAddr::new(section.address, section.port.get());
            match servers.entry(address) {
                Entry::Vacant(vacant) => {
                    vacant.insert(Server::build(number, section, pem)?);
                }
                Entry::Occupied(_) => {
                    let place = format!("servers[{number}]");
                    let why = format!("there is another server at {address}");
                    return Err(pem.scenario().unusable_at(&place, &why));
                }
            }
        }
        let roots = match &scenario.roots {
            Some(sources) => pem.roots("roots", sources)?,
            None => Vec::new(),
        };
        Ok(Self {
            servers,
            time: scenario.time,
            roots,
        })
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// [`NoConnection`] if there is none.
    pub(super) fn connect(&self, address: SocketAddr) -> Result<&Server, NoConnection> {
        let server = self.servers.get(&address);
        let server = server.ok_or(NoConnection::NotListed)?;
        match server.connect {
            Connect::Ok => Ok(server),
            Connect::Refused => Err(NoConnection::Refused),
            Connect::Timeout => Err(NoConnection::Timeout),
        }
    }

    /// Does one step of a session and says what happened; nothing if it is no step of a connection that goes on.
    pub(super) fn act(
        &self,
        server: &Server,
        step: Step<'_>,
        sighting: &mut Sighting,
    ) -> Option<Event> {
        match step {
            Step::Hello => Some(server.hello()),
            Step::StartTls => Some(server.start_tls()),
            Step::Handshake(policy) => Some(self.handshake(server, policy, sighting)),
            Step::RawPublicKeyHandshake(wanted) => {
                Some(server.raw_public_key_handshake(wanted, sighting))
            }
            Step::Reconnect => Some(Event::Reconnected),
            Step::Transfer(_) | Step::Abandon(_) => None,
        }
    }

    fn handshake(&self, server: &Server, policy: &TlsPolicy, sighting: &mut Sighting) -> Event {
        let chain = match (server.handshake, &server.chain, &server.key) {
            (Handshake::Ok, Some(chain), _) => chain.as_slice(),
            (Handshake::Ok, None, None) => &[],
            // RFC 7250 §4.2: a server that has nothing but a raw public key has nothing for who wants certificates.
            (Handshake::Ok, None, Some(_)) | (Handshake::Fail, _, _) => {
                return Event::HandshakeFailed;
            }
        };
        let own = chain.first().map(|own| RawCertificate::parse(own));
        if let Some(Ok(own)) = own {
            sighting.key = Some(sha256(own.subject_public_key_info()));
        }
        let algorithms = ring::default_provider().signature_verification_algorithms;
        Event::of_handshake(policy, chain, self.time, algorithms.all, &self.roots)
    }
}

impl Server {
    fn build(number: usize, section: &ServerSection, pem: &Reader<'_>) -> Result<Self, Ending> {
        let place = |field: &str| format!("servers[{number}].{field}");
        let chain = section.chain.as_ref();
        let chain = chain.map(|sources| pem.certificates(&place("chain"), sources));
        let key = section.raw_public_key.as_ref();
        let key = key.map(|source| pem.key(&place("raw_public_key"), source));
        Ok(Self {
            connect: section.connect,
            hello: section.hello,
            starttls: section.starttls,
            handshake: section.handshake,
            chain: chain.transpose()?,
            key: key.transpose()?,
            transfer: section.transfer,
        })
    }

    fn hello(&self) -> Event {
        match (self.hello, self.starttls) {
            (Reply::Code(code), _) => Event::HelloRejected { code },
            (Reply::Disconnect, _) => Event::ConnectionLost,
            (Reply::Ok, StartTls::Absent) => Event::Hello(StartTlsOffer::Absent),
            (Reply::Ok, StartTls::Ok | StartTls::Rejected | StartTls::Injected) => {
                Event::Hello(StartTlsOffer::Offered)
            }
        }
    }

    fn start_tls(&self) -> Event {
        let (code, buffered) = match self.starttls {
            StartTls::Ok => (READY, 0),
            StartTls::Injected => (READY, INJECTED),
            StartTls::Rejected | StartTls::Absent => (TLS_NOT_AVAILABLE, 0),
        };
        Event::StartTlsReply { code, buffered }
    }

    fn raw_public_key_handshake(&self, wanted: &Authentication, sighting: &mut Sighting) -> Event {
        let (Handshake::Ok, Some(key)) = (self.handshake, &self.key) else {
            return Event::HandshakeFailed;
        };
        sighting.key = Some(sha256(key));
        let verified = wanted.verify_raw_public_key(key);
        verified.map_or_else(Event::NotAuthenticated, Event::Authenticated)
    }

    /// How the server takes the mail.
    pub(super) const fn transfer(&self) -> Transfer {
        match self.transfer {
            Reply::Ok => Transfer::Accepted,
            Reply::Code(code @ 500..) => Transfer::Rejected { code },
            Reply::Code(code) => Transfer::Delayed { code },
            Reply::Disconnect => Transfer::Interrupted,
        }
    }
}
