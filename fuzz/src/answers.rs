//! Drawn answers of a resolver, and drawn policies.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use arbitrary::{Result, Unstructured};
use smtp_dane::dns::{
    Answer, Denial, LookupError, Mx, QueryType, Question, RecordData, ResourceRecord, Security,
    Trust,
};
use smtp_dane::tlsa::{MatchingType, Record, Selector, Usage};
use smtp_dane::{DaneMode, Digests, FailedTls, InsecureMx, MxAlias, Name, Policy, RawPublicKeys};

use crate::fixtures::{FIXTURES, record};

/// The names of the world: the next hop, its hosts, and what these are aliases of.
const NAMES: [&str; 6] = [
    "example.com",
    "mx.example.com",
    "mx2.example.com",
    "mx.example.net",
    "a.example",
    ".",
];

pub(crate) fn name(text: &str) -> Name {
    text.parse().expect("a good name")
}

/// Records that name real certificates, that name none, and that are unusable each in its way.
static RECORDS: LazyLock<Vec<Record>> = LazyLock::new(|| {
    let strange = |usage, selector, matching, data: &[u8]| {
        Record::new(
            Usage(usage),
            Selector(selector),
            MatchingType(matching),
            data,
        )
    };
    vec![
        record(3, 1, 1, FIXTURES[0].der),
        record(3, 0, 2, FIXTURES[0].der),
        record(3, 1, 2, FIXTURES[3].der),
        record(3, 0, 0, FIXTURES[3].der),
        record(2, 0, 1, FIXTURES[2].der),
        record(2, 1, 1, FIXTURES[1].der),
        record(2, 1, 0, FIXTURES[6].der),
        record(2, 0, 0, FIXTURES[6].der),
        strange(3, 1, 1, &[0xaa; 32]),
        strange(2, 0, 2, &[0xbb; 64]),
        strange(3, 1, 1, &[0xaa; 31]),
        strange(0, 0, 1, &[0xaa; 32]),
        strange(1, 1, 1, &[0xaa; 32]),
        strange(4, 1, 1, &[0xaa; 32]),
        strange(3, 2, 1, &[0xaa; 32]),
        strange(3, 1, 3, &[0xaa; 32]),
        strange(3, 0, 0, b"no certificate"),
        strange(3, 1, 0, b""),
        Record::from_rdata(&[3, 1]),
    ]
});

/// A policy of which no identities are drawn.
pub(crate) fn policy(input: &mut Unstructured<'_>) -> Result<Policy> {
    let [modes, choices]: [u8; 2] = input.arbitrary()?;
    let mut policy = Policy::default();
    policy.dane = match modes & 7 {
        0..=3 => DaneMode::Opportunistic,
        4 | 5 => DaneMode::Mandatory,
        6 => DaneMode::AuditOnly,
        _ => DaneMode::Off,
    };
    policy.insecure_mx = match modes >> 3 & 3 {
        0 | 1 => InsecureMx::UseTlsa,
        2 => InsecureMx::Encrypt,
        _ => InsecureMx::Ignore,
    };
    policy.digests = match modes >> 5 & 3 {
        0 => Digests::Sha512OverSha256,
        1 => Digests::Sha256OverSha512,
        2 => Digests::Sha256,
        _ => Digests::Sha512,
    };
    policy.address_family = match choices & 7 {
        0..=4 => smtp_dane::AddressFamily::Any,
        5 => smtp_dane::AddressFamily::V4First,
        6 => smtp_dane::AddressFamily::V4,
        _ => smtp_dane::AddressFamily::V6,
    };
    if choices & 8 != 0 {
        policy.mx_alias = MxAlias::Refuse;
    }
    if choices & 16 != 0 {
        policy.failed_tls = FailedTls::Refuse;
    }
    if choices & 32 != 0 {
        policy.raw_public_keys = RawPublicKeys::AfterCertificates;
    }
    Ok(policy)
}

/// An answer to `question`.
pub(crate) fn answer(input: &mut Unstructured<'_>, question: &Question) -> Result<Answer> {
    let kind: u8 = input.arbitrary()?;
    let security = match kind & 0x40 {
        0 => Security::Secure,
        _ => Security::Insecure,
    };
    match kind & 15 {
        0..=8 => records(input, question, security),
        9 | 10 => Ok(Answer::denied(question, Denial::NoData, 60, security)),
        11 => Ok(Answer::denied(question, Denial::NoDomain, 60, security)),
        12 => Ok(Answer::failed(LookupError::Timeout)),
        13 => Ok(Answer::failed(LookupError::Bogus)),
        _ => message(input, question, kind),
    }
}

/// Aliases, perhaps, and data of the type that was asked for, or none.
fn records(
    input: &mut Unstructured<'_>,
    question: &Question,
    security: Security,
) -> Result<Answer> {
    let shape: u8 = input.arbitrary()?;
    let mut owner = question.name().clone();
    let mut records = Vec::new();
    let aliases = match (shape & 7, question.query_type()) {
        (0..=4, QueryType::A | QueryType::Aaaa | QueryType::Mx | QueryType::Tlsa) => 0,
        (0..=5, _) => 1,
        _ => 2,
    };
    for _ in 0..aliases {
        let place: u8 = input.arbitrary()?;
        let target = name(NAMES[usize::from(place) % NAMES.len()]);
        records.push(ResourceRecord {
            owner: core::mem::replace(&mut owner, target.clone()),
            ttl: 60,
            data: RecordData::Alias(target),
        });
    }
    for _ in 0..shape >> 3 & 3 {
        let place: u8 = input.arbitrary()?;
        records.extend(data(question, place).map(|data| ResourceRecord {
            owner: owner.clone(),
            ttl: 60,
            data,
        }));
    }
    Ok(Answer::from_records(question, records, security))
}

fn data(question: &Question, place: u8) -> Option<RecordData> {
    Some(match question.query_type() {
        QueryType::A => RecordData::Address(IpAddr::V4(Ipv4Addr::new(192, 0, 2, place))),
        QueryType::Aaaa => RecordData::Address(IpAddr::V6(Ipv6Addr::from_bits(u128::from(place)))),
        QueryType::Mx => RecordData::Mx(Mx {
            preference: u16::from(place >> 6),
            exchange: name(NAMES[usize::from(place) % NAMES.len()]),
        }),
        QueryType::Tlsa => RecordData::Tlsa(RECORDS[usize::from(place) % RECORDS.len()].clone()),
        QueryType::Cname => return None,
    })
}

/// A message of which the header and the question are in order, and the rest is the input's.
fn message(input: &mut Unstructured<'_>, question: &Question, kind: u8) -> Result<Answer> {
    let [counts, length]: [u8; 2] = input.arbitrary()?;
    let flags: u16 = if kind & 0x20 == 0 { 0x81a0 } else { 0x8180 };
    let mut message = vec![0, 7];
    message.extend((flags | (u16::from(kind >> 7) * 3)).to_be_bytes());
    message.extend([0, 1, 0, counts & 7, 0, counts >> 3 & 1, 0, counts >> 4 & 1]);
    message.extend(question.name().as_wire());
    message.extend(question.query_type().code().to_be_bytes());
    message.extend([0, 1]);
    message.extend(input.bytes(usize::from(length).min(input.len()))?);
    let answer = Answer::from_message(question, 7, &message, Trust::AdBit);
    Ok(answer.unwrap_or(Answer::failed(LookupError::Unreachable)))
}
