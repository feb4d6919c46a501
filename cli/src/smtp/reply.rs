//! Replies of a server (RFC 5321 §4.2), within bounds.

use core::fmt;
use std::io;

/// Longest line of a reply with its end. RFC 5321 §4.5.3.1.5 allows 512 octets; some servers need more.
const MAX_LINE: usize = 2048;

/// Most lines of one reply; the longest answers to EHLO have about twenty.
const MAX_LINES: usize = 100;

/// A whole reply.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Reply {
    /// The three-digit code, the same on each line.
    pub(crate) code: u16,
    /// What stands behind the code.
    lines: Vec<String>,
}

impl Reply {
    /// Whether an answer to EHLO lists this extension; the first line has the server's name.
    pub(super) fn lists(&self, keyword: &str) -> bool {
        self.lines
            .iter()
            .skip(1)
            .filter_map(|line| line.split_whitespace().next())
            .any(|word| word.eq_ignore_ascii_case(keyword))
    }
}

/// A reply of which the last line is still missing.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    lines: Vec<String>,
    code: Option<u16>,
}

impl Assembly {
    /// Adds a line, and hands over the reply if that was the last one.
    pub(super) fn add(&mut self, line: &[u8]) -> Result<Option<Reply>, SmtpError> {
        let (code, rest) = line.split_first_chunk::<3>().ok_or(SmtpError::Garbled)?;
        let code = code_of(*code).ok_or(SmtpError::Garbled)?;
        if *self.code.get_or_insert(code) != code {
            return Err(SmtpError::Garbled);
        }
        let (is_last, text) = match rest {
            [b'-', text @ ..] => (false, text),
            [b' ', text @ ..] => (true, text),
            [] => (true, rest),
            _ => return Err(SmtpError::Garbled),
        };
        self.lines.push(String::from_utf8_lossy(text).into_owned());
        if self.lines.len() > MAX_LINES {
            return Err(SmtpError::TooLong);
        }
        let lines = &mut self.lines;
        Ok(is_last.then(|| Reply {
            code,
            lines: core::mem::take(lines),
        }))
    }
}

/// RFC 5321 §4.2: the first digit is 2 to 5, the second 0 to 5.
fn code_of(digits: [u8; 3]) -> Option<u16> {
    let [b'2'..=b'5', b'0'..=b'5', b'0'..=b'9'] = digits else {
        return None;
    };
    let value = |code, digit: u8| code * 10 + u16::from(digit - b'0');
    Some(digits.into_iter().fold(0, value))
}

/// Cuts the first line off, without its end; nothing if it is not complete.
pub(super) fn take_line(unread: &mut Vec<u8>) -> Result<Option<Vec<u8>>, SmtpError> {
    let Some(end) = unread.iter().position(|octet| *octet == b'\n') else {
        return match unread.len() {
            0..MAX_LINE => Ok(None),
            _ => Err(SmtpError::TooLong),
        };
    };
    if end >= MAX_LINE {
        return Err(SmtpError::TooLong);
    }
    let mut line: Vec<u8> = unread.drain(..=end).collect();
    line.pop();
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(Some(line))
}

/// Why a connection cannot be used any more.
#[derive(Debug)]
pub(crate) enum SmtpError {
    /// It broke.
    Lost(io::Error),
    /// No reply came in time.
    Timeout,
    /// What came is no reply.
    Garbled,
    /// A reply is too long.
    TooLong,
}

impl fmt::Display for SmtpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                f.write_str("the server closed the connection")
            }
            Self::Lost(error) => write!(f, "the connection broke: {error}"),
            Self::Timeout => f.write_str("the server did not reply in time"),
            Self::Garbled => f.write_str("what the server said is not a reply of SMTP"),
            Self::TooLong => f.write_str("the server's reply is too long"),
        }
    }
}

impl core::error::Error for SmtpError {}

impl From<io::Error> for SmtpError {
    fn from(error: io::Error) -> Self {
        Self::Lost(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<Reply>, SmtpError> {
        let mut unread = text.as_bytes().to_vec();
        let mut assembly = Assembly::default();
        while let Some(line) = take_line(&mut unread)? {
            if let Some(reply) = assembly.add(&line)? {
                return Ok(Some(reply));
            }
        }
        Ok(None)
    }

    #[test]
    fn replies() {
        for (text, code, count) in [
            ("250 ok\r\n", 250, 1),
            ("250\r\n", 250, 1),
            ("250 ok\n", 250, 1),
            ("250-a\r\n250-b\r\n250 c\r\n", 250, 3),
            ("421-\r\n421\r\n", 421, 2),
        ] {
            let reply = read(text).ok().flatten();
            let seen = reply.map(|reply| (reply.code, reply.lines.len()));
            assert_eq!(seen, Some((code, count)), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_reply() {
        for text in [
            "\r\n",
            "25\r\n",
            "250_ok\r\n",
            "150 no\r\n",
            "260 no\r\n",
            "2x0 no\r\n",
            "250-a\r\n251 b\r\n",
            "\u{e9}\u{e9} x\r\n",
        ] {
            assert!(matches!(read(text), Err(SmtpError::Garbled)), "{text:?}");
        }
        for unfinished in ["", "250 ok", "250-a\r\n", "250-a\r\n250"] {
            assert!(matches!(read(unfinished), Ok(None)), "{unfinished:?}");
        }
    }

    #[test]
    fn replies_are_bounded() {
        let line = |length: usize| format!("250 {}\r\n", "x".repeat(length - 6));
        assert!(matches!(read(&line(MAX_LINE)), Ok(Some(_))));
        assert!(matches!(read(&line(MAX_LINE + 1)), Err(SmtpError::TooLong)));
        assert!(matches!(
            read(&"2".repeat(MAX_LINE)),
            Err(SmtpError::TooLong)
        ));
        assert!(matches!(read(&"250-x\r\n".repeat(MAX_LINES)), Ok(None)));
        assert!(matches!(
            read(&"250-x\r\n".repeat(MAX_LINES + 1)),
            Err(SmtpError::TooLong)
        ));
    }
}
