//! Values of arguments: domains, addresses, seconds.

use core::fmt;
use core::net::{IpAddr, Ipv6Addr, SocketAddr};
use core::num::NonZeroU16;
use core::str::FromStr;
use core::time::Duration;
use std::path::PathBuf;

use smtp_dane::resolve::{NextHop, SMTP_PORT};
use smtp_dane::tlsa::{MatchingType, Selector, Usage};
use smtp_dane::{DaneMode, Identity, Name, NameError};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_rustls::rustls::pki_types::UnixTime;

/// The port of a resolver that is given without one (RFC 1035 §4.2).
const DNS_PORT: u16 = 53;

/// Longest time-out in seconds; who waits longer has forgotten about it.
const MAX_SECONDS: f64 = 3600.0;

/// Most deliveries at once. Each has up to three sockets open as they were counted, and a process may commonly have 1024.
const MAX_AT_ONCE: u16 = 200;

/// Where domains come from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// Standard input, one on each line.
    StandardInput,
    /// The argument itself.
    Argument(Domain),
}

impl FromStr for Source {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text {
            "-" => Ok(Self::StandardInput),
            _ => Ok(Self::Argument(text.parse()?)),
        }
    }
}

/// Where the certificates of a server come from, and to whom they are sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ChainSource {
    /// The server name that a client sends; any other, or none, without it.
    pub(crate) name: Option<Name>,
    pub(crate) path: PathBuf,
}

impl FromStr for ChainSource {
    type Err = ValueError;

    /// A path with a `=` of its own needs a `/` before that.
    fn from_str(text: &str) -> Result<Self, ValueError> {
        let (name, path) = match text.split_once('=') {
            Some((name, path)) if !name.contains('/') => {
                (Some(name.parse().map_err(ValueError::Name)?), path)
            }
            _ => (None, text),
        };
        let path = PathBuf::from(path);
        Ok(Self { name, path })
    }
}

/// What may stand behind the `@` of a mailbox (RFC 5321 §4.1.2, §4.1.3).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Domain {
    /// A name.
    Name(Name),
    /// An address in brackets.
    Literal(IpAddr),
}

impl Domain {
    /// The next hop of mail for this domain.
    pub(crate) fn next_hop(&self, port: Option<NonZeroU16>) -> NextHop {
        let next_hop = match self {
            Self::Name(name) => NextHop::domain(name.clone()),
            Self::Literal(address) => NextHop::literal(*address),
        };
        next_hop.on_port(port.unwrap_or(SMTP_PORT))
    }

    /// This domain as a relay that an administrator named.
    pub(crate) fn relay(&self, port: Option<NonZeroU16>) -> NextHop {
        match self {
            Self::Name(name) => NextHop::relay(name.clone(), port.unwrap_or(SMTP_PORT)),
            Self::Literal(_) => self.next_hop(port),
        }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Literal(IpAddr::V4(address)) => write!(f, "[{address}]"),
            Self::Literal(IpAddr::V6(address)) => write!(f, "[IPv6:{address}]"),
        }
    }
}

impl FromStr for Domain {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        if let Some(literal) = text.strip_prefix('[') {
            let literal = literal.strip_suffix(']').ok_or(ValueError::Literal)?;
            return address_literal(literal).map(Self::Literal);
        }
        if let Ok(address) = text.parse() {
            return Err(ValueError::BareAddress(Self::Literal(address)));
        }
        if text.contains('@') {
            return Err(ValueError::Mailbox);
        }
        host_name(text).map(Self::Name)
    }
}

fn address_literal(text: &str) -> Result<IpAddr, ValueError> {
    const TAG: &str = "IPv6:";
    let tag = text.get(..TAG.len());
    match tag.filter(|tag| tag.eq_ignore_ascii_case(TAG)) {
        Some(_) => {
            let address: Ipv6Addr = text
                .get(TAG.len()..)
                .and_then(|rest| rest.parse().ok())
                .ok_or(ValueError::Literal)?;
            Ok(address.into())
        }
        None => text.parse().map_err(|_| ValueError::Literal),
    }
}

/// RFC 5321 §2.3.5 allows no other names for mail.
fn host_name(text: &str) -> Result<Name, ValueError> {
    let name: Name = text.parse().map_err(ValueError::Name)?;
    if name.to_server_name().is_none() {
        return Err(ValueError::NoHostName);
    }
    Ok(name)
}

/// An address of a resolver, with or without its port.
pub(super) fn resolver(text: &str) -> Result<SocketAddr, ValueError> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return match address.port() {
            0 => Err(ValueError::Resolver),
            _ => Ok(address),
        };
    }
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = bare.unwrap_or(text).parse::<IpAddr>();
    address.map_or(Err(ValueError::Resolver), |address| {
        Ok(SocketAddr::new(address, DNS_PORT))
    })
}

/// A name or address of this site.
pub(crate) fn identity(text: &str) -> Result<Identity, ValueError> {
    match text.parse() {
        Ok(address) => Ok(Identity::Address(address)),
        Err(_) => host_name(text).map(Identity::Name),
    }
}

/// How far DANE is demanded.
pub(super) fn dane(text: &str) -> Result<DaneMode, ValueError> {
    match text {
        "opportunistic" => Ok(DaneMode::Opportunistic),
        "mandatory" => Ok(DaneMode::Mandatory),
        "audit" => Ok(DaneMode::AuditOnly),
        _ => Err(ValueError::Dane),
    }
}

/// A port to connect to.
pub(super) fn port(text: &str) -> Result<NonZeroU16, ValueError> {
    text.parse().map_err(|_| ValueError::Count {
        most: u16::MAX.into(),
    })
}

/// How much may be done at once.
pub(super) fn at_once(text: &str) -> Result<u16, ValueError> {
    count(text, MAX_AT_ONCE)
}

/// A number from 1 to `most`.
pub(super) fn count<N: FromStr + From<u8> + PartialOrd + Into<u32>>(
    text: &str,
    most: N,
) -> Result<N, ValueError> {
    let number: Option<N> = text.parse().ok();
    let number = number.filter(|number| N::from(1) <= *number && *number <= most);
    number.ok_or(ValueError::Count { most: most.into() })
}

/// A time-out in seconds.
pub(super) fn seconds(text: &str) -> Result<Duration, ValueError> {
    let seconds: f64 = text.parse().map_err(|_| ValueError::Seconds)?;
    if !(seconds > 0.0 && seconds <= MAX_SECONDS) {
        return Err(ValueError::Seconds);
    }
    let time = Duration::try_from_secs_f64(seconds).map_err(|_| ValueError::Seconds)?;
    if time.is_zero() {
        return Err(ValueError::Seconds);
    }
    Ok(time)
}

/// A point in time (RFC 3339 §5.6).
pub(crate) fn time(text: &str) -> Result<UnixTime, ValueError> {
    let time = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| ValueError::Time)?;
    // The parser lets anything stand between date and time.
    if !matches!(text.as_bytes().get(10), Some(b'T' | b't')) {
        return Err(ValueError::Time);
    }
    let seconds = u64::try_from(time.unix_timestamp()).map_err(|_| ValueError::Time)?;
    Ok(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
}

/// The usage of a TLSA record to publish.
pub(super) fn usage(text: &str) -> Result<Usage, ValueError> {
    number_up_to(Usage::DANE_EE.0, text).map(Usage)
}

/// The selector of a TLSA record to publish.
pub(super) fn selector(text: &str) -> Result<Selector, ValueError> {
    number_up_to(Selector::SPKI.0, text).map(Selector)
}

/// The matching type of a TLSA record to publish.
pub(super) fn matching(text: &str) -> Result<MatchingType, ValueError> {
    number_up_to(MatchingType::SHA2_512.0, text).map(MatchingType)
}

fn number_up_to(most: u8, text: &str) -> Result<u8, ValueError> {
    let number = text.parse().ok().filter(|number| *number <= most);
    number.ok_or(ValueError::Number { most })
}

/// Why a value cannot be used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum ValueError {
    /// It is no domain name.
    Name(NameError),
    /// It is a domain name, but none of a host or mail domain.
    NoHostName,
    /// It is a whole mailbox.
    Mailbox,
    /// It is an address without brackets.
    BareAddress(Domain),
    /// There is no address in the brackets.
    Literal,
    /// It is no address of a resolver.
    Resolver,
    /// It is no mode of DANE.
    Dane,
    /// It is no number from 1 to this one.
    Count {
        /// The greatest.
        most: u32,
    },
    /// It is no time-out.
    Seconds,
    /// It is no point in time.
    Time,
    /// It is no number from 0 to this one.
    Number {
        /// The greatest.
        most: u8,
    },
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => error.fmt(f),
            Self::NoHostName => f.write_str("it is not a host name"),
            Self::Mailbox => f.write_str("it is a mailbox; give what stands behind the @"),
            Self::BareAddress(literal) => {
                write!(f, "it is an address; write {literal} to deliver to one")
            }
            Self::Literal => f.write_str(
                "there is no address in the brackets, as in [192.0.2.1] or [IPv6:2001:db8::1]",
            ),
            Self::Resolver => {
                f.write_str("it is not an address, as in 127.0.0.1, 127.0.0.1:5353 or [::1]:53")
            }
            Self::Dane => f.write_str("it is none of opportunistic, mandatory and audit"),
            Self::Count { most } => write!(f, "it is not a number from 1 to {most}"),
            Self::Seconds => write!(f, "it is not a number above 0 and up to {MAX_SECONDS}"),
            Self::Time => f.write_str("it is not a time from 1970 on, as in 2026-01-31T00:00:00Z"),
            Self::Number { most } => write!(f, "it is not a number from 0 to {most}"),
        }
    }
}

impl core::error::Error for ValueError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_names_or_bracketed_addresses() {
        for (text, shown) in [
            ("Example.COM.", "example.com"),
            ("[192.0.2.1]", "[192.0.2.1]"),
            ("[ipv6:2001:DB8::1]", "[IPv6:2001:db8::1]"),
            ("[::1]", "[IPv6:::1]"),
        ] {
            let domain: Result<Domain, _> = text.parse();
            assert_eq!(domain.map(|domain| domain.to_string()), Ok(shown.into()));
        }
        for (text, error) in [
            ("[192.0.2.1", ValueError::Literal),
            ("[]", ValueError::Literal),
            ("[IPv6:]", ValueError::Literal),
            ("[é]", ValueError::Literal),
            ("", ValueError::Name(NameError::Empty)),
            (".", ValueError::NoHostName),
            ("a/b", ValueError::NoHostName),
        ] {
            assert_eq!(text.parse::<Domain>(), Err(error), "{text}");
        }
    }

    #[test]
    fn resolvers_have_a_port() {
        for (text, shown) in [
            ("127.0.0.1", "127.0.0.1:53"),
            ("127.0.0.1:5353", "127.0.0.1:5353"),
            ("::1", "[::1]:53"),
            ("[::1]", "[::1]:53"),
            ("[::1]:5353", "[::1]:5353"),
        ] {
            let address = resolver(text).map(|address| address.to_string());
            assert_eq!(address, Ok(shown.into()));
        }
        for text in ["", "127.0.0.1:0", "127.0.0.1:", "localhost", "[127.0.0.1"] {
            assert_eq!(resolver(text), Err(ValueError::Resolver), "{text}");
        }
    }

    #[test]
    fn time_outs_are_finite_and_not_zero() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(seconds("3600"), Ok(Duration::from_secs(3600)));
        for text in ["0", "-1", "inf", "nan", "3601", "1e-12", "1e300", "x", ""] {
            assert_eq!(seconds(text), Err(ValueError::Seconds), "{text}");
        }
    }

    #[test]
    fn times_are_whole_and_have_an_offset() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-01-01T00:00:00Z", 1_767_225_600),
            ("2026-01-01t01:30:00.75+01:30", 1_767_225_600),
            ("2024-02-29T23:59:59-00:00", 1_709_251_199),
        ] {
            assert_eq!(time(text).map(|time| time.as_secs()), Ok(seconds), "{text}");
        }
        for text in [
            "",
            "now",
            "2026-01-01",
            "2026-01-01T00:00:00",
            "2026-01-01 00:00:00Z",
            "2026-1-1T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00Z ",
            "2026-01-01T00:00:00+0100",
            "1969-12-31T23:59:59Z",
            "1767225600",
        ] {
            assert_eq!(time(text), Err(ValueError::Time), "{text}");
        }
    }
}
