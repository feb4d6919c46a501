//! Any number of deliveries up to the mail on one thread and without a runtime: non-blocking sockets, and one loop for all.
//!
//! ```console
//! $ cargo run --example many --features rustls -- 10000 127.0.0.1:53 example.com example.org
//! ```
//!
//! The number is that of the deliveries, to the domains in turn. It prints how many ended in which way. The resolver must
//! validate, and only one on this machine is believed to.

#[path = "shared/arguments.rs"]
mod arguments;
#[path = "many/connection.rs"]
mod connection;
#[path = "shared/dns.rs"]
mod dns;
#[path = "many/job.rs"]
mod job;
#[path = "many/lookup.rs"]
mod lookup;
#[path = "shared/smtp.rs"]
mod smtp;
#[path = "shared/tls.rs"]
mod tls;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Registry, Token, event};
use smtp_dane::RawPublicKeys;
use smtp_dane::delivery::Delivery;
use smtp_dane::report::Status;

use arguments::{Arguments, Error};
use job::Job;

/// How many deliveries are under way at once. Each has one socket at a time, and a process may have 1024 files open where nobody
/// has set another limit; nor would a resolver and the servers be pleased by thousands. The others wait their turn, which costs
/// nothing.
const AT_ONCE: usize = 256;

/// How often somebody looks whose time is over.
const TICK: Duration = Duration::from_millis(50);

fn main() -> Result<(), Error> {
    let mut words = std::env::args().skip(1);
    let count = words.next().and_then(|word| word.parse().ok());
    let count = count.ok_or("the first argument is a number")?;
    let mut arguments = Arguments::parse(words)?;
    // rustls can ask for them; without this line, a server that has nothing else is not authenticated.
    arguments.policy.raw_public_keys = RawPublicKeys::AfterCertificates;
    let mut waiting = arguments.next_hops.iter().cycle().take(count);

    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(AT_ONCE);
    let network = Network {
        registry: poll.registry().try_clone()?,
        resolver: arguments.resolver,
        patience: arguments.patience,
    };
    let mut places: Vec<Option<Job>> = (0..AT_ONCE).map(|_| None).collect();
    let mut endings: BTreeMap<String, usize> = BTreeMap::new();
    let mut most = 0;
    loop {
        for (number, place) in places.iter_mut().enumerate() {
            if place.is_none()
                && let Some(next_hop) = waiting.next()
            {
                let policy = arguments.policy.clone();
                let delivery = Delivery::new(next_hop.clone(), policy, getrandom::u64()?);
                *place = Some(Job::start(next_hop, delivery, &network, Token(number)));
            }
        }
        let under_way = places.iter().flatten().count();
        if under_way == 0 {
            break;
        }
        most = most.max(under_way);
        match poll.poll(&mut events, Some(TICK)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error.into()),
            _ => {}
        }
        let ready: BTreeSet<Token> = events.iter().map(event::Event::token).collect();
        let now = Instant::now();
        for place in &mut places {
            if let Some(job) = place
                && (ready.contains(&job.token) || job.deadline <= now)
                && let Some(outcome) = job.go_on(&network)?
            {
                let ending = format!("{}: {}", job.next_hop, Status::line(&outcome));
                *endings.entry(ending).or_default() += 1;
                *place = None;
            }
        }
    }
    for (ending, count) in &endings {
        println!("{count:6} {ending}");
    }
    let all: usize = endings.values().sum();
    println!("{all:6} deliveries, at most {most} of them at once");
    Ok(())
}

/// The way to the network.
struct Network {
    registry: Registry,
    resolver: SocketAddr,
    patience: Duration,
}
