//! DNS messages: what resolvers send, and what an attacker would.

use smtp_dane::Name;
use smtp_dane::dns::{Answer, QueryType, Question, Trust};

/// The number in every message here.
pub const ID: u16 = 0x1234;

/// The name that is asked for.
///
/// # Panics
/// Never: the name is a good one.
#[must_use]
pub fn example() -> Name {
    name("example.com")
}

/// A name from text.
///
/// # Panics
/// If it is not one.
#[must_use]
pub fn name(text: &str) -> Name {
    text.parse().expect("a good name")
}

/// Reads a reply; whether it says something.
#[must_use]
pub fn read(question: &Question, message: &[u8]) -> bool {
    Answer::from_message(question, ID, message, Trust::AdBit)
        .is_ok_and(|answer| answer.result().is_ok())
}

/// A reply with AD set: the question, `answers` records with their owner compressed, nothing else.
#[must_use]
pub fn reply(question: &Question, answers: &[Vec<u8>]) -> Vec<u8> {
    let mut message = Vec::new();
    let count = u16::try_from(answers.len()).unwrap_or(u16::MAX);
    for field in [ID, 0x81a0, 1, count, 0, 0] {
        message.extend(field.to_be_bytes());
    }
    message.extend(question.name().as_wire());
    message.extend(question.query_type().code().to_be_bytes());
    message.extend([0, 1]);
    for rdata in answers {
        add_record(&mut message, &[0xc0, 12], question.query_type(), rdata);
    }
    message
}

/// A reply as [`reply`] makes it, for a name that is the alias of `names`, each of which is an alias of the one behind it.
#[must_use]
pub fn aliased(question: &Question, names: &[Name], answers: &[Vec<u8>]) -> Vec<u8> {
    let mut message = reply(question, &[]);
    let mut owner = question.name();
    for name in names {
        add_record(
            &mut message,
            owner.as_wire(),
            QueryType::Cname,
            name.as_wire(),
        );
        owner = name;
    }
    for rdata in answers {
        add_record(&mut message, owner.as_wire(), question.query_type(), rdata);
    }
    let count = names.len() + answers.len();
    set_answers(&mut message, u16::try_from(count).unwrap_or(u16::MAX));
    message
}

fn add_record(message: &mut Vec<u8>, owner: &[u8], query_type: QueryType, rdata: &[u8]) {
    message.extend(owner);
    message.extend(query_type.code().to_be_bytes());
    message.extend([0, 1, 0, 0, 0x0e, 0x10]);
    message.extend(u16::try_from(rdata.len()).unwrap_or(0).to_be_bytes());
    message.extend(rdata);
}

/// A question and a reply of `count` MX records, their exchanges compressed as resolvers do.
#[must_use]
pub fn exchanges(count: u8) -> (Question, Vec<u8>) {
    let question = Question::new(example(), QueryType::Mx);
    let rdata = |host: u8| {
        vec![
            0,
            10,
            4,
            b'm',
            b'x',
            b'a' + host / 16,
            b'a' + host % 16,
            0xc0,
            12,
        ]
    };
    let answers: Vec<_> = (0..count).map(rdata).collect();
    let message = reply(&question, &answers);
    (question, message)
}

/// A question and a reply of these TLSA records.
#[must_use]
pub fn associations(records: &[Vec<u8>]) -> (Question, Vec<u8>) {
    let question = Question::new(name("_25._tcp.mx.example.com"), QueryType::Tlsa);
    let message = reply(&question, records);
    (question, message)
}

/// RDATA of `count` TLSA records `3 1 1` that match nothing.
#[must_use]
pub fn strange_records(count: u8) -> Vec<Vec<u8>> {
    let rdata = |number: u8| [&[3, 1, 1][..], &[number; 32]].concat();
    (0..count).map(rdata).collect()
}

/// A reply of nearly 64 KiB whose records have owners that are chains of pointers, each about as long as a name may have them.
#[must_use]
pub fn pointers() -> (Question, Vec<u8>) {
    let question = Question::new(example(), QueryType::Mx);
    let mut message = reply(&question, &[]);
    // A record of a type that nobody asked for carries the chain in its data: each name is a label and a pointer to the last.
    let start = message.len() + 12;
    let mut chain = Vec::from([1, b'x', 0xc0, 12]);
    while chain.len() < 4 * 110 {
        let last = u16::try_from(start + chain.len() - 4).unwrap_or(0) | 0xc000;
        chain.extend([1, b'x']);
        chain.extend(last.to_be_bytes());
    }
    let longest = u16::try_from(start + chain.len() - 4).unwrap_or(0) | 0xc000;
    message.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60]);
    message.extend(u16::try_from(chain.len()).unwrap_or(0).to_be_bytes());
    message.extend(chain);
    let mut count = 1_u16;
    while message.len() + 16 <= 65_535 {
        message.extend(longest.to_be_bytes());
        message.extend([0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1]);
        count += 1;
    }
    set_answers(&mut message, count);
    (question, message)
}

/// A reply of nearly 64 KiB full of the smallest records that are of the type that was asked for.
#[must_use]
pub fn crowd() -> (Question, Vec<u8>) {
    let question = Question::new(example(), QueryType::A);
    let count = (65_535 - 12 - 17) / 16;
    let message = reply(&question, &vec![vec![192, 0, 2, 1]; count]);
    (question, message)
}

/// A reply of nearly 64 KiB as an honest server could send it: records with long data.
#[must_use]
pub fn honest() -> (Question, Vec<u8>) {
    let records: Vec<_> = (0..46_u8)
        .map(|number| [&[3, 0, 0][..], &[number; 1400]].concat())
        .collect();
    associations(&records)
}

fn set_answers(message: &mut [u8], count: u16) {
    if let Some(field) = message.get_mut(6..8) {
        field.copy_from_slice(&count.to_be_bytes());
    }
}
