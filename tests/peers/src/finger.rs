//! The opinion of Postfix's `posttls-finger`, which looks at the first host of a domain that answers, and sends no mail.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::Fallible;
use crate::verdict::{Statement, Verdict, Witness};

/// Asks about one domain; `settings` is the folder of Postfix's settings.
pub(crate) fn ask(domain: &str, expected: &Verdict, settings: &Path) -> Fallible<Statement> {
    let run = Command::new("posttls-finger")
        .args(["-l", "dane", "-t", "20", "-T", "20", domain])
        .env("MAIL_CONFIG", settings)
        .stdin(Stdio::null())
        .output()?;
    let printed = [run.stdout, run.stderr].concat();
    let detail = String::from_utf8_lossy(&printed).into_owned();
    if !run.status.success() {
        return Err(format!("posttls-finger {domain}: {}: {detail}", run.status).into());
    }
    Ok(Statement {
        who: Witness::Finger,
        expected: word_for(expected).to_owned(),
        said: word_in(&detail).to_owned(),
        detail,
    })
}

/// What the program says where a client comes to `verdict`. It shows the chain and what it makes of it, and no policy: whether
/// mail would go to a host that is not verified is not its business.
fn word_for(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Authenticated => "verified",
        Verdict::Encrypted | Verdict::Tls => "not verified",
        Verdict::Cleartext => "no TLS",
        Verdict::Deferred(status) => match status.as_str() {
            "4.7.5" => "not verified",
            "4.7.10" => "no TLS",
            _ => "unreachable",
        },
        Verdict::Failed(_) => "no mail",
    }
}

/// What it said, put into one word. Behind an insecure MX answer Postfix calls a host that DANE verified only trusted.
fn word_in(text: &str) -> &'static str {
    let says = |part| text.contains(part);
    let trusted = says("log verified as trusted") && says("Trusted TLS connection established");
    let lacks_starttls = says("< 250 ") && !says("STARTTLS");
    if says("Verified TLS connection established") || trusted {
        "verified"
    } else if says(" TLS connection established") {
        "not verified"
    } else if says("(nullMX)") || says("Host not found\n") {
        "no mail"
    } else if says("try again") || says("Failed to establish session") || says("not available: 421")
    {
        "unreachable"
    } else if says("STARTTLS rejected") || says("SSL_connect error") || lacks_starttls {
        "no TLS"
    } else {
        "something else"
    }
}
