//! Authorities and the certificates that they issue, made anew for each test, and those of `tests/data`.

use std::time::Duration;

use pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use rcgen::date_time_ymd;
use rcgen::{BasicConstraints, CertificateParams, CustomExtension, DnType, GeneralSubtree, IsCa};
use rcgen::{Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PublicKeyData, SigningKey};
use rustls::crypto::ring;
use smtp_dane::tlsa::{Record, Role};
use smtp_dane::{Authentication, Name, Policy, Verified, VerifyError};

use super::der::{BIT_STRING, parts, sequence, tlv};
use super::name;
use super::world::NOW;

pub const HOST: &str = "mx.example.com";

/// A certificate with its key, so that it can issue others.
pub struct Authority {
    params: CertificateParams,
    pub key: KeyPair,
    pub der: Vec<u8>,
}

impl Authority {
    pub fn root() -> Self {
        Self::root_with("Root", |_| ())
    }

    /// A self-signed one; `change` is done to what would be in good order.
    pub fn root_with(common_name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let (params, key) = (authority(common_name, change), new_key());
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Self { params, key, der }
    }

    /// An authority below this one.
    pub fn below(&self, common_name: &str) -> Self {
        self.below_with(common_name, |_| ())
    }

    pub fn below_with(
        &self,
        common_name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        let (params, key) = (authority(common_name, change), new_key());
        let der = self.sign(&params, &key);
        Self { params, key, der }
    }

    /// Another certificate for the name and the key of `other`, issued by this authority.
    pub fn cross_sign(&self, other: &Self, change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let mut params = other.params.clone();
        change(&mut params);
        self.sign(&params, &other.key)
    }

    /// Another self-signed certificate with this name and this key.
    pub fn again(&self, change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let mut params = self.params.clone();
        change(&mut params);
        params.self_signed(&self.key).unwrap().der().to_vec()
    }

    /// A certificate for [`HOST`].
    pub fn server(&self) -> Vec<u8> {
        self.server_with(|_| ())
    }

    pub fn server_with(&self, change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        self.server_for(&new_key(), change)
    }

    pub fn server_for(
        &self,
        key: &impl PublicKeyData,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Vec<u8> {
        let mut params = CertificateParams::new([HOST.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "server");
        change(&mut params);
        self.sign(&params, key)
    }

    /// A certificate of this authority with other fields, for what no library would make, and signed as it stands.
    pub fn sign_changed(
        &self,
        certificate: &[u8],
        change: impl FnOnce(&mut Vec<Vec<u8>>),
    ) -> Vec<u8> {
        let outer = parts(certificate);
        let mut fields = parts(&outer[0]);
        change(&mut fields);
        let fields = sequence(&fields);
        // No bit of the last octet is unused.
        let signature = [&[0], self.key.sign(&fields).unwrap().as_slice()].concat();
        sequence(&[fields, outer[1].clone(), tlv(BIT_STRING, &signature)])
    }

    fn sign(&self, params: &CertificateParams, key: &impl PublicKeyData) -> Vec<u8> {
        let issuer = Issuer::from_params(&self.params, &self.key);
        params.signed_by(key, &issuer).unwrap().der().to_vec()
    }
}

/// The server, two authorities, and the anchor: every certificate of a chain of four.
pub struct Four {
    pub root: Authority,
    pub issuer: Authority,
    pub sub: Authority,
    pub server: Vec<u8>,
}

impl Four {
    pub fn sound() -> Self {
        let root = Authority::root();
        let issuer = root.below("Issuer");
        let sub = issuer.below("Sub");
        let server = sub.server();
        Self {
            root,
            issuer,
            sub,
            server,
        }
    }

    /// The chain in which the certificate at `depth` is different.
    pub fn chain<'a>(&'a self, depth: usize, other: &'a [u8]) -> [&'a [u8]; 4] {
        let mut chain = [
            self.server.as_slice(),
            &self.sub.der,
            &self.issuer.der,
            &self.root.der,
        ];
        chain[depth] = other;
        chain
    }

    /// Makes the server's certificate or an authority between it and the anchor anew, in a way of one's own.
    pub fn changed(&self, depth: usize, change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        match depth {
            0 => self.sub.server_with(change),
            1 => self.issuer.cross_sign(&self.sub, change),
            _ => self.root.cross_sign(&self.issuer, change),
        }
    }
}

pub fn new_key() -> KeyPair {
    KeyPair::generate().unwrap()
}

fn authority(common_name: &str, change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    change(&mut params);
    params
}

pub fn expired(params: &mut CertificateParams) {
    params.not_after = date_time_ymd(2025, 12, 31);
}

pub fn not_yet_valid(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2026, 1, 2);
}

pub fn path_length(length: u8) -> impl Fn(&mut CertificateParams) {
    move |params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(length))
}

pub fn no_authority(params: &mut CertificateParams) {
    params.is_ca = IsCa::ExplicitNoCa;
}

/// For revocation lists, not for certificates.
pub fn no_cert_sign(params: &mut CertificateParams) {
    params.key_usages = vec![KeyUsagePurpose::CrlSign];
}

pub fn permits(domain: &str) -> impl Fn(&mut CertificateParams) {
    constrains(&[domain], &[])
}

pub fn excludes(domain: &str) -> impl Fn(&mut CertificateParams) {
    constrains(&[], &[domain])
}

fn constrains(permitted: &[&str], excluded: &[&str]) -> impl Fn(&mut CertificateParams) + use<> {
    let subtrees = |domains: &[&str]| -> Vec<GeneralSubtree> {
        let owned = domains.iter().map(|domain| (*domain).to_owned());
        owned.map(GeneralSubtree::DnsName).collect()
    };
    let constraints = NameConstraints {
        permitted_subtrees: subtrees(permitted),
        excluded_subtrees: subtrees(excluded),
    };
    move |params| params.name_constraints = Some(constraints.clone())
}

/// A critical extension that nobody understands.
pub fn unknown_critical(params: &mut CertificateParams) {
    params
        .custom_extensions
        .push(extension(&[1, 3, 6, 1, 99], &[5, 0], true));
}

pub fn extension(identifier: &[u64], value: &[u8], critical: bool) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(identifier, value.to_vec());
    extension.set_criticality(critical);
    extension
}

/// The same certificate with another signature, that nobody made.
pub fn forged(certificate: &[u8]) -> Vec<u8> {
    let mut forged = certificate.to_vec();
    *forged.last_mut().unwrap() ^= 1;
    forged
}

pub fn algorithms() -> &'static [&'static dyn SignatureVerificationAlgorithm] {
    ring::default_provider()
        .signature_verification_algorithms
        .all
}

pub fn at(year: i32, month: u8, day: u8) -> UnixTime {
    let seconds = date_time_ymd(year, month, day).unix_timestamp();
    UnixTime::since_unix_epoch(Duration::from_secs(seconds.try_into().unwrap()))
}

pub fn ders<'a>(chain: &[&'a [u8]]) -> Vec<CertificateDer<'a>> {
    chain.iter().map(|der| CertificateDer::from(*der)).collect()
}

/// What [`HOST`] must prove to a relay, and `example.com` is a name for it, too.
pub fn wanted(records: &[Record], policy: &Policy) -> Authentication {
    wanted_as(&[HOST, "example.com"].map(name), records, policy)
}

pub fn wanted_as(names: &[Name], records: &[Record], policy: &Policy) -> Authentication {
    let (base, others) = names.split_first().unwrap();
    let (others, records) = (others.iter().cloned(), records.to_vec());
    Authentication::from_vouched_records(base.clone(), others, records, Role::Relay, policy)
        .unwrap()
}

pub fn prove(records: &[Record], chain: &[&[u8]]) -> Result<Verified, VerifyError> {
    wanted(records, &Policy::default()).verify(&ders(chain), NOW, algorithms())
}

/// The usage of the record that is met and the depth at which it is.
pub fn met(result: &Result<Verified, VerifyError>) -> Result<(u8, usize), VerifyError> {
    let proof = result.as_ref().map_err(|error| *error)?;
    let usage = proof.record().unwrap().as_rdata()[0];
    Ok((usage, proof.depth()))
}

/// [`prove`] and [`met`] at once.
pub fn judge(records: &[Record], chain: &[&[u8]]) -> Result<(u8, usize), VerifyError> {
    met(&prove(records, chain))
}

macro_rules! data {
    ($($name:ident = $file:literal;)*) => {
        $(pub const $name: &[u8] = include_bytes!(concat!("../data/", $file, ".der"));)*
    };
}

/// The files of `tests/data`, see the README there.
pub mod data {
    data! {
        ED25519_ISSUER = "ed25519-issuer";
        P256_SERVER = "p256-server";
        P384_ROOT = "p384-root";
        P521_ROOT = "p521-root";
        P521_SERVER = "p521-server";
        PSS_SERVER = "pss-server";
        RSA_ISSUER = "rsa-issuer";
        RSA_ROOT = "rsa-root";
        RSA_ROOT_CROSS = "rsa-root-cross";
        RSA_SERVER = "rsa-server";
        RSA_SUB = "rsa-sub";
        SHA1_SERVER = "sha1-server";
        V1_ISSUER = "v1-issuer";
        V1_ISSUER_SERVER = "v1-issuer-server";
        V1_ROOT = "v1-root";
        V1_ROOT_SERVER = "v1-root-server";
        V1_SERVER = "v1-server";
        WEAK_ROOT = "weak-root";
        WEAK_SERVER = "weak-server";
    }
}
