//! What stands on the command line.
//!
//! Whatever cannot be used is answered with one line that says which argument it is and why.

mod demo;
mod offline;
mod probe;
mod summarize;
pub(crate) mod value;

pub(crate) use demo::DemoArgs;
pub(crate) use offline::{CheckServerArgs, CnIdChoice, ProfileChoice, ReplayArgs, StartTlsChoice};
pub(crate) use offline::{TlsaArgs, VerifyArgs};
pub(crate) use probe::{AddressFamilyChoice, InsecureMxChoice, MxAliasChoice, ProbeArgs};
pub(crate) use summarize::SummarizeArgs;
pub(crate) use value::{Domain, Source, ValueError};

use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Parser, Subcommand, ValueEnum};

/// How many characters of a value are repeated where it cannot be used.
const MAX_VALUE: usize = 80;

/// What stands behind the help and in the manual page, since no option says it.
const START: &str = "\
To begin with:
  smtp-dane demo                          domains good and bad
  smtp-dane probe --validate example.com  how mail is protected
  smtp-dane tlsa cert.pem                 what to publish

Exit status:
  0  what was asked holds
  1  it does not: not authenticated, deferred, failed, findings
  2  arguments or input cannot be used; one line says why";

/// Finds out how mail to a domain would be protected by DANE (RFC 7672), and why.
#[derive(Debug, Parser)]
#[command(name = "smtp-dane", version, max_term_width = 100, after_help = START)]
pub(crate) struct Args {
    /// When to use colours; `NO_COLOR` in the environment turns `auto` off.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        display_order = 100
    )]
    pub(crate) color: ColorChoice,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Args {
    /// Reads the command line.
    ///
    /// # Errors
    /// [`Unusable`] if it asks for help, or cannot be used.
    pub(crate) fn read() -> Result<Self, Unusable> {
        Self::try_parse().map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Unusable::Help(error),
            _ => Unusable::Reason(one_line(&error)),
        })
    }
}

/// Why there are no arguments to work with.
#[derive(Debug)]
pub(crate) enum Unusable {
    /// Help or the version was asked for.
    Help(clap::Error),
    /// They cannot be used; this line says which and why.
    Reason(String),
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Delivers mail to domains of a network of its own, all on loopback in this process, and shows what was decided.
    Demo(DemoArgs),
    /// Does what a mail server would do for a domain, up to the EHLO after STARTTLS; sends no mail.
    Probe(Box<ProbeArgs>),
    /// Counts what came of many domains, from the JSON lines that `probe` printed; needs no network.
    Summarize(SummarizeArgs),
    /// Says whether certificates satisfy TLSA records, and why; needs no network.
    Verify(Box<VerifyArgs>),
    /// Prints the TLSA record to publish for a certificate.
    Tlsa(TlsaArgs),
    /// Makes the deliveries that files describe, in a network that exists in those files alone, and compares what came of
    /// them with what was expected.
    Replay(ReplayArgs),
    /// Checks TLSA records against the certificates that a server sends, as its clients will; needs no network.
    CheckServer(Box<CheckServerArgs>),
    /// Prints what a shell needs to complete the arguments of this program.
    Completions(CompletionsArgs),
    /// Writes the manual pages of this program and its commands.
    Man(ManArgs),
}

/// The arguments of `completions`.
#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// The shell to print it for.
    #[arg(value_enum, value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

/// The arguments of `man`.
#[derive(Debug, clap::Args)]
pub(crate) struct ManArgs {
    /// The folder to write them to, made if need be; without it, the program's own page goes to standard output.
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum ColorChoice {
    /// If standard output is a terminal.
    #[default]
    Auto,
    /// In any case.
    Always,
    /// Not at all.
    Never,
}

/// The names of all commands.
const COMMANDS: &str =
    "demo, probe, summarize, verify, tlsa, check-server, replay, completions and man";

/// What is wrong with the command line, in one line.
fn one_line(error: &clap::Error) -> String {
    let context = |kind| error.get(kind).map(ToString::to_string);
    let argument = context(ContextKind::InvalidArg).unwrap_or_default();
    let value = context(ContextKind::InvalidValue).unwrap_or_default();
    let value: String = value.chars().take(MAX_VALUE).collect();
    let line = match error.kind() {
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(error).map(ToString::to_string);
            let why = why.unwrap_or_else(|| "it cannot be read".to_owned());
            format!("{argument}: '{value}' cannot be used: {why}")
        }
        ErrorKind::InvalidValue if value.is_empty() => format!("{argument}: a value is missing"),
        ErrorKind::InvalidValue => {
            let known = context(ContextKind::ValidValue).unwrap_or_default();
            format!("{argument}: '{value}' is not one of: {known}")
        }
        ErrorKind::UnknownArgument => format!("{argument}: there is no such option"),
        ErrorKind::InvalidSubcommand => {
            let command = context(ContextKind::InvalidSubcommand).unwrap_or_default();
            format!("{command}: there is no such command; there are {COMMANDS}")
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            format!("a command is missing; there are {COMMANDS} (--help says more)")
        }
        ErrorKind::MissingRequiredArgument => match error.get(ContextKind::InvalidArg) {
            Some(ContextValue::Strings(missing)) if missing.len() > 1 => {
                format!("{argument} are missing")
            }
            _ => format!("{argument} is missing"),
        },
        ErrorKind::ArgumentConflict => match context(ContextKind::PriorArg) {
            Some(prior) if prior != argument => format!("{argument} does not go with {prior}"),
            _ => format!("{argument} is given more than once"),
        },
        _ => {
            let text = error.render().to_string();
            let first = text.lines().next().unwrap_or_default();
            first.trim_start_matches("error: ").to_owned()
        }
    };
    printable(&line)
}

/// The text without anything that would end the line, steer a terminal, or show the characters in another order than they have.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || is_format(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Whether a character is invisible itself, and changes how others are shown or ends a line: what Unicode has of them as marks of
/// direction, separators and joiners.
const fn is_format(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(line: &str) -> String {
        let words = std::iter::once("smtp-dane").chain(line.split(' '));
        match Args::try_parse_from(words) {
            Ok(args) => format!("accepted: {args:?}"),
            Err(error) => one_line(&error),
        }
    }

    #[test]
    fn one_line_says_which_and_why() {
        for (line, parts) in [
            ("probe", ["<DOMAIN>", "missing"]),
            ("probe a..b", ["<DOMAIN>", "empty label"]),
            ("probe a@example.com", ["<DOMAIN>", "mailbox"]),
            ("probe 192.0.2.1", ["<DOMAIN>", "[192.0.2.1]"]),
            ("probe [192.0.2.300]", ["<DOMAIN>", "address"]),
            ("probe [IPv6:192.0.2.1]", ["<DOMAIN>", "address"]),
            ("probe b\u{fc}cher.example", ["<DOMAIN>", "xn--"]),
            ("probe example.com:25", ["<DOMAIN>", "host name"]),
            ("probe a --port 0", ["--port", "65535"]),
            ("probe a --port 65536", ["--port", "65535"]),
            ("probe a --resolver localhost", ["--resolver", "address"]),
            (
                "probe a --resolver 127.0.0.1:dns",
                ["--resolver", "address"],
            ),
            ("probe a --dane never", ["--dane", "audit"]),
            ("probe a --insecure-mx x", ["--insecure-mx", "use-tlsa"]),
            ("probe a --timeout 0", ["--timeout", "0"]),
            ("probe a --timeout x", ["--timeout", "number"]),
            ("probe a --self a..b", ["--self", "empty label"]),
            ("probe a --jobs 0", ["--jobs", "from 1 to 200"]),
            ("probe a --jobs 201", ["--jobs", "from 1 to 200"]),
            ("probe a --per-address x", ["--per-address", "1 to 200"]),
            ("probe a --trust-anchor x", ["--validate", "missing"]),
            ("probe a --port", ["--port", "missing"]),
            ("demo a.test --serve", ["--serve", "does not go with"]),
            ("demo --domains 5", ["--serve", "missing"]),
            (
                "demo --serve --domains 0",
                ["--domains", "from 1 to 1000000"],
            ),
            ("demo --names 1000001", ["--names", "from 1 to 1000000"]),
            ("demo --names x", ["--names", "from 1 to 1000000"]),
            ("demo --names 1 --json", ["--names", "does not go with"]),
            ("probe a --port 1 --port 2", ["--port", "more than once"]),
            ("probe a --prot 25", ["--prot", "no such option"]),
            ("frobnicate", ["frobnicate", "probe"]),
            ("demo --color=red", ["--color", "always"]),
            ("verify --base a --tlsa 3", ["--tlsa", "3 1 1"]),
            ("verify --base a --tlsa=3 x", ["--tlsa", "'3'"]),
            ("verify", ["--base", "CHAIN.pem> are missing"]),
            ("verify --base a c.pem", ["--tlsa", "is missing"]),
            ("verify --tlsa-file f c.pem", ["--base", "missing"]),
            ("verify --tlsa-file f --base a", ["CHAIN.pem", "missing"]),
            ("verify --base a..b", ["--base", "empty label"]),
            ("verify --name a..b", ["--name", "empty label"]),
            ("verify --time 2026-01-01", ["--time", "T00:00:00Z"]),
            ("verify --profile all", ["--profile", "submission"]),
            ("verify --cn-id always", ["--cn-id", "fallback"]),
            ("tlsa", ["CERT.pem", "missing"]),
            ("tlsa c.pem --usage 4", ["--usage", "from 0 to 3"]),
            ("tlsa c.pem --selector 2", ["--selector", "from 0 to 1"]),
            ("tlsa c.pem --matching x", ["--matching", "from 0 to 2"]),
            ("tlsa c.pem --port 0", ["--port", "65535"]),
            ("tlsa c.pem --host a..b", ["--host", "empty label"]),
            (
                "tlsa c.pem --chain --usage 2",
                ["--chain", "does not go with"],
            ),
            ("completions", ["SHELL", "missing"]),
            ("completions cmd", ["cmd", "bash"]),
            ("replay", ["SCENARIO.json", "missing"]),
            ("check-server --chain c.pem", ["--host", "missing"]),
            ("check-server --host a", ["--chain", "missing"]),
            (
                "check-server --chain a..b=c.pem",
                ["--chain", "empty label"],
            ),
            ("check-server --starttls no", ["--starttls", "sometimes"]),
            ("check-server --ttl -1", ["-1", ""]),
            ("probe a\u{1b}[31m", ["<DOMAIN>", "\\u{1b}"]),
        ] {
            let said = refused(line);
            assert!(
                !said.starts_with("accepted") && !said.contains('\n'),
                "{said}"
            );
            for part in parts {
                assert!(said.contains(part), "{line}: {said}");
            }
        }
    }

    #[test]
    fn definitions_are_consistent() {
        <Args as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn what_is_said_cannot_steer_a_terminal_or_turn_the_text_round() {
        assert_eq!(printable("\x1b[31m a\nb"), "\\u{1b}[31m a\\nb");
        assert_eq!(printable("a\u{202e}b\u{2028}"), "a\\u{202e}b\\u{2028}");
        assert_eq!(printable("b\u{fc}cher …"), "b\u{fc}cher …");
    }
}
