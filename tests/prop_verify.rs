//! Properties of the verdict on a server: what makes no difference to it, and what never makes it better.

use std::sync::OnceLock;

use pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use smtp_dane::cert::RawCertificate;
use smtp_dane::tlsa::{Record, Role};
use smtp_dane::{Authentication, Policy, Verified, VerifyError};

use crate::support::certificates::{leaf, other_leaf};
use crate::support::dane::{raw, record};
use crate::support::name;
use crate::support::odd;
use crate::support::pki::{
    Authority, HOST, algorithms, data, ders, expired, forged, judge, met, path_length,
    unknown_critical,
};
use crate::support::world::NOW;

/// A server below a web of authorities, and certificates that have nothing to do with it.
struct Site {
    servers: Vec<Vec<u8>>,
    /// All that can stand on a path from one of the servers.
    web: Vec<Vec<u8>>,
    strangers: Vec<Vec<u8>>,
}

fn site() -> &'static Site {
    static SITE: OnceLock<Site> = OnceLock::new();
    SITE.get_or_init(|| {
        let root = Authority::root();
        let (issuer, narrow) = (
            root.below("Issuer"),
            root.below_with("Narrow", path_length(0)),
        );
        let (sub, below) = (issuer.below("Sub"), narrow.below("Below narrow"));
        let other = Authority::root_with("Other root", expired);
        let nameless = sub.server_with(|params| params.subject_alt_names.clear());
        let servers = vec![
            sub.server(),
            issuer.server(),
            root.server(),
            below.server(),
            forged(&sub.server()),
            issuer.server_with(expired),
            issuer.server_with(unknown_critical),
            nameless,
            root.der.clone(),
        ];
        let mut web = vec![
            other.cross_sign(&root, |_| ()),
            root.cross_sign(&sub, |_| ()),
            root.cross_sign(&issuer, expired),
        ];
        web.extend([root, issuer, narrow, sub, below, other].map(|authority| authority.der));
        let strangers = [
            other_leaf(),
            data::V1_ROOT,
            data::RSA_ROOT,
            data::P521_ROOT,
            b"garbage",
            b"",
            &leaf()[..70],
        ];
        Site {
            servers,
            web,
            strangers: strangers.map(<[u8]>::to_vec).into(),
        }
    })
}

fn any_record() -> impl Strategy<Value = Record> {
    let site = site();
    let all: Vec<Vec<u8>> = [&site.servers[..], &site.web].concat();
    // Records of the web are likelier to match, and every one of them is of some use.
    let matching = (2..4_u8, 0..2_u8, 0..3_u8, select(all));
    let known = matching.prop_map(|(usage, selector, matching, certificate)| {
        record(usage, selector, matching, &certificate)
    });
    let digest = (2..4_u8, 0..2_u8, vec(any::<u8>(), 32));
    let unknown = digest.prop_map(|(usage, selector, digest)| raw(usage, selector, 1, &digest));
    prop_oneof![8 => known, 1 => unknown]
}

fn unusable_record() -> impl Strategy<Value = Record> {
    let any = (
        any::<u8>(),
        any::<u8>(),
        any::<u8>(),
        vec(any::<u8>(), 0..40),
    );
    let any =
        any.prop_map(|(usage, selector, matching, data)| raw(usage, selector, matching, &data));
    let relay = |record: &Record| {
        record
            .usability(Role::Relay, smtp_dane::Digests::default())
            .is_err()
    };
    let pkix = select(site().servers.clone()).prop_map(|server| record(1, 1, 1, &server));
    prop_oneof![any.prop_filter("usable", relay), pkix]
}

fn any_server() -> impl Strategy<Value = Vec<u8>> {
    select(site().servers.clone())
}

fn any_others() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let web = site().web.clone();
    let count = web.len();
    prop_oneof![
        4 => Just(web.clone()).prop_shuffle(),
        2 => subsequence(web, 0..=count).prop_shuffle(),
    ]
}

/// As much digest agility as there is between the records would make the verdict depend on a record that does not match.
fn wanted(records: &[Record]) -> Option<Authentication> {
    Authentication::from_vouched_records(
        name(HOST),
        [],
        records.to_vec(),
        Role::Relay,
        &Policy::default(),
    )
    .ok()
}

fn verdict(records: &[Record], chain: &[Vec<u8>]) -> Result<Verified, VerifyError> {
    let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
    let wanted = wanted(records).ok_or(VerifyError::NoRecordMatched)?;
    wanted.verify(&ders(&chain), NOW, algorithms())
}

/// What the order of things must not change: success, usage and depth.
fn outline(result: &Result<Verified, VerifyError>) -> Option<(u8, usize)> {
    met(result).ok()
}

fn chain(server: &[u8], others: &[Vec<u8>]) -> Vec<Vec<u8>> {
    [&[server.to_vec()], others].concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_order_of_records_makes_no_difference(
        (records, shuffled) in vec(any_record(), 1..6)
            .prop_flat_map(|records| (Just(records.clone()), Just(records).prop_shuffle())),
        server in any_server(),
        others in any_others(),
    ) {
        let chain = chain(&server, &others);
        let (first, second) = (verdict(&records, &chain), verdict(&shuffled, &chain));
        prop_assert_eq!(outline(&first), outline(&second));
        prop_assert_eq!(first.err(), second.err());
        let fingerprints = [records, shuffled].map(|records| *wanted(&records).unwrap().fingerprint());
        prop_assert_eq!(fingerprints[0], fingerprints[1]);
    }

    #[test]
    fn to_publish_a_record_twice_makes_no_difference(
        records in vec(any_record(), 1..5),
        twice in any::<Index>(),
        server in any_server(),
        others in any_others(),
    ) {
        let chain = chain(&server, &others);
        let mut doubled = records.clone();
        doubled.push(twice.get(&records).clone());
        prop_assert_eq!(verdict(&records, &chain), verdict(&doubled, &chain));
    }

    #[test]
    fn the_order_of_certificates_behind_the_first_makes_no_difference(
        records in vec(any_record(), 1..5),
        server in any_server(),
        (others, shuffled) in any_others()
            .prop_flat_map(|others| (Just(others.clone()), Just(others).prop_shuffle())),
    ) {
        let first = verdict(&records, &chain(&server, &others));
        let second = verdict(&records, &chain(&server, &shuffled));
        prop_assert_eq!(outline(&first), outline(&second));
    }

    #[test]
    fn certificates_that_do_not_belong_to_it_make_no_difference(
        records in vec(any_record(), 1..5),
        server in any_server(),
        others in any_others(),
        strangers in subsequence(site().strangers.clone(), 0..=4),
        doubles in any::<[Index; 2]>(),
        places in any::<[Index; 6]>(),
    ) {
        let plain = chain(&server, &others);
        let mut padded = plain.clone();
        let doubles = doubles.map(|double| double.get(&plain).clone());
        for (extra, place) in strangers.into_iter().chain(doubles).zip(places) {
            padded.insert(1 + place.index(padded.len()), extra);
        }
        padded.truncate(smtp_dane::MAX_CHAIN);
        if padded.len() < smtp_dane::MAX_CHAIN {
            let (first, second) = (verdict(&records, &plain), verdict(&records, &padded));
            prop_assert_eq!(outline(&first), outline(&second));
        }
    }

    #[test]
    fn a_record_that_is_unusable_or_does_not_match_never_helps(
        records in vec(any_record(), 1..4),
        unusable in vec(unusable_record(), 0..4),
        digests in vec((2..4_u8, 0..2_u8, vec(any::<u8>(), 32)), 0..4),
        server in any_server(),
        others in any_others(),
    ) {
        let chain = chain(&server, &others);
        let before = verdict(&records, &chain);
        let wrong = digests.iter().map(|(usage, selector, digest)| raw(*usage, *selector, 1, digest));
        let more: Vec<Record> = records.iter().cloned().chain(unusable).chain(wrong).collect();
        let after = verdict(&more, &chain);
        if before.is_err() {
            prop_assert!(after.is_err(), "{:?}", after);
        } else {
            // Nor does it harm, unless digest agility puts a record aside for its sake, which a weaker digest cannot do.
            prop_assert_eq!(outline(&before), outline(&after));
        }
    }

    #[test]
    fn the_digest_of_the_server_s_key_wins_whatever_else_is_there(
        records in vec(prop_oneof![any_record(), unusable_record()], 0..6),
        place in any::<Index>(),
        server in prop_oneof![any_server(), select(odd_servers())],
        others in prop_oneof![any_others(), vec(vec(any::<u8>(), 0..50), 0..15)],
    ) {
        let matching = record(3, 1, 1, &server);
        let agile = |record: &Record| !record.as_rdata().starts_with(&[3, 1, 2]);
        let mut records: Vec<Record> = records.into_iter().filter(agile).collect();
        records.insert(place.index(records.len() + 1), matching);
        let result = verdict(&records, &chain(&server, &others));
        prop_assert_eq!(outline(&result), Some((3, 0)), "{:?}", result);
        let proof = result.unwrap();
        prop_assert_eq!(proof.name(), None);
    }

    #[test]
    fn damaged_certificates_prove_nothing_and_stop_nothing(
        records in vec(any_record(), 1..4),
        server in any_server(),
        others in any_others(),
        damage in vec((any::<Index>(), any::<Index>(), any::<u8>(), 0..3_u8), 1..6),
        now in any::<u32>(),
    ) {
        let mut chain = chain(&server, &others);
        for (which, place, octet, kind) in damage {
            let which = which.index(chain.len());
            let certificate = &mut chain[which];
            if certificate.is_empty() {
                continue;
            }
            let place = place.index(certificate.len());
            match kind {
                0 => certificate.truncate(place),
                1 => certificate[place] ^= octet,
                _ => certificate.insert(place, octet),
            }
        }
        let now = std::time::Duration::from_secs(now.into());
        let now = pki_types::UnixTime::since_unix_epoch(now);
        let certificates: Vec<CertificateDer<'_>> = chain.iter().map(|der| der.as_slice().into()).collect();
        let wanted = wanted(&records).unwrap();
        let result = wanted.verify(&certificates, now, algorithms());
        // A server's certificate that is not one of ours any more has no sound signature and no digest.
        if let Ok(proof) = result {
            prop_assert!(site().servers.contains(&chain[0]) || proof.depth() == 0);
        }
        let _ = wanted.verify_raw_public_key(&SubjectPublicKeyInfoDer::from(chain[0].as_slice()));
    }

    #[test]
    fn any_octets_can_be_read_as_a_certificate_or_not(octets in vec(any::<u8>(), 0..300)) {
        if let Ok(certificate) = RawCertificate::parse(&octets) {
            prop_assert_eq!(certificate.as_der(), &octets[..]);
            prop_assert!(certificate.subject_public_key_info().len() < octets.len());
        }
        prop_assert!(judge(&[record(2, 1, 0, leaf()), record(3, 1, 1, leaf())], &[&octets]).is_err());
    }
}

fn odd_servers() -> Vec<Vec<u8>> {
    odd::leaves().iter().map(|(_, der)| der.clone()).collect()
}
