//! RFC 2181: times to live, and which sections are believed. Denials by RFC 2308.

use smtp_dane::Policy;
use smtp_dane::dns::{Denial, Found, QueryType, Question};
use smtp_dane::resolve::{NextHop, TlsPolicy};

use crate::support::drive::plan;
use crate::support::message::{Message, Rr};
use crate::support::wire::{ID, outcome};
use crate::support::zone::Zone;
use crate::support::{name, question};

fn a() -> Question {
    question("www.example", QueryType::A)
}

fn ttl(message: &Message) -> u32 {
    outcome(&a(), message).unwrap().ttl()
}

fn reply() -> Message {
    Message::reply(ID, &a()).secure()
}

#[test]
fn section_5_2_the_least_ttl_of_a_set_holds_for_all_of_it() {
    for ttls in [[300, 20, 100], [20, 300, 100], [100, 300, 20]] {
        let message = ttls.into_iter().fold(reply(), |message, ttl| {
            message.answer(Rr::text(&format!("www.example A 192.0.2.{}", ttl % 256)).ttl(ttl))
        });
        assert_eq!(ttl(&message), 20, "{ttls:?}");
    }
}

#[test]
fn section_5_2_the_least_ttl_of_aliases_and_data_holds_for_the_reply() {
    for (first, second, data) in [(5, 90, 900), (90, 5, 900), (90, 900, 5)] {
        let message = reply()
            .answer(Rr::text("www.example CNAME b.example").ttl(first))
            .answer(Rr::text("b.example CNAME c.example").ttl(second))
            .answer(Rr::text("c.example A 192.0.2.1").ttl(data));
        assert_eq!(ttl(&message), 5);
    }
    let alone = reply().answer(Rr::text("www.example CNAME b.example").ttl(7));
    assert_eq!(ttl(&alone), 7);
}

#[test]
fn section_5_2_records_that_are_not_used_do_not_shorten_the_ttl() {
    let message = reply()
        .answer(Rr::text("www.example A 192.0.2.1").ttl(900))
        .answer(Rr::new("www.example", 46, 1, &[0; 20]))
        .authority(Rr::soa("example", 2, 2))
        .additional(Rr::text("www.example A 192.0.2.1").ttl(3));
    assert_eq!(ttl(&message), 900);
}

#[test]
fn section_5_2_the_ttl_of_a_plan_is_the_least_of_all_its_lookups() {
    let tlsa = "_25._tcp.mx.example.com TLSA 3 1 1 \
                00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    let mut ttls = [900, 901, 902];
    for _ in 0..3 {
        ttls.rotate_left(1);
        let mut zone = Zone::signed().with("example.com MX 10 mx.example.com");
        let records = [
            "mx.example.com A 192.0.2.1",
            "mx.example.com AAAA 2001:db8::1",
            tlsa,
        ];
        for (record, ttl) in records.into_iter().zip(ttls) {
            let record = Rr::text(record).ttl(ttl);
            zone = zone.record(record, smtp_dane::dns::Security::Secure);
        }
        let next_hop = NextHop::domain(name("example.com"));
        let plan = plan(&zone, next_hop, &Policy::default()).0.unwrap();
        assert!(matches!(plan.tls(), TlsPolicy::Authenticate(_)));
        assert_eq!(plan.ttl(), 900, "{ttls:?}");
    }
}

#[test]
fn section_8_a_ttl_with_the_top_bit_set_is_zero() {
    for (sent, meant) in [
        (0, 0),
        (1, 1),
        (0x7fff_ffff, 0x7fff_ffff),
        (0x8000_0000, 0),
        (0x8000_0001, 0),
        (0xffff_ffff, 0),
    ] {
        let record = Rr::text("www.example A 192.0.2.1").ttl(sent);
        assert_eq!(ttl(&reply().answer(record)), meant, "{sent:#x}");
        let alias = Rr::text("www.example CNAME b.example").ttl(sent);
        let data = Rr::text("b.example A 192.0.2.1").ttl(0x7fff_ffff);
        assert_eq!(ttl(&reply().answer(alias).answer(data)), meant, "{sent:#x}");
        let denial = |own, minimum| reply().authority(Rr::soa("example", own, minimum));
        assert_eq!(ttl(&denial(sent, 0x7fff_ffff)), meant, "{sent:#x}");
        assert_eq!(ttl(&denial(0x7fff_ffff, sent)), meant, "{sent:#x}");
    }
}

#[test]
fn section_5_2_a_denial_holds_for_the_lesser_of_the_soa_ttl_and_its_minimum() {
    for rcode in [0, 3] {
        for (own, minimum) in [(900, 300), (300, 900)] {
            let message = reply()
                .rcode(rcode)
                .authority(Rr::soa("example", own, minimum));
            assert_eq!(ttl(&message), 300);
        }
    }
}

#[test]
fn section_5_2_a_denial_without_soa_is_not_kept() {
    assert_eq!(ttl(&reply()), 0);
    assert_eq!(ttl(&reply().rcode(3)), 0);
    // An SOA record too short to have a minimum says nothing.
    let broken = reply().authority(Rr::new("example", 6, 900, &[1, 2, 3]));
    assert_eq!(ttl(&broken), 0);
}

#[test]
fn section_5_2_of_two_soa_records_the_lesser_ttl_holds() {
    for (first, second) in [(300, 900), (900, 300)] {
        let message = reply()
            .rcode(3)
            .authority(Rr::soa("example", first, first))
            .authority(Rr::soa("example", second, second));
        assert_eq!(ttl(&message), 300, "{first} {second}");
    }
}

#[test]
fn section_5_2_a_denial_behind_an_alias_holds_no_longer_than_the_alias() {
    for (alias, soa) in [(60, 900), (900, 60)] {
        let message = reply()
            .rcode(3)
            .answer(Rr::text("www.example CNAME b.example").ttl(alias))
            .authority(Rr::soa("example", soa, soa));
        assert_eq!(ttl(&message), 60);
    }
}

#[test]
fn section_5_4_1_authority_and_additional_records_are_never_an_answer() {
    for query_type in [
        QueryType::A,
        QueryType::Aaaa,
        QueryType::Mx,
        QueryType::Tlsa,
        QueryType::Cname,
    ] {
        let question = question("www.example", query_type);
        for rcode in [0, 3] {
            let mut message = Message::reply(ID, &question).secure().rcode(rcode);
            for record in [
                "www.example A 192.0.2.66",
                "www.example AAAA 2001:db8::66",
                "www.example MX 0 evil.example",
                "www.example TLSA 3 1 1 66",
                "www.example CNAME evil.example",
                "example DNAME evil.example",
            ] {
                message = message
                    .authority(Rr::text(record))
                    .additional(Rr::text(record));
            }
            let reply = outcome(&question, &message).unwrap();
            let denial = if rcode == 0 {
                Denial::NoData
            } else {
                Denial::NoDomain
            };
            assert_eq!(*reply.found(), Found::Denied(denial), "{question}");
            assert_eq!(reply.aliases(), []);
        }
    }
}

#[test]
fn section_5_4_1_authority_and_additional_records_add_nothing_to_an_answer() {
    let bare = reply()
        .answer(Rr::text("www.example CNAME b.example"))
        .answer(Rr::text("b.example A 192.0.2.1"));
    let expected = outcome(&a(), &bare);
    let mut message = bare;
    for record in [
        "b.example A 192.0.2.66",
        "b.example CNAME evil.example",
        "www.example CNAME evil.example",
        "evil.example A 192.0.2.66",
    ] {
        message = message
            .authority(Rr::text(record))
            .additional(Rr::text(record));
    }
    assert_eq!(outcome(&a(), &message), expected);
}

#[test]
fn section_10_3_addresses_beside_an_mx_record_are_asked_for_again() {
    // The additional section of the MX reply is worth nothing: the host is looked up.
    let zone = Zone::signed().with(
        "example.com MX 10 mx.example.com
         mx.example.com A 192.0.2.1",
    );
    let next_hop = NextHop::domain(name("example.com"));
    let (plan, asked) = plan(&zone, next_hop, &Policy::default());
    assert_eq!(asked[..2], ["mx.example.com A", "mx.example.com AAAA"]);
    assert_eq!(plan.unwrap().addresses().len(), 1);
}
