//! How far the work is, how fast it goes, and how long it will take.

use std::time::Instant;

use crate::args::Domain;
use crate::terminal::domains;

/// Counts what was done.
#[derive(Debug)]
pub(super) struct Pace {
    start: Instant,
    /// How many octets there are to read, if that is known.
    extent: Option<u64>,
    octets: u64,
    entries: u64,
    begun: u64,
    ended: u64,
    latest: String,
}

impl Pace {
    pub(super) fn new(extent: Option<u64>) -> Self {
        Self {
            start: Instant::now(),
            extent,
            octets: 0,
            entries: 0,
            begun: 0,
            ended: 0,
            latest: String::new(),
        }
    }

    /// An entry of so many octets was taken from the input.
    pub(super) const fn took(&mut self, octets: u64) {
        self.octets = self.octets.saturating_add(octets);
        self.entries = self.entries.saturating_add(1);
    }

    /// A domain begins; says how many did before it.
    pub(super) fn begins(&mut self, domain: &Domain) -> u64 {
        let before = self.begun;
        self.begun = before.saturating_add(1);
        self.latest = domain.to_string();
        before
    }

    /// There is one more result.
    pub(super) const fn ended(&mut self) {
        self.ended = self.ended.saturating_add(1);
    }

    /// All of it in one line.
    pub(super) fn line(&self) -> String {
        if self.ended == 0 {
            return format!("probing {}", self.latest);
        }
        self.line_after(self.start.elapsed().as_millis())
    }

    fn line_after(&self, milliseconds: u128) -> String {
        let of = u128::from;
        let tenths = of(self.ended).saturating_mul(10_000) / milliseconds.max(1);
        let rate = format!("{}.{} a second", tenths / 10, tenths % 10);
        let left = self.milliseconds_left(milliseconds);
        let left = left.map_or_else(String::new, |left| format!(", {} left", duration(left)));
        let ended = domains(self.ended);
        format!("{ended}, {rate}{left}: {}", self.latest)
    }

    /// The rest of the input holds about as many domains an octet as what was read, and they take about as long.
    fn milliseconds_left(&self, milliseconds: u128) -> Option<u128> {
        let of = u128::from;
        let rest = self.extent?.saturating_sub(self.octets);
        let entries = of(rest).saturating_mul(of(self.entries)) / of(self.octets.max(1));
        let entries = entries.saturating_add(of(self.begun.saturating_sub(self.ended)));
        entries
            .saturating_mul(milliseconds)
            .checked_div(of(self.ended))
    }
}

/// In the unit that people would take.
fn duration(milliseconds: u128) -> String {
    let (seconds, minutes) = (milliseconds / 1000, milliseconds / 60_000);
    if seconds < 100 {
        format!("{seconds} s")
    } else if minutes < 100 {
        format!("{minutes} min")
    } else {
        format!("{} h", minutes / 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(extent: Option<u64>) -> Pace {
        let mut pace = Pace::new(extent);
        let domain: Option<Domain> = "a.example".parse().ok();
        for number in 0..30 {
            pace.took(10);
            assert_eq!(domain.as_ref().map(|d| pace.begins(d)), Some(number));
        }
        (0..20).for_each(|_| pace.ended());
        pace
    }

    #[test]
    fn the_rest_takes_as_long_as_what_was_read() {
        // Ten are under way, and 970 to be read; twenty took ten seconds.
        let line = pace(Some(10_000)).line_after(10_000);
        assert_eq!(line, "20 domains, 2.0 a second, 8 min left: a.example");
        let line = pace(Some(300)).line_after(10_000);
        assert_eq!(line, "20 domains, 2.0 a second, 5 s left: a.example");
        let line = pace(Some(1 << 40)).line_after(6000);
        assert!(line.contains("3.3 a second, 9162596 h left"), "{line}");
    }

    #[test]
    fn nobody_knows_how_long_a_pipe_is() {
        let line = pace(None).line_after(10_000);
        assert_eq!(line, "20 domains, 2.0 a second: a.example");
        assert_eq!(Pace::new(None).line_after(0), "0 domains, 0.0 a second: ");
        let mut one = Pace::new(None);
        one.ended();
        assert_eq!(one.line_after(500), "1 domain, 2.0 a second: ");
    }
}
