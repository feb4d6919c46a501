//! Measures what the table of `smtp_dane_benches::table` says of OpenSSL. `benches/run` does so after all others.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use pki_types::CertificateDer;
use smtp_dane::tlsa::{Record, Selector, Usage};
use smtp_dane_benches::certificates::{Chain, authentication, record, verify};
use smtp_dane_benches::table::{OPENSSL_CHAIN, OPENSSL_LEAF, OURS};
use smtp_dane_openssl::bare::{KeyDigest, Verification};
use smtp_dane_openssl::libssl::Libssl;

fn kinds() -> [(&'static str, Chain); 2] {
    [("P-256", Chain::p256()), ("RSA", Chain::rsa())]
}

/// Nearly all of OpenSSL's time goes into `d2i_X509`, which decodes the public key as well.
fn leaves(criterion: &mut Criterion) {
    let digest = KeyDigest::new().expect("SHA-256");
    for (kind, chain) in kinds() {
        let [leaf, issuer, _] = &chain.0;
        let named = record(Usage::DANE_EE, Selector::SPKI, leaf);
        let association = named.as_rdata()[3..].to_vec();
        let wanted = authentication(&[chain.host()], vec![named]);
        let matches = |certificate: &CertificateDer<'_>| {
            let matches = digest.matches(certificate, &association);
            matches.expect("a good certificate")
        };
        assert!(verify(&wanted, &chain.0[..1]) && matches(leaf));
        assert!(!verify(&wanted, &chain.0[1..]) && !matches(issuer));
        let mut group = criterion.benchmark_group(format!("3 1 1 beside OpenSSL, {kind}"));
        group.bench_function(OURS, |bencher| {
            bencher.iter(|| verify(&wanted, black_box(&chain.0[..1])))
        });
        group.bench_function(OPENSSL_LEAF, |bencher| {
            bencher.iter(|| matches(black_box(leaf)))
        });
    }
}

fn chains(criterion: &mut Criterion) {
    for (kind, chain) in kinds() {
        let named = record(Usage::DANE_TA, Selector::SPKI, &chain.0[2]);
        let mut theirs = verification(chain.host(), &named);
        let wanted = authentication(&[chain.host()], vec![named.clone()]);
        assert!(verify(&wanted, &chain.0) && accepts(&mut theirs, &chain.0));
        assert_eq!(theirs.matched(), Some((2, named.as_rdata().to_vec())));
        // Without its issuer, the certificate has no path to the anchor.
        let torn = [chain.0[0].clone(), chain.0[2].clone()];
        assert!(!verify(&wanted, &torn) && !accepts(&mut theirs, &torn));
        let elsewhere = authentication(&["mx.example.net"], vec![named.clone()]);
        let mut theirs_elsewhere = verification("mx.example.net", &named);
        assert!(!verify(&elsewhere, &chain.0) && !accepts(&mut theirs_elsewhere, &chain.0));
        let mut group = criterion.benchmark_group(format!("2 1 1 beside OpenSSL, {kind}"));
        group.bench_function(OURS, |bencher| {
            bencher.iter(|| verify(&wanted, black_box(&chain.0)))
        });
        group.bench_function(OPENSSL_CHAIN, |bencher| {
            bencher.iter(|| accepts(&mut theirs, black_box(&chain.0)))
        });
    }
}

fn verification(host: &str, record: &Record) -> Verification {
    let client = Libssl::new().and_then(|libssl| libssl.client(&[host], [record.as_rdata()]));
    let client = client.expect("a client").expect("a usable record");
    Verification::new(client).expect("a verification")
}

fn accepts(verification: &mut Verification, chain: &[CertificateDer<'_>]) -> bool {
    verification.accepts(chain).expect("good certificates")
}

criterion_group!(benches, leaves, chains);
criterion_main!(benches);
