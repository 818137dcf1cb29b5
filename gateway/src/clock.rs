//! Time of one project. Every read of the time and every timer of the crate goes through a [`Clock`].
//!
//! A clock shows whole milliseconds, which is what the API shows of nearly every moment. So what is stored is
//! what a reply shows, and a filter, an order or a cursor that compares with the store compares with the reply.
//! The few columns that are shown to the microsecond are filled from [`Clock::stamp`].

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

    /// The last moment there is, in the year 2262: the last whole millisecond [`Timestamp`] can hold.
    pub const MAX: Self = Self(i64::MAX / 1_000).floor_to_millis();

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

    /// The first whole millisecond at or after this moment.
    #[must_use]
    pub const fn ceil_to_millis(self) -> Self {
        match self.0.rem_euclid(1_000) {
            0 => self,
            beyond => Self(self.0.saturating_add(1_000 - beyond)),
        }
    }

    /// The last whole millisecond at or before this moment.
    #[must_use]
    pub const fn floor_to_millis(self) -> Self {
        Self(self.0.saturating_sub(self.0.rem_euclid(1_000)))
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

    /// The last microsecond at or before a date and time in UTC.
    pub fn from_civil(at: DateTime) -> Self {
        let micros = at.duration_since(EPOCH).as_nanos().div_euclid(1_000);
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
struct ClockInner {
    source: ClockSource,
    /// The last stamp handed out, in microseconds.
    stamped: AtomicI64,
}

#[derive(Debug)]
enum ClockSource {
    /// The last value seen, so that time never runs backwards when the system's does.
    System(AtomicI64),
    Manual(watch::Sender<Micros>),
}

impl Clock {
    /// The system's time. It never runs backwards, even when the system's is set back.
    pub fn system() -> Self {
        Self::of(ClockSource::System(AtomicI64::new(i64::MIN)))
    }

    /// A clock that stands at `start`, cut to a whole millisecond, until [`set`](Clock::set) moves it.
    pub fn manual(start: Micros) -> Self {
        Self::of(ClockSource::Manual(watch::Sender::new(
            start.floor_to_millis(),
        )))
    }

    fn of(source: ClockSource) -> Self {
        let stamped = AtomicI64::new(i64::MIN);
        Self {
            inner: Arc::new(ClockInner { source, stamped }),
        }
    }

    /// Whether this clock only moves when told to.
    pub fn is_manual(&self) -> bool {
        matches!(self.inner.source, ClockSource::Manual(_))
    }

    /// The current moment, in whole milliseconds.
    pub fn now(&self) -> Micros {
        self.exact().floor_to_millis()
    }

    fn exact(&self) -> Micros {
        match &self.inner.source {
            ClockSource::System(last) => {
                let now = system_now();
                Micros(last.fetch_max(now, Ordering::Relaxed).max(now))
            }
            ClockSource::Manual(now) => *now.borrow(),
        }
    }

    /// The current moment in microseconds, later than every stamp before it: two rows that are stamped never
    /// share a moment, as on the live service. While a manual clock stands, each is a microsecond after the last.
    pub fn stamp(&self) -> Micros {
        let now = self.exact().0;
        let after = |last: i64| now.max(last.saturating_add(1));
        let stamped = &self.inner.stamped;
        let last = stamped
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
                Some(after(last))
            })
            .unwrap_or(now);
        Micros(after(last))
    }

    /// Takes note of the last stamp in a store that was filled before, so that the next one is later. One that
    /// lies more than a second ahead was made by a clock that stood elsewhere, and is passed over.
    pub fn note_stamp(&self, last: Micros) {
        if last.since(self.now()) <= Duration::from_secs(1) {
            self.inner.stamped.fetch_max(last.0, Ordering::Relaxed);
        }
    }

    /// Forgets the stamps handed out, for a store that was emptied.
    pub fn forget_stamps(&self) {
        self.inner.stamped.store(i64::MIN, Ordering::Relaxed);
    }

    /// Moves a manual clock forward to the first whole millisecond at or after `moment` and wakes the timers that
    /// are due; a moment in the past changes nothing. Returns `false` on the system's clock, which nobody sets.
    pub fn set(&self, moment: Micros) -> bool {
        match &self.inner.source {
            ClockSource::System(_) => false,
            ClockSource::Manual(now) => {
                let moment = moment.ceil_to_millis();
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
        match &self.inner.source {
            ClockSource::System(_) => {
                // Asked again after each sleep: the system's time may have been set back meanwhile.
                while self.now() < moment {
                    tokio::time::sleep(moment.since(self.now()).max(Duration::from_millis(1)))
                        .await;
                }
            }
            ClockSource::Manual(now) => {
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
    fn a_clock_shows_whole_milliseconds_and_is_set_to_no_moment_before_the_one_asked_for() {
        for (moment, floor, ceil) in [
            (1_999, 1_000, 2_000),
            (2_000, 2_000, 2_000),
            (-1, -1_000, 0),
        ] {
            assert_eq!(Micros(moment).floor_to_millis(), Micros(floor));
            assert_eq!(Micros(moment).ceil_to_millis(), Micros(ceil));
        }
        let clock = Clock::manual(Micros(1_999));
        assert_eq!(clock.now(), Micros(1_000));
        clock.set(Micros(2_001));
        assert_eq!(clock.now(), Micros(3_000));
        assert_eq!(Clock::system().now().as_i64() % 1_000, 0);
    }

    #[test]
    fn no_two_stamps_are_equal_and_none_lies_before_the_clock() {
        for clock in [Clock::system(), Clock::manual(Micros(5_000))] {
            let mut last = clock.now().minus(Duration::from_micros(1));
            for _ in 0..10_000 {
                let stamp = clock.stamp();
                assert!(stamp > last);
                last = stamp;
            }
        }
        let clock = Clock::manual(Micros(5_000));
        assert_eq!([clock.stamp(), clock.stamp()], [5_000, 5_001].map(Micros));
        clock.set(Micros(8_000));
        assert_eq!(clock.stamp(), Micros(8_000));
        clock.forget_stamps();
        assert_eq!(clock.stamp(), Micros(8_000));
        clock.note_stamp(Micros(8_005));
        assert_eq!(clock.stamp(), Micros(8_006));
        clock.note_stamp(Micros(2_000_000));
        clock.note_stamp(Micros(7_000));
        assert_eq!(clock.stamp(), Micros(8_007));
    }

    #[test]
    fn a_manual_clock_only_moves_forward() {
        let clock = Clock::manual(Micros(10_000));
        assert!(clock.set(Micros(20_000)));
        assert!(clock.set(Micros(5_000)));
        assert_eq!(clock.now(), Micros(20_000));
        assert!(!Clock::system().set(Micros(1)));
    }

    #[tokio::test]
    async fn a_manual_timer_fires_when_the_clock_is_set_past_it() {
        let clock = Clock::manual(Micros(0));
        let timer = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.sleep_until(Micros(100_000)).await;
                clock.now()
            }
        });
        clock.set(Micros(99_000));
        tokio::task::yield_now().await;
        assert!(!timer.is_finished());
        clock.set(Micros(150_000));
        assert_eq!(timer.await.unwrap(), Micros(150_000));
    }
}
