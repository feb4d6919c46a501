//! Tables for people: what it is about, a word in colour, and why.

use crate::args::printable;
use crate::terminal::{Style, Tone};

/// Least width of the column of results: "authenticated" is the longest word that is common.
const RESULT_WIDTH: usize = 13;

/// Widest that the first column gets for the sake of one long name.
const MAX_PLACE: usize = 44;

/// One line of a table.
pub(crate) struct Row {
    place: String,
    result: &'static str,
    tone: Tone,
    why: String,
}

impl Row {
    pub(crate) fn new(place: String, result: &'static str, tone: Tone, why: String) -> Self {
        let (place, why) = (printable(&place), printable(&why));
        Self {
            place,
            result,
            tone,
            why,
        }
    }
}

/// The lines with their columns in line, the first one standing out.
pub(crate) fn table(rows: &[Row], style: Style) -> String {
    let places = rows.iter().map(|row| row.place.chars().count());
    let place_width = places.max().unwrap_or_default().min(MAX_PLACE);
    let results = rows.iter().map(|row| row.result.len());
    let result_width = results.max().unwrap_or_default().max(RESULT_WIDTH);
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        let place = format!("{:place_width$}", row.place);
        let place = match number {
            0 => style.paint(Tone::Strong, &place),
            _ => place,
        };
        let result = style.paint(row.tone, &format!("{:result_width$}", row.result));
        let line = format!("{place}  {result}  {}", row.why);
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
