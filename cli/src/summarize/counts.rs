//! What is counted.

use serde::Serialize;

use super::line::Probed;
use super::tally::Tally;
use crate::report::{HostResult, OutcomeKind};

/// The counts of all lines. The names of fields are stable.
#[derive(Debug, Serialize)]
pub(crate) struct Counts {
    lines: u64,
    unusable_lines: u64,
    pub(super) outcomes: Tally,
    /// How mail is protected; `none` is the mail that is not delivered.
    pub(super) protection: Tally,
    pub(super) reasons: Reasons,
    would_refuse: u64,
    pub(super) objections: Tally,
    pub(super) mx_security: Tally,
    pub(super) mx_kinds: Tally,
    /// Of each host of each line.
    pub(super) hosts: Tally,
    /// How many hosts have a record with these parameters that counts.
    pub(super) tlsa: Tally,
    /// How many hosts have one that does not.
    pub(super) unusable_tlsa: Tally,
    pub(super) tlsrpt: Tally,
}

/// The codes of reasons, by outcome. Mail that is authenticated has none.
#[derive(Debug, Default, Serialize)]
pub(super) struct Reasons {
    pub(super) delivered: Tally,
    pub(super) deferred: Tally,
    pub(super) failed: Tally,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            lines: 0,
            unusable_lines: 0,
            outcomes: Tally::of(&["delivered", "deferred", "failed"]),
            protection: Tally::of(&["authenticated", "encrypted", "cleartext", "none"]),
            reasons: Reasons::default(),
            would_refuse: 0,
            objections: Tally::default(),
            mx_security: Tally::of(&["secure", "insecure", "unknown"]),
            mx_kinds: Tally::of(&["explicit", "implicit", "null", "unknown"]),
            hosts: Tally::of(&[
                "authenticated",
                "encrypted",
                "cleartext",
                "refused",
                "unreachable",
                "skipped",
            ]),
            tlsa: Tally::default(),
            unusable_tlsa: Tally::default(),
            tlsrpt: Tally::default(),
        }
    }
}

impl Counts {
    /// How many lines were counted.
    pub(super) const fn lines(&self) -> u64 {
        self.lines
    }

    /// How many could not be.
    pub(super) const fn unusable_lines(&self) -> u64 {
        self.unusable_lines
    }

    /// Counts a line that cannot be used.
    pub(super) const fn add_unusable(&mut self) {
        self.unusable_lines = self.unusable_lines.saturating_add(1);
    }

    /// Counts what came of one domain.
    pub(super) fn add(&mut self, probed: &Probed) {
        self.lines = self.lines.saturating_add(1);
        self.outcomes.add(probed.outcome.as_str());
        let (reasons, protection) = match probed.outcome {
            OutcomeKind::Delivered => {
                let taker = probed.taker().map_or("unknown", HostResult::as_str);
                (&mut self.reasons.delivered, taker)
            }
            OutcomeKind::Deferred => (&mut self.reasons.deferred, "none"),
            OutcomeKind::Failed => (&mut self.reasons.failed, "none"),
        };
        self.protection.add(protection);
        if let Some(reason) = &probed.reason {
            reasons.add(&reason.code);
        }
        self.would_refuse = self
            .would_refuse
            .saturating_add(u64::from(probed.would_refuse));
        if let Some(objection) = &probed.objection {
            self.objections.add(&objection.code);
        }
        let known = |word: &Option<String>| word.clone().unwrap_or_else(|| "unknown".to_owned());
        self.mx_security.add(&known(&probed.mx.security));
        self.mx_kinds.add(&known(&probed.mx.kind));
        for host in &probed.hosts {
            self.hosts.add(host.result.as_str());
            add_parameters(&mut self.tlsa, host.tlsa.iter());
            let unusable = host.unusable.iter().map(|unusable| &unusable.record);
            add_parameters(&mut self.unusable_tlsa, unusable);
        }
        for result_type in &probed.tlsrpt {
            self.tlsrpt.add(result_type);
        }
    }
}

/// Counts the parameters of a host's records, such as `3 1 1`, each once.
fn add_parameters<'a>(tally: &mut Tally, records: impl Iterator<Item = &'a String>) {
    let mut all: Vec<String> = records.map(|record| parameters(record)).collect();
    all.sort_unstable();
    all.dedup();
    for parameters in all {
        tally.add(&parameters);
    }
}

/// A part of a whole in percent, rounded to one decimal place.
pub(super) fn percent(part: u64, whole: u64) -> String {
    let thousandths = part
        .saturating_mul(1000)
        .saturating_add(whole / 2)
        .checked_div(whole)
        .unwrap_or_default();
    format!("{}.{} %", thousandths / 10, thousandths % 10)
}

fn parameters(record: &str) -> String {
    let words: Vec<_> = record.split(' ').take(3).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_count_once_for_a_host() {
        let mut tally = Tally::default();
        let records = ["3 1 1 aa", "2 1 1 bb", "3 1 1 cc", "3 1 1"].map(str::to_owned);
        add_parameters(&mut tally, records.iter());
        add_parameters(&mut tally, records.iter().take(1));
        assert_eq!(tally.most(), [("3 1 1", 2), ("2 1 1", 1)]);
    }

    #[test]
    fn parts_are_given_in_percent() {
        for (part, whole, shown) in [
            (0, 0, "0.0 %"),
            (1, 3, "33.3 %"),
            (2, 3, "66.7 %"),
            (3, 3, "100.0 %"),
            (1, 1_000_000, "0.0 %"),
        ] {
            assert_eq!(percent(part, whole), shown);
        }
    }
}
