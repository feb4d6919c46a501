//! RFC 5321 §3.8 and RFC 8314: connections that end early, and those on which TLS comes first.

use smtp_dane::VerifyError;
use smtp_dane::resolve::{self, HostError, HostLookup, NextHop, NotApplicable, TlsPolicy};
use smtp_dane::session::{Assurance, Downgrade, Event, Refusal, Session, StartTlsOffer, Step};

use crate::support::certificates::{leaf, tlsa_text};
use crate::support::sites::{ONE_HOST, domain};
use crate::support::zone::Zone;
use crate::support::{drive, name};

fn opportunistic() -> TlsPolicy {
    TlsPolicy::Opportunistic(NotApplicable::NoTlsa)
}

fn authenticate() -> TlsPolicy {
    let record = format!(
        "_25._tcp.mx.example.com TLSA {}",
        tlsa_text(3, 1, 1, leaf())
    );
    let zone = Zone::signed().with(ONE_HOST).with(&record);
    let plan = drive::plan(&zone, domain(), &smtp_dane::Policy::default())
        .0
        .unwrap();
    assert!(matches!(plan.tls(), TlsPolicy::Authenticate(_)));
    plan.tls().clone()
}

#[test]
fn a_server_that_closes_in_place_of_tls_is_called_anew_in_cleartext_only_where_dane_does_not_apply()
{
    let refused = |tls| {
        let mut session = Session::new(tls, &smtp_dane::Policy::default());
        session
            .handle(Event::Hello(StartTlsOffer::Offered))
            .unwrap();
        let closing = Event::StartTlsReply {
            code: 421,
            buffered: 0,
        };
        session.handle(closing).unwrap();
        session
    };
    let mut session = refused(opportunistic());
    assert_eq!(session.step(), Step::Reconnect);
    session.handle(Event::Reconnected).unwrap();
    session.handle(Event::Hello(StartTlsOffer::Absent)).unwrap();
    let cleartext = Assurance::Cleartext(Downgrade::Rejected { code: 421 });
    assert_eq!(session.step(), Step::Transfer(&cleartext));
    let refusal = Refusal::StartTlsRejected { code: 421 };
    assert_eq!(refused(authenticate()).step(), Step::Abandon(&refusal));
}

#[test]
fn where_tls_comes_first_no_failure_leads_to_cleartext() {
    for tls in [opportunistic(), authenticate()] {
        for event in [
            Event::HandshakeFailed,
            Event::ConnectionLost,
            Event::NotAuthenticated(VerifyError::NoRecordMatched),
        ] {
            let mut session = Session::with_implicit_tls(tls.clone());
            assert_eq!(session.step(), Step::Handshake(&tls));
            session.handle(event.clone()).unwrap();
            assert!(
                matches!(session.step(), Step::Abandon(_)),
                "{event:?} under {tls:?}"
            );
        }
    }
}

#[test]
fn where_tls_comes_first_the_policy_is_what_it_always_is() {
    let mut session = Session::with_implicit_tls(opportunistic());
    session.handle(Event::Encrypted).unwrap();
    assert_eq!(session.step(), Step::Transfer(&Assurance::Encrypted));
    let mut session = Session::with_implicit_tls(authenticate());
    assert!(session.handle(Event::Encrypted).is_err());
    assert!(
        session
            .handle(Event::Hello(StartTlsOffer::Offered))
            .is_err()
    );
}

#[test]
fn a_host_is_looked_up_for_its_own_route_alone() {
    // Otherwise the names of one domain would count for the hosts of another, which never named them.
    let policy = smtp_dane::Policy::default();
    let of_others = Zone::signed().with("other.example MX 10 mx.other.example");
    let zone = Zone::signed().with(ONE_HOST);
    let other = NextHop::domain(name("other.example"));
    let (ours, others) = (
        drive::route(&zone, domain(), &policy),
        drive::route(&of_others, other, &policy),
    );
    let (ours, others) = (ours.0.unwrap(), others.0.unwrap());
    let lookup = HostLookup::new(&ours.exchangers()[0], &others, &policy);
    assert_eq!(
        lookup.step(),
        resolve::Step::Done(Err(&HostError::NotOfRoute))
    );
}
