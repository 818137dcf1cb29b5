//! Calls for metrics, and what the endpoints can measure.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::time::Duration;

use super::{Granularity, Period};
use crate::call::{Call, CallFuture, Prepared, WithMeta};
use crate::error::Error;
use crate::models::{
    AttemptMetricsDimension, AttemptMetricsFilter, AttemptMetricsMeasure, CountMeasure,
    EventMetricsDimension, EventMetricsFilter, EventMetricsMeasure, IssueEventMetricsDimension,
    IssueEventMetricsFilter, Metrics, MetricsDateRange, PendingMetricsDimension,
    PendingMetricsFilter, QueueDepthMetricsDimension, QueueDepthMetricsFilter,
    QueueDepthMetricsMeasure, RequestMetricsDimension, RequestMetricsFilter, RequestMetricsMeasure,
    TransformationMetricsDimension, TransformationMetricsFilter, TransformationMetricsMeasure,
};
use crate::query::{OneOrMany, Param, Query, QueryValue};

/// A call for metrics; made by a method of [`Metrics`](super::Metrics).
///
/// It is refused before it is sent if the period is empty, no measure is asked for, or the
/// granularity is zero.
#[must_use = "a call does nothing until it is awaited"]
pub struct MetricsCall<F> {
    call: Call<Metrics>,
    conditions: Query,
    filter: PhantomData<fn() -> F>,
}

impl<F: MetricsFilter> MetricsCall<F> {
    pub(super) fn new(
        mut call: Prepared,
        period: Period,
        measures: impl IntoIterator<Item = F::Measure>,
    ) -> Self {
        if period.is_empty() {
            call.refuse("the period ends before it begins".to_owned());
        }
        let measures: Vec<F::Measure> = measures.into_iter().collect();
        if measures.is_empty() {
            call.refuse("no measure is given, and the API needs one".to_owned());
        }
        let range = MetricsDateRange::new().start(period.start).end(period.end);
        call.query.set("date_range", range.into_param());
        call.query
            .set("measures", OneOrMany::Many(measures).into_param());
        Self {
            call: Call::new(call),
            conditions: Query::new(),
            filter: PhantomData,
        }
    }

    /// Cuts the period into buckets of this size, each with points of its own. Without it there is
    /// one bucket.
    pub fn granularity(mut self, granularity: Granularity) -> Self {
        if granularity.is_empty() {
            self.call = self.call.refused("the granularity is zero");
        }
        self.param("granularity", granularity)
    }

    /// Breaks the measures down: a point for each combination of the values of these dimensions.
    pub fn dimensions(self, dimensions: impl IntoIterator<Item = F::Dimension>) -> Self {
        let dimensions: Vec<F::Dimension> = dimensions.into_iter().collect();
        if dimensions.is_empty() {
            return self;
        }
        self.param("dimensions", OneOrMany::Many(dimensions))
    }

    /// Measures only what the filter lets through, beside what was asked for before.
    pub fn filter(mut self, filter: &F) -> Self {
        for (name, value) in filter.conditions().iter() {
            self.conditions.set(name.to_owned(), value.clone());
        }
        let conditions = self
            .conditions
            .iter()
            .map(|(name, value)| (name.to_owned().into(), value.clone()))
            .collect();
        self.param("filters", QueryValue::Map(conditions))
    }

    /// Adds a query parameter that the SDK has no method for.
    pub fn param(mut self, name: impl Into<String>, value: impl Param) -> Self {
        self.call = self.call.param(name, value);
        self
    }

    /// Limits the whole call, its waits and retries included, in place of the client's
    /// [`Timeouts::total`](crate::Timeouts::total).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.call = self.call.timeout(timeout);
        self
    }

    /// Says whether the call may be repeated; a read may, unless told otherwise.
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.call = self.call.idempotent(idempotent);
        self
    }

    /// The call as a `curl` command. The key is left to the shell's `HOOKDECK_API_KEY`.
    #[must_use]
    pub fn to_curl(&self) -> String {
        self.call.to_curl()
    }

    /// Returns the metrics together with status, headers, quota and what the call took.
    pub fn with_meta(self) -> WithMeta<Metrics> {
        self.call.with_meta()
    }
}

impl<F> IntoFuture for MetricsCall<F> {
    type Output = Result<Metrics, Error>;
    type IntoFuture = CallFuture<Metrics>;

    fn into_future(self) -> CallFuture<Metrics> {
        self.call.into_future()
    }
}

impl<F> Clone for MetricsCall<F> {
    fn clone(&self) -> Self {
        Self {
            call: self.call.clone(),
            conditions: self.conditions.clone(),
            filter: PhantomData,
        }
    }
}

impl<F> fmt::Debug for MetricsCall<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MetricsCall").field(&self.call).finish()
    }
}

/// The filter of an endpoint of metrics, and what the endpoint can measure.
pub trait MetricsFilter: sealed::Conditions {
    /// What can be measured.
    type Measure: Param;
    /// What measures can be broken down by.
    type Dimension: Param;
}

mod sealed {
    pub trait Conditions {
        fn conditions(&self) -> &super::Query;
    }
}

macro_rules! endpoints {
    ($($filter:ty: $measure:ty, $dimension:ty;)*) => {$(
        impl MetricsFilter for $filter {
            type Measure = $measure;
            type Dimension = $dimension;
        }

        impl sealed::Conditions for $filter {
            fn conditions(&self) -> &Query {
                self.params()
            }
        }
    )*};
}

endpoints! {
    RequestMetricsFilter: RequestMetricsMeasure, RequestMetricsDimension;
    EventMetricsFilter: EventMetricsMeasure, EventMetricsDimension;
    AttemptMetricsFilter: AttemptMetricsMeasure, AttemptMetricsDimension;
    IssueEventMetricsFilter: CountMeasure, IssueEventMetricsDimension;
    QueueDepthMetricsFilter: QueueDepthMetricsMeasure, QueueDepthMetricsDimension;
    TransformationMetricsFilter: TransformationMetricsMeasure, TransformationMetricsDimension;
    PendingMetricsFilter: CountMeasure, PendingMetricsDimension;
}
