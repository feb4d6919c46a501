//! Certificates of the lab's mail servers, made fresh at each start.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, Error, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// What a server presents in the TLS handshake, and its key.
#[derive(Debug)]
pub(crate) struct Identity {
    /// The certificates as they are sent, the server's own first.
    pub(crate) chain: Vec<CertificateDer<'static>>,
    /// The key of the first certificate.
    pub(crate) key: PrivateKeyDer<'static>,
    /// The certificate at the top of the path, whether it is sent or not.
    pub(crate) root: CertificateDer<'static>,
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Self {
            chain: self.chain.clone(),
            key: self.key.clone_key(),
            root: self.root.clone(),
        }
    }
}

impl Identity {
    /// A certificate that signed itself, for DANE-EE.
    ///
    /// # Errors
    ///
    /// If a name cannot stand in a certificate or no key can be made.
    pub(crate) fn self_signed(names: &[&str]) -> Result<Self, Error> {
        let key = KeyPair::generate()?;
        let certificate = leaf(names)?.self_signed(&key)?;
        Ok(Self {
            chain: vec![certificate.der().clone()],
            key: private(&key),
            root: certificate.der().clone(),
        })
    }

    /// A certificate under an intermediate under a root, for DANE-TA: the chain has all three, the root last.
    ///
    /// # Errors
    ///
    /// If a name cannot stand in a certificate or no key can be made.
    pub(crate) fn issued(names: &[&str]) -> Result<Self, Error> {
        let (root_key, middle_key, key) = (
            KeyPair::generate()?,
            KeyPair::generate()?,
            KeyPair::generate()?,
        );
        let root_params = authority("Lab root")?;
        let root = root_params.self_signed(&root_key)?;
        let root_issuer = Issuer::new(root_params, root_key);
        let middle_params = authority("Lab intermediate")?;
        let middle = middle_params.signed_by(&middle_key, &root_issuer)?;
        let middle_issuer = Issuer::new(middle_params, middle_key);
        let certificate = leaf(names)?.signed_by(&key, &middle_issuer)?;
        Ok(Self {
            chain: [&certificate, &middle, &root]
                .map(|signed| signed.der().clone())
                .to_vec(),
            key: private(&key),
            root: root.der().clone(),
        })
    }

    /// The same, but the root is not sent.
    pub(crate) fn without_root(mut self) -> Self {
        self.chain.retain(|certificate| *certificate != self.root);
        self
    }
}

fn leaf(names: &[&str]) -> Result<CertificateParams, Error> {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names)?;
    params
        .distinguished_name
        .push(DnType::CommonName, "Lab mail server");
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn authority(name: &str) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn private(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivatePkcs8KeyDer::from(key.serialize_der()).into()
}
