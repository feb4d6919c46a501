//! `tlsa`: what it prints, and that `verify` agrees.

use super::files::{Files, pem};
use super::verify::{field, verified};
use crate::{assert_unusable, at, text};

#[test]
fn what_is_printed_authenticates() {
    let files = Files::new();
    for (fields, made_of, presented, depth) in [
        ([3, 1, 1], "leaf.pem", "chain.pem", 0),
        ([3, 1, 1], "chain.pem", "chain.pem", 0),
        ([3, 0, 1], "leaf.pem", "chain.pem", 0),
        ([3, 1, 2], "leaf.pem", "chain.pem", 0),
        ([3, 0, 0], "leaf.pem", "chain.pem", 0),
        ([3, 1, 1], "key.pem", "chain.pem", 0),
        ([3, 1, 0], "key.pem", "key.pem", 0),
        ([2, 1, 1], "middle.pem", "chain.pem", 1),
        ([2, 0, 1], "middle.pem", "chain.pem", 1),
        ([2, 0, 1], "root.pem", "chain.pem", 2),
        ([2, 1, 2], "root.pem", "chain.pem", 2),
        ([2, 0, 0], "root.pem", "chain.pem", 2),
    ] {
        let [usage, selector, matching] = fields;
        let line = format!(
            "tlsa|--host|MX.example.com|--usage|{usage}|--selector|{selector}|--matching|{matching}|{made_of}"
        );
        let output = files.run(&line);
        let printed = text(&output.stdout);
        let start = format!("_25._tcp.mx.example.com. IN TLSA {usage} {selector} {matching} ");
        assert!(printed.starts_with(&start), "{output:?}");
        assert!(output.stderr.is_empty(), "{output:?}");
        files.write("records", &printed);
        let line = format!("verify|--json|--base|mx.example.com|--tlsa-file|records|{presented}");
        let object = verified(&files.run(&line));
        assert_eq!(field(&object, "authenticated"), true, "{printed}");
        assert_eq!(field(&object, "depth"), depth);
    }
}

#[test]
fn defaults_and_owners() {
    let files = Files::new();
    let explicit = "tlsa|--usage|3|--selector|1|--matching|1|--port|25|leaf.pem";
    let output = files.run("tlsa|leaf.pem");
    let printed = text(&output.stdout);
    assert!(printed.starts_with("_25._tcp IN TLSA 3 1 1 "), "{printed}");
    assert_eq!(text(&files.run(explicit).stdout), printed);
    assert_eq!(text(&files.run("tlsa|chain.pem").stdout), printed);
    assert_eq!(text(&files.run("tlsa|key.pem").stdout), printed);
    let output = files.run("tlsa|--port|587|--host|mx.example.|leaf.pem");
    let printed = text(&output.stdout);
    assert!(
        printed.starts_with("_587._tcp.mx.example. IN TLSA 3 1 1 "),
        "{printed}"
    );
}

#[test]
fn a_chain_has_two_records() {
    let files = Files::new();
    let leaf = text(&files.run("tlsa|leaf.pem").stdout);
    let issuer = text(&files.run("tlsa|--usage|2|middle.pem").stdout);
    for order in [
        ["leaf.pem", "middle.pem", "root.pem"],
        ["leaf.pem", "root.pem", "middle.pem"],
        ["leaf.pem", "leaf.pem", "middle.pem"],
    ] {
        files.write("some.pem", &order.map(|file| files.read(file)).concat());
        let output = files.run("tlsa|--chain|some.pem");
        assert_eq!(text(&output.stdout), format!("{leaf}{issuer}"));
        assert_eq!(output.status.code(), Some(0));
        assert!(output.stderr.is_empty(), "{output:?}");
    }
    for (host, warned) in [("mx.example.com", 0), ("mx.example.net", 1)] {
        let output = files.run(&format!("tlsa|--chain|--host|{host}|chain.pem"));
        assert_eq!(text(&output.stdout).lines().count(), 2);
        let said = text(&output.stderr);
        assert_eq!(said.lines().count(), warned, "{said}");
        assert_eq!(
            said.contains("warning: the certificate does not bear"),
            warned > 0
        );
        assert_eq!(output.status.code(), Some(0));
    }
    files.write(
        "records",
        &text(&files.run("tlsa|--chain|chain.pem").stdout),
    );
    let line = "verify|--json|--base|mx.example.com|--tlsa-file|records|chain.pem";
    let object = verified(&files.run(line));
    assert!(at(&object, "/record").starts_with("3 1 1 "));
    assert_eq!(field(&object, "considered").as_array().unwrap().len(), 2);
}

#[test]
fn records_that_no_mail_server_can_use() {
    let files = Files::new();
    for usage in ["0", "1"] {
        let output = files.run(&format!("tlsa|--usage|{usage}|leaf.pem"));
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(text(&output.stdout).lines().count(), 1);
        let said = text(&output.stderr);
        assert!(
            said.contains("warning") && said.contains("[RFC 7672 §3.1.3]"),
            "{said}"
        );
        assert_eq!(said.lines().count(), 1);
    }
}

#[test]
fn what_cannot_be_used_is_said_in_one_line() {
    let files = Files::new();
    files.write("garbage.pem", &pem("CERTIFICATE", &[0x30, 0]));
    files.write("garbage-key.pem", &pem("PUBLIC KEY", &[0x30, 0]));
    files.write("self.pem", &files.read("leaf.pem").repeat(2));
    files.write(
        "gap.pem",
        &(files.read("leaf.pem") + &files.read("root.pem")),
    );
    files.write(
        "mixed.pem",
        &(files.read("leaf.pem") + &files.read("key.pem")),
    );
    let label = "a".repeat(63);
    let long = format!("{label}.{label}.{label}.{}", "a".repeat(60));
    let long = format!("--host|{long}|leaf.pem");
    for (line, parts) in [
        ("nowhere.pem", ["nowhere.pem: ", ""]),
        ("garbage.pem", ["garbage.pem, block 1: ", "structure"]),
        (
            "--selector|0|garbage.pem",
            ["garbage.pem, block 1: ", "structure"],
        ),
        (
            "garbage-key.pem",
            ["garbage-key.pem, block 1: ", "structure"],
        ),
        ("--selector|0|key.pem", ["key.pem, block 1: ", "selector 0"]),
        ("--usage|2|chain.pem", ["chain.pem: ", "--chain"]),
        ("--usage|4|leaf.pem", ["--usage", "'4'"]),
        ("--selector|256|leaf.pem", ["--selector", "'256'"]),
        ("--matching|3|leaf.pem", ["--matching", "'3'"]),
        ("--chain|leaf.pem", ["leaf.pem: ", "issued the first"]),
        ("--chain|self.pem", ["self.pem: ", "issued the first"]),
        ("--chain|gap.pem", ["gap.pem: ", "issued the first"]),
        (
            "--chain|mixed.pem",
            ["mixed.pem, block 2: ", "no certificate"],
        ),
        (
            "--chain|garbage.pem",
            ["garbage.pem, block 1: ", "structure"],
        ),
        (
            "--chain|--usage|3|leaf.pem",
            ["--chain", "does not go with"],
        ),
        ("--port|0|leaf.pem", ["--port", "'0'"]),
        (&long, ["--host", "255"]),
    ] {
        let output = files.run(&format!("tlsa|{line}"));
        assert_unusable(&output, line, &parts);
    }
}
