//! The picture of a terminal in README.md is what the tool prints. `SMTP_DANE_PICTURE=draw` before the test draws it anew.

use std::fs;
use std::path::Path;

use anstyle_svg::{Term, WIN10_CONSOLE};

use super::lab::Lab;
use crate::{at, program, text};

/// The picture, from this package's folder.
const PICTURE: &str = "../docs/probe.svg";

const DOMAINS: [&str; 3] = ["two-hosts.test", "stripped.test", "unsigned.test"];

/// What somebody would see who asks about demo domains.
fn terminal() -> String {
    let lab = Lab::start();
    let port = lab.place.pointer("/mail_port").unwrap().to_string();
    let mut arguments = vec![
        "probe",
        "--resolver",
        at(&lab.place, "/resolver"),
        "--port",
        &port,
    ];
    arguments.extend(DOMAINS);
    let mut command = program();
    let output = command
        .args(["--color", "always"])
        .args(&arguments)
        .output()
        .unwrap();
    format!(
        "$ smtp-dane {}\n{}",
        arguments.join(" "),
        text(&output.stdout)
    )
}

/// The picture without what differs from run to run: ports and digests of keys.
fn lasting(picture: &str) -> String {
    let is_hex = |word: &str| word.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
    let words = picture.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
    let masked = words.map(|word| {
        let digits = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let is_port = digits.len() == 5 && digits.chars().all(|c| c.is_ascii_digit());
        match is_port || (digits.len() >= 16 && is_hex(digits)) {
            true => word.replacen(digits, "?", 1),
            false => word.to_owned(),
        }
    });
    masked.collect()
}

#[test]
fn the_picture_in_the_readme_is_what_probe_prints() {
    let drawn = Term::new().palette(WIN10_CONSOLE).render_svg(&terminal());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(PICTURE);
    if std::env::var_os("SMTP_DANE_PICTURE").is_some_and(|value| value == "draw") {
        fs::write(&file, &drawn).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap();
    assert!(kept.contains("two-hosts.test"), "{kept}");
    assert_eq!(
        lasting(&kept),
        lasting(&drawn),
        "SMTP_DANE_PICTURE=draw draws it anew"
    );
}
