//! Replies to a query, read by us and by the `domain` crate: the same records, or both refuse.
//!
//! `domain` only finds the records. What follows from them for the question is said once more here, in the words of the
//! standards and not of the library.

mod peer;

use smtp_dane::dns::{Answer, Discard, Found, LookupError, MAX_ALIASES, Malformed, Question};
use smtp_dane::dns::{RecordData, ResourceRecord, Security, Trust};

use self::peer::{Message, read};
use crate::dns_message::Exchange;

pub fn run(data: &[u8]) {
    let Some(Exchange {
        question,
        id,
        message,
    }) = Exchange::of(data)
    else {
        return;
    };
    let ours = Answer::from_message(&question, id, message, Trust::AdBit);
    let theirs = read(message, &question);
    match (&ours, &theirs) {
        (Err(Discard::NotOurs), theirs) => {
            // It follows pointers in the question, where they can lead into nothing but the header.
            let is_spelled_out = is_spelled_out(message.get(12..).unwrap_or_default());
            assert!(
                !is_spelled_out || !matches!(theirs, Ok(Some(_))),
                "theirs: {theirs:?}"
            );
        }
        (Err(Discard::Truncated), theirs) => {
            let is_truncated = message.get(2).is_some_and(|flags| flags & 2 != 0);
            assert!(is_truncated, "theirs: {theirs:?}");
        }
        (Ok(answer), theirs) => compare(&question, answer, theirs),
    }
}

/// Whether the name in front has no pointer.
fn is_spelled_out(mut octets: &[u8]) -> bool {
    loop {
        match octets {
            [0, ..] => return true,
            [length @ 1..=63, rest @ ..] => {
                octets = rest.get(usize::from(*length)..).unwrap_or_default();
            }
            _ => return false,
        }
    }
}

fn compare(question: &Question, ours: &Answer, theirs: &Result<Option<Message>, String>) {
    match (ours.result(), theirs) {
        (Err(LookupError::Malformed(malformed)), theirs) => {
            assert!(
                theirs.is_err() || is_stricter(*malformed),
                "{malformed:?}: {theirs:?}"
            );
        }
        (Err(LookupError::Rcode(code)), Ok(Some(message))) => assert_eq!(code.0, message.rcode),
        // A DNAME is not among the records that are compared.
        (Err(LookupError::DnameWithoutAlias), Ok(Some(message))) => assert!(message.has_dname),
        (Err(error), Ok(Some(message))) => {
            let led = lead(question, &message.records);
            assert!(led.is_none(), "{error:?}: {led:?}");
        }
        (Ok(reply), Ok(Some(message))) => {
            assert!(matches!(message.rcode, 0 | 3));
            assert_eq!(reply.security() == Security::Secure, message.is_authentic);
            let led = lead(question, &message.records).expect("a lead, as ours found one");
            assert_eq!(reply.aliases(), led.aliases);
            assert_eq!(found(reply.found()), led.data);
            if !led.data.is_empty() {
                assert_eq!(reply.ttl(), led.ttl);
            }
        }
        (ours, theirs) => panic!("{ours:?}: {theirs:?}"),
    }
}

/// What we refuse and `domain` does not look at.
fn is_stricter(malformed: Malformed) -> bool {
    match malformed {
        // It wants a pointer to lead before itself, and 255 of them at most. We want it to lead before the labels that it ends,
        // so that a name is made of prior ones (RFC 1035 §4.1.4), and as many as are of use.
        Malformed::ForwardPointer | Malformed::TooManyPointers
        // Its work is not bounded by the length of the message.
        | Malformed::TooManyLabels
        // It stops behind the last record.
        | Malformed::LeftOver
        // It leaves the class to its caller; RFC 1035 §3.2.4.
        | Malformed::Class
        // It takes the first OPT record wherever it stands; RFC 6891 §6.1.1.
        | Malformed::SecondOpt
        | Malformed::MisplacedOpt
        | Malformed::OptOwner
        // What the records mean is not its business.
        | Malformed::DataDenied => true,
        _ => false,
    }
}

/// Where the aliases of an answer lead, and what stands there.
#[derive(Debug)]
struct Lead {
    aliases: Vec<smtp_dane::Name>,
    data: Vec<RecordData>,
    ttl: u32,
}

/// RFC 1034 §3.6.2: from the question by the one alias at each name to the data; nothing may stand elsewhere.
fn lead(question: &Question, records: &[ResourceRecord]) -> Option<Lead> {
    let mut passed = vec![question.name().clone()];
    let mut ttl = u32::MAX;
    let is_alias = |record: &&ResourceRecord| matches!(record.data, RecordData::Alias(_));
    loop {
        let end = passed.last()?;
        let here = |record: &&ResourceRecord| record.owner == *end;
        let aliases: Vec<_> = records.iter().filter(is_alias).filter(here).collect();
        match aliases.as_slice() {
            [] => break,
            [only] => {
                let RecordData::Alias(target) = &only.data else {
                    return None;
                };
                if passed.contains(target) || passed.len() > MAX_ALIASES {
                    return None;
                }
                ttl = ttl.min(only.ttl);
                passed.push(target.clone());
            }
            _ => return None,
        }
    }
    if records.iter().filter(is_alias).count() != passed.len() - 1 {
        return None;
    }
    let end = passed.last()?;
    let mut data = Vec::new();
    for record in records.iter().filter(|record| !is_alias(record)) {
        if record.owner != *end {
            return None;
        }
        if record.data.query_type() == question.query_type() {
            ttl = ttl.min(record.ttl);
            data.push(record.data.clone());
        }
    }
    passed.remove(0);
    Some(Lead {
        aliases: passed,
        data,
        ttl,
    })
}

fn found(found: &Found) -> Vec<RecordData> {
    match found {
        Found::Addresses(all) => all.iter().copied().map(RecordData::Address).collect(),
        Found::Exchanges(all) => all.iter().cloned().map(RecordData::Mx).collect(),
        Found::Associations(all) => all.iter().cloned().map(RecordData::Tlsa).collect(),
        Found::AliasOnly | Found::Denied(_) => Vec::new(),
    }
}
