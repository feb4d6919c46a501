//! Domain names: validated once, kept in canonical form.
//!
//! A [`Name`] holds the uncompressed wire form of RFC 1035 §3.1 with ASCII letters in lower case, so that equality and hashing
//! are those of the DNS (RFC 1035 §2.3.3). A label may hold any octet: TLSA owner names and the targets of aliases
//! are no host names and bear `_` or even `*`. The syntax of host names matters only for TLS, see [`Name::to_server_name`].

use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;
use core::net::Ipv4Addr;
use core::num::NonZeroU16;
use core::str::FromStr;

use pki_types::DnsName;

use crate::octets::Octets;

/// Longest name in wire form, the root label included, in octets (RFC 1035 §3.1).
pub const MAX_NAME: usize = 255;

/// Longest label in octets (RFC 1035 §3.1).
pub const MAX_LABEL: usize = 63;

/// A validated, absolute domain name in canonical lower case.
///
/// ```
/// use smtp_dane::Name;
///
/// let name: Name = "MX1.Example.COM.".parse()?;
/// assert_eq!(name.to_string(), "mx1.example.com");
/// assert_eq!(name, "mx1.example.com".parse()?);
/// # Ok::<(), smtp_dane::NameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name {
    /// Length-prefixed labels, the root's zero octet last.
    wire: Octets,
}

impl Name {
    /// The root of the DNS, `.`.
    #[must_use]
    pub fn root() -> Self {
        Self::from_valid_wire(&[0])
    }

    /// Reads an uncompressed name that fills `wire`.
    ///
    /// # Errors
    /// A label that is too long, a name that is too long, or octets that are missing or left over.
    pub fn from_wire(wire: &[u8]) -> Result<Self, NameError> {
        if wire.len() > MAX_NAME {
            return Err(NameError::TooLong);
        }
        let mut rest = wire;
        loop {
            let (&length, after) = rest.split_first().ok_or(NameError::Truncated)?;
            if length == 0 && after.is_empty() {
                break;
            }
            if length == 0 {
                return Err(NameError::EmptyLabel);
            }
            let length = usize::from(length);
            if length > MAX_LABEL {
                return Err(NameError::LabelTooLong);
            }
            rest = after.get(length..).ok_or(NameError::Truncated)?;
        }
        Ok(Self::from_valid_wire(wire))
    }

    /// Takes octets that a parser has already found to be a name, and folds their case.
    pub(crate) fn from_valid_wire(wire: &[u8]) -> Self {
        // Length octets are at most 63 and so below `A`: folding every octet leaves them alone.
        let mut wire = Octets::from(wire);
        wire.make_ascii_lowercase();
        Self { wire }
    }

    /// The canonical wire form: length-prefixed labels in lower case, the root's zero octet last.
    #[must_use]
    pub fn as_wire(&self) -> &[u8] {
        &self.wire
    }

    /// The labels from left to right, without the root.
    pub fn labels(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest: &[u8] = &self.wire;
        core::iter::from_fn(move || {
            let (&length, after) = rest.split_first()?;
            let (label, next) = after.split_at_checked(usize::from(length))?;
            rest = next;
            (!label.is_empty()).then_some(label)
        })
    }

    /// Whether this is the root, which as the exchange of a sole MX record says "no mail here" (RFC 7505 §3).
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.wire.len() == 1
    }

    /// Whether this name lies below `other`, and is not the same.
    #[must_use]
    pub(crate) fn is_below(&self, other: &Self) -> bool {
        let mut rest: &[u8] = &self.wire;
        while let Some((&length, after)) = rest.split_first() {
            rest = after.get(usize::from(length)..).unwrap_or_default();
            if rest == &*other.wire {
                return true;
            }
        }
        false
    }

    /// The name under which TLSA records of a service at `port` stand: `_port._tcp` before this name (RFC 7672 §2.2.3,
    /// RFC 6698 §3).
    ///
    /// # Errors
    /// [`NameError::TooLong`] if that name cannot exist; then no TLSA record can exist either.
    pub fn tlsa_owner(&self, port: NonZeroU16) -> Result<Self, NameError> {
        let port = port.to_string();
        let mut wire = Vec::with_capacity(self.wire.len() + 12);
        for label in [port.as_bytes(), b"tcp"] {
            let length = u8::try_from(label.len() + 1).map_err(|_| NameError::LabelTooLong)?;
            wire.push(length);
            wire.push(b'_');
            wire.extend_from_slice(label);
        }
        wire.extend_from_slice(&self.wire);
        Self::from_wire(&wire)
    }

    /// The name as a TLS stack takes it for the server name indication, without a trailing dot (RFC 7672 §8.1).
    ///
    /// `None` if the name is no host name; then no server name is sent and the decision is made without it.
    #[must_use]
    pub fn to_server_name(&self) -> Option<DnsName<'static>> {
        DnsName::try_from(self.to_string()).ok()
    }

    /// The IPv4 address that this name spells, if it does: some domains list an address where an MX record wants a name
    /// (RFC 7672 §2.2).
    #[must_use]
    pub fn as_spelled_address(&self) -> Option<Ipv4Addr> {
        let mut octets = self.labels().flatten();
        octets
            .all(u8::is_ascii_digit)
            .then(|| self.to_string())?
            .parse()
            .ok()
    }
}

impl FromStr for Name {
    type Err = NameError;

    /// Reads text: labels parted by dots, `\.` or `\046` for an octet that would otherwise mean something. A trailing dot
    /// changes nothing, since every name is absolute.
    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text == "." {
            return Ok(Self::root());
        }
        let mut wire = Vec::with_capacity(text.len().min(MAX_NAME) + 2);
        let mut label = Vec::with_capacity(MAX_LABEL);
        let mut octets = text.bytes();
        while let Some(octet) = octets.next() {
            match octet {
                b'.' => finish_label(&mut wire, &mut label)?,
                b'\\' => label.push(escaped(&mut octets)?),
                0x21..=0x7e => label.push(octet),
                0x80.. => return Err(NameError::NonAscii),
                _ => return Err(NameError::Blank),
            }
            if label.len() > MAX_LABEL {
                return Err(NameError::LabelTooLong);
            }
        }
        if !label.is_empty() {
            finish_label(&mut wire, &mut label)?;
        }
        wire.push(0);
        Self::from_wire(&wire)
    }
}

fn finish_label(wire: &mut Vec<u8>, label: &mut Vec<u8>) -> Result<(), NameError> {
    let length = u8::try_from(label.len()).map_err(|_| NameError::LabelTooLong)?;
    if length == 0 {
        return Err(NameError::EmptyLabel);
    }
    if wire.len() + label.len() > MAX_NAME {
        return Err(NameError::TooLong);
    }
    wire.push(length);
    wire.append(label);
    Ok(())
}

/// What stands behind a backslash: three decimal digits or one octet that is not a digit (RFC 1035 §5.1).
fn escaped(octets: &mut impl Iterator<Item = u8>) -> Result<u8, NameError> {
    let first = octets.next().ok_or(NameError::BadEscape)?;
    if !first.is_ascii_digit() {
        let printable = (0x21..=0x7e).contains(&first);
        return printable.then_some(first).ok_or(NameError::BadEscape);
    }
    let mut value = u16::from(first - b'0');
    for _ in 0..2 {
        let digit = octets.next().filter(u8::is_ascii_digit);
        value = value * 10 + u16::from(digit.ok_or(NameError::BadEscape)? - b'0');
    }
    u8::try_from(value).map_err(|_| NameError::BadEscape)
}

impl fmt::Display for Name {
    /// Text without a trailing dot (the root is `.`), octets with a meaning of their own escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() {
            return f.write_str(".");
        }
        for (index, label) in self.labels().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            write_label(label, f)?;
        }
        Ok(())
    }
}

fn write_label(label: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let is_plain = |octet: &u8| matches!(octet, 0x21..=0x7e) && !matches!(octet, b'.' | b'\\');
    match str::from_utf8(label) {
        Ok(text) if label.iter().all(is_plain) => f.write_str(text),
        _ => label.iter().try_for_each(|octet| match octet {
            b'.' | b'\\' => write!(f, "\\{}", char::from(*octet)),
            plain if is_plain(plain) => write!(f, "{}", char::from(*plain)),
            _ => write!(f, "\\{octet:03}"),
        }),
    }
}

/// As text.
#[cfg(feature = "serde")]
impl serde::Serialize for Name {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = alloc::string::String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    /// Any fixed order will do: it makes results independent of the order of records.
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.wire.cmp(&other.wire)
    }
}

/// Why text or octets are not a domain name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NameError {
    /// No text at all.
    Empty,
    /// Two dots with nothing between them, or a dot in front.
    EmptyLabel,
    /// A label of more than 63 octets.
    LabelTooLong,
    /// A name of more than 255 octets in wire form.
    TooLong,
    /// An internationalised label in Unicode; DNS, TLS and certificates use its A-label (`xn--…`).
    NonAscii,
    /// White space or a control character that is not escaped.
    Blank,
    /// A backslash with neither a printable octet nor three digits up to 255 behind it.
    BadEscape,
    /// The wire form ends in the middle of a label or before the root.
    Truncated,
}

impl NameError {
    /// The place in the standards that this error rests on.
    #[must_use]
    pub const fn cite(self) -> &'static str {
        match self {
            Self::NonAscii => "RFC 6698 §3",
            Self::Blank | Self::BadEscape => "RFC 1035 §5.1",
            Self::Empty
            | Self::EmptyLabel
            | Self::LabelTooLong
            | Self::TooLong
            | Self::Truncated => "RFC 1035 §3.1",
        }
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the name is empty",
            Self::EmptyLabel => "the name has an empty label",
            Self::LabelTooLong => "a label is longer than 63 octets",
            Self::TooLong => "the name is longer than 255 octets",
            Self::NonAscii => {
                "the name has letters outside ASCII: write internationalised labels as A-labels (xn--…)"
            }
            Self::Blank => "the name has white space or a control character",
            Self::BadEscape => "a backslash is not followed by a printable character or three digits",
            Self::Truncated => "the name ends too early",
        })
    }
}

impl core::error::Error for NameError {}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    fn error(text: &str) -> Option<NameError> {
        text.parse::<Name>().err()
    }

    #[test]
    fn text_is_folded_and_read_back() {
        for (text, shown) in [
            ("Example.COM", "example.com"),
            ("example.com.", "example.com"),
            (".", "."),
            ("_25._TCP.mx", "_25._tcp.mx"),
            ("*.x", "*.x"),
            (r"a\.b.c", r"a\.b.c"),
            (r"a\032b.c", r"a\032b.c"),
            (r"\065.c", "a.c"),
            (r"\\.c", r"\\.c"),
            ("XN--bcher-kva.example", "xn--bcher-kva.example"),
        ] {
            let name: Result<Name, _> = text.parse();
            assert_eq!(name.as_ref().map(ToString::to_string), Ok(shown.into()));
            assert_eq!(shown.parse(), name);
        }
    }

    #[test]
    fn text_that_is_no_name_is_refused_with_its_reason() {
        for (text, reason) in [
            ("", NameError::Empty),
            (".a", NameError::EmptyLabel),
            ("a..b", NameError::EmptyLabel),
            ("bücher.example", NameError::NonAscii),
            ("a b.example", NameError::Blank),
            ("a\n.example", NameError::Blank),
            (r"a\", NameError::BadEscape),
            (r"a\25", NameError::BadEscape),
            (r"a\256", NameError::BadEscape),
        ] {
            assert_eq!(error(text), Some(reason), "{text:?}");
        }
    }

    #[test]
    fn limits_hold_at_the_octet() {
        let label = |length: usize| "a".repeat(length);
        assert_eq!(error(&label(63)), None);
        assert_eq!(error(&label(64)), Some(NameError::LabelTooLong));
        let longest: String = [label(63), label(63), label(63), label(61)].join(".");
        assert_eq!(
            longest.parse::<Name>().map(|name| name.as_wire().len()),
            Ok(255)
        );
        let longer: String = [label(63), label(63), label(63), label(62)].join(".");
        assert_eq!(error(&longer), Some(NameError::TooLong));
        assert_eq!(error(&"a.".repeat(100_000)), Some(NameError::TooLong));
    }

    #[test]
    fn wire_form_must_be_whole() {
        for (wire, reason) in [
            (&b""[..], NameError::Truncated),
            (b"\x01a", NameError::Truncated),
            (b"\x05a\0", NameError::Truncated),
            (b"\0a", NameError::EmptyLabel),
            (b"\x40", NameError::LabelTooLong),
            (b"\xc0\x0c", NameError::LabelTooLong),
        ] {
            assert_eq!(Name::from_wire(wire), Err(reason), "{wire:?}");
        }
    }

    #[test]
    fn only_host_names_reach_tls() {
        let server_name = |text: &str| {
            let name: Name = text.parse().unwrap_or_else(|_| Name::root());
            name.to_server_name().map(|name| name.as_ref().to_string())
        };
        assert_eq!(server_name("MX.example."), Some("mx.example".into()));
        assert_eq!(server_name("*.example"), None);
        assert_eq!(server_name(r"a\032b.example"), None);
        assert_eq!(server_name("."), None);
    }
}
