//! Questions to a resolver on the sockets of smol.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use smol::Timer;
use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::net::{TcpStream, UdpSocket};
use smtp_dane::dns::{Answer, Discard, LookupError, Question};

use crate::dns::{self, Try};

/// Asks a resolver. Whatever goes wrong is a failed lookup, never an absence, which would turn DANE off.
pub(crate) async fn ask(resolver: SocketAddr, question: &Question, patience: Duration) -> Answer {
    let mut failure = LookupError::Unreachable;
    for _ in 0..dns::TRIES {
        match within(patience / dns::TRIES, ask_once(resolver, question)).await {
            Ok(answer) => return answer,
            Err(error) if error.kind() == io::ErrorKind::TimedOut => failure = LookupError::Timeout,
            Err(_) => failure = LookupError::Unreachable,
        }
    }
    Answer::failed(failure)
}

/// Asks over UDP, then over TCP if the reply does not fit.
async fn ask_once(resolver: SocketAddr, question: &Question) -> io::Result<Answer> {
    let this_try = Try::new(question, resolver)?;
    let socket = UdpSocket::bind(dns::own_address(resolver)).await?;
    // From now on, datagrams of others are not seen.
    socket.connect(resolver).await?;
    socket.send(&this_try.query()).await?;
    let mut buffer = vec![0; dns::MAX_MESSAGE];
    loop {
        let length = socket.recv(&mut buffer).await?;
        match this_try.read(buffer.get(..length).unwrap_or_default()) {
            Ok(answer) => return Ok(answer),
            Err(Discard::NotOurs) => {}
            Err(Discard::Truncated) => break,
        }
    }

    let mut stream = TcpStream::connect(resolver).await?;
    stream.write_all(&this_try.framed_query()?).await?;
    let mut length = [0; 2];
    stream.read_exact(&mut length).await?;
    buffer.resize(usize::from(u16::from_be_bytes(length)), 0);
    stream.read_exact(&mut buffer).await?;
    this_try.read(&buffer).map_err(io::Error::other)
}

/// What a future gives within this time, or an error if it gives nothing.
pub(crate) async fn within<T>(
    patience: Duration,
    future: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    let late = async {
        Timer::after(patience).await;
        Err(io::ErrorKind::TimedOut.into())
    };
    smol::future::or(future, late).await
}
