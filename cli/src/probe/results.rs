//! The order in which results are printed: those of arguments as the arguments stand, those of a stream as they come.

use std::collections::BTreeMap;
use std::io;

use crate::args::{ProbeArgs, Source};
use crate::exit::Ending;
use crate::report::{self, Report};
use crate::terminal::{Style, print};

/// Prints results, each at once and in one piece, so that whoever ends this program finds whole ones, but perhaps for the last.
pub(super) struct Results {
    style: Style,
    json: bool,
    /// Whether the order is that of the arguments. They are in memory already, so there is room for the results that wait.
    in_order: bool,
    waiting: BTreeMap<u64, String>,
    printed: u64,
}

impl Results {
    pub(super) fn new(args: &ProbeArgs, style: Style) -> Self {
        let is_argument = |source: &Source| matches!(source, Source::Argument(_));
        Self {
            style,
            json: args.json,
            in_order: args.domains.iter().all(is_argument),
            waiting: BTreeMap::new(),
            printed: 0,
        }
    }

    /// Takes the result of a domain before which so many others began, and prints what need not wait.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn add(&mut self, number: u64, report: &Report) -> Result<(), Ending> {
        let text = if self.json {
            let line = serde_json::to_string(report).map_err(io::Error::from)?;
            format!("{line}\n")
        } else {
            report::lines(report, self.style)
        };
        if !self.in_order {
            return self.print(&text);
        }
        self.waiting.insert(number, text);
        while let Some(text) = self.waiting.remove(&self.printed) {
            self.print(&text)?;
        }
        Ok(())
    }

    fn print(&mut self, text: &str) -> Result<(), Ending> {
        if self.json || self.printed == 0 {
            print(text)?;
        } else {
            print(&format!("\n{text}"))?;
        }
        self.printed = self.printed.saturating_add(1);
        Ok(())
    }
}
