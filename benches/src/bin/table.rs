//! Prints the ratios of the last run of the benchmarks: medians, ours over the other's.
//!
//! It fails if one of them was not measured. `--without-openssl` leaves out those over OpenSSL.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use smtp_dane_benches::table::{Bench, FIGURES, Figure, OURS};

/// The median of a measurement in nanoseconds, and the octets that were read in that time, if it was made.
fn median(results: &Path, work: &str, measurement: &str) -> Option<(f64, Option<f64>)> {
    let folder = results.join(work).join(measurement).join("new");
    let number = |file: &str, place: &str| {
        let text = std::fs::read_to_string(folder.join(file)).ok()?;
        let value: serde_json::Value = serde_json::from_str(&text).ok()?;
        value.pointer(place)?.as_f64()
    };
    let time = number("estimates.json", "/median/point_estimate")?;
    Some((time, number("benchmark.json", "/throughput/Bytes")))
}

/// Where criterion writes to.
fn results() -> PathBuf {
    if let Some(results) = std::env::var_os("CRITERION_HOME") {
        return PathBuf::from(results);
    }
    let target = std::env::var_os("CARGO_TARGET_DIR");
    target
        .map_or(PathBuf::from("target"), PathBuf::from)
        .join("criterion")
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let left_out = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => None,
        ["--without-openssl"] => Some(Bench::OpenSsl),
        _ => {
            eprintln!("table: takes nothing, or `--without-openssl`");
            return ExitCode::FAILURE;
        }
    };
    let results = results();
    println!("| work | over | ours | other | ratio | aim | |");
    println!("|---|---|---|---|---|---|---|");
    let mut complete = true;
    for figure in FIGURES {
        let what = format!("{} over {}", figure.work, figure.over);
        if left_out == Some(figure.bench) {
            eprintln!("not measured: {what}, left out");
            continue;
        }
        match row(&results, figure) {
            Ok(row) => println!("{row}"),
            Err(why) => {
                eprintln!("{why}: {what}");
                complete = false;
            }
        }
    }
    if complete {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn row(results: &Path, figure: &Figure) -> Result<String, &'static str> {
    let find = |measurement| median(results, figure.work, measurement).ok_or("not measured");
    let ((ours, our_octets), (other, their_octets)) = (find(OURS)?, find(figure.over)?);
    let mut ratio = ours / other;
    let mut over = figure.over.to_owned();
    if figure.by_length {
        ratio *= their_octets.ok_or("no length")? / our_octets.ok_or("no length")?;
        over.push_str(", by the octet");
    }
    // Two digits that say something.
    let digits = if ratio < 0.1 { 3 } else { 2 };
    Ok(format!(
        "| {} | {over} | {:.2} µs | {:.2} µs | {ratio:.digits$} | {:.2} | {} |",
        figure.work,
        ours / 1000.0,
        other / 1000.0,
        figure.aim,
        if ratio <= figure.aim { "met" } else { "missed" },
    ))
}
