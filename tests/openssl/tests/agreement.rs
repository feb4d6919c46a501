//! The test: both opinions on all cases, held against the list of differences.
//!
//! `SHOW=p256/n3/expired cargo test -- --nocapture` shows both opinions on each case whose name has that part.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::Instant;

use smtp_dane_openssl::cases::Case;
use smtp_dane_openssl::differences::{self, Difference};
use smtp_dane_openssl::libssl::Libssl;
use smtp_dane_openssl::verdict::{Opinion, Verdict};
use smtp_dane_openssl::{cases, ours};

#[test]
fn openssl_agrees_but_for_the_listed_differences() {
    let begun = Instant::now();
    let listed = differences::listed().expect("differences.toml");
    let cases = cases::all().expect("cases");
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len(), "two cases have one name");

    let shown = std::env::var("SHOW").ok();
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut met = vec![0; listed.len()];
    let mut complaints = Vec::new();
    for (case, (ours, openssl)) in cases.iter().zip(opinions(&cases)) {
        if shown.as_ref().is_some_and(|part| case.name.contains(part)) {
            println!("{}", both(case, &ours, &openssl));
        }
        let covers = |entry: &Difference| entry.covers(&case.name, &ours.verdict, &openssl.verdict);
        let kind = if ours.verdict == openssl.verdict {
            agreement(&ours.verdict).to_owned()
        } else if let Some(entry) = listed.iter().position(covers) {
            met[entry] += 1;
            format!("they differ, {}", listed[entry].right)
        } else {
            complaints.push(both(case, &ours, &openssl));
            String::from("they differ, not listed")
        };
        *kinds.entry(kind).or_default() += 1;
    }
    for (entry, met) in listed.iter().zip(met) {
        if met != entry.count {
            let (cases, expected) = (&entry.cases, entry.count);
            complaints.push(format!("{cases}: {expected} differences listed, {met} met"));
        }
    }
    println!(
        "{} cases with {} in {:.1} s",
        cases.len(),
        openssl::version::version(),
        begun.elapsed().as_secs_f32()
    );
    for (kind, count) in kinds {
        println!("{count:6} {kind}");
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// Ours and that of OpenSSL on each case. Every processor has its share of the handshakes.
fn opinions(cases: &[Case]) -> Vec<(Opinion, Opinion)> {
    let libssl = Libssl::new().expect("libssl");
    let judge = |case: &Case| (ours::judge(case), libssl.judge(case).expect("libssl"));
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let shares = cases.chunks(cases.len().div_ceil(workers));
        let shares = shares.map(|share| scope.spawn(|| share.iter().map(judge).collect()));
        let shares: Vec<thread::ScopedJoinHandle<'_, Vec<_>>> = shares.collect();
        let done = shares.into_iter().map(thread::ScopedJoinHandle::join);
        done.flat_map(|share| share.expect("a verdict on each case"))
            .collect()
    })
}

const fn agreement(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted { .. } => "both accept, by the same record at the same depth",
        Verdict::Refused => "both refuse",
        Verdict::NothingUsable => "both find no usable record",
    }
}

fn both(case: &Case, ours: &Opinion, openssl: &Opinion) -> String {
    format!(
        "{}: we say {} ({}), OpenSSL says {} ({})",
        case.name, ours.verdict, ours.reason, openssl.verdict, openssl.reason
    )
}
