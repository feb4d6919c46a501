//! A domain whose zone is as large as one likes, and its deliveries at each stage.

use std::sync::LazyLock;

use pki_types::CertificateDer;
use smtp_dane::delivery::{Delivery, Event, Step, Transfer};
use smtp_dane::dns::{Answer, QueryType, Question, Trust};
use smtp_dane::resolve::NextHop;
use smtp_dane::tlsa::{Selector, Usage};
use smtp_dane::{Name, Policy, session};

use crate::certificates::{Chain, now, record};
use crate::messages::{ID, aliased, name, reply};

/// What the zone of a domain holds, and which of its hosts answer. Each host has one address of each family, and one TLSA record
/// for the certificate that all of them bear.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// How many MX records there are, each with a preference of its own.
    pub hosts: u8,
    /// How many of the best hosts cannot be reached.
    pub silent: u8,
    /// How many aliases lead from a host to its addresses.
    pub aliases: u8,
    /// How a resolver tells of them.
    pub replies: Replies,
}

/// How a resolver tells of aliases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replies {
    /// All in one reply, with what they lead to.
    Whole,
    /// One in each reply.
    Piecemeal,
}

/// The certificate of every server.
static CERTIFICATE: LazyLock<CertificateDer<'static>> = LazyLock::new(|| {
    let [leaf, _, _] = Chain::p256().0;
    leaf
});

/// The record that names it.
static RDATA: LazyLock<Vec<u8>> = LazyLock::new(|| {
    record(Usage::DANE_EE, Selector::SPKI, &CERTIFICATE)
        .as_rdata()
        .to_vec()
});

impl Site {
    /// Two hosts that answer, and no alias.
    pub const USUAL: Self = Self {
        hosts: 2,
        silent: 0,
        aliases: 0,
        replies: Replies::Whole,
    };

    /// The same with a better host that does not answer.
    pub const HALF_SILENT: Self = Self {
        silent: 1,
        ..Self::USUAL
    };

    /// A delivery that waits for its first answer.
    #[must_use]
    pub fn start(domain: Name) -> Delivery {
        Delivery::new(NextHop::domain(domain), Policy::default(), 1)
    }

    /// What happens next to a delivery; nothing once it is done.
    ///
    /// # Panics
    /// If there is no answer to what it asks.
    #[must_use]
    pub fn next(self, delivery: &Delivery) -> Option<Event> {
        Some(match delivery.step() {
            Step::Lookup(queries) => {
                let query = queries.first().expect("a machine that waits has a query");
                Event::Answer(query.id(), self.answer(query.question()))
            }
            // The hosts that are done with come before the one that is tried.
            Step::Connect { .. } if delivery.hosts().len() < usize::from(self.silent) => {
                Event::ConnectFailed
            }
            Step::Connect { .. } => Event::Connected,
            Step::Session(session::Step::Transfer(_)) => Event::Transferred(Transfer::Accepted),
            Step::Session(step) => Event::Session(on_connection(step)?),
            Step::Done(_) => return None,
        })
    }

    /// What the zone says to a question.
    ///
    /// # Panics
    /// If the question is not one that a delivery has.
    #[must_use]
    pub fn answer(self, question: &Question) -> Answer {
        let message = self.message(question);
        Answer::from_message(question, ID, &message, Trust::AdBit).expect("an answer")
    }

    pub(crate) fn message(self, question: &Question) -> Vec<u8> {
        match question.query_type() {
            QueryType::Mx => {
                let exchange = |host: u8| {
                    let label = format!("mx{host}");
                    let length = u8::try_from(label.len()).expect("a short label");
                    [&[0, host, length], label.as_bytes(), &[0xc0, 12]].concat()
                };
                reply(question, &(0..self.hosts).map(exchange).collect::<Vec<_>>())
            }
            QueryType::A => self.addresses(question, vec![192, 0, 2, 1]),
            QueryType::Aaaa => {
                self.addresses(question, [&[0x20, 1, 0xd, 0xb8][..], &[1; 12]].concat())
            }
            QueryType::Tlsa => reply(question, std::slice::from_ref(&*RDATA)),
            QueryType::Cname => reply(question, &[]),
        }
    }

    fn addresses(self, question: &Question, address: Vec<u8>) -> Vec<u8> {
        let asked = question.name().to_string();
        // An alias bears its number and the name of the host.
        let (number, host) = match asked
            .strip_prefix("alias")
            .and_then(|rest| rest.split_once('.'))
        {
            Some((number, host)) => (number.parse().expect("a number"), host),
            None => (0, asked.as_str()),
        };
        let aliases = number + 1..=self.aliases;
        let mut names: Vec<_> = aliases
            .map(|number| name(&format!("alias{number}.{host}")))
            .collect();
        if self.replies == Replies::Piecemeal && !names.is_empty() {
            names.truncate(1);
            return aliased(question, &names, &[]);
        }
        aliased(question, &names, &[address])
    }
}

fn on_connection(step: session::Step<'_>) -> Option<session::Event> {
    use session::{Event, StartTlsOffer, Step};
    Some(match step {
        Step::Hello => Event::Hello(StartTlsOffer::Offered),
        Step::StartTls => Event::StartTlsReply {
            code: 220,
            buffered: 0,
        },
        Step::Handshake(tls) => {
            let chain = std::slice::from_ref(&*CERTIFICATE);
            Event::of_handshake(tls, chain, now(), &[], &[])
        }
        _ => return None,
    })
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It waits for the MX records.
    New,
    /// It waits for the addresses of its first host.
    Addresses,
    /// It waits for the TLSA records of its first host.
    Tlsa,
    /// It waits for a connection.
    Connecting,
    /// The connection is open, and the server has not said anything yet.
    Hello,
    /// The server has not answered STARTTLS yet.
    StartTls,
    /// The TLS handshake is not over.
    Handshake,
    /// The mail can be sent.
    Transfer,
    /// The first host failed, and it waits for the addresses of the second one.
    NextHost,
    /// It is over.
    Done,
}

impl Stage {
    /// All of them, in order.
    pub const ALL: [Self; 10] = [
        Self::New,
        Self::Addresses,
        Self::Tlsa,
        Self::Connecting,
        Self::Hello,
        Self::StartTls,
        Self::Handshake,
        Self::Transfer,
        Self::NextHost,
        Self::Done,
    ];

    /// Where a delivery stands; `None` where no stage is told from others.
    #[must_use]
    pub fn of(delivery: &Delivery) -> Option<Self> {
        Some(match delivery.step() {
            Step::Lookup(queries) => match queries.first()?.question().query_type() {
                QueryType::Mx => Self::New,
                QueryType::A if !delivery.hosts().is_empty() => Self::NextHost,
                QueryType::A => Self::Addresses,
                QueryType::Tlsa => Self::Tlsa,
                QueryType::Aaaa | QueryType::Cname => return None,
            },
            Step::Connect { .. } => Self::Connecting,
            Step::Session(session::Step::Hello) => Self::Hello,
            Step::Session(session::Step::StartTls) => Self::StartTls,
            Step::Session(session::Step::Handshake(_)) => Self::Handshake,
            Step::Session(session::Step::Transfer(_)) => Self::Transfer,
            Step::Session(_) => return None,
            Step::Done(_) => Self::Done,
        })
    }

    /// A delivery to this domain that has just come here. What comes after the first host comes after its failure.
    ///
    /// # Panics
    /// If a delivery does not come here.
    #[must_use]
    pub fn machine(self, domain: Name) -> Delivery {
        let site = match self {
            Self::NextHost | Self::Done => Site::HALF_SILENT,
            _ => Site::USUAL,
        };
        let mut delivery = Site::start(domain);
        while Self::of(&delivery) != Some(self) {
            let event = site.next(&delivery).expect("a stage on the way");
            delivery.handle(event).expect("an event that fits");
        }
        delivery
    }
}
