//! `demo`: deliveries in a network of its own, and whether each ended as it should.

mod check;
mod scenes;
mod survey;

use core::net::SocketAddr;
use core::num::NonZeroU16;
use core::time::Duration;
use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;
use smtp_dane::delivery::Delivery;
use smtp_dane::resolve::NextHop;
use smtp_dane::{Name, Policy, RawPublicKeys};
use tokio::time::timeout;

use crate::args::DemoArgs;
use crate::drive::{Errand, Network, Turns};
use crate::exit::{Ending, Verdict};
use crate::lab::Lab;
use crate::lab::certificates::Identity;
use crate::lab::zones::Zone;
use crate::report::{self, Report};
use crate::resolver::Resolver;
use crate::smtp::Message;
use crate::terminal::{Progress, Style, Tone, domains, print};
use crate::tls::TlsClient;
use scenes::{Ground, SCENES, Scene};
use survey::Survey;

/// How long each step may take. All of it is on loopback, so nothing that works takes as long.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long everything may take.
const ALL_TIME: Duration = Duration::from_secs(14);

/// Any number will do for hosts of equal preference; with this one, every run is the same.
const SHUFFLE: u64 = 7;

/// Connections to one address at once; no two domains share more.
const PER_ADDRESS: u16 = 2;

/// The name that the demo introduces itself by.
const OWN_NAME: &str = "sender.test";

/// Delivers to the demo domains, and prints what came of them.
///
/// # Errors
/// [`Ending`] if it cannot be done at all.
pub(crate) async fn run(
    args: &DemoArgs,
    style: Style,
    progress: &Progress,
) -> Result<Verdict, Ending> {
    if args.serve {
        return serve(args).await;
    }
    let chosen = chosen(&args.domains)?;
    timeout(ALL_TIME, deliver_all(args, &chosen, style, progress))
        .await
        .unwrap_or_else(|_| {
            Err(Ending::Impossible(
                "the demo did not end in time".to_owned(),
            ))
        })
}

/// Prints the names of the domains of a survey.
///
/// # Errors
/// [`Ending::Output`] if nobody reads them.
pub(crate) fn names(count: u32) -> Result<Verdict, Ending> {
    let mut output = BufWriter::new(io::stdout().lock());
    for name in survey::names(count) {
        writeln!(output, "{name}")?;
    }
    output.flush()?;
    Ok(Verdict::Holds)
}

/// The scenes of the named domains, in the order of the table; all of them if none is named.
fn chosen(domains: &[String]) -> Result<Vec<&'static Scene>, Ending> {
    let name = |text: &str| text.trim_end_matches('.').to_ascii_lowercase();
    let names: Vec<_> = domains.iter().map(|domain| name(domain)).collect();
    let is_known = |name: &&String| !SCENES.iter().any(|scene| scene.domain == **name);
    if let Some(unknown) = names.iter().find(is_known) {
        let known: Vec<_> = SCENES.iter().map(|scene| scene.domain).collect();
        let known = known.join(", ");
        return Err(Ending::Unusable(format!(
            "'{unknown}' is not a demo domain; there are: {known}"
        )));
    }
    let is_chosen = |scene: &&Scene| names.is_empty() || names.iter().any(|n| n == scene.domain);
    Ok(SCENES.iter().filter(is_chosen).collect())
}

async fn deliver_all(
    args: &DemoArgs,
    scenes: &[&'static Scene],
    style: Style,
    progress: &Progress,
) -> Result<Verdict, Ending> {
    let start = Instant::now();
    progress.show("starting the demo's network");
    let lab = lab(Vec::new()).await?;
    let tls = TlsClient::new().map_err(impossible)?;
    let network = Arc::new(Network {
        resolver: Resolver::trusting(lab.resolver_address(), PATIENCE),
        tls,
        patience: PATIENCE,
        hello: Some(OWN_NAME.to_owned()),
        turns: Turns::new(PER_ADDRESS),
    });
    let mut policy = Policy::default();
    policy.raw_public_keys = RawPublicKeys::AfterCertificates;
    let mut running = Vec::with_capacity(scenes.len());
    for scene in scenes {
        let domain: Name = scene.domain.parse().map_err(impossible)?;
        let next_hop = NextHop::domain(domain).on_port(lab.mail_port());
        let delivery = Delivery::new(next_hop, policy.clone(), SHUFFLE);
        let message = message(scene);
        let task = network.start(delivery, Errand::Send(message.clone()));
        running.push((scene, message, task));
    }
    let mut as_described = 0;
    for (scene, message, task) in running {
        progress.show(&format!("delivering to {}", scene.domain));
        let run = task.await??;
        let report = Report::of(scene.domain.to_owned(), &run).ok_or(Ending::Broken)?;
        let mut differences = check::report(&scene.expected, &report);
        let stored = lab.mailbox().messages();
        differences.extend(check::mailbox(&scene.expected, &message, &stored));
        if scene.expected.fails_validation {
            differences.extend(check::validation(&run.delivery, lab.validator()).await);
        }
        let ending = SceneEnding {
            report,
            description: scene.description,
            as_described: differences.is_empty(),
            differences,
        };
        as_described += usize::from(ending.as_described);
        progress.clear();
        ending.print(args.json, style)?;
    }
    if !args.json {
        let (all, time) = (domains(scenes.len()), start.elapsed().as_secs_f64());
        print(&format!(
            "{as_described} of {all} ended as described, in {time:.1} s\n"
        ))?;
    }
    Ok(if as_described == scenes.len() {
        Verdict::Holds
    } else {
        Verdict::DoesNotHold
    })
}

/// Keeps the network for others to try. It never ends by itself.
async fn serve(args: &DemoArgs) -> Result<Verdict, Ending> {
    let survey = args.survey.map(Survey::of);
    let more = match survey {
        Some(_) => survey::zones(),
        None => Vec::new(),
    };
    let lab = lab(more).await?;
    let place = Place {
        resolver: lab.resolver_address(),
        authority: lab.authority_address(),
        mail_port: lab.mail_port(),
        trust_anchor: lab.trust_anchor_text().trim_end(),
        domains: SCENES.iter().map(|scene| scene.domain).collect(),
        survey,
    };
    if args.json {
        let line = serde_json::to_string(&place).map_err(io::Error::from)?;
        print(&format!("{line}\n"))?;
    } else {
        print(&place.text())?;
    }
    core::future::pending().await
}

/// Where the demo's network is.
#[derive(Debug, Serialize)]
struct Place<'a> {
    resolver: SocketAddr,
    authority: SocketAddr,
    mail_port: NonZeroU16,
    trust_anchor: &'a str,
    domains: Vec<&'static str>,
    survey: Option<Survey>,
}

impl Place<'_> {
    fn text(&self) -> String {
        let Self {
            resolver,
            authority,
            mail_port,
            trust_anchor,
            domains,
            survey,
        } = self;
        let domains = domains.join(" ");
        let survey = survey.as_ref().map(Survey::text).unwrap_or_default();
        format!(
            "validating resolver   {resolver}\nauthoritative server  {authority}\nport of mail servers  {mail_port}\n\
             trust anchor          {trust_anchor}\ndomains               {domains}\n{survey}\n\
             smtp-dane probe --resolver {resolver} --port {mail_port} dane-ee.test\n"
        )
    }
}

/// The network of all scenes, whichever of them are chosen, with `more` zones in it.
async fn lab(more: Vec<Zone>) -> Result<Lab, Ending> {
    let mut identities: BTreeMap<&str, Identity> = BTreeMap::new();
    let mut servers = Vec::new();
    for server in SCENES.iter().flat_map(|scene| scene.servers) {
        let identity = server.identity().map_err(impossible)?;
        identities.insert(server.name, identity.clone());
        servers.push(server.with(identity));
    }
    let zones = |port| {
        let ground = Ground::new(port, identities);
        let zones = SCENES.iter().flat_map(|scene| (scene.zones)(&ground));
        zones.chain(more).collect()
    };
    Lab::start(servers, zones).await.map_err(impossible)
}

fn impossible(error: impl core::fmt::Display) -> Ending {
    Ending::Impossible(error.to_string())
}

/// A message that no other run has sent.
fn message(scene: &Scene) -> Message {
    let number = getrandom::u64().unwrap_or_default();
    let recipient = format!("postmaster@{}", scene.domain);
    let sender = format!("demo@{OWN_NAME}");
    let content = format!(
        "From: <{sender}>\r\nTo: <{recipient}>\r\nMessage-ID: <{number:016x}@{OWN_NAME}>\r\n\
         Subject: {}\r\n\r\nThe next line begins with a dot.\r\n.\r\nThat was it.\r\n",
        scene.description
    );
    Message {
        sender,
        recipient,
        content,
    }
}

/// What came of a scene.
#[derive(Debug, Serialize)]
struct SceneEnding {
    #[serde(flatten)]
    report: Report,
    description: &'static str,
    as_described: bool,
    differences: Vec<String>,
}

impl SceneEnding {
    fn print(&self, json: bool, style: Style) -> io::Result<()> {
        if json {
            let line = serde_json::to_string(self).map_err(io::Error::from)?;
            return print(&format!("{line}\n"));
        }
        let mut text = format!("{}\n", style.paint(Tone::Faint, self.description));
        text.push_str(&report::lines(&self.report, style));
        for difference in &self.differences {
            let line = format!("not as described: {difference}");
            text.push_str(&style.paint(Tone::Bad, &line));
            text.push('\n');
        }
        text.push('\n');
        print(&text)
    }
}
