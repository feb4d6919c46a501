//! What hickory takes for proof that a delegation is unsigned, and is none.

use hickory_proto::dnssec::Proof;
use hickory_proto::op::{Edns, Message, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, NS};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::forged::{forger_of_all, relay};
use super::lookup;
use crate::lab::Lab;
use crate::lab::certificates::Identity;
use crate::lab::smtp::MailServer;
use crate::lab::zones::Zone;

/// All NSEC3 records of `test`, which a few names that are not there bring to light.
async fn hashed_names(lab: &Lab) -> Vec<Record> {
    let mut found: Vec<Record> = Vec::new();
    for number in 0..24 {
        let name = Name::from_ascii(format!("n{number}.test.")).unwrap();
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

/// A zone that opts out says of the hash of a name that there may be an unsigned delegation; but not of a name below a delegation that
/// is signed, where it has nothing to say (RFC 5155 §8.6). hickory 0.26.3 does not ask for the closest encloser, and nothing of that
/// can be seen in the reply that it hands on. **If this fails, hickory is mended**: turn it round, and take the warning out of
/// `smtp_dane::hickory`.
#[tokio::test]
async fn a_name_in_a_signed_zone_passes_for_unsigned_below_a_zone_that_opts_out() {
    let identity = Identity::self_signed(&["mx.good.test"]).unwrap();
    let zones = vec![
        Zone::signed("test").hashed(0).opted_out(),
        Zone::signed("good.test").record("mx.good.test A 127.0.0.1"),
    ];
    let lab = Lab::start(vec![MailServer::new("mx.good.test", 1, identity)], |_| {
        zones
    })
    .await
    .unwrap();
    let hashed = hashed_names(&lab).await;
    for (is_forged, expected) in [(false, Proof::Secure), (true, Proof::Insecure)] {
        let (hashed, anchor) = (hashed.clone(), lab.trust_anchor().clone());
        let (validator, _task) = forger_of_all(&lab, anchor, move |question, reply| {
            // The lab puts denials beside data, see `Zone::hashed`.
            if !reply.answers.is_empty() {
                reply.authorities.clear();
            }
            let owner = question.name().clone();
            if !is_forged || owner.to_ascii() != "mx.good.test." {
                return;
            }
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
                reply.authorities = hashed.clone();
            }
        })
        .await;
        let found = lookup(&validator, "mx.good.test.", RecordType::A).await;
        assert_eq!(found.unwrap().proof(), expected, "{is_forged}");
    }
}
