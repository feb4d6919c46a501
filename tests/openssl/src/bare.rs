//! What libssl does with the certificates of a server, without the handshake around it, for those who measure that alone.

use openssl::error::ErrorStack;
use openssl::md::Md;
use openssl::md_ctx::MdCtx;
use openssl::ssl::Ssl;
use openssl::stack::Stack;
use openssl::x509::X509;
use openssl::x509::store::{X509Store, X509StoreBuilder};

use crate::dane;
use crate::libssl::SECURITY_LEVEL;

/// Holds the chains that servers send against what a client demands.
pub struct Verification {
    client: Ssl,
    authorities: X509Store,
}

impl Verification {
    /// As this client would in its handshake, without any authority of its own.
    pub fn new(mut client: Ssl) -> Result<Self, ErrorStack> {
        let level = i32::try_from(SECURITY_LEVEL).expect("a small number");
        // A handshake takes it from the security level of the connection.
        client.param_mut().set_auth_level(level);
        Ok(Self {
            client,
            authorities: X509StoreBuilder::new()?.build(),
        })
    }

    /// Reads the certificates, the server's own first, and verifies them; whether they will do.
    pub fn accepts(&mut self, chain: &[impl AsRef<[u8]>]) -> Result<bool, ErrorStack> {
        let mut sent = Stack::new()?;
        for certificate in chain {
            sent.push(X509::from_der(certificate.as_ref())?)?;
        }
        let Some(leaf) = sent.get(0) else {
            return Ok(false);
        };
        dane::verify(&mut self.client, &self.authorities, leaf, &sent)
    }

    /// How far above the server's certificate the last chain matched, and the RDATA of the record.
    pub fn matched(&self) -> Option<(usize, Vec<u8>)> {
        dane::matched(&self.client)
    }
}

/// The SHA-256 of public keys, by an implementation that is looked up once: left to itself, OpenSSL 3 does so for each digest.
pub struct KeyDigest(Md);

impl KeyDigest {
    /// Looks it up.
    pub fn new() -> Result<Self, ErrorStack> {
        Md::fetch(None, "SHA2-256", None).map(Self)
    }

    /// Reads a certificate, and compares the digest of its key.
    pub fn matches(&self, certificate: &[u8], association: &[u8]) -> Result<bool, ErrorStack> {
        let key = dane::public_key_info(X509::from_der(certificate)?.as_ref());
        let mut digest = [0; 32];
        let mut context = MdCtx::new()?;
        context.digest_init(&self.0)?;
        context.digest_update(&key)?;
        context.digest_final(&mut digest)?;
        Ok(digest == *association)
    }
}
