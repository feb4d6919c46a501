//! Mail servers of the lab: real sockets, real STARTTLS, and a mailbox to look into afterwards.
//!
//! All servers listen on the same port of different loopback addresses, because a TLSA owner name has the port in it and the demo's
//! zones are written for one port.

use core::fmt;
use core::net::Ipv4Addr;
use core::num::NonZeroU16;
use core::time::Duration;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::server::AlwaysResolvesServerRawPublicKeys;
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ServerConfig, crypto::ring};

use super::certificates::Identity;
use session::{Ending, Session};

mod session;
#[cfg(test)]
mod tests;

/// How often another port is tried if one is not free on all addresses.
const PORT_ATTEMPTS: u32 = 32;

/// How long one connection may last.
const CONNECTION_TIME: Duration = Duration::from_secs(20);

/// A TLS alert in a record: fatal, handshake failure (RFC 8446 §6).
const HANDSHAKE_FAILURE: [u8; 7] = [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28];

/// How a server treats STARTTLS.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum StartTls {
    /// Advertised and accepted.
    Offered,
    /// Not advertised and not known, as if somebody on the path had removed it.
    Stripped,
    /// Advertised, but the command gets a 454 reply.
    Rejected,
    /// Accepted, with more plain text directly behind the 220 reply.
    Injected,
}

/// How a server ends a TLS handshake.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Handshake {
    /// As it should.
    Completes,
    /// With a fatal alert.
    Breaks,
}

/// What a server presents in a TLS handshake.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Credential {
    /// Its certificates.
    Certificates,
    /// The bare key of its first certificate (RFC 7250), to clients that ask for one; all others fail.
    RawPublicKey,
}

/// A mail server as somebody describes it.
#[derive(Clone, Debug)]
pub(crate) struct MailServer {
    /// The name in its greeting.
    pub(crate) name: String,
    /// The loopback address where it listens.
    pub(crate) address: Ipv4Addr,
    /// What it presents.
    pub(crate) identity: Identity,
    /// What of that it presents.
    pub(crate) credential: Credential,
    /// How it treats STARTTLS.
    pub(crate) starttls: StartTls,
    /// How it ends a handshake.
    pub(crate) handshake: Handshake,
}

impl MailServer {
    /// A server on 127.0.0.`host` that does everything right.
    pub(crate) fn new(name: &str, host: u8, identity: Identity) -> Self {
        Self {
            name: name.to_owned(),
            address: Ipv4Addr::new(127, 0, 0, host),
            identity,
            credential: Credential::Certificates,
            starttls: StartTls::Offered,
            handshake: Handshake::Completes,
        }
    }

    /// The same server with another credential.
    pub(crate) fn credential(mut self, credential: Credential) -> Self {
        self.credential = credential;
        self
    }

    /// The same server with another treatment of STARTTLS.
    pub(crate) fn starttls(mut self, starttls: StartTls) -> Self {
        self.starttls = starttls;
        self
    }

    /// The same server with another end of the handshake.
    pub(crate) fn handshake(mut self, handshake: Handshake) -> Self {
        self.handshake = handshake;
        self
    }
}

/// A message that a server took.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Delivered {
    /// The name of the server.
    pub(crate) server: String,
    /// Whether it came over TLS.
    pub(crate) transport: Transport,
    /// The argument of MAIL FROM, without brackets.
    pub(crate) sender: String,
    /// The arguments of RCPT TO, without brackets.
    pub(crate) recipients: Vec<String>,
    /// The message, lines ending in CR LF, dots unstuffed.
    pub(crate) content: Vec<u8>,
}

/// What carried a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Transport {
    /// TCP alone.
    Cleartext,
    /// TLS after STARTTLS.
    Tls,
}

/// The messages that all servers of a lab took, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mailbox(Arc<Mutex<Vec<Delivered>>>);

impl Mailbox {
    /// A copy of what has come so far.
    pub(crate) fn messages(&self) -> Vec<Delivered> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn put(&self, message: Delivered) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(message);
    }
}

/// Running mail servers; they stop when dropped.
pub(crate) struct MailServers {
    port: NonZeroU16,
    mailbox: Mailbox,
    _tasks: JoinSet<()>,
}

impl fmt::Debug for MailServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailServers")
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl MailServers {
    /// Starts the servers on one port that is free on all their addresses.
    ///
    /// # Errors
    ///
    /// If there is no such port, or a certificate and its key do not fit.
    pub(crate) async fn start(servers: Vec<MailServer>) -> io::Result<Self> {
        let (port, listeners) = bind(&servers).await?;
        let mailbox = Mailbox::default();
        let mut tasks = JoinSet::new();
        for (server, listener) in servers.into_iter().zip(listeners) {
            let acceptor = acceptor(&server).map_err(io::Error::other)?;
            let host = Arc::new(Host {
                server,
                acceptor,
                mailbox: mailbox.clone(),
            });
            tasks.spawn(host.listen(listener));
        }
        Ok(Self {
            port,
            mailbox,
            _tasks: tasks,
        })
    }

    /// The port of all servers.
    pub(crate) fn port(&self) -> NonZeroU16 {
        self.port
    }

    /// What they took.
    pub(crate) fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }
}

async fn bind(servers: &[MailServer]) -> io::Result<(NonZeroU16, Vec<TcpListener>)> {
    let mut attempt = 1;
    loop {
        match bind_once(servers).await {
            Err(error) if attempt >= PORT_ATTEMPTS => return Err(error),
            Err(_) => attempt += 1,
            bound => return bound,
        }
    }
}

async fn bind_once(servers: &[MailServer]) -> io::Result<(NonZeroU16, Vec<TcpListener>)> {
    let mut listeners = Vec::with_capacity(servers.len());
    let mut port = 0;
    for server in servers {
        let listener = TcpListener::bind((server.address, port)).await?;
        port = listener.local_addr()?.port();
        listeners.push(listener);
    }
    let port = NonZeroU16::new(port)
        .ok_or_else(|| io::Error::other("there is no mail server to start"))?;
    Ok((port, listeners))
}

fn acceptor(server: &MailServer) -> Result<TlsAcceptor, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let key = server.identity.key.clone_key();
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth();
    let config = match server.credential {
        Credential::Certificates => config.with_single_cert(server.identity.chain.clone(), key)?,
        Credential::RawPublicKey => {
            let key = provider.key_provider.load_private_key(key)?;
            let public = key.public_key().ok_or(rustls::Error::General(
                "the key has no public part".to_owned(),
            ))?;
            let presented = vec![CertificateDer::from(public.to_vec())];
            let presented = Arc::new(CertifiedKey::new(presented, key));
            config.with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(presented)))
        }
    };
    Ok(TlsAcceptor::from(Arc::new(config)))
}

struct Host {
    server: MailServer,
    acceptor: TlsAcceptor,
    mailbox: Mailbox,
}

impl Host {
    async fn listen(self: Arc<Self>, listener: TcpListener) {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let host = Arc::clone(&self);
            connections.spawn(async move {
                // A client that breaks the protocol or goes away is no concern of the server's.
                let _ended = timeout(CONNECTION_TIME, host.converse(stream)).await;
            });
            while connections.try_join_next().is_some() {}
        }
    }

    async fn converse(&self, stream: TcpStream) -> io::Result<()> {
        let mut plain = Session::new(stream, &self.server, &self.mailbox, Transport::Cleartext);
        plain.greet().await?;
        match plain.run().await? {
            Ending::Quit => Ok(()),
            Ending::StartTls(stream) => self.encrypt(stream).await,
        }
    }

    async fn encrypt(&self, mut stream: TcpStream) -> io::Result<()> {
        if self.server.handshake == Handshake::Breaks {
            return session::break_off(&mut stream, &HANDSHAKE_FAILURE).await;
        }
        let stream = self.acceptor.accept(stream).await?;
        Session::new(stream, &self.server, &self.mailbox, Transport::Tls)
            .run()
            .await?;
        Ok(())
    }
}
