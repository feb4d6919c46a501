//! How often each of some words came.

use serde::{Serialize, Serializer};

/// Most words of one tally. The tool has fewer codes of reasons, but a file may hold anything.
const MAX_WORDS: usize = 100;

/// Longest word in octets; the longest that the tool prints has less than half of that.
const MAX_WORD: usize = 60;

/// What is counted for a word that is too long, or one too many.
const OTHER: &str = "other";

/// Words in the order in which they came, with their numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally(Vec<(String, u64)>);

impl Tally {
    /// A tally of these words, none of which has come yet.
    pub(super) fn of(words: &[&str]) -> Self {
        Self(words.iter().map(|word| ((*word).to_owned(), 0)).collect())
    }

    /// Counts a word.
    pub(super) fn add(&mut self, word: &str) {
        let is_plain = |word: &str| word.chars().all(|c| matches!(c, ' '..='~'));
        let is_sound = !word.is_empty() && word.len() <= MAX_WORD && is_plain(word);
        let word = if is_sound { word } else { OTHER };
        if self.count(word) {
            return;
        }
        if self.0.len() < MAX_WORDS {
            self.0.push((word.to_owned(), 1));
        } else if !self.count(OTHER) {
            self.0.push((OTHER.to_owned(), 1));
        }
    }

    /// Counts a word that is there already.
    fn count(&mut self, word: &str) -> bool {
        let known = self.0.iter_mut().find(|(known, _)| known == word);
        known.is_some_and(|(_, number)| {
            *number = number.saturating_add(1);
            true
        })
    }

    /// How often a word came.
    pub(super) fn number(&self, word: &str) -> u64 {
        let known = self.words().find(|(known, _)| *known == word);
        known.map_or(0, |(_, number)| number)
    }

    /// The words in their order.
    pub(super) fn words(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(word, number)| (word.as_str(), *number))
    }

    /// The words that came, most often first.
    pub(super) fn most(&self) -> Vec<(&str, u64)> {
        let mut words: Vec<_> = self.words().filter(|(_, number)| *number > 0).collect();
        words.sort_by(|(a, many), (b, more)| more.cmp(many).then(a.cmp(b)));
        words
    }
}

impl Serialize for Tally {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsound_words_are_others() {
        let mut tally = Tally::default();
        for word in ["", "a\nb", "\u{fc}", &"x".repeat(MAX_WORD + 1)] {
            tally.add(word);
        }
        tally.add("3 1 1");
        assert_eq!(tally.most(), [("other", 4), ("3 1 1", 1)]);
    }

    #[test]
    fn words_beyond_the_bound_are_others() {
        let mut tally = Tally::of(&["first"]);
        for number in 0..1000 {
            tally.add(&format!("w{number}"));
        }
        for word in ["w0", "first"] {
            tally.add(word);
        }
        assert_eq!(tally.words().count(), MAX_WORDS + 1);
        assert_eq!(tally.number("first"), 1);
        assert_eq!(tally.number("w0"), 2);
        assert_eq!(tally.most().first(), Some(&("other", 901)));
    }
}
