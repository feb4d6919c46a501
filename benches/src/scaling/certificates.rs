//! Records and certificates.

use pki_types::CertificateDer;
use smtp_dane::tlsa::{Record, Role, Selector, Usage};
use smtp_dane::{Authentication, Policy};

use super::clock::nanoseconds;
use crate::certificates::{Chain, authentication, of_authorities, record};
use crate::certificates::{verify, verify_unsigned};
use crate::messages::{name, strange_records};

const HOST: &str = "mx.example.com";

/// That many records, of which the last one is for this certificate.
fn records(count: u64, certificate: &CertificateDer<'_>) -> Vec<Record> {
    let strange = u8::try_from(count - 1).expect("few records");
    let mut records: Vec<_> = strange_records(strange)
        .iter()
        .map(|rdata| Record::from_rdata(rdata))
        .collect();
    records.push(record(Usage::DANE_EE, Selector::SPKI, certificate));
    records
}

/// Makes a set.
pub(super) fn set(count: u64) -> f64 {
    let [leaf, _, _] = Chain::p256().0;
    let records = records(count, &leaf);
    let (base, policy) = (name(HOST), Policy::default());
    nanoseconds(
        || (records.clone(), None),
        |(records, made)| {
            let records = std::mem::take(records);
            let set = Authentication::from_vouched_records(
                base.clone(),
                [],
                records,
                Role::Relay,
                &policy,
            );
            *made = set.ok();
            made.is_some()
        },
    )
}

/// Holds a certificate against a set.
pub(super) fn last_of_set(count: u64) -> f64 {
    let leaf = &Chain::p256().0[..1];
    let wanted = authentication(&[HOST], records(count, &leaf[0]));
    nanoseconds(|| (), |()| verify(&wanted, leaf))
}

/// Finds the way to the root.
pub(super) fn chain(certificates: u64) -> f64 {
    let chain = of_length(certificates);
    to_root(&chain[chain.len() - 1], &chain)
}

/// The same for a server that has its certificates in disorder.
pub(super) fn reversed_chain(certificates: u64) -> f64 {
    let mut chain = of_length(certificates);
    chain[1..].reverse();
    to_root(&chain[1], &chain)
}

fn of_length(certificates: u64) -> Vec<CertificateDer<'static>> {
    // One is the server's and one the root's.
    of_authorities(u8::try_from(certificates - 2).expect("a short chain"))
}

fn to_root(root: &CertificateDer<'_>, chain: &[CertificateDer<'_>]) -> f64 {
    let wanted = authentication(&[HOST], vec![record(Usage::DANE_TA, Selector::SPKI, root)]);
    nanoseconds(|| (), |()| verify_unsigned(&wanted, chain))
}
