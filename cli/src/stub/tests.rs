#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use core::time::Duration;
use std::io;

use smtp_dane::dns::{Found, QueryType, Security};
use tokio::net::TcpListener;

use super::*;

const PATIENCE: Duration = Duration::from_secs(2);

fn question() -> Question {
    Question::new("mx.example".parse().unwrap(), QueryType::A)
}

async fn ask(server: SocketAddr) -> Answer {
    let stub = Stub::new(vec![server], Trust::AdBit, PATIENCE);
    stub.ask(&question()).await
}

fn error(answer: &Answer) -> Option<LookupError> {
    answer.result().err().copied()
}

/// What a server makes of a query: itself with the flags of a reply, and one address in the answer section.
fn reply(query: &[u8], flags: u16) -> Vec<u8> {
    let end = query.len() - 11;
    let mut reply = query.get(..end).unwrap().to_vec();
    reply.splice(2..4, flags.to_be_bytes());
    reply.splice(6..12, [0, 1, 0, 0, 0, 0]);
    reply.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1]);
    reply
}

const REPLY: u16 = 0x81a0;
const TRUNCATED: u16 = 0x0200;

async fn udp() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

async fn receive(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = [0; 512];
    let (length, client) = socket.recv_from(&mut buffer).await.unwrap();
    (buffer.get(..length).unwrap().to_vec(), client)
}

async fn send(socket: &UdpSocket, message: &[u8], client: SocketAddr) {
    socket.send_to(message, client).await.unwrap();
}

fn assert_address(answer: &Answer) {
    let reply = answer.result().unwrap();
    assert_eq!(reply.security(), Security::Secure);
    assert!(matches!(reply.found(), Found::Addresses(_)));
}

#[tokio::test]
async fn replies_to_other_queries_are_passed_over() {
    let (socket, address) = udp().await;
    let server = async {
        let (query, client) = receive(&socket).await;
        let mut other = reply(&query, REPLY);
        other.splice(0..2, [!query.first().unwrap(), 0]);
        send(&socket, &other, client).await;
        send(&socket, b"garbage", client).await;
        let stranger = udp().await.0;
        send(&stranger, &reply(&query, 0x8182), client).await;
        send(&socket, &reply(&query, REPLY), client).await;
    };
    let (answer, ()) = tokio::join!(ask(address), server);
    assert_address(&answer);
}

#[tokio::test]
async fn a_reply_that_cannot_be_read_is_malformed() {
    let (socket, address) = udp().await;
    let server = async {
        let (query, client) = receive(&socket).await;
        let mut cut = reply(&query, REPLY);
        cut.truncate(cut.len() - 3);
        send(&socket, &cut, client).await;
    };
    let (answer, ()) = tokio::join!(ask(address), server);
    assert_eq!(
        error(&answer),
        Some(LookupError::Malformed(Malformed::Truncated))
    );
}

#[tokio::test]
async fn a_lost_query_is_sent_again_from_another_port() {
    let (socket, address) = udp().await;
    let server = async {
        let (lost, first) = receive(&socket).await;
        let (query, second) = receive(&socket).await;
        assert_ne!(first, second);
        assert_ne!(lost.get(..2), query.get(..2));
        send(&socket, &reply(&query, REPLY), second).await;
    };
    let (answer, ()) = tokio::join!(ask(address), server);
    assert_address(&answer);
}

#[tokio::test]
async fn a_reply_that_is_cut_short_is_fetched_over_tcp() {
    for (flags, outcome) in [
        (REPLY, None),
        (
            REPLY | TRUNCATED,
            Some(LookupError::Malformed(Malformed::Truncated)),
        ),
    ] {
        let (socket, address) = udp().await;
        let listener = TcpListener::bind(address).await.unwrap();
        let server = async {
            let (query, client) = receive(&socket).await;
            send(&socket, &reply(&query, REPLY | TRUNCATED), client).await;
            let (mut stream, _) = listener.accept().await?;
            let mut query = vec![0; usize::from(stream.read_u16().await?)];
            stream.read_exact(&mut query).await?;
            let reply = reply(&query, flags);
            stream
                .write_u16(u16::try_from(reply.len()).unwrap())
                .await?;
            stream.write_all(&reply).await?;
            io::Result::Ok(())
        };
        let (answer, served) = tokio::join!(ask(address), server);
        served.unwrap();
        assert_eq!(error(&answer), outcome);
    }
}

#[tokio::test]
async fn silence_is_a_time_out_and_a_closed_port_is_not() {
    let (socket, address) = udp().await;
    let start = Instant::now();
    assert_eq!(error(&ask(address).await), Some(LookupError::Timeout));
    assert!(start.elapsed() < PATIENCE * 2);
    drop(socket);
    let start = Instant::now();
    assert_eq!(error(&ask(address).await), Some(LookupError::Unreachable));
    assert!(start.elapsed() < PATIENCE / 2);
    let none = Stub::new(Vec::new(), Trust::Nothing, PATIENCE);
    let answer = none.ask(&question()).await;
    assert_eq!(error(&answer), Some(LookupError::Unreachable));
}

#[tokio::test]
async fn another_server_takes_over() {
    let (gone, absent) = udp().await;
    drop(gone);
    let (socket, address) = udp().await;
    let stub = Stub::new(vec![absent, address], Trust::Nothing, PATIENCE);
    let question = question();
    let server = async {
        let (query, client) = receive(&socket).await;
        send(&socket, &reply(&query, REPLY), client).await;
    };
    let (answer, ()) = tokio::join!(stub.ask(&question), server);
    assert_eq!(answer.result().unwrap().security(), Security::Insecure);
}
