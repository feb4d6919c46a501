//! Certificates and keys that a scenario names: as text, or in files beside it.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer, TrustAnchor};

use crate::exit::Ending;
use crate::input::File;
use crate::input::pem::Presented;

/// How each certificate in DER begins, and no PEM: a SEQUENCE.
const DER_SEQUENCE: u8 = 0x30;

/// How a block of PEM begins.
const PEM_BEGIN: &str = "-----BEGIN";

/// PEM text, a file, or several of them one after the other.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "it is neither PEM text, nor the path of a file, nor a list of these"
)]
pub(super) enum Sources {
    /// One of them.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Sources {
    fn as_slice(&self) -> &[String] {
        match self {
            Self::One(source) => core::slice::from_ref(source),
            Self::Many(sources) => sources,
        }
    }
}

/// Reads what a scenario names.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    scenario: &'a File,
    directory: Option<PathBuf>,
}

impl<'a> Reader<'a> {
    /// Paths are relative to `directory`; without one there are no files to name.
    pub(super) fn new(scenario: &'a File, directory: Option<&Path>) -> Self {
        Self {
            scenario,
            directory: directory.map(Path::to_owned),
        }
    }

    /// The scenario, for complaints about it.
    pub(super) const fn scenario(&self) -> &File {
        self.scenario
    }

    /// The certificates of all sources in order.
    ///
    /// # Errors
    /// [`Ending::Unusable`] with `place` if one of them cannot be used.
    pub(super) fn certificates(
        &self,
        place: &str,
        sources: &Sources,
    ) -> Result<Vec<CertificateDer<'static>>, Ending> {
        let mut certificates = Vec::new();
        for source in sources.as_slice() {
            let file = self.open(place, source)?;
            if file.octets().first() == Some(&DER_SEQUENCE) {
                certificates.push(file.octets().to_vec().into());
                continue;
            }
            let blocks = file.blocks().map_err(|ending| self.at(place, ending))?;
            let of_file = file.certificates(&blocks, "it is no certificate");
            certificates.extend(of_file.map_err(|ending| self.at(place, ending))?);
        }
        Ok(certificates)
    }

    /// The same as public authorities.
    ///
    /// # Errors
    /// As [`Self::certificates`].
    pub(super) fn roots(
        &self,
        place: &str,
        sources: &Sources,
    ) -> Result<Vec<TrustAnchor<'static>>, Ending> {
        let mut store = RootCertStore::empty();
        for certificate in self.certificates(place, sources)? {
            let added = store.add(certificate);
            added.map_err(|error| self.scenario.unusable_at(&place, &error))?;
        }
        Ok(store.roots)
    }

    /// A raw public key.
    ///
    /// # Errors
    /// [`Ending::Unusable`] with `place` if there is none.
    pub(super) fn key(
        &self,
        place: &str,
        source: &str,
    ) -> Result<SubjectPublicKeyInfoDer<'static>, Ending> {
        let file = self.open(place, source)?;
        if file.octets().first() == Some(&DER_SEQUENCE) {
            return Ok(file.octets().to_vec().into());
        }
        match file.presented().map_err(|ending| self.at(place, ending))? {
            Presented::RawPublicKey(key) => Ok(key),
            Presented::Certificates(_) => {
                let why = "it is a certificate, and no PUBLIC KEY block";
                Err(self.scenario.unusable_at(&place, &why))
            }
        }
    }

    fn open(&self, place: &str, source: &str) -> Result<File, Ending> {
        if source.contains(PEM_BEGIN) {
            return Ok(File::within("PEM text".to_owned(), source.as_bytes()));
        }
        let Some(directory) = &self.directory else {
            let why = "it is no PEM text, and this scenario can name no files";
            return Err(self.scenario.unusable_at(&place, &why));
        };
        let file = File::read(&directory.join(source));
        file.map_err(|ending| self.at(place, ending))
    }

    /// Says which field of the scenario led to a complaint.
    fn at(&self, place: &str, ending: Ending) -> Ending {
        match ending {
            Ending::Unusable(line) => self.scenario.unusable_at(&place, &line),
            other => other,
        }
    }
}
