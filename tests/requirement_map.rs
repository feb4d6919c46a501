//! Every requirement of the standards has a test, or a reason why no test of this repository can check it.
//!
//! `requirements.md` says each requirement in a line, for readers; `requirements.toml` has the tests of each. This keeps the two
//! together: no requirement without an entry, no entry without a requirement, no test that is not there. Whether a test
//! *checks* what its requirement demands, only reading can tell.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The columns of a row in `requirements.md`: number, level, place, requirement.
const COLUMNS: usize = 4;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn tests_folder() -> PathBuf {
    root().join("tests")
}

/// What a test may be called in the map, and where it is found.
struct Tests {
    /// The tests of this binary.
    suite: BTreeSet<String>,
}

impl Tests {
    fn here() -> Self {
        let own = std::env::current_exe().unwrap();
        let list = Command::new(own)
            .args(["--list", "--format", "terse"])
            .output()
            .unwrap();
        let list = String::from_utf8(list.stdout).unwrap();
        let suite: BTreeSet<String> = list
            .lines()
            .filter_map(|line| line.strip_suffix(": test"))
            .map(str::to_owned)
            .collect();
        assert!(!suite.is_empty(), "this binary lists no tests");
        Self { suite }
    }

    fn has(&self, test: &str) -> bool {
        if test == "openssl" {
            return tests_folder().join("openssl/run").exists();
        }
        if let Some(stem) = test.strip_prefix("scenario:") {
            let file = format!("scenarios/{stem}.json");
            return tests_folder().join(file).exists();
        }
        match test.split_once("::") {
            Some(("lib", path)) => is_in_source(&root().join("src"), "lib.rs", path),
            Some(("cli", path)) => is_in_source(&root().join("cli/src"), "main.rs", path),
            Some(("tool", path)) => tool_has(path),
            Some(("models", property)) => models_have(property),
            Some(("doc", path)) => has_example(&root().join(path)),
            _ => self.suite.contains(test),
        }
    }
}

/// Whether `module::…::name` is a test in the sources in `folder`: in the file of its module, or in a module inside of a file.
fn is_in_source(folder: &Path, first: &str, path: &str) -> bool {
    let mut modules: Vec<&str> = path.split("::").collect();
    let Some(test) = modules.pop() else {
        return false;
    };
    let mut inner = Vec::new();
    loop {
        let file = match modules.as_slice() {
            [] => folder.join(first),
            modules => folder.join(format!("{}.rs", modules.join("/"))),
        };
        if let Ok(source) = fs::read_to_string(file) {
            let mut inner = inner.iter();
            return inner.all(|module| source.contains(&format!("mod {module} {{")))
                && has_test(&source, test);
        }
        let Some(module) = modules.pop() else {
            return false;
        };
        inner.push(module);
    }
}

/// Whether the documentation in this file has an example that is compiled.
fn has_example(file: &Path) -> bool {
    let text = fs::read_to_string(file).unwrap_or_default();
    let lines = text
        .lines()
        .map(|line| line.trim_start_matches(['/', '!', ' ']));
    let mut opening = lines.filter(|line| line.starts_with("```")).step_by(2);
    opening.any(|line| line == "```" || line.starts_with("```rust"))
}

/// The modules of the tool's tests lie beside the file that names them.
fn tool_has(path: &str) -> bool {
    let folder = root().join("cli/tests");
    match path.contains("::") {
        true => is_in_source(&folder.join("tool"), "../tool.rs", path),
        false => is_in_source(&folder, "tool.rs", path),
    }
}

/// Whether a function of this name stands there, with `#[test]` or its like among the lines right above it.
fn has_test(source: &str, test: &str) -> bool {
    let head = format!("fn {test}(");
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    lines.iter().enumerate().any(|(number, line)| {
        let above = lines[..number].iter().rev();
        let mut above = above.take_while(|line| !line.is_empty() && **line != "}");
        line.contains(&head) && above.any(|line| line.ends_with("test]") || line.contains("test("))
    })
}

/// Whether a model has a property of this name.
fn models_have(property: &str) -> bool {
    let name = format!("\"{property}\"");
    let mut folders = vec![tests_folder().join("models")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs")
                && fs::read_to_string(path).unwrap().contains(&name)
            {
                return true;
            }
        }
    }
    false
}

/// The numbers in the tables of `requirements.md`, and what is wrong with its rows.
fn rows(text: &str, faults: &mut Vec<String>) -> BTreeSet<String> {
    let mut rows = BTreeSet::new();
    for line in text.lines().filter(|line| line.starts_with('|')) {
        let inner = line.trim().trim_matches('|');
        let cells: Vec<&str> = inner.split('|').map(str::trim).collect();
        if cells[0] == "id" || cells[0].starts_with("---") {
            continue;
        }
        let id = cells[0].to_owned();
        if cells.len() != COLUMNS || cells.iter().any(|cell| cell.is_empty()) {
            faults.push(format!("{id}: a row has {COLUMNS} columns with text"));
        }
        if !rows.insert(id.clone()) {
            faults.push(format!("{id}: has two rows"));
        }
    }
    rows
}

/// The texts under a key that has one, or an array of them.
fn texts(value: &toml::Value) -> Option<Vec<&str>> {
    match value {
        toml::Value::String(text) => Some(vec![text]),
        toml::Value::Array(values) => values.iter().map(toml::Value::as_str).collect(),
        _ => None,
    }
}

fn check_entry(id: &str, entry: &toml::Value, tests: &Tests, faults: &mut Vec<String>) {
    let keys = entry.as_table().cloned().unwrap_or_default();
    if keys.is_empty() {
        faults.push(format!("{id}: has neither tests nor a reason"));
    }
    for (key, value) in &keys {
        let values = match key.as_str() {
            "tests" if value.is_array() => texts(value),
            "caller" | "later" if value.is_str() => texts(value),
            _ => None,
        };
        let Some(values) = values else {
            faults.push(format!("{id}: {key} is not of the map's form"));
            continue;
        };
        if values.is_empty() || values.iter().any(|text| text.trim().is_empty()) {
            faults.push(format!("{id}: {key} is empty"));
        }
        for test in values.iter().filter(|_| key == "tests") {
            if !tests.has(test) {
                faults.push(format!("{id}: there is no test {test}"));
            }
        }
    }
}

/// All that is wrong with the map.
fn faults(readers: &[String], entries: &[String], tests: &Tests) -> Vec<String> {
    let mut faults = Vec::new();
    let rows = rows(&readers.join("\n"), &mut faults);
    let mut map = BTreeMap::new();
    for text in entries {
        match text.parse::<toml::Table>() {
            Ok(table) => {
                for (id, entry) in table {
                    if map.insert(id.clone(), entry).is_some() {
                        faults.push(format!("{id}: has two entries"));
                    }
                }
            }
            Err(error) => faults.push(error.to_string()),
        }
    }
    for id in &rows {
        match map.get(id) {
            Some(entry) => check_entry(id, entry, tests, &mut faults),
            None => faults.push(format!("{id}: has no entry")),
        }
    }
    let unknown = map.keys().filter(|id| !rows.contains(*id));
    faults.extend(unknown.map(|id| format!("{id}: has no row")));
    faults
}

/// The files of the map: it may be cut into `requirements*` of each kind.
fn files(ending: &str) -> Vec<String> {
    let mut paths: Vec<PathBuf> = fs::read_dir(tests_folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with("requirements") && name.ends_with(ending)
        })
        .collect();
    paths.sort();
    let read = |path: &PathBuf| fs::read_to_string(path).unwrap();
    paths.iter().map(read).collect()
}

#[test]
fn every_requirement_has_its_tests_or_a_reason_why_not() {
    let (readers, entries) = (files(".md"), files(".toml"));
    assert!(!readers.is_empty() && !entries.is_empty());
    let faults = faults(&readers, &entries, &Tests::here());
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    let rows = rows(&readers.join("\n"), &mut Vec::new());
    assert!(rows.len() > 100, "{}", rows.len());
}

/// What is wrong with a map of one row, or with what is written in place of it.
fn found(row: &str, entry: &str) -> Vec<String> {
    let head = "| id | level | place | requirement |\n|---|---|---|---|\n";
    let readers = [format!("{head}{row}")];
    faults(&readers, &[entry.to_owned()], &Tests::here())
}

const ROW: &str = "| 1-a | MUST | RFC 1 §1 | Do. |";
const OWN: &str = "requirement_map::every_requirement_has_its_tests_or_a_reason_why_not";

#[test]
fn a_map_with_a_fault_is_told_from_one_without() {
    let entry = format!("[\"1-a\"]\ntests = [\"{OWN}\"]");
    assert_eq!(found(ROW, &entry), [] as [String; 0]);
    let caller = "[\"1-a\"]\ncaller = \"The resolver's.\"";
    assert_eq!(found(ROW, caller), [] as [String; 0]);
    for (row, entry, fault) in [
        (ROW, "", "1-a: has no entry"),
        ("", entry.as_str(), "1-a: has no row"),
        (&format!("{ROW}\n{ROW}"), &entry, "1-a: has two rows"),
        (
            "| 1-a | MUST | | Do. |",
            &entry,
            "1-a: a row has 4 columns with text",
        ),
        (ROW, "[\"1-a\"]", "1-a: has neither tests nor a reason"),
        (ROW, "[\"1-a\"]\ntests = []", "1-a: tests is empty"),
        (ROW, "[\"1-a\"]\ncaller = \" \"", "1-a: caller is empty"),
        (ROW, "[\"1-a\"]\nlater = \"\"", "1-a: later is empty"),
        (
            ROW,
            "[\"1-a\"]\nreason = \"x\"",
            "1-a: reason is not of the map's form",
        ),
        (
            ROW,
            "[\"1-a\"]\ntests = [\"rfc7672_3::no_such_test\"]",
            "1-a: there is no test rfc7672_3::no_such_test",
        ),
    ] {
        assert_eq!(found(row, entry), [fault], "{row}\n{entry}");
    }
    let twice = format!("{entry}\n{entry}");
    assert!(found(ROW, &twice)[0].contains("duplicate"));
    let parts = [entry.clone(), entry];
    let faults = faults(&[ROW.to_owned()], &parts, &Tests::here());
    assert_eq!(faults, ["1-a: has two entries"]);
}

#[test]
fn each_kind_of_test_is_found_where_it_stands_and_only_there() {
    let tests = Tests::here();
    for test in [
        OWN,
        "publish::table::each_damage_is_found",
        "lib::name::tests::limits_hold_at_the_octet",
        "lib::hickory::tests::proofs::the_worst_record_decides",
        "cli::args::tests::definitions_are_consistent",
        "cli::drive::tests::a_probe_ends_with_the_first_success_and_a_survey_goes_on",
        "tool::demo_ends_as_described",
        "tool::replay::unusable::what_cannot_be_used_is_said_in_one_line",
        "doc::src/resolve.rs",
        "scenario:basic-two-aliases",
        "openssl",
    ] {
        assert!(tests.has(test), "{test}");
    }
    for test in [
        "requirement_map",
        "requirement_map::has_test",
        "lib::name::tests::no_such_test",
        "lib::name::fmt",
        "cli::main::no_such_test",
        "tool::no_such_test",
        "models::no such property",
        "doc::src/no_such_file.rs",
        "doc::src/session.rs",
        "scenario:no-such-scenario",
        "",
    ] {
        assert!(!tests.has(test), "{test}");
    }
}
