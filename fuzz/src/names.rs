//! The names in a certificate, held against reference identifiers: RFC 9525 §6 said once more as a comparison of labels, and
//! webpki's opinion.
//!
//! The certificates are made here. Their signatures are not worth anything, and an algorithm that takes any signature judges
//! them, so that each input comes as far as its names.

mod made;

use arbitrary::{Result, Unstructured};
use pki_types::{CertificateDer, ServerName};
use smtp_dane::tlsa::Role;
use smtp_dane::{Authentication, CnId, Name, Policy, VerifyError};

use self::made::{AnySignature, Certificate, CommonName, OtherName};
use crate::fixtures::{NOW, record};

/// What names are made of. The first ones are sound labels.
const LABELS: [&str; 16] = [
    "mx",
    "example",
    "com",
    "net",
    "a",
    "xn--bcher-kva",
    "mx1",
    "MX",
    "*",
    "",
    "m*",
    "*x",
    "\0",
    "b\u{fc}cher",
    "192",
    "_25",
];

/// The labels that a reference identifier may have: those of host names.
const SOUND: usize = 7;

pub fn run(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let _ = judge(&mut input);
}

fn judge(input: &mut Unstructured<'_>) -> Result<()> {
    let mut policy = Policy::default();
    if input.arbitrary()? {
        policy.cn_id = CnId::Never;
    }
    let references = references(input)?;
    let leaf = leaf(input)?;
    let expected = references
        .iter()
        .find(|reference| bears(&leaf, policy.cn_id, reference));
    let (anchor, leaf_der) = (made::anchor(), leaf.encode());
    ask_webpki(&leaf, &leaf_der, &references);

    let mut names = references.iter().map(|text| text.parse::<Name>());
    let base = names.next().expect("a reference").expect("a host name");
    let others: Vec<Name> = names.map(|name| name.expect("a host name")).collect();
    let records = vec![record(2, 0, 1, &anchor)];
    let wanted = Authentication::from_vouched_records(base, others, records, Role::Relay, &policy)
        .expect("a usable record");
    let chain = [CertificateDer::from(leaf_der), CertificateDer::from(anchor)];
    let verdict = wanted.verify(&chain, NOW, &[&AnySignature]);
    match (verdict, expected) {
        (Ok(verified), Some(expected)) => {
            assert_eq!(verified.name(), expected.parse().ok().as_ref());
        }
        (Err(VerifyError::NameMismatch), None) => {}
        (verdict, expected) => panic!("{verdict:?}, expected {expected:?}: {leaf:?}"),
    }
    Ok(())
}

fn references(input: &mut Unstructured<'_>) -> Result<Vec<String>> {
    let count: u8 = input.arbitrary()?;
    let mut references = Vec::new();
    for _ in 0..=count & 3 {
        let labels: u8 = input.arbitrary()?;
        let label = |_| {
            let place: u8 = input.arbitrary()?;
            Ok(LABELS[usize::from(place) % SOUND])
        };
        let labels: Result<Vec<&str>> = (0..=labels & 3).map(label).collect();
        references.push(labels?.join("."));
    }
    Ok(references)
}

fn leaf(input: &mut Unstructured<'_>) -> Result<Certificate> {
    let counts: u8 = input.arbitrary()?;
    let mut leaf = Certificate::default();
    for _ in 0..counts & 3 {
        leaf.dns_ids.push(presented(input)?);
    }
    for _ in 0..counts >> 2 & 3 {
        let kind: u8 = input.arbitrary()?;
        leaf.common_names.push(CommonName {
            tag: made::STRINGS[usize::from(kind) % made::STRINGS.len()],
            text: presented(input)?,
        });
    }
    for _ in 0..counts >> 4 & 3 {
        let kind: u8 = input.arbitrary()?;
        let of_kind = OtherName::ALL[usize::from(kind) % OtherName::ALL.len()];
        leaf.other_names.push((of_kind, presented(input)?));
    }
    Ok(leaf)
}

fn presented(input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let shape: u8 = input.arbitrary()?;
    if shape == u8::MAX {
        let length: u8 = input.arbitrary()?;
        let length = usize::from(length & 31).min(input.len());
        return Ok(input.bytes(length)?.to_vec());
    }
    let label = |_| {
        let place: u8 = input.arbitrary()?;
        Ok(LABELS[usize::from(place) % LABELS.len()])
    };
    let labels: Result<Vec<&str>> = (0..=shape & 3).map(label).collect();
    let mut text = labels?.join(".");
    if shape & 0x40 != 0 {
        text.push('.');
    }
    Ok(text.into_bytes())
}

/// RFC 7672 §3.2.3: the DNS-IDs, and the common names only where there is no DNS-ID, SRV-ID or URI-ID.
fn bears(leaf: &Certificate, cn_id: CnId, reference: &str) -> bool {
    let has_other = leaf
        .other_names
        .iter()
        .any(|(kind, _)| kind.is_identifier());
    if !leaf.dns_ids.is_empty() || has_other || cn_id == CnId::Never {
        return leaf.dns_ids.iter().any(|name| stands_for(name, reference));
    }
    let readable = |name: &&CommonName| made::READABLE.contains(&name.tag);
    let mut names = leaf.common_names.iter().filter(readable);
    names.any(|name| stands_for(&name.text, reference))
}

/// Label by label, where `*` alone stands for any first label, if two or more follow.
fn stands_for(presented: &[u8], reference: &str) -> bool {
    let presented: Vec<&[u8]> = presented.split(|octet| *octet == b'.').collect();
    let reference: Vec<&[u8]> = reference.as_bytes().split(|octet| *octet == b'.').collect();
    let is_same = |(place, (left, right)): (usize, (&&[u8], &&[u8]))| {
        let is_wildcard = place == 0 && **left == *b"*" && presented.len() > 2;
        is_wildcard || left.eq_ignore_ascii_case(right)
    };
    presented.len() == reference.len() && presented.iter().zip(&reference).enumerate().all(is_same)
}

/// webpki knows DNS-IDs alone, and takes a wildcard above a single label; otherwise whatever it takes, we take.
fn ask_webpki(leaf: &Certificate, der: &[u8], references: &[String]) {
    let der = CertificateDer::from(der);
    let parsed = webpki::EndEntityCert::try_from(&der).expect("a certificate as webpki wants it");
    for reference in references {
        let server = ServerName::try_from(reference.as_str()).expect("a host name");
        if parsed.verify_is_valid_for_subject_name(&server).is_ok() {
            let is_short = reference.split('.').count() < 3;
            let ours = bears(leaf, CnId::Never, reference);
            assert!(ours || is_short, "{reference}: {leaf:?}");
        }
    }
}
