//! Certificates of the mail servers: each server has a root, an issuer and a certificate of its own.

use std::net::Ipv4Addr;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rcgen::{PublicKeyData, date_time_ymd};
use ring::digest;

use crate::Fallible;
use crate::table::{Part, Server};

/// What one server has.
pub(crate) struct Identity {
    /// Where it listens.
    pub(crate) address: Ipv4Addr,
    /// The certificates that it sends.
    pub(crate) chain: Vec<Vec<u8>>,
    /// The first name in its own certificate.
    pub(crate) name: Option<String>,
    /// The key of its own certificate.
    pub(crate) key: KeyPair,
    server: Certificate,
    issuer: Certificate,
    root: Certificate,
}

struct Certificate {
    der: Vec<u8>,
    key: Vec<u8>,
}

impl Identity {
    /// Makes the certificates that `server` describes.
    pub(crate) fn new(address: Ipv4Addr, server: &Server) -> Fallible<Self> {
        let (root_key, issuer_key, key) = (
            KeyPair::generate()?,
            KeyPair::generate()?,
            KeyPair::generate()?,
        );
        let root_params = params(server, Part::Root)?;
        let issuer_params = params(server, Part::Issuer)?;
        let server_params = params(server, Part::Server)?;
        let made = |part, der: &[u8], key: &KeyPair| {
            let mut der = der.to_vec();
            if server.forged == Some(part)
                && let Some(last) = der.last_mut()
            {
                // The end of the signature.
                *last ^= 1;
            }
            let key = key.subject_public_key_info();
            Certificate { der, key }
        };
        let root = made(
            Part::Root,
            root_params.self_signed(&root_key)?.der(),
            &root_key,
        );
        let above = Issuer::from_params(&root_params, &root_key);
        let issuer = issuer_params.signed_by(&issuer_key, &above)?;
        let issuer = made(Part::Issuer, issuer.der(), &issuer_key);
        let above = Issuer::from_params(&issuer_params, &issuer_key);
        let own = made(
            Part::Server,
            server_params.signed_by(&key, &above)?.der(),
            &key,
        );
        let mut identity = Self {
            address,
            chain: Vec::new(),
            name: server.names.first().cloned(),
            key,
            server: own,
            issuer,
            root,
        };
        let sent = server.sends.iter();
        identity.chain = sent.map(|part| identity.part(*part).der.clone()).collect();
        Ok(identity)
    }

    fn part(&self, part: Part) -> &Certificate {
        match part {
            Part::Server => &self.server,
            Part::Issuer => &self.issuer,
            Part::Root => &self.root,
        }
    }

    /// The data of a TLSA record for a certificate, in hexadecimal digits (RFC 6698 §2.1).
    ///
    /// It is made here and not by the library, so that the two cannot be wrong together.
    pub(crate) fn association(
        &self,
        part: Part,
        selector: &str,
        matching: &str,
    ) -> Fallible<String> {
        let certificate = self.part(part);
        let selected = match selector {
            "0" => &certificate.der,
            "1" => &certificate.key,
            _ => return Err(format!("selector {selector} selects nothing").into()),
        };
        Ok(match matching {
            "0" => hex(selected),
            "1" => hex(digest::digest(&digest::SHA256, selected).as_ref()),
            "2" => hex(digest::digest(&digest::SHA512, selected).as_ref()),
            _ => return Err(format!("matching type {matching} is no digest").into()),
        })
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn params(server: &Server, part: Part) -> Fallible<CertificateParams> {
    let mut params = match part {
        Part::Server => CertificateParams::new(server.names.clone())?,
        Part::Issuer | Part::Root => CertificateParams::default(),
    };
    let first = server.names.first().unwrap_or(&server.common_name);
    let name = match part {
        Part::Server => server.common_name.clone(),
        Part::Issuer => format!("Issuer of {first}"),
        Part::Root => format!("Root of {first}"),
    };
    params.distinguished_name.push(DnType::CommonName, name);
    if part != Part::Server && server.no_authority != Some(part) {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    }
    // Postfix and OpenSSL look at the clock, too, so the dates lie around any day of these years.
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(
        if server.expired == Some(part) {
            2024
        } else {
            2096
        },
        1,
        1,
    );
    Ok(params)
}
