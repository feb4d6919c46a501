//! What the library makes of lookups in the lab.

use hickory_proto::rr::RecordType;
use smtp_dane::dns::{Answer, Denial, Found, LookupError, QueryType, Question, Rcode, Security};
use smtp_dane::tlsa::Record;

use super::SHORT;
use crate::lab::Lab;
use crate::lab::certificates::Identity;
use crate::lab::smtp::MailServer;
use crate::lab::zones::Zone;
use crate::validator::{Anchor, Validator};

use QueryType::{A, Aaaa, Cname, Mx, Tlsa};
use Security::{Insecure, Secure};

pub(super) const DIGEST: [u8; 32] = [0xab; 32];

pub(super) async fn lab() -> Lab {
    let identity = Identity::self_signed(&["mx.good.test"]).unwrap();
    let zones = vec![
        Zone::signed("good.test")
            .record("good.test MX 10 mx.good.test")
            .record("mx.good.test A 127.0.0.1")
            .tlsa("_25._tcp.mx.good.test", 3, 1, 1, &DIGEST)
            .record("alias.good.test CNAME mx.good.test")
            .record("out.good.test CNAME mail.plain.test")
            .record("nowhere.good.test CNAME none.plain.test")
            .record("_25._tcp.alias.good.test CNAME _25._tcp.mx.good.test")
            .record("*.wild.good.test CNAME mx.good.test")
            .record("a.loop.good.test CNAME b.loop.good.test")
            .record("b.loop.good.test CNAME a.loop.good.test")
            .record("null.good.test MX 0 .")
            .record("failing.good.test A 127.0.0.1")
            .failing("_25._tcp.failing.good.test", RecordType::TLSA),
        Zone::signed("other.test").record("in.other.test CNAME mx.good.test"),
        Zone::unsigned("plain.test")
            .record("plain.test MX 10 mail.plain.test")
            .record("mail.plain.test A 127.0.0.1"),
        Zone::tampered("bad.test").record("bad.test MX 10 mx.bad.test"),
    ];
    Lab::start(vec![MailServer::new("mx.good.test", 1, identity)], |_| {
        zones
    })
    .await
    .unwrap()
}

async fn ask(validator: &Validator, name: &str, query_type: QueryType) -> Answer {
    let question = Question::new(name.parse().unwrap(), query_type);
    validator.answer(&question).await
}

/// The last name of the alias chain, what stands there, and how secure all of it is.
pub(super) fn outcome(answer: &Answer) -> Result<(Option<String>, Found, Security), LookupError> {
    let reply = answer.result().map_err(|error| *error)?;
    let end = reply.aliases().last().map(ToString::to_string);
    Ok((end, reply.found().clone(), reply.security()))
}

pub(super) fn exchange(preference: u16, name: &str) -> Found {
    Found::Exchanges(vec![smtp_dane::dns::Mx {
        preference,
        exchange: name.parse().unwrap(),
    }])
}

#[tokio::test]
async fn answers_of_the_lab() {
    let lab = lab().await;
    let loopback = || Found::Addresses(vec![[127, 0, 0, 1].into()]);
    let tlsa = || {
        Found::Associations(vec![Record::from_rdata(
            &[&[3, 1, 1], &DIGEST[..]].concat(),
        )])
    };
    let (no_data, no_domain) = (
        Found::Denied(Denial::NoData),
        Found::Denied(Denial::NoDomain),
    );
    for (name, query_type, end, found, security) in [
        ("good.test", Mx, "", exchange(10, "mx.good.test"), Secure),
        ("null.good.test", Mx, "", exchange(0, "."), Secure),
        (
            "plain.test",
            Mx,
            "",
            exchange(10, "mail.plain.test"),
            Insecure,
        ),
        ("mx.good.test", A, "", loopback(), Secure),
        ("mx.good.test", Aaaa, "", no_data.clone(), Secure),
        ("mx.good.test", Mx, "", no_data.clone(), Secure),
        ("none.good.test", Mx, "", no_domain.clone(), Secure),
        ("mail.plain.test", Tlsa, "", no_data, Insecure),
        ("none.plain.test", A, "", no_domain.clone(), Insecure),
        ("_25._tcp.mx.good.test", Tlsa, "", tlsa(), Secure),
        (
            "_25._tcp.none.good.test",
            Tlsa,
            "",
            no_domain.clone(),
            Secure,
        ),
        ("alias.good.test", A, "mx.good.test", loopback(), Secure),
        (
            "x.any.wild.good.test",
            A,
            "mx.good.test",
            loopback(),
            Secure,
        ),
        (
            "alias.good.test",
            Aaaa,
            "mx.good.test",
            Found::AliasOnly,
            Secure,
        ),
        (
            "alias.good.test",
            Cname,
            "mx.good.test",
            Found::AliasOnly,
            Secure,
        ),
        (
            "_25._tcp.alias.good.test",
            Tlsa,
            "_25._tcp.mx.good.test",
            tlsa(),
            Secure,
        ),
        ("out.good.test", A, "mail.plain.test", loopback(), Insecure),
        (
            "out.good.test",
            Cname,
            "mail.plain.test",
            Found::AliasOnly,
            Secure,
        ),
        (
            "nowhere.good.test",
            A,
            "none.plain.test",
            no_domain,
            Insecure,
        ),
    ] {
        let answer = ask(lab.validator(), name, query_type).await;
        let end = (!end.is_empty()).then(|| end.to_owned());
        assert_eq!(
            outcome(&answer),
            Ok((end, found, security)),
            "{name} {query_type}"
        );
    }
    for (name, query_type, error) in [
        ("bad.test", Mx, LookupError::Bogus),
        (
            "_25._tcp.failing.good.test",
            Tlsa,
            LookupError::Rcode(Rcode::SERV_FAIL),
        ),
        ("a.loop.good.test", A, LookupError::AliasChainTooLong),
    ] {
        let answer = ask(lab.validator(), name, query_type).await;
        assert_eq!(outcome(&answer), Err(error), "{name} {query_type}");
    }
    let foreign = Validator::new(&[lab.authority_address()], Anchor::iana(), SHORT).await;
    let answer = ask(&foreign.unwrap(), "plain.test", Mx).await;
    assert_eq!(outcome(&answer), Err(LookupError::Bogus));
}

#[tokio::test]
async fn silence_is_a_failed_lookup() {
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let server = silent.local_addr().unwrap();
    let validator = Validator::new(&[server], Anchor::iana(), SHORT).await;
    let answer = ask(&validator.unwrap(), "good.test", Mx).await;
    assert_eq!(outcome(&answer), Err(LookupError::Timeout));
}
