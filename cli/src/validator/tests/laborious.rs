//! Denials with more iterations than hickory checks, which prove nothing of a zone below (RFC 9276 §3.2).

use core::sync::atomic::{AtomicUsize, Ordering};

use hickory_proto::rr::RecordType;

use super::forged::{forger_of_all, is_bogus};
use super::lookup;
use super::opt_out::{forge, hashed_names};
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
            let is_of_host = question.name().to_ascii() == "mx.good.test.";
            let turn = match question.query_type() {
                RecordType::DS if is_of_host => asked.fetch_add(1, Ordering::Relaxed),
                _ => 0,
            };
            let denial = if turn.is_multiple_of(2) { &above } else { &own };
            forge(question, reply, Some(denial));
        })
        .await;
    let result = lookup(&validator, "mx.good.test.", RecordType::A).await;
    assert!(is_bogus(&result), "{result:?}");
}
