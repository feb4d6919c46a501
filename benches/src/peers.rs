//! The same work, done with the crates that one would take without this one. Each does no more than it must.

use domain::base::{Message, Name, ToName};
use domain::rdata::{AllRecordData, Mx};
use hickory_proto::op;
use hickory_proto::rr::RData;
use pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::delivery::World;

/// Reads MX records with `domain`; their preferences in sum.
#[must_use]
pub fn domain_exchanges(message: &[u8]) -> u32 {
    let Ok(message) = Message::from_octets(message) else {
        return 0;
    };
    let Ok(answer) = message.answer() else {
        return 0;
    };
    let records = answer.limit_to_in::<Mx<_>>().flatten();
    records
        .map(|record| u32::from(record.data().preference()))
        .sum()
}

/// Reads MX records with `domain`, and keeps what outlives the message, as an answer must.
#[must_use]
pub fn domain_kept_exchanges(message: &[u8]) -> Vec<(u16, Name<Vec<u8>>)> {
    let Ok(message) = Message::from_octets(message) else {
        return Vec::new();
    };
    let Ok(answer) = message.answer() else {
        return Vec::new();
    };
    let records = answer.limit_to_in::<Mx<_>>().flatten();
    let kept = records.map(|record| {
        let mx = record.data();
        (mx.preference(), mx.exchange().to_name())
    });
    kept.collect()
}

/// Reads TLSA records with `domain`; the octets of their data in sum.
#[must_use]
pub fn domain_associations(message: &[u8]) -> usize {
    let Ok(message) = Message::from_octets(message) else {
        return 0;
    };
    let Ok(answer) = message.answer() else {
        return 0;
    };
    let records = answer.limit_to_in::<AllRecordData<_, _>>().flatten();
    records
        .map(|record| match record.data() {
            AllRecordData::Tlsa(record) => record.data().len(),
            _ => 0,
        })
        .sum()
}

/// Reads a message with `hickory-proto`; how many answers it has.
#[must_use]
pub fn hickory(message: &[u8]) -> usize {
    op::Message::from_vec(message).map_or(0, |message| message.answers.len())
}

/// Reads a certificate with `x509-parser`, and compares the SHA-256 of its key.
#[must_use]
pub fn x509_parser(certificate: &CertificateDer<'_>, association: &[u8]) -> bool {
    X509Certificate::from_der(certificate).is_ok_and(|(_, certificate)| {
        Sha256::digest(certificate.tbs_certificate.subject_pki.raw)[..] == *association
    })
}

/// A whole delivery: all replies are read, the record is found and the certificate is held against it.
#[must_use]
pub fn deliver(world: &World) -> bool {
    let mut matched = false;
    for (_, message) in &world.replies {
        let Ok(message) = op::Message::from_vec(message) else {
            return false;
        };
        for record in &message.answers {
            if let RData::TLSA(tlsa) = &record.data {
                matched = x509_parser(&world.certificate, &tlsa.cert_data);
            }
        }
    }
    matched
}
