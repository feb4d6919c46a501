//! One host with TLSA records, and certificates held against them.

use pki_types::CertificateDer;
use smtp_dane::dns::Security;
use smtp_dane::resolve::{HostError, NextHop, TlsPolicy};
use smtp_dane::tlsa::{MatchingType, Record, Role, Selector, Unusable, Usage};
use smtp_dane::{Authentication, Digests, Policy, Verified, VerifyError};

use super::certificates::tlsa_text;
use super::drive::plan;
use super::message::{Rr, hex};
use super::name;
use super::world::NOW;
use super::zone::Zone;

/// A signed zone with one mail host, at which `records` stand.
pub fn zone(records: &[Record]) -> Zone {
    let zone = Zone::signed().with(
        "example.com MX 10 mx.example.com
         mx.example.com A 192.0.2.1",
    );
    records.iter().fold(zone, |zone, record| {
        let record = Rr::new("_25._tcp.mx.example.com", 52, 3600, record.as_rdata());
        zone.record(record, Security::Secure)
    })
}

/// What a connection to a host with these records must live up to.
pub fn tls_policy(records: &[Record], policy: &Policy) -> Result<TlsPolicy, HostError> {
    let next_hop = NextHop::domain(name("example.com"));
    plan(&zone(records), next_hop, policy)
        .0
        .map(|plan| plan.tls().clone())
}

pub fn believing(digests: Digests) -> Policy {
    let mut policy = Policy::default();
    policy.digests = digests;
    policy
}

/// What a server with these records must prove.
pub fn authentication_by(records: &[Record], digests: Digests) -> Authentication {
    match tls_policy(records, &believing(digests)) {
        Ok(TlsPolicy::Authenticate(authentication)) => authentication,
        other => panic!("no authentication: {other:?}"),
    }
}

pub fn authentication(records: &[Record]) -> Authentication {
    authentication_by(records, Digests::default())
}

/// Holds a chain against records.
pub fn verify(records: &[Record], chain: &[&[u8]]) -> Result<Verified, VerifyError> {
    let chain: Vec<_> = chain.iter().map(|der| CertificateDer::from(*der)).collect();
    authentication(records).verify(&chain, NOW, &[])
}

/// The record that names `certificate`.
pub fn record(usage: u8, selector: u8, matching: u8, certificate: &[u8]) -> Record {
    let text = tlsa_text(usage, selector, matching, certificate);
    raw(
        usage,
        selector,
        matching,
        &hex(text.split(' ').next_back().unwrap()),
    )
}

pub fn raw(usage: u8, selector: u8, matching: u8, data: &[u8]) -> Record {
    Record::new(
        Usage(usage),
        Selector(selector),
        MatchingType(matching),
        data,
    )
}

pub fn usability(record: &Record) -> Result<(), Unusable> {
    record.usability(Role::Relay, Digests::default())
}
