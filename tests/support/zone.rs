//! A zone whose records carry marks, and the recursive resolver that answers from it.

use std::collections::BTreeMap;

use smtp_dane::Name;
use smtp_dane::dns::{Answer, LookupError, QueryType, Question, Rcode, Security, Trust};

use super::message::{Message, Rr};
use super::name;

/// What a resolver knows. A name and type that are not listed are denied: NODATA if the name, or one below it, is listed,
/// else NXDOMAIN.
#[derive(Clone, Debug)]
pub struct Zone {
    records: Vec<(Rr, Security)>,
    failures: BTreeMap<(Name, u16), Failure>,
    denials: BTreeMap<(Name, u16), Security>,
    /// Of denials without a mark of their own.
    default: Security,
    chasing: Chasing,
}

/// The ways in which a lookup can fail; all of them must come to the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    ServFail,
    FormErr,
    NotImp,
    Refused,
    /// The extended RCODE 16, of which the header shows 0.
    BadVers,
    Timeout,
    Unreachable,
    Bogus,
    Indeterminate,
    Malformed,
}

impl Failure {
    pub const ALL: [Self; 10] = [
        Self::ServFail,
        Self::FormErr,
        Self::NotImp,
        Self::Refused,
        Self::BadVers,
        Self::Timeout,
        Self::Unreachable,
        Self::Bogus,
        Self::Indeterminate,
        Self::Malformed,
    ];

    pub fn answer(self, question: &Question) -> Answer {
        let reply = Message::reply(ID, question);
        let read = |bytes: &[u8]| Answer::from_message(question, ID, bytes, Trust::AdBit).unwrap();
        match self {
            // AD on an error means nothing.
            Self::ServFail => read(&reply.secure().rcode(2).to_bytes()),
            Self::FormErr => read(&reply.rcode(1).to_bytes()),
            Self::NotImp => read(&reply.rcode(4).to_bytes()),
            Self::Refused => read(&reply.rcode(5).to_bytes()),
            Self::BadVers => {
                let mut reply = reply;
                reply.additionals = vec![Rr::opt(1, &[])];
                let answer = read(&reply.to_bytes());
                assert_eq!(answer.result(), Err(&LookupError::Rcode(Rcode(16))));
                answer
            }
            Self::Timeout => Answer::failed(LookupError::Timeout),
            Self::Unreachable => Answer::failed(LookupError::Unreachable),
            Self::Bogus => Answer::failed(LookupError::Bogus),
            Self::Indeterminate => Answer::failed(LookupError::Indeterminate),
            Self::Malformed => {
                let mut bytes = reply.to_bytes();
                bytes.truncate(bytes.len() - 1);
                read(&bytes)
            }
        }
    }
}

/// Whether the resolver follows an alias itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chasing {
    /// It does, and the reply holds the whole chain: what resolvers do.
    WholeChain,
    /// It does not: each reply holds one alias.
    OneByOne,
}

const ID: u16 = 0x5eed;

impl Zone {
    /// A zone that is signed, denials included.
    pub fn signed() -> Self {
        Self {
            records: Vec::new(),
            failures: BTreeMap::new(),
            denials: BTreeMap::new(),
            default: Security::Secure,
            chasing: Chasing::WholeChain,
        }
    }

    /// A zone that is not signed: what is not marked is insecure.
    pub fn unsigned() -> Self {
        Self {
            default: Security::Insecure,
            ..Self::signed()
        }
    }

    /// Adds records as text, one a line, with the security of the zone.
    pub fn with(self, records: &str) -> Self {
        let security = self.default;
        self.with_security(records, security)
    }

    pub fn secure(self, records: &str) -> Self {
        self.with_security(records, Security::Secure)
    }

    pub fn insecure(self, records: &str) -> Self {
        self.with_security(records, Security::Insecure)
    }

    fn with_security(mut self, records: &str, security: Security) -> Self {
        let lines = records
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty());
        self.records
            .extend(lines.map(|line| (Rr::text(line), security)));
        self
    }

    /// Adds a record that text cannot express.
    pub fn record(mut self, record: Rr, security: Security) -> Self {
        self.records.push((record, security));
        self
    }

    /// Makes the lookup of one name and type fail.
    pub fn failing(mut self, owner: &str, query_type: QueryType, failure: Failure) -> Self {
        self.failures
            .insert((name(owner), query_type.code()), failure);
        self
    }

    /// Sets the security of one denial.
    pub fn denied(mut self, owner: &str, query_type: QueryType, security: Security) -> Self {
        self.denials
            .insert((name(owner), query_type.code()), security);
        self
    }

    pub fn chasing(mut self, chasing: Chasing) -> Self {
        self.chasing = chasing;
        self
    }

    /// Answers as a validating recursive resolver, through a message and the parser.
    pub fn answer(&self, question: &Question) -> Answer {
        self.answer_over(question, Trust::AdBit)
    }

    /// The same answer, over a path that deserves this trust.
    pub fn answer_over(&self, question: &Question, trust: Trust) -> Answer {
        match self.reply(question) {
            Ok(message) => {
                let bytes = message.to_bytes();
                Answer::from_message(question, ID, &bytes, trust).unwrap()
            }
            Err(failure) => failure.answer(question),
        }
    }

    /// The reply before it is written down, or the way in which the lookup fails.
    pub fn reply(&self, question: &Question) -> Result<Message, Failure> {
        let code = question.query_type().code();
        let mut message = Message::reply(ID, question);
        let mut security = Security::Secure;
        let mut owner = question.name().clone();
        for _ in 0..20 {
            if let Some(failure) = self.failures.get(&(owner.clone(), code)) {
                return Err(*failure);
            }
            let found: Vec<_> = self.at(&owner, code).cloned().collect();
            let alias = self.at(&owner, QueryType::Cname.code()).next().cloned();
            match alias {
                _ if !found.is_empty() => {
                    for (record, of_record) in found {
                        security = security.min(of_record);
                        message = message.answer(record);
                    }
                    return Ok(finish(message, security));
                }
                Some((record, of_record)) => {
                    security = security.min(of_record);
                    owner = Name::from_wire(&record.rdata).unwrap();
                    message = message.answer(record);
                    if self.chasing == Chasing::OneByOne {
                        return Ok(finish(message, security));
                    }
                }
                None => {
                    let of_denial = self.denials.get(&(owner.clone(), code));
                    security = security.min(*of_denial.unwrap_or(&self.default));
                    let message = message.rcode(if self.exists(&owner) { 0 } else { 3 });
                    let soa = Rr::soa(&owner.to_string(), 900, 300);
                    return Ok(finish(message.authority(soa), security));
                }
            }
        }
        Err(Failure::ServFail)
    }

    fn at(&self, owner: &Name, code: u16) -> impl Iterator<Item = &(Rr, Security)> {
        self.records.iter().filter(move |(record, _)| {
            record.record_type == code && record.owner == owner.as_wire()
        })
    }

    fn exists(&self, owner: &Name) -> bool {
        let below = |wire: &[u8]| wire.ends_with(owner.as_wire());
        self.records.iter().any(|(record, _)| below(&record.owner))
            || self
                .failures
                .keys()
                .chain(self.denials.keys())
                .any(|(name, _)| below(name.as_wire()))
    }
}

fn finish(message: Message, security: Security) -> Message {
    match security {
        Security::Secure => message.secure(),
        Security::Insecure => message,
    }
}
