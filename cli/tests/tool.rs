//! The program as its users meet it: arguments, output, exit codes.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod tool {
    mod check_server;
    mod examples;
    mod faults;
    pub(crate) mod files;
    mod install;
    pub(crate) mod lab;
    mod picture;
    mod probe;
    mod replay;
    pub(crate) mod shape;
    mod summarize;
    pub(crate) mod survey;
    pub(crate) mod survey_demo;
    mod tlsa;
    mod verify;
}

use std::net::UdpSocket;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tool::shape::assert_shape;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smtp-dane"));
    command.stdin(Stdio::null()).env_remove("NO_COLOR");
    command
}

fn run(line: &str) -> Output {
    program().args(line.split_whitespace()).output().unwrap()
}

fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

fn objects(output: &Output) -> Vec<Value> {
    let lines = text(&output.stdout);
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The word at a place in an object.
fn at<'a>(object: &'a Value, place: &str) -> &'a str {
    object
        .pointer(place)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Input that cannot be used: exit code 2 and one line on standard error that has all these parts.
fn assert_unusable(output: &Output, line: &str, parts: &[&str]) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{line}: {said}");
    assert!(output.stdout.is_empty(), "{line}");
    assert_eq!(said.lines().count(), 1, "{line}: {said}");
    for part in parts {
        assert!(said.contains(part), "{line}: {said}");
    }
}

#[test]
fn what_cannot_be_used_is_said_in_one_line() {
    for (line, parts) in [
        ("", ["demo", "probe"]),
        ("probe", ["<DOMAIN>", "missing"]),
        ("probe a..b", ["a..b", "empty label"]),
        ("probe example.com --port 70000", ["--port", "70000"]),
        (
            "probe example.com --resolver nowhere",
            ["--resolver", "nowhere"],
        ),
        ("probe example.com --dane off", ["--dane", "audit"]),
        ("probe example.com --what", ["--what", "no such option"]),
        ("probe example.com --timeout -1", ["-1", ""]),
        (
            "probe example.com --validate --trust-anchor /nowhere/keys",
            ["/nowhere/keys", ""],
        ),
        ("demo example.com", ["'example.com'", "dane-ee.test"]),
        ("deliver", ["deliver", "no such command"]),
    ] {
        let output = run(line);
        assert_unusable(&output, line, &parts);
    }
}

#[test]
fn help_and_version_are_no_errors() {
    for line in [
        "--help",
        "probe --help",
        "demo --help",
        "summarize --help",
        "verify --help",
        "tlsa --help",
        "replay --help",
        "check-server --help",
        "--version",
    ] {
        let output = run(line);
        assert_eq!(output.status.code(), Some(0), "{line}");
        assert!(text(&output.stdout).contains("smtp-dane"), "{line}");
        assert!(output.stderr.is_empty(), "{line}");
    }
}

#[test]
fn demo_ends_as_described() {
    let start = Instant::now();
    let output = run("demo --json");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(start.elapsed() < Duration::from_secs(15));
    assert!(output.stderr.is_empty(), "{output:?}");
    let objects = objects(&output);
    assert!(objects.len() >= 20);
    for object in &objects {
        assert_shape(object);
        assert_eq!(object.pointer("/as_described"), Some(&Value::Bool(true)));
    }
    for (domain, record, depth, name) in [
        ("dane-ee.test", "3 1 1 ", 0, Value::Null),
        ("dane-ta.test", "2 0 1 ", 2, "mx.dane-ta.test".into()),
        (
            "intermediate.test",
            "2 1 1 ",
            1,
            "mx.intermediate.test".into(),
        ),
        (
            "anchor-in-dns.test",
            "2 0 0 ",
            2,
            "mx.anchor-in-dns.test".into(),
        ),
        (
            "next-hop-name.test",
            "2 0 1 ",
            2,
            "next-hop-name.test".into(),
        ),
    ] {
        let is_it = |object: &&Value| at(object, "/domain") == domain;
        let attempt = objects.iter().find(is_it).unwrap();
        let attempt = attempt.pointer("/hosts/0/attempts/0").unwrap();
        assert!(at(attempt, "/record").starts_with(record), "{attempt}");
        assert_eq!(attempt.pointer("/depth"), Some(&Value::from(depth)));
        assert_eq!(attempt.pointer("/name"), Some(&name), "{domain}");
    }
    let output = run("demo --json Null-MX.test. dane-ee.test");
    let domains: Vec<_> = self::objects(&output)
        .iter()
        .map(|object| at(object, "/domain").to_owned())
        .collect();
    assert_eq!(domains, ["dane-ee.test", "null-mx.test"]);
}

#[test]
fn demo_for_people() {
    let output = run("demo dane-ee.test tampered.test dane-ta.test wrong-name.test");
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0));
    for part in [
        "authenticated",
        "[RFC 7672 §3.1.1]",
        "lookup of tampered.test MX",
        "stands 2 above the server's certificate, which bears mx.dane-ta.test [RFC 7672 §3.1.2]",
        "bears none of the expected names [RFC 7672 §3.2.2]; the key that it showed would be 3 1 1 ",
        "4 of 4 domains",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
    assert!(!shown.contains('\x1b'));
    let colored = run("demo dane-ee.test --color always");
    assert!(text(&colored.stdout).contains("\x1b[32mdelivered"));
}

#[test]
fn output_that_nobody_reads_is_no_disaster() {
    let mut child = program();
    let mut child = child
        .args(["demo", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.stderr.is_empty(), "{output:?}");
    assert_eq!(output.status.code(), Some(1));
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_at_once() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let line = format!("probe example.com --timeout 60 --resolver {address}");
    let mut child = program();
    let mut child: Child = child
        .args(line.split(' '))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Its query shows that it is at work.
    silent.recv(&mut [0; 512]).unwrap();
    let id = child.id().to_string();
    let start = Instant::now();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    while child.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < Duration::from_secs(10));
        sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
}
