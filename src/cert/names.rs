//! The names in a certificate, held against reference identifiers (RFC 7672 §3.2.2, §3.2.3, RFC 9525 §6).
//!
//! The question is always the same: does this certificate bear one of these names? A reference identifier is a host name in
//! lower case without a trailing dot, so a presented name that equals it letter by letter is sound; whatever else stands in a
//! certificate (a NUL, a trailing dot, raw Unicode, an address) equals no reference identifier and need not be looked for.
//!
//! Wildcards: `*` as the whole left-most label stands for exactly one label (RFC 9525 §6.3), if at least two labels follow.
//! The common name counts only in a certificate without any DNS-ID, SRV-ID or URI-ID (RFC 7672 §3.2.3, RFC 6125 §6.4.4).

use alloc::vec::Vec;

use der::asn1::ObjectIdentifier;

use super::element::{Elements, tag};
use super::{CertificateError, RawCertificate};
use crate::name::Name;
use crate::policy::CnId;

const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
/// The name form of an SRV-ID (RFC 4985).
const SRV_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.8.7");

/// The first of the reference identifiers that the certificate bears, and in which form.
pub(crate) fn borne_by<'n>(
    certificate: &RawCertificate<'_>,
    reference_ids: &'n [Name],
    cn_id: CnId,
) -> Result<Option<(&'n Name, Form)>, CertificateError> {
    let (presented, form) = presented(certificate, cn_id)?;
    let borne = |reference: &&Name| {
        let wanted = reference.to_server_name();
        let wanted = wanted.as_ref().map(AsRef::<str>::as_ref);
        wanted.is_some_and(|wanted| presented.iter().any(|name| matches(name, wanted)))
    };
    Ok(reference_ids.iter().find(borne).map(|name| (name, form)))
}

/// Where in a certificate a name stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Among the alternative names.
    DnsId,
    /// As the common name, which no name constraint of an authority covers.
    CommonName,
}

/// Whether one presented name is, or stands for, a reference identifier.
fn matches(presented: &[u8], reference: &str) -> bool {
    let Some(parent) = presented.strip_prefix(b"*.") else {
        return presented.eq_ignore_ascii_case(reference.as_bytes());
    };
    let wanted = reference.split_once('.').map(|(_, parent)| parent);
    parent.contains(&b'.')
        && wanted.is_some_and(|wanted| parent.eq_ignore_ascii_case(wanted.as_bytes()))
}

/// The names that count: the DNS-IDs, or the common names where they may stand in.
fn presented<'a>(
    certificate: &RawCertificate<'a>,
    cn_id: CnId,
) -> Result<(Vec<&'a [u8]>, Form), CertificateError> {
    let mut dns_ids = Vec::new();
    let mut other_ids = false;
    if let Some(names) = certificate.extension(SUBJECT_ALT_NAME)? {
        let mut names = Elements::of(names).sequence()?;
        while !names.is_at_end() {
            let name = names.next()?;
            match name.tag {
                DNS_ID => dns_ids.push(name.content),
                URI_ID => other_ids = true,
                OTHER_NAME => other_ids |= is_srv_id(name.content),
                _ => {}
            }
        }
    }
    if !dns_ids.is_empty() || other_ids || cn_id == CnId::Never {
        return Ok((dns_ids, Form::DnsId));
    }
    Ok((common_names(certificate)?, Form::CommonName))
}

const OTHER_NAME: u8 = tag::context(0);
const DNS_ID: u8 = tag::primitive_context(2);
const URI_ID: u8 = tag::primitive_context(6);

fn is_srv_id(other_name: &[u8]) -> bool {
    Elements::of(other_name).identifier() == Ok(SRV_NAME.as_bytes())
}

/// The common names of the subject. All of them count: none is more the server's name than another.
fn common_names<'a>(certificate: &RawCertificate<'a>) -> Result<Vec<&'a [u8]>, CertificateError> {
    let mut names = Vec::new();
    let mut subject = Elements::of(certificate.subject()).sequence()?;
    while !subject.is_at_end() {
        let mut attributes = Elements::of(subject.next_of(tag::SET)?.content);
        while !attributes.is_at_end() {
            let mut attribute = attributes.sequence()?;
            let identifier = attribute.identifier()?;
            // A value that cannot be read spoils itself alone.
            let Ok(value) = attribute.next() else {
                continue;
            };
            // Other kinds of string hold no ASCII letter by letter.
            let readable = matches!(
                value.tag,
                tag::UTF8_STRING | tag::PRINTABLE_STRING | tag::IA5_STRING | tag::TELETEX_STRING
            );
            if identifier == COMMON_NAME.as_bytes() && readable {
                names.push(value.content);
            }
        }
    }
    Ok(names)
}
