//! Measures what the table needs: see `smtp_dane_benches::table`.

use std::hint::black_box;

use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use pki_types::{CertificateDer, ServerName, SignatureVerificationAlgorithm};
use smtp_dane::dns::Question;
use smtp_dane::tlsa::{Selector, Usage, sha256};
use smtp_dane_benches::certificates::{
    self, Chain, REFERENCES, authentication, now, public_key, record, verify,
};
use smtp_dane_benches::certificates::{UNSIGNED, verify_unsigned};
use smtp_dane_benches::delivery::World;
use smtp_dane_benches::messages::read;
use smtp_dane_benches::table::OURS;
use smtp_dane_benches::{messages, peers};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};

type Group<'a> = BenchmarkGroup<'a, WallTime>;

fn replies(criterion: &mut Criterion) {
    let (question, message) = messages::exchanges(4);
    assert!(read(&question, &message));
    let mut group = criterion.benchmark_group("reply of 4 MX");
    group.bench_function(OURS, |bencher| {
        bencher.iter(|| read(&question, black_box(&message)))
    });
    group.bench_function("domain", |bencher| {
        bencher.iter(|| peers::domain_exchanges(black_box(&message)));
    });
    group.bench_function("domain, names kept", |bencher| {
        bencher.iter(|| peers::domain_kept_exchanges(black_box(&message)));
    });
    group.bench_function("hickory-proto", |bencher| {
        bencher.iter(|| peers::hickory(black_box(&message)));
    });
    group.finish();
    let (question, message) = messages::associations(&messages::strange_records(4));
    assert!(read(&question, &message));
    let mut group = criterion.benchmark_group("reply of 4 TLSA");
    group.bench_function(OURS, |bencher| {
        bencher.iter(|| read(&question, black_box(&message)))
    });
    group.bench_function("domain", |bencher| {
        bencher.iter(|| peers::domain_associations(black_box(&message)));
    });
    group.bench_function("hickory-proto", |bencher| {
        bencher.iter(|| peers::hickory(black_box(&message)));
    });
}

fn leaves(criterion: &mut Criterion) {
    for (kind, chain) in [("P-256", Chain::p256()), ("RSA", Chain::rsa())] {
        let leaf = &chain.0[..1];
        let host = [chain.host()];
        let mut group = criterion.benchmark_group(format!("3 1 1, {kind}"));
        let named = record(Usage::DANE_EE, Selector::SPKI, &leaf[0]);
        let association = named.as_rdata()[3..].to_vec();
        let wanted = authentication(&host, vec![named]);
        assert!(verify(&wanted, leaf) && peers::x509_parser(&leaf[0], &association));
        group.bench_function(OURS, |bencher| {
            bencher.iter(|| verify(&wanted, black_box(leaf)))
        });
        digest(&mut group, "SHA-256 of the key", public_key(&leaf[0]));
        group.bench_function("x509-parser and sha2", |bencher| {
            bencher.iter(|| peers::x509_parser(black_box(&leaf[0]), &association));
        });
        group.finish();
        let mut group = criterion.benchmark_group(format!("3 0 1, {kind}"));
        let named = record(Usage::DANE_EE, Selector::CERT, &leaf[0]);
        let wanted = authentication(&host, vec![named]);
        assert!(verify(&wanted, leaf));
        group.bench_function(OURS, |bencher| {
            bencher.iter(|| verify(&wanted, black_box(leaf)))
        });
        digest(&mut group, "SHA-256 of the certificate", &leaf[0]);
    }
}

fn digest(group: &mut Group<'_>, name: &str, octets: &[u8]) {
    group.bench_function(name, |bencher| bencher.iter(|| sha256(black_box(octets))));
}

/// What webpki does by itself: the path to the root, and the names of the server, one call each.
fn webpki(
    chain: &[CertificateDer<'_>],
    names: &[ServerName<'_>],
    algorithms: &[&dyn SignatureVerificationAlgorithm],
) -> bool {
    let Some((leaf, [between @ .., root])) = chain.split_first() else {
        return false;
    };
    let (Ok(leaf), Ok(anchor)) = (
        EndEntityCert::try_from(leaf),
        anchor_from_trusted_cert(root),
    ) else {
        return false;
    };
    let anchors = [anchor];
    let path = leaf.verify_for_usage(
        algorithms,
        &anchors,
        between,
        now(),
        KeyUsage::server_auth(),
        None,
        None,
    );
    let bears = |name: &ServerName<'_>| leaf.verify_is_valid_for_subject_name(name).is_ok();
    path.is_ok() && names.iter().any(bears)
}

fn server_names(hosts: &[&'static str]) -> Vec<ServerName<'static>> {
    hosts
        .iter()
        .flat_map(|host| ServerName::try_from(*host))
        .collect()
}

fn chains(criterion: &mut Criterion) {
    for (kind, chain) in [("P-256", Chain::p256()), ("RSA", Chain::rsa())] {
        let host = [chain.host()];
        let mut group = criterion.benchmark_group(format!("2 1 1, chain of 3, {kind}"));
        let wanted = authentication(
            &host,
            vec![record(Usage::DANE_TA, Selector::SPKI, &chain.0[2])],
        );
        let names = server_names(&host);
        assert!(verify(&wanted, &chain.0) && webpki(&chain.0, &names, ALL_VERIFICATION_ALGS));
        group.bench_function(OURS, |bencher| {
            bencher.iter(|| verify(&wanted, black_box(&chain.0)))
        });
        group.bench_function("webpki", |bencher| {
            bencher.iter(|| webpki(black_box(&chain.0), &names, ALL_VERIFICATION_ALGS));
        });
    }
    let chain = certificates::of_many_names(100);
    let mut group = criterion.benchmark_group("100 names, 3 references, no signatures");
    let wanted = authentication(
        &REFERENCES,
        vec![record(Usage::DANE_TA, Selector::SPKI, &chain[1])],
    );
    let names = server_names(&REFERENCES);
    assert!(verify_unsigned(&wanted, &chain) && webpki(&chain, &names, UNSIGNED));
    group.bench_function(OURS, |bencher| {
        bencher.iter(|| verify_unsigned(&wanted, black_box(&chain)))
    });
    group.bench_function("webpki", |bencher| {
        bencher.iter(|| webpki(black_box(&chain), &names, UNSIGNED))
    });
}

/// The most records and certificates that are looked at, and all of them in vain.
fn strangers(criterion: &mut Criterion) {
    let (wanted, chain) = certificates::strangers();
    assert!(!verify(&wanted, &chain));
    let mut group = criterion.benchmark_group("64 records, 16 certificates, no match");
    group.bench_function(OURS, |bencher| {
        bencher.iter(|| verify(&wanted, black_box(&chain)))
    });
    group.bench_function("one digest each", |bencher| {
        bencher.iter(|| {
            let digests = black_box(&chain).iter();
            digests.fold(0, |sum: u8, one| {
                sum ^ sha256(one)[0] ^ sha256(public_key(one))[0]
            })
        });
    });
}

fn whole(criterion: &mut Criterion) {
    let [leaf, _, _] = Chain::p256().0;
    let world = World::new(leaf);
    assert!(world.deliver() && peers::deliver(&world));
    let mut group = criterion.benchmark_group("whole delivery");
    group.bench_function(OURS, |bencher| bencher.iter(|| black_box(&world).deliver()));
    group.bench_function("its replies and its digest", |bencher| {
        bencher.iter(|| {
            let world = black_box(&world);
            let good = world
                .replies
                .iter()
                .filter(|(question, message)| read(question, message));
            (good.count(), sha256(public_key(&world.certificate)))
        });
    });
    group.bench_function("hickory-proto, x509-parser, sha2", |bencher| {
        bencher.iter(|| peers::deliver(black_box(&world)));
    });
}

/// Messages made to be slow, and two honest ones: the ordinary one, and the one that costs least for its length.
fn hostile(criterion: &mut Criterion) {
    for (name, (question, message)) in [
        ("64 KiB of pointers", messages::pointers()),
        ("64 KiB of small records", messages::crowd()),
    ] {
        let mut group = criterion.benchmark_group(name);
        read_by_length(&mut group, OURS, &question, &message);
        let (question, message) = messages::exchanges(4);
        read_by_length(&mut group, "reply of 4 MX", &question, &message);
        let (question, message) = messages::honest();
        read_by_length(&mut group, "64 KiB of long records", &question, &message);
    }
}

fn read_by_length(group: &mut Group<'_>, name: &str, question: &Question, message: &[u8]) {
    group.throughput(Throughput::Bytes(
        message.len().try_into().expect("a length"),
    ));
    group.bench_function(name, |bencher| {
        bencher.iter(|| read(question, black_box(message)));
    });
}

criterion_group!(benches, replies, leaves, chains, strangers, whole, hostile);
criterion_main!(benches);
