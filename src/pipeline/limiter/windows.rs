//! The policy of the live API: a window with a known end, at which the whole budget comes back.

use std::time::Duration;

use tokio::time::Instant;

/// Two replies that contradict fixed windows are believed; one may be an accident.
const DOUBTS: u32 = 2;

/// When a window ends, as nearly as is known.
///
/// A reply tells how long the window still lasts, counted from when the API answered: later than
/// the call was sent and earlier than the reply came. Each further reply narrows that down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) earliest: Instant,
    pub(super) latest: Instant,
}

/// How a reply stands to what was known of the windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// It is of the current window.
    Current,
    /// It is of a window before, delayed.
    Past,
    /// The call took so long that it may be of the window before or of the current one.
    Unclear,
    /// It is of a window that was not known yet.
    New,
    /// There are no fixed windows: an end came where none can be.
    NoWindows,
}

#[derive(Debug, Default)]
pub(super) struct FixedWindows {
    /// The current window's end; until a reply tells it, as assumed.
    current: Option<Span>,
    told: bool,
    /// The end of the window before.
    previous: Option<Span>,
    /// Whether a spent budget has been seen to come back at once.
    confirmed: bool,
    doubts: u32,
}

impl FixedWindows {
    pub(super) fn end(&self) -> Option<Span> {
        self.current
    }

    /// Whether the current window began without it being certain that windows begin with the whole
    /// budget.
    pub(super) fn unproven(&self) -> bool {
        self.previous.is_some() && !self.confirmed
    }

    /// Ends the current window if its time is up.
    pub(super) fn is_over(&mut self, now: Instant) -> bool {
        match self.current {
            Some(end) if end.latest <= now => {
                if self.told {
                    self.previous = Some(end);
                }
                self.current = None;
                self.told = false;
                true
            }
            _ => false,
        }
    }

    /// A call was counted at a server that does not tell when its windows end.
    pub(super) fn assume(&mut self, sent: Instant, answered: Instant, window: Duration) {
        self.current.get_or_insert(Span {
            earliest: sent + window,
            latest: answered + window,
        });
    }

    /// A reply tells the end of a window.
    pub(super) fn see(&mut self, end: Span, now: Instant, longest: Duration) -> Seen {
        if let Some(previous) = self.previous
            && end.earliest <= previous.latest
        {
            let may_be_next = end.latest >= previous.earliest + longest;
            return if may_be_next {
                Seen::Unclear
            } else {
                Seen::Past
            };
        }
        let Some(current) = self.current.filter(|_| self.told) else {
            let doubtful = self
                .previous
                .is_some_and(|previous| too_soon(previous, end, longest));
            return self.begin(end, doubtful);
        };
        if end.latest < current.earliest {
            return Seen::Past;
        }
        if end.earliest <= current.latest {
            self.current = Some(Span {
                earliest: current.earliest.max(end.earliest),
                latest: current.latest.min(end.latest),
            });
            return Seen::Current;
        }
        let doubtful = now < current.earliest || too_soon(current, end, longest);
        self.previous = (now >= current.earliest).then_some(current);
        self.begin(end, doubtful)
    }

    fn begin(&mut self, end: Span, doubtful: bool) -> Seen {
        self.current = Some(end);
        self.told = true;
        if !doubtful {
            self.doubts = 0;
            return Seen::New;
        }
        self.doubts += 1;
        self.confirmed = false;
        if self.doubts >= DOUBTS {
            Seen::NoWindows
        } else {
            Seen::New
        }
    }

    /// A spent budget came back at once.
    pub(super) fn confirm(&mut self) {
        self.confirmed = self.doubts == 0;
    }

    /// The API refused a call that fixed windows allowed.
    pub(super) fn doubt(&mut self) {
        self.confirmed = false;
    }
}

/// Whether two windows end nearer to each other than a window is long.
fn too_soon(first: Span, second: Span, longest: Duration) -> bool {
    second.earliest.saturating_duration_since(first.latest) < longest / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(60);

    fn at(seconds: f64) -> Instant {
        thread_local!(static START: Instant = Instant::now());
        START.with(|start| *start + Duration::from_secs_f64(seconds))
    }

    fn end(earliest: f64, latest: f64) -> Span {
        Span {
            earliest: at(earliest),
            latest: at(latest),
        }
    }

    #[test]
    fn each_reply_narrows_the_end_down() {
        let mut windows = FixedWindows::default();
        assert_eq!(windows.see(end(59.8, 60.6), at(1.0), LONGEST), Seen::New);
        assert_eq!(
            windows.see(end(59.9, 60.3), at(1.2), LONGEST),
            Seen::Current
        );
        assert_eq!(
            windows.see(end(59.5, 60.2), at(2.0), LONGEST),
            Seen::Current
        );
        assert_eq!(windows.end(), Some(end(59.9, 60.2)));
        assert!(!windows.is_over(at(60.1)));
        assert!(windows.is_over(at(60.2)));
    }

    #[test]
    fn a_delayed_reply_does_not_bring_a_window_back() {
        let mut windows = FixedWindows::default();
        windows.see(end(60.0, 60.2), at(1.0), LONGEST);
        assert!(windows.is_over(at(60.2)));
        assert_eq!(windows.see(end(60.1, 61.0), at(60.9), LONGEST), Seen::Past);
        assert_eq!(windows.end(), None);
        assert_eq!(windows.see(end(120.2, 120.6), at(60.9), LONGEST), Seen::New);
        assert_eq!(windows.see(end(60.1, 61.0), at(61.0), LONGEST), Seen::Past);
        assert_eq!(
            windows.see(end(60.1, 121.0), at(121.0), LONGEST),
            Seen::Unclear
        );
    }

    #[test]
    fn ends_that_follow_too_soon_are_no_windows() {
        let mut windows = FixedWindows::default();
        windows.see(end(60.0, 60.2), at(1.0), LONGEST);
        windows.confirm();
        assert!(windows.is_over(at(60.2)));
        assert!(!windows.unproven());
        assert_eq!(windows.see(end(61.0, 61.2), at(60.6), LONGEST), Seen::New);
        assert!(windows.unproven());
        assert!(windows.is_over(at(61.2)));
        let seen = windows.see(end(62.0, 62.2), at(61.6), LONGEST);
        assert_eq!(seen, Seen::NoWindows);
    }

    #[test]
    fn an_end_that_moves_before_it_has_come_is_no_window() {
        let mut windows = FixedWindows::default();
        windows.see(end(10.0, 10.2), at(1.0), LONGEST);
        assert_eq!(windows.see(end(11.0, 11.2), at(2.0), LONGEST), Seen::New);
        let seen = windows.see(end(12.0, 12.2), at(3.0), LONGEST);
        assert_eq!(seen, Seen::NoWindows);
    }
}
