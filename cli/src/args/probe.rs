//! The arguments of `probe`.

use core::net::SocketAddr;
use core::num::NonZeroU16;
use core::time::Duration;
use std::path::PathBuf;

use clap::ValueEnum;
use serde::Deserialize;
use smtp_dane::{AddressFamily, DaneMode, Identity, InsecureMx, MxAlias};

use super::value::{self, Source};

/// The arguments of `probe`.
#[derive(Debug, clap::Args)]
pub(crate) struct ProbeArgs {
    /// Domains, addresses as `[192.0.2.1]` or `[IPv6:2001:db8::1]`, or `-` to read them from standard input, one a line; with
    /// `-`, results come in the order in which they are had.
    #[arg(required = true, value_name = "DOMAIN")]
    pub(crate) domains: Vec<Source>,
    /// A validating resolver, whose AD bit is believed; without it, the system's.
    #[arg(long, value_name = "IP[:PORT]", value_parser = value::resolver)]
    pub(crate) resolver: Option<SocketAddr>,
    /// Validate DNSSEC here instead of believing the resolver.
    #[arg(long)]
    pub(crate) validate: bool,
    /// DNSKEY or DS records to validate from, instead of the Internet's root keys.
    #[arg(long, value_name = "FILE", requires = "validate")]
    pub(crate) trust_anchor: Option<PathBuf>,
    /// The port to connect to, and to look for TLSA records of; 25 by default.
    #[arg(long, value_name = "N", value_parser = value::port)]
    pub(crate) port: Option<NonZeroU16>,
    /// How far DANE is demanded: opportunistic, mandatory (mail goes nowhere without it), or audit (nothing is refused for its
    /// sake, and what would be is said).
    #[arg(long, value_name = "MODE", default_value = "opportunistic", value_parser = value::dane)]
    pub(crate) dane: DaneMode,
    /// What to do with the hosts that an insecure MX answer names.
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    pub(crate) insecure_mx: InsecureMxChoice,
    /// Take each DOMAIN for a relay that an administrator named: no MX lookup.
    #[arg(long)]
    pub(crate) relay: bool,
    /// Whether the host of an MX record may be an alias.
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    pub(crate) mx_alias: MxAliasChoice,
    /// Which addresses to use.
    #[arg(long, value_enum, default_value_t, value_name = "FAMILY")]
    pub(crate) address_family: AddressFamilyChoice,
    /// A name or address of this site, to notice that mail would come back; the first name is also said in EHLO.
    #[arg(long = "self", value_name = "NAME|IP", value_parser = value::identity)]
    pub(crate) identities: Vec<Identity>,
    /// How long to wait for each step on the network.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = value::seconds)]
    pub(crate) timeout: Duration,
    /// Try every address of every MX host, not only until the first success.
    #[arg(long)]
    pub(crate) all_hosts: bool,
    /// How many domains to probe at once.
    #[arg(long, value_name = "N", default_value = "50", value_parser = value::at_once)]
    pub(crate) jobs: u16,
    /// How many connections to have to one address at once; who has to wait for one is not timed out for that.
    #[arg(long, value_name = "N", default_value = "2", value_parser = value::at_once)]
    pub(crate) per_address: u16,
    /// The JSON that an earlier run printed: leave out the domains that it has results of. With more files, say it again.
    #[arg(long, value_name = "FILE")]
    pub(crate) skip_done: Vec<PathBuf>,
    /// Print one JSON object a domain, each on a line of its own.
    #[arg(long)]
    pub(crate) json: bool,
}

/// [`smtp_dane::InsecureMx`] on the command line.
#[derive(Clone, Copy, Debug, Default, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum InsecureMxChoice {
    /// Authenticate a host that has secure TLSA records.
    #[default]
    UseTlsa,
    /// Demand TLS of it, without authentication.
    Encrypt,
    /// Do not look for TLSA records.
    Ignore,
}

/// [`smtp_dane::MxAlias`] on the command line.
#[derive(Clone, Copy, Debug, Default, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MxAliasChoice {
    /// Follow it.
    #[default]
    Expand,
    /// Do not use such a host.
    Refuse,
}

/// [`smtp_dane::AddressFamily`] on the command line.
#[derive(Clone, Copy, Debug, Default, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AddressFamilyChoice {
    /// Both, beginning with IPv6.
    #[default]
    Any,
    /// IPv4 alone.
    V4,
    /// IPv6 alone.
    V6,
}

impl From<InsecureMxChoice> for InsecureMx {
    fn from(choice: InsecureMxChoice) -> Self {
        match choice {
            InsecureMxChoice::UseTlsa => Self::UseTlsa,
            InsecureMxChoice::Encrypt => Self::Encrypt,
            InsecureMxChoice::Ignore => Self::Ignore,
        }
    }
}

impl From<MxAliasChoice> for MxAlias {
    fn from(choice: MxAliasChoice) -> Self {
        match choice {
            MxAliasChoice::Expand => Self::Expand,
            MxAliasChoice::Refuse => Self::Refuse,
        }
    }
}

impl From<AddressFamilyChoice> for AddressFamily {
    fn from(choice: AddressFamilyChoice) -> Self {
        match choice {
            AddressFamilyChoice::Any => Self::Any,
            AddressFamilyChoice::V4 => Self::V4,
            AddressFamilyChoice::V6 => Self::V6,
        }
    }
}
