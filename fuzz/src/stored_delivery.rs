//! Stored deliveries as text. Most are refused; what is read is written alike, ends, and keeps to the protection that stands in it.

use serde_json::Value;
use smtp_dane::delivery::{Delivery, Event, MAX_ATTEMPTS, Step, Transfer};
use smtp_dane::dns::{Answer, LookupError};
use smtp_dane::resolve::MAX_EXCHANGERS;
use smtp_dane::session::{self, Assurance, StartTlsOffer};

/// Most events of a delivery whose lookups fail: the MX lookup and those of each host, of which there are five at the most; and for
/// each address connected, EHLO, STARTTLS, handshake, reconnected, EHLO, transferred.
const MOST_EVENTS: usize = 1 + MAX_EXCHANGERS * 5 + MAX_ATTEMPTS * 7;

pub fn run(data: &[u8]) {
    let Ok(delivery) = serde_json::from_slice::<Delivery>(data) else {
        return;
    };
    let text = serde_json::to_vec(&delivery).expect("what was read can be written");
    let again: Delivery = serde_json::from_slice(&text).expect("what was written can be read");
    assert_eq!(written(&again), written(&delivery));
    for server in [Server::Absent, Server::WithoutTls, Server::BrokenTls] {
        go_on(delivery.clone(), server);
    }
}

/// The stored form but for the number of the next query: what is read asks anew, under other numbers.
fn written(delivery: &Delivery) -> Value {
    let mut stored = serde_json::to_value(delivery).expect("it can be written");
    let fields = stored.as_object_mut().expect("an object");
    fields.remove("next-id").expect("a number");
    stored
}

/// What all servers are like.
#[derive(Clone, Copy)]
enum Server {
    Absent,
    WithoutTls,
    BrokenTls,
}

/// Every lookup fails, and no server can prove anything.
fn go_on(mut delivery: Delivery, server: Server) {
    for _ in 0..MOST_EVENTS {
        let event = match delivery.step() {
            Step::Lookup(queries) => {
                let query = queries.first().expect("a query");
                Event::Answer(query.id(), Answer::failed(LookupError::Timeout))
            }
            Step::Connect { .. } => match server {
                Server::Absent => Event::ConnectFailed,
                Server::WithoutTls | Server::BrokenTls => Event::Connected,
            },
            Step::Session(session::Step::Transfer(assurance)) => {
                assert!(matches!(assurance, Assurance::Cleartext(_)));
                assert!(!demands_tls(&delivery), "cleartext: {delivery:?}");
                Event::Transferred(Transfer::Delayed { code: 451 })
            }
            Step::Session(step) => Event::Session(answer_to(step, server)),
            Step::Done(_) => return,
        };
        assert_eq!(delivery.handle(event), Ok(()));
    }
    panic!("it does not end: {delivery:?}");
}

fn answer_to(step: session::Step<'_>, server: Server) -> session::Event {
    use session::Event;
    match step {
        session::Step::Hello => Event::Hello(match server {
            Server::BrokenTls => StartTlsOffer::Offered,
            Server::Absent | Server::WithoutTls => StartTlsOffer::Absent,
        }),
        session::Step::StartTls => Event::StartTlsReply {
            code: 220,
            buffered: 0,
        },
        session::Step::Reconnect => Event::Reconnected,
        _ => Event::HandshakeFailed,
    }
}

/// Whether that stands in the stored form of the host that is tried now.
fn demands_tls(delivery: &Delivery) -> bool {
    let stored = written(delivery);
    let hosts = stored.pointer("/state/hosts/hosts");
    let host = hosts.and_then(Value::as_array).and_then(|all| all.last());
    let tls = host.and_then(|host| host.pointer("/tried/plan/tls"));
    let tls = tls.expect("a policy for the host that is tried");
    let words = ["authenticate", "encrypt", "pkix"];
    words
        .iter()
        .any(|word| tls.get(word).is_some() || tls == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seed_is_a_delivery_that_is_read() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/seeds/stored_delivery");
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let seed = std::fs::read(&path).expect("a seed");
            let read = serde_json::from_slice::<Delivery>(&seed);
            assert!(read.is_ok(), "{}: {read:?}", path.display());
        }
    }
}
