#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::time::Instant;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::Lab;
use super::certificates::Identity;
use super::smtp::MailServer;
use super::zones::{Hierarchy, Zone, ZoneError};
use crate::validator::{Anchor, Validator};

/// What a client puts into its query.
#[derive(Clone, Copy)]
enum Ask {
    Plain,
    Status,
    Signatures,
}

fn query(name: &str, record_type: RecordType, ask: Ask) -> Message {
    let mut message = Message::new(4711, MessageType::Query, OpCode::Query);
    message.add_query(Query::query(
        Name::from_ascii(format!("{name}.")).unwrap(),
        record_type,
    ));
    message.metadata.recursion_desired = true;
    message.metadata.authentic_data = matches!(ask, Ask::Status);
    if !matches!(ask, Ask::Plain) {
        let mut edns = Edns::new();
        edns.set_max_payload(4096)
            .set_dnssec_ok(matches!(ask, Ask::Signatures));
        message.edns = Some(edns);
    }
    message
}

async fn over_udp(server: SocketAddr, message: &Message) -> Message {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    socket
        .send_to(&message.to_vec().unwrap(), server)
        .await
        .unwrap();
    let mut buffer = [0; 4096];
    let received = timeout(Duration::from_secs(5), socket.recv(&mut buffer)).await;
    Message::from_vec(buffer.get(..received.unwrap().unwrap()).unwrap()).unwrap()
}

async fn over_tcp(server: SocketAddr, message: &Message) -> Message {
    let mut stream = TcpStream::connect(server).await.unwrap();
    let bytes = message.to_vec().unwrap();
    stream
        .write_u16(u16::try_from(bytes.len()).unwrap())
        .await
        .unwrap();
    stream.write_all(&bytes).await.unwrap();
    let mut reply = vec![0; usize::from(stream.read_u16().await.unwrap())];
    stream.read_exact(&mut reply).await.unwrap();
    Message::from_vec(&reply).unwrap()
}

fn zones(port: u16) -> Vec<Zone> {
    let tlsa = format!("_{port}._tcp.mx1.good.test");
    let failing = format!("_{port}._tcp.mail.failing.test");
    let many = (0..60).fold(Zone::signed("large.test"), |zone, n| {
        zone.tlsa("_25._tcp.large.test", 3, 1, 1, &[n; 32])
    });
    vec![
        Zone::signed("good.test")
            .record("good.test MX 10 mx1.good.test")
            .record("good.test MX 20 mx2.good.test.")
            .record("mx1.good.test A 127.0.0.1")
            .record("mx1.good.test AAAA ::1")
            .record("mx2.good.test A 127.0.0.2")
            .record("inner.good.test CNAME mx1.good.test")
            .record("across.good.test CNAME deep.alias.test")
            .record("down.good.test CNAME mail.plain.test")
            .record("nowhere.good.test CNAME missing.alias.test")
            .record("loop.good.test CNAME loop2.good.test")
            .record("loop2.good.test CNAME loop.good.test")
            .record("broken.good.test CNAME mail.bad.test")
            .tlsa(&tlsa, 3, 1, 1, &[0xab; 32]),
        Zone::signed("alias.test")
            .record("alias.test MX 10 mx1.good.test")
            .record("deep.alias.test CNAME mx2.good.test"),
        Zone::unsigned("plain.test")
            .record("plain.test MX 10 mail.plain.test")
            .record("mail.plain.test A 127.0.0.3")
            .record("up.plain.test CNAME mx1.good.test"),
        Zone::tampered("bad.test")
            .record("bad.test MX 10 mail.bad.test")
            .record("mail.bad.test A 127.0.0.4"),
        Zone::signed("failing.test")
            .record("failing.test MX 10 mail.failing.test")
            .record("mail.failing.test A 127.0.0.5")
            .failing(&failing, RecordType::TLSA),
        Zone::signed("null.test").record("null.test MX 0 ."),
        many,
    ]
}

async fn lab() -> Lab {
    let identity = Identity::self_signed(&["mx1.good.test"]).unwrap();
    let server = MailServer::new("mx1.good.test", 1, identity);
    Lab::start(vec![server], |port| zones(port.get()))
        .await
        .unwrap()
}

const SECURE: (ResponseCode, bool) = (ResponseCode::NoError, true);
const INSECURE: (ResponseCode, bool) = (ResponseCode::NoError, false);
const FAILED: (ResponseCode, bool) = (ResponseCode::ServFail, false);
const NO_SUCH_NAME: (ResponseCode, bool) = (ResponseCode::NXDomain, true);

#[tokio::test]
async fn listener_status() {
    let lab = lab().await;
    let port = lab.mail_port();
    let tlsa = format!("_{port}._tcp.mx1.good.test");
    let absent = format!("_{port}._tcp.mx2.good.test");
    let failing = format!("_{port}._tcp.mail.failing.test");
    let unsigned = format!("_{port}._tcp.mail.plain.test");
    let cases = [
        ("good.test", RecordType::MX, 2, SECURE),
        ("GOOD.test", RecordType::MX, 2, SECURE),
        ("mx1.good.test", RecordType::A, 1, SECURE),
        ("mx1.good.test", RecordType::AAAA, 1, SECURE),
        (&tlsa, RecordType::TLSA, 1, SECURE),
        // Denials: a name with other types, an empty non-terminal, and names that do not exist at several depths.
        ("mx2.good.test", RecordType::AAAA, 0, SECURE),
        ("_tcp.mx1.good.test", RecordType::TLSA, 0, SECURE),
        (&absent, RecordType::TLSA, 0, NO_SUCH_NAME),
        ("a.b.c.good.test", RecordType::A, 0, NO_SUCH_NAME),
        ("zzz.good.test", RecordType::A, 0, NO_SUCH_NAME),
        ("no-such-zone.test", RecordType::MX, 0, NO_SUCH_NAME),
        ("mail.no-such-top-level", RecordType::MX, 0, NO_SUCH_NAME),
        // Aliases: within a zone, through another, into an unsigned zone, to nothing, in a circle, to tampered data.
        ("inner.good.test", RecordType::A, 2, SECURE),
        ("inner.good.test", RecordType::MX, 1, SECURE),
        ("inner.good.test", RecordType::CNAME, 1, SECURE),
        ("mx1.good.test", RecordType::CNAME, 0, SECURE),
        ("across.good.test", RecordType::A, 3, SECURE),
        ("across.good.test", RecordType::AAAA, 2, SECURE),
        ("across.good.test", RecordType::CNAME, 1, SECURE),
        ("down.good.test", RecordType::A, 2, INSECURE),
        ("down.good.test", RecordType::AAAA, 1, INSECURE),
        ("down.good.test", RecordType::CNAME, 1, SECURE),
        ("up.plain.test", RecordType::A, 2, INSECURE),
        ("up.plain.test", RecordType::MX, 1, INSECURE),
        ("up.plain.test", RecordType::CNAME, 1, INSECURE),
        ("nowhere.good.test", RecordType::A, 1, NO_SUCH_NAME),
        ("loop.good.test", RecordType::A, 0, FAILED),
        ("broken.good.test", RecordType::A, 0, FAILED),
        ("alias.test", RecordType::MX, 1, SECURE),
        // An unsigned zone.
        ("plain.test", RecordType::MX, 1, INSECURE),
        ("mail.plain.test", RecordType::A, 1, INSECURE),
        ("mail.plain.test", RecordType::AAAA, 0, INSECURE),
        (
            &unsigned,
            RecordType::TLSA,
            0,
            (ResponseCode::NXDomain, false),
        ),
        ("plain.test", RecordType::DS, 0, SECURE),
        // Tampered data, and a server that fails for one question.
        ("bad.test", RecordType::MX, 0, FAILED),
        ("mail.bad.test", RecordType::A, 0, FAILED),
        ("mail.failing.test", RecordType::A, 1, SECURE),
        (&failing, RecordType::TLSA, 0, FAILED),
        ("null.test", RecordType::MX, 1, SECURE),
        // The tree itself.
        ("good.test", RecordType::DS, 1, SECURE),
        ("good.test", RecordType::DNSKEY, 1, SECURE),
        ("test", RecordType::SOA, 1, SECURE),
    ];
    for (name, record_type, answers, (code, secure)) in cases {
        for ask in [Ask::Plain, Ask::Status, Ask::Signatures] {
            let reply = over_udp(lab.resolver_address(), &query(name, record_type, ask)).await;
            let context = format!("{name} {record_type}\n{reply}");
            assert_eq!(reply.metadata.response_code, code, "{context}");
            assert_eq!(
                reply.metadata.authentic_data,
                secure && !matches!(ask, Ask::Plain),
                "{context}"
            );
            assert!(
                reply.metadata.recursion_available && !reply.metadata.truncation,
                "{context}"
            );
            let (signatures, plain): (Vec<_>, Vec<_>) = reply
                .answers
                .iter()
                .partition(|record| record.record_type() == RecordType::RRSIG);
            assert_eq!(plain.len(), answers, "{context}");
            if !matches!(ask, Ask::Signatures) {
                assert!(signatures.is_empty(), "{context}");
            } else if secure && answers > 0 {
                assert!(!signatures.is_empty(), "{context}");
            }
        }
    }
}

#[tokio::test]
async fn null_mx_has_the_root_as_exchange() {
    let lab = lab().await;
    let reply = over_udp(
        lab.resolver_address(),
        &query("null.test", RecordType::MX, Ask::Status),
    )
    .await;
    let [record] = reply.answers.as_slice() else {
        unreachable!("{reply}")
    };
    assert!(matches!(&record.data, RData::MX(mx) if mx.preference == 0 && mx.exchange.is_root()));
}

#[tokio::test]
async fn failure_has_an_extended_error() {
    let lab = lab().await;
    let failing = format!("_{}._tcp.mail.failing.test", lab.mail_port());
    for (name, record_type, code) in [
        ("bad.test", RecordType::MX, 6),
        (&failing, RecordType::TLSA, 23),
        ("loop.good.test", RecordType::A, 0),
    ] {
        let reply = over_udp(
            lab.resolver_address(),
            &query(name, record_type, Ask::Status),
        )
        .await;
        let edns = reply.edns.unwrap();
        let Some(EdnsOption::Unknown(_, data)) = edns.option(EdnsCode::from(15)) else {
            unreachable!("no extended error for {name}");
        };
        assert_eq!(data.get(..2), Some([0, code].as_slice()), "{name}");
    }
}

#[tokio::test]
async fn long_answer_is_truncated_over_udp() {
    let lab = lab().await;
    let message = query("_25._tcp.large.test", RecordType::TLSA, Ask::Status);
    let cut = over_udp(lab.resolver_address(), &message).await;
    assert!(cut.metadata.truncation);
    assert!(cut.to_vec().unwrap().len() <= 1232);
    let whole = over_tcp(lab.resolver_address(), &message).await;
    assert!(whole.metadata.authentic_data && !whole.metadata.truncation);
    assert_eq!(whole.answers.len(), 60);
}

#[tokio::test]
async fn validation_through_the_resolver() {
    let lab = lab().await;
    let anchor: Anchor = lab.trust_anchor_text().parse().unwrap();
    let far = Validator::new(&[lab.resolver_address()], anchor, Duration::from_secs(5))
        .await
        .unwrap();
    let near = lab.validator();
    for (name, record_type) in [
        ("good.test.", RecordType::MX),
        ("across.good.test.", RecordType::A),
        ("across.good.test.", RecordType::AAAA),
        ("up.plain.test.", RecordType::MX),
        ("down.good.test.", RecordType::AAAA),
        ("nowhere.good.test.", RecordType::A),
        ("a.b.c.good.test.", RecordType::TLSA),
        ("plain.test.", RecordType::MX),
        ("mail.plain.test.", RecordType::TLSA),
        ("_25._tcp.large.test.", RecordType::TLSA),
    ] {
        let name = Name::from_ascii(name).unwrap();
        let (here, there) = (
            near.lookup(&name, record_type).await.unwrap(),
            far.lookup(&name, record_type).await.unwrap(),
        );
        assert_eq!(here.proof(), there.proof(), "{name} {record_type}");
        assert_eq!(
            here.response_code(),
            there.response_code(),
            "{name} {record_type}"
        );
        assert_eq!(
            here.answers.len(),
            there.answers.len(),
            "{name} {record_type}"
        );
    }
}

#[tokio::test]
async fn starts_quickly_and_stops_when_dropped() {
    let start = Instant::now();
    let lab = lab().await;
    assert!(start.elapsed() < Duration::from_secs(2));
    assert!(lab.mailbox().messages().is_empty());
    let (resolver, authority) = (lab.resolver_address(), lab.authority_address());
    let mail = SocketAddr::from((Ipv4Addr::LOCALHOST, lab.mail_port().get()));
    for address in [resolver, authority, mail] {
        drop(TcpStream::connect(address).await.unwrap());
    }
    drop(lab);
    tokio::time::sleep(Duration::from_millis(50)).await;
    for address in [resolver, authority, mail] {
        assert!(TcpStream::connect(address).await.is_err(), "{address}");
    }
}

#[test]
fn zones_that_cannot_be_read() {
    let build = |zones: &[Zone]| Hierarchy::build(zones).unwrap_err();
    assert!(matches!(
        build(&[Zone::signed("a.test").record("a.test MX ten mx.a.test")]),
        ZoneError::Record { .. }
    ));
    assert!(matches!(
        build(&[Zone::signed("a.test").record("b.test A 127.0.0.1")]),
        ZoneError::Record { .. }
    ));
    assert!(matches!(
        build(&[Zone::signed("a.test"), Zone::unsigned("a.test")]),
        ZoneError::Duplicate(_)
    ));
    assert!(matches!(
        build(&[Zone::signed("a..test")]),
        ZoneError::Name { .. }
    ));
}
