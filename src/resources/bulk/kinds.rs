//! The kinds of bulk jobs, and what tells them apart.

use crate::call::RequestBody;
use crate::models::{
    BulkOperation, EventBulkFilter, EventBulkInput, EventFilter, IgnoredCause,
    IgnoredEventBulkFilter, IgnoredEventBulkInput, IgnoredEventRetryFilter, ReplayTarget,
    RequestBulkFilter, RequestBulkInput, RequestFilter, RequestReplayBulkInput,
    RequestReplayFilter,
};
use crate::operation::{Operation, ops};
use crate::query::{Filter, OneOrMany, Param, Query};

/// A kind of bulk job.
pub trait BulkKind: sealed::KindFacts<Input = Self::Query, Sent = Self::Body> + Clone {
    /// What says which events or requests a job works on: the filter of their list.
    type Query: Param + Clone + Send + Sync + 'static;
    /// What the list of jobs of this kind can be narrowed by.
    type Filter: Filter<Item = BulkOperation>;
    /// The body that starts a job.
    type Body: RequestBody<Reply = BulkOperation>;
}

/// A kind of bulk job that can be stopped.
pub trait Cancellable: BulkKind + sealed::Cancel {}

pub(super) mod sealed {
    use super::{Operation, Query};

    /// What tells the kinds apart, out of the sight of users.
    pub trait KindFacts {
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

        impl sealed::KindFacts for $kind {
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
    /// The same conditions for a [bulk replay](crate::resources::Bulk::request_replays), with where
    /// to replay to. An empty target means each request's own source.
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
