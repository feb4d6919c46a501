//! Standard output and standard error: colours, progress, and output that somebody closed.

use core::cell::Cell;
use core::fmt;
use std::io::{self, IsTerminal, Write};

use crate::args::{ColorChoice, printable};

/// Whether to use colours.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Style {
    Plain,
    Colored,
}

/// What a word is meant to say by its colour.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Tone {
    Good,
    Doubtful,
    Bad,
    Strong,
    Faint,
}

impl Style {
    /// The style for standard output.
    pub(crate) fn of_stdout(choice: ColorChoice) -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let colored = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => io::stdout().is_terminal() && !set("NO_COLOR") && !dumb,
        };
        if colored { Self::Colored } else { Self::Plain }
    }

    /// The text in the colour of a tone.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        let code = match (self, tone) {
            (Self::Plain, _) => return text.to_owned(),
            (Self::Colored, Tone::Good) => "32",
            (Self::Colored, Tone::Doubtful) => "33",
            (Self::Colored, Tone::Bad) => "31",
            (Self::Colored, Tone::Strong) => "1",
            (Self::Colored, Tone::Faint) => "2",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// A number of domains in words.
pub(crate) fn domains<N: From<u8> + PartialEq + fmt::Display>(number: N) -> String {
    let plural = if number == N::from(1) { "" } else { "s" };
    format!("{number} domain{plural}")
}

/// Writes to standard output at once.
///
/// # Errors
/// If nobody reads it any more, or it cannot be written.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()
}

/// Writes one line to standard error. If that cannot be done, there is nobody to tell.
pub(crate) fn complain(text: &str) {
    let _unheard = writeln!(io::stderr().lock(), "smtp-dane: {}", printable(text));
}

/// One line on standard error that says what is done now, if somebody watches. It goes away when this is dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    watched: bool,
    shown: Cell<bool>,
}

impl Progress {
    /// Shows nothing yet.
    pub(crate) fn new() -> Self {
        Self {
            watched: io::stderr().is_terminal(),
            shown: Cell::new(false),
        }
    }

    /// Puts a line in the place of the last one.
    pub(crate) fn show(&self, text: &str) {
        if self.watched {
            // Longer lines would wrap, and could not be taken back.
            let text: String = printable(text).chars().take(70).collect();
            let _unheard = write!(io::stderr().lock(), "\r\x1b[2K{text} …");
            self.shown.set(true);
        }
    }

    /// Takes the line away.
    pub(crate) fn clear(&self) {
        if self.shown.replace(false) {
            let _unheard = write!(io::stderr().lock(), "\r\x1b[2K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_closed_again() {
        assert_eq!(Style::Plain.paint(Tone::Bad, "no"), "no");
        assert_eq!(Style::Colored.paint(Tone::Bad, "no"), "\x1b[31mno\x1b[0m");
        let of = Style::of_stdout;
        assert_eq!(of(ColorChoice::Always), Style::Colored);
        assert_eq!(of(ColorChoice::Never), Style::Plain);
    }
}
