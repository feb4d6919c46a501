//! The arguments of `summarize`.

use std::path::PathBuf;

/// The arguments of `summarize`.
#[derive(Debug, clap::Args)]
pub(crate) struct SummarizeArgs {
    /// Files with the JSON lines that `probe` printed; `-`, or no file, is standard input. Each line is counted, also if its
    /// domain stands on another one too.
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// Draw a chart into this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
}
