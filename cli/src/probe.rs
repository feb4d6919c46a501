//! `probe`: what a mail server would do for each domain, without the mail.

mod done;
mod input;
mod pace;
mod results;
mod sockets;

use std::fs;
use std::sync::Arc;

use smtp_dane::delivery::Delivery;
use smtp_dane::resolve::{ResolverFault, Validation};
use smtp_dane::{Identity, Policy, RawPublicKeys, Unexpected};
use tokio::task::JoinSet;

use crate::args::{Domain, ProbeArgs};
use crate::drive::{Errand, Network, Run, Turns};
use crate::exit::{Ending, Verdict};
use crate::report::{OutcomeKind, Report};
use crate::resolver::Resolver;
use crate::terminal::{Progress, Style, complain};
use crate::tls::TlsClient;
use crate::validator::Anchor;
pub(crate) use done::Done;
use pace::Pace;
use results::Results;

/// Probes the domains, some of them at once, and prints what came of them. However many there are, only those under way are kept.
///
/// # Errors
/// [`Ending`] if it cannot be done at all.
pub(crate) async fn run(
    args: &ProbeArgs,
    done: &Done,
    style: Style,
    progress: &Progress,
) -> Result<Verdict, Ending> {
    let network = Arc::new(network(args).await?);
    sockets::check(args)?;
    let entries = input::entries(args.domains.clone());
    let mut entries = entries.map_err(|error| Ending::Impossible(error.to_string()))?;
    // Beside the deliveries, which as a rule take longer.
    let mut checks = JoinSet::new();
    if !args.validate {
        let resolver = network.resolver.clone();
        checks.spawn(async move { resolver.check().await });
    }
    let mut survey = Survey {
        args,
        network,
        policy: policy(args),
        running: JoinSet::new(),
        results: Results::new(args, style),
        pace: Pace::new(input::extent(&args.domains)),
        progress,
        verdict: Verdict::Holds,
    };
    loop {
        let has_room = survey.running.len() < usize::from(args.jobs);
        tokio::select! {
            Some(entry) = entries.recv(), if has_room => {
                survey.pace.took(entry.octets);
                match entry.domain {
                    Ok(domain) if done.has(&domain) => {}
                    Ok(domain) => survey.begin(domain),
                    Err(line) => survey.pass_over(&line),
                }
            }
            Some(ended) = survey.running.join_next() => survey.end(ended?)?,
            Some(checked) = checks.join_next() => survey.warn_of(checked??),
            else => return Ok(survey.verdict),
        }
    }
}

/// A domain that was probed: how many began before it, its name, and what came of it.
type Ended = (u64, Domain, Result<Run, Unexpected>);

/// Domains under way.
struct Survey<'a> {
    args: &'a ProbeArgs,
    network: Arc<Network>,
    policy: Policy,
    running: JoinSet<Ended>,
    results: Results,
    pace: Pace,
    progress: &'a Progress,
    verdict: Verdict,
}

impl Survey<'_> {
    fn begin(&mut self, domain: Domain) {
        let number = self.pace.begins(&domain);
        self.progress.show(&self.pace.line());
        let next_hop = if self.args.relay {
            domain.relay(self.args.port)
        } else {
            domain.next_hop(self.args.port)
        };
        let delivery = Delivery::new(next_hop, self.policy.clone(), shuffle());
        let errand = if self.args.all_hosts {
            Errand::Survey
        } else {
            Errand::Probe
        };
        let network = Arc::clone(&self.network);
        self.running
            .spawn(async move { (number, domain, network.run(delivery, &errand).await) });
    }

    fn end(&mut self, (number, domain, run): Ended) -> Result<(), Ending> {
        let report = Report::of(domain.to_string(), &run?).ok_or(Ending::Broken)?;
        if report.outcome != OutcomeKind::Delivered {
            self.verdict = self.verdict.max(Verdict::DoesNotHold);
        }
        self.pace.ended();
        self.progress.clear();
        self.results.add(number, &report)?;
        self.progress.show(&self.pace.line());
        Ok(())
    }

    /// Warns of a resolver that plainly does not validate: all that was said of it being insecure may be its own fault. Where
    /// nothing was shown, the deliveries say by themselves what went wrong.
    fn warn_of(&self, checked: Result<Validation, ResolverFault>) {
        if let Err(fault @ ResolverFault::NotSecure(_)) = checked {
            self.progress.clear();
            complain(&format!(
                "warning: {fault}, and then DANE applies nowhere; --resolver names another one, --validate believes none [{}]",
                fault.cite()
            ));
        }
    }

    /// Says what is wrong with a line of the input.
    fn pass_over(&mut self, why: &str) {
        self.progress.clear();
        complain(why);
        self.verdict = Verdict::Unusable;
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
        turns: Turns::new(args.per_address),
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
