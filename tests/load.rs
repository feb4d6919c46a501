//! Ten thousand deliveries in one process, all under way at once, with faults of every kind, and replies in any order.
//!
//! What each must come to is what it comes to when it is alone in the world.

mod resolver;
mod servers;
mod site;

use std::collections::{BTreeMap, BTreeSet};

use smtp_dane::delivery::{AttemptResult, Event, HostRecord, Outcome, Step};
use smtp_dane::dns::{Answer, Discard, QueryId, Question, Trust};
use smtp_dane::session::Assurance;

use crate::support::random::Random;
use crate::support::world::{Run, most_events, refuses};
use crate::support::zone::Failure;
use site::Site;

const DELIVERIES: usize = 10_000;

/// One delivery among the others.
struct Member {
    site: Site,
    run: Run,
    /// The queries that were sent, by their numbers.
    queries: BTreeMap<QueryId, Question>,
    /// Those that were answered.
    answered: BTreeSet<QueryId>,
    events: usize,
}

/// Something on its way to a delivery.
#[derive(Clone)]
struct Letter {
    to: usize,
    content: Content,
}

#[derive(Clone)]
enum Content {
    /// What a resolver says to a query: a message with this number, or nothing.
    Reply(QueryId, u16, Result<Vec<u8>, Failure>),
    /// What a server does.
    Event(Event),
}

struct Crowd {
    random: Random,
    members: Vec<Member>,
    flying: Vec<Letter>,
    tally: Tally,
}

/// How often the special cases came, so that none is missing without notice.
#[derive(Debug, Default)]
struct Tally {
    most_under_way: usize,
    misdirected: usize,
    repeated: usize,
}

impl Crowd {
    fn new(seed: u64) -> Self {
        let random = Random::new(seed);
        let member = |number| {
            let mut random = random.branch(u64::try_from(number).unwrap());
            let site = Site::random(number, &mut random);
            Member {
                run: Run::new(site.next_hop.clone(), &site.policy),
                site,
                queries: BTreeMap::new(),
                answered: BTreeSet::new(),
                events: 0,
            }
        };
        Self {
            members: (0..DELIVERIES).map(member).collect(),
            random,
            flying: Vec::new(),
            tally: Tally::default(),
        }
    }

    fn run_to_the_end(&mut self) {
        for number in 0..self.members.len() {
            self.go_on(number);
        }
        while !self.flying.is_empty() {
            self.tally.most_under_way = self.tally.most_under_way.max(self.flying.len());
            let place = self.random.below(self.flying.len());
            let letter = self.flying.swap_remove(place);
            self.deliver(letter);
        }
    }

    /// Does what a delivery wants now, and has not wanted before.
    fn go_on(&mut self, number: usize) {
        let Self {
            random,
            members,
            flying,
            tally,
        } = self;
        let member = &mut members[number];
        match member.run.delivery.step() {
            Step::Done(_) => {}
            Step::Lookup(queries) => {
                for query in queries {
                    let (id, question) = (query.id(), query.question());
                    if member.queries.insert(id, question.clone()).is_some() {
                        continue;
                    }
                    member.run.asked.push(question.clone());
                    let message_id = u16::try_from(random.below(0x1_0000)).unwrap();
                    let reply = member.site.world.zone.reply(question).map(|mut message| {
                        message.id = message_id;
                        message.to_bytes()
                    });
                    let letter = Letter {
                        to: number,
                        content: Content::Reply(id, message_id, reply),
                    };
                    if random.one_in(8) {
                        tally.repeated += 1;
                        flying.push(letter.clone());
                    }
                    flying.push(letter);
                }
            }
            Step::Connect { .. } | Step::Session(_) => flying.push(Letter {
                to: number,
                content: Content::Event(member.site.world.meet(&mut member.run)),
            }),
        }
    }

    fn deliver(&mut self, letter: Letter) {
        let member = &mut self.members[letter.to];
        let event = match letter.content {
            Content::Event(event) => event,
            Content::Reply(id, message_id, reply) => {
                let answer = match &reply {
                    Ok(bytes) => read(&member.queries[&id], message_id, bytes).unwrap(),
                    Err(failure) => failure.answer(&member.queries[&id]),
                };
                let event = Event::Answer(id, answer);
                if !member.answered.insert(id) {
                    return refuses(&member.run.delivery, &event);
                }
                if let Ok(bytes) = reply
                    && self.random.one_in(8)
                {
                    self.misdirect(letter.to, message_id, &bytes, &event);
                }
                event
            }
        };
        let member = &mut self.members[letter.to];
        member.run.delivery.handle(event).unwrap();
        member.events += 1;
        self.go_on(letter.to);
    }

    /// Hands a reply to a delivery that did not ask for it.
    fn misdirect(&mut self, from: usize, message_id: u16, bytes: &[u8], event: &Event) {
        let to = (from + 1 + self.random.below(DELIVERIES - 1)) % DELIVERIES;
        let member = &self.members[to];
        if let Step::Lookup(queries) = member.run.delivery.step() {
            for query in queries {
                let answer = read(query.question(), message_id, bytes);
                assert_eq!(answer, Err(Discard::NotOurs));
            }
            self.tally.misdirected += 1;
        }
        refuses(&member.run.delivery, event);
    }
}

fn read(question: &Question, message_id: u16, bytes: &[u8]) -> Result<Answer, Discard> {
    Answer::from_message(question, message_id, bytes, Trust::AdBit)
}

/// Says with which seed a test failed.
struct Seed(u64);

impl Seed {
    /// The usual one, or that of the environment.
    fn of_environment() -> Self {
        let given = std::env::var("LOAD_SEED").ok();
        Self(given.map_or(7672, |seed| seed.parse().unwrap()))
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("failed with LOAD_SEED={}", self.0);
        }
    }
}

/// What came of a delivery, as a line to count.
fn kind(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Delivered { assurance, .. } => match assurance {
            Assurance::Authenticated(_) => "authenticated",
            Assurance::Encrypted | Assurance::NotAuthenticated(_) => "encrypted",
            Assurance::Cleartext(_) => "cleartext",
        },
        Outcome::Deferred(_) => "deferred",
        _ => "failed",
    }
}

/// The faults that the deliveries met with, and their outcomes.
fn met(members: &[Member]) -> BTreeMap<&'static str, usize> {
    let mut met = BTreeMap::new();
    for member in members {
        *met.entry(kind(member.run.outcome())).or_insert(0) += 1;
        for attempt in member.run.delivery.attempts() {
            let fault = match attempt.result() {
                AttemptResult::Unreachable => "unreachable",
                AttemptResult::Refused(_) => "refused",
                AttemptResult::NotTaken { .. } => "not taken",
                _ => continue,
            };
            *met.entry(fault).or_insert(0) += 1;
        }
        let skipped = |host: &&HostRecord| host.plan().is_err();
        let hosts = member.run.delivery.hosts().iter();
        *met.entry("skipped").or_insert(0) += hosts.filter(skipped).count();
    }
    met
}

/// The delivery when nobody else is there, each question answered as soon as it is asked.
fn assert_like_alone(member: &Member) {
    let Member { site, run, .. } = member;
    let alone = site.world.deliver(site.next_hop.clone(), &site.policy);
    let which = &site.next_hop;
    assert_eq!(run.outcome(), alone.outcome(), "{which:?}");
    assert_eq!(run.delivery, alone.delivery, "{which:?}");
    assert_eq!(run.connected, alone.connected, "{which:?}");
    assert_eq!(run.sent, alone.sent, "{which:?}");
    let sorted = |run: &Run| {
        let mut asked = run.asked_text();
        asked.sort_unstable();
        asked
    };
    assert_eq!(sorted(run), sorted(&alone), "{which:?}");
}

#[test]
fn ten_thousand_deliveries_at_once_each_end_as_they_would_alone() {
    let seed = Seed::of_environment();
    let mut crowd = Crowd::new(seed.0);
    crowd.run_to_the_end();
    for member in &crowd.members {
        let bound = most_events(member.site.hosts);
        assert!(member.events <= bound, "{:?}", member.site);
        assert_eq!(member.answered.len(), member.queries.len());
        assert_like_alone(member);
    }
    let met = met(&crowd.members);
    assert_eq!(met.len(), 9, "{met:?}");
    assert!(met.values().all(|count| *count >= 400), "{met:?}");
    let Tally {
        most_under_way,
        misdirected,
        repeated,
    } = crowd.tally;
    assert!(most_under_way >= DELIVERIES);
    assert!(misdirected >= 1000 && repeated >= 1000);
}
