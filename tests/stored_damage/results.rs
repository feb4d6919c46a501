//! Results and states that do not fit what was stored before them.

use serde_json::{Value, json};
use smtp_dane::delivery::{Step, Transfer};
use smtp_dane::dns::QueryType;
use smtp_dane::resolve::{NextHop, SMTP_PORT};
use smtp_dane::{DaneMode, FailedTls, Policy};

use super::{
    Damage, HOST, HOSTS, PLAN, RESULTS, TLS, at, connecting, connecting_to, refusal, signed,
    stored_at, with,
};
use crate::support::certificates::{leaf, tlsa_text};
use crate::support::name;
use crate::support::sites::{domain, relay, unusable, usable};
use crate::support::world::{Server, World};
use crate::support::zone::{Failure, Zone};

fn of_mode(dane: DaneMode) -> Policy {
    let mut policy = Policy::default();
    policy.dane = dane;
    policy
}

/// The delivery is over: the first host delays the mail and the second one takes it.
fn done(zone: Zone, policy: &Policy, chain: &[Vec<u8>]) -> Value {
    let taking = Server {
        chain: chain.to_vec(),
        ..Server::with(leaf())
    };
    let delaying = Server {
        transfer: Transfer::Delayed { code: 451 },
        ..taking.clone()
    };
    let world = World::new(zone)
        .server("192.0.2.1", delaying)
        .server("192.0.2.2", taking);
    stored_at(&world, domain(), policy, |step| {
        matches!(step, Step::Done(_))
    })
}

/// What no connection can have come to.
pub fn damaged() -> Vec<Damage> {
    let cleartext = connecting(signed(""), &Policy::default());
    let mut strict = Policy::default();
    strict.failed_tls = FailedTls::Refuse;
    let strict = connecting(signed(""), &strict);
    let safe = connecting(signed(&usable(HOST)), &Policy::default());
    let encrypted = connecting(signed(&unusable(HOST)), &Policy::default());
    let audit = connecting(signed(&usable(HOST)), &of_mode(DaneMode::AuditOnly));
    let refusal = "under its TLS policy no connection is refused for such a reason";
    let assurance = "under its TLS policy no connection with such a protection is given mail";
    let refused = |stored: &Value, why: Value| with(stored, RESULTS, json!([{ "refused": why }]));
    let sent = |stored: &Value, how: Value| {
        let transfer = json!({"delayed": {"code": 451}});
        with(
            stored,
            RESULTS,
            json!([{"not-taken": {"assurance": how, "transfer": transfer}}]),
        )
    };
    vec![
        (
            refused(&encrypted, json!({"not-authenticated": "expired"})),
            refusal,
        ),
        (refused(&cleartext, json!("start-tls-not-offered")), refusal),
        (refused(&audit, json!("start-tls-not-offered")), refusal),
        (refused(&cleartext, json!("handshake-failed")), refusal),
        (
            refused(&cleartext, json!({"start-tls-rejected": {"code": 454}})),
            refusal,
        ),
        (sent(&safe, json!({"cleartext": "not-offered"})), assurance),
        (
            sent(&encrypted, json!({"cleartext": "not-offered"})),
            assurance,
        ),
        (
            sent(&strict, json!({"cleartext": "handshake-failed"})),
            assurance,
        ),
        (sent(&safe, json!("encrypted")), assurance),
        (sent(&audit, json!("encrypted")), assurance),
        (
            sent(&safe, json!({"not-authenticated": "expired"})),
            assurance,
        ),
        (
            sent(&cleartext, json!({"not-authenticated": "expired"})),
            assurance,
        ),
    ]
}

/// What no handshake with a server that has the key of a record can have proved.
pub fn damaged_proofs() -> Vec<Damage> {
    let both = format!("{}\n{}", usable(HOST), usable("mx2.example.com"));
    let by_key = done(signed(&both), &Policy::default(), &[leaf().to_vec()]);
    let reason = "its proof of a handshake does not fit what had to be proved";
    let proof = "/state/hosts/hosts/1/tried/results/0/delivered/authenticated";
    let cases = [
        ("record", json!([3, 1, 1, 0])),
        ("record", json!(null)),
        ("depth", json!(1)),
        ("name", json!("mx2.example.com")),
        ("scope", json!("host")),
    ];
    let damaged = |(field, value)| (with(&by_key, &at(proof, field), value), reason);
    let mut damages: Vec<Damage> = cases.into_iter().map(damaged).collect();
    let forged =
        json!({"authenticated": {"record": null, "depth": 0, "name": null, "scope": "next-hop"}});
    damages.push((
        with(
            &by_key,
            "/state/hosts/hosts/1/tried/results/0/delivered",
            forged,
        ),
        reason,
    ));
    damages
}

/// A delivery that was over after the first address, by a server that was authenticated so.
fn delivered(connecting: &Value, record: Value, depth: usize) -> Value {
    let scope = match record {
        Value::Null => "host",
        _ => "next-hop",
    };
    let proof = json!({"record": record, "depth": depth, "name": HOST, "scope": scope});
    let delivered = with(
        connecting,
        RESULTS,
        json!([{"delivered": {"authenticated": proof}}]),
    );
    with(&delivered, "/state/hosts/now", json!("done"))
}

/// Of servers that an authority vouches for: one of a TLSA record, and one of the public PKI.
pub fn damaged_chains() -> Vec<Damage> {
    let anchored = format!("_25._tcp.{HOST} TLSA {}", tlsa_text(2, 1, 1, leaf()));
    let anchored = connecting(signed(&anchored), &Policy::default());
    let record = anchored
        .pointer(&at(TLS, "authenticate/records/0"))
        .unwrap()
        .clone();
    let anchored = delivered(&anchored, record, 2);
    let submission = NextHop::submission(name(HOST), SMTP_PORT);
    let by_pkix = connecting_to(signed(""), submission, &Policy::default());
    let by_pkix = delivered(&by_pkix, json!(null), 2);
    let reason = "its proof of a handshake does not fit what had to be proved";
    let cases = [
        ("depth", json!(0)),
        ("depth", json!(17)),
        ("name", json!(null)),
        ("name", json!("elsewhere.example")),
        ("record", json!([3, 1, 1, 0])),
    ];
    let mut damages = Vec::new();
    for (base, scope) in [(anchored, "host"), (by_pkix, "next-hop")] {
        assert_eq!(refusal(&base), None);
        let cases = cases.iter().cloned().chain([("scope", json!(scope))]);
        let proof = "/state/hosts/hosts/0/tried/results/0/delivered/authenticated";
        damages.extend(cases.map(|(field, value)| (with(&base, &at(proof, field), value), reason)));
    }
    damages
}

/// What no machine can have come to.
pub fn damaged_states() -> Vec<Damage> {
    let both = format!("{}\n{}", usable(HOST), usable("mx2.example.com"));
    let over = done(signed(&both), &Policy::default(), &[leaf().to_vec()]);
    let waiting = connecting(signed(&both), &Policy::default());
    let failing = signed("").failing("_25._tcp.mx1.example.com", QueryType::Tlsa, Failure::Bogus);
    let noted = connecting(failing.clone(), &of_mode(DaneMode::AuditOnly));
    let passed = connecting(failing, &Policy::default());
    let by_relay = connecting_to(signed(""), relay(HOST), &Policy::default());
    let much = "it has more hosts or results than the machine comes to";
    let other = "its state is not the one that its hosts and results lead to";
    let reason = "under its policy there is no such reason for passing a host over";
    let skipped = "/state/hosts/hosts/0/skipped";
    let hosts = over.pointer(HOSTS).unwrap().as_array().unwrap().clone();
    let more = [hosts.clone(), hosts.clone()].concat();
    let routing = json!({"routing": {"next-hop": by_relay.pointer("/state/hosts/route/next-hop"), "shuffle": 1}});
    let assurance = over
        .pointer(&at(HOSTS, "1/tried/results/0/delivered"))
        .unwrap();
    let accepted = json!({"not-taken": {"assurance": assurance, "transfer": "accepted"}});
    // The first host has taken the mail, so that nobody was asked about the second one.
    let taken = connecting(signed(""), &Policy::default());
    let taken = with(
        &taken,
        RESULTS,
        json!([{"delivered": {"cleartext": "not-offered"}}]),
    );
    let taken = with(&taken, "/state/hosts/now", json!("done"));
    assert_eq!(refusal(&taken), None);
    let host = taken.pointer(&at(HOSTS, "0")).unwrap();
    let passed_over = json!({"skipped": {"no-address": {"security": "secure"}}});
    let mut damages = vec![
        (with(&taken, HOSTS, json!([host, passed_over])), much),
        (with(&taken, HOSTS, json!([host, host])), much),
        (with(&over, HOSTS, json!(more)), much),
        (
            with(&waiting, RESULTS, json!(["unreachable", "unreachable"])),
            much,
        ),
        (with(&over, &at(HOSTS, "0"), hosts[1].clone()), much),
        (with(&over, "/state/hosts/now", json!("connecting")), other),
        (with(&over, "/state/hosts/now", json!("looking-up")), other),
        (with(&over, HOSTS, json!([hosts[0]])), other),
        (with(&over, RESULTS, json!([])), other),
        (
            with(&over, &at(HOSTS, "1/tried/results/0"), accepted),
            other,
        ),
        (with(&over, "/policy/bounds/attempts", json!(1)), much),
        (with(&waiting, "/state/hosts/now", json!("done")), other),
        (with(&waiting, RESULTS, json!(["unreachable"])), other),
        (with(&waiting, HOSTS, json!([])), other),
        (with(&by_relay, "/state", routing), other),
        (
            with(&noted, &at(PLAN, "ttl"), json!(60)),
            "what failed may not be kept, and it is",
        ),
        (
            with(&noted, &at(TLS, "audit-refuse"), json!("not-of-route")),
            reason,
        ),
        (with(&noted, "/policy/dane", json!("opportunistic")), reason),
    ];
    let impossible = [
        json!("not-of-route"),
        json!("no-better-than-ourselves"),
        json!("ourselves"),
        json!("unproven-loop"),
        json!("no-usable-tlsa"),
        json!({"dane-required": "no-tlsa"}),
        json!("alias-refused"),
    ];
    damages.extend(impossible.map(|error| (with(&passed, skipped, error), reason)));
    let off = with(
        &with(&passed, "/policy/dane", json!("off")),
        skipped,
        json!("alias-changed"),
    );
    damages.push((off, reason));
    damages
}
