//! A reply as the `domain` crate reads it.

use std::net::IpAddr;

use domain::base::iana::Rtype;
use domain::base::opt::Opt;
use domain::base::wire::ParseError;
use domain::base::{ParsedName, ParsedRecord, ToName, UnknownRecordData};
use domain::dep::octseq::Parser;
use domain::rdata::{A, Aaaa};
use smtp_dane::Name;
use smtp_dane::dns::{self, Question, RecordData, ResourceRecord};
use smtp_dane::tlsa::Record;

/// What a reply says.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) rcode: u16,
    pub(super) is_authentic: bool,
    /// The records of the five types in the answer section.
    pub(super) records: Vec<ResourceRecord>,
    pub(super) has_dname: bool,
}

/// Reads a reply; none if it is no whole reply to `question`.
///
/// # Errors
/// Where the message is malformed.
pub(super) fn read(octets: &[u8], question: &Question) -> Result<Option<Message>, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let message = domain::base::Message::from_octets(octets).map_err(|error| text(&error))?;
    let header = message.header();
    if !header.qr() || header.opcode().to_int() != 0 || header.tc() {
        return Ok(None);
    }
    let mut questions = Vec::new();
    for asked in message.question() {
        questions.push(asked.map_err(|error| text(&error))?);
    }
    let is_repeated = match questions.as_slice() {
        // A server that understood nothing may leave the question out, with an error.
        [] => !matches!(header.rcode().to_int(), 0 | 3),
        [asked] => {
            name_of(asked.qname()).as_ref() == Ok(question.name())
                && asked.qtype().to_int() == question.query_type().code()
                && asked.qclass().to_int() == 1
        }
        _ => false,
    };
    if !is_repeated {
        return Ok(None);
    }
    let mut reply = Message {
        rcode: message.opt_rcode().to_int(),
        is_authentic: header.ad(),
        records: Vec::new(),
        has_dname: false,
    };
    for record in message.answer().map_err(|error| text(&error))? {
        let record = record.map_err(|error| text(&error))?;
        reply.has_dname |= record.rtype() == Rtype::DNAME;
        reply.records.extend(record_of(octets, &record)?);
    }
    let authority = message.authority().map_err(|error| text(&error))?;
    let additional = message.additional().map_err(|error| text(&error))?;
    for record in authority.chain(additional) {
        let record = record.map_err(|error| text(&error))?;
        record.to_record::<Opt<_>>().map_err(|error| text(&error))?;
    }
    Ok(Some(reply))
}

fn record_of(
    message: &[u8],
    record: &ParsedRecord<'_, &[u8]>,
) -> Result<Option<ResourceRecord>, String> {
    macro_rules! data {
        ($kind:ty) => {
            record
                .to_record::<$kind>()
                .map_err(|error| error.to_string())?
                .map(|record| record.into_data())
        };
    }
    let data = match record.rtype() {
        Rtype::A => data!(A).map(|a| RecordData::Address(IpAddr::V4(a.addr()))),
        Rtype::AAAA => data!(Aaaa).map(|a| RecordData::Address(IpAddr::V6(a.addr()))),
        Rtype::CNAME => match data!(UnknownRecordData<_>) {
            Some(alias) => Some(RecordData::Alias(name_in(message, alias.data())?)),
            None => None,
        },
        Rtype::MX => match data!(UnknownRecordData<_>) {
            Some(mx) => {
                let (preference, exchange) =
                    mx.data().split_first_chunk().ok_or("a short MX record")?;
                Some(RecordData::Mx(dns::Mx {
                    preference: u16::from_be_bytes(*preference),
                    exchange: name_in(message, exchange)?,
                }))
            }
            None => None,
        },
        // Its own type for TLSA wants three octets at least; a record that is shorter is unusable, and no malformed message.
        Rtype::TLSA => {
            let unknown = data!(UnknownRecordData<_>);
            unknown.map(|unknown| RecordData::Tlsa(Record::from_rdata(unknown.data())))
        }
        _ => None,
    };
    let owner = name_of(&record.owner())?;
    let ttl = match record.ttl().as_secs() {
        // RFC 2181 §8.
        0x8000_0000.. => 0,
        ttl => ttl,
    };
    Ok(data.map(|data| ResourceRecord { owner, ttl, data }))
}

/// Reads a name that fills its part of the RDATA. Its own types for CNAME and MX end a name with the RDATA even where a pointer has
/// led out of it, which RFC 1035 §4.1.4 does not say.
fn name_in(message: &[u8], part: &[u8]) -> Result<Name, String> {
    let text = |error: ParseError| error.to_string();
    let start = part.as_ptr().addr() - message.as_ptr().addr();
    let mut parser = Parser::from_ref(message);
    parser.advance(start).map_err(|error| error.to_string())?;
    let name = ParsedName::parse(&mut parser).map_err(text)?;
    if parser.pos() == start + part.len() {
        name_of(&name)
    } else {
        Err("a name does not fill its part".to_owned())
    }
}

fn name_of(name: &impl ToName) -> Result<Name, String> {
    Name::from_wire(name.to_vec().as_slice()).map_err(|error| error.to_string())
}
