//! The tables of `manual::decisions`, row by row: what they say is what the machines do.

use smtp_dane::delivery::{Delivery, Event, Outcome, Step, Transfer};
use smtp_dane::dns::{QueryType, Question, Security};
use smtp_dane::resolve::{Demand, NextHop, TlsPolicy};
use smtp_dane::session::{Assurance, StartTlsOffer};
use smtp_dane::{DaneMode, FailedTls, InsecureMx, Policy};

use crate::support::certificates::{leaf, other_leaf};
use crate::support::dane::{raw, usability};
use crate::support::documented::rows;
use crate::support::name;
use crate::support::sites::{by_insecure_mx, deliver_by, domain, failing_handshakes, one_host};
use crate::support::sites::{refusing_start_tls, relay, unusable, usable, without_start_tls};
use crate::support::world::{Moment, Server};
use crate::support::zone::{Failure, Zone};

const FILE: &str = "manual/decisions.md";

/// The mail host of most rows; where the domain is its own host, its name takes the place of this one.
const HOST: &str = "mx.example.com";

/// Where the lookups of one delivery have led.
struct Decision {
    result: String,
    place: &'static str,
    asked: Vec<Question>,
}

impl Decision {
    /// Looks everything up until there is a connection to open, or none.
    fn on(zone: &Zone, next_hop: NextHop, policy: Policy) -> Self {
        let mut delivery = Delivery::new(next_hop, policy, 1);
        let mut asked = Vec::new();
        while let Step::Lookup(queries) = delivery.step() {
            let (id, question) = (queries[0].id(), queries[0].question().clone());
            let answer = zone.answer(&question);
            delivery.handle(Event::Answer(id, answer)).unwrap();
            asked.push(question);
        }
        let (result, place) = match delivery.step() {
            Step::Done(outcome) => ending(outcome),
            _ => demanded(delivery.plan().unwrap().tls()),
        };
        Self {
            result,
            place,
            asked,
        }
    }

    fn asked_for_tlsa(&self) -> bool {
        let is_tlsa = |question: &Question| question.query_type() == QueryType::Tlsa;
        self.asked.iter().any(is_tlsa)
    }
}

/// A policy in the words of the tables, and what the crate cites for it.
fn demanded(tls: &TlsPolicy) -> (String, &'static str) {
    let (word, place) = match tls {
        TlsPolicy::Opportunistic(why) => ("Opportunistic", why.cite()),
        TlsPolicy::Encrypt(encryption) => ("Encrypt", encryption.cause().cite()),
        TlsPolicy::Authenticate(_) => ("Authenticate", "RFC 7672 §2.2"),
        TlsPolicy::Pkix(_) => ("Pkix", "RFC 7672 §7"),
        TlsPolicy::Audit(audit) => match audit.demand() {
            Demand::Encrypt(_) => ("Audit of Encrypt", "RFC 7672 §9.1"),
            Demand::Authenticate(_) => ("Audit of Authenticate", "RFC 7672 §9.1"),
            Demand::Refuse(_) => ("Audit of Refuse", "RFC 7672 §9.1"),
        },
    };
    (word.to_owned(), place)
}

/// An outcome in the words of the tables, and what the crate cites for it.
fn ending(outcome: &Outcome) -> (String, &'static str) {
    let (word, place) = match outcome {
        Outcome::Deferred(deferral) => ("wait", deferral.cite()),
        Outcome::Failed(failure) => ("return", failure.cite()),
        Outcome::Delivered { assurance, .. } => match assurance {
            Assurance::Cleartext(why) => ("cleartext", why.cite()),
            Assurance::Encrypted => ("encrypted", "RFC 7672 §2.2"),
            Assurance::NotAuthenticated(error) => ("not authenticated", error.cite()),
            Assurance::Authenticated(_) => ("authenticated", "RFC 7672 §2.2"),
        },
    };
    (word.to_owned(), place)
}

fn with_mode(dane: DaneMode) -> Policy {
    let mut policy = Policy::default();
    policy.dane = dane;
    policy
}

/// Adds what the column of the MX records says. Returns the next hop and its host, too.
fn with_mx(zone: Zone, mx: &str) -> (Zone, NextHop, &'static str) {
    const RECORD: &str = "example.com MX 10 mx.example.com";
    const NULL: &str = "example.com MX 0 .";
    let of_domain = |zone| (zone, domain(), HOST);
    match mx {
        "secure" => of_domain(zone.secure(RECORD)),
        "insecure" => of_domain(zone.insecure(RECORD)),
        "fails" => of_domain(zone.failing("example.com", QueryType::Mx, Failure::ServFail)),
        "none, secure" => (zone, domain(), "example.com"),
        "none, insecure" => (
            zone.denied("example.com", QueryType::Mx, Security::Insecure),
            domain(),
            "example.com",
        ),
        "no mail, secure" => of_domain(zone.secure(NULL)),
        "no mail, insecure" => of_domain(zone.insecure(NULL)),
        "no domain, secure" => of_domain(zone),
        "no domain, insecure" => of_domain(Zone::unsigned()),
        "a relay" => (zone, relay(HOST), HOST),
        "an address" => (
            zone,
            NextHop::literal("192.0.2.1".parse().unwrap()),
            "192.0.2.1",
        ),
        "a submission server" => {
            let port = 587.try_into().unwrap();
            (zone, NextHop::submission(name(HOST), port), HOST)
        }
        other => panic!("no such MX records: {other}"),
    }
}

/// Adds what the column of the addresses says.
fn with_addresses(zone: Zone, host: &str, addresses: &str) -> Zone {
    const END: &str = "host.unsigned.example";
    let alias = format!("{host} CNAME {END}");
    let at = |owner: &str| format!("{owner} A 192.0.2.1\n{owner} AAAA 2001:db8::1");
    let denied = |zone: Zone, security| {
        zone.denied(host, QueryType::A, security)
            .denied(host, QueryType::Aaaa, security)
    };
    match addresses {
        "not asked" => zone,
        "secure" => zone.secure(&at(host)),
        "insecure" => zone.insecure(&at(host)),
        "insecure, by a secure alias" => zone.secure(&alias).insecure(&at(END)),
        "insecure, by an insecure alias" => zone.insecure(&alias).insecure(&at(END)),
        "none, secure" => denied(zone, Security::Secure),
        "none, insecure" => denied(zone, Security::Insecure),
        "fails" => zone.failing(host, QueryType::A, Failure::ServFail).failing(
            host,
            QueryType::Aaaa,
            Failure::ServFail,
        ),
        other => panic!("no such addresses: {other}"),
    }
}

/// Adds what the column of the TLSA records says. Where they must not be asked for, there are some that would be noticed.
fn with_tlsa(zone: Zone, host: &str, tlsa: &str) -> Zone {
    match tlsa {
        "usable" | "not asked" => zone.secure(&usable(host)),
        "all unusable" => zone.secure(&unusable(host)),
        "insecure" => zone.insecure(&usable(host)),
        "none" => zone,
        "fails" => zone.failing(
            &format!("_25._tcp.{host}"),
            QueryType::Tlsa,
            Failure::ServFail,
        ),
        other => panic!("no such TLSA records: {other}"),
    }
}

/// The zone and the next hop of a row.
fn world(mx: &str, addresses: &str, tlsa: &str) -> (Zone, NextHop) {
    let (zone, next_hop, host) = with_mx(Zone::signed(), mx);
    let mut zone = with_addresses(zone, host, addresses);
    // A host that nobody asks for has no records, or its domain would exist.
    if addresses != "not asked" {
        zone = with_tlsa(zone, host, tlsa);
    }
    (zone, next_hop)
}

#[test]
fn each_row_from_the_dns_to_a_policy_is_what_the_lookups_lead_to() {
    let modes = [
        DaneMode::Opportunistic,
        DaneMode::Mandatory,
        DaneMode::AuditOnly,
        DaneMode::Off,
    ];
    for row in rows(FILE, "# From the DNS to a policy") {
        let (zone, next_hop) = world(&row[0], &row[1], &row[2]);
        for (mode, expected) in modes.into_iter().zip(&row[3..]) {
            let decision = Decision::on(&zone, next_hop.clone(), with_mode(mode));
            assert_eq!(decision.result, *expected, "{mode:?}: {row:?}");
            if mode == DaneMode::Opportunistic {
                assert_eq!(decision.place, row[7], "{row:?}");
                assert_eq!(decision.asked_for_tlsa(), row[2] != "not asked", "{row:?}");
            }
        }
    }
}

#[test]
fn each_row_behind_an_insecure_mx_answer_is_what_the_lookups_lead_to() {
    let choices = [InsecureMx::UseTlsa, InsecureMx::Encrypt, InsecureMx::Ignore];
    for row in rows(FILE, "# Behind an insecure MX answer") {
        let (zone, next_hop) = world("insecure", "secure", &row[0]);
        for (choice, expected) in choices.into_iter().zip(&row[1..]) {
            let decision = Decision::on(&zone, next_hop.clone(), by_insecure_mx(choice));
            assert_eq!(decision.result, *expected, "{choice:?}: {row:?}");
            assert_eq!(
                decision.asked_for_tlsa(),
                choice != InsecureMx::Ignore,
                "{choice:?}: {row:?}"
            );
        }
    }
}

#[test]
fn each_row_of_usable_records_is_how_such_a_record_is_judged() {
    for row in rows(FILE, "# Usable records") {
        let fields: Vec<u8> = row[0].split(' ').map(|it| it.parse().unwrap()).collect();
        let data = vec![0xab; row[1].parse().unwrap()];
        let verdict = usability(&raw(fields[0], fields[1], fields[2], &data));
        let (word, place) = match verdict {
            Ok(()) => ("usable".to_owned(), ""),
            Err(reason) => (format!("{reason:?}"), reason.cite()),
        };
        assert_eq!((word.as_str(), place), (row[2].as_str(), row[3].as_str()));
    }
}

/// What the column of the server says.
fn server(what: &str) -> Server {
    let good = Server::with(leaf());
    let lost_at = |moment| Server {
        lost_at: Some(moment),
        ..good.clone()
    };
    let taking = |transfer| Server {
        transfer,
        ..good.clone()
    };
    match what {
        "its certificates match" => good,
        "its certificates do not match" => Server::with(other_leaf()),
        "offers no STARTTLS" => without_start_tls(),
        "refuses STARTTLS" => refusing_start_tls(),
        "sends more behind its reply to STARTTLS" => Server {
            start_tls: (220, 1),
            ..good
        },
        "fails the handshake" => failing_handshakes(),
        "breaks off in the handshake" => lost_at(Moment::Handshake),
        "breaks off before TLS" => lost_at(Moment::Hello),
        "cannot be reached" => Server {
            connects: false,
            offers: StartTlsOffer::Absent,
            ..good
        },
        "refuses the mail for now" => taking(Transfer::Delayed { code: 450 }),
        "refuses the mail for good" => taking(Transfer::Rejected { code: 550 }),
        other => panic!("no such server: {other}"),
    }
}

#[test]
fn each_row_from_the_server_to_the_mail_is_what_a_delivery_comes_to() {
    let mut resolute = Policy::default();
    resolute.failed_tls = FailedTls::Refuse;
    let columns = [
        (one_host(""), Policy::default()),
        (one_host(""), resolute),
        (one_host(&unusable(HOST)), Policy::default()),
        (one_host(&usable(HOST)), Policy::default()),
        (one_host(&usable(HOST)), with_mode(DaneMode::AuditOnly)),
    ];
    for row in rows(FILE, "# From the server to the mail") {
        for (place, (zone, policy)) in columns.iter().enumerate() {
            let run = deliver_by(zone.clone(), server(&row[0]), policy);
            let (result, cited) = ending(run.outcome());
            assert_eq!(result, row[place + 1], "{place}: {row:?}");
            if place == 3 {
                assert_eq!(cited, row[6], "{row:?}");
            }
        }
    }
}
