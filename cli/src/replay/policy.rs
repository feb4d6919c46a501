//! [`Policy`] in a scenario.

use core::num::NonZeroUsize;

use serde::Deserialize;
use smtp_dane::{
    AnchorDates, Bounds, DaneMode, Digests, FailedTls, Identity, Policy, RawPublicKeys,
};

use crate::args::{
    AddressFamilyChoice, CnIdChoice, InsecureMxChoice, MxAliasChoice, ValueError, value,
};

/// The policy in a file. What it does not name is as in `probe`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object", default)]
pub(super) struct PolicySection {
    dane: DaneSection,
    insecure_mx: InsecureMxChoice,
    mx_alias: MxAliasChoice,
    address_family: AddressFamilyChoice,
    cn_id: CnIdChoice,
    digests: DigestsSection,
    anchor_dates: AnchorDatesSection,
    failed_tls: FailedTlsSection,
    raw_public_keys: RawPublicKeysSection,
    bounds: BoundsSection,
    #[serde(rename = "self")]
    identities: Vec<IdentitySection>,
}

impl PolicySection {
    /// The policy itself.
    pub(super) fn policy(&self) -> Policy {
        let mut policy = Policy::default();
        policy.dane = self.dane.into();
        policy.insecure_mx = self.insecure_mx.into();
        policy.mx_alias = self.mx_alias.into();
        policy.address_family = self.address_family.into();
        policy.cn_id = self.cn_id.into();
        policy.digests = self.digests.into();
        policy.anchor_dates = self.anchor_dates.into();
        policy.failed_tls = self.failed_tls.into();
        policy.raw_public_keys = self.raw_public_keys.into();
        policy.bounds = self.bounds.into();
        let identities = self.identities.iter();
        policy.identities = identities.map(|identity| identity.0.clone()).collect();
        policy
    }
}

/// [`Identity`] in a file, as on the command line.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct IdentitySection(Identity);

impl TryFrom<String> for IdentitySection {
    type Error = ValueError;

    fn try_from(text: String) -> Result<Self, ValueError> {
        value::identity(&text).map(Self)
    }
}

/// [`Bounds`] in a file.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object", default)]
struct BoundsSection {
    addresses: Option<NonZeroUsize>,
    attempts: Option<NonZeroUsize>,
}

impl From<BoundsSection> for Bounds {
    fn from(section: BoundsSection) -> Self {
        let mut bounds = Self::default();
        bounds.addresses = section.addresses.unwrap_or(bounds.addresses);
        bounds.attempts = section.attempts.unwrap_or(bounds.attempts);
        bounds
    }
}

/// [`DaneMode`] in a file.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum DaneSection {
    #[default]
    Opportunistic,
    Mandatory,
    Audit,
    Off,
}

impl From<DaneSection> for DaneMode {
    fn from(section: DaneSection) -> Self {
        match section {
            DaneSection::Opportunistic => Self::Opportunistic,
            DaneSection::Mandatory => Self::Mandatory,
            DaneSection::Audit => Self::AuditOnly,
            DaneSection::Off => Self::Off,
        }
    }
}

/// [`Digests`] in a file.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum DigestsSection {
    #[default]
    Sha512OverSha256,
    Sha256OverSha512,
    Sha256,
    Sha512,
}

impl From<DigestsSection> for Digests {
    fn from(section: DigestsSection) -> Self {
        match section {
            DigestsSection::Sha512OverSha256 => Self::Sha512OverSha256,
            DigestsSection::Sha256OverSha512 => Self::Sha256OverSha512,
            DigestsSection::Sha256 => Self::Sha256,
            DigestsSection::Sha512 => Self::Sha512,
        }
    }
}

/// [`AnchorDates`] in a file.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum AnchorDatesSection {
    #[default]
    Check,
    Ignore,
}

impl From<AnchorDatesSection> for AnchorDates {
    fn from(section: AnchorDatesSection) -> Self {
        match section {
            AnchorDatesSection::Check => Self::Check,
            AnchorDatesSection::Ignore => Self::Ignore,
        }
    }
}

/// [`FailedTls`] in a file.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum FailedTlsSection {
    #[default]
    Cleartext,
    Refuse,
}

impl From<FailedTlsSection> for FailedTls {
    fn from(section: FailedTlsSection) -> Self {
        match section {
            FailedTlsSection::Cleartext => Self::Cleartext,
            FailedTlsSection::Refuse => Self::Refuse,
        }
    }
}

/// [`RawPublicKeys`] in a file.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawPublicKeysSection {
    #[default]
    AfterCertificates,
    Never,
}

impl From<RawPublicKeysSection> for RawPublicKeys {
    fn from(section: RawPublicKeysSection) -> Self {
        match section {
            RawPublicKeysSection::AfterCertificates => Self::AfterCertificates,
            RawPublicKeysSection::Never => Self::Never,
        }
    }
}
