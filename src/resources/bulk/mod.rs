//! Bulk jobs: one operation on everything a filter lets through.

use std::marker::PhantomData;

use crate::call::{Call, List, RequestBody, Write};
use crate::models::{
    BulkOperation, BulkPlan, EventBulkFilter, EventBulkInput, EventFilter, IgnoredCause,
    IgnoredEventBulkFilter, IgnoredEventBulkInput, IgnoredEventRetryFilter, ReplayTarget,
    RequestBulkFilter, RequestBulkInput, RequestFilter, RequestReplayBulkInput,
    RequestReplayFilter,
};
use crate::operation::{Operation, ops};
use crate::query::{Filter, OneOrMany, Param, Query};

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
    /// [`IgnoredCause::CliDisconnected`]: it is looked for again.
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
    /// An empty query is refused before it is sent. Fails with status 422 if a job of the same query
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

/// A kind of bulk job.
pub trait BulkKind: sealed::Kind<Input = Self::Query, Sent = Self::Body> + Clone {
    /// What says which events or requests a job works on: the filter of their list.
    type Query: Param + Clone + Send + Sync + 'static;
    /// What the list of jobs of this kind can be narrowed by.
    type Filter: Filter<Item = BulkOperation>;
    /// The body that starts a job.
    type Body: RequestBody<Reply = BulkOperation>;
}

/// A kind of bulk job that can be stopped.
pub trait Cancellable: BulkKind + sealed::Cancel {}

mod sealed {
    use super::{Operation, Query};

    /// What tells the kinds apart, out of the sight of users.
    pub trait Kind {
        type Input;
        type Sent;
        const LIST: &'static Operation;
        const PLAN: &'static Operation;
        const CREATE: &'static Operation;
        const GET: &'static Operation;

        fn params(query: &Self::Input) -> &Query;
        fn body(query: Self::Input) -> Self::Sent;
        /// Why the API would refuse the query, or do more than was meant.
        fn problem(query: &Query) -> Option<&'static str>;
    }

    pub trait Cancel {
        const CANCEL: &'static Operation;
    }
}

macro_rules! kind {
    (
        $(#[$meta:meta])*
        $kind:ident($query:ty, $filter:ty, $body:ty) = $list:ident, $plan:ident, $create:ident, $get:ident
        $(, cancel $cancel:ident)? $(, needs $needed:literal: $why:literal)?;
        body |$input:ident| $built:expr
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        pub enum $kind {}

        impl BulkKind for $kind {
            type Query = $query;
            type Filter = $filter;
            type Body = $body;
        }

        impl sealed::Kind for $kind {
            type Input = $query;
            type Sent = $body;
            const LIST: &'static Operation = &ops::$list;
            const PLAN: &'static Operation = &ops::$plan;
            const CREATE: &'static Operation = &ops::$create;
            const GET: &'static Operation = &ops::$get;

            fn params(query: &$query) -> &Query {
                query.params()
            }

            fn body($input: $query) -> $body {
                $built
            }

            fn problem(query: &Query) -> Option<&'static str> {
                if query.is_empty() {
                    return Some("the query is empty, and the API refuses a job on everything");
                }
                $(
                    if query.get($needed).is_none() {
                        return Some($why);
                    }
                )?
                None
            }
        }

        $(
            impl Cancellable for $kind {}

            impl sealed::Cancel for $kind {
                const CANCEL: &'static Operation = &ops::$cancel;
            }
        )?
    };
}

kind! {
    /// Retries of events.
    EventRetries(EventFilter, EventBulkFilter, EventBulkInput) =
        GET_EVENT_BULK_RETRIES, GENERATE_EVENT_BULK_RETRY_PLAN, CREATE_EVENT_BULK_RETRY,
        GET_EVENT_BULK_RETRY, cancel CANCEL_EVENT_BULK_RETRY;
    body |query| EventBulkInput::new().query(query)
}

kind! {
    /// Cancellations of events.
    EventCancels(EventFilter, EventBulkFilter, EventBulkInput) =
        GET_EVENT_BULK_CANCELS, GENERATE_EVENT_BULK_CANCEL_PLAN, CREATE_EVENT_BULK_CANCEL,
        GET_EVENT_BULK_CANCEL;
    body |query| EventBulkInput::new().query(query)
}

kind! {
    /// Retries of requests.
    RequestRetries(RequestFilter, RequestBulkFilter, RequestBulkInput) =
        GET_REQUEST_BULK_RETRIES, GENERATE_REQUEST_BULK_RETRY_PLAN, CREATE_REQUEST_BULK_RETRY,
        GET_REQUEST_BULK_RETRY, cancel CANCEL_REQUEST_BULK_RETRY;
    body |query| RequestBulkInput::new().query(query)
}

kind! {
    /// Replays of requests.
    RequestReplays(RequestReplayFilter, RequestBulkFilter, RequestReplayBulkInput) =
        GET_REQUEST_BULK_REPLAYS, GENERATE_REQUEST_BULK_REPLAY_PLAN, CREATE_REQUEST_BULK_REPLAY,
        GET_REQUEST_BULK_REPLAY, cancel CANCEL_REQUEST_BULK_REPLAY,
        needs "target": "the query has no `target` to replay to";
    body |query| RequestReplayBulkInput::new(query)
}

kind! {
    /// Retries of ignored events.
    IgnoredEventRetries(IgnoredEventRetryFilter, IgnoredEventBulkFilter, IgnoredEventBulkInput) =
        GET_IGNORED_EVENT_BULK_RETRIES, GENERATE_IGNORED_EVENT_BULK_RETRY_PLAN,
        CREATE_IGNORED_EVENT_BULK_RETRY, GET_IGNORED_EVENT_BULK_RETRY,
        cancel CANCEL_IGNORED_EVENT_BULK_RETRY,
        needs "cause": "the query has no `cause`, and would send what filters hold back as well";
    body |query| IgnoredEventBulkInput::new().query(query)
}

impl RequestFilter {
    /// The same conditions for a [bulk replay](Bulk::request_replays), with where to replay to. An
    /// empty target means each request's own source.
    #[must_use]
    pub fn replayed_to(&self, target: ReplayTarget) -> RequestReplayFilter {
        let mut filter = RequestReplayFilter::new();
        for (name, value) in self.params().iter() {
            filter.params_mut().set(name.to_owned(), value.clone());
        }
        filter.target(target)
    }
}

impl IgnoredEventRetryFilter {
    /// Events ignored for one of these causes.
    ///
    /// ```
    /// use hookdeck::models::{IgnoredCause, IgnoredEventRetryFilter};
    ///
    /// IgnoredEventRetryFilter::caused_by([IgnoredCause::Disabled]).webhook_id("web_1");
    /// ```
    #[must_use]
    pub fn caused_by(causes: impl Into<OneOrMany<IgnoredCause>>) -> Self {
        Self::new().cause(causes)
    }
}

impl From<IgnoredCause> for IgnoredEventRetryFilter {
    fn from(cause: IgnoredCause) -> Self {
        Self::caused_by(cause)
    }
}

impl<const N: usize> From<[IgnoredCause; N]> for IgnoredEventRetryFilter {
    fn from(causes: [IgnoredCause; N]) -> Self {
        Self::caused_by(causes)
    }
}
