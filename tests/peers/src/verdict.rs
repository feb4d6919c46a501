//! What a client decides about a domain.

use std::fmt;

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

impl TryFrom<String> for Verdict {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let status = text.split_once(' ').map_or("", |(_, status)| status);
        let all = [
            Self::Authenticated,
            Self::Encrypted,
            Self::Tls,
            Self::Cleartext,
            Self::Deferred(status.to_owned()),
            Self::Failed(status.to_owned()),
        ];
        let mut meant = all.into_iter().filter(|it| it.to_string() == text);
        meant
            .next()
            .ok_or_else(|| format!("'{text}' is no verdict"))
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
#[serde(try_from = "String")]
pub(crate) enum Witness {
    /// The tool, which believes unbound's AD bit.
    Ours,
    /// The tool, which checks signatures itself.
    Validate,
    /// The tool where DANE is mandatory, which believes unbound's AD bit.
    Mandatory,
    /// The tool where DANE is mandatory, which checks signatures itself.
    MandatoryValidate,
    /// `posttls-finger -l dane` of Postfix.
    Finger,
    /// `openssl s_client` with the records of the domain's own host.
    Client,
    /// Postfix's own client with the level `dane`.
    Postfix,
    /// Postfix's own client with the level `dane-only`.
    PostfixInsistent,
}

impl Witness {
    const ALL: [Self; 8] = [
        Self::Ours,
        Self::Validate,
        Self::Mandatory,
        Self::MandatoryValidate,
        Self::Finger,
        Self::Client,
        Self::Postfix,
        Self::PostfixInsistent,
    ];

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

impl TryFrom<String> for Witness {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut meant = Self::ALL.into_iter().filter(|it| it.name() == text);
        meant
            .next()
            .ok_or_else(|| format!("'{text}' is no witness"))
    }
}
