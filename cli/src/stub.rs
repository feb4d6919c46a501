//! A stub resolver: questions to a recursive resolver over UDP, and over TCP where a reply does not fit.
//!
//! Each try has a message number of its own from the system's random source and a socket of its own, so that its port is
//! another one, too (RFC 5452 §9).

#[cfg(test)]
mod tests;

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::time::Duration;
use std::io;

use smtp_dane::dns::{Answer, Discard, LookupError, Malformed, Question, Trust};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout, timeout_at};

/// How often a question is asked before it is given up.
const TRIES: u32 = 3;

/// Into how many parts the time for a lookup is divided: the tries wait for 1, 2 and 4 of them.
const PARTS: u32 = (1 << TRIES) - 1;

/// Largest message of the DNS.
const MAX_MESSAGE: usize = 65535;

/// Where to ask, and what to believe.
#[derive(Clone, Debug)]
pub(crate) struct Stub {
    servers: Vec<SocketAddr>,
    trust: Trust,
    patience: Duration,
}

impl Stub {
    /// A stub that asks the servers in turn and gives up a question after `patience`.
    pub(crate) const fn new(servers: Vec<SocketAddr>, trust: Trust, patience: Duration) -> Self {
        Self {
            servers,
            trust,
            patience,
        }
    }

    /// Asks a question.
    pub(crate) async fn ask(&self, question: &Question) -> Answer {
        let deadline = Instant::now() + self.patience;
        let mut failure = LookupError::Unreachable;
        for (server, number) in self.servers.iter().cycle().zip(0..TRIES) {
            if Instant::now() >= deadline {
                break;
            }
            let wait = self.patience * (1 << number) / PARTS;
            match self.try_once(*server, question, wait, deadline).await {
                Ok(answer) => return answer,
                // That somebody was silent says more than that somebody else was not there.
                Err(LookupError::Unreachable) => {}
                Err(error) => failure = error,
            }
        }
        Answer::failed(failure)
    }

    async fn try_once(
        &self,
        server: SocketAddr,
        question: &Question,
        wait: Duration,
        deadline: Instant,
    ) -> Result<Answer, LookupError> {
        let id = message_id().ok_or(LookupError::Unreachable)?;
        match timeout(wait, self.over_udp(server, question, id)).await {
            Ok(Ok(Some(answer))) => Ok(answer),
            Ok(Ok(None)) => match timeout_at(deadline, self.over_tcp(server, question, id)).await {
                Ok(reply) => reply.map_err(|_| LookupError::Unreachable),
                Err(_) => Err(LookupError::Timeout),
            },
            Ok(Err(_)) => Err(LookupError::Unreachable),
            Err(_) => Err(LookupError::Timeout),
        }
    }

    /// Waits for the reply; nothing if it is cut short.
    async fn over_udp(
        &self,
        server: SocketAddr,
        question: &Question,
        id: u16,
    ) -> io::Result<Option<Answer>> {
        let any: IpAddr = match server {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind((any, 0)).await?;
        // From now on, datagrams of others are not seen, and a port that is closed is reported.
        socket.connect(server).await?;
        socket.send(&question.encode(id)).await?;
        let mut buffer = vec![0; MAX_MESSAGE];
        loop {
            let length = socket.recv(&mut buffer).await?;
            let message = buffer.get(..length).unwrap_or_default();
            match Answer::from_message(question, id, message, self.trust) {
                Ok(answer) => return Ok(Some(answer)),
                Err(Discard::NotOurs) => {}
                Err(Discard::Truncated) => return Ok(None),
            }
        }
    }

    async fn over_tcp(
        &self,
        server: SocketAddr,
        question: &Question,
        id: u16,
    ) -> io::Result<Answer> {
        let mut stream = TcpStream::connect(server).await?;
        let query = question.encode(id);
        // RFC 1035 §4.2.2: the length goes in front; in one write, for the sake of servers that read only once.
        let length = u16::try_from(query.len()).map_err(io::Error::other)?;
        let framed = [length.to_be_bytes().as_slice(), &query].concat();
        stream.write_all(&framed).await?;
        loop {
            let length = stream.read_u16().await?;
            let mut message = vec![0; usize::from(length)];
            stream.read_exact(&mut message).await?;
            match Answer::from_message(question, id, &message, self.trust) {
                Ok(answer) => return Ok(answer),
                Err(Discard::NotOurs) => {}
                Err(Discard::Truncated) => {
                    let error = LookupError::Malformed(Malformed::Truncated);
                    return Ok(Answer::failed(error));
                }
            }
        }
    }
}

/// A number that nobody can guess; none if the system has no random numbers.
fn message_id() -> Option<u16> {
    let mut octets = [0; 2];
    getrandom::fill(&mut octets).ok()?;
    Some(u16::from_ne_bytes(octets))
}
