//! ISO 8601 moments as query parameters carry them.

/// Reads a date (`2026-09-01`) or a date and time with optional fraction and offset, and writes it as an RFC 3339
/// moment in UTC with six digits. A moment without an offset is taken as UTC. `None` when it is not a moment.
pub fn normalize(text: &str) -> Option<String> {
    let micros = parse(text)?;
    let days = micros.div_euclid(DAY);
    let (year, month, day) = civil(days);
    if !(0..=9999).contains(&year) {
        return None;
    }
    let rest = micros.rem_euclid(DAY);
    let (seconds, fraction) = (rest / SECOND, rest % SECOND);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    Some(format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:06}Z"
    ))
}

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Microseconds since the Unix epoch; digits beyond the sixth are cut off.
pub fn parse(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let (year, month, day) = (
        number(bytes, 0, 4)?,
        number(bytes, 5, 2)?,
        number(bytes, 8, 2)?,
    );
    if bytes[4] != b'-'
        || bytes[7] != b'-'
        || !(1..=12).contains(&month)
        || day < 1
        || day > month_length(year, month)
    {
        return None;
    }
    let midnight = days_from_civil(year, month, day) * DAY;
    if bytes.len() == 10 {
        return Some(midnight);
    }
    if !matches!(bytes[10], b'T' | b't' | b' ') || *bytes.get(13)? != b':' {
        return None;
    }
    let (hour, minute) = (number(bytes, 11, 2)?, number(bytes, 14, 2)?);
    let mut at = 16;
    let mut second = 0;
    let mut fraction = 0;
    if bytes.get(at) == Some(&b':') {
        second = number(bytes, 17, 2)?;
        at = 19;
        if matches!(bytes.get(at), Some(b'.' | b',')) {
            let digits = bytes[at + 1..]
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            if digits == 0 {
                return None;
            }
            for index in 0..6 {
                let digit = if index < digits {
                    i64::from(bytes[at + 1 + index] - b'0')
                } else {
                    0
                };
                fraction = fraction * 10 + digit;
            }
            at += 1 + digits;
        }
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let offset = match &bytes[at..] {
        [] | [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), rest @ ..] => {
            let (hours, minutes) = match rest {
                [_, _] => (number(rest, 0, 2)?, 0),
                [_, _, b':', _, _] => (number(rest, 0, 2)?, number(rest, 3, 2)?),
                [_, _, _, _] => (number(rest, 0, 2)?, number(rest, 2, 2)?),
                _ => return None,
            };
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = hours * 3600 + minutes * 60;
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    Some(midnight + (hour * 3600 + minute * 60 + second - offset) * SECOND + fraction)
}

fn number(bytes: &[u8], from: usize, length: usize) -> Option<i64> {
    let digits = bytes.get(from..from + length)?;
    digits.iter().try_fold(0, |sum, byte| {
        byte.is_ascii_digit()
            .then(|| sum * 10 + i64::from(byte - b'0'))
    })
}

fn month_length(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date of the Gregorian calendar. Years are counted from March, so that the leap day is
/// the last day of its year.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    365 * shifted + shifted.div_euclid(4) - shifted.div_euclid(100)
        + shifted.div_euclid(400)
        + day_of_year
        - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil(days: i64) -> (i64, i64, i64) {
    // A first guess that is never too late: years before 1970 are counted short, those after it long.
    let mut year = 1970 + days.div_euclid(if days < 0 { 365 } else { 366 });
    while days_from_civil(year + 1, 1, 1) <= days {
        year += 1;
    }
    let mut month = 1;
    let mut day = days - days_from_civil(year, 1, 1) + 1;
    while day > month_length(year, month) {
        day -= month_length(year, month);
        month += 1;
    }
    (year, month, day)
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
                "2026-09-01T10:20:30.123456Z",
            ),
            ("2026-09-01T00:20:30+02:00", "2026-08-31T22:20:30.000000Z"),
            ("2026-09-01T00:20-0130", "2026-09-01T01:50:00.000000Z"),
            ("2026-09-01 00:20:30", "2026-09-01T00:20:30.000000Z"),
            ("2024-02-29T23:59:59.9Z", "2024-02-29T23:59:59.900000Z"),
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500000Z"),
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
            "2021-01-01T00:00:00.",
            "2021-01-01T00:00:00.Z",
            "2021-01-01T00:00:00+",
            "2021-01-01T00:00:00+1",
            "2021-01-01T00:00Zx",
            "２０２１-01-01",
            "2021-01-01é",
            "0000-01-01T00:00:00+12:00",
        ] {
            assert_eq!(normalize(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_survived(text in "\\PC{0,40}") {
            let _ = normalize(&text);
        }

        #[test]
        fn normal_forms_are_fixed_points(micros in -62_135_596_800_000_000_i64..253_402_300_799_999_999) {
            let days = micros.div_euclid(DAY);
            let (year, month, day) = civil(days);
            proptest::prop_assert_eq!(days_from_civil(year, month, day), days);
            let text = format!("{year:04}-{month:02}-{day:02}");
            let normal = normalize(&text).unwrap();
            proptest::prop_assert_eq!(normalize(&normal).unwrap(), normal);
        }
    }
}
