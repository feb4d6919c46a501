//! The domains to probe, as they come. A thread of its own reads standard input, so that deliveries go on while it has nothing
//! to say, and no further than there is room for.

use std::io::{self, BufRead};
use std::thread;

use tokio::sync::mpsc::error::SendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::args::{Domain, Source, ValueError};
use crate::input::stream::{Line, Lines};

/// Longest line of standard input in octets; no domain is as long.
const MAX_LINE: u64 = 4096;

/// How many entries are read ahead: enough that the thread need not be woken for each.
const AHEAD: usize = 256;

/// How many characters of a line are repeated where it cannot be used.
const MAX_SHOWN: usize = 80;

/// An argument, or a line of standard input.
#[derive(Debug)]
pub(super) struct Entry {
    /// The domain, or what is wrong, in one line.
    pub(super) domain: Result<Domain, String>,
    /// How many octets were read for it, of [`extent`].
    pub(super) octets: u64,
}

/// Begins to read the arguments, and standard input where they say so. Whoever takes the entries makes room for more.
///
/// # Errors
/// If the system has no thread for it.
pub(super) fn entries(sources: Vec<Source>) -> io::Result<Receiver<Entry>> {
    let (sender, entries) = channel(AHEAD);
    let read = move || {
        // If nobody takes them any more, the program is about to end.
        let _unwanted = sources
            .into_iter()
            .try_for_each(|source| read_source(source, &sender));
    };
    thread::Builder::new()
        .name("input".to_owned())
        .spawn(read)?;
    Ok(entries)
}

/// How many octets there are to read; none if standard input is no file, so that nobody knows.
pub(super) fn extent(sources: &[Source]) -> Option<u64> {
    let lengths = sources.iter().map(|source| match source {
        Source::Argument(domain) => Some(octets_of(domain)),
        // Where there is no such path, nobody knows either.
        Source::StandardInput => {
            let metadata = std::fs::metadata("/dev/stdin").ok()?;
            metadata.is_file().then_some(metadata.len())
        }
    });
    lengths.sum()
}

/// What a domain would take as a line.
fn octets_of(domain: &Domain) -> u64 {
    let length = domain.to_string().len();
    u64::try_from(length).map_or(u64::MAX, |length| length.saturating_add(1))
}

fn read_source(source: Source, sender: &Sender<Entry>) -> Result<(), SendError<Entry>> {
    match source {
        Source::Argument(domain) => {
            let octets = octets_of(&domain);
            let domain = Ok(domain);
            sender.blocking_send(Entry { domain, octets })
        }
        Source::StandardInput => read_lines(io::stdin().lock(), sender),
    }
}

fn read_lines(source: impl BufRead, sender: &Sender<Entry>) -> Result<(), SendError<Entry>> {
    let mut lines = Lines::new(source, MAX_LINE);
    let mut told = 0;
    loop {
        let domain = match lines.next() {
            Ok(None) => return Ok(()),
            Ok(Some(line)) => match domain(&line) {
                None => continue,
                Some(domain) => {
                    domain.map_err(|why| format!("standard input, line {}: {why}", lines.number))
                }
            },
            Err(error) => {
                let domain = Err(format!("standard input: {error}"));
                return sender.blocking_send(Entry { domain, octets: 0 });
            }
        };
        let octets = lines.read.saturating_sub(told);
        told = lines.read;
        sender.blocking_send(Entry { domain, octets })?;
    }
}

/// The domain of a line, or what is wrong with it; nothing if the line is blank.
fn domain(line: &Line<'_>) -> Option<Result<Domain, String>> {
    let octets = match line {
        Line::Whole(octets) | Line::CutShort(octets) => *octets,
        Line::TooLong => return Some(Err(format!("it is longer than {MAX_LINE} octets"))),
    };
    let text = String::from_utf8_lossy(octets);
    let text = text.trim();
    let unusable = |why: &str| {
        let shown: String = text.chars().take(MAX_SHOWN).collect();
        Err(format!("'{shown}' cannot be used: {why}"))
    };
    if text.is_empty() {
        return None;
    }
    if str::from_utf8(octets).is_err() {
        return Some(unusable("it is not UTF-8"));
    }
    Some(
        text.parse()
            .or_else(|error: ValueError| unusable(&error.to_string())),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_no_domains_are_named_and_the_rest_goes_on() {
        let (long, spaces) = ("x".repeat(10_000), " ".repeat(5000));
        let text = format!(
            "a.example\r\n\n  b.example \na..b\n{long}\nd.example{spaces}\n\u{fc}.example\nc.example"
        );
        let text = [text.as_bytes(), b"\n\xff.example\nlast.example"].concat();
        let (sender, mut entries) = channel(AHEAD);
        assert!(read_lines(text.as_slice(), &sender).is_ok());
        drop(sender);
        let mut said = Vec::new();
        let mut octets = 0;
        while let Some(entry) = entries.blocking_recv() {
            said.push(entry.domain.map_or_else(|why| why, |d| d.to_string()));
            octets += entry.octets;
        }
        let wanted = [
            "a.example",
            "b.example",
            "standard input, line 4: 'a..b' cannot be used: ",
            "standard input, line 5: it is longer than 4096 octets",
            "standard input, line 6: it is longer than 4096 octets",
            "standard input, line 7: '\u{fc}.example' cannot be used: ",
            "c.example",
            "standard input, line 9: '\u{fffd}.example' cannot be used: it is not UTF-8",
            "last.example",
        ];
        assert_eq!(said.len(), wanted.len(), "{said:?}");
        for (said, wanted) in said.iter().zip(wanted) {
            assert!(said.starts_with(wanted), "{said}");
        }
        assert_eq!(u64::try_from(text.len()), Ok(octets));
    }
}
