//! Several ways up, and strange ones. Chains here may be long, and certificates may stand for each other.

use openssl::error::ErrorStack;

use super::{Kind, STRANGER, Site, issue, p256, sound};
use crate::authority::{AUTHORITY_KEY_ID, BASIC_CONSTRAINTS, DAY, NAME_CONSTRAINTS};
use crate::authority::{KeyId, Spec, authority_key_id, basic_constraints, dns};
use crate::authority::{break_signature, name_constraints};
use crate::{BASE, NOW};

/// All of them.
pub fn odd_paths() -> Result<Vec<Site>, ErrorStack> {
    let mut sites = Vec::new();
    sites.extend(self_signed()?);
    sites.extend(long()?);
    sites.extend(shared_keys()?);
    sites.extend(twins()?);
    sites.extend(crossed()?);
    sites.extend(self_issued()?);
    sites.extend(published_alone()?);
    Ok(sites)
}

/// The server's certificate is its own authority.
fn self_signed() -> Result<Vec<Site>, ErrorStack> {
    let mut specs = sound(Kind::P256, 1)?;
    let mut twice = Site::new("paths/self-signed-sent-twice", &specs)?;
    twice.sent.extend_from_within(..);
    specs[0].set(BASIC_CONSTRAINTS, true, basic_constraints(true, None));
    let authority = Site::new("paths/self-signed-authority", &specs)?;
    // The second certificate is another one of the same name and key.
    let mut renewed = authority.clone();
    renewed.name = String::from("paths/self-signed-authority-renewed");
    specs[0].serial = vec![1];
    renewed.path.extend(issue(&specs)?);
    renewed.sent.clone_from(&renewed.path);
    Ok(vec![twice, authority, renewed])
}

fn long() -> Result<Vec<Site>, ErrorStack> {
    let mut sites = Vec::new();
    for length in [7, 8, 9] {
        let specs = sound(Kind::P256, length)?;
        sites.push(Site::new(format!("paths/length-{length}"), &specs)?);
    }
    let specs = sound(Kind::P256, 3)?;
    for count in [16, 17] {
        let mut site = Site::new(format!("paths/{count}-certificates"), &specs)?;
        for number in site.sent.len()..count {
            let stranger = Spec::authority(&format!("stranger {number}"), p256(STRANGER)?);
            site.sent.push(stranger.issued_by(&stranger)?);
        }
        sites.push(site);
    }
    Ok(sites)
}

fn shared_keys() -> Result<Vec<Site>, ErrorStack> {
    let mut specs = sound(Kind::P256, 3)?;
    specs[1].key = specs[0].key.clone();
    let below = Site::new("paths/server-has-the-key-of-its-issuer", &specs)?;
    let mut specs = sound(Kind::P256, 3)?;
    specs[2].key = specs[0].key.clone();
    let top = Site::new("paths/server-has-the-key-of-the-anchor", &specs)?;
    // The key of the anchor is sent, but under a name that issued nothing here.
    let specs = sound(Kind::P256, 3)?;
    let mut renamed = Site::new("paths/key-of-the-anchor-under-another-name", &specs)?;
    let other = Spec::authority("another name", specs[2].key.clone());
    renamed.sent[2] = other.issued_by(&other)?;
    Ok(vec![below, top, renamed])
}

/// Two certificates for one authority, or for what looks like one.
fn twins() -> Result<Vec<Site>, ErrorStack> {
    let mut sites = Vec::new();
    let without_key_ids = || -> Result<Vec<Spec>, ErrorStack> {
        let mut specs = sound(Kind::P256, 3)?;
        specs
            .iter_mut()
            .for_each(|spec| spec.key_id = KeyId::Absent);
        Ok(specs)
    };
    type Twin = (&'static str, fn(&mut Spec) -> Result<(), ErrorStack>);
    let twins: [Twin; 5] = [
        ("expired", |twin| {
            twin.not_after = NOW - DAY;
            Ok(())
        }),
        ("of-another-key", |twin| {
            twin.key = p256(STRANGER + 1)?;
            Ok(())
        }),
        ("no-authority", |twin| {
            twin.set(BASIC_CONSTRAINTS, true, basic_constraints(false, None));
            Ok(())
        }),
        ("constrained", |twin| {
            let other = name_constraints(&[dns("example.net")], &[]);
            twin.set(NAME_CONSTRAINTS, true, other);
            Ok(())
        }),
        ("renewed", |_| Ok(())),
    ];
    for (name, alter) in twins {
        let specs = without_key_ids()?;
        let mut twin = specs[1].clone();
        twin.serial = vec![2];
        alter(&mut twin)?;
        let twin = twin.issued_by(&specs[2])?;
        let mut first = Site::new(format!("paths/twin-{name}-first"), &specs)?;
        first.sent.insert(1, twin.clone());
        let mut later = Site::new(format!("paths/twin-{name}-later"), &specs)?;
        later.sent.insert(2, twin);
        sites.extend([first, later]);
    }
    let specs = without_key_ids()?;
    let mut broken = Site::new("paths/twin-of-broken-signature-first", &specs)?;
    let mut twin = broken.path[1].clone();
    break_signature(&mut twin);
    broken.sent.insert(1, twin);
    sites.push(broken);
    // With key identifiers, which tell keys apart.
    let specs = sound(Kind::P256, 3)?;
    let mut told = Site::new("paths/twin-of-another-key-identifier-first", &specs)?;
    let twin = Spec::authority(&specs[1].common_names[0].1, p256(STRANGER + 1)?);
    told.sent.insert(1, twin.issued_by(&specs[2])?);
    sites.push(told);
    let mut specs = sound(Kind::P256, 3)?;
    specs[0].set(AUTHORITY_KEY_ID, false, authority_key_id(&[1; 20]));
    sites.push(Site::new("paths/key-identifier-of-nobody", &specs)?);
    Ok(sites)
}

/// An authority that two roots vouch for.
fn crossed() -> Result<Vec<Site>, ErrorStack> {
    let specs = sound(Kind::P256, 3)?;
    let other = Spec::authority("other root", p256(STRANGER + 2)?);
    let other_root = other.issued_by(&other)?;
    let by_other = specs[1].issued_by(&other)?;
    let mut sites = Vec::new();
    for (name, place) in [("later", 3), ("first", 1)] {
        let mut site = Site::new(format!("paths/crossed-{name}"), &specs)?;
        site.sent.insert(place, other_root.clone());
        site.sent.insert(place, by_other.clone());
        sites.push(site);
    }
    // The root itself comes as one that another root vouches for, and its own certificate stands only in the DNS.
    let mut site = Site::new("paths/crossed-root-for-root", &specs)?;
    site.sent[2] = specs[2].issued_by(&other)?;
    sites.push(site.clone());
    site.name = String::from("paths/crossed-root-and-other-root-for-root");
    site.sent.push(other_root);
    sites.push(site);
    let mut expired = specs[2].clone();
    expired.not_after = NOW - DAY;
    let mut site = Site::new("paths/expired-root-for-root", &specs)?;
    site.sent[2] = expired.issued_by(&expired)?;
    sites.push(site);
    Ok(sites)
}

/// Authorities that change their keys. Their certificates count for no path length (RFC 5280 §6.1.4).
fn self_issued() -> Result<Vec<Site>, ErrorStack> {
    let mut specs = sound(Kind::P256, 3)?;
    specs[1].common_names = specs[2].common_names.clone();
    specs[2].set(BASIC_CONSTRAINTS, true, basic_constraints(true, Some(0)));
    let below_anchor = Site::new("paths/self-issued-below-anchor-of-length-0", &specs)?;
    let mut specs = sound(Kind::P256, 4)?;
    specs[1].common_names = specs[2].common_names.clone();
    specs[2].set(BASIC_CONSTRAINTS, true, basic_constraints(true, Some(0)));
    let below = Site::new("paths/self-issued-below-intermediate-of-length-0", &specs)?;
    let mut specs = sound(Kind::P256, 3)?;
    specs[0].common_names = specs[1].common_names.clone();
    specs[1].set(BASIC_CONSTRAINTS, true, basic_constraints(true, Some(0)));
    let leaf = Site::new("paths/self-issued-server", &specs)?;
    // A self-issued authority is not bound by name constraints, the server is.
    let mut specs = sound(Kind::P256, 3)?;
    specs[1].common_names = specs[2].common_names.clone();
    let constraints = name_constraints(&[dns(BASE)], &[]);
    specs[2].set(NAME_CONSTRAINTS, true, constraints);
    let constrained = Site::new("paths/self-issued-below-constraints", &specs)?;
    Ok(vec![below_anchor, below, leaf, constrained])
}

/// The anchor's certificate is not sent, so only the records tell of it.
fn published_alone() -> Result<Vec<Site>, ErrorStack> {
    type Anchor = (&'static str, fn(&mut Spec));
    let anchors: [Anchor; 5] = [
        ("expired", |anchor| anchor.not_after = NOW - DAY),
        ("no-authority", |anchor| {
            anchor.set(BASIC_CONSTRAINTS, true, basic_constraints(false, None));
        }),
        ("path-length-0", |anchor| {
            anchor.set(BASIC_CONSTRAINTS, true, basic_constraints(true, Some(0)));
        }),
        ("excludes-name", |anchor| {
            anchor.set(NAME_CONSTRAINTS, true, name_constraints(&[], &[dns(BASE)]));
        }),
        ("version-1", |anchor| anchor.version = 1),
    ];
    let mut sites = Vec::new();
    for (name, alter) in anchors {
        let mut specs = sound(Kind::P256, 3)?;
        alter(&mut specs[2]);
        let mut site = Site::new(format!("paths/not-sent-anchor-{name}"), &specs)?;
        site.sent.pop();
        sites.push(site);
    }
    // With more than one certificate missing, or in another order.
    let specs = sound(Kind::P256, 4)?;
    let mut site = Site::new("paths/two-not-sent", &specs)?;
    site.sent.truncate(2);
    sites.push(site);
    let mut site = Site::new("paths/not-sent-and-shuffled", &specs)?;
    site.sent.pop();
    site.sent[1..].reverse();
    let stranger = Spec::authority("stranger", p256(STRANGER + 3)?);
    site.sent.insert(1, stranger.issued_by(&stranger)?);
    sites.push(site);
    let mut specs = sound(Kind::P256, 3)?;
    specs[1].not_after = NOW - DAY;
    let mut site = Site::new("paths/not-sent-anchor-of-expired-intermediate", &specs)?;
    site.sent.pop();
    sites.push(site);
    let mut specs = sound(Kind::P256, 2)?;
    specs[0].not_after = NOW - DAY;
    let mut site = Site::new("paths/not-sent-anchor-of-expired-leaf", &specs)?;
    site.sent.pop();
    sites.push(site);
    Ok(sites)
}
