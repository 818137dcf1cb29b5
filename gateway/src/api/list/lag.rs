//! Lists that show a row a while after it came to be, as those of the live service do, and some later than
//! rows that came after them.

use std::time::Duration;

use rusqlite::types::Value as Sql;

use super::Conditions;
use crate::project::Project;

/// How long the lists of a project lag behind what happens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lag {
    longest: Duration,
    salt: i64,
}

/// A row's share of the longest lag, by its number and the project's salt. Most are short: recorded were a median
/// of 2 seconds, 13 for all but a twentieth, and 15 at most, which is what a cube makes of what is drawn evenly. The
/// least was a twenty-fifth of the longest, so that no row is seen at once.
const SHARE: &str = "(SELECT 0.04 + 0.96 * drawn * drawn * drawn / 1024192512.0
    FROM (SELECT mixed * mixed / 64 % 1009 AS drawn FROM (SELECT (seq * 7919 + ?) % 65521 AS mixed)))";

impl Lag {
    /// The lag of a project's lists, if they have one.
    pub(crate) fn of(project: &Project) -> Option<Self> {
        let longest = project.settings().visibility_lag?;
        // Seeds that differ by little make salts that differ by much.
        let salt = project.seed().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48;
        Some(Self {
            longest,
            salt: i64::try_from(salt).unwrap_or(0),
        })
    }
}

impl Conditions {
    /// Leaves out what the lists of the project do not show yet. The rows must have `seq` and `created_at`.
    pub(crate) fn visible(&mut self, project: &Project) {
        let Some(lag) = Lag::of(project) else { return };
        let now = project.clock().now();
        let longest = i64::try_from(lag.longest.as_micros()).unwrap_or(i64::MAX);
        self.push(
            format!("(created_at <= ? OR created_at + CAST(? * {SHARE} AS INTEGER) <= ?)"),
            [
                Sql::from(now.minus(lag.longest)),
                Sql::from(longest),
                Sql::from(lag.salt),
                Sql::from(now),
            ],
        );
    }
}
