//! Every requirement of the standards has a test, or a reason why no test of this repository can check it.
//!
//! `requirements.md` says each requirement in a line, for readers; `requirements.toml` has the tests of each. This keeps the two
//! together: no requirement without an entry, no entry without a requirement, no test that is not there or is never run. Of a
//! test that goes through a table an entry names the row, so that no row goes unnoticed. Whether a test *checks* what its
//! requirement demands, only reading can tell.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{publish, report};

/// The columns of a row in `requirements.md`: number, level, place, requirement.
const COLUMNS: usize = 4;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn tests_folder() -> PathBuf {
    root().join("tests")
}

/// The names of the rows that a test goes through, if it goes through a table with names.
fn rows_of(test: &str) -> Option<Vec<&'static str>> {
    match test {
        "publish::table::each_damage_is_found" => Some(publish::table::names()),
        "publish::domain::each_fault_of_a_domain_is_found_at_its_host" => {
            Some(publish::domain::names())
        }
        "report::deliveries_that_really_happen_have_their_codes" => Some(report::names()),
        _ => None,
    }
}

/// What a test may be called in the map, and where it is found.
struct Tests {
    /// The tests of this binary that are run.
    suite: BTreeSet<String>,
}

impl Tests {
    fn here() -> Self {
        let suite = listed(&[]);
        assert!(!suite.is_empty(), "this binary lists no tests");
        let ignored = listed(&["--ignored"]);
        Self {
            suite: suite.difference(&ignored).cloned().collect(),
        }
    }

    fn has(&self, test: &str) -> bool {
        if let Some(stem) = test.strip_prefix("scenario:") {
            let file = format!("scenarios/{stem}.json");
            return tests_folder().join(file).exists();
        }
        match test.split_once("::") {
            Some(("lib", path)) => is_in_source(&root().join("src"), "lib.rs", path),
            Some(("cli", path)) => is_in_source(&root().join("cli/src"), "main.rs", path),
            Some(("tool", path)) => tool_has(path),
            _ => self.suite_has(test),
        }
    }

    /// A test with a table is named with a row of it, and no other with any.
    fn suite_has(&self, test: &str) -> bool {
        let (test, row) = match test.split_once('/') {
            Some((test, row)) => (test, Some(row)),
            None => (test, None),
        };
        self.suite.contains(test)
            && match (rows_of(test), row) {
                (Some(rows), Some(row)) => rows.contains(&row),
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            }
    }
}

/// The tests that this binary lists if it is asked so.
fn listed(arguments: &[&str]) -> BTreeSet<String> {
    let own = std::env::current_exe().unwrap();
    let list = Command::new(own)
        .args(["--list", "--format", "terse"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(list.status.success(), "{arguments:?}");
    let list = String::from_utf8(list.stdout).unwrap();
    list.lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .map(str::to_owned)
        .collect()
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

/// The modules of the tool's tests lie beside the file that names them.
fn tool_has(path: &str) -> bool {
    let folder = root().join("cli/tests");
    match path.contains("::") {
        true => is_in_source(&folder.join("tool"), "../tool.rs", path),
        false => is_in_source(&folder, "tool.rs", path),
    }
}

/// Whether a function of this name stands there, outside of comments, with `#[test]` or its like among the lines right above
/// it, and nothing there that keeps it from being run.
fn has_test(source: &str, test: &str) -> bool {
    let heads = ["fn", "async fn"].map(|kind| format!("{kind} {test}("));
    let lines: Vec<&str> = code(source).collect();
    lines.iter().enumerate().any(|(number, line)| {
        let above = lines[..number].iter().rev();
        let above: Vec<&str> = above
            .copied()
            .take_while(|line| !line.is_empty() && *line != "}")
            .filter(|line| line.starts_with("#["))
            .collect();
        let is_test = |line: &&str| line.ends_with("test]") || line.contains("test(");
        let is_off = |line: &&str| line.starts_with("#[ignore") || line.starts_with("#[cfg");
        heads.iter().any(|head| line.starts_with(head))
            && above.iter().any(is_test)
            && !above.iter().any(is_off)
    })
}

/// The lines that are in no block comment, without the blanks around them.
fn code(source: &str) -> impl Iterator<Item = &str> {
    let mut in_comment = false;
    source.lines().map(str::trim).filter(move |line| {
        in_comment |= line.starts_with("/*");
        let is_code = !in_comment;
        in_comment &= !line.contains("*/");
        is_code
    })
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
fn faults(readers: &str, entries: &str, tests: &Tests) -> Vec<String> {
    let mut faults = Vec::new();
    let rows = rows(readers, &mut faults);
    let map = entries.parse::<toml::Table>().unwrap_or_else(|error| {
        faults.push(error.to_string());
        toml::Table::new()
    });
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

fn file(name: &str) -> String {
    fs::read_to_string(tests_folder().join(name)).unwrap()
}

#[test]
fn every_requirement_has_its_tests_or_a_reason_why_not() {
    let (readers, entries) = (file("requirements.md"), file("requirements.toml"));
    let faults = faults(&readers, &entries, &Tests::here());
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    let rows = rows(&readers, &mut Vec::new());
    assert!(rows.len() > 100, "{}", rows.len());
}

/// What is wrong with a map of one row, or with what is written in place of it.
fn found(row: &str, entry: &str) -> Vec<String> {
    let head = "| id | level | place | requirement |\n|---|---|---|---|\n";
    faults(&format!("{head}{row}"), entry, &Tests::here())
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
}

#[test]
fn each_kind_of_test_is_found_where_it_stands_and_only_there() {
    let tests = Tests::here();
    for test in [
        OWN,
        "publish::table::each_damage_is_found/no STARTTLS",
        "publish::domain::each_fault_of_a_domain_is_found_at_its_host/a null MX",
        "report::deliveries_that_really_happen_have_their_codes/a null MX",
        "lib::name::tests::limits_hold_at_the_octet",
        "lib::hickory::tests::proofs::the_worst_record_decides",
        "cli::args::tests::definitions_are_consistent",
        "cli::drive::tests::a_probe_ends_with_the_first_success_and_a_survey_goes_on",
        "tool::demo_ends_as_described",
        "tool::replay::unusable::what_cannot_be_used_is_said_in_one_line",
        "scenario:basic-two-aliases",
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
        "publish::table::each_damage_is_found",
        "publish::table::each_damage_is_found/no such row",
        "publish::table::each_damage_is_found/",
        "publish::domain::each_fault_of_a_domain_is_found_at_its_host",
        "report::deliveries_that_really_happen_have_their_codes",
        "report::the_answer_of_the_server_keeps_its_own_code/a null MX",
        "scenario:no-such-scenario",
        "",
    ] {
        assert!(!tests.has(test), "{test}");
    }
}

#[test]
fn a_test_that_is_never_run_is_none() {
    for source in [
        "#[test]\nfn one() {",
        "}\n\n#[test]\n#[should_panic]\nfn one() {",
        "/* Not\nthis. */\n    #[tokio::test(start_paused = true)]\n    async fn one() {",
    ] {
        assert!(has_test(source, "one"), "{source}");
        assert!(!has_test(source, "on") && !has_test(source, "one_more"));
    }
    for source in [
        "fn one() {",
        "#[test]\nfn other() {}\n\nfn one() {",
        "// #[test]\n// fn one() {",
        "#[test]\n// fn one() {",
        "// #[test]\nfn one() {",
        "/*\n#[test]\nfn one() {\n*/",
        "#[test]\n#[ignore]\nfn one() {",
        "#[test]\n#[ignore = \"slow\"]\nfn one() {",
        "#[cfg(any())]\n#[test]\nfn one() {",
    ] {
        assert!(!has_test(source, "one"), "{source}");
    }
}
