//! The table of `manual::threats`: each attacker does in a small world what is in its power, and reaches what the table says,
//! and no more.

use smtp_dane::delivery::Outcome;
use smtp_dane::dns::QueryType;
use smtp_dane::{DaneMode, Policy};

use crate::support::certificates::{leaf, other_leaf};
use crate::support::documented::rows;
use crate::support::sites::{domain, failing_handshakes, one_host, refusing_start_tls};
use crate::support::sites::{usable, without_start_tls};
use crate::support::world::{Run, Server, World};
use crate::support::zone::{Failure, Zone};

const HOST: &str = "mx.example.com";
const ITS_ADDRESS: &str = "192.0.2.1";
const FOREIGN_ADDRESS: &str = "192.0.2.66";

/// What an attack comes to, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Effect {
    Nothing,
    Delays,
    Returns,
    Reads,
}

impl Effect {
    /// The attacker has the server at `address`, or all that goes there.
    fn of(run: &Run, address: &str) -> Self {
        let is_its_own = |sent: &std::net::IpAddr| sent.to_string() == address;
        if run.sent.iter().any(|(sent, _)| is_its_own(sent)) {
            return Self::Reads;
        }
        match run.outcome() {
            Outcome::Delivered { .. } => Self::Nothing,
            Outcome::Deferred(_) => Self::Delays,
            Outcome::Failed(_) => Self::Returns,
        }
    }

    fn named(word: &str) -> Self {
        match word {
            "nothing" => Self::Nothing,
            "delays" => Self::Delays,
            "reads" => Self::Reads,
            other => panic!("no such effect: {other}"),
        }
    }
}

/// A domain in good order.
fn honest() -> Zone {
    one_host(&usable(HOST))
}

/// The host of an attacker, in a signed zone of its own.
fn foreign(zone: Zone) -> Zone {
    zone.secure("mx.foreign.example A 192.0.2.66")
        .secure(&usable("mx.foreign.example"))
}

/// Both servers have certificates that the records of their own hosts match.
fn world(zone: Zone, server: Server) -> World {
    World::new(zone)
        .server(ITS_ADDRESS, server)
        .server(FOREIGN_ADDRESS, Server::with(leaf()))
}

/// The worlds that an attacker can make, and the address that it has in its hands.
fn attacks(attacker: &str) -> (Vec<World>, &'static str) {
    let in_dns = |zones: Vec<Zone>| {
        let worlds = zones
            .into_iter()
            .map(|zone| world(zone, Server::with(leaf())));
        (worlds.collect(), FOREIGN_ADDRESS)
    };
    let on_path = |servers: Vec<Server>| {
        let worlds = servers.into_iter().map(|server| world(honest(), server));
        (worlds.collect(), ITS_ADDRESS)
    };
    match attacker {
        "in the DNS, all zones signed" => in_dns(vec![
            honest().failing("example.com", QueryType::Mx, Failure::Bogus),
            honest().failing(HOST, QueryType::A, Failure::Bogus),
            honest().failing("_25._tcp.mx.example.com", QueryType::Tlsa, Failure::Bogus),
        ]),
        "in the DNS, the MX records not signed" => in_dns(vec![
            foreign(Zone::signed().insecure("example.com MX 10 mx.foreign.example")),
            Zone::signed().insecure("example.com MX 0 ."),
        ]),
        "in the DNS, the host's zone not signed" => in_dns(vec![
            Zone::signed()
                .with("example.com MX 10 mx.example.com")
                .insecure("mx.example.com A 192.0.2.66\nmx.example.com AAAA 2001:db8::66"),
        ]),
        "on the SMTP path" => on_path(vec![
            without_start_tls(),
            refusing_start_tls(),
            failing_handshakes(),
            Server::with(other_leaf()),
            Server {
                start_tls: (220, 1),
                ..Server::with(leaf())
            },
        ]),
        "between us and the resolver" => in_dns(vec![foreign(
            Zone::signed().secure("example.com MX 10 mx.foreign.example"),
        )]),
        "with a public authority, on the SMTP path" => on_path(vec![Server::with(other_leaf())]),
        "another domain" => in_dns(vec![foreign(honest().secure(
            "foreign.example MX 10 mx.foreign.example\nforeign.example MX 20 mx.example.com",
        ))]),
        "in an MX host" => on_path(vec![Server::with(leaf())]),
        other => panic!("no such attacker: {other}"),
    }
}

#[test]
fn each_attacker_reaches_what_the_manual_says_and_no_more() {
    let columns: [&[DaneMode]; 3] = [
        &[DaneMode::Off, DaneMode::AuditOnly],
        &[DaneMode::Opportunistic],
        &[DaneMode::Mandatory],
    ];
    for row in rows("manual/threats.md", "# What each can do to the mail") {
        let (worlds, address) = attacks(&row[0]);
        for (modes, expected) in columns.into_iter().zip(&row[1..]) {
            for mode in modes {
                let mut policy = Policy::default();
                policy.dane = *mode;
                let effects = worlds
                    .iter()
                    .map(|world| Effect::of(&world.deliver(domain(), &policy), address));
                let worst = effects.max().unwrap();
                assert_eq!(worst, Effect::named(expected), "{mode:?}: {row:?}");
            }
        }
    }
}
