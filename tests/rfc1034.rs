//! RFC 1034: aliases, and what an answer section may hold.

use smtp_dane::dns::{Denial, Found, LookupError, MAX_ALIASES, Malformed, QueryType, Question};

use crate::support::message::{Message, Rr};
use crate::support::wire::{ID, outcome};
use crate::support::{name, question};

fn reply(question: &Question, records: &[&str]) -> Message {
    records
        .iter()
        .fold(Message::reply(ID, question).secure(), |reply, record| {
            reply.answer(Rr::text(record))
        })
}

/// The failure of a reply about the A records of `www.example`.
fn failure(records: &[&str]) -> Option<LookupError> {
    let question = question("www.example", QueryType::A);
    outcome(&question, &reply(&question, records)).err()
}

#[test]
fn section_3_6_2_the_aliases_lead_from_the_question_to_the_data_in_any_order() {
    let question = question("www.example", QueryType::A);
    let records = [
        "www.example CNAME b.example",
        "b.example CNAME c.test",
        "c.test A 192.0.2.1",
    ];
    for order in [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ] {
        let shuffled = order.map(|place| records[place]);
        let found = outcome(&question, &reply(&question, &shuffled)).unwrap();
        assert_eq!(found.aliases(), [name("b.example"), name("c.test")]);
        let address = "192.0.2.1".parse().unwrap();
        assert_eq!(*found.found(), Found::Addresses(vec![address]));
    }
}

#[test]
fn section_3_6_2_an_alias_may_lead_over_names_that_are_no_host_names() {
    let question = question("_25._tcp.mx.example", QueryType::Tlsa);
    let records = [
        "_25._tcp.mx.example CNAME *._dane.example",
        "*._dane.example CNAME tlsa_201.example",
        "tlsa_201.example TLSA 3 1 1 abcd",
    ];
    let found = outcome(&question, &reply(&question, &records)).unwrap();
    assert_eq!(
        found.aliases(),
        [name("*._dane.example"), name("tlsa_201.example")]
    );
    assert!(matches!(found.found(), Found::Associations(_)));
}

#[test]
fn section_3_6_2_two_aliases_at_one_name_fail_the_lookup() {
    let conflict = Some(LookupError::ConflictingAliases);
    for records in [
        &["www.example CNAME b.example", "www.example CNAME c.example"][..],
        &[
            "www.example CNAME c.example",
            "www.example CNAME b.example",
            "b.example A 192.0.2.1",
        ],
        &["www.example CNAME b.example", "www.example CNAME b.example"],
        &[
            "www.example CNAME b.example",
            "b.example CNAME c.example",
            "b.example CNAME d.example",
        ],
    ] {
        assert_eq!(failure(records), conflict, "{records:?}");
    }
}

#[test]
fn section_3_6_2_two_aliases_fail_the_lookup_of_the_alias_itself() {
    let question = question("www.example", QueryType::Cname);
    let records = ["www.example CNAME b.example", "www.example CNAME c.example"];
    let result = outcome(&question, &reply(&question, &records));
    assert_eq!(result, Err(LookupError::ConflictingAliases));
}

#[test]
fn section_3_6_2_data_beside_an_alias_fails_the_lookup() {
    for records in [
        &["www.example CNAME b.example", "www.example A 192.0.2.1"][..],
        &[
            "www.example A 192.0.2.1",
            "www.example CNAME b.example",
            "b.example A 192.0.2.2",
        ],
        &[
            "www.example CNAME b.example",
            "b.example CNAME c.example",
            "b.example A 192.0.2.1",
        ],
    ] {
        assert_eq!(
            failure(records),
            Some(LookupError::ConflictingAliases),
            "{records:?}"
        );
    }
}

#[test]
fn section_3_6_2_an_alias_off_the_chain_fails_the_lookup() {
    for records in [
        &["other.example CNAME b.example"][..],
        &["www.example A 192.0.2.1", "other.example CNAME b.example"],
        &[
            "www.example CNAME b.example",
            "c.example CNAME d.example",
            "d.example A 192.0.2.1",
        ],
    ] {
        assert_eq!(
            failure(records),
            Some(LookupError::UnrelatedRecord),
            "{records:?}"
        );
    }
}

#[test]
fn section_3_6_2_data_off_the_chain_fails_the_lookup_and_is_no_denial() {
    for records in [
        &["other.example A 192.0.2.1"][..],
        &["a.www.example A 192.0.2.1"],
        &["www.example A 192.0.2.1", "other.example A 192.0.2.2"],
        &["www.example CNAME b.example", "c.example A 192.0.2.1"],
    ] {
        assert_eq!(
            failure(records),
            Some(LookupError::UnrelatedRecord),
            "{records:?}"
        );
    }
}

#[test]
fn section_3_6_2_data_of_another_type_off_the_chain_is_no_denial_either() {
    for records in [
        &["other.example AAAA 2001:db8::1"][..],
        &["other.example MX 10 mx.example"],
        &[
            "www.example CNAME b.example",
            "other.example AAAA 2001:db8::1",
        ],
    ] {
        assert_eq!(
            failure(records),
            Some(LookupError::UnrelatedRecord),
            "{records:?}"
        );
    }
}

#[test]
fn section_3_6_2_a_loop_of_aliases_fails_the_lookup() {
    for records in [
        &["www.example CNAME www.example"][..],
        &["www.example CNAME WWW.Example"],
        &["www.example CNAME b.example", "b.example CNAME www.example"],
        &["www.example CNAME b.example", "b.example CNAME b.example"],
        &[
            "www.example CNAME b.example",
            "b.example CNAME c.example",
            "c.example CNAME b.example",
        ],
        &[
            "www.example CNAME b.example",
            "b.example CNAME www.example",
            "b.example A 192.0.2.1",
        ],
    ] {
        assert_eq!(
            failure(records),
            Some(LookupError::AliasLoop),
            "{records:?}"
        );
    }
}

#[test]
fn section_3_6_2_a_chain_is_followed_up_to_its_bound_and_no_further() {
    let question = question("a0.example", QueryType::A);
    for (links, result) in [
        (MAX_ALIASES, None),
        (MAX_ALIASES + 1, Some(LookupError::AliasChainTooLong)),
        (1000, Some(LookupError::AliasChainTooLong)),
    ] {
        let link = |at: usize| format!("a{at}.example CNAME a{}.example", at + 1);
        let mut records: Vec<String> = (0..links).map(link).collect();
        records.push(format!("a{links}.example A 192.0.2.1"));
        let records: Vec<&str> = records.iter().map(String::as_str).collect();
        let answer = outcome(&question, &reply(&question, &records));
        assert_eq!(answer.as_ref().err().copied(), result, "{links}");
        if let Ok(reply) = answer {
            assert_eq!(reply.aliases().len(), links);
        }
    }
}

#[test]
fn section_3_6_2_an_alias_without_data_is_no_denial() {
    let question = question("www.example", QueryType::A);
    let message = reply(&question, &["www.example CNAME b.example"]);
    let found = outcome(&question, &message).unwrap();
    assert_eq!(*found.found(), Found::AliasOnly);
    assert_eq!(found.aliases(), [name("b.example")]);
}

#[test]
fn section_3_6_2_a_name_that_does_not_exist_is_that_at_the_end_of_the_chain() {
    let question = question("www.example", QueryType::A);
    let message = reply(&question, &["www.example CNAME b.example"]).rcode(3);
    let found = outcome(&question, &message).unwrap();
    assert_eq!(*found.found(), Found::Denied(Denial::NoDomain));
    assert_eq!(found.aliases(), [name("b.example")]);
}

#[test]
fn section_3_6_2_the_question_for_an_alias_is_answered_by_it() {
    let question = question("www.example", QueryType::Cname);
    let message = reply(&question, &["www.example CNAME b.example"]);
    let found = outcome(&question, &message).unwrap();
    assert_eq!(*found.found(), Found::AliasOnly);
    assert_eq!(found.aliases(), [name("b.example")]);
    let none = outcome(&question, &reply(&question, &[])).unwrap();
    assert_eq!(*none.found(), Found::Denied(Denial::NoData));
}

#[test]
fn section_3_1_a_name_that_does_not_exist_has_no_records() {
    let denied = Err(LookupError::Malformed(Malformed::DataDenied));
    let addresses = question("www.example", QueryType::A);
    for records in [
        &["www.example A 192.0.2.1"][..],
        &["www.example CNAME b.example", "b.example A 192.0.2.1"],
    ] {
        let message = reply(&addresses, records).rcode(3);
        assert_eq!(outcome(&addresses, &message), denied, "{records:?}");
    }
    let alias = question("www.example", QueryType::Cname);
    let message = reply(&alias, &["www.example CNAME b.example"]).rcode(3);
    assert_eq!(outcome(&alias, &message), denied);
}

#[test]
fn section_4_3_1_each_type_is_found_by_the_question_for_it() {
    for (query_type, record) in [
        (QueryType::A, "www.example A 192.0.2.1"),
        (QueryType::Aaaa, "www.example AAAA 2001:db8::1"),
        (QueryType::Mx, "www.example MX 10 mx.example"),
        (QueryType::Tlsa, "www.example TLSA 3 1 1 abcd"),
    ] {
        let question = question("www.example", query_type);
        let found = outcome(&question, &reply(&question, &[record])).unwrap();
        assert!(
            !matches!(found.found(), Found::Denied(_) | Found::AliasOnly),
            "{record}"
        );
        assert_eq!(found.aliases(), []);
    }
}

#[test]
fn section_4_3_1_a_record_of_another_type_at_the_name_is_not_taken_for_the_data() {
    let question = question("www.example", QueryType::A);
    let message = reply(&question, &["www.example AAAA 2001:db8::1"]);
    let found = outcome(&question, &message).unwrap();
    assert_eq!(*found.found(), Found::Denied(Denial::NoData));
}
