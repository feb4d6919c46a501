//! RFC 8914: extended DNS errors, which are for people.

use smtp_dane::Policy;
use smtp_dane::dns::{Answer, ExtendedError, FailedLookup, LookupError};
use smtp_dane::dns::{MAX_EXTENDED_ERRORS, Malformed};
use smtp_dane::dns::{QueryType, Question, Rcode};
use smtp_dane::resolve::{NextHop, RouteError, Routing, Step};

use crate::support::message::{Message, Rr};
use crate::support::wire::{ID, receive};
use crate::support::{name, question};

fn mx() -> Question {
    question("example.com", QueryType::Mx)
}

/// An option of EDNS in wire form.
fn option(code: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap();
    [&code.to_be_bytes(), &length.to_be_bytes(), data].concat()
}

fn extended(code: u16, text: &[u8]) -> Vec<u8> {
    option(15, &[&code.to_be_bytes(), text].concat())
}

fn with(mut message: Message, options: &[Vec<u8>]) -> Answer {
    message.additionals[0] = Rr::opt(0, &options.concat());
    receive(&mx(), &message.to_bytes()).unwrap()
}

fn errors(options: &[Vec<u8>]) -> Vec<(u16, String)> {
    let answer = with(Message::reply(ID, &mx()).rcode(2), options);
    let errors = answer.extended_errors().iter();
    errors
        .map(|error| (error.code, error.text.clone()))
        .collect()
}

fn error(code: u16, text: &str) -> (u16, String) {
    (code, text.to_owned())
}

#[test]
fn section_2_an_extended_error_is_a_code_and_text() {
    assert_eq!(
        errors(&[extended(7, b"signature expired")]),
        [error(7, "signature expired")]
    );
    assert_eq!(errors(&[extended(0xffff, b"")]), [error(0xffff, "")]);
    assert_eq!(
        errors(&[extended(6, "größer".as_bytes())]),
        [error(6, "größer")]
    );
}

#[test]
fn section_2_the_length_of_the_option_ends_the_text_and_a_nul_may() {
    assert_eq!(errors(&[extended(6, b"bogus\0")]), [error(6, "bogus")]);
    assert_eq!(errors(&[extended(6, b"\0")]), [error(6, "")]);
    assert_eq!(
        errors(&[extended(6, b"a"), extended(7, b"b")]),
        [error(6, "a"), error(7, "b")]
    );
}

#[test]
fn section_2_text_that_is_no_utf_8_is_shown_as_far_as_it_can_be() {
    assert_eq!(
        errors(&[extended(6, b"a\xff\xfeb")]),
        [error(6, "a\u{fffd}\u{fffd}b")]
    );
}

#[test]
fn section_2_control_characters_do_not_reach_a_log() {
    let hostile = extended(6, b"x\r\nMail delivered\x1b[31m\0\x7f\xc2\x85y");
    let found = errors(&[hostile]);
    assert!(!found[0].1.chars().any(char::is_control), "{found:?}");
    assert!(found[0].1.starts_with('x') && found[0].1.ends_with('y'));
}

#[test]
fn section_2_marks_that_disguise_a_line_do_not_reach_a_log() {
    let hostile = extended(6, "a\u{202e}b\u{2028}c\u{200b}d\u{2066}e".as_bytes());
    let found = errors(&[hostile]);
    assert_eq!(found[0].1, "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e");
    // Each of them, and those that were withdrawn from use but have not lost their effect everywhere.
    let marks = ['\u{61c}', '\u{feff}'].into_iter();
    let marks = marks.chain('\u{200b}'..='\u{200f}');
    let marks = marks.chain('\u{2028}'..='\u{202e}');
    for mark in marks.chain('\u{2060}'..='\u{206f}') {
        let found = errors(&[extended(6, format!("a{mark}b").as_bytes())]);
        assert_eq!(found, [error(6, "a\u{fffd}b")], "{mark:?}");
    }
    for harmless in ["a\u{61b}b", "a\u{2010}b", "a\u{2070}b"] {
        let found = errors(&[extended(6, harmless.as_bytes())]);
        assert_eq!(found, [error(6, harmless)]);
    }
}

#[test]
fn section_2_an_option_too_short_for_a_code_is_passed_over() {
    for short in [&b""[..], b"\0"] {
        let options = [option(15, short), extended(9, b"")];
        assert_eq!(errors(&options), [error(9, "")]);
    }
}

#[test]
fn section_2_other_options_are_no_extended_errors() {
    let options = [
        option(3, b"\0\x06id"),
        extended(9, b""),
        option(0x0f00, b"\0\x06"),
    ];
    assert_eq!(errors(&options), [error(9, "")]);
}

#[test]
fn section_3_an_extended_error_never_changes_what_a_reply_says() {
    let data = Message::reply(ID, &mx())
        .secure()
        .answer(Rr::text("example.com MX 10 mx.example.com"));
    let empty = Message::reply(ID, &mx()).secure();
    for message in [
        data,
        empty.clone(),
        empty.clone().rcode(3),
        empty.clone().rcode(2),
        empty.rcode(5),
    ] {
        let plain = with(message.clone(), &[]);
        for code in 0..=30 {
            let answer = with(message.clone(), &[extended(code, b"text")]);
            assert_eq!(answer.result(), plain.result(), "{code}");
            assert_eq!(answer.extended_errors().len(), 1);
        }
    }
}

#[test]
fn section_3_a_reply_may_have_several_extended_errors_whatever_its_code() {
    for rcode in [0, 2, 3] {
        let options = [
            extended(6, b"one"),
            option(10, b"cookie"),
            extended(9, b"two"),
        ];
        let answer = with(Message::reply(ID, &mx()).rcode(rcode), &options);
        assert_eq!(answer.extended_errors().len(), 2, "{rcode}");
    }
}

#[test]
fn section_3_no_more_extended_errors_are_kept_than_the_bound() {
    let options = vec![extended(6, b"x"); 100];
    assert_eq!(errors(&options).len(), MAX_EXTENDED_ERRORS);
    let many = vec![
        ExtendedError {
            code: 6,
            text: String::new()
        };
        100
    ];
    let answer = Answer::failed(LookupError::Bogus).with_extended_errors(many);
    assert_eq!(answer.extended_errors().len(), MAX_EXTENDED_ERRORS);
}

#[test]
fn section_3_what_is_displayed_keeps_to_one_line_and_to_the_bounds_wherever_it_came_from() {
    let forged = ExtendedError {
        code: 6,
        text: "bad\r\n250 ok\u{202e}".to_owned(),
    };
    let shown = "extended error 6 (bad\u{fffd}\u{fffd}250 ok\u{fffd})";
    assert_eq!(forged.to_string(), shown);
    let long = ExtendedError {
        code: 6,
        text: "x".repeat(1000),
    };
    let letters = long.to_string().matches('x').count();
    assert_eq!(letters, "extended".matches('x').count() + 256);
    // As a stored delivery may have it.
    let failed = FailedLookup {
        question: mx(),
        error: LookupError::Bogus,
        extended: vec![forged; 100],
    };
    let count = failed.to_string().matches(shown).count();
    assert_eq!(count, MAX_EXTENDED_ERRORS);
}

#[test]
fn section_3_an_extended_error_does_not_mend_a_malformed_reply() {
    let mut message = Message::reply(ID, &mx());
    message.additionals[0] = Rr::opt(0, &extended(3, b"stale"));
    let mut bytes = message.to_bytes();
    bytes.push(0);
    let answer = receive(&mx(), &bytes).unwrap();
    let left_over = LookupError::Malformed(Malformed::LeftOver);
    assert_eq!(answer.result(), Err(&left_over));
}

#[test]
fn section_4_the_codes_that_speak_of_validation_are_known() {
    for code in 0..=0xffff {
        let error = ExtendedError {
            code,
            text: String::new(),
        };
        let expected = [1, 2, 5, 6, 7, 8, 9, 10, 11, 12].contains(&code);
        assert_eq!(error.concerns_validation(), expected, "{code}");
    }
}

#[test]
fn section_4_a_failed_lookup_is_told_with_the_words_of_the_resolver() {
    let servfail = Message::reply(ID, &mx()).rcode(2);
    for (options, validation, words) in [
        (
            &[extended(7, b"expired in 2025")][..],
            true,
            "extended error 7 (expired in 2025)",
        ),
        (&[extended(22, b"")], false, "extended error 22"),
        (
            &[extended(22, b""), extended(10, b"")],
            true,
            "extended error 10",
        ),
        (&[], false, "SERVFAIL"),
    ] {
        let next_hop = NextHop::domain(name("example.com"));
        let mut routing = Routing::new(next_hop, &Policy::default(), 0);
        let Step::Lookup(queries) = routing.step() else {
            panic!("nothing is asked");
        };
        let id = queries[0].id();
        routing.handle(id, with(servfail.clone(), options)).unwrap();
        let Step::Done(Err(RouteError::Lookup(failed))) = routing.step() else {
            panic!("{:?}", routing.step());
        };
        assert_eq!(failed.error, LookupError::Rcode(Rcode::SERV_FAIL));
        assert_eq!(failed.concerns_validation(), validation);
        assert!(failed.to_string().contains("example.com MX"), "{failed}");
        assert!(failed.to_string().contains(words), "{failed}");
    }
}
