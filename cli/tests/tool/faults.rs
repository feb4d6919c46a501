//! `probe` among resolvers and mail servers that are slow, break off, say things twice or late, or to somebody else: it ends in
//! time, with the exit code that fits, and says why.

pub(crate) mod network;

use std::io::{self, Write};
use std::net::TcpStream;
use std::process::Output;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::probe::probed;
use crate::{at, run, text};
use network::{Habit, Manner, Query, Running, Way, answer, be_silent};
use network::{mail_server, repeat, resolver};

const A: u16 = 1;
const MX: u16 = 15;
const TLSA: u16 = 52;

const NOW: Duration = Duration::ZERO;

/// What a resolver in good order says: a domain with one host on this machine. Under `dane.test` the host has a TLSA record
/// that no key here matches, under any other domain it has none.
fn right(query: &Query) -> Vec<u8> {
    let own = ["mx.dane.test", "mx.plain.test"].contains(&query.name.as_str());
    let rdata = match query.query_type {
        MX if !query.name.starts_with("mx") => {
            let labels = query.name.split('.').flat_map(|label| {
                let length = u8::try_from(label.len()).unwrap();
                [vec![length], label.as_bytes().to_vec()].concat()
            });
            let host = [vec![0, 10, 2], b"mx".to_vec(), labels.collect(), vec![0]];
            vec![host.concat()]
        }
        A if own => vec![vec![127, 0, 0, 1]],
        TLSA if query.name.ends_with(".dane.test") => {
            vec![[vec![3, 1, 1], vec![0xda; 32]].concat()]
        }
        _ => Vec::new(),
    };
    query.reply(&rdata)
}

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap().to_be_bytes();
    [&length[..], message].concat()
}

fn in_good_order(query: &Query, way: Way) -> Vec<(Duration, Vec<u8>)> {
    let message = right(query);
    match way {
        Way::Udp => vec![(NOW, message)],
        Way::Tcp => vec![(NOW, framed(&message))],
    }
}

/// The reply with the TC bit over UDP.
fn cut_short(query: &Query) -> Vec<u8> {
    let mut message = query.reply(&[]);
    message.splice(2..3, [0x83]);
    message
}

/// Messages that are no replies to this query.
fn to_somebody_else(query: &Query) -> Vec<(Duration, Vec<u8>)> {
    let mut other_id = right(query);
    other_id.splice(0..2, query.id.map(|octet| !octet));
    let mut other_name = right(query);
    other_name.splice(13..14, [b'x']);
    let mut no_reply = right(query);
    no_reply.splice(2..3, [0x01]);
    [other_id, other_name, no_reply, b"garbage".to_vec()]
        .map(|message| (NOW, message))
        .into()
}

/// Greets, has no STARTTLS, and takes its leave.
fn plain(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(b"220 mx.test\r\n")?;
    answer(stream, "250 mx.test\r\n")?;
    answer(stream, "221 bye\r\n")
}

fn probe(domain: &str, seconds: &str, resolver: &Running, server: &Running) -> (Output, Duration) {
    let (port, resolver) = (server.address.port(), resolver.address);
    let start = Instant::now();
    let output = run(&format!(
        "probe {domain} --json --timeout {seconds} --port {port} --resolver {resolver}"
    ));
    (output, start.elapsed())
}

/// All steps of a delivery that each take a second take less than half of this; the rest is for a machine with much else to do.
const SOON: Duration = Duration::from_secs(30);

/// The object of a probe that ended in time and said nothing else.
fn ended((output, time): (Output, Duration), which: &str) -> Value {
    assert!(time < SOON, "{which}: {time:?}");
    assert!(output.stderr.is_empty(), "{which}: {output:?}");
    probed(&output)
}

/// Tries all cases at once, since nearly all of their time is waiting.
fn all_at_once<T: Sync>(cases: &[T], try_one: impl Fn(&T) + Sync) {
    thread::scope(|scope| {
        for case in cases {
            scope.spawn(|| try_one(case));
        }
    });
}

/// Resolvers that settle nothing, with what they do and how the lookup fails.
const RESOLVERS: [(&str, &Habit, &str); 8] = [
    ("says nothing", &|_, _| Vec::new(), "timeout"),
    (
        "speaks to somebody else",
        &|query, _| to_somebody_else(query),
        "timeout",
    ),
    (
        "answers after the time is over",
        &|query, _| vec![(Duration::from_secs(2), right(query))],
        "timeout",
    ),
    (
        "breaks off in its message",
        &|query, _| {
            let mut message = right(query);
            message.pop();
            vec![(NOW, message)]
        },
        "malformed",
    ),
    (
        "accepts over TCP and is silent",
        &|query, way| match way {
            Way::Udp => vec![(NOW, cut_short(query))],
            Way::Tcp => vec![(Duration::from_secs(2), Vec::new())],
        },
        "timeout",
    ),
    (
        "breaks off over TCP",
        &|query, way| match way {
            Way::Udp => vec![(NOW, cut_short(query))],
            Way::Tcp => {
                let mut message = framed(&right(query));
                message.pop();
                vec![(NOW, message)]
            }
        },
        "unreachable",
    ),
    (
        "says over TCP as well that it does not fit",
        &|query, way| match way {
            Way::Udp => vec![(NOW, cut_short(query))],
            Way::Tcp => vec![(NOW, framed(&cut_short(query)))],
        },
        "malformed",
    ),
    (
        "gives an octet at a time over TCP",
        &|query, way| match way {
            Way::Udp => vec![(NOW, cut_short(query))],
            Way::Tcp => {
                let octets = framed(&right(query)).into_iter();
                octets
                    .map(|octet| (Duration::from_millis(100), vec![octet]))
                    .collect()
            }
        },
        "timeout",
    ),
];

#[test]
fn a_resolver_that_settles_nothing_defers_in_time_and_says_how_it_failed() {
    let server = mail_server(plain);
    all_at_once(&RESOLVERS, |(which, habit, error)| {
        let resolver = resolver(*habit);
        let object = ended(probe("plain.test", "1", &resolver, &server), which);
        assert_eq!(at(&object, "/outcome"), "deferred", "{which}");
        assert_eq!(at(&object, "/reason/code"), "lookup", "{which}");
        assert_eq!(at(&object, "/reason/lookup/error"), *error, "{which}");
        assert_eq!(at(&object, "/reason/cite"), "RFC 7672 §2.1.2", "{which}");
    });
}

#[test]
fn who_validates_is_told_nothing_by_the_same_resolvers_nor_by_one_without_signatures() {
    let server = mail_server(plain);
    let unsigned: (&str, &Habit, &str) = ("is in good order", &in_good_order, "bogus");
    let cases: Vec<_> = RESOLVERS.into_iter().chain([unsigned]).collect();
    all_at_once(&cases, |(which, habit, _)| {
        let resolver = resolver(*habit);
        let line = "plain.test --validate";
        let object = ended(probe(line, "1", &resolver, &server), which);
        assert_eq!(at(&object, "/outcome"), "deferred", "{which}");
        assert_eq!(at(&object, "/reason/code"), "lookup", "{which}");
    });
}

#[test]
fn a_resolver_that_settles_it_in_the_end_changes_nothing() {
    let cases: [(&str, &'static Habit); 5] = [
        ("is in good order", &in_good_order),
        ("says all twice", &|query, _| {
            vec![(NOW, right(query)), (NOW, right(query))]
        }),
        ("speaks to somebody else first", &|query, _| {
            let mut messages = to_somebody_else(query);
            messages.push((NOW, right(query)));
            messages
        }),
        ("answers over TCP", &|query, way| match way {
            Way::Udp => vec![(NOW, cut_short(query))],
            Way::Tcp => vec![(NOW, framed(&right(query)))],
        }),
        ("is too slow for the first try", &|query, _| {
            vec![(Duration::from_millis(600), right(query))]
        }),
    ];
    all_at_once(&cases, |(which, habit)| {
        let (resolver, server) = (resolver(*habit), mail_server(plain));
        let object = ended(probe("plain.test", "3", &resolver, &server), which);
        assert_eq!(at(&object, "/outcome"), "delivered", "{which}");
        assert_eq!(at(&object, "/hosts/0/result"), "cleartext", "{which}");
    });
}

const OFFER: &str = "250-mx.test\r\n250 STARTTLS\r\n";

fn greet(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(b"220 mx.test\r\n")
}

/// Comes as far as its reply to STARTTLS.
fn offer_and(stream: &mut TcpStream, reply: &str) -> io::Result<()> {
    greet(stream)?;
    answer(stream, OFFER)?;
    answer(stream, reply)
}

fn offer(stream: &mut TcpStream) -> io::Result<()> {
    offer_and(stream, "220 go\r\n")
}

/// The first octets of a server's half of a handshake: a record of 80 octets is announced, and its first two come.
const HALF_A_RECORD: &str = "\u{16}\u{3}\u{3}\0\u{50}\u{2}\0";

/// Mail servers with what they do, and the reasons for which a host with TLSA records and one without are not used. No reason: the
/// host is given mail in cleartext.
const SERVERS: [(&str, Manner, &str, &str); 11] = [
    ("is silent", be_silent, "connection-lost", "connection-lost"),
    (
        "greets an octet at a time",
        |stream| repeat(stream, "2"),
        "connection-lost",
        "connection-lost",
    ),
    (
        "greets without end",
        |stream| repeat(stream, "220-mx.test\r\n"),
        "connection-lost",
        "connection-lost",
    ),
    (
        "is silent after its greeting",
        |stream| {
            greet(stream)?;
            be_silent(stream)
        },
        "connection-lost",
        "connection-lost",
    ),
    (
        "hangs up in its answer to EHLO",
        |stream| {
            greet(stream)?;
            answer(stream, "250-mx.test\r\n250 START")
        },
        "connection-lost",
        "connection-lost",
    ),
    (
        "is silent in place of TLS",
        |stream| {
            offer(stream)?;
            be_silent(stream)
        },
        "handshake-failed",
        "",
    ),
    (
        "hangs up in the handshake",
        |stream| {
            offer(stream)?;
            answer(stream, HALF_A_RECORD)
        },
        "handshake-failed",
        "",
    ),
    (
        "is silent in the handshake",
        |stream| {
            offer(stream)?;
            answer(stream, HALF_A_RECORD)?;
            be_silent(stream)
        },
        "handshake-failed",
        "",
    ),
    (
        "answers EHLO twice",
        |stream| {
            greet(stream)?;
            answer(stream, &[OFFER, OFFER].concat())?;
            be_silent(stream)
        },
        "start-tls-rejected",
        "",
    ),
    (
        "answers STARTTLS twice at once",
        |stream| {
            offer_and(stream, "220 go\r\n220 go\r\n")?;
            be_silent(stream)
        },
        "plaintext-injected",
        "plaintext-injected",
    ),
    (
        "answers STARTTLS a second time in place of TLS",
        |stream| {
            offer(stream)?;
            answer(stream, "220 go\r\n")?;
            be_silent(stream)
        },
        "handshake-failed",
        "",
    ),
];

#[test]
fn a_host_with_tlsa_records_whose_server_misbehaves_is_refused_in_time() {
    all_at_once(&SERVERS, |(which, manner, code, _)| {
        let (resolver, server) = (resolver(&in_good_order), mail_server(*manner));
        let object = ended(probe("dane.test", "1", &resolver, &server), which);
        assert_eq!(at(&object, "/outcome"), "deferred", "{which}");
        assert_eq!(at(&object, "/hosts/0/result"), "refused", "{which}");
        let reason = at(&object, "/hosts/0/attempts/0/reason/code");
        assert_eq!(reason, *code, "{which}");
        let policy = at(&object, "/hosts/0/tls_policy");
        assert_eq!(policy, "authenticate", "{which}");
    });
}

#[test]
fn a_host_without_tlsa_records_is_given_up_or_spoken_to_in_cleartext_in_time() {
    all_at_once(&SERVERS, |(which, manner, _, code)| {
        let (resolver, server) = (resolver(&in_good_order), mail_server(*manner));
        let object = ended(probe("plain.test", "1", &resolver, &server), which);
        let (outcome, result) = if code.is_empty() {
            ("delivered", "cleartext")
        } else {
            ("deferred", "refused")
        };
        assert_eq!(at(&object, "/outcome"), outcome, "{which}");
        assert_eq!(at(&object, "/hosts/0/result"), result, "{which}");
        if !code.is_empty() {
            let reason = at(&object, "/hosts/0/attempts/0/reason/code");
            assert_eq!(reason, *code, "{which}");
        }
    });
}

#[test]
fn people_are_told_in_one_line_what_was_wrong() {
    let silent: &'static Habit = &|_, _| Vec::new();
    for (habit, part) in [
        (
            silent,
            "the lookup of dane.test MX failed: no answer in time",
        ),
        (
            &in_good_order,
            "cleartext came behind the reply to STARTTLS",
        ),
    ] {
        let resolver = resolver(habit);
        let server = mail_server(|stream| offer_and(stream, "220 go\r\n220 go\r\n"));
        let (port, address) = (server.address.port(), resolver.address);
        let output = run(&format!(
            "probe dane.test --timeout 1 --port {port} --resolver {address}"
        ));
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stderr.is_empty(), "{output:?}");
        let said = text(&output.stdout);
        let line = said.lines().find(|line| line.contains(part));
        assert!(line.is_some_and(|line| line.contains("[RFC ")), "{said}");
    }
}
