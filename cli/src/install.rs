//! What belongs to an installed program beside the program itself: completions for shells, and manual pages.
//!
//! Both are made of the definitions that the arguments are read by, so they cannot say anything else than those.

use std::fs;

use clap::CommandFactory;

use crate::args::{Args, CompletionsArgs, ManArgs};
use crate::exit::{Ending, Verdict};
use crate::terminal::print;

/// Prints the completions for one shell.
///
/// # Errors
/// [`Ending::Output`] if nobody takes them.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<Verdict, Ending> {
    let mut command = Args::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Verdict::Holds)
}

/// Prints the page of the program, or writes all pages to a folder.
///
/// # Errors
/// [`Ending::Output`] if the page cannot be printed, [`Ending::Unusable`] if the folder cannot be written to.
pub(crate) fn manual(args: &ManArgs) -> Result<Verdict, Ending> {
    let Some(folder) = &args.folder else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Args::command()).render(&mut page)?;
        print(&String::from_utf8_lossy(&page))?;
        return Ok(Verdict::Holds);
    };
    fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Args::command(), folder))
        .map_err(|error| Ending::Unusable(format!("{}: {error}", folder.display())))?;
    Ok(Verdict::Holds)
}
