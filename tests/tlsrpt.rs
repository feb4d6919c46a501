//! The result types of TLS reports (RFC 8460 §4.3).

use smtp_dane::Policy;
use smtp_dane::dns::QueryType;
use smtp_dane::report::tlsrpt::{self, ResultType};

use crate::support::certificates::{leaf, other_leaf, tlsa_text};
use crate::support::sites::{ONE_HOST, domain, mandatory, unusable, usable};
use crate::support::sites::{
    deliver_to, failing_handshakes, one_host, refusing_start_tls, without_start_tls,
};
use crate::support::world::{Moment, Run, Server, World};
use crate::support::zone::{Failure, Zone};

fn types(run: &Run) -> Vec<String> {
    let types = tlsrpt::result_types(&run.delivery);
    types.iter().map(ToString::to_string).collect()
}

#[test]
fn a_delivery_in_good_order_and_plain_network_trouble_are_not_reported() {
    let zone = || one_host(&usable("mx.example.com"));
    assert!(types(&deliver_to(zone(), Server::with(leaf()))).is_empty());
    assert!(types(&World::new(zone()).deliver(domain(), &mandatory())).is_empty());
    let timeout = Zone::unsigned().failing("example.com", QueryType::Mx, Failure::Timeout);
    assert!(types(&deliver_to(timeout, Server::with(leaf()))).is_empty());
    assert!(types(&deliver_to(one_host(""), without_start_tls())).is_empty());
    assert!(types(&deliver_to(Zone::signed(), without_start_tls())).is_empty());
    for moment in [Moment::Hello, Moment::StartTls] {
        let run = deliver_to(zone(), losing_at(moment));
        assert!(types(&run).is_empty(), "{moment:?}");
        assert!(!run.delivered() && !run.connected.is_empty());
    }
}

/// A server in good order, but for a connection that breaks.
fn losing_at(moment: Moment) -> Server {
    Server {
        lost_at: Some(moment),
        ..Server::with(leaf())
    }
}

#[test]
fn missing_or_refused_tls_is_reported_where_it_was_demanded() {
    for tlsa in [usable("mx.example.com"), unusable("mx.example.com")] {
        for server in [without_start_tls(), refusing_start_tls()] {
            let types = types(&deliver_to(one_host(&tlsa), server));
            assert!(
                types.contains(&"starttls-not-supported".to_owned()),
                "{types:?}"
            );
        }
    }
}

#[test]
fn a_certificate_that_no_record_names_is_not_trusted() {
    let run = deliver_to(
        one_host(&usable("mx.example.com")),
        Server::with(other_leaf()),
    );
    assert_eq!(types(&run), ["certificate-not-trusted"]);
}

#[test]
fn any_other_failure_of_tls_is_a_validation_failure() {
    let injecting = Server {
        start_tls: (220, 1),
        ..Server::with(leaf())
    };
    let naked = Server {
        chain: Vec::new(),
        ..Server::with(leaf())
    };
    for server in [failing_handshakes(), injecting, naked] {
        let run = deliver_to(one_host(&usable("mx.example.com")), server);
        assert_eq!(types(&run), ["validation-failure"]);
    }
}

#[test]
fn records_of_no_use_are_reported_even_where_mail_went_on() {
    let run = deliver_to(one_host(&unusable("mx.example.com")), Server::with(leaf()));
    assert!(run.delivered());
    assert_eq!(types(&run), ["tlsa-invalid"]);
    let run = World::new(one_host(&unusable("mx.example.com"))).deliver(domain(), &mandatory());
    assert_eq!(types(&run), ["tlsa-invalid"]);
    let many: Vec<String> = (0..65_u32)
        .map(|number| format!("_25._tcp.mx.example.com TLSA 3 1 1 {number:064x}"))
        .collect();
    let run = deliver_to(one_host(&many.join("\n")), Server::with(leaf()));
    assert_eq!(types(&run), ["tlsa-invalid"]);
}

#[test]
fn a_lookup_that_decides_on_dane_and_fails_is_reported_whatever_its_cause() {
    for failure in Failure::ALL {
        let zone = one_host("").failing("_25._tcp.mx.example.com", QueryType::Tlsa, failure);
        assert_eq!(
            types(&deliver_to(zone, Server::with(leaf()))),
            ["dnssec-invalid"]
        );
    }
    for failure in [Failure::Bogus, Failure::Indeterminate] {
        let zone = Zone::signed().failing("example.com", QueryType::Mx, failure);
        assert_eq!(
            types(&deliver_to(zone, Server::with(leaf()))),
            ["dnssec-invalid"]
        );
    }
}

#[test]
fn a_failed_query_for_the_alias_of_a_host_decides_on_dane_as_well() {
    let zone = Zone::signed()
        .with("example.com MX 10 mx.example.com\nmx.example.com CNAME host.example")
        .insecure("host.example A 192.0.2.1\nhost.example AAAA 2001:db8::1")
        .failing("mx.example.com", QueryType::Cname, Failure::Timeout);
    assert_eq!(
        types(&deliver_to(zone, Server::with(leaf()))),
        ["dnssec-invalid"]
    );
}

#[test]
fn mandatory_dane_that_the_host_does_not_offer_is_reported() {
    let insecure = one_host("").insecure(&usable("mx.example.com"));
    for zone in [one_host(""), insecure, Zone::unsigned().with(ONE_HOST)] {
        let run = World::new(zone).deliver(domain(), &mandatory());
        assert_eq!(types(&run), ["dane-required"]);
    }
}

#[test]
fn each_type_is_reported_once_over_all_hosts_and_addresses() {
    let zone = Zone::signed()
        .with(
            "example.com MX 10 mx.example.com
             example.com MX 20 mx2.example.com
             mx.example.com A 192.0.2.1
             mx.example.com A 192.0.2.2
             mx2.example.com A 192.0.2.1",
        )
        .with(&format!(
            "_25._tcp.mx.example.com TLSA {}",
            tlsa_text(3, 1, 1, other_leaf())
        ))
        .with(&unusable("mx2.example.com"));
    let run = World::new(zone)
        .server("192.0.2.1", without_start_tls())
        .server("192.0.2.2", Server::with(leaf()))
        .deliver(domain(), &Policy::default());
    let expected = [
        ResultType::StartTlsNotSupported,
        ResultType::CertificateNotTrusted,
        ResultType::TlsaInvalid,
    ];
    assert_eq!(tlsrpt::result_types(&run.delivery), expected);
}
