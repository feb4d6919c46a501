//! One try of a question to a resolver, without I/O: the message to send, and what a reply means.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use smtp_dane::dns::{Answer, Discard, Question, Trust};

/// How often a question is asked, since a datagram may be lost.
pub(crate) const TRIES: u32 = 3;

/// Largest message of the DNS.
pub(crate) const MAX_MESSAGE: usize = 65_535;

/// One try. Each has a number that nobody can guess and must have a socket of its own, so that its port is another one, too
/// (RFC 5452 §9).
pub(crate) struct Try {
    question: Question,
    id: u16,
    trust: Trust,
}

impl Try {
    pub(crate) fn new(question: &Question, resolver: SocketAddr) -> io::Result<Self> {
        let mut id = [0; 2];
        getrandom::fill(&mut id)?;
        Ok(Self {
            question: question.clone(),
            id: u16::from_ne_bytes(id),
            trust: Trust::of_resolver(resolver.ip()),
        })
    }

    /// The query for UDP.
    pub(crate) fn query(&self) -> Vec<u8> {
        self.question.encode(self.id)
    }

    /// The query for TCP, where the length goes in front (RFC 1035 §4.2.2).
    pub(crate) fn framed_query(&self) -> io::Result<Vec<u8>> {
        let query = self.query();
        let length = u16::try_from(query.len()).map_err(io::Error::other)?;
        Ok([&length.to_be_bytes(), query.as_slice()].concat())
    }

    /// Reads a message; if it settles nothing, says what to do instead.
    pub(crate) fn read(&self, message: &[u8]) -> Result<Answer, Discard> {
        Answer::from_message(&self.question, self.id, message, self.trust)
    }
}

/// Any address and port of this side from which the resolver can be asked.
pub(crate) const fn own_address(resolver: SocketAddr) -> SocketAddr {
    let any = match resolver {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    SocketAddr::new(any, 0)
}
