//! Machines and what they take and give are plain values: to be cloned, compared, hashed and sent to any thread. It holds if this
//! compiles.

use core::fmt::Debug;
use core::hash::Hash;

use smtp_dane::delivery::{self, Delivery, Outcome, Transfer};
use smtp_dane::dns::{Answer, Query};
use smtp_dane::resolve::{
    Exchanger, HostError, HostLookup, NextHop, Plan, ResolverCheck, ResolverFault, Route,
    RouteError, Routing, Validation,
};
use smtp_dane::session::{self, Assurance, Refusal, Session};
use smtp_dane::tlsa::{Record, TlsaSet};
use smtp_dane::{Authentication, Name, Policy, Verified, VerifyError};

fn plain<T: Clone + Debug + Eq + Hash + Send + Sync + 'static>() {}

#[test]
fn machines_are_plain_values() {
    plain::<Delivery>();
    plain::<Routing>();
    plain::<HostLookup>();
    plain::<ResolverCheck>();
    plain::<Session>();
}

#[test]
fn what_machines_take_is_plain_values() {
    plain::<NextHop>();
    plain::<Policy>();
    plain::<Query>();
    plain::<Answer>();
    plain::<session::Event>();
    plain::<delivery::Event>();
    plain::<Transfer>();
}

#[test]
fn what_machines_give_is_plain_values() {
    plain::<Name>();
    plain::<Record>();
    plain::<TlsaSet>();
    plain::<Exchanger>();
    plain::<Route>();
    plain::<Plan>();
    plain::<Authentication>();
    plain::<Verified>();
    plain::<Assurance>();
    plain::<Outcome>();
    plain::<RouteError>();
    plain::<HostError>();
    plain::<Validation>();
    plain::<ResolverFault>();
    plain::<VerifyError>();
    plain::<Refusal>();
}
