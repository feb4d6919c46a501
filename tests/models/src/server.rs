//! The server, with the adversary before it: what can happen on a connection, and what did.

use std::sync::OnceLock;

use pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime};
use smtp_dane::VerifyError;
use smtp_dane::cert::{CertificateError, RawCertificate};
use smtp_dane::resolve::{Demand, TlsPolicy};
use smtp_dane::session::{Event, StartTlsOffer, Step};

/// The certificates of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certificate {
    Right,
    Other,
}

impl Certificate {
    pub fn der(self) -> &'static [u8] {
        match self {
            Self::Right => include_bytes!("../../data/rsa-server.der"),
            Self::Other => include_bytes!("../../data/p256-server.der"),
        }
    }

    pub fn public_key(self) -> &'static [u8] {
        static KEYS: [OnceLock<&[u8]>; 2] = [OnceLock::new(), OnceLock::new()];
        let [right, other] = &KEYS;
        let key = match self {
            Self::Right => right,
            Self::Other => other,
        };
        key.get_or_init(|| {
            let certificate = RawCertificate::parse(self.der()).unwrap();
            certificate.subject_public_key_info()
        })
    }
}

/// What a server shows in a handshake that succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shown {
    Chain(Certificate),
    /// The right certificate, behind another one that is the server's own.
    Buried,
    /// Octets that are no certificate.
    Unreadable,
    /// No certificate at all.
    Nothing,
    Key(Certificate),
    UnreadableKey,
}

/// Something that the adversary lets happen on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Move {
    Offer,
    Strip,
    Reject,
    Reply {
        code: u16,
        buffered: usize,
    },
    Show(Shown),
    /// The certificates cannot even be handed over; the caller says so where nothing need be proved.
    ShowUseless,
    FailHandshake,
    Reconnect,
    Drop,
}

/// How many different things can happen on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alphabet {
    /// Everything.
    Full,
    /// One of each kind that leads elsewhere.
    Few,
}

impl Alphabet {
    pub fn moves(self, step: Step<'_>) -> &'static [Move] {
        use Certificate::{Other, Right};
        use Move::{Drop, FailHandshake, Offer, Reconnect, Reject, Show, ShowUseless, Strip};
        const fn reply(code: u16, buffered: usize) -> Move {
            Move::Reply { code, buffered }
        }
        match (step, self) {
            (Step::Hello, Self::Full) => &[Offer, Strip, Reject, Drop],
            (Step::Hello, Self::Few) => &[Offer, Strip],
            (Step::StartTls, Self::Full) => {
                const {
                    &[
                        reply(220, 0),
                        reply(220, 1),
                        reply(454, 0),
                        reply(454, 7),
                        reply(421, 0),
                        reply(421, 1),
                        reply(250, 0),
                        Drop,
                    ]
                }
            }
            (Step::StartTls, Self::Few) => {
                const { &[reply(220, 0), reply(220, 1), reply(454, 0), reply(421, 0)] }
            }
            (Step::Handshake(_), Self::Full) => &[
                Show(Shown::Chain(Right)),
                Show(Shown::Chain(Other)),
                Show(Shown::Buried),
                Show(Shown::Unreadable),
                Show(Shown::Nothing),
                ShowUseless,
                FailHandshake,
                Drop,
            ],
            (Step::Handshake(_), Self::Few) => &[
                Show(Shown::Chain(Right)),
                Show(Shown::Chain(Other)),
                FailHandshake,
            ],
            (Step::RawPublicKeyHandshake(_), Self::Full) => &[
                Show(Shown::Key(Right)),
                Show(Shown::Key(Other)),
                Show(Shown::UnreadableKey),
                FailHandshake,
                Drop,
            ],
            (Step::RawPublicKeyHandshake(_), Self::Few) => {
                &[Show(Shown::Key(Right)), Show(Shown::Key(Other))]
            }
            (Step::Reconnect, Self::Full) => &[Reconnect, Drop],
            (Step::Reconnect, Self::Few) => &[Reconnect],
            (Step::Transfer(_) | Step::Abandon(_), _) => &[],
        }
    }
}

impl Move {
    /// What a caller in good order reports of it.
    pub fn event(self, step: Step<'_>) -> Event {
        let unreadable = VerifyError::Certificate(CertificateError::PublicKey);
        match (self, step) {
            (Self::Offer, _) => Event::Hello(StartTlsOffer::Offered),
            (Self::Strip, _) => Event::Hello(StartTlsOffer::Absent),
            (Self::Reject, _) => Event::HelloRejected { code: 554 },
            (Self::Reply { code, buffered }, _) => Event::StartTlsReply { code, buffered },
            (Self::Show(shown), Step::Handshake(tls)) => {
                Event::of_handshake(tls, &shown.chain(), NOW, &[], &[])
            }
            (Self::Show(shown), Step::RawPublicKeyHandshake(wanted)) => wanted
                .verify_raw_public_key(&SubjectPublicKeyInfoDer::from(shown.key()))
                .map_or_else(Event::NotAuthenticated, Event::Authenticated),
            (Self::Show(_), _) => Event::Encrypted,
            (Self::ShowUseless, _) => Event::NotAuthenticated(unreadable),
            (Self::FailHandshake, _) => Event::HandshakeFailed,
            (Self::Reconnect, _) => Event::Reconnected,
            (Self::Drop, _) => Event::ConnectionLost,
        }
    }
}

impl Shown {
    fn chain(self) -> Vec<CertificateDer<'static>> {
        let der = |certificate: Certificate| CertificateDer::from(certificate.der());
        match self {
            Self::Chain(certificate) => vec![der(certificate)],
            Self::Buried => vec![
                CertificateDer::from(&include_bytes!("../../data/v1-server.der")[..]),
                der(Certificate::Right),
                der(Certificate::Other),
            ],
            Self::Unreadable => vec![CertificateDer::from(&[0x30, 0x80, 0xff][..])],
            Self::Nothing | Self::Key(_) | Self::UnreadableKey => Vec::new(),
        }
    }

    fn key(self) -> &'static [u8] {
        match self {
            Self::Key(certificate) => certificate.public_key(),
            _ => &[0x30, 0x80, 0xff],
        }
    }

    /// Which certificate, or its key, the server showed as its own.
    fn own(self) -> Option<Certificate> {
        match self {
            Self::Chain(certificate) | Self::Key(certificate) => Some(certificate),
            Self::Buried | Self::Unreadable | Self::Nothing | Self::UnreadableKey => None,
        }
    }
}

/// What happened on the connection that is open now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Connection {
    /// A connection was opened, and neither end has closed it.
    pub open: bool,
    pub injected: bool,
    /// The handshake on this connection succeeded, and this is what the server showed.
    pub shown: Option<Shown>,
    /// The address was seen to offer STARTTLS, on this connection or one before it.
    pub offered: bool,
}

impl Connection {
    pub fn opened() -> Self {
        Self {
            open: true,
            ..Self::default()
        }
    }

    pub fn note(&mut self, event: Move) {
        match event {
            Move::Offer => self.offered = true,
            Move::Reply { code, buffered } => {
                self.injected |= buffered > 0;
                // RFC 5321 §3.8: after this reply the server closes the connection.
                self.open &= code != 421;
            }
            Move::Show(shown) => self.shown = Some(shown),
            Move::ShowUseless => self.shown = Some(Shown::Unreadable),
            Move::FailHandshake | Move::Drop | Move::Reject => {
                self.open = false;
            }
            Move::Reconnect => {
                *self = Self {
                    offered: self.offered,
                    ..Self::opened()
                };
            }
            Move::Strip => {}
        }
    }

    /// The caller does what the step says.
    pub fn obey(&mut self, step: Option<Step<'_>>) {
        if matches!(step, None | Some(Step::Reconnect | Step::Abandon(_))) {
            self.open = false;
        }
    }

    pub fn is_encrypted(&self) -> bool {
        self.shown.is_some()
    }

    /// The server showed a certificate or key that can be read, and injected nothing before; whatever the caller did then.
    pub fn is_sound(&self) -> bool {
        let own = self.shown.and_then(Shown::own);
        own.is_some() && !self.injected
    }

    pub fn proved(&self, certificates: &[Certificate]) -> bool {
        let own = self.shown.and_then(Shown::own);
        own.is_some_and(|own| certificates.contains(&own))
    }
}

/// Whether a caller in good order can report this event at this step.
pub fn belongs(step: Step<'_>, event: &Event) -> bool {
    use Event as E;
    let judges = |tls: &TlsPolicy| match tls {
        TlsPolicy::Authenticate(_) | TlsPolicy::Pkix(_) => true,
        TlsPolicy::Audit(audit) => matches!(audit.demand(), Demand::Authenticate(_)),
        TlsPolicy::Opportunistic(_) | TlsPolicy::Encrypt(_) => false,
    };
    match (step, event) {
        (Step::Transfer(_) | Step::Abandon(_), _) => false,
        (_, E::ConnectionLost) => true,
        (Step::Hello, E::Hello(_) | E::HelloRejected { .. }) => true,
        (Step::StartTls, E::StartTlsReply { .. }) => true,
        (Step::Handshake(tls), E::Encrypted) => !judges(tls),
        (Step::Handshake(_) | Step::RawPublicKeyHandshake(_), E::HandshakeFailed) => true,
        (Step::Handshake(_) | Step::RawPublicKeyHandshake(_), E::NotAuthenticated(_)) => true,
        (Step::Reconnect, E::Reconnected) => true,
        _ => false,
    }
}

/// When the models take place: 2026-01-01.
const NOW: UnixTime = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_767_225_600));
