//! The verdict of this library, with its default policy.

use std::time::Duration;

use pki_types::{CertificateDer, UnixTime};
use smtp_dane::tlsa::{Record, Role};
use smtp_dane::{Authentication, Name, Policy};

use crate::NOW;
use crate::cases::Case;
use crate::verdict::{Opinion, Verdict};

/// Judges one case.
pub fn judge(case: &Case) -> Opinion {
    let site = &case.site;
    let mut names = site.references.iter().map(|name| {
        let name: Result<Name, _> = name.parse();
        name.expect("a domain name")
    });
    let records = case
        .records
        .iter()
        .map(|record| Record::from_rdata(&record.rdata));
    let authentication = Authentication::from_vouched_records(
        names.next().expect("a base domain"),
        names,
        records.collect(),
        Role::Relay,
        &Policy::default(),
    );
    let authentication = match authentication {
        Ok(authentication) => authentication,
        Err(reason) => {
            return Opinion {
                verdict: Verdict::NothingUsable,
                reason: reason.to_string(),
            };
        }
    };
    let chain: Vec<CertificateDer<'_>> = site
        .sent
        .iter()
        .map(|certificate| CertificateDer::from(certificate.as_slice()))
        .collect();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(NOW.unsigned_abs()));
    match authentication.verify(&chain, now, webpki::ALL_VERIFICATION_ALGS) {
        Ok(verified) => {
            let record = verified.record().expect("the record that matched");
            Opinion {
                verdict: Verdict::accepted(verified.depth(), record.as_rdata(), &case.records),
                reason: String::from("ok"),
            }
        }
        Err(error) => Opinion {
            verdict: Verdict::Refused,
            reason: error.to_string(),
        },
    }
}
