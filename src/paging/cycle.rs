//! Cursors that come back.

use super::cursor::Cursor;

/// Notices a walk that goes in a circle, in constant memory.
///
/// Compares each cursor with one marked earlier, and moves the mark to the present at every power
/// of two: a circle is noticed within three times its length (Brent's method).
#[derive(Default)]
pub(crate) struct CycleGuard {
    mark: Option<String>,
    steps: u64,
    until: u64,
}

impl CycleGuard {
    pub(crate) fn sees_again(&mut self, cursor: &Cursor, before: Option<&Cursor>) -> bool {
        let stays = before
            .is_some_and(|before| before.way() == cursor.way() && before.token() == cursor.token());
        if stays || self.mark.is_some() && self.mark.as_deref() == cursor.token() {
            return true;
        }
        if self.steps == self.until {
            self.mark = cursor.token().map(str::to_owned);
            self.until = self.until.saturating_mul(2).max(1);
            self.steps = 0;
        }
        self.steps += 1;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_of_any_length_is_noticed_soon() {
        for length in 1..200_usize {
            for tail in [0, 1, 7, 100] {
                let mut guard = CycleGuard::default();
                let mut before = None;
                let noticed = (0..10_000).find(|step| {
                    let place = if *step < tail {
                        *step
                    } else {
                        tail + (step - tail) % length
                    };
                    let cursor = Cursor::next(format!("c{place}"));
                    let again = guard.sees_again(&cursor, before.as_ref());
                    before = Some(cursor);
                    again
                });
                let noticed = noticed.expect("the circle is noticed");
                assert!(
                    noticed >= tail + length,
                    "a cursor was new but not taken as such"
                );
                assert!(
                    noticed <= 4 * (tail + length) + 4,
                    "{noticed} for {tail}+{length}"
                );
            }
        }
    }

    #[test]
    fn a_walk_without_a_circle_goes_on() {
        let mut guard = CycleGuard::default();
        for step in 0..10_000 {
            assert!(!guard.sees_again(&Cursor::next(format!("c{step}")), None));
        }
    }
}
