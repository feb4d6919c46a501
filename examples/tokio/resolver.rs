//! Questions to a resolver on the sockets of tokio.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use smtp_dane::dns::{Answer, Discard, LookupError, Question};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::dns::{self, Try};

/// Asks a resolver. Whatever goes wrong is a failed lookup, never an absence, which would turn DANE off.
pub(crate) async fn ask(resolver: SocketAddr, question: &Question, patience: Duration) -> Answer {
    let mut failure = LookupError::Unreachable;
    for _ in 0..dns::TRIES {
        match timeout(patience / dns::TRIES, ask_once(resolver, question)).await {
            Ok(Ok(answer)) => return answer,
            Ok(Err(_)) => failure = LookupError::Unreachable,
            Err(_) => failure = LookupError::Timeout,
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
    buffer.resize(usize::from(stream.read_u16().await?), 0);
    stream.read_exact(&mut buffer).await?;
    this_try.read(&buffer).map_err(io::Error::other)
}
