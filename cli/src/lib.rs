//! The operator's tool around `smtp-dane`: it has the sockets, files and words, and leaves each decision to the library.
//!
//! This is no library for others. It is one so that the program and the fuzz targets share it.

mod args;
mod check_server;
mod demo;
mod drive;
mod exit;
mod input;
mod install;
mod lab;
mod probe;
mod replay;
mod report;
mod resolver;
mod smtp;
mod stub;
mod summarize;
mod terminal;
mod tls;
mod tlsa;
mod validator;
mod verify;

use std::io::Write;
use std::process::ExitCode;

use args::{Args, Command, DemoArgs, ProbeArgs, Unusable};
use exit::{Ending, Verdict};
use probe::Done;
use terminal::{Progress, Style};

pub use replay::replay_text;

/// The whole program.
#[must_use]
pub fn main() -> ExitCode {
    let args = match Args::read() {
        Ok(args) => args,
        Err(Unusable::Help(help)) => {
            return match write!(std::io::stdout(), "{}", help.render()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => Ending::Output(error).conclude(),
            };
        }
        Err(Unusable::Reason(line)) => return Ending::Unusable(line).conclude(),
    };
    match run(args) {
        Ok(verdict) => verdict.code(),
        Err(ending) => ending.conclude(),
    }
}

fn run(args: Args) -> Result<Verdict, Ending> {
    let style = Style::of_stdout(args.color);
    let work = match args.command {
        Command::Summarize(args) => return summarize::run(&args, style),
        Command::Verify(args) => return verify::run(&args, style),
        Command::Tlsa(args) => return tlsa::run(&args),
        Command::Replay(args) => return replay::run(&args, style),
        Command::CheckServer(args) => return check_server::run(&args, style),
        Command::Completions(args) => return install::completions(&args),
        Command::Man(args) => return install::manual(&args),
        Command::Demo(DemoArgs {
            names: Some(count), ..
        }) => return demo::names(count),
        Command::Demo(args) => Work::Demo(args),
        Command::Probe(args) => {
            // Nothing else listens for an interrupt while files are read, so that it ends the program.
            let done = Done::read(&args.skip_done)?;
            Work::Probe(args, done)
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Ending::Impossible(error.to_string()))?;
    let verdict = runtime.block_on(async {
        let progress = Progress::new();
        tokio::select! {
            verdict = work.run(style, &progress) => verdict,
            _ = tokio::signal::ctrl_c() => Err(Ending::Interrupted),
        }
    });
    runtime.shutdown_background();
    verdict
}

/// A command that needs the network, with all that it needs to begin.
enum Work {
    Demo(DemoArgs),
    Probe(Box<ProbeArgs>, Done),
}

impl Work {
    async fn run(self, style: Style, progress: &Progress) -> Result<Verdict, Ending> {
        match self {
            Self::Demo(args) => demo::run(&args, style, progress).await,
            Self::Probe(args, done) => probe::run(&args, &done, style, progress).await,
        }
    }
}
