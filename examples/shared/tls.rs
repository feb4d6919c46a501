//! What a handshake with rustls needs, whoever moves the octets. The library judges the server while it goes on.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use rustls::pki_types::{DnsName, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection};
use smtp_dane::delivery::Event;
use smtp_dane::resolve::TlsPolicy;
use smtp_dane::rustls::DaneVerifier;
use smtp_dane::session::Step;

use crate::smtp;

/// One handshake. Each has a configuration of its own, so no session of an earlier one is resumed.
pub(crate) struct Handshake {
    verifier: Arc<DaneVerifier>,
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) name: ServerName<'static>,
}

impl Handshake {
    /// The one that a step of the session asks for. `name` is that of `Plan::server_name`.
    pub(crate) fn of(
        step: Step<'_>,
        name: Option<DnsName<'static>>,
        address: IpAddr,
    ) -> io::Result<Self> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = |tls| DaneVerifier::new(tls, Arc::clone(&provider));
        let verifier = Arc::new(match step {
            Step::Handshake(tls) => verifier(tls.clone()),
            Step::RawPublicKeyHandshake(wanted) => {
                verifier(TlsPolicy::Authenticate(wanted.clone())).with_raw_public_key()
            }
            _ => return Err(io::Error::other("this step is no handshake")),
        });
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone())
            .with_no_client_auth();
        config.enable_sni = name.is_some();
        // rustls wants a name in any case, and the verifier looks at those of the policy alone.
        let name = name.map_or(ServerName::IpAddress(address.into()), ServerName::DnsName);
        Ok(Self {
            verifier,
            config: Arc::new(config),
            name,
        })
    }

    /// What the handshake means to the session, once it has succeeded.
    pub(crate) fn event(&self, connection: &ClientConnection) -> Event {
        let certificates = connection.peer_certificates();
        Event::Session(self.verifier.confirm(certificates, UnixTime::now()))
    }
}

/// What it means to a step that it failed.
pub(crate) fn failed(step: Step<'_>, error: &io::Error) -> Event {
    match step {
        Step::Handshake(_) | Step::RawPublicKeyHandshake(_) => {
            Event::Session(DaneVerifier::failed_io(error))
        }
        step => smtp::broken(step),
    }
}
