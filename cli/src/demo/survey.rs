//! Any number of further domains in the demo's network, to try a survey on.
//!
//! There is one zone for each way to end. All domains that end so are made of one wildcard (RFC 4592) in it, whose MX records name
//! hosts of the demo's own domains. So it costs the network nothing how many there are, until the resolver is asked: it keeps the
//! proofs of each name for a while, in about half a kilobyte. How many domains must end how follows from their number alone.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::lab::zones::Zone;
use crate::report::HostResult::{Authenticated, Cleartext, Encrypted, Refused, Skipped};
use crate::report::{HostResult, OutcomeKind};

/// The zone above all of them.
const ABOVE: &str = "survey.test";

/// How a name is made: of its number, from 1 on, and of how it ends. There is a label between them, because hickory takes no proof
/// for a name just one label below its wildcard.
const NAMES: &str = "d<number>.domain.<kind>.survey.test";

/// Domains that end in the same way.
#[derive(Clone, Copy, Debug, Serialize)]
struct Kind {
    kind: &'static str,
    /// How many follow one another, before the next kind; after the last kind, the first comes again.
    #[serde(skip)]
    share: u32,
    #[serde(skip)]
    zone: fn(&str) -> Zone,
    #[serde(skip)]
    mx: &'static [&'static str],
    outcome: OutcomeKind,
    /// What comes of the last host that is tried; none if there is no host.
    result: Option<HostResult>,
    /// The code of the reason.
    reason: Option<&'static str>,
}

impl Kind {
    const fn delivered(
        kind: &'static str,
        share: u32,
        mx: &'static [&'static str],
        result: HostResult,
    ) -> Self {
        Self {
            kind,
            share,
            zone: Zone::signed,
            mx,
            outcome: OutcomeKind::Delivered,
            result: Some(result),
            reason: None,
        }
    }

    const fn deferred(
        kind: &'static str,
        share: u32,
        mx: &'static [&'static str],
        reason: &'static str,
    ) -> Self {
        Self {
            outcome: OutcomeKind::Deferred,
            reason: Some(reason),
            ..Self::delivered(kind, share, mx, Refused)
        }
    }

    const fn failed(
        kind: &'static str,
        share: u32,
        mx: &'static [&'static str],
        reason: &'static str,
    ) -> Self {
        Self {
            outcome: OutcomeKind::Failed,
            result: None,
            ..Self::deferred(kind, share, mx, reason)
        }
    }

    const fn because(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }

    const fn unsigned(mut self) -> Self {
        self.zone = Zone::unsigned;
        self
    }

    fn apex(&self) -> String {
        format!("{}.{ABOVE}", self.kind)
    }

    fn zone(&self) -> Zone {
        let apex = self.apex();
        let records = self.mx.iter().map(|mx| format!("*.{apex} MX {mx}"));
        records.fold((self.zone)(&apex), Zone::record)
    }
}

/// All kinds, with 40 domains in a round.
static KINDS: &[Kind] = &[
    Kind::delivered("dane-ee", 10, &["10 mx.dane-ee.test"], Authenticated),
    Kind::delivered(
        "intermediate",
        3,
        &["10 mx.intermediate.test"],
        Authenticated,
    ),
    Kind::delivered("dane-ta", 2, &["10 mx.dane-ta.test"], Authenticated),
    Kind::delivered(
        "two-hosts",
        1,
        &["10 mx1.two-hosts.test", "20 mx2.two-hosts.test"],
        Authenticated,
    ),
    Kind::delivered("unsigned-mx", 2, &["10 mx.provider.test"], Authenticated).unsigned(),
    Kind::delivered("unsigned", 8, &["10 mx.unsigned.test"], Encrypted)
        .unsigned()
        .because("insecure-address"),
    Kind::delivered("no-tlsa", 3, &["10 mx.no-tlsa.test"], Encrypted).because("no-tlsa"),
    Kind::delivered("unusable", 1, &["10 mx.unusable.test"], Encrypted).because("all-unusable"),
    Kind::delivered("broken-tls", 1, &["10 mx.broken-tls.test"], Cleartext)
        .unsigned()
        .because("insecure-address"),
    Kind::deferred(
        "mismatch",
        2,
        &["10 mx1.two-hosts.test"],
        "no-record-matched",
    ),
    Kind::deferred("wrong-name", 1, &["10 mx.wrong-name.test"], "name-mismatch"),
    Kind::deferred(
        "stripped",
        1,
        &["10 mx.stripped.test"],
        "start-tls-not-offered",
    ),
    Kind {
        result: Some(Skipped),
        ..Kind::deferred("tlsa-lost", 1, &["10 mx.tlsa-lost.test"], "lookup")
    },
    Kind {
        zone: Zone::tampered,
        result: None,
        ..Kind::deferred("tampered", 1, &["10 mx.dane-ee.test"], "lookup")
    },
    Kind::failed("null-mx", 2, &["0 ."], "null-mx"),
    Kind::failed("missing", 1, &[], "no-domain"),
];

/// The zones of all kinds, for any number of domains.
pub(super) fn zones() -> Vec<Zone> {
    let above = [Zone::signed(ABOVE)].into_iter();
    above.chain(KINDS.iter().map(Kind::zone)).collect()
}

/// The names of the first `count` domains.
pub(super) fn names(count: u32) -> impl Iterator<Item = String> {
    let round = KINDS
        .iter()
        .flat_map(|kind| (0..kind.share).map(move |_| kind));
    let numbered = (1..=count).zip(round.cycle());
    numbered.map(|(number, kind)| format!("d{number}.domain.{}", kind.apex()))
}

/// How the domains of a survey must end.
#[derive(Debug, Serialize)]
pub(super) struct Survey {
    names: &'static str,
    domains: u32,
    outcomes: BTreeMap<&'static str, u32>,
    kinds: Vec<Count>,
}

/// How many domains are of a kind.
#[derive(Debug, Serialize)]
struct Count {
    domains: u32,
    #[serde(flatten)]
    kind: Kind,
}

impl Survey {
    /// A survey of the first `count` domains.
    pub(super) fn of(count: u32) -> Self {
        let round: u32 = KINDS.iter().map(|kind| kind.share).sum();
        let (rounds, mut rest) = (count / round, count % round);
        let mut kinds = Vec::with_capacity(KINDS.len());
        let mut outcomes = BTreeMap::new();
        for kind in KINDS {
            let more = rest.min(kind.share);
            rest -= more;
            let domains = rounds * kind.share + more;
            *outcomes.entry(kind.outcome.as_str()).or_default() += domains;
            kinds.push(Count {
                domains,
                kind: *kind,
            });
        }
        Self {
            names: NAMES,
            domains: count,
            outcomes,
            kinds,
        }
    }

    /// The same for people.
    pub(super) fn text(&self) -> String {
        let counts = self.outcomes.iter();
        let counts = counts.map(|(outcome, domains)| format!("{domains} {outcome}"));
        format!(
            "for a survey          {} ({}; smtp-dane demo --names {} prints them)\n",
            self.names,
            counts.collect::<Vec<_>>().join(", "),
            self.domains
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_are_those_of_the_names() {
        for count in [1, 10, 11, 39, 40, 41, 1003] {
            let survey = Survey::of(count);
            let names: Vec<_> = names(count).collect();
            assert_eq!(u32::try_from(names.len()), Ok(count));
            for Count { domains, kind } in survey.kinds {
                let end = format!(".{}", kind.apex());
                let named = names.iter().filter(|name| name.ends_with(&end)).count();
                assert_eq!(u32::try_from(named), Ok(domains), "{count}: {end}");
            }
            assert_eq!(survey.outcomes.values().sum::<u32>(), count);
        }
        assert_eq!(
            names(41).last().as_deref(),
            Some("d41.domain.dane-ee.survey.test")
        );
    }

    #[test]
    fn a_round_has_forty_domains() {
        assert!(
            Survey::of(40)
                .kinds
                .iter()
                .all(|count| count.domains == count.kind.share)
        );
        assert!(Survey::of(39).kinds.iter().any(|count| count.domains == 0));
    }
}
