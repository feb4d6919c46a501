//! Input from files: PEM blocks and TLSA records. What cannot be used is answered with one line that says where it stands.

pub(crate) mod lines;
pub(crate) mod pem;
pub(crate) mod stream;
pub(crate) mod tlsa;

use core::fmt::Display;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::exit::Ending;

/// Most octets of one file. The bundle of all public authorities has a quarter of a million.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// A file that was read, or standard input.
#[derive(Debug)]
pub(crate) struct File {
    name: String,
    octets: Vec<u8>,
}

impl File {
    /// Reads a file; `-` is standard input.
    ///
    /// # Errors
    /// [`Ending::Unusable`] if it cannot be read, or is too long.
    pub(crate) fn read(path: &Path) -> Result<Self, Ending> {
        let is_input = path.as_os_str() == "-";
        let mut file = Self {
            name: match is_input {
                true => "standard input".to_owned(),
                false => path.display().to_string(),
            },
            octets: Vec::new(),
        };
        let read = match is_input {
            true => file.fill(io::stdin().lock()),
            false => fs::File::open(path).and_then(|open| file.fill(open)),
        };
        read.map_err(|error| file.unusable(&error))?;
        Ok(file)
    }

    fn fill(&mut self, source: impl Read) -> io::Result<()> {
        source.take(MAX_FILE + 1).read_to_end(&mut self.octets)?;
        match u64::try_from(self.octets.len()) {
            Ok(0..=MAX_FILE) => Ok(()),
            _ => Err(io::Error::other(format!(
                "it has more than {MAX_FILE} octets"
            ))),
        }
    }

    /// Takes text that is in no file of its own; `name` says where it stands.
    pub(crate) fn within(name: String, text: &[u8]) -> Self {
        Self {
            name,
            octets: text.to_vec(),
        }
    }

    /// What is in it.
    pub(crate) fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// The complaint about the whole file.
    pub(crate) fn unusable(&self, why: &dyn Display) -> Ending {
        Ending::Unusable(format!("{}: {why}", self.name))
    }

    /// The complaint about a part of the file, such as `line 3`.
    pub(crate) fn unusable_at(&self, place: &dyn Display, why: &dyn Display) -> Ending {
        Ending::Unusable(format!("{}, {place}: {why}", self.name))
    }

    #[cfg(test)]
    pub(crate) fn of(octets: &[u8]) -> Self {
        Self {
            name: "file".to_owned(),
            octets: octets.to_vec(),
        }
    }
}
