//! What came of a delivery, without the words that only a log reads.

use std::net::IpAddr;

use smtp_dane::delivery::{Attempt, Deferral, HostRecord, Outcome};
use smtp_dane::dns::{FailedLookup, LookupError, Question};
use smtp_dane::resolve::{Host, HostError, Plan, RouteError};
use smtp_dane::session::Assurance;

use super::world::Run;

/// All of a run in which two kinds of failed lookups may not differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Normal {
    outcome: Outcome,
    hosts: Vec<(Host, Result<Plan, HostError>)>,
    attempts: Vec<Attempt>,
    asked: Vec<Question>,
    connected: Vec<IpAddr>,
    sent: Vec<(IpAddr, Assurance)>,
}

impl Normal {
    pub fn of(run: &Run) -> Self {
        let host = |host: &HostRecord| {
            let plan = host.plan().cloned().map_err(|error| of_host(error.clone()));
            (host.exchanger().host().clone(), plan)
        };
        Self {
            outcome: of_outcome(run.outcome().clone()),
            hosts: run.delivery.hosts().iter().map(host).collect(),
            attempts: run.delivery.attempts().cloned().collect(),
            asked: run.asked.clone(),
            connected: run.connected.clone(),
            sent: run.sent.clone(),
        }
    }
}

fn of_outcome(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Deferred(Deferral::NoRoute(RouteError::Lookup(failed))) => {
            Outcome::Deferred(Deferral::NoRoute(RouteError::Lookup(of_lookup(failed))))
        }
        Outcome::Deferred(Deferral::Host { host, error }) => Outcome::Deferred(Deferral::Host {
            host,
            error: of_host(error),
        }),
        other => other,
    }
}

fn of_host(error: HostError) -> HostError {
    match error {
        HostError::Lookup(failed) => HostError::Lookup(of_lookup(failed)),
        other => other,
    }
}

fn of_lookup(failed: FailedLookup) -> FailedLookup {
    FailedLookup {
        question: failed.question,
        error: LookupError::Timeout,
        extended: Vec::new(),
    }
}
