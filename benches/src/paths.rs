//! The hot paths, each to be run as often as one likes. Signatures are left out of them: they are not ours, and would drown the
//! rest.

use smtp_dane::VerifyError;
use smtp_dane::dns::{Answer, LookupError, Malformed, Question, Reply, Trust};
use smtp_dane::tlsa::{Selector, Usage};

use crate::certificates::{self, Chain, REFERENCES, authentication, of_many_names};
use crate::certificates::{UNSIGNED, now, record, verify, verify_unsigned};
use crate::delivery::World;
use crate::messages::{self, name, read};

/// A path that is ready to run; whether it came to the end that it must come to.
pub type Path = Box<dyn Fn() -> bool>;

/// How a path is made.
type Make = fn() -> Path;

/// All of them, under the names that the figures bear.
pub const PATHS: &[(&str, Make)] = &[
    ("name from text", || {
        Box::new(|| name("mx1.example.com").as_wire().len() == 17)
    }),
    ("reply of 4 MX", || reading(messages::exchanges(4))),
    ("reply of 4 TLSA", || {
        reading(messages::associations(&messages::strange_records(4)))
    }),
    ("64 KiB of an honest reply", || reading(messages::honest())),
    ("64 KiB of pointers", || {
        refusing(messages::pointers(), Malformed::TooManyLabels)
    }),
    ("64 KiB of small records", || reading(messages::crowd())),
    ("3 1 1, P-256", || leaf(&Chain::p256(), Selector::SPKI)),
    ("3 1 1, RSA", || leaf(&Chain::rsa(), Selector::SPKI)),
    ("3 0 1, P-256", || leaf(&Chain::p256(), Selector::CERT)),
    ("2 1 1, chain of 3", || {
        let chain = Chain::p256();
        let record = record(Usage::DANE_TA, Selector::SPKI, &chain.0[2]);
        let wanted = authentication(&[chain.host()], vec![record]);
        Box::new(move || verify_unsigned(&wanted, &chain.0))
    }),
    ("64 records, 16 certificates, no match", || {
        let (wanted, chain) = certificates::strangers();
        Box::new(move || {
            let verdict = wanted.verify(&chain, now(), UNSIGNED);
            verdict == Err(VerifyError::NoRecordMatched)
        })
    }),
    ("100 names, 3 references", || {
        let chain = of_many_names(100);
        let record = record(Usage::DANE_TA, Selector::SPKI, &chain[1]);
        let wanted = authentication(&REFERENCES, vec![record]);
        Box::new(move || verify_unsigned(&wanted, &chain))
    }),
    ("whole delivery", || {
        let [leaf, _, _] = Chain::p256().0;
        let world = World::new(leaf);
        Box::new(move || world.deliver())
    }),
];

fn reading((question, message): (Question, Vec<u8>)) -> Path {
    Box::new(move || read(&question, &message))
}

fn refusing((question, message): (Question, Vec<u8>), malformed: Malformed) -> Path {
    let refused: Result<Reply, _> = Err(LookupError::Malformed(malformed));
    Box::new(move || {
        let answer = Answer::from_message(&question, messages::ID, &message, Trust::AdBit);
        answer.is_ok_and(|answer| answer.result() == refused.as_ref())
    })
}

fn leaf(chain: &Chain, selector: Selector) -> Path {
    let leaf = [chain.0[0].clone()];
    let record = record(Usage::DANE_EE, selector, &leaf[0]);
    let wanted = authentication(&[chain.host()], vec![record]);
    Box::new(move || verify(&wanted, &leaf))
}
