//! RFC 7671 §5.2 in webs of certificates: out of order, cross-signed, padded, hostile; and which match is reported.

use std::slice::from_ref;
use std::time::{Duration, Instant};

use rcgen::CertificateParams;
use smtp_dane::tlsa::Record;
use smtp_dane::{MAX_CHAIN, VerifyError};

use crate::support::certificates::other_leaf;
use crate::support::dane::record;
use crate::support::pki::{Authority, data, expired, extension, judge, prove};

/// All orders of some things.
fn orders<T: Clone>(things: &[T]) -> Vec<Vec<T>> {
    let Some((first, rest)) = things.split_first() else {
        return vec![Vec::new()];
    };
    let mut all = Vec::new();
    for order in orders(rest) {
        for at in 0..=order.len() {
            let mut order = order.clone();
            order.insert(at, first.clone());
            all.push(order);
        }
    }
    all
}

fn behind<'a>(server: &'a [u8], others: &[&'a [u8]]) -> Vec<&'a [u8]> {
    [&[server], others].concat()
}

#[test]
fn certificates_may_be_out_of_order_doubled_and_not_needed() {
    let root = Authority::root();
    let issuer = root.below("Issuer");
    let sub = issuer.below("Sub");
    let server = sub.server();
    let padding = [other_leaf(), b"garbage", data::V1_ROOT, &server, &sub.der];
    let needed: [&[u8]; 3] = [&sub.der, &issuer.der, &root.der];
    for (depth, anchor) in needed.iter().enumerate() {
        for record in [record(2, 0, 1, anchor), record(2, 1, 2, anchor)] {
            for order in orders(&needed) {
                for at in 0..=3 {
                    let mut others = order.clone();
                    others.splice(at..at, padding);
                    let result = judge(from_ref(&record), &behind(&server, &others));
                    assert_eq!(result, Ok((2, depth + 1)));
                }
            }
        }
    }
}

#[test]
fn the_nearest_match_is_the_one_that_is_reported() {
    let root = Authority::root();
    let issuer = root.below("Issuer");
    let sub = issuer.below("Sub");
    let server = sub.server();
    let of = |certificate: &Vec<u8>| record(2, 0, 1, certificate);
    for others in orders(&[&sub.der[..], &issuer.der, &root.der]) {
        let chain = behind(&server, &others);
        for (records, depth) in [
            (vec![of(&root.der), of(&issuer.der), of(&sub.der)], 1),
            (vec![of(&root.der), of(&issuer.der)], 2),
            (vec![of(&root.der)], 3),
        ] {
            for records in orders(&records) {
                let proof = prove(&records, &chain).unwrap();
                assert_eq!(proof.depth(), depth);
                let nearest = &chain[..];
                let met = nearest
                    .iter()
                    .position(|der| proof.record() == Some(&of(&der.to_vec())));
                assert_eq!(
                    met.map(|at| chain[at]),
                    Some([&sub.der, &issuer.der, &root.der][depth - 1].as_slice())
                );
            }
        }
    }
}

#[test]
fn of_two_paths_to_an_anchor_the_shorter_one_is_reported() {
    // The authority above the server hangs below the root directly, and by way of two others.
    let root = Authority::root();
    let upper = root.below("Upper");
    let lower = upper.below("Lower");
    let sub = lower.below("Sub");
    let direct = root.cross_sign(&sub, |_| ());
    let server = sub.server();
    let others: [&[u8]; 5] = [&sub.der, &direct, &lower.der, &upper.der, &root.der];
    for others in orders(&others) {
        let result = judge(&[record(2, 0, 1, &root.der)], &behind(&server, &others));
        assert_eq!(result, Ok((2, 2)));
    }
}

#[test]
fn a_cross_signed_twin_is_another_certificate_with_the_same_key() {
    let (root, other) = (Authority::root(), Authority::root_with("Other", |_| ()));
    let twin = other.cross_sign(&root, |_| ());
    let issuer = root.below("Issuer");
    let server = issuer.server();
    let with = |others: &[&Vec<u8>]| -> Vec<Vec<u8>> {
        let chain = [&[&server, &issuer.der], others].concat();
        chain.into_iter().cloned().collect()
    };
    let check = |record: &Record, chain: &[Vec<u8>]| {
        let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
        judge(from_ref(record), &chain)
    };
    let (by_root, by_twin) = (record(2, 0, 1, &root.der), record(2, 0, 1, &twin));
    let (by_key, in_full) = (record(2, 1, 1, &root.der), record(2, 0, 0, &root.der));
    let none = Err(VerifyError::NoRecordMatched);
    for (others, root_met, twin_met) in [
        (vec![&root.der], Ok((2, 2)), none),
        (vec![&twin], none, Ok((2, 2))),
        (vec![&twin, &root.der], Ok((2, 2)), Ok((2, 2))),
        (vec![&root.der, &twin], Ok((2, 2)), Ok((2, 2))),
        (vec![&twin, &other.der], none, Ok((2, 2))),
    ] {
        let chain = with(&others);
        assert_eq!(check(&by_root, &chain), root_met);
        assert_eq!(check(&by_twin, &chain), twin_met);
        assert_eq!(check(&by_key, &chain), Ok((2, 2)));
        // The one in the DNS is preferred to the twin that leads on.
        assert_eq!(check(&in_full, &chain), Ok((2, 2)));
    }
    // By way of the twin the other root is reached.
    let chain = with(&[&twin, &other.der]);
    assert_eq!(check(&record(2, 0, 1, &other.der), &chain), Ok((2, 3)));
    let files = [
        data::RSA_SERVER,
        data::RSA_ISSUER,
        data::RSA_ROOT_CROSS,
        data::P384_ROOT,
    ];
    for (anchor, selector, depth) in [
        (data::RSA_ROOT_CROSS, 0, 2),
        (data::RSA_ROOT, 1, 2),
        (data::P384_ROOT, 0, 3),
    ] {
        let result = judge(&[record(2, selector, 1, anchor)], &files);
        assert_eq!(result, Ok((2, depth)));
    }
    assert_eq!(
        judge(&[record(2, 0, 0, data::RSA_ROOT)], &files),
        Ok((2, 2))
    );
    assert_eq!(judge(&[record(2, 0, 1, data::RSA_ROOT)], &files), none);
}

#[test]
fn of_several_anchors_one_that_holds_is_enough() {
    let root = Authority::root();
    let (retired, strange) = (
        root.below("Retired"),
        Authority::root_with("Strange", |_| ()),
    );
    let issuer = root.below("Issuer");
    let server = issuer.server();
    let chain = [&server, &retired.der, &strange.der, &issuer.der, &root.der].map(Vec::as_slice);
    let records = [&retired, &strange, &issuer].map(|anchor| record(2, 0, 1, &anchor.der));
    for records in orders(&records) {
        assert_eq!(judge(&records, &chain), Ok((2, 1)));
    }
    // An authority that was replaced is no anchor any more.
    let result = judge(
        &[record(2, 1, 1, &retired.der)],
        &[&server, &issuer.der, &root.der],
    );
    assert_eq!(result, Err(VerifyError::NoRecordMatched));
}

#[test]
fn usages_2_and_3_are_alternatives() {
    let root = Authority::root();
    let (server, old) = (root.server(), root.server_with(expired));
    let (anchor, own) = (record(2, 0, 1, &root.der), record(3, 1, 1, &server));
    let wrong = record(3, 1, 1, other_leaf());
    let elsewhere = record(2, 0, 1, other_leaf());
    let chain = [server.as_slice(), &root.der];
    for records in orders(&[anchor.clone(), own.clone()]) {
        assert_eq!(judge(&records, &chain), Ok((3, 0)));
    }
    for records in orders(&[anchor.clone(), wrong]) {
        assert_eq!(judge(&records, &chain), Ok((2, 1)));
    }
    for records in orders(&[elsewhere, own]) {
        assert_eq!(judge(&records, &chain), Ok((3, 0)));
    }
    for records in orders(&[anchor, record(3, 0, 1, &old)]) {
        let result = judge(&records, &[&old, &root.der]);
        assert_eq!(result, Ok((3, 0)));
    }
}

#[test]
fn a_chain_has_at_most_sixteen_certificates() {
    let root = Authority::root();
    let server = root.server();
    let padded = |length: usize| {
        let mut others = vec![other_leaf(); length - 2];
        others.push(&root.der);
        judge(&[record(2, 0, 1, &root.der)], &behind(&server, &others))
    };
    assert_eq!(MAX_CHAIN, 16);
    assert_eq!(padded(16), Ok((2, 1)));
    assert_eq!(padded(17), Err(VerifyError::ChainBudget));
}

/// A server below so many authorities below a root.
fn tower(height: usize) -> (Vec<u8>, Vec<Authority>) {
    let mut tower = vec![Authority::root()];
    for floor in 0..height {
        tower.push(tower[floor].below(&format!("Floor {floor}")));
    }
    (tower[height].server(), tower)
}

#[test]
fn a_path_has_a_bound_too() {
    for (height, expected) in [(6, Ok((2, 7))), (7, Err(VerifyError::ChainBudget))] {
        let (server, tower) = tower(height);
        let others: Vec<&[u8]> = tower.iter().rev().map(|floor| &floor.der[..]).collect();
        let record = record(2, 0, 1, &tower[0].der);
        assert_eq!(judge(&[record], &behind(&server, &others)), expected);
    }
}

/// Many authorities of one name, each with a certificate by another one, and an anchor that none of them leads to. Each
/// certificate has so many extensions that mean nothing.
fn hostile(anchor_name: &str, extensions: u64) -> (Vec<u8>, Vec<Vec<u8>>, Vec<u8>) {
    let swell = |params: &mut CertificateParams| {
        let idle = (0..extensions).map(|n| extension(&[1, 3, n], &[5, 0], false));
        params.custom_extensions.extend(idle);
    };
    let authorities: Vec<Authority> = (0..14)
        .map(|_| Authority::root_with("Same", |_| ()))
        .collect();
    let anchor = Authority::root_with(anchor_name, |_| ());
    let server = Authority::root_with("Same", |_| ()).server();
    let next = authorities.iter().cycle().skip(1);
    let crossed = authorities.iter().zip(next);
    let mut others: Vec<_> = crossed
        .map(|(issuer, subject)| issuer.cross_sign(subject, swell))
        .collect();
    others.push(anchor.der.clone());
    (server, others, anchor.der)
}

/// Judges a hostile chain, which must fail within ten seconds: it takes a tenth of one, but the machine may be busy.
fn fails_soon(records: &[Record], chain: &[&[u8]]) {
    let begin = Instant::now();
    let result = judge(records, chain);
    let taken = begin.elapsed();
    assert!(result.is_err(), "{result:?}");
    assert!(taken < Duration::from_secs(10), "{taken:?}");
}

#[test]
fn the_search_for_a_path_ends_soon() {
    for anchor_name in ["Same", "Above"] {
        let (server, others, anchor) = hostile(anchor_name, 0);
        let others: Vec<&[u8]> = others.iter().map(Vec::as_slice).collect();
        let chain = behind(&server, &others);
        for (selector, matching) in [(0, 1), (1, 0)] {
            fails_soon(&[record(2, selector, matching, &anchor)], &chain);
        }
        // Each of them is an anchor.
        let all: Vec<Record> = others.iter().map(|other| record(2, 0, 0, other)).collect();
        fails_soon(&all, &chain);
    }
}

#[test]
fn the_search_for_a_path_ends_soon_in_large_certificates() {
    // All together fit into a handshake of 64 KiB.
    let (server, others, anchor) = hostile("Above", 250);
    let others: Vec<&[u8]> = others.iter().map(Vec::as_slice).collect();
    let chain = behind(&server, &others);
    assert!(chain.concat().len() < 1 << 16);
    fails_soon(&[record(2, 0, 1, &anchor)], &chain);
}

#[test]
fn the_search_for_a_path_ends_soon_among_authorities_of_several_names() {
    // Four names, each of which is the issuer of the next one, and four authorities of each.
    let swell = |params: &mut CertificateParams| {
        let idle = (0..60).map(|n| extension(&[1, 3, n], &[5, 0], false));
        params.custom_extensions.extend(idle);
    };
    let names = ["North", "East", "South", "West"];
    let issuers = names.map(|name| Authority::root_with(name, |_| ()));
    let mut others = Vec::new();
    for n in 0..14 {
        let issuer = &issuers[(n + 1) % 4];
        others.push(issuer.below_with(names[n % 4], swell).der);
    }
    let anchor = Authority::root_with("Above", |_| ());
    others.push(anchor.der.clone());
    let others: Vec<&[u8]> = others.iter().map(Vec::as_slice).collect();
    let server = issuers[0].server();
    let chain = behind(&server, &others);
    assert!(chain.concat().len() < 1 << 16);
    fails_soon(&[record(2, 0, 1, &anchor.der)], &chain);
}

#[test]
fn a_certificate_that_is_sent_many_times_crowds_out_no_other() {
    let root = Authority::root();
    let issuer = root.below("Issuer");
    let server = issuer.server();
    let stale = root.cross_sign(&issuer, expired);
    for times in [3, 4, 5, 13] {
        let mut others = vec![stale.as_slice(); times];
        others.extend([issuer.der.as_slice(), &root.der]);
        let anchor = record(2, 0, 1, &root.der);
        assert_eq!(
            judge(&[anchor], &behind(&server, &others)),
            Ok((2, 2)),
            "{times}"
        );
    }
}

#[test]
fn the_search_for_a_shorter_path_ends_soon() {
    // A path of some length is there, among many that lead nowhere.
    let (server, tower) = tower(5);
    let names: Vec<String> = (0..5).map(|floor| format!("Floor {floor}")).collect();
    let mut others: Vec<Vec<u8>> = tower.iter().map(|floor| floor.der.clone()).collect();
    for name in names.iter().chain(&names).take(9) {
        let ghost = Authority::root_with(name, |_| ());
        others.push(ghost.der);
    }
    others.truncate(MAX_CHAIN - 1);
    let others: Vec<&[u8]> = others.iter().map(Vec::as_slice).collect();
    let begin = Instant::now();
    let result = judge(&[record(2, 0, 1, &tower[0].der)], &behind(&server, &others));
    assert_eq!(result, Ok((2, 6)));
    assert!(begin.elapsed() < Duration::from_secs(2));
}

#[test]
fn of_one_authority_four_certificates_are_looked_at() {
    let root = Authority::root();
    let issuer = root.below("Issuer");
    let server = issuer.server();
    // Each is another certificate, and too old.
    let old = |day: u8| {
        root.cross_sign(&issuer, |params| {
            expired(params);
            params.serial_number = Some(vec![day].into());
        })
    };
    let twins = [1, 2, 3, 4].map(old);
    let judged = |old: &[Vec<u8>]| {
        let mut chain = vec![server.as_slice()];
        chain.extend(old.iter().map(Vec::as_slice));
        chain.extend([issuer.der.as_slice(), &root.der]);
        judge(&[record(2, 1, 1, &root.der)], &chain)
    };
    assert!(judged(&twins[..3]).is_ok());
    assert_eq!(judged(&twins), Err(VerifyError::Expired));
}

#[test]
fn section_5_2_3_a_bare_key_counts_beside_records_of_other_kinds() {
    let root = Authority::root();
    let issuer = root.below("Issuer");
    let server = issuer.server();
    let chain = [server.as_slice(), &issuer.der];
    let key = record(2, 1, 0, &root.der);
    let elsewhere = Authority::root();
    for other in [
        record(3, 1, 1, other_leaf()),
        record(2, 1, 1, &elsewhere.der),
        record(2, 1, 1, &root.der),
        record(2, 0, 1, &root.der),
    ] {
        assert!(judge(from_ref(&other), &chain).is_err(), "{other}");
        for records in [[key.clone(), other.clone()], [other.clone(), key.clone()]] {
            let result = prove(&records, &chain).unwrap();
            assert_eq!(result.record(), Some(&key));
            assert_eq!(result.depth(), 1);
        }
    }
    let all = [
        record(3, 1, 1, other_leaf()),
        record(2, 1, 1, &elsewhere.der),
        key,
    ];
    assert_eq!(judge(&all, &chain), Ok((2, 1)));
}
