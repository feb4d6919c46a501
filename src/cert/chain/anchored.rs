//! Usage 2: the anchors that records name, and the path to one of them (RFC 7671 §5.2).

use alloc::vec::Vec;

use pki_types::{CertificateDer, TrustAnchor};
use webpki::VerifiedPath;

use super::{Found, Handshake, authorities, find_path, is_constrained, meaning};
use crate::cert::names::Form;
use crate::cert::{RawCertificate, anchor, value_of};
use crate::policy::AnchorDates;
use crate::tlsa::{Selected, UsableRecord, UsableUsage};
use crate::verify::VerifyError;

/// A trust anchor that records of usage 2 name, and the first record that does.
struct Candidate<'c, 'r> {
    anchor: TrustAnchor<'c>,
    /// The anchor's certificate, unless the record is a bare key that no certificate of the chain has.
    certificate: Option<RawCertificate<'c>>,
    record: &'r UsableRecord,
}

/// Looks for a path from the server's certificate to an anchor that one of `records` names. Returns that record, and how
/// far above the server's certificate it is met: a bare key is met at the certificate that it signed. `form` is that of the
/// name that the server's certificate bears, if it bears one.
pub(crate) fn find_anchored<'r>(
    handshake: Handshake<'_>,
    records: &'r [UsableRecord],
    dates: AnchorDates,
    form: Option<Form>,
) -> Result<(&'r UsableRecord, usize), VerifyError> {
    let published: Vec<(CertificateDer<'_>, &UsableRecord)> = records
        .iter()
        .filter_map(|record| Some((CertificateDer::from(record.anchor_certificate()?), record)))
        .collect();
    let (candidates, spoilt) = candidates(handshake, records, &published);
    let anchors: Vec<TrustAnchor<'_>> = candidates
        .iter()
        .map(|candidate| candidate.anchor.clone())
        .collect();
    if anchors.is_empty() {
        return Err(spoilt.unwrap_or(VerifyError::NoRecordMatched));
    }
    let accept = |found: Found, path: &VerifiedPath<'_>| {
        // RFC 9525 §7.6: an authority must not escape its constraints by writing a name where they do not reach.
        if form == Some(Form::CommonName) && is_constrained(path) {
            return Err(VerifyError::NameConstraint);
        }
        let candidate = candidates.get(found.anchor);
        match candidate.and_then(|candidate| candidate.certificate) {
            Some(certificate) => {
                anchor::check(&certificate, authorities(path), handshake.now, dates)
            }
            None => Ok(()),
        }
    };
    let found = find_path(handshake, &anchors, &accept)
        .map_err(|error| Some(error).max(spoilt).unwrap_or(error))?;
    let candidate = candidates
        .get(found.anchor)
        .ok_or(VerifyError::IssuerNotFound)?;
    let above = usize::from(candidate.certificate.is_some());
    Ok((candidate.record, found.between + above))
}

/// The anchors that the records name: certificates of the handshake, certificates that stand in the DNS in full, and bare
/// keys. The server's own certificate is none of them (RFC 7671 §5.2: an anchor issues the certificates below it).
fn candidates<'c, 'r: 'c>(
    handshake: Handshake<'c>,
    records: &'r [UsableRecord],
    published: &'c [(CertificateDer<'c>, &'r UsableRecord)],
) -> (Vec<Candidate<'c, 'r>>, Option<VerifyError>) {
    let mut candidates: Vec<Candidate<'c, 'r>> = Vec::new();
    let mut spoilt = None;
    let mut add = |certificate: &'c CertificateDer<'c>, record: &'r UsableRecord| {
        let raw = RawCertificate::parse(certificate).map_err(VerifyError::Certificate);
        let anchor = webpki::anchor_from_trusted_cert(certificate).map_err(|error| meaning(&error));
        match raw.and_then(|raw| Ok((raw, anchor?))) {
            Ok((raw, anchor)) => candidates.push(Candidate {
                anchor,
                certificate: Some(raw),
                record,
            }),
            Err(error) => spoilt = spoilt.max(Some(error)),
        }
    };
    for certificate in handshake.others {
        if certificate == handshake.leaf {
            continue;
        }
        let key = RawCertificate::parse(certificate).ok();
        let key = key.map(|certificate| certificate.subject_public_key_info());
        let mut selected = Selected::new(Some(certificate), key);
        if let Some(record) = records
            .iter()
            .find(|record| record.usage() == UsableUsage::DaneTa && selected.matches(record))
        {
            add(certificate, record);
        }
    }
    // RFC 7671 §5.2.2: the anchor may stand in the DNS alone.
    for (certificate, record) in published {
        if certificate != handshake.leaf && !handshake.others.contains(certificate) {
            add(certificate, record);
        }
    }
    add_bare_keys(handshake, records, &mut candidates);
    (candidates, spoilt)
}

/// RFC 7671 §5.2.3: if no certificate has the key of a record, it may have signed the topmost one, whose issuer is not among
/// the certificates. Under what name, only that certificate tells.
fn add_bare_keys<'c, 'r: 'c>(
    handshake: Handshake<'c>,
    records: &'r [UsableRecord],
    candidates: &mut Vec<Candidate<'c, 'r>>,
) {
    if records.iter().all(|record| record.anchor_key().is_none()) {
        return;
    }
    let all = || core::iter::once(handshake.leaf).chain(handshake.others);
    let parsed: Vec<RawCertificate<'c>> = all()
        .filter_map(|certificate| RawCertificate::parse(certificate).ok())
        .collect();
    for record in records {
        let Some(key) = record.anchor_key() else {
            continue;
        };
        if parsed
            .iter()
            .any(|certificate| certificate.subject_public_key_info() == key)
        {
            continue;
        }
        let mut names: Vec<&[u8]> = Vec::new();
        for certificate in &parsed {
            let name = certificate.issuer();
            let is_top = parsed
                .iter()
                .all(|other| other == certificate || other.subject() != name);
            if is_top && !names.contains(&name) {
                names.push(name);
            }
        }
        for name in names {
            let (Some(subject), Some(key)) = (value_of(name), value_of(key)) else {
                continue;
            };
            candidates.push(Candidate {
                anchor: TrustAnchor {
                    subject: subject.into(),
                    subject_public_key_info: key.into(),
                    name_constraints: None,
                },
                certificate: None,
                record,
            });
        }
    }
}
