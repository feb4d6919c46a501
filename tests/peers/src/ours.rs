//! Our own opinion: `smtp-dane probe` on all domains at once.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::Fallible;
use crate::verdict::Verdict;

/// What the tool found out about one domain.
#[derive(Clone, Debug)]
pub(crate) struct Opinion {
    pub(crate) domain: String,
    pub(crate) verdict: Verdict,
    /// The host that would get the mail.
    pub(crate) host: Option<String>,
    /// Why, in the words of the tool.
    pub(crate) reason: String,
}

/// Probes `domains` with these further `arguments`.
pub(crate) fn probe<'a>(
    tool: &Path,
    arguments: &[&str],
    domains: impl Iterator<Item = &'a str>,
) -> Fallible<Vec<Opinion>> {
    let domains = domains.map(OsStr::new);
    let run = Command::new(tool)
        .args(["probe", "--json", "--address-family", "v4"])
        .args(arguments)
        .args(domains)
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&run.stderr);
    // With 1 not all that was asked holds, which is what many of the domains are for.
    if !matches!(run.status.code(), Some(0 | 1)) {
        return Err(format!("smtp-dane probe: {}: {said}", run.status).into());
    }
    let lines = String::from_utf8(run.stdout)?;
    lines.lines().map(opinion).collect()
}

fn opinion(line: &str) -> Fallible<Opinion> {
    let report: Report = serde_json::from_str(line)?;
    let reason = report.reason.map_or_else(String::new, |reason| {
        format!("{} ({})", reason.text, reason.cite)
    });
    let takes = |host: &&Host| ["authenticated", "encrypted", "cleartext"].contains(&&*host.result);
    let host = report.hosts.iter().find(takes);
    let verdict = match (report.outcome.as_str(), host) {
        ("delivered", Some(host)) => match (host.tls_policy.as_deref(), host.result.as_str()) {
            (Some("authenticate"), "authenticated") => Verdict::Authenticated,
            (Some("encrypt"), "encrypted") => Verdict::Encrypted,
            (Some("opportunistic"), "encrypted") => Verdict::Tls,
            (Some("opportunistic"), "cleartext") => Verdict::Cleartext,
            odd => return Err(format!("{}: delivered, and {odd:?}", report.domain).into()),
        },
        ("deferred", _) => Verdict::Deferred(report.status.enhanced),
        ("failed", _) => Verdict::Failed(report.status.enhanced),
        (odd, _) => return Err(format!("{}: {odd}", report.domain).into()),
    };
    let takes_mail = report.outcome == "delivered";
    Ok(Opinion {
        verdict,
        host: host.filter(|_| takes_mail).map(|host| host.host.clone()),
        domain: report.domain,
        reason,
    })
}

#[derive(Deserialize)]
struct Report {
    domain: String,
    outcome: String,
    status: Status,
    hosts: Vec<Host>,
    reason: Option<Reason>,
}

#[derive(Deserialize)]
struct Status {
    enhanced: String,
}

#[derive(Deserialize)]
struct Host {
    host: String,
    tls_policy: Option<String>,
    result: String,
}

#[derive(Deserialize)]
struct Reason {
    text: String,
    cite: String,
}
