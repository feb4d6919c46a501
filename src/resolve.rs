//! From a next hop to the hosts that take its mail, and from a host to the way in which it may be spoken to.
//!
//! Two machines ask the DNS. [`Routing`] turns a [`NextHop`] into a [`Route`]: the hosts in the order in which they must be
//! tried (RFC 5321 §5.1, RFC 7672 §2.2.1). [`HostLookup`] turns one of them, an [`Exchanger`], into a [`Plan`]: its addresses
//! and its [`TlsPolicy`] (RFC 7672 §2.2.2, §2.2.3). What an answer leads to in each state stands in
//! [`manual::machines`](crate::manual::machines). A third one, [`ResolverCheck`], finds out beforehand whether the resolver
//! validates at all. They are driven alike:
//!
//! ```
//! use smtp_dane::dns::{Answer, LookupError};
//! use smtp_dane::resolve::{NextHop, Routing, Step};
//! use smtp_dane::Policy;
//!
//! let mut routing = Routing::new(NextHop::domain("example.com".parse()?), &Policy::default(), 7);
//! let route = loop {
//!     match routing.step() {
//!         Step::Lookup(queries) => {
//!             let query = queries.first().ok_or("a machine that waits has a query")?;
//!             // Here the caller asks its resolver. This one is out of order.
//!             let answer = Answer::failed(LookupError::Timeout);
//!             let id = query.id();
//!             routing.handle(id, answer)?;
//!         }
//!         Step::Done(result) => break result,
//!     }
//! };
//! assert!(route.is_err());
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod check;
mod error;
mod host;
mod lookups;
mod plan;
mod route;
mod routing;
#[cfg(feature = "serde")]
mod stored;
mod tls;

pub use check::{ResolverCheck, ResolverFault, Validation};
pub use error::{HostError, RouteError};
pub use host::HostLookup;
pub use plan::{MAX_ADDRESSES, Plan};
pub use route::{DropReason, Dropped, Exchanger, Host, NextHop, Route, RouteKind, SMTP_PORT};
pub use routing::{MAX_EXCHANGERS, Routing};
#[cfg(feature = "serde")]
pub(crate) use stored::{Inconsistent, StoredPlan, StoredRoute};
pub use tls::{Audit, Demand, EncryptCause, Encryption, NotApplicable, TlsPolicy};

use core::fmt;

use crate::dns::Query;

/// What a lookup machine wants next. It changes only when an answer is handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a caller must act on either")]
pub enum Step<'a, T, E> {
    /// These queries are open, at least one. Ask them one by one or all at once; answers may come in any order.
    Lookup(&'a [Query]),
    /// The lookup is over.
    Done(Result<&'a T, &'a E>),
}

/// The event does not belong to the state of the machine, and changed nothing. A late or repeated answer is an ordinary cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing more to say")]
pub struct Unexpected;

impl fmt::Display for Unexpected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the event does not belong to the present state; nothing was changed")
    }
}

impl core::error::Error for Unexpected {}
