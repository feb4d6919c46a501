//! Reasons are read by people: each has a sentence of its own, and its place in the standards.

use std::collections::BTreeSet;
use std::fmt::Display;

use smtp_dane::NoAuthentication;
use smtp_dane::delivery::Objection;
use smtp_dane::resolve::HostError;
use smtp_dane::session::Refusal;
use smtp_dane::tlsa::{SetError, Unusable};

/// All of these say something, and none says what another one says.
fn say_something_each(reasons: &[&dyn Display]) {
    let sentences: BTreeSet<String> = reasons.iter().map(ToString::to_string).collect();
    assert!(!sentences.contains(""));
    assert_eq!(sentences.len(), reasons.len(), "{sentences:?}");
}

#[test]
fn each_reason_why_a_record_cannot_be_used_has_its_sentence_and_place() {
    let places = [
        (Unusable::TooShort, "RFC 6698 §2.1"),
        (Unusable::NoData, "RFC 6698 §2.1"),
        (Unusable::PkixUsage, "RFC 7672 §3.1.3"),
        (Unusable::UnknownUsage, "RFC 6698 §4.1"),
        (Unusable::UnknownSelector, "RFC 6698 §4.1"),
        (Unusable::UnknownMatchingType, "RFC 6698 §4.1"),
        (Unusable::DigestLength, "RFC 6698 §4.1"),
        (Unusable::DisabledDigest, "RFC 6698 §4.1"),
        (Unusable::NotDer, "RFC 6698 §4.1"),
        (Unusable::WeakerDigest, "RFC 7671 §9"),
    ];
    for (reason, place) in places {
        assert_eq!(reason.cite(), place, "{reason:?}");
    }
    let reasons: Vec<&dyn Display> = places.iter().map(|(reason, _)| reason as _).collect();
    say_something_each(&reasons);
}

#[test]
fn what_leaves_nothing_to_authenticate_by_has_its_sentence_and_place() {
    let none = NoAuthentication::AllUnusable(Vec::new());
    assert_eq!(none.cite(), "RFC 6698 §4.1");
    let many = NoAuthentication::Set(SetError::TooManyRecords);
    assert_eq!(many.cite(), SetError::TooManyRecords.cite());
    assert!(SetError::TooManyRecords.cite().starts_with("RFC "));
    say_something_each(&[&none, &many]);
}

#[test]
fn an_objection_says_what_enforcement_would_have_said() {
    let (barred, refusal) = (HostError::Ourselves, Refusal::StartTlsNotOffered);
    for (objection, sentence, place) in [
        (
            Objection::Host(barred.clone()),
            barred.to_string(),
            barred.cite(),
        ),
        (
            Objection::Connection(refusal),
            refusal.to_string(),
            refusal.cite(),
        ),
    ] {
        assert_eq!(objection.to_string(), sentence);
        assert_eq!(objection.cite(), place);
    }
}
