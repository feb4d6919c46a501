//! The demo's domains: their zones and servers, and how mail to them must end.
//!
//! Each is told in one line, which says what the domain did and what must follow.

mod table;

pub(super) use table::SCENES;

use core::num::NonZeroU16;
use std::collections::BTreeMap;

use smtp_dane::cert::RawCertificate;
use smtp_dane::tlsa::sha256;

use crate::lab::certificates::Identity;
use crate::lab::smtp::{Credential, Handshake, MailServer, StartTls};
use crate::lab::zones::Zone;
use crate::report::{HostResult, OutcomeKind};

/// One domain.
pub(super) struct Scene {
    pub(super) domain: &'static str,
    pub(super) description: &'static str,
    pub(super) servers: &'static [Server],
    pub(super) zones: fn(&Ground) -> Vec<Zone>,
    pub(super) expected: Expected,
}

/// A mail server of a scene.
pub(super) struct Server {
    pub(super) name: &'static str,
    /// The last octet of its loopback address.
    host: u8,
    certificate: Certificate,
    credential: Credential,
    starttls: StartTls,
    handshake: Handshake,
}

/// Who signed a server's certificate.
#[derive(Clone, Copy)]
enum Certificate {
    /// The server itself.
    SelfSigned,
    /// An intermediate authority, whose certificate a root authority signed.
    Issued,
    /// The same, but the root's certificate is not sent.
    IssuedWithoutRoot,
    /// The same as [`Self::Issued`], but the certificate bears this name and not the server's.
    IssuedTo(&'static str),
}

/// How a scene must end.
pub(super) struct Expected {
    pub(super) outcome: OutcomeKind,
    /// The code of the reason.
    pub(super) reason: Option<&'static str>,
    /// Whether the reason must be an MX lookup that failed in DNSSEC validation.
    pub(super) fails_validation: bool,
    /// The hosts that must have been tried, in order, and what must have come of each.
    pub(super) hosts: &'static [(&'static str, HostResult)],
    pub(super) stored: Stored,
}

/// Where the message must be afterwards.
#[derive(Clone, Copy)]
pub(super) enum Stored {
    Nowhere,
    OverTls(&'static str),
    InClear(&'static str),
}

impl Server {
    /// A server that does everything right.
    const fn new(name: &'static str, host: u8) -> Self {
        Self {
            name,
            host,
            certificate: Certificate::SelfSigned,
            credential: Credential::Certificates,
            starttls: StartTls::Offered,
            handshake: Handshake::Completes,
        }
    }

    /// Makes its certificate.
    ///
    /// # Errors
    /// If there is no way to make one.
    pub(super) fn identity(&self) -> Result<Identity, rcgen::Error> {
        match self.certificate {
            Certificate::SelfSigned => Identity::self_signed(&[self.name]),
            Certificate::Issued => Identity::issued(&[self.name]),
            Certificate::IssuedWithoutRoot => {
                Identity::issued(&[self.name]).map(Identity::without_root)
            }
            Certificate::IssuedTo(name) => Identity::issued(&[name]),
        }
    }

    /// The server for the lab.
    pub(super) fn with(&self, identity: Identity) -> MailServer {
        MailServer::new(self.name, self.host, identity)
            .credential(self.credential)
            .starttls(self.starttls)
            .handshake(self.handshake)
    }
}

impl Expected {
    const fn delivered(hosts: &'static [(&'static str, HostResult)], stored: Stored) -> Self {
        Self {
            outcome: OutcomeKind::Delivered,
            reason: None,
            fails_validation: false,
            hosts,
            stored,
        }
    }

    const fn deferred(reason: &'static str, hosts: &'static [(&'static str, HostResult)]) -> Self {
        Self {
            outcome: OutcomeKind::Deferred,
            ..Self::failed(reason, hosts)
        }
    }

    const fn failed(reason: &'static str, hosts: &'static [(&'static str, HostResult)]) -> Self {
        Self {
            outcome: OutcomeKind::Failed,
            reason: Some(reason),
            fails_validation: false,
            hosts,
            stored: Stored::Nowhere,
        }
    }

    const fn because(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }

    const fn failing_validation(mut self) -> Self {
        self.fails_validation = true;
        self
    }
}

/// What zones are written from.
pub(super) struct Ground {
    port: NonZeroU16,
    identities: BTreeMap<&'static str, Identity>,
}

impl Ground {
    pub(super) const fn new(
        port: NonZeroU16,
        identities: BTreeMap<&'static str, Identity>,
    ) -> Self {
        Self { port, identities }
    }

    /// Where the TLSA records of a host stand.
    fn owner(&self, host: &str) -> String {
        format!("_{}._tcp.{host}", self.port)
    }

    /// The digest of a server's own key, as in `3 1 1`.
    fn key(&self, server: &str) -> [u8; 32] {
        self.key_above(server, 0)
    }

    /// The digest of the key of the intermediate above a server's certificate, as in `2 1 1`.
    fn intermediate_key(&self, server: &str) -> [u8; 32] {
        self.key_above(server, 1)
    }

    fn key_above(&self, server: &str, depth: usize) -> [u8; 32] {
        let identity = self.identities.get(server);
        let certificate = identity.and_then(|identity| identity.chain.get(depth));
        let certificate =
            certificate.and_then(|certificate| RawCertificate::parse(certificate).ok());
        certificate.map_or([0; 32], |certificate| {
            sha256(certificate.subject_public_key_info())
        })
    }

    /// The root certificate above a server's, as in `2 0 0`.
    fn root(&self, server: &str) -> &[u8] {
        let identity = self.identities.get(server);
        identity.map_or(&[], |identity| &identity.root)
    }

    /// A signed zone with one mail host at the apex's `mx`, and no TLSA records yet.
    fn signed(&self, domain: &str, host: u8) -> Zone {
        with_host(Zone::signed(domain), domain, "mx", host)
    }
}

/// Adds the address of a host below `domain`, and an MX record that names it. The host `mx2` comes after the others.
fn with_host(zone: Zone, domain: &str, label: &str, host: u8) -> Zone {
    let preference = if label == "mx2" { 20 } else { 10 };
    zone.record(format!("{domain} MX {preference} {label}.{domain}"))
        .record(format!("{label}.{domain} A 127.0.0.{host}"))
}
