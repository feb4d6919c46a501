//! `ResolverCheck`: what a resolver shows of itself before any mail is sent, and what it must not be taken for.

use std::collections::BTreeSet;

use smtp_dane::dns::{Answer, LookupError, QueryId, QueryType, Question, Rcode, Security, Trust};
use smtp_dane::resolve::{ResolverCheck, ResolverFault, Step, Unexpected, Validation};

use crate::support::documented::rows;
use crate::support::question;
use crate::support::zone::{Chasing, Failure, Zone};

const FILE: &str = "manual/machines.md";

type Outcome = Result<Validation, ResolverFault>;

fn signed() -> Question {
    question("good.example", QueryType::A)
}

fn bogus() -> Question {
    question("bad.example", QueryType::A)
}

fn check(bogus: Option<Question>) -> ResolverCheck {
    ResolverCheck::with_names(Trust::AdBit, signed(), bogus)
}

/// The open queries, none once the machine is done.
fn open(check: &ResolverCheck) -> Vec<(QueryId, Question)> {
    let Step::Lookup(queries) = check.step() else {
        return Vec::new();
    };
    let open = queries
        .iter()
        .map(|query| (query.id(), query.question().clone()));
    open.collect()
}

fn outcome(check: &ResolverCheck) -> Outcome {
    let Step::Done(result) = check.step() else {
        panic!("{:?}", check.step())
    };
    result.copied().map_err(Clone::clone)
}

/// Answers the last query first or the first one first: it must come to the same.
fn run(check: &ResolverCheck, zone: &Zone) -> Outcome {
    let in_order = |last_first: bool| {
        let mut check = check.clone();
        loop {
            let mut queries = open(&check);
            if last_first {
                queries.reverse();
            }
            let Some((id, question)) = queries.first() else {
                return outcome(&check);
            };
            check.handle(*id, zone.answer(question)).unwrap();
        }
    };
    let outcome = in_order(false);
    assert_eq!(outcome, in_order(true));
    outcome
}

/// A zone in which one name is as the manual's table calls it.
fn with(zone: Zone, question: &Question, said: &str) -> Zone {
    let owner = question.name().to_string();
    let address = format!("{owner} A 192.0.2.1");
    match said {
        "secure" | "answered" => zone.secure(&address),
        "insecure" => zone.insecure(&address),
        "held back" => zone.failing(&owner, QueryType::A, Failure::ServFail),
        "failed" => zone.failing(&owner, QueryType::A, Failure::Timeout),
        "no such name" | "not asked" => zone,
        other => panic!("the table has {other:?}"),
    }
}

fn name_of(outcome: &Outcome) -> &'static str {
    match outcome {
        Ok(Validation::Claimed) => "Claimed",
        Ok(Validation::Shown) => "Shown",
        Err(ResolverFault::Untrusted) => "Untrusted",
        Err(ResolverFault::NotSecure(_)) => "NotSecure",
        Err(ResolverFault::AdLost(_)) => "AdLost",
        Err(ResolverFault::BogusAnswered { .. }) => "BogusAnswered",
        Err(ResolverFault::NoDomain(_)) => "NoDomain",
        Err(ResolverFault::Lookup(_)) => "Lookup",
        Err(_) => "a fault that is new",
    }
}

#[test]
fn answers_show_what_the_manual_says() {
    let columns = [
        "not asked",
        "held back",
        "answered",
        "no such name",
        "failed",
    ];
    for row in rows(FILE, "## What its answers show") {
        for (of_bogus, expected) in columns.iter().zip(&row[1..]) {
            let zone = with(Zone::signed(), &signed(), &row[0]);
            let zone = with(zone, &bogus(), of_bogus);
            let asked = (*of_bogus != "not asked").then(bogus);
            let outcome = run(&check(asked), &zone);
            assert_eq!(name_of(&outcome), expected, "{}, {of_bogus}", row[0]);
        }
    }
}

#[test]
fn the_machine_goes_where_the_manual_says_and_refuses_all_else() {
    let aliased = Zone::signed().chasing(Chasing::OneByOne).with(
        "good.example CNAME other.example
         other.example A 192.0.2.1",
    );
    let mut seen = BTreeSet::new();
    for zone in [aliased, Zone::unsigned().with("good.example A 192.0.2.1")] {
        let held_back = zone.failing("bad.example", QueryType::A, Failure::ServFail);
        let mut machine = check(Some(bogus()));
        let mut used = Vec::new();
        loop {
            let queries = open(&machine);
            refuses_strange_answers(&machine, &used);
            let Some((id, question)) = queries.first() else {
                break;
            };
            machine.handle(*id, held_back.answer(question)).unwrap();
            used.push(*id);
            seen.insert(match machine.step() {
                Step::Lookup(_) => "AwaitingAnswers",
                Step::Done(Ok(_)) => "validation",
                Step::Done(Err(_)) => "fault",
            });
        }
    }
    let table = rows(FILE, "# `ResolverCheck`");
    let [row] = table.as_slice() else {
        panic!("one state awaits something")
    };
    assert_eq!(row[..2], ["AwaitingAnswers", "Answer"]);
    assert_eq!(seen, row[2].split(", ").collect());
}

/// Late answers, answers to another question, and in `Done` any answer: nothing changes.
fn refuses_strange_answers(machine: &ResolverCheck, used: &[QueryId]) {
    let queries = open(machine);
    let late = used
        .iter()
        .map(|id| (*id, Answer::failed(LookupError::Timeout)));
    let crossed = queries.iter().map(|(id, question)| {
        let elsewhere = Question::new(question.name().clone(), QueryType::Mx);
        let answer = Answer::from_records(&elsewhere, Vec::new(), Security::Secure);
        (*id, answer)
    });
    let strange: Vec<_> = late.chain(crossed).collect();
    for (id, answer) in strange {
        let mut after = machine.clone();
        assert_eq!(after.handle(id, answer), Err(Unexpected));
        assert_eq!(after, *machine);
    }
}

#[test]
fn without_a_name_the_root_is_asked_for_and_a_secure_denial_is_enough() {
    let check = ResolverCheck::new(Trust::AdBit);
    let root = question(".", QueryType::Mx);
    let asked: Vec<_> = open(&check).into_iter().map(|(_, asked)| asked).collect();
    assert_eq!(asked, std::slice::from_ref(&root));
    // The root exists, since something stands below it.
    let zone = Zone::signed().with("example A 192.0.2.1");
    assert_eq!(run(&check, &zone), Ok(Validation::Claimed));
    let zone = Zone::unsigned().with("example A 192.0.2.1");
    assert_eq!(run(&check, &zone), Err(ResolverFault::NotSecure(root)));
}

#[test]
fn a_resolver_that_is_not_trusted_is_not_even_asked() {
    let check = ResolverCheck::with_names(Trust::Nothing, signed(), Some(bogus()));
    assert_eq!(outcome(&check), Err(ResolverFault::Untrusted));
    let mut after = check.clone();
    let late = Answer::failed(LookupError::Timeout);
    assert_eq!(after.handle(QueryId::default(), late), Err(Unexpected));
    assert_eq!(after, check);
}

#[test]
fn no_failed_lookup_says_that_the_resolver_does_not_validate() {
    for failure in Failure::ALL {
        let zone = Zone::signed().failing("good.example", QueryType::A, failure);
        let Err(fault) = run(&check(None), &zone) else {
            panic!("{failure:?}")
        };
        assert_eq!(name_of(&Err(fault.clone())), "Lookup", "{failure:?}");
        assert!(fault.is_temporary(), "{failure:?}");
    }
}

#[test]
fn only_servfail_or_the_word_bogus_holds_bogus_data_back() {
    for failure in Failure::ALL {
        let zone = Zone::signed().with("good.example A 192.0.2.1").failing(
            "bad.example",
            QueryType::A,
            failure,
        );
        let expected = match failure {
            Failure::ServFail | Failure::Bogus => "Shown",
            _ => "Lookup",
        };
        let outcome = run(&check(Some(bogus())), &zone);
        assert_eq!(name_of(&outcome), expected, "{failure:?}");
    }
}

#[test]
fn faults_name_what_was_asked_and_only_a_failed_lookup_is_temporary() {
    let both = check(Some(bogus()));
    let good = Zone::signed().with("good.example A 192.0.2.1");
    for security in [Security::Insecure, Security::Secure] {
        let record = "bad.example A 192.0.2.2";
        let zone = match security {
            Security::Insecure => good.clone().insecure(record),
            Security::Secure => good.clone().secure(record),
        };
        let fault = ResolverFault::BogusAnswered {
            question: bogus(),
            security,
        };
        assert_eq!(run(&both, &zone), Err(fault.clone()));
        assert!(!fault.is_temporary());
    }
    let gone = ResolverFault::NoDomain(bogus());
    assert_eq!(run(&both, &good), Err(gone.clone()));
    let insecure = Zone::unsigned().with("good.example A 192.0.2.1");
    let not_secure = ResolverFault::NotSecure(signed());
    assert_eq!(run(&check(None), &insecure), Err(not_secure.clone()));
    let refusing = insecure.failing("bad.example", QueryType::A, Failure::ServFail);
    let lost = ResolverFault::AdLost(signed());
    assert_eq!(run(&both, &refusing), Err(lost.clone()));
    for fault in [gone, not_secure, lost, ResolverFault::Untrusted] {
        assert!(!fault.is_temporary(), "{fault}");
    }
}

#[test]
fn an_alias_out_of_the_signed_zone_is_not_secure() {
    for chasing in [Chasing::WholeChain, Chasing::OneByOne] {
        let zone = Zone::signed()
            .chasing(chasing)
            .with("good.example CNAME plain.example")
            .insecure("plain.example A 192.0.2.1");
        let fault = ResolverFault::NotSecure(signed());
        assert_eq!(run(&check(None), &zone), Err(fault));
    }
}

#[test]
fn what_was_shown_is_told_from_what_was_only_claimed() {
    assert_eq!(
        Validation::Claimed.to_string(),
        "the resolver says that it validates"
    );
    assert_eq!(
        Validation::Shown.to_string(),
        "the resolver validates, and holds back what is bogus"
    );
}

#[test]
fn a_failed_lookup_keeps_what_the_resolver_said_of_it() {
    let mut machine = check(None);
    let (id, _) = open(&machine).remove(0);
    let servfail = LookupError::Rcode(Rcode::SERV_FAIL);
    machine.handle(id, Answer::failed(servfail)).unwrap();
    let Err(fault) = outcome(&machine) else {
        panic!("a failed lookup shows nothing")
    };
    assert_eq!(
        fault.to_string(),
        "whether the resolver validates is not known, and no mail can go out under DANE: the lookup of good.example A failed: \
         the resolver answered SERVFAIL"
    );
}
