//! [`DateRange`]: the time that a report speaks of.

use core::fmt;

use pki_types::UnixTime;

const SECONDS_A_DAY: u64 = 86_400;

/// The first second of the year 10000, which RFC 3339 cannot write.
const YEAR_10000: u64 = 253_402_300_800;

/// The time that a report speaks of, from its first second to its last (RFC 8460 §4.1). The clock is the caller's.
///
/// ```
/// use core::time::Duration;
///
/// use pki_types::UnixTime;
/// use smtp_dane::report::tlsrpt::DateRange;
///
/// let noon = UnixTime::since_unix_epoch(Duration::from_secs(1_459_512_000));
/// let day = DateRange::of_day(noon)?;
/// assert_eq!(day.to_string(), "2016-04-01T00:00:00Z/2016-04-01T23:59:59Z");
/// # Ok::<(), smtp_dane::report::tlsrpt::DateError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "kebab-case")
)]
pub struct DateRange {
    start_datetime: Timestamp,
    end_datetime: Timestamp,
}

impl DateRange {
    /// A range that both ends belong to, in seconds since 1970 in UTC.
    ///
    /// # Errors
    /// [`DateError`] if the end lies before the start or RFC 3339 has no form for it.
    pub fn new(start: UnixTime, end: UnixTime) -> Result<Self, DateError> {
        let (start, end) = (start.as_secs(), end.as_secs());
        if end < start {
            return Err(DateError::Reversed);
        }
        if end >= YEAR_10000 {
            return Err(DateError::TooLate);
        }
        Ok(Self {
            start_datetime: Timestamp(start),
            end_datetime: Timestamp(end),
        })
    }

    /// The day in UTC that `moment` belongs to, as RFC 8460 §4.1 would have it.
    ///
    /// # Errors
    /// [`DateError::TooLate`] if RFC 3339 has no form for it.
    pub fn of_day(moment: UnixTime) -> Result<Self, DateError> {
        let moment = moment.as_secs();
        if moment >= YEAR_10000 {
            return Err(DateError::TooLate);
        }
        let start = moment - moment % SECONDS_A_DAY;
        Ok(Self {
            start_datetime: Timestamp(start),
            end_datetime: Timestamp(start + SECONDS_A_DAY - 1),
        })
    }
}

impl fmt::Display for DateRange {
    /// Both ends with a slash between them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.start_datetime, self.end_datetime)
    }
}

/// Seconds since 1970, before the year 10000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Timestamp(u64);

impl fmt::Display for Timestamp {
    /// The form of RFC 3339 §5.6.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, second) = (self.0 / SECONDS_A_DAY, self.0 % SECONDS_A_DAY);
        // The Gregorian calendar repeats after 146097 days. Years are counted from March, so that a leap day is the last one
        // of its year; 719468 days lie between March of the year 0 and 1970.
        let days = days + 719_468;
        let (era, day) = (days / 146_097, days % 146_097);
        let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day + 2) / 153;
        let day = day - (153 * month_from_march + 2) / 5 + 1;
        let year = era * 400 + year_of_era;
        let (year, month) = if month_from_march < 10 {
            (year, month_from_march + 3)
        } else {
            (year + 1, month_from_march - 9)
        };
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why two moments are no range for a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DateError {
    /// The end lies before the start.
    Reversed,
    /// The end lies behind the year 9999.
    TooLate,
}

impl DateError {
    /// The place in the standards that decides so.
    #[must_use]
    pub const fn cite(self) -> &'static str {
        match self {
            Self::Reversed => "RFC 8460 §4.4",
            Self::TooLate => "RFC 3339 §1",
        }
    }
}

impl fmt::Display for DateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reversed => "the range ends before it starts",
            Self::TooLate => "the range ends behind the year 9999",
        })
    }
}

impl core::error::Error for DateError {}
