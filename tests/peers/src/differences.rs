//! The list of agreed differences.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::Fallible;
use crate::table::Table;
use crate::verdict::{Statement, Witness};

/// One entry of `differences.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Difference {
    /// The domain.
    pub(crate) domain: String,
    /// Who does not say what is expected.
    pub(crate) who: Vec<Witness>,
    /// What they say instead.
    pub(crate) says: String,
    /// Which verdict the standards ask for: what is expected, what is said instead, or either.
    pub(crate) right: Right,
    /// The place in the standards, and what follows from it.
    pub(crate) because: String,
}

/// Whose verdict the standards ask for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Right {
    /// What is expected.
    Expected,
    /// Both will do.
    Either,
    /// The witness has no way to tell.
    Unasked,
}

impl Right {
    const fn words(self) -> &'static str {
        match self {
            Self::Expected => "what is expected is right",
            Self::Either => "either is right",
            Self::Unasked => "the witness cannot know",
        }
    }
}

/// `differences.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Differences {
    /// The versions of the peers that the list was written with.
    pub(crate) versions: BTreeMap<String, String>,
    /// What they say.
    pub(crate) difference: Vec<Difference>,
}

/// Reads the list that was compiled in.
pub(crate) fn listed(table: &Table) -> Fallible<Differences> {
    let file: Differences = toml::from_str(include_str!("../differences.toml"))?;
    for it in &file.difference {
        if !table.domain.iter().any(|domain| domain.name == it.domain) {
            return Err(format!("differences.toml: there is no domain {}", it.domain).into());
        }
        if !it.because.starts_with("RFC ") {
            let domain = &it.domain;
            return Err(
                format!("differences.toml: {domain}: `because` must begin with an RFC").into(),
            );
        }
    }
    Ok(file)
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who: Vec<&str> = self.who.iter().map(|who| who.name()).collect();
        let (who, right) = (who.join(", "), self.right.words());
        let (domain, says, because) = (&self.domain, &self.says, &self.because);
        write!(f, "{domain}: '{says}' by {who}; {right}.\n  {because}")
    }
}

impl Difference {
    /// Whether this is about what `statement` says of `domain`.
    pub(crate) fn covers(&self, domain: &str, statement: &Statement) -> bool {
        self.domain == domain && self.who.contains(&statement.who) && self.says == statement.said
    }
}
