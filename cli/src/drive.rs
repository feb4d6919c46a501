//! A [`Delivery`] on real sockets. What it decides is the library's; here it is done and noted.

mod connection;
#[cfg(test)]
mod tests;
mod turns;

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::sync::Arc;

use smtp_dane::Unexpected;
use smtp_dane::delivery::{Delivery, Event, Step, Transfer};
use smtp_dane::resolve::Plan;
use smtp_dane::session::{self, Assurance};
use tokio::task::JoinHandle;
use tokio_rustls::rustls::pki_types::DnsName;

use crate::resolver::Resolver;
use crate::smtp::Message;
use crate::tls::{TlsClient, TlsFacts};
use connection::Connection;
pub(crate) use turns::Turns;

/// The way to the network.
#[derive(Clone)]
pub(crate) struct Network {
    /// Whom to ask.
    pub(crate) resolver: Resolver,
    /// Makes TLS connections.
    pub(crate) tls: TlsClient,
    /// How long each step may take.
    pub(crate) patience: Duration,
    /// The name to say in EHLO; without one, the address of this side.
    pub(crate) hello: Option<String>,
    /// How many connections to one address there may be.
    pub(crate) turns: Arc<Turns>,
}

/// What to do on a connection that may be given mail.
#[derive(Clone, Debug)]
pub(crate) enum Errand {
    /// Leave again; the first host that would be given mail ends the delivery.
    Probe,
    /// Leave again, and go on to the hosts and addresses after it.
    Survey,
    /// Hand over a message.
    Send(Message),
}

/// A delivery that is over, with what was seen on the way.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// The delivery as a mail server would have made it.
    pub(crate) delivery: Delivery,
    /// The same gone on, as if no host had taken the mail.
    pub(crate) survey: Option<Delivery>,
    /// One for each attempt of the survey, or else of the delivery, in order.
    pub(crate) sightings: Vec<Sighting>,
}

impl Run {
    /// The delivery with the most hosts.
    pub(crate) fn widest(&self) -> &Delivery {
        self.survey.as_ref().unwrap_or(&self.delivery)
    }
}

/// What was seen in one attempt.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sighting {
    /// The handshake, if it succeeded.
    pub(crate) tls: Option<TlsFacts>,
    /// The digest of the key that the server presented, even if it was refused for that.
    pub(crate) key: Option<[u8; 32]>,
    /// What went wrong, in the words of whoever noticed.
    pub(crate) trouble: Option<String>,
    /// Whether the server was as ready for mail as the errand asked.
    pub(crate) ready: bool,
}

impl Network {
    /// Begins a delivery; others can be made at the same time.
    pub(crate) fn start(
        self: &Arc<Self>,
        delivery: Delivery,
        errand: Errand,
    ) -> JoinHandle<Result<Run, Unexpected>> {
        let network = Arc::clone(self);
        tokio::spawn(async move { network.run(delivery, &errand).await })
    }

    /// Makes a delivery.
    ///
    /// # Errors
    /// [`Unexpected`] if the delivery will not take what happened, which is a mistake of this program.
    pub(crate) async fn run(&self, delivery: Delivery, errand: &Errand) -> Result<Run, Unexpected> {
        let mut drive = Drive {
            network: self,
            errand,
            delivery,
            first: None,
            sightings: Vec::new(),
            connection: None,
        };
        while drive.go_on().await? {}
        let (delivery, survey) = match drive.first {
            Some(first) => (first, Some(drive.delivery)),
            None => (drive.delivery, None),
        };
        Ok(Run {
            delivery,
            survey,
            sightings: drive.sightings,
        })
    }
}

/// A delivery under way.
struct Drive<'a> {
    network: &'a Network,
    errand: &'a Errand,
    delivery: Delivery,
    /// In a survey: the delivery that ended with the first success.
    first: Option<Delivery>,
    sightings: Vec<Sighting>,
    connection: Option<Connection>,
}

impl Drive<'_> {
    /// Does one step; false if there is nothing left to do.
    async fn go_on(&mut self) -> Result<bool, Unexpected> {
        let event = match self.delivery.step() {
            Step::Done(_) => return Ok(false),
            Step::Lookup(queries) => {
                for (id, answer) in self.network.resolver.answers(queries).await {
                    self.delivery.handle(Event::Answer(id, answer))?;
                }
                return Ok(true);
            }
            Step::Connect { address, port, .. } => {
                let server_name = self.delivery.plan().and_then(Plan::server_name);
                let address = SocketAddr::new(address, port.get());
                self.connect(server_name, address).await
            }
            Step::Session(session::Step::Transfer(assurance)) => {
                let assurance = assurance.clone();
                Event::Transferred(self.transfer(&assurance).await)
            }
            Step::Session(step) => {
                let (Some(connection), Some(sighting)) =
                    (&mut self.connection, self.sightings.last_mut())
                else {
                    return Err(Unexpected);
                };
                Event::Session(connection.act(step, sighting).await)
            }
        };
        let accepted = matches!(event, Event::Transferred(Transfer::Accepted));
        if accepted && matches!(self.errand, Errand::Survey) {
            if self.first.is_none() {
                let mut first = self.delivery.clone();
                first.handle(event)?;
                self.first = Some(first);
            }
            // The other one is told that the server did not take the mail, so that it goes on.
            self.delivery
                .handle(Event::Transferred(Transfer::Interrupted))?;
        } else {
            self.delivery.handle(event)?;
        }
        // A connection lives as long as the steps are those of its session.
        if !matches!(self.delivery.step(), Step::Session(_))
            && let Some(connection) = self.connection.take()
        {
            connection.quit().await;
        }
        Ok(true)
    }

    async fn connect(
        &mut self,
        server_name: Option<DnsName<'static>>,
        address: SocketAddr,
    ) -> Event {
        let mut sighting = Sighting::default();
        let opened = Connection::open(self.network, server_name, address).await;
        let event = match opened {
            Ok(connection) => {
                self.connection = Some(connection);
                Event::Connected
            }
            Err(trouble) => {
                sighting.trouble = Some(trouble.to_string());
                Event::ConnectFailed
            }
        };
        self.sightings.push(sighting);
        event
    }

    async fn transfer(&mut self, assurance: &Assurance) -> Transfer {
        let (Some(connection), Some(sighting)) = (&mut self.connection, self.sightings.last_mut())
        else {
            return Transfer::Interrupted;
        };
        let message = match self.errand {
            Errand::Probe | Errand::Survey => None,
            Errand::Send(message) => Some(message),
        };
        let transfer = connection.transfer(assurance, message, sighting).await;
        sighting.ready = transfer == Transfer::Accepted;
        transfer
    }
}

/// An address as SMTP writes it where a name is wanted (RFC 5321 §4.1.3).
fn literal(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("[{address}]"),
        IpAddr::V6(address) => format!("[IPv6:{address}]"),
    }
}
