//! Reasons are read by people: each has a sentence of its own, and its place in the standards.
//!
//! The places stand here a second time, by hand: a wrong one sends its reader to the wrong page.

use std::collections::BTreeSet;
use std::fmt::Display;

use smtp_dane::delivery::{Failure, Objection, Transfer};
use smtp_dane::dns::{Discard, FailedLookup, LookupError, Malformed, QueryType, Rcode, Security};
use smtp_dane::resolve::{DropReason, EncryptCause, Host, HostError, NotApplicable};
use smtp_dane::resolve::{ResolverFault, RouteError};
use smtp_dane::session::{Downgrade, Refusal};
use smtp_dane::tlsa::{SetError, Unusable};
use smtp_dane::{DaneMode, Digests, NoAuthentication, Policy, VerifyError};

use crate::support::dane::{authentication_by, raw, tls_policy};
use crate::support::{name, question};

/// Each of these says something, and none what another one says; and each cites its place.
fn say<T: Display>(cite: impl Fn(&T) -> &'static str, places: &[(T, &str)]) {
    for (reason, place) in places {
        assert_eq!(cite(reason), *place, "{reason}");
    }
    let sentences: BTreeSet<String> = places
        .iter()
        .map(|(reason, _)| reason.to_string())
        .collect();
    assert!(!sentences.contains(""));
    assert_eq!(sentences.len(), places.len(), "{sentences:?}");
}

fn failed() -> FailedLookup {
    FailedLookup {
        question: question("example.com", QueryType::Mx),
        error: LookupError::Timeout,
        extended: Vec::new(),
    }
}

#[test]
fn why_a_record_cannot_be_used() {
    say(
        |reason: &Unusable| reason.cite(),
        &[
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
        ],
    );
}

#[test]
fn what_leaves_nothing_to_authenticate_by() {
    say(
        NoAuthentication::cite,
        &[
            (NoAuthentication::AllUnusable(Vec::new()), "RFC 6698 §4.1"),
            (
                NoAuthentication::Set(SetError::TooManyRecords),
                "RFC 7672 §2.1.2",
            ),
        ],
    );
}

#[test]
fn where_a_reply_breaks_the_format() {
    say(
        |malformed: &Malformed| malformed.cite(),
        &[
            (Malformed::Truncated, "RFC 1035 §4.1"),
            (Malformed::LeftOver, "RFC 1035 §4.1"),
            (Malformed::MessageTooLong, "RFC 1035 §4.2.2"),
            (Malformed::NameTooLong, "RFC 1035 §3.1"),
            (Malformed::LabelType, "RFC 1035 §4.1.4"),
            (Malformed::ForwardPointer, "RFC 1035 §4.1.4"),
            (Malformed::TooManyPointers, "RFC 1035 §4.1.4"),
            (Malformed::TooManyLabels, "RFC 1035 §4.1.4"),
            (Malformed::RdataLength, "RFC 1035 §4.1.3"),
            (Malformed::Class, "RFC 1035 §4.1.3"),
            (Malformed::SecondOpt, "RFC 6891 §6.1.1"),
            (Malformed::MisplacedOpt, "RFC 6891 §6.1.1"),
            (Malformed::OptOwner, "RFC 6891 §6.1.2"),
            (Malformed::DataDenied, "RFC 1035 §4.1.1"),
        ],
    );
}

#[test]
fn why_a_lookup_failed() {
    say(
        |error: &LookupError| error.cite(),
        &[
            (LookupError::Timeout, "RFC 7672 §2.1.1"),
            (LookupError::Unreachable, "RFC 7672 §2.1.1"),
            (LookupError::Rcode(Rcode(2)), "RFC 7672 §2.1.1"),
            (LookupError::Bogus, "RFC 4035 §4.3"),
            (LookupError::Indeterminate, "RFC 4035 §4.3"),
            (
                LookupError::Malformed(Malformed::OptOwner),
                "RFC 6891 §6.1.2",
            ),
            (LookupError::ConflictingAliases, "RFC 1034 §3.6.2"),
            (LookupError::UnrelatedRecord, "RFC 1034 §3.6.2"),
            (LookupError::AliasLoop, "RFC 7672 §2.1.3"),
            (LookupError::AliasChainTooLong, "RFC 7672 §2.1.3"),
            (LookupError::DnameWithoutAlias, "RFC 7672 §2.1.3"),
        ],
    );
    let codes = [
        (0, "NOERROR"),
        (1, "FORMERR"),
        (2, "SERVFAIL"),
        (3, "NXDOMAIN"),
        (4, "NOTIMP"),
        (5, "REFUSED"),
        (6, "YXDOMAIN"),
        (16, "BADVERS"),
        (77, "RCODE 77"),
    ];
    assert!(
        codes
            .iter()
            .all(|(code, word)| Rcode(*code).to_string() == *word)
    );
    let sentence = "the lookup of example.com MX failed: no answer in time";
    assert_eq!(failed().to_string(), sentence);
    assert_ne!(Discard::NotOurs.to_string(), Discard::Truncated.to_string());
}

#[test]
fn why_a_next_hop_has_no_route() {
    say(
        RouteError::cite,
        &[
            (RouteError::Lookup(failed()), "RFC 7672 §2.1.2"),
            (RouteError::NoDomain(Security::Secure), "RFC 5321 §5.1"),
            (RouteError::Ourselves, "RFC 5321 §5.1"),
            (RouteError::NullMx(Security::Secure), "RFC 7505 §3"),
            (RouteError::InsecureMx, "RFC 7672 §2.2.1"),
            (RouteError::UnprovenLoop, "RFC 7672 §2.2.1"),
        ],
    );
    say(
        |reason: &DropReason| reason.cite(),
        &[
            (DropReason::RootExchange, "RFC 7505 §3"),
            (DropReason::Repeated, "RFC 5321 §5.1"),
            (DropReason::Ourselves, "RFC 5321 §5.1"),
            (DropReason::NoBetterThanOurselves, "RFC 5321 §5.1"),
            (DropReason::OverLimit, "RFC 5321 §5.1"),
        ],
    );
}

#[test]
fn why_a_host_cannot_be_used_or_is_no_matter_of_dane() {
    let security = Security::Secure;
    say(
        HostError::cite,
        &[
            (HostError::Lookup(failed()), "RFC 7672 §2.1.2"),
            (HostError::NoAddress { security }, "RFC 7672 §2.2.2"),
            (HostError::AliasRefused, "RFC 7672 §2.2.2"),
            (HostError::AliasesDisagree, "RFC 7672 §2.1.3"),
            (HostError::AliasChanged, "RFC 7672 §2.1.3"),
            (
                HostError::TlsaSet(SetError::TooManyRecords),
                "RFC 7672 §2.1.2",
            ),
            (
                HostError::DaneRequired(NotApplicable::NoTlsa),
                "RFC 7672 §2.2",
            ),
            (HostError::NoUsableTlsa, "RFC 7672 §2.2"),
            (HostError::UnprovenLoop, "RFC 7672 §2.2.1"),
            (HostError::Ourselves, "RFC 5321 §5.1"),
            (HostError::NoBetterThanOurselves, "RFC 5321 §5.1"),
            (HostError::NotOfRoute, "RFC 5321 §5.1"),
        ],
    );
    say(
        |reason: &NotApplicable| reason.cite(),
        &[
            (NotApplicable::AddressLiteral, "RFC 7672 §2.2"),
            (NotApplicable::InsecureMx, "RFC 7672 §2.2.1"),
            (NotApplicable::InsecureAddress, "RFC 7672 §2.2.2"),
            (NotApplicable::InsecureAlias, "RFC 7672 §2.2.2"),
            (NotApplicable::NoTlsa, "RFC 7672 §2.2.3"),
            (NotApplicable::Submission, "RFC 7672 §7"),
            (NotApplicable::SwitchedOff, "RFC 7672 §9.1"),
        ],
    );
}

#[test]
fn why_a_resolver_is_of_no_use() {
    let asked = || question(".", QueryType::Mx);
    let security = Security::Insecure;
    let answered = ResolverFault::BogusAnswered {
        question: asked(),
        security,
    };
    say(
        ResolverFault::cite,
        &[
            (ResolverFault::Untrusted, "RFC 4035 §4.9.3"),
            (ResolverFault::NotSecure(asked()), "RFC 7672 §2.1.1"),
            (ResolverFault::AdLost(asked()), "RFC 4035 §3.2.3"),
            (answered, "RFC 4035 §5.5"),
            (ResolverFault::NoDomain(asked()), "RFC 1035 §4.1.1"),
            (ResolverFault::Lookup(failed()), "RFC 7672 §2.1.2"),
        ],
    );
}

#[test]
fn why_a_connection_is_given_up_or_not_encrypted() {
    let (code, proof) = (454, VerifyError::NoRecordMatched);
    say(
        Refusal::cite,
        &[
            (Refusal::StartTlsNotOffered, "RFC 7672 §2.2"),
            (Refusal::StartTlsRejected { code }, "RFC 7672 §2.2"),
            (Refusal::HandshakeFailed, "RFC 7672 §2.2"),
            (Refusal::PlaintextInjected, "RFC 3207 §4.2"),
            (Refusal::NotAuthenticated(proof), proof.cite()),
            (Refusal::HelloRejected { code }, "RFC 5321 §5.1"),
            (Refusal::ConnectionLost, "RFC 5321 §5.1"),
        ],
    );
    say(
        |downgrade: &Downgrade| downgrade.cite(),
        &[
            (Downgrade::NotOffered, "RFC 7672 §2.2"),
            (Downgrade::Rejected { code }, "RFC 7672 §2.2"),
            (Downgrade::HandshakeFailed, "RFC 7672 §2.2"),
        ],
    );
    let record = raw(3, 1, 1, &[7; 32]);
    for (dane, place) in [
        (DaneMode::AuditOnly, "RFC 7672 §9.1"),
        (DaneMode::Opportunistic, "RFC 7672 §2.2"),
    ] {
        let mut policy = Policy::default();
        policy.dane = dane;
        let tls = tls_policy(core::slice::from_ref(&record), &policy).unwrap();
        assert_eq!(Downgrade::NotOffered.cite_under(&tls), place, "{dane:?}");
    }
    let wanted = authentication_by(&[record], Digests::default());
    say(
        EncryptCause::cite,
        &[
            (EncryptCause::AllUnusable(Vec::new()), "RFC 7672 §2.2"),
            (
                EncryptCause::InsecureMx(wanted.tlsa().clone()),
                "RFC 7672 §2.2.1",
            ),
        ],
    );
}

#[test]
fn why_mail_is_returned_and_what_a_server_did_with_it() {
    let host = Host::Name(name("mx.example.com"));
    let error = HostError::Ourselves;
    let barred = Failure::NoHost {
        host: host.clone(),
        error,
    };
    say(
        Failure::cite,
        &[
            (Failure::NoRoute(RouteError::InsecureMx), "RFC 7672 §2.2.1"),
            (barred, "RFC 5321 §5.1"),
            (Failure::Rejected { host, code: 550 }, "RFC 5321 §4.2.1"),
        ],
    );
    say(
        |transfer: &Transfer| transfer.cite(),
        &[
            (Transfer::Accepted, "RFC 5321 §4.2.1"),
            (Transfer::Rejected { code: 550 }, "RFC 5321 §4.2.1"),
            (Transfer::Delayed { code: 450 }, "RFC 5321 §4.2.1"),
            (Transfer::Interrupted, "RFC 5321 §4.5.4.1"),
        ],
    );
    say(
        Objection::cite,
        &[
            (Objection::Host(HostError::Ourselves), "RFC 5321 §5.1"),
            (
                Objection::Connection(Refusal::HandshakeFailed),
                "RFC 7672 §2.2",
            ),
        ],
    );
}
