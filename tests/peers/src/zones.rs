//! Zone files: written from the table, signed with `ldns-signzone`, and spoilt where the table says so.

use std::fs;
use std::path::Path;

use crate::Fallible;
use crate::daemons::output;
use crate::records::{self, Identities};
use crate::table::{Parent, Signed, Table, Zone};

/// Where the name server of all zones listens.
pub(crate) const AUTHORITY: &str = "127.0.0.53";

/// The name server of all zones.
const NAME_SERVER: &str = "ns.test.";

/// How long records may be kept, in seconds.
const TTL: u32 = 300;

/// What the resolvers start from.
pub(crate) struct Hierarchy {
    /// The zones that are served, without last dots; the root is empty.
    pub(crate) served: Vec<String>,
    /// The root's key, as a trust anchor.
    pub(crate) anchor: String,
}

/// Writes, signs and spoils all zones in `folder`, the deepest first, because each zone has the digests of the keys below it.
pub(crate) fn build(table: &Table, identities: &Identities, folder: &Path) -> Fallible<Hierarchy> {
    let mut texts = records::by_zone(table, identities)?;
    let glue = format!("{NAME_SERVER} A {AUTHORITY}\n");
    for top in ["", "test"] {
        texts.entry(top.to_owned()).or_default().push_str(&glue);
    }
    let mut zones: Vec<&String> = table.zone.keys().collect();
    zones.sort_by_key(|name| core::cmp::Reverse(name.split('.').count()));
    let mut served = Vec::new();
    for name in zones {
        let zone = table.zone.get(name).ok_or("a zone is gone")?;
        let text = texts.remove(name).unwrap_or_default();
        let keys = write(name, zone, &text, folder)?;
        if zone.lame {
            // The name server knows that it should have the zone, and fails.
            fs::remove_file(folder.join(file_name(name)))?;
        }
        served.push(name.clone());
        let above = above(table, name);
        let text = texts.entry(above).or_default();
        text.push_str(&format!("{name}. NS {NAME_SERVER}\n{}", keys.ds));
    }
    let root = Zone {
        signed: Signed::Nsec,
        algorithm: "ECDSAP256SHA256".to_owned(),
        parent: Parent::NoDs,
        spoilt: Vec::new(),
        lame: false,
    };
    let text = texts.remove("").unwrap_or_default();
    let keys = write("", &root, &text, folder)?;
    served.push(String::new());
    Ok(Hierarchy {
        served,
        anchor: keys.public,
    })
}

/// The name of a zone's file.
pub(crate) fn file_name(zone: &str) -> String {
    format!("{}.zone", if zone.is_empty() { "root" } else { zone })
}

fn above(table: &Table, name: &str) -> String {
    let mut rest = name;
    while let Some((_, next)) = rest.split_once('.') {
        if table.zone.contains_key(next) {
            return next.to_owned();
        }
        rest = next;
    }
    String::new()
}

/// The keys of a zone, as others publish them.
#[derive(Default)]
struct Keys {
    public: String,
    ds: String,
}

fn write(name: &str, zone: &Zone, text: &str, folder: &Path) -> Fallible<Keys> {
    let apex = format!("{name}.");
    let head = format!(
        "$TTL {TTL}\n{apex} SOA {NAME_SERVER} hostmaster.test. 1 3600 600 86400 {TTL}\n{apex} NS {NAME_SERVER}\n"
    );
    let file = file_name(name);
    fs::write(folder.join(&file), head + text)?;
    if zone.signed == Signed::No && zone.parent != Parent::OtherKey {
        return Ok(Keys::default());
    }
    let new_key = || {
        output(
            "ldns-keygen",
            &["-a", &zone.algorithm, "-b", "2048", &apex],
            folder,
        )
    };
    let key = new_key()?;
    let key = key.trim();
    let public = format!("{key}.key");
    let ds = match zone.parent {
        Parent::NoDs => String::new(),
        Parent::Right => digest(&public, folder)?,
        // The field behind the tag of the key is the algorithm.
        Parent::UnknownAlgorithm => digest(&public, folder)?.replace(" 13 2 ", " 200 2 "),
        Parent::OtherKey => digest(&format!("{}.key", new_key()?.trim()), folder)?,
    };
    if zone.signed != Signed::No {
        sign(&apex, zone.signed, key, &file, folder)?;
        spoil(&folder.join(&file), &zone.spoilt)?;
    }
    let public = fs::read_to_string(folder.join(public))?;
    Ok(Keys { public, ds })
}

fn digest(public: &str, folder: &Path) -> Fallible<String> {
    output("ldns-key2ds", &["-f", "-n", "-2", public], folder)
}

fn sign(apex: &str, signed: Signed, key: &str, file: &str, folder: &Path) -> Fallible<()> {
    let how: &[&str] = match signed {
        Signed::No | Signed::Nsec => &[],
        // RFC 9276 §3.1: no additional iterations, no salt.
        Signed::Nsec3 => &["-n", "-t", "0"],
        Signed::Nsec3Laborious => &["-n", "-t", "300"],
        Signed::OptOut => &["-n", "-t", "0", "-p"],
        Signed::Expired => &["-i", "20240101", "-e", "20250101"],
    };
    let arguments = [how, &["-o", apex, "-f", file, file, key]].concat();
    output("ldns-signzone", &arguments, folder)?;
    Ok(())
}

/// Changes the signatures of the types in question, so that they are well-formed and wrong.
fn spoil(file: &Path, types: &[String]) -> Fallible<()> {
    let text = fs::read_to_string(file)?;
    for kind in types {
        if !text.lines().any(|line| covers(line) == Some(kind)) {
            return Err(format!("{}: no signature of {kind} to spoil", file.display()).into());
        }
    }
    let mut changed = String::with_capacity(text.len());
    for line in text.lines() {
        let spoilt = covers(line).is_some_and(|kind| types.iter().any(|it| it == kind));
        match line.rsplit_once(' ') {
            Some((start, signature)) if spoilt => {
                changed.push_str(&format!("{start} {}\n", other(signature)));
            }
            _ => changed.push_str(&format!("{line}\n")),
        }
    }
    Ok(fs::write(file, changed)?)
}

/// The type that a line of a signed zone has the signature of.
fn covers(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace().skip(3);
    (words.next()? == "RRSIG").then(|| words.next())?
}

/// The same Base64 text with another first letter.
fn other(signature: &str) -> String {
    let rest = signature.get(1..).unwrap_or_default();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{first}{rest}")
}
