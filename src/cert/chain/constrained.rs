//! Usages 0 and 1: a path to a public root that records constrain (RFC 6698 §2.1.1).

use core::cell::Cell;

use pki_types::{CertificateDer, TrustAnchor};
use webpki::VerifiedPath;

use super::{Found, Handshake, find_path};
use crate::cert::RawCertificate;
use crate::tlsa::{Selected, UsableRecord, UsableUsage};
use crate::verify::VerifyError;

/// Looks for a path to a public root that a record of usage 0 or 1 constrains (RFC 6698 §2.1.1): usage 1 names the server's
/// certificate, usage 0 an authority in the path. An authority that matches does not end the path, which must go on to a
/// root (RFC 7671 §5.4).
pub(crate) fn find_constrained<'r>(
    handshake: Handshake<'_>,
    records: &'r [UsableRecord],
    roots: &[TrustAnchor<'_>],
) -> Result<(&'r UsableRecord, usize), VerifyError> {
    let matching = |usage, certificate: &[u8]| {
        let key = RawCertificate::parse(certificate).ok();
        let key = key.map(|certificate| certificate.subject_public_key_info());
        let mut selected = Selected::new(Some(certificate), key);
        let mut of_usage = records.iter().filter(move |record| record.usage() == usage);
        of_usage.find(|record| selected.matches(record))
    };
    if let Some(record) = matching(UsableUsage::PkixEe, handshake.leaf) {
        find_path(handshake, roots, &|_, _| Ok(()))?;
        return Ok((record, 0));
    }
    if !records
        .iter()
        .any(|record| record.usage() == UsableUsage::PkixTa)
    {
        return Err(VerifyError::NoRecordMatched);
    }
    let constrained = Cell::new(None);
    let accept = |found: Found, path: &VerifiedPath<'_>| {
        for (below, certificate) in path.intermediate_certificates().enumerate() {
            if let Some(record) = matching(UsableUsage::PkixTa, &certificate.der()) {
                constrained.set(Some((record, below + 1)));
                return Ok(());
            }
        }
        // A root is known by its name and key; a certificate of it, or more than one, may have been sent along.
        let is_root = |certificate: &&CertificateDer<'_>| {
            webpki::anchor_from_trusted_cert(certificate)
                .is_ok_and(|anchor| Some(&anchor) == roots.get(found.anchor))
        };
        let mut sent = handshake.others.iter().filter(is_root);
        let record = sent
            .find_map(|root| matching(UsableUsage::PkixTa, root))
            .or_else(|| {
                let key = webpki::spki_for_anchor(path.anchor());
                let mut selected = Selected::new(None, Some(&key));
                let mut of_usage = records
                    .iter()
                    .filter(|record| record.usage() == UsableUsage::PkixTa);
                of_usage.find(|record| selected.matches(record))
            });
        constrained.set(Some((
            record.ok_or(VerifyError::NoRecordMatched)?,
            found.between + 1,
        )));
        Ok(())
    };
    find_path(handshake, roots, &accept)?;
    constrained.get().ok_or(VerifyError::NoRecordMatched)
}
