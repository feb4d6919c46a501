//! Which of several reasons is reported: the one that is the nearest to success, and so of the most use to whoever must mend
//! it.

use rcgen::CertificateParams;
use smtp_dane::VerifyError;
use smtp_dane::cert::CertificateError;

use crate::support::certificates::leaf;
use crate::support::dane::{raw, record};
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
