//! Properties of the parser of replies and of the encoder of queries, over arbitrary messages.

use std::net::IpAddr;

use proptest::collection::vec;
use proptest::prelude::*;
use smtp_dane::Name;
use smtp_dane::dns::{Answer, LookupError, Security, Trust};
use smtp_dane::dns::{Denial, EDNS_PAYLOAD, Found, MAX_ALIASES, Mx, QueryType, Question, Reply};
use smtp_dane::tlsa::Record;

use crate::support::arbitrary::{name, names};
use crate::support::message::{Message, Rr};
use crate::support::wire::{ID, compressed, outcome_of, receive};

const TYPES: [QueryType; 5] = [
    QueryType::A,
    QueryType::Aaaa,
    QueryType::Cname,
    QueryType::Mx,
    QueryType::Tlsa,
];

/// A question and the records that answer it: the names of the alias chain, the data at its end.
#[derive(Clone, Debug)]
struct Case {
    chain: Vec<Name>,
    found: Found,
    ttls: Vec<u32>,
    secure: bool,
}

fn found() -> impl Strategy<Value = (QueryType, Found)> {
    let mx = (any::<u16>(), name()).prop_map(|(preference, exchange)| Mx {
        preference,
        exchange,
    });
    let v4 = any::<[u8; 4]>().prop_map(IpAddr::from);
    let v6 = any::<[u8; 16]>().prop_map(IpAddr::from);
    let tlsa = vec(any::<u8>(), 0..80).prop_map(|rdata| Record::from_rdata(&rdata));
    prop_oneof![
        vec(v4, 1..8).prop_map(|data| (QueryType::A, Found::Addresses(data))),
        vec(v6, 1..8).prop_map(|data| (QueryType::Aaaa, Found::Addresses(data))),
        vec(mx, 1..8).prop_map(|data| (QueryType::Mx, Found::Exchanges(data))),
        vec(tlsa, 1..8).prop_map(|data| (QueryType::Tlsa, Found::Associations(data))),
        prop::sample::select(&TYPES[..]).prop_map(|asked| (asked, Found::AliasOnly)),
    ]
}

impl Case {
    fn any() -> impl Strategy<Value = (QueryType, Self)> {
        let ttls = vec(0..=0x7fff_ffff_u32, MAX_ALIASES + 8);
        (names(1..=MAX_ALIASES + 1), found(), ttls, any::<bool>()).prop_map(
            |(chain, (asked, found), ttls, secure)| {
                let found = match found {
                    Found::AliasOnly if chain.len() == 1 => Found::Denied(Denial::NoData),
                    found => found,
                };
                let case = Self {
                    chain,
                    found,
                    ttls,
                    secure,
                };
                (asked, case)
            },
        )
    }

    fn question(&self, asked: QueryType) -> Question {
        Question::new(self.chain[0].clone(), asked)
    }

    /// The answer section, the aliases first.
    fn records(&self) -> Vec<Rr> {
        let aliases = self
            .chain
            .windows(2)
            .map(|link| (&link[0], 5, link[1].as_wire().to_vec()));
        let owner = &self.chain[self.chain.len() - 1];
        let data: Vec<(u16, Vec<u8>)> = match &self.found {
            Found::Addresses(addresses) => addresses.iter().map(octets).collect(),
            Found::Exchanges(exchanges) => exchanges.iter().map(|mx| (15, of_mx(mx))).collect(),
            Found::Associations(records) => {
                let rdata = |record: &Record| (52, record.as_rdata().to_vec());
                records.iter().map(rdata).collect()
            }
            _ => Vec::new(),
        };
        let data = data.into_iter().map(|(code, rdata)| (owner, code, rdata));
        let record = |((owner, record_type, rdata), ttl): ((&Name, u16, Vec<u8>), &u32)| Rr {
            owner: owner.as_wire().to_vec(),
            record_type,
            class: 1,
            ttl: *ttl,
            rdata,
        };
        aliases.chain(data).zip(&self.ttls).map(record).collect()
    }

    fn message(&self, asked: QueryType, records: Vec<Rr>) -> Message {
        let mut message = Message::reply(ID, &self.question(asked));
        message.answers = records;
        if self.secure {
            message.secure()
        } else {
            message
        }
    }
}

fn octets(address: &IpAddr) -> (u16, Vec<u8>) {
    match address {
        IpAddr::V4(v4) => (1, v4.octets().to_vec()),
        IpAddr::V6(v6) => (28, v6.octets().to_vec()),
    }
}

fn of_mx(mx: &Mx) -> Vec<u8> {
    [&mx.preference.to_be_bytes(), mx.exchange.as_wire()].concat()
}

/// The data with its order forgotten.
fn as_set(found: &Found) -> Found {
    let mut found = found.clone();
    match &mut found {
        Found::Addresses(addresses) => addresses.sort(),
        Found::Exchanges(exchanges) => exchanges.sort(),
        Found::Associations(records) => records.sort(),
        _ => {}
    }
    found
}

/// Whether a reply makes sense, however little the message did.
fn well_formed(question: &Question, reply: &Reply) -> bool {
    let mut passed = vec![question.name()];
    passed.extend(reply.aliases());
    let distinct = (1..passed.len()).all(|at| !passed[..at].contains(&passed[at]));
    let asked = question.query_type();
    let fits = match reply.found() {
        Found::Addresses(found) => {
            let v4 = asked == QueryType::A;
            !found.is_empty()
                && found.iter().all(|ip| ip.is_ipv4() == v4)
                && (v4 || asked == QueryType::Aaaa)
        }
        Found::Exchanges(found) => !found.is_empty() && asked == QueryType::Mx,
        Found::Associations(found) => !found.is_empty() && asked == QueryType::Tlsa,
        Found::AliasOnly => !reply.aliases().is_empty(),
        Found::Denied(_) => true,
    };
    distinct && fits && reply.aliases().len() <= MAX_ALIASES && reply.ttl() <= 0x7fff_ffff
}

/// Records that mean little, around the names of a question.
fn loose_record() -> impl Strategy<Value = Rr> {
    let pointer = (0..80_u16).prop_map(|target| (0xc000 | target).to_be_bytes().to_vec());
    let owner = prop_oneof![
        4 => Just(vec![0xc0, 12]),
        1 => pointer.clone(),
        1 => name().prop_map(|name| name.as_wire().to_vec()),
    ];
    let record_type = prop_oneof![
        8 => prop::sample::select(&[1, 5, 6, 15, 28, 39, 41, 46, 52][..]),
        1 => any::<u16>(),
    ];
    let rdata = prop_oneof![
        vec(any::<u8>(), 0..20),
        vec(any::<u8>(), 4),
        vec(any::<u8>(), 16),
        pointer.clone(),
        pointer.prop_map(|pointer| [vec![0, 10], pointer].concat()),
        name().prop_map(|name| name.as_wire().to_vec()),
    ];
    let class = prop_oneof![9 => Just(1), 1 => any::<u16>()];
    (owner, record_type, class, any::<u32>(), rdata).prop_map(
        |(owner, record_type, class, ttl, rdata)| Rr {
            owner,
            record_type,
            class,
            ttl,
            rdata,
        },
    )
}

/// The parts of a query, read by other code than that which wrote it.
fn read_query(query: &[u8]) -> (u16, u16, [u16; 4], Name, u16, u16, Vec<u8>) {
    let number = |at: usize| u16::from_be_bytes([query[at], query[at + 1]]);
    let mut end = 12;
    while query[end] != 0 {
        end += 1 + usize::from(query[end]);
    }
    end += 1;
    (
        number(0),
        number(2),
        [number(4), number(6), number(8), number(10)],
        Name::from_wire(&query[12..end]).unwrap(),
        number(end),
        number(end + 2),
        query[end + 4..].to_vec(),
    )
}

proptest! {
    #[test]
    fn a_reply_is_read_as_it_was_written_with_and_without_compression(
        (asked, case) in Case::any()
    ) {
        let question = case.question(asked);
        let records = case.records();
        let ttl = records.iter().map(|record| record.ttl).min().unwrap_or(0);
        let message = case.message(asked, records);
        for bytes in [message.to_bytes(), compressed(&message)] {
            let reply = outcome_of(&question, &bytes).unwrap();
            prop_assert_eq!(reply.aliases(), &case.chain[1..]);
            prop_assert_eq!(reply.found(), &case.found);
            prop_assert_eq!(reply.security() == Security::Secure, case.secure);
            prop_assert_eq!(reply.ttl(), ttl);
        }
    }

    #[test]
    fn the_order_of_records_does_not_matter(
        ((_, asked, case), shuffled) in Case::any()
            .prop_map(|(asked, case)| (case.records(), asked, case))
            .prop_flat_map(|parts| {
                let shuffled = Just(parts.0.clone()).prop_shuffle();
                (Just(parts), shuffled)
            })
    ) {
        let question = case.question(asked);
        let message = case.message(asked, shuffled);
        let reply = outcome_of(&question, &compressed(&message)).unwrap();
        prop_assert_eq!(reply.aliases(), &case.chain[1..]);
        prop_assert_eq!(as_set(reply.found()), as_set(&case.found));
    }

    #[test]
    fn a_record_taken_out_never_makes_a_denial_of_a_chain(
        (asked, case) in Case::any(), place in any::<prop::sample::Index>()
    ) {
        let mut records = case.records();
        prop_assume!(records.len() >= 2);
        records.remove(place.index(records.len()));
        let result = outcome_of(&case.question(asked), &case.message(asked, records).to_bytes());
        let denied = matches!(&result, Ok(reply) if matches!(reply.found(), Found::Denied(_)));
        prop_assert!(!denied, "{:?}", result);
    }

    #[test]
    fn arbitrary_octets_are_never_an_answer(octets in vec(any::<u8>(), 0..600), name in name()) {
        let question = Question::new(name, QueryType::Tlsa);
        if let Ok(answer) = receive(&question, &octets) {
            prop_assert!(answer.result().is_err());
        }
    }

    #[test]
    fn a_damaged_reply_does_no_harm(
        (asked, case) in Case::any(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..6),
    ) {
        let mut octets = compressed(&case.message(asked, case.records()));
        for (place, octet, change) in changes {
            let at = place.index(octets.len());
            match change {
                0 => octets[at] = octet,
                1 => octets[at] ^= 1 << (octet % 8),
                2 => octets.insert(at, octet),
                _ => drop(octets.remove(at)),
            }
        }
        let question = case.question(asked);
        let answer = receive(&question, &octets);
        if let Some(Ok(reply)) = answer.as_ref().ok().map(Answer::result) {
            prop_assert!(well_formed(&question, reply), "{:?}", reply);
        }
    }

    #[test]
    fn a_cut_reply_is_no_answer(
        (asked, case) in Case::any(), cut in any::<prop::sample::Index>()
    ) {
        let mut octets = compressed(&case.message(asked, case.records()));
        octets.truncate(cut.index(octets.len()));
        if let Ok(answer) = receive(&case.question(asked), &octets) {
            prop_assert!(matches!(answer.result(), Err(LookupError::Malformed(_))));
        }
    }

    #[test]
    fn behind_a_sound_question_anything_is_a_failure_or_makes_sense(
        name in name(),
        asked in prop::sample::select(&TYPES[..]),
        counts in [0..3_u16, 0..3_u16, 0..3_u16],
        tail in vec(any::<u8>(), 0..200),
    ) {
        let question = Question::new(name, asked);
        let mut message = Message::reply(ID, &question);
        message.additionals.clear();
        let mut octets = message.to_bytes();
        for (place, count) in counts.into_iter().enumerate() {
            octets[6 + 2 * place..8 + 2 * place].copy_from_slice(&count.to_be_bytes());
        }
        octets.extend(tail);
        let answer = receive(&question, &octets).unwrap();
        if let Ok(reply) = answer.result() {
            prop_assert!(well_formed(&question, reply), "{:?}", reply);
        }
    }

    #[test]
    fn loose_records_are_a_failure_or_make_sense(
        name in name(),
        asked in prop::sample::select(&TYPES[..]),
        sections in [vec(loose_record(), 0..5), vec(loose_record(), 0..3), vec(loose_record(), 0..3)],
        rcode in prop_oneof![Just(0), Just(3)],
    ) {
        let question = Question::new(name, asked);
        let mut message = Message::reply(ID, &question).rcode(rcode);
        [message.answers, message.authorities, message.additionals] = sections;
        if let Ok(reply) = outcome_of(&question, &message.to_bytes()) {
            prop_assert!(well_formed(&question, &reply), "{:?}", reply);
        }
    }

    #[test]
    fn without_trust_nothing_is_secure((asked, case) in Case::any()) {
        let octets = compressed(&case.message(asked, case.records()).secure());
        let answer = Answer::from_message(&case.question(asked), ID, &octets, Trust::Nothing);
        let security = answer.unwrap().result().unwrap().security();
        prop_assert_eq!(security, Security::Insecure);
    }

    #[test]
    fn records_read_elsewhere_come_to_the_same_as_a_message((asked, case) in Case::any()) {
        use smtp_dane::dns::{RecordData, ResourceRecord};
        let question = case.question(asked);
        let owner = case.chain[case.chain.len() - 1].clone();
        let data: Vec<RecordData> = match case.found.clone() {
            Found::Addresses(found) => found.into_iter().map(RecordData::Address).collect(),
            Found::Exchanges(found) => found.into_iter().map(RecordData::Mx).collect(),
            Found::Associations(found) => found.into_iter().map(RecordData::Tlsa).collect(),
            _ => Vec::new(),
        };
        let alias = |link: &[Name]| (link[0].clone(), RecordData::Alias(link[1].clone()));
        let data = data.into_iter().map(|data| (owner.clone(), data));
        let record = |((owner, data), ttl): ((Name, RecordData), &u32)| ResourceRecord {
            owner,
            ttl: *ttl,
            data,
        };
        let all = case.chain.windows(2).map(alias).chain(data).zip(&case.ttls);
        let security = if case.secure { Security::Secure } else { Security::Insecure };
        let typed = Answer::from_records(&question, all.map(record).collect(), security);
        let parsed = receive(&question, &case.message(asked, case.records()).to_bytes());
        prop_assert_eq!(Ok(typed), parsed);
    }

    #[test]
    fn extended_errors_never_change_the_result(
        (asked, case) in Case::any(),
        rcode in 0..6_u16,
        errors in vec((any::<u16>(), vec(any::<u8>(), 0..30)), 1..12),
    ) {
        let question = case.question(asked);
        let mut message = case.message(asked, case.records()).rcode(rcode);
        let plain = receive(&question, &message.to_bytes()).unwrap();
        for (code, text) in errors {
            let length = u16::try_from(2 + text.len()).unwrap();
            let option = [&15_u16.to_be_bytes()[..], &length.to_be_bytes(), &code.to_be_bytes(), &text];
            message.additionals[0].rdata.extend(option.concat());
        }
        let told = receive(&question, &message.to_bytes()).unwrap();
        prop_assert_eq!(told.result(), plain.result());
        prop_assert!(!told.extended_errors().is_empty());
    }

    #[test]
    fn a_query_holds_what_is_asked_and_nothing_else(
        name in name(), asked in prop::sample::select(&TYPES[..]), id in any::<u16>()
    ) {
        let query = Question::new(name.clone(), asked).encode(id);
        let (read_id, flags, counts, owner, code, class, opt) = read_query(&query);
        prop_assert_eq!(read_id, id);
        // RD and AD, and so neither QR, TC nor CD (RFC 4035 §4.9.2, RFC 6840 §5.7).
        prop_assert_eq!(flags, 0x0120);
        prop_assert_eq!(counts, [1, 0, 0, 1]);
        prop_assert_eq!((owner, code, class), (name, asked.code(), 1));
        let [high, low] = EDNS_PAYLOAD.to_be_bytes();
        prop_assert_eq!(opt, [0, 0, 41, high, low, 0, 0, 0x80, 0, 0, 0]);
        prop_assert_eq!(EDNS_PAYLOAD, 1232);
    }
}
