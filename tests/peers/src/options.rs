//! The command line, which `run` writes.

use std::path::PathBuf;

use crate::Fallible;
use crate::table::Table;

/// What stands there.
#[derive(Debug)]
pub(crate) struct Options {
    /// The tool.
    pub(crate) tool: PathBuf,
    /// An empty folder for files of all kinds.
    pub(crate) folder: PathBuf,
    /// Whether to open a shell before everything is stopped.
    pub(crate) shell: bool,
    /// The domains to ask about: those whose names have one of these parts, or all of them.
    pub(crate) parts: Vec<String>,
}

impl Options {
    /// Reads the command line.
    pub(crate) fn read() -> Fallible<Self> {
        let mut arguments = std::env::args().skip(1);
        let (Some(folder), Some(tool)) = (arguments.next(), arguments.next()) else {
            return Err("this program is for tests/peers/run to start".into());
        };
        let mut options = Self {
            tool: tool.into(),
            folder: folder.into(),
            shell: false,
            parts: Vec::new(),
        };
        for argument in arguments {
            match argument.as_str() {
                "--shell" => options.shell = true,
                // The folder is not ours to delete.
                "--keep" => {}
                part if !part.starts_with('-') => options.parts.push(argument),
                _ => return Err(format!("{argument}: there is no such option").into()),
            }
        }
        Ok(options)
    }

    /// Fails if a part is in no domain's name: whoever mistyped it would take silence for agreement.
    pub(crate) fn check(&self, table: &Table) -> Fallible<()> {
        for part in &self.parts {
            if !table
                .domain
                .iter()
                .any(|it| it.name.contains(part.as_str()))
            {
                return Err(format!("{part}: no domain has this in its name").into());
            }
        }
        Ok(())
    }

    /// Whether this domain is to be asked about.
    pub(crate) fn wants(&self, domain: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|part| domain.contains(part.as_str()))
    }
}
