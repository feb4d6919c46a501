//! `replay`: the scenarios of the repository end as they say, and what cannot be used is named.

mod unusable;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::files::Files;
use super::shape::{assert_fields, assert_shape};
use crate::{at, objects, program, text};

/// The scenarios of the repository by their paths.
fn scenarios() -> BTreeMap<PathBuf, Value> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scenarios");
    let paths = fs::read_dir(directory).unwrap();
    let paths = paths.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .map(|path| {
            let scenario = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            (path, scenario)
        })
        .collect()
}

#[test]
fn every_scenario_ends_as_expected() {
    let scenarios = scenarios();
    assert!(scenarios.len() >= 20);
    for (path, scenario) in &scenarios {
        let expect = scenario.get("expect").unwrap();
        assert!(expect.get("outcome").is_some(), "{path:?}");
        assert!(expect.get("hosts").is_some_and(Value::is_array), "{path:?}");
        assert!(!at(scenario, "/description").is_empty(), "{path:?}");
    }
    let output = program()
        .args(["replay", "--json"])
        .args(scenarios.keys())
        .output()
        .unwrap();
    let objects = objects(&output);
    assert_eq!(objects.len(), scenarios.len(), "{output:?}");
    for (object, (path, scenario)) in objects.iter().zip(&scenarios) {
        assert_shape(object);
        assert_fields(object, "file description differences");
        assert_eq!(at(object, "/file"), path.to_str().unwrap());
        assert_eq!(at(object, "/description"), at(scenario, "/description"));
        assert_eq!(object.get("differences"), Some(&json!([])), "{path:?}");
    }
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
}

/// A delivery to a host whose own certificate was published, in `chain.pem`.
fn scenario(files: &Files) -> Value {
    let printed = text(&files.run("tlsa|leaf.pem").stdout);
    let record = printed.trim_end().split_once(" TLSA ").unwrap().1;
    json!({
        "description": "all is well",
        "next_hop": "example.com",
        "dns": {"default": "secure", "records": [
            {"name": "example.com", "type": "MX", "data": ["10 mx.example.com"]},
            {"name": "mx.example.com", "type": "A", "data": ["192.0.2.1"]},
            {"name": "_25._tcp.mx.example.com", "type": "TLSA", "data": [record]},
        ]},
        "servers": [{"address": "192.0.2.1", "chain": "chain.pem"}],
        "expect": {"outcome": "delivered", "hosts": [
            {"host": "mx.example.com", "result": "authenticated"},
        ]},
    })
}

/// Puts a value at a place of an object, or takes away what is there.
fn set(scenario: &mut Value, place: &str, value: Value) {
    let (above, field) = place.rsplit_once('/').unwrap();
    let above = scenario.pointer_mut(above).unwrap();
    let above = above.as_object_mut().unwrap();
    match value {
        Value::Null => above.remove(field),
        value => above.insert(field.to_owned(), value),
    };
}

#[test]
fn what_differs_is_named() {
    let files = Files::new();
    for (place, value, field, expected, found) in [
        (
            "/expect/outcome",
            json!("failed"),
            "outcome",
            json!("failed"),
            json!("delivered"),
        ),
        (
            "/expect/status",
            json!("4.7.5"),
            "status",
            json!("4.7.5"),
            json!("2.0.0"),
        ),
        (
            "/expect/would_refuse",
            json!(true),
            "would_refuse",
            json!(true),
            json!(false),
        ),
        (
            "/expect/reason",
            json!("null-mx"),
            "reason",
            json!("null-mx"),
            Value::Null,
        ),
        (
            "/expect/tlsrpt",
            json!(["tlsa-invalid"]),
            "tlsrpt",
            json!(["tlsa-invalid"]),
            json!([]),
        ),
        (
            "/expect/hosts",
            json!([]),
            "hosts",
            json!([]),
            json!(["mx.example.com"]),
        ),
        (
            "/expect/hosts",
            json!([{"host": "mx.example.com", "result": "encrypted"}]),
            "hosts[0].result",
            json!("encrypted"),
            json!("authenticated"),
        ),
        (
            "/expect/hosts",
            json!([{"host": "mx.example.com", "tlsa_base": null}]),
            "hosts[0].tlsa_base",
            Value::Null,
            json!("mx.example.com"),
        ),
        (
            "/expect/hosts",
            json!([{"host": "mx.example.com", "tls_policy": "encrypt", "reason": null}]),
            "hosts[0].tls_policy",
            json!("encrypt"),
            json!("authenticate"),
        ),
        (
            "/expect/hosts",
            json!([{"host": "mx.example.com", "reason": "expired"}]),
            "hosts[0].reason",
            json!("expired"),
            Value::Null,
        ),
    ] {
        let mut scenario = scenario(&files);
        set(&mut scenario, place, value);
        files.write("scenario.json", &scenario.to_string());
        let output = files.run("replay|--json|scenario.json");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let object = objects(&output).pop().unwrap();
        let difference = json!([{"field": field, "expected": expected, "found": found}]);
        assert_eq!(object.get("differences"), Some(&difference));

        let output = files.run("replay|scenario.json");
        assert_eq!(output.status.code(), Some(1));
        let shown = text(&output.stdout);
        let lines: Vec<_> = shown.lines().collect();
        let [first, second] = lines.as_slice() else {
            unreachable!("{shown}");
        };
        assert!(
            first.starts_with("scenario.json") && first.contains("not as expected: all is well"),
            "{first}"
        );
        let said = format!("expected {expected}, found {found}");
        assert!(
            second.trim_start().starts_with(field) && second.contains(&said),
            "{second}"
        );
    }
}

#[test]
fn without_expectations_nothing_is_compared() {
    let files = Files::new();
    let mut scenario = scenario(&files);
    set(&mut scenario, "/expect", Value::Null);
    set(&mut scenario, "/servers", json!([]));
    files.write("scenario.json", &scenario.to_string());
    let output = files.run("replay|scenario.json");
    assert_eq!(output.status.code(), Some(0));
    let shown = text(&output.stdout);
    for part in [
        "deferred",
        "nothing was expected",
        "no connection [RFC 5321 §5.1]",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
    assert_eq!(shown.lines().count(), 1);
}

#[test]
fn certificates_and_keys_are_read_from_where_they_are() {
    let files = Files::new();
    for (field, value) in [
        ("chain", json!("./leaf.pem")),
        ("chain", json!(["leaf.pem", "middle.pem"])),
        ("chain", json!(files.read("chain.pem"))),
        ("raw_public_key", json!("key.pem")),
        ("raw_public_key", json!(files.read("key.pem"))),
    ] {
        let mut scenario = scenario(&files);
        set(&mut scenario, "/servers/0/chain", Value::Null);
        set(&mut scenario, &format!("/servers/0/{field}"), value);
        files.write("scenario.json", &scenario.to_string());
        // The files are looked for beside the scenario, wherever the program runs.
        let output = program()
            .arg("replay")
            .arg(files.path().join("scenario.json"))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
}

#[test]
fn a_file_that_cannot_be_used_does_not_hide_the_others() {
    let files = Files::new();
    let mut scenario = scenario(&files);
    files.write("good.json", &scenario.to_string());
    set(&mut scenario, "/expect/outcome", json!("failed"));
    files.write("other.json", &scenario.to_string());
    let output = files.run("replay|--json|other.json|nowhere.json|good.json");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let objects = objects(&output);
    let names: Vec<_> = objects.iter().map(|object| at(object, "/file")).collect();
    assert_eq!(names, ["other.json", "good.json"]);
    let said = text(&output.stderr);
    assert!(
        said.contains("nowhere.json: ") && said.lines().count() == 1,
        "{said}"
    );
}
