//! The opinion of `openssl s_client` on the chain of a domain's own host. It asks no resolver; the records come from the table.

use std::process::{Command, Stdio};

use crate::Fallible;
use crate::records::Host;
use crate::verdict::{Statement, Verdict, Witness};

/// Asks about the host of a domain, or returns none where it does not come to a handshake under DANE.
pub(crate) fn ask(domain: &str, host: &Host, expected: &Verdict) -> Fallible<Option<Statement>> {
    let Some(word) = word_for(expected) else {
        return Ok(None);
    };
    // RFC 7672 §3.1.3: usages 0 and 1 are taken for unusable; OpenSSL leaves that to its callers.
    let is_for_smtp = |record: &&String| !record.starts_with("0 ") && !record.starts_with("1 ");
    let records: Vec<&String> = host.tlsa.iter().filter(is_for_smtp).collect();
    if records.is_empty() {
        return Ok(None);
    }
    // It knows one name at a time; RFC 7672 §3.2.2 has two of them here.
    let mut detail = connect(host, &host.base, &records)?;
    let mut said = word_in(&detail);
    if said != "verified" && domain != host.base {
        let second = connect(host, domain, &records)?;
        said = word_in(&second);
        detail.push_str(&second);
    }
    Ok(Some(Statement {
        who: Witness::Client,
        expected: word.to_owned(),
        said: said.to_owned(),
        detail,
    }))
}

fn connect(host: &Host, name: &str, records: &[&String]) -> Fallible<String> {
    let address = format!("{}:25", host.address);
    let mut command = Command::new("openssl");
    command
        .args([
            "s_client",
            "-brief",
            "-starttls",
            "smtp",
            "-verify_return_error",
        ])
        .args(["-connect", &address, "-servername", &host.base])
        // RFC 7672 §3.1.1: no names with usage 3.
        .args(["-dane_tlsa_domain", name, "-dane_ee_no_namechecks"]);
    for record in records {
        command.args(["-dane_tlsa_rrdata", record]);
    }
    let run = command.stdin(Stdio::null()).output()?;
    let printed = [run.stdout, run.stderr].concat();
    Ok(String::from_utf8_lossy(&printed).into_owned())
}

/// What it says of the chain where a client comes to `verdict`.
fn word_for(verdict: &Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::Authenticated => Some("verified"),
        Verdict::Encrypted => Some("nothing usable"),
        Verdict::Deferred(status) => match status.as_str() {
            "4.7.5" => Some("not verified"),
            "4.7.10" => Some("no TLS"),
            _ => None,
        },
        Verdict::Tls | Verdict::Cleartext | Verdict::Failed(_) => None,
    }
}

/// What it says where the server does not offer STARTTLS, hangs up on a handshake because it refused STARTTLS before, or refuses the
/// handshake.
const WITHOUT_TLS: [&str; 3] = [
    "Didn't find STARTTLS in server response",
    "unexpected eof while reading",
    "alert handshake failure",
];

/// What it said, put into a few words. That it could not connect, or did not understand what it was asked, is none of them.
fn word_in(text: &str) -> &'static str {
    let says = |part| text.contains(part);
    if says("Verification: OK") && says("DANE TLSA") {
        "verified"
    } else if says("Failed to import any TLSA records") {
        "nothing usable"
    } else if says("certificate verify failed") {
        "not verified"
    } else if WITHOUT_TLS.into_iter().any(says) {
        "no TLS"
    } else {
        "something else"
    }
}
