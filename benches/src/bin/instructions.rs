//! Counts the instructions of each hot path under valgrind, and holds the counts against `benches/instructions.txt`.
//!
//! ```console
//! $ cargo run --release -p smtp-dane-benches --bin instructions             # fails if a path costs more than it did
//! $ cargo run --release -p smtp-dane-benches --bin instructions -- accept   # writes the file anew
//! ```
//!
//! Unlike a time, a count is the same on a busy machine, so a small rise is no chance. It depends on the compiler, on valgrind and on
//! the architecture, which the file names, and a little on what the processor can do.

use std::collections::BTreeMap;
use std::process::{Command, ExitCode, Stdio};

use smtp_dane_benches::paths::PATHS;

/// The greatest rise that is let pass, in per cent: what an unrelated change may shift by another layout of the code.
const MOST_RISE: f64 = 3.0;

/// The greatest fall, in per cent. A path that costs so much less was made better, which should be accepted so that it stays, or does
/// not do its work any more.
const MOST_FALL: f64 = 30.0;

/// How often a path is run besides the one time that is taken off again.
const TIMES: u64 = 4;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.txt");

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match *arguments {
        [] => compare(),
        ["accept"] => accept(),
        ["run", path, times] => run(path, times),
        _ => Err("instructions: takes nothing, or `accept`".to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// What this program does under valgrind.
fn run(path: &str, times: &str) -> Result<(), String> {
    let times: u64 = times.parse().map_err(|_| "no number".to_owned())?;
    let known = PATHS.iter().find(|(name, _)| *name == path);
    let (_, make) = known.ok_or_else(|| format!("there is no path {path}"))?;
    let path = make();
    for _ in 0..times {
        if !path() {
            return Err("the path came to a wrong end".to_owned());
        }
    }
    Ok(())
}

/// The instructions of the whole program with the path run so many times.
fn count(path: &str, times: u64) -> Result<u64, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["run", path, &times.to_string()])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("valgrind cannot be run: {error}"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text
        .lines()
        .find_map(|line| line.split("Collected :").nth(1));
    let collected = collected.and_then(|number| number.trim().parse().ok());
    match collected {
        Some(collected) if output.status.success() => Ok(collected),
        _ => Err(format!("{path}: valgrind failed\n{text}")),
    }
}

/// The instructions of each path, without those that lead up to it.
fn measure() -> Result<BTreeMap<&'static str, u64>, String> {
    let mut counts = BTreeMap::new();
    for (path, _) in PATHS {
        let once = count(path, 1)?;
        let more = count(path, 1 + TIMES)?;
        let between = more.checked_sub(once).filter(|between| *between > TIMES);
        let between = between.ok_or_else(|| format!("{path}: nothing was counted"))?;
        counts.insert(*path, between / TIMES);
    }
    Ok(counts)
}

/// The head of the file: what the counts depend on besides the code.
fn heading() -> String {
    let version = |program: &str| {
        let output = Command::new(program).arg("--version").output();
        output.map_or_else(
            |_| format!("{program} of an unknown version"),
            |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        )
    };
    format!(
        "# Instructions of one run of each path. {}, {}, {}",
        version("rustc"),
        version("valgrind"),
        std::env::consts::ARCH
    )
}

fn accept() -> Result<(), String> {
    let mut text = format!("{}\n", heading());
    let counts = measure()?;
    for (path, _) in PATHS {
        text.push_str(&format!("{:>12}  {path}\n", counts[path]));
    }
    std::fs::write(FILE, &text).map_err(|error| format!("{FILE}: {error}"))?;
    print!("{text}");
    Ok(())
}

fn compare() -> Result<(), String> {
    let text = std::fs::read_to_string(FILE).map_err(|error| format!("{FILE}: {error}"))?;
    let accepted: BTreeMap<&str, u64> = text
        .lines()
        .filter_map(|line| line.trim().split_once("  "))
        .filter_map(|(count, path)| Some((path.trim(), count.parse().ok()?)))
        .collect();
    let mut faults = Vec::new();
    println!("{:>12} {:>12} {:>8}  path", "accepted", "now", "change");
    for (path, now) in measure()? {
        let Some(before) = accepted.get(path).copied() else {
            faults.push(format!("{path}: no count was accepted"));
            continue;
        };
        let change = (now as f64 / before as f64 - 1.0) * 100.0;
        println!("{before:>12} {now:>12} {change:>+7.1}%  {path}");
        if !(-MOST_FALL..=MOST_RISE).contains(&change) {
            faults.push(format!(
                "{path}: {change:+.1} %, from {before} to {now} instructions"
            ));
        }
    }
    let head = text.lines().next().unwrap_or_default();
    if head != heading() {
        faults.push(format!("counted otherwise: {head}\nnow: {}", heading()));
    }
    for path in accepted.keys() {
        if !PATHS.iter().any(|(known, _)| known == path) {
            faults.push(format!("{path}: accepted, but there is no such path"));
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    let faults = faults.join("\n");
    Err(format!(
        "{faults}\nIf that is meant, run this with `accept`, and say why in the commit."
    ))
}
