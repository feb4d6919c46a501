//! The fingerprint that binds a proof to what was asked for: it changes with all that a verdict depends on, and with nothing
//! else. A session takes no proof with another one.

use std::collections::BTreeSet;

use smtp_dane::resolve::{NextHop, TlsPolicy};
use smtp_dane::session::{Event, Session, StartTlsOffer};
use smtp_dane::tlsa::{Record, Role};
use smtp_dane::{AnchorDates, Authentication, CnId, Policy, PublicPki, Scope};

use crate::support::certificates::{leaf, other_leaf};
use crate::support::dane::{raw, record};
use crate::support::drive::plan;
use crate::support::name;
use crate::support::sites::{authentication, domain, relay, usable};
use crate::support::world::NOW;
use crate::support::zone::Zone;

fn wanted(names: &[&str], records: &[Record], policy: &Policy) -> Authentication {
    let (base, others) = names.split_first().unwrap();
    let others = others.iter().map(|other| name(other));
    Authentication::from_vouched_records(name(base), others, records.to_vec(), Role::Relay, policy)
        .unwrap()
}

/// One authentication, and others that differ from it and from each other in one thing that a verdict depends on.
fn all_different() -> Vec<Authentication> {
    let key = record(3, 1, 1, leaf());
    let usual = Policy::default();
    let (mut never, mut ignoring) = (usual.clone(), usual.clone());
    never.cn_id = CnId::Never;
    ignoring.anchor_dates = AnchorDates::Ignore;
    let mut both = never.clone();
    both.anchor_dates = AnchorDates::Ignore;
    let one = [key.clone()];
    let names = ["mx.example.com", "example.com"];
    vec![
        wanted(&names, &one, &usual),
        wanted(&names, &one, &never),
        wanted(&names, &one, &ignoring),
        wanted(&names, &one, &both),
        wanted(&names[..1], &one, &usual),
        wanted(&["example.com", "mx.example.com"], &one, &usual),
        wanted(&["mx.example.com", "example.org"], &one, &usual),
        wanted(
            &["mx.example.com", "example.com", "example.org"],
            &one,
            &usual,
        ),
        wanted(
            &["mx.example.com", "example.org", "example.com"],
            &one,
            &usual,
        ),
        wanted(&["mx.example.com.example.com"], &one, &usual),
        wanted(&names, &[record(3, 1, 2, leaf())], &usual),
        wanted(&names, &[record(3, 0, 1, leaf())], &usual),
        wanted(&names, &[record(2, 1, 1, leaf())], &usual),
        wanted(&names, &[record(3, 1, 1, other_leaf())], &usual),
        wanted(
            &names,
            &[key.clone(), record(3, 1, 1, other_leaf())],
            &usual,
        ),
        wanted(&names, &[key.clone(), record(2, 0, 1, leaf())], &usual),
        wanted(&names, &[key, record(3, 1, 0, leaf())], &usual),
    ]
}

#[test]
fn it_changes_with_names_records_and_policy() {
    let all = all_different();
    let fingerprints: BTreeSet<&[u8; 32]> = all.iter().map(Authentication::fingerprint).collect();
    assert_eq!(fingerprints.len(), all.len());
}

#[test]
fn it_changes_with_what_is_proved() {
    // The same host by the same records: named by an insecure MX answer, and by the administrator.
    let zone = Zone::signed()
        .insecure("example.com MX 10 mx.example.com")
        .with("mx.example.com A 192.0.2.1")
        .with(&usable("mx.example.com"));
    let by_mx = authentication(&zone, domain());
    let by_hand = authentication(&zone, relay("mx.example.com"));
    assert_eq!(
        (by_mx.scope(), by_hand.scope()),
        (Scope::Host, Scope::NextHop)
    );
    assert_eq!(by_mx.reference_ids(), by_hand.reference_ids());
    assert_eq!(by_mx.tlsa(), by_hand.tlsa());
    assert_ne!(by_mx.fingerprint(), by_hand.fingerprint());
}

#[test]
fn it_does_not_change_with_what_makes_no_difference() {
    let usual = Policy::default();
    let names = ["mx.example.com", "example.com"];
    let (one, two) = (record(3, 1, 1, leaf()), record(2, 0, 1, other_leaf()));
    let first = wanted(&names, &[one.clone(), two.clone()], &usual);
    let shouted = ["MX.example.COM.", "Example.Com"];
    for same in [
        wanted(&names, &[two.clone(), one.clone()], &usual),
        wanted(&names, &[one.clone(), two.clone(), one.clone()], &usual),
        wanted(
            &names,
            &[
                one.clone(),
                raw(9, 1, 1, b"x"),
                two.clone(),
                raw(3, 1, 1, b"y"),
            ],
            &usual,
        ),
        wanted(&shouted, &[one, two], &usual),
    ] {
        assert_eq!(same.fingerprint(), first.fingerprint());
    }
}

#[test]
fn it_is_another_one_for_each_submission_server_and_never_that_of_records() {
    let zone = Zone::signed().with("a.example A 192.0.2.1\nb.example A 192.0.2.2");
    let pkix = |host| -> PublicPki {
        let next_hop = NextHop::submission(name(host), 465.try_into().unwrap());
        let plan = plan(&zone, next_hop, &Policy::default()).0.unwrap();
        match plan.tls() {
            TlsPolicy::Pkix(pkix) => pkix.clone(),
            other => panic!("{other:?}"),
        }
    };
    let (a, b) = (pkix("a.example"), pkix("b.example"));
    assert_ne!(a.fingerprint(), b.fingerprint());
    assert_eq!(a.fingerprint(), pkix("A.example").fingerprint());
    let records = wanted(
        &["a.example"],
        &[record(3, 1, 1, leaf())],
        &Policy::default(),
    );
    assert_ne!(a.fingerprint(), *records.fingerprint());
}

#[test]
fn a_session_takes_only_the_proof_with_its_own_fingerprint() {
    let all = all_different();
    let proofs: Vec<_> = all
        .iter()
        .filter_map(|wanted| {
            wanted
                .verify(&[leaf().into()], NOW, &[])
                .ok()
                .map(|proof| (wanted, proof))
        })
        .collect();
    assert!(proofs.len() > 10);
    for wanted in &all {
        let mut session = Session::new(TlsPolicy::Authenticate(wanted.clone()), &Policy::default());
        session
            .handle(Event::Hello(StartTlsOffer::Offered))
            .unwrap();
        session
            .handle(Event::StartTlsReply {
                code: 220,
                buffered: 0,
            })
            .unwrap();
        for (own, proof) in &proofs {
            let before = session.clone();
            let mut session = session.clone();
            let taken = session.handle(Event::Authenticated(proof.clone()));
            assert_eq!(taken.is_ok(), *own == wanted);
            assert_eq!(session == before, taken.is_err());
        }
    }
}
