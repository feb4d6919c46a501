//! TLSA records as text: `3 1 1 …`, alone or behind what a zone file has before it (RFC 6698 §2.2).

use core::fmt;

use smtp_dane::tlsa::{MatchingType, Record, Selector, Usage};
use smtp_dane::{Name, NameError};

use super::{File, lines};
use crate::exit::Ending;

impl File {
    /// The TLSA records in the file, at least one. Whose they are is not asked: an alias may have led to them.
    ///
    /// # Errors
    /// [`Ending::Unusable`] if one of them cannot be read, or there is none.
    pub(crate) fn records(&self) -> Result<Vec<Record>, Ending> {
        let text = str::from_utf8(&self.octets).map_err(|_| self.unusable(&"it is not text"))?;
        let place = |line: usize| format!("line {line}");
        let entries = lines::entries(text).map_err(|line| {
            self.unusable_at(&place(line), &"a parenthesis of this record is not closed")
        })?;
        let read = |(line, entry): &(usize, String)| {
            of_zone_file(entry).map_err(|error| self.unusable_at(&place(*line), &error))
        };
        let records: Vec<_> = entries.iter().map(read).collect::<Result<_, _>>()?;
        if records.is_empty() {
            return Err(self.unusable(&"there is no TLSA record in it"));
        }
        Ok(records)
    }
}

/// Reads the four fields. The digits of the last one may be of either case and have spaces between them.
///
/// # Errors
/// [`RecordError`] if they are not three numbers and hexadecimal digits. Whether they make sense is not asked.
pub(crate) fn record(text: &str) -> Result<Record, RecordError> {
    of_words(text.split_whitespace())
}

/// Reads a record with or without owner, time to live and class before it.
fn of_zone_file(entry: &str) -> Result<Record, RecordError> {
    let words: Vec<_> = entry.split_whitespace().collect();
    let keyword = words
        .iter()
        .rposition(|word| word.eq_ignore_ascii_case("TLSA"));
    let Some((before, [_, fields @ ..])) = keyword.and_then(|place| words.split_at_checked(place))
    else {
        return of_words(words.into_iter());
    };
    // RFC 1035 §5.1: a line that begins with a blank has no owner of its own.
    let before = match before.split_first() {
        Some((owner, rest)) if !entry.starts_with(char::is_whitespace) => {
            if *owner != "@" {
                owner.parse::<Name>().map_err(RecordError::Owner)?;
            }
            rest
        }
        _ => before,
    };
    match before.iter().find(|word| !is_class(word) && !is_ttl(word)) {
        Some(word) => Err(RecordError::Word((*word).to_owned())),
        None => of_words(fields.iter().copied()),
    }
}

fn is_class(word: &str) -> bool {
    word.eq_ignore_ascii_case("IN")
}

/// Seconds, or the units that many name servers know, as in `1h30m`.
fn is_ttl(word: &str) -> bool {
    let unit = |letter: char| letter.is_ascii_digit() || "smhdwSMHDW".contains(letter);
    word.starts_with(|letter: char| letter.is_ascii_digit()) && word.chars().all(unit)
}

fn of_words<'a>(mut words: impl Iterator<Item = &'a str>) -> Result<Record, RecordError> {
    let mut number = || {
        let word = words.next().ok_or(RecordError::Fields)?;
        let digits = word.bytes().all(|octet| octet.is_ascii_digit());
        let value = word.parse().ok().filter(|_| digits);
        value.ok_or_else(|| RecordError::Number(word.to_owned()))
    };
    let (usage, selector, matching) = (number()?, number()?, number()?);
    let digits: String = words.collect();
    let data = octets(&digits)?;
    Ok(Record::new(
        Usage(usage),
        Selector(selector),
        MatchingType(matching),
        &data,
    ))
}

/// The octets of hexadecimal digits. There may be none: then the record is unusable, and still one.
fn octets(digits: &str) -> Result<Vec<u8>, RecordError> {
    let value = |digit: char| {
        let value = digit
            .to_digit(16)
            .and_then(|value| u8::try_from(value).ok());
        value.ok_or(RecordError::Digit(digit))
    };
    let values: Vec<u8> = digits.chars().map(value).collect::<Result<_, _>>()?;
    let (pairs, rest) = values.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(RecordError::OddDigits(values.len()));
    }
    Ok(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// Why text is no TLSA record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum RecordError {
    /// There are fewer than three numbers.
    Fields,
    /// One of the three numbers is none, or too large.
    Number(String),
    /// A digit is not hexadecimal.
    Digit(char),
    /// There is half an octet left over.
    OddDigits(usize),
    /// The owner is no name.
    Owner(NameError),
    /// A word before the type is neither a time to live nor a class.
    Word(String),
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fields => f.write_str("it is no TLSA record, as in 3 1 1 0123…"),
            Self::Number(word) => write!(
                f,
                "'{}' is not a number from 0 to 255; a TLSA record is written as in 3 1 1 0123…",
                shortened(word)
            ),
            Self::Digit(digit) => write!(f, "'{digit}' is not a hexadecimal digit"),
            Self::OddDigits(count) => write!(
                f,
                "it has {count} hexadecimal digits, which is not a whole number of octets"
            ),
            Self::Owner(error) => write!(f, "its owner cannot be used: {error}"),
            Self::Word(word) => write!(
                f,
                "'{}' before TLSA is neither a time to live nor the class IN",
                shortened(word)
            ),
        }
    }
}

impl core::error::Error for RecordError {}

/// As much of a word as a line has room for.
fn shortened(word: &str) -> String {
    word.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_form() {
        for (text, shown) in [
            ("3 1 1 ABcd", "3 1 1 abcd"),
            (" 3\t1  1 ab cd e f ", "3 1 1 abcdef"),
            ("255 255 0", "255 255 0"),
            ("_25._tcp.mx.example. 3600 IN TLSA 3 1 1 abcd", "3 1 1 abcd"),
            ("_25._tcp.mx in 1h30m tlsa 2 0 1 ( ab\ncd )", "2 0 1 abcd"),
            ("@ TLSA 3 1 1 ab ; comment", "3 1 1 ab"),
            ("tlsa TLSA 3 1 1 ab # comment", "3 1 1 ab"),
            ("  IN TLSA 3 1 1 ab", "3 1 1 ab"),
            ("TLSA 3 1 1 ab", "3 1 1 ab"),
        ] {
            let records = File::of(text.as_bytes()).records();
            let records = records.map_err(|ending| ending.to_string());
            let shown_records = records.map(|records| {
                let shown: Vec<_> = records.iter().map(ToString::to_string).collect();
                shown.join(", ")
            });
            assert_eq!(shown_records, Ok(shown.to_owned()), "{text}");
        }
    }

    #[test]
    fn the_line_that_is_wrong_is_named() {
        for (text, said) in [
            ("", "file: there is no TLSA record"),
            ("; none\n# none\n", "file: there is no TLSA record"),
            ("3 1 1 ab\n\n3 1", "file, line 3: it is no TLSA record"),
            ("3 1 256 ab", "file, line 1: '256' is not a number"),
            ("3 +1 1 ab", "file, line 1: '+1' is not a number"),
            ("3 1 1 ag", "file, line 1: 'g' is not"),
            ("3 1 1 \u{ff11}\u{ff11}", "file, line 1: '\u{ff11}' is not"),
            ("3 1 1 abc", "file, line 1: it has 3 hexadecimal digits"),
            ("3 1 1 ( ab\ncd", "file, line 1: a parenthesis"),
            ("a..b IN TLSA 3 1 1 ab", "file, line 1: its owner"),
            ("a IN RRSIG TLSA 13 3", "file, line 1: 'RRSIG' before"),
            ("a IN MX 10 b", "file, line 1: 'a' is not a number"),
        ] {
            let error = File::of(text.as_bytes()).records().err();
            let error = error.map(|ending| ending.to_string()).unwrap_or_default();
            assert!(error.starts_with(said), "{text}: {error}");
        }
        let error = File::of(b"3 1 1 \xff").records().err();
        assert!(error.is_some_and(|ending| ending.to_string() == "file: it is not text"));
    }
}
