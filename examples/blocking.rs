//! Deliveries up to the mail on blocking sockets, one thing at a time: the shortest way through the whole library.
//!
//! ```console
//! $ cargo run --example blocking --features rustls -- 127.0.0.1:53 example.com
//! ```
//!
//! Sockets are those of the standard library, TLS is rustls. The resolver must validate, and only one on this machine is
//! believed to.

#[path = "shared/arguments.rs"]
mod arguments;
#[path = "shared/blocking.rs"]
mod blocking;
#[path = "shared/dns.rs"]
mod dns;
#[path = "shared/smtp.rs"]
mod smtp;
#[path = "shared/tls.rs"]
mod tls;

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::{Duration, Instant};

use rustls::ClientConnection;
use rustls::pki_types::DnsName;
use smtp_dane::delivery::{Delivery, Event, Outcome, Step};
use smtp_dane::report::Status;
use smtp_dane::resolve::{NextHop, Plan};
use smtp_dane::{RawPublicKeys, Unexpected, session};

use arguments::{Arguments, Error};
use blocking::Socket;
use smtp::{Conversation, Next};

/// How long a server may take to say goodbye; nothing hangs on its answer.
const FAREWELL: Duration = Duration::from_secs(1);

fn main() -> Result<(), Error> {
    let mut arguments = Arguments::parse(std::env::args().skip(1))?;
    // rustls can ask for them; without this line, a server that has nothing else is not authenticated.
    arguments.policy.raw_public_keys = RawPublicKeys::AfterCertificates;
    for next_hop in &arguments.next_hops {
        let outcome = deliver(next_hop, &arguments)?;
        println!("{next_hop}: {}", Status::line(&outcome));
    }
    Ok(())
}

/// Does what the delivery wants, and tells it what came of that, until it is over.
fn deliver(next_hop: &NextHop, arguments: &Arguments) -> Result<Outcome, Error> {
    let (policy, patience) = (arguments.policy.clone(), arguments.patience);
    let mut delivery = Delivery::new(next_hop.clone(), policy, getrandom::u64()?);
    let mut open: Option<Connection> = None;
    loop {
        let event = match delivery.step() {
            Step::Lookup(queries) => {
                let query = queries.first().ok_or(Unexpected)?;
                let answer = blocking::ask(arguments.resolver, query.question(), patience);
                Event::Answer(query.id(), answer)
            }
            Step::Connect { address, port, .. } => {
                let address = SocketAddr::new(address, port.get());
                let name = delivery.plan().and_then(Plan::server_name);
                open = Connection::open(address, name, patience).ok();
                match open {
                    Some(_) => Event::Connected,
                    None => Event::ConnectFailed,
                }
            }
            Step::Session(step) => open.as_mut().ok_or(Unexpected)?.act(step),
            Step::Done(outcome) => return Ok(outcome.clone()),
        };
        delivery.handle(event)?;
        // A connection lives as long as the steps are those of its session.
        if !matches!(delivery.step(), Step::Session(_))
            && let Some(connection) = open.take()
        {
            connection.quit();
        }
    }
}

/// A connection to one address of a host.
struct Connection {
    address: SocketAddr,
    /// The name for the server name indication.
    name: Option<DnsName<'static>>,
    patience: Duration,
    socket: Socket,
    smtp: Conversation,
    tls: Option<ClientConnection>,
}

impl Connection {
    fn open(
        address: SocketAddr,
        name: Option<DnsName<'static>>,
        patience: Duration,
    ) -> io::Result<Self> {
        let socket = Socket::connect(address, patience)?;
        let own_address = socket.stream.local_addr()?.ip();
        Ok(Self {
            address,
            name,
            patience,
            socket,
            smtp: Conversation::new(own_address),
            tls: None,
        })
    }

    /// Does one step of the session, and says what happened.
    fn act(&mut self, step: session::Step<'_>) -> Event {
        self.socket.deadline = Instant::now() + self.patience;
        let done = match step {
            session::Step::Handshake(_) | session::Step::RawPublicKeyHandshake(_) => {
                self.handshake(step)
            }
            session::Step::Reconnect => self.reconnect(),
            step => self.talk(step),
        };
        done.unwrap_or_else(|error| {
            // Nothing that could be understood will be said on this connection any more.
            let _closed = self.socket.stream.shutdown(Shutdown::Both);
            tls::failed(step, &error)
        })
    }

    fn talk(&mut self, step: session::Step<'_>) -> io::Result<Event> {
        self.smtp.begin(step)?;
        loop {
            match self.smtp.next()? {
                Next::Send(line) => self.write(line.as_bytes())?,
                Next::Read => self.read()?,
                Next::Done(event) => return Ok(event),
            }
        }
    }

    fn handshake(&mut self, step: session::Step<'_>) -> io::Result<Event> {
        let wanted = tls::Handshake::of(step, self.name.clone(), self.address.ip())?;
        let tls = ClientConnection::new(wanted.config.clone(), wanted.name.clone());
        let mut tls = tls.map_err(io::Error::other)?;
        while tls.is_handshaking() {
            tls.complete_io(&mut self.socket)?;
        }
        let event = wanted.event(&tls);
        self.tls = Some(tls);
        Ok(event)
    }

    fn reconnect(&mut self) -> io::Result<Event> {
        *self = Self::open(self.address, self.name.clone(), self.patience)?;
        Ok(Event::Session(session::Event::Reconnected))
    }

    fn read(&mut self) -> io::Result<()> {
        let mut buffer = [0; 4096];
        let length = match &mut self.tls {
            Some(tls) => rustls::Stream::new(tls, &mut self.socket).read(&mut buffer)?,
            None => self.socket.read(&mut buffer)?,
        };
        self.smtp.receive(buffer.get(..length).unwrap_or_default())
    }

    fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        match &mut self.tls {
            Some(tls) => {
                let mut stream = rustls::Stream::new(tls, &mut self.socket);
                stream.write_all(octets)?;
                stream.flush()
            }
            None => self.socket.write_all(octets),
        }
    }

    /// Takes leave. It does not matter whether the server answers.
    fn quit(mut self) {
        self.socket.deadline = Instant::now() + self.patience.min(FAREWELL);
        let _unheard = self.write(b"QUIT\r\n").and_then(|()| self.read());
    }
}
