//! A connection that does not block to one address of a host.

use std::io::{self, Read, Write};
use std::net::SocketAddr;

use mio::net::TcpStream;
use mio::{Interest, Token};
use rustls::ClientConnection;
use rustls::pki_types::DnsName;
use smtp_dane::delivery::Event;
use smtp_dane::session::{self, Step};

use crate::Network;
use crate::lookup::not_yet;
use crate::smtp::{Conversation, Next};
use crate::tls::Handshake;

pub(crate) struct Connection {
    address: SocketAddr,
    /// The name for the server name indication.
    name: Option<DnsName<'static>>,
    stream: TcpStream,
    smtp: Conversation,
    to_send: Vec<u8>,
    /// From the beginning of the handshake.
    tls: Option<(Handshake, ClientConnection)>,
}

impl Connection {
    /// Begins to connect.
    pub(crate) fn open(
        address: SocketAddr,
        name: Option<DnsName<'static>>,
        network: &Network,
        token: Token,
    ) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        let both = Interest::READABLE | Interest::WRITABLE;
        network.registry.register(&mut stream, token, both)?;
        Ok(Self {
            address,
            name,
            smtp: Conversation::new(stream.local_addr()?.ip()),
            stream,
            to_send: Vec::new(),
            tls: None,
        })
    }

    /// Whether it is open now.
    pub(crate) fn opened(&self) -> io::Result<()> {
        match self.stream.take_error()? {
            Some(error) => Err(error),
            None => self.stream.peer_addr().map(|_| ()).map_err(not_yet),
        }
    }

    /// Begins a step of the session.
    pub(crate) fn begin(
        &mut self,
        step: Step<'_>,
        network: &Network,
        token: Token,
    ) -> io::Result<()> {
        match step {
            Step::Handshake(_) | Step::RawPublicKeyHandshake(_) => {
                let wanted = Handshake::of(step, self.name.clone(), self.address.ip())?;
                let tls = ClientConnection::new(wanted.config.clone(), wanted.name.clone());
                self.tls = Some((wanted, tls.map_err(io::Error::other)?));
            }
            Step::Reconnect => {
                *self = Self::open(self.address, self.name.clone(), network, token)?;
            }
            step => self.smtp.begin(step)?,
        }
        Ok(())
    }

    /// What came of the step; an error that it would block means that nothing came yet.
    pub(crate) fn act(&mut self, step: Step<'_>) -> io::Result<Event> {
        match (step, &mut self.tls) {
            (Step::Handshake(_) | Step::RawPublicKeyHandshake(_), Some((wanted, tls))) => {
                while tls.is_handshaking() {
                    tls.complete_io(&mut self.stream)?;
                }
                Ok(wanted.event(tls))
            }
            (Step::Reconnect, _) => {
                self.opened()?;
                Ok(Event::Session(session::Event::Reconnected))
            }
            _ => self.talk(),
        }
    }

    fn talk(&mut self) -> io::Result<Event> {
        loop {
            self.write()?;
            match self.smtp.next()? {
                Next::Send(line) => self.to_send.extend_from_slice(line.as_bytes()),
                Next::Read => self.read()?,
                Next::Done(event) => return Ok(event),
            }
        }
    }

    fn read(&mut self) -> io::Result<()> {
        let mut buffer = [0; 4096];
        let length = match &mut self.tls {
            Some((_, tls)) => rustls::Stream::new(tls, &mut self.stream).read(&mut buffer)?,
            None => self.stream.read(&mut buffer)?,
        };
        self.smtp.receive(buffer.get(..length).unwrap_or_default())
    }

    /// Sends what is to be sent. Under TLS, what the socket does not take goes out with the next read.
    fn write(&mut self) -> io::Result<()> {
        while !self.to_send.is_empty() {
            let length = match &mut self.tls {
                Some((_, tls)) => {
                    rustls::Stream::new(tls, &mut self.stream).write(&self.to_send)?
                }
                None => self.stream.write(&self.to_send)?,
            };
            self.to_send.drain(..length);
        }
        Ok(())
    }

    /// Takes leave. Nobody waits for the answer, since nothing hangs on it.
    pub(crate) fn quit(&mut self) {
        self.to_send.extend_from_slice(b"QUIT\r\n");
        let _unheard = self.write();
    }
}
