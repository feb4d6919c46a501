//! Certificates: the same for everybody who is measured.

use pki_types::pem::PemObject;
use pki_types::{AlgorithmIdentifier, CertificateDer, InvalidSignature, PrivatePkcs8KeyDer};
use pki_types::{SignatureVerificationAlgorithm, UnixTime, alg_id};
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use smtp_dane::cert::RawCertificate;
use smtp_dane::tlsa::{MatchingType, Record, Role, Selector, Usage, sha256};
use smtp_dane::{Authentication, Policy};
use webpki::ALL_VERIFICATION_ALGS;

use crate::messages::{name, strange_records};

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

/// Holds a chain against what is demanded; whether it will do.
#[must_use]
pub fn verify(wanted: &Authentication, chain: &[CertificateDer<'_>]) -> bool {
    wanted.verify(chain, now(), ALL_VERIFICATION_ALGS).is_ok()
}

/// The same, with every signature taken for a good one.
#[must_use]
pub fn verify_unsigned(wanted: &Authentication, chain: &[CertificateDer<'_>]) -> bool {
    wanted.verify(chain, now(), UNSIGNED).is_ok()
}

/// Algorithms to which every signature is good: what they leave is the work around the signatures.
pub static UNSIGNED: &[&dyn SignatureVerificationAlgorithm] = &[
    &Unsigned(alg_id::ECDSA_P256, alg_id::ECDSA_SHA256),
    &Unsigned(alg_id::ED25519, alg_id::ED25519),
];

/// One for keys and signatures of these kinds.
#[derive(Debug)]
struct Unsigned(AlgorithmIdentifier, AlgorithmIdentifier);

impl SignatureVerificationAlgorithm for Unsigned {
    fn verify_signature(&self, _: &[u8], _: &[u8], _: &[u8]) -> Result<(), InvalidSignature> {
        Ok(())
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.0
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.1
    }
}

/// The most records and certificates that are looked at, and none of them matches.
#[must_use]
pub fn strangers() -> (Authentication, Vec<CertificateDer<'static>>) {
    let chain: Vec<_> = (0..8).flat_map(|_| of_many_names(1)).collect();
    // Both usages and both selectors, sixteen records each.
    let usage = |(number, rdata): (usize, Vec<u8>)| {
        let fields = [2 + u8::from(number % 2 == 0), u8::from(number % 4 < 2), 1];
        Record::from_rdata(&[&fields, &rdata[3..]].concat())
    };
    let records = strange_records(64).into_iter().enumerate().map(usage);
    (
        authentication(&["mx.example.com"], records.collect()),
        chain,
    )
}

/// The names that a certificate [`of_many_names`] is held against: only the last one stands in it.
pub const REFERENCES: [&str; 3] = ["a.example.net", "b.example.net", "mx.example.com"];

/// A root, and a server's certificate below it that bears `count` names, none of which is looked for but the last. It is the same
/// in each run, octet by octet.
///
/// # Panics
/// Never: the parameters are good ones.
#[must_use]
pub fn of_many_names(count: usize) -> [CertificateDer<'static>; 2] {
    let mut root = CertificateParams::default();
    root.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(root, key(1)).expect("a root");
    let mut names: Vec<_> = (1..count)
        .map(|number| format!("host{number}.example.org"))
        .collect();
    names.push("mx.example.com".to_owned());
    let leaf = CertificateParams::new(names)
        .expect("good names")
        .signed_by(&key(2), &root)
        .expect("a certificate");
    [leaf.der().clone(), root.der().clone()]
}

/// A server's certificate, this many authorities one above the other, and the root: each behind the one that it issued.
///
/// # Panics
/// Never: the parameters are good ones.
#[must_use]
pub fn of_authorities(count: u8) -> Vec<CertificateDer<'static>> {
    let authority = |number: u8| {
        let mut authority = CertificateParams::default();
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let common_name = format!("Authority {number}");
        authority
            .distinguished_name
            .push(rcgen::DnType::CommonName, common_name);
        authority
    };
    let root = CertifiedIssuer::self_signed(authority(0), key(1)).expect("a root");
    let mut chain = vec![root.der().clone()];
    let mut issuer = root;
    for number in 1..=count {
        issuer = CertifiedIssuer::signed_by(authority(number), key(2 + number), &issuer)
            .expect("an authority");
        chain.push(issuer.der().clone());
    }
    let leaf = CertificateParams::new(vec!["mx.example.com".to_owned()])
        .expect("a good name")
        .signed_by(&key(2), &issuer)
        .expect("a certificate");
    chain.push(leaf.der().clone());
    chain.reverse();
    chain
}

/// An Ed25519 key out of one octet: for such a key, signatures are no matter of chance.
fn key(seed: u8) -> KeyPair {
    // PKCS #8 (RFC 8410 §7): the algorithm 1.3.101.112, and the key in an octet string.
    let head = [
        0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
    ];
    let key = PrivatePkcs8KeyDer::from([&head[..], &[seed; 32]].concat());
    KeyPair::from_pkcs8_der_and_sign_algo(&key, &rcgen::PKCS_ED25519).expect("a key")
}
