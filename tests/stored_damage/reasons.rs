//! Reasons that the policy beside them rules out: denials that mandatory DANE does not believe, and aliases that are not followed.

use serde_json::{Value, json};
use smtp_dane::dns::QueryType;
use smtp_dane::resolve::{NextHop, SMTP_PORT};
use smtp_dane::{DaneMode, Policy};

use super::{Damage, HOST, ROUTE, TLS, at, connecting, connecting_to, refusal, signed, with};
use crate::support::name;
use crate::support::sites::{known_as, mandatory, refusing_aliases, usable};
use crate::support::zone::Failure;

const PASSED_OVER: &str = "under its policy there is no such reason for passing a host over";
const SKIPPED: &str = "/state/hosts/hosts/0/skipped";

/// The first host was passed over, and the delivery is about to connect to the second one.
fn passing_over(policy: &Policy) -> Value {
    let zone = signed(&usable("mx2.example.com"));
    let tlsa = format!("_25._tcp.{HOST}");
    connecting(zone.failing(&tlsa, QueryType::Tlsa, Failure::Bogus), policy)
}

/// Each would have mail returned or go out that mandatory DANE keeps waiting, or names a reason that there cannot be.
pub fn damaged_under_mandatory() -> Vec<Damage> {
    let passed = passing_over(&mandatory());
    let possible = [
        json!({"no-address": {"security": "secure"}}),
        json!({"dane-required": "insecure-address"}),
        json!({"dane-required": "insecure-alias"}),
        json!({"dane-required": "no-tlsa"}),
        json!("no-usable-tlsa"),
    ];
    for error in possible {
        assert_eq!(refusal(&with(&passed, SKIPPED, error)), None);
    }
    let impossible = [
        json!({"no-address": {"security": "insecure"}}),
        json!({"dane-required": "insecure-mx"}),
        json!({"dane-required": "address-literal"}),
        json!({"dane-required": "submission"}),
        json!({"dane-required": "switched-off"}),
    ];
    let mut damages: Vec<Damage> = impossible
        .map(|error| (with(&passed, SKIPPED, error), PASSED_OVER))
        .into();
    let submission = NextHop::submission(name(HOST), SMTP_PORT);
    let by_pkix = connecting_to(signed(""), submission, &Policy::default());
    let by_pkix = with(&by_pkix, "/policy/dane", json!("mandatory"));
    let by_pkix = with(&by_pkix, "/state/hosts/now", json!("done"));
    let barred = |error: Value| {
        let host = json!([{ "skipped": error }]);
        with(&by_pkix, "/state/hosts/hosts", host)
    };
    assert_eq!(
        refusal(&barred(json!({"dane-required": "submission"}))),
        None
    );
    let of_records = [
        json!({"dane-required": "no-tlsa"}),
        json!({"dane-required": "insecure-alias"}),
        json!("no-usable-tlsa"),
    ];
    damages.extend(of_records.map(|error| (barred(error), PASSED_OVER)));
    damages
}

/// Where the host of an MX record may be no alias, nothing can have come of one.
pub fn damaged_aliases() -> Vec<Damage> {
    let refusing = refusing_aliases();
    let mut noting = refusing_aliases();
    noting.dane = DaneMode::AuditOnly;
    let safe = connecting(signed(&usable(HOST)), &refusing);
    let plain = connecting(signed(""), &refusing);
    let passed = passing_over(&refusing);
    let noted = passing_over(&noting);
    let records = "under its policy no TLSA records are looked for, or these bar the host";
    let base = at(TLS, "authenticate/base");
    let elsewhere = json!("elsewhere.example");
    let by_alias = json!({"opportunistic": "insecure-alias"});
    let following = |stored: &Value| with(stored, "/policy/mx-alias", json!("expand"));
    let mut damages = vec![
        (with(&safe, &base, elsewhere), records),
        (
            with(&plain, TLS, by_alias),
            "under its policy there is no such reason for doing without DANE",
        ),
    ];
    for reason in ["aliases-disagree", "alias-changed"] {
        damages.push((with(&passed, SKIPPED, json!(reason)), PASSED_OVER));
        let refused = at(TLS, "audit-refuse");
        damages.push((with(&noted, &refused, json!(reason)), PASSED_OVER));
    }
    for (stored, _) in &damages {
        assert_eq!(refusal(&following(stored)), None);
    }
    damages
}

/// Only a site that has a name and demands DANE finds itself by an answer that proves nothing (RFC 7672 §2.2.1).
pub fn damaged_loops() -> Vec<Damage> {
    let mut must = known_as("192.0.2.9", "me.example");
    must.dane = DaneMode::Mandatory;
    let ended = with(&passing_over(&must), "/state/hosts/now", json!("done"));
    let ended = with(&ended, "/next-id", json!(0));
    let found = |error| {
        let hosts = json!([{ "skipped": error }, { "skipped": "no-better-than-ourselves" }]);
        with(&ended, "/state/hosts/hosts", hosts)
    };
    let unproven = found("unproven-loop");
    for error in ["unproven-loop", "ourselves"] {
        assert_eq!(refusal(&found(error)), None);
    }
    let nobody = json!([]);
    let opportunistic = json!("opportunistic");
    vec![
        (
            with(&unproven, "/policy/identities", nobody.clone()),
            PASSED_OVER,
        ),
        (
            with(&found("ourselves"), "/policy/identities", nobody),
            PASSED_OVER,
        ),
        (with(&unproven, "/policy/dane", opportunistic), PASSED_OVER),
    ]
}

/// Whoever has no name cannot have found itself.
pub fn damaged_places() -> Vec<Damage> {
    let here =
        "its route leads to this site itself, or knows of this site what its policy does not";
    let dropped = at(ROUTE, "dropped");
    let ourselves =
        json!([{"host": {"name": "me.example"}, "preference": 3, "reason": "ourselves"}]);
    let unknown = connecting(signed(&usable(HOST)), &Policy::default());
    let known = connecting(signed(""), &known_as("192.0.2.9", "me.example"));
    assert_eq!(refusal(&with(&known, &dropped, ourselves.clone())), None);
    let mut must = known_as("192.0.2.9", "me.example");
    must.dane = DaneMode::Mandatory;
    let must = connecting(signed(&usable(HOST)), &must);
    let unproven = with(&must, &at(ROUTE, "own-place"), json!("unproven"));
    assert_eq!(refusal(&with(&unproven, &dropped, ourselves.clone())), None);
    vec![
        (with(&unknown, &dropped, ourselves), here),
        (unproven, here),
    ]
}
