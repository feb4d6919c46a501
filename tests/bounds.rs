//! The work that one message can cause is bounded by its size.

use std::time::{Duration, Instant};

use smtp_dane::Policy;
use smtp_dane::dns::{
    Found, LookupError, MAX_EXTENDED_ERRORS, Malformed, QueryType, Question, Reply,
};
use smtp_dane::resolve::HostError;
use smtp_dane::tlsa::SetError;

use crate::support::dane::{raw, tls_policy};
use crate::support::message::{Message, Rr};
use crate::support::question;
use crate::support::wire::{ID, compressed, outcome_of, receive};

/// Far more than the parser needs even without optimisation.
const AT_MOST: Duration = Duration::from_secs(1);

/// Longest message.
const FULL: usize = 65_535;

fn mx() -> Question {
    question("example.com", QueryType::Mx)
}

fn timed<T>(work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    assert!(start.elapsed() < AT_MOST, "{:?}", start.elapsed());
    result
}

fn read(question: &Question, message: &Message) -> Result<Reply, LookupError> {
    let bytes = message.to_bytes();
    assert!(bytes.len() <= FULL);
    timed(|| outcome_of(question, &bytes))
}

/// A record of which the owner is a pointer.
fn pointing(target: u16, record_type: u16, rdata: &[u8]) -> Rr {
    Rr {
        owner: (0xc000 | target).to_be_bytes().to_vec(),
        ..Rr::new(".", record_type, 60, rdata)
    }
}

fn filled(question: &Question, record: &Rr) -> Message {
    let mut message = Message::reply(ID, question);
    let room = FULL - message.to_bytes().len();
    let length = record.owner.len() + 10 + record.rdata.len();
    message.answers = vec![record.clone(); room / length];
    message
}

#[test]
fn thousands_of_records_that_nobody_asked_for_end_quickly() {
    let message = filled(&mx(), &pointing(12, 46, &[]));
    assert!(message.answers.len() > 5000);
    assert!(matches!(
        read(&mx(), &message).unwrap().found(),
        Found::Denied(_)
    ));
}

#[test]
fn thousands_of_records_that_were_asked_for_end_quickly() {
    for (query_type, rdata) in [
        (QueryType::A, &[192, 0, 2, 1][..]),
        (QueryType::Mx, &[0, 10, 0xc0, 12]),
        (QueryType::Tlsa, &[3, 1, 1]),
    ] {
        let question = question("example.com", query_type);
        let message = filled(&question, &pointing(12, query_type.code(), rdata));
        let found = match read(&question, &message).unwrap().found() {
            Found::Addresses(addresses) => addresses.len(),
            Found::Exchanges(exchanges) => exchanges.len(),
            Found::Associations(records) => records.len(),
            _ => 0,
        };
        assert_eq!(found, message.answers.len());
    }
}

#[test]
fn thousands_of_owners_behind_the_longest_chain_of_pointers_end_quickly() {
    // The first record holds 126 pointers, each to the one before it; every other owner is the last of them.
    let chain = 12 + 13 + 4 + 12;
    let target = |at: u16| if at == 0 { 12 } else { chain + 2 * (at - 1) };
    let pointers: Vec<u8> = (0..126)
        .flat_map(|at| (0xc000 | target(at)).to_be_bytes())
        .collect();
    let mut message = filled(&mx(), &pointing(chain + 250, 46, &[]));
    message.answers[0] = pointing(12, 16, &pointers);
    let failed = |malformed| Err(LookupError::Malformed(malformed));
    message.answers.truncate(5000);
    assert_eq!(
        read(&mx(), &message),
        failed(Malformed::TooManyLabels),
        "no server does so five thousand times"
    );
    // Of few records, each may have as many pointers as a name can have labels, and no more.
    message.answers.truncate(5);
    assert!(matches!(
        read(&mx(), &message).unwrap().found(),
        Found::Denied(_)
    ));
    message.answers[4] = pointing(chain + 252, 46, &[]);
    assert_eq!(read(&mx(), &message), failed(Malformed::TooManyPointers));
}

#[test]
fn thousands_of_owners_of_twenty_labels_and_hundreds_of_forty_are_read() {
    for (labels, records) in [(20, 5000), (40, 200), (127, 32)] {
        // Not the name of the question, which costs nothing, but another one that is spelled out once.
        let spelled = [&b"\x01a".repeat(labels)[..], b"\0"].concat();
        let mut message = filled(&mx(), &pointing(41, 46, &[]));
        message.answers.truncate(records);
        message.answers[0] = pointing(12, 16, &spelled);
        let reply = read(&mx(), &message);
        assert!(matches!(reply.unwrap().found(), Found::Denied(_)));
    }
}

#[test]
fn thousands_of_names_of_the_greatest_length_end_quickly() {
    let label = |length: u8| [vec![length], vec![b'a'; length.into()]].concat();
    let longest = [label(63), label(63), label(63), label(61), vec![0]].concat();
    let mut message = filled(&mx(), &pointing(41, 46, &[]));
    message.answers.truncate(5000);
    message.answers[0] = pointing(12, 16, &longest);
    assert!(matches!(
        read(&mx(), &message).unwrap().found(),
        Found::Denied(_)
    ));
}

#[test]
fn thousands_of_aliases_end_quickly() {
    let question = question("a0.example", QueryType::A);
    // A chain, with its end first; many at one name; many at other names.
    let link = |at: usize| Rr::text(&format!("a{at}.example CNAME a{}.example", at + 1));
    let mut chain = Message::reply(ID, &question);
    chain.answers = (0..2000).rev().map(link).collect();
    let bytes = compressed(&chain);
    assert!(bytes.len() <= FULL);
    let result = timed(|| outcome_of(&question, &bytes));
    assert_eq!(result, Err(LookupError::AliasChainTooLong));
    let same = filled(&question, &pointing(12, 5, &[0]));
    assert_eq!(read(&question, &same), Err(LookupError::ConflictingAliases));
    let others = filled(&question, &pointing(15, 5, &[0]));
    assert_eq!(read(&question, &others), Err(LookupError::UnrelatedRecord));
}

#[test]
fn thousands_of_dname_records_end_quickly() {
    let question = question("example.com", QueryType::A);
    let beside = filled(&question, &pointing(12, 39, &[]));
    assert!(matches!(
        read(&question, &beside).unwrap().found(),
        Found::Denied(_)
    ));
    let above = filled(&question, &pointing(20, 39, &[]));
    assert_eq!(read(&question, &above), Err(LookupError::DnameWithoutAlias));
}

#[test]
fn thousands_of_extended_errors_end_quickly_and_few_are_kept() {
    let options = [0, 15, 0, 2, 0, 6].repeat(10_000);
    let mut message = Message::reply(ID, &mx());
    message.additionals[0].rdata = options;
    let bytes = message.to_bytes();
    let answer = timed(|| receive(&mx(), &bytes).unwrap());
    assert_eq!(answer.extended_errors().len(), MAX_EXTENDED_ERRORS);
}

#[test]
fn counts_that_promise_more_than_there_is_end_quickly() {
    let mut message = filled(&mx(), &pointing(12, 46, &[]));
    message.additionals.clear();
    let mut bytes = message.to_bytes();
    bytes[6..12].fill(0xff);
    let truncated = Err(LookupError::Malformed(Malformed::Truncated));
    assert_eq!(timed(|| outcome_of(&mx(), &bytes)), truncated);
}

#[test]
fn pointers_that_lead_to_each_other_all_over_the_message_end_quickly() {
    // Each pointer leads to the one before it, and a name may begin at the last of 8000.
    let chain: u16 = 12 + 13 + 4 + 12;
    let target = |at: u16| if at == 0 { chain } else { chain + 2 * (at - 1) };
    let pointers: Vec<u8> = (0..8000)
        .flat_map(|at| (0xc000 | target(at)).to_be_bytes())
        .collect();
    let mut message = filled(&mx(), &pointing(chain + 2 * 7999, 15, &[]));
    message.answers.truncate(4000);
    message.answers[0] = pointing(12, 16, &pointers);
    let failed = Err(LookupError::Malformed(Malformed::TooManyPointers));
    assert_eq!(read(&mx(), &message), failed);
}

#[test]
fn a_set_of_many_tlsa_records_is_refused_quickly() {
    let records: Vec<_> = (0..1000_u16)
        .map(|n| raw(3, 1, 0, &n.to_be_bytes()))
        .collect();
    let result = timed(|| tls_policy(&records, &Policy::default()));
    assert_eq!(result, Err(HostError::TlsaSet(SetError::TooManyRecords)));
}
