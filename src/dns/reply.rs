//! [`Reply`]: what the records of an answer section say about the question.
//!
//! The alias chain is followed from the name of the question to its end, whatever the order of the records; the data must
//! stand there. What stands elsewhere makes a failed lookup, never "no data"; what stands there and is of another type was not
//! asked for, and says nothing.

use alloc::vec::Vec;
use core::net::IpAddr;

use super::{Denial, LookupError, MAX_ALIASES, Malformed, Mx, QueryType, Question, Rcode};
use super::{RecordData, ResourceRecord, Security, wire};
use crate::name::Name;
use crate::tlsa;

/// What the records of a reply say about its question.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reply {
    question: Question,
    aliases: Vec<Name>,
    found: Found,
    security: Security,
    ttl: u32,
}

/// What stands at the end of the alias chain.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "one variant for each thing that can be asked"
)]
pub enum Found {
    /// Addresses, in the order of the reply; at least one.
    Addresses(Vec<IpAddr>),
    /// Mail exchanges, in the order of the reply; at least one.
    Exchanges(Vec<Mx>),
    /// TLSA records; at least one.
    Associations(Vec<tlsa::Record>),
    /// An alias and nothing of its target: the target must be asked next (RFC 7672 §2.1.3).
    AliasOnly,
    /// Nothing.
    Denied(Denial),
}

impl Reply {
    /// The targets of the aliases that were followed, first to last; the last one owns what was found.
    #[must_use]
    pub fn aliases(&self) -> &[Name] {
        &self.aliases
    }

    /// What was found.
    #[must_use]
    pub const fn found(&self) -> &Found {
        &self.found
    }

    /// The security of the reply as a whole. Of an insecure reply with aliases, some part may still be secure
    /// (RFC 7672 §2.1.3).
    #[must_use]
    pub const fn security(&self) -> Security {
        self.security
    }

    /// How long the whole of it may be kept, in seconds: the least of what was used (RFC 2181 §5.2).
    #[must_use]
    pub const fn ttl(&self) -> u32 {
        self.ttl
    }

    /// Whether this is the reply to `question`.
    pub(super) fn answers(&self, question: &Question) -> bool {
        self.question == *question
    }

    pub(crate) fn into_parts(self) -> (Vec<Name>, Found) {
        (self.aliases, self.found)
    }

    pub(super) fn from_body(
        question: &Question,
        body: wire::Body,
        security: Security,
    ) -> Result<Self, LookupError> {
        // RFC 1035 §4.1.1: any other code says that the question was not answered. AD on an error means nothing.
        let denial = match body.rcode {
            Rcode::NO_ERROR => Denial::NoData,
            Rcode::NX_DOMAIN => Denial::NoDomain,
            other => return Err(LookupError::Rcode(other)),
        };
        let ttl = body.denial_ttl.unwrap_or(0);
        let reply = Self::assemble(question, body.answers, denial, ttl, security)?;
        // RFC 6672 §3.1: a DNAME comes with the alias made from it, so an answer about a name below one has an alias.
        let redirected = |owner: &Name| question.name().is_below(owner);
        if reply.aliases.is_empty() && body.redirections.iter().any(redirected) {
            return Err(LookupError::DnameWithoutAlias);
        }
        Ok(reply)
    }

    pub(super) fn assemble(
        question: &Question,
        records: Vec<ResourceRecord>,
        denial: Denial,
        denial_ttl: u32,
        security: Security,
    ) -> Result<Self, LookupError> {
        let mut chain = Chain::follow(question, &records)?;
        let mut data = Data::default();
        for record in records {
            data.take(question, &chain, record)?;
        }
        let data_ttl = data.ttl;
        let found = match (data.found(), denial) {
            (Some(_), Denial::NoDomain) => {
                return Err(LookupError::Malformed(Malformed::DataDenied));
            }
            (Some(found), Denial::NoData) => {
                chain.ttl = chain.ttl.min(data_ttl);
                found
            }
            (None, Denial::NoDomain) if asks_for_alias(question) && !chain.aliases.is_empty() => {
                return Err(LookupError::Malformed(Malformed::DataDenied));
            }
            (None, Denial::NoData) if !chain.aliases.is_empty() => Found::AliasOnly,
            (None, denial) => {
                chain.ttl = chain.ttl.min(denial_ttl);
                Found::Denied(denial)
            }
        };
        Ok(Self {
            question: question.clone(),
            aliases: chain.aliases,
            found,
            security,
            ttl: chain.ttl,
        })
    }
}

fn asks_for_alias(question: &Question) -> bool {
    question.query_type() == QueryType::Cname
}

/// The aliases that lead away from the name of a question.
struct Chain {
    aliases: Vec<Name>,
    ttl: u32,
}

impl Chain {
    /// Orders the aliases of an answer, whatever order they came in.
    fn follow(question: &Question, records: &[ResourceRecord]) -> Result<Self, LookupError> {
        let links = || {
            records.iter().filter_map(|record| match &record.data {
                RecordData::Alias(target) => Some((record, target)),
                _ => None,
            })
        };
        let mut chain = Self {
            aliases: Vec::new(),
            ttl: u32::MAX,
        };
        loop {
            let owner = chain.end(question);
            let mut at_owner = links().filter(|(record, _)| record.owner == *owner);
            let Some((record, target)) = at_owner.next() else {
                break;
            };
            if at_owner.next().is_some() {
                return Err(LookupError::ConflictingAliases);
            }
            if target == question.name() || chain.aliases.contains(target) {
                return Err(LookupError::AliasLoop);
            }
            if chain.aliases.len() == MAX_ALIASES {
                return Err(LookupError::AliasChainTooLong);
            }
            chain.ttl = chain.ttl.min(record.ttl);
            chain.aliases.push(target.clone());
        }
        if links().count() == chain.aliases.len() {
            Ok(chain)
        } else {
            Err(LookupError::UnrelatedRecord)
        }
    }

    /// The name that the data must stand at.
    fn end<'a>(&'a self, question: &'a Question) -> &'a Name {
        self.aliases.last().unwrap_or(question.name())
    }
}

/// The data at the end of the chain, sorted by kind.
struct Data {
    addresses: Vec<IpAddr>,
    exchanges: Vec<Mx>,
    associations: Vec<tlsa::Record>,
    ttl: u32,
}

impl Default for Data {
    fn default() -> Self {
        Self {
            addresses: Vec::new(),
            exchanges: Vec::new(),
            associations: Vec::new(),
            ttl: u32::MAX,
        }
    }
}

impl Data {
    /// Takes a record if it is of the type that was asked for.
    fn take(
        &mut self,
        question: &Question,
        chain: &Chain,
        record: ResourceRecord,
    ) -> Result<(), LookupError> {
        if record.data.query_type() == QueryType::Cname {
            // `Chain::follow` has accounted for it.
            return Ok(());
        }
        if record.owner != *chain.end(question) {
            let aliased = record.owner == *question.name() || chain.aliases.contains(&record.owner);
            return Err(if aliased {
                LookupError::ConflictingAliases
            } else {
                LookupError::UnrelatedRecord
            });
        }
        if record.data.query_type() != question.query_type() {
            return Ok(());
        }
        match record.data {
            RecordData::Address(address) => self.addresses.push(address),
            RecordData::Mx(mx) => self.exchanges.push(mx),
            RecordData::Tlsa(record) => self.associations.push(record),
            RecordData::Alias(_) => return Ok(()),
        }
        self.ttl = self.ttl.min(record.ttl);
        Ok(())
    }

    /// What was taken, all of it of the one type that was asked for.
    fn found(self) -> Option<Found> {
        if !self.addresses.is_empty() {
            Some(Found::Addresses(self.addresses))
        } else if !self.exchanges.is_empty() {
            Some(Found::Exchanges(self.exchanges))
        } else if !self.associations.is_empty() {
            Some(Found::Associations(self.associations))
        } else {
            None
        }
    }
}
