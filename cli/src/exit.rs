//! How the program ends.

use core::fmt;
use std::io;
use std::process::ExitCode;

use smtp_dane::Unexpected;
use tokio::task::JoinError;

use crate::terminal::complain;

/// Exit code of a program that was interrupted: 128 and the number of the signal.
const INTERRUPTED: u8 = 130;

/// Whether what was asked holds. The worse comes later.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Verdict {
    /// It does.
    Holds,
    /// It does not.
    DoesNotHold,
    /// Some of the input could not be used; what is wrong with it was already said.
    Unusable,
}

impl Verdict {
    /// The exit code.
    pub(crate) fn code(self) -> ExitCode {
        match self {
            Self::Holds => ExitCode::SUCCESS,
            Self::DoesNotHold => ExitCode::FAILURE,
            Self::Unusable => ExitCode::from(2),
        }
    }
}

/// Why the program ends without a verdict.
#[derive(Debug)]
pub(crate) enum Ending {
    /// Arguments or input cannot be used; this line says which and why.
    Unusable(String),
    /// What is needed for the work is not there; this line says what.
    Impossible(String),
    /// Nobody reads the output any more, or it cannot be written.
    Output(io::Error),
    /// A part of this program does not fit the others.
    Broken,
    /// The user wants it so.
    Interrupted,
}

impl Ending {
    /// Says why, if there is anything to say, and gives the exit code.
    pub(crate) fn conclude(self) -> ExitCode {
        let is_quiet = match &self {
            Self::Output(error) => error.kind() == io::ErrorKind::BrokenPipe,
            Self::Interrupted => true,
            Self::Unusable(_) | Self::Impossible(_) | Self::Broken => false,
        };
        if !is_quiet {
            complain(&self.to_string());
        }
        match self {
            Self::Unusable(_) => Verdict::Unusable.code(),
            Self::Interrupted => ExitCode::from(INTERRUPTED),
            Self::Impossible(_) | Self::Output(_) | Self::Broken => Verdict::DoesNotHold.code(),
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable(line) | Self::Impossible(line) => f.write_str(line),
            Self::Output(error) => write!(f, "the output cannot be written: {error}"),
            Self::Broken => f.write_str("this program made a mistake; please report it"),
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl core::error::Error for Ending {}

impl From<io::Error> for Ending {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<Unexpected> for Ending {
    fn from(_: Unexpected) -> Self {
        Self::Broken
    }
}

impl From<JoinError> for Ending {
    fn from(_: JoinError) -> Self {
        Self::Broken
    }
}
