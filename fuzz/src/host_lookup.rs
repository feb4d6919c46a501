//! The lookup of one host, over drawn answers in drawn order: its plan demands just what the answers do.

use arbitrary::{Result, Unstructured};
use smtp_dane::resolve::{
    HostError, HostLookup, NextHop, NotApplicable, Plan, Route, Routing, SMTP_PORT, Step, TlsPolicy,
};
use smtp_dane::{DaneMode, Policy};

use crate::answers::{answer, name, policy};
use crate::ghost::{Demand, Ghost};

/// Most answers that the lookup of a host can take: five lookups, each over at most eight aliases, and its last one.
const MOST_ANSWERS: usize = 5 * 9;

pub fn run(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let _ = look_up(&mut input);
}

fn look_up(input: &mut Unstructured<'_>) -> Result<()> {
    let policy = policy(input)?;
    let mut ghost = Ghost::default();
    let Some(route) = route(input, &policy, &mut ghost)? else {
        return Ok(());
    };
    let exchanger = route.exchangers().first().expect("a route has a host");
    let mut lookup = HostLookup::new(exchanger, &route, &policy);
    let mut taken = 0;
    loop {
        let queries = match lookup.step() {
            Step::Lookup(queries) => queries,
            Step::Done(Ok(plan)) => {
                check_plan(plan, &policy, &ghost);
                return Ok(());
            }
            Step::Done(Err(error)) => {
                check_error(error, &policy, &ghost);
                return Ok(());
            }
        };
        let pick: u8 = input.arbitrary()?;
        let query = &queries[usize::from(pick) % queries.len()];
        let of_another = &queries[usize::from(pick >> 4) % queries.len()].clone();
        let (id, mut question) = (query.id(), query.question().clone());
        let before = lookup.clone();
        let answer = answer(input, &question)?;
        if lookup.handle(of_another.id(), answer.clone()).is_err() {
            assert_eq!(lookup, before, "an unexpected answer changed the machine");
            assert_eq!(lookup.handle(id, answer.clone()), Ok(()));
        } else {
            // A failure is one of whichever query it is handed in for.
            question = of_another.question().clone();
        }
        ghost.observe(&question, &answer);
        taken += 1;
        assert!(taken <= MOST_ANSWERS);
    }
}

/// The route to look up a host of: a relay, or a domain with a drawn MX answer.
fn route(
    input: &mut Unstructured<'_>,
    policy: &Policy,
    ghost: &mut Ghost,
) -> Result<Option<Route>> {
    let next_hop = match input.arbitrary()? {
        true => NextHop::relay(name("mx.example.com"), SMTP_PORT),
        false => NextHop::domain(name("example.com")),
    };
    let mut routing = Routing::new(next_hop, policy, 1);
    loop {
        let query = match routing.step() {
            Step::Lookup(queries) => queries.first().expect("a query"),
            Step::Done(result) => return Ok(result.ok().cloned()),
        };
        let (id, question) = (query.id(), query.question().clone());
        let answer = answer(input, &question)?;
        assert_eq!(routing.handle(id, answer.clone()), Ok(()));
        ghost.observe(&question, &answer);
    }
}

fn check_plan(plan: &Plan, policy: &Policy, ghost: &Ghost) {
    assert!(!plan.addresses().is_empty());
    assert!(ghost.is_reachable());
    let demanded = ghost.demand(policy);
    assert_eq!(Demand::of(plan.tls()), demanded, "{plan:?}: {ghost:?}");
    let is_enforced = !matches!(plan.tls(), TlsPolicy::Audit(_));
    match policy.dane {
        DaneMode::Opportunistic => assert!(is_enforced),
        DaneMode::Mandatory => assert!(matches!(plan.tls(), TlsPolicy::Authenticate(_))),
        DaneMode::Off => assert_eq!(
            plan.tls(),
            &TlsPolicy::Opportunistic(NotApplicable::SwitchedOff)
        ),
        _ => assert!(!is_enforced || demanded == Demand::Nothing),
    }
}

fn check_error(error: &HostError, policy: &Policy, ghost: &Ghost) {
    let is_silenced = ghost.demand(policy) == Demand::Silence && policy.dane != DaneMode::AuditOnly;
    match error {
        // What local policy refuses, whatever the answers demand.
        HostError::AliasRefused => assert_eq!(policy.mx_alias, smtp_dane::MxAlias::Refuse),
        error => assert!(is_silenced || !ghost.is_reachable(), "{error:?}: {ghost:?}"),
    }
}
