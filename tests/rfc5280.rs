//! RFC 5280 §6.1: what must hold of the path below a trust anchor. What must hold of the anchor is in `rfc5280_6_2.rs`, of
//! single fields and extensions in `rfc5280_4.rs`.

use std::slice::from_ref;

use rcgen::IsCa;
use smtp_dane::{Policy, VerifyError};

use crate::support::dane::record;
use crate::support::pki::{
    Authority, Four, algorithms, at, data, ders, expired, extension, forged, judge, no_authority,
    no_cert_sign, not_yet_valid, path_length, unknown_critical, wanted,
};

#[test]
fn section_6_1_a_path_leads_from_the_server_to_the_anchor() {
    let four = Four::sound();
    let chain = four.chain(0, &four.server);
    for (depth, certificate) in chain.iter().enumerate().skip(1) {
        for (selector, matching) in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)] {
            let record = record(2, selector, matching, certificate);
            assert_eq!(judge(from_ref(&record), &chain), Ok((2, depth)), "{record}");
            // What stands above the anchor is not needed.
            assert_eq!(judge(&[record], &chain[..=depth]), Ok((2, depth)));
        }
    }
}

#[test]
fn section_6_1_a_gap_in_the_path_is_no_path() {
    let four = Four::sound();
    let chain = four.chain(0, &four.server);
    let anchor = record(2, 0, 1, &four.root.der);
    for missing in 1..3 {
        let mut broken = chain.to_vec();
        broken.remove(missing);
        let result = judge(from_ref(&anchor), &broken);
        assert_eq!(result, Err(VerifyError::IssuerNotFound), "{missing}");
    }
    let result = judge(&[anchor], &chain[..3]);
    assert_eq!(result, Err(VerifyError::NoRecordMatched));
}

#[test]
fn section_6_1_3_a_every_signature_below_the_anchor_is_checked() {
    let four = Four::sound();
    let sound = four.chain(0, &four.server);
    for selector in 0..2 {
        let anchor = [record(2, selector, 1, &four.root.der)];
        for (depth, certificate) in sound.iter().enumerate().take(3) {
            let damaged = forged(certificate);
            let result = judge(&anchor, &four.chain(depth, &damaged));
            assert_eq!(result, Err(VerifyError::Signature), "{depth}");
        }
    }
}

#[test]
fn section_6_1_3_a_an_authority_of_the_same_name_and_another_key_is_another_one() {
    let four = Four::sound();
    let impostor = Authority::root_with("Sub", |_| ());
    let server = impostor.server();
    let anchor = [record(2, 0, 1, &four.root.der)];
    let result = judge(&anchor, &four.chain(0, &server));
    assert_eq!(result, Err(VerifyError::Signature));
    // Nor does it help to have both at hand, or to name the root as the issuer oneself.
    let chain = [
        &server,
        &impostor.der,
        &four.sub.der,
        &four.issuer.der,
        &four.root.der,
    ];
    let result = judge(&anchor, &chain.map(Vec::as_slice));
    assert_eq!(result, Err(VerifyError::Signature));
    let impostor = Authority::root();
    let server = impostor.server();
    let result = judge(&anchor, &[&server, &four.root.der]);
    assert_eq!(result, Err(VerifyError::Signature));
}

#[test]
fn section_6_1_3_a_every_date_below_the_anchor_is_checked() {
    let four = Four::sound();
    let anchor = [record(2, 0, 1, &four.root.der)];
    for depth in 0..3 {
        let certificate = four.changed(depth, expired);
        let chain = four.chain(depth, &certificate);
        assert_eq!(judge(&anchor, &chain), Err(VerifyError::Expired), "{depth}");
        let earlier = wanted(&anchor, &Policy::default());
        let earlier = earlier.verify(&ders(&chain), at(2025, 6, 1), algorithms());
        assert_eq!(earlier.unwrap().depth(), 3);

        let certificate = four.changed(depth, not_yet_valid);
        let chain = four.chain(depth, &certificate);
        assert_eq!(
            judge(&anchor, &chain),
            Err(VerifyError::NotYetValid),
            "{depth}"
        );
        let later = wanted(&anchor, &Policy::default());
        let later = later.verify(&ders(&chain), at(2026, 6, 1), algorithms());
        assert_eq!(later.unwrap().depth(), 3);
    }
}

#[test]
fn section_6_1_a_critical_extension_that_is_not_understood_spoils_a_certificate() {
    let four = Four::sound();
    for depth in 0..3 {
        let certificate = four.changed(depth, unknown_critical);
        let chain = four.chain(depth, &certificate);
        let result = judge(&[record(2, 0, 1, &four.root.der)], &chain);
        assert_eq!(result, Err(VerifyError::CriticalExtension), "{depth}");
        // To usage 3 it means nothing.
        assert_eq!(judge(&[record(3, 0, 1, chain[0])], &chain), Ok((3, 0)));
    }
}

#[test]
fn section_6_1_an_extension_that_is_not_critical_may_be_unknown() {
    let four = Four::sound();
    for depth in 0..3 {
        let certificate = four.changed(depth, |params| {
            params.custom_extensions = vec![extension(&[1, 3, 6, 1, 99], &[5, 0], false)];
        });
        let result = judge(
            &[record(2, 0, 1, &four.root.der)],
            &four.chain(depth, &certificate),
        );
        assert_eq!(result, Ok((2, 3)), "{depth}");
    }
}

#[test]
fn section_6_1_4_k_only_an_authority_issues_certificates() {
    let four = Four::sound();
    let nothing_said = |params: &mut rcgen::CertificateParams| params.is_ca = IsCa::NoCa;
    for depth in 1..3 {
        for certificate in [
            four.changed(depth, no_authority),
            four.changed(depth, nothing_said),
        ] {
            let chain = four.chain(depth, &certificate);
            let result = judge(&[record(2, 0, 1, &four.root.der)], &chain);
            assert_eq!(result, Err(VerifyError::NotACa), "{depth}");
        }
    }
}

#[test]
fn section_6_1_4_k_a_certificate_of_version_1_is_no_authority() {
    let chain = [data::V1_ISSUER_SERVER, data::V1_ISSUER, data::RSA_ROOT];
    let result = judge(&[record(2, 0, 1, data::RSA_ROOT)], &chain);
    assert!(result.is_err(), "{result:?}");
    let result = judge(&[record(3, 1, 1, data::V1_ISSUER_SERVER)], &chain);
    assert_eq!(result, Ok((3, 0)));
}

#[test]
fn section_6_1_4_k_a_server_issues_no_certificates() {
    // Whoever has the key of one server does not speak for another one.
    let root = Authority::root();
    let server = root.below_with("other.example.com", no_authority);
    let victim = server.server();
    let chain = [&victim, &server.der, &root.der].map(Vec::as_slice);
    let result = judge(&[record(2, 0, 1, &root.der)], &chain);
    assert_eq!(result, Err(VerifyError::NotACa));
}

#[test]
fn section_6_1_4_l_an_authority_in_between_has_no_more_below_it_than_it_allows() {
    let four = Four::sound();
    let anchor = [record(2, 0, 1, &four.root.der)];
    // One authority is below the issuer, none below the other one.
    for (depth, length, expected) in [
        (1, 0, Ok((2, 3))),
        (2, 0, Err(VerifyError::PathLength)),
        (2, 1, Ok((2, 3))),
        (2, 2, Ok((2, 3))),
    ] {
        let certificate = four.changed(depth, path_length(length));
        let result = judge(&anchor, &four.chain(depth, &certificate));
        assert_eq!(result, expected, "{depth} {length}");
    }
}

#[test]
fn section_6_1_4_l_a_path_with_too_many_authorities_that_issued_themselves_fails_closed() {
    // The issuer takes a new key: the two certificates have one name, and the older one allows no authority below it. The
    // standard does not count such a certificate. The path search does, and refuses.
    let root = Authority::root();
    let old = root.below_with("Issuer", path_length(0));
    let new = old.below_with("Issuer", path_length(0));
    let server = new.server();
    let chain = [&server, &new.der, &old.der, &root.der].map(Vec::as_slice);
    assert!(judge(&[record(2, 0, 1, &root.der)], &chain).is_err());
}

#[test]
fn section_6_1_4_n_an_authority_may_sign_certificates_if_it_lists_what_its_key_is_for() {
    let four = Four::sound();
    let anchor = [record(2, 0, 1, &four.root.der)];
    for depth in 1..3 {
        let unlisted = four.changed(depth, |params| params.key_usages.clear());
        assert_eq!(judge(&anchor, &four.chain(depth, &unlisted)), Ok((2, 3)));
        let certificate = four.changed(depth, no_cert_sign);
        let result = judge(&anchor, &four.chain(depth, &certificate));
        assert_eq!(result, Err(VerifyError::NotACa), "{depth}");
    }
}
