//! An instant as the API writes it: RFC 3339 in UTC.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const NANOS: i64 = 1_000_000_000;
const DAY: i64 = 86_400;

/// An instant in UTC with nanosecond precision, between the years 1677 and 2262.
///
/// The API writes milliseconds on most fields and microseconds on a few; a parsed timestamp
/// remembers how many fractional digits it came with and prints as many, so that a reply encodes
/// again as it was received. Comparison looks at the instant alone.
///
/// ```
/// use hookdeck::types::Timestamp;
///
/// let t: Timestamp = "2026-06-11T05:30:09.900Z".parse()?;
/// assert_eq!(t.to_string(), "2026-06-11T05:30:09.900Z");
/// assert_eq!(t.unix_millis(), 1_781_155_809_900);
/// assert!(t < Timestamp::from_unix_seconds(1_900_000_000));
/// // A bare date is midnight UTC, as in the API's filters.
/// assert_eq!("2026-06-11".parse::<Timestamp>()?, "2026-06-11T00:00:00Z".parse()?);
/// # Ok::<(), hookdeck::types::ParseTimestampError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Timestamp {
    nanos: i64,
    digits: u8,
}

impl Timestamp {
    /// The present, by the system's clock.
    #[must_use]
    pub fn now() -> Self {
        Self::from(SystemTime::now())
    }

    /// From whole seconds since 1970-01-01T00:00:00Z, clamped to the representable range.
    #[must_use]
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self {
            nanos: seconds.saturating_mul(NANOS),
            digits: 3,
        }
    }

    /// From milliseconds since 1970-01-01T00:00:00Z, clamped to the representable range.
    #[must_use]
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self {
            nanos: millis.saturating_mul(1_000_000),
            digits: 3,
        }
    }

    /// From microseconds since 1970-01-01T00:00:00Z, clamped to the representable range.
    ///
    /// Prints six fractional digits.
    #[must_use]
    pub const fn from_unix_micros(micros: i64) -> Self {
        Self {
            nanos: micros.saturating_mul(1_000),
            digits: 6,
        }
    }

    /// From nanoseconds since 1970-01-01T00:00:00Z. Prints nine fractional digits.
    #[must_use]
    pub const fn from_unix_nanos(nanos: i64) -> Self {
        Self { nanos, digits: 9 }
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.nanos.div_euclid(NANOS)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z, rounded down.
    #[must_use]
    pub const fn unix_millis(self) -> i64 {
        self.nanos.div_euclid(1_000_000)
    }

    /// Microseconds since 1970-01-01T00:00:00Z, rounded down.
    #[must_use]
    pub const fn unix_micros(self) -> i64 {
        self.nanos.div_euclid(1_000)
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn unix_nanos(self) -> i64 {
        self.nanos
    }

    /// This instant moved forward, or `None` past the representable range.
    #[must_use]
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        let nanos = i64::try_from(duration.as_nanos()).ok()?;
        Some(Self {
            nanos: self.nanos.checked_add(nanos)?,
            digits: self.digits,
        })
    }

    /// This instant moved back, or `None` past the representable range.
    #[must_use]
    pub fn checked_sub(self, duration: Duration) -> Option<Self> {
        let nanos = i64::try_from(duration.as_nanos()).ok()?;
        Some(Self {
            nanos: self.nanos.checked_sub(nanos)?,
            digits: self.digits,
        })
    }

    /// The time from `earlier` to this instant, zero if `earlier` is later.
    #[must_use]
    pub fn saturating_since(self, earlier: Self) -> Duration {
        let nanos = self.nanos.saturating_sub(earlier.nanos);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
    }
}

impl PartialEq for Timestamp {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Timestamp {}

impl PartialOrd for Timestamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timestamp {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl Hash for Timestamp {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.nanos.hash(state);
    }
}

/// From the system clock's time; prints milliseconds, as the API does.
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let nanos = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
            Err(before) => {
                i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, i64::wrapping_neg)
            }
        };
        Self { nanos, digits: 3 }
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        let distance = Duration::from_nanos(timestamp.nanos.unsigned_abs());
        if timestamp.nanos >= 0 {
            UNIX_EPOCH + distance
        } else {
            UNIX_EPOCH - distance
        }
    }
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar.
///
/// Counts years from March, so that the leap day is the last of its year.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.nanos.div_euclid(NANOS);
        let fraction = self.nanos.rem_euclid(NANOS);
        let (year, month, day) = civil_from_days(seconds.div_euclid(DAY));
        let clock = seconds.rem_euclid(DAY);
        let (hour, minute, second) = (clock / 3_600, clock / 60 % 60, clock % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        if self.digits > 0 {
            let shown = fraction / 10_i64.pow(9 - u32::from(self.digits));
            write!(f, ".{shown:0width$}", width = usize::from(self.digits))?;
        }
        f.write_str("Z")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not an RFC 3339 instant or date within the years 1677 to 2262.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseTimestampError {
    reason: &'static str,
}

impl fmt::Display for ParseTimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not an RFC 3339 timestamp: {}", self.reason)
    }
}

impl std::error::Error for ParseTimestampError {}

/// The number that at most eighteen digits are, or `None` if one of them is none.
#[inline]
fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |number, digit| {
        let value = digit.wrapping_sub(b'0');
        (value < 10).then(|| number * 10 + i64::from(value))
    })
}

/// Reads digits and separators of a fixed layout off the front of the text.
struct Scanner<'a> {
    rest: &'a [u8],
}

impl Scanner<'_> {
    /// A number of fixed width. The width is known when this is compiled, for a page holds hundreds of
    /// timestamps.
    #[inline]
    fn number<const WIDTH: usize>(
        &mut self,
        what: &'static str,
    ) -> Result<i64, ParseTimestampError> {
        let (digits, rest) = self
            .rest
            .split_first_chunk::<WIDTH>()
            .ok_or(ParseTimestampError { reason: what })?;
        self.rest = rest;
        number(digits).ok_or(ParseTimestampError { reason: what })
    }

    fn accept(&mut self, any_of: &[u8]) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        any_of.contains(&first).then(|| {
            self.rest = rest;
            first
        })
    }

    fn expect(&mut self, any_of: &[u8], what: &'static str) -> Result<u8, ParseTimestampError> {
        self.accept(any_of)
            .ok_or(ParseTimestampError { reason: what })
    }
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |reason| Err(ParseTimestampError { reason });
        let mut scan = Scanner {
            rest: text.as_bytes(),
        };
        let year = scan.number::<4>("expected a year of four digits")?;
        scan.expect(b"-", "expected '-' after the year")?;
        let month = scan.number::<2>("expected a month of two digits")?;
        scan.expect(b"-", "expected '-' after the month")?;
        let day = scan.number::<2>("expected a day of two digits")?;
        if !(1..=12).contains(&month) {
            return fail("the month is not within 01 to 12");
        }
        if day < 1 || day > days_in_month(year, month) {
            return fail("the month does not have that day");
        }
        let mut seconds = days_from_civil(year, month, day) * DAY;
        let (mut fraction, mut digits) = (0, 3);
        if !scan.rest.is_empty() {
            scan.expect(b"Tt ", "expected 'T' between date and time")?;
            let hour = scan.number::<2>("expected an hour of two digits")?;
            scan.expect(b":", "expected ':' after the hour")?;
            let minute = scan.number::<2>("expected a minute of two digits")?;
            scan.expect(b":", "expected ':' after the minute")?;
            let second = scan.number::<2>("expected a second of two digits")?;
            // A leap second is folded into the next minute, as POSIX clocks do.
            if hour > 23 || minute > 59 || second > 60 {
                return fail("the time of day is out of range");
            }
            seconds += hour * 3_600 + minute * 60 + second;
            (fraction, digits) = parse_fraction(&mut scan)?;
            seconds -= parse_offset(&mut scan)?;
        }
        if !scan.rest.is_empty() {
            return fail("unexpected text after the timestamp");
        }
        let nanos = seconds
            .checked_mul(NANOS)
            .and_then(|whole| whole.checked_add(fraction))
            .ok_or(ParseTimestampError {
                reason: "outside the years 1677 to 2262",
            })?;
        Ok(Self { nanos, digits })
    }
}

/// Nanoseconds and the number of digits to print; digits past the ninth are dropped.
fn parse_fraction(scan: &mut Scanner<'_>) -> Result<(i64, u8), ParseTimestampError> {
    if scan.accept(b".,").is_none() {
        return Ok((0, 0));
    }
    let count = scan.rest.iter().take_while(|b| b.is_ascii_digit()).count();
    if count == 0 {
        return Err(ParseTimestampError {
            reason: "expected digits after the decimal point",
        });
    }
    let kept = count.min(9);
    let nanos = number(&scan.rest[..kept]).unwrap_or_default();
    scan.rest = &scan.rest[count..];
    let digits = u8::try_from(kept).unwrap_or(9);
    Ok((nanos * 10_i64.pow(9 - u32::from(digits)), digits))
}

fn parse_offset(scan: &mut Scanner<'_>) -> Result<i64, ParseTimestampError> {
    const WHAT: &str = "expected 'Z' or an offset such as +02:00";
    let sign = match scan.expect(b"Zz+-", WHAT)? {
        b'Z' | b'z' => return Ok(0),
        b'-' => -1,
        _ => 1,
    };
    let hours = scan.number::<2>(WHAT)?;
    scan.accept(b":");
    let minutes = scan.number::<2>(WHAT)?;
    if hours > 23 || minutes > 59 {
        return Err(ParseTimestampError {
            reason: "the offset is out of range",
        });
    }
    Ok(sign * (hours * 3_600 + minutes * 60))
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TimestampText;

        impl de::Visitor<'_> for TimestampText {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 timestamp")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(TimestampText)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Timestamp {
        text.parse()
            .unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn prints_as_many_fractional_digits_as_it_was_read_with() {
        for text in [
            "1970-01-01T00:00:00Z",
            "2026-06-11T05:30:09.900Z",
            "2026-06-11T05:30:06.415000Z",
            "2000-02-29T23:59:59.123456789Z",
            "1969-12-31T23:59:59.999Z",
        ] {
            assert_eq!(parse(text).to_string(), text);
        }
    }

    #[test]
    fn offsets_are_turned_into_utc() {
        assert_eq!(
            parse("2026-01-01T01:30:00+02:00"),
            parse("2025-12-31T23:30:00Z")
        );
        assert_eq!(
            parse("2026-01-01T01:30:00-0130"),
            parse("2026-01-01T03:00:00Z")
        );
    }

    #[test]
    fn what_is_no_instant_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "year"),
            ("2026", "after the year"),
            ("2026-13-01", "01 to 12"),
            ("2026-02-29", "does not have that day"),
            ("2026-02-01T", "hour"),
            ("2026-02-01T25:00:00Z", "time of day"),
            ("2026-02-01T05:00:00", "'Z' or an offset"),
            ("2026-02-01T05:00:00.Z", "decimal point"),
            ("2026-02-01T05:00:00Zx", "after the timestamp"),
            ("9999-01-01T00:00:00Z", "1677 to 2262"),
            ("２０２６-01-01", "year"),
        ] {
            let error = text.parse::<Timestamp>().expect_err(text).to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn converts_to_and_from_system_time_on_both_sides_of_the_epoch() {
        for text in ["2026-06-11T05:30:09.900Z", "1950-03-01T00:00:00.001Z"] {
            let t = parse(text);
            assert_eq!(Timestamp::from(SystemTime::from(t)), t);
        }
    }

    proptest! {
        #[test]
        fn printing_and_parsing_is_the_identity(nanos in any::<i64>()) {
            let t = Timestamp::from_unix_nanos(nanos);
            let text = t.to_string();
            prop_assert_eq!(text.parse::<Timestamp>().unwrap(), t, "{}", text);
        }

        #[test]
        fn parsing_never_panics(text in "\\PC{0,40}") {
            let _ = text.parse::<Timestamp>();
        }
    }
}
