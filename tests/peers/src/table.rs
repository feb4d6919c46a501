//! What stands in `network.toml` and `domains/`: zones, mail servers, domains and what is expected of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::Fallible;
use crate::verdict::Verdict;

/// The files with domains, in the order of the table that is printed.
const DOMAINS: [&str; 8] = [
    include_str!("../domains/own-certificate.toml"),
    include_str!("../domains/authority.toml"),
    include_str!("../domains/unusable.toml"),
    include_str!("../domains/tls.toml"),
    include_str!("../domains/without-dane.toml"),
    include_str!("../domains/routing.toml"),
    include_str!("../domains/aliases.toml"),
    include_str!("../domains/failures.toml"),
];

/// All files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    /// The zones below the root, which is always there.
    pub(crate) zone: BTreeMap<String, Zone>,
    /// The mail servers by the name that `{…}` refers to.
    pub(crate) server: BTreeMap<String, Server>,
    /// The domains in their order.
    #[serde(skip)]
    pub(crate) domain: Vec<Domain>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Domains {
    domain: Vec<Domain>,
}

/// One zone.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Zone {
    /// How it is signed, if it is.
    pub(crate) signed: Signed,
    /// The algorithm of its key.
    #[serde(default = "ecdsa")]
    pub(crate) algorithm: String,
    /// What the zone above says of it; by default its DS record if it is signed.
    #[serde(default)]
    pub(crate) parent: Parent,
    /// The types whose signatures are spoilt after signing.
    #[serde(default)]
    pub(crate) spoilt: Vec<String>,
    /// Whether its name server can answer for it.
    #[serde(default)]
    pub(crate) lame: bool,
}

fn ecdsa() -> String {
    "ECDSAP256SHA256".to_owned()
}

/// How a zone is signed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Signed {
    /// Not at all.
    No,
    /// With NSEC denials.
    Nsec,
    /// With NSEC3 denials.
    Nsec3,
    /// With NSEC3 denials that take more work than a validator will do.
    Nsec3Laborious,
    /// With NSEC3 denials that leave out unsigned delegations.
    OptOut,
    /// With NSEC denials, by signatures that ran out a year ago.
    Expired,
}

/// What the zone above publishes about the keys of a zone.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Parent {
    /// The DS record of its key if it has one, else none.
    #[default]
    Right,
    /// No DS record, although it is signed.
    NoDs,
    /// A DS record of a key that is not there.
    OtherKey,
    /// A DS record with an algorithm that nobody knows.
    UnknownAlgorithm,
}

/// One mail server, alone on an address of its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Server {
    /// The names in its certificate.
    pub(crate) names: Vec<String>,
    /// The common name in it.
    #[serde(default = "mail_server")]
    pub(crate) common_name: String,
    /// The certificates that it sends, of `server`, `issuer` and `root`.
    #[serde(default = "server_and_issuer")]
    pub(crate) sends: Vec<Part>,
    /// The certificate that is out of date.
    pub(crate) expired: Option<Part>,
    /// The certificate whose signature is spoilt.
    pub(crate) forged: Option<Part>,
    /// The certificate of an authority that does not say it is one.
    pub(crate) no_authority: Option<Part>,
    /// How it goes about its business.
    #[serde(default)]
    pub(crate) behaviour: Behaviour,
}

fn mail_server() -> String {
    "Mail server".to_owned()
}

fn server_and_issuer() -> Vec<Part> {
    vec![Part::Server, Part::Issuer]
}

/// A certificate of a server's path.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Part {
    /// The server's own.
    Server,
    /// The one that issued it.
    Issuer,
    /// The one at the top.
    Root,
}

/// What a server does when somebody connects.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Behaviour {
    /// All that it should.
    #[default]
    Sound,
    /// The same, and no TLS above 1.2.
    Tls12,
    /// The same, and no TLS below 1.3.
    Tls13,
    /// It shakes hands with those alone who ask for the first name of its certificate (SNI).
    ByName,
    /// It does not offer STARTTLS.
    NoStarttls,
    /// It offers STARTTLS, and refuses it.
    RefusesStarttls,
    /// It writes a reply in plain text directly behind the one to STARTTLS.
    Injects,
    /// It ends each handshake with an alert.
    BreaksHandshake,
    /// It greets with 421.
    Busy,
    /// It has a raw public key and no certificate (RFC 7250).
    RawPublicKey,
    /// Nothing listens at its address.
    Absent,
    /// It is Postfix.
    Postfix,
}

/// One domain to send mail to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Domain {
    /// Its name.
    pub(crate) name: String,
    /// Its records, as in a zone file; each goes into the zone that its owner is in.
    #[serde(default)]
    pub(crate) records: String,
    /// The verdict of an opportunistic client.
    pub(crate) expected: Verdict,
    /// The verdict of a client that insists on DANE, where it is not what follows from the other one.
    pub(crate) mandatory: Option<Verdict>,
    /// The host that would get the mail, where it matters which one.
    pub(crate) host: Option<String>,
    /// What the standards say, with the place.
    pub(crate) because: String,
}

impl Domain {
    /// What is expected of a client, with mandatory DANE or without.
    pub(crate) fn expected_by(&self, mandatory: bool) -> Verdict {
        match (&self.expected, &self.mandatory) {
            (expected, _) if !mandatory => expected.clone(),
            (_, Some(expected)) => expected.clone(),
            // RFC 7672 §2.2: who insists on DANE keeps what would go to a server that does not authenticate.
            (Verdict::Encrypted | Verdict::Tls | Verdict::Cleartext, None) => {
                Verdict::Deferred("4.7.5".to_owned())
            }
            // What stands in the way of all mail stands in the way of this, too.
            (Verdict::Authenticated | Verdict::Deferred(_) | Verdict::Failed(_), None) => {
                self.expected.clone()
            }
        }
    }

    /// The host that is expected to get the mail, if it matters.
    pub(crate) fn host_by(&self, mandatory: bool) -> Option<&str> {
        let same = !mandatory || self.expected_by(true) == self.expected;
        self.host.as_deref().filter(|_| same)
    }
}

impl Table {
    /// Reads the files that were compiled in, and looks for what a typing error would hide.
    pub(crate) fn read() -> Fallible<Self> {
        let mut table: Self = toml::from_str(include_str!("../network.toml"))?;
        for file in DOMAINS {
            let domains: Domains = toml::from_str(file)?;
            table.domain.extend(domains.domain);
        }
        let mut names = BTreeSet::new();
        for domain in &table.domain {
            if !names.insert(domain.name.as_str()) {
                return Err(format!("there are two domains {}", domain.name).into());
            }
            if !domain.because.starts_with("RFC ") {
                let name = &domain.name;
                return Err(
                    format!("{name}: `because` must begin with the place in an RFC").into(),
                );
            }
        }
        Ok(table)
    }
}
