//! What is written with the feature `serde` is what is read, in a format that names its fields and in one that does not.

use core::fmt::Debug;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use smtp_dane::delivery::{Deferral, Failure, Objection, Outcome, Transfer};
use smtp_dane::dns::{ExtendedError, FailedLookup, LookupError, QueryType, Rcode, Security};
use smtp_dane::report::Status;
use smtp_dane::resolve::{
    Host, HostError, NextHop, NotApplicable, RouteError, SMTP_PORT, TlsPolicy,
};
use smtp_dane::session::{self, Assurance, Downgrade, Refusal, Session};
use smtp_dane::tlsa::Record;
use smtp_dane::{DaneMode, Digests, Identity, Name, Policy, Verified, VerifyError};

use crate::support::certificates::leaf;
use crate::support::sites::{authentication, domain, one_host, usable};
use crate::support::world::NOW;
use crate::support::{name, question};

/// Writes a value and reads it, in both formats.
pub fn again<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> T {
    let text = serde_json::to_string(value).unwrap();
    let read: T = serde_json::from_str(&text).unwrap();
    let octets = postcard::to_stdvec(value).unwrap();
    assert_eq!(postcard::from_bytes::<T>(&octets).unwrap(), read);
    read
}

fn stays<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    assert_eq!(again(value), *value);
}

fn failed_lookup() -> FailedLookup {
    FailedLookup {
        question: question("_25._tcp.mx.example.com", QueryType::Tlsa),
        error: LookupError::Rcode(Rcode::SERV_FAIL),
        extended: vec![ExtendedError {
            code: 6,
            text: "the \"signature\" is wrong".to_owned(),
        }],
    }
}

#[test]
fn names_are_written_as_text_whatever_octets_they_have() {
    let odd = Name::from_wire(b"\x05a.b\\\xff\x04\x00 *_\x03com\x00").unwrap();
    for name in [odd, Name::root(), name("MX.Example.com")] {
        stays(&name);
    }
    let text = serde_json::to_string(&name("mx.example.com")).unwrap();
    assert_eq!(text, "\"mx.example.com\"");
}

#[test]
fn a_name_that_cannot_exist_is_not_read() {
    let label = "a".repeat(64);
    for text in ["", "mx..example", "m x", &label, &"abc.".repeat(64)] {
        let text = serde_json::to_string(text).unwrap();
        assert!(serde_json::from_str::<Name>(&text).is_err(), "{text}");
    }
}

#[test]
fn records_and_next_hops_stay_what_they_are() {
    for rdata in [&[][..], &[3], &[3, 1, 1, 0xab], &[0xff; 300]] {
        stays(&Record::from_rdata(rdata));
    }
    let port = 2525.try_into().unwrap();
    let hops = [
        domain(),
        domain().on_port(port),
        NextHop::relay(name("relay.example"), SMTP_PORT),
        NextHop::literal([192, 0, 2, 1].into()),
        NextHop::submission(name("submit.example"), port),
    ];
    hops.iter().for_each(stays);
}

#[test]
fn a_policy_stays_what_it_is_and_has_no_field_that_may_be_missing() {
    let mut policy = Policy::default();
    policy.dane = DaneMode::Mandatory;
    policy.digests = Digests::Sha512;
    policy.bounds.attempts = 3.try_into().unwrap();
    policy.identities = Arc::from([
        Identity::Name(name("mail.example.net")),
        Identity::Address([2001, 0xdb8, 0, 0, 0, 0, 0, 1].into()),
    ]);
    stays(&policy);
    let whole = serde_json::to_value(&policy).unwrap();
    for field in whole.as_object().unwrap().keys() {
        let mut short = whole.clone();
        short.as_object_mut().unwrap().remove(field);
        let error = serde_json::from_value::<Policy>(short).unwrap_err();
        assert!(error.to_string().contains(field), "{field}: {error}");
    }
}

#[test]
fn outcomes_and_their_reasons_stay_what_they_are() {
    let host = Host::Name(name("mx.example.com"));
    let lookup = HostError::Lookup(failed_lookup());
    let refusal = Refusal::NotAuthenticated(VerifyError::Expired);
    let deferrals = [
        Deferral::NoRoute(RouteError::InsecureMx),
        Deferral::Host {
            host: host.clone(),
            error: lookup.clone(),
        },
        Deferral::Unreachable { host: host.clone() },
        Deferral::Refused {
            host: host.clone(),
            refusal,
        },
        Deferral::NotTaken {
            host: host.clone(),
            transfer: Transfer::Delayed { code: 451 },
        },
    ];
    let failures = [
        Failure::NoRoute(RouteError::NullMx(Security::Secure)),
        Failure::NoHost {
            host: host.clone(),
            error: HostError::NoAddress {
                security: Security::Insecure,
            },
        },
        Failure::Rejected {
            host: host.clone(),
            code: 550,
        },
    ];
    let delivered = |assurance, would_refuse| Outcome::Delivered {
        host: Host::Address([192, 0, 2, 1].into()),
        address: [192, 0, 2, 1].into(),
        assurance,
        would_refuse,
    };
    let cleartext = Assurance::Cleartext(Downgrade::Rejected { code: 454 });
    let mut outcomes = vec![
        delivered(cleartext, Some(Objection::Host(lookup))),
        delivered(Assurance::Encrypted, None),
        delivered(
            Assurance::NotAuthenticated(VerifyError::NameMismatch),
            Some(Objection::Connection(refusal)),
        ),
    ];
    outcomes.extend(deferrals.map(Outcome::Deferred));
    outcomes.extend(failures.map(Outcome::Failed));
    for outcome in &outcomes {
        stays(outcome);
        stays(&Status::of(outcome));
    }
    stays(&NotApplicable::InsecureAlias);
}

#[test]
fn a_proof_that_was_read_is_a_report_that_no_session_takes() {
    let zone = one_host(&usable("mx.example.com"));
    let wanted = authentication(&zone, domain());
    let proof = wanted.verify(&[leaf().into()], NOW, &[]).unwrap();
    let read: Verified = again(&proof);
    assert_ne!(read, proof);
    assert_eq!(read.record(), proof.record());
    assert_eq!(
        (read.depth(), read.name(), read.scope()),
        (0, None, proof.scope())
    );

    let mut session = Session::new(TlsPolicy::Authenticate(wanted), &Policy::default());
    let offered = session::Event::Hello(session::StartTlsOffer::Offered);
    session.handle(offered).unwrap();
    session
        .handle(session::Event::StartTlsReply {
            code: 220,
            buffered: 0,
        })
        .unwrap();
    let before = session.clone();
    assert!(session.handle(session::Event::Authenticated(read)).is_err());
    assert_eq!(session, before);
    session
        .handle(session::Event::Authenticated(proof))
        .unwrap();
    assert!(matches!(
        session.step(),
        session::Step::Transfer(Assurance::Authenticated(_))
    ));
}
