//! Replies that are read.

use smtp_dane::dns::{QueryType, Question};

use super::clock::nanoseconds;
use crate::messages::{associations, example, read, reply, strange_records};

/// The reply with this many TLSA records.
pub(super) fn records(count: u64) -> f64 {
    let count = u8::try_from(count).expect("few records");
    reading(&associations(&strange_records(count)))
}

/// A reply of this many octets, full of A records.
pub(super) fn addresses(octets: u64) -> f64 {
    filled(octets, QueryType::A, |number| {
        [&[192, 0], &number.to_be_bytes()[..]].concat()
    })
}

/// The same, full of MX records with names that differ.
pub(super) fn exchangers(octets: u64) -> f64 {
    filled(octets, QueryType::Mx, |number| {
        let label = format!("mx{number:04x}");
        [&[0, 10, 6], label.as_bytes(), &[0xc0, 12]].concat()
    })
}

/// The same, full of TLSA records `3 1 1`.
pub(super) fn digests(octets: u64) -> f64 {
    filled(octets, QueryType::Tlsa, |number| {
        [&[3, 1, 1][..], &number.to_be_bytes().repeat(16)].concat()
    })
}

/// The same, full of TLSA records with long data, as far as there is room.
pub(super) fn long_data(octets: u64) -> f64 {
    let data = usize::try_from(octets).expect("a small number") - 100;
    filled(octets, QueryType::Tlsa, |number| {
        [
            &[3, 0, 0][..],
            &number.to_be_bytes().repeat(data.min(1_400) / 2),
        ]
        .concat()
    })
}

/// Reads a reply that has as many records as fit into so many octets.
fn filled(octets: u64, query_type: QueryType, rdata: impl Fn(u16) -> Vec<u8>) -> f64 {
    let question = Question::new(example(), query_type);
    let octets = usize::try_from(octets).expect("a small number");
    let empty = reply(&question, &[]).len();
    // The owner, type, class, time to live and length of a record take twelve octets.
    let count = (octets - empty) / (12 + rdata(0).len());
    let count = u16::try_from(count).expect("no more than fit into a message");
    let answers: Vec<_> = (0..count).map(rdata).collect();
    let message = reply(&question, &answers);
    assert!(!answers.is_empty() && message.len() <= octets);
    reading(&(question, message))
}

fn reading((question, message): &(Question, Vec<u8>)) -> f64 {
    nanoseconds(|| (), |()| read(question, message))
}
