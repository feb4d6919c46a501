//! Replies to a query: what is read from them keeps its promises, and trust changes nothing but the security.

use smtp_dane::Name;
use smtp_dane::dns::{Answer, Found, MAX_ALIASES, QueryType, Question, Security, Trust};

const TYPES: [QueryType; 5] = [
    QueryType::A,
    QueryType::Aaaa,
    QueryType::Cname,
    QueryType::Mx,
    QueryType::Tlsa,
];

/// A query and the reply to it: the first octet picks the type that was asked for, the rest is the reply.
pub(crate) struct Exchange<'m> {
    pub(crate) question: Question,
    /// The number of the query. That of the reply is taken for granted.
    pub(crate) id: u16,
    pub(crate) message: &'m [u8],
}

impl<'m> Exchange<'m> {
    pub(crate) fn of(data: &'m [u8]) -> Option<Self> {
        let (&pick, message) = data.split_first()?;
        let name: Name = "example.com".parse().expect("a good name");
        let id = message.first_chunk();
        Some(Self {
            question: Question::new(name, TYPES[usize::from(pick) % TYPES.len()]),
            id: id.map_or(0, |id| u16::from_be_bytes(*id)),
            message,
        })
    }
}

pub fn run(data: &[u8]) {
    let Some(Exchange {
        question,
        id,
        message,
    }) = Exchange::of(data)
    else {
        return;
    };
    let Ok(answer) = Answer::from_message(&question, id, message, Trust::AdBit) else {
        return;
    };
    let Ok(reply) = answer.result() else { return };
    assert!(reply.aliases().len() <= MAX_ALIASES);
    assert!(!reply.aliases().contains(question.name()), "an alias loop");
    match reply.found() {
        Found::Addresses(found) => assert!(!found.is_empty()),
        Found::Exchanges(found) => assert!(!found.is_empty()),
        Found::Associations(found) => assert!(!found.is_empty()),
        Found::AliasOnly => assert!(!reply.aliases().is_empty()),
        Found::Denied(_) => {}
    }
    // Without trust the same message says the same, and is insecure.
    let distrusted = Answer::from_message(&question, id, message, Trust::Nothing);
    let distrusted = distrusted.expect("the same message");
    let distrusted = distrusted.result().expect("the same message");
    assert_eq!(distrusted.found(), reply.found());
    assert_eq!(distrusted.security(), Security::Insecure);
}
