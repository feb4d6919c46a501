//! Authentication of a server by its TLSA records: what must be proved, and the proof.
//!
//! | usage | what must hold |
//! |---|---|
//! | DANE-EE(3) | a record matches the server's certificate; nothing else counts (RFC 7672 §3.1.1) |
//! | DANE-TA(2) | the server's certificate bears a reference identifier, and a path leads from it to an anchor that a record matches (RFC 7672 §3.1.2, §3.2.2) |
//!
//! The records are alternatives: one that holds is enough (RFC 6698 §4.1).
//!
//! Two witnesses stand here. An [`Authentication`] exists only for a host whose usable TLSA records came under DNSSEC; a
//! [`Verified`] exists only because a server's certificates matched them, and it serves that one `Authentication`.

mod error;
mod pkix;
mod reference;

pub use error::VerifyError;
pub use pkix::PublicPki;
pub(crate) use reference::NameRule;

use alloc::vec::Vec;
use core::fmt;

use pki_types::{CertificateDer, DnsName, SignatureVerificationAlgorithm};
use pki_types::{SubjectPublicKeyInfoDer, TrustAnchor, UnixTime};

use crate::cert::chain::{self, Handshake};
use crate::cert::{CertificateError, RawCertificate, is_subject_public_key_info, names};
use crate::name::Name;
use crate::policy::{AnchorDates, CnId, Policy};
use crate::tlsa::{self, Published, Record, Role, Selected, SetError, TlsaSet, Unusable};
use crate::tlsa::{UsableRecord, UsableUsage, sha256};

/// Most certificates of one handshake that are looked at. Chains in use have two to five. Of those that bear the name of one
/// authority, the first four different ones count.
pub const MAX_CHAIN: usize = 16;

/// What a server must prove (RFC 7672 §3.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Authentication {
    base: Name,
    reference_ids: Vec<Name>,
    scope: Scope,
    tlsa: TlsaSet,
    cn_id: CnId,
    anchor_dates: AnchorDates,
    fingerprint: [u8; 32],
}

impl Authentication {
    pub(crate) fn new(base: Name, names: &NameRule, tlsa: TlsaSet, policy: &Policy) -> Self {
        let (reference_ids, scope) = names.reference_ids(&base);
        Self::with_names(base, reference_ids, scope, tlsa, policy)
    }

    fn with_names(
        base: Name,
        reference_ids: Vec<Name>,
        scope: Scope,
        tlsa: TlsaSet,
        policy: &Policy,
    ) -> Self {
        let mut authentication = Self {
            base,
            reference_ids,
            scope,
            tlsa,
            cn_id: policy.cn_id,
            anchor_dates: policy.anchor_dates,
            fingerprint: [0; 32],
        };
        authentication.fingerprint = fingerprint(&authentication);
        authentication
    }

    /// Makes an authentication without a lookup, for tools that are given records by hand. `other_names` are reference
    /// identifiers besides the base domain, in order.
    ///
    /// **Nothing vouches here for the records having come under DNSSEC but the caller's word.** A mail server has no use for
    /// this: it gets its authentications from [`HostLookup`](crate::resolve::HostLookup).
    ///
    /// # Errors
    /// Why there is nothing to authenticate by: the reasons of all records, or that they are too many.
    pub fn from_vouched_records(
        base: Name,
        other_names: impl IntoIterator<Item = Name>,
        records: Vec<Record>,
        role: Role,
        policy: &Policy,
    ) -> Result<Self, NoAuthentication> {
        let mut reference_ids = Vec::from([base.clone()]);
        reference_ids.extend(other_names);
        match tlsa::sort(records, role, policy.digests).map_err(NoAuthentication::Set)? {
            Published::Usable(tlsa) => {
                // Nobody looked up which hosts a next hop has.
                let scope = Scope::Host;
                Ok(Self::with_names(base, reference_ids, scope, tlsa, policy))
            }
            Published::AllUnusable(records) => Err(NoAuthentication::AllUnusable(records)),
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

    /// Whether the TLS handshake may offer to take a raw public key (RFC 7250) in place of certificates: only if each record
    /// that counts can match one, so that nothing is lost by it (RFC 7671 §5.1).
    #[must_use]
    pub fn offers_raw_public_key(&self) -> bool {
        self.tlsa.usable().iter().all(UsableRecord::fits_bare_key)
    }

    /// Judges the certificates of a handshake, the server's own first, just as the server sent them.
    ///
    /// Usage 3 looks at nothing but the server's own certificate: no name, no date, no signature (RFC 7672 §3.1.1), so
    /// neither `now` nor `algorithms` matter to it. For usage 2, `algorithms` are all signature algorithms that the caller
    /// trusts; those of a rustls `CryptoProvider` will do.
    ///
    /// **Danger: a certificate is public, and anybody can show it.** That the server holds its key is proved by the signature in the
    /// handshake, which stands outside of this: see [`Event::of_handshake`](crate::session::Event::of_handshake).
    ///
    /// # Errors
    /// Why the server is not authenticated: it must not be given mail (RFC 7672 §3.2). Of many reasons it is the one that
    /// comes closest to success.
    pub fn verify(
        &self,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
    ) -> Result<Verified, VerifyError> {
        self.verify_with_roots(chain, now, algorithms, &[])
    }

    /// Like [`Self::verify`], for records of the role [`Role::Submission`]: `roots` are the public authorities that usages
    /// 0 and 1 demand besides.
    ///
    /// # Errors
    /// As for [`Self::verify`].
    pub fn verify_with_roots(
        &self,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
        roots: &[TrustAnchor<'_>],
    ) -> Result<Verified, VerifyError> {
        let handshake = Handshake::new(chain, now, algorithms)?;
        let parsed = RawCertificate::parse(handshake.leaf).map_err(VerifyError::Certificate);
        let key = parsed.map(|certificate| certificate.subject_public_key_info());
        // A whole certificate is compared without being understood.
        if let Some(record) = self.end_entity_match(Some(handshake.leaf), key.ok()) {
            return Ok(self.verified(record, 0, None));
        }
        // A certificate that could not be read was not compared with all records, which is worth more to know than that
        // none matched; unless none of them needed to read it.
        let certificate = parsed.map_err(|error| {
            let all_compared = !self
                .tlsa
                .usable()
                .iter()
                .any(UsableRecord::reads_certificate);
            if all_compared {
                VerifyError::NoRecordMatched
            } else {
                error
            }
        })?;
        self.by_trust_anchor(handshake, &certificate)
            .or_else(|error| {
                let by_public_pki = self.by_public_pki(handshake, &certificate, roots);
                by_public_pki.map_err(|other| other.max(error))
            })
    }

    /// Usage 2 (RFC 7672 §3.1.2).
    fn by_trust_anchor(
        &self,
        handshake: Handshake<'_>,
        certificate: &RawCertificate<'_>,
    ) -> Result<Verified, VerifyError> {
        let records = self.tlsa.usable();
        let borne = names::borne_by(certificate, &self.reference_ids, self.cn_id);
        let form = borne.ok().flatten().map(|(_, form)| form);
        let (record, depth) = chain::find_anchored(handshake, records, self.anchor_dates, form)?;
        let borne = borne.map_err(VerifyError::Certificate)?;
        let (name, _) = borne.ok_or(VerifyError::NameMismatch)?;
        Ok(self.verified(record, depth, Some(name.clone())))
    }

    /// Usages 0 and 1, which a relay's set never has (RFC 6698 §2.1.1).
    fn by_public_pki(
        &self,
        handshake: Handshake<'_>,
        certificate: &RawCertificate<'_>,
        roots: &[TrustAnchor<'_>],
    ) -> Result<Verified, VerifyError> {
        let records = self.tlsa.usable();
        let (record, depth) = chain::find_constrained(handshake, records, roots)?;
        let name = dns_id_of(certificate, &self.reference_ids)?;
        Ok(self.verified(record, depth, Some(name)))
    }

    /// Judges a raw public key (RFC 7250), its `SubjectPublicKeyInfo` just as the server sent it. Only records `3 1 x` can
    /// match (RFC 7671 §5.1).
    ///
    /// # Errors
    /// As for [`Self::verify`].
    pub fn verify_raw_public_key(
        &self,
        key: &SubjectPublicKeyInfoDer<'_>,
    ) -> Result<Verified, VerifyError> {
        if !is_subject_public_key_info(key) {
            return Err(VerifyError::Certificate(CertificateError::PublicKey));
        }
        let record = self.end_entity_match(None, Some(key));
        let record = record.ok_or(VerifyError::NoRecordMatched)?;
        Ok(self.verified(record, 0, None))
    }

    /// The first record of usage 3 that matches.
    fn end_entity_match(
        &self,
        certificate: Option<&[u8]>,
        key: Option<&[u8]>,
    ) -> Option<&UsableRecord> {
        let mut selected = Selected::new(certificate, key);
        let mut records = self.tlsa.usable().iter();
        records.find(|record| record.usage() == UsableUsage::DaneEe && selected.matches(record))
    }

    fn verified(&self, record: &UsableRecord, depth: usize, name: Option<Name>) -> Verified {
        Verified {
            record: Some(record.record().clone()),
            depth,
            name,
            scope: self.scope,
            fingerprint: self.fingerprint,
        }
    }
}

/// The first reference identifier that a certificate bears as a DNS-ID, where the common name never counts (RFC 9525 §2).
fn dns_id_of(
    certificate: &RawCertificate<'_>,
    reference_ids: &[Name],
) -> Result<Name, VerifyError> {
    let borne = names::borne_by(certificate, reference_ids, CnId::Never);
    let (name, _) = borne
        .map_err(VerifyError::Certificate)?
        .ok_or(VerifyError::NameMismatch)?;
    Ok(name.clone())
}

/// Binds together everything that a verdict depends on. Wire names and the number before each list keep the parts apart.
fn fingerprint(authentication: &Authentication) -> [u8; 32] {
    // Room for what most hosts publish, so that it need not grow.
    let mut text = Vec::with_capacity(512);
    text.extend_from_slice(&[
        u8::from(authentication.scope == Scope::NextHop),
        u8::from(authentication.cn_id == CnId::Never),
        u8::from(authentication.anchor_dates == AnchorDates::Ignore),
    ]);
    text.extend_from_slice(authentication.base.as_wire());
    text.extend_from_slice(&authentication.reference_ids.len().to_be_bytes());
    for name in &authentication.reference_ids {
        text.extend_from_slice(name.as_wire());
    }
    // The order of publication means nothing.
    let mut records: Vec<&Record> = authentication.tlsa.records().collect();
    records.sort_unstable();
    for record in records {
        text.extend_from_slice(&record.as_rdata().len().to_be_bytes());
        text.extend_from_slice(record.as_rdata());
    }
    sha256(&text)
}

/// Why records given by hand leave nothing to authenticate by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a set has no other way to be of no use"
)]
pub enum NoAuthentication {
    /// None of them is usable.
    AllUnusable(Vec<(Record, Unusable)>),
    /// They cannot be judged as a set.
    Set(SetError),
}

impl NoAuthentication {
    /// The place in the standards that decides so.
    #[must_use]
    pub const fn cite(&self) -> &'static str {
        match self {
            Self::AllUnusable(_) => "RFC 6698 §4.1",
            Self::Set(error) => error.cite(),
        }
    }
}

impl fmt::Display for NoAuthentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllUnusable(_) => f.write_str("none of the TLSA records is usable"),
            Self::Set(error) => write!(f, "{error}"),
        }
    }
}

impl core::error::Error for NoAuthentication {}

/// What an authenticated connection proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[expect(clippy::exhaustive_enums, reason = "a log must word each of them")]
pub enum Scope {
    /// The server is the host that it was taken for. An insecure MX answer named that host, so this must not be logged as
    /// secure delivery to the domain (RFC 7672 §2.2.1).
    Host,
    /// The server is one that the next hop securely named.
    NextHop,
}

/// The proof that a server's certificates satisfy one [`Authentication`].
///
/// It speaks of the handshake whose certificates were judged, and of no other: one `Verified` for each handshake.
///
/// With the feature `serde` it is written as a report of that handshake. What is read back is such a report and no proof: no
/// [`Session`](crate::session::Session) takes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case", deny_unknown_fields)
)]
pub struct Verified {
    record: Option<Record>,
    depth: usize,
    name: Option<Name>,
    scope: Scope,
    /// Never written. What is read has zeros here, and no authentication has that digest.
    #[cfg_attr(feature = "serde", serde(skip))]
    fingerprint: [u8; 32],
}

impl Verified {
    /// The record that matched; none where the public PKI alone was asked for.
    #[must_use]
    pub const fn record(&self) -> Option<&Record> {
        self.record.as_ref()
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

    /// Whether a handshake can have given such a report under `wanted`, were it stored. Nothing is proved by that.
    #[cfg(feature = "serde")]
    pub(crate) fn can_be_of(&self, wanted: &Authentication) -> bool {
        let mut usable = wanted.tlsa.usable().iter();
        let record = usable.find(|record| Some(record.record()) == self.record.as_ref());
        let fits = match (record.map(UsableRecord::usage), &self.name) {
            (Some(UsableUsage::DaneEe), None) => self.depth == 0,
            (Some(UsableUsage::DaneTa), Some(name)) => {
                // The authority may be one that the server did not send.
                (1..=MAX_CHAIN).contains(&self.depth) && wanted.reference_ids.contains(name)
            }
            _ => false,
        };
        fits && self.scope == wanted.scope
    }

    /// The same for a server that is judged by the public PKI.
    #[cfg(feature = "serde")]
    pub(crate) fn can_be_of_pkix(&self, wanted: &PublicPki) -> bool {
        let fits = self.record.is_none() && self.name.as_ref() == Some(wanted.name());
        fits && (1..=MAX_CHAIN).contains(&self.depth) && self.scope == Scope::Host
    }

    /// Whether this is the proof that the authentication with this fingerprint asks for.
    pub(crate) fn is_for(&self, fingerprint: &[u8; 32]) -> bool {
        self.fingerprint == *fingerprint
    }
}
