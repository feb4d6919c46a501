//! One connection to one address of a host: what the session asks for, done with SMTP and TLS.

use core::net::SocketAddr;
use std::io;

use smtp_dane::delivery::Transfer;
use smtp_dane::resolve::TlsPolicy;
use smtp_dane::session::{Assurance, Event, StartTlsOffer, Step};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::rustls::pki_types::DnsName;

use super::turns::Turn;
use super::{Network, Sighting, literal};
use crate::smtp::{Client, Hello, Message, Opening};
use crate::tls::Credential;

/// A connection to a server.
pub(super) struct Connection {
    network: Network,
    /// The name for the server name indication.
    server_name: Option<DnsName<'static>>,
    address: SocketAddr,
    /// The name for EHLO.
    name: String,
    /// None once the connection is of no more use.
    client: Option<Client>,
    /// Held to the end, so that nobody else comes before this one has gone.
    _turn: Turn,
}

impl Connection {
    /// Opens a connection as soon as it is its turn at the address; how long that takes is no fault of the server's.
    ///
    /// # Errors
    /// If there is no way to the address, or it takes too long.
    pub(super) async fn open(
        network: &Network,
        server_name: Option<DnsName<'static>>,
        address: SocketAddr,
    ) -> io::Result<Self> {
        let turn = network.turns.wait(address.ip()).await;
        let (client, own) = connect(network, address).await?;
        let name = network.hello.clone();
        Ok(Self {
            network: network.clone(),
            server_name,
            address,
            name: name.unwrap_or_else(|| literal(own.ip().to_canonical())),
            client: Some(client),
            _turn: turn,
        })
    }

    /// Does one step of a session and says what happened.
    pub(super) async fn act(&mut self, step: Step<'_>, sighting: &mut Sighting) -> Event {
        match step {
            Step::Hello => match self.hello(sighting).await {
                Some(Hello::StartTls) => Event::Hello(StartTlsOffer::Offered),
                Some(Hello::Plain) => Event::Hello(StartTlsOffer::Absent),
                Some(Hello::Rejected { code }) => Event::HelloRejected { code },
                None => Event::ConnectionLost,
            },
            Step::StartTls => self.start_tls(sighting).await,
            Step::Handshake(policy) => {
                self.handshake(policy, Credential::Certificates, sighting)
                    .await
            }
            Step::RawPublicKeyHandshake(wanted) => {
                let policy = TlsPolicy::Authenticate(wanted.clone());
                self.handshake(&policy, Credential::RawPublicKey, sighting)
                    .await
            }
            Step::Reconnect => {
                // The old connection is closed first.
                self.client = None;
                match connect(&self.network, self.address).await {
                    Ok((client, _)) => {
                        self.client = Some(client);
                        Event::Reconnected
                    }
                    Err(error) => {
                        sighting.trouble = Some(error.to_string());
                        Event::ConnectionLost
                    }
                }
            }
            // A delivery keeps these two to itself.
            Step::Transfer(_) | Step::Abandon(_) => Event::ConnectionLost,
        }
    }

    /// Makes sure that the server is ready, and hands over the message if there is one.
    pub(super) async fn transfer(
        &mut self,
        assurance: &Assurance,
        message: Option<&Message>,
        sighting: &mut Sighting,
    ) -> Transfer {
        // RFC 3207 §4.2: what the server said before TLS is forgotten.
        if !matches!(assurance, Assurance::Cleartext(_)) {
            match self.hello(sighting).await {
                Some(Hello::StartTls | Hello::Plain) => {}
                // The mail was not refused, but this host will not have it now.
                Some(Hello::Rejected {
                    code: code @ 400..=499,
                }) => {
                    return Transfer::Delayed { code };
                }
                Some(Hello::Rejected { .. }) | None => return Transfer::Interrupted,
            }
        }
        let Some(client) = &mut self.client else {
            return Transfer::Interrupted;
        };
        let Some(message) = message else {
            return Transfer::Accepted;
        };
        match client.deliver(message).await {
            Ok(reply) => match reply.code {
                200..=299 => Transfer::Accepted,
                code @ 500..=599 => Transfer::Rejected { code },
                code => Transfer::Delayed { code },
            },
            Err(error) => {
                sighting.trouble = Some(error.to_string());
                self.client = None;
                Transfer::Interrupted
            }
        }
    }

    /// Takes leave, if the server is still there to hear it.
    pub(super) async fn quit(self) {
        if let Some(client) = self.client {
            client.quit().await;
        }
    }

    async fn hello(&mut self, sighting: &mut Sighting) -> Option<Hello> {
        let said = match &mut self.client {
            Some(client) => client.hello(&self.name).await,
            None => return None,
        };
        match said {
            Ok(hello) => Some(hello),
            Err(error) => {
                sighting.trouble = Some(error.to_string());
                self.client = None;
                None
            }
        }
    }

    async fn start_tls(&mut self, sighting: &mut Sighting) -> Event {
        let Some(client) = &mut self.client else {
            return Event::ConnectionLost;
        };
        match client.command("STARTTLS").await {
            Ok(reply) => {
                let (code, buffered) = (reply.code, client.buffered());
                if buffered > 0 {
                    // Whoever wrote that is not to be talked to.
                    self.client = None;
                }
                Event::StartTlsReply { code, buffered }
            }
            Err(error) => {
                sighting.trouble = Some(error.to_string());
                self.client = None;
                Event::ConnectionLost
            }
        }
    }

    async fn handshake(
        &mut self,
        policy: &TlsPolicy,
        credential: Credential,
        sighting: &mut Sighting,
    ) -> Event {
        let Some(client) = self.client.take() else {
            return Event::ConnectionLost;
        };
        let Network { tls, patience, .. } = &self.network;
        let (name, address) = (self.server_name.clone(), self.address.ip());
        let stream = client.into_stream();
        let handshake = tls
            .handshake(policy, credential, stream, name, address, *patience)
            .await;
        sighting.key = handshake.key;
        match handshake.result {
            Ok(secured) => {
                // What went wrong on an earlier connection is mended.
                sighting.trouble = None;
                sighting.tls = Some(secured.facts);
                self.client = Some(Client::new(secured.stream, Opening::Silence, *patience));
                secured.event
            }
            Err(error) => {
                let event = error.event();
                // The library's reason says it all.
                if !matches!(event, Event::NotAuthenticated(_)) {
                    sighting.trouble = Some(error.to_string());
                }
                event
            }
        }
    }
}

/// Opens a connection; also says what the address on this side is.
async fn connect(network: &Network, address: SocketAddr) -> io::Result<(Client, SocketAddr)> {
    let stream = match timeout(network.patience, TcpStream::connect(address)).await {
        Ok(stream) => stream?,
        Err(_) => {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "no connection in time",
            ));
        }
    };
    let own = stream.local_addr()?;
    let client = Client::new(Box::new(stream), Opening::Greeting, network.patience);
    Ok((client, own))
}
