//! Random worlds for many deliveries at once. Every name and address in one is its own, so that nothing of another fits.

use std::net::{Ipv4Addr, Ipv6Addr};

use smtp_dane::delivery::Transfer;
use smtp_dane::dns::{QueryType, Security};
use smtp_dane::resolve::NextHop;
use smtp_dane::session::StartTlsOffer;
use smtp_dane::{DaneMode, FailedTls, InsecureMx, Policy, RawPublicKeys};

use crate::support::certificates::{leaf, other_leaf};
use crate::support::name;
use crate::support::random::Random;
use crate::support::sites::{known_as, unusable, usable};
use crate::support::world::{Moment, Server, World};
use crate::support::zone::{Chasing, Failure, Zone};

/// A next hop and all that there is to be met with on the way to it.
#[derive(Debug)]
pub struct Site {
    pub next_hop: NextHop,
    pub policy: Policy,
    pub world: World,
    pub hosts: usize,
}

const SECURE: Security = Security::Secure;
const INSECURE: Security = Security::Insecure;

impl Site {
    /// The site with this number, below 65,536.
    pub fn random(number: usize, random: &mut Random) -> Self {
        let domain = format!("d{number}.example");
        let hosts = 1 + random.below(3);
        let chasing = random.pick(&[Chasing::WholeChain, Chasing::OneByOne]);
        let mut world = World::new(Zone::signed().chasing(chasing));
        if random.one_in(16) {
            let failure = random.pick(&Failure::ALL);
            world.zone = world.zone.failing(&domain, QueryType::Mx, failure);
        } else {
            let security = random.pick(&[SECURE, SECURE, SECURE, SECURE, INSECURE]);
            for place in 0..hosts {
                let preference = 10 * random.below(2);
                let record = format!("{domain} MX {preference} mx{place}.{domain}");
                world.zone = marked(world.zone, &record, security);
                world = with_host(world, number, place, random);
            }
        }
        Self {
            next_hop: NextHop::domain(name(&domain)),
            policy: policy(number, random),
            world,
            hosts,
        }
    }
}

fn marked(zone: Zone, record: &str, security: Security) -> Zone {
    match security {
        Security::Secure => zone.secure(record),
        Security::Insecure => zone.insecure(record),
    }
}

/// The addresses of a host, in the two families.
fn addresses(number: usize, place: usize) -> (Ipv4Addr, Ipv6Addr) {
    let [high, low] = u16::try_from(number).unwrap().to_be_bytes();
    let last = u8::try_from(place + 1).unwrap();
    let v6 = [
        0x2001,
        0xdb8,
        u16::from_be_bytes([high, low]),
        0,
        0,
        0,
        0,
        last.into(),
    ];
    (Ipv4Addr::new(10, high, low, last), v6.into())
}

fn policy(number: usize, random: &mut Random) -> Policy {
    let mut policy = if random.one_in(8) {
        known_as(&addresses(number, 1).0.to_string(), "us.example")
    } else {
        Policy::default()
    };
    if random.one_in(6) {
        policy.dane = random.pick(&[DaneMode::Mandatory, DaneMode::AuditOnly, DaneMode::Off]);
    }
    policy.insecure_mx =
        random.pick(&[InsecureMx::UseTlsa, InsecureMx::Encrypt, InsecureMx::Ignore]);
    policy.failed_tls = random.pick(&[FailedTls::Cleartext, FailedTls::Refuse]);
    policy.raw_public_keys = random.pick(&[RawPublicKeys::Never, RawPublicKeys::AfterCertificates]);
    policy
}

fn with_host(world: World, number: usize, place: usize, random: &mut Random) -> World {
    let host = format!("mx{place}.d{number}.example");
    let World { mut zone, servers } = world;
    let end = if random.one_in(5) {
        let end = format!("end{place}.d{number}.example");
        let security = random.pick(&[SECURE, SECURE, INSECURE]);
        zone = marked(zone, &format!("{host} CNAME {end}"), security);
        end
    } else {
        host.clone()
    };
    let (v4, v6) = addresses(number, place);
    for (query_type, address) in [
        (QueryType::A, v4.to_string()),
        (QueryType::Aaaa, v6.to_string()),
    ] {
        zone = match random.below(16) {
            0 => zone.failing(&end, query_type, random.pick(&Failure::ALL)),
            1 => zone.denied(&end, query_type, random.pick(&[SECURE, INSECURE])),
            2 => zone.insecure(&format!("{end} {query_type} {address}")),
            _ => zone.secure(&format!("{end} {query_type} {address}")),
        };
    }
    zone = with_records(zone, &host, random);
    if end != host {
        zone = with_records(zone, &end, random);
    }
    World { zone, servers }
        .server(&v4.to_string(), server(random))
        .server(&v6.to_string(), server(random))
}

/// The TLSA records of one name.
fn with_records(zone: Zone, host: &str, random: &mut Random) -> Zone {
    let owner = format!("_25._tcp.{host}");
    match random.below(16) {
        0 => zone.failing(&owner, QueryType::Tlsa, random.pick(&Failure::ALL)),
        1 => zone.denied(&owner, QueryType::Tlsa, INSECURE),
        2 => zone.insecure(&usable(host)),
        3 | 4 => zone.denied(&owner, QueryType::Tlsa, SECURE),
        5..=7 => zone.secure(&unusable(host)),
        _ => zone.secure(&usable(host)),
    }
}

/// A server in good order more often than not.
fn server(random: &mut Random) -> Server {
    let sound = Server::with(leaf());
    match random.below(20) {
        0 | 1 => Server {
            connects: false,
            ..sound
        },
        2 => Server {
            offers: StartTlsOffer::Absent,
            ..sound
        },
        3 => Server {
            start_tls: random.pick(&[(454, 0), (421, 0), (501, 3), (220, 7)]),
            ..sound
        },
        4 | 5 => Server {
            handshakes: false,
            ..sound
        },
        6 => Server::with(other_leaf()),
        7 => Server::with(b"junk"),
        8 => Server {
            bare_key: true,
            ..sound
        },
        9..=11 => Server {
            lost_at: Some(random.pick(&Moment::ALL)),
            handshakes: random.one_in(2),
            ..sound
        },
        12 | 13 => Server {
            transfer: random.pick(&[
                Transfer::Delayed { code: 450 },
                Transfer::Interrupted,
                Transfer::Rejected { code: 550 },
            ]),
            ..sound
        },
        _ => sound,
    }
}
