//! The account of one key: what the API will allow, as far as its replies show.
//!
//! The balance is what the newest reply said is left, plus what has surely come back since, minus
//! every call whose reply is still out: such a call may have been counted before that reply or
//! after it, in this window or the next, and is taken as counted after until its own reply tells.
//! So the balance is never too high because of this process; calls of others show in the next
//! reply.

mod learn;

use std::time::Duration;

use tokio::time::Instant;

use super::AGES;
use super::bucket::Bucket;
use super::clock::{Between, ServerClock};
use super::crowd::Crowd;
use super::ledger::Ledger;
use super::report::Report;
use super::resets::Resets;
use super::windows::FixedWindows;

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
    Windows(FixedWindows),
    /// Each call comes back a window after it was counted.
    Sliding,
    Bucket(Bucket),
}

#[derive(Debug)]
pub(super) struct Account {
    limit: u32,
    configured: Duration,
    resets: Resets,
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
    clock: ServerClock,
    frozen_until: Option<Instant>,
    policy: Policy,
}

impl Account {
    pub(super) fn new(limit: u32, window: Duration) -> Self {
        Self {
            limit,
            configured: window,
            resets: Resets::default(),
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
            clock: ServerClock::new(),
            frozen_until: None,
            policy: Policy::Windows(FixedWindows::default()),
        }
    }

    /// The window's length, as assumed until it is known.
    fn window(&self) -> Duration {
        self.resets.window(self.configured)
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
        if self.in_flight == 0 && self.heard == Heard::Nothing {
            self.first_sent = None;
        }
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
                    Heard::Reports => self.resets.longest(),
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
