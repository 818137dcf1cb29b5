//! The account of one key: what the API will allow, as far as its replies show.
//!
//! The balance is what the newest reply said is left, plus what has surely come back since, minus
//! every call whose reply is still out: such a call may have been counted before that reply or
//! after it, in this window or the next, and is taken as counted after until its own reply tells.
//! So the balance is never too high because of this process; calls of others show in the next
//! reply.

use std::time::Duration;

use tokio::time::Instant;

use super::AGES;
use super::bucket::{Bucket, Level};
use super::clock::{Between, Clock};
use super::crowd::Crowd;
use super::ledger::Ledger;
use super::report::Report;
use super::windows::{Seen, Span, Windows};

/// The first call of an account goes alone, for its reply tells where the account stands; but if it
/// takes longer than this, it is slow and the others do not wait for it.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many calls may go out as soon as the first reply has come.
const FIRST_CALLS: u64 = 8;

/// The shortest pause between looking whether calls have come back.
const LOOK: Duration = Duration::from_millis(10);

/// Clocks and headers are no finer than this.
const TICK: Duration = Duration::from_millis(1);

/// What the account allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A call may go.
    Go,
    /// None before that, unless a reply changes it.
    Until(Instant),
    /// None before a reply.
    OnReply,
}

/// What the API has told of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    Nothing,
    /// Replies, but nothing of a quota.
    Silence,
    Reports,
}

/// The newest balance.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    left: u32,
    /// When the call whose reply told it was counted.
    counted: Between,
    resets_in: Duration,
}

#[derive(Debug)]
enum Policy {
    Windows(Windows),
    /// Each call comes back a window after it was counted.
    Sliding,
    Bucket(Bucket),
}

#[derive(Debug)]
pub(super) struct Account {
    limit: u32,
    configured: Duration,
    /// The longest time to a reset that was told: no window is shorter.
    longest: Duration,
    shortest: Duration,
    /// The last reset that was told, and how often it moved before it had come.
    reset: Option<Span>,
    moved: u32,
    /// Whether `longest` was told at the very beginning of a window.
    whole: bool,
    heard: Heard,
    first_sent: Option<Instant>,
    /// Calls allowed whose replies are out.
    in_flight: u32,
    /// Calls counted, or maybe counted, without a reply that told of the balance.
    untold: u32,
    untold_since: Option<Instant>,
    answered: u64,
    anchor: Option<Anchor>,
    /// What was left when the window before ended.
    left_before: Option<u32>,
    ledger: Ledger,
    crowd: Crowd,
    clock: Clock,
    frozen_until: Option<Instant>,
    policy: Policy,
}

impl Account {
    pub(super) fn new(limit: u32, window: Duration) -> Self {
        Self {
            limit,
            configured: window,
            longest: Duration::ZERO,
            shortest: Duration::MAX,
            reset: None,
            moved: 0,
            whole: false,
            heard: Heard::Nothing,
            first_sent: None,
            in_flight: 0,
            untold: 0,
            untold_since: None,
            answered: 0,
            anchor: None,
            left_before: None,
            ledger: Ledger::default(),
            crowd: Crowd::default(),
            clock: Clock::new(),
            frozen_until: None,
            policy: Policy::Windows(Windows::default()),
        }
    }

    /// The window's length, as assumed until it is known.
    fn window(&self) -> Duration {
        if self.whole {
            self.longest
        } else {
            self.longest.max(self.configured)
        }
    }

    /// A call is allowed and takes its part of the balance.
    pub(super) fn grant(&mut self, now: Instant) {
        self.in_flight += 1;
        self.crowd.sent();
        self.first_sent.get_or_insert(now);
    }

    /// An allowed call did not reach the API.
    pub(super) fn give_back(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.crowd.given_back();
    }

    /// A call that was sent is not heard of again, or not by a report.
    pub(super) fn untold(&mut self, sent: Instant, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.untold = self.untold.saturating_add(1);
        self.untold_since = Some(now);
        let window = self.window();
        self.ledger.add(sent, now, window);
        if let Policy::Windows(windows) = &mut self.policy {
            windows.assume(sent, now, window);
        }
    }

    /// A call was answered; returns whether that changes what waiting calls can expect.
    pub(super) fn answered(
        &mut self,
        sent: Instant,
        now: Instant,
        report: Option<&Report>,
    ) -> bool {
        self.roll(now);
        let first = self.heard == Heard::Nothing;
        self.answered += 1;
        let Some(report) = report.filter(|report| report.is_plausible(self.configured)) else {
            if first {
                self.heard = Heard::Silence;
            }
            self.untold(sent, now);
            return first;
        };
        self.in_flight = self.in_flight.saturating_sub(1);
        let changed = self.heard != Heard::Reports || self.limit != report.limit;
        self.heard = Heard::Reports;
        let trip = Between {
            from: sent,
            to: now,
        };
        let counted = self.clock.narrow(trip, report.at);
        self.learn(counted, now, report);
        // Calls that went astray before this one was sent are part of what its reply says.
        if self.untold_since.is_some_and(|last| last <= sent) {
            self.untold = 0;
            self.untold_since = None;
        }
        let window = self.window();
        self.ledger.add(counted.from, counted.to, window);
        changed
    }

    /// A call was refused: nobody sends before the wait is over.
    pub(super) fn refused(
        &mut self,
        sent: Instant,
        now: Instant,
        report: Option<&Report>,
        wait: Duration,
    ) {
        self.answered(sent, now, report);
        self.freeze(now, wait);
        if !self.crowd.is_alone() {
            return;
        }
        match &mut self.policy {
            Policy::Windows(windows) => windows.doubt(),
            Policy::Sliding => {}
            Policy::Bucket(bucket) => bucket.slow_down(),
        }
    }

    pub(super) fn freeze(&mut self, now: Instant, wait: Duration) {
        let until = now + wait;
        self.frozen_until = Some(self.frozen_until.map_or(until, |known| known.max(until)));
    }

    fn roll(&mut self, now: Instant) {
        self.frozen_until = self.frozen_until.filter(|until| *until > now);
        let window = self.window();
        let turned = match &mut self.policy {
            Policy::Windows(windows) => windows.is_over(now),
            Policy::Sliding | Policy::Bucket(_) => false,
        };
        if turned {
            self.turn(now);
        } else if !matches!(self.policy, Policy::Windows(_))
            && self.crowd.began().is_none_or(|began| began + window <= now)
        {
            self.crowd.turn(now, window, self.in_flight);
        }
    }

    /// A window is over and the next begins.
    fn turn(&mut self, now: Instant) {
        self.left_before = self.anchor.take().map(|anchor| anchor.left);
        // What went astray a moment ago may have been counted in the new window.
        if self.untold_since.is_none_or(|last| last + PATIENCE <= now) {
            self.untold = 0;
        }
        let window = self.window();
        self.crowd.turn(now, window, self.in_flight);
    }

    fn learn(&mut self, counted: Between, now: Instant, report: &Report) {
        self.limit = report.limit;
        self.shortest = self.shortest.min(report.resets_in);
        if report.resets_in > self.longest {
            self.longest = report.resets_in;
            self.whole = report.remaining + 1 >= report.limit;
        }
        let anchor = Anchor {
            left: report.remaining.min(report.limit),
            counted,
            resets_in: report.resets_in,
        };
        let end = end(counted, report);
        if let Some(known) = self.reset.filter(|known| known.latest < end.earliest) {
            self.moved += u32::from(now < known.earliest);
        }
        if self.reset.is_none_or(|known| known.latest < end.latest) {
            self.reset = Some(end);
        }
        let Policy::Windows(windows) = &mut self.policy else {
            self.learn_gradual(anchor, now);
            return;
        };
        match windows.see(end, now, self.longest) {
            Seen::Past => {}
            Seen::Current => self.learn_current(anchor, now),
            Seen::New => self.learn_new(anchor, now),
            Seen::NoWindows => self.learn_gradual(anchor, now),
        }
    }

    fn learn_current(&mut self, anchor: Anchor, now: Instant) {
        let from = anchor.counted.from;
        let began = self.crowd.began().or(self.first_sent).unwrap_or(from);
        let counted = self.ledger.surely_between(began, from);
        if anchor.left + counted > self.limit {
            // More is left than the window can have: calls come back within it.
            self.policy = Policy::Bucket(self.bucket(&anchor));
            self.learn_gradual(anchor, now);
            return;
        }
        self.saw_used(&anchor);
        match &mut self.anchor {
            // Within a window the balance only falls, so the lowest is the newest.
            Some(known) if known.left < anchor.left => {}
            known => *known = Some(anchor),
        }
    }

    fn learn_new(&mut self, anchor: Anchor, now: Instant) {
        if self.anchor.is_some() {
            self.turn(now);
        }
        let own = self.crowd.own();
        if let (Policy::Windows(windows), Some(before)) = (&mut self.policy, self.left_before) {
            let returned = (anchor.left + own).saturating_sub(before);
            if returned > self.limit / 2 {
                windows.confirm();
            }
        }
        self.saw_used(&anchor);
        self.anchor = Some(anchor);
    }

    fn saw_used(&mut self, anchor: &Anchor) {
        let mut own = self.crowd.own();
        if !matches!(&self.policy, Policy::Windows(windows) if !windows.unproven()) {
            // Calls of the window before may be counted still.
            let held = self.ledger.held(anchor.counted.from, self.window());
            own = own.max(held + self.in_flight + 1);
        }
        let used = self.limit.saturating_sub(anchor.left);
        self.crowd.saw(used.saturating_sub(own));
    }

    fn learn_gradual(&mut self, anchor: Anchor, now: Instant) {
        let window = self.window();
        if matches!(self.policy, Policy::Windows(_)) {
            self.policy = if self.fills_up() {
                Policy::Bucket(self.bucket(&anchor))
            } else {
                Policy::Sliding
            };
            self.anchor = None;
        }
        match &mut self.policy {
            Policy::Windows(_) => {}
            Policy::Sliding => {
                let counted = now.checked_sub(window).map_or(0, |from| {
                    self.ledger.surely_between(from, anchor.counted.from)
                });
                // More left than a sliding window can have: calls come back before their time.
                if anchor.left + counted > self.limit || self.fills_up() {
                    self.policy = Policy::Bucket(self.bucket(&anchor));
                }
                self.saw_used(&anchor);
            }
            Policy::Bucket(bucket) => {
                let level = Level {
                    counted: anchor.counted,
                    left: anchor.left,
                };
                let Some(since) = bucket.measures_since(level, self.limit) else {
                    self.anchor = Some(anchor);
                    return;
                };
                // This very call was counted in between.
                let surely = self.ledger.surely_between(since.to, anchor.counted.from) + 1;
                let maybe = self.ledger.maybe_between(since.from, anchor.counted.to);
                let others = bucket.measure(level, surely, maybe + self.in_flight + 1);
                self.crowd.saw(others);
                if let Some(share) = self.crowd.share() {
                    bucket.claim(share);
                }
            }
        }
        self.anchor = Some(match self.anchor {
            // Of replies that overlapped it is not known which is newer. The lower balance at the
            // later moment is safe: calls of the other one may have been counted in between.
            Some(known) if anchor.counted.from < known.counted.to => Anchor {
                left: known.left.min(anchor.left),
                counted: Between {
                    from: known.counted.from.max(anchor.counted.from),
                    to: known.counted.to.max(anchor.counted.to),
                },
                resets_in: anchor.resets_in,
            },
            _ => anchor,
        });
    }

    /// Resets that move before they come are those of a bucket filling up, unless they are always a
    /// window away: those are of a sliding window told by its youngest call.
    fn fills_up(&self) -> bool {
        self.moved > 1 && self.shortest.mul_f64(1.01) < self.longest
    }

    /// A bucket as slow as the configuration or the told reset make it; measuring finds out if it
    /// is quicker.
    fn bucket(&self, anchor: &Anchor) -> Bucket {
        let mut per_second = f64::from(self.limit) / self.configured.max(TICK).as_secs_f64();
        if self.fills_up() {
            let missing = f64::from(self.limit.saturating_sub(anchor.left).max(1));
            per_second = per_second.min(missing / anchor.resets_in.max(TICK).as_secs_f64());
        }
        Bucket::new(per_second)
    }

    /// What is surely left for the calls in flight and further ones.
    fn left(&self, now: Instant) -> u32 {
        let window = self.window();
        let left = match (&self.policy, self.anchor) {
            (Policy::Windows(windows), None) if windows.unproven() => {
                let held = self.ledger.held(now, window) + self.crowd.others();
                self.limit.saturating_sub(held).max(1)
            }
            (Policy::Windows(_), anchor) => anchor.map_or(self.limit, |anchor| anchor.left),
            (_, None) => self.limit.saturating_sub(self.ledger.held(now, window)),
            (Policy::Sliding, Some(anchor)) => {
                anchor.left + self.ledger.returned(anchor.counted.to, now, window)
            }
            (Policy::Bucket(bucket), Some(anchor)) => anchor
                .left
                .saturating_add(bucket.grown(anchor.counted.to, now)),
        };
        left.min(self.limit).saturating_sub(self.untold)
    }

    /// When the balance grows next, as far as is known.
    fn grows_at(&self, now: Instant) -> Option<Instant> {
        match (&self.policy, self.anchor) {
            (Policy::Windows(windows), anchor) => {
                let end = windows.end().map(|end| end.latest);
                let returns = anchor.is_none() && windows.unproven();
                let returns = returns
                    .then(|| self.ledger.next_return(now, self.window()))
                    .flatten();
                end.into_iter().chain(returns).min()
            }
            (Policy::Bucket(bucket), Some(anchor)) => Some(bucket.next(anchor.counted.to, now)),
            (Policy::Sliding | Policy::Bucket(_), _) => self.ledger.next_return(now, self.window()),
        }
    }

    /// When to look whether calls have come back although nothing says so.
    fn looks_at(&self, now: Instant) -> Instant {
        match (&self.policy, self.anchor) {
            (Policy::Windows(windows), _) => windows.end().map_or(now, |end| end.latest),
            (_, Some(anchor)) => anchor.counted.to + anchor.resets_in.max(LOOK),
            (_, None) => now,
        }
    }

    /// Others who begin at the same time do not show yet: nobody sends a whole budget at once before
    /// replies had time to tell of them.
    fn slow_start(&self) -> u64 {
        match self.heard {
            Heard::Reports => FIRST_CALLS + 2 * self.answered,
            Heard::Nothing | Heard::Silence => u64::MAX,
        }
    }

    pub(super) fn verdict(&mut self, now: Instant) -> Verdict {
        self.roll(now);
        if let Some(until) = self.frozen_until {
            return Verdict::Until(until);
        }
        if self.heard == Heard::Nothing && self.in_flight > 0 {
            let patience = self.first_sent.unwrap_or(now) + PATIENCE;
            if now < patience {
                return Verdict::Until(patience);
            }
        }
        let known_since = self
            .anchor
            .map(|anchor| anchor.counted.to)
            .or(self.crowd.began());
        let left = self.left(now);
        let cap = self.crowd.cap(left, self.limit, known_since, now);
        if u64::from(self.in_flight) < u64::from(cap).min(self.slow_start()) {
            return Verdict::Go;
        }
        let grows = self.grows_at(now).filter(|at| *at > now);
        if self.in_flight > 0 {
            return grows.map_or(Verdict::OnReply, Verdict::Until);
        }
        let at = self.looks_at(now);
        let at = grows.map_or(at, |grows| grows.min(at));
        if at <= now {
            return Verdict::Go;
        }
        Verdict::Until(at)
    }

    /// The earliest that so many further calls can have gone; `now` if nothing speaks against it.
    pub(super) fn earliest(&mut self, now: Instant, calls: u32) -> Instant {
        self.roll(now);
        let base = self.frozen_until.unwrap_or(now);
        let free = self.left(now).saturating_sub(self.in_flight);
        let missing = calls.saturating_sub(free);
        if missing == 0 || self.heard == Heard::Nothing {
            return base;
        }
        let at = match &self.policy {
            Policy::Windows(windows) => {
                let window = match self.heard {
                    Heard::Reports => self.longest,
                    _ => self.configured,
                };
                let further = window.saturating_mul((missing - 1) / self.limit);
                windows.end().map(|end| end.earliest + further.min(AGES))
            }
            // What others have spent comes back as well, nobody knows when.
            Policy::Sliding if !self.crowd.is_alone() => None,
            Policy::Sliding => self.ledger.returns(missing, now, self.window()),
            Policy::Bucket(bucket) => Some(now + bucket.shortest(missing)),
        };
        at.map_or(base, |at| at.max(base))
    }
}

/// The end of the window a reply tells of.
fn end(counted: Between, report: &Report) -> Span {
    let earliest = counted.from + report.resets_in;
    Span {
        earliest: earliest
            .checked_sub(report.rounding.max(TICK))
            .unwrap_or(earliest),
        latest: counted.to + report.resets_in,
    }
}
