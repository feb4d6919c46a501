//! The counts as a picture: bars in an SVG file that needs nothing beside it.
//!
//! Its words are text, so that they can be read aloud, searched for and copied, and its colours follow those of the page that it
//! is looked at on.

use super::counts::{Counts, percent};
use crate::terminal::domains;

/// Width of the picture.
const WIDTH: u64 = 720;

/// Where bars begin. Words end a little before.
const LEFT: u64 = 240;

/// Length of the longest bar of a section.
const LONGEST: u64 = 320;

/// Most characters of a word: what there is room for on the left, and what the longest code of the tool needs.
const MAX_WORD: usize = 34;

/// From one bar to the next.
const STEP: u64 = 24;

/// Most bars of a section whose words are not known beforehand.
const MAX_BARS: usize = 8;

/// The colours on a light page and on a dark one.
const COLOURS: &str = "\
.page{fill:#ffffff}text{fill:#1f2328}.faint{fill:#59636e}.plain{fill:#6e7781}\
.authenticated{fill:#1a7f37}.encrypted{fill:#0969da}.cleartext{fill:#9a6700}.deferred{fill:#bc4c00}.failed{fill:#cf222e}\
@media (prefers-color-scheme:dark){.page{fill:#0d1117}text{fill:#f0f6fc}.faint{fill:#9198a1}.plain{fill:#8b949e}\
.authenticated{fill:#3fb950}.encrypted{fill:#58a6ff}.cleartext{fill:#d29922}.deferred{fill:#f0883e}.failed{fill:#f85149}}";

/// Bars under a heading.
struct Section {
    heading: &'static str,
    /// What the shares are shares of.
    whole: u64,
    bars: Vec<Bar>,
}

/// One bar.
struct Bar {
    word: String,
    class: &'static str,
    number: u64,
}

/// The picture of all that was counted.
pub(super) fn of(counts: &Counts) -> String {
    let sections = [endings(counts), reasons(counts), parameters(counts)];
    let mut drawing = String::new();
    let mut place = 70;
    for section in sections.iter().filter(|section| !section.bars.is_empty()) {
        place = section.draw(place, &mut drawing);
    }
    let height = place;
    let title = format!("How mail to {} is protected", domains(counts.lines()));
    let words = sections.first().map(Section::words).unwrap_or_default();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         role=\"img\" aria-labelledby=\"title words\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <title id=\"title\">{title}</title>\n<desc id=\"words\">{words}</desc>\n<style>{COLOURS}</style>\n\
         <rect class=\"page\" width=\"{WIDTH}\" height=\"{height}\"/>\n\
         <text x=\"24\" y=\"36\" font-size=\"18\" font-weight=\"bold\">{title}</text>\n{drawing}</svg>\n"
    )
}

/// What came of the mail: how it is protected, or why it is not delivered.
fn endings(counts: &Counts) -> Section {
    let protected =
        ["authenticated", "encrypted", "cleartext"].map(|word| (&counts.protection, word));
    let undelivered = ["deferred", "failed"].map(|word| (&counts.outcomes, word));
    let bars = protected.into_iter().chain(undelivered);
    let bars = bars.map(|(tally, word)| Bar {
        word: word.to_owned(),
        class: word,
        number: tally.number(word),
    });
    Section {
        heading: "What came of the mail",
        whole: counts.lines(),
        bars: bars.collect(),
    }
}

/// Why it is no better, the most frequent reasons first.
fn reasons(counts: &Counts) -> Section {
    let reasons = &counts.reasons;
    let outcomes = [
        ("delivered", "plain", &reasons.delivered),
        ("deferred", "deferred", &reasons.deferred),
        ("failed", "failed", &reasons.failed),
    ];
    let mut bars = Vec::new();
    for (outcome, class, tally) in outcomes {
        bars.extend(tally.most().into_iter().map(|(code, number)| Bar {
            word: format!("{outcome}: {code}"),
            class,
            number,
        }));
    }
    bars.sort_by_key(|bar| core::cmp::Reverse(bar.number));
    bars.truncate(MAX_BARS);
    Section {
        heading: "Why it is no better",
        whole: counts.lines(),
        bars,
    }
}

/// The parameters of the TLSA records that count.
fn parameters(counts: &Counts) -> Section {
    let bars = counts.tlsa.most().into_iter().take(MAX_BARS);
    let bars = bars.map(|(word, number)| Bar {
        word: word.to_owned(),
        class: "plain",
        number,
    });
    Section {
        heading: "TLSA records, of all hosts",
        whole: counts.hosts.words().map(|(_, number)| number).sum(),
        bars: bars.collect(),
    }
}

impl Section {
    /// Draws it from `top` on, and gives the place below it.
    fn draw(&self, top: u64, drawing: &mut String) -> u64 {
        let heading = self.heading;
        drawing.push_str(&format!(
            "<text x=\"24\" y=\"{top}\" font-weight=\"bold\">{heading}</text>\n"
        ));
        let most = self
            .bars
            .iter()
            .map(|bar| bar.number)
            .max()
            .unwrap_or_default();
        let mut place = top + 12;
        for bar in &self.bars {
            drawing.push_str(&bar.draw(place, most, self.whole));
            place += STEP;
        }
        place + STEP
    }

    /// The numbers for those who do not see the bars.
    fn words(&self) -> String {
        let bars = self.bars.iter();
        let words = bars.map(|bar| {
            format!(
                "{} {} ({})",
                bar.word,
                bar.number,
                percent(bar.number, self.whole)
            )
        });
        words.collect::<Vec<_>>().join(", ")
    }
}

impl Bar {
    fn draw(&self, top: u64, most: u64, whole: u64) -> String {
        let Self {
            word,
            class,
            number,
        } = self;
        let length = number
            .saturating_mul(LONGEST)
            .checked_div(most)
            .unwrap_or_default();
        // What came at all can be seen.
        let length = length.max(u64::from(*number > 0));
        let (word, share) = (escaped(&shortened(word)), percent(*number, whole));
        let (base, before, behind) = (top + 13, LEFT - 8, LEFT + length + 8);
        format!(
            "<text x=\"{before}\" y=\"{base}\" text-anchor=\"end\">{word}</text>\n\
             <rect class=\"{class}\" x=\"{LEFT}\" y=\"{top}\" width=\"{length}\" height=\"17\" rx=\"2\"/>\n\
             <text x=\"{behind}\" y=\"{base}\">{number} <tspan class=\"faint\">{share}</tspan></text>\n"
        )
    }
}

/// As much of a word as there is room for.
fn shortened(word: &str) -> String {
    match word.char_indices().nth(MAX_WORD) {
        None => word.to_owned(),
        Some(_) => word
            .chars()
            .take(MAX_WORD - 1)
            .chain(['\u{2026}'])
            .collect(),
    }
}

/// Text with nothing in it that XML takes for its own.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
