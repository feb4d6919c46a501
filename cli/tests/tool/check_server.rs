//! `check-server`: what is found, its shape, and input that cannot be used.

use serde_json::Value;

use super::files::Files;
use super::shape::{assert_fields, assert_reason};
use super::verify::{field, record};
use crate::{assert_unusable, at, objects, text};

/// The codes of all findings that are critical; the exit code must fit.
fn critical(files: &Files, line: &str) -> Vec<String> {
    let output = files.run(&format!("check-server|--json|--host|mx.example.com|{line}"));
    assert!(output.stderr.is_empty(), "{output:?}");
    let objects = objects(&output);
    let [object] = objects.as_slice() else {
        unreachable!("{output:?}");
    };
    assert_fields(object, "healthy findings");
    let mut codes = Vec::new();
    for finding in field(object, "findings").as_array().unwrap() {
        assert_fields(
            finding,
            "severity rule text cite remedy record chain next_hop reason",
        );
        assert_reason(field(finding, "reason"));
        if at(finding, "/severity") == "critical" {
            codes.push(at(finding, "/rule").to_owned());
        }
    }
    let healthy = codes.is_empty();
    assert_eq!(field(object, "healthy"), &Value::Bool(healthy));
    assert_eq!(output.status.code(), Some(i32::from(!healthy)));
    codes
}

#[test]
fn what_clients_will_say() {
    let files = Files::new();
    let (own, root) = (
        record(&files, "3 1 1", "leaf.pem"),
        record(&files, "2 0 1", "root.pem"),
    );
    let other = format!("3 0 1 {}", "00".repeat(32));
    files.write(
        "some.pem",
        &(files.read("leaf.pem") + &files.read("middle.pem")),
    );
    files.write("zone", &format!("_25._tcp.mx.example.com. IN TLSA {own}\n"));
    for (line, codes) in [
        (format!("--tlsa|{own}|--ttl|3600|--chain|chain.pem"), ""),
        (format!("--tlsa|{own}|--tlsa|{root}|--chain|chain.pem"), ""),
        ("--tlsa-file|zone|--chain|leaf.pem".to_owned(), ""),
        ("--chain|chain.pem".to_owned(), "no-records"),
        (format!("--tlsa|{other}|--chain|chain.pem"), "record-stale"),
        (
            format!("--tlsa|{own}|--tlsa|{other}|--chain|chain.pem"),
            "record-stale",
        ),
        (format!("--tlsa|{root}|--chain|some.pem"), "anchor-not-sent"),
        (
            format!("--tlsa|{own}|--chain|mx.example.com=chain.pem"),
            "no-default-chain",
        ),
        (
            format!("--tlsa|{own}|--chain|chain.pem|--next-chain|root.pem"),
            "next-unmatched",
        ),
        (
            format!("--tlsa|{own}|--chain|chain.pem|--starttls|sometimes"),
            "starttls-selective",
        ),
        (
            format!("--tlsa|{root}|--chain|chain.pem|--time|4100-01-01T00:00:00Z"),
            "expired",
        ),
    ] {
        assert_eq!(critical(&files, &line).join(" "), codes, "{line}");
    }
}

#[test]
fn people_are_told_what_to_do() {
    let files = Files::new();
    let root = record(&files, "2 0 1", "root.pem");
    let line = format!("check-server|--host|mx.example.com|--tlsa|{root}|--chain|leaf.pem");
    let output = files.run(&line);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    for part in [
        "mx.example.com",
        "critical",
        "default chain 1",
        "send the certificate of the trust anchor",
        "RFC 7672 §3.1.2",
    ] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn what_cannot_be_used_is_said_in_one_line() {
    let files = Files::new();
    for (line, parts) in [
        ("--chain|nowhere.pem", ["nowhere.pem", ""]),
        ("--chain|key.pem", ["key.pem", "block 1"]),
        ("--chain|chain.pem|--next-chain|none.pem", ["none.pem", ""]),
        (
            "--chain|chain.pem|--tlsa-file|chain.pem",
            ["chain.pem", "line 1"],
        ),
    ] {
        let output = files.run(&format!("check-server|--host|mx.example.com|{line}"));
        assert_unusable(&output, line, &parts);
    }
}
