//! Records of the table, with what `{…}` stands for put in, sorted into zones.

use std::collections::BTreeMap;

use crate::Fallible;
use crate::certificates::Identity;
use crate::table::{Domain, Part, Table};

/// The servers by name.
pub(crate) type Identities = BTreeMap<String, Identity>;

/// The lines of each zone file that the table has written, by the name of the zone.
pub(crate) fn by_zone(
    table: &Table,
    identities: &Identities,
) -> Fallible<BTreeMap<String, String>> {
    let mut zones: BTreeMap<String, String> = BTreeMap::new();
    for domain in &table.domain {
        let origin = &domain.name;
        for line in domain
            .records
            .lines()
            .filter(|line| !line.trim().is_empty())
        {
            let wrong = |why| format!("{origin}: '{line}': {why}");
            let (owner, data) = filled_in(line, origin, identities).map_err(wrong)?;
            let zone = zone_of(table, &owner).ok_or_else(|| wrong("in no zone".into()))?;
            let text = zones.entry(zone.to_owned()).or_default();
            text.push_str(&format!("$ORIGIN {origin}.\n{owner}. {data}\n"));
        }
    }
    Ok(zones)
}

/// The zone in which a name is: the longest one that it ends in.
fn zone_of<'a>(table: &'a Table, name: &str) -> Option<&'a str> {
    let holds = |zone: &&str| {
        let above = name.strip_suffix(*zone);
        above.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let zones = table.zone.keys().map(String::as_str).filter(holds);
    zones.max_by_key(|zone| zone.len())
}

/// A domain's own host, as the table describes it.
pub(crate) struct Host {
    /// Its name, which is the TLSA base domain.
    pub(crate) base: String,
    /// Where it listens.
    pub(crate) address: String,
    /// Its TLSA records, as `3 1 1 <hex>`.
    pub(crate) tlsa: Vec<String>,
}

impl Host {
    /// The host that is named `mx` or like the domain itself, if its address and its TLSA records are among the domain's records and
    /// no other host would get the mail.
    pub(crate) fn of(domain: &Domain, identities: &Identities) -> Fallible<Option<Self>> {
        if domain.host.is_some() {
            return Ok(None);
        }
        let mut records = Vec::new();
        for line in domain
            .records
            .lines()
            .filter(|line| !line.trim().is_empty())
        {
            records.push(filled_in(line, &domain.name, identities)?);
        }
        let at = |owner: &str, kind: &str| -> Vec<String> {
            let there = records.iter().filter(|(name, _)| name == owner);
            let data = there.filter_map(|(_, data)| data.strip_prefix(kind));
            data.map(|data| data.trim().to_owned()).collect()
        };
        for base in [format!("mx.{}", domain.name), domain.name.clone()] {
            let tlsa = at(&format!("_25._tcp.{base}"), "TLSA ");
            if let (Some(address), false) = (at(&base, "A ").pop(), tlsa.is_empty()) {
                return Ok(Some(Self {
                    base,
                    address,
                    tlsa,
                }));
            }
        }
        Ok(None)
    }
}

/// The owner without its last dot, and what follows it.
fn filled_in(line: &str, origin: &str, identities: &Identities) -> Fallible<(String, String)> {
    let mut words = line.split_whitespace();
    let owner = match words.next().ok_or("it is empty")? {
        "@" => origin.to_owned(),
        owner => match owner.strip_suffix('.') {
            Some(absolute) => absolute.to_owned(),
            None => format!("{owner}.{origin}"),
        },
    };
    let mut data: Vec<String> = Vec::new();
    for word in words {
        let reference = word.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
        let meant = match (reference, data.as_slice()) {
            (None, _) => word.to_owned(),
            (Some(server), [kind]) if kind == "A" => known(identities, server)?.address.to_string(),
            (Some(reference), [_tlsa, _usage, selector, matching]) => {
                let (server, part) = match reference.split_once('/') {
                    None => (reference, Part::Server),
                    Some((server, "issuer")) => (server, Part::Issuer),
                    Some((server, "root")) => (server, Part::Root),
                    Some((_, part)) => return Err(format!("no certificate is a {part}").into()),
                };
                known(identities, server)?.association(part, selector, matching)?
            }
            _ => return Err("`{…}` stands in A and TLSA records alone".into()),
        };
        data.push(meant);
    }
    Ok((owner, data.join(" ")))
}

fn known<'a>(identities: &'a Identities, server: &str) -> Fallible<&'a Identity> {
    let found = identities.get(server);
    Ok(found.ok_or_else(|| format!("there is no server {server}"))?)
}
