//! What a reply changes: the newest balance, the policy, and who else uses the key.

use tokio::time::Instant;

use super::{Account, Anchor, Policy, TICK};
use crate::pipeline::limiter::bucket::{Bucket, CallsLeft};
use crate::pipeline::limiter::clock::Between;
use crate::pipeline::limiter::report::Report;
use crate::pipeline::limiter::windows::{Seen, Span};

impl Account {
    pub(super) fn learn(&mut self, counted: Between, now: Instant, report: &Report) {
        self.limit = report.limit;
        let end = end(counted, report);
        self.resets.see(report, end, now);
        let anchor = Anchor {
            left: report.remaining.min(report.limit),
            counted,
            resets_in: report.resets_in,
        };
        let Policy::Windows(windows) = &mut self.policy else {
            self.learn_gradual(anchor, now);
            return;
        };
        match windows.see(end, now, self.resets.longest()) {
            Seen::Past => {}
            Seen::Unclear => {
                self.untold = self.untold.saturating_add(1);
                self.untold_since = Some(now);
            }
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
            self.policy = if self.resets.fill_up() {
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
                if anchor.left + counted > self.limit || self.resets.fill_up() {
                    self.policy = Policy::Bucket(self.bucket(&anchor));
                }
                self.saw_used(&anchor);
            }
            Policy::Bucket(bucket) => {
                let level = CallsLeft {
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

    /// A bucket as slow as the configuration or the told reset make it; measuring finds out if it
    /// is quicker.
    fn bucket(&self, anchor: &Anchor) -> Bucket {
        let mut per_second = f64::from(self.limit) / self.configured.max(TICK).as_secs_f64();
        if self.resets.fill_up() {
            let missing = f64::from(self.limit.saturating_sub(anchor.left).max(1));
            per_second = per_second.min(missing / anchor.resets_in.max(TICK).as_secs_f64());
        }
        Bucket::new(per_second)
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
