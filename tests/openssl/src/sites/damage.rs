//! Chains of one to four certificates, sound or with one thing wrong.

use openssl::error::ErrorStack;

use super::{Kind, STRANGER, Site, key, sound};
use crate::BASE;
use crate::authority::{BASIC_CONSTRAINTS, CLIENT_AUTH, DAY, EXTENDED_KEY_USAGE, NAME_CONSTRAINTS};
use crate::authority::{SUBJECT_ALT_NAME, Spec, basic_constraints, break_signature, dns};
use crate::authority::{name_constraints, names, purposes};
use crate::{NOW, sites::issue};

/// Every damage that there can be in a path of this length.
pub fn damaged(kind: Kind, length: usize) -> Result<Vec<Site>, ErrorStack> {
    let prefix = match kind {
        Kind::P256 => format!("p256/n{length}"),
        Kind::Rsa => format!("rsa/n{length}"),
    };
    let mut sites = Vec::new();
    for (name, least, alter) in BEFORE_ISSUE {
        if length >= *least {
            let mut specs = sound(kind, length)?;
            alter(&mut specs);
            sites.push(Site::new(format!("{prefix}/{name}"), &specs)?);
        }
    }
    for (name, least, alter) in AFTER_ISSUE {
        if length >= *least {
            let specs = sound(kind, length)?;
            let mut site = Site::new(format!("{prefix}/{name}"), &specs)?;
            let last = site.sent.len() - 1;
            alter(&mut site.sent, last);
            // What a record names is what is sent, if it is sent.
            if site.sent.len() == site.path.len() && !name.starts_with("shuffled") {
                site.path = site.sent.clone();
            }
            sites.push(site);
        }
    }
    if length >= 2 {
        sites.extend(strangers(kind, length, &prefix)?);
    }
    for site in &mut sites {
        if site.name.ends_with("second-name") {
            site.references = ["mx.example.net", BASE, "example.com"]
                .map(str::to_owned)
                .into();
        }
    }
    Ok(sites)
}

/// A name, the length of path that it needs, and what it does.
type Alteration<T> = (&'static str, usize, T);

/// Given what the certificates are to say.
type Specs = fn(&mut [Spec]);

const BEFORE_ISSUE: &[Alteration<Specs>] = &[
    ("sound", 1, |_| ()),
    ("second-name", 1, |_| ()),
    ("expired-leaf", 1, |specs| expire(&mut specs[0])),
    ("expired-intermediate", 3, |specs| expire(&mut specs[1])),
    ("expired-anchor", 2, |specs| expire(last(specs))),
    ("future-leaf", 1, |specs| delay(&mut specs[0])),
    ("future-intermediate", 3, |specs| delay(&mut specs[1])),
    ("future-anchor", 2, |specs| delay(last(specs))),
    ("wrong-name", 1, |specs| name(specs, "mx.example.net")),
    ("wildcard", 1, |specs| name(specs, "*.example.com")),
    ("common-name-only", 1, |specs| {
        specs[0].unset(SUBJECT_ALT_NAME);
        BASE.clone_into(&mut specs[0].common_names[0].1);
    }),
    ("client-only", 1, |specs| {
        specs[0].set(EXTENDED_KEY_USAGE, false, purposes(&[CLIENT_AUTH]));
    }),
    ("anchor-no-ca", 2, |specs| {
        last(specs).set(BASIC_CONSTRAINTS, true, basic_constraints(false, None));
    }),
    ("intermediate-no-ca", 3, |specs| {
        specs[1].set(BASIC_CONSTRAINTS, true, basic_constraints(false, None));
    }),
    ("path-length-0-enough", 2, |specs| {
        specs[1].set(BASIC_CONSTRAINTS, true, basic_constraints(true, Some(0)));
    }),
    ("path-length-0-of-anchor", 3, |specs| {
        last(specs).set(BASIC_CONSTRAINTS, true, basic_constraints(true, Some(0)));
    }),
    ("path-length-1-of-anchor", 3, |specs| {
        last(specs).set(BASIC_CONSTRAINTS, true, basic_constraints(true, Some(1)));
    }),
    ("path-length-0-of-intermediate", 4, |specs| {
        specs[2].set(BASIC_CONSTRAINTS, true, basic_constraints(true, Some(0)));
    }),
    ("anchor-permits-name", 2, |specs| {
        let constraints = name_constraints(&[dns("example.com")], &[]);
        last(specs).set(NAME_CONSTRAINTS, true, constraints);
    }),
    ("anchor-permits-other", 2, |specs| {
        let constraints = name_constraints(&[dns("example.net")], &[]);
        last(specs).set(NAME_CONSTRAINTS, true, constraints);
    }),
    ("anchor-excludes-name", 2, |specs| {
        let constraints = name_constraints(&[], &[dns("example.com")]);
        last(specs).set(NAME_CONSTRAINTS, true, constraints);
    }),
    ("anchor-excludes-other", 2, |specs| {
        let constraints = name_constraints(&[], &[dns("example.net")]);
        last(specs).set(NAME_CONSTRAINTS, true, constraints);
    }),
];

/// Given what is sent, and the place of the last one.
type Sent = fn(&mut Vec<Vec<u8>>, usize);

const AFTER_ISSUE: &[Alteration<Sent>] = &[
    ("broken-leaf-signature", 1, |sent, _| {
        break_signature(&mut sent[0])
    }),
    ("broken-intermediate-signature", 3, |sent, _| {
        break_signature(&mut sent[1])
    }),
    ("broken-anchor-signature", 2, |sent, last| {
        break_signature(&mut sent[last])
    }),
    ("anchor-not-sent", 2, |sent, _| drop(sent.pop())),
    ("intermediate-not-sent", 3, |sent, _| drop(sent.remove(1))),
    ("leaf-alone", 3, |sent, _| sent.truncate(1)),
    ("shuffled", 3, |sent, _| sent[1..].reverse()),
    ("sent-twice", 2, |sent, _| sent.extend_from_within(1..)),
];

/// Two chains, of which the wrong one is at the end or at the beginning.
fn strangers(kind: Kind, length: usize, prefix: &str) -> Result<Vec<Site>, ErrorStack> {
    let genuine = sound(kind, length)?;
    let mut forged = genuine.clone();
    for (depth, spec) in forged.iter_mut().enumerate() {
        spec.key = key(kind, STRANGER + depth)?;
    }
    // The forger uses names of its own in the first case, and the genuine ones in the second.
    let same_names = issue(&forged)?;
    for spec in &mut forged {
        spec.common_names[0].1.push_str(" of a forger");
    }
    let mut appended = Site::new(format!("{prefix}/stranger-appended"), &genuine)?;
    appended.sent.extend(issue(&forged)?.split_off(1));
    let mut decoy = Site::new(format!("{prefix}/decoy-anchor"), &genuine)?;
    decoy.sent = issue(&forged)?;
    decoy.sent.extend_from_slice(&decoy.path[1..]);
    decoy.key = forged[0].key.clone();
    let mut namesake = decoy.clone();
    namesake.name = format!("{prefix}/decoy-anchor-of-the-same-name");
    namesake.sent = same_names;
    namesake.sent.extend_from_slice(&namesake.path[1..]);
    Ok(vec![appended, decoy, namesake])
}

fn last(specs: &mut [Spec]) -> &mut Spec {
    specs.last_mut().expect("a certificate")
}

fn expire(spec: &mut Spec) {
    spec.not_after = NOW - DAY;
}

fn delay(spec: &mut Spec) {
    spec.not_before = NOW + DAY;
}

fn name(specs: &mut [Spec], name: &str) {
    specs[0].set(SUBJECT_ALT_NAME, false, names([dns(name)]));
}
