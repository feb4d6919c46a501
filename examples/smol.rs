//! Deliveries up to the mail on smol: all domains at once, and of each all lookups that are open.
//!
//! ```console
//! $ cargo run --example smol --features rustls -- 127.0.0.1:53 example.com
//! ```
//!
//! The resolver must validate, and only one on this machine is believed to.

#[path = "shared/arguments.rs"]
mod arguments;
#[path = "shared/dns.rs"]
mod dns;
#[path = "smol/resolver.rs"]
mod resolver;
#[path = "shared/smtp.rs"]
mod smtp;
#[path = "shared/tls.rs"]
mod tls;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_rustls::TlsConnector;
use futures_rustls::rustls::pki_types::DnsName;
use smol::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use smol::net::TcpStream;
use smtp_dane::delivery::{Delivery, Event, Outcome, Step};
use smtp_dane::dns::Query;
use smtp_dane::report::Status;
use smtp_dane::resolve::Plan;
use smtp_dane::{RawPublicKeys, Unexpected, session};

use arguments::{Arguments, Error};
use resolver::within;
use smtp::{Conversation, Next};

/// How long a server may take to say goodbye; nothing hangs on its answer.
const FAREWELL: Duration = Duration::from_secs(1);

fn main() -> Result<(), Error> {
    let mut arguments = Arguments::parse(std::env::args().skip(1))?;
    // rustls can ask for them; without this line, a server that has nothing else is not authenticated.
    arguments.policy.raw_public_keys = RawPublicKeys::AfterCertificates;
    let mut tasks = Vec::with_capacity(arguments.next_hops.len());
    for next_hop in arguments.next_hops {
        let policy = arguments.policy.clone();
        let delivery = Delivery::new(next_hop.clone(), policy, getrandom::u64()?);
        let delivery = deliver(delivery, arguments.resolver, arguments.patience);
        tasks.push((next_hop, smol::spawn(delivery)));
    }
    smol::block_on(async {
        for (next_hop, task) in tasks {
            println!("{next_hop}: {}", Status::line(&task.await?));
        }
        Ok(())
    })
}

/// Does what the delivery wants, and tells it what came of that, until it is over.
async fn deliver(
    mut delivery: Delivery,
    server: SocketAddr,
    patience: Duration,
) -> Result<Outcome, Error> {
    let mut open: Option<Connection> = None;
    loop {
        let event = match delivery.step() {
            Step::Lookup(queries) => {
                let lookup = |query: Query| async move {
                    let answer = resolver::ask(server, query.question(), patience).await;
                    Event::Answer(query.id(), answer)
                };
                let start = |query: &Query| smol::spawn(lookup(query.clone()));
                let lookups: Vec<_> = queries.iter().map(start).collect();
                for answer in lookups {
                    delivery.handle(answer.await)?;
                }
                continue;
            }
            Step::Connect { address, port, .. } => {
                let address = SocketAddr::new(address, port.get());
                let name = delivery.plan().and_then(Plan::server_name);
                open = Connection::open(address, name, patience).await.ok();
                match open {
                    Some(_) => Event::Connected,
                    None => Event::ConnectFailed,
                }
            }
            Step::Session(step) => open.as_mut().ok_or(Unexpected)?.act(step).await,
            Step::Done(outcome) => return Ok(outcome.clone()),
        };
        delivery.handle(event)?;
        // A connection lives as long as the steps are those of its session.
        if !matches!(delivery.step(), Step::Session(_))
            && let Some(mut connection) = open.take()
        {
            let _unheard = within(FAREWELL, connection.quit()).await;
        }
    }
}

trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// A connection to one address of a host.
struct Connection {
    address: SocketAddr,
    /// The name for the server name indication.
    name: Option<DnsName<'static>>,
    patience: Duration,
    smtp: Conversation,
    /// None after a handshake that failed.
    stream: Option<Box<dyn Transport>>,
}

impl Connection {
    async fn open(
        address: SocketAddr,
        name: Option<DnsName<'static>>,
        patience: Duration,
    ) -> io::Result<Self> {
        let stream = within(patience, TcpStream::connect(address)).await?;
        Ok(Self {
            address,
            name,
            patience,
            smtp: Conversation::new(stream.local_addr()?.ip()),
            stream: Some(Box::new(stream)),
        })
    }

    /// Does one step of the session, and says what happened.
    async fn act(&mut self, step: session::Step<'_>) -> Event {
        let done = within(self.patience, self.try_to(step)).await;
        done.unwrap_or_else(|error| tls::failed(step, &error))
    }

    async fn try_to(&mut self, step: session::Step<'_>) -> io::Result<Event> {
        match step {
            session::Step::Handshake(_) | session::Step::RawPublicKeyHandshake(_) => {
                self.handshake(step).await
            }
            session::Step::Reconnect => {
                *self = Self::open(self.address, self.name.clone(), self.patience).await?;
                Ok(Event::Session(session::Event::Reconnected))
            }
            step => self.talk(step).await,
        }
    }

    async fn talk(&mut self, step: session::Step<'_>) -> io::Result<Event> {
        self.smtp.begin(step)?;
        loop {
            match self.smtp.next()? {
                Next::Send(line) => self.write(line.as_bytes()).await?,
                Next::Read => self.read().await?,
                Next::Done(event) => return Ok(event),
            }
        }
    }

    async fn handshake(&mut self, step: session::Step<'_>) -> io::Result<Event> {
        let wanted = tls::Handshake::of(step, self.name.clone(), self.address.ip())?;
        let stream = self.stream.take().ok_or(io::ErrorKind::NotConnected)?;
        let connector = TlsConnector::from(wanted.config.clone());
        let stream = connector.connect(wanted.name.clone(), stream).await?;
        let event = wanted.event(stream.get_ref().1);
        self.stream = Some(Box::new(stream));
        Ok(event)
    }

    async fn read(&mut self) -> io::Result<()> {
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        let mut buffer = [0; 4096];
        let length = stream.read(&mut buffer).await?;
        self.smtp.receive(buffer.get(..length).unwrap_or_default())
    }

    async fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        stream.write_all(octets).await?;
        stream.flush().await
    }

    /// Takes leave. It does not matter whether the server answers.
    async fn quit(&mut self) -> io::Result<()> {
        self.write(b"QUIT\r\n").await?;
        self.read().await
    }
}
