//! The lines of a stream that may be longer than the memory.

use std::io::{self, BufRead, Read};

/// U+FEFF in UTF-8, which some editors and spreadsheets put at the start of a file. It is no part of the text (RFC 3629 §6).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A line without the line feed at its end, and the first one without a byte order mark at its start.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Line<'a> {
    /// It ended in a line feed.
    Whole(&'a [u8]),
    /// The stream ended in it.
    CutShort(&'a [u8]),
    /// It was longer than allowed, and was passed over.
    TooLong,
}

/// Reads one line after the other, and keeps none.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    source: R,
    most: u64,
    octets: Vec<u8>,
    /// The number of the line that was read last; 1 is the first.
    pub(crate) number: u64,
    /// How many octets were read.
    pub(crate) read: u64,
}

impl<R: BufRead> Lines<R> {
    /// The lines of `source`, of at most so many octets each.
    pub(crate) const fn new(source: R, most: u64) -> Self {
        Self {
            source,
            most,
            octets: Vec::new(),
            number: 0,
            read: 0,
        }
    }

    /// The next line; none at the end.
    ///
    /// # Errors
    /// If the stream cannot be read.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.octets.clear();
        let mut source = (&mut self.source).take(self.most.saturating_add(1));
        let length = source.read_until(b'\n', &mut self.octets)?;
        self.count(length);
        if length == 0 {
            return Ok(None);
        }
        self.number = self.number.saturating_add(1);
        if self.octets.last() == Some(&b'\n') {
            self.octets.pop();
            return Ok(Some(Line::Whole(self.text())));
        }
        if u64::try_from(length).is_ok_and(|length| length <= self.most) {
            return Ok(Some(Line::CutShort(self.text())));
        }
        let rest = self.source.skip_until(b'\n')?;
        self.count(rest);
        Ok(Some(Line::TooLong))
    }

    fn text(&self) -> &[u8] {
        match self.octets.strip_prefix(BYTE_ORDER_MARK) {
            Some(text) if self.number == 1 => text,
            _ => &self.octets,
        }
    }

    fn count(&mut self, length: usize) {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        self.read = self.read.saturating_add(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_or_cut_short_or_too_long() {
        let mut lines = Lines::new(&b"abcd\n\nabcde\nabcdefghij\nab"[..], 4);
        let mut next = |read| {
            let line = lines.next().ok().flatten();
            let line = line.map(|line| format!("{line:?}")).unwrap_or_default();
            assert_eq!(lines.read, read, "{line}");
            line
        };
        assert_eq!(next(5), format!("{:?}", Line::Whole(b"abcd")));
        assert_eq!(next(6), format!("{:?}", Line::Whole(b"")));
        assert_eq!(next(12), "TooLong");
        assert_eq!(next(23), "TooLong");
        assert_eq!(next(25), format!("{:?}", Line::CutShort(b"ab")));
        assert_eq!(next(25), "");
        assert_eq!(lines.number, 5);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_line() {
        let mut lines = Lines::new("\u{feff}a\n\u{feff}b".as_bytes(), 10);
        assert_eq!(lines.next().ok().flatten(), Some(Line::Whole(b"a")));
        assert_eq!(lines.read, 5);
        let second = Line::CutShort("\u{feff}b".as_bytes());
        assert_eq!(lines.next().ok().flatten(), Some(second));
        let mut lines = Lines::new("\u{feff}".as_bytes(), 10);
        assert_eq!(lines.next().ok().flatten(), Some(Line::CutShort(b"")));
        assert_eq!(lines.next().ok(), Some(None));
    }
}
