//! Authentication of a server by its TLSA records: what must be proved, and the proof.
//!
//! Two witnesses stand here. An [`Authentication`] exists only for a host whose usable TLSA records came under DNSSEC; a
//! [`Verified`] exists only because a server's certificates matched them, and it serves that one `Authentication`.

use alloc::vec::Vec;
use core::fmt;

use pki_types::{CertificateDer, DnsName, SignatureVerificationAlgorithm, UnixTime};

use crate::cert::{CertificateError, RawCertificate};
use crate::dns::Security;
use crate::name::Name;
use crate::resolve::{Route, RouteKind};
use crate::tlsa::{Record, Selected, TlsaSet, UsableRecord, UsableUsage, sha256};

/// Most certificates of one handshake that are looked at. Chains in use have two to five.
pub const MAX_CHAIN: usize = 16;

/// What a server must prove (RFC 7672 §3.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Authentication {
    base: Name,
    reference_ids: Vec<Name>,
    scope: Scope,
    tlsa: TlsaSet,
    fingerprint: [u8; 32],
}

impl Authentication {
    pub(crate) fn new(base: Name, names: &NameRule, tlsa: TlsaSet) -> Self {
        let (reference_ids, scope) = names.reference_ids(&base);
        let fingerprint = fingerprint(&base, &reference_ids, scope, &tlsa);
        Self {
            base,
            reference_ids,
            scope,
            tlsa,
            fingerprint,
        }
    }

    /// The TLSA base domain (RFC 7672 §2.2.3).
    #[must_use]
    pub const fn base(&self) -> &Name {
        &self.base
    }

    /// The name to send in the server name indication (RFC 7672 §8.1); `None` if the base domain is no host name.
    #[must_use]
    pub fn server_name(&self) -> Option<DnsName<'static>> {
        self.base.to_server_name()
    }

    /// The names of which a certificate must bear one, unless a record of usage 3 matches it (RFC 7672 §3.2.2). The first
    /// is the TLSA base domain.
    #[must_use]
    pub fn reference_ids(&self) -> &[Name] {
        &self.reference_ids
    }

    /// What success will prove.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        self.scope
    }

    /// The records to authenticate by.
    #[must_use]
    pub const fn tlsa(&self) -> &TlsaSet {
        &self.tlsa
    }

    /// A digest of all that this authentication depends on. TLS sessions and connections kept for later may serve only an
    /// equal one.
    #[must_use]
    pub const fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    /// Judges the certificates of a handshake, the server's own first, just as the server sent them.
    ///
    /// Usage 3 looks at nothing but the server's own certificate: no name, no date, no signature (RFC 7672 §3.1.1), so
    /// neither `now` nor `algorithms` matter to it. Usage 2 cannot be verified yet: where only such records are left, the
    /// server is refused with [`VerifyError::TrustAnchorUnsupported`].
    ///
    /// The handshake itself must have proved that the server holds the key of its certificate; TLS does so.
    ///
    /// # Errors
    /// Why the server is not authenticated; it must not be given mail (RFC 7672 §3.2).
    pub fn verify(
        &self,
        chain: &[CertificateDer<'_>],
        _now: UnixTime,
        _algorithms: &[&dyn SignatureVerificationAlgorithm],
    ) -> Result<Verified, VerifyError> {
        if chain.len() > MAX_CHAIN {
            return Err(VerifyError::ChainBudget);
        }
        let leaf = chain.first().ok_or(VerifyError::NoCertificate)?;
        let parsed = RawCertificate::parse(leaf);
        let key = parsed.map(|certificate| certificate.subject_public_key_info());
        // A whole certificate is compared without being understood.
        let mut selected = Selected::new(Some(leaf), key.ok());
        let of_usage = |usage| {
            let records = self.tlsa.usable().iter();
            records.filter(move |record| record.usage() == usage)
        };
        // RFC 6698 §4.1: the records are alternatives.
        if let Some(record) = of_usage(UsableUsage::DaneEe).find(|record| selected.matches(record))
        {
            return Ok(self.verified(record, 0, None));
        }
        if of_usage(UsableUsage::DaneTa).next().is_some() {
            return Err(VerifyError::TrustAnchorUnsupported);
        }
        Err(key.map_or_else(VerifyError::Certificate, |_| VerifyError::NoRecordMatched))
    }

    fn verified(&self, record: &UsableRecord, depth: usize, name: Option<Name>) -> Verified {
        Verified {
            record: record.record().clone(),
            depth,
            name,
            scope: self.scope,
            fingerprint: self.fingerprint,
        }
    }
}

/// Which names, besides the TLSA base domain, a certificate may bear (RFC 7672 §3.2.2). It depends on how the host was
/// found, and never on what the server presents (RFC 9525 §6.1.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum NameRule {
    /// By an insecure MX answer: no other, since the next hop did not securely name this host.
    Insecure,
    /// By secure MX records: the next hop, and what it is an alias of.
    Exchange {
        next_hop: Name,
        expanded: Option<Name>,
    },
    /// Without MX records: the next hop, of which the base domain may be an alias.
    Direct { next_hop: Option<Name> },
}

impl NameRule {
    pub(crate) fn of(route: &Route) -> Self {
        let next_hop = route.next_hop().name().cloned();
        match (route.security(), route.kind(), next_hop) {
            (Security::Insecure, _, _) => Self::Insecure,
            (Security::Secure, RouteKind::Explicit, Some(next_hop)) => Self::Exchange {
                next_hop,
                expanded: route.expanded().cloned(),
            },
            (Security::Secure, _, next_hop) => Self::Direct { next_hop },
        }
    }

    fn reference_ids(&self, base: &Name) -> (Vec<Name>, Scope) {
        let (others, scope) = match self {
            Self::Insecure => ([None, None], Scope::Host),
            Self::Exchange { next_hop, expanded } => {
                ([Some(next_hop), expanded.as_ref()], Scope::NextHop)
            }
            Self::Direct { next_hop } => ([next_hop.as_ref(), None], Scope::NextHop),
        };
        let mut names = Vec::from([base.clone()]);
        for name in others.into_iter().flatten() {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        (names, scope)
    }
}

/// Binds together everything that a verdict depends on. Wire names and the number before each list keep the parts apart.
fn fingerprint(base: &Name, names: &[Name], scope: Scope, tlsa: &TlsaSet) -> [u8; 32] {
    let mut text = Vec::new();
    text.push(match scope {
        Scope::Host => 0,
        Scope::NextHop => 1,
    });
    text.extend_from_slice(base.as_wire());
    text.extend_from_slice(&names.len().to_be_bytes());
    for name in names {
        text.extend_from_slice(name.as_wire());
    }
    // The order of publication means nothing.
    let mut records: Vec<&Record> = tlsa.records().collect();
    records.sort_unstable();
    for record in records {
        text.extend_from_slice(&record.as_rdata().len().to_be_bytes());
        text.extend_from_slice(record.as_rdata());
    }
    sha256(&text)
}

/// What an authenticated connection proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a log must word each of them")]
pub enum Scope {
    /// The server is the host that it was taken for. An insecure MX answer named that host, so this must not be logged as
    /// secure delivery to the domain (RFC 7672 §2.2.1).
    Host,
    /// The server is one that the next hop securely named.
    NextHop,
}

/// The proof that a server's certificates satisfy one [`Authentication`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Verified {
    record: Record,
    depth: usize,
    name: Option<Name>,
    scope: Scope,
    fingerprint: [u8; 32],
}

impl Verified {
    /// The record that matched.
    #[must_use]
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// How far above the server's certificate the match is: 0 is that certificate itself.
    #[must_use]
    pub const fn depth(&self) -> usize {
        self.depth
    }

    /// The reference identifier that the certificate bears; none is looked for with usage 3.
    #[must_use]
    pub const fn name(&self) -> Option<&Name> {
        self.name.as_ref()
    }

    /// What is proved.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        self.scope
    }

    /// Whether this is the proof that `authentication` asks for.
    pub(crate) fn is_for(&self, authentication: &Authentication) -> bool {
        self.fingerprint == authentication.fingerprint
    }
}

/// Why a server is not authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VerifyError {
    /// The server sent no certificate.
    NoCertificate,
    /// The server sent more than [`MAX_CHAIN`] certificates.
    ChainBudget,
    /// None of the records matches.
    NoRecordMatched,
    /// The server's certificate cannot be read, so its key cannot be compared.
    Certificate(CertificateError),
    /// No record of usage 3 matches, and those of usage 2 cannot be verified by this version.
    TrustAnchorUnsupported,
}

impl VerifyError {
    /// The place in the standards that makes this a failure.
    #[must_use]
    pub const fn cite(&self) -> &'static str {
        match self {
            Self::NoCertificate => "RFC 7672 §8.2",
            Self::ChainBudget | Self::NoRecordMatched => "RFC 7672 §3.2",
            Self::Certificate(error) => error.cite(),
            Self::TrustAnchorUnsupported => "RFC 7672 §3.1.2",
        }
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCertificate => f.write_str("the server sent no certificate"),
            Self::ChainBudget => write!(f, "the server sent more than {MAX_CHAIN} certificates"),
            Self::NoRecordMatched => f.write_str("none of the TLSA records matches"),
            Self::Certificate(error) => {
                write!(f, "the server's certificate cannot be read: {error}")
            }
            Self::TrustAnchorUnsupported => {
                f.write_str("TLSA records of usage 2 cannot be verified by this version")
            }
        }
    }
}

impl core::error::Error for VerifyError {}
