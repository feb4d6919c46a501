//! The world of one domain: its MX records, its hosts, and how much the adversary may do.

use std::collections::BTreeMap;
use std::sync::Arc;

use smtp_dane::dns::{Mx, RecordData};
use smtp_dane::resolve::{NextHop, SMTP_PORT};
use smtp_dane::{DaneMode, Identity, Name, Policy};

use crate::server::Alphabet;
use crate::zone::{Tlsa, Zone, address, mx, name, tlsa_owner};

/// A domain under one policy.
#[derive(Clone, Debug)]
pub struct Domain {
    pub name: Name,
    pub zone: Arc<Zone>,
    pub policy: Policy,
    pub alphabet: Alphabet,
    pub is_relay: bool,
    /// Most events of one run.
    pub bound: usize,
    /// The host to which each name belongs that may be asked for.
    owners: BTreeMap<Name, Name>,
}

impl Domain {
    pub fn next_hop(&self) -> NextHop {
        if self.is_relay {
            NextHop::relay(self.name.clone(), SMTP_PORT)
        } else {
            NextHop::domain(self.name.clone())
        }
    }

    /// The host that a question about `asked` serves.
    pub fn owner(&self, asked: &Name) -> Name {
        self.owners.get(asked).unwrap_or(asked).clone()
    }
}

/// What one host of a domain is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Signed, with one address and these records.
    Signed(Tlsa),
    /// The same with an address of each family.
    Both(Tlsa),
    /// An alias of a signed name with these records; the host's own name has none.
    Alias(Tlsa),
    /// An alias of a name that is not signed; these records are the host's own.
    HalfAlias(Tlsa),
    /// Signed, and without any address.
    Addressless,
    /// Signed, with this site's own address.
    Ours,
    /// Not signed.
    Unsigned,
}

pub const OWN: &str = "198.51.100.1";

/// The hosts of a domain, with a preference each, and whether the MX records are signed.
pub struct Plan<'a> {
    pub signed: bool,
    pub hosts: &'a [(u16, Kind)],
    /// Whether unsigned names have aliases and this site's address among their lies.
    pub many_lies: bool,
}

impl Plan<'_> {
    pub fn zone(&self) -> (Zone, BTreeMap<Name, Name>) {
        let domain = name("example.com");
        let mut zone = Zone::default();
        let mut owners = BTreeMap::new();
        let mut records = Vec::new();
        for (number, (preference, kind)) in self.hosts.iter().enumerate() {
            let host = host(number);
            records.push(mx(*preference, &host.to_string()));
            zone = kind.publish(zone, &host, number);
            for asked in [host.clone(), target(number)] {
                owners.insert(tlsa_owner(&asked), host.clone());
                owners.insert(asked, host.clone());
            }
        }
        zone.forged_addresses = vec!["203.0.113.1".parse().unwrap()];
        if self.many_lies {
            zone.forged_addresses.push(OWN.parse().unwrap());
        }
        if self.signed {
            let data = records.into_iter().map(RecordData::Mx).collect();
            (zone.signed(&domain, data), owners)
        } else {
            let reversed = records.iter().rev().enumerate();
            let turned = reversed.map(|(place, record)| Mx {
                preference: u16::try_from(place).unwrap(),
                exchange: record.exchange.clone(),
            });
            zone.forged_exchanges = vec![turned.collect(), records, vec![mx(0, ".")]];
            zone.forged_denials = true;
            (zone, owners)
        }
    }
}

impl Kind {
    fn publish(self, zone: Zone, host: &Name, number: usize) -> Zone {
        let v4 = address(&format!("192.0.2.{}", number + 1));
        let v6 = address(&format!("2001:db8::{}", number + 1));
        let target = target(number);
        match self {
            Self::Signed(tlsa) => zone.signed(host, vec![v4]).tlsa(host, tlsa),
            Self::Both(tlsa) => zone.signed(host, vec![v4, v6]).tlsa(host, tlsa),
            Self::Alias(tlsa) => zone
                .alias(host, &[&target])
                .signed(&target, vec![v4])
                .tlsa(&target, tlsa)
                .tlsa(host, Tlsa::Nothing),
            Self::HalfAlias(tlsa) => zone.alias(host, &[&target]).tlsa(host, tlsa),
            Self::Addressless => zone.signed(host, Vec::new()).tlsa(host, Tlsa::Right),
            Self::Ours => zone
                .signed(host, vec![address(OWN)])
                .tlsa(host, Tlsa::Right),
            Self::Unsigned => zone,
        }
    }
}

fn host(number: usize) -> Name {
    name(&format!("mx{number}.example.com"))
}

fn target(number: usize) -> Name {
    name(&format!("target{number}.example.net"))
}

/// MX records over their aliases; for each host its addresses twice, the probe, and two candidates, over two replies each;
/// for each of two addresses a connection, two sessions of four events, and the mail.
fn bound(hosts: usize) -> usize {
    4 + hosts.max(1) * (8 + 1 + 4 + 2 * 10)
}

pub fn domain(plan: &Plan<'_>, policy: Policy, alphabet: Alphabet) -> Domain {
    let (zone, owners) = plan.zone();
    Domain {
        name: name("example.com"),
        zone: Arc::new(zone),
        policy,
        alphabet,
        is_relay: false,
        bound: bound(plan.hosts.len()),
        owners,
    }
}

/// A host that the administrator named.
pub fn relay(kind: Kind, policy: Policy) -> Domain {
    let mut zone = kind.publish(Zone::default(), &name("example.com"), 0);
    zone.forged_addresses = vec!["203.0.113.1".parse().unwrap()];
    let owners = [
        target(0),
        tlsa_owner(&target(0)),
        tlsa_owner(&name("example.com")),
    ];
    Domain {
        name: name("example.com"),
        zone: Arc::new(zone),
        policy,
        alphabet: Alphabet::Few,
        is_relay: true,
        bound: bound(1),
        owners: owners.map(|asked| (asked, name("example.com"))).into(),
    }
}

pub fn policy(dane: DaneMode, change: impl FnOnce(&mut Policy)) -> Policy {
    let mut policy = Policy::default();
    policy.dane = dane;
    change(&mut policy);
    policy
}

pub const ENFORCING: [DaneMode; 2] = [DaneMode::Opportunistic, DaneMode::Mandatory];
pub const ALL_MODES: [DaneMode; 4] = [
    DaneMode::Opportunistic,
    DaneMode::Mandatory,
    DaneMode::AuditOnly,
    DaneMode::Off,
];

/// The identities that a site may know itself by: none, the name of its second host, and an address.
pub fn identities() -> [Vec<Identity>; 3] {
    [
        Vec::new(),
        vec![Identity::Name(host(1))],
        vec![Identity::Address(OWN.parse().unwrap())],
    ]
}
