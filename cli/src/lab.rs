//! A network of its own on loopback: a signed DNS hierarchy, a validating resolver and mail servers, in this process.
//!
//! Nothing here knows anything about DANE. It needs no rights and no set-up: ports are free ones, keys are made at start, and all of it
//! stops when the [`Lab`] is dropped.

use core::fmt;
use core::net::SocketAddr;
use core::num::NonZeroU16;
use std::io;

use crate::validator::{Anchor, Validator};
use authority::Authority;
use resolver::Resolver;
use smtp::{MailServer, MailServers, Mailbox};
use zones::{Hierarchy, Zone, ZoneError};

mod authority;
pub(crate) mod certificates;
mod resolver;
pub(crate) mod smtp;
pub(crate) mod zones;

#[cfg(test)]
mod tests;

/// A running lab.
#[derive(Debug)]
pub(crate) struct Lab {
    mail: MailServers,
    authority: Authority,
    resolver: Resolver,
    #[cfg(test)]
    anchor: Anchor,
    anchor_text: String,
}

impl Lab {
    /// Starts mail servers, and then the name servers with the zones that `zones` writes for the mail servers' port.
    ///
    /// # Errors
    ///
    /// If a zone cannot be built or a socket not be bound.
    pub(crate) async fn start(
        servers: Vec<MailServer>,
        zones: impl FnOnce(NonZeroU16) -> Vec<Zone>,
    ) -> Result<Self, LabError> {
        let mail = MailServers::start(servers).await?;
        let hierarchy = Hierarchy::build(&zones(mail.port()))?;
        let anchor = Anchor::keys(hierarchy.anchors);
        let authority = Authority::start(hierarchy.zones, hierarchy.failing).await?;
        let resolver = Resolver::start(authority.address(), anchor.clone()).await?;
        Ok(Self {
            mail,
            authority,
            resolver,
            #[cfg(test)]
            anchor,
            anchor_text: hierarchy.anchor_text,
        })
    }

    /// The validating resolver, for UDP and TCP.
    pub(crate) fn resolver_address(&self) -> SocketAddr {
        self.resolver.address()
    }

    /// The authoritative server of all zones, for UDP and TCP.
    pub(crate) fn authority_address(&self) -> SocketAddr {
        self.authority.address()
    }

    /// The same resolver in process, with a proof for each record.
    pub(crate) fn validator(&self) -> &Validator {
        self.resolver.validator()
    }

    /// The port of all mail servers.
    pub(crate) fn mail_port(&self) -> NonZeroU16 {
        self.mail.port()
    }

    /// The messages that the mail servers took.
    pub(crate) fn mailbox(&self) -> &Mailbox {
        self.mail.mailbox()
    }

    /// The key of the lab's root zone.
    #[cfg(test)]
    pub(crate) fn trust_anchor(&self) -> &Anchor {
        &self.anchor
    }

    /// The key of the lab's root zone in zone-file form, as in a trust anchor file.
    pub(crate) fn trust_anchor_text(&self) -> &str {
        &self.anchor_text
    }
}

/// Why a lab could not be started.
#[derive(Debug)]
pub(crate) enum LabError {
    /// A zone could not be built.
    Zone(ZoneError),
    /// A socket could not be bound, or a server not be set up.
    Io(io::Error),
}

impl fmt::Display for LabError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zone(error) => error.fmt(f),
            Self::Io(error) => write!(f, "the lab's servers could not be started: {error}"),
        }
    }
}

impl core::error::Error for LabError {}

impl From<ZoneError> for LabError {
    fn from(error: ZoneError) -> Self {
        Self::Zone(error)
    }
}

impl From<io::Error> for LabError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
