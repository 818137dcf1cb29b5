//! Reading what was measured.

use crate::models::{Metrics, MetricsPoint};
use crate::types::{Json, Timestamp};

impl Metrics {
    /// The points, one for each bucket of time and combination of dimensions.
    #[must_use]
    pub fn points(&self) -> &[MetricsPoint] {
        self.data.as_deref().unwrap_or_default()
    }
}

impl MetricsPoint {
    /// What was measured, if the point has it.
    ///
    /// ```
    /// use hookdeck::models::{EventMetricsMeasure, Metrics};
    ///
    /// let metrics: Metrics = serde_json::from_str(r#"{"data": [{"metrics": {"count": 3}}]}"#)?;
    /// assert_eq!(metrics.points()[0].value(EventMetricsMeasure::Count), Some(3.0));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn value(&self, measure: impl AsRef<str>) -> Option<f64> {
        self.metrics.as_ref()?.get(measure.as_ref()).copied()
    }

    /// The value of a dimension, if the point has it: text, a number, a boolean or null.
    #[must_use]
    pub fn dimension(&self, dimension: impl AsRef<str>) -> Option<&Json> {
        self.dimensions.as_ref()?.get(dimension.as_ref())
    }

    /// The start of the bucket, if the point has one.
    ///
    /// The contract leaves open how it is written. A time without a zone is taken as UTC; of what is
    /// no time at all, only [`time_bucket`](MetricsPoint::time_bucket) has the text.
    ///
    /// ```
    /// use hookdeck::models::MetricsPoint;
    ///
    /// let point: MetricsPoint = serde_json::from_str(r#"{"time_bucket": "2026-11-01 12:00:00"}"#)?;
    /// assert_eq!(point.time(), "2026-11-01T12:00:00Z".parse().ok());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        let text = self.time_bucket.as_deref()?;
        text.parse().or_else(|_| format!("{text}Z").parse()).ok()
    }
}
