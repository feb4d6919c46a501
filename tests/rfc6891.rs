//! RFC 6891: EDNS(0).

use smtp_dane::Policy;
use smtp_dane::dns::Rcode;
use smtp_dane::dns::{Denial, EDNS_PAYLOAD, Found, LookupError, Malformed, QueryType, Question};
use smtp_dane::resolve::{HostError, NextHop, RouteError};

use crate::support::drive::{plan, route};
use crate::support::message::{Message, OPT, Rr};
use crate::support::wire::{ID, outcome};
use crate::support::zone::{Failure, Zone};
use crate::support::{name, question};

fn mx() -> Question {
    question("example.com", QueryType::Mx)
}

fn reply() -> Message {
    Message::reply(ID, &mx())
        .secure()
        .answer(Rr::text("example.com MX 10 mx.example.com"))
}

fn malformed(message: &Message) -> Option<Malformed> {
    match outcome(&mx(), message) {
        Err(LookupError::Malformed(malformed)) => Some(malformed),
        _ => None,
    }
}

#[test]
fn section_6_1_1_a_second_opt_record_fails_the_lookup() {
    assert_eq!(malformed(&reply()), None);
    let two = reply().additional(Rr::opt(0, &[]));
    assert_eq!(malformed(&two), Some(Malformed::SecondOpt));
    let apart = reply()
        .additional(Rr::text("example.com A 192.0.2.1"))
        .additional(Rr::opt(0, &[]));
    assert_eq!(malformed(&apart), Some(Malformed::SecondOpt));
}

#[test]
fn section_6_1_1_an_opt_record_stands_in_the_additional_section() {
    for message in [
        reply().answer(Rr::opt(0, &[])),
        reply().authority(Rr::opt(0, &[])),
    ] {
        let mut message = message;
        assert_eq!(malformed(&message), Some(Malformed::MisplacedOpt));
        message.additionals.clear();
        assert_eq!(malformed(&message), Some(Malformed::MisplacedOpt));
    }
}

#[test]
fn section_6_1_1_an_opt_record_may_stand_anywhere_in_its_section_or_be_missing() {
    let expected = outcome(&mx(), &reply());
    let mut message = reply().additional(Rr::text("mx.example.com A 192.0.2.1"));
    assert_eq!(outcome(&mx(), &message), expected);
    message.additionals.reverse();
    assert_eq!(outcome(&mx(), &message), expected);
    message.additionals.clear();
    assert_eq!(outcome(&mx(), &message), expected);
}

#[test]
fn section_6_1_2_the_owner_of_an_opt_record_is_the_root() {
    for owner in [&b"\x03com\0"[..], b"\xc0\x0c"] {
        let mut message = reply();
        message.additionals[0].owner = owner.to_vec();
        assert_eq!(malformed(&message), Some(Malformed::OptOwner));
    }
}

#[test]
fn section_6_1_2_a_query_has_one_opt_record_with_payload_version_and_do() {
    let query = mx().encode(ID);
    let behind_question = 12 + mx().name().as_wire().len() + 4;
    let [high, low] = EDNS_PAYLOAD.to_be_bytes();
    assert_eq!(
        query[behind_question..],
        [0, 0, 41, high, low, 0, 0, 0x80, 0, 0, 0]
    );
}

#[test]
fn section_6_1_2_unknown_options_and_other_payload_sizes_are_ignored() {
    let expected = outcome(&mx(), &reply());
    for options in [
        &[0xff, 0xff, 0, 0][..],
        &[0, 3, 0, 2, b'i', b'd'],
        &[0, 10, 0, 1, 0, 0xab, 0xcd, 0, 3, 1, 2, 3],
    ] {
        let mut message = reply();
        message.additionals[0].rdata = options.to_vec();
        assert_eq!(outcome(&mx(), &message), expected, "{options:?}");
    }
    for payload in [0, 1, 512, 0xffff] {
        let mut message = reply();
        message.additionals[0].class = payload;
        assert_eq!(outcome(&mx(), &message), expected, "{payload}");
    }
}

#[test]
fn section_6_1_2_an_option_that_overruns_its_record_fails_the_lookup() {
    for options in [
        &[0][..],
        &[0, 15],
        &[0, 15, 0],
        &[0, 15, 0, 1],
        &[0, 3, 0, 2, 0],
        &[0, 3, 0, 0, 0],
    ] {
        let mut message = reply();
        message.additionals[0].rdata = options.to_vec();
        // What follows in the message does not belong to the option.
        message = message.additional(Rr::text("example.com A 192.0.2.1"));
        assert_eq!(
            malformed(&message),
            Some(Malformed::Truncated),
            "{options:?}"
        );
    }
}

#[test]
fn section_6_1_3_the_extended_code_and_that_of_the_header_are_one() {
    for extended in [1, 2, 0x10, 0xff] {
        for rcode in 0..16 {
            let mut message = reply().rcode(rcode);
            message.additionals = vec![Rr::opt(extended, &[])];
            let code = Rcode(u16::from(extended) << 4 | rcode);
            assert_eq!(outcome(&mx(), &message), Err(LookupError::Rcode(code)));
        }
    }
}

#[test]
fn section_6_1_3_badvers_without_records_is_no_denial() {
    let mut message = Message::reply(ID, &mx()).secure();
    message.additionals = vec![Rr::opt(1, &[])];
    assert_eq!(outcome(&mx(), &message), Err(LookupError::Rcode(Rcode(16))));
    message.additionals = vec![Rr::opt(0, &[])];
    let denied = Found::Denied(Denial::NoData);
    assert_eq!(*outcome(&mx(), &message).unwrap().found(), denied);
}

#[test]
fn section_6_2_2_a_server_without_edns_is_a_failure_and_is_not_asked_without() {
    // DNSSEC needs EDNS, so a refusal of it must not become a plain query.
    let zone = Zone::signed()
        .with("example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.1")
        .failing("_25._tcp.mx.example.com", QueryType::Tlsa, Failure::FormErr);
    let next_hop = NextHop::domain(name("example.com"));
    let (result, asked) = plan(&zone, next_hop.clone(), &Policy::default());
    assert!(matches!(result, Err(HostError::Lookup(_))), "{result:?}");
    let of_tlsa = |asked: &&String| asked.ends_with(" TLSA");
    assert_eq!(asked.iter().filter(of_tlsa).count(), 1);
    let zone = zone.failing("example.com", QueryType::Mx, Failure::NotImp);
    let (result, asked) = route(&zone, next_hop, &Policy::default());
    assert!(matches!(result, Err(RouteError::Lookup(_))), "{result:?}");
    assert_eq!(asked, ["example.com MX"]);
}

#[test]
fn section_6_2_3_the_payload_size_is_at_least_512_and_fits_one_packet() {
    assert_eq!(EDNS_PAYLOAD, 1232);
    let query = question("mx.example", QueryType::Tlsa).encode(ID);
    let opt = &query[query.len() - 11..];
    assert_eq!(u16::from_be_bytes([opt[1], opt[2]]), OPT);
    assert_eq!(u16::from_be_bytes([opt[3], opt[4]]), EDNS_PAYLOAD);
}
