#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use core::net::Ipv4Addr;
use std::time::Instant;

use smtp_dane::Policy;
use smtp_dane::resolve::NextHop;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::lab::Lab;
use crate::lab::certificates::Identity;
use crate::lab::smtp::MailServer;
use crate::lab::zones::Zone;
use crate::report::{HostResult, OutcomeKind, Report};

const PATIENCE: Duration = Duration::from_secs(2);

/// Two sound hosts; the first has an address besides where nobody listens.
async fn lab() -> (Lab, Arc<Network>) {
    let servers = [1, 2].map(|host| {
        let name = format!("mx{host}.good.test");
        let identity = Identity::self_signed(&[&name]).unwrap();
        MailServer::new(&name, host, identity)
    });
    let digests = servers.clone().map(|server| {
        let leaf = server.identity.chain.into_iter().next().unwrap();
        smtp_dane::tlsa::sha256(&leaf)
    });
    let zones = move |port| {
        let zone = Zone::signed("good.test")
            .record("good.test MX 10 mx1.good.test")
            .record("good.test MX 20 mx2.good.test")
            .record("good.test MX 30 mx3.good.test")
            .record("mx1.good.test A 127.0.0.1")
            .record("mx1.good.test AAAA ::ffff:127.0.0.98")
            .record("mx2.good.test A 127.0.0.2")
            .record("mx3.good.test A 127.0.0.98");
        let [first, second] = digests;
        let zone = zone.tlsa(&format!("_{port}._tcp.mx1.good.test"), 3, 0, 1, &first);
        vec![zone.tlsa(&format!("_{port}._tcp.mx2.good.test"), 3, 0, 1, &second)]
    };
    let lab = Lab::start(servers.into(), zones).await.unwrap();
    let network = Arc::new(Network {
        resolver: Resolver::trusting(lab.resolver_address(), PATIENCE),
        tls: TlsClient::new().unwrap(),
        patience: PATIENCE,
        hello: None,
        turns: Turns::new(1),
    });
    (lab, network)
}

async fn run(network: &Network, next_hop: NextHop, errand: Errand) -> (Run, Report) {
    let delivery = Delivery::new(next_hop, Policy::default(), 0);
    let run = network.run(delivery, &errand).await.unwrap();
    let report = Report::of("x".to_owned(), &run).unwrap();
    (run, report)
}

fn results(report: &Report) -> Vec<(HostResult, Vec<HostResult>)> {
    let attempts = |host: &crate::report::HostReport| {
        let results = host.attempts.iter().map(|attempt| attempt.result);
        (host.result, results.collect())
    };
    report.hosts.iter().map(attempts).collect()
}

use HostResult::{Authenticated, Cleartext, Refused, Unreachable};

#[tokio::test]
async fn a_probe_ends_with_the_first_success_and_a_survey_goes_on() {
    let (lab, network) = lab().await;
    let next_hop = NextHop::domain("good.test".parse().unwrap()).on_port(lab.mail_port());
    let first = (Authenticated, vec![Unreachable, Authenticated]);

    let (probe, report) = run(&network, next_hop.clone(), Errand::Probe).await;
    assert_eq!(results(&report).first(), Some(&first));
    assert_eq!(report.hosts.len(), 1);
    assert_eq!(probe.sightings.len(), 2);
    assert!(probe.survey.is_none());

    let (survey, report) = run(&network, next_hop, Errand::Survey).await;
    let second = (Authenticated, vec![Authenticated]);
    let third = (Unreachable, vec![Unreachable]);
    assert_eq!(results(&report), [first, second, third]);
    assert_eq!(survey.sightings.len(), 4);
    assert_eq!(report.outcome, OutcomeKind::Delivered);
    assert_eq!(survey.delivery, probe.delivery);
    assert!(lab.mailbox().messages().is_empty());
}

/// What comes of a server that says `replies`, each after it heard something, and then falls silent or goes away.
async fn opposite(replies: &[&str], ending: &str) -> Report {
    let (_lab, network) = lab().await;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let port = address.port().try_into().unwrap();
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        for (number, reply) in replies.iter().enumerate() {
            if number > 0 {
                let _length = stream.read(&mut [0; 512]).await.unwrap();
            }
            stream.write_all(reply.as_bytes()).await.unwrap();
        }
        if ending == "silent" {
            let _end = stream.read_to_end(&mut Vec::new()).await;
        }
    };
    let next_hop = NextHop::literal(address.ip()).on_port(port);
    let ((_, report), ()) = tokio::join!(run(&network, next_hop, Errand::Probe), server);
    report
}

#[tokio::test]
async fn servers_that_will_not_do() {
    let start = Instant::now();
    let (greeting, offer) = ("220 a\r\n", "250-a\r\n250 STARTTLS\r\n");
    for (replies, ending, result, code) in [
        (&["554 no\r\n"][..], "silent", Refused, "hello-rejected"),
        (&["421 no\r\n"], "gone", Refused, "hello-rejected"),
        (&["what\r\n"], "silent", Refused, "connection-lost"),
        (&["220 "], "gone", Refused, "connection-lost"),
        (&[greeting], "silent", Refused, "connection-lost"),
        (
            &[greeting, "550 no\r\n", "550 no\r\n"],
            "gone",
            Refused,
            "hello-rejected",
        ),
        (
            &[greeting, "550 no\r\n", "250 a\r\n"],
            "silent",
            Cleartext,
            "not-offered",
        ),
        (&[greeting, "250 a\r\n"], "gone", Cleartext, "not-offered"),
        (
            &[greeting, offer, "454 no\r\n"],
            "silent",
            Cleartext,
            "rejected",
        ),
        (
            &[greeting, offer, "220 go\r\nx"],
            "silent",
            Refused,
            "plaintext-injected",
        ),
        (
            &[greeting, offer, "454 no\r\n250 ok\r\n"],
            "silent",
            Refused,
            "plaintext-injected",
        ),
        // After a failed handshake nobody answers the second connection.
        (
            &[greeting, offer, "220 go\r\n", "nonsense"],
            "gone",
            Refused,
            "connection-lost",
        ),
        (
            &[greeting, offer, "220 go\r\n"],
            "silent",
            Refused,
            "connection-lost",
        ),
    ] {
        let report = opposite(replies, ending).await;
        let attempt = report
            .hosts
            .first()
            .and_then(|host| host.attempts.first())
            .unwrap();
        let reason = attempt.reason.as_ref().unwrap();
        assert_eq!(
            (attempt.result, reason.code.as_str()),
            (result, code),
            "{replies:?}"
        );
    }
    assert!(start.elapsed() < Duration::from_secs(20));
}
