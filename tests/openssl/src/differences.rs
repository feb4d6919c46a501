//! The list of agreed differences.

use std::fmt;

use serde::Deserialize;

use crate::verdict::Verdict;

/// One entry of `differences.toml`. In its first three fields `*` stands for any letters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// The names of the cases.
    pub cases: String,
    /// What this library decides.
    pub ours: String,
    /// What libssl decides.
    pub openssl: String,
    /// How many cases there are.
    pub count: usize,
    /// Which of the two is right.
    pub right: Right,
    /// The place in the standards, and what follows from it.
    pub because: String,
}

/// Which of two verdicts the standards ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Right {
    /// Ours alone.
    Ours,
    /// The standards leave it open, or allow the one that refuses to be stricter.
    Either,
    /// That of OpenSSL: a limit or a mistake of this library, which waits to be mended.
    Openssl,
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ours => "ours is right",
            Self::Either => "either may be",
            Self::Openssl => "OpenSSL is right",
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    difference: Vec<Difference>,
}

/// Reads the list that was compiled in.
pub fn listed() -> Result<Vec<Difference>, toml::de::Error> {
    let file: File = toml::from_str(include_str!("../differences.toml"))?;
    Ok(file.difference)
}

impl Difference {
    /// Whether this entry speaks of a case with these verdicts.
    pub fn covers(&self, case: &str, ours: &Verdict, openssl: &Verdict) -> bool {
        fits(&self.cases, case)
            && fits(&self.ours, &ours.to_string())
            && fits(&self.openssl, &openssl.to_string())
    }
}

/// Whether `pattern` stands for `text`.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(text) = text.strip_prefix(start) else {
        return false;
    };
    let places = text.char_indices().map(|(place, _)| place);
    places
        .chain([text.len()])
        .any(|place| fits(rest, &text[place..]))
}
