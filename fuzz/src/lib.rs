//! What each fuzz target does with its input. The functions panic when something that must hold does not.
//!
//! ```console
//! $ cargo +nightly fuzz run --features libfuzzer dns_message fuzz/seeds/dns_message
//! $ cargo test --manifest-path fuzz/Cargo.toml          # replays the seeds, on any toolchain
//! ```

use pki_types::{CertificateDer, UnixTime};
use smtp_dane::cert::RawCertificate;
use smtp_dane::delivery::{Delivery, Event, Outcome, Step, Transfer};
use smtp_dane::dns::{
    Answer, Found, LookupError, MAX_ALIASES, QueryType, Question, Security, Trust,
};
use smtp_dane::resolve::NextHop;
use smtp_dane::session::{self, Assurance, StartTlsOffer};
use smtp_dane::tlsa::{Record, Role, sha256};
use smtp_dane::{Authentication, DaneMode, Digests, Name, Policy, VerifyError};

const TYPES: [QueryType; 5] = [
    QueryType::A,
    QueryType::Aaaa,
    QueryType::Cname,
    QueryType::Mx,
    QueryType::Tlsa,
];

fn example() -> Name {
    "example.com".parse().expect("a good name")
}

/// The first octet picks the type that was asked for, the rest is the reply; its number is taken for granted.
pub fn dns_message(data: &[u8]) {
    let Some((&pick, message)) = data.split_first() else {
        return;
    };
    let question = Question::new(example(), TYPES[usize::from(pick) % TYPES.len()]);
    let id = message
        .first_chunk()
        .map_or(0, |id| u16::from_be_bytes(*id));
    let Ok(answer) = Answer::from_message(&question, id, message, Trust::AdBit) else {
        return;
    };
    let Ok(reply) = answer.result() else { return };
    assert!(reply.aliases().len() <= MAX_ALIASES);
    assert!(!reply.aliases().contains(question.name()), "an alias loop");
    match reply.found() {
        Found::Addresses(found) => assert!(!found.is_empty()),
        Found::Exchanges(found) => assert!(!found.is_empty()),
        Found::Associations(found) => assert!(!found.is_empty()),
        Found::AliasOnly => assert!(!reply.aliases().is_empty()),
        Found::Denied(_) => {}
    }
    // Without trust the same message says the same, and is insecure.
    let distrusted = Answer::from_message(&question, id, message, Trust::Nothing);
    let distrusted = distrusted.expect("the same message");
    let distrusted = distrusted.result().expect("the same message");
    assert_eq!(distrusted.found(), reply.found());
    assert_eq!(distrusted.security(), Security::Insecure);
}

/// RDATA of a TLSA record.
pub fn tlsa_rdata(data: &[u8]) {
    let record = Record::from_rdata(data);
    assert_eq!(record.as_rdata(), data);
    assert_eq!(record.fields().is_some(), data.len() >= 3);
    if record.usability(Role::Relay, Digests::default()).is_ok() {
        let (usage, selector, matching, association) = record.fields().expect("usable");
        assert!(matches!(usage.0, 2 | 3) && selector.0 <= 1 && matching.0 <= 2);
        assert!(match matching.0 {
            1 => association.len() == 32,
            2 => association.len() == 64,
            _ => !association.is_empty(),
        });
    }
    assert!(!record.to_string().is_empty());
}

/// A certificate.
pub fn certificate(data: &[u8]) {
    if let Ok(certificate) = RawCertificate::parse(data) {
        let key = certificate.subject_public_key_info();
        assert_eq!(certificate.as_der(), data);
        assert!(data.windows(key.len()).any(|part| part == key));
    }
}

/// A chain of certificates, each behind its length in two octets, judged by records that name the last one. Without signature
/// algorithms no path is ever found, so nothing may be authenticated but by usage 3.
pub fn verify_chain(data: &[u8]) {
    let mut rest = data;
    let mut chain = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(after.len());
        let (certificate, after) = after.split_at(length);
        chain.push(CertificateDer::from(certificate));
        rest = after;
    }
    let last = chain.last().map_or(&[][..], |last| last.as_ref());
    let record =
        |usage, matching, data: &[u8]| Record::from_rdata(&[&[usage, 0, matching], data].concat());
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_767_225_600));
    let judge = |records| {
        Authentication::from_vouched_records(
            example(),
            [],
            records,
            Role::Relay,
            &Policy::default(),
        )
        .ok()
        .map(|wanted| wanted.verify(&chain, now, &[]))
    };
    let anchored = judge(vec![record(2, 1, &sha256(last)), record(2, 0, last)]);
    assert!(
        !matches!(anchored, Some(Ok(_))),
        "nobody could check a signature"
    );
    let named = judge(vec![record(3, 1, &sha256(last))]);
    let matches = chain.first().is_some_and(|leaf| leaf.as_ref() == last) && chain.len() <= 16;
    assert_eq!(matches!(named, Some(Ok(_))), matches);
}

/// A name as text, and as octets.
pub fn name(data: &[u8]) {
    if let Ok(name) = Name::from_wire(data) {
        let text = name.to_string();
        assert_eq!(text.parse().as_ref(), Ok(&name), "{text}");
    }
    if let Some(name) = str::from_utf8(data)
        .ok()
        .and_then(|text| text.parse::<Name>().ok())
    {
        assert_eq!(Name::from_wire(name.as_wire()).as_ref(), Ok(&name));
        assert_eq!(name.to_string().parse().as_ref(), Ok(&name));
    }
}

/// A delivery of which every answer and event is drawn from the input.
pub fn delivery(data: &[u8]) {
    let mut data = data.iter().copied();
    let mut draw = || data.next();
    let mut policy = Policy::default();
    let mandatory = draw().is_some_and(|octet| octet & 1 == 1);
    if mandatory {
        policy.dane = DaneMode::Mandatory;
    }
    let mut delivery = Delivery::new(NextHop::domain(example()), policy, 1);
    while let Some(octet) = draw() {
        let event = match delivery.step() {
            Step::Lookup([query, ..]) => {
                let (id, question) = (query.id(), query.question().clone());
                let length = usize::from(draw().unwrap_or(0));
                let tail: Vec<u8> = core::iter::from_fn(&mut draw).take(length).collect();
                Event::Answer(id, reply(&question, octet, &tail))
            }
            Step::Lookup([]) => panic!("a machine that waits has a query"),
            Step::Connect { .. } if octet & 1 == 0 => Event::Connected,
            Step::Connect { .. } => Event::ConnectFailed,
            Step::Session(session::Step::Transfer(assurance)) => {
                let authenticated = matches!(assurance, Assurance::Authenticated(_));
                assert!(authenticated || !mandatory, "a downgrade");
                Event::Transferred(match octet & 3 {
                    0 => Transfer::Accepted,
                    1 => Transfer::Rejected { code: 550 },
                    2 => Transfer::Delayed { code: 450 },
                    _ => Transfer::Interrupted,
                })
            }
            Step::Session(_) => Event::Session(match octet % 9 {
                0 => session::Event::Hello(StartTlsOffer::Offered),
                1 => session::Event::Hello(StartTlsOffer::Absent),
                2 => session::Event::HelloRejected { code: 421 },
                3 => session::Event::StartTlsReply {
                    code: 220,
                    buffered: 0,
                },
                4 => session::Event::StartTlsReply {
                    code: 220,
                    buffered: 1,
                },
                5 => session::Event::StartTlsReply {
                    code: 454,
                    buffered: 0,
                },
                6 => session::Event::Encrypted,
                7 => session::Event::NotAuthenticated(VerifyError::NoRecordMatched),
                _ => session::Event::ConnectionLost,
            }),
            Step::Done(outcome) => {
                assert!(
                    !mandatory || !matches!(outcome, Outcome::Delivered { .. }),
                    "no proof was given"
                );
                return;
            }
        };
        let before = delivery.clone();
        if delivery.handle(event).is_err() {
            assert_eq!(delivery, before, "an unexpected event changed the machine");
        }
    }
}

/// A reply whose header and question are in order, and the rest is the input's.
fn reply(question: &Question, octet: u8, tail: &[u8]) -> Answer {
    if octet == u8::MAX {
        return Answer::failed(LookupError::Timeout);
    }
    let counts = [octet & 7, octet >> 3 & 1, octet >> 4 & 1];
    let flags = if octet & 0x20 == 0 {
        0x81a0_u16
    } else {
        0x8180
    };
    let mut message = vec![0, 7];
    message.extend((flags | u16::from(octet >> 6 & 1) * 3).to_be_bytes());
    message.extend([0, 1]);
    message.extend(counts.iter().flat_map(|count| [0, *count]));
    message.extend(question.name().as_wire());
    message.extend(question.query_type().code().to_be_bytes());
    message.extend([0, 1]);
    message.extend(tail);
    Answer::from_message(question, 7, &message, Trust::AdBit)
        .unwrap_or(Answer::failed(LookupError::Unreachable))
}
