//! What a delivery to a domain would have to do: its hosts in order, and the TLS policy of each. No mail server is spoken to.
//!
//! ```console
//! $ cargo run --example plan -- 127.0.0.1:53 example.com
//! ```
//!
//! Blocking, one query at a time, with nothing but the standard library. The resolver must validate, and only one on this
//! machine is believed to.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use smtp_dane::dns::{Answer, Discard, LookupError, Question, Trust};
use smtp_dane::resolve::{HostLookup, NextHop, Routing, Step, TlsPolicy};
use smtp_dane::{Name, Policy};

const PATIENCE: Duration = Duration::from_secs(3);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(resolver), Some(domain)) = (arguments.next(), arguments.next()) else {
        return Err("usage: plan RESOLVER:PORT DOMAIN".into());
    };
    let resolver: SocketAddr = resolver.parse()?;
    let domain: Name = domain.parse()?;
    let policy = Policy::default();

    let mut routing = Routing::new(NextHop::domain(domain), &policy, random()?);
    while let Step::Lookup([query, ..]) = routing.step() {
        let (id, answer) = (query.id(), ask(resolver, query.question())?);
        routing.handle(id, answer)?;
    }
    let Step::Done(route) = routing.step() else {
        return Err("a machine without a query is done".into());
    };
    let route = route.map_err(|error| format!("no route: {error} ({})", error.cite()))?;
    println!(
        "{}: the MX answer is {}",
        route.next_hop(),
        route.security()
    );

    for exchanger in route.exchangers() {
        let mut lookup = HostLookup::new(exchanger, route, &policy);
        while let Step::Lookup([query, ..]) = lookup.step() {
            let (id, answer) = (query.id(), ask(resolver, query.question())?);
            lookup.handle(id, answer)?;
        }
        let what = match lookup.step() {
            Step::Done(Ok(plan)) => match plan.tls() {
                TlsPolicy::Opportunistic(why) => format!("TLS if offered: {why} ({})", why.cite()),
                TlsPolicy::Encrypt(encryption) => format!("TLS: {}", encryption.cause()),
                TlsPolicy::Audit(_) => "TLS if offered: an audit demands nothing".to_owned(),
                TlsPolicy::Pkix(pkix) => format!("TLS, authenticated as {}", pkix.name()),
                TlsPolicy::Authenticate(wanted) => {
                    format!(
                        "TLS, authenticated by {} TLSA records",
                        wanted.tlsa().records().count()
                    )
                }
            },
            Step::Done(Err(error)) => format!("not to be used: {error} ({})", error.cite()),
            Step::Lookup(_) => return Err("a machine that waits has a query".into()),
        };
        println!("{:5} {}: {what}", exchanger.preference(), exchanger.host());
    }
    Ok(())
}

/// Asks over UDP, then over TCP if the reply does not fit. Whatever goes wrong is a failed lookup, never an absence.
fn ask(resolver: SocketAddr, question: &Question) -> Result<Answer, Box<dyn Error>> {
    let id = u16::try_from(random()? & 0xffff)?;
    let trust = Trust::of_resolver(resolver.ip());
    let answer = match over_udp(resolver, question, id, trust) {
        Ok(Some(answer)) => Ok(answer),
        Ok(None) => over_tcp(resolver, question, id, trust),
        Err(error) => Err(error),
    };
    Ok(answer.unwrap_or_else(|error| {
        Answer::failed(match error.kind() {
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => LookupError::Timeout,
            _ => LookupError::Unreachable,
        })
    }))
}

/// `None` if the reply is cut short.
fn over_udp(
    resolver: SocketAddr,
    question: &Question,
    id: u16,
    trust: Trust,
) -> std::io::Result<Option<Answer>> {
    let here: IpAddr = match resolver {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((here, 0))?;
    socket.connect(resolver)?;
    socket.send(&question.encode(id))?;
    let deadline = Instant::now() + PATIENCE;
    let mut buffer = [0; 65_535];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        socket.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        let length = socket.recv(&mut buffer)?;
        let message = buffer.get(..length).unwrap_or_default();
        match Answer::from_message(question, id, message, trust) {
            Ok(answer) => return Ok(Some(answer)),
            Err(Discard::Truncated) => return Ok(None),
            Err(Discard::NotOurs) if left.is_zero() => {
                return Ok(Some(Answer::failed(LookupError::Timeout)));
            }
            Err(Discard::NotOurs) => {}
        }
    }
}

fn over_tcp(
    resolver: SocketAddr,
    question: &Question,
    id: u16,
    trust: Trust,
) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&resolver, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let query = question.encode(id);
    let length = u16::try_from(query.len()).unwrap_or(u16::MAX).to_be_bytes();
    stream.write_all(&[&length, query.as_slice()].concat())?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message)?;
    let answer = Answer::from_message(question, id, &message, trust);
    Ok(answer.unwrap_or(Answer::failed(LookupError::Unreachable)))
}

/// A number that nobody can guess, from the system.
fn random() -> std::io::Result<u64> {
    let mut octets = [0; 8];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut octets)?;
    Ok(u64::from_ne_bytes(octets))
}
