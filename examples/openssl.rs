//! Deliveries up to the mail with TLS by OpenSSL: the chain is taken from the connection, and this library judges it.
//!
//! It needs libssl 3 with its headers, so the repository's package `tests/openssl` compiles it and the library's own does not:
//!
//! ```console
//! $ cargo run --manifest-path tests/openssl/Cargo.toml --example openssl -- 127.0.0.1:53 example.com
//! ```

#[path = "shared/arguments.rs"]
mod arguments;
#[path = "shared/blocking.rs"]
mod blocking;
#[path = "shared/dns.rs"]
mod dns;
#[path = "shared/smtp.rs"]
mod smtp;

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::{Duration, Instant};

use openssl::error::ErrorStack;
use openssl::ssl::{Ssl, SslContext, SslMethod, SslRef, SslStream, SslVerifyMode, SslVersion};
use smtp_dane::delivery::{Delivery, Event, Outcome, Step};
use smtp_dane::pki_types::{CertificateDer, UnixTime};
use smtp_dane::report::Status;
use smtp_dane::resolve::{NextHop, Plan, TlsPolicy};
use smtp_dane::{Unexpected, session};

use arguments::{Arguments, Error};
use blocking::Socket;
use smtp::{Conversation, Next};

fn main() -> Result<(), Error> {
    // `RawPublicKeys` stays at `Never`, since the crate `openssl` cannot ask for such a key.
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    let openssl = context()?;
    for next_hop in &arguments.next_hops {
        let outcome = deliver(next_hop, &arguments, &openssl)?;
        println!("{next_hop}: {}", Status::line(&outcome));
    }
    Ok(())
}

/// What all connections have in common. No session is ever resumed, so each has a chain to judge.
fn context() -> Result<SslContext, ErrorStack> {
    let mut context = SslContext::builder(SslMethod::tls_client())?;
    // OpenSSL has no say in whom to trust: its own rules refuse what DANE-EE accepts (RFC 7672 §3.1.1). The proof that the server
    // holds the key of its certificate is no part of them. Whatever is set here, a handshake fails without it: without the right
    // signature by that key, or in the old key exchange of TLS 1.2 if the server cannot decrypt what was encrypted to it.
    context.set_verify(SslVerifyMode::NONE);
    context.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    // RFC 7672 §8.2: a suite without certificates would leave nothing to judge.
    context.set_cipher_list("DEFAULT:!aNULL")?;
    Ok(context.build())
}

/// What the handshake means to the session.
fn judge(tls: &TlsPolicy, connection: &SslRef) -> io::Result<session::Event> {
    // Just what the server sent, its own certificate first: not the chain that OpenSSL would have built.
    let mut chain = Vec::new();
    for certificate in connection.peer_cert_chain().into_iter().flatten() {
        chain.push(CertificateDer::from(certificate.to_der()?));
    }
    let (now, algorithms) = (UnixTime::now(), webpki::ALL_VERIFICATION_ALGS);
    let event = session::Event::of_handshake(tls, &chain, now, algorithms, &[]);
    Ok(event)
}

/// Does what the delivery wants, and tells it what came of that, until it is over.
fn deliver(to: &NextHop, with: &Arguments, openssl: &SslContext) -> Result<Outcome, Error> {
    let mut delivery = Delivery::new(to.clone(), with.policy.clone(), getrandom::u64()?);
    let mut open: Option<Connection> = None;
    loop {
        let event = match delivery.step() {
            Step::Lookup(queries) => {
                let query = queries.first().ok_or(Unexpected)?;
                let answer = blocking::ask(with.resolver, query.question(), with.patience);
                Event::Answer(query.id(), answer)
            }
            Step::Connect { address, port, .. } => {
                let address = SocketAddr::new(address, port.get());
                open = Connection::open(address, with.patience).ok();
                match open {
                    Some(_) => Event::Connected,
                    None => Event::ConnectFailed,
                }
            }
            Step::Session(step) => {
                let mut ssl = Ssl::new(openssl)?;
                if let Some(name) = delivery.plan().and_then(Plan::server_name) {
                    ssl.set_hostname(name.as_ref())?;
                }
                open.as_mut().ok_or(Unexpected)?.act(step, ssl)
            }
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
    patience: Duration,
    socket: Socket,
    smtp: Conversation,
    tls: Option<SslStream<Socket>>,
}

impl Connection {
    fn open(address: SocketAddr, patience: Duration) -> io::Result<Self> {
        let socket = Socket::connect(address, patience)?;
        Ok(Self {
            address,
            patience,
            smtp: Conversation::new(socket.stream.local_addr()?.ip()),
            socket,
            tls: None,
        })
    }

    /// Does one step of the session, and says what happened.
    fn act(&mut self, step: session::Step<'_>, ssl: Ssl) -> Event {
        let done = match step {
            session::Step::Handshake(tls) => self.handshake(tls, ssl),
            session::Step::Reconnect => self.reconnect(),
            step => self.talk(step),
        };
        done.unwrap_or_else(|_| {
            // Nothing that could be understood will be said on this connection any more.
            let _closed = self.socket.stream.shutdown(Shutdown::Both);
            smtp::broken(step)
        })
    }

    fn talk(&mut self, step: session::Step<'_>) -> io::Result<Event> {
        self.socket().deadline = Instant::now() + self.patience;
        self.smtp.begin(step)?;
        loop {
            match self.smtp.next()? {
                Next::Send(line) => self.write(line.as_bytes())?,
                Next::Read => self.read()?,
                Next::Done(event) => return Ok(event),
            }
        }
    }

    fn reconnect(&mut self) -> io::Result<Event> {
        *self = Self::open(self.address, self.patience)?;
        Ok(Event::Session(session::Event::Reconnected))
    }

    fn handshake(&mut self, tls: &TlsPolicy, ssl: Ssl) -> io::Result<Event> {
        let socket = Socket {
            stream: self.socket.stream.try_clone()?,
            deadline: Instant::now() + self.patience,
        };
        let connection = ssl.connect(socket).map_err(io::Error::other)?;
        let event = judge(tls, connection.ssl())?;
        self.tls = Some(connection);
        Ok(Event::Session(event))
    }

    fn socket(&mut self) -> &mut Socket {
        match &mut self.tls {
            Some(tls) => tls.get_mut(),
            None => &mut self.socket,
        }
    }

    fn read(&mut self) -> io::Result<()> {
        let mut buffer = [0; 4096];
        let length = match &mut self.tls {
            Some(tls) => tls.read(&mut buffer)?,
            None => self.socket.read(&mut buffer)?,
        };
        self.smtp.receive(buffer.get(..length).unwrap_or_default())
    }

    fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        match &mut self.tls {
            Some(tls) => tls.write_all(octets),
            None => self.socket.write_all(octets),
        }
    }

    /// Takes leave. The server has a second to answer, and it does not matter whether it does.
    fn quit(mut self) {
        self.socket().deadline = Instant::now() + Duration::from_secs(1);
        let _unheard = self.write(b"QUIT\r\n").and_then(|()| self.read());
    }
}
