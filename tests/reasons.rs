//! Which of several reasons is reported: the one that is the nearest to success, and so of the most use to whoever must mend
//! it.

use std::collections::BTreeSet;

use rcgen::{BasicConstraints, CertificateParams, IsCa};
use smtp_dane::cert::CertificateError;
use smtp_dane::tlsa::{MAX_RECORDS, Record, Role};
use smtp_dane::{Authentication, NoAuthentication, Policy, VerifyError};

use crate::support::certificates::leaf;
use crate::support::dane::{raw, record};
use crate::support::name;
use crate::support::pki::{
    Authority, data, excludes, expired, forged, judge, no_authority, not_yet_valid, path_length,
    unknown_critical,
};

#[test]
fn reasons_stand_in_the_order_of_their_use() {
    let structure = VerifyError::Certificate(CertificateError::Structure);
    let order = [
        VerifyError::NoCertificate,
        VerifyError::NoRecordMatched,
        structure,
        VerifyError::IssuerNotFound,
        VerifyError::UnsupportedAlgorithm,
        VerifyError::Signature,
        VerifyError::CriticalExtension,
        VerifyError::CaAsServer,
        VerifyError::NotACa,
        VerifyError::Purpose,
        VerifyError::PathLength,
        VerifyError::NameConstraint,
        VerifyError::ChainBudget,
        VerifyError::NotYetValid,
        VerifyError::Expired,
        VerifyError::NameMismatch,
    ];
    assert!(order.is_sorted_by(|one, next| one < next));
    for reason in order {
        assert!(!reason.to_string().is_empty() && reason.cite().starts_with("RFC "));
    }
}

#[test]
fn of_several_reasons_the_greatest_is_reported() {
    type Change = fn(&mut CertificateParams);
    // Two anchors of one name and key, each with a fault of its own.
    let faults: [(Change, VerifyError); 5] = [
        (no_authority, VerifyError::NotACa),
        (|params| path_length(0)(params), VerifyError::PathLength),
        (
            |params| excludes("example.com")(params),
            VerifyError::NameConstraint,
        ),
        (not_yet_valid, VerifyError::NotYetValid),
        (expired, VerifyError::Expired),
    ];
    let root = Authority::root();
    let issuer = root.below("Issuer");
    let server = issuer.server();
    for (first, reason) in faults {
        for (second, other) in faults {
            let anchors = [root.again(first), root.again(second)];
            let chain = [&server, &issuer.der, &anchors[0], &anchors[1]].map(Vec::as_slice);
            let result = judge(&[record(2, 1, 1, &root.der)], &chain);
            assert_eq!(result, Err(reason.max(other)));
        }
    }
    // The same two, in the DNS alone.
    for (first, reason) in faults {
        for (second, other) in faults {
            let anchors = [root.again(first), root.again(second)];
            let records = [&anchors[0], &anchors[1]].map(|anchor| record(2, 0, 0, anchor));
            let result = judge(&records, &[&server, &issuer.der]);
            assert_eq!(result, Err(reason.max(other)));
        }
    }
    // A good path without the name is the nearest to success.
    let anchors = [root.again(expired), root.der.clone()];
    let nameless = issuer.server_with(|params| params.subject_alt_names.clear());
    let chain = [&nameless, &issuer.der, &anchors[0], &anchors[1]].map(Vec::as_slice);
    let result = judge(&[record(2, 1, 1, &root.der)], &chain);
    assert_eq!(result, Err(VerifyError::NameMismatch));
}

#[test]
fn what_lies_beside_the_path_does_not_hide_the_reason() {
    // Nothing of this has to do with the server's certificate, whose issuer is missing.
    let root = Authority::root();
    let server = root.below("Missing").server();
    let strange = Authority::root_with("Strange", unknown_critical);
    let cut = &root.der[..100];
    for stray in [
        b"garbage",
        cut,
        data::V1_ROOT,
        leaf(),
        &strange.der,
        &forged(cut),
    ] {
        for records in [
            vec![record(2, 0, 1, &root.der)],
            vec![record(2, 0, 1, &root.der), raw(3, 1, 1, &[7; 32])],
        ] {
            let chain = [server.as_slice(), stray, &root.der];
            assert_eq!(judge(&records, &chain), Err(VerifyError::IssuerNotFound));
        }
    }
}

#[test]
fn a_server_whose_certificate_says_that_it_is_an_authority_is_told_so() {
    let root = Authority::root();
    let server =
        root.server_with(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    let result = judge(&[record(2, 1, 1, &root.der)], &[&server, &root.der]);
    assert_eq!(result, Err(VerifyError::CaAsServer));
}

#[test]
fn a_certificate_that_nobody_can_read_is_the_reason_only_where_a_record_reads_it() {
    let structure = VerifyError::Certificate(CertificateError::Structure);
    for (selector, reason) in [(0, VerifyError::NoRecordMatched), (1, structure)] {
        let records = [raw(3, selector, 1, &[7; 32])];
        assert_eq!(judge(&records, &[b"garbage"]), Err(reason));
    }
}

#[test]
fn each_reason_why_octets_are_no_certificate_has_a_sentence_and_a_place() {
    let all = [
        CertificateError::Structure,
        CertificateError::PublicKey,
        CertificateError::LeftOver,
        CertificateError::RepeatedExtension,
    ];
    let sentences: BTreeSet<String> = all.iter().map(ToString::to_string).collect();
    assert_eq!(sentences.len(), all.len(), "{sentences:?}");
    for error in all {
        assert!(error.cite().starts_with("RFC "));
        let reason = VerifyError::Certificate(error);
        assert!(reason.to_string().ends_with(&error.to_string()));
        assert_eq!(reason.cite(), error.cite());
    }
}

#[test]
fn records_that_leave_nothing_to_authenticate_by_say_why() {
    let made = |records: Vec<Record>| {
        let policy = Policy::default();
        Authentication::from_vouched_records(name("a.example"), [], records, Role::Relay, &policy)
    };
    let none = made(Vec::new()).unwrap_err();
    assert_eq!(none, NoAuthentication::AllUnusable(Vec::new()));
    let unusable = made(vec![raw(1, 1, 1, &[7; 32])]).unwrap_err();
    assert!(matches!(&unusable, NoAuthentication::AllUnusable(records) if records.len() == 1));
    let digest = |n: usize| raw(3, 1, 1, &[u8::try_from(n).unwrap(); 32]);
    let many = made((0..=MAX_RECORDS).map(digest).collect()).unwrap_err();
    assert!(matches!(many, NoAuthentication::Set(_)));
    for error in [none, unusable, many] {
        assert!(!error.to_string().is_empty());
    }
}
