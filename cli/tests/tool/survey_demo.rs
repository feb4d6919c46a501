//! The demo's domains for surveys: they end as it says.

use std::fs;
#[cfg(target_os = "linux")]
use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    process::Stdio,
};

use serde_json::Value;

use super::files::Files;
use super::lab::Lab;
#[cfg(target_os = "linux")]
use super::survey::most_memory;
use crate::{at, objects, run, text};

/// As many as there are in a round of all kinds.
const ROUND: u64 = 40;

/// Domains of a whole survey, unless the environment variable `SURVEY` says another number.
#[cfg(target_os = "linux")]
const WHOLE: u64 = 1000;

/// The names of the first domains.
pub(crate) fn names(count: u64) -> Vec<String> {
    let output = run(&format!("demo --names {count}"));
    assert!(output.status.success(), "{output:?}");
    text(&output.stdout).lines().map(str::to_owned).collect()
}

/// What came of the last host, or null.
fn last_result(object: &Value) -> &Value {
    let hosts = object.pointer("/hosts").and_then(Value::as_array).unwrap();
    hosts.last().map_or(&Value::Null, |host| &host["result"])
}

#[test]
fn survey_domains_end_as_the_demo_says() {
    let lab = Lab::start_with(&["--domains", &ROUND.to_string()]);
    let files = Files::new();
    let anchor = files.path().join("anchor");
    fs::write(&anchor, at(&lab.place, "/trust_anchor")).unwrap();
    let validate = format!("--validate --trust-anchor {}", anchor.display());
    let names = names(ROUND);
    for (server, options) in [
        ("/resolver", ""),
        ("/resolver", validate.as_str()),
        ("/authority", validate.as_str()),
    ] {
        let line = format!("{} {options}", names.join(" "));
        let found = objects(&lab.probe_by(server, line.trim_end()));
        let found_names: Vec<_> = found.iter().map(|object| at(object, "/domain")).collect();
        assert_eq!(found_names, names);
        let kinds = lab.place.pointer("/survey/kinds").and_then(Value::as_array);
        for kind in kinds.unwrap() {
            let end = format!(".{}.survey.test", at(kind, "/kind"));
            let of_kind = |object: &&Value| at(object, "/domain").ends_with(&end);
            let of_kind: Vec<_> = found.iter().filter(of_kind).collect();
            let domains = kind.pointer("/domains").and_then(Value::as_u64).unwrap();
            assert!(domains > 0, "{kind}");
            assert_eq!(u64::try_from(of_kind.len()).unwrap(), domains, "{kind}");
            for object in of_kind {
                assert_eq!(object["outcome"], kind["outcome"], "{object}");
                assert_eq!(at(object, "/reason/code"), at(kind, "/reason"), "{object}");
                assert_eq!(last_result(object), &kind["result"], "{object}");
            }
        }
        for outcome in ["delivered", "deferred", "failed"] {
            let so = found.iter().filter(|object| object["outcome"] == outcome);
            let expected = lab.place.pointer(&format!("/survey/outcomes/{outcome}"));
            assert_eq!(
                expected.and_then(Value::as_u64),
                u64::try_from(so.count()).ok()
            );
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_whole_survey_has_the_counts_that_the_demo_says_and_memory_that_does_not_grow() {
    let wanted = std::env::var("SURVEY").map(|number| number.parse().unwrap());
    let count: u64 = wanted.unwrap_or(WHOLE);
    let lab = Lab::start_with(&["--domains", &count.to_string()]);
    let files = Files::new();
    let (input, output) = (files.path().join("names"), files.path().join("results"));
    fs::write(&input, names(count).join("\n")).unwrap();
    let mut child = lab
        .command("/resolver", "- --jobs 50 --per-address 50")
        .stdin(File::open(input).unwrap())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut results = File::create(&output).unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // Until then everything has been at work once.
    let early_on = count.min(500);
    let (mut early, mut late) = (0, 0);
    for (number, line) in (1..).zip(lines) {
        writeln!(results, "{}", line.unwrap()).unwrap();
        if number == early_on {
            early = most_memory(&child);
        }
        if number == count - 20 {
            late = most_memory(&child);
        }
    }
    child.wait().unwrap();
    let summary = run(&format!("summarize --json {}", output.display()));
    let summary = objects(&summary).remove(0);
    let lines = summary.pointer("/lines").and_then(Value::as_u64);
    assert_eq!(lines, Some(count), "{summary}");
    assert_eq!(
        summary.pointer("/outcomes"),
        lab.place.pointer("/survey/outcomes"),
        "{summary}"
    );
    println!("{count} domains: {early} kB after {early_on}, {late} kB at the end");
    // The results of ten thousand domains would take fifteen thousand, and those of fifty under way vary by hundreds.
    assert!(late - early < 3000, "{early} kB, then {late} kB");
}

#[test]
fn a_million_names_are_printed_each_once() {
    let names = names(1_000_000);
    assert_eq!(names.len(), 1_000_000);
    let numbers = names.iter().map(|name| name.split('.').next().unwrap());
    let wanted = (1..=1_000_000).map(|number| format!("d{number}"));
    assert!(numbers.eq(wanted));
}
