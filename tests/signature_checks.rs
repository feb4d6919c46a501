//! A signature costs more than all else that is done to a certificate, so none is checked twice.

use std::sync::atomic::{AtomicUsize, Ordering};

use pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};
use smtp_dane::{Policy, VerifyError};

use crate::support::dane::record;
use crate::support::pki::{Authority, algorithms, ders, met, wanted};
use crate::support::world::NOW;

/// An algorithm that counts the signatures that it checks.
#[derive(Debug)]
struct Counting<'a> {
    algorithm: &'static dyn SignatureVerificationAlgorithm,
    checks: &'a AtomicUsize,
}

impl SignatureVerificationAlgorithm for Counting<'_> {
    fn verify_signature(
        &self,
        key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        self.checks.fetch_add(1, Ordering::Relaxed);
        self.algorithm.verify_signature(key, message, signature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.signature_alg_id()
    }
}

/// The verdict on a chain under a record `2 1 1` for its last certificate, and how many signatures were checked for it.
fn judge(chain: &[&[u8]]) -> (Result<(u8, usize), VerifyError>, usize) {
    let checks = AtomicUsize::new(0);
    let counting: Vec<_> = algorithms()
        .iter()
        .map(|algorithm| Counting {
            algorithm: *algorithm,
            checks: &checks,
        })
        .collect();
    let counting: Vec<&dyn SignatureVerificationAlgorithm> = counting
        .iter()
        .map(|algorithm| algorithm as &dyn SignatureVerificationAlgorithm)
        .collect();
    let wanted = wanted(
        &[record(2, 1, 1, chain[chain.len() - 1])],
        &Policy::default(),
    );
    let verdict = met(&wanted.verify(&ders(chain), NOW, &counting));
    (verdict, checks.into_inner())
}

#[test]
fn each_signature_of_a_plain_chain_is_checked_once() {
    let mut authorities = vec![Authority::root()];
    // webpki takes no more than six authorities below the anchor.
    for between in 0..=6 {
        let server = authorities[between].server();
        let mut chain = vec![server.as_slice()];
        chain.extend(
            authorities
                .iter()
                .rev()
                .map(|authority| authority.der.as_slice()),
        );
        assert_eq!(judge(&chain), (Ok((2, between + 1)), between + 1));
        let next = authorities[between].below(&format!("Authority {between}"));
        authorities.push(next);
    }
}

#[test]
fn a_second_certificate_for_an_authority_is_what_makes_the_search_go_on() {
    let root = Authority::root();
    let upper = root.below("Upper");
    let lower = upper.below("Lower");
    let direct = root.cross_sign(&lower, |_| ());
    let server = lower.server();
    let chain: [&[u8]; 5] = [&server, &lower.der, &upper.der, &direct, &root.der];
    let (verdict, checks) = judge(&chain);
    assert_eq!(verdict, Ok((2, 2)));
    assert!(checks > 2);
}
