//! Denials with more iterations than hickory checks, which prove nothing of a zone below (RFC 9276 §3.2).

use core::sync::atomic::{AtomicUsize, Ordering};

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::rdata::{A, NS};
use hickory_proto::rr::{RData, Record, RecordType};

use super::forged::{forger_of_all, is_bogus};
use super::lookup;
use super::opt_out::hashed_names;
use crate::lab::Lab;
use crate::lab::certificates::Identity;
use crate::lab::smtp::MailServer;
use crate::lab::zones::Zone;

/// A zone with such denials stands below one that opts out. To the query for a digest, hickory gets the records of the zone above and
/// finds the host unsigned; and we get those of the zone itself.
#[tokio::test]
async fn laborious_hashes_do_not_make_a_name_in_a_signed_zone_unsigned() {
    let identity = Identity::self_signed(&["mx.good.test"]).unwrap();
    let zones = vec![
        Zone::signed("test").hashed(0).opted_out(),
        Zone::signed("good.test")
            .record("mx.good.test A 127.0.0.1")
            .hashed(101),
    ];
    let servers = vec![MailServer::new("mx.good.test", 1, identity)];
    let lab = Lab::start(servers, |_| zones).await.unwrap();
    let above = hashed_names(&lab, "test").await;
    let own = hashed_names(&lab, "good.test").await;
    let asked = AtomicUsize::new(0);
    let (validator, _task) =
        forger_of_all(&lab, lab.trust_anchor().clone(), move |question, reply| {
            // The lab puts denials beside data, see `Zone::hashed`.
            if !reply.answers.is_empty() {
                reply.authorities.clear();
            }
            let owner = question.name().clone();
            if owner.to_ascii() != "mx.good.test." {
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
                let turn = asked.fetch_add(1, Ordering::Relaxed);
                let records = if turn.is_multiple_of(2) { &above } else { &own };
                reply.authorities.clone_from(records);
            }
        })
        .await;
    let result = lookup(&validator, "mx.good.test.", RecordType::A).await;
    assert!(is_bogus(&result), "{result:?}");
}
