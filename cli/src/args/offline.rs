//! The arguments of the commands that need no network.

use core::num::NonZeroU16;
use std::path::PathBuf;

use clap::ValueEnum;
use serde::Deserialize;
use smtp_dane::resolve::SMTP_PORT;
use smtp_dane::tlsa::{MatchingType, Record, Selector, Usage};
use smtp_dane::{CnId, Name};
use tokio_rustls::rustls::pki_types::UnixTime;

use super::value::{self, ChainSource};
use crate::input::tlsa;

/// The arguments of `verify`.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// What the server presents, in PEM: its certificates, its own first, or one PUBLIC KEY block for a raw public key. `-`
    /// is standard input.
    #[arg(value_name = "CHAIN.pem")]
    pub(crate) chain: PathBuf,
    /// The TLSA base domain; it is the first of the names that the certificate may bear.
    #[arg(long, value_name = "NAME")]
    pub(crate) base: Name,
    /// Another name that the certificate may bear, such as the domain of the recipient.
    #[arg(long = "name", value_name = "NAME")]
    pub(crate) names: Vec<Name>,
    /// A TLSA record that was published, as in `3 1 1 0123…`.
    #[arg(
        long,
        value_name = "RECORD",
        value_parser = tlsa::record,
        required_unless_present = "tlsa_file"
    )]
    pub(crate) tlsa: Vec<Record>,
    /// More of them, one a line, in this form or that of zone files.
    #[arg(long, value_name = "FILE")]
    pub(crate) tlsa_file: Option<PathBuf>,
    /// When the certificates must be valid, as in `2026-01-31T12:00:00Z`; now by default.
    #[arg(long, value_name = "RFC3339", value_parser = value::time)]
    pub(crate) time: Option<UnixTime>,
    /// Who verifies.
    #[arg(long, value_enum, default_value_t, value_name = "WHO")]
    pub(crate) profile: ProfileChoice,
    /// The public authorities that usages 0 and 1 demand besides, in PEM; those of the Mozilla root program by default.
    #[arg(long, value_name = "FILE")]
    pub(crate) roots: Option<PathBuf>,
    /// Whether a common name may stand in for a DNS name in the certificate.
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) cn_id: CnIdChoice,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// [`smtp_dane::tlsa::Role`] on the command line.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum ProfileChoice {
    /// A mail server that sends to another one (RFC 7672): usages 0 and 1 are unusable.
    #[default]
    Relay,
    /// A client that hands in mail (RFC 6698, RFC 7671): all four usages.
    Submission,
}

/// [`smtp_dane::CnId`] on the command line.
#[derive(Clone, Copy, Debug, Default, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CnIdChoice {
    /// If the certificate has no DNS name and no other name of a service.
    #[default]
    Fallback,
    /// Not at all.
    Never,
}

impl From<CnIdChoice> for CnId {
    fn from(choice: CnIdChoice) -> Self {
        match choice {
            CnIdChoice::Fallback => Self::Fallback,
            CnIdChoice::Never => Self::Never,
        }
    }
}

/// The arguments of `tlsa`.
#[derive(Debug, clap::Args)]
pub(crate) struct TlsaArgs {
    /// The certificate in PEM, or a PUBLIC KEY block for selector 1; with --chain, the certificates as the server sends
    /// them, its own first. `-` is standard input.
    #[arg(value_name = "CERT.pem")]
    pub(crate) file: PathBuf,
    /// Which certificate the record speaks of: 3 is the server's, 2 an authority's.
    #[arg(long, value_name = "N", default_value = "3", value_parser = value::usage)]
    pub(crate) usage: Usage,
    /// Which part of it: 0 is all of it, 1 its public key.
    #[arg(long, value_name = "N", default_value = "1", value_parser = value::selector)]
    pub(crate) selector: Selector,
    /// How that is written: 0 as it is, 1 as its SHA-256 digest, 2 as its SHA-512 digest.
    #[arg(long, value_name = "N", default_value = "1", value_parser = value::matching)]
    pub(crate) matching: MatchingType,
    /// Two records: 3 1 1 of the server's certificate and 2 1 1 of the one that issued it.
    #[arg(long, conflicts_with_all = ["usage", "selector", "matching"])]
    pub(crate) chain: bool,
    /// The port of the service.
    #[arg(long, value_name = "N", default_value_t = SMTP_PORT, value_parser = value::port)]
    pub(crate) port: NonZeroU16,
    /// The host; without it, the owner is relative to the host's own name.
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Option<Name>,
}

/// The arguments of `replay`.
#[derive(Debug, clap::Args)]
pub(crate) struct ReplayArgs {
    /// Files that describe a network, a delivery and what is expected of it. `-` is standard input.
    #[arg(required = true, value_name = "SCENARIO.json")]
    pub(crate) scenarios: Vec<PathBuf>,
    /// Print one JSON object a file, each on a line of its own.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The arguments of `check-server`.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckServerArgs {
    /// The TLSA base domain: the MX host of which the records are.
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Name,
    /// A domain whose mail comes here by secure MX records; the certificate may bear its name instead of the host's.
    #[arg(long = "next-hop", value_name = "DOMAIN")]
    pub(crate) next_hops: Vec<Name>,
    /// A TLSA record that is published, as in `3 1 1 0123…`.
    #[arg(long, value_name = "RECORD", value_parser = tlsa::record)]
    pub(crate) tlsa: Vec<Record>,
    /// More of them, one a line, in this form or that of zone files.
    #[arg(long, value_name = "FILE")]
    pub(crate) tlsa_file: Option<PathBuf>,
    /// The time to live of the records.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) ttl: Option<u32>,
    /// When the signature of the records expires, as in `2026-01-31T12:00:00Z`.
    #[arg(long, value_name = "RFC3339", value_parser = value::time)]
    pub(crate) signed_until: Option<UnixTime>,
    /// Which clients are offered STARTTLS.
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) starttls: StartTlsChoice,
    /// The certificates that the server sends, its own first, in PEM; with a name in front, those for this server name.
    /// `-` is standard input.
    #[arg(long = "chain", required = true, value_name = "[NAME=]CHAIN.pem")]
    pub(crate) chains: Vec<ChainSource>,
    /// The certificates that it is to send in future, in PEM.
    #[arg(long = "next-chain", value_name = "CHAIN.pem")]
    pub(crate) next_chains: Vec<PathBuf>,
    /// When the certificates must be valid, as in `2026-01-31T12:00:00Z`; now by default.
    #[arg(long, value_name = "RFC3339", value_parser = value::time)]
    pub(crate) time: Option<UnixTime>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// [`smtp_dane::publish::StartTls`] on the command line.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum StartTlsChoice {
    /// All of them.
    #[default]
    Always,
    /// Some, such as those that passed greylisting.
    Sometimes,
    /// None.
    Never,
}
