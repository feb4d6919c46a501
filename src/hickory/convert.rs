//! Names, questions and records, from hickory's types to ours and back.

use alloc::vec::Vec;
use core::net::IpAddr;

use hickory_proto::ProtoError;
use hickory_proto::op::Query;
use hickory_proto::rr::rdata::TLSA;
use hickory_proto::rr::{self, DNSClass, RData, Record, RecordType};

use super::{LookupError, Malformed, Name, Question};
use crate::dns::{Mx, QueryType, RecordData, ResourceRecord};
use crate::name::NameError;
use crate::tlsa::{self, MatchingType, Selector, Usage};

impl TryFrom<&rr::Name> for Name {
    type Error = NameError;

    /// Takes the labels as they are. Every name is absolute here, whether or not hickory has it marked so (RFC 5321 §5.1).
    ///
    /// ```
    /// use smtp_dane::Name;
    ///
    /// let theirs = hickory_proto::rr::Name::from_ascii("MX.Example.")?;
    /// assert_eq!(Name::try_from(&theirs)?, "mx.example".parse()?);
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    fn try_from(name: &rr::Name) -> Result<Self, NameError> {
        let mut wire = Vec::with_capacity(name.len() + 1);
        for label in name.iter() {
            wire.push(u8::try_from(label.len()).map_err(|_| NameError::LabelTooLong)?);
            wire.extend_from_slice(label);
        }
        wire.push(0);
        Self::from_wire(&wire)
    }
}

impl TryFrom<&Name> for rr::Name {
    type Error = ProtoError;

    /// An absolute name of the same labels. Both crates keep to the limits of RFC 1035 §3.1, so there is no error in fact.
    ///
    /// ```
    /// use smtp_dane::Name;
    ///
    /// let ours: Name = "mx.example".parse()?;
    /// let theirs = hickory_proto::rr::Name::try_from(&ours)?;
    /// assert_eq!(theirs.to_ascii(), "mx.example.");
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    fn try_from(name: &Name) -> Result<Self, ProtoError> {
        Self::from_labels(name.labels())
    }
}

impl From<QueryType> for RecordType {
    /// ```
    /// use hickory_proto::rr::RecordType;
    /// use smtp_dane::dns::QueryType;
    ///
    /// assert_eq!(RecordType::from(QueryType::Tlsa), RecordType::TLSA);
    /// ```
    fn from(query_type: QueryType) -> Self {
        query_type.code().into()
    }
}

impl TryFrom<&Question> for Query {
    type Error = ProtoError;

    /// The query of class IN to hand to hickory; as for names, there is no error in fact.
    ///
    /// ```
    /// use hickory_proto::op::Query;
    /// use smtp_dane::dns::{QueryType, Question};
    ///
    /// let question = Question::new("example.com".parse()?, QueryType::Mx);
    /// assert_eq!(Query::try_from(&question)?.to_string(), "example.com. IN MX");
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    fn try_from(question: &Question) -> Result<Self, ProtoError> {
        let name = rr::Name::try_from(question.name())?;
        Ok(Self::query(name, question.query_type().into()))
    }
}

/// Turns records of our types into ours.
pub(super) fn resource_records<'a>(
    records: impl Iterator<Item = &'a Record>,
) -> Result<Vec<ResourceRecord>, LookupError> {
    records.map(resource_record).collect()
}

fn resource_record(record: &Record) -> Result<ResourceRecord, LookupError> {
    if record.dns_class != DNSClass::IN {
        return Err(LookupError::Malformed(Malformed::Class));
    }
    Ok(ResourceRecord {
        owner: name(&record.name)?,
        ttl: ttl(record.ttl),
        data: record_data(&record.data)?,
    })
}

fn record_data(data: &RData) -> Result<RecordData, LookupError> {
    Ok(match data {
        RData::A(address) => RecordData::Address(IpAddr::V4(address.0)),
        RData::AAAA(address) => RecordData::Address(IpAddr::V6(address.0)),
        RData::CNAME(target) => RecordData::Alias(name(&target.0)?),
        RData::MX(mx) => RecordData::Mx(Mx {
            preference: mx.preference,
            exchange: name(&mx.exchange)?,
        }),
        RData::TLSA(fields) => RecordData::Tlsa(association(fields)),
        // hickory's way to say that RDATA is empty, which spoils a TLSA record but not its set.
        RData::Update0(RecordType::TLSA) => RecordData::Tlsa(tlsa::Record::from_rdata(&[])),
        _ => return Err(LookupError::Malformed(Malformed::RdataLength)),
    })
}

/// The fields as they were published: whether they make sense is decided in one place (RFC 6698 §4.1), and not here.
fn association(fields: &TLSA) -> tlsa::Record {
    tlsa::Record::new(
        Usage(fields.cert_usage.into()),
        Selector(fields.selector.into()),
        MatchingType(fields.matching.into()),
        &fields.cert_data,
    )
}

fn name(name: &rr::Name) -> Result<Name, LookupError> {
    Name::try_from(name).map_err(|_| LookupError::Malformed(Malformed::NameTooLong))
}

/// A TTL with the top bit set means zero (RFC 2181 §8).
pub(super) const fn ttl(ttl: u32) -> u32 {
    if ttl > 0x7fff_ffff { 0 } else { ttl }
}
