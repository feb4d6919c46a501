//! Servers that send an octet now and then, so that each wait for the next one is short: the examples give up for all that.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::{EXAMPLES, decisions, example, many, resolver, run};
use crate::tool::lab::Lab;

/// How long a server goes on; a client that waits to the end has waited too long.
const ENDURANCE: Duration = Duration::from_secs(20);

/// How long a client that is told to wait one second for each step may take for all of them.
const PATIENCE: Duration = Duration::from_secs(12);

/// What a server is slow at.
#[derive(Clone, Copy)]
enum Slow {
    Greeting,
    Handshake,
}

#[test]
fn a_greeting_that_takes_too_long_is_a_lost_connection() {
    each_says(Slow::Greeting, "deferred", "451 4.4.1");
}

#[test]
fn a_handshake_that_takes_too_long_has_failed() {
    // DANE does not apply to this port, so cleartext is what is left.
    each_says(Slow::Handshake, "delivered", "250 2.0.0");
}

/// What each example says of a domain whose server is slow.
fn each_says(slow: Slow, kind: &'static str, codes: &str) {
    let lab = Lab::start();
    let resolver = resolver(&lab);
    let port = server(slow).to_string();
    let domain = "dane-ee.test";
    let line = [&resolver, domain, "--port", &port, "--timeout", "1"];
    let arguments = line.map(str::to_owned);
    for name in EXAMPLES.into_iter().chain(["many"]) {
        let start = Instant::now();
        let lines = match name {
            "many" => many(1, &arguments),
            name => run(&example(name), &arguments),
        };
        assert!(start.elapsed() < PATIENCE, "{name}: {:?}", start.elapsed());
        let decision = decisions(&lines).remove(domain);
        assert_eq!(decision, Some((kind, codes.to_owned())), "{name}: {lines}");
    }
}

/// Starts a server on all addresses of this machine, since the hosts of the demo have different ones; gives its port.
fn server(slow: Slow) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming() {
            // A client that has gone away is what is wanted.
            thread::spawn(move || serve(client.unwrap(), slow));
        }
    });
    port
}

fn serve(mut client: TcpStream, slow: Slow) -> std::io::Result<()> {
    if matches!(slow, Slow::Greeting) {
        return drip(&mut client, b'2');
    }
    client.write_all(b"220 slow\r\n")?;
    let mut line = String::new();
    let mut lines = BufReader::new(client.try_clone()?);
    while lines.read_line(&mut line)? > 0 {
        match line.trim_end() {
            "STARTTLS" => {
                client.write_all(b"220 go\r\n")?;
                // The beginning of a record of the handshake that is as long as they come (RFC 8446 §5.1).
                client.write_all(&[0x16, 3, 3, 0x40, 0])?;
                return drip(&mut client, 0);
            }
            "QUIT" => return client.write_all(b"221 bye\r\n"),
            _ => client.write_all(b"250-slow\r\n250 STARTTLS\r\n")?,
        }
        line.clear();
    }
    Ok(())
}

fn drip(client: &mut TcpStream, octet: u8) -> std::io::Result<()> {
    let start = Instant::now();
    while start.elapsed() < ENDURANCE {
        client.write_all(&[octet])?;
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}
