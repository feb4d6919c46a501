//! RFC 7505: null MX.

use smtp_dane::dns::Security;
use smtp_dane::resolve::{NextHop, RouteError};
use smtp_dane::{DaneMode, Policy};

use crate::support::drive::{hosts, route};
use crate::support::name;
use crate::support::zone::Zone;

fn domain() -> NextHop {
    NextHop::domain(name("example.com"))
}

#[test]
fn section_3_a_sole_root_exchange_means_no_mail() {
    for record in ["example.com MX 0 .", "example.com MX 10 ."] {
        let (result, _) = route(&Zone::signed().with(record), domain(), &Policy::default());
        assert_eq!(
            result,
            Err(RouteError::NullMx(Security::Secure)),
            "{record}"
        );
    }
}

#[test]
fn section_3_a_root_beside_other_exchanges_is_dropped_and_never_looked_up() {
    let zone = Zone::signed().with("example.com MX 0 .\nexample.com MX 10 mx.example.com");
    let (result, asked) = route(&zone, domain(), &Policy::default());
    assert_eq!(hosts(&result.unwrap()), ["mx.example.com"]);
    assert_eq!(asked, ["example.com MX"]);
}

#[test]
fn section_4_1_an_insecure_null_mx_is_final_unless_dane_is_mandatory() {
    let zone = Zone::unsigned().with("example.com MX 0 .");
    let mut policy = Policy::default();
    assert_eq!(
        route(&zone, domain(), &policy).0,
        Err(RouteError::NullMx(Security::Insecure))
    );
    policy.dane = DaneMode::Mandatory;
    assert_eq!(
        route(&zone, domain(), &policy).0,
        Err(RouteError::InsecureMx)
    );
}
