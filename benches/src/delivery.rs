//! One whole delivery: two MX hosts, of which the better one does not answer, and a server that bears what `3 1 1` names.

use pki_types::CertificateDer;
use smtp_dane::Policy;
use smtp_dane::delivery::{Delivery, Event, Outcome, Step, Transfer};
use smtp_dane::dns::{Answer, QueryType, Question, Trust};
use smtp_dane::resolve::NextHop;
use smtp_dane::session;
use smtp_dane::tlsa::{Selector, Usage};

use crate::certificates::{now, record};
use crate::messages::{ID, example, exchanges, name, reply};

/// All replies that the delivery needs, in the order in which it asks when one query is open at a time.
#[derive(Clone, Debug)]
pub struct World {
    /// The questions and the replies to them.
    pub replies: Vec<(Question, Vec<u8>)>,
    /// The certificate of both servers.
    pub certificate: CertificateDer<'static>,
}

impl World {
    /// Both hosts have one IPv4 address, no IPv6 address, and a record for this certificate.
    #[must_use]
    pub fn new(certificate: CertificateDer<'static>) -> Self {
        let mut replies = vec![exchanges(2)];
        let rdata = record(Usage::DANE_EE, Selector::SPKI, &certificate)
            .as_rdata()
            .to_vec();
        for host in ["mxaa.example.com", "mxab.example.com"] {
            let answers = [
                (host.to_owned(), QueryType::A, vec![vec![192, 0, 2, 1]]),
                (host.to_owned(), QueryType::Aaaa, vec![]),
                (
                    format!("_25._tcp.{host}"),
                    QueryType::Tlsa,
                    vec![rdata.clone()],
                ),
            ];
            for (owner, query_type, answers) in answers {
                let question = Question::new(name(&owner), query_type);
                let message = reply(&question, &answers);
                replies.push((question, message));
            }
        }
        Self {
            replies,
            certificate,
        }
    }

    /// Runs the delivery to its end; whether the mail was taken.
    #[must_use]
    pub fn deliver(&self) -> bool {
        let mut delivery = Delivery::new(NextHop::domain(example()), Policy::default(), 1);
        let mut tried = false;
        while let Some(event) = self.next(&delivery, &mut tried) {
            if delivery.handle(event).is_err() {
                return false;
            }
        }
        matches!(delivery.step(), Step::Done(outcome) if matches!(outcome, Outcome::Delivered { .. }))
    }

    fn next(&self, delivery: &Delivery, tried: &mut bool) -> Option<Event> {
        Some(match delivery.step() {
            Step::Lookup(queries) => {
                let query = queries.first()?;
                let asked = |(question, _): &&(Question, _)| question == query.question();
                let (question, message) = self.replies.iter().find(asked)?;
                let answer = Answer::from_message(question, ID, message, Trust::AdBit).ok()?;
                Event::Answer(query.id(), answer)
            }
            // The better host does not answer.
            Step::Connect { .. } if !core::mem::replace(tried, true) => Event::ConnectFailed,
            Step::Connect { .. } => Event::Connected,
            Step::Session(session::Step::Hello) => {
                Event::Session(session::Event::Hello(session::StartTlsOffer::Offered))
            }
            Step::Session(session::Step::StartTls) => {
                Event::Session(session::Event::StartTlsReply {
                    code: 220,
                    buffered: 0,
                })
            }
            Step::Session(session::Step::Handshake(tls)) => {
                let chain = core::slice::from_ref(&self.certificate);
                Event::Session(session::Event::of_handshake(tls, chain, now(), &[], &[]))
            }
            Step::Session(session::Step::Transfer(_)) => Event::Transferred(Transfer::Accepted),
            _ => return None,
        })
    }
}
