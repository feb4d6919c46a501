//! The hot paths of a delivery: reading a reply, matching a certificate, and the whole of it.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use pki_types::{CertificateDer, UnixTime};
use smtp_dane::cert::RawCertificate;
use smtp_dane::delivery::{Delivery, Event, Step, Transfer};
use smtp_dane::dns::{Answer, QueryType, Question, RecordData, ResourceRecord, Security, Trust};
use smtp_dane::resolve::NextHop;
use smtp_dane::tlsa::{MatchingType, Record, Selector, Usage, sha256};
use smtp_dane::{Name, Policy, session};

/// A reply with four MX records, names compressed as resolvers do.
fn mx_reply() -> Vec<u8> {
    let mut message = Vec::from(*b"\x12\x34\x81\xa0\0\x01\0\x04\0\0\0\0");
    message.extend(b"\x07example\x03com\0\0\x0f\0\x01");
    for host in b"abcd" {
        message.extend(b"\xc0\x0c\0\x0f\0\x01\0\0\x0e\x10\0\x06\0\x0a\x01");
        message.extend([*host, 0xc0, 0x0c]);
    }
    message
}

fn reply(criterion: &mut Criterion) {
    let Ok(name) = "example.com".parse() else {
        return;
    };
    let question = Question::new(name, QueryType::Mx);
    let message = mx_reply();
    assert!(
        Answer::from_message(&question, 0x1234, &message, Trust::AdBit)
            .is_ok_and(|answer| answer.result().is_ok()),
        "the reply must be a good one"
    );
    criterion.bench_function("reply of 4 MX", |bencher| {
        bencher.iter(|| {
            Answer::from_message(
                black_box(&question),
                0x1234,
                black_box(&message),
                Trust::AdBit,
            )
        });
    });
}

/// A delivery to one host with a `3 1 1` record, answers given as records.
fn deliver(domain: &Name, address: [u8; 4], certificate: &CertificateDer<'_>) -> Delivery {
    let key = RawCertificate::parse(certificate)
        .map_or(&[][..], |certificate| certificate.subject_public_key_info());
    let record = Record::new(
        Usage::DANE_EE,
        Selector::SPKI,
        MatchingType::SHA2_256,
        &sha256(key),
    );
    let mut delivery = Delivery::new(NextHop::domain(domain.clone()), Policy::default(), 1);
    loop {
        let event = match delivery.step() {
            Step::Lookup([query, ..]) => {
                let question = query.question();
                let data = match question.query_type() {
                    QueryType::A => Some(RecordData::Address(address.into())),
                    QueryType::Tlsa => Some(RecordData::Tlsa(record.clone())),
                    QueryType::Aaaa | QueryType::Cname | QueryType::Mx => None,
                };
                let record = |data| ResourceRecord {
                    owner: question.name().clone(),
                    ttl: 60,
                    data,
                };
                let records = data.map(record).into_iter().collect();
                let answer = Answer::from_records(question, records, Security::Secure);
                Event::Answer(query.id(), answer)
            }
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
                let now = UnixTime::since_unix_epoch(core::time::Duration::ZERO);
                let chain = core::slice::from_ref(certificate);
                Event::Session(session::Event::of_handshake(tls, chain, now, &[], &[]))
            }
            Step::Session(session::Step::Transfer(_)) => Event::Transferred(Transfer::Accepted),
            _ => return delivery,
        };
        if delivery.handle(event).is_err() {
            return delivery;
        }
    }
}

fn whole(criterion: &mut Criterion) {
    let (Ok(domain), Ok(made)) = (
        "example.com".parse(),
        rcgen::generate_simple_self_signed(["example.com".to_owned()]),
    ) else {
        return;
    };
    let certificate = made.cert.der();
    let delivery = deliver(&domain, [192, 0, 2, 1], certificate);
    assert!(
        matches!(delivery.step(), Step::Done(outcome) if outcome.to_string() == "delivered to example.com"),
        "the delivery must succeed"
    );
    criterion.bench_function("delivery authenticated by 3 1 1", |bencher| {
        bencher.iter(|| deliver(black_box(&domain), [192, 0, 2, 1], black_box(certificate)));
    });
}

criterion_group!(benches, reply, whole);
criterion_main!(benches);
