//! A report as a table for people: each decision has a line with its reason and the place in the standards.

use super::table::{Row, table};
use super::{AttemptReport, HostReport, HostResult, OutcomeKind, Reason, Report};
use crate::terminal::{Style, Tone};

/// How many hexadecimal digits of a TLSA record are shown.
const SHOWN_DIGITS: usize = 16;

/// The table of one report, ending in a line feed.
pub(crate) fn lines(report: &Report, style: Style) -> String {
    let mut rows = vec![outcome_row(report)];
    rows.extend(mx_row(report));
    for dropped in &report.dropped {
        let place = format!("  {:>2} {}", dropped.preference, dropped.host);
        rows.push(Row::new(
            place,
            "not used",
            Tone::Faint,
            because(&dropped.reason),
        ));
    }
    for host in &report.hosts {
        rows.push(host_row(host));
        for unusable in &host.unusable {
            let place = format!("     {}", short(&unusable.record));
            rows.push(Row::new(
                place,
                "unusable",
                Tone::Doubtful,
                because(&unusable.reason),
            ));
        }
        rows.extend(host.attempts.iter().map(attempt_row));
    }
    table(&rows, style)
}

fn outcome_row(report: &Report) -> Row {
    let status = format!("{} {}", report.status.basic, report.status.enhanced);
    let (tone, why) = match (report.outcome, &report.reason) {
        (OutcomeKind::Delivered, _) => match &report.objection {
            None => (Tone::Good, status),
            Some(objection) => {
                let why = format!("{status}: would be refused: {}", because(objection));
                (Tone::Doubtful, why)
            }
        },
        (kind, Some(reason)) => (tone_of(kind), format!("{status}: {}", because(reason))),
        (kind, None) => (tone_of(kind), status),
    };
    Row::new(report.domain.clone(), report.outcome.as_str(), tone, why)
}

const fn tone_of(outcome: OutcomeKind) -> Tone {
    match outcome {
        OutcomeKind::Delivered => Tone::Good,
        OutcomeKind::Deferred => Tone::Doubtful,
        OutcomeKind::Failed => Tone::Bad,
    }
}

fn mx_row(report: &Report) -> Option<Row> {
    let kind = report.mx.kind?;
    let place = match kind {
        "relay" | "literal" | "submission" => "  route",
        _ => "  MX",
    };
    let why = match kind {
        "explicit" => "the hosts are those of its MX records [RFC 7672 §2.2.1]",
        "implicit" => "it has no MX records and is its own host [RFC 5321 §5.1]",
        "null" => "its MX record says that it takes no mail [RFC 7505 §3]",
        "submission" => "it is the user's own server [RFC 7672 §7]",
        "relay" => "the administrator named the host [RFC 7672 §2.2.2]",
        _ => "the next hop is an address [RFC 7672 §2.2]",
    };
    let security = report.mx.security.unwrap_or_default();
    Some(Row::new(
        place.to_owned(),
        security,
        Tone::Faint,
        why.to_owned(),
    ))
}

fn host_row(host: &HostReport) -> Row {
    let place = format!("  {:>2} {}", host.preference, host.host);
    let records: Vec<_> = host.tlsa.iter().map(|record| short(record)).collect();
    let why = match (host.tls_policy, &host.reason) {
        (Some("authenticate"), _) if host.result == HostResult::Cleartext => match &host.reason {
            Some(reason) => because(reason),
            None => String::new(),
        },
        (Some("authenticate"), _) => {
            let base = host.tlsa_base.as_deref().unwrap_or_default();
            let records = records.join(", ");
            format!(
                "must be authenticated by the TLSA records of {base}: {records} [RFC 7672 §2.2]"
            )
        }
        (_, Some(reason)) => because(reason),
        (_, None) => String::new(),
    };
    Row::new(place, host.result.as_str(), tone(host.result), why)
}

fn attempt_row(attempt: &AttemptReport) -> Row {
    let place = match attempt.address {
        std::net::IpAddr::V4(address) => format!("     {address}:{}", attempt.port),
        std::net::IpAddr::V6(address) => format!("     [{address}]:{}", attempt.port),
    };
    let mut why = match (&attempt.record, &attempt.reason) {
        (Some(record), None) => proof(attempt, record),
        (_, Some(reason)) => because(reason),
        (None, None) => "TLS without authentication [RFC 7435 §3]".to_owned(),
    };
    if let Some(tls) = &attempt.tls {
        why = format!("{why}; {} {}", tls.version, tls.suite);
    }
    if let (HostResult::Refused, Some(key)) = (attempt.result, &attempt.spki_sha256) {
        let key = short(&format!("3 1 1 {key}"));
        why = format!("{why}; the key that it showed would be {key}");
    }
    if let Some(trouble) = &attempt.trouble {
        why = format!("{why}; {trouble}");
    }
    Row::new(place, attempt.result.as_str(), tone(attempt.result), why)
}

/// What an authenticated attempt rests on.
fn proof(attempt: &AttemptReport, record: &str) -> String {
    let mut text = ground(record, attempt.depth, attempt.name.as_deref());
    if attempt.scope == Some("host") {
        text.push_str("; this proves the host and not the domain [RFC 7672 §2.2.1]");
    }
    text
}

/// How a record that holds is met by what the server presented.
pub(crate) fn ground(record: &str, depth: Option<usize>, name: Option<&str>) -> String {
    let shown = short(record);
    let (Some(depth), Some(name)) = (depth, name) else {
        return format!("{shown} is the server's own [RFC 7672 §3.1.1]");
    };
    match record.as_bytes() {
        [b'2', ..] => format!(
            "{shown} stands {depth} above the server's certificate, which bears {name} [RFC 7672 §3.1.2]"
        ),
        [b'1', ..] => format!(
            "{shown} is the server's own, which bears {name} and has the word of a public authority [RFC 6698 §2.1.1]"
        ),
        _ => format!(
            "{shown} stands {depth} above the server's certificate, which bears {name} and has the word of a public authority [RFC 6698 §2.1.1]"
        ),
    }
}

const fn tone(verdict: HostResult) -> Tone {
    match verdict {
        HostResult::Authenticated => Tone::Good,
        HostResult::Encrypted | HostResult::Cleartext => Tone::Doubtful,
        HostResult::Refused | HostResult::Unreachable | HostResult::Skipped => Tone::Bad,
    }
}

pub(crate) fn because(reason: &Reason) -> String {
    format!("{} [{}]", reason.text, reason.cite)
}

/// A record of which only the first digits of the data are left.
pub(crate) fn short(record: &str) -> String {
    match record.rsplit_once(' ') {
        Some((fields, data)) if data.len() > SHOWN_DIGITS => {
            let digits: String = data.chars().take(SHOWN_DIGITS).collect();
            format!("{fields} {digits}…")
        }
        _ => record.to_owned(),
    }
}
