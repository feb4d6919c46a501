//! `replay`: whole deliveries in a network that exists in a file alone, compared with what was expected of them.
//!
//! Nothing here depends on the clock, on random numbers or on the machine: a file gives the same result wherever it is
//! replayed.

mod dns;
mod expect;
mod pem;
mod policy;
mod scenario;
mod servers;

use core::net::SocketAddr;
use std::io;
use std::path::Path;

use serde::Serialize;
use smtp_dane::delivery::{Delivery, Event, Step, Transfer};
use smtp_dane::dns::Query;
use smtp_dane::session;

use crate::args::ReplayArgs;
use crate::drive::{Run, Sighting};
use crate::exit::{Ending, Verdict};
use crate::input::File;
use crate::report::{OutcomeKind, Report, Row, because, table};
use crate::terminal::{Style, Tone, complain, print};
use expect::Difference;
use scenario::Scenario;
use servers::{Server, Servers};

/// Replays the files in turn, and prints what came of each. A file that cannot be used is reported and left out.
///
/// # Errors
/// [`Ending`] if nobody reads the output.
pub(crate) fn run(args: &ReplayArgs, style: Style) -> Result<Verdict, Ending> {
    let mut verdict = Verdict::Holds;
    for path in &args.scenarios {
        let replayed = match Replayed::of(path) {
            Ok(replayed) => replayed,
            Err(Ending::Unusable(line)) => {
                complain(&line);
                verdict = verdict.max(Verdict::Unusable);
                continue;
            }
            Err(ending) => return Err(ending),
        };
        if !replayed.differences.is_empty() {
            verdict = verdict.max(Verdict::DoesNotHold);
        }
        if args.json {
            let line = serde_json::to_string(&replayed).map_err(io::Error::from)?;
            print(&format!("{line}\n"))?;
        } else {
            print(&replayed.lines(style))?;
        }
    }
    Ok(verdict)
}

/// Replays a scenario that stands in no file, and gives what `--json` would print. Certificates must stand in it as text.
///
/// # Errors
/// The line that says why it cannot be used.
pub fn replay_text(text: &[u8]) -> Result<String, String> {
    let name = "text".to_owned();
    let file = File::within(name.clone(), text);
    let replayed = Replayed::of_file(name, &file, None).map_err(|ending| ending.to_string())?;
    serde_json::to_string(&replayed).map_err(|error| error.to_string())
}

/// What came of one file, as scripts read it. The names of fields are stable.
#[derive(Debug, Serialize)]
struct Replayed {
    file: String,
    description: String,
    #[serde(flatten)]
    report: Report,
    differences: Vec<Difference>,
    /// Whether the file says what is expected.
    #[serde(skip)]
    compared: bool,
}

impl Replayed {
    /// Reads a file and makes its delivery.
    ///
    /// # Errors
    /// [`Ending::Unusable`] if the file, or one that it names, cannot be used.
    fn of(path: &Path) -> Result<Self, Ending> {
        let file = File::read(path)?;
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        Self::of_file(path.display().to_string(), &file, Some(directory))
    }

    /// Makes the delivery of a file that was read; without a directory it can name no other files.
    ///
    /// # Errors
    /// As [`Self::of`].
    fn of_file(name: String, file: &File, directory: Option<&Path>) -> Result<Self, Ending> {
        let scenario = Scenario::read(file)?;
        let pem = pem::Reader::new(file, directory);
        let servers = Servers::build(&scenario, &pem)?;
        let run = play(&scenario, &servers)?;
        let report = Report::of(scenario.next_hop.to_string(), &run).ok_or(Ending::Broken)?;
        let expected = scenario.expect.as_ref();
        Ok(Self {
            file: name,
            differences: expected.map_or_else(Vec::new, |expected| expected.differences(&report)),
            compared: expected.is_some(),
            description: scenario.description,
            report,
        })
    }

    /// The same for people.
    fn lines(&self, style: Style) -> String {
        let (tone, verdict) = match (self.compared, self.differences.as_slice()) {
            (false, _) => (Tone::Faint, "nothing was expected"),
            (true, []) => (Tone::Good, "as expected"),
            (true, _) => (Tone::Bad, "not as expected"),
        };
        let mut why = verdict.to_owned();
        if !self.description.is_empty() {
            why = format!("{why}: {}", self.description);
        }
        if self.report.outcome != OutcomeKind::Delivered
            && let Some(reason) = &self.report.reason
        {
            why = format!("{why} ({})", because(reason));
        }
        let mut rows = vec![Row::new(
            self.file.clone(),
            self.report.outcome.as_str(),
            tone,
            why,
        )];
        for difference in &self.differences {
            let why = format!(
                "expected {}, found {}",
                difference.expected, difference.found
            );
            let place = format!("  {}", difference.field);
            rows.push(Row::new(place, "differs", Tone::Bad, why));
        }
        table(&rows, style)
    }
}

/// Makes the delivery.
///
/// # Errors
/// [`Ending::Broken`] if the delivery will not take what happened, which is a mistake of this program.
fn play(scenario: &Scenario, servers: &Servers) -> Result<Run, Ending> {
    let next_hop = scenario.next_hop();
    let mut delivery = Delivery::new(next_hop, scenario.policy.policy(), scenario.shuffle);
    let mut sightings: Vec<Sighting> = Vec::new();
    let mut connected: Option<&Server> = None;
    loop {
        let event = match delivery.step() {
            Step::Done(_) => {
                return Ok(Run {
                    delivery,
                    survey: None,
                    sightings,
                });
            }
            Step::Lookup(queries) => {
                let answer = |query: &Query| {
                    let answer = scenario.dns.answer(query.question());
                    Some(Event::Answer(query.id(), answer?))
                };
                let answers: Option<Vec<_>> = queries.iter().map(answer).collect();
                for answer in answers.ok_or(Ending::Broken)? {
                    delivery.handle(answer)?;
                }
                continue;
            }
            Step::Connect { address, port, .. } => {
                let address = SocketAddr::new(address, port.get());
                let mut sighting = Sighting::default();
                connected = match servers.connect(address) {
                    Ok(server) => Some(server),
                    Err(trouble) => {
                        sighting.trouble = Some(trouble.to_string());
                        None
                    }
                };
                sightings.push(sighting);
                match connected {
                    Some(_) => Event::Connected,
                    None => Event::ConnectFailed,
                }
            }
            Step::Session(step) => {
                let (Some(server), Some(sighting)) = (connected, sightings.last_mut()) else {
                    return Err(Ending::Broken);
                };
                match step {
                    session::Step::Transfer(_) => {
                        let transfer = server.transfer();
                        sighting.ready = transfer == Transfer::Accepted;
                        Event::Transferred(transfer)
                    }
                    step => {
                        let happened = servers.act(server, step, sighting);
                        Event::Session(happened.ok_or(Ending::Broken)?)
                    }
                }
            }
        };
        delivery.handle(event)?;
    }
}
