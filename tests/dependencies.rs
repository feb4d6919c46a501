//! The library depends on what CONTRIBUTING.md gives a reason for, and on nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// A dependency as the manifest has it.
struct Dependency {
    /// The name that the code knows it by.
    known_as: String,
    optional: bool,
}

/// The crates of one section of the manifest, by the names that the registry has for them.
fn dependencies(section: &str) -> BTreeMap<String, Dependency> {
    let manifest = read("Cargo.toml");
    let lines = manifest.lines().skip_while(|line| *line != section).skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    let entries = lines.filter_map(|line| line.split_once(" = "));
    let entry = |(key, value): (&str, &str)| {
        let package = value.split_once("package = \"");
        let package = package.map(|(_, rest)| rest.split('"').next().unwrap());
        let dependency = Dependency {
            known_as: key.replace('-', "_"),
            optional: value.contains("optional = true"),
        };
        (package.unwrap_or(key).to_owned(), dependency)
    };
    entries.map(entry).collect()
}

/// The rows of the table of dependencies: crate, purpose, reason.
fn rows() -> Vec<[String; 3]> {
    let text = read("CONTRIBUTING.md");
    let (_, section) = text
        .split_once("## Dependencies of the library\n\n")
        .unwrap();
    let rows = section.lines().take_while(|line| line.starts_with('|'));
    let cells = |row: &str| {
        let cells: Vec<String> = row.split('|').map(|cell| cell.trim().to_owned()).collect();
        [1, 2, 3].map(|place: usize| cells[place].clone())
    };
    // Behind the heading and the line under it.
    rows.skip(2).map(cells).collect()
}

/// The text between the first two back quotes.
fn quoted(text: &str) -> &str {
    text.split('`').nth(1).unwrap()
}

#[test]
fn the_dependencies_are_just_those_of_the_table_in_contributing() {
    let rows = rows();
    let explained: Vec<&str> = rows.iter().map(|[name, ..]| quoted(name)).collect();
    let names: BTreeSet<String> = explained.iter().map(ToString::to_string).collect();
    assert_eq!(names.len(), explained.len(), "one row for each");
    let dependencies = dependencies("[dependencies]");
    assert_eq!(names, dependencies.keys().cloned().collect());
}

#[test]
fn the_table_says_which_feature_a_dependency_belongs_to() {
    let dependencies = dependencies("[dependencies]");
    for [name, purpose, _] in rows() {
        let optional = dependencies[quoted(&name)].optional;
        assert_eq!(optional, purpose.starts_with("feature `"), "{name}");
        if optional {
            let feature = format!("{} = [\"dep:{}\"]", quoted(&purpose), quoted(&name));
            assert!(read("Cargo.toml").contains(&feature), "{feature}");
        }
    }
}

#[test]
fn contributing_names_what_the_tests_alone_depend_on() {
    let text = read("CONTRIBUTING.md");
    let mut paragraphs = text.split("\n\n");
    let paragraph = paragraphs.find(|text| text.starts_with("For tests: "));
    let (sentence, _) = paragraph.unwrap().split_once(". ").unwrap();
    let named: BTreeSet<String> = sentence
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect();
    let library = dependencies("[dependencies]");
    let mut for_tests = dependencies("[dev-dependencies]");
    for_tests.retain(|name, _| !library.contains_key(name));
    assert_eq!(named, for_tests.into_keys().collect());
}

#[test]
fn the_manifest_has_no_other_place_for_dependencies() {
    let manifest = read("Cargo.toml");
    let headings = manifest.lines().filter(|line| line.starts_with('['));
    let of_dependencies: Vec<&str> = headings
        .filter(|heading| heading.contains("dependencies"))
        .collect();
    assert_eq!(of_dependencies, ["[dependencies]", "[dev-dependencies]"]);
}

/// All files of the library below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let below = |path: PathBuf| {
        if path.is_dir() {
            files(&path)
        } else {
            vec![path]
        }
    };
    paths.flat_map(below).collect()
}

/// Whether a path begins somewhere in a text, and is not the end of a longer name.
fn mentions(text: &str, path: &str) -> bool {
    let in_word = |char: char| char.is_alphanumeric() || char == '_';
    let mut places = text.match_indices(path);
    places.any(|(at, _)| !text[..at].ends_with(in_word))
}

#[test]
fn a_dependency_that_is_for_one_module_alone_is_used_in_no_other() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = files(&source);
    let dependencies = dependencies("[dependencies]");
    let mut checked = 0;
    for [name, _, reason] in rows() {
        let Some((_, place)) = reason.split_once("used in ") else {
            continue;
        };
        if !place.ends_with("` alone") {
            continue;
        }
        let path = format!("{}::", dependencies[quoted(&name)].known_as);
        let uses = files
            .iter()
            .filter(|file| mentions(&fs::read_to_string(file).unwrap(), &path));
        let module = source.join(quoted(place));
        let mut count = 0;
        for file in uses {
            let inside = file.starts_with(&module) || *file == module.with_extension("rs");
            assert!(inside, "{name} in {}", file.display());
            count += 1;
        }
        assert!(count > 0, "{name} is not used in {}", module.display());
        checked += 1;
    }
    assert_eq!(checked, 3);
}
