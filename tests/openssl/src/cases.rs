//! Servers and TLSA records put together.

use openssl::error::ErrorStack;

use crate::records::Tlsa;
use crate::sites::{self, Kind, Site};

/// A server and what was published for it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The site, a slash, and the labels of the records.
    pub name: String,
    /// The server.
    pub site: Site,
    /// Its TLSA records, in the order of publication.
    pub records: Vec<Tlsa>,
}

/// All cases.
pub fn all() -> Result<Vec<Case>, ErrorStack> {
    let mut cases = Vec::new();
    for (kind, lengths) in [(Kind::P256, 1..=4), (Kind::Rsa, 1..=3)] {
        for length in lengths {
            for site in sites::damaged(kind, length)? {
                every_record(&site, kind, &mut cases);
            }
        }
    }
    for site in sites::odd_paths()?.iter().chain(&sites::restricted()?) {
        some_records(site, &mut cases);
    }
    for site in sites::constrained()? {
        let top = site.path.len() - 1;
        cases.push(one(&site, Tlsa::new(2, 1, 1, &site.path, top)));
        cases.push(one(&site, Tlsa::new(2, 0, 0, &site.path, top)));
        cases.push(one(&site, Tlsa::new(2, 1, 1, &site.path, 1)));
    }
    for site in sites::named()? {
        cases.push(one(&site, Tlsa::new(2, 1, 1, &site.path, 1)));
        cases.push(one(&site, Tlsa::new(3, 1, 1, &site.path, 0)));
    }
    sets(&mut cases)?;
    Ok(cases)
}

fn one(site: &Site, record: Tlsa) -> Case {
    Case::new(site, vec![record])
}

impl Case {
    fn new(site: &Site, records: Vec<Tlsa>) -> Self {
        let labels: Vec<&str> = records.iter().map(|record| record.label.as_str()).collect();
        Self {
            name: format!("{}/{}", site.name, labels.join("+")),
            site: site.clone(),
            records,
        }
    }
}

/// Both usages, both selectors, all matching types, for each certificate; for a sound site also with a wrong octet.
fn every_record(site: &Site, kind: Kind, cases: &mut Vec<Case>) {
    let matching_types = match kind {
        Kind::P256 => [0, 1, 2].as_slice(),
        Kind::Rsa => &[0, 1],
    };
    for depth in 0..site.path.len() {
        for (usage, selector) in [(2, 0), (2, 1), (3, 0), (3, 1)] {
            for &matching in matching_types {
                let record = Tlsa::new(usage, selector, matching, &site.path, depth);
                cases.push(one(site, record));
                if site.name.ends_with("/sound") {
                    let record = Tlsa::wrong(usage, selector, matching, &site.path, depth);
                    cases.push(one(site, record));
                }
            }
        }
    }
}

/// One record of usage 3, and those of usage 2 that differ in what a client learns from them.
fn some_records(site: &Site, cases: &mut Vec<Case>) {
    cases.push(one(site, Tlsa::new(3, 0, 1, &site.path, 0)));
    for depth in 0..site.path.len() {
        for (selector, matching) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            cases.push(one(
                site,
                Tlsa::new(2, selector, matching, &site.path, depth),
            ));
        }
    }
}

/// Two records, in both orders, and each alone: right, wrong and malformed ones.
fn sets(cases: &mut Vec<Case>) -> Result<(), ErrorStack> {
    let mut site = Site::new("sets/sound", &sites::sound(Kind::P256, 3)?)?;
    sets_for(&site, cases);
    site.name = String::from("sets/anchor-not-sent");
    site.sent.pop();
    sets_for(&site, cases);
    Ok(())
}

fn sets_for(site: &Site, cases: &mut Vec<Case>) {
    let path = &site.path;
    let mut trailing = path[2].clone();
    trailing.push(0);
    let pool = [
        Tlsa::new(3, 1, 1, path, 0),
        Tlsa::wrong(3, 1, 1, path, 0),
        Tlsa::new(3, 1, 2, path, 0),
        Tlsa::wrong(3, 1, 2, path, 0),
        Tlsa::new(3, 1, 0, path, 0),
        Tlsa::new(3, 1, 0, path, 1),
        Tlsa::new(3, 0, 1, path, 0),
        Tlsa::wrong(3, 0, 2, path, 0),
        Tlsa::new(2, 1, 1, path, 0),
        Tlsa::new(2, 1, 1, path, 1),
        Tlsa::wrong(2, 1, 1, path, 1),
        Tlsa::new(2, 1, 2, path, 1),
        Tlsa::wrong(2, 1, 2, path, 1),
        Tlsa::new(2, 0, 1, path, 2),
        Tlsa::wrong(2, 0, 2, path, 2),
        Tlsa::new(2, 1, 1, path, 2),
        Tlsa::new(2, 0, 0, path, 2),
        Tlsa::new(2, 1, 0, path, 2),
        Tlsa::raw("3.1.1-short", [3, 1, 1], &[1; 31]),
        Tlsa::raw("3.1.2-short", [3, 1, 2], &[1; 63]),
        Tlsa::raw("2.1.2-empty", [2, 1, 2], &[]),
        Tlsa::raw("2.0.0-trailing", [2, 0, 0], &trailing),
        Tlsa::raw("2.0.0-garbage", [2, 0, 0], &[0x30, 0]),
        Tlsa::raw("2.1.0-garbage", [2, 1, 0], &[0x30, 0]),
        Tlsa::raw("4.1.1", [4, 1, 1], &[1; 32]),
        Tlsa::raw("3.2.1", [3, 2, 1], &[1; 32]),
        Tlsa::raw("3.1.3", [3, 1, 3], &[1; 32]),
        Tlsa::raw("3.1.255", [3, 1, 255], &[1; 32]),
    ];
    for first in &pool {
        cases.push(one(site, first.clone()));
        for second in &pool {
            if first.rdata != second.rdata {
                cases.push(Case::new(site, vec![first.clone(), second.clone()]));
            }
        }
    }
    // A key in the right form, but the point is not on its curve.
    let mut no_point = Tlsa::new(3, 1, 0, path, 0).rdata.split_off(3);
    *no_point.last_mut().expect("a key") ^= 1;
    for usage in [2, 3] {
        let label = format!("{usage}.1.0-no-point");
        cases.push(one(site, Tlsa::raw(&label, [usage, 1, 0], &no_point)));
    }
}
