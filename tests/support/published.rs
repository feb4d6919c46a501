//! Random worlds, and what their records demand: worked out from the description of the world, never from the machines.

pub mod any;

use std::net::IpAddr;

use smtp_dane::dns::{QueryType, Security};
use smtp_dane::session::Assurance;
use smtp_dane::{AddressFamily, DaneMode, Identity, InsecureMx, MxAlias, Policy};

use super::certificates::{leaf, tlsa_text};
use super::sites::{unusable, usable};
use super::world::{Server, World};
use super::zone::{Chasing, Failure, Zone};

/// A next hop, its hosts, and their servers.
#[derive(Clone, Debug)]
pub struct Published {
    pub mx: MxAnswer,
    /// The next hop is an alias of the name with the MX records.
    pub alias: Option<Security>,
    /// At least one. The first is the next hop itself where there are no MX records.
    pub hosts: Vec<Mailer>,
    pub chasing: Chasing,
    /// This site is that host, if there is one.
    pub ourselves: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MxAnswer {
    Records(Security),
    NoData(Security),
    NoDomain(Security),
    Fails(Failure),
}

#[derive(Clone, Debug)]
pub struct Mailer {
    pub preference: u16,
    pub alias: Option<Security>,
    pub a: Family,
    pub aaaa: Family,
    /// At the name that the alias leads to, if there is one.
    pub at_end: Tlsa,
    pub at_host: Tlsa,
    /// The query for the alias alone fails.
    pub probe: Option<Failure>,
    pub servers: [Server; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Address(Security),
    Denied(Security),
    Fails(Failure),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tlsa {
    Denied(Security),
    Usable(Security, Option<Security>),
    Unusable(Security, Option<Security>),
    Fails(Failure),
    /// A secure alias that leads to a failure.
    AliasFails(Failure),
}

/// What the world demands of a connection to a host, at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Demand {
    Nothing,
    Encryption,
    Authentication,
    /// No connection at all.
    Silence,
}

impl Demand {
    /// What a connection with this protection satisfies.
    pub const fn met_by(assurance: &Assurance) -> Self {
        match assurance {
            Assurance::Cleartext(_) => Self::Nothing,
            Assurance::Encrypted | Assurance::NotAuthenticated(_) => Self::Encryption,
            Assurance::Authenticated(_) => Self::Authentication,
        }
    }
}

impl Published {
    /// The name of a host, and the name at the end of its alias.
    fn names(&self, place: usize) -> (String, String) {
        if self.is_implicit() {
            return ("example.com".to_owned(), self.owner().to_owned());
        }
        let host = format!("mx{place}.hosts.example");
        let end = match self.hosts[place].alias {
            Some(_) => format!("end{place}.ends.example"),
            None => host.clone(),
        };
        (host, end)
    }

    /// Where the MX records stand.
    pub const fn owner(&self) -> &'static str {
        match self.alias {
            Some(_) => "example.org",
            None => "example.com",
        }
    }

    pub const fn is_implicit(&self) -> bool {
        matches!(self.mx, MxAnswer::NoData(_))
    }

    /// How many hosts there are to try.
    pub fn count(&self) -> usize {
        match self.mx {
            MxAnswer::Records(_) => self.hosts.len(),
            MxAnswer::NoData(_) => 1,
            MxAnswer::NoDomain(_) | MxAnswer::Fails(_) => 0,
        }
    }

    fn alias_of(&self, place: usize) -> Option<Security> {
        if self.is_implicit() {
            self.alias
        } else {
            self.hosts[place].alias
        }
    }

    /// The security of the way to the hosts.
    pub fn security(&self) -> Security {
        let of_answer = match self.mx {
            MxAnswer::Records(security) | MxAnswer::NoData(security) => security,
            MxAnswer::NoDomain(security) => security,
            MxAnswer::Fails(_) => Security::Insecure,
        };
        of_answer.min(self.alias.unwrap_or(Security::Secure))
    }

    /// The addresses of a host, in the two families.
    pub fn addresses(place: usize) -> [IpAddr; 2] {
        let last = u8::try_from(place + 1).unwrap();
        [
            IpAddr::from([192, 0, 2, last]),
            IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(last)]),
        ]
    }

    pub fn policy(&self, mut policy: Policy) -> Policy {
        if let Some(place) = self.ourselves.filter(|place| *place < self.hosts.len()) {
            let [address, _] = Self::addresses(place);
            policy.identities = [Identity::Address(address)].into();
        }
        policy
    }

    pub fn world(&self) -> World {
        let zone = match self.mx {
            MxAnswer::NoDomain(Security::Insecure) => Zone::unsigned(),
            _ => Zone::signed(),
        };
        let mut zone = zone.chasing(self.chasing);
        if let Some(security) = self.alias {
            zone = marked(zone, "example.com CNAME example.org", security);
        }
        zone = match self.mx {
            MxAnswer::Records(security) => {
                self.hosts.iter().enumerate().fold(zone, |zone, host| {
                    let (place, preference) = (host.0, host.1.preference);
                    let record =
                        format!("{} MX {preference} {}", self.owner(), self.names(place).0);
                    marked(zone, &record, security)
                })
            }
            MxAnswer::NoData(security) => zone.denied(self.owner(), QueryType::Mx, security),
            MxAnswer::NoDomain(_) => zone,
            MxAnswer::Fails(failure) => zone.failing(self.owner(), QueryType::Mx, failure),
        };
        let mut world =
            World::new((0..self.count()).fold(zone, |zone, place| self.host(zone, place)));
        for (place, host) in self.hosts.iter().enumerate() {
            for (address, server) in Self::addresses(place).into_iter().zip(&host.servers) {
                world = world.server(&address.to_string(), server.clone());
            }
        }
        world
    }

    fn host(&self, mut zone: Zone, place: usize) -> Zone {
        let host = &self.hosts[place];
        let (name, end) = self.names(place);
        if let Some(security) = host.alias.filter(|_| !self.is_implicit()) {
            zone = marked(zone, &format!("{name} CNAME {end}"), security);
        }
        if let Some(failure) = host.probe {
            zone = zone.failing(&name, QueryType::Cname, failure);
        }
        let types = ["A", "AAAA"]
            .into_iter()
            .zip([QueryType::A, QueryType::Aaaa]);
        let families = [host.a, host.aaaa].into_iter().zip(types);
        for ((family, (text, query_type)), address) in families.zip(Self::addresses(place)) {
            zone = match family {
                Family::Address(security) => {
                    marked(zone, &format!("{end} {text} {address}"), security)
                }
                Family::Denied(security) => zone.denied(&end, query_type, security),
                Family::Fails(failure) => zone.failing(&end, query_type, failure),
            };
        }
        zone = tlsa(zone, &name, place, host.at_host);
        if end == name {
            return zone;
        }
        tlsa(zone, &end, place, host.at_end)
    }

    /// What the records of a host demand under a policy.
    pub fn demand(&self, place: usize, policy: &Policy) -> Demand {
        if self.is_no_better_than_ourselves(place) {
            return Demand::Silence;
        }
        let weak_route = self.security() == Security::Insecure;
        let mandatory = policy.dane == DaneMode::Mandatory;
        match self.published(place, policy) {
            _ if mandatory && weak_route => Demand::Silence,
            Demand::Nothing | Demand::Encryption if mandatory => Demand::Silence,
            Demand::Authentication if weak_route && policy.insecure_mx == InsecureMx::Encrypt => {
                Demand::Encryption
            }
            demand => demand,
        }
    }

    /// Whether this site is one of the hosts, recognised by its address, and this host is not preferred to it.
    fn is_no_better_than_ourselves(&self, place: usize) -> bool {
        let own = self.ourselves.filter(|own| *own < self.count());
        let own = own.map(|own| &self.hosts[own]);
        own.is_some_and(|own| {
            matches!(own.a, Family::Address(_)) && self.hosts[place].preference >= own.preference
        })
    }

    fn published(&self, place: usize, policy: &Policy) -> Demand {
        let host = &self.hosts[place];
        let alias = self.alias_of(place);
        let by_alias = alias.unwrap_or(Security::Secure);
        let families: &[Family] = match policy.address_family {
            AddressFamily::V4 => &[host.a],
            AddressFamily::V6 => &[host.aaaa],
            _ => &[host.a, host.aaaa],
        };
        let has_address = |family: &Family| matches!(family, Family::Address(_));
        let is_secure = |family: &Family| match family {
            Family::Address(security) | Family::Denied(security) => {
                by_alias.min(*security) == Security::Secure
            }
            Family::Fails(_) => false,
        };
        let refused = policy.mx_alias == MxAlias::Refuse && !self.is_implicit() && alias.is_some();
        if !families.iter().any(has_address) || refused {
            return Demand::Silence;
        }
        if self.security() == Security::Insecure && policy.insecure_mx == InsecureMx::Ignore {
            return Demand::Nothing;
        }
        let candidates: &[Tlsa] = match (families.iter().any(is_secure), alias) {
            (true, Some(_)) => &[host.at_end, host.at_host],
            (true, None) => &[host.at_host],
            (false, None) => &[],
            (false, Some(_)) if host.probe.is_some() => return Demand::Silence,
            (false, Some(Security::Secure)) => &[host.at_host],
            (false, Some(Security::Insecure)) => &[],
        };
        let mut demands = candidates.iter().filter_map(Tlsa::demand);
        demands.next().unwrap_or(Demand::Nothing)
    }
}

impl Tlsa {
    /// What the records demand if they decide, which they do unless they are insecure or missing.
    fn demand(&self) -> Option<Demand> {
        let secure = |security: &Security, alias: &Option<Security>| {
            *security == Security::Secure && *alias != Some(Security::Insecure)
        };
        match self {
            Self::Usable(security, alias) if secure(security, alias) => {
                Some(Demand::Authentication)
            }
            Self::Unusable(security, alias) if secure(security, alias) => Some(Demand::Encryption),
            Self::Fails(_) | Self::AliasFails(_) => Some(Demand::Silence),
            Self::Denied(_) | Self::Usable(..) | Self::Unusable(..) => None,
        }
    }
}

fn marked(zone: Zone, record: &str, security: Security) -> Zone {
    match security {
        Security::Secure => zone.secure(record),
        Security::Insecure => zone.insecure(record),
    }
}

fn tlsa(zone: Zone, host: &str, place: usize, tlsa: Tlsa) -> Zone {
    let owner = format!("_25._tcp.{host}");
    let target = format!("tlsa{place}.{host}.tlsa.example");
    let aliased = |zone, alias: Option<Security>| match alias {
        Some(security) => (
            marked(zone, &format!("{owner} CNAME {target}"), security),
            target.clone(),
        ),
        None => (zone, owner.clone()),
    };
    match tlsa {
        Tlsa::Denied(security) => zone.denied(&owner, QueryType::Tlsa, security),
        Tlsa::Fails(failure) => zone.failing(&owner, QueryType::Tlsa, failure),
        Tlsa::AliasFails(failure) => {
            let (zone, end) = aliased(zone, Some(Security::Secure));
            zone.failing(&end, QueryType::Tlsa, failure)
        }
        Tlsa::Usable(security, alias) => {
            let (zone, end) = aliased(zone, alias);
            marked(zone, &usable(host).replace(&owner, &end), security)
        }
        Tlsa::Unusable(security, alias) => {
            let (zone, end) = aliased(zone, alias);
            // A usable usage with a digest that is cut short, and one of the public PKI.
            let zone = marked(zone, &unusable(host).replace(&owner, &end), security);
            let short = tlsa_text(3, 1, 1, leaf());
            let short = &short[..short.len() - 2];
            marked(zone, &format!("{end} TLSA {short}"), security)
        }
    }
}
