//! Properties of whole deliveries, over random worlds and policies. What must hold is read from the world.

use proptest::prelude::*;
use smtp_dane::delivery::{Delivery, Event, Failure as Final, Outcome, Step, Transfer};
use smtp_dane::dns::{Answer, Denial, QueryId, QueryType, Question, Security};
use smtp_dane::resolve::{RouteError, TlsPolicy};
use smtp_dane::session::{self, Assurance, StartTlsOffer};
use smtp_dane::{AddressFamily, DaneMode, Policy, VerifyError};

use crate::support::published::any::{policy, published};
use crate::support::published::{Demand, Family, MxAnswer, Published};
use crate::support::question;
use crate::support::sites::{domain, foreign_proof};
use crate::support::world::{self, Run, World, most_events};

pub fn settings(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Picks one of the open queries, by a sequence that `seed` starts.
fn picking(mut seed: u64) -> impl FnMut(usize) -> usize {
    move |open| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(seed >> 33).unwrap() % open
    }
}

/// The place of the host that an address belongs to.
fn place_of(address: &std::net::IpAddr) -> usize {
    let has = |place: &usize| Published::addresses(*place).contains(address);
    (0..3).find(has).unwrap()
}

/// What a plan demands, in the terms of the world.
fn demand_of(tls: &TlsPolicy) -> Demand {
    match tls {
        TlsPolicy::Opportunistic(_) | TlsPolicy::Audit(_) => Demand::Nothing,
        TlsPolicy::Encrypt(_) => Demand::Encryption,
        TlsPolicy::Authenticate(_) | TlsPolicy::Pkix(_) => Demand::Authentication,
    }
}

/// The place of a host among those of the world.
fn place_of_host(world: &Published, host: &str) -> usize {
    if world.is_implicit() {
        return 0;
    }
    host[2..3].parse().unwrap()
}

proptest! {
    #![proptest_config(settings(256))]

    #[test]
    fn answers_in_any_order_give_the_same_route_plans_and_outcome(
        published in published(),
        policy in policy(),
        seed in any::<u64>(),
    ) {
        let (world, policy) = (published.world(), published.policy(policy));
        let in_turn = world.deliver(domain(), &policy);
        let mixed = world.deliver_in_order(domain(), &policy, picking(seed));
        prop_assert_eq!(in_turn.outcome(), mixed.outcome());
        prop_assert_eq!(in_turn.delivery.route(), mixed.delivery.route());
        prop_assert_eq!(in_turn.delivery.hosts(), mixed.delivery.hosts());
        prop_assert_eq!(&in_turn.connected, &mixed.connected);
        prop_assert_eq!(&in_turn.sent, &mixed.sent);
        let sorted = |run: &Run| {
            let mut asked = run.asked_text();
            asked.sort();
            asked
        };
        prop_assert_eq!(sorted(&in_turn), sorted(&mixed));
    }

    #[test]
    fn every_plan_demands_just_what_the_records_do(
        published in published(),
        policy in policy(),
        seed in any::<u64>(),
    ) {
        let (world, policy) = (published.world(), published.policy(policy));
        let run = world.deliver_in_order(domain(), &policy, picking(seed));
        for host in run.delivery.hosts() {
            let name = host.exchanger().host().to_string();
            let demand = published.demand(place_of_host(&published, &name), &policy);
            let planned = host.plan().map_or(Demand::Silence, |plan| demand_of(plan.tls()));
            prop_assert_eq!(planned, demand, "{}: {:?}", name, host.plan());
        }
    }

    #[test]
    fn hosts_are_tried_in_the_order_of_their_preferences(
        published in published(),
        policy in policy(),
    ) {
        let (world, policy) = (published.world(), published.policy(policy));
        let run = world.deliver(domain(), &policy);
        let preference = |address| published.hosts[place_of(address)].preference;
        let tried: Vec<u16> = run.connected.iter().map(preference).collect();
        prop_assert!(tried.is_sorted(), "{:?}", tried);
        let hosts = run.delivery.hosts().iter();
        let seen: Vec<u16> = hosts.map(|host| host.exchanger().preference()).collect();
        prop_assert!(seen.is_sorted(), "{:?}", seen);
        // No host is left out on the way to a worse one.
        let route = run.delivery.route().map_or(&[][..], |route| route.exchangers());
        for (host, exchanger) in run.delivery.hosts().iter().zip(route) {
            prop_assert_eq!(host.exchanger(), exchanger);
        }
    }

    #[test]
    fn every_delivery_ends_within_a_bound_that_the_world_sets(
        published in published(),
        policy in policy(),
        seed in any::<u64>(),
    ) {
        let (world, policy) = (published.world(), published.policy(policy));
        let mut events = 0_usize;
        watched(&world, &policy, seed, |_, _| events += 1);
        let bound = most_events(published.count());
        prop_assert!(events <= bound, "{} events, at most {}", events, bound);
    }

    #[test]
    fn every_outcome_has_a_status_that_fits_it_and_only_what_is_certain_is_final(
        published in published(),
        policy in policy(),
    ) {
        let (world, policy) = (published.world(), published.policy(policy));
        let run = world.deliver(domain(), &policy);
        crate::report::status(run.outcome());
        if let MxAnswer::Fails(_) = published.mx {
            prop_assert!(matches!(run.outcome(), Outcome::Deferred(_)));
        }
        if let Outcome::Failed(Final::NoRoute(RouteError::NoDomain(_))) = run.outcome() {
            prop_assert!(matches!(published.mx, MxAnswer::NoDomain(_)));
            let certain = policy.dane != DaneMode::Mandatory || published.security() == Security::Secure;
            prop_assert!(certain);
        }
        if let Outcome::Failed(Final::NoHost { .. }) = run.outcome() {
            // Of the hosts that are left of the route, nothing is uncertain.
            for host in run.delivery.hosts() {
                let name = host.exchanger().host().to_string();
                let mailer = &published.hosts[place_of_host(&published, &name)];
                let families = match policy.address_family {
                    AddressFamily::V4 => vec![mailer.a],
                    AddressFamily::V6 => vec![mailer.aaaa],
                    _ => vec![mailer.a, mailer.aaaa],
                };
                let certain = families.iter().all(|family| matches!(family, Family::Denied(_)));
                prop_assert!(certain, "{}: {:?}", name, families);
                if policy.dane == DaneMode::Mandatory {
                    let secure = |family: &Family| *family == Family::Denied(Security::Secure);
                    prop_assert!(families.iter().all(secure), "{}: {:?}", name, families);
                }
            }
        }
    }
}

proptest! {
    // Few worlds have a server at which a given downgrade would show: of 256, one run in ten had none.
    #![proptest_config(settings(2048))]

    #[test]
    fn no_connection_is_weaker_than_the_records_demand(
        published in published(),
        policy in policy(),
        seed in any::<u64>(),
    ) {
        let (world, policy) = (published.world(), published.policy(policy));
        let run = world.deliver_in_order(domain(), &policy, picking(seed));
        for address in &run.connected {
            prop_assert_ne!(published.demand(place_of(address), &policy), Demand::Silence);
        }
        for (address, assurance) in &run.sent {
            let demand = published.demand(place_of(address), &policy);
            prop_assert!(Demand::met_by(assurance) >= demand, "{}: {:?}", address, assurance);
            if policy.dane == DaneMode::Mandatory {
                prop_assert!(matches!(assurance, Assurance::Authenticated(_)));
            }
        }
        if let Outcome::Delivered { address, assurance, .. } = run.outcome() {
            prop_assert_eq!(run.sent.last(), Some(&(*address, assurance.clone())));
        }
    }
}

proptest! {
    #![proptest_config(settings(48))]

    #[test]
    fn an_event_that_does_not_belong_to_the_state_is_refused_and_changes_nothing(
        published in published(),
        policy in policy(),
        seed in any::<u64>(),
    ) {
        let (world, policy) = (published.world(), published.policy(policy));
        let mut past = Vec::new();
        let run = watched(&world, &policy, seed, |machine, event| {
            refuses(machine, &past);
            if let Event::Answer(id, answer) = event {
                past.push((*id, answer.clone()));
            }
        });
        refuses(&run.delivery, &past);
    }

    #[test]
    fn a_copy_of_the_machine_goes_on_like_the_machine(
        published in published(),
        policy in policy(),
        seed in any::<u64>(),
    ) {
        let (world, policy) = (published.world(), published.policy(policy));
        let mut copy = Delivery::new(domain(), policy.clone(), 1);
        let run = watched(&world, &policy, seed, |machine, event| {
            // A copy from before the last event has gone the same way; the machine did not notice.
            assert_eq!(copy, *machine);
            assert_eq!(machine.step(), machine.step());
            copy = machine.clone();
            copy.handle(event.clone()).unwrap();
        });
        prop_assert_eq!(copy, run.delivery);
    }
}

fn watched(world: &World, policy: &Policy, seed: u64, watch: impl FnMut(&Delivery, &Event)) -> Run {
    let answer = |question: &Question, _| world.zone.answer(question);
    world.deliver_watched(domain(), policy, &mut picking(seed), answer, watch)
}

/// Hands every event to the machine that its step did not ask for.
fn refuses(machine: &Delivery, past: &[(QueryId, Answer)]) {
    let open = match machine.step() {
        Step::Lookup(queries) => queries,
        _ => &[],
    };
    let other = Answer::denied(
        &question("elsewhere.invalid", QueryType::Mx),
        Denial::NoData,
        60,
        Security::Secure,
    );
    let late = past.iter().cloned();
    let strange = open.iter().map(|query| (query.id(), other.clone()));
    let crossed = open.iter().flat_map(|query| {
        let of_others = open.iter().filter(move |of| of.id() != query.id());
        of_others.map(|of| (query.id(), denial_of(of.question())))
    });
    let answers = late.chain(strange).chain(crossed);
    let answers = answers.map(|(id, answer)| Event::Answer(id, answer));
    let others = events()
        .into_iter()
        .filter(|event| !belongs(machine.step(), event));
    for event in answers.chain(others) {
        world::refuses(machine, &event);
    }
}

fn denial_of(question: &Question) -> Answer {
    Answer::denied(question, Denial::NoData, 60, Security::Secure)
}

/// Every kind of event but answers.
fn events() -> Vec<Event> {
    let reply = |code, buffered| session::Event::StartTlsReply { code, buffered };
    let transfers = [
        Transfer::Accepted,
        Transfer::Rejected { code: 550 },
        Transfer::Delayed { code: 450 },
        Transfer::Interrupted,
    ];
    let sessions = [
        session::Event::Hello(StartTlsOffer::Offered),
        session::Event::Hello(StartTlsOffer::Absent),
        session::Event::HelloRejected { code: 554 },
        reply(220, 0),
        reply(220, 1),
        reply(454, 0),
        session::Event::Encrypted,
        session::Event::Authenticated(foreign_proof()),
        session::Event::NotAuthenticated(VerifyError::NoRecordMatched),
        session::Event::HandshakeFailed,
        session::Event::Reconnected,
        session::Event::ConnectionLost,
    ];
    let sessions = sessions.into_iter().map(Event::Session);
    let transfers = transfers.into_iter().map(Event::Transferred);
    let connections = [Event::Connected, Event::ConnectFailed];
    connections
        .into_iter()
        .chain(transfers)
        .chain(sessions)
        .collect()
}

/// Whether a step asks for an event of this kind.
fn belongs(step: Step<'_>, event: &Event) -> bool {
    match (step, event) {
        (Step::Connect { .. }, Event::Connected | Event::ConnectFailed) => true,
        (Step::Session(session::Step::Transfer(_)), Event::Transferred(_)) => true,
        (Step::Session(step), Event::Session(event)) => session_has(step, event),
        _ => false,
    }
}

fn session_has(step: session::Step<'_>, event: &session::Event) -> bool {
    use session::Event as E;
    use session::Step as S;
    match (step, event) {
        (S::Transfer(_) | S::Abandon(_), _) => false,
        (_, E::ConnectionLost) => true,
        (S::Hello, E::Hello(_) | E::HelloRejected { .. }) => true,
        (S::StartTls, E::StartTlsReply { .. }) => true,
        (S::Handshake(_) | S::RawPublicKeyHandshake(_), E::HandshakeFailed) => true,
        (S::Handshake(tls), E::Encrypted) => !matches!(tls, TlsPolicy::Authenticate(_)),
        (S::Handshake(_) | S::RawPublicKeyHandshake(_), E::NotAuthenticated(_)) => true,
        (S::Reconnect, E::Reconnected) => true,
        _ => false,
    }
}
