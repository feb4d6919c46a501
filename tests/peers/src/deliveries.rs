//! The opinion of Postfix's own client: it is given a message for each domain, and its log says what became of it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::postfix::{INSISTENT, Postfix};
use crate::servers::PORT;
use crate::table::Domain;
use crate::verdict::{Statement, Verdict, Witness};
use crate::{Fallible, sender};

/// How long all deliveries may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Mail that is on its way.
pub(crate) struct Deliveries<'a> {
    postfix: &'a Postfix,
    /// Who asks, and about which domain, by the identifier in the queue.
    queued: BTreeMap<String, (Witness, &'a Domain)>,
}

impl<'a> Deliveries<'a> {
    /// Gives Postfix a message for each domain from somebody who takes DANE as it comes, and one from somebody who insists on it.
    pub(crate) fn start(postfix: &'a Postfix, domains: &[&'a Domain]) -> Fallible<Self> {
        let mut queued = BTreeMap::new();
        let stream = TcpStream::connect((postfix.address, PORT))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut stream = BufReader::new(stream);
        command(&mut stream, None, "220")?;
        command(&mut stream, Some("HELO peers.test"), "250")?;
        let senders = [
            (Witness::Postfix, "anyone@client.test"),
            (Witness::PostfixInsistent, INSISTENT),
        ];
        for (who, sender) in senders {
            // What Postfix keeps for itself does not go through its client.
            for domain in domains.iter().filter(|it| it.name != sender::DOMAIN) {
                command(&mut stream, Some(&format!("MAIL FROM:<{sender}>")), "250")?;
                command(
                    &mut stream,
                    Some(&format!("RCPT TO:<probe@{}>", domain.name)),
                    "250",
                )?;
                command(&mut stream, Some("DATA"), "354")?;
                let reply = command(&mut stream, Some("Subject: probe\r\n\r\n."), "250")?;
                let id = reply.rsplit(' ').next().unwrap_or_default();
                queued.insert(id.to_owned(), (who, *domain));
            }
        }
        command(&mut stream, Some("QUIT"), "221")?;
        Ok(Self { postfix, queued })
    }

    /// Waits until each message has an end, or is to be tried again later.
    pub(crate) fn finish(self) -> Fallible<Vec<(String, Statement)>> {
        let begun = Instant::now();
        loop {
            let log = fs::read_to_string(&self.postfix.log)?;
            let ended = ended(&log);
            if self.queued.keys().all(|id| ended.contains_key(id.as_str())) {
                let statements = self.queued.iter().filter_map(|(id, (who, domain))| {
                    let end = ended.get(id.as_str())?;
                    Some((domain.name.clone(), end.statement(*who, domain)))
                });
                return Ok(statements.collect());
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("Postfix is not done after {PATIENCE:?}:\n{log}").into());
            }
            thread::sleep(Duration::from_millis(100));
        }
    }
}

/// Sends a command, if there is one, and reads the one line of its reply.
fn command(
    stream: &mut BufReader<TcpStream>,
    line: Option<&str>,
    wanted: &str,
) -> Fallible<String> {
    if let Some(line) = line {
        stream
            .get_mut()
            .write_all(format!("{line}\r\n").as_bytes())?;
    }
    let mut reply = String::new();
    stream.read_line(&mut reply)?;
    if !reply.starts_with(wanted) {
        return Err(format!("Postfix says to {line:?}: {reply}").into());
    }
    Ok(reply.trim_end().to_owned())
}

/// What the log says of one message.
struct End<'a> {
    /// The line with the status.
    line: &'a str,
    /// The line on the TLS of the connection that the message went over.
    tls: Option<&'a str>,
}

/// The ends of all messages that have one, by their identifiers.
fn ended(log: &str) -> BTreeMap<&str, End<'_>> {
    let mut ended = BTreeMap::new();
    // The last connection under TLS of each process.
    let mut tls: BTreeMap<&str, &str> = BTreeMap::new();
    // The last line may be half written.
    let whole = log.rsplit_once('\n').map_or("", |(whole, _)| whole);
    for line in whole.lines() {
        let Some((head, text)) = line.split_once("]: ") else {
            continue;
        };
        let process = head.rsplit('[').next().unwrap_or_default();
        if text.contains(" TLS connection established to ") {
            tls.insert(process, text);
        } else if let (Some((id, _)), true) =
            (text.split_once(": to=<"), text.contains(", status="))
        {
            // One process may have spoken with several hosts; the one that took the mail counts. Only some lines keep the case.
            let relay = field(text, "relay=")
                .unwrap_or_default()
                .to_ascii_lowercase();
            let same = |tls: &&&str| tls.to_ascii_lowercase().contains(&relay);
            let tls = tls.get(process).filter(same).copied();
            ended.insert(id, End { line: text, tls });
        }
    }
    ended
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(name)?;
    rest.split([',', ' ']).next()
}

impl End<'_> {
    fn statement(&self, who: Witness, domain: &Domain) -> Statement {
        let insists = who == Witness::PostfixInsistent;
        let expected = word_for(&domain.expected_by(insists));
        let mut said = self.word().to_owned();
        let relay = field(self.line, "relay=").unwrap_or_default();
        if let (Some(host), true) = (domain.host_by(insists), said == expected)
            && !relay.starts_with(&format!("{host}["))
        {
            said.push_str(&format!(" at {relay}"));
        }
        Statement {
            who,
            expected: expected.to_owned(),
            said,
            detail: [self.tls.unwrap_or_default(), self.line].join("\n"),
        }
    }

    fn word(&self) -> &'static str {
        match (field(self.line, "status="), self.tls) {
            (Some("sent"), None) => "cleartext",
            (Some("sent"), Some(tls)) if is_verified(tls) => "authenticated",
            (Some("sent"), Some(_)) => "tls",
            (Some("deferred"), _) => "deferred",
            (Some("bounced"), _) => "failed",
            _ => "something else",
        }
    }
}

/// Postfix calls a host that DANE verified behind an insecure MX answer only trusted. It knows no authority that it could trust
/// otherwise.
fn is_verified(tls: &str) -> bool {
    tls.starts_with("Verified ") || tls.starts_with("Trusted ")
}

/// What Postfix does where a client comes to `verdict`. Its log does not tell whether TLS was demanded, and its status codes are its
/// own.
const fn word_for(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Authenticated => "authenticated",
        Verdict::Encrypted | Verdict::Tls => "tls",
        Verdict::Cleartext => "cleartext",
        Verdict::Deferred(_) => "deferred",
        Verdict::Failed(_) => "failed",
    }
}
