//! Damage in the DNS, and in what is offered to whom.

use smtp_dane::publish::Severity::{Critical, Note, Warning};
use smtp_dane::publish::{MAX_ANSWER, Rule, StartTls, answer_size};
use smtp_dane::tlsa::{MAX_RECORDS, Record};

use super::{Row, only};
use crate::publish::chain;
use crate::support::dane::{raw, record};
use crate::support::pki::at;

pub(super) const TABLE: &[Row] = &[
    ("no records", Critical, Rule::NoRecords, |server, _| {
        server.records.clear();
    }),
    (
        "usage 1 alone",
        Critical,
        Rule::NoneUsable,
        |server, site| {
            server.records = vec![record(1, 1, 1, &site.first)];
        },
    ),
    (
        "a digest cut short",
        Critical,
        Rule::NoneUsable,
        |server, _| {
            server.records = vec![raw(3, 1, 1, &[7; 31])];
        },
    ),
    (
        "too many records",
        Critical,
        Rule::TooManyRecords,
        |server, _| {
            let digits = 0..=u8::try_from(MAX_RECORDS).unwrap();
            server.records = digits.map(|digit| raw(3, 1, 1, &[digit; 32])).collect();
        },
    ),
    (
        "no STARTTLS",
        Critical,
        Rule::StartTlsMissing,
        |server, _| {
            server.starttls = StartTls::Never;
        },
    ),
    (
        "STARTTLS after greylisting",
        Critical,
        Rule::StartTlsSelective,
        |server, _| {
            server.starttls = StartTls::Sometimes;
        },
    ),
    (
        "a record cut short",
        Warning,
        Rule::UnusableRecord,
        |server, _| {
            server.records.push(raw(3, 1, 2, &[7; 32]));
        },
    ),
    (
        "octets that are no record",
        Warning,
        Rule::UnusableRecord,
        |server, _| {
            server.records.push(Record::from_rdata(&[3, 1]));
        },
    ),
    (
        "an unknown matching type",
        Warning,
        Rule::UnusableRecord,
        |server, _| {
            server.records.push(raw(3, 1, 9, &[7; 32]));
        },
    ),
    (
        "usage 0 for port 25",
        Warning,
        Rule::PkixUsage,
        |server, site| {
            server.records.push(record(0, 0, 1, &site.root.der));
        },
    ),
    (
        "the whole key",
        Warning,
        Rule::FullMatching,
        |server, site| {
            only(server, &[record(3, 1, 0, &site.first)], &[&site.first]);
        },
    ),
    (
        "the whole authority",
        Warning,
        Rule::FullMatching,
        |server, site| {
            server.records.push(record(2, 0, 0, &site.root.der));
        },
    ),
    (
        "SHA2-512 alone",
        Warning,
        Rule::Sha512Only,
        |server, site| {
            only(server, &[record(3, 1, 2, &site.first)], &[&site.first]);
        },
    ),
    (
        "SHA2-512 for one of two keys",
        Warning,
        Rule::DigestSetsDiffer,
        |server, site| {
            server.records.push(record(3, 1, 2, &site.first));
            server.default_chains.pop();
        },
    ),
    (
        "SHA2-512 for another key than SHA2-256",
        Critical,
        Rule::NextUnmatched,
        |server, site| {
            let records = [
                record(3, 1, 1, &site.first),
                record(3, 1, 2, &site.first),
                record(3, 1, 1, &site.second),
                record(3, 1, 2, &site.next),
            ];
            only(server, &records, &[&site.first]);
            server.next_chains = vec![chain(&[&site.second])];
        },
    ),
    (
        "SHA2-512 for one usage alone",
        Warning,
        Rule::DigestSetsDiffer,
        |server, site| {
            let more = [&site.first, &site.second].map(|leaf| record(3, 1, 2, leaf));
            server.records.extend(more);
        },
    ),
    (
        "four certificates in full",
        Warning,
        Rule::AnswerTooLarge,
        |server, site| {
            let keys = [&site.first, &site.second, &site.next, &site.issuer.der];
            server
                .records
                .extend(keys.map(|leaf| record(3, 0, 0, leaf)));
            assert!(answer_size(&server.host, &server.records) > MAX_ANSWER);
        },
    ),
    (
        "old signatures",
        Critical,
        Rule::SignatureExpired,
        |server, _| server.signed_until = Some(at(2025, 12, 31)),
    ),
    (
        "signatures of tomorrow",
        Warning,
        Rule::SignatureExpiresSoon,
        |server, _| server.signed_until = Some(at(2026, 1, 2)),
    ),
    ("a week to live", Warning, Rule::TtlTooLong, |server, _| {
        server.ttl = Some(604_800);
    }),
    (
        "unknown time to live",
        Note,
        Rule::TtlUnknown,
        |server, _| {
            server.ttl = None;
        },
    ),
    (
        "the authority's key",
        Note,
        Rule::AnchorByKey,
        |server, site| {
            server.records.push(record(2, 1, 1, &site.root.der));
        },
    ),
    (
        "usage 2 alone",
        Note,
        Rule::ServerKeyPreferred,
        |server, site| {
            server.records = vec![record(2, 0, 1, &site.root.der)];
        },
    ),
    ("a key of the past", Note, Rule::Leftover, |server, site| {
        server.records.push(record(3, 1, 1, &site.next));
    }),
    (
        "usage 3 for an authority",
        Note,
        Rule::Leftover,
        |server, site| {
            server.records.push(record(3, 1, 1, &site.issuer.der));
        },
    ),
];
