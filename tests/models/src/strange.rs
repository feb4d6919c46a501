//! Events that belong to no state, or not to this one.

use smtp_dane::dns::{Answer, LookupError, Query, QueryId, QueryType, Question, Security};
use smtp_dane::resolve::{HostLookup, NextHop, Routing, Step, TlsPolicy};
use smtp_dane::session::{Event, StartTlsOffer};
use smtp_dane::{Identity, Policy, VerifyError};

use crate::server::Certificate;
use crate::zone::{Tlsa, Zone, address, mx, name};

/// Numbers of queries, as many as any machine here uses, and events that a caller may make up.
#[derive(Debug)]
pub struct Strange {
    ids: Vec<QueryId>,
    /// Every kind of event on a connection, among them a proof for another host.
    pub events: Vec<Event>,
    foreign: Answer,
}

impl Strange {
    pub fn new() -> Self {
        let codes = [(220, 0), (220, 1), (454, 0), (421, 0)];
        let replies = codes.map(|(code, buffered)| Event::StartTlsReply { code, buffered });
        let mut events = vec![
            Event::Hello(StartTlsOffer::Offered),
            Event::Hello(StartTlsOffer::Absent),
            Event::HelloRejected { code: 554 },
            Event::Encrypted,
            Event::Authenticated(foreign_proof()),
            Event::NotAuthenticated(VerifyError::NoRecordMatched),
            Event::HandshakeFailed,
            Event::Reconnected,
            Event::ConnectionLost,
        ];
        events.extend(replies);
        let elsewhere = Question::new(name("elsewhere.invalid"), QueryType::Mx);
        let records = Vec::new();
        Self {
            ids: query_ids(),
            events,
            foreign: Answer::from_records(&elsewhere, records, Security::Secure),
        }
    }

    /// Answers to queries that are not open, and answers to open queries that were made for another question.
    pub fn answers<'a>(
        &'a self,
        open: &'a [Query],
    ) -> impl Iterator<Item = (QueryId, Answer)> + 'a {
        let is_open = |id: &QueryId| open.iter().any(|query| query.id() == *id);
        let closed = self.ids.iter().filter(move |id| !is_open(id));
        let late = closed.map(|id| (*id, Answer::failed(LookupError::Timeout)));
        let strange = open.iter().map(|query| (query.id(), self.foreign.clone()));
        let crossed = open.iter().flat_map(move |query| {
            let others = open.iter().filter(move |other| other.id() != query.id());
            others.map(|other| {
                let answer = Answer::from_records(other.question(), Vec::new(), Security::Secure);
                (query.id(), answer)
            })
        });
        late.chain(strange).chain(crossed)
    }
}

/// The numbers that a machine gives to its queries: only a machine makes them.
fn query_ids() -> Vec<QueryId> {
    let mut policy = Policy::default();
    policy.identities = [Identity::Name(name("nobody.invalid"))].into();
    let mut routing = Routing::new(NextHop::domain(name("example.com")), &policy, 1);
    let mut ids = Vec::new();
    let zone = Zone::default().signed(
        &name("example.com"),
        (0..16)
            .map(|number| mx(number, &format!("mx{number}.example.com")))
            .map(smtp_dane::dns::RecordData::Mx)
            .collect(),
    );
    while let Step::Lookup(queries) = routing.step() {
        ids.extend(queries.iter().map(Query::id));
        let query = queries[0].clone();
        if query.question().query_type() != QueryType::Mx {
            break;
        }
        let answer = zone.answers(query.question()).pop().unwrap();
        routing.handle(query.id(), answer.answer).unwrap();
    }
    ids
}

/// A proof for a host that no model knows.
fn foreign_proof() -> smtp_dane::Verified {
    let host = name("mx.foreign.example");
    let records = vec![address("192.0.2.99")];
    let zone = Zone::default()
        .signed(&host, records)
        .tlsa(&host, Tlsa::Right);
    let wanted = match tls_policy(&zone, &host, &Policy::default()) {
        TlsPolicy::Authenticate(wanted) => wanted,
        other => panic!("no authentication: {other:?}"),
    };
    let chain = [Certificate::Right.der().into()];
    let now = pki_types::UnixTime::since_unix_epoch(std::time::Duration::ZERO);
    wanted.verify(&chain, now, &[]).unwrap()
}

/// What the lookup of a relay in a zone without lies comes to; every answer is the last one that the zone has.
pub fn tls_policy(zone: &Zone, host: &smtp_dane::Name, policy: &Policy) -> TlsPolicy {
    let next_hop = NextHop::relay(host.clone(), smtp_dane::resolve::SMTP_PORT);
    let routing = Routing::new(next_hop, policy, 1);
    let Step::Done(Ok(route)) = routing.step() else {
        panic!("a relay has a route");
    };
    let mut lookup = HostLookup::new(&route.exchangers()[0], route, policy);
    loop {
        match lookup.step() {
            Step::Lookup(queries) => {
                let query = queries[0].clone();
                let given = zone.answers(query.question()).pop().unwrap();
                lookup.handle(query.id(), given.answer).unwrap();
            }
            Step::Done(result) => return result.unwrap().tls().clone(),
        }
    }
}
