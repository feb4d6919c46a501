//! The program. All of it stands in the library beside it, where the fuzz targets reach the reader of scenarios.

use std::process::ExitCode;

fn main() -> ExitCode {
    smtp_dane_cli::main()
}
