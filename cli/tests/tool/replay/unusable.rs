//! Scenarios that cannot be used: one line says which file, line and field, and why.

use serde_json::{Value, json};

use super::{scenario, set};
use crate::assert_unusable;
use crate::tool::files::Files;

#[test]
fn what_cannot_be_used_is_said_in_one_line() {
    let files = Files::new();
    let mx = json!([{"name": "example.com", "type": "MX", "data": ["10 a.example"]}]);
    let with = |field: &str, value: Value| {
        let mut record = mx.pointer("/0").unwrap().clone();
        set(&mut record, &format!("/{field}"), value);
        json!([record])
    };
    let server = |field: &str, value: Value| {
        let mut server = json!({"address": "192.0.2.1"});
        set(&mut server, &format!("/{field}"), value);
        json!([server])
    };
    let (records, servers) = ("/dns/records", "/servers");
    let twice = Value::Array([mx.as_array().unwrap().as_slice(); 2].concat());
    for (place, value, parts) in [
        ("/shufle", json!(1), ["line ", "`shufle`"]),
        ("/next_hop", Value::Null, ["line ", "`next_hop`"]),
        ("/next_hop", json!("a..b"), ["next_hop: 'a..b'", "empty"]),
        ("/next_hop", json!("192.0.2.1"), ["next_hop: ", "literal"]),
        ("/kind", json!("literal"), ["next_hop: ", "no address"]),
        ("/kind", json!("host"), ["kind: ", "`submission`"]),
        ("/port", json!(0), ["port: ", "`0`"]),
        ("/time", json!("2026-01-01"), ["time: ", "T00:00:00Z"]),
        (
            "/policy",
            json!({"bounds": {"attempts": 0}}),
            ["policy.bounds.attempts: ", "`0`"],
        ),
        (
            "/policy",
            json!({"dane": "x"}),
            ["policy.dane: ", "`mandatory`"],
        ),
        ("/policy", json!({"sefl": []}), ["policy.sefl: ", "`self`"]),
        (
            "/policy",
            json!({"self": ["a..b"]}),
            ["policy.self[0]: ", "empty"],
        ),
        (
            "/dns",
            json!({"default": "bogus"}),
            ["dns.default: ", "`secure`"],
        ),
        ("/dns", json!({}), ["dns: ", "`default`"]),
        (
            records,
            with("typ", json!("A")),
            ["dns.records[0].typ: ", "`typ`"],
        ),
        (
            records,
            with("type", json!("SRV")),
            ["dns.records[0].type: ", "`SRV`"],
        ),
        (
            records,
            with("name", json!("a b")),
            ["dns.records[0].name: 'a b'", "white space"],
        ),
        (
            records,
            with("data", json!(["a"])),
            ["dns.records[0]: ", "10 mx.example.com"],
        ),
        (
            records,
            with("data", json!(["10 a..b"])),
            ["dns.records[0]: ", "empty"],
        ),
        (
            records,
            with("type", json!("A")),
            ["dns.records[0]: ", "IPv4"],
        ),
        (
            records,
            with("type", json!("AAAA")),
            ["dns.records[0]: ", "IPv6"],
        ),
        (
            records,
            with("type", json!("TLSA")),
            ["dns.records[0]: ", "'a.example' is"],
        ),
        (
            records,
            with("type", json!("CNAME")),
            ["dns.records[0]: ", "white space"],
        ),
        (
            records,
            with("data", Value::Null),
            ["dns.records[0]: ", "neither"],
        ),
        (
            records,
            with("fail", json!("bogus")),
            ["dns.records[0]: ", "both"],
        ),
        (
            records,
            with("fail", json!("x")),
            ["dns.records[0].fail: ", "`servfail`"],
        ),
        (records, twice, ["dns: ", "example.com MX is listed twice"]),
        (
            servers,
            server("adress", json!(1)),
            ["servers[0].adress: ", "`adress`"],
        ),
        (
            servers,
            server("address", json!("a")),
            ["servers[0].address: ", "IP address"],
        ),
        (
            servers,
            server("transfer", json!(354)),
            ["servers[0].transfer: ", "400"],
        ),
        (
            servers,
            server("hello", json!("6xx")),
            ["servers[0].hello: ", "5xx"],
        ),
        (
            servers,
            server("chain", json!("nowhere.pem")),
            ["servers[0].chain: ", "nowhere.pem: "],
        ),
        (
            servers,
            server("chain", json!("key.pem")),
            ["servers[0].chain: ", "block 1: it is no"],
        ),
        (
            servers,
            server("chain", json!("-----BEGIN X-----")),
            ["servers[0].chain: ", "PEM text"],
        ),
        (
            servers,
            server("raw_public_key", json!("leaf.pem")),
            ["servers[0].raw_public_key: ", "PUBLIC KEY"],
        ),
        (
            servers,
            json!([{"address": "192.0.2.1"}, {"address": "192.0.2.1", "port": 25}]),
            ["servers[1]: ", "192.0.2.1:25"],
        ),
        ("/roots", json!("nowhere.pem"), ["roots: ", "nowhere.pem: "]),
        (
            "/expect/outcome",
            json!("bounced"),
            ["expect.outcome: ", "`bounced`"],
        ),
        (
            "/expect/hosts",
            json!([{"hots": "a"}]),
            ["expect.hosts[0].hots: ", "`hots`"],
        ),
    ] {
        let mut scenario = scenario(&files);
        set(&mut scenario, place, value);
        let written = scenario.to_string();
        files.write("scenario.json", &written);
        let output = files.run("replay|scenario.json");
        let [field, reason] = parts;
        assert_unusable(&output, &written, &["scenario.json, ", field, reason]);
    }
    for (written, parts) in [
        ("", ["line 1: ", "EOF"]),
        (
            "{\n\"next_hop\": \"a.example\"\n]",
            ["line 3: ", "expected"],
        ),
        (
            "{\"next_hop\": \"a.example\"}\n{}",
            ["line 2: ", "trailing"],
        ),
        ("7", ["line 1: ", "an object"]),
    ] {
        files.write("scenario.json", written);
        let output = files.run("replay|scenario.json");
        let [line, reason] = parts;
        assert_unusable(&output, written, &["scenario.json, ", line, reason]);
    }
}
