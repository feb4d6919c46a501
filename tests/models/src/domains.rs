//! The worlds of one domain: its MX records, its hosts, and how much the adversary may do.

use std::collections::BTreeMap;
use std::sync::Arc;

use smtp_dane::dns::{Mx, RecordData};
use smtp_dane::resolve::{NextHop, SMTP_PORT};
use smtp_dane::{DaneMode, FailedTls, Identity, InsecureMx, Name, Policy, RawPublicKeys};

use crate::cases::Size;
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

/// The domains whose routes are explored, without a look at any connection.
pub fn routed(size: Size) -> Vec<Domain> {
    use Kind::{Ours, Signed, Unsigned};
    const RIGHT: Kind = Signed(Tlsa::Right);
    let mut sets: Vec<&[(u16, Kind)]> = vec![
        &[(10, RIGHT), (20, Ours), (30, Unsigned)],
        &[(10, Unsigned), (10, RIGHT), (20, Ours)],
        &[(10, Ours), (20, RIGHT)],
        &[
            (10, Kind::Alias(Tlsa::Right)),
            (20, Kind::HalfAlias(Tlsa::Right)),
        ],
        &[],
    ];
    if size == Size::Full {
        sets.push(&[(10, Unsigned), (10, Unsigned), (20, RIGHT)]);
        sets.push(&[(10, Unsigned), (20, Unsigned), (30, Unsigned)]);
    }
    let mut domains = Vec::new();
    for hosts in sets {
        for signed in [true, false] {
            for own in identities() {
                for dane in ALL_MODES {
                    let plan = Plan {
                        signed,
                        hosts,
                        many_lies: true,
                    };
                    let policy = policy(dane, |policy| policy.identities = own.clone().into());
                    domains.push(domain(&plan, policy, Alphabet::Few));
                }
            }
        }
    }
    domains.extend(odd_domains());
    domains
}

/// The domains to which mail is delivered.
pub fn delivered(size: Size) -> Vec<Domain> {
    use Kind::{Addressless, Alias, Both, HalfAlias, Ours, Signed, Unsigned};
    const RIGHT: Kind = Signed(Tlsa::Right);
    let own = || identities()[2].clone();
    let mut domains = Vec::new();
    // One host with two addresses, and everything that a server can do.
    for kind in [Both(Tlsa::Right), Both(Tlsa::Unusable), Unsigned] {
        for dane in ALL_MODES {
            let raw = |policy: &mut Policy| {
                policy.raw_public_keys = RawPublicKeys::AfterCertificates;
            };
            let plan = Plan {
                signed: true,
                hosts: &[(10, kind)],
                many_lies: false,
            };
            domains.push(domain(&plan, policy(dane, raw), Alphabet::Full));
        }
    }
    // Two and three hosts, each of another kind.
    let mut sets: Vec<&[(u16, Kind)]> = vec![
        &[(10, RIGHT), (20, Signed(Tlsa::Unusable))],
        &[(10, HalfAlias(Tlsa::Right)), (20, Unsigned)],
        &[(10, Addressless), (20, Alias(Tlsa::Other))],
        &[(10, RIGHT), (20, Ours), (30, Signed(Tlsa::Nothing))],
        &[
            (10, RIGHT),
            (20, Signed(Tlsa::Unusable)),
            (30, Signed(Tlsa::Other)),
        ],
        &[(10, Addressless), (20, Addressless)],
        &[(10, Addressless), (20, Ours)],
    ];
    if size == Size::Full {
        sets.extend::<[&[(u16, Kind)]; 4]>([
            &[(10, Both(Tlsa::Right)), (20, Both(Tlsa::Nothing))],
            &[(10, RIGHT), (20, Unsigned), (30, Signed(Tlsa::Mixed))],
            &[
                (10, Signed(Tlsa::Agile)),
                (10, Unsigned),
                (20, Alias(Tlsa::Right)),
            ],
            &[(10, Unsigned), (20, Ours), (20, RIGHT)],
        ]);
    }
    for hosts in sets {
        for dane in ENFORCING {
            let plan = Plan {
                signed: true,
                hosts,
                many_lies: false,
            };
            let known = policy(dane, |policy| policy.identities = own().into());
            domains.push(domain(&plan, known, Alphabet::Few));
        }
    }
    let insecure: &[(u16, Kind)] = &[(10, RIGHT), (20, Unsigned)];
    for insecure_mx in [InsecureMx::UseTlsa, InsecureMx::Encrypt, InsecureMx::Ignore] {
        let plan = Plan {
            signed: false,
            hosts: insecure,
            many_lies: size == Size::Full,
        };
        let lenient = policy(DaneMode::Opportunistic, |policy| {
            policy.insecure_mx = insecure_mx
        });
        domains.push(domain(&plan, lenient, Alphabet::Few));
    }
    let plan = Plan {
        signed: false,
        hosts: insecure,
        many_lies: true,
    };
    let strict = policy(DaneMode::Mandatory, |policy| {
        policy.identities = own().into()
    });
    domains.push(domain(&plan, strict, Alphabet::Few));
    for dane in ENFORCING {
        domains.push(relay(RIGHT, policy(dane, |_| ())));
        domains.push(relay(Addressless, policy(dane, |_| ())));
    }
    // Aliases of the domain are a matter of the route alone.
    domains.extend(
        odd_domains()
            .into_iter()
            .filter(|domain| !domain.zone.one_by_one),
    );
    domains
}

/// The domains to which an audit delivers.
pub fn audited(size: Size) -> Vec<Domain> {
    use Kind::{Alias, Both, HalfAlias, Signed, Unsigned};
    let mut sets: Vec<&[(u16, Kind)]> = vec![
        &[(10, Both(Tlsa::Right))],
        &[(10, Both(Tlsa::Unusable))],
        &[(10, Signed(Tlsa::Overfull))],
        &[(10, HalfAlias(Tlsa::Right))],
        &[(10, Alias(Tlsa::Other))],
    ];
    if size == Size::Full {
        sets.push(&[(10, Unsigned)]);
        sets.push(&[(10, Signed(Tlsa::Right)), (20, Signed(Tlsa::Nothing))]);
    }
    let mut domains = Vec::new();
    for hosts in sets {
        for failed_tls in [FailedTls::Cleartext, FailedTls::Refuse] {
            for signed in [true, false] {
                let plan = Plan {
                    signed,
                    hosts,
                    many_lies: false,
                };
                let audit = policy(DaneMode::AuditOnly, |policy| policy.failed_tls = failed_tls);
                domains.push(domain(&plan, audit, Alphabet::Full));
            }
        }
    }
    domains
}

/// Domains that are aliases, do not exist, take no mail, or list a host twice.
fn odd_domains() -> Vec<Domain> {
    let domain_name = name("example.com");
    let (signed, unsigned) = (name("example.net"), name("unsigned.example"));
    let data = |records: Vec<Mx>| records.into_iter().map(RecordData::Mx).collect::<Vec<_>>();
    let hosts = || data(vec![mx(10, "mx0.example.com"), mx(20, "mx1.example.com")]);
    let twice = vec![
        mx(10, "mx0.example.com"),
        mx(5, "mx1.example.com"),
        mx(20, "mx1.example.com"),
        mx(0, "."),
    ];
    let mut lying = Zone::default().alias(&domain_name, &[&unsigned]);
    lying.forged_exchanges = vec![vec![mx(10, "mx0.example.com")], vec![mx(0, ".")]];
    lying.forged_denials = true;
    lying.forged_aliases = vec![signed.clone(), domain_name.clone()];
    lying.one_by_one = true;
    let lying = lying.signed(&signed, hosts());
    let mut aliased = Zone::default()
        .alias(&domain_name, &[&signed])
        .signed(&signed, hosts());
    aliased.one_by_one = true;
    let zones = [
        Zone::default().absent(&domain_name),
        Zone::default().signed(&domain_name, data(vec![mx(0, ".")])),
        Zone::default().signed(&domain_name, data(twice)),
        aliased,
        lying,
    ];
    let template = Plan {
        signed: true,
        hosts: &[(10, Kind::Unsigned), (20, Kind::Unsigned)],
        many_lies: false,
    };
    let mut domains = Vec::new();
    for zone in zones.map(Arc::new) {
        for dane in ENFORCING {
            let policy = policy(dane, |_| ());
            let like = domain(&template, policy, Alphabet::Few);
            domains.push(Domain {
                zone: zone.clone(),
                ..like
            });
        }
    }
    domains
}
