//! Lookups that run side by side, each over as many replies as its aliases need (RFC 7672 §2.1.3).

use alloc::vec::Vec;

use super::Unexpected;
use crate::dns::{Answer, FailedLookup, Found, LookupError, MAX_ALIASES};
use crate::dns::{Query, QueryId, QueryType, Question, Reply, Security};
use crate::name::Name;

/// A group of lookups that a state waits for. The results keep the order of the questions, whatever the order of answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Lookups {
    next_id: QueryId,
    /// The open queries, one for each unfinished lookup.
    pending: Vec<Query>,
    lookups: Vec<Lookup>,
}

impl Lookups {
    pub(super) fn new(mut next_id: QueryId, questions: impl IntoIterator<Item = Question>) -> Self {
        let questions = questions.into_iter();
        // One or two, and each is large: room for the four that a vector begins with would be left empty in every machine that waits.
        let (count, _) = questions.size_hint();
        let mut pending = Vec::with_capacity(count);
        let mut lookups = Vec::with_capacity(count);
        for question in questions {
            let id = next_id.take();
            lookups.push(Lookup::Waiting(id, Chase::new(question.name().clone())));
            pending.push(Query::new(id, question));
        }
        Self {
            next_id,
            pending,
            lookups,
        }
    }

    pub(super) fn pending(&self) -> &[Query] {
        &self.pending
    }

    /// Takes the answer to one query.
    pub(super) fn handle(&mut self, id: QueryId, answer: Answer) -> Result<(), Unexpected> {
        let open = |query: &Query| query.id() == id && answer.fits(query.question());
        let place = self.pending.iter().position(open).ok_or(Unexpected)?;
        for lookup in &mut self.lookups {
            let Lookup::Waiting(waits_for, chase) = lookup else {
                continue;
            };
            if *waits_for != id {
                continue;
            }
            let question = self.pending.remove(place).question().clone();
            match chase.advance(&question, answer) {
                Progress::Ask(target) => {
                    *waits_for = self.next_id.take();
                    self.pending.push(Query::new(*waits_for, target));
                }
                Progress::Finished(result) => *lookup = Lookup::Finished(result),
            }
            return Ok(());
        }
        Err(Unexpected)
    }

    /// Hands over the results, in the order of the questions, once all are there.
    pub(super) fn take_results(&mut self) -> Option<Vec<Result<Resolved, FailedLookup>>> {
        if !self.pending.is_empty() {
            return None;
        }
        let finished = |lookup| match lookup {
            Lookup::Finished(result) => Some(result),
            Lookup::Waiting(..) => None,
        };
        let lookups = core::mem::take(&mut self.lookups);
        Some(lookups.into_iter().filter_map(finished).collect())
    }

    /// The number that the next query may have.
    pub(super) const fn next_id(&self) -> QueryId {
        self.next_id
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Lookup {
    Waiting(QueryId, Chase),
    Finished(Result<Resolved, FailedLookup>),
}

/// What a lookup came to, over all its replies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Resolved {
    /// The targets of the aliases on the way; the last one owns what was found.
    pub(super) aliases: Vec<Name>,
    pub(super) found: Found,
    /// Secure only if each reply was (RFC 7672 §2.1.3).
    pub(super) security: Security,
    pub(super) ttl: u32,
}

/// The way from the first name to where it has led so far.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Chase {
    start: Name,
    aliases: Vec<Name>,
    security: Security,
    ttl: u32,
}

enum Progress {
    Ask(Question),
    Finished(Result<Resolved, FailedLookup>),
}

impl Chase {
    const fn new(start: Name) -> Self {
        Self {
            start,
            aliases: Vec::new(),
            security: Security::Secure,
            ttl: u32::MAX,
        }
    }

    fn advance(&mut self, question: &Question, answer: Answer) -> Progress {
        // RFC 7672 §2.1.3: an error at any stage fails the whole lookup.
        let reply = match answer.into_reply(question) {
            Ok(reply) => reply,
            Err(failed) => return Progress::Finished(Err(failed)),
        };
        match self.join(reply) {
            Ok(found) if found == Found::AliasOnly && self.follows(question.query_type()) => {
                let target = self.aliases.last().unwrap_or(&self.start).clone();
                Progress::Ask(Question::new(target, question.query_type()))
            }
            Ok(found) => Progress::Finished(Ok(Resolved {
                aliases: core::mem::take(&mut self.aliases),
                found,
                security: self.security,
                ttl: self.ttl,
            })),
            Err(error) => Progress::Finished(Err(FailedLookup {
                question: question.clone(),
                error,
                extended: Vec::new(),
            })),
        }
    }

    /// Adds a reply to what is known, and returns what it found.
    fn join(&mut self, reply: Reply) -> Result<Found, LookupError> {
        // RFC 7672 §2.1.3: behind an insecure alias everything is insecure.
        self.security = self.security.min(reply.security());
        self.ttl = self.ttl.min(reply.ttl());
        let (aliases, found) = reply.into_parts();
        for alias in aliases {
            if alias == self.start || self.aliases.contains(&alias) {
                return Err(LookupError::AliasLoop);
            }
            if self.aliases.len() == MAX_ALIASES {
                return Err(LookupError::AliasChainTooLong);
            }
            self.aliases.push(alias);
        }
        Ok(found)
    }

    /// Whether the target of an alias must be asked.
    fn follows(&self, query_type: QueryType) -> bool {
        match query_type {
            QueryType::Cname => false,
            // Insecure TLSA records are as good as none (RFC 7672 §2.2.3), so nobody need ask an unsigned zone for them,
            // where a broken server may not answer at all (RFC 7672 §2.2.2).
            QueryType::Tlsa => self.security == Security::Secure,
            QueryType::A | QueryType::Aaaa | QueryType::Mx => true,
        }
    }
}
