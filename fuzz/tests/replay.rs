//! Runs each target over its seeds, and over each seed cut short.

use std::fs;
use std::path::{Path, PathBuf};

use smtp_dane_fuzz::TARGETS;

/// Most places at which a seed is cut short: the short ones at every octet, and the long ones so that the replay stays short, too.
const MOST_CUTS: usize = 128;

/// Most seeds of a target, and most octets of a seed: what is not small is for the corpus, which is not kept here.
const MOST_SEEDS: usize = 50;
const LONGEST_SEED: usize = 4096;

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files
}

#[test]
fn no_seed_breaks_what_must_hold_however_short_it_is_cut() {
    for (target, run) in TARGETS {
        for file in files(&package().join("seeds").join(target)) {
            let seed = fs::read(&file).expect("a seed");
            println!("{}", file.display());
            run(&seed);
            for end in (0..seed.len()).step_by(seed.len() / MOST_CUTS + 1) {
                run(&seed[..end]);
            }
        }
    }
}

#[test]
fn every_target_has_a_few_small_seeds() {
    for (target, _) in TARGETS {
        let seeds = files(&package().join("seeds").join(target));
        assert!((1..=MOST_SEEDS).contains(&seeds.len()), "{target}");
        for seed in seeds {
            let length = fs::metadata(&seed).expect("a seed").len();
            assert!(length <= LONGEST_SEED as u64, "{}", seed.display());
        }
    }
}

#[test]
fn the_table_the_binaries_and_the_seeds_name_the_same_targets() {
    let table: Vec<String> = TARGETS
        .iter()
        .map(|(target, _)| (*target).to_owned())
        .collect();
    assert!(table.is_sorted());
    let manifest = fs::read_to_string(package().join("Cargo.toml")).expect("the manifest");
    let mut binaries: Vec<&str> = manifest
        .lines()
        .filter_map(|line| line.strip_prefix("path = \"fuzz_targets/"))
        .filter_map(|path| path.strip_suffix(".rs\""))
        .collect();
    binaries.sort_unstable();
    assert_eq!(binaries, table);
    let names = |folder: &str| -> Vec<String> {
        let stem = |file: &PathBuf| {
            file.file_stem()
                .map(|name| name.to_string_lossy().into_owned())
        };
        files(&package().join(folder))
            .iter()
            .filter_map(stem)
            .collect()
    };
    assert_eq!(names("fuzz_targets"), table);
    assert_eq!(names("seeds"), table);
    for target in &table {
        let source = package().join(format!("fuzz_targets/{target}.rs"));
        let source = fs::read_to_string(source).expect("a target");
        assert!(
            source.contains(&format!("smtp_dane_fuzz::{target}::run(data)")),
            "{target}"
        );
    }
}
