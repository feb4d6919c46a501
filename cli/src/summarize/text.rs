//! The counts for people.

use super::counts::{Counts, percent};
use crate::terminal::{Style, Tone, domains};

/// Width of the column of words. Longer ones push their numbers to the right.
const WORD_WIDTH: usize = 26;

/// Width of the column of numbers.
const NUMBER_WIDTH: usize = 10;

/// All that was counted, a table for each question.
pub(super) fn of(counts: &Counts, style: Style) -> String {
    let lines = counts.lines();
    let mut text = format!("{}, one for each line", domains(lines));
    if counts.unusable_lines() > 0 {
        let left_out = format!("lines that cannot be used: {}", counts.unusable_lines());
        text.push_str("; ");
        text.push_str(&style.paint(Tone::Bad, &left_out));
    }
    text.push('\n');
    let mut add = |title: &str, rows: Vec<(&str, u64)>, whole: u64| {
        if rows.iter().any(|(_, number)| *number > 0) {
            text.push_str(&table(title, &rows, whole, style));
        }
    };
    let hosts = counts.hosts.words().map(|(_, number)| number).sum();
    add("outcome", counts.outcomes.words().collect(), lines);
    add(
        "protection of the mail",
        counts.protection.words().collect(),
        lines,
    );
    add("why delivered so", counts.reasons.delivered.most(), lines);
    add("why deferred", counts.reasons.deferred.most(), lines);
    add("why failed", counts.reasons.failed.most(), lines);
    add("why DANE would refuse", counts.objections.most(), lines);
    add(
        "security of MX",
        counts.mx_security.words().collect(),
        lines,
    );
    add("kind of MX", counts.mx_kinds.most(), lines);
    add("result of hosts", counts.hosts.words().collect(), hosts);
    add("hosts with TLSA", counts.tlsa.most(), hosts);
    add(
        "hosts with unusable TLSA",
        counts.unusable_tlsa.most(),
        hosts,
    );
    add("TLSRPT result types", counts.tlsrpt.most(), lines);
    text
}

fn table(title: &str, rows: &[(&str, u64)], whole: u64, style: Style) -> String {
    let mut text = format!("\n{}\n", style.paint(Tone::Strong, title));
    for (word, number) in rows {
        let painted = style.paint(tone(word), &format!("{word:WORD_WIDTH$}"));
        let share = percent(*number, whole);
        text.push_str(&format!("  {painted}{number:>NUMBER_WIDTH$}{share:>10}\n"));
    }
    text
}

/// The colours that the words have in the tables of `probe`.
fn tone(word: &str) -> Tone {
    match word {
        "authenticated" | "delivered" => Tone::Good,
        "encrypted" | "cleartext" | "deferred" => Tone::Doubtful,
        "failed" | "refused" | "unreachable" | "skipped" | "none" => Tone::Bad,
        _ => Tone::Faint,
    }
}
