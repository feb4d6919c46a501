//! What a delivery wants next, and what may have happened.

use core::net::IpAddr;
use core::num::NonZeroU16;

use super::Outcome;
use crate::dns::{Answer, Query, QueryId};
use crate::resolve::Host;
use crate::session;

/// What the caller must do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a caller must act on each")]
pub enum Step<'a> {
    /// These queries are open, at least one. Ask them one by one or all at once, report [`Event::Answer`].
    Lookup(&'a [Query]),
    /// Open a connection, report [`Event::Connected`] or [`Event::ConnectFailed`].
    Connect {
        /// The host as its MX record names it.
        host: &'a Host,
        /// The address to connect to.
        address: IpAddr,
        /// The port to connect to.
        port: NonZeroU16,
    },
    /// Go on with the connection that is open, report [`Event::Session`]. At [`session::Step::Transfer`], send the mail and
    /// report [`Event::Transferred`].
    Session(session::Step<'a>),
    /// The delivery is over.
    Done(&'a Outcome),
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the caller makes these")]
pub enum Event {
    /// The answer to one of the open queries.
    Answer(QueryId, Answer),
    /// The connection is open.
    Connected,
    /// The connection could not be opened.
    ConnectFailed,
    /// Something happened on the connection.
    Session(session::Event),
    /// How the server took the mail.
    Transferred(Transfer),
}

/// How the server took the mail, or one recipient of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case", deny_unknown_fields)
)]
#[expect(clippy::exhaustive_enums, reason = "the caller makes these")]
pub enum Transfer {
    /// It accepted it.
    Accepted,
    /// It refused it for good (5yz).
    Rejected {
        /// The reply code.
        code: u16,
    },
    /// It refused it for now (4yz).
    Delayed {
        /// The reply code.
        code: u16,
    },
    /// The connection broke before the server had accepted the mail.
    Interrupted,
}
