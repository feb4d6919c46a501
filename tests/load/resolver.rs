//! A resolver that is slow, cut off, says things twice, late, or to somebody else; in real messages, at every query of a delivery.

use std::collections::HashSet;

use smtp_dane::Policy;
use smtp_dane::delivery::{Delivery, Event, Step};
use smtp_dane::dns::{Answer, Denial, Discard, LookupError, Malformed, Question, Security, Trust};
use smtp_dane::resolve::NextHop;

use crate::support::message::{Message, TC};
use crate::support::name;
use crate::support::normal::Normal;
use crate::support::sites::{domain, known_as};
use crate::support::three_hosts::{MxAnswer, assert_no_weaker, world};
use crate::support::wire::{ID, receive};
use crate::support::world::{Run, World, refuses};
use crate::support::zone::Failure;

fn policy() -> Policy {
    known_as("192.0.2.30", "us.example")
}

/// A delivery in which one query gets another answer than the zone's.
fn run_with(world: &World, at: usize, answer: &Answer) -> Run {
    run(world, |question, place| {
        if place == at {
            answer.clone()
        } else {
            world.zone.answer(question)
        }
    })
}

fn run(world: &World, answer: impl FnMut(&Question, usize) -> Answer) -> Run {
    world.deliver_with(domain(), &policy(), &mut |_| 0, answer)
}

/// Calls `check` with each question of an undisturbed delivery and what comes of it when nobody answers that one.
fn at_every_query(world: &World, mut check: impl FnMut(usize, &Question, &Normal)) {
    let sound = run(world, |question, _| world.zone.answer(question));
    assert!(sound.delivered() && sound.asked.len() > 25);
    for (place, question) in sound.asked.iter().enumerate() {
        let unanswered = run_with(world, place, &Answer::failed(LookupError::Timeout));
        assert_no_weaker(&unanswered, MxAnswer::Secure, &policy(), "no answer");
        check(place, question, &Normal::of(&unanswered));
    }
}

fn reply(world: &World, question: &Question) -> Message {
    let mut message = world.zone.reply(question).unwrap();
    message.id = ID;
    message
}

/// What a caller makes of the messages that come in, as it should: over UDP first, then over TCP.
fn settle(question: &Question, over_udp: &[Vec<u8>], over_tcp: &[u8]) -> Answer {
    for message in over_udp {
        match receive(question, message) {
            Ok(answer) => return answer,
            Err(Discard::NotOurs) => {}
            Err(Discard::Truncated) => {
                let malformed = LookupError::Malformed(Malformed::Truncated);
                return receive(question, over_tcp).unwrap_or_else(|_| Answer::failed(malformed));
            }
        }
    }
    Answer::failed(LookupError::Timeout)
}

#[test]
fn a_reply_that_breaks_off_anywhere_comes_to_the_same_as_none() {
    let world = world(MxAnswer::Secure);
    at_every_query(&world, |place, question, unanswered| {
        let bytes = reply(&world, question).to_bytes();
        let end_of_question = 12 + question.name().as_wire().len() + 4;
        let mut answers = HashSet::new();
        for length in 0..bytes.len() {
            match receive(question, &bytes[..length]) {
                Ok(answer) => answers.insert(answer),
                Err(Discard::NotOurs) => {
                    assert!(length < end_of_question, "{question}: {length}");
                    continue;
                }
                Err(Discard::Truncated) => panic!("{question}: {length} octets as a whole"),
            };
        }
        assert!(!answers.is_empty());
        for answer in answers {
            let broken = matches!(answer.result(), Err(LookupError::Malformed(_)));
            assert!(broken, "{question}: {answer:?}");
            let run = run_with(&world, place, &answer);
            assert_eq!(Normal::of(&run), *unanswered, "{question}: {answer:?}");
        }
    });
}

/// Messages that all have something wrong with them as replies to `question`, however right they are otherwise.
fn to_somebody_else(world: &World, question: &Question, asked: &[Question]) -> Vec<Vec<u8>> {
    let right = reply(world, question);
    let to_another_query = Message {
        id: !ID,
        ..right.clone()
    };
    let of_another_name = Message {
        question: Some(Question::new(
            name("elsewhere.example"),
            question.query_type(),
        )),
        ..right.clone()
    };
    let without_question = Message {
        question: None,
        ..right
    };
    let mut messages = vec![
        to_another_query.to_bytes(),
        of_another_name.to_bytes(),
        without_question.to_bytes(),
        // The query itself, as a host sends it back that is no resolver.
        question.encode(ID),
        b"garbage".to_vec(),
    ];
    let others = asked.iter().filter(|other| *other != question);
    messages.extend(others.map(|other| reply(world, other).to_bytes()));
    messages
}

#[test]
fn replies_to_somebody_else_change_nothing_before_the_right_one_and_are_no_answer_without_it() {
    let world = world(MxAnswer::Secure);
    let sound = run(&world, |question, _| world.zone.answer(question));
    let disturbed = run(&world, |question, _| {
        let mut messages = to_somebody_else(&world, question, &sound.asked);
        messages.push(reply(&world, question).to_bytes());
        settle(question, &messages, &[])
    });
    assert_eq!(disturbed.delivery, sound.delivery);
    at_every_query(&world, |place, question, unanswered| {
        let messages = to_somebody_else(&world, question, &sound.asked);
        let answer = settle(question, &messages, &[]);
        assert_eq!(answer, Answer::failed(LookupError::Timeout), "{question}");
        let run = run_with(&world, place, &answer);
        assert_eq!(Normal::of(&run), *unanswered, "{question}");
    });
}

#[test]
fn a_reply_with_the_tc_bit_is_fetched_over_tcp_and_fails_the_lookup_if_that_breaks_off_as_well() {
    let world = world(MxAnswer::Secure);
    let sound = run(&world, |question, _| world.zone.answer(question));
    let short = |question: &Question| {
        let mut message = reply(&world, question);
        message.flags |= TC;
        // A server may leave out what did not fit, which then looks like a denial.
        message.answers.clear();
        message.to_bytes()
    };
    let fetched = run(&world, |question, _| {
        let whole = reply(&world, question).to_bytes();
        settle(question, &[short(question)], &whole)
    });
    assert_eq!(fetched.delivery, sound.delivery);
    at_every_query(&world, |place, question, unanswered| {
        let whole = reply(&world, question).to_bytes();
        for over_tcp in [
            short(question),
            whole[..whole.len() - 1].to_vec(),
            Vec::new(),
        ] {
            let answer = settle(question, &[short(question)], &over_tcp);
            let run = run_with(&world, place, &answer);
            assert_eq!(Normal::of(&run), *unanswered, "{question}");
        }
    });
}

/// What else could come to a query that was answered or given up: the answer, its contrary, and failures.
fn second_answers(world: &World, question: &Question) -> Vec<Answer> {
    let bytes = reply(world, question).to_bytes();
    let insecure = Answer::from_message(question, ID, &bytes, Trust::Nothing);
    let denied = Answer::denied(question, Denial::NoDomain, 60, Security::Secure);
    let mut answers = vec![world.zone.answer(question), insecure.unwrap(), denied];
    answers.extend(Failure::ALL.map(|failure| failure.answer(question)));
    answers
}

/// Delivers, and at each later step offers a second answer to every query that is closed.
fn run_with_second_answers(world: &World, answer: impl FnMut(&Question, usize) -> Answer) -> Run {
    let mut closed: Vec<Event> = Vec::new();
    let watch = |machine: &Delivery, event: &Event| {
        for late in &closed {
            refuses(machine, late);
        }
        if let (Event::Answer(id, _), Step::Lookup(queries)) = (event, machine.step()) {
            let query = queries.iter().find(|query| query.id() == *id).unwrap();
            let answers = second_answers(world, query.question());
            closed.extend(answers.into_iter().map(|answer| Event::Answer(*id, answer)));
        }
    };
    let run = world.deliver_watched(domain(), &policy(), &mut |_| 0, answer, watch);
    assert!(closed.len() > 25);
    for late in &closed {
        refuses(&run.delivery, late);
    }
    run
}

#[test]
fn a_second_answer_to_a_query_is_refused_at_every_later_step_whatever_it_says() {
    let world = world(MxAnswer::Secure);
    let sound = run(&world, |question, _| world.zone.answer(question));
    let repeated = run_with_second_answers(&world, |question, _| world.zone.answer(question));
    assert_eq!(repeated.delivery, sound.delivery);
}

#[test]
fn an_answer_that_comes_after_its_query_was_given_up_is_refused_at_every_later_step() {
    let world = world(MxAnswer::Secure);
    // Without the TLSA records of a host, and without the addresses of another one.
    for given_up in ["_25._tcp.host.example.net TLSA", "mx3.example.com A"] {
        let answer = |question: &Question, _| {
            if question.to_string() == given_up {
                Answer::failed(LookupError::Timeout)
            } else {
                world.zone.answer(question)
            }
        };
        let late = run_with_second_answers(&world, answer);
        assert_eq!(late.delivery, run(&world, answer).delivery);
        assert_no_weaker(&late, MxAnswer::Secure, &policy(), given_up);
    }
}

#[test]
fn an_answer_under_the_number_of_another_open_query_is_refused() {
    let world = world(MxAnswer::Secure);
    let mut crossed = 0;
    world.deliver_watched(
        domain(),
        &policy(),
        &mut |_| 0,
        |question, _| world.zone.answer(question),
        |machine, _| {
            let Step::Lookup(queries) = machine.step() else {
                return;
            };
            for (one, other) in queries.iter().zip(queries.iter().skip(1)) {
                for (number, of) in [(one, other), (other, one)] {
                    let answer = world.zone.answer(of.question());
                    assert!(answer.result().is_ok());
                    refuses(machine, &Event::Answer(number.id(), answer));
                    crossed += 1;
                }
            }
        },
    );
    assert!(crossed > 10);
}

#[test]
fn an_answer_to_another_delivery_fits_only_if_it_asked_the_same() {
    let world = world(MxAnswer::Secure);
    let ours = Delivery::new(domain(), policy(), 1);
    let theirs = Delivery::new(NextHop::domain(name("example.net")), policy(), 1);
    let (Step::Lookup(our_queries), Step::Lookup(their_queries)) = (ours.step(), theirs.step())
    else {
        panic!("both begin with a lookup");
    };
    // Their numbers are the same, since each delivery counts for itself.
    let (our_query, their_query) = (&our_queries[0], &their_queries[0]);
    assert_eq!(our_query.id(), their_query.id());
    let answer = world.zone.answer(their_query.question());
    refuses(&ours, &Event::Answer(our_query.id(), answer));
    // A failure names no question. It can delay the mail, and do no more.
    at_every_query(&world, |place, question, unanswered| {
        let run = run_with(
            &world,
            place,
            &Failure::ServFail.answer(their_query.question()),
        );
        assert_eq!(Normal::of(&run), *unanswered, "{question}");
    });
}

#[test]
fn a_resolver_that_answers_the_first_question_last_changes_nothing() {
    let world = world(MxAnswer::Secure);
    let sound = run(&world, |question, _| world.zone.answer(question));
    let answer = |question: &Question, _| world.zone.answer(question);
    let slow = world.deliver_with(domain(), &policy(), &mut |open| open - 1, answer);
    assert_ne!(slow.asked, sound.asked);
    assert_eq!(slow.delivery, sound.delivery);
    assert_eq!(slow.sent, sound.sent);
}
