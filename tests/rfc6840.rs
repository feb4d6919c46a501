//! RFC 6840: the DO and AD bits in queries and replies.

use smtp_dane::dns::{QueryType, Question, Security};

use crate::support::message::{Message, Rr};
use crate::support::question;
use crate::support::wire::{ID, outcome};

fn mx() -> Question {
    question("example.com", QueryType::Mx)
}

#[test]
fn section_5_6_do_in_a_reply_is_ignored() {
    let message = |dnssec_ok: u32| {
        let mut message = Message::reply(ID, &mx())
            .secure()
            .answer(Rr::text("example.com MX 10 mx.example.com"));
        message.additionals[0].ttl = dnssec_ok;
        message
    };
    let without = outcome(&mx(), &message(0));
    assert_eq!(without.as_ref().unwrap().security(), Security::Secure);
    assert_eq!(without, outcome(&mx(), &message(0x8000)));
}

#[test]
fn section_5_6_do_without_ad_is_not_secure() {
    let reply = outcome(&mx(), &Message::reply(ID, &mx())).unwrap();
    assert_eq!(reply.security(), Security::Insecure);
}

#[test]
fn section_5_7_a_query_has_ad_set() {
    let flags = u16::from_be_bytes([mx().encode(ID)[2], mx().encode(ID)[3]]);
    assert_eq!(flags & 0x0020, 0x0020);
}

#[test]
fn section_5_8_a_resolver_that_reports_only_on_request_reports() {
    // Such a resolver sets AD if the query had AD or DO. Either alone would do.
    let query = mx().encode(ID);
    let opt = &query[query.len() - 11..];
    let asks = query[3] & 0x20 != 0 || opt[7] & 0x80 != 0;
    let mut reply = Message::reply(ID, &mx());
    if asks {
        reply = reply.secure();
    }
    assert_eq!(outcome(&mx(), &reply).unwrap().security(), Security::Secure);
    assert_eq!(opt[7] & 0x80, 0x80);
}
