//! The DNS of a scenario: a recursive resolver over the records that a file lists. Its replies are messages as they go over
//! the wire, read by the library.

mod entry;
mod message;

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use smtp_dane::Name;
use smtp_dane::dns::{Answer, LookupError, QueryType, Question, Rcode, Security};

use entry::{Content, Entry, Failure, Records, WorldError};
use message::Message;

/// How many aliases the resolver follows before it replies with what it has. Resolvers stop between 8 and 16.
const MAX_ALIASES: usize = 16;

/// All that the resolver knows.
#[derive(Debug, Deserialize)]
#[serde(try_from = "WorldSection")]
pub(super) struct World {
    default: Security,
    entries: HashMap<(Name, QueryType), Content>,
    /// Each name that has an entry, and all names above it: these exist.
    names: HashSet<Name>,
}

/// Without any records, and nothing is signed.
impl Default for World {
    fn default() -> Self {
        Self {
            default: Security::Insecure,
            entries: HashMap::new(),
            names: HashSet::new(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct WorldSection {
    default: SecuritySection,
    #[serde(default)]
    records: Vec<Entry>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SecuritySection {
    Secure,
    Insecure,
}

impl From<SecuritySection> for Security {
    fn from(section: SecuritySection) -> Self {
        match section {
            SecuritySection::Secure => Self::Secure,
            SecuritySection::Insecure => Self::Insecure,
        }
    }
}

impl TryFrom<WorldSection> for World {
    type Error = WorldError;

    fn try_from(section: WorldSection) -> Result<Self, WorldError> {
        let mut world = Self {
            default: section.default.into(),
            ..Self::default()
        };
        for entry in section.records {
            let Entry {
                owner,
                record_type,
                content,
            } = entry;
            world.add_name(&owner);
            let key = (owner, record_type);
            if world.entries.contains_key(&key) {
                return Err(WorldError::Twice(Question::new(key.0, key.1)));
            }
            world.entries.insert(key, content);
        }
        Ok(world)
    }
}

impl World {
    /// What the resolver says; nothing if the library will not have its message.
    pub(super) fn answer(&self, question: &Question) -> Option<Answer> {
        let message = match self.resolve(question) {
            Ok(reply) => reply,
            Err(Failure::Servfail) => Message::failed(Rcode::SERV_FAIL),
            Err(Failure::Refused) => Message::failed(Rcode::REFUSED),
            Err(Failure::Malformed) => return Message::cut_short(question),
            Err(Failure::Timeout) => return Some(Answer::failed(LookupError::Timeout)),
            Err(Failure::Bogus) => return Some(Answer::failed(LookupError::Bogus)),
            Err(Failure::Indeterminate) => {
                return Some(Answer::failed(LookupError::Indeterminate));
            }
        };
        message.read(question)
    }

    /// Follows aliases up to records or a denial. A loop, and a chain that is too long, are left to whoever asked.
    fn resolve(&self, question: &Question) -> Result<Message, Failure> {
        let mut message = Message::empty();
        let mut name = question.name().clone();
        let mut passed = HashSet::new();
        while passed.len() < MAX_ALIASES && passed.insert(name.clone()) {
            if let Some(records) = self.records(&name, question.query_type())? {
                let security = records.security.unwrap_or(self.default);
                message.add(&name, question.query_type(), records, security);
                return Ok(message);
            }
            let alias = self.records(&name, QueryType::Cname)?;
            let Some(alias) = alias.filter(|alias| !alias.data.is_empty()) else {
                let code = match self.names.contains(&name) {
                    true => Rcode::NO_ERROR,
                    false => Rcode::NX_DOMAIN,
                };
                message.deny(code, self.default);
                return Ok(message);
            };
            let security = alias.security.unwrap_or(self.default);
            message.add(&name, QueryType::Cname, alias, security);
            match alias.data.as_slice() {
                [only] => match &only.target {
                    Some(target) => name = target.clone(),
                    None => return Ok(message),
                },
                // RFC 1034 §3.6.2: nobody can follow two aliases.
                _ => return Ok(message),
            }
        }
        Ok(message)
    }

    /// What is listed, unless the lookup is to fail.
    fn records(&self, name: &Name, record_type: QueryType) -> Result<Option<&Records>, Failure> {
        match self.entries.get(&(name.clone(), record_type)) {
            None => Ok(None),
            Some(Content::Records(records)) => Ok(Some(records)),
            Some(Content::Failure(failure)) => Err(*failure),
        }
    }

    /// Adds a name and all names above it.
    fn add_name(&mut self, name: &Name) {
        let mut wire = name.as_wire();
        while let Some((length, rest)) = wire.split_first() {
            let Ok(name) = Name::from_wire(wire) else {
                return;
            };
            // Where it is known, so are the names above it.
            if !self.names.insert(name) {
                return;
            }
            wire = rest.get(usize::from(*length)..).unwrap_or_default();
        }
    }
}
