//! Our own opinion: `smtp-dane probe` on all domains at once.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::Fallible;
use crate::daemons::{BLIND_RESOLVER, RESOLVER};
use crate::options::Options;
use crate::table::Domain;
use crate::verdict::{Statement, Verdict, Witness};

/// What the tool found out about one domain.
struct Opinion {
    domain: String,
    /// The verdict, or what is none.
    said: String,
    /// The host that would get the mail.
    host: Option<String>,
    /// Why, in the words of the tool.
    reason: String,
}

/// Probes all domains four times: with DANE as it comes and mandatory, and each with unbound's AD bit and our own validation. For the
/// latter the answers come from a resolver that validates nothing.
pub(crate) fn ask(
    options: &Options,
    domains: &[&Domain],
) -> Fallible<BTreeMap<String, Vec<Statement>>> {
    let anchor = options.folder.join("anchor.key").display().to_string();
    let believe = ["--resolver", RESOLVER];
    let validate = [
        "--resolver",
        BLIND_RESOLVER,
        "--validate",
        "--trust-anchor",
        &anchor,
    ];
    let runs: [(Witness, &str, &[&str]); 4] = [
        (Witness::Ours, "opportunistic", &believe),
        (Witness::Validate, "opportunistic", &validate),
        (Witness::Mandatory, "mandatory", &believe),
        (Witness::MandatoryValidate, "mandatory", &validate),
    ];
    let mut statements: BTreeMap<String, Vec<Statement>> = BTreeMap::new();
    for (who, dane, how) in runs {
        let arguments = [&["--dane", dane], how].concat();
        let opinions = probe(&options.tool, &arguments, domains)?;
        if opinions.len() != domains.len() {
            return Err("the tool does not speak of each domain".into());
        }
        for (opinion, domain) in opinions.into_iter().zip(domains) {
            if !opinion.domain.eq_ignore_ascii_case(&domain.name) {
                return Err(format!("the tool speaks of {}", opinion.domain).into());
            }
            let of_domain = statements.entry(domain.name.clone()).or_default();
            of_domain.push(opinion.statement(who, domain));
        }
    }
    Ok(statements)
}

impl Opinion {
    fn statement(self, who: Witness, domain: &Domain) -> Statement {
        let mandatory = matches!(who, Witness::Mandatory | Witness::MandatoryValidate);
        let mut said = self.said;
        let expected = domain.expected_by(mandatory).to_string();
        let wrong_host = domain
            .host_by(mandatory)
            .is_some_and(|host| self.host.as_deref() != Some(host));
        if wrong_host && said == expected {
            said.push_str(&format!(
                " at {}",
                self.host.as_deref().unwrap_or("no host")
            ));
        }
        Statement {
            who,
            expected,
            said,
            detail: self.reason,
        }
    }
}

fn probe(tool: &Path, arguments: &[&str], domains: &[&Domain]) -> Fallible<Vec<Opinion>> {
    let run = Command::new(tool)
        .args(["probe", "--json"])
        .args(arguments)
        .args(domains.iter().map(|domain| &domain.name))
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
    let host = host.filter(|_| report.outcome == "delivered");
    let facts = host.map(|host| (host.tls_policy.as_deref(), host.result.as_str()));
    let said = match (report.outcome.as_str(), facts) {
        ("delivered", Some((Some("authenticate"), "authenticated"))) => {
            Verdict::Authenticated.to_string()
        }
        ("delivered", Some((Some("encrypt"), "encrypted"))) => Verdict::Encrypted.to_string(),
        ("delivered", Some((Some("opportunistic"), "encrypted"))) => Verdict::Tls.to_string(),
        ("delivered", Some((Some("opportunistic"), "cleartext"))) => Verdict::Cleartext.to_string(),
        ("deferred", _) => Verdict::Deferred(report.status.enhanced).to_string(),
        ("failed", _) => Verdict::Failed(report.status.enhanced).to_string(),
        // What must never be is for the table to show.
        (outcome, facts) => format!("{outcome} with {facts:?}"),
    };
    Ok(Opinion {
        said,
        host: host.map(|host| host.host.clone()),
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
