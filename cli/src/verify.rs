//! `verify`: whether certificates satisfy TLSA records, without a network.

use std::io;

use serde::Serialize;
use smtp_dane::tlsa::{Record, Role};
use smtp_dane::{Authentication, NoAuthentication, Policy, Verified, VerifyError};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{TrustAnchor, UnixTime};

use crate::args::{ProfileChoice, VerifyArgs};
use crate::exit::{Ending, Verdict};
use crate::input::File;
use crate::input::pem::Presented;
use crate::report::{Reason, Row, because, ground, short, table};
use crate::terminal::{Style, Tone, print};

/// Verifies, and prints what came of it.
///
/// # Errors
/// [`Ending`] if a file cannot be used, or nobody reads the output.
pub(crate) fn run(args: &VerifyArgs, style: Style) -> Result<Verdict, Ending> {
    let presented = File::read(&args.chain)?.presented()?;
    let mut records = args.tlsa.clone();
    if let Some(path) = &args.tlsa_file {
        records.extend(File::read(path)?.records()?);
    }
    let role = match args.profile {
        ProfileChoice::Relay => Role::Relay,
        ProfileChoice::Submission => Role::Submission,
    };
    let roots = match &args.roots {
        Some(path) => File::read(path)?.roots()?,
        None => webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let mut policy = Policy::default();
    policy.cn_id = args.cn_id.into();
    let (base, names) = (args.base.clone(), args.names.clone());
    let wanted = Authentication::from_vouched_records(base, names, records.clone(), role, &policy);
    let considered = considered(&records, &wanted);
    let verified = match &wanted {
        Ok(wanted) => {
            let now = args.time.unwrap_or_else(UnixTime::now);
            judge(wanted, &presented, now, &roots).map_err(Reason::of_verify_error)
        }
        Err(error) => Err(Reason::of_no_authentication(error)),
    };
    let report = Report::of(verified, considered);
    if args.json {
        let line = serde_json::to_string(&report).map_err(io::Error::from)?;
        print(&format!("{line}\n"))?;
    } else {
        print(&report.lines(args.base.to_string(), style))?;
    }
    Ok(if report.authenticated {
        Verdict::Holds
    } else {
        Verdict::DoesNotHold
    })
}

fn judge(
    wanted: &Authentication,
    presented: &Presented,
    now: UnixTime,
    roots: &[TrustAnchor<'_>],
) -> Result<Verified, VerifyError> {
    match presented {
        Presented::Certificates(chain) => {
            let algorithms = ring::default_provider().signature_verification_algorithms;
            wanted.verify_with_roots(chain, now, algorithms.all, roots)
        }
        Presented::RawPublicKey(key) => wanted.verify_raw_public_key(key),
    }
}

/// Whether each of the records counts, in the order in which they were given.
fn considered(
    records: &[Record],
    wanted: &Result<Authentication, NoAuthentication>,
) -> Vec<Considered> {
    let why_not = |record: &Record| {
        let unusable = match wanted {
            Ok(wanted) => wanted.tlsa().unusable(),
            Err(NoAuthentication::AllUnusable(unusable)) => unusable,
            Err(NoAuthentication::Set(error)) => return Some(Reason::of_set_error(*error)),
        };
        let found = unusable.iter().find(|(unusable, _)| unusable == record);
        found.map(|(_, why)| Reason::of_unusable(*why))
    };
    let of_record = |record: &Record| {
        let reason = why_not(record);
        Considered {
            record: record.to_string(),
            usable: reason.is_none(),
            reason,
        }
    };
    records.iter().map(of_record).collect()
}

/// What came of it, as scripts read it. The names of fields are stable.
#[derive(Debug, Serialize)]
struct Report {
    authenticated: bool,
    record: Option<String>,
    depth: Option<usize>,
    name: Option<String>,
    reason: Option<Reason>,
    considered: Vec<Considered>,
}

/// One record that was given.
#[derive(Debug, Serialize)]
struct Considered {
    record: String,
    usable: bool,
    reason: Option<Reason>,
}

impl Report {
    fn of(verified: Result<Verified, Reason>, considered: Vec<Considered>) -> Self {
        let (verified, reason) = match verified {
            Ok(verified) => (Some(verified), None),
            Err(reason) => (None, Some(reason)),
        };
        let verified = verified.as_ref();
        let record = verified.and_then(Verified::record);
        let name = verified.and_then(Verified::name);
        Self {
            authenticated: verified.is_some(),
            record: record.map(ToString::to_string),
            depth: verified.map(Verified::depth),
            name: name.map(ToString::to_string),
            reason,
            considered,
        }
    }

    /// The same for people.
    fn lines(&self, base: String, style: Style) -> String {
        let (result, tone, why) = match (&self.record, &self.reason) {
            (Some(record), None) => (
                "authenticated",
                Tone::Good,
                ground(record, self.depth, self.name.as_deref()),
            ),
            (_, Some(reason)) => ("not authenticated", Tone::Bad, because(reason)),
            (None, None) => ("authenticated", Tone::Good, String::new()),
        };
        let mut rows = vec![Row::new(base, result, tone, why)];
        for considered in &self.considered {
            let place = format!("  {}", short(&considered.record));
            let (result, tone, why) = match &considered.reason {
                Some(reason) => ("unusable", Tone::Doubtful, because(reason)),
                None => ("usable", Tone::Faint, String::new()),
            };
            rows.push(Row::new(place, result, tone, why));
        }
        table(&rows, style)
    }
}
