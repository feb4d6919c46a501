//! Counting sessions for a TLS report (RFC 8460 §4.2, §4.4).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use pki_types::UnixTime;
use proptest::prelude::*;
use smtp_dane::report::tlsrpt::{
    self, Aggregator, Counts, DateError, DateRange, Detail, Header, MAX_COUNT, MAX_DETAILS,
    MAX_POLICIES, PolicyReport, Report, ReportedSession,
};
use smtp_dane::{Name, Policy};

use crate::support::certificates::{leaf, other_leaf};
use crate::support::name;
use crate::support::published::any::{policy, published};
use crate::support::sites::{ONE_HOST, domain, unusable, usable};
use crate::support::world::{NOW, Server, World};
use crate::support::zone::Zone;

pub fn header() -> Header {
    Header {
        organization_name: "Example Net".to_owned(),
        contact_info: "tls@example.net".to_owned(),
        report_id: "2026-01-01T00:00:00Z_example.com".to_owned(),
        date_range: DateRange::of_day(NOW).unwrap(),
    }
}

/// The only session of a delivery to a host with these records.
pub fn session(tlsa: &str, server: Server) -> ReportedSession {
    let run = World::new(Zone::signed().with(ONE_HOST).with(tlsa))
        .server("192.0.2.1", server)
        .deliver(domain(), &Policy::default());
    let mut sessions = tlsrpt::sessions(&run.delivery, &name("example.com"));
    assert_eq!(sessions.len(), 1);
    sessions.remove(0)
}

fn good() -> ReportedSession {
    session(&usable("mx.example.com"), Server::with(leaf()))
}

fn bad() -> ReportedSession {
    session(&usable("mx.example.com"), Server::with(other_leaf()))
}

fn of_example(aggregator: &Aggregator) -> Report {
    aggregator.report(&name("example.com"), header()).unwrap()
}

fn totals(report: &Report) -> (u64, u64) {
    let policies = report.policies().iter();
    policies.fold((0, 0), |(good, bad), policy| {
        (
            good + policy.summary.total_successful_session_count,
            bad + policy.summary.total_failure_session_count,
        )
    })
}

fn detail_sum(policy: &PolicyReport) -> u64 {
    let details = policy.failure_details.iter();
    details.map(|detail| detail.failed_session_count).sum()
}

#[test]
fn equal_failures_are_counted_together_and_others_apart() {
    let mut aggregator = Aggregator::new();
    let elsewhere = bad().from_address("192.0.2.200".parse().unwrap());
    for session in [good(), bad(), good(), bad(), elsewhere, good()] {
        aggregator.add(&session);
    }
    let report = of_example(&aggregator);
    assert_eq!(report.organization_name(), "Example Net");
    assert_eq!(report.contact_info(), "tls@example.net");
    assert_eq!(report.report_id(), "2026-01-01T00:00:00Z_example.com");
    assert_eq!(report.date_range(), DateRange::of_day(NOW).unwrap());
    let [policy] = report.policies() else {
        panic!("not one policy: {report:?}");
    };
    assert_eq!(policy.policy.policy_domain, "mx.example.com");
    assert_eq!(policy.policy.policy_string.len(), 1);
    assert_eq!(totals(&report), (3, 3));
    let counts: Vec<u64> = policy
        .failure_details
        .iter()
        .map(|detail| detail.failed_session_count)
        .collect();
    assert_eq!(counts, [2, 1]);
    assert_eq!(
        (report.counts(), report.detail()),
        (Counts::Exact, Detail::Full)
    );
}

#[test]
fn one_session_with_two_failures_is_counted_once_in_the_summary() {
    let mut aggregator = Aggregator::new();
    let server = Server {
        handshakes: false,
        ..Server::with(leaf())
    };
    aggregator.add(&session(&unusable("mx.example.com"), server));
    let report = of_example(&aggregator);
    assert_eq!(totals(&report), (0, 1));
    assert_eq!(report.policies()[0].failure_details.len(), 2);
}

#[test]
fn different_policies_of_a_domain_stand_apart_and_different_domains_in_reports_of_their_own() {
    let mut aggregator = Aggregator::new();
    for tlsa in ["", &usable("mx.example.com"), &unusable("mx.example.com")] {
        aggregator.add(&session(tlsa, Server::with(leaf())));
    }
    assert_eq!(of_example(&aggregator).policies().len(), 3);
    let run = World::new(Zone::signed().with(ONE_HOST))
        .server("192.0.2.1", Server::with(leaf()))
        .deliver(domain(), &Policy::default());
    for session in tlsrpt::sessions(&run.delivery, &name("example.net")) {
        aggregator.add(&session);
    }
    let domains: Vec<String> = aggregator.domains().map(ToString::to_string).collect();
    assert_eq!(domains, ["example.com", "example.net"]);
    let report = aggregator.report(&name("example.net"), header()).unwrap();
    assert_eq!(report.policies().len(), 1);
    assert_eq!(totals(&of_example(&aggregator)), (2, 1));
    assert_eq!(aggregator.report(&name("example.org"), header()), None);
}

#[test]
fn a_count_that_cannot_grow_stays_and_says_so() {
    for (many, then) in [(MAX_COUNT, 1), (1, u64::MAX), (u64::MAX, u64::MAX)] {
        for counted in [good(), bad()] {
            let mut aggregator = Aggregator::new();
            aggregator.add_many(&counted, many);
            aggregator.add_many(&counted, then);
            let report = of_example(&aggregator);
            let (good, bad) = totals(&report);
            assert_eq!(good + bad, MAX_COUNT);
            assert_eq!(detail_sum(&report.policies()[0]), bad);
            assert_eq!(report.counts(), Counts::Saturated);
            // It goes on saying so, whatever else is counted.
            aggregator.add(&session("", Server::with(leaf())));
            assert_eq!(of_example(&aggregator).counts(), Counts::Saturated);
        }
    }
    let mut aggregator = Aggregator::new();
    aggregator.add_many(&good(), MAX_COUNT);
    aggregator.add_many(&bad(), MAX_COUNT);
    assert_eq!(of_example(&aggregator).counts(), Counts::Exact);
}

#[test]
fn nothing_is_counted_for_no_sessions() {
    let mut aggregator = Aggregator::new();
    aggregator.add_many(&good(), 0);
    assert_eq!(aggregator, Aggregator::default());
    assert_eq!(aggregator.domains().count(), 0);
}

#[test]
fn failures_beyond_the_bound_are_counted_without_their_particulars() {
    let mut aggregator = Aggregator::new();
    let count = u64::try_from(MAX_DETAILS).unwrap();
    for number in 0..count {
        aggregator.add(&bad().with_helo(&number.to_string()));
    }
    assert_eq!(of_example(&aggregator).detail(), Detail::Full);
    for number in 0..5 {
        aggregator.add(&bad().with_helo(&format!("more{number}")));
    }
    // Known ones are still told apart.
    aggregator.add(&bad().with_helo("0"));
    let report = of_example(&aggregator);
    let [policy] = report.policies() else {
        panic!("not one policy: {report:?}");
    };
    assert_eq!(report.detail(), Detail::Folded);
    assert_eq!(policy.failure_details.len(), MAX_DETAILS + 1);
    assert_eq!(totals(&report), (0, count + 6));
    assert_eq!(detail_sum(policy), count + 6);
    let folded = policy
        .failure_details
        .iter()
        .find(|detail| detail.receiving_ip.is_none())
        .unwrap();
    assert_eq!(folded.failed_session_count, 5);
    let helo = |detail: &&tlsrpt::FailureDetails| detail.receiving_mx_helo.as_deref() == Some("0");
    let known = policy.failure_details.iter().find(helo).unwrap();
    assert_eq!(known.failed_session_count, 2);
}

#[test]
fn policies_beyond_the_bound_are_counted_together() {
    let mut aggregator = Aggregator::new();
    for number in 0..MAX_POLICIES + 3 {
        let tlsa = format!("_25._tcp.mx.example.com TLSA 3 1 1 {number:064x}");
        aggregator.add(&session(&tlsa, Server::with(leaf())));
    }
    let report = of_example(&aggregator);
    assert_eq!(report.policies().len(), MAX_POLICIES + 1);
    assert_eq!(report.detail(), Detail::Folded);
    let count = u64::try_from(MAX_POLICIES).unwrap() + 3;
    assert_eq!(totals(&report), (0, count));
    let folded = report
        .policies()
        .iter()
        .find(|policy| policy.policy.policy_string.is_empty())
        .unwrap();
    assert_eq!(folded.policy.policy_domain, "example.com");
    assert_eq!(folded.summary.total_failure_session_count, 3);
}

#[test]
fn a_log_has_a_sentence_for_what_a_report_cannot_say() {
    let sentences = [
        Counts::Exact.to_string(),
        Counts::Saturated.to_string(),
        Detail::Full.to_string(),
        Detail::Folded.to_string(),
    ];
    let different: BTreeSet<&String> = sentences.iter().collect();
    assert_eq!(different.len(), sentences.len());
}

#[test]
fn a_range_is_written_as_rfc_3339_wants_it() {
    let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    for (moment, day) in [
        (0, "1970-01-01"),
        (86_399, "1970-01-01"),
        (86_400, "1970-01-02"),
        (951_782_400, "2000-02-29"),
        (951_868_800, "2000-03-01"),
        (1_709_210_096, "2024-02-29"),
        (1_735_689_599, "2024-12-31"),
        (4_107_542_400, "2100-03-01"),
        (253_402_300_799, "9999-12-31"),
    ] {
        let range = DateRange::of_day(at(moment)).unwrap();
        assert_eq!(
            range.to_string(),
            format!("{day}T00:00:00Z/{day}T23:59:59Z")
        );
    }
    let range = DateRange::new(at(1_709_210_096), at(1_709_210_096)).unwrap();
    assert_eq!(
        range.to_string(),
        "2024-02-29T12:34:56Z/2024-02-29T12:34:56Z"
    );
    for (result, reason) in [
        (DateRange::new(at(1), at(0)), DateError::Reversed),
        (
            DateRange::new(at(0), at(253_402_300_800)),
            DateError::TooLate,
        ),
        (DateRange::of_day(at(u64::MAX)), DateError::TooLate),
    ] {
        assert_eq!(result, Err(reason));
        assert!(reason.cite().starts_with("RFC ") && !reason.to_string().is_empty());
    }
}

proptest! {
    #[test]
    fn days_follow_each_other(day in 0_u64..2_932_896) {
        let text = |day: u64| {
            let moment = UnixTime::since_unix_epoch(Duration::from_secs(day * 86_400));
            DateRange::of_day(moment).unwrap().to_string()[..10].to_owned()
        };
        let fields = |text: &str| -> Vec<u32> {
            text.split('-').map(|field| field.parse().unwrap()).collect()
        };
        let (today, next) = (fields(&text(day)), fields(&text(day + 1)));
        let (year, month, date) = (today[0], today[1], today[2]);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = match month {
            2 => 28 + u32::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let expected = match (month, date) {
            (12, 31) => [year + 1, 1, 1],
            _ if date == length => [year, month + 1, 1],
            _ => [year, month, date + 1],
        };
        prop_assert_eq!(next, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever happens in random worlds, each session is counted once and under its own domain.
    #[test]
    fn sums_equal_the_count_of_sessions(
        worlds in prop::collection::vec((published(), policy(), 0_usize..3), 1..12),
    ) {
        let domains: Vec<Name> = ["example.com", "example.net", "example.org"].map(name).into();
        let mut aggregator = Aggregator::new();
        let mut expected: BTreeMap<Name, (u64, u64, u64)> = BTreeMap::new();
        for (published, policy, place) in worlds {
            let run = published.world().deliver(domain(), &published.policy(policy));
            for session in tlsrpt::sessions(&run.delivery, &domains[place]) {
                aggregator.add(&session);
                let (good, bad, failures) = expected.entry(domains[place].clone()).or_default();
                if session.failures().is_empty() {
                    *good += 1;
                } else {
                    *bad += 1;
                }
                *failures += u64::try_from(session.failures().len()).unwrap();
            }
        }
        prop_assert!(aggregator.domains().eq(expected.keys()));
        for (domain, (good, bad, failures)) in expected {
            let report = aggregator.report(&domain, header()).unwrap();
            prop_assert_eq!(totals(&report), (good, bad));
            prop_assert_eq!(report.policies().iter().map(detail_sum).sum::<u64>(), failures);
            prop_assert_eq!(report.counts(), Counts::Exact);
        }
    }

    /// What the world saw: each connection that got mail, and each that TLS was refused on, is a session; no other is.
    #[test]
    fn every_connection_that_got_mail_is_a_session(
        published in published(),
        policy in policy(),
    ) {
        let run = published.world().deliver(domain(), &published.policy(policy));
        let sessions = tlsrpt::sessions(&run.delivery, &name("example.com"));
        for (address, _) in &run.sent {
            let of_address = sessions.iter().filter(|session| session.receiving_ip() == Some(*address));
            let sent = run.sent.iter().filter(|(other, _)| other == address).count();
            prop_assert_eq!(of_address.count(), sent);
        }
        for session in &sessions {
            if let Some(address) = session.receiving_ip() {
                prop_assert!(run.connected.contains(&address));
            }
        }
    }
}
