//! RFC 7672 §2.1.3: aliases, and how far security reaches along them.

use smtp_dane::dns::{Answer, LookupError, QueryType, Security, Trust};
use smtp_dane::resolve::{HostError, RouteError, Routing, Step};
use smtp_dane::{InsecureMx, Policy};

use crate::support::certificates::leaf;
use crate::support::drive::{hosts, plan, route};
use crate::support::message::{Message, Rr};
use crate::support::sites::{by_insecure_mx, domain, judge, relay, usable, verdict_on};
use crate::support::world::{Server, World};
use crate::support::zone::{Chasing, Failure, Zone};

const BOTH: [Chasing; 2] = [Chasing::WholeChain, Chasing::OneByOne];
const MARKS: [Security; 2] = [Security::Secure, Security::Insecure];

trait Marked {
    fn marked(self, record: &str, security: Security) -> Self;
}

impl Marked for Zone {
    fn marked(self, record: &str, security: Security) -> Self {
        match security {
            Security::Secure => self.secure(record),
            Security::Insecure => self.insecure(record),
        }
    }
}

/// A host behind one alias.
fn aliased_host(of_alias: Security, of_target: Security) -> Zone {
    Zone::signed()
        .with("example.com MX 10 mx.example.com")
        .marked("mx.example.com CNAME host.example.net", of_alias)
        .marked("host.example.net A 192.0.2.1", of_target)
        .marked("host.example.net AAAA 2001:db8::1", of_target)
}

#[test]
fn section_2_1_3_a_dname_needs_no_more_than_the_alias_made_from_it() {
    let mut routing = Routing::new(domain(), &Policy::default(), 1);
    let Step::Lookup([query]) = routing.step() else {
        panic!("no query")
    };
    let (id, question) = (query.id(), query.question().clone());
    let message = Message::reply(1, &question)
        .secure()
        .answer(Rr::text("com DNAME net"))
        .answer(Rr::text("example.com CNAME example.net"))
        .answer(Rr::text("example.net MX 10 mx.example.net"));
    let answer = Answer::from_message(&question, 1, &message.to_bytes(), Trust::AdBit).unwrap();
    routing.handle(id, answer).unwrap();
    let Step::Done(Ok(route)) = routing.step() else {
        panic!("no route")
    };
    assert_eq!(hosts(route), ["mx.example.net"]);
    assert_eq!(route.expanded().unwrap().to_string(), "example.net");
}

#[test]
fn section_2_1_3_an_alias_alone_is_followed_by_one_more_query_at_its_target() {
    let zone = Zone::signed()
        .chasing(Chasing::OneByOne)
        .with(
            "example.com CNAME a.example.org
             a.example.org CNAME b.example.org
             b.example.org MX 10 mx.example.com
             mx.example.com CNAME host.example.net
             host.example.net A 192.0.2.1
             _25._tcp.host.example.net CNAME tlsa.example.net",
        )
        .with(&usable("host.example.net").replace("_25._tcp.host", "tlsa"));
    let run = World::new(zone)
        .server("192.0.2.1", Server::with(leaf()))
        .deliver(domain(), &Policy::default());
    assert!(run.delivered());
    assert_eq!(
        run.asked_text(),
        [
            "example.com MX",
            "a.example.org MX",
            "b.example.org MX",
            "mx.example.com A",
            "mx.example.com AAAA",
            "host.example.net A",
            "host.example.net AAAA",
            "_25._tcp.host.example.net TLSA",
            "tlsa.example.net TLSA",
        ]
    );
}

#[test]
fn section_2_1_3_an_error_behind_an_alias_fails_the_whole_lookup() {
    for chasing in BOTH {
        for failure in Failure::ALL {
            let zone = Zone::signed()
                .chasing(chasing)
                .with("example.com CNAME example.org\nexample.com A 192.0.2.1")
                .failing("example.org", QueryType::Mx, failure);
            let result = route(&zone, domain(), &Policy::default()).0;
            assert!(matches!(result, Err(RouteError::Lookup(_))), "{result:?}");

            let zone = Zone::signed()
                .chasing(chasing)
                .with("example.com MX 10 mx.example.com\nmx.example.com CNAME host.example.net")
                .failing("host.example.net", QueryType::A, failure)
                .failing("host.example.net", QueryType::Aaaa, failure);
            let result = plan(&zone, domain(), &Policy::default()).0;
            assert!(matches!(result, Err(HostError::Lookup(_))), "{result:?}");

            let zone = aliased_host(Security::Secure, Security::Secure)
                .chasing(chasing)
                .with("_25._tcp.host.example.net CNAME tlsa.example.org")
                .with(&usable("mx.example.com"))
                .failing("tlsa.example.org", QueryType::Tlsa, failure);
            let result = plan(&zone, domain(), &Policy::default()).0;
            assert!(matches!(result, Err(HostError::Lookup(_))), "{result:?}");
        }
    }
}

#[test]
fn section_2_1_3_a_loop_of_aliases_fails_the_lookup_in_one_reply_and_over_several() {
    let zone = Zone::signed().chasing(Chasing::OneByOne).with(
        "example.com CNAME a.example.org
         a.example.org CNAME b.example.org
         b.example.org CNAME a.example.org",
    );
    let (result, asked) = route(&zone, domain(), &Policy::default());
    let Err(RouteError::Lookup(failed)) = result else {
        panic!("{result:?}")
    };
    assert_eq!(failed.error, LookupError::AliasLoop);
    assert_eq!(asked.len(), 3);
}

#[test]
fn section_2_1_3_behind_an_insecure_alias_everything_is_insecure_whatever_came_before_or_after() {
    for chasing in BOTH {
        for marks in chains() {
            let zone = Zone::signed()
                .chasing(chasing)
                .marked("example.com CNAME a.example.org", marks[0])
                .marked("a.example.org CNAME b.example.org", marks[1])
                .marked("b.example.org MX 10 mx.example.com", marks[2]);
            let route = route(&zone, domain(), &Policy::default()).0.unwrap();
            let weakest = marks.into_iter().min().unwrap();
            assert_eq!(route.security(), weakest, "{marks:?} {chasing:?}");
        }
    }
}

#[test]
fn section_2_1_3_an_insecure_alias_at_the_tlsa_name_makes_its_records_insecure() {
    for chasing in BOTH {
        for marks in chains() {
            let zone = Zone::signed()
                .chasing(chasing)
                .with("example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.1")
                .marked("_25._tcp.mx.example.com CNAME a.example.org", marks[0])
                .marked("a.example.org CNAME b.example.org", marks[1])
                .marked(
                    &usable("mx.example.com").replace("_25._tcp.mx.example.com", "b.example.org"),
                    marks[2],
                );
            let expected = match marks.into_iter().min() {
                Some(Security::Secure) => {
                    "authenticate mx.example.com as mx.example.com example.com for the NextHop"
                }
                _ => "opportunistic: NoTlsa",
            };
            assert_eq!(verdict_on(&zone), expected, "{marks:?} {chasing:?}");
        }
    }
}

#[test]
fn section_2_1_3_the_targets_of_an_insecure_tlsa_alias_are_not_asked() {
    let zone = Zone::signed()
        .chasing(Chasing::OneByOne)
        .with("mx.example.com A 192.0.2.1")
        .insecure("_25._tcp.mx.example.com CNAME broken.example.org")
        .failing("broken.example.org", QueryType::Tlsa, Failure::Timeout);
    let (verdict, asked) = judge(&zone, relay("mx.example.com"), &Policy::default());
    assert_eq!(verdict, "opportunistic: NoTlsa");
    assert_eq!(asked.last().unwrap(), "_25._tcp.mx.example.com TLSA");
}

fn chains() -> impl Iterator<Item = [Security; 3]> {
    let second = |a| MARKS.into_iter().map(move |b| [a, b]);
    let third = |[a, b]: [Security; 2]| MARKS.into_iter().map(move |c| [a, b, c]);
    MARKS.into_iter().flat_map(second).flat_map(third)
}

#[test]
fn section_2_1_3_an_insecure_reply_with_an_alias_is_settled_by_one_query_for_that_alias_alone() {
    let zone = aliased_host(Security::Secure, Security::Insecure).with(&usable("mx.example.com"));
    let (verdict, asked) = judge(&zone, domain(), &Policy::default());
    assert_eq!(
        verdict,
        "authenticate mx.example.com as mx.example.com example.com for the NextHop"
    );
    assert_eq!(
        asked,
        [
            "mx.example.com A",
            "mx.example.com AAAA",
            "mx.example.com CNAME",
            "_25._tcp.mx.example.com TLSA",
        ]
    );
}

#[test]
fn section_2_1_3_an_insecure_alias_ends_the_search_for_tlsa_records() {
    for of_target in MARKS {
        let zone = aliased_host(Security::Insecure, of_target)
            .with(&usable("mx.example.com"))
            .with(&usable("host.example.net"));
        let (verdict, asked) = judge(&zone, domain(), &Policy::default());
        assert_eq!(verdict, "opportunistic: InsecureAlias");
        assert_eq!(asked.last().unwrap(), "mx.example.com CNAME");
    }
}

#[test]
fn section_2_1_3_a_failed_query_for_the_alias_makes_the_host_unusable() {
    for failure in Failure::ALL {
        let zone = aliased_host(Security::Secure, Security::Insecure).failing(
            "mx.example.com",
            QueryType::Cname,
            failure,
        );
        assert_eq!(
            verdict_on(&zone),
            "failed: mx.example.com CNAME",
            "{failure:?}"
        );
    }
}

#[test]
fn section_2_1_3_an_alias_that_was_gone_or_led_elsewhere_when_asked_for_alone_makes_the_host_unusable()
 {
    let zone = aliased_host(Security::Secure, Security::Insecure).with(&usable("mx.example.com"));
    for other in [
        Zone::signed().with("x.mx.example.com A 192.0.2.1"),
        Zone::signed(),
        Zone::unsigned(),
        Zone::signed().with("mx.example.com CNAME other.example.net"),
        Zone::unsigned().with("mx.example.com CNAME other.example.net"),
    ] {
        let run = World::new(zone.clone()).deliver_with(
            domain(),
            &Policy::default(),
            &mut |_| 0,
            |question, _| match question.query_type() {
                QueryType::Cname => other.answer(question),
                _ => zone.answer(question),
            },
        );
        let plan = run.delivery.hosts()[0].plan();
        assert_eq!(plan, Err(&HostError::AliasChanged));
        assert!(run.connected.is_empty());
    }
}

#[test]
fn section_2_1_3_the_security_of_an_alias_counts_before_an_insecure_mx_answer_too() {
    let zone = Zone::signed()
        .insecure("example.com CNAME example.org")
        .with("example.org MX 10 mx.example.com\nmx.example.com A 192.0.2.1")
        .with(&usable("mx.example.com"));
    let (verdict, asked) = judge(&zone, domain(), &by_insecure_mx(InsecureMx::Ignore));
    assert_eq!(verdict, "opportunistic: InsecureMx");
    assert_eq!(asked, ["mx.example.com A", "mx.example.com AAAA"]);
}
