//! Metrics: counts, rates and latencies over time.

mod call;
mod granularity;
mod points;

use crate::models::{
    AttemptMetricsFilter, AttemptMetricsMeasure, CountMeasure, EventMetricsFilter,
    EventMetricsMeasure, IssueEventMetricsFilter, IssueId, PendingMetricsFilter,
    QueueDepthMetricsFilter, QueueDepthMetricsMeasure, RequestMetricsFilter, RequestMetricsMeasure,
    TransformationMetricsFilter, TransformationMetricsMeasure,
};
use crate::operation::{Operation, ops};
use crate::query::OneOrMany;
use crate::types::Timestamp;

pub use call::{MetricsCall, MetricsFilter};
pub use granularity::Granularity;

super::resource! {
    /// Metrics: what happened within a period, as one number a measure, or as a series of them over
    /// time, or broken down by dimensions.
    Metrics, metrics
}

/// A period of time, from its start up to its end.
type Period = std::ops::Range<Timestamp>;

impl Metrics {
    /// Measures the requests that came in: how many, how many were accepted, rejected or became no
    /// event.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use std::time::Duration;
    /// use hookdeck::models::{RequestMetricsDimension, RequestMetricsMeasure};
    /// use hookdeck::types::Timestamp;
    ///
    /// let now = Timestamp::now();
    /// let a_day_ago = now.checked_sub(Duration::from_secs(86_400)).expect("within range");
    /// let rejected = client
    ///     .metrics()
    ///     .requests(a_day_ago..now, [RequestMetricsMeasure::RejectedCount])
    ///     .dimensions([RequestMetricsDimension::RejectionCause])
    ///     .await?;
    /// for point in rejected.points() {
    ///     println!(
    ///         "{:?}: {:?}",
    ///         point.dimension(RequestMetricsDimension::RejectionCause),
    ///         point.value(RequestMetricsMeasure::RejectedCount),
    ///     );
    /// }
    /// # Ok(()) }
    /// ```
    pub fn requests(
        &self,
        period: Period,
        measures: impl IntoIterator<Item = RequestMetricsMeasure>,
    ) -> MetricsCall<RequestMetricsFilter> {
        self.measure(&ops::QUERY_REQUEST_METRICS, period, measures)
    }

    /// Measures events: how many, in which state, their error rate and attempts.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client, start: hookdeck::types::Timestamp, end: hookdeck::types::Timestamp) -> hookdeck::Result<()> {
    /// use hookdeck::models::{EventMetricsFilter, EventMetricsMeasure};
    /// use hookdeck::resources::Granularity;
    ///
    /// let by_hour = client
    ///     .metrics()
    ///     .events(start..end, [EventMetricsMeasure::Count, EventMetricsMeasure::ErrorRate])
    ///     .granularity(Granularity::hours(1))
    ///     .filter(&EventMetricsFilter::new().source_id("src_1"))
    ///     .await?;
    /// for point in by_hour.points() {
    ///     println!("{:?}: {:?}", point.time(), point.value(EventMetricsMeasure::ErrorRate));
    /// }
    /// # Ok(()) }
    /// ```
    pub fn events(
        &self,
        period: Period,
        measures: impl IntoIterator<Item = EventMetricsMeasure>,
    ) -> MetricsCall<EventMetricsFilter> {
        self.measure(&ops::QUERY_EVENT_METRICS, period, measures)
    }

    /// Measures attempts at delivery: how many, their error rate and latencies.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client, start: hookdeck::types::Timestamp, end: hookdeck::types::Timestamp) -> hookdeck::Result<()> {
    /// use hookdeck::models::{AttemptMetricsDimension, AttemptMetricsMeasure};
    ///
    /// let slowest = client
    ///     .metrics()
    ///     .attempts(start..end, [AttemptMetricsMeasure::ResponseLatencyP99])
    ///     .dimensions([AttemptMetricsDimension::DestinationId])
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn attempts(
        &self,
        period: Period,
        measures: impl IntoIterator<Item = AttemptMetricsMeasure>,
    ) -> MetricsCall<AttemptMetricsFilter> {
        self.measure(&ops::QUERY_ATTEMPT_METRICS, period, measures)
    }

    /// Counts the events of issues. At least one issue is needed.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client, start: hookdeck::types::Timestamp, end: hookdeck::types::Timestamp) -> hookdeck::Result<()> {
    /// use hookdeck::models::{CountMeasure, IssueEventMetricsDimension};
    ///
    /// let affected = client
    ///     .metrics()
    ///     .events_by_issue(["iss_1", "iss_2"], start..end)
    ///     .dimensions([IssueEventMetricsDimension::IssueId])
    ///     .await?;
    /// for point in affected.points() {
    ///     println!("{:?}", point.value(CountMeasure::Count));
    /// }
    /// # Ok(()) }
    /// ```
    pub fn events_by_issue(
        &self,
        issues: impl IntoIterator<Item = impl Into<IssueId>>,
        period: Period,
    ) -> MetricsCall<IssueEventMetricsFilter> {
        let issues: Vec<IssueId> = issues.into_iter().map(Into::into).collect();
        let none = issues.is_empty();
        let filter = IssueEventMetricsFilter::new().issue_id(OneOrMany::Many(issues));
        let operation = &ops::QUERY_EVENTS_BY_ISSUE_METRICS;
        let mut call = self.prepare(operation, &[]);
        if none {
            call.refuse("no issue is given, and the API needs one".to_owned());
        }
        MetricsCall::new(call, period, [CountMeasure::Count]).filter(&filter)
    }

    /// Measures the queues of destinations: how many events waited, and how long.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client, start: hookdeck::types::Timestamp, end: hookdeck::types::Timestamp) -> hookdeck::Result<()> {
    /// use hookdeck::models::{QueueDepthMetricsFilter, QueueDepthMetricsMeasure};
    ///
    /// let queue = client
    ///     .metrics()
    ///     .queue_depth(start..end, [QueueDepthMetricsMeasure::MaxDepth])
    ///     .filter(&QueueDepthMetricsFilter::new().destination_id("des_1"))
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn queue_depth(
        &self,
        period: Period,
        measures: impl IntoIterator<Item = QueueDepthMetricsMeasure>,
    ) -> MetricsCall<QueueDepthMetricsFilter> {
        self.measure(&ops::QUERY_QUEUE_DEPTH_METRICS, period, measures)
    }

    /// Measures runs of transformations: how many, how they ended, what they logged.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client, start: hookdeck::types::Timestamp, end: hookdeck::types::Timestamp) -> hookdeck::Result<()> {
    /// use hookdeck::models::TransformationMetricsMeasure;
    ///
    /// let failed = client
    ///     .metrics()
    ///     .transformations(start..end, [TransformationMetricsMeasure::FailedCount])
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn transformations(
        &self,
        period: Period,
        measures: impl IntoIterator<Item = TransformationMetricsMeasure>,
    ) -> MetricsCall<TransformationMetricsFilter> {
        self.measure(&ops::QUERY_TRANSFORMATION_METRICS, period, measures)
    }

    /// Counts the events that waited for their delivery.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client, start: hookdeck::types::Timestamp, end: hookdeck::types::Timestamp) -> hookdeck::Result<()> {
    /// use hookdeck::models::CountMeasure;
    /// use hookdeck::resources::Granularity;
    ///
    /// let pending = client
    ///     .metrics()
    ///     .events_pending(start..end)
    ///     .granularity(Granularity::minutes(5))
    ///     .await?;
    /// let most = pending.points().iter().filter_map(|point| point.value(CountMeasure::Count));
    /// println!("{:?}", most.reduce(f64::max));
    /// # Ok(()) }
    /// ```
    pub fn events_pending(&self, period: Period) -> MetricsCall<PendingMetricsFilter> {
        let operation = &ops::QUERY_EVENTS_PENDING_TIMESERIES_METRICS;
        self.measure(operation, period, [CountMeasure::Count])
    }

    fn measure<F: MetricsFilter>(
        &self,
        operation: &'static Operation,
        period: Period,
        measures: impl IntoIterator<Item = F::Measure>,
    ) -> MetricsCall<F> {
        MetricsCall::new(self.prepare(operation, &[]), period, measures)
    }
}
