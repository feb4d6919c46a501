//! What came of one host and its addresses.

use core::net::IpAddr;

use serde::{Deserialize, Serialize};
use smtp_dane::delivery::{Attempt, AttemptResult, HostRecord};
use smtp_dane::resolve::{Demand, EncryptCause, Encryption, Plan, TlsPolicy};
use smtp_dane::session::{Assurance, Refusal};
use smtp_dane::tlsa::{Record, TlsaSet, Unusable};
use smtp_dane::{Authentication, Scope, Verified};

use super::Reason;
use crate::drive::Sighting;

/// One host.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct HostReport {
    pub(crate) host: String,
    pub(crate) preference: u16,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) tls_policy: Option<&'static str>,
    pub(crate) tlsa_base: Option<String>,
    pub(crate) tlsa: Vec<String>,
    pub(crate) unusable: Vec<UnusableReport>,
    pub(crate) attempts: Vec<AttemptReport>,
    pub(crate) result: HostResult,
    pub(crate) reason: Option<Reason>,
}

/// A TLSA record that does not count.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct UnusableReport {
    pub(crate) record: String,
    pub(crate) reason: Reason,
}

/// One address.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct AttemptReport {
    pub(crate) address: IpAddr,
    pub(crate) port: u16,
    pub(crate) result: HostResult,
    pub(crate) record: Option<String>,
    pub(crate) depth: Option<usize>,
    pub(crate) name: Option<String>,
    pub(crate) scope: Option<&'static str>,
    pub(crate) reason: Option<Reason>,
    pub(crate) trouble: Option<String>,
    pub(crate) tls: Option<TlsReport>,
    pub(crate) spki_sha256: Option<String>,
}

/// A handshake.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct TlsReport {
    pub(crate) version: String,
    pub(crate) suite: String,
}

/// What came of a host or an address. The better comes first.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum HostResult {
    Authenticated,
    Encrypted,
    Cleartext,
    Refused,
    Unreachable,
    Skipped,
}

impl HostResult {
    /// The word for it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Authenticated => "authenticated",
            Self::Encrypted => "encrypted",
            Self::Cleartext => "cleartext",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Skipped => "skipped",
        }
    }

    const fn of_assurance(assurance: &Assurance) -> Self {
        match assurance {
            Assurance::Cleartext(_) => Self::Cleartext,
            Assurance::Encrypted | Assurance::NotAuthenticated(_) => Self::Encrypted,
            Assurance::Authenticated(_) => Self::Authenticated,
        }
    }
}

impl HostReport {
    /// Takes as many sightings as the host had attempts.
    pub(super) fn of<'a>(
        record: &HostRecord,
        sightings: &mut impl Iterator<Item = &'a Sighting>,
    ) -> Self {
        let exchanger = record.exchanger();
        let mut report = Self {
            host: exchanger.host().to_string(),
            preference: exchanger.preference(),
            addresses: Vec::new(),
            tls_policy: None,
            tlsa_base: None,
            tlsa: Vec::new(),
            unusable: Vec::new(),
            attempts: Vec::new(),
            result: HostResult::Skipped,
            reason: None,
        };
        match record.plan() {
            Ok(plan) => {
                report.describe(plan);
                let attempts = record.attempts().iter();
                report.attempts = attempts
                    .map(|attempt| {
                        let sighting = sightings.next().cloned().unwrap_or_default();
                        AttemptReport::of(attempt, plan, sighting)
                    })
                    .collect();
                report.conclude(plan.tls());
            }
            Err(error) => report.reason = Some(Reason::of_host_error(error)),
        }
        report
    }

    fn describe(&mut self, plan: &Plan) {
        self.addresses = plan.addresses().to_vec();
        self.tlsa_base = plan.tls().tlsa_base().map(ToString::to_string);
        let (policy, set, unusable) = match plan.tls() {
            TlsPolicy::Opportunistic(_) => ("opportunistic", None, &[][..]),
            TlsPolicy::Pkix(_) => ("pkix", None, &[][..]),
            TlsPolicy::Authenticate(wanted) => of_authentication(wanted),
            TlsPolicy::Encrypt(encryption) => of_encryption(encryption),
            TlsPolicy::Audit(audit) => match audit.demand() {
                Demand::Authenticate(wanted) => of_authentication(wanted),
                Demand::Encrypt(encryption) => of_encryption(encryption),
                Demand::Refuse(_) => ("opportunistic", None, &[][..]),
            },
        };
        self.tls_policy = Some(policy);
        let records = set.into_iter().flat_map(|set| set.records());
        self.tlsa = records.map(Record::to_string).collect();
        self.unusable = unusable.iter().map(UnusableReport::of).collect();
    }

    /// The host is as good as its best attempt. If none was good enough, the reason is that of an address that answered.
    fn conclude(&mut self, policy: &TlsPolicy) {
        let best = self.attempts.iter().min_by_key(|attempt| attempt.result);
        let Some(best) = best else {
            return;
        };
        self.result = best.result;
        self.reason = match (best.result, policy) {
            (HostResult::Authenticated, _) => None,
            (HostResult::Encrypted | HostResult::Cleartext, TlsPolicy::Opportunistic(why)) => {
                Some(Reason::of_not_applicable(*why))
            }
            (HostResult::Encrypted | HostResult::Cleartext, TlsPolicy::Encrypt(encryption)) => {
                Some(Reason::of_encrypt_cause(encryption.cause()))
            }
            (HostResult::Encrypted | HostResult::Cleartext, TlsPolicy::Audit(audit)) => {
                match audit.demand() {
                    Demand::Refuse(error) => Some(Reason::of_host_error(error)),
                    Demand::Encrypt(encryption) if best.result == HostResult::Encrypted => {
                        Some(Reason::of_encrypt_cause(encryption.cause()))
                    }
                    Demand::Encrypt(_) | Demand::Authenticate(_) => best.reason.clone(),
                }
            }
            _ => best.reason.clone(),
        };
    }
}

/// What DANE demands, the records that count, and those that do not.
type Demanded<'a> = (&'static str, Option<&'a TlsaSet>, &'a [(Record, Unusable)]);

fn of_authentication(wanted: &Authentication) -> Demanded<'_> {
    let set = wanted.tlsa();
    ("authenticate", Some(set), set.unusable())
}

fn of_encryption(encryption: &Encryption) -> Demanded<'_> {
    match encryption.cause() {
        EncryptCause::AllUnusable(records) => ("encrypt", None, records),
        EncryptCause::InsecureMx(set) => ("encrypt", Some(set), set.unusable()),
        _ => ("encrypt", None, &[]),
    }
}

impl UnusableReport {
    fn of((record, why): &(Record, Unusable)) -> Self {
        Self {
            record: record.to_string(),
            reason: Reason::of_unusable(*why),
        }
    }
}

impl AttemptReport {
    fn of(attempt: &Attempt, plan: &Plan, sighting: Sighting) -> Self {
        let (result, reason) = judge(attempt.result(), plan.tls(), &sighting);
        let mut report = Self {
            address: attempt.address(),
            port: plan.port().get(),
            result,
            record: None,
            depth: None,
            name: None,
            scope: None,
            reason,
            trouble: sighting.trouble,
            tls: sighting.tls.map(|tls| TlsReport {
                version: tls.version,
                suite: tls.suite,
            }),
            spki_sha256: sighting.key.map(|digest| hex(&digest)),
        };
        if let Some(verified) = verified(attempt.result()) {
            report.record = verified.record().map(ToString::to_string);
            report.depth = Some(verified.depth());
            report.name = verified.name().map(ToString::to_string);
            report.scope = Some(match verified.scope() {
                Scope::Host => "host",
                Scope::NextHop => "next-hop",
            });
        }
        report
    }
}

/// What came of an attempt, and why it is no better.
fn judge(
    result: &AttemptResult,
    tls: &TlsPolicy,
    sighting: &Sighting,
) -> (HostResult, Option<Reason>) {
    match result {
        AttemptResult::Unreachable => (HostResult::Unreachable, Some(Reason::unreachable())),
        AttemptResult::Refused(refusal) => (HostResult::Refused, Some(Reason::of_refusal(refusal))),
        AttemptResult::NotTaken { transfer, .. } if !sighting.ready => {
            (HostResult::Refused, Some(Reason::of_transfer(*transfer)))
        }
        AttemptResult::NotTaken { assurance, .. } | AttemptResult::Delivered(assurance) => {
            let reason = match assurance {
                Assurance::Cleartext(downgrade) => Some(Reason::of_downgrade(downgrade, tls)),
                Assurance::NotAuthenticated(error) => {
                    Some(Reason::of_refusal(&Refusal::NotAuthenticated(*error)))
                }
                Assurance::Encrypted | Assurance::Authenticated(_) => None,
            };
            (HostResult::of_assurance(assurance), reason)
        }
        _ => (HostResult::Refused, None),
    }
}

fn verified(result: &AttemptResult) -> Option<&Verified> {
    match result {
        AttemptResult::NotTaken { assurance, .. } | AttemptResult::Delivered(assurance) => {
            match assurance {
                Assurance::Authenticated(verified) => Some(verified),
                Assurance::Cleartext(_) | Assurance::Encrypted | Assurance::NotAuthenticated(_) => {
                    None
                }
            }
        }
        _ => None,
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
