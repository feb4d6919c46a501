//! What the server's certificate calls itself, and what the client looks for (RFC 7672 §3.2.2, §3.2.3).

use openssl::asn1::Asn1Type;
use openssl::error::ErrorStack;

use super::{Kind, Site, sound};
use crate::BASE;
use crate::authority::{SUBJECT_ALT_NAME, dns, email, ip, names, other_name, uri};

/// SRV-ID (RFC 4985).
const SRV: &str = "1.3.6.1.5.5.7.8.7";
/// User principal name of Microsoft.
const UPN: &str = "1.3.6.1.4.1.311.20.2.3";

/// A server below a root, with other names.
pub fn named() -> Result<Vec<Site>, ErrorStack> {
    let mut sites = Vec::new();
    for (name, presented, references) in alternatives() {
        sites.push(site(name, "server", Some(presented), references)?);
    }
    for (name, common_name) in COMMON_NAMES {
        sites.push(site(name, common_name, None, &[BASE])?);
    }
    for (name, presented) in beside_a_common_name() {
        sites.push(site(name, BASE, Some(presented), &[BASE])?);
    }
    sites.extend(strings()?);
    Ok(sites)
}

fn site(
    name: &str,
    common_name: &str,
    presented: Option<Vec<Vec<u8>>>,
    references: &[&str],
) -> Result<Site, ErrorStack> {
    with_common_names(
        name,
        vec![(Asn1Type::UTF8STRING, common_name.to_owned())],
        presented,
        references,
    )
}

fn with_common_names(
    name: &str,
    common_names: Vec<(Asn1Type, String)>,
    presented: Option<Vec<Vec<u8>>>,
    references: &[&str],
) -> Result<Site, ErrorStack> {
    let mut specs = sound(Kind::P256, 2)?;
    specs[0].common_names = common_names;
    match presented {
        Some(presented) => specs[0].set(SUBJECT_ALT_NAME, false, names(presented)),
        None => specs[0].unset(SUBJECT_ALT_NAME),
    }
    let mut site = Site::new(format!("names/{name}"), &specs)?;
    site.references = references.iter().map(|name| (*name).to_owned()).collect();
    Ok(site)
}

/// A name, what is presented, and what is looked for.
type Alternative = (&'static str, Vec<Vec<u8>>, &'static [&'static str]);

fn alternatives() -> Vec<Alternative> {
    const HOST: &[&str] = &[BASE];
    const THREE: &[&str] = &[BASE, "example.com", "example.org"];
    vec![
        ("equal", vec![dns(BASE)], HOST),
        ("capitals", vec![dns("MX.Example.COM")], HOST),
        ("another", vec![dns("mx.example.net")], HOST),
        (
            "second-presented",
            vec![dns("mx.example.net"), dns(BASE)],
            HOST,
        ),
        ("second-reference", vec![dns("example.com")], THREE),
        ("third-reference", vec![dns("example.org")], THREE),
        ("no-reference", vec![dns("example.net")], THREE),
        ("parent", vec![dns("example.com")], HOST),
        ("child", vec![dns("a.mx.example.com")], HOST),
        ("wildcard", vec![dns("*.example.com")], HOST),
        ("wildcard-capitals", vec![dns("*.EXAMPLE.com")], HOST),
        (
            "wildcard-for-two-labels",
            vec![dns("*.example.com")],
            &["a.mx.example.com"],
        ),
        (
            "wildcard-for-parent",
            vec![dns("*.example.com")],
            &["example.com"],
        ),
        (
            "wildcard-of-top-level",
            vec![dns("*.com")],
            &["example.com"],
        ),
        (
            "wildcard-of-two-letters",
            vec![dns("*.co.uk")],
            &["example.co.uk"],
        ),
        ("wildcard-alone", vec![dns("*")], &["localhost"]),
        (
            "wildcard-after-letters",
            vec![dns("mx*.example.com")],
            &["mx1.example.com"],
        ),
        ("wildcard-before-letters", vec![dns("*x.example.com")], HOST),
        ("wildcard-second-label", vec![dns("mx.*.com")], HOST),
        ("wildcard-two-labels", vec![dns("*.*.com")], HOST),
        ("wildcard-doubled", vec![dns("**.example.com")], HOST),
        (
            "wildcard-for-a-label",
            vec![dns("*.example.com")],
            &["xn--mller-kva.example.com"],
        ),
        (
            "wildcard-for-underscore",
            vec![dns("*.example.com")],
            &["mx_1.example.com"],
        ),
        (
            "wildcard-below-underscore",
            vec![dns("*.ex_ample.com")],
            &["mx.ex_ample.com"],
        ),
        ("wildcard-with-dot", vec![dns("*.example.com.")], HOST),
        ("wildcard-of-empty-label", vec![dns("*..example.com")], HOST),
        (
            "wildcard-for-second-reference",
            vec![dns("*.example.org")],
            &[BASE, "a.example.org"],
        ),
        (
            "underscore",
            vec![dns("mx_1.example.com")],
            &["mx_1.example.com"],
        ),
        ("final-dot", vec![dns("mx.example.com.")], HOST),
        ("leading-dot", vec![dns(".example.com")], HOST),
        ("leading-dot-whole", vec![dns(".mx.example.com")], HOST),
        (
            "nul-inside",
            vec![dns("mx.example.com\0.example.net")],
            HOST,
        ),
        ("nul-behind", vec![dns("mx.example.com\0")], HOST),
        ("space-behind", vec![dns("mx.example.com ")], HOST),
        ("space-before", vec![dns(" mx.example.com")], HOST),
        ("empty", vec![dns("")], HOST),
        ("address-as-name", vec![dns("192.0.2.1")], HOST),
        ("name-as-mail", vec![email(BASE)], HOST),
        ("name-as-uri", vec![uri(BASE)], HOST),
        ("one-label", vec![dns("localhost")], &["localhost"]),
        (
            "a-label",
            vec![dns("xn--mller-kva.example.com")],
            &["xn--mller-kva.example.com"],
        ),
        ("digits", vec![dns("1.example.com")], &["1.example.com"]),
    ]
}

/// The only name of a certificate.
const COMMON_NAMES: &[(&str, &str)] = &[
    ("common-name", BASE),
    ("common-name-capitals", "MX.EXAMPLE.COM"),
    ("common-name-another", "mx.example.net"),
    ("common-name-wildcard", "*.example.com"),
    ("common-name-final-dot", "mx.example.com."),
    ("common-name-nul-inside", "mx.example.com\0.example.net"),
    ("common-name-space", "mx.example.com "),
    ("common-name-words", "mx.example.com and more"),
];

/// The common name fits; does it count?
fn beside_a_common_name() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    vec![
        ("common-name-beside-dns-id", vec![dns("mx.example.net")]),
        ("common-name-beside-empty-dns-id", vec![dns("")]),
        (
            "common-name-beside-mail",
            vec![email("postmaster@example.com")],
        ),
        ("common-name-beside-address", vec![ip(&[192, 0, 2, 1])]),
        (
            "common-name-beside-uri",
            vec![uri("https://mx.example.net/")],
        ),
        (
            "common-name-beside-srv-id",
            vec![other_name(SRV, "_smtp.example.net")],
        ),
        (
            "common-name-beside-other-name",
            vec![other_name(UPN, "user@example.com")],
        ),
        (
            "common-name-beside-mail-and-dns-id",
            vec![email("a@b"), dns("mx.example.net")],
        ),
        ("common-name-beside-empty-list", vec![]),
    ]
}

/// Common names in all kinds of string, and several of them.
fn strings() -> Result<Vec<Site>, ErrorStack> {
    let wide = |width: usize| -> String {
        let pad = "\0".repeat(width - 1);
        BASE.chars()
            .map(|letter| format!("{pad}{letter}"))
            .collect()
    };
    let plain = || BASE.to_owned();
    let universal = Asn1Type::UNIVERSALSTRING;
    let utf8 = |name: &str| (Asn1Type::UTF8STRING, name.to_owned());
    let all = [
        (
            "common-name-printable",
            vec![(Asn1Type::PRINTABLESTRING, plain())],
        ),
        ("common-name-ia5", vec![(Asn1Type::IA5STRING, plain())]),
        ("common-name-t61", vec![(Asn1Type::T61STRING, plain())]),
        ("common-name-bmp", vec![(Asn1Type::BMPSTRING, wide(2))]),
        ("common-name-universal", vec![(universal, wide(4))]),
        (
            "common-name-octets-in-bmp",
            vec![(Asn1Type::BMPSTRING, plain())],
        ),
        (
            "common-name-first-of-two",
            vec![utf8(BASE), utf8("mx.example.net")],
        ),
        (
            "common-name-second-of-two",
            vec![utf8("mx.example.net"), utf8(BASE)],
        ),
        ("common-name-none", vec![]),
    ];
    all.into_iter()
        .map(|(name, common_names)| with_common_names(name, common_names, None, &[BASE]))
        .collect()
}
