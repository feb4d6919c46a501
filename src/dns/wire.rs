//! DNS messages: the query encoder and the parser of replies.
//!
//! A reply is hostile input. Each record is framed by its length, whatever its type, a name may only point backwards, and the labels
//! of all names are counted, so the work is bounded by the size of the message. Only what [`super::Answer`] needs is kept: records of
//! class IN and of the five types in the answer section, who owns a DNAME there, the time to live of a denial, and the OPT record.

mod malformed;
mod names;

pub use malformed::Malformed;

use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use nom::Parser;
use nom::multi::length_data;
use nom::number::complete::be_u16;

use self::malformed::truncated;
use self::names::{Names, WireName};
use super::{
    ExtendedError, MAX_EXTENDED_ERRORS, MAX_EXTENDED_TEXT, Mx, Question, Rcode, RecordData,
    ResourceRecord, legible,
};
use crate::name::{MAX_NAME, Name};
use crate::tlsa;

/// UDP payload size announced in queries, in octets: it fits an IPv6 packet of the least MTU (1280) without fragments.
pub const EDNS_PAYLOAD: u16 = 1232;

/// Longest DNS message, in octets: its length over TCP is a 16-bit number (RFC 1035 §4.2.2).
const MAX_MESSAGE: usize = 65_535;

/// For how many records of an answer room is made at once, if the header counts so many. A count alone is no reason for more.
const ROOM: usize = 64;

const CLASS_IN: u16 = 1;
const TYPE_SOA: u16 = 6;
const TYPE_DNAME: u16 = 39;
const TYPE_OPT: u16 = 41;
const OPTION_EXTENDED_ERROR: u16 = 15;

const FLAG_RESPONSE: u16 = 0x8000;
const OPCODE: u16 = 0x7800;
const FLAG_TRUNCATED: u16 = 0x0200;
const FLAG_RECURSION_DESIRED: u16 = 0x0100;
const FLAG_AUTHENTIC_DATA: u16 = 0x0020;
const RCODE: u16 = 0x000f;
/// DO, the highest bit of the flags that OPT keeps in its TTL field (RFC 6891 §6.1.3).
const OPT_DNSSEC_OK: u32 = 0x8000;

impl Question {
    /// The query to send: recursion desired, EDNS(0) with a payload of [`EDNS_PAYLOAD`] octets.
    ///
    /// AD and DO are set, since a resolver reports its validation only to those who ask for it (RFC 6840 §5.7, §5.8). CD is
    /// clear, so that bogus data is held back (RFC 4035 §4.9.2). `message_id` is the caller's to draw at random.
    #[must_use]
    pub fn encode(&self, message_id: u16) -> Vec<u8> {
        let mut message = Vec::with_capacity(12 + MAX_NAME + 4 + 11);
        let flags = FLAG_RECURSION_DESIRED | FLAG_AUTHENTIC_DATA;
        for field in [message_id, flags, 1, 0, 0, 1] {
            message.extend_from_slice(&field.to_be_bytes());
        }
        message.extend_from_slice(self.name().as_wire());
        message.extend_from_slice(&self.query_type().code().to_be_bytes());
        message.extend_from_slice(&CLASS_IN.to_be_bytes());
        message.push(0);
        message.extend_from_slice(&TYPE_OPT.to_be_bytes());
        message.extend_from_slice(&EDNS_PAYLOAD.to_be_bytes());
        message.extend_from_slice(&OPT_DNSSEC_OK.to_be_bytes());
        message.extend_from_slice(&[0, 0]);
        message
    }
}

/// What a parser here returns: the rest of the input and a value.
type Parsed<'m, T> = nom::IResult<&'m [u8], T, ()>;

/// The fixed part of a message.
pub(super) struct Header {
    pub(super) id: u16,
    flags: u16,
    questions: u16,
    answers: u16,
    authorities: u16,
    additionals: u16,
}

impl Header {
    /// Whether this is a reply to a standard query.
    pub(super) const fn is_reply(&self) -> bool {
        self.flags & (FLAG_RESPONSE | OPCODE) == FLAG_RESPONSE
    }

    pub(super) const fn is_truncated(&self) -> bool {
        self.flags & FLAG_TRUNCATED != 0
    }

    pub(super) const fn is_authentic(&self) -> bool {
        self.flags & FLAG_AUTHENTIC_DATA != 0
    }

    const fn rcode(&self) -> u16 {
        self.flags & RCODE
    }
}

/// Reads the header, and the rest of the message behind it.
pub(super) fn header(message: &[u8]) -> Option<(&[u8], Header)> {
    let mut fields = (be_u16, be_u16, be_u16, be_u16, be_u16, be_u16);
    let parsed: Parsed<'_, _> = fields.parse(message);
    let (rest, (id, flags, questions, answers, authorities, additionals)) = parsed.ok()?;
    let header = Header {
        id,
        flags,
        questions,
        answers,
        authorities,
        additionals,
    };
    Some((rest, header))
}

/// Reads the question section, and the rest behind it, if it repeats `question` (RFC 1035 §4.1.1), spelled out: there is nothing but
/// the header before it that a pointer could lead to.
///
/// A server that understood nothing may leave the question out; that is believed of an error only.
pub(super) fn repeated_question<'m>(
    rest: &'m [u8],
    header: &Header,
    question: &Question,
) -> Option<&'m [u8]> {
    match header.questions {
        0 => (![0, 3].contains(&header.rcode())).then_some(rest),
        1 => {
            let name = question.name().as_wire();
            let (repeated, rest) = rest.split_at_checked(name.len())?;
            let fields: Parsed<'_, _> = (be_u16, be_u16).parse(rest);
            let (rest, (query_type, class)) = fields.ok()?;
            // Nearly all resolvers repeat it letter by letter.
            let same = (repeated == name || repeated.eq_ignore_ascii_case(name))
                && query_type == question.query_type().code()
                && class == CLASS_IN;
            same.then_some(rest)
        }
        _ => None,
    }
}

/// What the sections of a reply hold.
pub(super) struct Body {
    pub(super) rcode: Rcode,
    /// The records of the answer section that are of a type we read.
    pub(super) answers: Vec<ResourceRecord>,
    /// The owners of DNAME records in the answer section.
    pub(super) redirections: Vec<Name>,
    /// How long a denial may be kept, in seconds (RFC 2308 §5).
    pub(super) denial_ttl: Option<u32>,
    pub(super) extended: Vec<ExtendedError>,
}

/// Reads the three record sections up to the end of the message.
pub(super) fn body(
    message: &[u8],
    rest: &[u8],
    header: &Header,
    question: &Question,
) -> Result<Body, Malformed> {
    if message.len() > MAX_MESSAGE {
        return Err(Malformed::MessageTooLong);
    }
    let mut body = Body {
        rcode: Rcode(header.rcode()),
        answers: Vec::with_capacity(ROOM.min(header.answers.into())),
        redirections: Vec::new(),
        denial_ttl: None,
        extended: Vec::new(),
    };
    let repeated = (header.questions == 1).then_some(question.name());
    let mut names = Names::new(message, repeated);
    let mut opt_seen = false;
    let rest = section(&mut names, rest, header.answers, |names, record| {
        body.take_answer(names, &record)
    })?;
    let rest = section(&mut names, rest, header.authorities, |_, record| {
        body.take_authority(&record)
    })?;
    let rest = section(&mut names, rest, header.additionals, |_, record| {
        if record.record_type != TYPE_OPT {
            return Ok(());
        }
        if opt_seen {
            return Err(Malformed::SecondOpt);
        }
        opt_seen = true;
        body.take_opt(&record)
    })?;
    if rest.is_empty() {
        Ok(body)
    } else {
        Err(Malformed::LeftOver)
    }
}

impl Body {
    fn take_answer(
        &mut self,
        names: &mut Names<'_>,
        record: &RawRecord<'_>,
    ) -> Result<(), Malformed> {
        let data = match record.record_type {
            TYPE_OPT => return Err(Malformed::MisplacedOpt),
            TYPE_DNAME => {
                self.redirections.push(record.owner.to_name());
                return Ok(());
            }
            _ => rdata(names, record)?,
        };
        let Some(data) = data else { return Ok(()) };
        if record.class != CLASS_IN {
            return Err(Malformed::Class);
        }
        self.answers.push(ResourceRecord {
            owner: record.owner.to_name(),
            ttl: clamp_ttl(record.ttl),
            data,
        });
        Ok(())
    }

    /// Only the SOA record is read, and only for how long a denial lasts: authority data never becomes an answer.
    fn take_authority(&mut self, record: &RawRecord<'_>) -> Result<(), Malformed> {
        if record.record_type == TYPE_OPT {
            return Err(Malformed::MisplacedOpt);
        }
        if let (TYPE_SOA, Some(minimum)) = (record.record_type, record.rdata.last_chunk::<4>()) {
            let minimum = clamp_ttl(u32::from_be_bytes(*minimum));
            let ttl = minimum.min(clamp_ttl(record.ttl));
            self.denial_ttl = Some(self.denial_ttl.map_or(ttl, |other| other.min(ttl)));
        }
        Ok(())
    }

    fn take_opt(&mut self, record: &RawRecord<'_>) -> Result<(), Malformed> {
        if !record.owner.is_root() {
            return Err(Malformed::OptOwner);
        }
        let [extension, _version, _, _] = record.ttl.to_be_bytes();
        self.rcode.0 |= u16::from(extension) << 4;
        let mut rest = record.rdata;
        while !rest.is_empty() {
            let (after, (code, data)) = (be_u16, length_data(be_u16))
                .parse(rest)
                .map_err(truncated)?;
            if code == OPTION_EXTENDED_ERROR && self.extended.len() < MAX_EXTENDED_ERRORS {
                self.extended.extend(extended_error(data));
            }
            rest = after;
        }
        Ok(())
    }
}

/// A TTL with the top bit set means zero (RFC 2181 §8).
const fn clamp_ttl(ttl: u32) -> u32 {
    if ttl > 0x7fff_ffff { 0 } else { ttl }
}

/// An extended error is for people: an option too short to hold one is passed over (RFC 8914 §2).
fn extended_error(option: &[u8]) -> Option<ExtendedError> {
    let (code, text) = option.split_first_chunk::<2>()?;
    let text: String = String::from_utf8_lossy(text)
        .trim_end_matches('\0')
        .chars()
        .take(MAX_EXTENDED_TEXT)
        .map(legible)
        .collect();
    Some(ExtendedError {
        code: u16::from_be_bytes(*code),
        text,
    })
}

/// One record, framed but not understood.
struct RawRecord<'m> {
    owner: &'m WireName<'m>,
    record_type: u16,
    class: u16,
    ttl: u32,
    rdata: &'m [u8],
    /// Where `rdata` stands in the message.
    offset: usize,
}

fn section<'m>(
    names: &mut Names<'m>,
    mut rest: &'m [u8],
    count: u16,
    mut take_record: impl FnMut(&mut Names<'m>, RawRecord<'_>) -> Result<(), Malformed>,
) -> Result<&'m [u8], Malformed> {
    let mut owner = WireName::new();
    for _ in 0..count {
        let fields = names.read(&mut owner, rest, names.offset_of(rest))?;
        let (fields, data) = fields
            .split_first_chunk::<10>()
            .ok_or(Malformed::Truncated)?;
        let &[
            type_0,
            type_1,
            class_0,
            class_1,
            ref ttl @ ..,
            length_0,
            length_1,
        ] = fields;
        let length = usize::from(u16::from_be_bytes([length_0, length_1]));
        let (rdata, after) = data.split_at_checked(length).ok_or(Malformed::Truncated)?;
        let record = RawRecord {
            owner: &owner,
            record_type: u16::from_be_bytes([type_0, type_1]),
            class: u16::from_be_bytes([class_0, class_1]),
            ttl: u32::from_be_bytes(*ttl),
            rdata,
            offset: names.offset_of(after) - rdata.len(),
        };
        take_record(names, record)?;
        rest = after;
    }
    Ok(rest)
}

/// Reads the data of a record if it is of one of our types. It must fill its RDATA (RFC 1035 §4.1.3).
fn rdata(names: &mut Names<'_>, record: &RawRecord<'_>) -> Result<Option<RecordData>, Malformed> {
    let RawRecord { rdata, offset, .. } = *record;
    let data = match record.record_type {
        1 => RecordData::Address(IpAddr::V4(Ipv4Addr::from(octets::<4>(rdata)?))),
        28 => RecordData::Address(IpAddr::V6(Ipv6Addr::from(octets::<16>(rdata)?))),
        5 => RecordData::Alias(names.whole(rdata, offset)?),
        15 => {
            let (exchange, preference) = be_u16(rdata).map_err(truncated)?;
            RecordData::Mx(Mx {
                preference,
                exchange: names.whole(exchange, offset + 2)?,
            })
        }
        // Any octets: a record that says nothing sensible spoils itself alone, see `tlsa::Record`.
        52 => RecordData::Tlsa(tlsa::Record::from_rdata(rdata)),
        _ => return Ok(None),
    };
    Ok(Some(data))
}

fn octets<const N: usize>(rdata: &[u8]) -> Result<[u8; N], Malformed> {
    rdata.try_into().map_err(|_| Malformed::RdataLength)
}
