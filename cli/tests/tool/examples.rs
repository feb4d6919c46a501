//! The library's examples, asked about the domains of the demo: each decides as the tool does.
//!
//! `DELIVERIES=10000` lets `many` make as many. `OPENSSL_EXAMPLE` names the binary of the example for OpenSSL, which is built by
//! `tests/openssl` where there is a libssl: `.ci/run examples` does both.

mod conversation;
mod slow;

use std::collections::BTreeMap;
use std::env;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;

use super::lab::Lab;
use crate::{at, objects, text};

/// Whether a domain got the mail, and the status codes.
type Decisions = BTreeMap<String, (&'static str, String)>;

/// The examples that any machine can build; each prints a line for each domain.
const EXAMPLES: [&str; 3] = ["blocking", "tokio", "smol"];

/// How many deliveries `many` makes, if nobody says it.
const DELIVERIES: usize = 200;

#[test]
fn each_example_decides_as_the_tool_does() {
    let lab = Lab::start();
    let deliveries = env::var("DELIVERIES").map_or(DELIVERIES, |number| number.parse().unwrap());
    for (options, deliveries) in [("", deliveries), ("--mandatory", DELIVERIES)] {
        let expected = tool(&lab, options);
        for name in EXAMPLES {
            let lines = run(&example(name), &arguments(&lab, &resolver(&lab), options));
            assert_eq!(decisions(&lines), expected, "{name} {options}");
        }
        let lines = many(deliveries, &arguments(&lab, &resolver(&lab), options));
        assert_eq!(decisions(&lines), expected, "many {options}");
        let Ok(openssl) = env::var("OPENSSL_EXAMPLE") else {
            println!("openssl: skipped, since OPENSSL_EXAMPLE does not name its binary");
            continue;
        };
        let lines = run(
            Path::new(&openssl),
            &arguments(&lab, &resolver(&lab), options),
        );
        assert_eq!(
            decisions(&lines),
            without_raw_keys(expected),
            "openssl {options}"
        );
    }
}

#[test]
fn an_example_fetches_over_tcp_what_does_not_fit() {
    let lab = Lab::start();
    let narrow = narrow_resolver(resolver(&lab));
    let expected = tool(&lab, "");
    for name in EXAMPLES {
        let lines = run(&example(name), &arguments(&lab, &narrow, ""));
        assert_eq!(decisions(&lines), expected, "{name}");
    }
    let lines = many(expected.len(), &arguments(&lab, &narrow, ""));
    assert_eq!(decisions(&lines), expected, "many");
}

#[test]
fn an_example_takes_silence_for_a_lookup_that_failed() {
    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let arguments = [address.as_str(), "example.com", "--timeout", "1"].map(str::to_owned);
    let expected = BTreeMap::from([(
        "example.com".to_owned(),
        ("deferred", "451 4.4.3".to_owned()),
    )]);
    for name in EXAMPLES {
        let lines = run(&example(name), &arguments);
        assert_eq!(decisions(&lines), expected, "{name}");
        assert!(lines.contains("no answer in time"), "{name}: {lines}");
    }
    assert_eq!(decisions(&many(1, &arguments)), expected, "many");
}

/// The example as it stands beside the tool.
fn example(name: &str) -> PathBuf {
    let tool = Path::new(env!("CARGO_BIN_EXE_smtp-dane"));
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    let example = tool.with_file_name("examples").join(file);
    let place = example.display();
    assert!(
        example.exists(),
        "{place} is not there: `cargo test --workspace` builds it"
    );
    example
}

fn resolver(lab: &Lab) -> String {
    at(&lab.place, "/resolver").to_owned()
}

fn domains(lab: &Lab) -> Vec<String> {
    let domains = lab.place.pointer("/domains").and_then(Value::as_array);
    let names = domains.unwrap().iter().map(|domain| domain.as_str());
    names.map(|name| name.unwrap().to_owned()).collect()
}

/// The command line that all examples understand.
fn arguments(lab: &Lab, resolver: &str, options: &str) -> Vec<String> {
    let port = lab.place.pointer("/mail_port").unwrap().to_string();
    let mut words = vec![resolver.to_owned()];
    words.extend(domains(lab));
    words.extend(["--port".to_owned(), port]);
    words.extend(options.split_whitespace().map(str::to_owned));
    words
}

fn run(program: &Path, arguments: &[String]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}: {output:?}", program.display());
    text(&output.stdout)
}

/// The lines of `many`, once each, without their counts; they must be those of so many deliveries, to all domains alike.
fn many(deliveries: usize, arguments: &[String]) -> String {
    let number = vec![deliveries.to_string()];
    let printed = run(&example("many"), &[number.as_slice(), arguments].concat());
    let mut lines = String::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for line in printed.lines() {
        let (count, ending) = line.trim_start().split_once(' ').unwrap();
        let count: usize = count.parse().unwrap();
        match ending.split_once(": ") {
            Some((domain, _)) => {
                *counts.entry(domain).or_default() += count;
                lines.push_str(ending);
                lines.push('\n');
            }
            None => assert_eq!(count, deliveries, "{line}"),
        }
    }
    assert_eq!(counts.values().sum::<usize>(), deliveries, "{printed}");
    let (least, most) = (counts.values().min(), counts.values().max());
    assert!(most.unwrap() - least.unwrap() <= 1, "{printed}");
    lines
}

/// What the tool decides.
fn tool(lab: &Lab, options: &str) -> Decisions {
    let mode = options.replace("--mandatory", "--dane mandatory ");
    let output = lab.probe(&format!("{mode}{}", domains(lab).join(" ")));
    let decision = |object: &Value| {
        let kind = ["delivered", "deferred", "failed"]
            .into_iter()
            .find(|kind| *kind == at(object, "/outcome"));
        let basic = object.pointer("/status/basic").unwrap();
        let codes = format!("{basic} {}", at(object, "/status/enhanced"));
        (at(object, "/domain").to_owned(), (kind.unwrap(), codes))
    };
    let decisions: Decisions = objects(&output).iter().map(decision).collect();
    assert_eq!(decisions.len(), domains(lab).len());
    decisions
}

/// What an example decided: its lines are those of `Status::line`, each behind its domain.
fn decisions(lines: &str) -> Decisions {
    let mut decisions = Decisions::new();
    for line in lines.lines() {
        let (domain, decision) = decision(line).ok_or(line).unwrap();
        let before = decisions.insert(domain, decision.clone());
        assert!(before.is_none_or(|before| before == decision), "{lines}");
    }
    decisions
}

fn decision(line: &str) -> Option<(String, (&'static str, String))> {
    let (domain, status) = line.split_once(": ")?;
    let mut words = status.split(' ');
    let codes = format!("{} {}", words.next()?, words.next()?);
    let kind = match words.next()? {
        "delivered" => "delivered",
        "temporary," => "deferred",
        "permanent:" => "failed",
        _ => return None,
    };
    Some((domain.to_owned(), (kind, codes)))
}

/// The tool and the examples with rustls ask for raw public keys (RFC 7250), which the crate `openssl` cannot: to it, a server
/// that has nothing else is one whose handshake fails.
fn without_raw_keys(mut decisions: Decisions) -> Decisions {
    let refused = ("deferred", "451 4.7.10".to_owned());
    let before = decisions.insert("raw-key.test".to_owned(), refused);
    assert_eq!(before, Some(("delivered", "250 2.0.0".to_owned())));
    decisions
}

/// A resolver through which nothing fits by UDP: it says so of each reply, and hands on what is asked over TCP.
fn narrow_resolver(behind: String) -> String {
    let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = tcp.local_addr().unwrap();
    let udp = UdpSocket::bind(address).unwrap();
    thread::spawn(move || {
        let mut message = [0; 512];
        while let Ok((length, client)) = udp.recv_from(&mut message) {
            // QR and TC (RFC 1035 §4.1.1).
            let [_, _, flags, ..] = &mut message;
            *flags |= 0b1000_0010;
            udp.send_to(message.get(..length).unwrap(), client).unwrap();
        }
    });
    thread::spawn(move || {
        for client in tcp.incoming() {
            let (mut client, behind) = (client.unwrap(), behind.clone());
            thread::spawn(move || {
                let mut server = TcpStream::connect(behind).unwrap();
                // A client that goes away is no concern of ours.
                let _done = hand_on(&mut client, &mut server)
                    .and_then(|()| hand_on(&mut server, &mut client));
            });
        }
    });
    address.to_string()
}

/// Hands on one message with its length in front.
fn hand_on(from: &mut TcpStream, to: &mut TcpStream) -> std::io::Result<()> {
    let mut length = [0; 2];
    from.read_exact(&mut length)?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    from.read_exact(&mut message)?;
    to.write_all(&[length.as_slice(), &message].concat())
}
