//! Certificates in files of a directory of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PublicKeyData};

use crate::program;

static DIRECTORIES: AtomicUsize = AtomicUsize::new(0);

/// A directory that goes away with this.
pub(crate) struct Files {
    directory: PathBuf,
}

impl Files {
    /// The files `leaf.pem`, `middle.pem` and `root.pem`, each with one certificate, `chain.pem` with all three, and
    /// `key.pem` with the key of the first, which bears the name `mx.example.com`. `common.pem` is such a chain without the
    /// root; there the first certificate has that name as its common name alone.
    pub(crate) fn new() -> Self {
        let number = DIRECTORIES.fetch_add(1, Ordering::Relaxed);
        let name = format!("smtp-dane-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir(&directory).unwrap();
        let files = Self { directory };

        let keys = [(); 3].map(|()| KeyPair::generate().unwrap());
        let [root_key, middle_key, key] = keys;
        let public = pem("PUBLIC KEY", &key.subject_public_key_info());
        let root_params = authority("Test root");
        let root = root_params.self_signed(&root_key).unwrap();
        let root_issuer = Issuer::new(root_params, root_key);
        let middle_params = authority("Test intermediate");
        let middle = middle_params.signed_by(&middle_key, &root_issuer).unwrap();
        let middle_issuer = Issuer::new(middle_params, middle_key);
        let params = CertificateParams::new(["mx.example.com".to_owned()]).unwrap();
        let leaf = params.signed_by(&key, &middle_issuer).unwrap();
        let [leaf, middle, root] =
            [&leaf, &middle, &root].map(|signed| pem("CERTIFICATE", signed.der()));
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params
            .distinguished_name
            .push(DnType::CommonName, "mx.example.com");
        let common = params.signed_by(&key, &middle_issuer).unwrap();
        let common = pem("CERTIFICATE", common.der());

        files.write(
            "chain.pem",
            &[&leaf, &middle, &root].map(String::as_str).concat(),
        );
        files.write("common.pem", &(common + &middle));
        for (name, text) in [
            ("leaf.pem", leaf),
            ("middle.pem", middle),
            ("root.pem", root),
            ("key.pem", public),
        ] {
            files.write(name, &text);
        }
        files
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.directory.join(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.directory.join(name)).unwrap()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.directory
    }

    /// The program with its words parted by `|`, in this directory.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = program();
        command.current_dir(self.path()).args(line.split('|'));
        command
    }

    pub(crate) fn run(&self, line: &str) -> Output {
        self.command(line).output().unwrap()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.directory);
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// A block of RFC 7468.
pub(crate) fn pem(label: &str, octets: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in octets.chunks(48) {
        for three in line.chunks(3) {
            let octet = |place: usize| u32::from(three.get(place).copied().unwrap_or_default());
            let bits = octet(0) << 16 | octet(1) << 8 | octet(2);
            for place in 0..4 {
                let digit = usize::try_from(bits >> (18 - 6 * place) & 63).unwrap();
                let digit = char::from(*DIGITS.get(digit).unwrap());
                text.push(if place > three.len() { '=' } else { digit });
            }
        }
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}
