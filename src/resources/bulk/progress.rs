//! How far a bulk job has come, as a stream.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_core::stream::FusedStream;
use tokio::time::Sleep;

use crate::call::{Call, CallFuture};
use crate::error::Error;
use crate::models::BulkOperation;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// How far a bulk job has come.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct BulkProgress {
    /// The share of the work that is done, from 0 to 1.
    pub fraction: f64,
    /// How many entries have been dealt with.
    pub completed: u64,
    /// How many entries could not be dealt with, as far as the API has counted them.
    pub failed: u64,
    /// How many entries the query was estimated to match.
    pub estimated: Option<u64>,
    /// Whether the job has ended, by itself or cancelled. The last of a stream has.
    pub ended: bool,
    /// All that the API said.
    pub state: BulkOperation,
}

impl From<BulkOperation> for BulkProgress {
    fn from(state: BulkOperation) -> Self {
        let completed = state.completed_count.unwrap_or(0);
        Self {
            fraction: fraction(&state),
            completed,
            failed: state.failed_count.unwrap_or(0),
            estimated: state.estimated_count,
            ended: !state.in_progress,
            state,
        }
    }
}

/// As the API says; where it says nothing, by the counts, which are estimates.
#[allow(
    clippy::cast_precision_loss,
    reason = "a share of entries needs no more digits than a double has"
)]
fn fraction(state: &BulkOperation) -> f64 {
    let counted = || match (state.completed_count, state.estimated_count) {
        (Some(completed), Some(estimated)) if estimated > 0 => completed as f64 / estimated as f64,
        _ if state.completed_at.is_some() => 1.0,
        _ => 0.0,
    };
    let share = state.progress.unwrap_or_else(counted);
    if share.is_nan() {
        0.0
    } else {
        share.clamp(0.0, 1.0)
    }
}

/// The progress of a bulk job; made by [`BulkJob::progress`](super::BulkJob::progress).
///
/// Ends after the job has. An error ends it as well.
#[must_use = "a stream does nothing until it is polled"]
pub struct Progress {
    call: Call<BulkOperation>,
    step: ProgressStep,
    pause: Duration,
    longest_pause: Duration,
}

enum ProgressStep {
    /// Known without asking.
    Known(Box<BulkOperation>),
    Pausing(Pin<Box<Sleep>>),
    Asking(CallFuture<BulkOperation>),
    Done,
}

impl Progress {
    pub(super) fn new(call: Call<BulkOperation>, state: BulkOperation) -> Self {
        Self {
            call,
            step: ProgressStep::Known(Box::new(state)),
            pause: FIRST_PAUSE,
            longest_pause: LONGEST_PAUSE,
        }
    }

    /// Asks at this interval in place of growing ones. Every question is a call of the quota.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use std::time::Duration;
    ///
    /// let job = client.bulk().event_retries().attach("bch_1").await?;
    /// let mut progress = job.progress().every(Duration::from_secs(5));
    /// while let Some(now) = progress.try_next().await? {
    ///     println!("{:.0} %", now.fraction * 100.0);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn every(mut self, interval: Duration) -> Self {
        self.pause = interval;
        self.longest_pause = interval;
        self
    }

    /// The next progress, or `None` after the job's end.
    ///
    /// The same as the stream, for programs that need no stream adapters. Dropping the future loses
    /// nothing.
    pub async fn next(&mut self) -> Option<Result<BulkProgress, Error>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The next progress, `Ok(None)` after the job's end.
    ///
    /// # Errors
    ///
    /// If the job's state cannot be read. The job goes on.
    pub async fn try_next(&mut self) -> Result<Option<BulkProgress>, Error> {
        self.next().await.transpose()
    }

    /// Decides how to go on. The pause counts from the answer, whatever the consumer does meanwhile.
    fn tell(&mut self, state: BulkOperation) -> BulkProgress {
        let now = BulkProgress::from(state);
        if !now.ended {
            self.step = ProgressStep::Pausing(Box::pin(tokio::time::sleep(self.pause)));
            self.pause = self.pause.saturating_mul(2).min(self.longest_pause);
        }
        now
    }
}

impl Stream for Progress {
    type Item = Result<BulkProgress, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match &mut self.step {
                ProgressStep::Done => return Poll::Ready(None),
                ProgressStep::Pausing(pause) => {
                    ready!(pause.as_mut().poll(context));
                    self.step = ProgressStep::Asking(self.call.clone().into_future());
                }
                ProgressStep::Asking(call) => {
                    let outcome = ready!(call.as_mut().poll(context));
                    self.step = ProgressStep::Done;
                    return Poll::Ready(Some(outcome.map(|state| self.tell(state))));
                }
                ProgressStep::Known(_) => {
                    if let ProgressStep::Known(state) =
                        std::mem::replace(&mut self.step, ProgressStep::Done)
                    {
                        return Poll::Ready(Some(Ok(self.tell(*state))));
                    }
                }
            }
        }
    }
}

impl FusedStream for Progress {
    fn is_terminated(&self) -> bool {
        matches!(self.step, ProgressStep::Done)
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress")
            .field("call", &self.call)
            .field("pause", &self.pause)
            .finish_non_exhaustive()
    }
}
