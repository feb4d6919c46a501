//! RFC 1035: the format of messages. Replies to other queries; names and records are in `rfc1035_records.rs`.

use smtp_dane::dns::{Answer, Discard, Found, LookupError, Malformed, QueryType, Question};
use smtp_dane::dns::{Denial, Rcode, Security, Trust};

use crate::support::message::{Message, Rr, TC};
use crate::support::question;
use crate::support::wire::{ID, outcome, outcome_of, receive};

fn mx() -> Question {
    question("example.com", QueryType::Mx)
}

/// A secure reply with one MX record.
fn reply() -> Message {
    Message::reply(ID, &mx())
        .secure()
        .answer(Rr::text("example.com MX 10 mx.example.com"))
}

/// What comes of a reply of which one octet is changed.
fn changed(at: usize, change: impl FnOnce(u8) -> u8) -> Result<Answer, Discard> {
    let mut bytes = reply().to_bytes();
    bytes[at] = change(bytes[at]);
    receive(&mx(), &bytes)
}

#[test]
fn section_4_1_1_a_reply_with_another_id_is_not_ours() {
    for bit in 0..16 {
        let mut message = reply();
        message.id ^= 1 << bit;
        assert_eq!(
            receive(&mx(), &message.to_bytes()),
            Err(Discard::NotOurs),
            "{bit}"
        );
    }
}

#[test]
fn section_4_1_1_a_query_is_no_reply() {
    assert_eq!(changed(2, |flags| flags & 0x7f), Err(Discard::NotOurs));
    // The query itself, sent back.
    assert_eq!(receive(&mx(), &mx().encode(ID)), Err(Discard::NotOurs));
}

#[test]
fn section_4_1_1_a_reply_to_another_kind_of_query_is_not_ours() {
    for opcode in 1..16 {
        let answer = changed(2, |flags| flags | opcode << 3);
        assert_eq!(answer, Err(Discard::NotOurs), "{opcode}");
    }
}

#[test]
fn section_4_1_1_a_reply_to_another_question_is_not_ours() {
    for other in [
        question("example.org", QueryType::Mx),
        question("www.example.com", QueryType::Mx),
        question("com", QueryType::Mx),
        question("example.com", QueryType::A),
        question("example.com", QueryType::Cname),
    ] {
        let mut message = reply();
        message.question = Some(other.clone());
        assert_eq!(
            receive(&mx(), &message.to_bytes()),
            Err(Discard::NotOurs),
            "{other}"
        );
    }
}

#[test]
fn section_4_1_1_a_reply_of_another_class_is_not_ours() {
    let class_at = 12 + mx().name().as_wire().len() + 2;
    assert_eq!(changed(class_at + 1, |_| 3), Err(Discard::NotOurs));
    assert_eq!(changed(class_at, |_| 1), Err(Discard::NotOurs));
}

#[test]
fn section_4_1_1_a_reply_with_two_questions_is_not_ours() {
    let mut bytes = reply().to_bytes();
    let question = bytes[12..12 + mx().name().as_wire().len() + 4].to_vec();
    bytes[5] = 2;
    bytes.splice(12..12, question);
    assert_eq!(receive(&mx(), &bytes), Err(Discard::NotOurs));
}

#[test]
fn section_4_1_1_a_reply_without_the_question_is_believed_of_an_error_only() {
    for rcode in 0..16 {
        let mut message = Message::reply(ID, &mx()).rcode(rcode);
        message.question = None;
        let expected = match rcode {
            0 | 3 => Err(Discard::NotOurs),
            _ => Ok(Answer::failed(LookupError::Rcode(Rcode(rcode)))),
        };
        assert_eq!(receive(&mx(), &message.to_bytes()), expected, "{rcode}");
    }
    let mut message = reply();
    message.question = None;
    assert_eq!(receive(&mx(), &message.to_bytes()), Err(Discard::NotOurs));
}

#[test]
fn section_4_1_1_less_than_a_header_is_not_ours() {
    let bytes = reply().to_bytes();
    for length in 0..12 {
        assert_eq!(
            receive(&mx(), &bytes[..length]),
            Err(Discard::NotOurs),
            "{length}"
        );
    }
}

#[test]
fn section_4_1_1_a_truncated_reply_is_never_used() {
    let tlsa = question("_25._tcp.mx.example.com", QueryType::Tlsa);
    let mut partial = Message::reply(ID, &tlsa)
        .secure()
        .answer(Rr::text("_25._tcp.mx.example.com TLSA 3 1 1 abcd"));
    partial.flags |= TC;
    let whole = partial.to_bytes();
    assert_eq!(receive(&tlsa, &whole), Err(Discard::Truncated));
    // However little of the records is left, and whatever the RCODE.
    let question_end = 12 + tlsa.name().as_wire().len() + 4;
    for length in question_end..whole.len() {
        assert_eq!(
            receive(&tlsa, &whole[..length]),
            Err(Discard::Truncated),
            "{length}"
        );
    }
    for rcode in 0..16 {
        let message = partial.clone().rcode(rcode).to_bytes();
        assert_eq!(receive(&tlsa, &message), Err(Discard::Truncated), "{rcode}");
    }
}

#[test]
fn section_4_1_1_a_truncated_reply_to_another_query_is_not_ours() {
    for (id, asked) in [(ID ^ 1, mx()), (ID, question("example.org", QueryType::Mx))] {
        let mut message = Message::reply(id, &asked);
        message.flags |= TC;
        assert_eq!(
            receive(&mx(), &message.to_bytes()),
            Err(Discard::NotOurs),
            "{asked}"
        );
    }
    let mut message = reply();
    message.flags = (message.flags | TC) & 0x7fff;
    assert_eq!(receive(&mx(), &message.to_bytes()), Err(Discard::NotOurs));
}

#[test]
fn section_4_1_1_only_two_response_codes_are_answers() {
    for rcode in 0..16 {
        let result = outcome(&mx(), &Message::reply(ID, &mx()).secure().rcode(rcode));
        match rcode {
            0 => assert_eq!(*result.unwrap().found(), Found::Denied(Denial::NoData)),
            3 => assert_eq!(*result.unwrap().found(), Found::Denied(Denial::NoDomain)),
            _ => assert_eq!(result, Err(LookupError::Rcode(Rcode(rcode)))),
        }
    }
}

#[test]
fn section_4_1_1_an_error_with_records_is_still_an_error() {
    for rcode in (1..16).filter(|rcode| *rcode != 3) {
        let result = outcome(&mx(), &reply().rcode(rcode));
        assert_eq!(result, Err(LookupError::Rcode(Rcode(rcode))), "{rcode}");
    }
}

#[test]
fn section_4_1_1_aa_ra_rd_and_z_do_not_matter() {
    let expected = outcome(&mx(), &reply());
    for flag in [0x0400, 0x0100, 0x0080, 0x0040] {
        let mut message = reply();
        message.flags ^= flag;
        assert_eq!(outcome(&mx(), &message), expected, "{flag:#06x}");
    }
}

#[test]
fn section_4_1_1_the_counts_of_the_header_are_those_of_the_records() {
    for (at, section) in [(7, "answer"), (9, "authority"), (11, "additional")] {
        let mut bytes = reply().to_bytes();
        bytes[at] += 1;
        let result = outcome_of(&mx(), &bytes);
        assert!(
            matches!(result, Err(LookupError::Malformed(_))),
            "{section}: {result:?}"
        );
    }
    let mut bytes = reply().to_bytes();
    bytes[11] -= 1;
    assert_eq!(
        outcome_of(&mx(), &bytes),
        Err(LookupError::Malformed(Malformed::LeftOver))
    );
}

#[test]
fn section_4_1_octets_behind_the_last_record_fail_the_lookup() {
    let mut bytes = reply().to_bytes();
    bytes.push(0);
    assert_eq!(
        outcome_of(&mx(), &bytes),
        Err(LookupError::Malformed(Malformed::LeftOver))
    );
}

#[test]
fn section_4_1_a_reply_cut_anywhere_is_a_failed_lookup_and_no_denial() {
    let bytes = reply().authority(Rr::soa("example.com", 60, 60)).to_bytes();
    let question_end = 12 + mx().name().as_wire().len() + 4;
    for length in 0..bytes.len() {
        let answer = receive(&mx(), &bytes[..length]);
        if length < question_end {
            assert_eq!(answer, Err(Discard::NotOurs), "{length}");
        } else {
            let answer = answer.unwrap();
            assert!(
                matches!(answer.result(), Err(LookupError::Malformed(_))),
                "{length}: {answer:?}"
            );
        }
    }
}

#[test]
fn section_4_1_3_data_cut_short_by_the_end_of_the_message_is_never_read() {
    // Without an OPT record behind it, the data of the last record is all that is missing.
    let tlsa = format!("_25._tcp.mx.example.com TLSA 3 1 1 {}", "ab".repeat(32));
    for (query_type, record) in [
        (QueryType::Tlsa, tlsa.as_str()),
        (QueryType::A, "mx.example.com A 192.0.2.1"),
        (QueryType::Aaaa, "mx.example.com AAAA 2001:db8::1"),
        (QueryType::Cname, "mx.example.com CNAME a.example.com"),
        (QueryType::Mx, "example.com MX 10 mx.example.com"),
    ] {
        let (owner, _) = record.split_once(' ').unwrap();
        let asked = question(owner, query_type);
        let mut message = Message::reply(ID, &asked).secure();
        message.additionals.clear();
        let denial = message.clone().authority(Rr::soa("example.com", 60, 60));
        for message in [message.answer(Rr::text(record)), denial] {
            let bytes = message.to_bytes();
            assert!(outcome_of(&asked, &bytes).is_ok(), "{record}");
            for length in 12 + asked.name().as_wire().len() + 4..bytes.len() {
                let result = outcome_of(&asked, &bytes[..length]);
                let truncated = LookupError::Malformed(Malformed::Truncated);
                assert_eq!(result, Err(truncated), "{record} {length}");
            }
        }
    }
}

#[test]
fn section_4_1_2_the_question_is_compared_without_regard_to_case() {
    let mut bytes = reply().to_bytes();
    let question = 12..12 + mx().name().as_wire().len();
    bytes[question].make_ascii_uppercase();
    assert_eq!(outcome_of(&mx(), &bytes), outcome(&mx(), &reply()));
}

#[test]
fn section_4_2_2_a_message_is_no_longer_than_its_length_field_can_say() {
    let fill = |length: usize| {
        let empty = reply()
            .additional(Rr::new("fill.example", 16, 0, &[]))
            .to_bytes();
        let record = Rr::new("fill.example", 16, 0, &vec![0; length - empty.len()]);
        reply().additional(record).to_bytes()
    };
    assert_eq!(outcome_of(&mx(), &fill(65_535)), outcome(&mx(), &reply()));
    assert_eq!(
        outcome_of(&mx(), &fill(65_536)),
        Err(LookupError::Malformed(Malformed::MessageTooLong))
    );
}

#[test]
fn section_4_1_1_a_query_asks_one_question_with_recursion() {
    let question = question("_25._tcp.mx.example.com", QueryType::Tlsa);
    let query = question.encode(0xbeef);
    assert_eq!(query[..4], [0xbe, 0xef, 0x01, 0x20]);
    assert_eq!(query[4..12], [0, 1, 0, 0, 0, 0, 0, 1]);
    let owner = question.name().as_wire();
    assert_eq!(query[12..12 + owner.len()], *owner);
    assert_eq!(query[12 + owner.len()..16 + owner.len()], [0, 52, 0, 1]);
}

#[test]
fn section_4_1_1_the_security_of_a_denial_is_that_of_the_reply() {
    for (secure, security) in [(true, Security::Secure), (false, Security::Insecure)] {
        for rcode in [0, 3] {
            let mut message = Message::reply(ID, &mx()).rcode(rcode);
            if secure {
                message = message.secure();
            }
            let answer = Answer::from_message(&mx(), ID, &message.to_bytes(), Trust::AdBit);
            assert_eq!(answer.unwrap().result().unwrap().security(), security);
        }
    }
}
