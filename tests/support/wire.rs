//! Messages on their way into the parser, and an encoder that compresses names as servers do.

use std::collections::BTreeMap;

use smtp_dane::dns::{Answer, Discard, LookupError, Question, Reply, Trust};

use super::message::{Message, Rr, SOA};

/// The number of the query that every reply here is to.
pub const ID: u16 = 0x5eed;

/// Hands a message to the parser as one from a trusted resolver.
pub fn receive(question: &Question, bytes: &[u8]) -> Result<Answer, Discard> {
    Answer::from_message(question, ID, bytes, Trust::AdBit)
}

/// What came of a message that is a whole reply to `question`.
pub fn outcome_of(question: &Question, bytes: &[u8]) -> Result<Reply, LookupError> {
    let answer = receive(question, bytes).unwrap();
    answer.result().cloned().map_err(|error| *error)
}

/// What came of a reply.
pub fn outcome(question: &Question, message: &Message) -> Result<Reply, LookupError> {
    outcome_of(question, &message.to_bytes())
}

/// The octets of a message in which every name points to an earlier occurrence of itself, or of its end, where there is one
/// (RFC 1035 §4.1.4). The names of the message must be uncompressed.
pub fn compressed(message: &Message) -> Vec<u8> {
    let plain = message.to_bytes();
    let mut writer = Writer {
        bytes: plain[..12].to_vec(),
        places: BTreeMap::new(),
    };
    if let Some(question) = &message.question {
        writer.name(question.name().as_wire());
        writer.number(question.query_type().code());
        writer.number(1);
    }
    for record in [&message.answers, &message.authorities, &message.additionals]
        .into_iter()
        .flatten()
    {
        writer.record(record);
    }
    writer.bytes
}

struct Writer {
    bytes: Vec<u8>,
    /// Where the ends of names stand that were written before.
    places: BTreeMap<Vec<u8>, u16>,
}

impl Writer {
    fn number(&mut self, number: u16) {
        self.bytes.extend(number.to_be_bytes());
    }

    fn name(&mut self, mut rest: &[u8]) {
        while rest[0] != 0 {
            if let Some(place) = self.places.get(rest) {
                return self.number(0xc000 | place);
            }
            if let Some(place) = u16::try_from(self.bytes.len())
                .ok()
                .filter(|at| *at < 0x4000)
            {
                self.places.insert(rest.to_vec(), place);
            }
            let (label, after) = rest.split_at(1 + usize::from(rest[0]));
            self.bytes.extend(label);
            rest = after;
        }
        self.bytes.push(0);
    }

    fn record(&mut self, record: &Rr) {
        self.name(&record.owner);
        self.number(record.record_type);
        self.number(record.class);
        self.bytes.extend(record.ttl.to_be_bytes());
        let length_at = self.bytes.len();
        self.number(0);
        match record.record_type {
            5 => self.name(&record.rdata),
            15 => {
                self.bytes.extend(&record.rdata[..2]);
                self.name(&record.rdata[2..]);
            }
            SOA => {
                let (names, numbers) = record.rdata.split_at(record.rdata.len() - 20);
                let first = names
                    .split_inclusive(|octet| *octet == 0)
                    .next()
                    .unwrap()
                    .len();
                self.name(&names[..first]);
                self.name(&names[first..]);
                self.bytes.extend(numbers);
            }
            _ => self.bytes.extend(&record.rdata),
        }
        let length = u16::try_from(self.bytes.len() - length_at - 2).unwrap();
        self.bytes[length_at..length_at + 2].copy_from_slice(&length.to_be_bytes());
    }
}
