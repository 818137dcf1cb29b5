//! How long things may take.

use std::time::Duration;

/// How long things may take.
///
/// ```
/// use std::time::Duration;
/// use hookdeck::Timeouts;
///
/// let timeouts = Timeouts::default()
///     .attempt(Duration::from_secs(20))
///     .total(Duration::from_secs(60));
/// # let _ = timeouts;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    pub(crate) connect: Duration,
    pub(crate) attempt: Duration,
    pub(crate) total: Option<Duration>,
}

impl Timeouts {
    /// For making a connection; 10 seconds by default.
    #[must_use]
    pub const fn connect(mut self, timeout: Duration) -> Self {
        self.connect = timeout;
        self
    }

    /// For one attempt, from sending the request to the last byte of the reply; 30 seconds by
    /// default.
    #[must_use]
    pub const fn attempt(mut self, timeout: Duration) -> Self {
        self.attempt = timeout;
        self
    }

    /// For a whole call: waiting for the quota, all attempts and the delays between them. Two
    /// minutes by default, enough for a window of the quota to pass.
    #[must_use]
    pub const fn total(mut self, timeout: Duration) -> Self {
        self.total = Some(timeout);
        self
    }

    /// Lets a whole call take as long as its attempts and waits do.
    #[must_use]
    pub const fn without_total(mut self) -> Self {
        self.total = None;
        self
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            attempt: Duration::from_secs(30),
            total: Some(Duration::from_secs(120)),
        }
    }
}
