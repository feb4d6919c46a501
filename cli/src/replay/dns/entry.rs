//! The records of a scenario: what each type has as its data.

use core::fmt::{self, Display};
use core::net::{Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

use serde::Deserialize;
use smtp_dane::dns::{QueryType, Question, Security};
use smtp_dane::{Name, NameError};

use super::SecuritySection;
use crate::input::tlsa::{self, RecordError};
use crate::replay::scenario::parsed;

/// Time to live of a record in seconds, if the file does not say it.
const TTL: u32 = 3600;

/// How many characters of data are repeated where it cannot be used.
const MAX_SHOWN: usize = 80;

/// The records of one type at one name.
#[derive(Debug, Deserialize)]
#[serde(try_from = "EntrySection")]
pub(super) struct Entry {
    pub(super) owner: Name,
    pub(super) record_type: QueryType,
    pub(super) content: Content,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct EntrySection {
    #[serde(deserialize_with = "parsed")]
    name: Name,
    r#type: TypeSection,
    #[serde(default)]
    security: Option<SecuritySection>,
    #[serde(default)]
    ttl: Option<u32>,
    #[serde(default)]
    data: Option<Vec<String>>,
    #[serde(default)]
    fail: Option<Failure>,
}

/// [`QueryType`] in a file.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum TypeSection {
    A,
    Aaaa,
    Cname,
    Mx,
    Tlsa,
}

impl From<TypeSection> for QueryType {
    fn from(section: TypeSection) -> Self {
        match section {
            TypeSection::A => Self::A,
            TypeSection::Aaaa => Self::Aaaa,
            TypeSection::Cname => Self::Cname,
            TypeSection::Mx => Self::Mx,
            TypeSection::Tlsa => Self::Tlsa,
        }
    }
}

/// What is at a name.
#[derive(Debug)]
pub(super) enum Content {
    /// Records, or the statement that there are none.
    Records(Records),
    /// The lookup fails.
    Failure(Failure),
}

/// Records of one type at one name.
#[derive(Debug)]
pub(super) struct Records {
    /// None for that of the whole world.
    pub(super) security: Option<Security>,
    pub(super) ttl: u32,
    pub(super) data: Vec<Data>,
}

/// One record.
#[derive(Debug)]
pub(super) struct Data {
    pub(super) rdata: Vec<u8>,
    /// Where it leads to, if it is an alias.
    pub(super) target: Option<Name>,
}

/// How a lookup fails.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Failure {
    Servfail,
    Timeout,
    Bogus,
    Indeterminate,
    /// The reply is cut off within a record.
    Malformed,
    Refused,
}

impl TryFrom<EntrySection> for Entry {
    type Error = WorldError;

    fn try_from(section: EntrySection) -> Result<Self, WorldError> {
        let record_type = section.r#type.into();
        let content = match (section.data, section.fail) {
            (Some(_), Some(_)) => return Err(WorldError::DataAndFailure),
            (None, None) => return Err(WorldError::Nothing),
            (None, Some(failure)) => Content::Failure(failure),
            (Some(texts), None) => Content::Records(Records {
                security: section.security.map(Security::from),
                ttl: section.ttl.unwrap_or(TTL),
                data: texts
                    .iter()
                    .map(|text| Data::read(record_type, text))
                    .collect::<Result<_, _>>()?,
            }),
        };
        Ok(Self {
            owner: section.name,
            record_type,
            content,
        })
    }
}

impl Data {
    fn read(record_type: QueryType, text: &str) -> Result<Self, WorldError> {
        let error = |why| WorldError::Data {
            text: text.to_owned(),
            why,
        };
        let rdata = match record_type {
            QueryType::A => {
                let address: Ipv4Addr = text.parse().map_err(|_| error(DataError::V4))?;
                address.octets().to_vec()
            }
            QueryType::Aaaa => {
                let address: Ipv6Addr = text.parse().map_err(|_| error(DataError::V6))?;
                address.octets().to_vec()
            }
            QueryType::Mx => mail_exchange(text).map_err(error)?,
            QueryType::Tlsa => {
                let record = tlsa::record(text);
                let record = record.map_err(|why| error(DataError::Tlsa(why)))?;
                record.as_rdata().to_vec()
            }
            QueryType::Cname => {
                let target = Name::from_str(text).map_err(|why| error(DataError::Name(why)))?;
                return Ok(Self {
                    rdata: target.as_wire().to_vec(),
                    target: Some(target),
                });
            }
        };
        // RFC 1035 §3.2.1: the length is a 16-bit number.
        if rdata.len() > usize::from(u16::MAX) {
            return Err(error(DataError::TooLong));
        }
        Ok(Self {
            rdata,
            target: None,
        })
    }
}

fn mail_exchange(text: &str) -> Result<Vec<u8>, DataError> {
    let mut words = text.split_whitespace();
    let (Some(preference), Some(host), None) = (words.next(), words.next(), words.next()) else {
        return Err(DataError::Mx);
    };
    let preference: u16 = preference.parse().map_err(|_| DataError::Mx)?;
    let host: Name = host.parse().map_err(DataError::Name)?;
    Ok([&preference.to_be_bytes(), host.as_wire()].concat())
}

/// Why records cannot be used.
#[derive(Debug)]
pub(super) enum WorldError {
    /// They are listed already.
    Twice(Question),
    /// There is data, and the lookup is said to fail.
    DataAndFailure,
    /// There is neither.
    Nothing,
    /// This is not data of that type.
    Data {
        /// What is there instead.
        text: String,
        why: DataError,
    },
}

impl Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Twice(question) => write!(f, "{question} is listed twice"),
            Self::DataAndFailure => f.write_str("it has both data and fail"),
            Self::Nothing => f.write_str("it has neither data nor fail"),
            Self::Data { text, why } => {
                let text: String = text.chars().take(MAX_SHOWN).collect();
                write!(f, "data '{text}' cannot be used: {why}")
            }
        }
    }
}

/// Why text is not the data of a record.
#[derive(Debug)]
pub(super) enum DataError {
    V4,
    V6,
    Mx,
    Name(NameError),
    Tlsa(RecordError),
    TooLong,
}

impl Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4 => f.write_str("it is no IPv4 address"),
            Self::V6 => f.write_str("it is no IPv6 address"),
            Self::Mx => f.write_str("it is not a preference and a host, as in 10 mx.example.com"),
            Self::Name(error) => error.fmt(f),
            Self::Tlsa(error) => error.fmt(f),
            Self::TooLong => write!(f, "it has more than {} octets", u16::MAX),
        }
    }
}
