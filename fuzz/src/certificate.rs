//! Certificates cut into slices, held against two other readers.
//!
//! Ours judges less than both, for DANE-EE takes what the public PKI refuses. So whatever webpki takes, ours takes, but for a
//! public key that is none; and where others find a public key, it is the same octets.

use pki_types::CertificateDer;
use smtp_dane::cert::{CertificateError, RawCertificate};

pub fn run(data: &[u8]) {
    let ours = RawCertificate::parse(data).map(|certificate| {
        assert_eq!(certificate.as_der(), data);
        certificate.subject_public_key_info()
    });
    if let Ok(key) = ours {
        assert!(data.windows(key.len()).any(|part| part == key));
    }
    let whole = CertificateDer::from(data);
    if let Ok(theirs) = webpki::EndEntityCert::try_from(&whole) {
        let key = theirs.subject_public_key_info();
        match ours {
            Ok(ours) => assert_eq!(ours, key.as_ref(), "webpki"),
            // webpki looks into the key only when a signature is checked by it; RFC 5280 §4.1.2.7.
            Err(error) => assert_eq!(error, CertificateError::PublicKey),
        }
    }
    // x509-parser reads some octets that are no DER, such as long lengths; ours may refuse those.
    if let (Ok(ours), Some(theirs)) = (ours, key_of(data)) {
        assert_eq!(ours, theirs, "x509-parser");
    }
}

/// The `SubjectPublicKeyInfo` of a certificate, found by other hands than ours.
pub(crate) fn key_of(certificate: &[u8]) -> Option<&[u8]> {
    let (rest, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    rest.is_empty()
        .then_some(parsed.tbs_certificate.subject_pki.raw)
}
