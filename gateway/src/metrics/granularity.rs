//! The size of a time bucket.

use std::time::Duration;

use jiff::civil::Date;

use crate::clock::Micros;

const DAY: u64 = 86_400;
/// From Thursday, 1 January 1970, to the Monday after.
const FIRST_MONDAY: Duration = Duration::from_secs(4 * DAY);

/// The size of a time bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Granularity {
    text: String,
    size: BucketSize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BucketSize {
    /// A length, and a moment at which a bucket begins.
    Fixed {
        step: Duration,
        from: Micros,
    },
    Months(i64),
}

impl Granularity {
    /// Reads a number and a unit, such as `15m`; nothing for a size of zero or beyond a century.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = text.split_at(unit_at);
        let number: u32 = number.parse().ok().filter(|number| *number > 0)?;
        let fixed = |unit: u64, from| {
            let seconds = u64::from(number) * unit;
            let step = Duration::from_secs(seconds);
            (seconds <= 100 * 366 * DAY).then_some(BucketSize::Fixed { step, from })
        };
        let size = match unit {
            "s" => fixed(1, Micros::EPOCH),
            "m" => fixed(60, Micros::EPOCH),
            "h" => fixed(3_600, Micros::EPOCH),
            "d" => fixed(DAY, Micros::EPOCH),
            "w" => fixed(7 * DAY, Micros::EPOCH.plus(FIRST_MONDAY)),
            "M" if number <= 1_200 => Some(BucketSize::Months(number.into())),
            _ => None,
        }?;
        Some(Self {
            text: text.to_owned(),
            size,
        })
    }

    /// As it was given.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The beginning of the bucket that the moment in `column` falls into, as an SQL expression.
    pub(super) fn sql(&self, column: &str) -> String {
        match self.size {
            // Moments before `from` do not occur: the gateway's time is later.
            BucketSize::Fixed { step, from } => {
                let (micros, from) = (step.as_micros(), from.as_i64());
                format!("({column} - {from}) / {micros} * {micros} + {from}")
            }
            BucketSize::Months(number) => {
                let part = |name: &str| {
                    format!("CAST(strftime('{name}', {column} / 1000000, 'unixepoch') AS INTEGER)")
                };
                let month = format!(
                    "(({} * 12 + {} - 1) / {number} * {number})",
                    part("%Y"),
                    part("%m")
                );
                format!(
                    "unixepoch(printf('%04d-%02d-01', {month} / 12, {month} % 12 + 1)) * 1000000"
                )
            }
        }
    }

    /// The beginning of the bucket that `moment` falls into.
    pub(super) fn floor(&self, moment: Micros) -> Micros {
        match self.size {
            BucketSize::Fixed { step, from } => moment.floor(step, from),
            BucketSize::Months(number) => month_start(month_of(moment) / number * number),
        }
    }

    /// The beginning of the bucket behind the one that begins at `start`.
    pub(super) fn next(&self, start: Micros) -> Micros {
        match self.size {
            BucketSize::Fixed { step, .. } => start.plus(step),
            BucketSize::Months(number) => month_start(month_of(start) + number),
        }
    }
}

/// Months since the year 0.
fn month_of(moment: Micros) -> i64 {
    let date = moment.civil().date();
    i64::from(date.year()) * 12 + i64::from(date.month()) - 1
}

fn month_start(month: i64) -> Micros {
    let year = i16::try_from(month.div_euclid(12));
    let month = i8::try_from(month.rem_euclid(12) + 1);
    let first = year.ok().zip(month.ok());
    let first = first.and_then(|(year, month)| Date::new(year, month, 1).ok());
    first.map_or(Micros::MAX, |date| Micros::from_civil(date.into()))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    fn at(text: &str) -> Micros {
        crate::contract::parse_date(text).unwrap()
    }

    #[test]
    fn buckets_begin_where_they_should() {
        let moment = at("2026-11-21T22:42:01.5Z");
        for (size, start, next) in [
            ("1s", "2026-11-21T22:42:01Z", "2026-11-21T22:42:02Z"),
            ("15m", "2026-11-21T22:30:00Z", "2026-11-21T22:45:00Z"),
            ("2h", "2026-11-21T22:00:00Z", "2026-11-22T00:00:00Z"),
            ("1d", "2026-11-21", "2026-11-22"),
            ("1w", "2026-11-16", "2026-11-23"),
            ("1M", "2026-11-01", "2026-12-01"),
            ("3M", "2026-10-01", "2027-01-01"),
        ] {
            let granularity = Granularity::parse(size).unwrap();
            assert_eq!(granularity.floor(moment), at(start), "{size}");
            assert_eq!(granularity.next(at(start)), at(next), "{size}");
        }
    }

    #[test]
    fn the_database_counts_as_we_do() {
        let conn = Connection::open_in_memory().unwrap();
        for size in ["1s", "7m", "5h", "3d", "2w", "1M", "5M"] {
            let granularity = Granularity::parse(size).unwrap();
            for moment in [
                "2024-02-29T23:59:59.999999Z",
                "2026-01-01",
                "2026-11-21T22:42:01Z",
            ] {
                let sql = format!("SELECT {}", granularity.sql("?1"));
                let found: Micros = conn
                    .query_row(&sql, [at(moment)], |row| row.get(0))
                    .unwrap();
                assert_eq!(found, granularity.floor(at(moment)), "{size} {moment}");
            }
        }
    }

    #[test]
    fn sizes_that_make_no_sense_are_refused() {
        for size in [
            "",
            "h",
            "0h",
            "1x",
            "1",
            "99999999999999999999s",
            "2000M",
            "40000d",
        ] {
            assert_eq!(Granularity::parse(size), None, "{size}");
        }
    }
}
