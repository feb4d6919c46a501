//! The sessions that deliveries give a TLS report to count (RFC 8460 §4.2 to §4.4).

use smtp_dane::delivery::Transfer;
use smtp_dane::dns::QueryType;
use smtp_dane::report::tlsrpt::{self, AppliedPolicy, MAX_HELO, ReportedSession};
use smtp_dane::session::StartTlsOffer;
use smtp_dane::{InsecureMx, Policy};

use crate::support::certificates::{leaf, other_leaf, tlsa_text};
use crate::support::name;
use crate::support::pki::{Authority, expired};
use crate::support::sites::{ONE_HOST, by_insecure_mx, domain, mandatory, relay, unusable, usable};
use crate::support::sites::{
    deliver_to, failing_handshakes, one_host, refusing_start_tls, without_start_tls,
};
use crate::support::world::{Moment, Run, Server, World};
use crate::support::zone::{Chasing, Failure, Zone};

fn sessions(run: &Run) -> Vec<ReportedSession> {
    tlsrpt::sessions(&run.delivery, &name("example.com"))
}

/// A session in one line: policy, host, address, and what came of it.
fn line(session: &ReportedSession) -> String {
    let of = |policy: &AppliedPolicy| format!("{} {}", policy.policy_type(), policy.domain());
    let mut line = of(session.policy());
    if let Some(host) = session.receiving_mx() {
        line += &format!(" at {host}");
    }
    if let Some(address) = session.receiving_ip() {
        line += &format!(" {address}");
    }
    line += ":";
    for failure in session.failures() {
        assert!(failure.reason().cite().starts_with("RFC "));
        assert!(!failure.reason().to_string().is_empty());
        line += &format!(" {}", failure.result_type());
    }
    assert_eq!(session.is_successful(), session.failures().is_empty());
    line
}

fn lines(run: &Run) -> Vec<String> {
    sessions(run).iter().map(line).collect()
}

const TLSA: &str = "tlsa mx.example.com at mx.example.com";
const NONE: &str = "no-policy-found example.com at mx.example.com";

#[test]
fn an_authenticated_session_is_a_success_under_its_tlsa_records() {
    let zone = one_host(&usable("mx.example.com"))
        .with(&unusable("mx.example.com"))
        .with("_25._tcp.mx.example.com TLSA 3 1 1 00");
    let run = deliver_to(zone, Server::with(leaf()));
    assert_eq!(lines(&run), [format!("{TLSA} 192.0.2.1:")]);
    let sessions = sessions(&run);
    let policy = sessions[0].policy();
    let records: Vec<String> = policy.records().iter().map(ToString::to_string).collect();
    // RFC 8460 §4.5: all that was published, in an order that does not depend on the answer's.
    let published = [
        tlsa_text(1, 1, 1, leaf()),
        "3 1 1 00".to_owned(),
        tlsa_text(3, 1, 1, leaf()),
    ];
    assert_eq!(records, published);
    assert_eq!(*sessions[0].domain(), name("example.com"));
}

#[test]
fn tls_that_was_negotiated_counts_as_a_success_even_if_the_mail_was_not_taken() {
    let server = |transfer| Server {
        transfer,
        ..Server::with(leaf())
    };
    for transfer in [
        Transfer::Delayed { code: 451 },
        Transfer::Rejected { code: 550 },
        Transfer::Interrupted,
    ] {
        let run = deliver_to(one_host(&usable("mx.example.com")), server(transfer));
        assert_eq!(lines(&run), [format!("{TLSA} 192.0.2.1:")]);
    }
}

#[test]
fn without_tlsa_records_the_policy_domain_is_that_of_the_recipient() {
    let run = deliver_to(one_host(""), Server::with(leaf()));
    assert_eq!(lines(&run), [format!("{NONE} 192.0.2.1:")]);
    assert!(sessions(&run)[0].policy().records().is_empty());
}

#[test]
fn the_want_of_tls_is_a_failed_session_whether_it_was_demanded_or_not() {
    for (server, failure) in [
        (without_start_tls(), "starttls-not-supported"),
        (refusing_start_tls(), "starttls-not-supported"),
        (failing_handshakes(), "validation-failure"),
    ] {
        let run = deliver_to(one_host(&usable("mx.example.com")), server.clone());
        assert_eq!(lines(&run), [format!("{TLSA} 192.0.2.1: {failure}")]);
        let run = deliver_to(one_host(""), server.clone());
        assert!(run.delivered());
        assert_eq!(lines(&run), [format!("{NONE} 192.0.2.1: {failure}")]);
        // Two errors of one session (RFC 8460 §4).
        let run = deliver_to(one_host(&unusable("mx.example.com")), server);
        assert_eq!(
            lines(&run),
            [format!("{TLSA} 192.0.2.1: tlsa-invalid {failure}")]
        );
    }
}

#[test]
fn cleartext_behind_the_reply_to_start_tls_is_a_failed_session_under_any_policy() {
    let injecting = Server {
        start_tls: (220, 1),
        ..Server::with(leaf())
    };
    for (tlsa, policy) in [(usable("mx.example.com"), TLSA), (String::new(), NONE)] {
        let run = deliver_to(one_host(&tlsa), injecting.clone());
        assert!(!run.delivered());
        assert_eq!(
            lines(&run),
            [format!("{policy} 192.0.2.1: validation-failure")]
        );
    }
}

#[test]
fn a_certificate_that_fails_is_reported_by_its_type() {
    let run = deliver_to(
        one_host(&usable("mx.example.com")),
        Server::with(other_leaf()),
    );
    assert_eq!(
        lines(&run),
        [format!("{TLSA} 192.0.2.1: certificate-not-trusted")]
    );
    assert_eq!(
        sessions(&run)[0].failures()[0].reason().to_string(),
        "the server is not authenticated: none of the TLSA records matches"
    );
    let root = Authority::root();
    let anchor = format!(
        "_25._tcp.mx.example.com TLSA {}",
        tlsa_text(2, 0, 1, &root.der)
    );
    let nameless = root.server_with(|params| params.subject_alt_names.clear());
    for (leaf, failure) in [
        (root.server_with(expired), "certificate-expired"),
        (nameless, "certificate-host-mismatch"),
    ] {
        let run = judged(one_host(&anchor), vec![leaf, root.der.clone()]);
        assert_eq!(lines(&run), [format!("{TLSA} 192.0.2.1: {failure}")]);
    }
    let naked = Server {
        chain: Vec::new(),
        ..Server::with(leaf())
    };
    let run = deliver_to(one_host(&usable("mx.example.com")), naked);
    assert_eq!(
        lines(&run),
        [format!("{TLSA} 192.0.2.1: validation-failure")]
    );
}

/// Delivers to a server whose certificates are judged with all signature algorithms, as the world's own servers are not.
fn judged(zone: Zone, chain: Vec<Vec<u8>>) -> Run {
    use smtp_dane::delivery::{Delivery, Event, Step};
    use smtp_dane::session;

    use crate::support::pki::{algorithms, ders};
    use crate::support::world::NOW;

    let mut delivery = Delivery::new(domain(), Policy::default(), 1);
    loop {
        let event = match delivery.step() {
            Step::Lookup(queries) => {
                Event::Answer(queries[0].id(), zone.answer(queries[0].question()))
            }
            Step::Connect { .. } => Event::Connected,
            Step::Session(session::Step::Hello) => {
                Event::Session(session::Event::Hello(StartTlsOffer::Offered))
            }
            Step::Session(session::Step::StartTls) => {
                Event::Session(session::Event::StartTlsReply {
                    code: 220,
                    buffered: 0,
                })
            }
            Step::Session(session::Step::Handshake(tls)) => {
                let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
                let event =
                    session::Event::of_handshake(tls, &ders(&chain), NOW, algorithms(), &[]);
                Event::Session(event)
            }
            Step::Session(step) => panic!("not expected: {step:?}"),
            Step::Done(_) => break,
        };
        delivery.handle(event).unwrap();
    }
    Run {
        delivery,
        asked: Vec::new(),
        connected: Vec::new(),
        sent: Vec::new(),
    }
}

#[test]
fn records_of_no_use_make_a_failed_session_even_where_mail_went_on() {
    let run = deliver_to(one_host(&unusable("mx.example.com")), Server::with(leaf()));
    assert!(run.delivered());
    assert_eq!(lines(&run), [format!("{TLSA} 192.0.2.1: tlsa-invalid")]);
    assert_eq!(sessions(&run)[0].policy().records().len(), 1);
    // Never connected to.
    let run = World::new(one_host(&unusable("mx.example.com"))).deliver(domain(), &mandatory());
    assert_eq!(lines(&run), [format!("{TLSA}: tlsa-invalid")]);
    let many: Vec<String> = (0..65_u32)
        .map(|number| format!("_25._tcp.mx.example.com TLSA 3 1 1 {number:064x}"))
        .collect();
    let run = deliver_to(one_host(&many.join("\n")), Server::with(leaf()));
    assert_eq!(lines(&run), [format!("{TLSA}: tlsa-invalid")]);
}

#[test]
fn a_failed_tlsa_lookup_is_one_failed_session_under_its_base_domain() {
    for failure in Failure::ALL {
        let zone = one_host("").failing("_25._tcp.mx.example.com", QueryType::Tlsa, failure);
        let run = deliver_to(zone, Server::with(leaf()));
        assert_eq!(lines(&run), [format!("{TLSA}: dnssec-invalid")]);
    }
    // The base domain is where the host's alias leads.
    let zone = Zone::signed()
        .with("example.com MX 10 mx.example.com\nmx.example.com CNAME host.example")
        .with("host.example A 192.0.2.1")
        .failing("_25._tcp.host.example", QueryType::Tlsa, Failure::ALL[0]);
    let run = deliver_to(zone, Server::with(leaf()));
    assert_eq!(
        lines(&run),
        ["tlsa host.example at mx.example.com: dnssec-invalid"]
    );
    // The records are elsewhere, by an alias of their own.
    for chasing in [Chasing::WholeChain, Chasing::OneByOne] {
        let zone = one_host("_25._tcp.mx.example.com CNAME _dane.tlsa.example")
            .failing("_dane.tlsa.example", QueryType::Tlsa, Failure::Bogus)
            .chasing(chasing);
        let run = deliver_to(zone, Server::with(leaf()));
        assert_eq!(lines(&run), [format!("{TLSA}: dnssec-invalid")]);
    }
}

#[test]
fn a_lookup_that_failed_before_any_tlsa_record_has_no_policy() {
    for failure in [Failure::Bogus, Failure::Indeterminate] {
        let zone = Zone::signed().failing("example.com", QueryType::Mx, failure);
        let run = deliver_to(zone, Server::with(leaf()));
        assert_eq!(lines(&run), ["no-policy-found example.com: dnssec-invalid"]);
        let zone = one_host("").failing("mx.example.com", QueryType::A, failure);
        let run = deliver_to(zone, Server::with(leaf()));
        assert_eq!(lines(&run), [format!("{NONE}: dnssec-invalid")]);
    }
    let zone = Zone::signed()
        .with("example.com MX 10 mx.example.com\nmx.example.com CNAME host.example")
        .insecure("host.example A 192.0.2.1\nhost.example AAAA 2001:db8::1")
        .failing("mx.example.com", QueryType::Cname, Failure::Timeout);
    let run = deliver_to(zone, Server::with(leaf()));
    assert_eq!(lines(&run), [format!("{NONE}: dnssec-invalid")]);
}

#[test]
fn mandatory_dane_that_is_not_to_be_had_is_one_failed_session() {
    let run = World::new(one_host("")).deliver(domain(), &mandatory());
    assert_eq!(lines(&run), [format!("{NONE}: dane-required")]);
    let run = World::new(Zone::unsigned().with(ONE_HOST)).deliver(domain(), &mandatory());
    assert_eq!(lines(&run), ["no-policy-found example.com: dane-required"]);
}

#[test]
fn plain_network_trouble_is_no_session() {
    let zone = || one_host(&usable("mx.example.com"));
    assert!(lines(&World::new(zone()).deliver(domain(), &mandatory())).is_empty());
    let timeout = Zone::unsigned().failing("example.com", QueryType::Mx, Failure::Timeout);
    assert!(lines(&deliver_to(timeout, Server::with(leaf()))).is_empty());
    // Nobody was there to be encrypted to.
    let unreachable = World::new(one_host(&unusable("mx.example.com")));
    assert!(lines(&unreachable.deliver(domain(), &Policy::default())).is_empty());
    for moment in [Moment::Hello, Moment::StartTls] {
        let losing = Server {
            lost_at: Some(moment),
            ..Server::with(leaf())
        };
        let run = deliver_to(zone(), losing);
        assert!(lines(&run).is_empty(), "{moment:?}");
        assert!(!run.delivered() && !run.connected.is_empty());
    }
}

#[test]
fn each_attempt_is_a_session_of_its_own() {
    let zone = Zone::signed()
        .with(
            "example.com MX 10 mx.example.com
             example.com MX 20 mx2.example.com
             example.com MX 30 mx3.example.com
             mx.example.com A 192.0.2.1
             mx.example.com A 192.0.2.2
             mx.example.com A 192.0.2.3
             mx2.example.com A 192.0.2.4
             mx3.example.com A 192.0.2.5",
        )
        .with(&usable("mx.example.com"))
        .failing("_25._tcp.mx2.example.com", QueryType::Tlsa, Failure::Bogus);
    let run = World::new(zone)
        .server("192.0.2.1", without_start_tls())
        .server("192.0.2.2", Server::with(other_leaf()))
        .server("192.0.2.5", Server::with(leaf()))
        .deliver(domain(), &Policy::default());
    assert!(run.delivered());
    let mut lines = lines(&run);
    lines[..2].sort();
    assert_eq!(
        lines,
        [
            format!("{TLSA} 192.0.2.1: starttls-not-supported"),
            format!("{TLSA} 192.0.2.2: certificate-not-trusted"),
            "tlsa mx2.example.com at mx2.example.com: dnssec-invalid".to_owned(),
            "no-policy-found example.com at mx3.example.com 192.0.2.5:".to_owned(),
        ]
    );
}

#[test]
fn records_behind_an_insecure_mx_answer_are_the_policy_that_is_reported() {
    let zone = Zone::signed()
        .insecure("example.com MX 10 mx.example.com")
        .with("mx.example.com A 192.0.2.1")
        .with(&usable("mx.example.com"));
    for policy in [InsecureMx::UseTlsa, InsecureMx::Encrypt] {
        let run = World::new(zone.clone())
            .server("192.0.2.1", Server::with(leaf()))
            .deliver(domain(), &by_insecure_mx(policy));
        assert_eq!(lines(&run), [format!("{TLSA} 192.0.2.1:")]);
        assert_eq!(sessions(&run)[0].policy().records().len(), 1);
    }
}

#[test]
fn what_the_caller_alone_knows_can_be_added() {
    let run = deliver_to(one_host(""), without_start_tls());
    let session = sessions(&run).remove(0);
    assert_eq!(session.sending_mta_ip(), None);
    let session = session
        .from_address("2001:db8::1".parse().unwrap())
        .with_helo(&"ä".repeat(300))
        .with_additional_information("https://example.net/1".to_owned());
    assert_eq!(session.sending_mta_ip().unwrap().to_string(), "2001:db8::1");
    assert_eq!(
        session.receiving_mx_helo(),
        Some("ä".repeat(MAX_HELO).as_str())
    );
    assert_eq!(
        session.additional_information(),
        Some("https://example.net/1")
    );
}

#[test]
fn what_the_own_resolver_said_is_not_told_to_others() {
    use smtp_dane::dns::{Answer, ExtendedError, LookupError};

    let zone = one_host("");
    let run = World::new(zone.clone()).deliver_with(
        relay("mx.example.com"),
        &Policy::default(),
        &mut |_| 0,
        |question, _| match question.query_type() {
            QueryType::Tlsa => {
                let extended = ExtendedError {
                    code: 6,
                    text: "resolver7.internal".to_owned(),
                };
                Answer::failed(LookupError::Bogus).with_extended_errors(vec![extended])
            }
            _ => zone.answer(question),
        },
    );
    let sessions = sessions(&run);
    assert_eq!(
        sessions[0].failures()[0].reason().to_string(),
        "the lookup of _25._tcp.mx.example.com TLSA failed: the answer failed DNSSEC validation (bogus)"
    );
}
