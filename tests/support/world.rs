//! Servers behind addresses, and deliveries to them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime};
use smtp_dane::Policy;
use smtp_dane::delivery::{Delivery, Event, Outcome, Step, Transfer};
use smtp_dane::dns::{Answer, Question};
use smtp_dane::resolve::{NextHop, Unexpected};
use smtp_dane::session::{self, Assurance, StartTlsOffer};

use super::certificates::spki;
use super::zone::Zone;

/// How one server behaves.
#[derive(Clone, Debug)]
pub struct Server {
    pub connects: bool,
    pub offers: StartTlsOffer,
    /// The reply to STARTTLS, and the octets behind it.
    pub start_tls: (u16, usize),
    pub handshakes: bool,
    pub chain: Vec<Vec<u8>>,
    /// Whether it has but the bare key of its first certificate to present (RFC 7250).
    pub bare_key: bool,
    pub transfer: Transfer,
    /// Where the server falls silent or hangs up, in every session.
    pub lost_at: Option<Moment>,
}

/// A step of a session at which a connection can be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Hello,
    StartTls,
    Handshake,
    Reconnect,
}

impl Moment {
    pub const ALL: [Self; 4] = [
        Self::Hello,
        Self::StartTls,
        Self::Handshake,
        Self::Reconnect,
    ];

    const fn of(step: session::Step<'_>) -> Option<Self> {
        match step {
            session::Step::Hello => Some(Self::Hello),
            session::Step::StartTls => Some(Self::StartTls),
            session::Step::Handshake(_) | session::Step::RawPublicKeyHandshake(_) => {
                Some(Self::Handshake)
            }
            session::Step::Reconnect => Some(Self::Reconnect),
            session::Step::Transfer(_) | session::Step::Abandon(_) => None,
        }
    }
}

impl Server {
    /// A server in good order that presents one certificate.
    pub fn with(certificate: &[u8]) -> Self {
        Self {
            connects: true,
            offers: StartTlsOffer::Offered,
            start_tls: (220, 0),
            handshakes: true,
            chain: vec![certificate.to_vec()],
            bare_key: false,
            transfer: Transfer::Accepted,
            lost_at: None,
        }
    }
}

/// A zone and the servers that its addresses lead to. An address without a server refuses connections.
#[derive(Clone, Debug)]
pub struct World {
    pub zone: Zone,
    pub servers: BTreeMap<IpAddr, Server>,
}

/// What happened outside the machine in a delivery.
#[derive(Clone, Debug)]
pub struct Run {
    pub delivery: Delivery,
    /// Every question that was asked, in order.
    pub asked: Vec<Question>,
    /// Every address that a connection was opened to, in order; reconnections included.
    pub connected: Vec<IpAddr>,
    /// How the connections were protected over which mail was sent.
    pub sent: Vec<(IpAddr, Assurance)>,
}

impl Run {
    /// A delivery that has not begun.
    pub fn new(next_hop: NextHop, policy: &Policy) -> Self {
        Self {
            delivery: Delivery::new(next_hop, policy.clone(), 1),
            asked: Vec::new(),
            connected: Vec::new(),
            sent: Vec::new(),
        }
    }

    pub fn outcome(&self) -> &Outcome {
        match self.delivery.step() {
            Step::Done(outcome) => outcome,
            step => panic!("not done: {step:?}"),
        }
    }

    pub fn delivered(&self) -> bool {
        matches!(self.outcome(), Outcome::Delivered { .. })
    }

    /// The questions as text, for golden traces.
    pub fn asked_text(&self) -> Vec<String> {
        self.asked.iter().map(ToString::to_string).collect()
    }
}

impl World {
    pub fn new(zone: Zone) -> Self {
        Self {
            zone,
            servers: BTreeMap::new(),
        }
    }

    pub fn server(mut self, address: &str, server: Server) -> Self {
        self.servers.insert(address.parse().unwrap(), server);
        self
    }

    /// Delivers to the end, answering the first open query each time.
    pub fn deliver(&self, next_hop: NextHop, policy: &Policy) -> Run {
        self.deliver_in_order(next_hop, policy, |_| 0)
    }

    /// Delivers to the end; `choose` picks which of the open queries is answered next.
    pub fn deliver_in_order(
        &self,
        next_hop: NextHop,
        policy: &Policy,
        mut choose: impl FnMut(usize) -> usize,
    ) -> Run {
        let answer = |question: &Question, _| self.zone.answer(question);
        self.deliver_with(next_hop, policy, &mut choose, answer)
    }

    /// Delivers to the end; `answer` sees each question with its place in the trace.
    pub fn deliver_with(
        &self,
        next_hop: NextHop,
        policy: &Policy,
        choose: &mut dyn FnMut(usize) -> usize,
        answer: impl FnMut(&Question, usize) -> Answer,
    ) -> Run {
        self.deliver_watched(next_hop, policy, choose, answer, |_, _| ())
    }

    /// Delivers to the end; `watch` sees the machine before each event.
    pub fn deliver_watched(
        &self,
        next_hop: NextHop,
        policy: &Policy,
        choose: &mut dyn FnMut(usize) -> usize,
        mut answer: impl FnMut(&Question, usize) -> Answer,
        mut watch: impl FnMut(&Delivery, &Event),
    ) -> Run {
        let mut run = Run::new(next_hop, policy);
        // Far above what the bounds of the machines allow.
        for _ in 0..100_000 {
            let event = match run.delivery.step() {
                Step::Lookup(queries) => {
                    let query = &queries[choose(queries.len())];
                    run.asked.push(query.question().clone());
                    Event::Answer(query.id(), answer(query.question(), run.asked.len() - 1))
                }
                Step::Done(_) => return run,
                Step::Connect { .. } | Step::Session(_) => self.meet(&mut run),
            };
            watch(&run.delivery, &event);
            run.delivery.handle(event).unwrap();
        }
        panic!("the delivery does not end");
    }

    /// What a delivery meets with that wants to connect or has a connection.
    pub fn meet(&self, run: &mut Run) -> Event {
        match run.delivery.step() {
            Step::Connect { address, .. } => {
                run.connected.push(address);
                match self.servers.get(&address) {
                    Some(server) if server.connects => Event::Connected,
                    _ => Event::ConnectFailed,
                }
            }
            Step::Session(step) => {
                let address = *run.connected.last().unwrap();
                let server = &self.servers[&address];
                if step == session::Step::Reconnect {
                    run.connected.push(address);
                }
                if let session::Step::Transfer(assurance) = step {
                    run.sent.push((address, assurance.clone()));
                    Event::Transferred(server.transfer)
                } else {
                    Event::Session(server.react(step))
                }
            }
            step => panic!("nobody is met in {step:?}"),
        }
    }
}

/// Most events of a delivery to so many hosts, if no alias leads to another one.
///
/// Two replies at most for each lookup: the MX records; for each host two families, twice; the alias; two candidates. Two addresses,
/// with nine events at most: connected, EHLO, STARTTLS, handshake, reconnected, EHLO, STARTTLS, handshake, transferred.
pub const fn most_events(hosts: usize) -> usize {
    2 + hosts * (8 + 1 + 4 + 18)
}

impl Server {
    fn react(&self, step: session::Step<'_>) -> session::Event {
        if self.lost_at.is_some() && self.lost_at == Moment::of(step) {
            return session::Event::ConnectionLost;
        }
        match step {
            session::Step::Hello => session::Event::Hello(self.offers),
            session::Step::StartTls => session::Event::StartTlsReply {
                code: self.start_tls.0,
                buffered: self.start_tls.1,
            },
            session::Step::Handshake(_) if !self.handshakes || self.bare_key => {
                session::Event::HandshakeFailed
            }
            session::Step::RawPublicKeyHandshake(wanted) if self.handshakes && self.bare_key => {
                let key = SubjectPublicKeyInfoDer::from(spki(&self.chain[0]));
                wanted.verify_raw_public_key(&key).map_or_else(
                    session::Event::NotAuthenticated,
                    session::Event::Authenticated,
                )
            }
            session::Step::Handshake(tls) => {
                let chain: Vec<CertificateDer<'_>> = self
                    .chain
                    .iter()
                    .map(|der| CertificateDer::from(der.as_slice()))
                    .collect();
                session::Event::of_handshake(tls, &chain, NOW, &[], &[])
            }
            session::Step::RawPublicKeyHandshake(_) => session::Event::HandshakeFailed,
            session::Step::Reconnect => session::Event::Reconnected,
            session::Step::Transfer(_) | session::Step::Abandon(_) => {
                panic!("a server does not react to {step:?}")
            }
        }
    }
}

/// Demands that an event does not belong to the state of a delivery, and changes nothing.
pub fn refuses(machine: &Delivery, event: &Event) {
    let mut tried = machine.clone();
    assert_eq!(tried.handle(event.clone()), Err(Unexpected), "{event:?}");
    assert_eq!(tried, *machine, "{event:?}");
}

/// When the tests take place: 2026-01-01.
pub const NOW: UnixTime = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_767_225_600));
