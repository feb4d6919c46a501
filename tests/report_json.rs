//! The JSON of TLS reports, held field by field against RFC 8460 §4.4.

use std::net::IpAddr;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use smtp_dane::Policy;
use smtp_dane::report::tlsrpt::{self, Aggregator, MAX_COUNT, Report};
use smtp_dane::session::StartTlsOffer;

use crate::report_tlsrpt_counts::{header, session};
use crate::support::certificates::{leaf, other_leaf, tlsa_text};
use crate::support::name;
use crate::support::published::any::{policy, published};
use crate::support::sites::{ONE_HOST, domain, mandatory, usable};
use crate::support::world::{Server, World};
use crate::support::zone::Zone;

fn json_of(aggregator: &Aggregator) -> Value {
    let report = aggregator.report(&name("example.com"), header()).unwrap();
    parse(&report)
}

/// By way of the text that would be sent.
fn parse(report: &Report) -> Value {
    serde_json::from_str(&serde_json::to_string(report).unwrap()).unwrap()
}

/// An object with all of the first fields, perhaps some of the others, and no more.
fn object<'a>(value: &'a Value, needed: &[&str], possible: &[&str]) -> &'a Map<String, Value> {
    let object = value.as_object().unwrap();
    for field in needed {
        assert!(object.contains_key(*field), "no {field} in {value}");
    }
    for field in object.keys() {
        let known = needed.contains(&field.as_str()) || possible.contains(&field.as_str());
        assert!(known, "{field} is no field of RFC 8460");
    }
    object
}

fn check_date_time(value: &Value) {
    let text = value.as_str().unwrap();
    let shape: String = text
        .chars()
        .map(|character| {
            if character.is_ascii_digit() {
                '0'
            } else {
                character
            }
        })
        .collect();
    assert_eq!(shape, "0000-00-00T00:00:00Z");
}

fn check_strings(value: &Value) {
    assert!(value.as_array().unwrap().iter().all(Value::is_string));
}

fn check_count(value: &Value) -> u64 {
    let count = value.as_u64().unwrap();
    assert!(count <= MAX_COUNT);
    count
}

/// The schema of RFC 8460 §4.4. Where there was no host or no connection, there is no name or address to give.
fn check(report: &Value) {
    let fields = [
        "organization-name",
        "date-range",
        "contact-info",
        "report-id",
        "policies",
    ];
    let report = object(report, &fields, &[]);
    for field in ["organization-name", "contact-info", "report-id"] {
        assert!(report[field].is_string());
    }
    let range = object(
        &report["date-range"],
        &["start-datetime", "end-datetime"],
        &[],
    );
    range.values().for_each(check_date_time);
    let policies = report["policies"].as_array().unwrap();
    assert!(!policies.is_empty());
    policies.iter().for_each(check_policy);
}

fn check_policy(value: &Value) {
    let fields = ["policy", "summary", "failure-details"];
    let entry = object(value, &fields, &[]);
    // The patterns of `mx-host` are those of MTA-STS policies, of which there are none.
    let fields = ["policy-type", "policy-string", "policy-domain"];
    let policy = object(&entry["policy"], &fields, &[]);
    let policy_type = policy["policy-type"].as_str().unwrap();
    assert!(["tlsa", "no-policy-found"].contains(&policy_type));
    check_strings(&policy["policy-string"]);
    assert!(policy["policy-domain"].is_string());
    let fields = [
        "total-successful-session-count",
        "total-failure-session-count",
    ];
    let summary = object(&entry["summary"], &fields, &[]);
    summary.values().for_each(|count| {
        check_count(count);
    });
    let failed = summary["total-failure-session-count"].as_u64().unwrap();
    let details = entry["failure-details"].as_array().unwrap();
    assert_eq!(details.is_empty(), failed == 0);
    for detail in details {
        assert!(check_detail(detail) <= failed);
    }
}

fn check_detail(value: &Value) -> u64 {
    let needed = ["result-type", "failed-session-count", "failure-reason-code"];
    let possible = [
        "sending-mta-ip",
        "receiving-mx-hostname",
        "receiving-mx-helo",
        "receiving-ip",
        "additional-information",
    ];
    let detail = object(value, &needed, &possible);
    let registry = [
        "starttls-not-supported",
        "certificate-host-mismatch",
        "certificate-expired",
        "certificate-not-trusted",
        "validation-failure",
        "tlsa-invalid",
        "dnssec-invalid",
        "dane-required",
    ];
    assert!(registry.contains(&detail["result-type"].as_str().unwrap()));
    assert!(!detail["failure-reason-code"].as_str().unwrap().is_empty());
    for field in ["sending-mta-ip", "receiving-ip"] {
        if let Some(address) = detail.get(field) {
            address.as_str().unwrap().parse::<IpAddr>().unwrap();
        }
    }
    for field in possible {
        assert!(detail.get(field).is_none_or(Value::is_string));
    }
    check_count(&detail["failed-session-count"])
}

#[test]
fn a_report_is_what_the_rfc_shows() {
    let mut aggregator = Aggregator::new();
    let tlsa = usable("mx.example.com");
    aggregator.add_many(&session(&tlsa, Server::with(leaf())), 5326);
    let failed = session(&tlsa, Server::with(other_leaf()))
        .from_address("2001:db8:abcd:12::1".parse().unwrap())
        .with_helo("mx \"1\"\r\n")
        .with_additional_information("https://reports.example.net/1".to_owned());
    aggregator.add_many(&failed, 203);
    let without_tls = Server {
        offers: StartTlsOffer::Absent,
        ..Server::with(leaf())
    };
    aggregator.add(&session("", without_tls));
    let report = json_of(&aggregator);
    check(&report);
    let expected = json!({
        "organization-name": "Example Net",
        "date-range": {
            "start-datetime": "2026-01-01T00:00:00Z",
            "end-datetime": "2026-01-01T23:59:59Z",
        },
        "contact-info": "tls@example.net",
        "report-id": "2026-01-01T00:00:00Z_example.com",
        "policies": [
            {
                "policy": {
                    "policy-type": "tlsa",
                    "policy-string": [tlsa_text(3, 1, 1, leaf())],
                    "policy-domain": "mx.example.com",
                },
                "summary": {
                    "total-successful-session-count": 5326,
                    "total-failure-session-count": 203,
                },
                "failure-details": [{
                    "result-type": "certificate-not-trusted",
                    "sending-mta-ip": "2001:db8:abcd:12::1",
                    "receiving-mx-hostname": "mx.example.com",
                    "receiving-mx-helo": "mx \"1\"\r\n",
                    "receiving-ip": "192.0.2.1",
                    "failed-session-count": 203,
                    "additional-information": "https://reports.example.net/1",
                    "failure-reason-code":
                        "the server is not authenticated: none of the TLSA records matches",
                }],
            },
            {
                "policy": {
                    "policy-type": "no-policy-found",
                    "policy-string": [],
                    "policy-domain": "example.com",
                },
                "summary": {
                    "total-successful-session-count": 0,
                    "total-failure-session-count": 1,
                },
                "failure-details": [{
                    "result-type": "starttls-not-supported",
                    "receiving-mx-hostname": "mx.example.com",
                    "receiving-ip": "192.0.2.1",
                    "failed-session-count": 1,
                    "failure-reason-code": "the server does not offer STARTTLS",
                }],
            },
        ],
    });
    assert_eq!(report, expected);
}

#[test]
fn what_was_never_connected_to_has_no_address() {
    let run = World::new(Zone::signed().with(ONE_HOST)).deliver(domain(), &mandatory());
    let insecure = World::new(Zone::unsigned().with(ONE_HOST)).deliver(domain(), &mandatory());
    let mut aggregator = Aggregator::new();
    for run in [run, insecure] {
        for session in tlsrpt::sessions(&run.delivery, &name("example.com")) {
            aggregator.add(&session);
        }
    }
    let report = json_of(&aggregator);
    check(&report);
    let details = &report["policies"][0]["failure-details"];
    let field = "receiving-mx-hostname";
    assert_eq!(details[0].get(field), None);
    assert_eq!(details[1][field], "mx.example.com");
    for place in 0..2 {
        assert_eq!(details[place]["result-type"], "dane-required");
        assert_eq!(details[place].get("receiving-ip"), None);
    }
}

#[test]
fn the_greatest_count_is_one_that_every_reader_of_i_json_sees_exactly() {
    let mut aggregator = Aggregator::new();
    aggregator.add_many(&session("", Server::with(leaf())), u64::MAX);
    let report = json_of(&aggregator);
    check(&report);
    let count = &report["policies"][0]["summary"]["total-successful-session-count"];
    assert_eq!(*count, json!(9_007_199_254_740_991_u64));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_report_keeps_to_the_schema(
        worlds in prop::collection::vec((published(), policy()), 1..8),
    ) {
        let mut aggregator = Aggregator::new();
        for (published, policy) in worlds {
            let policy: Policy = published.policy(policy);
            let run = published.world().deliver(domain(), &policy);
            for session in tlsrpt::sessions(&run.delivery, &name("example.com")) {
                aggregator.add(&session);
            }
        }
        if let Some(report) = aggregator.report(&name("example.com"), header()) {
            check(&parse(&report));
        }
    }
}
