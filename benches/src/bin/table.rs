//! Prints the ratios of the last run of the benchmarks: medians, ours over the other's.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use smtp_dane_benches::table::{FIGURES, OURS};

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
        let ((ours, our_octets), (other, their_octets)) = (ours, other);
        let mut ratio = ours / other;
        if figure.by_length {
            let (Some(our_octets), Some(their_octets)) = (our_octets, their_octets) else {
                eprintln!("no length: {} over {}", figure.work, figure.over);
                complete = false;
                continue;
            };
            ratio *= their_octets / our_octets;
        }
        println!(
            "| {} | {} | {:.2} µs | {:.2} µs | {:.2} | {:.2} | {} |",
            figure.work,
            if figure.by_length {
                format!("{}, by the octet", figure.over)
            } else {
                figure.over.to_owned()
            },
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
