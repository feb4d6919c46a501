//! RFC 6672: DNAME.

use smtp_dane::Policy;
use smtp_dane::delivery::Outcome;
use smtp_dane::dns::{Denial, Found, LookupError, QueryType, Question, Rcode};
use smtp_dane::resolve::NextHop;

use crate::support::certificates::leaf;
use crate::support::dane;
use crate::support::message::{Message, Rr};
use crate::support::wire::{ID, compressed, outcome, outcome_of, receive};
use crate::support::world::{Server, World};
use crate::support::{name, question};

fn below() -> Question {
    question("www.d.example", QueryType::A)
}

fn reply(records: &[&str]) -> Message {
    records
        .iter()
        .fold(Message::reply(ID, &below()).secure(), |reply, record| {
            reply.answer(Rr::text(record))
        })
}

#[test]
fn section_2_2_a_substitution_that_overflows_is_a_failed_lookup() {
    let message = reply(&["d.example DNAME long.example"]).rcode(6);
    assert_eq!(
        outcome(&below(), &message),
        Err(LookupError::Rcode(Rcode(6)))
    );
    let message = Message::reply(ID, &below()).secure().rcode(6);
    assert_eq!(
        outcome(&below(), &message),
        Err(LookupError::Rcode(Rcode(6)))
    );
}

#[test]
fn section_2_2_aliases_that_loop_are_a_failed_lookup() {
    for records in [
        &[
            "d.example DNAME d.example",
            "www.d.example CNAME www.d.example",
        ][..],
        &[
            "d.example DNAME e.example",
            "www.d.example CNAME www.e.example",
            "e.example DNAME d.example",
            "www.e.example CNAME www.d.example",
        ],
    ] {
        assert_eq!(
            outcome(&below(), &reply(records)),
            Err(LookupError::AliasLoop)
        );
    }
}

#[test]
fn section_2_3_the_owner_of_a_dname_is_not_redirected_by_it() {
    let question = question("d.example", QueryType::A);
    let bare = Message::reply(ID, &question).answer(Rr::text("d.example DNAME e.example"));
    let reply = outcome(&question, &bare).unwrap();
    assert_eq!(*reply.found(), Found::Denied(Denial::NoData));
    assert_eq!(reply.aliases(), []);
    let reply = outcome(&question, &bare.answer(Rr::text("d.example A 192.0.2.1"))).unwrap();
    assert!(matches!(reply.found(), Found::Addresses(_)));
    assert_eq!(reply.aliases(), []);
}

#[test]
fn section_2_3_a_dname_beside_the_name_redirects_nothing() {
    // Neither a name below the question, nor one that merely ends in the same octets, lies above it.
    for owner in [
        "a.www.d.example",
        "x.d.example",
        "ww.d.example",
        "w.d.example",
    ] {
        let dname = format!("{owner} DNAME e.example");
        let found = outcome(&below(), &reply(&[&dname, "www.d.example A 192.0.2.1"]));
        assert!(
            matches!(found.unwrap().found(), Found::Addresses(_)),
            "{owner}"
        );
    }
}

#[test]
fn section_2_3_a_dname_as_long_as_one_above_the_name_redirects_nothing() {
    for owner in ["e.example", "d.exampla", "exampla", "ww1.d.example"] {
        let dname = format!("{owner} DNAME e.example");
        let found = outcome(&below(), &reply(&[&dname, "www.d.example A 192.0.2.1"]));
        assert!(
            matches!(found.unwrap().found(), Found::Addresses(_)),
            "{owner}"
        );
    }
}

#[test]
fn section_2_5_the_target_of_a_dname_is_not_read() {
    // It should not be compressed, but one that is, or is nonsense, does no harm.
    for target in [&b"\xc0\x0c"[..], b"\xc0\xff", b"\x05x", b"\xff\xff", b""] {
        let mut message = reply(&[
            "d.example DNAME e.example",
            "www.d.example CNAME www.e.example",
            "www.e.example A 192.0.2.1",
        ]);
        message.answers[0].rdata = target.to_vec();
        let found = outcome(&below(), &message).unwrap();
        assert_eq!(found.aliases(), [name("www.e.example")], "{target:?}");
    }
}

#[test]
fn section_3_1_the_alias_made_from_a_dname_is_an_alias_like_any_other() {
    let message = reply(&[
        "d.example DNAME e.example",
        "www.d.example CNAME www.e.example",
        "www.e.example A 192.0.2.1",
    ]);
    let found = outcome(&below(), &message).unwrap();
    assert_eq!(found.aliases(), [name("www.e.example")]);
    assert_eq!(
        *found.found(),
        Found::Addresses(vec!["192.0.2.1".parse().unwrap()])
    );
    assert_eq!(outcome_of(&below(), &compressed(&message)), Ok(found));
}

#[test]
fn section_3_1_the_ttl_of_the_alias_counts() {
    // Some servers send it with zero.
    let mut message = reply(&["d.example DNAME e.example"]);
    message = message
        .answer(Rr::text("www.d.example CNAME www.e.example").ttl(0))
        .answer(Rr::text("www.e.example A 192.0.2.1"));
    assert_eq!(outcome(&below(), &message).unwrap().ttl(), 0);
}

#[test]
fn section_3_1_a_dname_without_the_alias_made_from_it_is_a_failed_lookup() {
    for records in [
        &["d.example DNAME e.example"][..],
        &["example DNAME example.net"],
        &[". DNAME example.net"],
        &["D.Example DNAME e.example"],
        &["d.example DNAME e.example", "www.d.example A 192.0.2.1"],
    ] {
        for rcode in [0, 3] {
            let result = outcome(&below(), &reply(records).rcode(rcode));
            let data_denied = rcode == 3 && records.len() > 1;
            assert!(result.is_err(), "{records:?} {rcode}");
            if !data_denied {
                assert_eq!(result, Err(LookupError::DnameWithoutAlias), "{records:?}");
            }
        }
    }
}

#[test]
fn section_3_1_a_host_whose_tlsa_name_overflows_is_not_used() {
    // YXDOMAIN says that the TLSA name would be longer than a name can be: an error, not an absence.
    let world = World::new(dane::zone(&[])).server("192.0.2.1", Server::with(leaf()));
    let next_hop = NextHop::domain(name("example.com"));
    let too_long = |question: &Question, _| match question.query_type() {
        QueryType::Tlsa => {
            let message = Message::reply(ID, question).secure().rcode(6);
            receive(question, &message.to_bytes()).unwrap()
        }
        _ => world.zone.answer(question),
    };
    let run = world.deliver_with(next_hop, &Policy::default(), &mut |_| 0, too_long);
    assert!(
        matches!(run.outcome(), Outcome::Deferred(_)),
        "{:?}",
        run.outcome()
    );
    assert!(run.connected.is_empty());
}
