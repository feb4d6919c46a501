//! The command line that all examples have in common.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use smtp_dane::resolve::NextHop;
use smtp_dane::{DaneMode, Policy};

/// What ends a program.
pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str =
    "arguments: RESOLVER:PORT DOMAIN... [--port N] [--mandatory] [--timeout SECONDS]";

/// For somebody who waits at a terminal. Of a mail server RFC 5321 §4.5.3.2 asks for minutes.
const PATIENCE: Duration = Duration::from_secs(10);

/// What to do.
pub(crate) struct Arguments {
    /// A resolver that validates. Its word is taken if it is on this machine.
    pub(crate) resolver: SocketAddr,
    /// Where mail would go.
    pub(crate) next_hops: Vec<NextHop>,
    pub(crate) policy: Policy,
    /// How long an answer of the DNS, a connection, a reply or a handshake may take.
    pub(crate) patience: Duration,
}

impl Arguments {
    /// Understands the words of a command line, the name of the program left out.
    pub(crate) fn parse(words: impl IntoIterator<Item = String>) -> Result<Self, Error> {
        let mut words = words.into_iter();
        let resolver = words.next().ok_or(USAGE)?.parse().map_err(|_| USAGE)?;
        let mut domains = Vec::new();
        let mut policy = Policy::default();
        let mut port = None;
        let mut patience = PATIENCE;
        while let Some(word) = words.next() {
            match word.as_str() {
                "--mandatory" => policy.dane = DaneMode::Mandatory,
                "--port" => port = Some(number(words.next())?),
                "--timeout" => patience = Duration::from_secs(number(words.next())?),
                domain => domains.push(NextHop::domain(domain.parse()?)),
            }
        }
        if domains.is_empty() || patience.is_zero() {
            return Err(USAGE.into());
        }
        let on_port = |domain: NextHop| match port {
            Some(port) => domain.on_port(port),
            None => domain,
        };
        Ok(Self {
            resolver,
            next_hops: domains.into_iter().map(on_port).collect(),
            policy,
            patience,
        })
    }
}

/// The number behind an option.
fn number<N: FromStr>(word: Option<String>) -> Result<N, &'static str> {
    word.and_then(|word| word.parse().ok()).ok_or(USAGE)
}
