//! What was really answered about one host, and what follows from it and from the zone.

use std::net::IpAddr;

use smtp_dane::dns::{QueryType, Question, RecordData, Security};
use smtp_dane::resolve::RouteKind;
use smtp_dane::{AddressFamily, DaneMode, Digests, Identity, InsecureMx, MxAlias, Name, Policy};

use crate::resolver::{Given, Says};
use crate::server::{Certificate, Connection};
use crate::zone::{Node, Published, Zone};

/// The answers that one lookup got, over all its aliases.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Told {
    pub secure: bool,
    aliases: Vec<Name>,
    end: End,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum End {
    Open,
    Failed,
    Denied,
    Addresses(Vec<IpAddr>),
    Other,
}

impl Told {
    fn nothing() -> Self {
        Self {
            secure: true,
            aliases: Vec::new(),
            end: End::Open,
        }
    }

    fn add(&mut self, start: &Name, given: &Given) {
        self.secure &= given.security == Security::Secure;
        for alias in &given.aliases {
            if alias == start || self.aliases.contains(alias) {
                self.end = End::Failed;
                return;
            }
            self.aliases.push(alias.clone());
        }
        self.end = match &given.says {
            Says::Failed => End::Failed,
            Says::Denied(_) => End::Denied,
            Says::AliasOnly => End::Open,
            Says::Records(records) => {
                let ip = |data: &RecordData| match data {
                    RecordData::Address(ip) => Some(*ip),
                    _ => None,
                };
                let addresses: Vec<IpAddr> = records.iter().filter_map(ip).collect();
                if addresses.is_empty() {
                    End::Other
                } else {
                    End::Addresses(addresses)
                }
            }
        };
    }

    fn addresses(&self) -> &[IpAddr] {
        match &self.end {
            End::Addresses(addresses) => addresses,
            _ => &[],
        }
    }
}

/// All that was told about one host while it was looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Facts {
    /// A and AAAA, in this order; `None` where nobody asked.
    families: [Option<Told>; 2],
    probe: Option<Told>,
    tlsa_failed: bool,
}

impl Facts {
    /// Notes an answer. The host's own name starts a lookup anew.
    pub fn note(&mut self, host: &Name, question: &Question, given: &Given) {
        let place = match question.query_type() {
            QueryType::A => 0,
            QueryType::Aaaa => 1,
            QueryType::Cname => {
                let mut told = Told::nothing();
                told.add(host, given);
                self.probe = Some(told);
                return;
            }
            QueryType::Tlsa => {
                self.tlsa_failed |= given.says == Says::Failed;
                return;
            }
            QueryType::Mx => return,
        };
        let Some(family) = self.families.get_mut(place) else {
            return;
        };
        if question.name() == host {
            *family = Some(Told::nothing());
        }
        if let Some(told) = family {
            told.add(host, given);
        }
    }

    fn answered(&self) -> impl Iterator<Item = &Told> {
        let families = self.families.iter().flatten();
        families.filter(|told| told.end != End::Failed)
    }

    /// All addresses of the host, over both families.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.answered()
            .flat_map(|told| told.addresses().iter().copied())
    }

    pub fn has_address(&self, address: IpAddr) -> bool {
        self.addresses().any(|answered| answered == address)
    }

    /// Why the host may not be connected to, for anything that its lookups were told.
    pub fn bars(&self, route: (RouteKind, Security), policy: &Policy) -> bool {
        let (kind, security) = route;
        let aliased = self.answered().any(|told| !told.aliases.is_empty());
        let refused = kind == RouteKind::Explicit && policy.mx_alias == MxAlias::Refuse && aliased;
        let by_dane = self.tlsa_failed || self.probe_is_bad() || self.families_disagree();
        let ignores = security == Security::Insecure && policy.insecure_mx == InsecureMx::Ignore;
        let enforces = matches!(policy.dane, DaneMode::Opportunistic | DaneMode::Mandatory)
            && kind != RouteKind::Submission
            && !ignores;
        let asked = self.families.iter().any(Option::is_some);
        let unreachable = asked && self.answered().all(|told| told.addresses().is_empty());
        unreachable || refused || (enforces && by_dane)
    }

    /// The alias was asked for alone, and was not what had been seen before.
    fn probe_is_bad(&self) -> bool {
        self.probe.as_ref().is_some_and(|probe| {
            let seen: Vec<_> = self
                .answered()
                .filter_map(|told| told.aliases.first())
                .collect();
            let target = probe.aliases.first();
            probe.end == End::Failed || target.is_none_or(|target| !seen.contains(&target))
        })
    }

    fn families_disagree(&self) -> bool {
        let mut ends = self.answered().filter(|told| told.secure);
        let first = ends.next().map(|told| told.aliases.last());
        ends.any(|told| Some(told.aliases.last()) != first)
    }

    /// How surely the answers say that the host is this site itself.
    pub fn ours(&self, policy: &Policy) -> Option<Security> {
        let is_home = |told: &&Told| {
            let own = |ip: &IpAddr| policy.identities.contains(&Identity::Address(*ip));
            let named = |name: &Name| policy.identities.contains(&Identity::Name(name.clone()));
            told.addresses().iter().any(own) || told.aliases.iter().any(named)
        };
        let security = |told: &Told| {
            if told.secure {
                Security::Secure
            } else {
                Security::Insecure
            }
        };
        self.answered().filter(is_home).map(security).max()
    }

    /// That there is no address was answered for each family that may be used, and with DANE mandatory securely.
    pub fn are_definite(&self, policy: &Policy) -> bool {
        let denied = |told: &Told| {
            told.end == End::Denied && (told.secure || policy.dane != DaneMode::Mandatory)
        };
        let [v4, v6] = self
            .families
            .each_ref()
            .map(|family| family.as_ref().is_some_and(denied));
        match policy.address_family {
            AddressFamily::V4 => v4,
            AddressFamily::V6 => v6,
            _ => v4 && v6,
        }
    }
}

/// What a connection to a host must live up to before it may be given mail.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Demand {
    Nothing,
    Encryption,
    /// One of these certificates.
    Proof(Vec<Certificate>),
    /// That there be no connection at all.
    Silence,
}

impl Demand {
    pub fn is_met(&self, connection: &Connection) -> bool {
        match self {
            Self::Nothing => true,
            Self::Encryption => connection.is_encrypted(),
            Self::Proof(certificates) => connection.proved(certificates),
            Self::Silence => false,
        }
    }
}

/// What the zone demands of connections to `host`. More than one demand: the zone changes while it is asked.
pub fn demands(
    zone: &Zone,
    host: &Name,
    route: (RouteKind, Security),
    policy: &Policy,
) -> Vec<Demand> {
    let (kind, security) = route;
    let mandatory = policy.dane == DaneMode::Mandatory;
    if kind == RouteKind::Submission {
        // RFC 7672 §7: the public PKI must prove the server, and no certificate of the world has a root.
        let nobody = Demand::Proof(Vec::new());
        return vec![if mandatory { Demand::Silence } else { nobody }];
    }
    let demand = |published: Published| match (policy.dane, published) {
        (DaneMode::Off | DaneMode::AuditOnly, _) => Demand::Nothing,
        (DaneMode::Mandatory, _) if security == Security::Insecure => Demand::Silence,
        (_, _) if security == Security::Insecure && policy.insecure_mx == InsecureMx::Ignore => {
            Demand::Nothing
        }
        (_, Published::Overfull) => Demand::Silence,
        (_, Published::Nothing | Published::Unusable) if mandatory => Demand::Silence,
        (_, Published::Nothing) => Demand::Nothing,
        (_, Published::Unusable) => Demand::Encryption,
        (_, Published::Usable(_))
            if security == Security::Insecure && policy.insecure_mx == InsecureMx::Encrypt =>
        {
            Demand::Encryption
        }
        (_, Published::Usable(certificates)) => Demand::Proof(certificates),
    };
    published(zone, host, policy.digests)
        .into_iter()
        .map(demand)
        .collect()
}

/// What a host has published (RFC 7672 §2.2.2, §2.2.3), for each state of the zone.
fn published(zone: &Zone, host: &Name, digests: Digests) -> Vec<Published> {
    let aliases = match zone.node(host) {
        Node::Unsigned | Node::Absent => return vec![Published::Nothing],
        Node::Signed { aliases, .. } => aliases,
    };
    if aliases.is_empty() {
        return vec![zone.published_at(host, digests)];
    }
    let behind = |target: &Name| match zone.node(target) {
        Node::Signed { .. } if zone.published_at(target, digests) != Published::Nothing => {
            zone.published_at(target, digests)
        }
        _ => zone.published_at(host, digests),
    };
    aliases.iter().map(behind).collect()
}
