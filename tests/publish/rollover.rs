//! The way to the next chain (RFC 7671 §8, RFC 7672 §4). Every client, whatever its cache holds, finds a record that matches.

use std::time::Duration;

use pki_types::UnixTime;
use proptest::collection::btree_set;
use proptest::prelude::*;
use proptest::sample::select;
use smtp_dane::VerifyError;
use smtp_dane::publish::{Action, Chain, Parameters, Rollover, RolloverError, Server, Step, check};
use smtp_dane::tlsa::{MakeError, MatchingType, Record, Selector, Usage};

use super::{chain, is_refused, site};
use crate::support::dane::{raw, record};
use crate::support::name;
use crate::support::pki::{HOST, algorithms, expired, not_yet_valid};
use crate::support::world::NOW;

const TTL: u32 = 3600;

fn after(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(NOW.as_secs() + seconds))
}

fn parameters(usage: u8, selector: u8, matching: u8) -> Parameters {
    Parameters {
        usage: Usage(usage),
        selector: Selector(selector),
        matching: MatchingType(matching),
    }
}

fn rollover<'a>(
    records: impl IntoIterator<Item = Record>,
    current: &'a Chain<'a>,
    next: &'a Chain<'a>,
) -> Rollover<'a> {
    Rollover {
        host: name(HOST),
        next_hops: vec![name("example.com")],
        records: records.into_iter().collect(),
        ttl: TTL,
        current,
        next,
        parameters: Vec::new(),
    }
}

fn plan(rollover: &Rollover<'_>) -> Result<Vec<Step>, RolloverError> {
    let planned = rollover.plan(NOW, algorithms());
    if let Ok(steps) = &planned {
        assert_safe(rollover, steps);
    }
    planned
}

/// Plays the plan, with caches that keep each set as long as they may, and longer by as much again.
fn assert_safe(rollover: &Rollover<'_>, steps: &[Step]) {
    let mut now = NOW;
    let mut chain = rollover.current;
    let mut cached = vec![(
        rollover.records.clone(),
        UnixTime::since_unix_epoch(Duration::MAX),
    )];
    for step in steps {
        assert!(step.not_before.as_secs() >= now.as_secs());
        now = step.not_before;
        match &step.action {
            Action::Publish(records) => {
                let until = now.as_secs() + 2 * u64::from(rollover.ttl);
                cached.last_mut().unwrap().1 =
                    UnixTime::since_unix_epoch(Duration::from_secs(until));
                cached.push((records.clone(), UnixTime::since_unix_epoch(Duration::MAX)));
            }
            Action::Deploy => chain = rollover.next,
        }
        for (records, until) in &cached {
            if until.as_secs() > now.as_secs() {
                let mut server = Server::new(rollover.host.clone());
                server.next_hops.clone_from(&rollover.next_hops);
                server.records.clone_from(records);
                server.default_chains = vec![chain.to_vec()];
                let found = check(&server, now, algorithms());
                assert!(!is_refused(&found), "{step:?}: {found:#?}");
            }
        }
        assert!(!step.action.to_string().is_empty() && step.action.cite().starts_with("RFC "));
    }
}

fn publish(seconds: u64, records: &[Record]) -> Step {
    Step {
        not_before: after(seconds),
        action: Action::Publish(records.to_vec()),
    }
}

fn deploy(seconds: u64) -> Step {
    Step {
        not_before: after(seconds),
        action: Action::Deploy,
    }
}

#[test]
fn a_new_key_waits_for_two_times_to_live() {
    let site = site();
    let (current, next) = (chain(&[&site.first]), chain(&[&site.second]));
    let (old, new) = (record(3, 1, 1, &site.first), record(3, 1, 1, &site.second));
    let steps = plan(&rollover([old.clone()], &current, &next));
    let both = [old, new.clone()];
    assert_eq!(
        steps,
        Ok(vec![publish(0, &both), deploy(7200), publish(7200, &[new])])
    );
}

#[test]
fn a_new_authority_waits_for_two_times_to_live() {
    let site = site();
    let (current, next) = (site.below(&site.first), site.next_chain());
    let (old, new) = (
        record(2, 0, 1, &site.root.der),
        record(2, 0, 1, &site.next_root.der),
    );
    let steps = plan(&rollover([old.clone()], &current, &next));
    let both = [old, new.clone()];
    assert_eq!(
        steps,
        Ok(vec![publish(0, &both), deploy(7200), publish(7200, &[new])])
    );
}

#[test]
fn what_is_published_already_can_be_put_in_use_at_once() {
    let site = site();
    let (current, next) = (site.below(&site.first), site.below(&site.second));
    let anchor = record(2, 0, 1, &site.root.der);
    let steps = plan(&rollover([anchor.clone()], &current, &next));
    assert_eq!(steps, Ok(vec![deploy(0)]));
    let steps = plan(&rollover([anchor], &current, &current));
    assert_eq!(steps, Ok(Vec::new()));
}

#[test]
fn new_parameters_are_published_for_the_chain_in_use() {
    let site = site();
    let current = site.below(&site.first);
    let mut rollover = rollover([record(3, 0, 1, &site.first)], &current, &current);
    rollover.parameters = vec![
        parameters(3, 1, 1),
        parameters(2, 0, 1),
        parameters(3, 1, 1),
    ];
    let new = [
        record(2, 0, 1, &site.issuer.der),
        record(3, 1, 1, &site.first),
    ];
    assert_eq!(plan(&rollover), Ok(vec![publish(0, &new)]));
}

#[test]
fn keys_and_parameters_do_not_change_in_one_step() {
    let site = site();
    let (current, next) = (site.below(&site.first), site.below(&site.second));
    let mut rollover = rollover([record(3, 1, 1, &site.first)], &current, &next);
    for wanted in [
        vec![parameters(3, 1, 2)],
        vec![parameters(3, 1, 1), parameters(2, 0, 1)],
        vec![parameters(3, 0, 1)],
    ] {
        rollover.parameters = wanted;
        assert_eq!(plan(&rollover), Err(RolloverError::TwoChanges));
    }
}

#[test]
fn from_the_key_to_the_authority_the_new_key_is_announced_first() {
    let site = site();
    let (current, next) = (chain(&[&site.first]), site.next_chain());
    let (old, new) = (record(3, 1, 1, &site.first), record(3, 1, 1, &site.next));
    let mut rollover = rollover([old.clone()], &current, &next);
    rollover.parameters = vec![Parameters::AUTHORITY];
    let anchor = record(2, 0, 1, &site.next_root.der);
    let steps = vec![
        publish(0, &[old, new]),
        deploy(7200),
        publish(7200, &[anchor]),
    ];
    assert_eq!(plan(&rollover), Ok(steps));
}

#[test]
fn a_chain_that_is_not_valid_yet_waits_for_its_time() {
    let site = site();
    let leaf = site.issuer.server_with(not_yet_valid);
    let (current, next) = (site.below(&site.first), site.below(&leaf));
    let steps = plan(&rollover(
        [record(2, 0, 1, &site.root.der)],
        &current,
        &next,
    ));
    assert_eq!(steps, Ok(vec![deploy(86_400)]));
}

#[test]
fn there_is_no_way_from_or_to_what_clients_refuse() {
    let site = site();
    let (current, next) = (site.below(&site.first), site.below(&site.second));
    let key = record(3, 1, 1, &site.first);
    let errors = [
        plan(&rollover([], &current, &next)),
        plan(&rollover([raw(3, 1, 1, &[7; 31])], &current, &next)),
    ];
    assert_eq!(errors, [const { Err(RolloverError::NoRecords) }; 2]);
    let stale = plan(&rollover(
        [key.clone(), record(2, 0, 1, &site.next)],
        &current,
        &next,
    ));
    let because = VerifyError::NoRecordMatched;
    let current_error = RolloverError::Current(parameters(2, 0, 1), because);
    assert_eq!(stale, Err(current_error));
    let empty = plan(&rollover([key.clone()], &current, &Vec::new()));
    assert_eq!(empty, Err(RolloverError::Next(VerifyError::NoCertificate)));
    let garbage = chain(&[b"garbage"]);
    let unread = plan(&rollover([key], &current, &garbage)).unwrap_err();
    assert!(matches!(
        unread,
        RolloverError::Record(MakeError::Certificate(_))
    ));
    let leaf = site.issuer.server_with(expired);
    let late = site.below(&leaf);
    let late = plan(&rollover(
        [record(2, 0, 1, &site.root.der)],
        &current,
        &late,
    ));
    assert!(matches!(late, Err(RolloverError::Next(_))), "{late:?}");
    for error in [
        RolloverError::NoRecords,
        current_error,
        RolloverError::TwoChanges,
        unread,
        late.unwrap_err(),
    ] {
        assert!(!error.to_string().is_empty() && error.cite().starts_with("RFC "));
    }
}

fn any_parameters() -> impl Strategy<Value = Vec<Parameters>> {
    btree_set((2..4_u8, 0..2_u8, 0..3_u8), 1..4).prop_map(|kinds| {
        let kinds = kinds.into_iter();
        kinds
            .map(|(usage, selector, matching)| parameters(usage, selector, matching))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn every_plan_is_safe_for_every_cache(
        present in any_parameters(),
        wanted in prop_oneof![Just(Vec::new()), any_parameters()],
        numbers in (0..3_usize, 0..3_usize),
        above in select(vec![1_usize, 2]),
        ttl in 0..200_000_u32,
    ) {
        let site = site();
        let chains = [site.below(&site.first), site.below(&site.second), site.next_chain()];
        let (current, next) = (&chains[numbers.0], &chains[numbers.1]);
        let named = |parameters: &Parameters| {
            let depth = if parameters.usage == Usage::DANE_EE { 0 } else { above };
            parameters.record(&current[depth.min(current.len() - 1)]).unwrap()
        };
        let mut rollover = rollover(present.iter().map(named), current, next);
        rollover.parameters = wanted.clone();
        rollover.ttl = ttl;
        let is_usage = |parameters: &[Parameters], usage| parameters.iter().all(|one| one.usage == usage);
        let two_changes = numbers.0 != numbers.1 && !wanted.is_empty() && wanted != present
            && !(is_usage(&present, Usage::DANE_EE) && is_usage(&wanted, Usage::DANE_TA));
        match plan(&rollover) {
            Ok(steps) => {
                prop_assert!(!two_changes);
                let deploys = steps.iter().any(|step| step.action == Action::Deploy);
                prop_assert_eq!(deploys, numbers.0 != numbers.1);
            }
            Err(error) => prop_assert!(two_changes, "{}", error),
        }
    }
}
