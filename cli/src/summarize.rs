//! `summarize`: what came of many domains, counted from the lines that `probe --json` printed.
//!
//! It holds one line and the counts, however long the input is. So it cannot know whether a domain stood on an earlier line, and
//! counts lines.

mod chart;
mod counts;
mod line;
mod tally;
mod text;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use crate::args::SummarizeArgs;
use crate::exit::{Ending, Verdict};
use crate::input::stream::{Line, Lines};
use crate::report::MAX_LINE;
use crate::terminal::{Progress, Style, complain, print};
use counts::Counts;
use line::{LineError, Probed};

/// How many lines that cannot be used are complained of one by one.
const MAX_COMPLAINTS: u64 = 10;

/// After how many lines it is shown how far the work has come.
const SHOWN_EACH: u64 = 1000;

/// Counts the lines of all files, and prints and draws what was counted.
///
/// # Errors
/// [`Ending`] if a file cannot be read or written.
pub(crate) fn run(args: &SummarizeArgs, style: Style) -> Result<Verdict, Ending> {
    let standard_input = [PathBuf::from("-")];
    let files = match args.files.as_slice() {
        [] => standard_input.as_slice(),
        files => files,
    };
    if let Some(svg) = args.svg.as_ref().filter(|svg| is_counted(svg, files)) {
        let line = format!(
            "{}: the chart would take the place of what is counted",
            svg.display()
        );
        return Err(Ending::Unusable(line));
    }
    let mut counts = Counts::default();
    let progress = Progress::new();
    for file in files {
        of_file(file, &mut counts, &progress)?;
    }
    progress.clear();
    let silent = counts.unusable_lines().saturating_sub(MAX_COMPLAINTS);
    if silent > 0 {
        complain(&format!("{silent} more lines cannot be used"));
    }
    if args.json {
        let line = serde_json::to_string(&counts).map_err(io::Error::from)?;
        print(&format!("{line}\n"))?;
    } else {
        print(&text::of(&counts, style))?;
    }
    if let Some(file) = &args.svg {
        write(file, &chart::of(&counts))?;
    }
    Ok(match counts.unusable_lines() {
        0 => Verdict::Holds,
        _ => Verdict::Unusable,
    })
}

/// Whether a file is one of those that are read, by whatever name.
fn is_counted(svg: &Path, files: &[PathBuf]) -> bool {
    // Where there is no such file yet, nothing can be lost.
    let Ok(svg) = svg.canonicalize() else {
        return false;
    };
    files.iter().any(|file| {
        let path = match is_input(file) {
            true => Path::new("/dev/stdin"),
            false => file,
        };
        path.canonicalize().is_ok_and(|path| path == svg)
    })
}

fn is_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn of_file(path: &Path, counts: &mut Counts, progress: &Progress) -> Result<(), Ending> {
    let is_input = is_input(path);
    let name = match is_input {
        true => "standard input".to_owned(),
        false => path.display().to_string(),
    };
    let read = match is_input {
        true => of_lines(io::stdin().lock(), &name, counts, progress),
        false => File::open(path)
            .and_then(|file| of_lines(BufReader::new(file), &name, counts, progress)),
    };
    read.map_err(|error| {
        progress.clear();
        Ending::Unusable(format!("{name}: {error}"))
    })
}

/// Counts the lines of one file. A line that cannot be used is reported and left out.
fn of_lines(
    source: impl BufRead,
    name: &str,
    counts: &mut Counts,
    progress: &Progress,
) -> io::Result<()> {
    let mut lines = Lines::new(source, MAX_LINE);
    while let Some(line) = lines.next()? {
        let read = match line {
            Line::Whole(octets) | Line::CutShort(octets) if octets.trim_ascii().is_empty() => {
                continue;
            }
            Line::Whole(octets) | Line::CutShort(octets) => Probed::read(octets),
            Line::TooLong => Err(LineError::TooLong { most: MAX_LINE }),
        };
        match read {
            Ok(probed) => {
                counts.add(&probed);
                if counts.lines().is_multiple_of(SHOWN_EACH) {
                    progress.show(&format!("{} lines counted", counts.lines()));
                }
            }
            Err(error) => {
                counts.add_unusable();
                if counts.unusable_lines() <= MAX_COMPLAINTS {
                    progress.clear();
                    let number = lines.number;
                    complain(&format!("{name}, line {number}: {error}"));
                }
            }
        }
    }
    Ok(())
}

/// Writes the chart. A file that cannot be made is an argument that cannot be used; a disk that is full is not the user's mistake.
fn write(path: &Path, chart: &str) -> Result<(), Ending> {
    let because = |error: io::Error| format!("{}: {error}", path.display());
    let mut file = File::create(path).map_err(|error| Ending::Unusable(because(error)))?;
    let written = file.write_all(chart.as_bytes());
    written.map_err(|error| Ending::Impossible(because(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source of octets that are all the same, and then an end of the line and a line that can be used.
    fn too_long(octets: u64) -> impl BufRead {
        let line = r#"
            {"domain":"a","outcome":"failed","would_refuse":false,"mx":{},"hosts":[],"tlsrpt":[]}"#;
        let long = io::Read::take(io::repeat(b'x'), octets);
        BufReader::new(io::Read::chain(long, line.as_bytes()))
    }

    #[test]
    fn a_line_that_is_too_long_is_left_out_and_the_next_is_counted() {
        let (mut counts, progress) = (Counts::default(), Progress::new());
        assert!(of_lines(too_long(MAX_LINE + 1), "a", &mut counts, &progress).is_ok());
        assert_eq!((counts.unusable_lines(), counts.lines()), (1, 1));
        assert!(of_lines(too_long(3 * MAX_LINE), "a", &mut counts, &progress).is_ok());
        assert_eq!((counts.unusable_lines(), counts.lines()), (2, 2));
    }
}
