//! `summarize`: what was probed is counted, and what cannot be used is named and left out.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use super::files::Files;
use super::lab::Lab;
use super::survey_demo::names;
use crate::{assert_unusable, objects, program, run, text};

/// The picture, from this package's folder. `SMTP_DANE_PICTURE=draw` before the test draws it anew.
const PICTURE: &str = "../docs/survey.svg";

/// How many domains of the demo are in it.
const DRAWN: u64 = 200;

/// A result that is as short as may be.
const LINE: &str = r#"{"domain":"a.example","outcome":"failed","would_refuse":false,"objection":null,"mx":{"security":null,"kind":null},"hosts":[],"reason":{"code":"no-domain"},"tlsrpt":[]}"#;

/// What was probed, in a file `survey`, and what must have come of it.
fn survey(files: &Files, count: u64) -> Value {
    let lab = Lab::start_with(&["--domains", &count.to_string()]);
    let output = lab.probe(&names(count).join(" "));
    files.write("survey", &text(&output.stdout));
    lab.place.pointer("/survey").unwrap().clone()
}

fn summary(output: &Output) -> Value {
    let mut objects = objects(output);
    assert_eq!(objects.len(), 1, "{output:?}");
    objects.pop().unwrap()
}

/// What stands at a place of the summary, which is the one object of the output.
fn counted(output: &Output, place: &str) -> Value {
    summary(output).pointer(place).unwrap().clone()
}

/// The program with something on its standard input.
fn run_with(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = program();
    let mut child = child
        .arg("summarize")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_survey_of_the_demo_has_the_counts_that_the_demo_gives() {
    let files = Files::new();
    let expected = survey(&files, 40);
    let output = files.run("summarize|--json|survey");
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
    let summary = summary(&output);
    for (place, value) in [
        ("/lines", json!(40)),
        ("/outcomes", expected.pointer("/outcomes").unwrap().clone()),
        ("/unusable_lines", json!(0)),
        (
            "/protection",
            json!({"authenticated": 18, "encrypted": 12, "cleartext": 1, "none": 9}),
        ),
        (
            "/reasons/delivered",
            json!({"insecure-address": 9, "no-tlsa": 3, "all-unusable": 1}),
        ),
        (
            "/reasons/deferred",
            json!({"no-record-matched": 2, "name-mismatch": 1, "start-tls-not-offered": 1, "lookup": 2}),
        ),
        ("/reasons/failed", json!({"null-mx": 2, "no-domain": 1})),
        ("/would_refuse", json!(0)),
        ("/objections", json!({})),
        (
            "/mx_security",
            json!({"secure": 28, "insecure": 11, "unknown": 1}),
        ),
        (
            "/mx_kinds",
            json!({"explicit": 36, "implicit": 0, "null": 2, "unknown": 2}),
        ),
        (
            "/hosts",
            json!({"authenticated": 18, "encrypted": 12, "cleartext": 1, "refused": 5, "unreachable": 0, "skipped": 1}),
        ),
        // Each of the mail hosts that have records, with the two of a domain that has two.
        ("/tlsa", json!({"3 1 1": 17, "2 1 1": 3, "2 0 1": 3})),
        ("/unusable_tlsa", json!({"1 1 1": 1, "3 1 1": 1})),
    ] {
        assert_eq!(summary.pointer(place), Some(&value), "{place}");
    }
}

#[test]
fn an_audit_is_counted_by_what_it_would_refuse() {
    let files = Files::new();
    let lab = Lab::start();
    let output = lab.probe("two-hosts.test stripped.test dane-ee.test --dane audit");
    files.write("audit", &text(&output.stdout));
    let output = files.run("summarize|--json|audit");
    assert_eq!(counted(&output, "/outcomes/delivered"), 3);
    assert_eq!(counted(&output, "/would_refuse"), 2);
    let objections = json!({"no-record-matched": 1, "start-tls-not-offered": 1});
    assert_eq!(counted(&output, "/objections"), objections);
    let shown = text(&files.run("summarize|audit").stdout);
    assert!(shown.contains("\nwhy DANE would refuse\n"), "{shown}");
}

#[test]
fn people_get_tables_of_what_came() {
    let line = format!("{LINE}\n");
    let output = run_with(&[], format!("{line}{line}{line}").as_bytes());
    let shown = text(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    for part in [
        "3 domains, one for each line\n",
        "\noutcome\n",
        "\nwhy failed\n  no-domain                          3   100.0 %\n",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(
        !shown.contains("why deferred") && !shown.contains('\x1b'),
        "{shown}"
    );
    let colored = run_with(&["--color", "always", "-"], line.as_bytes());
    assert!(
        text(&colored.stdout).contains("\x1b[31mfailed"),
        "{colored:?}"
    );
}

#[test]
fn lines_that_cannot_be_used_are_named_and_the_rest_is_counted() {
    let files = Files::new();
    let mut lines = format!(
        "\u{feff}{LINE}\n\n  \r\nnonsense\n[]\n{}\n",
        LINE.replace("failed", "lost")
    )
    .into_bytes();
    lines.extend(b"{\"domain\":\"\xff\"}\n");
    lines.extend(LINE.replace(",\"hosts\":[]", "").into_bytes());
    lines.extend(format!("\n{LINE}\r\n{}", LINE.split_at(40).0).into_bytes());
    fs::write(files.path().join("mixed"), lines).unwrap();
    files.write("good", LINE);
    let output = files.run("summarize|--json|mixed|good");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = text(&output.stderr);
    let said: Vec<_> = said.lines().collect();
    let wanted = [
        "mixed, line 4: it is not JSON from column 2 on",
        "mixed, line 5: it is no result of probe --json: ",
        "mixed, line 6: it is no result of probe --json: unknown variant `lost`",
        "mixed, line 7: it is not UTF-8",
        "mixed, line 8: it is no result of probe --json: missing field `hosts`",
        "mixed, line 10: it ends in the middle of a value",
    ];
    assert_eq!(said.len(), wanted.len(), "{said:?}");
    for (said, wanted) in said.iter().zip(wanted) {
        assert!(said.starts_with(&format!("smtp-dane: {wanted}")), "{said}");
    }
    assert_eq!(counted(&output, "/lines"), 3);
    assert_eq!(counted(&output, "/unusable_lines"), 6);
}

#[test]
fn what_a_line_lacks_is_said_in_the_words_of_json() {
    for (line, wanted) in [
        (
            "null",
            "invalid type: null, expected the object of a domain",
        ),
        ("[]", "expected the object of a domain"),
        (
            &LINE.replace("\"hosts\":[]", "\"hosts\":[7]"),
            "invalid type: integer `7`, expected the object of a host",
        ),
        (
            &LINE.replace("{\"code\":\"no-domain\"}", "7"),
            "invalid type: integer `7`, expected the object of a reason",
        ),
    ] {
        let said = text(&run_with(&["--json"], line.as_bytes()).stderr);
        assert!(said.contains(wanted), "{line}: {said}");
        assert!(!said.contains("struct"), "{line}: {said}");
    }
}

#[test]
fn no_more_than_ten_lines_are_complained_of() {
    for (wrong, said) in [(10, 10), (11, 11), (5000, 11)] {
        let output = run_with(&["--json"], "x\n".repeat(wrong).as_bytes());
        let complaints = text(&output.stderr);
        assert_eq!(complaints.lines().count(), said, "{complaints}");
        let last = complaints.lines().last().unwrap();
        let more = format!("smtp-dane: {} more lines cannot be used", wrong - 10);
        assert_eq!(last == more, wrong > 10, "{last}");
        assert_eq!(counted(&output, "/unusable_lines"), wrong);
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn words_that_no_tool_wrote_are_others_and_cannot_steer_a_terminal_or_a_picture() {
    let files = Files::new();
    let lines: Vec<_> = (0..300)
        .map(|number| LINE.replace("no-domain", &format!("<&{number}> {}", "x".repeat(30))))
        .chain([LINE.replace("no-domain", r"\u001b[31m")])
        .collect();
    files.write("odd", &lines.join("\n"));
    let output = files.run("summarize|--json|odd|--svg|odd.svg");
    let reasons = counted(&output, "/reasons/failed");
    assert_eq!(reasons.as_object().unwrap().len(), 101);
    assert_eq!(counted(&output, "/reasons/failed/other"), 201);
    let picture = files.read("odd.svg");
    assert!(picture.contains("failed: &lt;&amp;0&gt; xxx"), "{picture}");
}

#[test]
fn files_that_cannot_be_read_or_written_are_named() {
    let files = Files::new();
    files.write("good", LINE);
    let output = files.run("summarize|good|missing");
    assert_unusable(&output, "missing", &["missing: "]);
    let output = files.run("summarize|.");
    assert_unusable(&output, "folder", &[".: "]);
    let output = files.run("summarize|good|--svg|good");
    assert_unusable(&output, "chart", &["good: ", "chart"]);
    assert_eq!(files.read("good"), LINE);
    let output = files.run("summarize|good|--svg|./good");
    assert_unusable(&output, "the same by another name", &["./good: ", "chart"]);
    assert_eq!(files.read("good"), LINE);
    let output = files.run("summarize|--json|good|--svg|no/where.svg");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(counted(&output, "/lines"), 1);
    let said = text(&output.stderr);
    assert!(
        said.starts_with("smtp-dane: no/where.svg: ") && said.lines().count() == 1,
        "{said}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn the_chart_does_not_take_the_place_of_what_is_read_from_standard_input() {
    let files = Files::new();
    files.write("good", LINE);
    for line in ["summarize|--svg|good", "summarize|-|--svg|good"] {
        let mut command = files.command(line);
        let input = File::open(files.path().join("good")).unwrap();
        let output = command.stdin(input).output().unwrap();
        assert_unusable(&output, line, &["good: ", "chart"]);
        assert_eq!(files.read("good"), LINE);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_in_one_line() {
    let output = run_with(&["--json", "--svg", "/dev/full"], LINE.as_bytes());
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.starts_with("smtp-dane: /dev/full: ") && said.lines().count() == 1,
        "{said}"
    );
}

#[test]
fn a_summary_that_nobody_reads_is_no_disaster() {
    let mut child = program();
    let mut child = child
        .arg("summarize")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    child
        .stdin
        .take()
        .unwrap()
        .write_all(LINE.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.stderr.is_empty(), "{output:?}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn nothing_at_all_is_a_summary_of_nothing() {
    let files = Files::new();
    let output = run("summarize --json");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(counted(&output, "/lines"), 0);
    files.write("empty", "");
    let output = files.run("summarize|empty|--svg|empty.svg");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(text(&output.stdout), "0 domains, one for each line\n");
    assert!(files.read("empty.svg").ends_with("</svg>\n"));
}

#[test]
fn the_picture_in_the_documents_is_what_summarize_draws() {
    let files = Files::new();
    survey(&files, DRAWN);
    let output = files.run("summarize|survey|--svg|survey.svg");
    assert!(output.status.success(), "{output:?}");
    let drawn = files.read("survey.svg");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(PICTURE);
    if std::env::var_os("SMTP_DANE_PICTURE").is_some_and(|value| value == "draw") {
        fs::write(&file, &drawn).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap();
    // Those who do not see the bars are told.
    for part in [
        "<title id=\"title\">How mail to 200 domains is protected</title>",
        "<desc id=\"words\">authenticated 90 (45.0 %), encrypted 60 (30.0 %), cleartext 5 (2.5 %), deferred 30",
    ] {
        assert!(kept.contains(part), "{kept}");
    }
    assert!(kept == drawn, "SMTP_DANE_PICTURE=draw draws it anew");
}
