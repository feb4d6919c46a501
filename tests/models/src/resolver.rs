//! The resolver, with the adversary behind it: every answer that a question can get.

use smtp_dane::Name;
use smtp_dane::dns::{Answer, Denial, LookupError, QueryType, Question, RecordData};
use smtp_dane::dns::{ResourceRecord, Security};

use crate::zone::{Node, Tlsa, Zone};

/// One answer, and what it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    pub answer: Answer,
    pub security: Security,
    /// The targets of the aliases in it.
    pub aliases: Vec<Name>,
    pub says: Says,
}

/// What an answer says of the end of its aliases.
#[derive(Clone, Debug, PartialEq)]
pub enum Says {
    Failed,
    Denied(Denial),
    Records(Vec<RecordData>),
    AliasOnly,
}

impl Zone {
    /// Every answer to `question`; the first one is a failure.
    pub fn answers(&self, question: &Question) -> Vec<Given> {
        let mut answers = Vec::from([failure(LookupError::Timeout)]);
        let way = Way {
            zone: self,
            question,
            aliases: Vec::new(),
            security: Security::Secure,
        };
        way.follow(question.name(), &mut answers);
        answers
    }
}

fn failure(error: LookupError) -> Given {
    Given {
        answer: Answer::failed(error),
        security: Security::Insecure,
        aliases: Vec::new(),
        says: Says::Failed,
    }
}

/// An answer that is being put together.
struct Way<'a> {
    zone: &'a Zone,
    question: &'a Question,
    aliases: Vec<Name>,
    security: Security,
}

impl Way<'_> {
    fn follow(&self, owner: &Name, answers: &mut Vec<Given>) {
        match self.zone.node(owner) {
            Node::Absent => answers.extend(self.denied(Denial::NoDomain)),
            Node::Signed { aliases, records } if aliases.is_empty() => {
                answers.extend(self.with_records(of_type(self.question, records)));
            }
            Node::Signed { aliases, .. } => {
                for target in aliases {
                    self.turn(target, self.security, answers);
                }
            }
            Node::Unsigned => self.forge(answers),
        }
    }

    /// Goes on at the target of an alias, or stops with the alias alone.
    fn turn(&self, target: &Name, security: Security, answers: &mut Vec<Given>) {
        let mut next = Way {
            aliases: self.aliases.clone(),
            security,
            ..*self
        };
        let is_loop = target == self.question.name() || next.aliases.contains(target);
        next.aliases.push(target.clone());
        if self.question.query_type() == QueryType::Cname {
            return answers.push(next.told(Vec::new(), Says::AliasOnly));
        }
        if is_loop {
            let mut looping = next.told(Vec::new(), Says::Failed);
            looping.aliases.clear();
            return answers.push(looping);
        }
        if self.zone.one_by_one {
            answers.push(next.told(Vec::new(), Says::AliasOnly));
        }
        next.follow(target, answers);
    }

    /// Nothing is signed here.
    fn forge(&self, answers: &mut Vec<Given>) {
        let insecure = Way {
            aliases: self.aliases.clone(),
            security: Security::Insecure,
            ..*self
        };
        let zone = self.zone;
        let sets: Vec<Vec<RecordData>> = match self.question.query_type() {
            QueryType::A | QueryType::Aaaa => {
                let lie = |ip: &std::net::IpAddr| vec![RecordData::Address(*ip)];
                zone.forged_addresses.iter().map(lie).collect()
            }
            QueryType::Mx => zone
                .forged_exchanges
                .iter()
                .map(|set| set.iter().cloned().map(RecordData::Mx).collect())
                .collect(),
            QueryType::Tlsa => Tlsa::forged(),
            QueryType::Cname => Vec::new(),
        };
        for set in sets {
            let set = of_type(self.question, &set);
            if !set.is_empty() {
                answers.extend(insecure.with_records(set));
            }
        }
        answers.extend(insecure.denied(Denial::NoData));
        if zone.forged_denials {
            answers.extend(insecure.denied(Denial::NoDomain));
        }
        // One forged alias in an answer; more come in answers that are given one by one.
        if self.aliases.len() < 2 {
            for target in &zone.forged_aliases {
                if !self.aliases.contains(target) {
                    self.turn(target, Security::Insecure, answers);
                }
            }
        }
    }

    fn denied(&self, denial: Denial) -> Option<Given> {
        // With aliases before it, a denial is told by the next answer: see `turn`.
        if !self.aliases.is_empty() && !self.zone.one_by_one {
            return Some(self.told(Vec::new(), Says::AliasOnly));
        }
        self.aliases.is_empty().then(|| Given {
            answer: Answer::denied(self.question, denial, 60, self.security),
            security: self.security,
            aliases: Vec::new(),
            says: Says::Denied(denial),
        })
    }

    fn with_records(&self, records: Vec<RecordData>) -> Option<Given> {
        if records.is_empty() {
            return self.denied(Denial::NoData);
        }
        Some(self.told(records.clone(), Says::Records(records)))
    }

    fn told(&self, data: Vec<RecordData>, says: Says) -> Given {
        let mut owner = self.question.name().clone();
        let mut records = Vec::new();
        let record = |owner, data| ResourceRecord {
            owner,
            ttl: 3600,
            data,
        };
        for target in &self.aliases {
            let alias = RecordData::Alias(target.clone());
            records.push(record(owner, alias));
            owner = target.clone();
        }
        records.extend(data.into_iter().map(|data| record(owner.clone(), data)));
        Given {
            answer: Answer::from_records(self.question, records, self.security),
            security: self.security,
            aliases: self.aliases.clone(),
            says,
        }
    }
}

fn of_type(question: &Question, records: &[RecordData]) -> Vec<RecordData> {
    let fits = |data: &&RecordData| data.query_type() == question.query_type();
    records.iter().filter(fits).cloned().collect()
}
