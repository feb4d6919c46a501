//! Stored deliveries that no machine can have written are refused, each with the reason.

mod reasons;
mod results;

use serde_json::{Value, json};
use smtp_dane::delivery::{Delivery, Step};
use smtp_dane::resolve::{NextHop, SMTP_PORT};
use smtp_dane::{AddressFamily, Digests, InsecureMx, Policy};

use crate::stored_delivery::deliver;
use crate::support::certificates::{leaf, tlsa_text};
use crate::support::name;
use crate::support::sites::{domain, known_as, mandatory, relay, unusable, usable};
use crate::support::world::World;
use crate::support::zone::Zone;

const HOST: &str = "mx1.example.com";
const TWO_HOSTS: &str = "example.com MX 1 mx1.example.com\nexample.com MX 2 mx2.example.com\n\
    mx1.example.com A 192.0.2.1\nmx2.example.com A 192.0.2.2";

fn signed(records: &str) -> Zone {
    Zone::signed().with(TWO_HOSTS).with(records)
}

/// A delivery at the first of its steps that `is_it`.
fn stored_at(
    world: &World,
    next_hop: NextHop,
    policy: &Policy,
    is_it: impl Fn(&Step<'_>) -> bool,
) -> Value {
    let mut found = None;
    deliver(world, next_hop, policy, |_, delivery| {
        if found.is_none() && is_it(&delivery.step()) {
            found = Some(serde_json::to_value(delivery).unwrap());
        }
        false
    });
    let found = found.unwrap();
    assert_eq!(refusal(&found), None);
    found
}

/// About to connect to the first host that may be connected to.
fn connecting(zone: Zone, policy: &Policy) -> Value {
    connecting_to(zone, domain(), policy)
}

fn connecting_to(zone: Zone, next_hop: NextHop, policy: &Policy) -> Value {
    let is_it = |step: &Step<'_>| matches!(step, Step::Connect { .. });
    stored_at(&World::new(zone), next_hop, policy, is_it)
}

/// Why a stored delivery is refused.
fn refusal(stored: &Value) -> Option<String> {
    let text = stored.to_string();
    let read = serde_json::from_str::<Delivery>(&text);
    read.err().map(|error| error.to_string())
}

/// The same with another value at one place.
fn with(stored: &Value, place: &str, value: Value) -> Value {
    let mut stored = stored.clone();
    *stored.pointer_mut(place).unwrap() = value;
    stored
}

const ROUTE: &str = "/state/hosts/route";
const HOSTS: &str = "/state/hosts/hosts";
const PLAN: &str = "/state/hosts/hosts/0/tried/plan";
const TLS: &str = "/state/hosts/hosts/0/tried/plan/tls";
const RESULTS: &str = "/state/hosts/hosts/0/tried/results";

fn at(place: &str, below: &str) -> String {
    format!("{place}/{below}")
}

/// What was stored of a damaged delivery, and the reason for refusing it.
type Damage = (Value, &'static str);

fn damaged_routes() -> Vec<Damage> {
    let plain = connecting(signed(""), &Policy::default());
    let safe = connecting(signed(&usable(HOST)), &mandatory());
    let known = connecting(signed(""), &known_as("192.0.2.9", "me.example"));
    let implicit = connecting(
        Zone::signed().with("example.com A 192.0.2.1"),
        &Policy::default(),
    );
    let by_relay = connecting_to(signed(""), relay(HOST), &Policy::default());
    let order = "the hosts of its route are not those that such a route has, in their order";
    let count = "its route has no hosts, or too many";
    let here =
        "its route leads to this site itself, or knows of this site what its policy does not";
    let without = "there is no such reason for having no route";
    let exchangers = at(ROUTE, "exchangers");
    let host = at(ROUTE, "exchangers/0/host");
    let exchanger =
        |place: usize| json!({"host": {"name": format!("h{place}.example")}, "preference": 1});
    let many: Vec<Value> = (0..65).map(exchanger).collect();
    let no_route =
        |stored: &Value, error: Value| with(stored, "/state", json!({ "no-route": error }));
    vec![
        (
            with(&plain, &at(ROUTE, "kind"), json!("relay")),
            "its next hop has no route of this kind",
        ),
        (
            with(&plain, &at(ROUTE, "kind"), json!("submission")),
            "its next hop has no route of this kind",
        ),
        (
            with(&plain, &at(ROUTE, "expanded"), json!("example.com")),
            "its next hop is an alias of itself",
        ),
        (with(&plain, &exchangers, json!([])), count),
        (with(&plain, &exchangers, json!(many)), count),
        (
            with(&plain, &at(ROUTE, "exchangers/0/preference"), json!(3)),
            order,
        ),
        (
            with(&plain, &host, json!({"name": "mx2.example.com"})),
            order,
        ),
        (with(&plain, &host, json!({"name": "."})), order),
        (with(&plain, &host, json!({"name": "192.0.2.7"})), order),
        (
            with(&plain, &host, json!({"address": "2001:db8::1"})),
            order,
        ),
        (
            with(&implicit, &host, json!({"name": "elsewhere.example"})),
            order,
        ),
        (
            with(&by_relay, &at(ROUTE, "security"), json!("insecure")),
            order,
        ),
        (
            with(&safe, &at(ROUTE, "security"), json!("insecure")),
            "DANE is mandatory, and its route is insecure",
        ),
        (
            with(
                &known,
                "/policy/identities",
                json!([{"name": "mx2.example.com"}]),
            ),
            here,
        ),
        (
            with(&known, &at(ROUTE, "own-place"), json!("unproven")),
            here,
        ),
        (
            with(&safe, &at(ROUTE, "own-place"), json!("unproven")),
            here,
        ),
        (no_route(&plain, json!("insecure-mx")), without),
        (no_route(&plain, json!("ourselves")), without),
        (no_route(&known, json!("unproven-loop")), without),
        (no_route(&safe, json!("unproven-loop")), without),
        (no_route(&safe, json!({"null-mx": "insecure"})), without),
        (no_route(&safe, json!({"no-domain": "insecure"})), without),
    ]
}

fn damaged_plans() -> Vec<Damage> {
    let plain = connecting(signed(""), &Policy::default());
    let safe = connecting(signed(&usable(HOST)), &Policy::default());
    let must = connecting(signed(&usable(HOST)), &mandatory());
    let mut v4 = Policy::default();
    v4.address_family = AddressFamily::V4;
    let v4 = connecting(signed(""), &v4);
    let mut ignoring = Policy::default();
    ignoring.insecure_mx = InsecureMx::Ignore;
    let ignoring = connecting(
        Zone::unsigned()
            .with(TWO_HOSTS)
            .secure("mx1.example.com AAAA 2001:db8::1"),
        &ignoring,
    );
    let by_address = connecting_to(
        signed(""),
        NextHop::literal([192, 0, 2, 1].into()),
        &Policy::default(),
    );
    let submission = NextHop::submission(name(HOST), SMTP_PORT);
    let by_pkix = connecting_to(signed(""), submission, &Policy::default());
    let pkix_off = with(&by_pkix, "/policy/dane", json!("off"));
    let addresses = "a host has no address, too many, or one that its policy does not use";
    let without = "under its policy there is no such reason for doing without DANE";
    let records = "under its policy no TLSA records are looked for, or these bar the host";
    let of_address = "a host without a name has no such plan";
    let published = safe.pointer(&at(TLS, "authenticate")).unwrap();
    let authenticate = json!({ "authenticate": published });
    let many: Vec<Value> = (0..65).map(|last| json!([3, 1, 1, last])).collect();
    let label = "a".repeat(49);
    let long = [&label[..]; 5].join(".");
    vec![
        (with(&plain, &at(PLAN, "addresses"), json!([])), addresses),
        (
            with(&plain, &at(PLAN, "addresses"), json!(vec!["192.0.2.1"; 33])),
            addresses,
        ),
        (
            with(&v4, &at(PLAN, "addresses"), json!(["2001:db8::1"])),
            addresses,
        ),
        (
            with(
                &v4,
                &at(PLAN, "addresses"),
                json!(["192.0.2.1", "2001:db8::1"]),
            ),
            addresses,
        ),
        (
            with(&must, TLS, json!({"opportunistic": "no-tlsa"})),
            without,
        ),
        (
            with(&safe, TLS, json!({"opportunistic": "switched-off"})),
            without,
        ),
        (
            with(&safe, TLS, json!({"opportunistic": "insecure-mx"})),
            without,
        ),
        (
            with(&safe, TLS, json!({"opportunistic": "submission"})),
            without,
        ),
        (
            with(&safe, TLS, json!({"opportunistic": "address-literal"})),
            without,
        ),
        (
            with(&ignoring, TLS, json!({"opportunistic": "no-tlsa"})),
            without,
        ),
        (
            with(&by_pkix, TLS, json!({"opportunistic": "no-tlsa"})),
            without,
        ),
        (
            with(&by_pkix, TLS, json!({"opportunistic": "insecure-mx"})),
            without,
        ),
        (
            with(&pkix_off, TLS, json!({"opportunistic": "switched-off"})),
            without,
        ),
        (
            with(&safe, &at(TLS, "authenticate/records"), json!([])),
            "TLSA records, of which there are none",
        ),
        (
            with(&safe, &at(TLS, "authenticate/records"), json!(many)),
            records,
        ),
        (
            with(&safe, &at(TLS, "authenticate/base"), json!(long)),
            records,
        ),
        (
            with(
                &must,
                &at(TLS, "authenticate/records"),
                json!([[1, 1, 1, 0]]),
            ),
            records,
        ),
        (with(&safe, "/policy/dane", json!("off")), records),
        (with(&ignoring, TLS, authenticate.clone()), records),
        (with(&by_pkix, TLS, authenticate), records),
        (
            with(&by_address, &at(PLAN, "addresses"), json!(["192.0.2.2"])),
            of_address,
        ),
        (with(&by_address, &at(PLAN, "ttl"), json!(60)), of_address),
        (
            with(&by_address, "/policy/dane", json!("mandatory")),
            "its state is not the one that its hosts and results lead to",
        ),
    ]
}

/// What would let mail go with less than the records demand.
fn downgrades() -> Vec<Damage> {
    let safe = connecting(signed(&usable(HOST)), &Policy::default());
    let must = connecting(signed(&usable(HOST)), &mandatory());
    let encrypted = connecting(signed(&unusable(HOST)), &Policy::default());
    let both = format!(
        "{}\n_25._tcp.{HOST} TLSA {}",
        usable(HOST),
        tlsa_text(3, 1, 2, leaf())
    );
    let both = connecting(signed(&both), &Policy::default());
    let submission = NextHop::submission(name(HOST), SMTP_PORT);
    let by_pkix = connecting_to(signed(""), submission, &Policy::default());
    let published = |stored: &Value, tag| stored.pointer(&at(TLS, tag)).unwrap().clone();
    let other = "its TLS policy is not the one that its records and its policy demand";
    let twice = {
        let record = safe.pointer(&at(TLS, "authenticate/records/0")).unwrap();
        json!([record, record])
    };
    let mut of_sha256 = Policy::default();
    of_sha256.digests = Digests::Sha256OverSha512;
    let swapped = serde_json::to_value(of_sha256.digests).unwrap();
    let authenticated = published(&safe, "authenticate");
    vec![
        (with(&safe, TLS, json!({ "encrypt": authenticated })), other),
        (
            with(&safe, TLS, json!({ "audit-authenticate": authenticated })),
            other,
        ),
        (
            with(&safe, TLS, json!({ "audit-encrypt": authenticated })),
            other,
        ),
        (with(&by_pkix, "/policy/dane", json!("mandatory")), other),
        (with(&safe, TLS, json!("pkix")), other),
        (with(&safe, "/policy/dane", json!("audit-only")), other),
        (with(&must, "/policy/dane", json!("audit-only")), other),
        (with(&safe, "/policy/digests", json!("sha512")), other),
        (with(&both, "/policy/digests", swapped), other),
        (
            with(
                &safe,
                &at(TLS, "authenticate/records"),
                json!([[1, 1, 1, 0]]),
            ),
            other,
        ),
        (with(&safe, &at(TLS, "authenticate/records"), twice), other),
        (with(&encrypted, "/policy/dane", json!("audit-only")), other),
        (
            with(
                &encrypted,
                TLS,
                json!({ "authenticate": published(&encrypted, "encrypt") }),
            ),
            other,
        ),
    ]
}

fn damages() -> Vec<Damage> {
    let groups = [
        damaged_routes(),
        damaged_plans(),
        downgrades(),
        reasons::damaged_under_mandatory(),
        reasons::damaged_aliases(),
        reasons::damaged_loops(),
        reasons::damaged_places(),
        results::damaged(),
        results::damaged_proofs(),
        results::damaged_chains(),
        results::damaged_states(),
    ];
    groups.concat()
}

#[test]
fn what_no_machine_can_have_written_is_refused_with_its_reason() {
    for (place, (stored, reason)) in damages().into_iter().enumerate() {
        let refused = refusal(&stored).unwrap_or_else(|| "it is read".to_owned());
        assert!(
            refused.contains(reason),
            "{place}: {refused}, not: {reason}\n{stored}"
        );
    }
}

#[test]
fn every_reason_for_refusing_a_stored_delivery_is_met() {
    let source = include_str!("../src/resolve/stored.rs");
    let quoted = source.lines().filter_map(|line| line.split('"').nth(1));
    let sentences: Vec<&str> = quoted
        .filter(|text| text.contains(' ') && !text.ends_with(": "))
        .collect();
    let met = damages();
    let is_met = |sentence: &&str| met.iter().any(|(_, reason)| sentence.contains(reason));
    assert!(sentences.len() > 15, "{sentences:?}");
    for sentence in &sentences {
        assert!(
            is_met(sentence),
            "no stored delivery is refused because {sentence}"
        );
    }
}

#[test]
fn another_version_is_refused_in_one_line_whatever_follows() {
    let delivery = Delivery::new(domain(), Policy::default(), 1);
    let text = serde_json::to_string(&delivery).unwrap();
    assert!(text.starts_with("{\"version\":1,"), "{text}");
    let sentence =
        "the stored delivery is of version 2, and only version 1 is known: begin it anew";
    for other in [
        text.replace("\"version\":1", "\"version\":2"),
        "{\"version\":2,\"more\":[]}".to_owned(),
    ] {
        let error = serde_json::from_str::<Delivery>(&other)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(sentence), "{error}");
    }
    let mut octets = postcard::to_stdvec(&delivery).unwrap();
    assert_eq!(octets[0], 1);
    octets[0] = 2;
    assert!(postcard::from_bytes::<Delivery>(&octets).is_err());
}

#[test]
fn a_stored_delivery_has_no_field_that_may_be_missing_and_none_besides() {
    let stored = connecting(signed(&usable(HOST)), &Policy::default());
    let objects = [
        "",
        "/policy",
        "/policy/bounds",
        "/state/hosts",
        ROUTE,
        "/state/hosts/hosts/0/tried",
        PLAN,
        "/state/hosts/hosts/0/tried/plan/tls/authenticate",
    ];
    for place in objects {
        let fields = stored.pointer(place).unwrap().as_object().unwrap();
        for field in fields.keys() {
            // Nobody need say that there is nothing.
            if field == "expanded" {
                continue;
            }
            let mut short = stored.clone();
            short
                .pointer_mut(place)
                .unwrap()
                .as_object_mut()
                .unwrap()
                .remove(field);
            let refused = refusal(&short).unwrap();
            assert!(
                refused.contains(&format!("missing field `{field}`")),
                "{place}/{field}: {refused}"
            );
        }
        let mut long = stored.clone();
        let object = long.pointer_mut(place).unwrap().as_object_mut().unwrap();
        object.insert("besides".to_owned(), json!(1));
        let refused = refusal(&long).unwrap();
        assert!(
            refused.contains("unknown field `besides`"),
            "{place}: {refused}"
        );
    }
}
