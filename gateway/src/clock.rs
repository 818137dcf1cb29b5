//! Time of one project. Every read of the time and every timer of the crate goes through a [`Clock`].

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hookdeck::types::Timestamp;
use jiff::SignedDuration;
use jiff::civil::DateTime;
use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};
use tokio::sync::watch;

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// A moment in microseconds since the Unix epoch, UTC: the unit of the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Micros(i64);

impl Micros {
    /// The moment `micros` microseconds after the epoch.
    pub const fn from_i64(micros: i64) -> Self {
        Self(micros)
    }

    /// A moment in whole seconds since the epoch, clamped to what there is room for.
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// A moment in whole milliseconds since the epoch, clamped to what there is room for.
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// Microseconds since the epoch.
    pub const fn as_i64(self) -> i64 {
        self.0
    }

    /// 1970-01-01, where counting begins.
    pub const EPOCH: Self = Self(0);

    /// The last moment there is, in the year 2262: the last one [`Timestamp`] can hold.
    pub const MAX: Self = Self(i64::MAX / 1_000);

    /// The moment `span` later, at most [`MAX`](Self::MAX).
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        let span = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(span)).min(Self::MAX)
    }

    /// The moment `span` earlier.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        let span = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(span))
    }

    /// The last moment up to this one that lies a whole number of `step`s from `origin`.
    #[must_use]
    pub fn floor(self, step: Duration, origin: Self) -> Self {
        let step = i64::try_from(step.as_micros()).unwrap_or(i64::MAX).max(1);
        let beyond = self.0.saturating_sub(origin.0).rem_euclid(step);
        Self(self.0.saturating_sub(beyond))
    }

    /// Whole seconds since the epoch.
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Whole milliseconds since the epoch.
    pub const fn unix_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Time passed since `earlier`, zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The moment of a date and time in UTC.
    pub fn from_civil(at: DateTime) -> Self {
        let micros = at.duration_since(EPOCH).as_micros();
        Self(i64::try_from(micros).unwrap_or(i64::MAX))
    }

    /// Date and time in UTC, at most the last moment of the year 9999.
    pub fn civil(self) -> DateTime {
        EPOCH.saturating_add(SignedDuration::from_micros(self.0))
    }

    /// RFC 3339 in UTC with three digits of a second, as the API prints most times.
    pub fn to_millis_string(self) -> String {
        format!("{:.3}Z", self.civil())
    }

    /// RFC 3339 in UTC with six digits of a second, as the API prints some creation times.
    pub fn to_micros_string(self) -> String {
        format!("{:.6}Z", self.civil())
    }
}

impl From<Timestamp> for Micros {
    fn from(moment: Timestamp) -> Self {
        Self(moment.unix_micros())
    }
}

impl From<Micros> for Timestamp {
    fn from(moment: Micros) -> Self {
        Self::from_unix_micros(moment.0)
    }
}

impl From<Micros> for Value {
    fn from(moment: Micros) -> Self {
        Self::from(moment.0)
    }
}

impl ToSql for Micros {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.0))
    }
}

impl FromSql for Micros {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i64::column_result(value).map(Self)
    }
}

/// The time of one project: the system's, or one that only moves when told to.
#[derive(Clone, Debug)]
pub struct Clock {
    inner: Arc<ClockInner>,
}

#[derive(Debug)]
enum ClockInner {
    /// The last value handed out, so that time never runs backwards when the system's does.
    System(AtomicI64),
    Manual(watch::Sender<Micros>),
}

impl Clock {
    /// The system's time. It never runs backwards, even when the system's is set back.
    pub fn system() -> Self {
        Self {
            inner: Arc::new(ClockInner::System(AtomicI64::new(i64::MIN))),
        }
    }

    /// A clock that stands at `start` until [`set`](Clock::set) moves it.
    pub fn manual(start: Micros) -> Self {
        Self {
            inner: Arc::new(ClockInner::Manual(watch::Sender::new(start))),
        }
    }

    /// Whether this clock only moves when told to.
    pub fn is_manual(&self) -> bool {
        matches!(*self.inner, ClockInner::Manual(_))
    }

    /// The current moment.
    pub fn now(&self) -> Micros {
        match &*self.inner {
            ClockInner::System(last) => {
                let now = system_now();
                Micros(last.fetch_max(now, Ordering::Relaxed).max(now))
            }
            ClockInner::Manual(now) => *now.borrow(),
        }
    }

    /// Moves a manual clock forward to `moment` and wakes the timers that are due; a moment in the
    /// past changes nothing. Returns `false` on the system's clock, which nobody sets.
    pub fn set(&self, moment: Micros) -> bool {
        match &*self.inner {
            ClockInner::System(_) => false,
            ClockInner::Manual(now) => {
                now.send_if_modified(|now| {
                    let forward = moment > *now;
                    if forward {
                        *now = moment;
                    }
                    forward
                });
                true
            }
        }
    }

    /// Waits until the clock reads `moment` or later.
    pub async fn sleep_until(&self, moment: Micros) {
        match &*self.inner {
            ClockInner::System(_) => {
                // Asked again after each sleep: the system's time may have been set back meanwhile.
                while self.now() < moment {
                    tokio::time::sleep(moment.since(self.now()).max(Duration::from_millis(1)))
                        .await;
                }
            }
            ClockInner::Manual(now) => {
                // The sender lives in `self`, so the wait cannot end with a closed channel.
                let _ = now.subscribe().wait_for(|now| *now >= moment).await;
            }
        }
    }
}

fn system_now() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_micros()).unwrap_or(i64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_known_moments() {
        let cases = [
            (0, "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000000Z"),
            (
                -1,
                "1969-12-31T23:59:59.999Z",
                "1969-12-31T23:59:59.999999Z",
            ),
            (
                951_782_400_000_000,
                "2000-02-29T00:00:00.000Z",
                "2000-02-29T00:00:00.000000Z",
            ),
            (
                1_781_155_809_900_123,
                "2026-06-11T05:30:09.900Z",
                "2026-06-11T05:30:09.900123Z",
            ),
            (
                4_107_542_399_999_999,
                "2100-02-28T23:59:59.999Z",
                "2100-02-28T23:59:59.999999Z",
            ),
            (
                4_107_542_400_000_000,
                "2100-03-01T00:00:00.000Z",
                "2100-03-01T00:00:00.000000Z",
            ),
        ];
        for (micros, millis, all) in cases {
            assert_eq!(Micros(micros).to_millis_string(), millis);
            assert_eq!(Micros(micros).to_micros_string(), all);
        }
    }

    #[test]
    fn the_calendar_leads_back_to_the_moment_and_ends_with_the_year_9999() {
        for micros in [
            -62_135_596_800_000_000,
            -1,
            0,
            1_781_155_809_900_123,
            253_402_300_799_999_999,
        ] {
            let moment = Micros(micros);
            assert_eq!(Micros::from_civil(moment.civil()), moment);
        }
        assert_eq!(
            Micros(i64::MAX).to_micros_string(),
            "9999-12-31T23:59:59.999999Z"
        );
    }

    #[test]
    fn no_moment_lies_beyond_what_clients_can_read() {
        let last = Micros(0).plus(Duration::MAX);
        assert_eq!(last, Micros::MAX);
        let read: Timestamp = last.to_micros_string().parse().unwrap();
        assert_eq!(Micros::from(read), last);
    }

    #[test]
    fn steps_are_counted_from_their_origin_and_to_both_sides() {
        let step = Duration::from_micros(10);
        for (moment, origin, floor) in [(25, 0, 20), (20, 0, 20), (25, 4, 24), (-1, 0, -10)] {
            assert_eq!(Micros(moment).floor(step, Micros(origin)), Micros(floor));
        }
        assert_eq!(Micros(5).minus(step), Micros(-5));
        assert_eq!(Micros(i64::MIN).minus(step), Micros(i64::MIN));
    }

    #[test]
    fn a_manual_clock_only_moves_forward() {
        let clock = Clock::manual(Micros(10));
        assert!(clock.set(Micros(20)));
        assert!(clock.set(Micros(5)));
        assert_eq!(clock.now(), Micros(20));
        assert!(!Clock::system().set(Micros(1)));
    }

    #[tokio::test]
    async fn a_manual_timer_fires_when_the_clock_is_set_past_it() {
        let clock = Clock::manual(Micros(0));
        let timer = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.sleep_until(Micros(100)).await;
                clock.now()
            }
        });
        clock.set(Micros(99));
        tokio::task::yield_now().await;
        assert!(!timer.is_finished());
        clock.set(Micros(150));
        assert_eq!(timer.await.unwrap(), Micros(150));
    }
}
