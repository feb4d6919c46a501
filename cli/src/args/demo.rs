//! The arguments of `demo`.

use super::value::{self, ValueError};

/// Most domains of a survey: as many as there are in the long lists of well-known ones. The resolver would then keep
/// half a gigabyte, going by what it kept of a tenth of them.
const MAX_SURVEY: u32 = 1_000_000;

/// How many domains there are in a survey.
fn survey(text: &str) -> Result<u32, ValueError> {
    value::count(text, MAX_SURVEY)
}

/// The arguments of `demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {
    /// The demo domains to deliver to; all of them if none is named.
    #[arg(value_name = "DOMAIN")]
    pub(crate) domains: Vec<String>,
    /// Print one JSON object a domain, each on a line of its own.
    #[arg(long)]
    pub(crate) json: bool,
    /// Deliver nothing: say where the demo's network is, and keep it for `probe` until this program is interrupted.
    #[arg(long, conflicts_with = "domains")]
    pub(crate) serve: bool,
    /// Put N more domains into the network, for surveys, and say how many of them must end how.
    #[arg(
        long = "domains",
        value_name = "N",
        requires = "serve",
        value_parser = survey
    )]
    pub(crate) survey: Option<u32>,
    /// Print the names of those N domains, one a line, for `probe -`; do nothing else.
    #[arg(
        long,
        value_name = "N",
        conflicts_with_all = ["domains", "json", "serve", "survey"],
        value_parser = survey
    )]
    pub(crate) names: Option<u32>,
}
