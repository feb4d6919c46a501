//! Blocking sockets: a TCP connection with a deadline, and questions to a resolver.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use smtp_dane::dns::{Answer, Discard, LookupError, Question};

use crate::dns::{self, Try};

/// A connection that nobody can hold up by sending an octet now and then.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) stream: TcpStream,
    /// Everything fails after this instant.
    pub(crate) deadline: Instant,
}

impl Socket {
    pub(crate) fn connect(address: SocketAddr, patience: Duration) -> io::Result<Self> {
        let deadline = Instant::now() + patience;
        let stream = TcpStream::connect_timeout(&address, patience)?;
        Ok(Self { stream, deadline })
    }
}

/// The time until then.
fn left(deadline: Instant) -> io::Result<Duration> {
    match deadline.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
        left => Ok(left),
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(left(self.deadline)?))?;
        self.stream.read(buffer)
    }
}

impl Write for Socket {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(left(self.deadline)?))?;
        self.stream.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Asks a resolver. Whatever goes wrong is a failed lookup, never an absence, which would turn DANE off.
pub(crate) fn ask(resolver: SocketAddr, question: &Question, patience: Duration) -> Answer {
    let mut failure = LookupError::Unreachable;
    for _ in 0..dns::TRIES {
        match ask_once(resolver, question, patience / dns::TRIES) {
            Ok(answer) => return answer,
            Err(error) => {
                failure = match error.kind() {
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => LookupError::Timeout,
                    _ => LookupError::Unreachable,
                }
            }
        }
    }
    Answer::failed(failure)
}

/// Asks over UDP, then over TCP if the reply does not fit.
fn ask_once(resolver: SocketAddr, question: &Question, patience: Duration) -> io::Result<Answer> {
    let deadline = Instant::now() + patience;
    let this_try = Try::new(question, resolver)?;
    let socket = UdpSocket::bind(dns::own_address(resolver))?;
    // From now on, datagrams of others are not seen.
    socket.connect(resolver)?;
    socket.send(&this_try.query())?;
    let mut buffer = vec![0; dns::MAX_MESSAGE];
    loop {
        socket.set_read_timeout(Some(left(deadline)?))?;
        let length = socket.recv(&mut buffer)?;
        match this_try.read(buffer.get(..length).unwrap_or_default()) {
            Ok(answer) => return Ok(answer),
            Err(Discard::NotOurs) => {}
            Err(Discard::Truncated) => break,
        }
    }

    let mut socket = Socket::connect(resolver, left(deadline)?)?;
    socket.write_all(&this_try.framed_query()?)?;
    let mut length = [0; 2];
    socket.read_exact(&mut length)?;
    buffer.resize(usize::from(u16::from_be_bytes(length)), 0);
    socket.read_exact(&mut buffer)?;
    this_try.read(&buffer).map_err(io::Error::other)
}
