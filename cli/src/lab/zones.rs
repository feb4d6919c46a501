//! Zones of the lab: written as text, signed at start with fresh keys.
//!
//! A [`Zone`] is what somebody writes down. [`Hierarchy::build`] adds what a real name space needs around it: the root, a
//! top-level domain for each last label, delegations, and a DS record at the parent of each signed zone. A delegation without DS
//! is proven by the parent's NSEC chain, so that a validator can tell "unsigned" from "attacked".

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::dnssec::crypto::EcdsaSigningKey;
use hickory_proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS};
use hickory_proto::dnssec::{Algorithm, DigestType, DnssecSigner, SigningKey, TrustAnchors};
use hickory_proto::rr::{LowerName, Name, RData, Record, RecordSet, RecordType, RrKey};
use hickory_proto::serialize::txt::Parser;
use hickory_server::dnssec::NxProofKind;
use hickory_server::store::in_memory::InMemoryZoneHandler;
use hickory_server::zone_handler::{AxfrPolicy, ZoneType};

/// Time to live of every record in the lab, in seconds.
const TTL: u32 = 300;

/// How long signatures made at start stay valid.
const SIGNATURE_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// The one name server of all zones.
const NAME_SERVER: &str = "ns.test.";

/// What became of a zone's signatures.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Signing {
    /// Signed, with a DS record at the parent.
    Signed,
    /// Not signed; the parent proves that there is no DS record.
    Unsigned,
    /// Signed, and then every record was altered: nothing but the apex and the denials validates.
    Tampered,
}

/// A zone as somebody writes it down.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    apex: String,
    signing: Signing,
    lines: Vec<String>,
    failing: Vec<(String, RecordType)>,
    denials: NxProofKind,
}

impl Zone {
    /// A zone with a chain of trust from the root.
    pub(crate) fn signed(apex: &str) -> Self {
        Self::new(apex, Signing::Signed)
    }

    /// A zone that is delegated without a DS record.
    pub(crate) fn unsigned(apex: &str) -> Self {
        Self::new(apex, Signing::Unsigned)
    }

    /// A zone whose records no longer match their signatures.
    pub(crate) fn tampered(apex: &str) -> Self {
        Self::new(apex, Signing::Tampered)
    }

    /// Adds a record, such as `mail.example.test A 127.0.0.1`; names are absolute, with or without the trailing dot.
    pub(crate) fn record(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// Adds a TLSA record at `owner`.
    pub(crate) fn tlsa(
        self,
        owner: &str,
        usage: u8,
        selector: u8,
        matching: u8,
        data: &[u8],
    ) -> Self {
        let hex: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
        self.record(format!("{owner} TLSA {usage} {selector} {matching} {hex}"))
    }

    /// Makes the name server answer SERVFAIL to queries for this name and type.
    pub(crate) fn failing(mut self, owner: &str, record_type: RecordType) -> Self {
        self.failing.push((owner.to_owned(), record_type));
        self
    }

    /// Denies by hashed names, NSEC3, which are hashed so many times more. The name server puts such records beside data as well,
    /// where they deny nothing, and a resolver of hickory's takes that for bogus.
    #[cfg(test)]
    pub(crate) fn hashed(mut self, iterations: u16) -> Self {
        self.denials = NxProofKind::Nsec3 {
            algorithm: hickory_proto::dnssec::Nsec3HashAlgorithm::SHA1,
            salt: Arc::default(),
            iterations,
            opt_out: false,
        };
        self
    }

    /// Leaves it open whether there are unsigned delegations between the hashed names, as the largest top-level domains do.
    #[cfg(test)]
    pub(crate) fn opted_out(mut self) -> Self {
        if let NxProofKind::Nsec3 { opt_out, .. } = &mut self.denials {
            *opt_out = true;
        }
        self
    }

    fn new(apex: &str, signing: Signing) -> Self {
        Self {
            apex: apex.to_owned(),
            signing,
            lines: Vec::new(),
            failing: Vec::new(),
            denials: NxProofKind::Nsec,
        }
    }
}

/// Why zones could not be built.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum ZoneError {
    /// A name cannot be read.
    Name {
        /// The name as it was written.
        name: String,
        /// What the parser said.
        reason: String,
    },
    /// A record cannot be read or has no place in its zone.
    Record {
        /// Apex of the zone.
        zone: String,
        /// What is wrong.
        reason: String,
    },
    /// Two zones have the same apex.
    Duplicate(String),
    /// A key could not be made or a zone not be signed.
    Signing(String),
}

impl fmt::Display for ZoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { name, reason } => write!(f, "{name} is not a domain name: {reason}"),
            Self::Record { zone, reason } => write!(f, "zone {zone} cannot be read: {reason}"),
            Self::Duplicate(zone) => write!(f, "zone {zone} is defined twice"),
            Self::Signing(reason) => write!(f, "a zone could not be signed: {reason}"),
        }
    }
}

impl core::error::Error for ZoneError {}

/// All zones of a lab, ready to be served.
pub(crate) struct Hierarchy {
    /// The zones, by apex.
    pub(crate) zones: BTreeMap<LowerName, InMemoryZoneHandler>,
    /// The names and types that are answered with SERVFAIL.
    pub(crate) failing: BTreeSet<(LowerName, RecordType)>,
    /// The root's key, as what a validator starts from.
    pub(crate) anchors: TrustAnchors,
    /// The same in zone-file form.
    pub(crate) anchor_text: String,
}

impl fmt::Debug for Hierarchy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hierarchy")
            .field("zones", &self.zones.keys())
            .finish_non_exhaustive()
    }
}

impl Hierarchy {
    /// Builds and signs the zones, with the root and the top-level domains above them.
    ///
    /// # Errors
    ///
    /// If a name or record cannot be read, or a zone cannot be signed.
    pub(crate) fn build(zones: &[Zone]) -> Result<Self, ZoneError> {
        let mut drafts = BTreeMap::new();
        let mut failing = BTreeSet::new();
        for zone in zones {
            let draft = Draft::read(zone)?;
            for (owner, record_type) in &zone.failing {
                failing.insert((LowerName::from(parse_name(owner)?), *record_type));
            }
            if drafts.insert(LowerName::from(&draft.apex), draft).is_some() {
                return Err(ZoneError::Duplicate(zone.apex.clone()));
            }
        }
        add_ancestors(&mut drafts)?;
        delegate(&mut drafts)?;

        let root = drafts
            .get(&LowerName::from(Name::root()))
            .and_then(|draft| draft.key.as_ref());
        let root_key = root
            .ok_or_else(|| ZoneError::Signing("the root zone has no key".to_owned()))?
            .dnskey()?;
        let mut anchors = TrustAnchors::empty();
        anchors.insert(root_key.public_key());
        let anchor_text = format!(". IN DNSKEY {root_key}\n");

        let zones = drafts
            .into_iter()
            .map(|(apex, draft)| Ok((apex, draft.finish()?)))
            .collect::<Result<_, ZoneError>>()?;
        Ok(Self {
            zones,
            failing,
            anchors,
            anchor_text,
        })
    }
}

/// Reads an absolute name, with or without the trailing dot.
pub(crate) fn parse_name(text: &str) -> Result<Name, ZoneError> {
    Name::parse(text, Some(&Name::root())).map_err(|error| ZoneError::Name {
        name: text.to_owned(),
        reason: error.to_string(),
    })
}

/// A zone that lacks its delegations and signatures.
struct Draft {
    apex: Name,
    signing: Signing,
    denials: Option<NxProofKind>,
    key: Option<ZoneKey>,
    records: BTreeMap<RrKey, RecordSet>,
}

impl Draft {
    fn read(zone: &Zone) -> Result<Self, ZoneError> {
        let apex = parse_name(&zone.apex)?;
        let error = |reason: String| ZoneError::Record {
            zone: zone.apex.clone(),
            reason,
        };
        let mut text = format!(
            "$TTL {TTL}\n{apex} SOA {NAME_SERVER} hostmaster.test. 1 3600 600 86400 {TTL}\n{apex} NS {NAME_SERVER}\n"
        );
        for line in &zone.lines {
            text.push_str(line);
            text.push('\n');
        }
        let (_, records) = Parser::new(text, None, Some(Name::root()))
            .parse()
            .map_err(|parse| error(parse.to_string()))?;
        if let Some(key) = records
            .keys()
            .find(|key| !LowerName::from(&apex).zone_of(&key.name))
        {
            return Err(error(format!("{} is not in the zone", key.name)));
        }
        let key = match zone.signing {
            Signing::Signed | Signing::Tampered => Some(ZoneKey::generate()?),
            Signing::Unsigned => None,
        };
        Ok(Self {
            apex,
            signing: zone.signing,
            denials: key.as_ref().map(|_| zone.denials.clone()),
            key,
            records,
        })
    }

    fn insert(&mut self, owner: &Name, data: RData) {
        let record = Record::from_rdata(owner.clone(), TTL, data);
        let key = RrKey::new(LowerName::from(owner), record.record_type());
        self.records
            .entry(key)
            .or_insert_with(|| RecordSet::new(owner.clone(), record.record_type(), 0))
            .insert(record, 0);
    }

    fn finish(self) -> Result<InMemoryZoneHandler, ZoneError> {
        let mut zone = InMemoryZoneHandler::new(
            self.apex.clone(),
            self.records,
            ZoneType::Primary,
            AxfrPolicy::Deny,
            self.denials,
        )
        .map_err(|reason| ZoneError::Record {
            zone: self.apex.to_string(),
            reason,
        })?;
        if let Some(key) = self.key {
            zone.add_zone_signing_key_mut(key.signer(self.apex)?)
                .map_err(signing_error)?;
            zone.secure_zone_mut().map_err(signing_error)?;
        }
        if self.signing == Signing::Tampered {
            for set in zone.records_get_mut().values_mut() {
                tamper(Arc::make_mut(set));
            }
        }
        Ok(zone)
    }
}

/// Changes the data of a record set and keeps its signatures.
fn tamper(set: &mut RecordSet) {
    let altered = set
        .records_without_rrsigs()
        .cloned()
        .map(|mut record| {
            match &mut record.data {
                RData::A(address) => address.0 = (u32::from(address.0) ^ 1).into(),
                RData::AAAA(address) => address.0 = (u128::from(address.0) ^ 1).into(),
                RData::MX(mx) => mx.preference ^= 1,
                RData::CNAME(target) => target.0 = target.0.base_name(),
                RData::TLSA(tlsa) => {
                    if let Some(byte) = tlsa.cert_data.first_mut() {
                        *byte ^= 1;
                    }
                }
                _ => {}
            }
            record
        })
        .collect();
    set.set_records(altered);
}

/// A zone's one key, which signs its keys and its records.
struct ZoneKey(Box<dyn SigningKey>);

impl ZoneKey {
    fn generate() -> Result<Self, ZoneError> {
        let algorithm = Algorithm::ECDSAP256SHA256;
        let pkcs8 = EcdsaSigningKey::generate_pkcs8(algorithm).map_err(signing_error)?;
        let key = EcdsaSigningKey::from_pkcs8(&pkcs8, algorithm).map_err(signing_error)?;
        Ok(Self(Box::new(key)))
    }

    fn dnskey(&self) -> Result<DNSKEY, ZoneError> {
        Ok(DNSKEY::from_key(
            &self.0.to_public_key().map_err(signing_error)?,
        ))
    }

    fn ds(&self, apex: &Name) -> Result<DS, ZoneError> {
        let key = self.dnskey()?;
        let digest = key
            .to_digest(apex, DigestType::SHA256)
            .map_err(signing_error)?;
        let tag = key.calculate_key_tag().map_err(signing_error)?;
        Ok(DS::new(
            tag,
            Algorithm::ECDSAP256SHA256,
            DigestType::SHA256,
            digest.as_ref().to_vec(),
        ))
    }

    fn signer(self, apex: Name) -> Result<DnssecSigner, ZoneError> {
        Ok(DnssecSigner::new(
            self.dnskey()?,
            self.0,
            apex,
            SIGNATURE_LIFETIME,
        ))
    }
}

/// Adds the root and the missing top-level domains; the name server's address is in `test.`.
fn add_ancestors(drafts: &mut BTreeMap<LowerName, Draft>) -> Result<(), ZoneError> {
    let mut missing = BTreeSet::from([
        LowerName::from(Name::root()),
        LowerName::from(parse_name("test")?),
    ]);
    missing.extend(drafts.keys().map(|apex| LowerName::from(apex.trim_to(1))));
    missing.retain(|apex| !drafts.contains_key(apex));
    for apex in missing {
        let draft = Draft::read(&Zone::signed(&apex.to_string()))?;
        drafts.insert(apex, draft);
    }
    if let Some(top) = drafts.get_mut(&LowerName::from(parse_name("test")?)) {
        top.insert(
            &parse_name(NAME_SERVER)?,
            RData::A(core::net::Ipv4Addr::LOCALHOST.into()),
        );
    }
    Ok(())
}

/// Puts NS and DS records of each zone into the zone above it.
fn delegate(drafts: &mut BTreeMap<LowerName, Draft>) -> Result<(), ZoneError> {
    let name_server = parse_name(NAME_SERVER)?;
    let apexes: Vec<LowerName> = drafts
        .keys()
        .filter(|apex| !apex.is_root())
        .cloned()
        .collect();
    for apex in apexes {
        let Some(draft) = drafts.get(&apex) else {
            continue;
        };
        let (name, ds) = (
            draft.apex.clone(),
            draft
                .key
                .as_ref()
                .map(|key| key.ds(&draft.apex))
                .transpose()?,
        );
        let mut above = apex.base_name();
        while !above.is_root() && !drafts.contains_key(&above) {
            above = above.base_name();
        }
        let Some(parent) = drafts.get_mut(&above) else {
            continue;
        };
        parent.insert(
            &name,
            RData::NS(hickory_proto::rr::rdata::NS(name_server.clone())),
        );
        if let Some(ds) = ds {
            parent.insert(&name, RData::DNSSEC(DNSSECRData::DS(ds)));
        }
    }
    Ok(())
}

fn signing_error(error: impl fmt::Display) -> ZoneError {
    ZoneError::Signing(error.to_string())
}
