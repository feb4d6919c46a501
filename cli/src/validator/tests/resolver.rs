//! The library behind hickory's own `Resolver`, by the table in the documentation of [`smtp_dane::hickory`].

use core::net::SocketAddr;
use core::slice;
use core::time::Duration;
use std::sync::Arc;

use hickory_net::runtime::TokioRuntimeProvider;
use hickory_net::{DnsError, NetError};
use hickory_proto::op::Query;
use hickory_proto::rr::RecordType;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::lookup::Lookup;
use smtp_dane::dns::{Answer, Denial, Found, LookupError, Malformed, QueryType, Question, Rcode};
use smtp_dane::dns::{Security, Trust};
use smtp_dane::hickory::{Hop, Verdict, failure, unvalidated, validated};
use smtp_dane::resolve::{ResolverCheck, ResolverFault, Step, Validation};
use smtp_dane::tlsa::Record;
use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::SHORT;
use super::answers::{DIGEST, exchange, lab, outcome};
use crate::lab::Lab;
use crate::lab::certificates::Identity;
use crate::lab::smtp::MailServer;
use crate::lab::zones::Zone;
use crate::validator::Anchor;

use QueryType::{A, Aaaa, Cname, Mx, Tlsa};
use Security::{Insecure, Secure};

/// A resolver as an embedder builds it, here with the lab's name server behind it.
fn resolver(server: SocketAddr, anchor: Option<&Anchor>, patience: Duration) -> TokioResolver {
    build(server, anchor, patience, 0)
}

fn build(
    server: SocketAddr,
    anchor: Option<&Anchor>,
    patience: Duration,
    cache_size: u64,
) -> TokioResolver {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = server.port();
        connection
    });
    let server = NameServerConfig::new(server.ip(), true, connections.to_vec());
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
    let provider = TokioRuntimeProvider::default();
    let mut builder = TokioResolver::builder_with_config(config, provider);
    let options = builder.options_mut();
    options.use_hosts_file = ResolveHosts::Never;
    options.timeout = patience;
    options.attempts = 0;
    options.cache_size = cache_size;
    if let Some(anchor) = anchor {
        let (keys, _) = anchor.clone().into_parts();
        builder = builder.with_trust_anchor(Arc::new(keys));
    }
    builder.build().unwrap()
}

fn validating(lab: &Lab) -> TokioResolver {
    let patience = Duration::from_secs(5);
    resolver(lab.authority_address(), Some(lab.trust_anchor()), patience)
}

fn asked(name: &str, query_type: QueryType) -> Question {
    Question::new(name.parse().unwrap(), query_type)
}

async fn look_up(resolver: &TokioResolver, query: &Query) -> Result<Lookup, NetError> {
    let (name, record_type) = (query.name().clone(), query.query_type());
    resolver.lookup(name, record_type).await
}

/// The answer of a `Resolver` that validates. An alias is asked for alone where the reply about its target is of no use.
async fn answer(resolver: &TokioResolver, question: &Question) -> Answer {
    let query = Query::try_from(question).unwrap();
    let answer = told(question, &query, &look_up(resolver, &query).await);
    if let Err(LookupError::Bogus | LookupError::Indeterminate) = answer.result() {
        let alias = Query::query(query.name().clone(), RecordType::CNAME);
        let alone = told(question, &alias, &look_up(resolver, &alias).await);
        if alone.result().is_ok() {
            return alone;
        }
    }
    answer
}

fn told(question: &Question, query: &Query, said: &Result<Lookup, NetError>) -> Answer {
    let hop = match said {
        Ok(lookup) => Hop::new(query, lookup.message(), Verdict::PassedOn),
        Err(NetError::Dns(DnsError::NoRecordsFound(denial))) => Hop::of_no_records(
            &denial.query,
            denial.response_code,
            denial.authorities.as_deref(),
        ),
        Err(NetError::Dns(DnsError::Nsec {
            query,
            response,
            proof,
            ..
        })) => Hop::new(query, response, Verdict::Objected(*proof)),
        Err(error) => return Answer::failed(reason(error)),
    };
    validated(question, slice::from_ref(&hop))
}

fn reason(error: &NetError) -> LookupError {
    match error {
        NetError::Dns(DnsError::DnssecBogus) => LookupError::Bogus,
        NetError::Dns(DnsError::ResponseCode(code)) => {
            failure(*code).unwrap_or(LookupError::Indeterminate)
        }
        NetError::Timeout => LookupError::Timeout,
        NetError::Truncated | NetError::Proto(_) => LookupError::Malformed(Malformed::Truncated),
        _ => LookupError::Unreachable,
    }
}

/// The same of a `Resolver` that does not validate.
async fn unvalidated_answer(resolver: &TokioResolver, question: &Question) -> Answer {
    let query = Query::try_from(question).unwrap();
    match look_up(resolver, &query).await {
        Ok(lookup) => {
            let code = lookup.message().response_code;
            unvalidated(question, code, lookup.answers(), lookup.authorities())
        }
        Err(NetError::Dns(DnsError::NoRecordsFound(denial))) => {
            let authorities = denial.authorities.as_deref().unwrap_or_default();
            unvalidated(question, denial.response_code, &[], authorities)
        }
        Err(error) => Answer::failed(reason(&error)),
    }
}

fn loopback() -> Found {
    Found::Addresses(vec![[127, 0, 0, 1].into()])
}

fn association() -> Found {
    let octets = [&[3, 1, 1], &DIGEST[..]].concat();
    Found::Associations(vec![Record::from_rdata(&octets)])
}

const NO_DATA: Found = Found::Denied(Denial::NoData);
const NO_DOMAIN: Found = Found::Denied(Denial::NoDomain);

#[tokio::test]
async fn replies_of_a_validating_resolver() {
    let lab = lab().await;
    let resolver = validating(&lab);
    let alias = |to: &str| (Some(to.to_owned()), Found::AliasOnly, Secure);
    let own = |found, security| (None, found, security);
    for (name, query_type, expected) in [
        ("good.test", Mx, own(exchange(10, "mx.good.test"), Secure)),
        ("mx.good.test", A, own(loopback(), Secure)),
        ("_25._tcp.mx.good.test", Tlsa, own(association(), Secure)),
        (
            "plain.test",
            Mx,
            own(exchange(10, "mail.plain.test"), Insecure),
        ),
        ("mail.plain.test", A, own(loopback(), Insecure)),
        // Denials, which a resolver returns as errors.
        ("mx.good.test", Aaaa, own(NO_DATA, Secure)),
        ("none.good.test", Mx, own(NO_DOMAIN, Secure)),
        ("_25._tcp.none.good.test", Tlsa, own(NO_DOMAIN, Secure)),
        (".", Mx, own(NO_DATA, Secure)),
        ("mail.plain.test", Tlsa, own(NO_DATA, Insecure)),
        ("none.plain.test", A, own(NO_DOMAIN, Insecure)),
        // Aliases, with data behind them, without, and with nothing.
        ("alias.good.test", A, alias("mx.good.test")),
        ("alias.good.test", Aaaa, alias("mx.good.test")),
        ("alias.good.test", Cname, alias("mx.good.test")),
        ("x.any.wild.good.test", A, alias("mx.good.test")),
        ("out.good.test", A, alias("mail.plain.test")),
        ("out.good.test", Tlsa, alias("mail.plain.test")),
        ("nowhere.good.test", A, alias("none.plain.test")),
        ("a.loop.good.test", A, alias("b.loop.good.test")),
    ] {
        let question = asked(name, query_type);
        let answer = answer(&resolver, &question).await;
        assert_eq!(outcome(&answer), Ok(expected), "{question}");
    }
}

/// Denials by hashed names. With too many iterations hickory objects, and they count as insecure (RFC 9276 §3.2).
#[tokio::test]
async fn hashed_denials_of_a_validating_resolver() {
    let identity = Identity::self_signed(&["mx.hashed.test"]).unwrap();
    let zone = |apex: &str, iterations| {
        let address = format!("mx.{apex} A 127.0.0.1");
        Zone::signed(apex).record(address).hashed(iterations)
    };
    let zones = vec![zone("hashed.test", 0), zone("slow.test", 200)];
    let servers = vec![MailServer::new("mx.hashed.test", 1, identity)];
    let lab = Lab::start(servers, |_| zones).await.unwrap();
    let resolver = validating(&lab);
    for (apex, security) in [("hashed.test", Secure), ("slow.test", Insecure)] {
        for (owner, query_type, found) in [
            ("mx", Aaaa, NO_DATA),
            ("none", A, NO_DOMAIN),
            ("_25._tcp.mx", Tlsa, NO_DOMAIN),
        ] {
            let question = asked(&format!("{owner}.{apex}"), query_type);
            let answer = answer(&resolver, &question).await;
            let expected = Ok((None, found, security));
            assert_eq!(outcome(&answer), expected, "{question}");
        }
    }
}

#[tokio::test]
async fn failures_of_a_validating_resolver() {
    let lab = lab().await;
    let resolver = validating(&lab);
    for (name, query_type, error) in [
        ("bad.test", Mx, LookupError::Bogus),
        (
            "_25._tcp.failing.good.test",
            Tlsa,
            LookupError::Rcode(Rcode::SERV_FAIL),
        ),
        // A name that hickory answers without asking anybody.
        ("mx.invalid", A, LookupError::Indeterminate),
    ] {
        let question = asked(name, query_type);
        let answer = answer(&resolver, &question).await;
        assert_eq!(outcome(&answer), Err(error), "{question}");
    }
}

#[tokio::test]
async fn with_the_wrong_anchor_nothing_is_an_answer() {
    let lab = lab().await;
    let patience = Duration::from_secs(5);
    let foreign = resolver(lab.authority_address(), Some(&Anchor::iana()), patience);
    for (name, query_type) in [
        ("good.test", Mx),
        ("mx.good.test", Aaaa),
        ("none.good.test", A),
        ("plain.test", Mx),
        ("none.plain.test", A),
        ("alias.good.test", A),
    ] {
        let question = asked(name, query_type);
        let answer = answer(&foreign, &question).await;
        assert_eq!(outcome(&answer), Err(LookupError::Bogus), "{question}");
    }
}

#[tokio::test]
async fn a_resolver_that_does_not_validate_is_insecure_throughout() {
    let lab = lab().await;
    let resolver = resolver(lab.authority_address(), None, Duration::from_secs(5));
    for (name, query_type, end, found) in [
        ("good.test", Mx, None, exchange(10, "mx.good.test")),
        ("_25._tcp.mx.good.test", Tlsa, None, association()),
        ("mx.good.test", Aaaa, None, NO_DATA),
        ("none.good.test", Mx, None, NO_DOMAIN),
        ("none.plain.test", A, None, NO_DOMAIN),
        // What was tampered with passes.
        ("bad.test", Mx, None, exchange(11, "mx.bad.test")),
        ("alias.good.test", A, Some("mx.good.test"), loopback()),
        ("out.good.test", A, Some("mail.plain.test"), loopback()),
        ("mail.plain.test", A, None, loopback()),
    ] {
        let question = asked(name, query_type);
        let answer = unvalidated_answer(&resolver, &question).await;
        let expected = (end.map(ToOwned::to_owned), found, Insecure);
        assert_eq!(outcome(&answer), Ok(expected), "{question}");
    }
}

/// Why the table says to use no cache: with one, what a name has depends on what was asked before. It must fail then, and never
/// be taken for an absence or for more than it is.
#[tokio::test]
async fn what_a_cache_spoils_is_a_failed_lookup() {
    let lab = lab().await;
    let (server, patience) = (lab.authority_address(), Duration::from_secs(5));
    let caching = build(server, Some(lab.trust_anchor()), patience, 32);
    let alias = asked("in.other.test", A);
    let target = asked("mx.good.test", A);
    let expected = Ok((Some("mx.good.test".to_owned()), Found::AliasOnly, Secure));
    assert_eq!(outcome(&answer(&caching, &alias).await), expected);
    // The address has lost its signature on the way through the alias.
    let spoilt = answer(&caching, &target).await;
    assert_eq!(outcome(&spoilt), Err(LookupError::Indeterminate));

    let caching = build(server, None, patience, 32);
    let expected = Ok((Some("mx.good.test".to_owned()), loopback(), Insecure));
    assert_eq!(
        outcome(&unvalidated_answer(&caching, &alias).await),
        expected
    );
    // The alias of the other name has come to stand beside the address.
    let spoilt = unvalidated_answer(&caching, &target).await;
    assert_eq!(outcome(&spoilt), Err(LookupError::UnrelatedRecord));
}

#[tokio::test]
async fn silence_is_a_failed_lookup() {
    let anchor = Anchor::iana();
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let waiting = resolver(silent.local_addr().unwrap(), Some(&anchor), SHORT);
    let question = asked("good.test", Mx);
    let answer = answer(&waiting, &question).await;
    assert_eq!(outcome(&answer), Err(LookupError::Timeout));
}

#[tokio::test]
async fn a_dropped_lookup_leaves_the_machine_as_it_was() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let patience = Duration::from_secs(60);
    let anchor = Anchor::iana();
    let waiting = resolver(silent.local_addr().unwrap(), Some(&anchor), patience);
    let mut check = ResolverCheck::new(Trust::AdBit);
    let before = check.clone();
    let Step::Lookup([query]) = before.step() else {
        unreachable!("one query is open")
    };
    // The caller loses patience, or shuts down, and drops the future of the lookup.
    let lookup = answer(&waiting, query.question());
    assert!(timeout(SHORT, lookup).await.is_err());
    assert_eq!(check, before);

    // The query is still open: it can be asked again elsewhere, or be given up.
    let mut given_up = check.clone();
    let failed = Answer::failed(LookupError::Timeout);
    assert_eq!(given_up.handle(query.id(), failed), Ok(()));
    assert!(matches!(
        given_up.step(),
        Step::Done(Err(ResolverFault::Lookup(_)))
    ));
    let lab = lab().await;
    let again = answer(&validating(&lab), query.question()).await;
    assert_eq!(check.handle(query.id(), again), Ok(()));
    assert_eq!(check.step(), Step::Done(Ok(&Validation::Claimed)));
}

/// The outcome of the check by way of `resolver`, with a bogus name.
async fn checked(resolver: &TokioResolver, validates: bool) -> Result<Validation, ResolverFault> {
    let (root, bogus) = (asked(".", Mx), asked("bad.test", Mx));
    let mut check = ResolverCheck::with_names(Trust::AdBit, root, Some(bogus));
    loop {
        let (id, question) = match check.step() {
            Step::Lookup(queries) => {
                let query = queries.first().unwrap();
                (query.id(), query.question().clone())
            }
            Step::Done(result) => return result.copied().map_err(Clone::clone),
        };
        let answer = if validates {
            answer(resolver, &question).await
        } else {
            unvalidated_answer(resolver, &question).await
        };
        check.handle(id, answer).unwrap();
    }
}

#[tokio::test]
async fn the_check_tells_a_validating_resolver_from_another() {
    let lab = lab().await;
    let shown = checked(&validating(&lab), true).await;
    assert_eq!(shown, Ok(Validation::Shown));
    let plain = resolver(lab.authority_address(), None, Duration::from_secs(5));
    let answered = ResolverFault::BogusAnswered {
        question: asked("bad.test", Mx),
        security: Insecure,
    };
    assert_eq!(checked(&plain, false).await, Err(answered));
}
