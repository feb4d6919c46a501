//! Whose words these are; other versions may differ in other ways.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Fallible;

/// The versions of the peers, by their names in `differences.toml`.
pub(crate) struct Versions(BTreeMap<String, String>);

impl Versions {
    /// Asks each of them.
    pub(crate) fn read(folder: &Path) -> Fallible<Self> {
        let programs: [(&str, &[&str], &str); 4] = [
            ("unbound", &["unbound", "-V"], "Version "),
            ("nsd", &["nsd", "-v"], "NSD version "),
            ("Postfix", &["postconf", "-dh", "mail_version"], ""),
            ("OpenSSL", &["openssl", "version"], "OpenSSL "),
        ];
        let mut versions = BTreeMap::new();
        for (name, command, before) in programs {
            let said = first_line(command, folder)?;
            let version = said
                .strip_prefix(before)
                .and_then(|it| it.split(' ').next());
            let version = version.ok_or_else(|| format!("{name} says of its version: {said}"))?;
            versions.insert(name.to_owned(), version.to_owned());
        }
        Ok(Self(versions))
    }

    /// Whether each version is the one that is named, or one of those that begin with it: 3.0.1 begins with 3.0, and 3.01 does not.
    pub(crate) fn are(&self, named: &BTreeMap<String, String>) -> bool {
        let begins = |found: &str, with: &str| {
            found
                .strip_prefix(with)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.0.iter().all(|(name, found)| {
            named
                .get(name)
                .is_some_and(|version| begins(found, version))
        })
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self
            .0
            .iter()
            .map(|(name, version)| format!("{name} {version}"));
        f.write_str(&all.collect::<Vec<_>>().join(", "))
    }
}

/// The first line that a program prints; nsd prints its version where others print errors.
fn first_line(command: &[&str], folder: &Path) -> Fallible<String> {
    let [program, arguments @ ..] = command else {
        return Err("no program".into());
    };
    let run = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    let printed = String::from_utf8([run.stdout, run.stderr].concat())?;
    Ok(printed.lines().next().unwrap_or_default().to_owned())
}
