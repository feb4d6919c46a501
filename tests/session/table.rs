//! The states of a session, and what each event leads to.

use super::KINDS;
use super::Kind::{
    self, Audit, AuditedEncryption, AuditedRefusal, Authenticate, Encrypt, Opportunistic, RawKey,
    Resolute,
};

/// Ways into every state, by the events that lead there.
pub const HELLO: &[&str] = &[];
pub const START_TLS: &[&str] = &["offered"];
pub const HANDSHAKE: &[&str] = &["offered", "220"];
pub const RECONNECT: &[&str] = &["offered", "220", "handshake failed"];
pub const SECOND_HELLO: &[&str] = &["offered", "220", "handshake failed", "reconnected"];
pub const RAW_START_TLS: &[&str] = &[
    "offered",
    "220",
    "handshake failed",
    "reconnected",
    "offered",
];
pub const RAW_HANDSHAKE: &[&str] = &[
    "offered",
    "220",
    "handshake failed",
    "reconnected",
    "offered",
    "220",
];
pub const CLEARTEXT: &[&str] = &["absent"];
pub const ENCRYPTED: &[&str] = &["offered", "220", "encrypted"];
pub const AUTHENTICATED: &[&str] = &["offered", "220", "own proof"];
pub const ABANDONED: &[&str] = &["rejected"];

/// A state, the policies under which it can be reached, and what each event leads to; all others do not belong there.
pub type Row = (
    &'static [&'static str],
    &'static [Kind],
    &'static [(&'static str, &'static str)],
);

pub const REJECTED: &str = "abandon: HelloRejected { code: 554 }";
pub const LOST: &str = "abandon: ConnectionLost";
pub const INJECTED: &str = "abandon: PlaintextInjected";

pub const TABLE: &[Row] = &[
    (
        HELLO,
        &[
            Opportunistic,
            Resolute,
            Audit,
            AuditedEncryption,
            AuditedRefusal,
        ],
        &[
            ("offered", "start TLS"),
            ("absent", "transfer: Cleartext(NotOffered)"),
            ("rejected", REJECTED),
            ("lost", LOST),
        ],
    ),
    (
        HELLO,
        &[Encrypt, Authenticate, RawKey],
        &[
            ("offered", "start TLS"),
            ("absent", "abandon: StartTlsNotOffered"),
            ("rejected", REJECTED),
            ("lost", LOST),
        ],
    ),
    (
        START_TLS,
        &[Opportunistic, Audit, AuditedEncryption, AuditedRefusal],
        &[
            ("220", "handshake"),
            ("220+1", INJECTED),
            ("220+max", INJECTED),
            ("454", "transfer: Cleartext(Rejected { code: 454 })"),
            ("454+1", INJECTED),
            ("221", "transfer: Cleartext(Rejected { code: 221 })"),
            ("250", "transfer: Cleartext(Rejected { code: 250 })"),
            ("0", "transfer: Cleartext(Rejected { code: 0 })"),
            ("lost", "reconnect"),
        ],
    ),
    (
        START_TLS,
        &[Encrypt, Authenticate, Resolute, RawKey],
        &[
            ("220", "handshake"),
            ("220+1", INJECTED),
            ("220+max", INJECTED),
            ("454", "abandon: StartTlsRejected { code: 454 }"),
            ("454+1", INJECTED),
            ("221", "abandon: StartTlsRejected { code: 221 }"),
            ("250", "abandon: StartTlsRejected { code: 250 }"),
            ("0", "abandon: StartTlsRejected { code: 0 }"),
            ("lost", LOST),
        ],
    ),
    (
        HANDSHAKE,
        &[Opportunistic, AuditedEncryption, AuditedRefusal],
        &[
            ("encrypted", "transfer: Encrypted"),
            // Nothing was to be proved: what could not be read is a handshake that failed.
            ("no proof", "reconnect"),
            ("handshake failed", "reconnect"),
            ("lost", "reconnect"),
        ],
    ),
    (
        HANDSHAKE,
        &[Encrypt, Resolute],
        &[
            ("encrypted", "transfer: Encrypted"),
            ("no proof", "abandon: HandshakeFailed"),
            ("handshake failed", "abandon: HandshakeFailed"),
            ("lost", LOST),
        ],
    ),
    (
        HANDSHAKE,
        &[Authenticate],
        &[
            ("own proof", "transfer: Authenticated"),
            ("no proof", "abandon: NotAuthenticated(NoRecordMatched)"),
            ("handshake failed", "abandon: HandshakeFailed"),
            ("lost", LOST),
        ],
    ),
    (
        HANDSHAKE,
        &[Audit],
        &[
            ("own proof", "transfer: Authenticated"),
            ("no proof", "transfer: NotAuthenticated(NoRecordMatched)"),
            ("handshake failed", "reconnect"),
            ("lost", "reconnect"),
        ],
    ),
    (
        HANDSHAKE,
        &[RawKey],
        &[
            ("own proof", "transfer: Authenticated"),
            // The server has certificates, and they are wrong.
            ("no proof", "abandon: NotAuthenticated(NoRecordMatched)"),
            ("handshake failed", "reconnect"),
            ("lost", LOST),
        ],
    ),
    (
        SECOND_HELLO,
        &[RawKey],
        &[
            ("offered", "start TLS"),
            ("absent", "abandon: StartTlsNotOffered"),
            ("rejected", REJECTED),
            ("lost", LOST),
        ],
    ),
    (
        RAW_START_TLS,
        &[RawKey],
        &[
            ("220", "raw handshake"),
            ("220+1", INJECTED),
            ("220+max", INJECTED),
            ("454", "abandon: StartTlsRejected { code: 454 }"),
            ("454+1", INJECTED),
            ("221", "abandon: StartTlsRejected { code: 221 }"),
            ("250", "abandon: StartTlsRejected { code: 250 }"),
            ("0", "abandon: StartTlsRejected { code: 0 }"),
            ("lost", LOST),
        ],
    ),
    (
        RAW_HANDSHAKE,
        &[RawKey],
        &[
            ("own proof", "transfer: Authenticated"),
            ("no proof", "abandon: NotAuthenticated(NoRecordMatched)"),
            // There is no third handshake.
            ("handshake failed", "abandon: HandshakeFailed"),
            ("lost", LOST),
        ],
    ),
    (
        RECONNECT,
        &[Opportunistic, Audit, AuditedEncryption, AuditedRefusal],
        &[("reconnected", "say hello"), ("lost", LOST)],
    ),
    (
        RECONNECT,
        &[RawKey],
        &[
            ("reconnected", "say hello"),
            ("lost", "abandon: HandshakeFailed"),
        ],
    ),
    (
        SECOND_HELLO,
        &[Opportunistic, Audit, AuditedEncryption, AuditedRefusal],
        &[
            // TLS was tried, and is not tried again.
            ("offered", "transfer: Cleartext(HandshakeFailed)"),
            ("absent", "transfer: Cleartext(HandshakeFailed)"),
            ("rejected", REJECTED),
            ("lost", LOST),
        ],
    ),
    (
        CLEARTEXT,
        &[
            Opportunistic,
            Resolute,
            Audit,
            AuditedEncryption,
            AuditedRefusal,
        ],
        &[],
    ),
    (
        ENCRYPTED,
        &[
            Opportunistic,
            Encrypt,
            Resolute,
            AuditedEncryption,
            AuditedRefusal,
        ],
        &[],
    ),
    (AUTHENTICATED, &[Authenticate, RawKey, Audit], &[]),
    (ABANDONED, &KINDS, &[]),
];
