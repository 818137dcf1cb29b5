//! A handle of a running bulk job.

use super::{BulkJobs, BulkKind, Cancellable, Progress};
use crate::call::Call;
use crate::error::Error;
use crate::models::{BulkId, BulkOperation};

/// A bulk job that was started; made by [`BulkJobs::start`] or [`BulkJobs::attach`].
///
/// The job runs at the API: dropping the handle leaves it running.
///
/// ```
/// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
/// use hookdeck::models::EventFilter;
///
/// let retries = client.bulk().event_retries();
/// let of_the_shop = EventFilter::new().source_id("src_1");
/// let plan = retries.plan(&of_the_shop).await?;
/// if plan.estimated_count.unwrap_or(0) < 10_000 {
///     let done = retries.start(&of_the_shop).await?.wait().await?;
///     println!("{:?} retried, {:?} failed", done.completed_count, done.failed_count);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use = "the job runs on without its handle; follow it, or wait for its end"]
pub struct BulkJob<K: BulkKind> {
    jobs: BulkJobs<K>,
    state: BulkOperation,
}

impl<K: BulkKind> BulkJob<K> {
    pub(super) fn new(jobs: BulkJobs<K>, state: BulkOperation) -> Self {
        Self { jobs, state }
    }

    /// The job's id, to [`attach`](BulkJobs::attach) to it later.
    #[must_use]
    pub fn id(&self) -> &BulkId {
        &self.state.id
    }

    /// The job as it was when the handle was made, or when it was last refreshed.
    #[must_use]
    pub fn state(&self) -> &BulkOperation {
        &self.state
    }

    /// Asks for the job's present state.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub async fn refresh(&mut self) -> Result<&BulkOperation, Error> {
        self.state = self.jobs.get(&self.state.id).await?;
        Ok(&self.state)
    }

    /// The job's progress as a stream: first that of [`state`](BulkJob::state), then asked for anew
    /// after 1, 2, 4, 8 and from then on every 15 seconds, until the job has ended.
    ///
    /// The calls are counted against the quota like all others. An error ends the stream but not the
    /// job; another stream goes on watching it.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let job = client.bulk().event_retries().attach("bch_1").await?;
    /// let mut progress = job.progress();
    /// while let Some(now) = progress.try_next().await? {
    ///     println!("{} of about {:?}", now.completed, now.estimated);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn progress(&self) -> Progress {
        Progress::new(self.jobs.get(&self.state.id), self.state.clone())
    }

    /// Waits until the job has ended, and returns its last state. It asks as often as
    /// [`progress`](BulkJob::progress) does.
    ///
    /// A job that was cancelled has ended too: [`cancelled_at`](BulkOperation::cancelled_at) tells.
    ///
    /// # Errors
    ///
    /// If the job's state cannot be read. The job goes on.
    pub async fn wait(&self) -> Result<BulkOperation, Error> {
        let mut last = self.state.clone();
        let mut progress = self.progress();
        while let Some(now) = progress.try_next().await? {
            last = now.state;
        }
        Ok(last)
    }

    /// Stops the job. What it has done by then stays done.
    ///
    /// Cancellations of events have no such end:
    ///
    /// ```compile_fail,E0277
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.bulk().event_cancels().attach("bch_1").await?.cancel().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// The others do:
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.bulk().event_retries().attach("bch_1").await?.cancel().await?;
    /// # Ok(()) }
    /// ```
    pub fn cancel(&self) -> Call<BulkOperation>
    where
        K: Cancellable,
    {
        self.jobs.cancel(&self.state.id)
    }
}
