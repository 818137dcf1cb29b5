//! Rules of connections, built by what they do.

use std::time::Duration;

use super::checks::{ensure, is_request_field, within};
use super::statuses::{StatusMatch, is_expression, retries};
use crate::models::{
    DeduplicateRule, DelayRule, FilterRule, RetryRule, RetryStrategy, Rule, RuleTransformation,
    TransformRule, TransformationId,
};
use crate::types::Patch;

/// The most automatic retries a rule can ask for.
const RETRIES: u32 = 50;
/// The most entries a list of statuses can have.
const STATUSES: usize = 10;
/// The windows of deduplication, in milliseconds.
const WINDOWS: std::ops::RangeInclusive<u64> = 1_000..=3_600_000;
/// The longest time in milliseconds that survives a reader which keeps numbers as doubles.
const LONGEST: u64 = (1 << 53) - 1;

impl Rule {
    /// Retries failed deliveries automatically: 50 times at most, and for a week at most.
    ///
    /// ```
    /// use std::time::Duration;
    /// use hookdeck::configuration::StatusMatch;
    /// use hookdeck::models::Rule;
    ///
    /// let rule = Rule::retry()
    ///     .exponential(Duration::from_secs(30))
    ///     .count(5)
    ///     .on_status(500..=599)
    ///     .on_status(429)
    ///     .on_status(StatusMatch::except(501));
    /// assert_eq!(
    ///     serde_json::to_value(Rule::from(rule))?,
    ///     serde_json::json!({
    ///         "type": "retry",
    ///         "strategy": "exponential",
    ///         "interval": 30_000,
    ///         "count": 5,
    ///         "response_status_codes": ["500-599", "429", "!501"],
    ///     }),
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub const fn retry() -> RetryBuilder {
        RetryBuilder(())
    }

    /// Lets only events through that match. All the parts that are given must.
    ///
    /// ```
    /// use hookdeck::models::Rule;
    /// use serde_json::json;
    ///
    /// let rule = Rule::filter()
    ///     .body(json!({"type": "order.created", "total": {"$gte": 100}}))
    ///     .headers(json!({"x-shop": "eu"}));
    /// ```
    #[must_use]
    pub fn filter() -> FilterRule {
        FilterRule::new()
    }

    /// Holds every event back for so long before its first delivery, in whole milliseconds.
    ///
    /// ```
    /// use std::time::Duration;
    /// use hookdeck::models::Rule;
    ///
    /// let rule = Rule::delay(Duration::from_secs(60));
    /// assert_eq!(serde_json::to_string(&rule)?, r#"{"type":"delay","delay":60000}"#);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn delay(delay: Duration) -> Self {
        Self::Delay(DelayRule::new(millis(delay)))
    }

    /// Drops repeats of a request that come within the window, from one second to one hour.
    ///
    /// The whole request is compared, unless it is said which fields to compare or which to leave
    /// out; the API refuses both at once:
    ///
    /// ```
    /// use std::time::Duration;
    /// use hookdeck::models::Rule;
    ///
    /// let window = Duration::from_secs(300);
    /// let same_request = Rule::deduplicate(window);
    /// let same_order = Rule::deduplicate(window).include(["body.order.id"]);
    /// let same_but_for_the_date = Rule::deduplicate(window).exclude(["headers.date"]);
    /// ```
    ///
    /// ```compile_fail,E0599
    /// # use std::time::Duration;
    /// # use hookdeck::models::Rule;
    /// Rule::deduplicate(Duration::from_secs(300)).include(["body"]).exclude(["headers"]);
    /// ```
    pub fn deduplicate(window: Duration) -> Deduplication {
        Deduplication {
            window: millis(window),
        }
    }

    /// Runs a transformation on every request.
    ///
    /// ```
    /// use hookdeck::models::Rule;
    ///
    /// let rule = Rule::transform("trs_1");
    /// ```
    #[must_use]
    pub fn transform(id: impl Into<TransformationId>) -> Self {
        Self::Transform(TransformRule::new().transformation_id(id))
    }

    /// Runs the transformation of this name, which is created, or **rewritten** if it exists. To run
    /// one as it is, give its id to [`Rule::transform`].
    ///
    /// ```
    /// use hookdeck::models::Rule;
    ///
    /// let rule = Rule::transform_code("tag", "addHandler('transform', (request) => request)");
    /// ```
    #[must_use]
    pub fn transform_code(name: impl Into<String>, code: impl Into<String>) -> Self {
        let transformation = RuleTransformation::new(code, name);
        Self::Transform(TransformRule::new().transformation(transformation))
    }

    /// What the API would refuse. Types this version does not know are left to it.
    pub(super) fn find_problem(&self) -> Result<(), String> {
        match self {
            Self::Retry(rule) => rule.find_problem(),
            Self::Deduplicate(rule) => rule.find_problem(),
            Self::Delay(rule) => in_range("delay", rule.delay),
            Self::Transform(rule) => rule.find_problem(),
            Self::Filter(_) | Self::Unknown(_) => Ok(()),
        }
    }
}

/// A retry rule that still lacks its strategy; made by [`Rule::retry`].
#[derive(Clone, Copy, Debug)]
#[must_use = "a retry rule needs a strategy"]
pub struct RetryBuilder(());

impl RetryBuilder {
    /// The same wait before every retry, in whole milliseconds.
    #[must_use]
    pub fn linear(self, interval: Duration) -> RetryRule {
        RetryRule::new(RetryStrategy::Linear).interval(millis(interval))
    }

    /// A wait that doubles from retry to retry, beginning with this one, in whole milliseconds.
    #[must_use]
    pub fn exponential(self, interval: Duration) -> RetryRule {
        RetryRule::new(RetryStrategy::Exponential).interval(millis(interval))
    }
}

impl RetryRule {
    /// Retries every failure but these: whatever is not 2xx or one of them.
    ///
    /// ```
    /// use std::time::Duration;
    /// use hookdeck::models::Rule;
    ///
    /// let rule = Rule::retry().linear(Duration::from_secs(30)).on_failures_except([410, 413]);
    /// assert!(rule.retries(500) && !rule.retries(410) && !rule.retries(200));
    /// ```
    #[must_use]
    pub fn on_failures_except(self, statuses: impl IntoIterator<Item = u16>) -> Self {
        let failures = self.on_status(300..);
        let exclusions = statuses.into_iter().map(StatusMatch::except);
        exclusions.fold(failures, Self::on_status)
    }

    /// Whether a delivery that was answered with this status is made again, as far as attempts are left.
    ///
    /// Without a list that is every answer but a 2xx; with one, what [`retries`] says of it.
    ///
    /// ```
    /// use std::time::Duration;
    /// use hookdeck::configuration::StatusMatch;
    /// use hookdeck::models::Rule;
    ///
    /// let rule = || Rule::retry().linear(Duration::from_secs(30));
    /// assert!(rule().retries(404) && !rule().retries(204));
    /// // A trap: nothing but exclusions covers success as well.
    /// assert!(rule().on_status(StatusMatch::except(410)).retries(200));
    /// ```
    #[must_use]
    pub fn retries(&self, status: u16) -> bool {
        match self.response_status_codes.value() {
            Some(statuses) => retries(statuses, status),
            None => !(200..300).contains(&status),
        }
    }

    /// Retries only answers like this one, beside those named before; ten entries at most.
    ///
    /// Without any, every failure is retried. The order counts: the last entry that speaks about a status
    /// decides. With nothing but [exclusions](StatusMatch::except) everything else is retried, success too;
    /// [`retries`](RetryRule::retries) tells what a rule does.
    #[must_use]
    pub fn on_status(mut self, status: impl Into<StatusMatch>) -> Self {
        let mut statuses = self.response_status_codes.into_value().unwrap_or_default();
        statuses.push(status.into().into());
        self.response_status_codes = Patch::Value(statuses);
        self
    }

    fn find_problem(&self) -> Result<(), String> {
        if let Some(&count) = self.count.value() {
            let problem = format!("count is {count}, and the API retries {RETRIES} times at most");
            ensure(count <= RETRIES, problem)?;
        }
        if let Some(&interval) = self.interval.value() {
            in_range("interval", interval)?;
        }
        if let Some(statuses) = self.response_status_codes.value() {
            let problem = format!("response_status_codes has not 1 to {STATUSES} entries");
            ensure((1..=STATUSES).contains(&statuses.len()), problem)?;
            for status in statuses {
                let problem = format!(
                    "response_status_codes has {status:?}, which is no status from 200 to 599, \
                     range, comparison or exclusion"
                );
                ensure(is_expression(status), problem)?;
            }
        }
        Ok(())
    }
}

/// A deduplication of whole requests, unless told which fields count; made by
/// [`Rule::deduplicate`].
#[derive(Clone, Copy, Debug)]
#[must_use = "a rule does nothing until a connection has it"]
pub struct Deduplication {
    window: u64,
}

impl Deduplication {
    /// Compares only these fields: paths such as `body.id`, beginning with `headers`, `body`,
    /// `query` or `path`.
    #[must_use]
    pub fn include(self, fields: impl IntoIterator<Item = impl Into<String>>) -> Rule {
        Rule::Deduplicate(DeduplicateRule::new(self.window).include_fields(fields))
    }

    /// Compares everything but these fields, named as in [`include`](Deduplication::include).
    #[must_use]
    pub fn exclude(self, fields: impl IntoIterator<Item = impl Into<String>>) -> Rule {
        Rule::Deduplicate(DeduplicateRule::new(self.window).exclude_fields(fields))
    }
}

impl From<Deduplication> for Rule {
    fn from(whole: Deduplication) -> Self {
        Self::Deduplicate(DeduplicateRule::new(whole.window))
    }
}

impl DeduplicateRule {
    fn find_problem(&self) -> Result<(), String> {
        let problem = format!(
            "window is {} ms, and the API takes one second to one hour",
            self.window
        );
        ensure(WINDOWS.contains(&self.window), problem)?;
        ensure(
            self.include_fields.is_none() || self.exclude_fields.is_none(),
            "include_fields and exclude_fields are both set, and the API takes only one of them",
        )?;
        for field in [&self.include_fields, &self.exclude_fields]
            .into_iter()
            .flatten()
            .flatten()
        {
            let problem =
                format!("field {field:?} does not begin with `headers`, `body`, `query` or `path`");
            ensure(is_request_field(field), problem)?;
        }
        Ok(())
    }
}

impl TransformRule {
    fn find_problem(&self) -> Result<(), String> {
        let by_id = self.transformation_id.value().is_some();
        match &self.transformation {
            Some(_) if by_id => Err("transformation and transformation_id are both set".to_owned()),
            Some(given) => within("transformation", super::checks::name(&given.name)),
            None => ensure(
                by_id,
                "transformation_id is missing, and the rule has no code of its own",
            ),
        }
    }
}

/// Whole milliseconds; what is too long for them fails the check before sending.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn in_range(what: &str, millis: u64) -> Result<(), String> {
    ensure(
        millis <= LONGEST,
        format!("{what} is too long: {millis} ms"),
    )
}
