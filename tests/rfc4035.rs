//! RFC 4035 and RFC 4033: what a stub resolver makes of the AD bit and of the records of DNSSEC.

use smtp_dane::dns::{Answer, Denial, Found, LookupError, QueryType, Question, Rcode};
use smtp_dane::dns::{Security, Trust};

use crate::support::message::{Message, Rr};
use crate::support::wire::{ID, outcome};
use crate::support::{name, question};

fn tlsa() -> Question {
    question("_25._tcp.mx.example", QueryType::Tlsa)
}

fn reply() -> Message {
    Message::reply(ID, &tlsa()).answer(Rr::text("_25._tcp.mx.example TLSA 3 1 1 abcd"))
}

const CD: u16 = 0x0010;
const RRSIG: u16 = 46;
const NSEC: u16 = 47;
const NSEC3: u16 = 50;

#[test]
fn section_3_2_3_ad_holds_for_an_alias_made_from_a_dname() {
    // The alias itself is never signed; the validator has checked it against the DNAME.
    let message = Message::reply(ID, &tlsa())
        .secure()
        .answer(Rr::text("mx.example DNAME mx.example.net"))
        .answer(Rr::new("mx.example", RRSIG, 3600, &[0; 30]))
        .answer(Rr::text(
            "_25._tcp.mx.example CNAME _25._tcp.mx.example.net",
        ))
        .answer(Rr::text("_25._tcp.mx.example.net TLSA 3 1 1 abcd"));
    let reply = outcome(&tlsa(), &message).unwrap();
    assert_eq!(reply.security(), Security::Secure);
    assert_eq!(reply.aliases(), [name("_25._tcp.mx.example.net")]);
    assert!(matches!(reply.found(), Found::Associations(_)));
}

#[test]
fn section_3_2_3_ad_tells_secure_from_insecure_for_data_and_denials() {
    let empty = Message::reply(ID, &tlsa());
    let alias = empty
        .clone()
        .answer(Rr::text("_25._tcp.mx.example CNAME a.example"));
    for message in [
        reply(),
        empty.clone(),
        empty.rcode(3),
        alias.clone(),
        alias.rcode(3),
    ] {
        let security = |message: &Message| outcome(&tlsa(), message).unwrap().security();
        assert_eq!(security(&message), Security::Insecure);
        assert_eq!(security(&message.secure()), Security::Secure);
    }
}

#[test]
fn section_4_3_what_could_not_be_validated_is_a_failed_lookup() {
    for error in [LookupError::Bogus, LookupError::Indeterminate] {
        assert_eq!(Answer::failed(error).result(), Err(&error));
        assert_eq!(error.cite(), "RFC 4035 §4.3");
    }
}

#[test]
fn section_4_6_ad_means_nothing_on_an_untrusted_path() {
    for message in [
        reply().secure(),
        Message::reply(ID, &tlsa()).secure().rcode(3),
    ] {
        let bytes = message.to_bytes();
        let security = |trust| {
            let answer = Answer::from_message(&tlsa(), ID, &bytes, trust).unwrap();
            answer.result().unwrap().security()
        };
        assert_eq!(security(Trust::Nothing), Security::Insecure);
        assert_eq!(security(Trust::AdBit), Security::Secure);
    }
}

#[test]
fn section_4_6_trust_changes_the_security_and_nothing_else() {
    let bytes = reply().secure().to_bytes();
    let read = |trust| {
        let answer = Answer::from_message(&tlsa(), ID, &bytes, trust).unwrap();
        let reply = answer.result().unwrap();
        (reply.found().clone(), reply.ttl(), reply.aliases().to_vec())
    };
    assert_eq!(read(Trust::Nothing), read(Trust::AdBit));
}

#[test]
fn section_4_6_ad_on_an_error_means_nothing() {
    for rcode in (1..16).filter(|rcode| *rcode != 3) {
        let result = outcome(&tlsa(), &reply().secure().rcode(rcode));
        assert_eq!(result, Err(LookupError::Rcode(Rcode(rcode))));
    }
    let mut extended = Message::reply(ID, &tlsa()).secure();
    extended.additionals = vec![Rr::opt(1, &[])];
    assert_eq!(
        outcome(&tlsa(), &extended),
        Err(LookupError::Rcode(Rcode(16)))
    );
}

#[test]
fn section_4_6_cd_in_a_reply_is_disregarded() {
    for message in [reply(), reply().secure()] {
        let mut checking_disabled = message.clone();
        checking_disabled.flags |= CD;
        assert_eq!(
            outcome(&tlsa(), &checking_disabled),
            outcome(&tlsa(), &message)
        );
    }
}

#[test]
fn section_4_6_a_query_asks_for_the_judgement_of_the_resolver() {
    // RFC 6840 §5.7 made AD in a query mean that.
    assert_eq!(tlsa().encode(ID)[3] & 0x20, 0x20);
}

#[test]
fn section_4_9_1_the_records_of_dnssec_are_passed_over() {
    let mut message = reply().secure();
    let expected = outcome(&tlsa(), &message);
    for (owner, record_type) in [
        ("_25._tcp.mx.example", RRSIG),
        ("_25._tcp.mx.example", NSEC),
        ("example", RRSIG),
        ("0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example", NSEC3),
    ] {
        let record = Rr::new(owner, record_type, 1, &[0xff; 40]);
        message.answers.insert(0, record.clone());
        message = message
            .answer(record.clone())
            .authority(record.clone())
            .additional(record);
        assert_eq!(outcome(&tlsa(), &message), expected, "{record_type}");
    }
}

#[test]
fn section_4_9_1_the_records_of_dnssec_alone_are_no_data() {
    let message = Message::reply(ID, &tlsa()).secure().answer(Rr::new(
        "_25._tcp.mx.example",
        RRSIG,
        1,
        &[0xff; 40],
    ));
    let reply = outcome(&tlsa(), &message).unwrap();
    assert_eq!(*reply.found(), Found::Denied(Denial::NoData));
}

#[test]
fn section_4_9_2_a_query_never_disables_checking() {
    for query_type in [
        QueryType::A,
        QueryType::Aaaa,
        QueryType::Mx,
        QueryType::Tlsa,
        QueryType::Cname,
    ] {
        for id in [0, 1, 0xffff] {
            let query = question("example.com", query_type).encode(id);
            assert_eq!(query[3] & 0x10, 0, "{query_type}");
        }
    }
}

#[test]
fn section_4_9_3_without_a_trusted_resolver_no_record_is_secure() {
    let bytes = reply().secure().to_bytes();
    let answer = Answer::from_message(&tlsa(), ID, &bytes, Trust::Nothing).unwrap();
    assert_eq!(answer.result().unwrap().security(), Security::Insecure);
}

#[test]
fn rfc_4033_section_5_no_ad_bit_means_insecure_and_never_indeterminate() {
    for rcode in [0, 3] {
        for trust in [Trust::AdBit, Trust::Nothing] {
            let bytes = Message::reply(ID, &tlsa()).rcode(rcode).to_bytes();
            let answer = Answer::from_message(&tlsa(), ID, &bytes, trust).unwrap();
            assert_eq!(answer.result().unwrap().security(), Security::Insecure);
        }
    }
}

#[test]
fn section_4_6_the_ad_bit_is_believed_of_a_resolver_on_this_machine_alone() {
    for (address, trust) in [
        ("127.0.0.1", Trust::AdBit),
        ("127.0.0.53", Trust::AdBit),
        ("::1", Trust::AdBit),
        ("::ffff:127.0.0.1", Trust::AdBit),
        ("0.0.0.0", Trust::Nothing),
        ("128.0.0.1", Trust::Nothing),
        ("192.168.0.1", Trust::Nothing),
        ("::ffff:192.0.2.1", Trust::Nothing),
        ("fe80::1", Trust::Nothing),
        ("::", Trust::Nothing),
    ] {
        assert_eq!(
            Trust::of_resolver(address.parse().unwrap()),
            trust,
            "{address}"
        );
    }
}
