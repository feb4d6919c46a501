//! The domains that earlier output has results of, so that a survey goes on where it was stopped.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use smtp_dane::tlsa::sha256;

use crate::args::Domain;
use crate::exit::Ending;
use crate::input::stream::{Line, Lines};
use crate::report::{MAX_LINE, OutcomeKind};
use crate::terminal::complain;

/// How many lines of a file are complained about one by one.
const MAX_WARNINGS: u64 = 10;

/// The first half of the SHA-256 of a name. Nobody can find two names with the same one, and a million take 16 MB.
type Digest = [u8; 16];

/// Domains that need not be probed again.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// In order.
    digests: Vec<Digest>,
}

/// What a line must have to be a result; what else it has does not matter.
#[derive(Deserialize)]
struct Finished {
    domain: String,
    #[serde(rename = "outcome")]
    _outcome: OutcomeKind,
}

impl Done {
    /// Reads earlier output. A line that is no result is reported and passed over, and so is, in silence, a last line that is
    /// cut short, as a run leaves it that was killed.
    ///
    /// # Errors
    /// [`Ending::Unusable`] if a file cannot be read.
    pub(crate) fn read(files: &[PathBuf]) -> Result<Self, Ending> {
        let mut done = Self::default();
        for file in files {
            let read = done.read_file(file);
            read.map_err(|error| Ending::Unusable(format!("{}: {error}", file.display())))?;
        }
        done.digests.sort_unstable();
        done.digests.dedup();
        done.digests.shrink_to_fit();
        Ok(done)
    }

    /// Whether there is a result of the domain.
    pub(super) fn has(&self, domain: &Domain) -> bool {
        self.digests.binary_search(&digest(domain)).is_ok()
    }

    fn read_file(&mut self, file: &Path) -> io::Result<()> {
        let mut lines = Lines::new(BufReader::new(File::open(file)?), MAX_LINE);
        let mut unusable: u64 = 0;
        while let Some(line) = lines.next()? {
            let octets = match line {
                Line::CutShort(_) => continue,
                Line::Whole(octets) if octets.trim_ascii().is_empty() => continue,
                Line::Whole(octets) => octets,
                Line::TooLong => &[],
            };
            match domain(octets) {
                Some(domain) => self.digests.push(digest(&domain)),
                None => {
                    unusable = unusable.saturating_add(1);
                    if unusable <= MAX_WARNINGS {
                        let (file, number) = (file.display(), lines.number);
                        complain(&format!(
                            "warning: {file}, line {number}: it is no result of a probe"
                        ));
                    }
                }
            }
        }
        if let Some(more @ 1..) = unusable.checked_sub(MAX_WARNINGS) {
            let file = file.display();
            complain(&format!(
                "warning: {file}: {more} more lines are no results of a probe"
            ));
        }
        Ok(())
    }
}

fn domain(line: &[u8]) -> Option<Domain> {
    let finished: Finished = serde_json::from_slice(line).ok()?;
    finished.domain.parse().ok()
}

fn digest(domain: &Domain) -> Digest {
    let whole = sha256(domain.to_string().as_bytes());
    whole.first_chunk().copied().unwrap_or_default()
}
