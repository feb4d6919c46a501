//! Runs each target over its seeds, and over each seed cut short at every octet.

use std::path::Path;

fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(target);
    let mut seeds = 0;
    for entry in std::fs::read_dir(folder).expect("a folder of seeds") {
        let seed = std::fs::read(entry.expect("an entry").path()).expect("a seed");
        for end in 0..=seed.len() {
            run(&seed[..end]);
        }
        seeds += 1;
    }
    assert!(seeds > 0, "{target} has no seeds");
}

#[test]
fn certificate() {
    replay("certificate", smtp_dane_fuzz::certificate);
}

#[test]
fn delivery() {
    replay("delivery", smtp_dane_fuzz::delivery);
}

#[test]
fn dns_message() {
    replay("dns_message", smtp_dane_fuzz::dns_message);
}

#[test]
fn name() {
    replay("name", smtp_dane_fuzz::name);
}

#[test]
fn tlsa_rdata() {
    replay("tlsa_rdata", smtp_dane_fuzz::tlsa_rdata);
}

#[test]
fn verify_chain() {
    replay("verify_chain", smtp_dane_fuzz::verify_chain);
}
