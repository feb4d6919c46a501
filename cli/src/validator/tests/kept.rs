//! That nothing is believed because of an earlier lookup.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use hickory_proto::dnssec::Proof;
use hickory_proto::rr::RecordType;

use super::forged::forger_of_all;
use super::{lab, lookup};

/// Each signature is checked each time, for which the key is wanted.
#[tokio::test]
async fn no_proof_is_kept_for_the_next_lookup() {
    let lab = lab().await;
    let keys = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&keys);
    let anchor = lab.trust_anchor().clone();
    let (validator, _task) = forger_of_all(&lab, anchor, move |question, _| {
        if question.query_type() == RecordType::DNSKEY {
            asked.fetch_add(1, Ordering::Relaxed);
        }
    })
    .await;
    for _ in 0..2 {
        let before = keys.load(Ordering::Relaxed);
        let found = lookup(&validator, "mx.good.test.", RecordType::A).await;
        assert_eq!(found.unwrap().proof(), Proof::Secure);
        assert_ne!(keys.load(Ordering::Relaxed), before);
    }
}
