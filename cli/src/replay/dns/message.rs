//! The messages of the resolver (RFC 1035 §4.1). They are written apart from the library, which reads them.

use smtp_dane::Name;
use smtp_dane::dns::{Answer, QueryType, Question, Rcode, Security, Trust};

use super::entry::Records;

/// The number of each message. Nobody else is there to guess it.
const MESSAGE_ID: u16 = 0x4441;

/// QR, RD and RA: a reply of a recursive resolver (RFC 1035 §4.1.1).
const FLAGS_REPLY: u16 = 0x8180;
/// AD (RFC 4035 §3.2.3).
const FLAG_AUTHENTIC: u16 = 0x0020;

const CLASS_IN: u16 = 1;
const TYPE_SOA: u16 = 6;

/// How long a denial may be kept, in seconds (RFC 2308 §5).
const DENIAL_TTL: u32 = 3600;

/// A reply that is being put together.
#[derive(Debug)]
pub(super) struct Message {
    rcode: Rcode,
    security: Security,
    /// The number of records, and the records themselves.
    answers: (u16, Vec<u8>),
    denies: bool,
}

impl Message {
    /// Without any records so far, and secure as long as nothing insecure is added.
    pub(super) const fn empty() -> Self {
        Self {
            rcode: Rcode::NO_ERROR,
            security: Security::Secure,
            answers: (0, Vec::new()),
            denies: false,
        }
    }

    /// The lookup failed.
    pub(super) fn failed(rcode: Rcode) -> Self {
        Self {
            rcode,
            security: Security::Insecure,
            ..Self::empty()
        }
    }

    /// Adds records; without any it says that there are none.
    pub(super) fn add(
        &mut self,
        owner: &Name,
        record_type: QueryType,
        records: &Records,
        security: Security,
    ) {
        if records.data.is_empty() {
            return self.deny(Rcode::NO_ERROR, security);
        }
        self.security = self.security.min(security);
        for data in &records.data {
            let (count, octets) = &mut self.answers;
            *count = count.saturating_add(1);
            record(octets, owner, record_type.code(), records.ttl, &data.rdata);
        }
    }

    /// Says that the last name has no such record, or does not exist.
    pub(super) fn deny(&mut self, rcode: Rcode, security: Security) {
        self.rcode = rcode;
        self.security = self.security.min(security);
        self.denies = true;
    }

    /// What the library reads in this message; nothing if it does not take it for a reply.
    pub(super) fn read(&self, question: &Question) -> Option<Answer> {
        let authentic = match self.security {
            Security::Secure => FLAG_AUTHENTIC,
            Security::Insecure => 0,
        };
        let flags = FLAGS_REPLY | authentic | self.rcode.0;
        let (count, answers) = &self.answers;
        let mut message = beginning(question, flags, [*count, u16::from(self.denies)]);
        message.extend_from_slice(answers);
        if self.denies {
            // RFC 2308 §3: the SOA record of the zone, here that of the root.
            let mut soa = vec![0, 0];
            for number in [1, 3600, 600, 86_400, DENIAL_TTL] {
                soa.extend_from_slice(&number.to_be_bytes());
            }
            record(&mut message, &Name::root(), TYPE_SOA, DENIAL_TTL, &soa);
        }
        Answer::from_message(question, MESSAGE_ID, &message, Trust::AdBit).ok()
    }

    /// What the library reads in a message that ends within a record.
    pub(super) fn cut_short(question: &Question) -> Option<Answer> {
        let mut message = beginning(question, FLAGS_REPLY, [1, 0]);
        message.extend_from_slice(question.name().as_wire());
        message.extend_from_slice(&question.query_type().code().to_be_bytes());
        Answer::from_message(question, MESSAGE_ID, &message, Trust::AdBit).ok()
    }
}

/// The header and the question, with the numbers of records in the answer and authority sections.
fn beginning(question: &Question, flags: u16, [answers, authorities]: [u16; 2]) -> Vec<u8> {
    let mut message = Vec::new();
    for field in [MESSAGE_ID, flags, 1, answers, authorities, 0] {
        message.extend_from_slice(&field.to_be_bytes());
    }
    message.extend_from_slice(question.name().as_wire());
    message.extend_from_slice(&question.query_type().code().to_be_bytes());
    message.extend_from_slice(&CLASS_IN.to_be_bytes());
    message
}

/// Writes one record, whose data is no longer than a record can be.
fn record(message: &mut Vec<u8>, owner: &Name, record_type: u16, ttl: u32, rdata: &[u8]) {
    message.extend_from_slice(owner.as_wire());
    message.extend_from_slice(&record_type.to_be_bytes());
    message.extend_from_slice(&CLASS_IN.to_be_bytes());
    message.extend_from_slice(&ttl.to_be_bytes());
    let length = u16::try_from(rdata.len()).unwrap_or(u16::MAX);
    message.extend_from_slice(&length.to_be_bytes());
    message.extend_from_slice(rdata);
}
