//! RFC 7672 §3.1: usage 3 looks at the server's certificate alone, usage 2 at a path; which server is authenticated by which
//! records, whatever else it sends. More of usage 2 is in `rfc7671_5.rs`.

use std::slice::from_ref;

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType};
use smtp_dane::{CnId, Policy, VerifyError};

use crate::support::certificates::{leaf, other_leaf, spki};
use crate::support::dane::{raw, record};
use crate::support::odd;
use crate::support::pki::{
    Authority, algorithms, at, data, ders, excludes, expired, extension, forged, judge, new_key,
    not_yet_valid, path_length, prove, unknown_critical, wanted,
};
use crate::support::world::NOW;

/// Certificates to which path validation objects, and that usage 3 takes.
fn objectionable() -> Vec<(&'static str, Vec<u8>)> {
    let root = Authority::root();
    let excluding = root.below_with("Excluding", excludes("example.com"));
    let narrow = Authority::root_with("Narrow", path_length(0)).below("Below");
    let purpose = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    let broken_names = |params: &mut CertificateParams| {
        params.subject_alt_names.clear();
        params.custom_extensions = vec![extension(&[2, 5, 29, 17], b"no names", true)];
    };
    vec![
        ("expired", root.server_with(expired)),
        ("not yet valid", root.server_with(not_yet_valid)),
        ("for clients", root.server_with(purpose)),
        ("critical extension", root.server_with(unknown_critical)),
        ("broken names", root.server_with(broken_names)),
        ("excluded name", excluding.server()),
        ("below a path that is too long", narrow.server()),
        ("forged signature", forged(&root.server())),
        ("SHA-1", data::SHA1_SERVER.to_vec()),
        ("RSA of 1024 bits", data::WEAK_ROOT.to_vec()),
        ("unknown kind of key", data::P521_ROOT.to_vec()),
        ("version 1", data::V1_SERVER.to_vec()),
        ("authority", root.der),
    ]
}

#[test]
fn section_3_1_1_usage_3_takes_what_path_validation_refuses() {
    let odd = odd::leaves().iter().cloned();
    for (what, server) in objectionable().into_iter().chain(odd) {
        for selector in 0..2 {
            for matching in 0..3 {
                let record = record(3, selector, matching, &server);
                let proof = prove(from_ref(&record), &[&server]);
                let proof = proof.unwrap_or_else(|error| panic!("{what}: {error}"));
                assert_eq!((proof.depth(), proof.name()), (0, None), "{what}");
            }
        }
    }
}

#[test]
fn section_3_1_1_usage_3_needs_no_name() {
    let root = Authority::root();
    let other = root.server_with(|params| {
        params.subject_alt_names = vec![SanType::DnsName("elsewhere.example".try_into().unwrap())];
    });
    let nameless = root.server_with(|params| {
        params.subject_alt_names.clear();
        params.distinguished_name.push(DnType::CommonName, "a host");
    });
    for server in [other, nameless] {
        for cn_id in [CnId::Fallback, CnId::Never] {
            let mut policy = Policy::default();
            policy.cn_id = cn_id;
            let wanted = wanted(&[record(3, 1, 1, &server)], &policy);
            let proof = wanted.verify(&ders(&[&server]), NOW, algorithms()).unwrap();
            assert_eq!(proof.name(), None);
        }
        // The same certificate needs one as soon as it is the anchor that matches.
        let chain = [server.as_slice(), &root.der];
        let result = judge(&[record(2, 0, 1, &root.der)], &chain);
        assert_eq!(result, Err(VerifyError::NameMismatch));
    }
}

#[test]
fn section_3_1_1_usage_3_needs_no_clock_and_no_algorithms() {
    let root = Authority::root();
    for server in [root.server_with(expired), root.server_with(not_yet_valid)] {
        let wanted = wanted(&[record(3, 0, 1, &server)], &Policy::default());
        for now in [at(1970, 1, 1), at(2026, 1, 1), at(9999, 1, 1)] {
            assert!(wanted.verify(&ders(&[&server]), now, &[]).is_ok());
        }
    }
}

#[test]
fn section_3_1_1_usage_3_does_not_look_at_the_certificates_above() {
    let root = Authority::root();
    let issuer = root.below("Issuer");
    let server = issuer.server();
    let old = root.cross_sign(&issuer, expired);
    for above in [
        &b"garbage"[..],
        b"",
        &old,
        &forged(&issuer.der),
        &issuer.der[..30],
        data::V1_ISSUER,
        &server,
    ] {
        let result = judge(&[record(3, 1, 1, &server)], &[&server, above]);
        assert_eq!(result, Ok((3, 0)));
    }
}

#[test]
fn section_3_1_1_a_record_of_usage_3_matches_no_certificate_above_the_first() {
    let root = Authority::root();
    let issuer = root.below("Issuer");
    let server = issuer.server();
    let chain = [&server, &issuer.der, &root.der].map(Vec::as_slice);
    for above in &chain[1..] {
        for selector in 0..2 {
            for matching in 0..3 {
                let result = judge(&[record(3, selector, matching, above)], &chain);
                assert_eq!(result, Err(VerifyError::NoRecordMatched));
            }
        }
    }
}

#[test]
fn section_3_1_1_of_a_pair_of_records_for_a_change_of_keys_either_matches() {
    let (current, next) = (record(3, 1, 1, leaf()), record(3, 1, 1, other_leaf()));
    for records in [[current.clone(), next.clone()], [next, current]] {
        for server in [leaf(), other_leaf()] {
            let proof = prove(&records, &[server]).unwrap();
            assert_eq!(proof.record(), Some(&record(3, 1, 1, server)));
        }
    }
}

#[test]
fn section_3_1_1_a_renewed_certificate_with_the_old_key_matches_by_the_key_alone() {
    let root = Authority::root();
    let key = new_key();
    let old = root.server_for(&key, |_| ());
    let new = root.server_for(&key, |params| params.serial_number = Some(7_u64.into()));
    assert_ne!(old, new);
    assert_eq!(spki(&old), spki(&new));
    assert_eq!(judge(&[record(3, 1, 1, &old)], &[&new]), Ok((3, 0)));
    for matching in 0..3 {
        let result = judge(&[record(3, 0, matching, &old)], &[&new]);
        assert_eq!(result, Err(VerifyError::NoRecordMatched));
    }
}

#[test]
fn section_3_1_1_a_server_with_two_keys_needs_records_for_both() {
    // Which of them it shows depends on the algorithms that the client offers.
    let both = [
        record(3, 1, 1, data::RSA_SERVER),
        record(3, 1, 1, data::P256_SERVER),
    ];
    for server in [data::RSA_SERVER, data::P256_SERVER] {
        assert_eq!(judge(&both, &[server]), Ok((3, 0)));
    }
    let result = judge(&both[..1], &[data::P256_SERVER]);
    assert_eq!(result, Err(VerifyError::NoRecordMatched));
}

#[test]
fn section_3_1_1_a_server_without_a_certificate_is_not_authenticated() {
    for records in [
        vec![record(3, 1, 1, leaf())],
        vec![record(2, 0, 1, leaf())],
        vec![record(2, 0, 0, leaf()), record(2, 1, 0, leaf())],
    ] {
        assert_eq!(judge(&records, &[]), Err(VerifyError::NoCertificate));
        assert!(judge(&records, &[b""]).is_err());
    }
}

#[test]
fn section_3_1_2_the_constraints_of_an_anchor_are_applied_if_the_record_is_the_whole_certificate() {
    let root = Authority::root_with("Root", path_length(0));
    let issuer = root.below("Issuer");
    let sub = issuer.below("Sub");
    let (direct, below, deep) = (root.server(), issuer.server(), sub.server());
    for (server, others, allowed) in [
        (&direct, vec![&root.der], true),
        (&below, vec![&issuer.der, &root.der], false),
        (&deep, vec![&sub.der, &issuer.der, &root.der], false),
    ] {
        let chain: Vec<&[u8]> = [server]
            .into_iter()
            .chain(others)
            .map(Vec::as_slice)
            .collect();
        for (selector, matching) in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)] {
            let result = judge(&[record(2, selector, matching, &root.der)], &chain);
            let expected = if allowed {
                Ok((2, 1))
            } else {
                Err(VerifyError::PathLength)
            };
            assert_eq!(result, expected);
        }
    }
}

#[test]
fn section_3_1_2_a_record_of_the_key_leaves_the_rest_of_the_anchor_to_whoever_sends_it() {
    // RFC 7671 §5.2.1 warns of it: an authority below the anchor sends another certificate with the anchor's key, which
    // nobody signed and which has no limits. Only a record of the whole certificate is proof against that.
    let root = Authority::root_with("Root", path_length(0));
    let issuer = root.below("Issuer");
    let server = issuer.server();
    let made_up = forged(&root.again(|params| {
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    }));
    let chain = [&server, &issuer.der, &made_up].map(Vec::as_slice);
    assert_eq!(judge(&[record(2, 1, 1, &root.der)], &chain), Ok((2, 2)));
    for matching in 0..3 {
        assert!(judge(&[record(2, 0, matching, &root.der)], &chain).is_err());
    }
}

#[test]
fn section_3_1_2_only_what_the_server_sends_and_what_is_published_in_full_is_looked_at() {
    let root = Authority::root();
    let server = root.server();
    for (selector, matching, expected) in [
        (0, 0, Ok((2, 1))),
        (1, 0, Ok((2, 0))),
        (0, 1, Err(VerifyError::NoRecordMatched)),
        (1, 1, Err(VerifyError::NoRecordMatched)),
        (1, 2, Err(VerifyError::NoRecordMatched)),
    ] {
        let result = judge(&[record(2, selector, matching, &root.der)], &[&server]);
        assert_eq!(result, expected);
    }
}

#[test]
fn section_3_1_3_usages_0_and_1_prove_nothing_to_a_relay_even_with_a_public_authority() {
    let root = Authority::root();
    let server = root.server();
    let root_der = pki_types::CertificateDer::from(root.der.as_slice());
    let roots = [webpki::anchor_from_trusted_cert(&root_der).unwrap()];
    let chain = ders(&[&server, &root.der]);
    let records = [
        record(0, 0, 1, &root.der),
        record(1, 1, 1, &server),
        raw(3, 1, 1, &[7; 32]),
    ];
    let wanted = wanted(&records, &Policy::default());
    let result = wanted.verify_with_roots(&chain, NOW, algorithms(), &roots);
    assert_eq!(result, Err(VerifyError::NoRecordMatched));
    assert_eq!(wanted.tlsa().unusable().len(), 2);
}

#[test]
fn section_3_1_every_kind_of_key_is_matched_by_its_octets() {
    let kinds = [
        KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap(),
        KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap(),
        KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap(),
    ];
    let root = Authority::root();
    let mut servers: Vec<Vec<u8>> = kinds
        .iter()
        .map(|key| root.server_for(key, |_| ()))
        .collect();
    servers.push(data::RSA_SERVER.to_vec());
    for server in &servers {
        for (other, matching) in servers.iter().zip([0, 1, 2, 1]) {
            let result = judge(&[record(3, 1, matching, other)], &[server]);
            assert_eq!(result.is_ok(), server == other);
        }
    }
}
