//! Bulk jobs: one operation on everything a filter lets through.

mod job;
mod kinds;
mod progress;

use std::marker::PhantomData;

use crate::call::{Call, List, Write};
use crate::error::Error;
use crate::models::{BulkOperation, BulkPlan};
use crate::query::Param;

pub use job::BulkJob;
pub use kinds::{
    BulkKind, Cancellable, EventCancels, EventRetries, IgnoredEventRetries, RequestReplays,
    RequestRetries,
};
pub use progress::{BulkProgress, Progress};

super::resource! {
    /// Bulk jobs: retries, replays and cancellations of everything a filter lets through, worked off
    /// in batches at the pace the project's throughput allows.
    Bulk, bulk
}

impl Bulk {
    /// One more attempt for every event that matches, with its stored payload.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::models::{EventFilter, EventStatus};
    ///
    /// let failed = EventFilter::new().destination_id("des_1").status(EventStatus::Failed);
    /// let job = client.bulk().event_retries().create(&failed).await?;
    /// println!("{} retries about {:?} events", job.id, job.estimated_count);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn event_retries(&self) -> BulkJobs<EventRetries> {
        self.jobs()
    }

    /// The end of every event that matches and is scheduled, queued or on hold.
    ///
    /// Once started it cannot be stopped: these jobs have no `cancel`.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::models::{EventFilter, EventStatus};
    ///
    /// let held = EventFilter::new().webhook_id("web_1").status(EventStatus::Hold);
    /// client.bulk().event_cancels().create(&held).await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn event_cancels(&self) -> BulkJobs<EventCancels> {
        self.jobs()
    }

    /// Another way through the connections for every request that matches and was rejected or has
    /// ignored events.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::models::{RejectionCause, RequestFilter};
    ///
    /// let refused = RequestFilter::new().rejection_cause(RejectionCause::NoConnection);
    /// client.bulk().request_retries().create(&refused).await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn request_retries(&self) -> BulkJobs<RequestRetries> {
        self.jobs()
    }

    /// Every request that matches taken in anew, by today's rules: new requests and new events, the
    /// old ones untouched. It needs a target, and fails with status 422 if nothing matches.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::models::{ReplayTarget, RequestFilter};
    ///
    /// let of_the_shop = RequestFilter::new()
    ///     .source_id("src_1")
    ///     .replayed_to(ReplayTarget::new().webhook_ids(["web_2"]));
    /// client.bulk().request_replays().create(of_the_shop).await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn request_replays(&self) -> BulkJobs<RequestReplays> {
        self.jobs()
    }

    /// Events for requests that connections made none of, for causes to be named.
    ///
    /// Without causes the API would also send what filters hold back on purpose, so a job is refused
    /// before it is sent if its query has none. Reconnect the client before retrying
    /// [`IgnoredCause::CliDisconnected`](crate::models::IgnoredCause::CliDisconnected): it is looked for again.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::models::IgnoredCause;
    ///
    /// let retries = client.bulk().ignored_event_retries();
    /// retries.create([IgnoredCause::TransformationFailed]).await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn ignored_event_retries(&self) -> BulkJobs<IgnoredEventRetries> {
        self.jobs()
    }

    fn jobs<K: BulkKind>(&self) -> BulkJobs<K> {
        BulkJobs {
            bulk: self.clone(),
            kind: PhantomData,
        }
    }
}

/// The bulk jobs of one kind, made by a method of [`Bulk`].
#[derive(Clone, Debug)]
pub struct BulkJobs<K: BulkKind> {
    bulk: Bulk,
    kind: PhantomData<K>,
}

impl<K: BulkKind> BulkJobs<K> {
    /// Lists the jobs of this kind, running and finished ones, newest first.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// for job in client.bulk().event_retries().list().in_progress(true).await?.items {
    ///     println!("{} {:?}", job.id, job.progress);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn list(&self) -> List<K::Filter> {
        List::new(self.bulk.prepare(K::LIST, &[]))
    }

    /// Estimates how much a job would have to do, without doing anything.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::models::{EventFilter, EventStatus};
    ///
    /// let failed = EventFilter::new().status(EventStatus::Failed);
    /// let plan = client.bulk().event_retries().plan(&failed).await?;
    /// println!("about {} events", plan.estimated_count.unwrap_or(0));
    /// # Ok(()) }
    /// ```
    pub fn plan(&self, query: impl Into<K::Query>) -> Call<BulkPlan> {
        let mut call = self.bulk.prepare(K::PLAN, &[]);
        call.query.set("query", query.into().into_param());
        Call::new(call)
    }

    /// Starts a job on everything the query matches. The reply is its state at the start.
    ///
    /// An empty query, or one with an empty list, which would let everything through, is refused before
    /// it is sent. Fails with status 422 if a job of the same query
    /// is still running.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::models::EventFilter;
    /// use hookdeck::query::after;
    /// use hookdeck::types::Timestamp;
    ///
    /// let since: Timestamp = "2026-11-01".parse().expect("a date");
    /// let late = EventFilter::new().webhook_id("web_1").created_at(after(since));
    /// let job = client.bulk().event_retries().create(&late).await?;
    /// # Ok(()) }
    /// ```
    pub fn create(&self, query: impl Into<K::Query>) -> Write<K::Body> {
        let query = query.into();
        let mut call = self.bulk.prepare(K::CREATE, &[]);
        if let Some(problem) = K::problem(K::params(&query)) {
            call.refuse(problem.to_owned());
        }
        Write::new(call, K::body(query))
    }

    /// Starts a job as [`create`](BulkJobs::create) does, and returns a handle that can follow it,
    /// wait for its end, and stop it.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::models::{EventFilter, EventStatus};
    ///
    /// let failed = EventFilter::new().status(EventStatus::Failed);
    /// let job = client.bulk().event_retries().start(&failed).await?;
    /// let mut progress = job.progress();
    /// while let Some(now) = progress.try_next().await? {
    ///     println!("{:.0} %", now.fraction * 100.0);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// If the job cannot be started.
    pub async fn start(&self, query: impl Into<K::Query>) -> Result<BulkJob<K>, Error> {
        let state = self.create(query).await?;
        Ok(BulkJob::new(self.clone(), state))
    }

    /// A handle of a job that was started earlier, perhaps by another program.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let done = client.bulk().event_retries().attach("bch_1").await?.wait().await?;
    /// println!("{:?} retried", done.completed_count);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// If the job's state cannot be read; with [`is_not_found`](Error::is_not_found) if there is
    /// none of this kind.
    pub async fn attach(&self, id: impl AsRef<str>) -> Result<BulkJob<K>, Error> {
        let state = self.get(id).await?;
        Ok(BulkJob::new(self.clone(), state))
    }

    /// A job by its id. [`in_progress`](BulkOperation::in_progress) tells when it is done.
    ///
    /// Fails with [`is_not_found`](crate::Error::is_not_found) if there is none of this kind.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let job = client.bulk().event_retries().get("bch_1").await?;
    /// println!("{:.0} %", job.progress.unwrap_or(0.0) * 100.0);
    /// # Ok(()) }
    /// ```
    pub fn get(&self, id: impl AsRef<str>) -> Call<BulkOperation> {
        Call::new(self.bulk.prepare(K::GET, &[id.as_ref()]))
    }

    /// Stops a running job. What it has done by then stays done.
    ///
    /// Cancellations of events have no such end:
    ///
    /// ```compile_fail,E0277
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.bulk().event_cancels().cancel("bch_1").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// The others do:
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let job = client.bulk().event_retries().cancel("bch_1").await?;
    /// assert!(job.cancelled_at.is_some());
    /// # Ok(()) }
    /// ```
    pub fn cancel(&self, id: impl AsRef<str>) -> Call<BulkOperation>
    where
        K: Cancellable,
    {
        Call::new(self.bulk.prepare(K::CANCEL, &[id.as_ref()]))
    }
}
