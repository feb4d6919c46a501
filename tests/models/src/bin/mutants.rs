//! Puts each fault of `mutants/list.txt` into a copy of the tree, runs the models, and demands that the named property is
//! among those that fail. `mutants [word…]`: those whose names have one of the words.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use smtp_dane_models::mutant::Mutant;

/// The parts of the repository that the models are built from.
const PARTS: [&str; 10] = [
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "examples",
    "src",
    "tests/suite.rs",
    "tests/models",
    "tests/data",
    "benches",
    "cli",
];

/// How long the models may be built or run with one fault in the library. Both take seconds, a first build a minute or two; this
/// leaves room for a machine that has much else to do.
const MOST_TIME: Duration = Duration::from_secs(600);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[String]) -> Result<bool, String> {
    let started = Instant::now();
    let bench = Bench::set_up()?;
    let list = include_str!("../../mutants/list.txt");
    let mut mutants = Mutant::read_all(list)?;
    // All must apply, whichever of them are run.
    let texts = mutants.iter().map(|mutant| {
        let text = bench.read(&mutant.file)?;
        mutant.apply(&text).map(|mutated| (text, mutated))
    });
    let texts: Vec<(String, String)> = texts.collect::<Result<_, String>>()?;
    let untouched = bench.faults(&[])?;
    if untouched != Ok(Vec::new()) {
        return Err(format!("the library fails without a mutant: {untouched:?}"));
    }
    let mut killed = 0;
    let mut run = 0;
    for (mutant, (text, mutated)) in mutants.drain(..).zip(texts) {
        if !words.is_empty() && !words.iter().any(|word| mutant.name.contains(word)) {
            continue;
        }
        let began = Instant::now();
        bench.write(&mutant.file, &mutated)?;
        let faults = bench.faults(&mutant.models);
        bench.write(&mutant.file, &text)?;
        let (verdict, is_killed) = judge(&mutant, faults?);
        run += 1;
        killed += usize::from(is_killed);
        let seconds = began.elapsed().as_secs_f64();
        println!("{verdict:<10} {seconds:>5.1} s  {}", mutant.name);
    }
    let seconds = started.elapsed().as_secs();
    println!("{killed} of {run} mutants killed by the property named for them, in {seconds} s");
    Ok(killed == run && run > 0)
}

fn judge(mutant: &Mutant, faults: Result<Vec<String>, String>) -> (String, bool) {
    match faults {
        Ok(faults) if faults.iter().any(|fault| fault == mutant.property) => {
            ("killed".to_owned(), true)
        }
        Ok(faults) if faults.is_empty() => ("SURVIVED".to_owned(), false),
        Ok(faults) => (format!("KILLED BY ANOTHER: {faults:?}"), false),
        Err(error) => (format!("NOT RUN: {error}"), false),
    }
}

/// A copy of the tree to put faults into.
struct Bench {
    tree: PathBuf,
    target: PathBuf,
}

impl Bench {
    fn set_up() -> Result<Self, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        let target = target.unwrap_or_else(|| root.join("target"));
        // Cargo is run in another directory.
        let target = std::path::absolute(target).map_err(|error| error.to_string())?;
        let tree = target.join("models/tree");
        let copied = PARTS
            .iter()
            .try_for_each(|part| copy(&root.join(part), &tree.join(part)));
        copied.map_err(|error| format!("cannot copy the tree: {error}"))?;
        Ok(Self { tree, target })
    }

    fn read(&self, file: &str) -> Result<String, String> {
        fs::read_to_string(self.tree.join(file)).map_err(|error| format!("{file}: {error}"))
    }

    fn write(&self, file: &str, text: &str) -> Result<(), String> {
        fs::write(self.tree.join(file), text).map_err(|error| format!("{file}: {error}"))
    }

    /// Builds and runs the models, and lists what does not hold; the inner error is that of a build or run that failed.
    fn faults(&self, models: &[String]) -> Result<Result<Vec<String>, String>, String> {
        let built = self.finish(self.cargo("build"))?;
        if !built.is_some_and(|status| status.success()) {
            let printed = self.printed()?;
            return Ok(Err(format!(
                "it does not build within {MOST_TIME:?}:\n{printed}"
            )));
        }
        let mut check = Command::new(self.target.join("release/check"));
        check.args(models);
        if self.finish(check)?.is_none() {
            return Ok(Err(format!("it runs for more than {MOST_TIME:?}")));
        }
        let text = self.printed()?;
        if !text.lines().any(|line| line.starts_with("total")) {
            return Ok(Err(format!("the models did not come to an end:\n{text}")));
        }
        let faults = text.lines().filter_map(|line| {
            let violated = line.strip_prefix("VIOLATED: ");
            violated.or_else(|| line.strip_prefix("UNREACHED: "))
        });
        Ok(Ok(faults.map(str::to_owned).collect()))
    }

    /// Runs a command to its end, or stops it after [`MOST_TIME`]: `None`.
    fn finish(&self, mut command: Command) -> Result<Option<ExitStatus>, String> {
        let mut finish = || {
            let output = File::create(self.output())?;
            let errors = output.try_clone()?;
            let mut child = command.stdout(output).stderr(errors).spawn()?;
            let started = Instant::now();
            loop {
                let status = child.try_wait()?;
                if status.is_some() {
                    return Ok(status);
                }
                if started.elapsed() > MOST_TIME {
                    child.kill()?;
                    child.wait()?;
                    return Ok(None);
                }
                thread::sleep(Duration::from_millis(20));
            }
        };
        finish().map_err(|error: io::Error| error.to_string())
    }

    /// What the last command printed.
    fn printed(&self) -> Result<String, String> {
        let text = fs::read(self.output()).map_err(|error| error.to_string())?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// A file, since a pipe that nobody reads would hold up a command that prints much.
    fn output(&self) -> PathBuf {
        self.target.join("models/output")
    }

    fn cargo(&self, command: &str) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        let package = ["-p", "smtp-dane-models", "--bin", "check"];
        cargo
            .arg(command)
            .args(["--quiet", "--locked", "--release"])
            .args(package)
            .current_dir(&self.tree)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_INCREMENTAL", "1");
        cargo
    }
}

/// Copies a file or a directory. Files that are alike already are left alone, so that nothing is built anew for them.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    let text = fs::read(from)?;
    if fs::read(to).ok().as_ref() != Some(&text) {
        fs::write(to, text)?;
    }
    Ok(())
}
