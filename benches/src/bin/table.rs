//! Prints the ratios of the last run of the benchmarks: medians, ours over the other's.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use smtp_dane_benches::table::{FIGURES, OURS};

/// The median of a measurement, in nanoseconds, if it was made.
fn median(results: &Path, work: &str, measurement: &str) -> Option<f64> {
    let file = results
        .join(work)
        .join(measurement)
        .join("new/estimates.json");
    let text = std::fs::read_to_string(file).ok()?;
    let estimates: serde_json::Value = serde_json::from_str(&text).ok()?;
    estimates.pointer("/median/point_estimate")?.as_f64()
}

fn main() -> ExitCode {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or(PathBuf::from("target"), PathBuf::from);
    let results = target.join("criterion");
    println!("| work | over | ours | other | ratio | aim | |");
    println!("|---|---|---|---|---|---|---|");
    let mut complete = true;
    for figure in FIGURES {
        let ours = median(&results, figure.work, OURS);
        let other = median(&results, figure.work, figure.over);
        let (Some(ours), Some(other)) = (ours, other) else {
            eprintln!("not measured: {} over {}", figure.work, figure.over);
            complete = false;
            continue;
        };
        let ratio = ours / other;
        println!(
            "| {} | {} | {:.2} µs | {:.2} µs | {:.2} | {:.2} | {} |",
            figure.work,
            figure.over,
            ours / 1000.0,
            other / 1000.0,
            ratio,
            figure.aim,
            if ratio <= figure.aim { "met" } else { "missed" },
        );
    }
    if complete {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
