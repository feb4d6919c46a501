//! What a certificate is for, its version, its dates to the second, and algorithms.

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;

use super::{Kind, Site, key, sound};
use crate::authority::{ANY_PURPOSE, BASIC_CONSTRAINTS, CERT_SIGN, CLIENT_AUTH, CRL_SIGN};
use crate::authority::{DIGITAL_SIGNATURE, EXTENDED_KEY_USAGE, KEY_ENCIPHERMENT, KEY_USAGE};
use crate::authority::{SERVER_AUTH, SUBJECT_ALT_NAME, Spec, basic_constraints, dns, ec_key};
use crate::authority::{key_usage, names, purposes, rsa_key};
use crate::der::{element, object, sequence};
use crate::{BASE, NOW};

/// An extension that nobody knows.
const UNKNOWN: &str = "1.3.6.1.4.1.32473.1";
/// `id-ce-certificatePolicies`
const POLICIES: &str = "2.5.29.32";
/// `id-ce-policyConstraints`
const POLICY_CONSTRAINTS: &str = "2.5.29.36";
/// A purpose that nobody knows.
const UNKNOWN_PURPOSE: &str = "1.3.6.1.4.1.32473.2";

/// A server, an authority and a root, with one of them restricted or odd.
pub fn restricted() -> Result<Vec<Site>, ErrorStack> {
    let mut sites = Vec::new();
    for (depth, holder) in ["leaf", "intermediate", "anchor"].into_iter().enumerate() {
        for (name, alter) in ANYWHERE {
            sites.push(site(&format!("{holder}-{name}"), |specs| {
                alter(&mut specs[depth]);
                Ok(())
            })?);
        }
    }
    for (name, alter) in LEAF {
        sites.push(site(&format!("leaf-{name}"), |specs| {
            alter(&mut specs[0]);
            Ok(())
        })?);
    }
    for (name, depth) in [("intermediate", 1), ("anchor", 2)] {
        for (what, alter) in AUTHORITY {
            sites.push(site(&format!("{name}-{what}"), |specs| {
                alter(&mut specs[depth]);
                Ok(())
            })?);
        }
    }
    sites.extend(algorithms()?);
    Ok(sites)
}

fn site(
    name: &str,
    alter: impl FnOnce(&mut [Spec]) -> Result<(), ErrorStack>,
) -> Result<Site, ErrorStack> {
    let mut specs = sound(Kind::P256, 3)?;
    alter(&mut specs)?;
    Site::new(format!("restrictions/{name}"), &specs)
}

type Alteration = (&'static str, fn(&mut Spec));

const ANYWHERE: &[Alteration] = &[
    ("for-servers", |spec| purpose(spec, &[SERVER_AUTH])),
    ("for-clients", |spec| purpose(spec, &[CLIENT_AUTH])),
    ("for-both", |spec| {
        purpose(spec, &[CLIENT_AUTH, SERVER_AUTH])
    }),
    ("for-anything", |spec| purpose(spec, &[ANY_PURPOSE])),
    ("for-clients-and-anything", |spec| {
        purpose(spec, &[CLIENT_AUTH, ANY_PURPOSE])
    }),
    ("for-unknown-purpose", |spec| {
        purpose(spec, &[UNKNOWN_PURPOSE])
    }),
    ("critical-unknown-extension", |spec| {
        spec.set(UNKNOWN, true, vec![5, 0])
    }),
    ("unknown-extension", |spec| {
        spec.set(UNKNOWN, false, vec![5, 0])
    }),
    ("critical-policies", |spec| {
        spec.set(POLICIES, true, sequence([sequence([object(UNKNOWN)])]));
    }),
    ("explicit-policy", |spec| {
        spec.set(POLICY_CONSTRAINTS, true, sequence([element(0x80, &[0])]));
    }),
    ("critical-purpose", |spec| {
        spec.set(EXTENDED_KEY_USAGE, true, purposes(&[SERVER_AUTH]));
    }),
    ("version-1", |spec| {
        spec.version = 1;
        // The only place that is left for a name.
        if spec.common_names[0].1 == "server" {
            BASE.clone_into(&mut spec.common_names[0].1);
        }
    }),
    ("long-serial", |spec| spec.serial = vec![0x7f; 30]),
    ("serial-zero", |spec| spec.serial = vec![0]),
    ("starts-now", |spec| spec.not_before = NOW),
    ("starts-in-a-second", |spec| spec.not_before = NOW + 1),
    ("ends-now", |spec| spec.not_after = NOW),
    ("ended-a-second-ago", |spec| spec.not_after = NOW - 1),
    ("lasts-beyond-2050", |spec| {
        spec.not_after = NOW + 3_000_000_000
    }),
    ("without-key-usage", |spec| spec.unset(KEY_USAGE)),
    ("key-usage-crl-sign", |spec| usage(spec, CRL_SIGN)),
    ("key-usage-signature", |spec| usage(spec, DIGITAL_SIGNATURE)),
];

const LEAF: &[Alteration] = &[
    ("without-purpose", |spec| spec.unset(EXTENDED_KEY_USAGE)),
    ("key-usage-cert-sign", |spec| usage(spec, CERT_SIGN)),
    ("key-usage-encipherment", |spec| {
        usage(spec, KEY_ENCIPHERMENT)
    }),
    ("says-no-ca", |spec| basic(spec, false, None)),
    ("says-ca", |spec| basic(spec, true, None)),
    ("says-ca-of-length-0", |spec| basic(spec, true, Some(0))),
    ("without-subject", |spec| {
        spec.common_names.clear();
        spec.set(SUBJECT_ALT_NAME, true, names([dns(BASE)]));
    }),
];

const AUTHORITY: &[Alteration] = &[
    ("without-basic-constraints", |spec| {
        spec.unset(BASIC_CONSTRAINTS)
    }),
    ("without-both", |spec| {
        spec.unset(BASIC_CONSTRAINTS);
        spec.unset(KEY_USAGE);
    }),
    ("basic-constraints-not-critical", |spec| {
        spec.set(BASIC_CONSTRAINTS, false, basic_constraints(true, None));
    }),
    ("says-no-ca", |spec| basic(spec, false, None)),
];

fn purpose(spec: &mut Spec, identifiers: &[&str]) {
    spec.set(EXTENDED_KEY_USAGE, false, purposes(identifiers));
}

fn usage(spec: &mut Spec, bits: [u8; 2]) {
    spec.set(KEY_USAGE, true, key_usage(bits));
}

fn basic(spec: &mut Spec, is_authority: bool, length: Option<u8>) {
    let value = basic_constraints(is_authority, length);
    spec.set(BASIC_CONSTRAINTS, true, value);
}

/// Keys and signatures of several sorts in one path, some of them too weak.
fn algorithms() -> Result<Vec<Site>, ErrorStack> {
    Ok(vec![
        site("rsa-below-p256", |specs| {
            set_key(specs, 0, key(Kind::Rsa, 0)?)
        })?,
        site("p256-below-rsa", |specs| {
            specs[1].key = key(Kind::Rsa, 1)?;
            set_key(specs, 2, key(Kind::Rsa, 2)?)
        })?,
        site("anchor-p384", |specs| {
            set_key(specs, 2, ec_key(Nid::SECP384R1)?)
        })?,
        site("anchor-p521", |specs| {
            set_key(specs, 2, ec_key(Nid::SECP521R1)?)
        })?,
        site("leaf-p521", |specs| {
            set_key(specs, 0, ec_key(Nid::SECP521R1)?)
        })?,
        site("anchor-ed25519", |specs| {
            set_key(specs, 2, PKey::generate_ed25519()?)
        })?,
        site("anchor-rsa-1024", |specs| set_key(specs, 2, rsa_key(1024)?))?,
        site("leaf-signed-with-sha1", |specs| {
            specs[0].digest = MessageDigest::sha1();
            Ok(())
        })?,
        site("leaf-signed-with-sha384", |specs| {
            specs[0].digest = MessageDigest::sha384();
            Ok(())
        })?,
        site("leaf-signed-with-sha512", |specs| {
            specs[0].digest = MessageDigest::sha512();
            Ok(())
        })?,
        site("anchor-signed-with-sha1", |specs| {
            specs[2].digest = MessageDigest::sha1();
            Ok(())
        })?,
    ])
}

fn set_key(specs: &mut [Spec], depth: usize, key: crate::authority::Key) -> Result<(), ErrorStack> {
    specs[depth].key = key;
    Ok(())
}
