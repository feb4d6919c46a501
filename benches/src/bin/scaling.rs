//! Measures how the cost grows, and draws it: see `smtp_dane_benches::scaling`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use smtp_dane_benches::scaling::{SERIES, Series, draw};

const PLOTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/performance");

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or(PathBuf::from("target"), PathBuf::from);
    let folder = target.join("scaling");
    let result = match arguments.as_slice() {
        [option] if option == "--plot" => plot(&folder),
        names => measure(&folder, names),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Measures the series of these names, or all.
fn measure(folder: &Path, names: &[String]) -> Result<(), String> {
    let is_known = |name: &&String| SERIES.iter().any(|series| series.file == **name);
    if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
        return Err(format!(
            "scaling: takes `--plot`, or names of series, and there is no {unknown}"
        ));
    }
    let is_wanted =
        |series: &&Series| names.is_empty() || names.iter().any(|name| name == series.file);
    for series in SERIES.iter().filter(is_wanted) {
        let table = series.measure();
        write(&csv(folder, series), &series.to_csv(&table))?;
        println!("{}\n\n{}", series.title, series.to_markdown(&table));
    }
    Ok(())
}

fn plot(folder: &Path) -> Result<(), String> {
    for series in SERIES {
        let file = csv(folder, series);
        let text = std::fs::read_to_string(&file)
            .map_err(|error| format!("{}: {error}", file.display()))?;
        let table = series.read_csv(&text);
        let table =
            table.ok_or_else(|| format!("{} was not written by this program", file.display()))?;
        let plot = Path::new(PLOTS).join(series.file).with_extension("svg");
        write(&plot, &draw(series, &table))?;
    }
    Ok(())
}

fn csv(folder: &Path, series: &Series) -> PathBuf {
    folder.join(series.file).with_extension("csv")
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    let folder = file.parent().map_or(Ok(()), std::fs::create_dir_all);
    let written = folder.and_then(|()| std::fs::write(file, text));
    written.map_err(|error| format!("{}: {error}", file.display()))
}
