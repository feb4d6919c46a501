//! `completions` and `man`: all commands and options are in them, as `--help` has them.

use std::fs;

use super::files::Files;
use crate::{assert_unusable, run, text};

/// The first words of the lines under a heading of the help.
fn listed(help: &str, heading: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != heading).skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    let words = lines.filter_map(|line| line.split_whitespace().next());
    words.map(str::to_owned).collect()
}

/// The commands, without `help`, which has no page of its own.
fn commands() -> Vec<String> {
    let mut commands = listed(&text(&run("--help").stdout), "Commands:");
    commands.retain(|command| command != "help");
    assert!(commands.contains(&"probe".to_owned()), "{commands:?}");
    commands
}

/// The long options of a command.
fn options(command: &str) -> Vec<String> {
    let help = text(&run(&format!("{command} -h")).stdout);
    let words = help.split(|c: char| c.is_whitespace() || matches!(c, '[' | ']' | ',' | '='));
    let mut options: Vec<String> = words
        .filter(|word| word.starts_with("--") && word.len() > 2)
        .map(str::to_owned)
        .collect();
    options.sort();
    options.dedup();
    assert!(options.contains(&"--help".to_owned()), "{help}");
    options
}

#[test]
fn every_command_and_option_has_its_manual_page_and_line() {
    let files = Files::new();
    let folder = files.path().join("pages");
    let output = files.run("man|pages");
    assert!(
        output.status.success() && output.stdout.is_empty(),
        "{output:?}"
    );
    let commands = commands();
    // One for each, and the program's own.
    assert_eq!(fs::read_dir(&folder).unwrap().count(), commands.len() + 1);
    for command in commands {
        let page = fs::read_to_string(folder.join(format!("smtp-dane-{command}.1"))).unwrap();
        // Pages write hyphens so that they can be searched for and copied.
        let page = page.replace("\\-", "-");
        for option in options(&command) {
            assert!(page.contains(&option), "{command}: {option}");
        }
    }
}

#[test]
fn the_page_of_the_program_is_printed_and_has_the_exit_status() {
    let output = run("man");
    let page = text(&output.stdout).replace("\\-", "-");
    assert!(output.status.success(), "{output:?}");
    for part in [
        "\n.TH smtp-dane 1",
        "smtp-dane-check-server(1)",
        "Exit status",
        "what was asked holds",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[test]
fn every_shell_completes_every_command_and_option() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = run(&format!("completions {shell}"));
        let script = text(&output.stdout);
        assert!(output.status.success(), "{output:?}");
        for command in commands() {
            assert!(script.contains(&command), "{shell}: {command}");
            for option in options(&command) {
                // Fish names them by `-l`, without the dashes.
                let name = option.trim_start_matches('-');
                assert!(
                    script.contains(&option) || script.contains(&format!("-l {name} ")),
                    "{shell}: {option}"
                );
            }
        }
    }
}

#[test]
fn a_folder_that_cannot_be_written_to_is_named() {
    let files = Files::new();
    files.write("taken", "a file");
    let output = files.run("man|taken");
    assert_unusable(&output, "man taken", &["taken: "]);
}
