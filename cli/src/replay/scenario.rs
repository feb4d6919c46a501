//! The form of a scenario file. What does not belong there is refused by name.

use core::fmt::Display;
use core::net::IpAddr;
use core::num::NonZeroU16;
use core::str::FromStr;
use core::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use smtp_dane::resolve::{NextHop, SMTP_PORT};
use tokio_rustls::rustls::pki_types::UnixTime;

use super::dns::World;
use super::expect::Expected;
use super::pem::Sources;
use super::policy::PolicySection;
use super::servers::ServerSection;
use crate::args::{Domain, value};
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
