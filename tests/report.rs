//! The SMTP codes of every outcome (RFC 3463, RFC 5248).

use std::collections::BTreeSet;

use smtp_dane::VerifyError;
use smtp_dane::cert::CertificateError;
use smtp_dane::delivery::{Deferral, Failure as Final, Outcome, Transfer};
use smtp_dane::dns::{FailedLookup, LookupError, QueryType, Security};
use smtp_dane::report::Status;
use smtp_dane::resolve::{Host, HostError, NotApplicable, RouteError};
use smtp_dane::session::{Assurance, Downgrade, Refusal};
use smtp_dane::tlsa::SetError;

use crate::support::certificates::{leaf, other_leaf};
use crate::support::sites::{deliver_to, one_host, without_start_tls};
use crate::support::sites::{domain, foreign_proof, known_as, mandatory};
use crate::support::sites::{refusing_aliases, usable};
use crate::support::world::{Run, Server, World};
use crate::support::zone::{Failure, Zone};
use crate::support::{name, question};

/// The codes of the registry (RFC 5248) that a delivery can have, without their class, and the classes that fit.
const REGISTERED: [(u16, u16, &[u8]); 10] = [
    (0, 0, &[2, 4, 5]),
    (1, 2, &[5]),
    (1, 10, &[5]),
    (4, 1, &[4]),
    (4, 2, &[4]),
    (4, 3, &[4]),
    (4, 4, &[4, 5]),
    (4, 6, &[5]),
    (7, 5, &[4]),
    (7, 10, &[4]),
];

/// The status of an outcome, after what must hold for each is checked.
pub fn status(outcome: &Outcome) -> String {
    let status = Status::of(outcome);
    let (class, subject, detail) = status.enhanced;
    assert_eq!(status.basic / 100, u16::from(class), "{status}");
    let registered = REGISTERED
        .iter()
        .any(|(s, d, classes)| (*s, *d) == (subject, detail) && classes.contains(&class));
    assert!(registered, "{status} is not registered");
    let expected = match outcome {
        Outcome::Delivered { .. } => 2,
        Outcome::Deferred(_) => 4,
        Outcome::Failed(_) => 5,
    };
    assert_eq!(class, expected, "{status}");
    status.to_string()
}

fn failed_lookup(query_type: QueryType) -> FailedLookup {
    FailedLookup {
        question: question("example.com", query_type),
        error: LookupError::Bogus,
        extended: Vec::new(),
    }
}

fn host() -> Host {
    Host::Name(name("mx.example.com"))
}

fn deferred(deferral: Deferral) -> String {
    status(&Outcome::Deferred(deferral))
}

fn failed(failure: Final) -> String {
    status(&Outcome::Failed(failure))
}

#[test]
fn a_delivery_is_250_however_well_it_was_protected() {
    for assurance in [
        Assurance::Cleartext(Downgrade::NotOffered),
        Assurance::Encrypted,
        Assurance::Authenticated(foreign_proof()),
    ] {
        let outcome = Outcome::Delivered {
            host: host(),
            address: "192.0.2.1".parse().unwrap(),
            assurance,
            would_refuse: None,
        };
        assert_eq!(status(&outcome), "250 2.0.0");
    }
}

#[test]
fn without_a_route_only_what_is_certain_is_permanent() {
    let lookup = RouteError::Lookup(failed_lookup(QueryType::Mx));
    for (error, expected) in [(lookup, "451 4.4.3"), (RouteError::InsecureMx, "451 4.7.5")] {
        assert_eq!(deferred(Deferral::NoRoute(error)), expected);
    }
    for (error, expected) in [
        (RouteError::NoDomain(Security::Secure), "550 5.1.2"),
        (RouteError::NullMx(Security::Insecure), "556 5.1.10"),
        (RouteError::Ourselves, "550 5.4.6"),
    ] {
        assert_eq!(failed(Final::NoRoute(error)), expected);
    }
}

#[test]
fn every_failure_of_dane_and_of_the_dns_at_a_host_is_temporary() {
    let errors = [
        (HostError::AliasRefused, "451 4.4.4"),
        (HostError::AliasesDisagree, "451 4.4.3"),
        (HostError::AliasChanged, "451 4.4.3"),
        (HostError::TlsaSet(SetError::TooManyRecords), "451 4.7.5"),
        (HostError::NoUsableTlsa, "451 4.7.5"),
    ];
    let lookups = [
        QueryType::A,
        QueryType::Aaaa,
        QueryType::Cname,
        QueryType::Mx,
        QueryType::Tlsa,
    ];
    let lookups = lookups.map(|kind| (HostError::Lookup(failed_lookup(kind)), "451 4.4.3"));
    let required = [
        NotApplicable::AddressLiteral,
        NotApplicable::InsecureMx,
        NotApplicable::InsecureAddress,
        NotApplicable::InsecureAlias,
        NotApplicable::NoTlsa,
    ];
    let required = required.map(|why| (HostError::DaneRequired(why), "451 4.7.5"));
    for (error, expected) in errors.into_iter().chain(lookups).chain(required) {
        let deferral = Deferral::Host {
            host: host(),
            error: error.clone(),
        };
        assert_eq!(deferred(deferral), expected, "{error}");
    }
}

#[test]
fn a_host_that_is_out_for_good_is_permanent_if_no_other_is_left() {
    let no_address = |security| HostError::NoAddress { security };
    for (error, expected) in [
        (no_address(Security::Secure), "550 5.4.4"),
        (no_address(Security::Insecure), "550 5.4.4"),
        (HostError::Ourselves, "550 5.4.6"),
        (HostError::NoBetterThanOurselves, "550 5.4.6"),
    ] {
        let failure = Final::NoHost {
            host: host(),
            error,
        };
        assert_eq!(failed(failure), expected);
    }
}

#[test]
fn a_connection_that_may_not_be_used_is_temporary() {
    let verify_errors = [
        VerifyError::NoCertificate,
        VerifyError::ChainBudget,
        VerifyError::NoRecordMatched,
        VerifyError::Certificate(CertificateError::Structure),
        VerifyError::IssuerNotFound,
        VerifyError::UnsupportedAlgorithm,
        VerifyError::Signature,
        VerifyError::CriticalExtension,
        VerifyError::CaAsServer,
        VerifyError::NotACa,
        VerifyError::Purpose,
        VerifyError::PathLength,
        VerifyError::NameConstraint,
        VerifyError::NotYetValid,
        VerifyError::Expired,
        VerifyError::NameMismatch,
    ];
    let not_authenticated = verify_errors.map(|why| (Refusal::NotAuthenticated(why), "451 4.7.5"));
    let others = [
        (Refusal::PlaintextInjected, "451 4.7.5"),
        (Refusal::StartTlsNotOffered, "451 4.7.10"),
        (Refusal::StartTlsRejected { code: 554 }, "451 4.7.10"),
        (Refusal::HandshakeFailed, "451 4.7.10"),
        (Refusal::HelloRejected { code: 554 }, "451 4.4.1"),
        (Refusal::ConnectionLost, "451 4.4.1"),
    ];
    for (refusal, expected) in not_authenticated.into_iter().chain(others) {
        let host = host();
        let status = deferred(Deferral::Refused { host, refusal });
        assert_eq!(status, expected, "{refusal}");
    }
    assert_eq!(
        deferred(Deferral::Unreachable { host: host() }),
        "451 4.4.1"
    );
}

#[test]
fn the_answer_of_the_server_keeps_its_own_code() {
    let not_taken = |transfer| {
        deferred(Deferral::NotTaken {
            host: host(),
            transfer,
        })
    };
    assert_eq!(not_taken(Transfer::Delayed { code: 421 }), "421 4.0.0");
    assert_eq!(not_taken(Transfer::Delayed { code: 452 }), "452 4.0.0");
    assert_eq!(not_taken(Transfer::Interrupted), "451 4.4.2");
    for code in [550, 552, 554] {
        let failure = Final::Rejected { host: host(), code };
        assert_eq!(failed(failure), format!("{code} 5.0.0"));
    }
}

#[test]
fn a_reply_code_of_the_wrong_class_never_makes_the_two_codes_disagree() {
    // A caller reported a delay, or a refusal, with a code that says something else.
    let outcomes = |code| {
        let transfer = Transfer::Delayed { code };
        [
            Outcome::Deferred(Deferral::NotTaken {
                host: host(),
                transfer,
            }),
            Outcome::Failed(Final::Rejected { host: host(), code }),
        ]
    };
    for code in [0, 250, 354, 450, 550, 1000] {
        for outcome in outcomes(code) {
            let status = Status::of(&outcome);
            let class = u16::from(status.enhanced.0);
            assert_eq!(status.basic / 100, class, "{outcome:?} is {status}");
        }
    }
}

fn with_records() -> Zone {
    one_host(&usable("mx.example.com"))
}

fn answering(transfer: Transfer) -> Server {
    Server {
        transfer,
        ..Server::with(leaf())
    }
}

/// A delivery, its code, and how it happens.
type Row = (&'static str, &'static str, fn() -> Run);

const DELIVERIES: &[Row] = &[
    ("a server that proves itself", "250 2.0.0", || {
        deliver_to(with_records(), Server::with(leaf()))
    }),
    (
        "another certificate than the records name",
        "451 4.7.5",
        || deliver_to(with_records(), Server::with(other_leaf())),
    ),
    ("no STARTTLS in spite of records", "451 4.7.10", || {
        deliver_to(with_records(), without_start_tls())
    }),
    ("a failed TLSA lookup", "451 4.4.3", || {
        let owner = "_25._tcp.mx.example.com";
        let zone = with_records().failing(owner, QueryType::Tlsa, Failure::ServFail);
        deliver_to(zone, Server::with(leaf()))
    }),
    ("no server at the address", "451 4.4.1", || {
        World::new(with_records()).deliver(domain(), &mandatory())
    }),
    ("mandatory DANE without records", "451 4.7.5", || {
        World::new(one_host("")).deliver(domain(), &mandatory())
    }),
    ("mandatory DANE without DNSSEC", "451 4.7.5", || {
        World::new(Zone::unsigned()).deliver(domain(), &mandatory())
    }),
    ("no such domain", "550 5.1.2", || {
        deliver_to(Zone::unsigned(), without_start_tls())
    }),
    ("a null MX", "556 5.1.10", || {
        let zone = Zone::signed().with("example.com MX 0 .");
        deliver_to(zone, without_start_tls())
    }),
    ("a host without addresses", "550 5.4.4", || {
        let zone = Zone::signed().with("example.com MX 0 mx.example.com");
        deliver_to(zone, without_start_tls())
    }),
    ("this site is the best host", "550 5.4.6", || {
        World::new(with_records()).deliver(domain(), &known_as("192.0.2.1", "us.example"))
    }),
    ("an aliased host that is refused", "451 4.4.4", || {
        let zone = Zone::signed()
            .with("example.com MX 0 a.example\na.example CNAME b.example\nb.example A 192.0.2.1");
        World::new(zone).deliver(domain(), &refusing_aliases())
    }),
    ("mail that the server rejects", "552 5.0.0", || {
        deliver_to(with_records(), answering(Transfer::Rejected { code: 552 }))
    }),
    ("mail that the server delays", "452 4.0.0", || {
        deliver_to(with_records(), answering(Transfer::Delayed { code: 452 }))
    }),
];

/// The deliveries, as the map of requirements names them.
pub fn names() -> Vec<&'static str> {
    DELIVERIES.iter().map(|(what, ..)| *what).collect()
}

#[test]
fn deliveries_that_really_happen_have_their_codes() {
    for (what, expected, deliver) in DELIVERIES {
        let run = deliver();
        assert_eq!(
            status(run.outcome()),
            *expected,
            "{what}: {:?}",
            run.outcome()
        );
    }
}

#[test]
fn each_delivery_has_a_name_of_its_own() {
    let names = names();
    let once: BTreeSet<_> = names.iter().collect();
    assert_eq!(once.len(), names.len());
}
