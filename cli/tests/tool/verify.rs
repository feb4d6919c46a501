//! `verify`: verdicts, shape, and what is said of input that cannot be used.

use std::io::Write;
use std::process::{Output, Stdio};

use serde_json::Value;

use super::files::{Files, pem};
use super::shape::{assert_fields, assert_reason};
use crate::{assert_unusable, at, objects, text};

pub(crate) fn field<'a>(object: &'a Value, name: &str) -> &'a Value {
    object.get(name).unwrap()
}

/// The one object; the exit code must fit it.
pub(crate) fn verified(output: &Output) -> Value {
    let mut objects = objects(output);
    assert_eq!(objects.len(), 1, "{output:?}");
    let object = objects.pop().unwrap();
    assert_fields(&object, "authenticated record depth name reason considered");
    assert_reason(field(&object, "reason"));
    let authenticated = field(&object, "authenticated").as_bool().unwrap();
    assert_eq!(output.status.code(), Some(i32::from(!authenticated)));
    assert!(output.stderr.is_empty(), "{output:?}");
    assert_eq!(field(&object, "reason").is_null(), authenticated);
    assert_eq!(field(&object, "depth").is_u64(), authenticated);
    assert_eq!(field(&object, "record").is_string(), authenticated);
    for considered in field(&object, "considered").as_array().unwrap() {
        assert_fields(considered, "record usable reason");
        assert_reason(field(considered, "reason"));
        assert_eq!(
            field(considered, "reason").is_null(),
            field(considered, "usable") == true
        );
    }
    object
}

/// The data of the record that `tlsa` makes.
pub(crate) fn record(files: &Files, usage: &str, file: &str) -> String {
    let [usage, selector, matching] = *usage.split(' ').collect::<Vec<_>>() else {
        unreachable!("{usage}");
    };
    let output = files.run(&format!(
        "tlsa|--usage|{usage}|--selector|{selector}|--matching|{matching}|{file}"
    ));
    let line = text(&output.stdout);
    line.trim_end().split_once(" TLSA ").unwrap().1.to_owned()
}

#[test]
fn verdicts() {
    let files = Files::new();
    let of = |usage: &str, file: &str| record(&files, usage, file);
    let (own, intermediate) = (of("3 1 1", "leaf.pem"), of("2 1 1", "middle.pem"));
    let root = of("2 0 1", "root.pem");
    let (constrained, pinned) = (of("0 0 1", "middle.pem"), of("1 1 1", "leaf.pem"));
    let of_root = of("0 1 1", "root.pem");
    let bare = of("2 1 0", "root.pem");
    let other = format!("3 1 1 {}", "00".repeat(32));
    files.write("many.pem", &files.read("leaf.pem").repeat(17));
    files.write("garbage.pem", &pem("CERTIFICATE", &[0x30, 0]));
    files.write("garbage-key.pem", &pem("PUBLIC KEY", &[0x30, 0]));
    files.write(
        "two.pem",
        &(files.read("leaf.pem") + &files.read("middle.pem")),
    );
    let submission = "--profile|submission|--roots|root.pem|";
    for (options, record, file, ending) in [
        ("", &own, "chain.pem", "3 0 -"),
        ("", &own, "leaf.pem", "3 0 -"),
        ("", &own, "key.pem", "3 0 -"),
        ("--time|1970-01-01T00:00:00Z|", &own, "leaf.pem", "3 0 -"),
        ("", &intermediate, "chain.pem", "2 1 mx.example.com"),
        ("", &root, "chain.pem", "2 2 mx.example.com"),
        ("", &bare, "two.pem", "2 1 mx.example.com"),
        ("", &root, "two.pem", "no-record-matched"),
        ("", &root, "leaf.pem", "no-record-matched"),
        ("", &root, "key.pem", "no-record-matched"),
        ("", &other, "chain.pem", "no-record-matched"),
        ("", &own, "root.pem", "no-record-matched"),
        (
            "--base|mx.example.net|",
            &root,
            "chain.pem",
            "name-mismatch",
        ),
        (
            "--base|mx.example.net|--name|example.net|--name|mx.example.com|",
            &root,
            "chain.pem",
            "2 2 mx.example.com",
        ),
        (
            "--time|4100-01-01T00:00:00Z|",
            &root,
            "chain.pem",
            "expired",
        ),
        (
            "--time|1970-01-01T00:00:00+00:00|",
            &root,
            "chain.pem",
            "not-yet-valid",
        ),
        ("", &own, "many.pem", "chain-budget"),
        ("", &own, "garbage.pem", "certificate"),
        ("", &own, "garbage-key.pem", "certificate"),
        ("", &pinned, "chain.pem", "no-usable-record"),
        ("", &constrained, "chain.pem", "no-usable-record"),
        (submission, &pinned, "chain.pem", "1 0 mx.example.com"),
        (submission, &constrained, "chain.pem", "0 1 mx.example.com"),
        (submission, &of_root, "chain.pem", "0 2 mx.example.com"),
        (submission, &of_root, "two.pem", "0 2 mx.example.com"),
        (submission, &own, "chain.pem", "3 0 -"),
        (
            "--profile|submission|",
            &pinned,
            "chain.pem",
            "issuer-not-found",
        ),
    ] {
        let base = if options.contains("--base") {
            ""
        } else {
            "--base|mx.example.com|"
        };
        let line = format!("verify|--json|{base}{options}--tlsa|{record}|{file}");
        let object = verified(&files.run(&line));
        let is = if field(&object, "authenticated") == true {
            let name = field(&object, "name").as_str().unwrap_or("-");
            assert_eq!(at(&object, "/record"), record);
            format!(
                "{} {} {name}",
                record.get(..1).unwrap(),
                field(&object, "depth")
            )
        } else {
            at(&object, "/reason/code").to_owned()
        };
        assert_eq!(is, ending, "{line}");
        assert_eq!(at(&object, "/considered/0/record"), record);
    }
}

#[test]
fn a_common_name_stands_in_unless_it_may_not() {
    let files = Files::new();
    let anchor = record(&files, "2 1 1", "middle.pem");
    for (option, authenticated) in [
        ("", true),
        ("--cn-id|fallback|", true),
        ("--cn-id|never|", false),
        ("--profile|submission|--roots|root.pem|", true),
    ] {
        let line =
            format!("verify|--json|--base|mx.example.com|{option}--tlsa|{anchor}|common.pem");
        let object = verified(&files.run(&line));
        assert_eq!(field(&object, "authenticated"), authenticated, "{option}");
        if !authenticated {
            assert_eq!(at(&object, "/reason/code"), "name-mismatch");
        }
    }
}

#[test]
fn each_record_is_considered_in_its_order() {
    let files = Files::new();
    let (strong, weak) = (
        record(&files, "3 1 2", "leaf.pem"),
        record(&files, "3 1 1", "leaf.pem"),
    );
    let zone = format!(
        "; from the zone\n_25._tcp.mx.example.com. 3600 IN TLSA 2 1 ( 1\n  {0} ; and on\n  {0} )\n9 1 1 ABCD # not known\n",
        "ab ".repeat(16)
    );
    files.write("records", &zone);
    let line = format!(
        "verify|--json|--base|mx.example.com|--tlsa|3 1 1 AB cd|--tlsa|{}|--tlsa|{strong}|--tlsa|1 1 1|--tlsa|{weak}|\
         --tlsa-file|records|chain.pem",
        weak.to_uppercase()
    );
    let object = verified(&files.run(&line));
    assert_eq!(at(&object, "/record"), strong);
    let considered = field(&object, "considered").as_array().unwrap();
    let shown: Vec<_> = considered
        .iter()
        .map(|considered| {
            let record = at(considered, "/record");
            (record, at(considered, "/reason/code"))
        })
        .collect();
    let anchor = format!("2 1 1 {}", "ab".repeat(32));
    let wanted: [(&str, &str); 7] = [
        ("3 1 1 abcd", "digest-length"),
        (&weak, "weaker-digest"),
        (&strong, ""),
        ("1 1 1", "pkix-usage"),
        (&weak, "weaker-digest"),
        (&anchor, ""),
        ("9 1 1 abcd", "unknown-usage"),
    ];
    assert_eq!(shown, wanted);

    let records: String = (0..65).map(|n| format!("3 1 1 {n:064x}\n")).collect();
    files.write("records", &records);
    let line = "verify|--json|--base|mx.example.com|--tlsa-file|records|chain.pem";
    let object = verified(&files.run(line));
    assert_eq!(at(&object, "/reason/code"), "too-many-records");
    assert_eq!(field(&object, "considered").as_array().unwrap().len(), 65);
    assert_eq!(
        at(&object, "/considered/64/reason/code"),
        "too-many-records"
    );
}

#[test]
fn for_people() {
    let files = Files::new();
    let root = record(&files, "2 0 1", "root.pem");
    let line = format!("verify|--base|mx.example.com|--tlsa|{root}|--tlsa|1 1 1 ab|chain.pem");
    let output = files.run(&line);
    let shown = text(&output.stdout);
    for part in [
        "mx.example.com",
        "authenticated",
        "stands 2 above the server's certificate, which bears mx.example.com [RFC 7672 §3.1.2]",
        "usages 0 and 1 are not for mail relays [RFC 7672 §3.1.3]",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
    assert_eq!(output.status.code(), Some(0));
    let line = format!("verify|--base|mx.example.net|--tlsa|{root}|chain.pem");
    let output = files.run(&line);
    let shown = text(&output.stdout);
    assert!(shown.contains("not authenticated"), "{shown}");
    assert!(shown.contains("[RFC 7672 §3.2.2]"), "{shown}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn certificates_from_standard_input() {
    let files = Files::new();
    let own = record(&files, "3 1 1", "leaf.pem");
    let line = format!("verify|--json|--base|mx.example.com|--tlsa|{own}|-");
    for (input, code) in [(files.read("chain.pem"), 0), (String::new(), 2)] {
        let mut child = files
            .command(&line)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        if code == 0 {
            assert_eq!(field(&verified(&output), "authenticated"), true);
        } else {
            assert!(text(&output.stderr).contains("standard input: there is no"));
        }
    }
}

#[test]
fn what_cannot_be_used_is_said_in_one_line() {
    let files = Files::new();
    let (leaf, key) = (files.read("leaf.pem"), files.read("key.pem"));
    files.write("mixed.pem", &(leaf.clone() + &key));
    files.write("broken.pem", &(leaf.clone() + &leaf.replace('M', "*")));
    files.write("open.pem", leaf.split_once("-----END").unwrap().0);
    files.write("empty", "");
    files.write("records", "3 1 1 ab\n\n3 1 1 abc\n");
    files.write("roots.pem", &(leaf + &pem("CERTIFICATE", &[0x30, 0])));
    for (line, parts) in [
        ("--tlsa|3 1 1 ab|nowhere.pem", ["nowhere.pem: ", ""]),
        ("--tlsa|3 1 1 ab|.", [".: ", ""]),
        ("--tlsa|3 1 1 ab|empty", ["empty: ", "CERTIFICATE"]),
        (
            "--tlsa|3 1 1 ab|mixed.pem",
            ["mixed.pem, block 2: ", "only block"],
        ),
        (
            "--tlsa|3 1 1 ab|broken.pem",
            ["broken.pem, block 2: ", "base64"],
        ),
        (
            "--tlsa|3 1 1 ab|open.pem",
            ["open.pem, block 1: ", "is missing"],
        ),
        ("--tlsa|3 1 1 xy|leaf.pem", ["--tlsa", "'x'"]),
        ("--tlsa|3 1 1 abc|leaf.pem", ["--tlsa", "'3 1 1 abc'"]),
        ("--tlsa|3 1|leaf.pem", ["--tlsa", "no TLSA record"]),
        ("--tlsa|DANE-EE 1 1 ab|leaf.pem", ["--tlsa", "'DANE-EE'"]),
        ("--tlsa-file|nowhere|leaf.pem", ["nowhere: ", ""]),
        ("--tlsa-file|empty|leaf.pem", ["empty: ", "no TLSA record"]),
        (
            "--tlsa-file|records|leaf.pem",
            ["records, line 3: ", "3 hex"],
        ),
        ("leaf.pem", ["--tlsa", "missing"]),
        ("--tlsa|3 1 1 ab", ["CHAIN.pem", "missing"]),
        (
            "--tlsa|3 1 1 ab|--roots|nowhere|leaf.pem",
            ["nowhere: ", ""],
        ),
        (
            "--tlsa|3 1 1 ab|--roots|roots.pem|leaf.pem",
            ["roots.pem, block 2: ", ""],
        ),
        (
            "--tlsa|3 1 1 ab|--roots|key.pem|leaf.pem",
            ["key.pem, block 1: ", "no certificate"],
        ),
        (
            "--tlsa|3 1 1 ab|--time|yesterday|leaf.pem",
            ["--time", "'yesterday'"],
        ),
        (
            "--tlsa|3 1 1 ab|--profile|both|leaf.pem",
            ["--profile", "relay"],
        ),
        ("--tlsa|3 1 1 ab|--name|a b|leaf.pem", ["--name", "'a b'"]),
        ("--tlsa|3 1 1 ab|leaf.pem|root.pem", ["root.pem", ""]),
    ] {
        let output = files.run(&format!("verify|--base|mx.example.com|--json|{line}"));
        assert_unusable(&output, line, &parts);
    }
}
