//! The program as its users meet it: arguments, output, exit codes.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod tool {
    pub(crate) mod lab;
    pub(crate) mod shape;
}

use std::fs;
use std::io::Write;
use std::net::UdpSocket;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tool::lab::Lab;
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

/// The one object of a probe; the exit code must fit it.
fn probed(output: &Output) -> Value {
    let mut objects = objects(output);
    assert_eq!(objects.len(), 1, "{output:?}");
    let object = objects.pop().unwrap();
    assert_shape(&object);
    let delivered = object.pointer("/outcome").unwrap() == "delivered";
    assert_eq!(
        output.status.code(),
        Some(i32::from(!delivered)),
        "{output:?}"
    );
    object
}

/// The word at a place in an object.
fn at<'a>(object: &'a Value, place: &str) -> &'a str {
    object
        .pointer(place)
        .and_then(Value::as_str)
        .unwrap_or_default()
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
        (
            "probe example.com --dane audit",
            ["--dane", "not supported"],
        ),
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
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{line}: {said}");
        assert!(output.stdout.is_empty(), "{line}");
        assert_eq!(said.lines().count(), 1, "{line}: {said}");
        for part in parts {
            assert!(said.contains(part), "{line}: {said}");
        }
    }
}

#[test]
fn help_and_version_are_no_errors() {
    for line in ["--help", "probe --help", "demo --help", "--version"] {
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
    assert!(objects.len() >= 15);
    for object in &objects {
        assert_shape(object);
        assert_eq!(object.pointer("/as_described"), Some(&Value::Bool(true)));
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
    let output = run("demo dane-ee.test tampered.test");
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0));
    for part in [
        "authenticated",
        "[RFC 7672 §3.1.1]",
        "lookup of tampered.test MX",
        "2 of 2 domains",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
    assert!(!shown.contains('\x1b'));
    let colored = run("demo dane-ee.test --color always");
    assert!(text(&colored.stdout).contains("\x1b[32mdelivered"));
}

#[test]
fn a_resolver_that_is_absent_defers() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let line = format!("probe example.com --json --timeout 0.5 --resolver {address}");
    let mut silent = Some(silent);
    for error in ["timeout", "unreachable"] {
        let start = Instant::now();
        let output = run(&line);
        assert!(start.elapsed() < Duration::from_secs(3));
        // From now on, nobody has the port.
        drop(silent.take());
        let object = probed(&output);
        assert_eq!(at(&object, "/outcome"), "deferred");
        assert_eq!(at(&object, "/status/enhanced"), "4.4.3");
        assert_eq!(at(&object, "/reason/code"), "lookup");
        assert_eq!(at(&object, "/reason/lookup/error"), error);
        assert!(at(&object, "/reason/text").contains("example.com MX"));
    }
}

#[test]
fn probe_sees_what_the_demo_saw() {
    let lab = Lab::start();
    for expected in objects(&run("demo --json")) {
        let domain = at(&expected, "/domain");
        let object = probed(&lab.probe(&format!("{domain} --self probe.test")));
        for place in [
            "/domain",
            "/outcome",
            "/status/enhanced",
            "/mx/kind",
            "/mx/security",
        ] {
            assert_eq!(object.pointer(place), expected.pointer(place), "{domain}");
        }
        let results = |object: &Value| {
            let hosts = object.pointer("/hosts").and_then(Value::as_array).unwrap();
            let result =
                |host: &Value| (at(host, "/host").to_owned(), at(host, "/result").to_owned());
            hosts.iter().map(result).collect::<Vec<_>>()
        };
        assert_eq!(results(&object), results(&expected), "{domain}");
        assert_eq!(at(&object, "/reason/code"), at(&expected, "/reason/code"));
    }
}

#[test]
fn probe_validates_by_itself() {
    let lab = Lab::start();
    let anchor = std::env::temp_dir().join(format!("smtp-dane-anchor-{}", std::process::id()));
    fs::write(&anchor, at(&lab.place, "/trust_anchor")).unwrap();
    let file = anchor.display();
    for (domain, outcome, reason) in [
        ("dane-ee.test", "delivered", ""),
        ("hosted.test", "delivered", ""),
        ("unsigned.test", "delivered", "insecure-address"),
        ("no-tlsa.test", "delivered", "no-tlsa"),
        ("tlsa-lost.test", "deferred", "lookup"),
        ("tampered.test", "deferred", "lookup"),
        ("null-mx.test", "failed", "null-mx"),
        ("missing.test", "failed", "no-domain"),
    ] {
        let line = format!("{domain} --validate --trust-anchor {file}");
        let object = probed(&lab.probe_by("/authority", &line));
        assert_eq!(at(&object, "/outcome"), outcome, "{domain}");
        assert_eq!(at(&object, "/reason/code"), reason, "{domain}");
        if domain == "tampered.test" {
            assert_eq!(at(&object, "/reason/lookup/error"), "bogus");
        }
    }
    // Against the keys of the Internet, the lab's are worth nothing.
    let object = probed(&lab.probe_by("/authority", "dane-ee.test --validate"));
    assert_eq!(at(&object, "/outcome"), "deferred");
    fs::write(&anchor, ". IN DNSKEY nonsense\n").unwrap();
    let output = lab.probe(&format!("dane-ee.test --validate --trust-anchor {file}"));
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("line 1"), "{output:?}");
    fs::remove_file(anchor).unwrap();
}

#[test]
fn options_of_probe() {
    let lab = Lab::start();
    let port = lab.place.pointer("/mail_port").unwrap().clone();
    for (line, place, value) in [
        (
            "two-hosts.test --all-hosts",
            "/hosts/1/result",
            "authenticated",
        ),
        (
            "hosted.test --all-hosts",
            "/hosts/0/result",
            "authenticated",
        ),
        ("mx.dane-ee.test --relay", "/mx/kind", "relay"),
        (
            "mx.dane-ee.test --relay",
            "/hosts/0/result",
            "authenticated",
        ),
        ("[127.0.0.11]", "/mx/kind", "literal"),
        ("[127.0.0.11]", "/hosts/0/result", "encrypted"),
        ("[127.0.0.99]", "/hosts/0/result", "unreachable"),
        (
            "unsigned.test --dane mandatory",
            "/reason/code",
            "insecure-mx",
        ),
        (
            "no-tlsa.test --dane mandatory",
            "/reason/code",
            "dane-required",
        ),
        (
            "unsigned-mx.test --insecure-mx encrypt",
            "/hosts/0/tls_policy",
            "encrypt",
        ),
        (
            "unsigned-mx.test --insecure-mx ignore",
            "/hosts/0/tls_policy",
            "opportunistic",
        ),
        ("unsigned-mx.test", "/hosts/0/attempts/0/scope", "host"),
        (
            "hosted.test --mx-alias refuse",
            "/reason/code",
            "alias-refused",
        ),
        (
            "dane-ee.test --address-family v6",
            "/reason/code",
            "no-address",
        ),
        (
            "dane-ee.test --self mx.dane-ee.test",
            "/reason/code",
            "ourselves",
        ),
        (
            "dane-ee.test --self 127.0.0.11",
            "/reason/code",
            "ourselves",
        ),
    ] {
        let object = probed(&lab.probe(line));
        assert_eq!(at(&object, place), value, "{line}: {object}");
        for attempt in object
            .pointer("/hosts/0/attempts")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            assert_eq!(attempt.pointer("/port"), Some(&port));
        }
    }
}

#[test]
fn domains_from_standard_input() {
    let lab = Lab::start();
    let mut child = lab.command("/resolver", "dane-ee.test -");
    let mut child = child
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input
        .write_all(b"hosted.test\n\na..b\nno-tlsa.test")
        .unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    let domains: Vec<_> = objects(&output)
        .iter()
        .map(|object| at(object, "/domain").to_owned())
        .collect();
    assert_eq!(domains, ["dane-ee.test", "hosted.test", "no-tlsa.test"]);
    let said = text(&output.stderr);
    assert!(
        said.contains("line 3") && said.contains("empty label"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1);
    assert_eq!(output.status.code(), Some(2));
    let output = lab.probe("dane-ee.test null-mx.test hosted.test");
    assert_eq!(objects(&output).len(), 3);
    assert_eq!(output.status.code(), Some(1));
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
        assert!(start.elapsed() < Duration::from_secs(1));
        sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
}
