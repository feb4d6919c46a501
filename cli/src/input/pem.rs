//! Certificates and public keys in PEM (RFC 7468).

use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::pem::{Error, PemObject, SectionKind};
use tokio_rustls::rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer, TrustAnchor};

use super::File;
use crate::exit::Ending;

/// A block that is of interest here. What is in it has not been looked at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Block {
    /// Which block of the file it is, from 1.
    pub(crate) number: usize,
    pub(crate) content: Content,
}

/// What a block says that it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Content {
    Certificate(CertificateDer<'static>),
    PublicKey(SubjectPublicKeyInfoDer<'static>),
}

/// What a server presents in the handshake.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Presented {
    /// Certificates, its own first.
    Certificates(Vec<CertificateDer<'static>>),
    /// A raw public key (RFC 7250).
    RawPublicKey(SubjectPublicKeyInfoDer<'static>),
}

impl File {
    /// The certificates and public keys, at least one. Other blocks are passed over: many mail servers have their private
    /// keys in the same file.
    ///
    /// # Errors
    /// [`Ending::Unusable`] if a block cannot be read, or there is none.
    pub(crate) fn blocks(&self) -> Result<Vec<Block>, Ending> {
        let mut blocks = Vec::new();
        for (number, section) in (1..).zip(<(SectionKind, Vec<u8>)>::pem_slice_iter(&self.octets)) {
            let (kind, octets) = section
                .map_err(|error| self.unusable_at(&format!("block {number}"), &why(&error)))?;
            let content = match kind {
                SectionKind::Certificate => Content::Certificate(octets.into()),
                SectionKind::PublicKey => Content::PublicKey(octets.into()),
                _ => continue,
            };
            blocks.push(Block { number, content });
        }
        if blocks.is_empty() {
            return Err(self.unusable(&"there is no CERTIFICATE or PUBLIC KEY block in it"));
        }
        Ok(blocks)
    }

    /// The certificates of a server, or its one raw public key.
    ///
    /// # Errors
    /// [`Ending::Unusable`] as [`Self::blocks`], or if the file is a mixture of both.
    pub(crate) fn presented(&self) -> Result<Presented, Ending> {
        let blocks = self.blocks()?;
        if let [
            Block {
                content: Content::PublicKey(key),
                ..
            },
        ] = blocks.as_slice()
        {
            return Ok(Presented::RawPublicKey(key.clone()));
        }
        self.certificates(&blocks, "a public key must be the only block")
            .map(Presented::Certificates)
    }

    /// The public authorities in the file.
    ///
    /// # Errors
    /// [`Ending::Unusable`] as [`Self::blocks`], or if a block is no certificate.
    pub(crate) fn roots(&self) -> Result<Vec<TrustAnchor<'static>>, Ending> {
        let blocks = self.blocks()?;
        let mut store = RootCertStore::empty();
        let certificates = self.certificates(&blocks, "it is no certificate")?;
        for (block, certificate) in blocks.iter().zip(certificates) {
            let place = format!("block {}", block.number);
            let added = store.add(certificate);
            added.map_err(|error| self.unusable_at(&place, &error))?;
        }
        Ok(store.roots)
    }

    /// All blocks as certificates.
    ///
    /// # Errors
    /// [`Ending::Unusable`] with `why_not` if one of them is a public key.
    pub(crate) fn certificates(
        &self,
        blocks: &[Block],
        why_not: &str,
    ) -> Result<Vec<CertificateDer<'static>>, Ending> {
        let certificate = |block: &Block| match &block.content {
            Content::Certificate(certificate) => Ok(certificate.clone()),
            Content::PublicKey(_) => {
                Err(self.unusable_at(&format!("block {}", block.number), &why_not))
            }
        };
        blocks.iter().map(certificate).collect()
    }
}

fn why(error: &Error) -> String {
    match error {
        Error::MissingSectionEnd { end_marker } => {
            let label = String::from_utf8_lossy(end_marker);
            format!("its last line, -----END {label}-----, is missing")
        }
        Error::IllegalSectionStart { .. } => {
            "its first line does not end in five hyphens".to_owned()
        }
        Error::Base64Decode(_) => "what is in it is not base64".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n";
    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";

    fn presented(text: &str) -> Result<Presented, String> {
        let presented = File::of(text.as_bytes()).presented();
        presented.map_err(|ending| ending.to_string())
    }

    #[test]
    fn chains_and_keys() {
        let octets = vec![0x30, 0];
        let certificate = CertificateDer::from(octets.clone());
        let text = format!("subject=x\r\n{PRIVATE}{CERTIFICATE}\nnotes\n{CERTIFICATE}");
        let chain = vec![certificate; 2];
        assert_eq!(
            presented(&text.replace('\n', "\r\n")),
            Ok(Presented::Certificates(chain))
        );
        let key = SubjectPublicKeyInfoDer::from(octets);
        assert_eq!(presented(KEY), Ok(Presented::RawPublicKey(key)));
    }

    #[test]
    fn the_block_that_is_wrong_is_named() {
        let unended = "-----BEGIN CERTIFICATE-----\nMAA=\n";
        let unstarted = "-----BEGIN CERTIFICATE--\nMAA=\n-----END CERTIFICATE-----\n";
        let garbled = CERTIFICATE.replace("MAA=", "MA*=");
        for (text, said) in [
            (String::new(), "file: there is no CERTIFICATE"),
            (PRIVATE.to_owned(), "file: there is no CERTIFICATE"),
            ("0\u{82}".to_owned(), "file: there is no CERTIFICATE"),
            (
                format!("{CERTIFICATE}{unended}"),
                "file, block 2: its last line",
            ),
            (unstarted.to_owned(), "file, block 1: its first line"),
            (
                format!("{PRIVATE}{CERTIFICATE}{garbled}"),
                "file, block 3: what is in it",
            ),
            (
                format!("{CERTIFICATE}{KEY}"),
                "file, block 2: a public key must",
            ),
            (format!("{KEY}{KEY}"), "file, block 1: a public key must"),
        ] {
            let error = presented(&text).err().unwrap_or_default();
            assert!(error.starts_with(said), "{error}");
            assert_eq!(error.lines().count(), 1);
        }
        let roots = File::of(CERTIFICATE.as_bytes()).roots();
        let error = roots.err().map(|ending| ending.to_string());
        assert!(error.is_some_and(|error| error.starts_with("file, block 1: ")));
    }
}
