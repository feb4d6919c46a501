//! Name constraints (RFC 5280 §4.2.1.10), of the anchor and of the authority below it.

use openssl::error::ErrorStack;

use super::{Kind, Site, sound};
use crate::BASE;
use crate::authority::{NAME_CONSTRAINTS, SUBJECT_ALT_NAME, Spec, directory, dns, email, ip};
use crate::authority::{name_constraints, names, uri};

/// A server, an authority and a root, one of the latter with constraints.
pub fn constrained() -> Result<Vec<Site>, ErrorStack> {
    let mut sites = Vec::new();
    for (depth, holder) in [(1, "intermediate"), (2, "anchor")] {
        for (constraints, permitted, excluded) in subtrees() {
            for (server, alter) in SERVERS {
                let mut specs = sound(Kind::P256, 3)?;
                alter(&mut specs[0]);
                let value = name_constraints(&permitted, &excluded);
                specs[depth].set(NAME_CONSTRAINTS, true, value);
                let name = format!("constraints/{holder}-{constraints}/{server}");
                sites.push(Site::new(name, &specs)?);
            }
        }
    }
    Ok(sites)
}

type Subtrees = (&'static str, Vec<Vec<u8>>, Vec<Vec<u8>>);

fn subtrees() -> Vec<Subtrees> {
    let everything: [u8; 8] = [0; 8];
    vec![
        ("permits-the-name", vec![dns(BASE)], vec![]),
        ("permits-the-domain", vec![dns("example.com")], vec![]),
        (
            "permits-the-domain-with-dot",
            vec![dns(".example.com")],
            vec![],
        ),
        ("permits-in-capitals", vec![dns("EXAMPLE.COM")], vec![]),
        ("permits-every-name", vec![dns("")], vec![]),
        (
            "permits-two",
            vec![dns("example.net"), dns("example.com")],
            vec![],
        ),
        ("permits-another", vec![dns("example.net")], vec![]),
        ("permits-part-of-a-label", vec![dns("ample.com")], vec![]),
        ("permits-one-below", vec![dns("a.mx.example.com")], vec![]),
        ("excludes-the-name", vec![], vec![dns(BASE)]),
        ("excludes-the-domain", vec![], vec![dns("example.com")]),
        ("excludes-another", vec![], vec![dns("example.net")]),
        (
            "excludes-a-neighbour",
            vec![],
            vec![dns("other.example.com")],
        ),
        ("excludes-every-name", vec![], vec![dns("")]),
        (
            "permits-and-excludes",
            vec![dns("example.com")],
            vec![dns(BASE)],
        ),
        ("permits-mail", vec![email("example.net")], vec![]),
        ("permits-uri", vec![uri("example.net")], vec![]),
        (
            "permits-no-address",
            vec![ip(&[192, 0, 2, 0, 255, 255, 255, 0])],
            vec![],
        ),
        ("excludes-all-addresses", vec![], vec![ip(&everything)]),
        ("permits-a-directory", vec![directory("server")], vec![]),
        (
            "permits-another-directory",
            vec![directory("somebody")],
            vec![],
        ),
        ("excludes-a-directory", vec![], vec![directory("server")]),
    ]
}

/// A name, and what it does to the server's certificate.
type Server = (&'static str, fn(&mut Spec));

const SERVERS: &[Server] = &[
    ("name", |_| ()),
    ("wildcard", |leaf| san(leaf, &[dns("*.example.com")])),
    ("two-names", |leaf| {
        san(leaf, &[dns(BASE), dns("mx.example.org")])
    }),
    ("common-name", |leaf| {
        leaf.unset(SUBJECT_ALT_NAME);
        BASE.clone_into(&mut leaf.common_names[0].1);
    }),
    ("name-and-other-common-name", |leaf| {
        "mx.example.org".clone_into(&mut leaf.common_names[0].1);
    }),
];

fn san(leaf: &mut Spec, presented: &[Vec<u8>]) {
    leaf.set(SUBJECT_ALT_NAME, false, names(presented.to_vec()));
}
