//! What a client decides about a domain.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// A decision.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub(crate) enum Verdict {
    /// Mail goes to a server that proved by DANE who it is.
    Authenticated,
    /// Mail goes over TLS, which the domain's TLSA records demand, to a server that proved nothing.
    Encrypted,
    /// Mail goes over TLS because the server happened to offer it.
    Tls,
    /// Mail goes in cleartext.
    Cleartext,
    /// Mail waits, with this enhanced status code.
    Deferred(String),
    /// Mail goes back, with this enhanced status code.
    Failed(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authenticated => f.write_str("authenticated"),
            Self::Encrypted => f.write_str("encrypted"),
            Self::Tls => f.write_str("tls"),
            Self::Cleartext => f.write_str("cleartext"),
            Self::Deferred(status) => write!(f, "deferred {status}"),
            Self::Failed(status) => write!(f, "failed {status}"),
        }
    }
}

impl FromStr for Verdict {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text.split_once(' ') {
            None if text == "authenticated" => Self::Authenticated,
            None if text == "encrypted" => Self::Encrypted,
            None if text == "tls" => Self::Tls,
            None if text == "cleartext" => Self::Cleartext,
            Some(("deferred", status)) => Self::Deferred(status.to_owned()),
            Some(("failed", status)) => Self::Failed(status.to_owned()),
            _ => return Err(format!("'{text}' is no verdict")),
        })
    }
}

impl TryFrom<String> for Verdict {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// What one witness says of one domain, beside what it should say.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    /// Who says it.
    pub(crate) who: Witness,
    /// The word that fits the verdict that is expected.
    pub(crate) expected: String,
    /// The word that was said.
    pub(crate) said: String,
    /// The same with all that came along.
    pub(crate) detail: String,
}

/// Who is asked.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub(crate) enum Witness {
    /// The tool, which believes unbound's AD bit.
    #[serde(rename = "ours")]
    Ours,
    /// The tool, which checks signatures itself.
    #[serde(rename = "--validate")]
    Validate,
    /// The tool where DANE is mandatory, which believes unbound's AD bit.
    #[serde(rename = "mandatory")]
    Mandatory,
    /// The tool where DANE is mandatory, which checks signatures itself.
    #[serde(rename = "mandatory --validate")]
    MandatoryValidate,
    /// `posttls-finger -l dane` of Postfix.
    #[serde(rename = "posttls-finger")]
    Finger,
    /// `openssl s_client` with the records of the domain's own host.
    #[serde(rename = "s_client")]
    Client,
    /// Postfix's own client with the level `dane`.
    #[serde(rename = "postfix")]
    Postfix,
    /// Postfix's own client with the level `dane-only`.
    #[serde(rename = "postfix dane-only")]
    PostfixInsistent,
}

impl Witness {
    /// The name in the table and in `differences.toml`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Validate => "--validate",
            Self::Mandatory => "mandatory",
            Self::MandatoryValidate => "mandatory --validate",
            Self::Finger => "posttls-finger",
            Self::Client => "s_client",
            Self::Postfix => "postfix",
            Self::PostfixInsistent => "postfix dane-only",
        }
    }
}
