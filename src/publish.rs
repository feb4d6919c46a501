//! The publisher's self-check: whether clients can authenticate a server by the TLSA records that are published for it, and
//! whether they still can after the next change (RFC 7671 §8, §10.3).
//!
//! It judges the chains that the server sends by the same verifier that clients run, never by the authorities that happen to
//! be installed: an authority that is installed but not sent is just the fault to find (RFC 7672 §3.1.2).
//!
//! | question | answer |
//! |---|---|
//! | Will clients refuse this server? | [`check`], findings of [`Severity::Critical`] |
//! | Are all hosts of a domain protected? | [`check_domain`], of what a delivery found |
//! | Which records shall I publish? | [`advise`] |
//! | How do I come to a new key, or to other records? | [`Rollover::plan`] |
//!
//! No finding ever asks to turn TLS off: with TLSA records in the DNS that stops all mail of clients that look at them. A new
//! certificate that makes the check critical must not be put in use; the old one stays until the records fit.
//!
//! **Each combination of usage, selector and matching type counts alone** (RFC 7671 §8), since some clients do not know all of
//! them; that another record matches is no excuse. What clients may choose of is decided here:
//!
//! - Records that a relay cannot use, usages 0 and 1 among them, are reported and take no part in the comparison.
//! - A client that came by a next hop of [`Server::next_hops`] takes a certificate with the host's name or with that name. One
//!   that came by an insecure MX answer, or by a domain not listed, knows the host's name alone. Where the certificate bears
//!   the listed next hops but not the host, that is a warning; it is critical if a listed next hop finds neither name.
//! - The dates of a trust anchor count, and so does a common name, as by the default policy; a name that stands there alone is
//!   a warning.

mod advice;
mod chains;
mod domain;
mod finding;
mod proof;
mod rollover;
mod rrset;
mod rule;

pub use advice::{Advice, AdviceError, IssuerAdvice, advise};
pub use domain::{DomainFinding, DomainRule, check_domain};
pub use finding::{Finding, Place, Severity};
pub use proof::Parameters;
pub use rollover::{Action, Rollover, RolloverError, Step};
pub use rrset::{MAX_ANSWER, MAX_TTL, SIGNATURE_NOTICE, answer_size};
pub use rule::Rule;

use alloc::vec::Vec;

use pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};

use crate::name::Name;
use crate::tlsa::Record;

/// How long before a certificate expires there is a finding: 14 days, in seconds. The shortest certificates in wide use, of
/// 45 days, are renewed a third of their time before they expire, which is just before this.
pub const EXPIRY_NOTICE: u64 = 14 * 86_400;

/// The certificates that a server sends in one handshake, its own first.
pub type Chain<'a> = Vec<CertificateDer<'a>>;

/// What a server shows to its clients: in the DNS, and in TLS handshakes.
///
/// ```
/// use smtp_dane::publish::{Rule, Server, check};
///
/// let mut server = Server::new("mx.example.com".parse()?);
/// server.ttl = Some(3600);
/// let findings = check(&server, pki_types::UnixTime::since_unix_epoch(core::time::Duration::ZERO), &[]);
/// assert_eq!(findings[0].rule, Rule::NoRecords);
/// # Ok::<(), smtp_dane::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Server<'a> {
    /// The TLSA base domain: the MX host, after aliases (RFC 7672 §2.2.3).
    pub host: Name,
    /// The domains whose mail comes here by secure MX records, and what they are aliases of: a certificate may bear one of
    /// these in place of the host (RFC 7672 §3.2.2). Without any, clients are taken to know the host alone.
    pub next_hops: Vec<Name>,
    /// The TLSA records of the host, for port 25 or 587.
    pub records: Vec<Record>,
    /// The time to live of these records in seconds, if it is known.
    pub ttl: Option<u32>,
    /// When the signature of these records expires, if it is known.
    pub signed_until: Option<UnixTime>,
    /// Which clients are offered STARTTLS.
    pub starttls: StartTls,
    /// The chains of which one is sent to a client that names no server, or an unknown one (RFC 7672 §8.1). More than one if
    /// the choice depends on the client, as with keys of RSA and of ECDSA.
    pub default_chains: Vec<Chain<'a>>,
    /// Chains that are sent instead to a client that names this server, each with its name. Only those belong here that
    /// clients of these records may come to: those of the host, and of names that lead to it.
    pub named_chains: Vec<(Name, Chain<'a>)>,
    /// Chains that shall be sent in future in place of those of today.
    pub next_chains: Vec<Chain<'a>>,
}

impl Server<'_> {
    /// A server that offers STARTTLS to all, about which nothing else is known yet.
    #[must_use]
    pub const fn new(host: Name) -> Self {
        Self {
            host,
            next_hops: Vec::new(),
            records: Vec::new(),
            ttl: None,
            signed_until: None,
            starttls: StartTls::Always,
            default_chains: Vec::new(),
            named_chains: Vec::new(),
            next_chains: Vec::new(),
        }
    }

    /// Every chain with its place, those of today first.
    fn chains(&self) -> impl Iterator<Item = (Place, &Chain<'_>)> {
        let default = self.default_chains.iter().enumerate();
        let named = self.named_chains.iter();
        let next = self.next_chains.iter().enumerate();
        default
            .map(|(number, chain)| (Place::Default(number), chain))
            .chain(named.map(|(name, chain)| (Place::Named(name.clone()), chain)))
            .chain(next.map(|(number, chain)| (Place::Next(number), chain)))
    }
}

/// Which clients a server offers STARTTLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "all, some and none leave nothing out"
)]
pub enum StartTls {
    /// All of them.
    #[default]
    Always,
    /// Some, for example those that passed greylisting (RFC 7672 §9.2).
    Sometimes,
    /// None.
    Never,
}

/// Checks a server at the time `now`. Findings come in the order of their severity, the worst first.
///
/// `algorithms` are those that clients believe; those of a rustls `CryptoProvider` will do. If no finding is
/// [critical](Severity::Critical), each client that came by one of [`Server::next_hops`] (or by the host alone, if there is
/// none) authenticates the server by each combination of parameters, whatever chain it is sent.
#[must_use]
pub fn check(
    server: &Server<'_>,
    now: UnixTime,
    algorithms: &[&dyn SignatureVerificationAlgorithm],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let usable = rrset::check(server, now, &mut findings);
    if let Some(usable) = usable {
        let judge = proof::Judge {
            host: &server.host,
            next_hops: &server.next_hops,
            algorithms,
        };
        chains::check(server, &usable, &judge, now, &mut findings);
    }
    findings.sort_by_key(|finding| finding.severity);
    findings
}
