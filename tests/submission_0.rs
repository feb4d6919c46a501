//! RFC 7671 §5.4: usage 0 names an authority on the path to a public root, however long that path is.

use pki_types::{CertificateDer, TrustAnchor};
use smtp_dane::tlsa::{Record, Role};
use smtp_dane::{Authentication, Policy, VerifyError};

use crate::support::dane::record;
use crate::support::name;
use crate::support::pki::{Authority, HOST, algorithms, ders, met};
use crate::support::world::NOW;

fn judge(records: &[Record], roots: &[&[u8]], chain: &[&[u8]]) -> Result<(u8, usize), VerifyError> {
    let (records, policy) = (records.to_vec(), Policy::default());
    let wanted =
        Authentication::from_vouched_records(name(HOST), [], records, Role::Submission, &policy)
            .unwrap();
    let roots: Vec<CertificateDer<'_>> = ders(roots);
    let roots = roots.iter().map(webpki::anchor_from_trusted_cert);
    let roots: Vec<TrustAnchor<'_>> = roots.map(Result::unwrap).collect();
    met(&wanted.verify_with_roots(&ders(chain), NOW, algorithms(), &roots))
}

#[test]
fn an_authority_that_matches_does_not_end_the_path() {
    let root = Authority::root();
    let issuer = root.below("Issuer");
    let server = issuer.server();
    // The authority is the right one, but no public root stands above it.
    let records = [record(0, 0, 1, &issuer.der)];
    let chain = [server.as_slice(), &issuer.der];
    assert_eq!(
        judge(&records, &[], &chain),
        Err(VerifyError::IssuerNotFound)
    );
    let other = Authority::root_with("Other", |_| ());
    let result = judge(&records, &[&other.der], &chain);
    assert_eq!(result, Err(VerifyError::IssuerNotFound));
    assert_eq!(judge(&records, &[&root.der], &chain), Ok((0, 1)));
}

#[test]
fn a_path_that_ends_in_a_trusted_authority_goes_on_to_the_one_that_matches() {
    let root = Authority::root();
    let issuer = root.below("Issuer");
    let server = issuer.server();
    // Both are trusted, and the record names the upper one.
    let both = [issuer.der.as_slice(), &root.der];
    for selector in 0..2 {
        let records = [record(0, selector, 1, &root.der)];
        let chain = [&server, &issuer.der, &root.der].map(Vec::as_slice);
        assert_eq!(judge(&records, &both, &chain), Ok((0, 2)));
        let swapped = [chain[0], chain[2], chain[1]];
        assert_eq!(judge(&records, &both, &swapped), Ok((0, 2)));
        let reversed = [both[1], both[0]];
        assert_eq!(judge(&records, &reversed, &chain), Ok((0, 2)));
    }
}

#[test]
fn a_root_that_is_not_sent_is_known_by_its_key() {
    let root = Authority::root();
    let issuer = root.below("Issuer");
    let server = issuer.server();
    let chain = [server.as_slice(), &issuer.der];
    for matching in 0..3 {
        let by_key = [record(0, 1, matching, &root.der)];
        assert_eq!(judge(&by_key, &[&root.der], &chain), Ok((0, 2)));
        // The whole certificate is not at hand.
        let whole = [record(0, 0, matching, &root.der)];
        assert!(judge(&whole, &[&root.der], &chain).is_err());
    }
}

#[test]
fn an_authority_beside_the_path_does_not_constrain_it() {
    let (root, other) = (Authority::root(), Authority::root_with("Other", |_| ()));
    let (issuer, stray) = (root.below("Issuer"), other.below("Stray"));
    let server = issuer.server();
    let chain = [&server, &issuer.der, &stray.der, &other.der].map(Vec::as_slice);
    for named in [&stray, &other] {
        for roots in [vec![&root.der[..]], vec![&root.der, &other.der]] {
            let result = judge(&[record(0, 1, 1, &named.der)], &roots, &chain);
            assert!(result.is_err(), "{result:?}");
        }
    }
    // Nor is another authority of the same name the one that was named.
    let namesake = other.below("Issuer");
    let chain = [&server, &issuer.der, &namesake.der].map(Vec::as_slice);
    let result = judge(
        &[record(0, 1, 1, &namesake.der)],
        &[&root.der, &other.der],
        &chain,
    );
    assert!(result.is_err(), "{result:?}");
}

#[test]
fn a_root_that_is_sent_is_compared_whatever_twin_stands_before_it() {
    let (root, other) = (Authority::root(), Authority::root_with("Other", |_| ()));
    let twin = other.cross_sign(&root, |_| ());
    let issuer = root.below("Issuer");
    let server = issuer.server();
    for others in [
        [&issuer.der, &root.der, &twin],
        [&issuer.der, &twin, &root.der],
        [&twin, &root.der, &issuer.der],
    ] {
        let mut chain = vec![server.as_slice()];
        chain.extend(others.map(Vec::as_slice));
        for named in [&root.der, &twin] {
            let result = judge(&[record(0, 0, 1, named)], &[&root.der], &chain);
            assert_eq!(result, Ok((0, 2)));
        }
    }
}

#[test]
fn usages_of_both_kinds_are_alternatives() {
    let root = Authority::root();
    let issuer = root.below("Issuer");
    let server = issuer.server();
    let chain = [&server, &issuer.der, &root.der].map(Vec::as_slice);
    let all: Vec<Record> = [(0, &root.der), (1, &server), (2, &root.der), (3, &server)]
        .into_iter()
        .map(|(usage, certificate)| record(usage, 1, 1, certificate))
        .collect();
    let public = [root.der.as_slice()];
    for (records, roots, expected) in [
        (&all[..], &public[..], Ok((3, 0))),
        (&all[..3], &public, Ok((2, 2))),
        (&all[..2], &public, Ok((1, 0))),
        (&all[..1], &public, Ok((0, 2))),
        (&all[..3], &[], Ok((2, 2))),
        (&all[..2], &[], Err(VerifyError::IssuerNotFound)),
    ] {
        assert_eq!(judge(records, roots, &chain), expected);
        let mut reversed = records.to_vec();
        reversed.reverse();
        assert_eq!(judge(&reversed, roots, &chain), expected);
    }
}
