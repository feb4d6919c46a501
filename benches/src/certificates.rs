//! Certificates: the same for everybody who is measured.

use pki_types::pem::PemObject;
use pki_types::{CertificateDer, UnixTime};
use rcgen::{CertificateParams, KeyPair};
use smtp_dane::cert::RawCertificate;
use smtp_dane::tlsa::{MatchingType, Record, Role, Selector, Usage, sha256};
use smtp_dane::{Authentication, Policy};

use crate::messages::name;

/// A server's certificate, what issued it, and the root.
#[derive(Clone, Debug)]
pub struct Chain(pub [CertificateDer<'static>; 3]);

impl Chain {
    /// All keys are P-256.
    ///
    /// # Panics
    /// Never: the files are good ones.
    #[must_use]
    pub fn p256() -> Self {
        let mut chain = CertificateDer::pem_slice_iter(include_bytes!(
            "../../tests/data/chains/mx1-with-root.pem"
        ));
        Self([(); 3].map(|()| chain.next().expect("three of them").expect("a good one")))
    }

    /// All keys are RSA of 2048 bits.
    #[must_use]
    pub fn rsa() -> Self {
        Self([
            CertificateDer::from(&include_bytes!("../../tests/data/rsa-server.der")[..]),
            CertificateDer::from(&include_bytes!("../../tests/data/rsa-issuer.der")[..]),
            CertificateDer::from(&include_bytes!("../../tests/data/rsa-root.der")[..]),
        ])
    }

    /// The name of the server.
    #[must_use]
    pub fn host(&self) -> &'static str {
        if *self.0[0] == *include_bytes!("../../tests/data/rsa-server.der") {
            "mx.example.com"
        } else {
            "mx1.example.com"
        }
    }
}

/// When all of them are in date: 2026-01-01.
#[must_use]
pub fn now() -> UnixTime {
    UnixTime::since_unix_epoch(core::time::Duration::from_secs(1_767_225_600))
}

/// The octets of its public key.
///
/// # Panics
/// If the certificate cannot be read.
#[must_use]
pub fn public_key<'a>(certificate: &'a CertificateDer<'_>) -> &'a [u8] {
    RawCertificate::parse(certificate)
        .expect("a good certificate")
        .subject_public_key_info()
}

/// A record with the SHA-256 of what the selector picks.
#[must_use]
pub fn record(usage: Usage, selector: Selector, certificate: &CertificateDer<'_>) -> Record {
    let data = if selector == Selector::SPKI {
        public_key(certificate)
    } else {
        certificate
    };
    Record::new(usage, selector, MatchingType::SHA2_256, &sha256(data))
}

/// What these records demand of a host.
///
/// # Panics
/// If none of them is usable.
#[must_use]
pub fn authentication(hosts: &[&str], records: Vec<Record>) -> Authentication {
    let mut names = hosts.iter().map(|host| name(host));
    let base = names.next().expect("a host");
    Authentication::from_vouched_records(base, names, records, Role::Relay, &Policy::default())
        .expect("usable records")
}

/// A root, and a server's certificate below it that bears `count` names, none of which is looked for but the last.
///
/// # Panics
/// Never: the parameters are good ones.
#[must_use]
pub fn of_many_names(count: usize) -> [CertificateDer<'static>; 2] {
    let root_key = KeyPair::generate().expect("a key");
    let mut root = CertificateParams::default();
    root.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = rcgen::CertifiedIssuer::self_signed(root, root_key).expect("a root");
    let mut names: Vec<_> = (1..count)
        .map(|number| format!("host{number}.example.org"))
        .collect();
    names.push("mx.example.com".to_owned());
    let key = KeyPair::generate().expect("a key");
    let leaf = CertificateParams::new(names)
        .expect("good names")
        .signed_by(&key, &root)
        .expect("a certificate");
    [leaf.der().clone(), root.der().clone()]
}
