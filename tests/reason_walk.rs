//! Every reason that the crate can give is met by some test. That each has a sentence and a place in the standards, the compiler
//! demands: `Display` and `cite` have no arm for the rest.

use std::fs;
use std::path::Path;

use smtp_dane::delivery::{Delivery, Failure, Outcome, Transfer};
use smtp_dane::dns::{QueryType, Security};
use smtp_dane::report::tlsrpt::{self, FailureReason};
use smtp_dane::report::{Explanation, Status};
use smtp_dane::resolve::{DropReason, EncryptCause, HostError, RouteError, TlsPolicy};
use smtp_dane::session::{Downgrade, Refusal, StartTlsOffer};
use smtp_dane::{InsecureMx, Name, NameError, Policy};

use crate::support::certificates::{leaf, other_leaf};
use crate::support::drive::{plan, route};
use crate::support::name;
use crate::support::sites::without_start_tls;
use crate::support::sites::{
    ONE_HOST, by_insecure_mx, domain, mandatory, one_host, unusable, usable,
};
use crate::support::world::{Server, World};
use crate::support::zone::{Failure as DnsFailure, Zone};

/// The enums that say why, and the files in which they stand.
const REASONS: &[(&str, &str)] = &[
    ("LookupError", "dns.rs"),
    ("Malformed", "dns/wire/malformed.rs"),
    ("Discard", "dns/answer.rs"),
    ("NameError", "name.rs"),
    ("RouteError", "resolve/error.rs"),
    ("DropReason", "resolve/route.rs"),
    ("HostError", "resolve/error.rs"),
    ("NotApplicable", "resolve/tls.rs"),
    ("EncryptCause", "resolve/tls.rs"),
    ("SetError", "tlsa/set.rs"),
    ("Unusable", "tlsa.rs"),
    ("CertificateError", "cert.rs"),
    ("NoAuthentication", "verify.rs"),
    ("VerifyError", "verify/error.rs"),
    ("Downgrade", "session/reason.rs"),
    ("Refusal", "session/reason.rs"),
    ("Transfer", "delivery/step.rs"),
    ("Objection", "delivery/objection.rs"),
    ("Deferral", "delivery/outcome.rs"),
    ("Failure", "delivery/outcome.rs"),
    ("FailureReason", "report/tlsrpt/session.rs"),
    ("DateError", "report/tlsrpt/date.rs"),
    ("MakeError", "tlsa/made.rs"),
    ("Rule", "publish/rule.rs"),
    ("DomainRule", "publish/domain.rs"),
    ("AdviceError", "publish/advice.rs"),
    ("RolloverError", "publish/rollover.rs"),
];

/// The variants of an enum, read from its source, so that a new one is demanded at once.
fn variants(name: &str, file: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file);
    let source = fs::read_to_string(path).unwrap();
    let start = format!("pub enum {name} {{");
    let body = source.split(&start).nth(1).unwrap();
    let body = body.split("\n}").next().unwrap();
    body.lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()))
        .map(|line| {
            let end = line.find(|c: char| !c.is_ascii_alphanumeric());
            line[..end.unwrap()].to_owned()
        })
        .collect()
}

/// All tests of the library and of the tool as one text.
fn tests(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_reason_is_met_by_some_test() {
    let mut text = String::new();
    tests(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"),
        &mut text,
    );
    let mut count = 0;
    for (name, file) in REASONS {
        let variants = variants(name, file);
        assert!(!variants.is_empty(), "{name}");
        for variant in variants {
            let met = format!("{name}::{variant}");
            let is_met = text.match_indices(&met).any(|(place, _)| {
                let next = text[place + met.len()..].chars().next();
                !next.is_some_and(|next| next.is_ascii_alphanumeric())
            });
            assert!(is_met, "no test meets {met}");
            count += 1;
        }
    }
    assert!(count > 100, "{count}");
}

#[test]
fn mail_that_a_server_or_nobody_takes_has_its_reason() {
    let rejecting = Server {
        transfer: Transfer::Rejected { code: 550 },
        ..Server::with(leaf())
    };
    let run = World::new(Zone::signed().with(ONE_HOST))
        .server("192.0.2.1", rejecting)
        .deliver(domain(), &Policy::default());
    let Outcome::Failed(Failure::Rejected { code: 550, .. }) = run.outcome() else {
        panic!("{:?}", run.outcome());
    };
    let addressless = World::new(Zone::signed().with("example.com MX 10 mx.example.com"));
    let run = addressless.deliver(domain(), &Policy::default());
    let Outcome::Failed(Failure::NoHost { error, .. }) = run.outcome() else {
        panic!("{:?}", run.outcome());
    };
    let security = Security::Secure;
    assert_eq!(*error, HostError::NoAddress { security });
    let nowhere = World::new(Zone::signed());
    let run = nowhere.deliver(domain(), &Policy::default());
    let reason = Failure::NoRoute(RouteError::NoDomain(Security::Secure));
    assert_eq!(*run.outcome(), Outcome::Failed(reason));
}

#[test]
fn what_lowers_the_demand_or_drops_a_host_has_its_reason() {
    let zone = Zone::signed()
        .insecure("example.com MX 10 mx.example.com")
        .with("mx.example.com A 192.0.2.1")
        .with(&usable("mx.example.com"));
    let plan = plan(&zone, domain(), &by_insecure_mx(InsecureMx::Encrypt)).0;
    let plan = plan.unwrap();
    let TlsPolicy::Encrypt(encryption) = plan.tls() else {
        panic!("{plan:?}");
    };
    assert!(matches!(encryption.cause(), EncryptCause::InsecureMx(_)));
    let zone = Zone::signed().with(ONE_HOST).with("example.com MX 5 .");
    let route = route(&zone, domain(), &Policy::default()).0.unwrap();
    assert_eq!(route.dropped()[0].reason, DropReason::RootExchange);
}

#[test]
fn text_that_is_no_name_has_its_reason() {
    for (text, error) in [
        ("", NameError::Empty),
        ("a..b", NameError::EmptyLabel),
        ("a b", NameError::Blank),
    ] {
        assert_eq!(text.parse::<Name>(), Err(error), "{text}");
    }
    assert_eq!(Name::from_wire(b"\x03ab"), Err(NameError::Truncated));
}

/// The lines of a delivery.
fn explained(world: &World, policy: &Policy) -> String {
    let run = world.deliver(domain(), policy);
    let text = Explanation::of(&run.delivery).to_string();
    assert!(text.starts_with(&Status::of(run.outcome()).to_string()));
    text
}

#[test]
fn an_explanation_says_of_each_host_what_was_found_and_what_follows() {
    let zone = Zone::signed()
        .with("example.com MX 10 mx.example.com\nexample.com MX 20 mx2.example.com")
        .with("mx.example.com A 192.0.2.1\nmx2.example.com A 192.0.2.2")
        .failing(
            "_25._tcp.mx.example.com",
            QueryType::Tlsa,
            DnsFailure::ServFail,
        )
        .with(&usable("mx2.example.com"));
    let world = World::new(zone).server("192.0.2.2", Server::with(leaf()));
    let text = explained(&world, &Policy::default());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "250 2.0.0 delivered to mx2.example.com at 192.0.2.2, authenticated as a mail host of example.com"
    );
    assert_eq!(
        lines[1],
        "example.com: its MX records name the hosts, by a secure answer [RFC 7672 §2.2.1]"
    );
    assert!(lines[2].starts_with("  10 mx.example.com: not used: "));
    assert!(lines[2].contains("_25._tcp.mx.example.com TLSA"));
    assert!(lines[2].ends_with("[RFC 7672 §2.1.2]"));
    assert!(lines[3].ends_with("by the TLSA records of mx2.example.com [RFC 7672 §2.2]"));
    assert!(lines[4].starts_with("     3 1 1 ") && lines[4].ends_with(": counts"));
    assert!(lines[5].starts_with("     192.0.2.2 port 25: TLS, authenticated by 3 1 1 "));
    assert!(lines[5].ends_with(" at depth 0; the mail was accepted"));
    assert_eq!(lines.len(), 6);
}

#[test]
fn an_explanation_never_calls_a_host_behind_an_insecure_mx_answer_a_host_of_the_domain() {
    // RFC 7672 §2.2.1: not even where the host, under the name at the end of its alias, was authenticated.
    let zone = Zone::signed()
        .insecure("example.com MX 10 mx.example.com")
        .with("mx.example.com CNAME mail.example.org\nmail.example.org A 192.0.2.1")
        .with(&usable("mail.example.org"));
    let world = World::new(zone).server("192.0.2.1", Server::with(leaf()));
    let text = explained(&world, &Policy::default());
    let first = text.lines().next().unwrap();
    assert_eq!(
        first,
        "250 2.0.0 delivered to mx.example.com at 192.0.2.1, \
         authenticated as that host, which proves nothing of the domain [RFC 7672 §2.2.1]"
    );
    assert!(!text.contains("mail host of example.com"));
}

#[test]
fn the_line_of_a_delivery_says_how_it_was_protected() {
    let insecure = |zone: Zone| zone.insecure(ONE_HOST);
    let host_behind_insecure_mx = Zone::signed()
        .insecure("example.com MX 10 mx.example.com")
        .with("mx.example.com A 192.0.2.1")
        .with(&usable("mx.example.com"));
    for (zone, server, ending) in [
        (
            insecure(Zone::signed()),
            without_start_tls(),
            "in cleartext",
        ),
        (
            insecure(Zone::signed()),
            Server::with(leaf()),
            "encrypted, without authentication",
        ),
        (
            one_host(&usable("mx.example.com")),
            Server::with(leaf()),
            "authenticated",
        ),
        (
            host_behind_insecure_mx,
            Server::with(leaf()),
            "authenticated as that host alone",
        ),
    ] {
        let run = World::new(zone)
            .server("192.0.2.1", server)
            .deliver(domain(), &Policy::default());
        let line = Status::line(run.outcome());
        assert_eq!(
            line,
            format!("250 2.0.0 delivered to mx.example.com, {ending}")
        );
        assert_eq!(run.delivery.outcome(), Some(run.outcome()));
    }
    let unbegun = Delivery::new(domain(), Policy::default(), 0);
    assert_eq!(unbegun.outcome(), None);
}

#[test]
fn an_explanation_shows_of_a_record_with_a_certificate_how_it_begins() {
    let certificate = leaf();
    let hex: String = certificate
        .iter()
        .map(|octet| format!("{octet:02x}"))
        .collect();
    let zone = one_host(&format!("_25._tcp.mx.example.com TLSA 3 0 0 {hex}"));
    let text = explained(
        &World::new(zone).server("192.0.2.1", Server::with(certificate)),
        &Policy::default(),
    );
    assert!(
        text.contains(&format!("     3 0 0 {}…: counts\n", &hex[..32])),
        "{text}"
    );
    assert!(
        text.lines().all(|line| line.chars().count() < 130),
        "{text}"
    );
    // A digest is shown whole, since it is there to be compared.
    let zone = one_host(&usable("mx.example.com"));
    let text = explained(
        &World::new(zone).server("192.0.2.1", Server::with(leaf())),
        &Policy::default(),
    );
    assert!(!text.contains('…'), "{text}");
}

#[test]
fn an_explanation_calls_an_answer_a_secure_or_an_insecure_one() {
    for (zone, words) in [
        (one_host(""), "by a secure answer ["),
        (Zone::signed().insecure(ONE_HOST), "by an insecure answer ["),
    ] {
        let world = World::new(zone).server("192.0.2.1", Server::with(leaf()));
        let text = explained(&world, &Policy::default());
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn the_line_of_a_missing_record_says_that_it_is_temporary_and_what_was_missing() {
    let mut policy = Policy::default();
    policy.dane = smtp_dane::DaneMode::Mandatory;
    let world = World::new(Zone::signed().with(ONE_HOST));
    assert_eq!(
        explained(&world, &policy).lines().next().unwrap(),
        "451 4.7.5 temporary, the mail is kept: mx.example.com: DANE is mandatory, \
         but the host has no secure TLSA records [RFC 7672 §2.2]"
    );
}

#[test]
fn a_session_that_failed_says_in_a_tls_report_why() {
    let reason = |zone: Zone, server: Server, policy: &Policy| {
        let run = World::new(zone)
            .server("192.0.2.1", server)
            .deliver(domain(), policy);
        let sessions = tlsrpt::sessions(&run.delivery, &name("example.com"));
        sessions[0].failures()[0].reason().clone()
    };
    let sound = || {
        Zone::signed()
            .with(ONE_HOST)
            .with(&usable("mx.example.com"))
    };
    let stripped = Server {
        offers: StartTlsOffer::Absent,
        ..Server::with(leaf())
    };
    let insecure_mx = Zone::signed().insecure("example.com MX 10 mx.example.com");
    let found = reason(insecure_mx, Server::with(leaf()), &mandatory());
    assert_eq!(found, FailureReason::Route(RouteError::InsecureMx));
    let lost = sound().failing(
        "_25._tcp.mx.example.com",
        QueryType::Tlsa,
        DnsFailure::ServFail,
    );
    let found = reason(lost, Server::with(leaf()), &Policy::default());
    assert!(matches!(found, FailureReason::Host(HostError::Lookup(_))));
    let useless = Zone::signed()
        .with(ONE_HOST)
        .with(&unusable("mx.example.com"));
    let found = reason(useless, Server::with(leaf()), &Policy::default());
    assert_eq!(found, FailureReason::NoUsableRecord);
    let found = reason(sound(), stripped.clone(), &Policy::default());
    assert_eq!(found, FailureReason::Refused(Refusal::StartTlsNotOffered));
    let unsigned = Zone::unsigned().with(ONE_HOST);
    let found = reason(unsigned, stripped, &Policy::default());
    assert_eq!(found, FailureReason::Cleartext(Downgrade::NotOffered));
}

#[test]
fn mail_that_tlsa_records_did_not_protect_is_not_called_authenticated() {
    // RFC 6698 §4.1. Insecure records, none of use, none at all, DANE switched off; and an audit of a server that fails.
    let sound = || Zone::signed().with(ONE_HOST);
    let mut off = Policy::default();
    off.dane = smtp_dane::DaneMode::Off;
    let mut audit = Policy::default();
    audit.dane = smtp_dane::DaneMode::AuditOnly;
    let none = Policy::default();
    for (zone, certificate, policy) in [
        (sound().insecure(&usable("mx.example.com")), leaf(), &none),
        (sound().with(&unusable("mx.example.com")), leaf(), &none),
        (sound(), leaf(), &none),
        (sound().with(&usable("mx.example.com")), leaf(), &off),
        (
            sound().with(&usable("mx.example.com")),
            other_leaf(),
            &audit,
        ),
    ] {
        let world = World::new(zone).server("192.0.2.1", Server::with(certificate));
        let text = explained(&world, policy);
        // What an audit would have refused stands behind a semicolon.
        let outcome = text.split([';', '\n']).next().unwrap();
        assert!(outcome.starts_with("250 2.0.0 delivered"), "{text}");
        let attempt = text
            .lines()
            .find(|line| line.contains("the mail was accepted"));
        for claim in [outcome, attempt.unwrap()] {
            let claim = claim.replace("not authenticated", "");
            assert!(!claim.contains("authenticated"), "{text}");
        }
    }
}
