//! Drives the two lookup machines over a zone.

use smtp_dane::Policy;
use smtp_dane::dns::Question;
use smtp_dane::resolve::{Exchanger, Host, HostError, HostLookup, NextHop, Plan};
use smtp_dane::resolve::{Route, RouteError, Routing, Step};

use super::zone::Zone;

/// The route of a next hop, and what was asked.
pub fn route(
    zone: &Zone,
    next_hop: NextHop,
    policy: &Policy,
) -> (Result<Route, RouteError>, Vec<String>) {
    let mut routing = Routing::new(next_hop, policy, 1);
    let mut asked = Vec::new();
    loop {
        match routing.step() {
            Step::Lookup(queries) => {
                let (id, question) = (queries[0].id(), queries[0].question().clone());
                asked.push(question.to_string());
                routing.handle(id, zone.answer(&question)).unwrap();
            }
            Step::Done(result) => return (result.cloned().map_err(Clone::clone), asked),
        }
    }
}

/// The plan for one host of a route, and what was asked.
pub fn plan_for(
    zone: &Zone,
    exchanger: &Exchanger,
    route: &Route,
    policy: &Policy,
) -> (Result<Plan, HostError>, Vec<Question>) {
    let mut lookup = HostLookup::new(exchanger, route, policy);
    let mut asked = Vec::new();
    loop {
        match lookup.step() {
            Step::Lookup(queries) => {
                let (id, question) = (queries[0].id(), queries[0].question().clone());
                lookup.handle(id, zone.answer(&question)).unwrap();
                asked.push(question);
            }
            Step::Done(result) => return (result.cloned().map_err(Clone::clone), asked),
        }
    }
}

/// The plan for the best host of a next hop, and what was asked for it.
pub fn plan(
    zone: &Zone,
    next_hop: NextHop,
    policy: &Policy,
) -> (Result<Plan, HostError>, Vec<String>) {
    let route = route(zone, next_hop, policy).0.unwrap();
    let (plan, asked) = plan_for(zone, &route.exchangers()[0], &route, policy);
    (plan, asked.iter().map(ToString::to_string).collect())
}

/// The hosts of a route as text, best first.
pub fn hosts(route: &Route) -> Vec<String> {
    route
        .exchangers()
        .iter()
        .map(Exchanger::host)
        .map(Host::to_string)
        .collect()
}
