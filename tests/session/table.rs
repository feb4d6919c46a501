//! The states of a session, and what each event leads to: the table of `manual::machines`.

use std::collections::BTreeSet;

use smtp_dane::session::{Session, Step};

use super::Kind::{
    self, Audit, AuditedEncryption, AuditedRefusal, Authenticate, Encrypt, Opportunistic, RawKey,
    Resolute,
};
use super::{event, events};
use crate::support::documented::rows;

/// Ways into the states, by the events that lead there.
pub const START_TLS: &[&str] = &["offered"];
pub const HANDSHAKE: &[&str] = &["offered", "220"];
pub const RECONNECT: &[&str] = &["offered", "220", "handshake failed"];
const SECOND_HELLO: &[&str] = &["offered", "220", "handshake failed", "reconnected"];
const RAW_START_TLS: &[&str] = &[
    "offered",
    "220",
    "handshake failed",
    "reconnected",
    "offered",
];
const RAW_HANDSHAKE: &[&str] = &[
    "offered",
    "220",
    "handshake failed",
    "reconnected",
    "offered",
    "220",
];
const READY: &[&[&str]] = &[
    &["absent"],
    &["offered", "454"],
    &["offered", "220", "encrypted"],
    &["offered", "220", "own proof"],
    &["offered", "220", "no proof"],
];

pub const INJECTED: &str = "abandon: PlaintextInjected";

/// A state under one policy, and what each event leads to; all others do not belong there.
pub struct Row {
    pub kind: Kind,
    pub ways: Vec<&'static [&'static str]>,
    /// The name of an event, and the step after it.
    pub leads_to: Vec<(&'static str, String)>,
}

/// The policies of each column.
const COLUMNS: [&[Kind]; 7] = [
    &[Opportunistic],
    &[Resolute],
    &[Encrypt],
    &[Authenticate],
    &[RawKey],
    &[Audit],
    &[AuditedEncryption, AuditedRefusal],
];

/// The table as the manual has it.
pub fn table() -> Vec<Row> {
    let documented = rows("manual/machines.md", "# Session");
    let states: BTreeSet<&String> = documented.iter().map(|row| &row[0]).collect();
    let mut table = Vec::new();
    for (place, kinds) in COLUMNS.iter().enumerate() {
        for state in &states {
            let rows = documented.iter().filter(|row| &row[0] == *state);
            let cells: Vec<_> = rows.map(|row| (&row[1], &row[place + 2])).collect();
            let empty = cells.iter().filter(|(_, cell)| cell.is_empty()).count();
            if empty == cells.len() {
                continue;
            }
            assert_eq!(empty, 0, "{state}, {kinds:?}: a state is reached or not");
            for kind in *kinds {
                table.push(Row {
                    kind: *kind,
                    ways: ways(state, *kind),
                    leads_to: leads_to(&cells),
                });
            }
        }
    }
    table
}

fn leads_to(cells: &[(&String, &String)]) -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    for (event, cell) in cells {
        let names = names(event);
        let belongs = names.iter().filter(|_| *cell != "–");
        all.extend(belongs.map(|name| (*name, in_full(cell, name))));
    }
    all
}

fn ways(state: &str, kind: Kind) -> Vec<&'static [&'static str]> {
    let way = match state {
        "AwaitingHello" => &[],
        "AwaitingStartTlsReply" => START_TLS,
        "AwaitingHandshake" => HANDSHAKE,
        "AwaitingReconnection" => RECONNECT,
        "AwaitingCleartextHello" | "AwaitingHello, for a raw key" => SECOND_HELLO,
        "AwaitingStartTlsReply, for a raw key" => RAW_START_TLS,
        "AwaitingHandshake, for a raw key" => RAW_HANDSHAKE,
        "Abandoned" => &["rejected"],
        "Ready" => {
            let ready = READY.iter().filter(|way| is_ready_after(kind, way));
            return ready.copied().collect();
        }
        other => panic!("no such state: {other}"),
    };
    vec![way]
}

fn is_ready_after(kind: Kind, way: &[&str]) -> bool {
    let mut session = Session::new(kind.tls(), &kind.policy());
    let went = way.iter().all(|name| session.handle(event(name)).is_ok());
    went && matches!(session.step(), Step::Transfer(_))
}

/// The events of a row.
fn names(documented: &str) -> Vec<&'static str> {
    let names: &[&str] = match documented {
        "Hello, offered" => &["offered"],
        "Hello, not offered" => &["absent"],
        "HelloRejected" => &["rejected"],
        "StartTlsReply 220" => &["220"],
        "StartTlsReply, octets behind it" => &["220+1", "220+max", "454+1", "421+1"],
        "StartTlsReply 421" => &["421"],
        "StartTlsReply, any other" => &["454", "221", "250", "0"],
        "Encrypted" => &["encrypted"],
        "Authenticated" => &["own proof"],
        "Authenticated, for another policy" => &["foreign proof"],
        "NotAuthenticated" => &["no proof"],
        "HandshakeFailed" => &["handshake failed"],
        "Reconnected" => &["reconnected"],
        "ConnectionLost" => &["lost"],
        "any" => return events().into_iter().map(|(name, _)| name).collect(),
        other => panic!("no such event: {other}"),
    };
    names.to_vec()
}

/// A cell as the step that an event leads to.
fn in_full(cell: &str, event: &str) -> String {
    let code = if event == "rejected" { "554" } else { event };
    let step = match cell {
        "Hello" => "say hello",
        "StartTls" => "start TLS",
        "Handshake" => "handshake",
        "RawPublicKeyHandshake" => "raw handshake",
        "Reconnect" => "reconnect",
        "encrypted" => "transfer: Encrypted",
        "authenticated" => "transfer: Authenticated",
        "not authenticated" => "transfer: NotAuthenticated(NoRecordMatched)",
        "cleartext: Rejected" => {
            return format!("transfer: Cleartext(Rejected {{ code: {code} }})");
        }
        "cleartext: NotOffered" => "transfer: Cleartext(NotOffered)",
        "cleartext: HandshakeFailed" => "transfer: Cleartext(HandshakeFailed)",
        "abandon: NotAuthenticated" => "abandon: NotAuthenticated(NoRecordMatched)",
        "abandon: HelloRejected" | "abandon: StartTlsRejected" => {
            return format!("{cell} {{ code: {code} }}");
        }
        refusal => refusal,
    };
    step.to_owned()
}
