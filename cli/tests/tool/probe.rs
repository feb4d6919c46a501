//! `probe`, against the demo's network and against nobody.

use std::fs;
use std::io::Write;
use std::net::UdpSocket;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::lab::Lab;
use super::shape::assert_shape;
use crate::{at, objects, run, text};

/// The one object of a probe; the exit code must fit it.
pub(crate) fn probed(output: &Output) -> Value {
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

#[test]
fn a_resolver_that_is_absent_defers() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let line = format!("probe example.com --json --timeout 0.5 --resolver {address}");
    let mut silent = Some(silent);
    for error in ["timeout", "unreachable"] {
        let start = Instant::now();
        let output = run(&line);
        assert!(start.elapsed() < Duration::from_secs(8));
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
fn an_audit_would_deliver_and_says_what_it_would_refuse() {
    let lab = Lab::start();
    for (domain, result, code) in [
        ("dane-ee.test", "authenticated", ""),
        ("wrong-name.test", "encrypted", "name-mismatch"),
        ("stripped.test", "cleartext", "start-tls-not-offered"),
        ("unsigned.test", "encrypted", ""),
    ] {
        let object = probed(&lab.probe(&format!("{domain} --dane audit")));
        assert_eq!(at(&object, "/outcome"), "delivered", "{domain}");
        assert_eq!(at(&object, "/hosts/0/result"), result, "{domain}");
        let would_refuse = object.pointer("/would_refuse").unwrap();
        assert_eq!(would_refuse, !code.is_empty(), "{domain}");
        assert_eq!(at(&object, "/objection/code"), code, "{domain}");
        if result == "cleartext" {
            assert_eq!(
                at(&object, "/hosts/0/attempts/0/reason/cite"),
                "RFC 7672 §9.1"
            );
        }
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
fn probe_warns_of_a_resolver_that_does_not_validate_and_of_no_other() {
    let lab = Lab::start();
    let output = lab.probe("dane-ee.test");
    assert!(output.stderr.is_empty(), "{output:?}");

    // The name server has all that is asked, and says of nothing that it is secure.
    let output = lab.probe_by("/authority", "dane-ee.test");
    let said = text(&output.stderr);
    assert_eq!(said.lines().count(), 1, "{said}");
    for part in [
        "warning: the answer to . MX is not secure",
        "[RFC 7672 §2.1.1]",
    ] {
        assert!(said.contains(part), "{said}");
    }
    // What is printed of the domain, and the exit code, are as without the warning.
    let object = probed(&output);
    assert_eq!(at(&object, "/outcome"), "delivered");
    assert_eq!(at(&object, "/reason/code"), "insecure-address");
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
    let mut domains: Vec<_> = objects(&output)
        .iter()
        .map(|object| at(object, "/domain").to_owned())
        .collect();
    // They come as they are had.
    domains.sort_unstable();
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
