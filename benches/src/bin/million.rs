//! Makes a million deliveries at once, and holds what they keep in memory against what is aimed at.
//!
//! ```console
//! $ cargo run --release -p smtp-dane-benches --bin million
//! ```
//!
//! Linux alone tells: the figure is the resident set of a process that has done nothing else, so what the allocator adds to each
//! piece counts.

use std::hint::black_box;
use std::process::{Command, ExitCode};

use smtp_dane::delivery::Delivery;
use smtp_dane_benches::messages::name;
use smtp_dane_benches::site::Stage;

const MACHINES: u32 = 1_000_000;

const MEBIBYTE: u64 = 1 << 20;

/// A stage, the word for it on the command line, and the most that a million machines may keep there.
type Aim = (&'static str, Stage, u64);

const AIMS: [Aim; 2] = [
    ("first-answer", Stage::New, 512 * MEBIBYTE),
    ("next-host", Stage::NextHost, 2048 * MEBIBYTE),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.as_slice() {
        [] => each_in_its_process(),
        [word] => one(word),
        _ => Err("million: takes nothing, or the word for a stage".to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// What was freed is not always given back to the system, so each stage has a process of its own.
fn each_in_its_process() -> Result<(), String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut missed = Vec::new();
    for (word, _, _) in AIMS {
        let status = Command::new(&program).arg(word).status();
        if !status.map_err(|error| error.to_string())?.success() {
            missed.push(word);
        }
    }
    if missed.is_empty() {
        Ok(())
    } else {
        Err(format!("missed: {}", missed.join(", ")))
    }
}

fn one(word: &str) -> Result<(), String> {
    let known = AIMS.iter().find(|(known, _, _)| *known == word);
    let (_, stage, aim) = known.ok_or_else(|| format!("there is no stage {word}"))?;
    // What is made once for all machines is there before them.
    drop(stage.machine(name("d.example.net")));
    let before = resident()?;
    let of_domain = |number| stage.machine(name(&format!("d{number}.example.net")));
    let machines: Vec<Delivery> = (0..MACHINES).map(of_domain).collect();
    let after = resident()?;
    black_box(&machines);
    println!(
        "{MACHINES} machines, {stage:?}: resident set {} MiB, aim {} MiB; {} octets for each machine, {} of them in place",
        after / MEBIBYTE,
        aim / MEBIBYTE,
        after.saturating_sub(before) / u64::from(MACHINES),
        size_of::<Delivery>(),
    );
    if after > *aim {
        return Err(format!("{word} is above its aim"));
    }
    Ok(())
}

/// The resident set of this process, in octets.
fn resident() -> Result<u64, String> {
    let status = std::fs::read_to_string("/proc/self/status").map_err(|error| error.to_string())?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kibibytes: Option<u64> = kibibytes.and_then(|number| number.trim().parse().ok());
    kibibytes
        .map(|number| number * 1024)
        .ok_or_else(|| "the system does not tell the resident set".to_owned())
}
