//! Certificates cut into slices, held against two other readers.
//!
//! Ours judges less than both, for DANE-EE takes what the public PKI refuses. So whatever webpki takes, ours takes; and where
//! one of them finds a public key, it is the same octets.

use pki_types::CertificateDer;
use smtp_dane::cert::RawCertificate;

pub fn run(data: &[u8]) {
    let ours = RawCertificate::parse(data).ok();
    let ours = ours.map(|certificate| {
        assert_eq!(certificate.as_der(), data);
        certificate.subject_public_key_info()
    });
    if let Some(key) = ours {
        assert!(data.windows(key.len()).any(|part| part == key));
    }
    let whole = CertificateDer::from(data);
    if let Ok(theirs) = webpki::EndEntityCert::try_from(&whole) {
        let key = theirs.subject_public_key_info();
        assert_eq!(ours, Some(key.as_ref()), "webpki");
    }
    // x509-parser reads some octets that are no DER, such as long lengths; ours may refuse those.
    if let (Some(ours), Some(theirs)) = (ours, key_of(data)) {
        assert_eq!(ours, theirs, "x509-parser");
    }
}

/// The `SubjectPublicKeyInfo` of a certificate, found by other hands than ours.
pub(crate) fn key_of(certificate: &[u8]) -> Option<&[u8]> {
    let (rest, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    rest.is_empty()
        .then_some(parsed.tbs_certificate.subject_pki.raw)
}
