//! The `domain` crate beside the library: replies go over by their octets, so that no type of `domain` is known to the library
//! and nothing that a message says is lost on the way.

use domain::base::iana::{Class, Rcode, Rtype, TlsaCertificateUsage};
use domain::base::iana::{TlsaMatchingType, TlsaSelector};
use domain::base::{Message, MessageBuilder, Name};
use domain::rdata::Tlsa;
use smtp_dane::dns::{Answer, Denial, Discard, Found, LookupError, Malformed, QueryType};
use smtp_dane::dns::{Question, Rcode as Code, Reply, Security, Trust};
use smtp_dane::tlsa::Record;

const DIGEST: [u8; 32] = [0xab; 32];

fn question() -> Question {
    let name = "_25._tcp.mx.example.com".parse();
    Question::new(name.expect("a name"), QueryType::Tlsa)
}

/// The whole adapter: the octets of a message that `domain` has received, and its number in the header of the query.
fn answer(
    question: &Question,
    query: &Message<Vec<u8>>,
    reply: &Message<Vec<u8>>,
) -> Result<Answer, Discard> {
    Answer::from_message(
        question,
        query.header().id(),
        reply.as_slice(),
        Trust::AdBit,
    )
}

/// The query of `domain`, with the flags that `Question::encode` sets: AD and DO, and not CD.
fn query(question: &Question) -> Message<Vec<u8>> {
    let name = Name::from_octets(question.name().as_wire().to_vec()).expect("a name");
    let mut message = MessageBuilder::new_vec();
    message.header_mut().set_random_id();
    message.header_mut().set_rd(true);
    message.header_mut().set_ad(true);
    let mut message = message.question();
    let code = Rtype::from_int(question.query_type().code());
    message.push((name, code, Class::IN)).expect("it fits");
    let mut message = message.additional();
    let edns = message.opt(|opt| {
        opt.set_dnssec_ok(true);
        opt.set_udp_payload_size(smtp_dane::dns::EDNS_PAYLOAD);
        Ok(())
    });
    edns.expect("it fits");
    message.into_message()
}

/// What a server that is built with `domain` replies: this code, AD or not, and one TLSA record or none.
fn reply(query: &Message<Vec<u8>>, rcode: Rcode, ad: bool, has_record: bool) -> Message<Vec<u8>> {
    let message = MessageBuilder::new_vec();
    let mut message = message.start_answer(query, rcode).expect("it fits");
    message.header_mut().set_ad(ad);
    if has_record {
        let owner = query.sole_question().expect("one question");
        let tlsa = Tlsa::new(
            TlsaCertificateUsage::DANE_EE,
            TlsaSelector::SPKI,
            TlsaMatchingType::SHA2_256,
            DIGEST,
        );
        let record = (owner.qname(), Class::IN, 3600, tlsa);
        message.push(record).expect("it fits");
    }
    message.into_message()
}

#[test]
fn a_reply_of_domain_is_read_by_its_octets() {
    let question = question();
    let query = query(&question);
    let record = Record::from_rdata(&[&[3, 1, 1], &DIGEST[..]].concat());
    let found = Found::Associations(vec![record]);
    for (rcode, ad, has_record, expected) in [
        (
            Rcode::NOERROR,
            true,
            true,
            Ok((found.clone(), Security::Secure)),
        ),
        // Without AD nobody has validated it.
        (Rcode::NOERROR, false, true, Ok((found, Security::Insecure))),
        (
            Rcode::NOERROR,
            true,
            false,
            Ok((Found::Denied(Denial::NoData), Security::Secure)),
        ),
        (
            Rcode::NXDOMAIN,
            true,
            false,
            Ok((Found::Denied(Denial::NoDomain), Security::Secure)),
        ),
        // An error, and none of the absence of records.
        (
            Rcode::SERVFAIL,
            false,
            false,
            Err(LookupError::Rcode(Code::SERV_FAIL)),
        ),
    ] {
        let reply = reply(&query, rcode, ad, has_record);
        let answer = answer(&question, &query, &reply).expect("a reply to this query");
        let read = answer.result().map_err(|error| *error);
        let read = read.map(|reply: &Reply| (reply.found().clone(), reply.security()));
        assert_eq!(read, expected, "{rcode} {ad} {has_record}");
    }
}

#[test]
fn what_domain_received_may_be_no_reply_to_the_query() {
    let question = question();
    let query = query(&question);
    let good = reply(&query, Rcode::NOERROR, true, true);
    let other = self::query(&Question::new(question.name().clone(), QueryType::A));
    let foreign = reply(&other, Rcode::NOERROR, true, false);
    assert_eq!(answer(&question, &query, &foreign), Err(Discard::NotOurs));
    assert_eq!(answer(&question, &query, &query), Err(Discard::NotOurs));

    let mut cut = good.clone();
    cut.header_mut().set_tc(true);
    assert_eq!(answer(&question, &query, &cut), Err(Discard::Truncated));

    // `domain` reads records only when they are asked for, so that broken ones get as far as here.
    let mut octets = good.into_octets();
    octets.pop();
    let broken = Message::from_octets(octets).expect("a header");
    let read = answer(&question, &query, &broken).expect("a reply to this query");
    assert!(matches!(
        read.result(),
        Err(LookupError::Malformed(Malformed::Truncated))
    ));
}
