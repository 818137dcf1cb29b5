//! ISO 8601 moments as query parameters carry them.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};

use crate::clock::Micros;

/// Reads a date (`2026-09-01`) or a date and time with optional fraction and offset, and writes it as an RFC 3339
/// moment in UTC with six digits, or with nine if there is something beyond. A moment without an offset is taken as
/// UTC. `None` when it is not a moment of the years 0 to 9999.
pub fn normalize(text: &str) -> Option<String> {
    read(text).map(|at| match at.subsec_nanosecond() % 1_000 {
        0 => format!("{at:.6}Z"),
        _ => format!("{at:.9}Z"),
    })
}

/// The last microsecond at or before the moment that [`normalize`] writes.
pub fn parse(text: &str) -> Option<Micros> {
    read(text).map(Micros::from_civil)
}

/// The last microsecond at or before the moment, and whether the moment lies beyond it.
pub fn parse_exactly(text: &str) -> Option<(Micros, bool)> {
    read(text).map(|at| (Micros::from_civil(at), at.subsec_nanosecond() % 1_000 != 0))
}

/// The moment in UTC; digits of a second beyond the ninth are cut off.
fn read(text: &str) -> Option<DateTime> {
    let (date, rest) = text.as_bytes().split_first_chunk::<10>()?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *date else {
        return None;
    };
    let date = Date::new(
        number(&[y1, y2, y3, y4])?,
        number(&[m1, m2])?,
        number(&[d1, d2])?,
    );
    let (time, offset) = match rest {
        [] => (Time::midnight(), SignedDuration::ZERO),
        [b'T' | b't' | b' ', rest @ ..] => {
            let (time, rest) = time(rest)?;
            (time, offset(rest)?)
        }
        _ => return None,
    };
    let utc = date.ok()?.to_datetime(time).checked_sub(offset).ok()?;
    (utc.year() >= 0).then_some(utc)
}

/// Reads a time of the day off the front of the text: hour and minute, and maybe a second with maybe a fraction.
fn time(text: &[u8]) -> Option<(Time, &[u8])> {
    let (&[h1, h2, b':', m1, m2], mut rest) = text.split_first_chunk::<5>()? else {
        return None;
    };
    let (mut second, mut nanos) = (0, 0);
    if let [b':', s1, s2, after @ ..] = rest {
        second = number(&[*s1, *s2])?;
        rest = after;
        if let [b'.' | b',', after @ ..] = rest {
            let digits = after.iter().take_while(|byte| byte.is_ascii_digit());
            let (digits, after) = after.split_at(digits.count());
            let mut all = *b"000000000";
            for (place, digit) in all.iter_mut().zip(digits) {
                *place = *digit;
            }
            nanos = number(&all)?;
            rest = after;
            if digits.is_empty() {
                return None;
            }
        }
    }
    let time = Time::new(number(&[h1, h2])?, number(&[m1, m2])?, second, nanos);
    Some((time.ok()?, rest))
}

/// How far what the text says is ahead of UTC.
fn offset(text: &[u8]) -> Option<SignedDuration> {
    let (sign, hours, minutes) = match *text {
        [] | [b'Z' | b'z'] => return Some(SignedDuration::ZERO),
        [sign, h1, h2] => (sign, [h1, h2], [b'0'; 2]),
        [sign, h1, h2, m1, m2] | [sign, h1, h2, b':', m1, m2] => (sign, [h1, h2], [m1, m2]),
        _ => return None,
    };
    let (hours, minutes): (i64, i64) = (number(&hours)?, number(&minutes)?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let ahead = SignedDuration::from_mins(hours * 60 + minutes);
    match sign {
        b'+' => Some(ahead),
        b'-' => Some(-ahead),
        _ => None,
    }
}

fn number<N: TryFrom<i32>>(digits: &[u8]) -> Option<N> {
    let number = digits.iter().try_fold(0, |sum, byte| {
        byte.is_ascii_digit()
            .then(|| sum * 10 + i32::from(byte - b'0'))
    });
    number?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_become_utc_with_six_digits() {
        for (text, expected) in [
            ("2021-01-21", "2021-01-21T00:00:00.000000Z"),
            ("2026-09-01T10:20:30Z", "2026-09-01T10:20:30.000000Z"),
            ("2026-09-01T10:20:30.123Z", "2026-09-01T10:20:30.123000Z"),
            (
                "2026-09-01T10:20:30.123456789Z",
                "2026-09-01T10:20:30.123456789Z",
            ),
            (
                "2026-09-01T10:20:30.1234560009Z",
                "2026-09-01T10:20:30.123456Z",
            ),
            ("2026-09-01T00:20:30+02:00", "2026-08-31T22:20:30.000000Z"),
            ("2026-09-01T00:20-0130", "2026-09-01T01:50:00.000000Z"),
            ("2026-09-01 00:20:30", "2026-09-01T00:20:30.000000Z"),
            ("2024-02-29T23:59:59.9Z", "2024-02-29T23:59:59.900000Z"),
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500000Z"),
            ("0000-01-01", "0000-01-01T00:00:00.000000Z"),
            ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999000Z"),
        ] {
            assert_eq!(normalize(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "x",
            "2021",
            "2021-1-1",
            "2021-13-01",
            "2021-02-29",
            "2021-01-00",
            "2021-01-01T",
            "2021-01-01T1",
            "2021-01-01T24:00Z",
            "2021-01-01T00:60Z",
            "2021-01-01T00:00:60Z",
            "2021-01-01T00:00:",
            "2021-01-01T00:00:00.",
            "2021-01-01T00:00:00.Z",
            "2021-01-01T00:00:00+",
            "2021-01-01T00:00:00+1",
            "2021-01-01T00:00Zx",
            "２０２１-01-01",
            "2021-01-01é",
            "2021-01-01T00:00:00+24:00",
            "2021-01-01T00:00:00*01:00",
            "0000-01-01T00:00:00+12:00",
            "9999-12-31T23:00:00-12:00",
        ] {
            assert_eq!(normalize(text), None, "{text}");
        }
    }

    #[test]
    fn a_moment_between_two_microseconds_is_known_to_lie_there() {
        for (text, micros, beyond) in [
            ("1970-01-01T00:00:00.0000015Z", 1, true),
            ("1970-01-01T00:00:00.000002Z", 2, false),
            ("1969-12-31T23:59:59.9999985Z", -2, true),
        ] {
            let expected = (Micros::from_i64(micros), beyond);
            assert_eq!(parse_exactly(text), Some(expected), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_survived(text in "\\PC{0,40}") {
            let _ = normalize(&text);
        }

        #[test]
        fn normal_forms_are_fixed_points(micros in -62_135_596_800_000_000_i64..253_402_300_799_999_999) {
            let text = Micros::from_i64(micros).to_micros_string();
            proptest::prop_assert_eq!(parse(&text), Some(Micros::from_i64(micros)));
            proptest::prop_assert_eq!(normalize(&text), Some(text));
        }
    }
}
