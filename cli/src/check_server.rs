//! `check-server`: what clients will say of a server, before they do.

use std::io;
use std::path::Path;

use serde::Serialize;
use smtp_dane::publish::{Chain, Finding, Server, Severity, StartTls, check};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::UnixTime;

use crate::args::{CheckServerArgs, StartTlsChoice};
use crate::exit::{Ending, Verdict};
use crate::input::File;
use crate::report::{Reason, Row, short, table};
use crate::terminal::{Style, Tone, print};

/// Checks, and prints what was found.
///
/// # Errors
/// [`Ending`] if a file cannot be used, or nobody reads the output.
pub(crate) fn run(args: &CheckServerArgs, style: Style) -> Result<Verdict, Ending> {
    let server = server(args)?;
    let now = args.time.unwrap_or_else(UnixTime::now);
    let algorithms = ring::default_provider().signature_verification_algorithms;
    let report = Report::of(&check(&server, now, algorithms.all));
    if args.json {
        let line = serde_json::to_string(&report).map_err(io::Error::from)?;
        print(&format!("{line}\n"))?;
    } else {
        print(&report.lines(args.host.to_string(), style))?;
    }
    Ok(if report.healthy {
        Verdict::Holds
    } else {
        Verdict::DoesNotHold
    })
}

fn server(args: &CheckServerArgs) -> Result<Server<'static>, Ending> {
    let mut server = Server::new(args.host.clone());
    server.next_hops.clone_from(&args.next_hops);
    server.records.clone_from(&args.tlsa);
    if let Some(path) = &args.tlsa_file {
        server.records.extend(File::read(path)?.records()?);
    }
    server.ttl = args.ttl;
    server.signed_until = args.signed_until;
    server.starttls = match args.starttls {
        StartTlsChoice::Always => StartTls::Always,
        StartTlsChoice::Sometimes => StartTls::Sometimes,
        StartTlsChoice::Never => StartTls::Never,
    };
    for source in &args.chains {
        let chain = chain(&source.path)?;
        match &source.name {
            Some(name) => server.named_chains.push((name.clone(), chain)),
            None => server.default_chains.push(chain),
        }
    }
    for path in &args.next_chains {
        server.next_chains.push(chain(path)?);
    }
    Ok(server)
}

fn chain(path: &Path) -> Result<Chain<'static>, Ending> {
    let file = File::read(path)?;
    file.certificates(&file.blocks()?, "it is no certificate")
}

/// What was found, as scripts read it. The names of fields are stable.
#[derive(Debug, Serialize)]
struct Report {
    /// Nothing critical was found.
    healthy: bool,
    findings: Vec<Found>,
}

/// One finding.
#[derive(Debug, Serialize)]
struct Found {
    severity: &'static str,
    rule: &'static str,
    text: String,
    cite: &'static str,
    remedy: &'static str,
    record: Option<String>,
    /// Which chain it is about.
    chain: Option<String>,
    /// The next hop by which a client comes that says so.
    next_hop: Option<String>,
    /// What clients say of the chain or the record.
    reason: Option<Reason>,
    /// Text and reason, for people.
    #[serde(skip)]
    sentence: String,
    #[serde(skip)]
    tone: Tone,
}

impl Found {
    fn of(finding: &Finding) -> Self {
        let of_chain = finding.error.map(Reason::of_verify_error);
        Self {
            severity: finding.severity.code(),
            rule: finding.rule.code(),
            text: finding.rule.to_string(),
            cite: finding.rule.cite(),
            remedy: finding.rule.remedy(),
            record: finding.record.as_ref().map(ToString::to_string),
            chain: finding.place.as_ref().map(ToString::to_string),
            next_hop: finding.name.as_ref().map(ToString::to_string),
            reason: of_chain.or_else(|| finding.unusable.map(Reason::of_unusable)),
            sentence: finding.sentence(),
            tone: match finding.severity {
                Severity::Critical => Tone::Bad,
                Severity::Warning => Tone::Doubtful,
                Severity::Note => Tone::Faint,
            },
        }
    }

    fn rows(&self) -> [Row; 2] {
        let record = self.record.as_deref().map(short);
        let about = self.chain.clone().or(record).unwrap_or_default();
        let mut why = self.sentence.clone();
        if let (Some(_), Some(record)) = (&self.chain, &self.record) {
            why = format!("{why} ({})", short(record));
        }
        let why = format!("{why} [{}]", self.cite);
        [
            Row::new(format!("  {about}"), self.severity, self.tone, why),
            Row::new(String::new(), "", self.tone, self.remedy.to_owned()),
        ]
    }
}

impl Report {
    fn of(findings: &[Finding]) -> Self {
        let is_critical = |finding: &Finding| finding.severity == Severity::Critical;
        Self {
            healthy: !findings.iter().any(is_critical),
            findings: findings.iter().map(Found::of).collect(),
        }
    }

    /// The same for people: each finding, and below it what to do.
    fn lines(&self, host: String, style: Style) -> String {
        let (result, tone, why) = if self.healthy {
            (
                "healthy",
                Tone::Good,
                "clients can authenticate this server",
            )
        } else {
            (
                "refused",
                Tone::Bad,
                "clients will not accept this server as it is, or as it will be",
            )
        };
        let mut rows = vec![Row::new(host, result, tone, why.to_owned())];
        rows.extend(self.findings.iter().flat_map(Found::rows));
        table(&rows, style)
    }
}
