//! `check [full] [model…]`: runs the models of these names, or all, in their small worlds or in all of them.

use std::process::ExitCode;

use smtp_dane_models::{Size, run};

fn main() -> ExitCode {
    let mut names: Vec<String> = std::env::args().skip(1).collect();
    let before = names.len();
    names.retain(|name| name != "full");
    let size = if names.len() < before {
        Size::Full
    } else {
        Size::Small
    };
    match run(size, &names) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
