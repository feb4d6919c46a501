//! The session of one connection: every state, every event, every policy (RFC 7672 §2.2, RFC 3207 §4.2).

mod table;

use smtp_dane::dns::QueryType;
use smtp_dane::resolve::{NextHop, TlsPolicy, Unexpected};
use smtp_dane::session::{Event, Session, StartTlsOffer, Step};
use smtp_dane::{
    Authentication, DaneMode, FailedTls, Policy, RawPublicKeys, Verified, VerifyError,
};

use crate::support::certificates::{leaf, other_leaf, tlsa_text};
use crate::support::drive::plan;
use crate::support::name;
use crate::support::sites::{ONE_HOST, authentication, domain, foreign_proof, relay};
use crate::support::sites::{unusable, usable};
use crate::support::world::NOW;
use crate::support::zone::{Failure, Zone};

/// What the records demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Opportunistic,
    Encrypt,
    Authenticate,
    /// Nothing, but local policy will not go on where TLS fails.
    Resolute,
    /// The same as `Authenticate`; local policy asks for a raw public key where certificates fail.
    RawKey,
    /// The same as `Authenticate`; local policy only looks on.
    Audit,
    /// The same as `Encrypt`; local policy only looks on.
    AuditedEncryption,
    /// That nobody connects, since the TLSA lookup failed; local policy only looks on.
    AuditedRefusal,
}

use Kind::{
    Audit, AuditedEncryption, AuditedRefusal, Authenticate, Encrypt, Opportunistic, RawKey,
    Resolute,
};
use table::{HANDSHAKE, INJECTED, RECONNECT, Row, START_TLS, table};

const KINDS: [Kind; 8] = [
    Opportunistic,
    Encrypt,
    Authenticate,
    Resolute,
    RawKey,
    Audit,
    AuditedEncryption,
    AuditedRefusal,
];

impl Kind {
    fn zone(self) -> Zone {
        let zone = Zone::signed().with(ONE_HOST);
        match self {
            Self::Opportunistic | Self::Resolute => zone,
            Self::Encrypt | Self::AuditedEncryption => zone.with(&unusable("mx.example.com")),
            Self::AuditedRefusal => {
                zone.failing("_25._tcp.mx.example.com", QueryType::Tlsa, Failure::ALL[0])
            }
            Self::Authenticate | Self::RawKey | Self::Audit => zone.with(&usable("mx.example.com")),
        }
    }

    fn policy(self) -> Policy {
        let mut policy = Policy::default();
        match self {
            Self::Resolute => policy.failed_tls = FailedTls::Refuse,
            Self::RawKey => policy.raw_public_keys = RawPublicKeys::AfterCertificates,
            Self::Audit | Self::AuditedEncryption | Self::AuditedRefusal => {
                policy.dane = DaneMode::AuditOnly;
            }
            Self::Opportunistic | Self::Encrypt | Self::Authenticate => {}
        }
        policy
    }

    fn tls(self) -> TlsPolicy {
        let plan = plan(&self.zone(), domain(), &self.policy()).0;
        plan.unwrap().tls().clone()
    }
}

fn wanted() -> Authentication {
    authentication(&Authenticate.zone(), domain())
}

fn own_proof() -> Verified {
    wanted().verify(&[leaf().into()], NOW, &[]).unwrap()
}

fn reply(code: u16, buffered: usize) -> Event {
    Event::StartTlsReply { code, buffered }
}

/// Every kind of event, with a name.
fn events() -> Vec<(&'static str, Event)> {
    vec![
        ("offered", Event::Hello(StartTlsOffer::Offered)),
        ("absent", Event::Hello(StartTlsOffer::Absent)),
        ("rejected", Event::HelloRejected { code: 554 }),
        ("220", reply(220, 0)),
        ("220+1", reply(220, 1)),
        ("220+max", reply(220, usize::MAX)),
        ("454", reply(454, 0)),
        ("454+1", reply(454, 1)),
        ("421", reply(421, 0)),
        ("421+1", reply(421, 1)),
        ("221", reply(221, 0)),
        ("250", reply(250, 0)),
        ("0", reply(0, 0)),
        ("encrypted", Event::Encrypted),
        ("own proof", Event::Authenticated(own_proof())),
        ("foreign proof", Event::Authenticated(foreign_proof())),
        (
            "no proof",
            Event::NotAuthenticated(VerifyError::NoRecordMatched),
        ),
        ("handshake failed", Event::HandshakeFailed),
        ("reconnected", Event::Reconnected),
        ("lost", Event::ConnectionLost),
    ]
}

fn event(name: &str) -> Event {
    let mut all = events().into_iter();
    all.find(|(of, _)| *of == name).unwrap().1
}

fn at(kind: Kind, way: &[&str]) -> Session {
    let mut session = Session::new(kind.tls(), &kind.policy());
    for name in way {
        session.handle(event(name)).unwrap();
    }
    session
}

/// The step as text.
fn step(session: &Session) -> String {
    match session.step() {
        Step::Hello => "say hello".to_owned(),
        Step::StartTls => "start TLS".to_owned(),
        Step::Handshake(_) => "handshake".to_owned(),
        Step::RawPublicKeyHandshake(_) => "raw handshake".to_owned(),
        Step::Reconnect => "reconnect".to_owned(),
        Step::Transfer(assurance) => match format!("{assurance:?}").split_once('(') {
            Some(("Authenticated", _)) => "transfer: Authenticated".to_owned(),
            _ => format!("transfer: {assurance:?}"),
        },
        Step::Abandon(refusal) => format!("abandon: {refusal:?}"),
    }
}

#[test]
fn every_event_in_every_state_under_every_policy() {
    let table = table();
    for kind in KINDS {
        assert!(table.iter().any(|row| row.kind == kind), "{kind:?}");
    }
    for row in &table {
        assert!(!row.ways.is_empty(), "{:?}: {:?}", row.kind, row.leads_to);
        for way in &row.ways {
            check_row(row, &at(row.kind, way));
        }
    }
}

/// Each event leads from `session` to what the row says, or does not belong there.
fn check_row(row: &Row, session: &Session) {
    for (name, event) in events() {
        let mut next = session.clone();
        let result = next.handle(event);
        let place = format!("{:?}, {}: {name}", row.kind, step(session));
        match row.leads_to.iter().find(|(of, _)| *of == name) {
            Some((_, expected)) => {
                assert_eq!(result, Ok(()), "{place}");
                assert_eq!(step(&next), *expected, "{place}");
            }
            None => {
                assert_eq!(result, Err(Unexpected), "{place}");
                assert_eq!(next, *session, "{place}");
            }
        }
    }
}

#[test]
fn the_table_has_every_state_that_any_events_reach() {
    for kind in KINDS {
        let known: Vec<String> = table()
            .iter()
            .filter(|row| row.kind == kind)
            .flat_map(|row| &row.ways)
            .map(|way| step(&at(kind, way)))
            .collect();
        let is_known = |step: &str| {
            let kind_of = |text: &str| text.split(':').next().unwrap().to_owned();
            known.iter().any(|other| kind_of(other) == kind_of(step))
        };
        let mut found = vec![Session::new(kind.tls(), &kind.policy())];
        let mut place = 0;
        while let Some(session) = found.get(place).cloned() {
            assert!(is_known(&step(&session)), "{kind:?}: {session:?}");
            for (_, event) in events() {
                let mut next = session.clone();
                if next.handle(event).is_ok() && !found.contains(&next) {
                    found.push(next);
                }
            }
            place += 1;
        }
        for session in &found {
            check_strength(kind, session);
        }
    }
}

/// Cleartext under an opportunistic policy alone, and nothing less than a proof where one is demanded.
fn check_strength(kind: Kind, session: &Session) {
    let step = step(session);
    let Some(assurance) = step.strip_prefix("transfer: ") else {
        return;
    };
    let allowed = match kind {
        Opportunistic | AuditedEncryption | AuditedRefusal => {
            assurance.starts_with("Cleartext") || assurance == "Encrypted"
        }
        Encrypt => assurance == "Encrypted",
        Authenticate | RawKey => assurance == "Authenticated",
        // It protects nothing, and says so.
        Audit => assurance != "Encrypted",
        Resolute => ["Cleartext(NotOffered)", "Encrypted"].contains(&assurance),
    };
    assert!(allowed, "{kind:?}: {step}");
}

#[test]
fn octets_behind_the_reply_to_start_tls_end_the_session_under_every_policy() {
    for kind in KINDS {
        for buffered in [1, 2, usize::MAX] {
            let mut session = at(kind, START_TLS);
            session.handle(reply(220, buffered)).unwrap();
            assert_eq!(step(&session), INJECTED, "{kind:?}");
        }
    }
}

#[test]
fn no_second_handshake_is_asked_for_where_a_record_can_match_certificates_alone() {
    let with_anchor = RawKey.zone().with(&format!(
        "_25._tcp.mx.example.com TLSA {}",
        tlsa_text(2, 0, 1, leaf())
    ));
    let plan = plan(&with_anchor, domain(), &RawKey.policy()).0.unwrap();
    let mut session = Session::new(plan.tls().clone(), &RawKey.policy());
    for name in RECONNECT {
        session.handle(event(name)).unwrap();
    }
    assert_eq!(step(&session), "abandon: HandshakeFailed");
}

#[test]
fn a_proof_for_another_authentication_is_none_here() {
    let mut session = at(Authenticate, HANDSHAKE);
    let before = session.clone();
    let result = session.handle(Event::Authenticated(foreign_proof()));
    assert_eq!(result, Err(Unexpected));
    assert_eq!(session, before);
    // The same host and records, found in another way: another name counts, and another scope.
    let insecure = Zone::signed()
        .insecure("example.com MX 10 mx.example.com")
        .with("mx.example.com A 192.0.2.1")
        .with(&usable("mx.example.com"));
    // The same, with another record beside.
    let rolled = Authenticate
        .zone()
        .with("_25._tcp.mx.example.com TLSA 3 0 1 0000000000000000000000000000000000000000000000000000000000000000");
    for zone in [insecure, rolled] {
        let proof = authentication(&zone, domain())
            .verify(&[leaf().into()], NOW, &[])
            .unwrap();
        let result = session.handle(Event::Authenticated(proof));
        assert_eq!(result, Err(Unexpected));
        assert_eq!(session, before);
    }
    session.handle(Event::Authenticated(own_proof())).unwrap();
    assert_eq!(step(&session), "transfer: Authenticated");
}

#[test]
fn a_proof_counts_for_one_base_domain_one_set_of_names_one_scope_and_one_set_of_records() {
    let host = || Zone::signed().with("mx.example.com A 192.0.2.1");
    let zone = host().with(&usable("mx.example.com"));
    let by_mx = zone
        .clone()
        .with("example.com MX 10 mx.example.com\nexample.net MX 10 mx.example.com");
    let insecure = zone.clone().insecure("example.com MX 10 mx.example.com");
    let more = zone.clone().with("_25._tcp.mx.example.com TLSA 3 1 0 00");
    let stronger = more
        .clone()
        .with(&usable("mx.example.com").replace(" 3 ", " 2 "));
    let same_length = tlsa_text(3, 1, 1, other_leaf());
    let rolled = host().with(&format!("_25._tcp.mx.example.com TLSA {same_length}"));
    let other = Zone::signed()
        .with("mx2.example.com A 192.0.2.1")
        .with(&usable("mx2.example.com"));
    let fingerprint = |zone: &Zone, next_hop| *authentication(zone, next_hop).fingerprint();
    let net = NextHop::domain(name("example.net"));
    let relay = || relay("mx.example.com");
    let all = [
        fingerprint(&zone, relay()),
        fingerprint(&by_mx, domain()),
        fingerprint(&by_mx, net),
        fingerprint(&insecure, domain()),
        fingerprint(&stronger, relay()),
        fingerprint(&rolled, relay()),
        fingerprint(&other, self::relay("mx2.example.com")),
    ];
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
    // A record that does not count changes nothing.
    assert_eq!(fingerprint(&more, relay()), all[0]);
}

#[test]
fn the_order_in_which_records_were_published_does_not_matter_to_a_proof() {
    let zone = |first: &str, second: &str| {
        let zone = Zone::signed().with(ONE_HOST);
        let record = |hex: &str| format!("_25._tcp.mx.example.com TLSA 3 1 1 {}", hex.repeat(32));
        let zone = zone.with(&record(first)).with(&record(second));
        zone.with(&usable("mx.example.com"))
    };
    let one = authentication(&zone("01", "02"), domain());
    let other = authentication(&zone("02", "01"), domain());
    assert_eq!(one.fingerprint(), other.fingerprint());
}

#[test]
fn a_handshake_is_judged_only_where_the_policy_says_so() {
    let of_handshake =
        |kind: Kind, chain: &[u8]| Event::of_handshake(&kind.tls(), &[chain.into()], NOW, &[], &[]);
    for kind in [Opportunistic, Encrypt] {
        for chain in [leaf(), other_leaf()] {
            assert_eq!(of_handshake(kind, chain), Event::Encrypted);
        }
    }
    let good = of_handshake(Authenticate, leaf());
    assert_eq!(good, Event::Authenticated(own_proof()));
    let bad = of_handshake(Authenticate, other_leaf());
    assert_eq!(bad, Event::NotAuthenticated(VerifyError::NoRecordMatched));
    for kind in KINDS {
        let mut session = at(kind, HANDSHAKE);
        session.handle(of_handshake(kind, leaf())).unwrap();
        assert!(matches!(session.step(), Step::Transfer(_)));
    }
}
