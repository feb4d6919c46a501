//! The form of a scenario file. What does not belong there is refused by name.

use core::fmt::Display;
use core::net::IpAddr;
use core::num::NonZeroU16;
use core::str::FromStr;
use core::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use smtp_dane::resolve::{NextHop, SMTP_PORT};
use smtp_dane::{AnchorDates, DaneMode, Digests, FailedTls, Identity, Policy, RawPublicKeys};
use tokio_rustls::rustls::pki_types::UnixTime;

use super::dns::World;
use super::expect::Expected;
use super::pem::Sources;
use super::servers::ServerSection;
use crate::args::{
    AddressFamilyChoice, CnIdChoice, Domain, InsecureMxChoice, MxAliasChoice, ValueError, value,
};
use crate::exit::Ending;
use crate::input::File;

/// The time of a file that says none, in seconds since 1970: the first of January 2026. A file must mean the same on any day.
const DEFAULT_TIME: u64 = 1_767_225_600;

/// The port for handing in mail, where a file says none (RFC 6409 §3.1).
const SUBMISSION_PORT: u16 = 587;

/// A network, a delivery, and what is expected of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct Scenario {
    #[serde(default)]
    pub(super) description: String,
    #[serde(deserialize_with = "domain")]
    pub(super) next_hop: Domain,
    #[serde(default)]
    kind: Kind,
    #[serde(default)]
    port: Option<NonZeroU16>,
    #[serde(default)]
    pub(super) policy: PolicySection,
    #[serde(default = "default_time", deserialize_with = "time")]
    pub(super) time: UnixTime,
    #[serde(default)]
    pub(super) shuffle: u64,
    /// Public authorities, for submission; none if there are none here.
    #[serde(default)]
    pub(super) roots: Option<Sources>,
    #[serde(default)]
    pub(super) dns: World,
    #[serde(default)]
    pub(super) servers: Vec<ServerSection>,
    #[serde(default)]
    pub(super) expect: Option<Expected>,
}

/// What the next hop is.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    /// A mail domain.
    #[default]
    Domain,
    /// A host that an administrator named.
    Relay,
    /// An address.
    Literal,
    /// The user's own server.
    Submission,
}

impl Scenario {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Ending::Unusable`] with the place and the field that cannot be used.
    pub(super) fn read(file: &File) -> Result<Self, Ending> {
        let mut json = serde_json::Deserializer::from_slice(file.octets());
        let scenario: Self = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = error.path().to_string();
            complaint(file, &path, error.inner())
        })?;
        json.end().map_err(|error| complaint(file, ".", &error))?;
        match (scenario.kind, &scenario.next_hop) {
            (Kind::Literal, Domain::Name(_)) => {
                Err(file.unusable_at(&"next_hop", &"its kind is literal, and it is no address"))
            }
            (Kind::Domain | Kind::Relay | Kind::Submission, Domain::Literal(_)) => Err(file
                .unusable_at(
                    &"next_hop",
                    &"it is an address, and its kind is not literal",
                )),
            _ => Ok(scenario),
        }
    }

    /// The next hop by its kind and port.
    pub(super) fn next_hop(&self) -> NextHop {
        let port = self.port.unwrap_or(SMTP_PORT);
        match (self.kind, &self.next_hop) {
            (Kind::Submission, Domain::Name(host)) => {
                let default = NonZeroU16::new(SUBMISSION_PORT).unwrap_or(SMTP_PORT);
                NextHop::submission(host.clone(), self.port.unwrap_or(default))
            }
            (Kind::Relay, domain) => domain.relay(Some(port)),
            (_, domain) => domain.next_hop(Some(port)),
        }
    }
}

/// What is wrong with JSON: the line, the field and the reason.
fn complaint(file: &File, path: &str, error: &serde_json::Error) -> Ending {
    let text = error.to_string();
    let (line, column) = (error.line(), error.column());
    let place = format!(" at line {line} column {column}");
    let reason = text.strip_suffix(&place).unwrap_or(&text);
    let reason = match path {
        "." | "?" => reason.to_owned(),
        _ => format!("{path}: {reason}"),
    };
    match line {
        0 => file.unusable(&reason),
        _ => file.unusable_at(&format!("line {line}"), &reason),
    }
}

/// [`Policy`] in a file.
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
    #[serde(rename = "self")]
    identities: Vec<IdentitySection>,
}

impl PolicySection {
    /// The policy itself.
    pub(super) fn policy(&self) -> Policy {
        let mut policy = Policy::default();
        policy.dane = self.dane.0;
        policy.insecure_mx = self.insecure_mx.into();
        policy.mx_alias = self.mx_alias.into();
        policy.address_family = self.address_family.into();
        policy.cn_id = self.cn_id.into();
        policy.digests = match self.digests {
            DigestsSection::Sha512OverSha256 => Digests::Sha512OverSha256,
            DigestsSection::Sha256OverSha512 => Digests::Sha256OverSha512,
            DigestsSection::Sha256 => Digests::Sha256,
            DigestsSection::Sha512 => Digests::Sha512,
        };
        policy.anchor_dates = match self.anchor_dates {
            AnchorDatesSection::Check => AnchorDates::Check,
            AnchorDatesSection::Ignore => AnchorDates::Ignore,
        };
        policy.failed_tls = match self.failed_tls {
            FailedTlsSection::Cleartext => FailedTls::Cleartext,
            FailedTlsSection::Refuse => FailedTls::Refuse,
        };
        // As the other commands do.
        policy.raw_public_keys = RawPublicKeys::AfterCertificates;
        let identities = self.identities.iter();
        policy.identities = identities.map(|identity| identity.0.clone()).collect();
        policy
    }
}

/// [`DaneMode`] in a file, as on the command line, or off.
#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "String")]
struct DaneSection(DaneMode);

impl TryFrom<String> for DaneSection {
    type Error = ValueError;

    fn try_from(text: String) -> Result<Self, ValueError> {
        match text.as_str() {
            "off" => Ok(Self(DaneMode::Off)),
            text => value::dane(text).map(Self),
        }
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

/// [`FailedTls`] in a file.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum FailedTlsSection {
    #[default]
    Cleartext,
    Refuse,
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

/// [`AnchorDates`] in a file.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum AnchorDatesSection {
    #[default]
    Check,
    Ignore,
}

/// Reads a value of a string.
///
/// # Errors
/// If the string does not say one; the error repeats it.
pub(super) fn parsed<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr,
    T::Err: Display,
{
    let text = String::deserialize(deserializer)?;
    text.parse()
        .map_err(|error| D::Error::custom(format!("'{text}' cannot be used: {error}")))
}

/// A name, or an address with or without its brackets.
fn domain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Domain, D::Error> {
    let text = String::deserialize(deserializer)?;
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(Domain::Literal(address));
    }
    text.parse()
        .map_err(|error| D::Error::custom(format!("'{text}' cannot be used: {error}")))
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<UnixTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    value::time(&text)
        .map_err(|error| D::Error::custom(format!("'{text}' cannot be used: {error}")))
}

fn default_time() -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(DEFAULT_TIME))
}
