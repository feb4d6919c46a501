//! Whether a certificate may serve as a trust anchor.
//!
//! RFC 5280 §6.1.1 sees an anchor as no more than a name and a key, and so does webpki. But where the anchor is a certificate
//! at hand, its restrictions are part of what its owner published (RFC 7671 §5.2.1, RFC 7672 §3.1.2): it must be a
//! certification authority, in date, for TLS servers, and its path length must hold. Name constraints are left to webpki,
//! which applies those of an anchor.

use core::ops::RangeInclusive;

use der::Decode;
use der::asn1::{ObjectIdentifier, UintRef};
use pki_types::UnixTime;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage};
use x509_cert::time::Validity;

use super::element::Elements;
use super::{CertificateError, Criticality, RawCertificate};
use crate::policy::AnchorDates;
use crate::verify::VerifyError;

const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
pub(super) const NAME_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.30");
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const CERTIFICATE_POLICIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32");

/// The extensions that we, or webpki, act on. The alternative names of an authority restrict nobody, nor do its policies, since
/// any policy will do.
const UNDERSTOOD: [ObjectIdentifier; 6] = [
    KEY_USAGE,
    BASIC_CONSTRAINTS,
    EXTENDED_KEY_USAGE,
    NAME_CONSTRAINTS,
    SUBJECT_ALT_NAME,
    CERTIFICATE_POLICIES,
];

pub(super) const SERVER_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
pub(super) const ANY_PURPOSE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

/// Holds the anchor's own restrictions against a path with so many authorities between it and the server's certificate.
/// Self-issued ones do not count (RFC 5280 §6.1.4).
pub(super) fn check(
    anchor: &RawCertificate<'_>,
    authorities_below: usize,
    now: UnixTime,
    dates: AnchorDates,
) -> Result<(), VerifyError> {
    check_extensions(anchor)?;
    check_authority(anchor, authorities_below)?;
    check_purpose(anchor)?;
    match dates {
        AnchorDates::Check => check_dates(anchor, now),
        AnchorDates::Ignore => Ok(()),
    }
}

/// RFC 5280 §4.2: nobody knows what an owner wants by a critical extension that is not understood.
fn check_extensions(anchor: &RawCertificate<'_>) -> Result<(), VerifyError> {
    for extension in anchor.extensions().map_err(VerifyError::Certificate)? {
        let extension = extension.map_err(VerifyError::Certificate)?;
        let is_known = UNDERSTOOD.iter().any(|known| extension.is(*known));
        if extension.criticality == Criticality::Critical && !is_known {
            return Err(VerifyError::CriticalExtension);
        }
    }
    Ok(())
}

fn check_authority(anchor: &RawCertificate<'_>, below: usize) -> Result<(), VerifyError> {
    let constraints = extension(anchor, BASIC_CONSTRAINTS)?.ok_or(VerifyError::NotACa)?;
    let (is_authority, length) =
        basic_constraints(constraints).map_err(VerifyError::Certificate)?;
    if !is_authority {
        return Err(VerifyError::NotACa);
    }
    check_key_usage(anchor)?;
    match length {
        Some(most) if most < below => Err(VerifyError::PathLength),
        _ => Ok(()),
    }
}

/// Whether the certificate is that of an authority, and how many may stand below it. A number beyond what memory can count
/// is no limit, so it is read here and not by x509-cert, which takes an octet.
fn basic_constraints(value: &[u8]) -> Result<(bool, Option<usize>), CertificateError> {
    let mut fields = Elements::of(value).sequence()?;
    let is_authority = fields.flag()?;
    let mut length = None;
    if !fields.is_at_end() {
        let number = UintRef::from_der(fields.next()?.whole);
        let octets = number.map_err(|_| CertificateError::Structure)?;
        let digits = octets.as_bytes().iter().try_fold(0_usize, |most, octet| {
            most.checked_mul(256)?.checked_add(usize::from(*octet))
        });
        length = Some(digits.unwrap_or(usize::MAX));
    }
    Ok((is_authority, length))
}

/// RFC 5280 §6.1.4 (n): a key that lists its uses must have this one among them. webpki leaves that to its callers.
pub(super) fn check_key_usage(authority: &RawCertificate<'_>) -> Result<(), VerifyError> {
    let usage: Option<KeyUsage> = value(authority, KEY_USAGE)?;
    match usage {
        Some(usage) if !usage.key_cert_sign() => Err(VerifyError::NotACa),
        _ => Ok(()),
    }
}

fn check_purpose(anchor: &RawCertificate<'_>) -> Result<(), VerifyError> {
    let purposes: Option<ExtendedKeyUsage> = value(anchor, EXTENDED_KEY_USAGE)?;
    let fits = |purpose: &ObjectIdentifier| [SERVER_AUTH, ANY_PURPOSE].contains(purpose);
    match purposes {
        Some(purposes) if !purposes.0.iter().any(fits) => Err(VerifyError::Purpose),
        _ => Ok(()),
    }
}

fn check_dates(anchor: &RawCertificate<'_>, now: UnixTime) -> Result<(), VerifyError> {
    let valid = dates(anchor)?;
    if now.as_secs() < *valid.start() {
        return Err(VerifyError::NotYetValid);
    }
    if now.as_secs() > *valid.end() {
        return Err(VerifyError::Expired);
    }
    Ok(())
}

/// When a certificate is valid, from the first to the last second, in seconds since 1970 (RFC 5280 §4.1.2.5).
pub(crate) fn dates(certificate: &RawCertificate<'_>) -> Result<RangeInclusive<u64>, VerifyError> {
    let validity: Validity = decode(certificate.validity())?;
    let [first, last] = [validity.not_before, validity.not_after];
    Ok(first.to_unix_duration().as_secs()..=last.to_unix_duration().as_secs())
}

fn extension<'a>(
    certificate: &RawCertificate<'a>,
    identifier: ObjectIdentifier,
) -> Result<Option<&'a [u8]>, VerifyError> {
    certificate
        .extension(identifier)
        .map_err(VerifyError::Certificate)
}

fn value<'a, T: Decode<'a, Error = der::Error>>(
    certificate: &RawCertificate<'a>,
    identifier: ObjectIdentifier,
) -> Result<Option<T>, VerifyError> {
    extension(certificate, identifier)?.map(decode).transpose()
}

fn decode<'a, T: Decode<'a, Error = der::Error>>(octets: &'a [u8]) -> Result<T, VerifyError> {
    T::from_der(octets).map_err(|_| UNREADABLE)
}

const UNREADABLE: VerifyError = VerifyError::Certificate(CertificateError::Structure);
