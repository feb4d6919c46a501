//! Looks on while a resolver answers, and says what the answers demand of a host: RFC 7672 §2.1 and §2.2 in other words than
//! those of the library.
//!
//! A single answer is read by the library itself; `dns_differential` holds that against another reader.

use smtp_dane::dns::{Answer, Found, MAX_ALIASES, QueryType, Question, Security};
use smtp_dane::resolve::{Demand as Audited, TlsPolicy};
use smtp_dane::tlsa::{Record, Role};
use smtp_dane::{DaneMode, Digests, InsecureMx, Name, Policy};

/// What must hold of a connection, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Demand {
    Nothing,
    Encryption,
    Authentication,
    /// There must be no connection.
    Silence,
}

impl Demand {
    /// What a plan demands, enforced or not.
    pub(crate) fn of(tls: &TlsPolicy) -> Self {
        match tls {
            TlsPolicy::Opportunistic(_) => Self::Nothing,
            TlsPolicy::Encrypt(_) => Self::Encryption,
            TlsPolicy::Authenticate(_) | TlsPolicy::Pkix(_) => Self::Authentication,
            TlsPolicy::Audit(audit) => match audit.demand() {
                Audited::Encrypt(_) => Self::Encryption,
                Audited::Authenticate(_) => Self::Authentication,
                Audited::Refuse(_) => Self::Silence,
            },
        }
    }
}

/// One lookup, over all its replies.
#[derive(Clone, Debug)]
struct Lookup {
    passed: Vec<Name>,
    security: Security,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Open,
    Failed,
    Found(Found),
}

impl Lookup {
    fn new(question: &Question) -> Self {
        Self {
            passed: vec![question.name().clone()],
            security: Security::Secure,
            state: State::Open,
        }
    }

    fn take(&mut self, question: &Question, answer: &Answer) {
        let Ok(reply) = answer.result() else {
            self.state = State::Failed;
            return;
        };
        if reply.security() == Security::Insecure {
            self.security = Security::Insecure;
        }
        for alias in reply.aliases() {
            if self.passed.contains(alias) || self.passed.len() > MAX_ALIASES {
                self.state = State::Failed;
                return;
            }
            self.passed.push(alias.clone());
        }
        let goes_on = match question.query_type() {
            QueryType::Cname => false,
            QueryType::Tlsa => self.security == Security::Secure,
            QueryType::A | QueryType::Aaaa | QueryType::Mx => true,
        };
        if *reply.found() != Found::AliasOnly || !goes_on {
            self.state = State::Found(reply.found().clone());
        }
    }

    const fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    const fn is_answered(&self) -> bool {
        matches!(self.state, State::Found(_))
    }

    fn is_secure(&self) -> bool {
        self.is_answered() && self.security == Security::Secure
    }

    fn is_aliased(&self) -> bool {
        self.is_answered() && self.passed.len() > 1
    }
}

/// All that was answered about the MX records and about the host that is looked up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ghost {
    exchanges: Option<Lookup>,
    addresses: Vec<(QueryType, Lookup)>,
    alias: Option<Lookup>,
    /// One lookup for each candidate.
    associations: Vec<Lookup>,
}

impl Ghost {
    /// Takes an answer that the machine took.
    pub(crate) fn observe(&mut self, question: &Question, answer: &Answer) {
        let lookup = match question.query_type() {
            QueryType::Mx => self.exchanges.get_or_insert_with(|| Lookup::new(question)),
            QueryType::Cname => self.alias.insert(Lookup::new(question)),
            QueryType::A | QueryType::Aaaa => self.address_lookup(question),
            QueryType::Tlsa => {
                if !self.associations.last().is_some_and(Lookup::is_open) {
                    self.associations.push(Lookup::new(question));
                }
                self.associations.last_mut().expect("it was pushed")
            }
        };
        lookup.take(question, answer);
    }

    /// The addresses of a new host are asked for when nothing of the last one is open.
    fn address_lookup(&mut self, question: &Question) -> &mut Lookup {
        let family = question.query_type();
        let is_of = |entry: &&(QueryType, Lookup)| entry.0 == family;
        let known = self.addresses.iter().find(is_of);
        if known.is_some_and(|(_, lookup)| !lookup.is_open()) {
            self.addresses.clear();
            self.alias = None;
            self.associations.clear();
        }
        if !self.addresses.iter().any(|(known, _)| *known == family) {
            self.addresses.push((family, Lookup::new(question)));
        }
        let mut all = self.addresses.iter_mut();
        let (_, lookup) = all.find(|(known, _)| *known == family).expect("pushed");
        lookup
    }

    /// Whether the host has any address.
    pub(crate) fn is_reachable(&self) -> bool {
        let has = |lookup: &Lookup| matches!(lookup.state, State::Found(Found::Addresses(_)));
        self.addresses.iter().any(|(_, lookup)| has(lookup))
    }

    /// The records that the host published under DNSSEC.
    pub(crate) fn published(&self) -> Option<&[Record]> {
        self.associations
            .iter()
            .find_map(|lookup| match &lookup.state {
                State::Found(Found::Associations(records)) if lookup.is_secure() => {
                    Some(records.as_slice())
                }
                _ => None,
            })
    }

    fn is_insecure_mx(&self) -> bool {
        let lookup = self.exchanges.as_ref();
        lookup.is_some_and(|lookup| lookup.security == Security::Insecure)
    }

    /// What must hold of the host of which all lookups are over, as if the policy were enforced.
    pub(crate) fn demand(&self, policy: &Policy) -> Demand {
        let is_mandatory = policy.dane == DaneMode::Mandatory;
        let without_dane = match is_mandatory {
            true => Demand::Silence,
            false => Demand::Nothing,
        };
        if policy.dane == DaneMode::Off {
            return Demand::Nothing;
        }
        if self.is_insecure_mx() && (is_mandatory || policy.insecure_mx == InsecureMx::Ignore) {
            return without_dane;
        }
        if !self.may_have_records() {
            // An alias that is not what the addresses came by has changed in between, and nobody knows which one holds.
            return match self.alias {
                None if !self.is_aliased() => without_dane,
                Some(_) if self.alias_holds() => without_dane,
                _ => Demand::Silence,
            };
        }
        if self.disagrees() || self.associations.is_empty() {
            return Demand::Silence;
        }
        if self.associations.iter().any(|lookup| !lookup.is_answered()) {
            return Demand::Silence;
        }
        match self.published() {
            None => without_dane,
            Some(records)
                if !records
                    .iter()
                    .any(|record| is_usable(record, policy.digests)) =>
            {
                match is_mandatory {
                    true => Demand::Silence,
                    false => Demand::Encryption,
                }
            }
            Some(_) if self.is_insecure_mx() && policy.insecure_mx == InsecureMx::Encrypt => {
                Demand::Encryption
            }
            Some(_) => Demand::Authentication,
        }
    }

    fn is_aliased(&self) -> bool {
        self.addresses.iter().any(|(_, lookup)| lookup.is_aliased())
    }

    /// RFC 7672 §2.2.2: an address, or the alias that led to it, is secure.
    fn may_have_records(&self) -> bool {
        let mut addresses = self.addresses.iter();
        addresses.any(|(_, lookup)| lookup.is_secure())
            || (self.alias_holds() && self.alias.as_ref().is_some_and(Lookup::is_secure))
    }

    /// The alias that was asked for by itself is the one that addresses came by.
    fn alias_holds(&self) -> bool {
        let Some(alias) = self.alias.as_ref().filter(|alias| alias.is_aliased()) else {
            return false;
        };
        let mut addresses = self.addresses.iter();
        addresses
            .any(|(_, lookup)| lookup.is_aliased() && lookup.passed.get(1) == alias.passed.get(1))
    }

    /// The two families securely lead to different names.
    fn disagrees(&self) -> bool {
        let secure = self
            .addresses
            .iter()
            .filter(|(_, lookup)| lookup.is_secure());
        let mut ends: Vec<_> = secure.map(|(_, lookup)| lookup.passed.last()).collect();
        ends.dedup();
        ends.len() > 1
    }
}

/// Whether a relay can use a record (RFC 6698 §4.1, RFC 7672 §3.1). Whether data in full is DER is asked of the library.
fn is_usable(record: &Record, digests: Digests) -> bool {
    let Some((usage, selector, matching, data)) = record.fields() else {
        return false;
    };
    let is_known = matches!(usage.0, 2 | 3) && selector.0 <= 1;
    is_known
        && match matching.0 {
            0 => record.usability(Role::Relay, digests).is_ok(),
            1 => data.len() == 32 && digests != Digests::Sha512,
            2 => data.len() == 64 && digests != Digests::Sha256,
            _ => false,
        }
}
