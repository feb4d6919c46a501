//! [`Explanation`]: a delivery in a few lines that a postmaster understands.
//!
//! For each host: what was found out about it, what that demands, what came of each address, and the place in the standards that
//! decides so.
//!
//! The words are careful where the standards are (RFC 7672 §2.2.1): behind an insecure MX answer a host is called by the name in
//! its MX record, and whoever authenticated there is called that host, never the domain.

use alloc::string::ToString;
use core::fmt;

use crate::delivery::{Attempt, AttemptResult, Delivery, HostRecord, Outcome};
use crate::dns::Security;
use crate::resolve::{Demand, EncryptCause, Encryption, Plan, Route, RouteKind, TlsPolicy};
use crate::session::Assurance;
use crate::tlsa::{Record, Unusable};
use crate::verify::{Authentication, Scope, Verified};

use super::Status;

/// The lines of one delivery, as far as it has come.
///
/// ```
/// use smtp_dane::Policy;
/// use smtp_dane::delivery::{Delivery, Event, Step};
/// use smtp_dane::dns::{Answer, LookupError};
/// use smtp_dane::report::Explanation;
/// use smtp_dane::resolve::NextHop;
///
/// let mut delivery = Delivery::new(NextHop::domain("example.com".parse()?), Policy::default(), 7);
/// if let Step::Lookup([query, ..]) = delivery.step() {
///     let id = query.id();
///     delivery.handle(Event::Answer(id, Answer::failed(LookupError::Timeout)))?;
/// }
/// assert_eq!(
///     Explanation::of(&delivery).to_string(),
///     "451 4.4.3 temporary, the mail is kept: the lookup of example.com MX failed: no answer in time [RFC 7672 §2.1.2]\n"
/// );
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Explanation<'a> {
    delivery: &'a Delivery,
}

impl<'a> Explanation<'a> {
    /// Explains `delivery`.
    #[must_use]
    pub const fn of(delivery: &'a Delivery) -> Self {
        Self { delivery }
    }
}

impl fmt::Display for Explanation<'_> {
    /// Lines that each end in a line feed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.delivery.outcome() {
            Some(outcome) => self.conclude(f, outcome)?,
            None => writeln!(f, "not done yet")?,
        }
        if let Some(route) = self.delivery.route() {
            describe_route(f, route)?;
        }
        for host in self.delivery.hosts() {
            describe_host(f, host)?;
        }
        Ok(())
    }
}

impl Explanation<'_> {
    fn conclude(&self, f: &mut fmt::Formatter<'_>, outcome: &Outcome) -> fmt::Result {
        match outcome {
            Outcome::Deferred(_) | Outcome::Failed(_) => {
                writeln!(f, "{}", Status::line(outcome))
            }
            Outcome::Delivered {
                host,
                address,
                assurance,
                would_refuse,
            } => {
                let status = Status::of(outcome);
                write!(f, "{status} delivered to {host} at {address}, ")?;
                self.word(f, assurance)?;
                if let Some(objection) = would_refuse {
                    let cite = objection.cite();
                    write!(
                        f,
                        "; were DANE enforced, it would be refused: {objection} [{cite}]"
                    )?;
                }
                writeln!(f)
            }
        }
    }

    fn word(&self, f: &mut fmt::Formatter<'_>, assurance: &Assurance) -> fmt::Result {
        match assurance {
            Assurance::Cleartext(_) => f.write_str("in cleartext"),
            Assurance::Encrypted | Assurance::NotAuthenticated(_) => {
                f.write_str("encrypted, to a server that is not authenticated")
            }
            Assurance::Authenticated(verified) => match (verified.scope(), self.delivery.route()) {
                (Scope::NextHop, Some(route)) => {
                    write!(f, "authenticated as a mail host of {}", route.next_hop())
                }
                _ => f.write_str("authenticated as that host, which proves nothing of the domain [RFC 7672 §2.2.1]"),
            },
        }
    }
}

fn describe_route(f: &mut fmt::Formatter<'_>, route: &Route) -> fmt::Result {
    let next_hop = route.next_hop();
    let answer = match route.security() {
        Security::Secure => "a secure answer",
        Security::Insecure => "an insecure answer",
    };
    match route.kind() {
        RouteKind::Explicit => writeln!(
            f,
            "{next_hop}: its MX records name the hosts, by {answer} [RFC 7672 §2.2.1]"
        )?,
        RouteKind::Implicit => writeln!(
            f,
            "{next_hop}: it has no MX records and is its own host, by {answer} [RFC 5321 §5.1]"
        )?,
        RouteKind::Relay => writeln!(
            f,
            "{next_hop}: the administrator named the host [RFC 7672 §2.2.2]"
        )?,
        RouteKind::Literal => writeln!(
            f,
            "{next_hop}: an address, to which DANE does not apply [RFC 7672 §2.2]"
        )?,
        RouteKind::Submission => {
            writeln!(f, "{next_hop}: the user's own server [RFC 7672 §7]")?;
        }
    }
    for dropped in route.dropped() {
        let (reason, cite) = (dropped.reason, dropped.reason.cite());
        writeln!(
            f,
            "  {:>2} {}: not used: {reason} [{cite}]",
            dropped.preference, dropped.host
        )?;
    }
    Ok(())
}

fn describe_host(f: &mut fmt::Formatter<'_>, record: &HostRecord) -> fmt::Result {
    let (preference, host) = (record.exchanger().preference(), record.exchanger().host());
    write!(f, "  {preference:>2} {host}: ")?;
    match record.plan() {
        Err(error) => writeln!(f, "not used: {error} [{}]", error.cite()),
        Ok(plan) => {
            describe_demand(f, plan.tls())?;
            for attempt in record.attempts() {
                describe_attempt(f, plan, attempt)?;
            }
            Ok(())
        }
    }
}

fn describe_demand(f: &mut fmt::Formatter<'_>, tls: &TlsPolicy) -> fmt::Result {
    match tls {
        TlsPolicy::Opportunistic(why) => {
            writeln!(f, "TLS if it offers it: {why} [{}]", why.cite())
        }
        TlsPolicy::Pkix(pkix) => writeln!(
            f,
            "TLS, authenticated as {} by the public PKI [RFC 7672 §7]",
            pkix.name()
        ),
        TlsPolicy::Authenticate(wanted) => describe_authentication(f, wanted),
        TlsPolicy::Encrypt(encryption) => describe_encryption(f, encryption),
        TlsPolicy::Audit(audit) => {
            f.write_str("an audit demands nothing; DANE would demand: ")?;
            match audit.demand() {
                Demand::Authenticate(wanted) => describe_authentication(f, wanted),
                Demand::Encrypt(encryption) => describe_encryption(f, encryption),
                Demand::Refuse(error) => writeln!(f, "no connection: {error} [{}]", error.cite()),
            }
        }
    }
}

fn describe_authentication(f: &mut fmt::Formatter<'_>, wanted: &Authentication) -> fmt::Result {
    let base = wanted.base();
    writeln!(
        f,
        "TLS, authenticated by the TLSA records of {base} [RFC 7672 §2.2]"
    )?;
    for record in wanted.tlsa().records() {
        writeln!(f, "     {}: counts", Short(record))?;
    }
    describe_unusable(f, wanted.tlsa().unusable())
}

fn describe_encryption(f: &mut fmt::Formatter<'_>, encryption: &Encryption) -> fmt::Result {
    let cause = encryption.cause();
    writeln!(f, "{cause} [{}]", cause.cite())?;
    match cause {
        EncryptCause::AllUnusable(records) => describe_unusable(f, records),
        EncryptCause::InsecureMx(set) => describe_unusable(f, set.unusable()),
    }
}

fn describe_unusable(f: &mut fmt::Formatter<'_>, records: &[(Record, Unusable)]) -> fmt::Result {
    for (record, why) in records {
        writeln!(
            f,
            "     {}: unusable: {why} [{}]",
            Short(record),
            why.cite()
        )?;
    }
    Ok(())
}

/// Characters of the longest record that bears a digest: three fields and SHA2-512.
const LONGEST_DIGEST: usize = 6 + 128;

/// A record, or how it begins if it bears a certificate or a key as it is, which would fill a screen.
struct Short<'a>(&'a Record);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let start = text.get(..6 + 32).filter(|_| text.len() > LONGEST_DIGEST);
        match start {
            Some(start) => write!(f, "{start}…"),
            None => f.write_str(&text),
        }
    }
}

fn describe_attempt(f: &mut fmt::Formatter<'_>, plan: &Plan, attempt: &Attempt) -> fmt::Result {
    write!(f, "     {} port {}: ", attempt.address(), plan.port())?;
    match attempt.result() {
        AttemptResult::Unreachable => writeln!(f, "no connection [RFC 5321 §5.1]"),
        AttemptResult::Refused(refusal) => {
            writeln!(f, "not given the mail: {refusal} [{}]", refusal.cite())
        }
        AttemptResult::NotTaken {
            assurance,
            transfer,
        } => {
            describe_assurance(f, plan.tls(), assurance)?;
            writeln!(f, "; {transfer} [{}]", transfer.cite())
        }
        AttemptResult::Delivered(assurance) => {
            describe_assurance(f, plan.tls(), assurance)?;
            writeln!(f, "; the mail was accepted")
        }
    }
}

fn describe_assurance(
    f: &mut fmt::Formatter<'_>,
    tls: &TlsPolicy,
    assurance: &Assurance,
) -> fmt::Result {
    match assurance {
        Assurance::Cleartext(downgrade) => {
            write!(f, "cleartext: {downgrade} [{}]", downgrade.cite_under(tls))
        }
        Assurance::Encrypted => f.write_str("TLS without authentication"),
        Assurance::NotAuthenticated(error) => {
            write!(f, "TLS, and no proof: {error} [{}]", error.cite())
        }
        Assurance::Authenticated(verified) => describe_proof(f, verified),
    }
}

fn describe_proof(f: &mut fmt::Formatter<'_>, verified: &Verified) -> fmt::Result {
    f.write_str("TLS, authenticated")?;
    if let Some(record) = verified.record() {
        write!(f, " by {} at depth {}", Short(record), verified.depth())?;
    }
    if let Some(name) = verified.name() {
        write!(f, ", the certificate bears {name}")?;
    }
    Ok(())
}
