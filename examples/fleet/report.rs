//! What the processes of a fleet report, and its sum.

use std::str::FromStr;

use crate::load::Outcome;

impl Outcome {
    /// What two processes did side by side.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            done: self.done + other.done,
            failed: self.failed + other.failed,
            throttled: self.throttled + other.throttled,
            seconds: self.seconds.max(other.seconds),
        }
    }
}

impl FromStr for Outcome {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let mut outcome = Self::default();
        for word in line.split_whitespace() {
            let wrong = || format!("`{word}` is no part of an outcome");
            let (name, value) = word.split_once('=').ok_or_else(wrong)?;
            let number = || value.parse().map_err(|_| wrong());
            match name {
                "done" => outcome.done = number()?,
                "failed" => outcome.failed = number()?,
                "throttled" => outcome.throttled = number()?,
                "seconds" => outcome.seconds = value.parse().map_err(|_| wrong())?,
                _ => return Err(wrong()),
            }
        }
        Ok(outcome)
    }
}
