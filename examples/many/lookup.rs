//! A question to a resolver on sockets that do not block.

use std::io::{self, Read, Write};

use mio::net::{TcpStream, UdpSocket};
use mio::{Interest, Token};
use smtp_dane::dns::{Answer, Discard, Question};

use crate::Network;
use crate::dns::{self, Try};

/// One try.
pub(crate) struct Lookup {
    this_try: Try,
    socket: Socket,
}

enum Socket {
    Udp(UdpSocket),
    /// Where the reply did not fit.
    Tcp {
        stream: TcpStream,
        to_send: Vec<u8>,
        received: Vec<u8>,
    },
}

impl Lookup {
    pub(crate) fn start(question: &Question, network: &Network, token: Token) -> io::Result<Self> {
        let this_try = Try::new(question, network.resolver)?;
        let mut socket = UdpSocket::bind(dns::own_address(network.resolver))?;
        // From now on, datagrams of others are not seen.
        socket.connect(network.resolver)?;
        network
            .registry
            .register(&mut socket, token, Interest::READABLE)?;
        socket.send(&this_try.query())?;
        Ok(Self {
            this_try,
            socket: Socket::Udp(socket),
        })
    }

    /// The answer, once it is there.
    pub(crate) fn answer(&mut self, network: &Network, token: Token) -> io::Result<Answer> {
        let mut buffer = vec![0; dns::MAX_MESSAGE];
        loop {
            match &mut self.socket {
                Socket::Udp(socket) => {
                    let length = socket.recv(&mut buffer)?;
                    match self.this_try.read(buffer.get(..length).unwrap_or_default()) {
                        Ok(answer) => return Ok(answer),
                        Err(Discard::NotOurs) => {}
                        Err(Discard::Truncated) => {
                            let mut stream = TcpStream::connect(network.resolver)?;
                            let both = Interest::READABLE | Interest::WRITABLE;
                            network.registry.register(&mut stream, token, both)?;
                            self.socket = Socket::Tcp {
                                stream,
                                to_send: self.this_try.framed_query()?,
                                received: Vec::new(),
                            };
                        }
                    }
                }
                Socket::Tcp {
                    stream,
                    to_send,
                    received,
                } => {
                    while !to_send.is_empty() {
                        let length = stream.write(to_send).map_err(not_yet)?;
                        to_send.drain(..length);
                    }
                    if let Some((length, rest)) = received.split_first_chunk()
                        && let Some(message) = rest.get(..usize::from(u16::from_be_bytes(*length)))
                    {
                        return self.this_try.read(message).map_err(io::Error::other);
                    }
                    let length = stream.read(&mut buffer)?;
                    if length == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    received.extend_from_slice(buffer.get(..length).unwrap_or_default());
                }
            }
        }
    }
}

/// Some systems say of a connection that is still being opened that it is not there.
pub(crate) fn not_yet(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::NotConnected => io::ErrorKind::WouldBlock.into(),
        _ => error,
    }
}
