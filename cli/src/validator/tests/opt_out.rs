//! What hickory takes for proof that a delegation is unsigned, and is none; and what is one.

use hickory_proto::dnssec::Proof;
use hickory_proto::dnssec::rdata::DNSSECRData;
use hickory_proto::op::{Edns, Message, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, NS};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use tokio::task::JoinSet;

use super::forged::{forger_of_all, is_bogus, relay};
use super::lookup;
use crate::lab::Lab;
use crate::lab::certificates::Identity;
use crate::lab::smtp::MailServer;
use crate::lab::zones::Zone;
use crate::validator::Validator;

/// All NSEC3 records of a zone, which a few names that are not there bring to light.
pub(super) async fn hashed_names(lab: &Lab, zone: &str) -> Vec<Record> {
    let mut found: Vec<Record> = Vec::new();
    for number in 0..24 {
        let name = Name::from_ascii(format!("n{number}.{zone}.")).unwrap();
        let mut query = Message::query();
        query.add_query(Query::query(name, RecordType::A));
        let mut edns = Edns::new();
        edns.enable_dnssec();
        query.edns = Some(edns);
        for record in relay(lab.authority_address(), &query).await.authorities {
            if !found.contains(&record) {
                found.push(record);
            }
        }
    }
    found
}

async fn opted_out_lab() -> Lab {
    let identity = Identity::self_signed(&["mx.good.test"]).unwrap();
    let zones = vec![
        Zone::signed("test").hashed(0).opted_out(),
        Zone::signed("good.test").record("mx.good.test A 127.0.0.1"),
        Zone::unsigned("plain.test").record("mx.plain.test A 127.0.0.1"),
    ];
    let servers = vec![MailServer::new("mx.good.test", 1, identity)];
    Lab::start(servers, |_| zones).await.unwrap()
}

/// Makes a reply that of a server which says nothing but the truth, or else forges the host: it has another address, it is a zone of its
/// own, and these records are to show that the zone is unsigned.
pub(super) fn forge(question: &Query, reply: &mut Message, denial: Option<&[Record]>) {
    // The lab puts denials beside data, see `Zone::hashed`.
    if !reply.answers.is_empty() {
        reply.authorities.clear();
    }
    let owner = question.name().clone();
    let Some(denial) = denial.filter(|_| owner.to_ascii() == "mx.good.test.") else {
        return;
    };
    reply.metadata.response_code = ResponseCode::NoError;
    reply.authorities.clear();
    let forged = match question.query_type() {
        RecordType::A => Some(RData::A(A::new(192, 0, 2, 66))),
        RecordType::NS => Some(RData::NS(NS(owner.clone()))),
        _ => None,
    };
    reply.answers = forged
        .map(|data| Record::from_rdata(owner, 300, data))
        .into_iter()
        .collect();
    if question.query_type() == RecordType::DS {
        reply.authorities = denial.to_vec();
    }
}

/// A validator of replies that are as they should be, or forged for one name.
async fn validator(lab: &Lab, is_forged: bool) -> (Validator, JoinSet<()>) {
    let hashed = hashed_names(lab, "test").await;
    forger_of_all(lab, lab.trust_anchor().clone(), move |question, reply| {
        forge(question, reply, is_forged.then_some(&hashed));
    })
    .await
}

/// A zone that opts out says of the hash of a name that there may be an unsigned delegation; but not of a name below a delegation that
/// is signed, where it has nothing to say (RFC 5155 §8.6).
#[tokio::test]
async fn a_name_in_a_signed_zone_does_not_pass_for_unsigned_below_a_zone_that_opts_out() {
    let lab = opted_out_lab().await;
    let name = Name::from_ascii("mx.good.test.").unwrap();
    let (honest, _task) = validator(&lab, false).await;
    let found = lookup(&honest, "mx.good.test.", RecordType::A).await;
    assert_eq!(found.unwrap().proof(), Proof::Secure);

    let (forged, _task) = validator(&lab, true).await;
    let unchecked = forged.ask(&name, RecordType::A).await.unwrap();
    let proofs: Vec<_> = unchecked
        .answers
        .iter()
        .map(|record| record.proof)
        .collect();
    assert_eq!(proofs, [Proof::Insecure], "hickory lets it pass");
    let result = lookup(&forged, "mx.good.test.", RecordType::A).await;
    assert!(is_bogus(&result), "{result:?}");
}

#[tokio::test]
async fn an_unsigned_zone_is_unsigned_below_a_zone_that_opts_out() {
    let lab = opted_out_lab().await;
    let (validator, _task) = validator(&lab, false).await;
    for (name, record_type) in [
        ("mx.plain.test.", RecordType::A),
        ("mx.plain.test.", RecordType::AAAA),
        ("plain.test.", RecordType::MX),
        ("_25._tcp.mx.plain.test.", RecordType::TLSA),
    ] {
        let found = lookup(&validator, name, record_type).await;
        assert_eq!(
            found.unwrap().proof(),
            Proof::Insecure,
            "{name} {record_type}"
        );
    }
    // That it is opt-out which says so: there is no record for the name of the zone.
    let (name, digests) = (Name::from_ascii("plain.test.").unwrap(), RecordType::DS);
    let reply = validator.ask(&name, digests).await.unwrap();
    let is_cut = |record: &Record| match &record.data {
        RData::DNSSEC(DNSSECRData::NSEC3(nsec3)) => {
            nsec3.type_set().contains(RecordType::NS)
                && !nsec3.type_set().contains(RecordType::SOA)
                && !nsec3.type_set().contains(RecordType::DS)
        }
        _ => false,
    };
    assert!(!reply.authorities.iter().any(is_cut), "{reply:?}");
}
