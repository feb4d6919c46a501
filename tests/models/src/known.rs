//! What was answered about a domain and all of its hosts, and what follows from it for the route.

use std::collections::BTreeMap;

use smtp_dane::dns::{Denial, QueryType, Question, RecordData, Security};
use smtp_dane::resolve::RouteKind;
use smtp_dane::{DaneMode, Identity, Name, Policy};

use crate::facts::Facts;
use crate::resolver::{Given, Says};

/// Everything that was answered so far.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Known {
    pub mx: MxTold,
    hosts: BTreeMap<Name, Facts>,
}

impl Known {
    pub fn nothing() -> Self {
        Self {
            mx: MxTold::nothing(),
            hosts: BTreeMap::new(),
        }
    }

    /// Notes an answer; `host` is the one that the question is about, unless it is about the domain's mail.
    pub fn note(&mut self, domain: &Name, host: &Name, question: &Question, given: &Given) {
        if question.query_type() == QueryType::Mx {
            self.mx.note(domain, given);
        } else {
            let facts = self.hosts.entry(host.clone()).or_default();
            facts.note(host, question, given);
        }
    }

    pub fn facts(&self, host: &Name) -> Facts {
        self.hosts.get(host).cloned().unwrap_or_default()
    }

    /// How surely a host is this site: by its name as the MX answer has it, or by the answers about it.
    pub fn ours(&self, host: &Name, policy: &Policy) -> Option<Security> {
        let by_name = policy.identities.contains(&Identity::Name(host.clone()));
        let by_name = by_name.then(|| self.mx.security());
        by_name.max(self.facts(host).ours(policy))
    }

    /// The best preference of this site, as far as it is known at least this surely.
    pub fn own_preference(
        &self,
        domain: &Name,
        policy: &Policy,
        at_least: Security,
    ) -> Option<u16> {
        let hosts = self.mx.hosts(domain).into_iter();
        let ours = hosts.filter(|(_, host)| self.ours(host, policy) >= Some(at_least));
        ours.map(|(preference, _)| preference).min()
    }

    /// The hosts that are preferred to this site, best first.
    pub fn worth_trying(&self, domain: &Name, policy: &Policy) -> Vec<(u16, Name)> {
        let own = self.own_preference(domain, policy, Security::Insecure);
        let mut hosts = self.mx.hosts(domain);
        hosts.retain(|(preference, _)| own.is_none_or(|own| *preference < own));
        hosts
    }

    /// A definite answer says that there is no host to try: no domain, null MX, or this site alone.
    pub fn bounces(&self, domain: &Name, policy: &Policy) -> bool {
        let mandatory = policy.dane == DaneMode::Mandatory;
        let certain = if mandatory {
            Security::Secure
        } else {
            Security::Insecure
        };
        let is_definite = match &self.mx {
            MxTold::Open(..) | MxTold::Failed => return false,
            MxTold::NoDomain(_) => true,
            MxTold::NoRecords(_) | MxTold::Records(..) => self.mx.is_null(),
        };
        let own = self.own_preference(domain, policy, certain);
        let best = self
            .mx
            .hosts(domain)
            .first()
            .map(|(preference, _)| *preference);
        self.mx.security() >= certain && (is_definite || (own.is_some() && own == best))
    }

    /// Every host has no address, by answers that are definite, and none is this site: mail that a site keeps for better hosts
    /// waits for them.
    pub fn no_host_is_left(&self, domain: &Name, policy: &Policy) -> bool {
        let hosts = self.mx.hosts(domain);
        let own = self.own_preference(domain, policy, Security::Insecure);
        let is_out = |(_, host): &(u16, Name)| self.facts(host).are_definite(policy);
        own.is_none() && !hosts.is_empty() && hosts.iter().all(is_out)
    }
}

/// An MX answer, as far as it is told to the sender.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MxTold {
    Open(bool, Vec<Name>),
    Failed,
    NoDomain(Security),
    NoRecords(Security),
    Records(Vec<(u16, Name)>, Security),
}

impl MxTold {
    pub fn nothing() -> Self {
        Self::Open(true, Vec::new())
    }

    pub fn note(&mut self, start: &Name, given: &Given) {
        let Self::Open(secure, aliases) = self else {
            return;
        };
        *secure &= given.security == Security::Secure;
        for alias in &given.aliases {
            if alias == start || aliases.contains(alias) {
                *self = Self::Failed;
                return;
            }
            aliases.push(alias.clone());
        }
        let security = if *secure {
            Security::Secure
        } else {
            Security::Insecure
        };
        match &given.says {
            Says::AliasOnly => {}
            Says::Failed => *self = Self::Failed,
            Says::Denied(Denial::NoDomain) => *self = Self::NoDomain(security),
            Says::Denied(Denial::NoData) => *self = Self::NoRecords(security),
            Says::Records(records) => {
                let mx = |data: &RecordData| match data {
                    RecordData::Mx(mx) => Some((mx.preference, mx.exchange.clone())),
                    _ => None,
                };
                let mut records: Vec<_> = records.iter().filter_map(mx).collect();
                records.sort();
                *self = Self::Records(records, security);
            }
        }
    }

    pub fn security(&self) -> Security {
        match self {
            Self::Open(..) | Self::Failed => Security::Insecure,
            Self::NoDomain(security) | Self::NoRecords(security) | Self::Records(_, security) => {
                *security
            }
        }
    }

    /// The hosts that it names, best first, each once; the domain itself if it has no MX records.
    pub fn hosts(&self, domain: &Name) -> Vec<(u16, Name)> {
        match self {
            Self::NoRecords(_) => vec![(0, domain.clone())],
            Self::Records(records, _) => {
                let mut hosts: Vec<(u16, Name)> = Vec::new();
                for (preference, host) in records {
                    let is_new = hosts.iter().all(|(_, other)| other != host);
                    if is_new && !host.is_root() {
                        hosts.push((*preference, host.clone()));
                    }
                }
                hosts
            }
            _ => Vec::new(),
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Self::Records(records, _) if records.iter().all(|(_, host)| host.is_root()))
    }

    pub fn kind(&self) -> RouteKind {
        match self {
            Self::NoRecords(_) => RouteKind::Implicit,
            _ => RouteKind::Explicit,
        }
    }
}
