//! RFC 1035: names and the data of records.

use std::hash::{DefaultHasher, Hash, Hasher};

use smtp_dane::dns::{Found, LookupError, Malformed, Mx, QueryType, Question};
use smtp_dane::{Name, NameError};

use crate::support::message::{Message, Rr};
use crate::support::wire::{ID, compressed, outcome, outcome_of};
use crate::support::{name, question};

fn mx() -> Question {
    question("example.com", QueryType::Mx)
}

/// A reply with one record at the name of the question, its data in raw octets.
fn with_rdata(question: &Question, rdata: &[u8]) -> Message {
    let owner = question.name().to_string();
    let record = Rr::new(&owner, question.query_type().code(), 3600, rdata);
    Message::reply(ID, question).answer(record)
}

fn malformed(question: &Question, rdata: &[u8]) -> Option<Malformed> {
    match outcome(question, &with_rdata(question, rdata)) {
        Err(LookupError::Malformed(malformed)) => Some(malformed),
        _ => None,
    }
}

/// What stands in the data of an MX record whose exchange is these octets.
fn exchange(octets: &[u8]) -> Result<Name, LookupError> {
    exchange_in(octets, &[])
}

/// The same, with a record in front of it at which a pointer may aim.
fn exchange_in(octets: &[u8], before: &[u8]) -> Result<Name, LookupError> {
    let mut message = Message::reply(ID, &mx());
    message.answers.push(Rr {
        owner: vec![0xc0, 12],
        record_type: 16,
        class: 1,
        ttl: 0,
        rdata: before.to_vec(),
    });
    let rdata = [&[0, 10], octets].concat();
    message.answers.push(Rr::new("example.com", 15, 0, &rdata));
    match outcome(&mx(), &message)?.found() {
        Found::Exchanges(exchanges) => Ok(exchanges[0].exchange.clone()),
        other => panic!("{other:?}"),
    }
}

/// Where the data of the record in front begins.
const BEFORE: usize = 12 + 13 + 4 + 12;

/// Where the exchange begins if that data is empty: behind an owner of 13 octets, 10 of fixed fields and 2 of preference.
const EXCHANGE: usize = BEFORE + 13 + 10 + 2;

fn pointer(target: usize) -> [u8; 2] {
    u16::try_from(0xc000 | target).unwrap().to_be_bytes()
}

fn fails(malformed: Malformed) -> Result<Name, LookupError> {
    Err(LookupError::Malformed(malformed))
}

#[test]
fn section_2_3_3_names_compare_without_regard_to_case() {
    let question = question("www.example", QueryType::A);
    let mut alias = Rr::text("www.example CNAME b.example");
    alias.owner.make_ascii_uppercase();
    let mut data = Rr::text("b.example A 192.0.2.1");
    data.owner = b"\x01B\x07eXaMpLe\0".to_vec();
    let reply = outcome(
        &question,
        &Message::reply(ID, &question).answer(alias).answer(data),
    );
    let reply = reply.unwrap();
    assert_eq!(reply.aliases(), [name("b.example")]);
    assert_eq!(
        *reply.found(),
        Found::Addresses(vec!["192.0.2.1".parse().unwrap()])
    );
}

#[test]
fn section_2_3_3_only_the_letters_of_ascii_have_case() {
    for (one, other) in [(b'[', b'{'), (b'@', b'`'), (0xc4, 0xe4)] {
        let of = |octet| Name::from_wire(&[1, octet, 0]).unwrap();
        assert_ne!(of(one), of(other));
    }
    assert_eq!(Name::from_wire(b"\x01Z\0"), Name::from_wire(b"\x01z\0"));
}

#[test]
fn section_3_1_a_label_has_up_to_63_octets() {
    assert!(exchange(&[&[63], &[b'a'; 63][..], &[0]].concat()).is_ok());
    // One more sets a bit that is reserved.
    let longer = [&[64], &[b'a'; 64][..], &[0]].concat();
    assert_eq!(exchange(&longer), fails(Malformed::LabelType));
}

#[test]
fn section_3_1_a_name_has_up_to_255_octets() {
    let label = |length: u8| [vec![length], vec![b'a'; length.into()]].concat();
    let longest = [label(63), label(63), label(63), label(61), vec![0]].concat();
    assert_eq!(longest.len(), 255);
    assert_eq!(exchange(&longest).unwrap().as_wire(), longest);
    let longer = [label(63), label(63), label(63), label(62), vec![0]].concat();
    assert_eq!(exchange(&longer), fails(Malformed::NameTooLong));
}

#[test]
fn section_3_1_a_pointer_does_not_lengthen_a_name_beyond_255_octets() {
    let label = |length: u8| [vec![length], vec![b'a'; length.into()]].concat();
    let end = [label(63), label(63), vec![0]].concat();
    let start = |last| [label(63), label(last), pointer(BEFORE).to_vec()].concat();
    assert_eq!(exchange_in(&start(61), &end).unwrap().as_wire().len(), 255);
    assert_eq!(exchange_in(&start(62), &end), fails(Malformed::NameTooLong));
}

#[test]
fn section_3_1_the_text_of_a_name_keeps_to_the_same_limits() {
    let label = |length: usize| "a".repeat(length);
    assert!(label(63).parse::<Name>().is_ok());
    assert_eq!(label(64).parse::<Name>(), Err(NameError::LabelTooLong));
    let longest = [label(63), label(63), label(63), label(61)].join(".");
    assert!(longest.parse::<Name>().is_ok());
    assert_eq!(
        format!("{longest}a").parse::<Name>(),
        Err(NameError::TooLong)
    );
}

#[test]
fn section_3_3_1_the_data_of_an_alias_is_one_name() {
    let question = question("www.example", QueryType::Cname);
    assert_eq!(malformed(&question, b"\x01b\0"), None);
    assert_eq!(malformed(&question, b""), Some(Malformed::Truncated));
    assert_eq!(malformed(&question, b"\x01b"), Some(Malformed::Truncated));
    assert_eq!(
        malformed(&question, b"\x01b\0\0"),
        Some(Malformed::RdataLength)
    );
}

#[test]
fn section_3_3_9_an_exchange_may_be_compressed() {
    let message = Message::reply(ID, &mx())
        .answer(Rr::text("example.com MX 10 mx1.example.com"))
        .answer(Rr::text("example.com MX 300 example.com"))
        .answer(Rr::text("example.com MX 0 ."));
    let (short, long) = (compressed(&message), message.to_bytes());
    assert!(short.len() < long.len());
    let found = outcome_of(&mx(), &short);
    assert_eq!(found, outcome_of(&mx(), &long));
    let exchange = |preference, host| Mx {
        preference,
        exchange: name(host),
    };
    assert_eq!(
        *found.unwrap().found(),
        Found::Exchanges(vec![
            exchange(10, "mx1.example.com"),
            exchange(300, "example.com"),
            exchange(0, ".")
        ])
    );
}

#[test]
fn section_3_3_9_a_preference_and_one_name_fill_the_data_of_an_exchange() {
    for (rdata, error) in [
        (&b""[..], Malformed::Truncated),
        (b"\0", Malformed::Truncated),
        (b"\0\x0a", Malformed::Truncated),
        (b"\0\x0a\x02mx", Malformed::Truncated),
        (b"\0\x0a\x02mx\0\0", Malformed::RdataLength),
        (b"\0\x0a\xc0\x0c\0", Malformed::RdataLength),
    ] {
        assert_eq!(malformed(&mx(), rdata), Some(error), "{rdata:?}");
    }
}

#[test]
fn section_3_4_1_an_address_has_its_length() {
    for (query_type, right) in [(QueryType::A, 4), (QueryType::Aaaa, 16)] {
        let question = question("mx.example", query_type);
        for length in 0..20 {
            let wrong = (length != right).then_some(Malformed::RdataLength);
            assert_eq!(malformed(&question, &vec![1; length]), wrong, "{length}");
        }
    }
}

#[test]
fn section_4_1_3_a_record_of_another_class_fails_the_lookup() {
    for class in [0, 3, 4, 254, 255, 0x0101] {
        let mut message = with_rdata(&mx(), b"\0\x0a\x02mx\0");
        message.answers[0].class = class;
        let result = outcome(&mx(), &message);
        assert_eq!(
            result,
            Err(LookupError::Malformed(Malformed::Class)),
            "{class}"
        );
    }
}

#[test]
fn section_4_1_3_data_that_overruns_the_message_fails_the_lookup() {
    let bytes = with_rdata(&mx(), b"\0\x0a\x02mx\0").to_bytes();
    // The reply ends in this record and the OPT record of 11 octets.
    let length_at = bytes.len() - 11 - 6 - 2;
    assert_eq!(bytes[length_at..length_at + 2], [0, 6]);
    for wrong in (0..=20).chain([255]).filter(|length| *length != 6) {
        let mut bytes = bytes.clone();
        bytes[length_at + 1] = wrong;
        let result = outcome_of(&mx(), &bytes);
        assert!(
            matches!(result, Err(LookupError::Malformed(_))),
            "{wrong}: {result:?}"
        );
    }
}

#[test]
fn section_4_1_3_a_name_ends_within_its_data() {
    // The name would be whole if it could go on in the record behind.
    let mut message = with_rdata(&mx(), b"\0\x0a\x02mx");
    message.answers.push(Rr {
        owner: vec![0],
        ..Rr::text("example.com MX 10 mx.example.com")
    });
    let result = outcome(&mx(), &message);
    assert_eq!(result, Err(LookupError::Malformed(Malformed::Truncated)));
    // And so if the second octet of a pointer is missing.
    assert_eq!(malformed(&mx(), b"\0\x0a\xc0"), Some(Malformed::Truncated));
}

#[test]
fn section_2_3_3_names_that_differ_in_case_alone_are_one_and_others_are_told_apart_by_their_hash() {
    let hash = |text: &str| {
        let mut hasher = DefaultHasher::new();
        name(text).hash(&mut hasher);
        hasher.finish()
    };
    assert_eq!(hash("mx1.EXAMPLE.com"), hash("MX1.example.com"));
    assert_ne!(hash("mx1.example.com"), hash("mx2.example.com"));
}

#[test]
fn section_4_1_4_pointers_lead_to_earlier_names() {
    assert_eq!(exchange(&pointer(12)), Ok(name("example.com")));
    assert_eq!(exchange(&pointer(20)), Ok(name("com")));
    assert_eq!(
        exchange(&[&b"\x02mx"[..], &pointer(12)].concat()),
        Ok(name("mx.example.com"))
    );
    // A pointer to a pointer.
    let chain = [&b"\x01b"[..], &pointer(12)].concat();
    assert_eq!(
        exchange_in(&pointer(BEFORE), &chain),
        Ok(name("b.example.com"))
    );
    assert_eq!(
        exchange_in(&pointer(BEFORE + 2), &chain),
        Ok(name("example.com"))
    );
}

#[test]
fn section_4_1_4_a_pointer_that_does_not_lead_backwards_fails_the_lookup() {
    let here = EXCHANGE;
    for target in [here, here + 1, here + 2, here + 11, 0x3fff] {
        assert_eq!(
            exchange(&pointer(target)),
            fails(Malformed::ForwardPointer),
            "{target}"
        );
    }
    let label = [&b"\x02mx"[..], &pointer(here)].concat();
    assert_eq!(
        exchange(&label),
        fails(Malformed::ForwardPointer),
        "to the name itself"
    );
}

#[test]
fn section_4_1_4_a_pointer_may_lead_to_any_octet_in_front_of_the_name() {
    // The nearest one that ends a name is the first octet of the preference, which is zero here.
    assert_eq!(exchange(&pointer(EXCHANGE - 2)), Ok(Name::root()));
}

#[test]
fn section_4_1_4_pointers_that_form_a_loop_fail_the_lookup() {
    // Two that aim at each other, one that aims at itself, a label with a pointer to itself.
    for before in [
        [pointer(BEFORE + 2), pointer(BEFORE)].concat(),
        [pointer(BEFORE), pointer(BEFORE)].concat(),
        [&b"\x01a"[..], &pointer(BEFORE)].concat(),
    ] {
        for target in [BEFORE, BEFORE + 2] {
            let result = exchange_in(&pointer(target), &before);
            assert!(
                matches!(result, Err(LookupError::Malformed(_))),
                "{before:?} {target}"
            );
        }
    }
}

#[test]
fn section_4_1_4_a_name_has_no_more_pointers_than_it_can_have_labels() {
    // Each pointer in front aims at the one before it, the first at the question.
    let chain = |count: usize| -> Vec<u8> {
        let target = |at: usize| if at == 0 { 12 } else { BEFORE + 2 * (at - 1) };
        (0..count).flat_map(|at| pointer(target(at))).collect()
    };
    let last = |count: usize| pointer(BEFORE + 2 * (count - 1));
    assert_eq!(
        exchange_in(&last(126), &chain(126)),
        Ok(name("example.com"))
    );
    assert_eq!(
        exchange_in(&last(127), &chain(127)),
        fails(Malformed::TooManyPointers)
    );
    assert_eq!(
        exchange_in(&last(5000), &chain(5000)),
        fails(Malformed::TooManyPointers)
    );
}

#[test]
fn section_4_1_4_the_longest_name_of_single_letters_may_point_at_each_label() {
    // 127 labels of one octet, each followed by a pointer to the next; the root last.
    let mut before = vec![0];
    let mut target = BEFORE;
    for _ in 0..126 {
        let place = BEFORE + before.len();
        before.extend(b"\x01a");
        before.extend(pointer(target));
        target = place;
    }
    let longest = [&b"\x01a"[..], &pointer(target)].concat();
    assert_eq!(
        exchange_in(&longest, &before).unwrap().labels().count(),
        127
    );
}

#[test]
fn section_4_1_4_reserved_label_types_fail_the_lookup() {
    for first in 64..=191 {
        let octets = [&[first], &[b'a'; 63][..], &[0]].concat();
        assert_eq!(exchange(&octets), fails(Malformed::LabelType), "{first}");
        assert_eq!(
            exchange_in(&pointer(BEFORE), &octets),
            fails(Malformed::LabelType)
        );
    }
}

#[test]
fn section_4_1_4_an_owner_may_be_compressed() {
    let mut message = with_rdata(&mx(), b"\0\x0a\x02mx\0");
    let expected = outcome(&mx(), &message);
    message.answers[0].owner = pointer(12).to_vec();
    assert_eq!(outcome(&mx(), &message), expected);
    message.answers[0].owner = pointer(25).to_vec();
    let result = outcome(&mx(), &message);
    assert!(result.is_err(), "{result:?}");
}

#[test]
fn section_5_1_the_text_of_a_name_may_hold_any_octet_behind_a_backslash() {
    for (text, wire) in [
        (r"a\.b.c", &b"\x03a.b\x01c\0"[..]),
        (r"a\046b.c", b"\x03a.b\x01c\0"),
        (r"\000\255", b"\x02\0\xff\0"),
        (r"\*.x", b"\x01*\x01x\0"),
    ] {
        assert_eq!(text.parse::<Name>().unwrap().as_wire(), wire, "{text}");
    }
    for text in [r"a\", r"a\1", r"a\12", r"a\999", r"a\1x2"] {
        assert_eq!(text.parse::<Name>(), Err(NameError::BadEscape), "{text}");
    }
}
