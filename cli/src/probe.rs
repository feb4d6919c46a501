//! `probe`: what a mail server would do for each domain, without the mail.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, BufRead, Read};
use std::sync::Arc;

use smtp_dane::delivery::Delivery;
use smtp_dane::resolve::{ResolverFault, Validation};
use smtp_dane::{Identity, Policy, RawPublicKeys};

use crate::args::{Domain, ProbeArgs, Source};
use crate::drive::{Errand, Network};
use crate::exit::{Ending, Verdict};
use crate::report::{self, OutcomeKind, Report};
use crate::resolver::Resolver;
use crate::terminal::{Progress, Style, complain, print};
use crate::tls::TlsClient;
use crate::validator::Anchor;

/// How many domains are probed at once.
const AT_ONCE: usize = 16;

/// Longest line of standard input in octets; no domain is as long.
const MAX_LINE: u64 = 4096;

/// Probes the domains, and prints what came of them in their order.
///
/// # Errors
/// [`Ending`] if it cannot be done at all.
pub(crate) async fn run(
    args: &ProbeArgs,
    input: Input,
    style: Style,
    progress: &Progress,
) -> Result<Verdict, Ending> {
    let network = Arc::new(network(args).await?);
    // Beside the deliveries, which as a rule take longer.
    let check = (!args.validate).then(|| {
        let resolver = network.resolver.clone();
        tokio::spawn(async move { resolver.check().await })
    });
    let policy = policy(args);
    let mut waiting = input.domains.into_iter();
    let mut running = VecDeque::new();
    let mut verdict = input.verdict;
    loop {
        while running.len() < AT_ONCE
            && let Some(domain) = waiting.next()
        {
            let next_hop = if args.relay {
                domain.relay(args.port)
            } else {
                domain.next_hop(args.port)
            };
            let delivery = Delivery::new(next_hop, policy.clone(), shuffle());
            let errand = if args.all_hosts {
                Errand::Survey
            } else {
                Errand::Probe
            };
            running.push_back((domain, network.start(delivery, errand)));
        }
        let Some((domain, task)) = running.pop_front() else {
            if let Some(check) = check {
                warn_of(check.await??);
            }
            return Ok(verdict);
        };
        progress.show(&format!("probing {domain}"));
        let run = task.await??;
        let report = Report::of(domain.to_string(), &run).ok_or(Ending::Broken)?;
        if report.outcome != OutcomeKind::Delivered {
            verdict = verdict.max(Verdict::DoesNotHold);
        }
        progress.clear();
        if args.json {
            let line = serde_json::to_string(&report).map_err(io::Error::from)?;
            print(&format!("{line}\n"))?;
        } else {
            print(&report::lines(&report, style))?;
            if !running.is_empty() {
                print("\n")?;
            }
        }
    }
}

/// Warns of a resolver that plainly does not validate: all that was said of it being insecure may be its own fault. Where nothing
/// was shown, the deliveries say by themselves what went wrong.
fn warn_of(checked: Result<Validation, ResolverFault>) {
    if let Err(fault @ ResolverFault::NotSecure(_)) = checked {
        complain(&format!(
            "warning: {fault}, and then DANE applies nowhere; --resolver names another one, --validate believes none [{}]",
            fault.cite()
        ));
    }
}

/// The domains to probe.
#[derive(Debug)]
pub(crate) struct Input {
    domains: Vec<Domain>,
    verdict: Verdict,
}

impl Input {
    /// Takes the arguments, and reads standard input where they say so. A line that is no domain is reported and left out.
    ///
    /// # Errors
    /// [`Ending`] if standard input cannot be read.
    pub(crate) fn read(sources: &[Source]) -> Result<Self, Ending> {
        let mut input = Self {
            domains: Vec::new(),
            verdict: Verdict::Holds,
        };
        for source in sources {
            match source {
                Source::Argument(domain) => input.domains.push(domain.clone()),
                Source::StandardInput => {
                    let read = input.read_lines(&mut io::stdin().lock());
                    read.map_err(|error| Ending::Unusable(format!("standard input: {error}")))?;
                }
            }
        }
        Ok(input)
    }

    fn read_lines(&mut self, lines: &mut impl BufRead) -> io::Result<()> {
        let mut octets = Vec::new();
        for number in 1_u64.. {
            octets.clear();
            let length = lines.take(MAX_LINE).read_until(b'\n', &mut octets)?;
            if length == 0 {
                break;
            }
            if octets.last() != Some(&b'\n') {
                // The rest of a line that is too long.
                lines.skip_until(b'\n')?;
            }
            let line = String::from_utf8_lossy(&octets);
            match line.trim() {
                "" => {}
                text => match text.parse() {
                    Ok(domain) => self.domains.push(domain),
                    Err(error) => {
                        let text: String = text.chars().take(80).collect();
                        let place = format!("standard input, line {number}");
                        complain(&format!("{place}: '{text}' cannot be used: {error}"));
                        self.verdict = Verdict::Unusable;
                    }
                },
            }
        }
        Ok(())
    }
}

fn policy(args: &ProbeArgs) -> Policy {
    let mut policy = Policy::default();
    policy.dane = args.dane;
    policy.insecure_mx = args.insecure_mx.into();
    policy.mx_alias = args.mx_alias.into();
    policy.address_family = args.address_family.into();
    policy.raw_public_keys = RawPublicKeys::AfterCertificates;
    policy.identities = args.identities.clone().into();
    policy
}

async fn network(args: &ProbeArgs) -> Result<Network, Ending> {
    let tls = TlsClient::new().map_err(|error| Ending::Impossible(error.to_string()))?;
    let own_name = args.identities.iter().find_map(|identity| match identity {
        Identity::Name(name) => Some(name.to_string()),
        Identity::Address(_) => None,
    });
    Ok(Network {
        resolver: resolver(args).await?,
        tls,
        patience: args.timeout,
        hello: own_name,
    })
}

async fn resolver(args: &ProbeArgs) -> Result<Resolver, Ending> {
    if args.validate {
        let validating = Resolver::validating(args.resolver, anchor(args)?, args.timeout).await;
        return validating.map_err(|error| Ending::Impossible(error.to_string()));
    }
    if let Some(server) = args.resolver {
        return Ok(Resolver::trusting(server, args.timeout));
    }
    let (resolver, far) =
        Resolver::of_system(args.timeout).map_err(|error| Ending::Impossible(error.to_string()))?;
    for server in far {
        complain(&format!(
            "warning: the system's resolver {} is not on this machine, so its word that an answer is secure may be \
             forged on the way; --resolver names another one, --validate believes none",
            server.ip()
        ));
    }
    Ok(resolver)
}

fn anchor(args: &ProbeArgs) -> Result<Anchor, Ending> {
    let Some(file) = &args.trust_anchor else {
        return Ok(Anchor::iana());
    };
    let unusable = |why: String| Ending::Unusable(format!("{}: {why}", file.display()));
    let text = fs::read_to_string(file).map_err(|error| unusable(error.to_string()))?;
    text.parse()
        .map_err(|error: crate::validator::AnchorError| unusable(error.to_string()))
}

/// A random number for hosts of equal preference; always the same if the system has none.
fn shuffle() -> u64 {
    getrandom::u64().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_no_domains_are_left_out() {
        let mut input = Input {
            domains: Vec::new(),
            verdict: Verdict::Holds,
        };
        let long = "x".repeat(10_000);
        let text = format!("a.example\r\n\n  b.example \na..b\n{long}\n\u{fc}.example\nc.example");
        assert!(input.read_lines(&mut text.as_bytes()).is_ok());
        let shown: Vec<_> = input.domains.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["a.example", "b.example", "c.example"]);
        assert_eq!(input.verdict, Verdict::Unusable);
    }
}
