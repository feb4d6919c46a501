//! One of many deliveries: what it waits for, and what it does once that is there.

use std::net::SocketAddr;
use std::time::Instant;
use std::{io, mem};

use mio::Token;
use smtp_dane::Unexpected;
use smtp_dane::delivery::{Delivery, Event, Outcome, Step};
use smtp_dane::dns::{Answer, LookupError, QueryId};
use smtp_dane::resolve::{NextHop, Plan};

use crate::connection::Connection;
use crate::lookup::Lookup;
use crate::{Network, dns, tls};

/// A delivery that is under way.
pub(crate) struct Job<'a> {
    pub(crate) next_hop: &'a NextHop,
    delivery: Delivery,
    /// What the events of its socket are called.
    pub(crate) token: Token,
    doing: Doing,
    /// When what it does has taken too long.
    pub(crate) deadline: Instant,
    /// How often the question was asked that it waits for.
    tries: u32,
}

/// What it has a socket for.
enum Doing {
    /// One question at a time: there are enough others to wait with.
    Lookup(QueryId, Lookup),
    /// Connecting, or in a session.
    Connection(Box<Connection>),
    /// The socket could not be opened, or there is none yet.
    Nothing,
}

impl<'a> Job<'a> {
    pub(crate) fn start(
        next_hop: &'a NextHop,
        delivery: Delivery,
        network: &Network,
        token: Token,
    ) -> Self {
        let mut job = Self {
            next_hop,
            delivery,
            token,
            doing: Doing::Nothing,
            deadline: Instant::now(),
            tries: 0,
        };
        job.begin(network);
        job
    }

    /// Goes on as far as it can without waiting; says so once it is over.
    pub(crate) fn go_on(&mut self, network: &Network) -> Result<Option<Outcome>, Unexpected> {
        loop {
            if let Step::Done(outcome) = self.delivery.step() {
                return Ok(Some(outcome.clone()));
            }
            let event = match self.attempt(network) {
                Ok(event) => Some(event),
                Err(error) => {
                    let waits = error.kind() == io::ErrorKind::WouldBlock;
                    if waits && Instant::now() < self.deadline {
                        return Ok(None);
                    }
                    self.failed(&error)
                }
            };
            if let Some(event) = event {
                self.delivery.handle(event)?;
                self.tries = 0;
            }
            self.begin(network);
        }
    }

    /// Begins what the delivery wants now.
    fn begin(&mut self, network: &Network) {
        let mut patience = network.patience;
        let doing = mem::replace(&mut self.doing, Doing::Nothing);
        let begun = match (self.delivery.step(), doing) {
            (Step::Session(step), Doing::Connection(mut connection)) => connection
                .begin(step, network, self.token)
                .map(|()| Doing::Connection(connection)),
            (step, doing) => {
                // A connection lives as long as the steps are those of its session.
                if let Doing::Connection(mut connection) = doing {
                    connection.quit();
                }
                match step {
                    Step::Lookup([query, ..]) => {
                        self.tries += 1;
                        patience /= dns::TRIES;
                        Lookup::start(query.question(), network, self.token)
                            .map(|lookup| Doing::Lookup(query.id(), lookup))
                    }
                    Step::Connect { address, port, .. } => {
                        let address = SocketAddr::new(address, port.get());
                        let name = self.delivery.plan().and_then(Plan::server_name);
                        Connection::open(address, name, network, self.token)
                            .map(|connection| Doing::Connection(Box::new(connection)))
                    }
                    Step::Lookup([]) | Step::Session(_) | Step::Done(_) => return,
                }
            }
        };
        self.deadline = Instant::now();
        if let Ok(doing) = begun {
            self.doing = doing;
            self.deadline += patience;
        }
    }

    /// What came of it; an error that it would block means that nothing came yet.
    fn attempt(&mut self, network: &Network) -> io::Result<Event> {
        match (self.delivery.step(), &mut self.doing) {
            (Step::Lookup(_), Doing::Lookup(id, lookup)) => {
                let answer = lookup.answer(network, self.token)?;
                Ok(Event::Answer(*id, answer))
            }
            (Step::Connect { .. }, Doing::Connection(connection)) => {
                connection.opened().map(|()| Event::Connected)
            }
            (Step::Session(step), Doing::Connection(connection)) => connection.act(step),
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// What a failure means to the delivery; none if the question may be asked again.
    fn failed(&self, error: &io::Error) -> Option<Event> {
        match self.delivery.step() {
            Step::Lookup(_) if self.tries < dns::TRIES => None,
            // Never an absence: that would turn DANE off.
            Step::Lookup(queries) => {
                let failure = match error.kind() {
                    io::ErrorKind::WouldBlock => LookupError::Timeout,
                    _ => LookupError::Unreachable,
                };
                let query = queries.first()?;
                Some(Event::Answer(query.id(), Answer::failed(failure)))
            }
            Step::Connect { .. } => Some(Event::ConnectFailed),
            Step::Session(step) => Some(tls::failed(step, error)),
            Step::Done(_) => None,
        }
    }
}
