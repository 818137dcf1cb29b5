//! The rules of a connection: what they are, and what they say about a request or a failed attempt.
//!
//! Rules keep the order they were given in, because filters and transformations run in it: [`Rules::next`] walks
//! them. `retry`, `delay` and `deduplicate` stand outside of the order.

pub mod deduplicate;
mod field_path;
pub mod filter;
pub mod group;
mod javascript;
mod reference;
pub mod retry;
mod status;

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use deduplicate::DeduplicateRule;
use filter::{Filter, FilterPart, RequestParts};
use retry::RetryRule;

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// Lets only matching requests through.
    Filter(Filter),
    /// Says when a failed event is tried again.
    Retry(RetryRule),
    /// Holds every event back for this long after its creation.
    Delay(Duration),
    /// Rewrites the request.
    Transform {
        /// The transformation it runs. A stored rule always names one.
        transformation_id: Option<String>,
    },
    /// Drops repeated requests.
    Deduplicate(DeduplicateRule),
}

/// The rules of one connection, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules(Vec<Rule>);

/// What the rules make of a request, as far as they have been walked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleStep<'a> {
    /// An event is created.
    Accepted,
    /// A filter did not match; these parts of it failed.
    Filtered(Vec<FilterPart>),
    /// The request is to be transformed, and the walk goes on at `next` with what comes of it.
    Transform {
        /// The transformation; nothing if the rule names none.
        transformation_id: Option<&'a str>,
        /// Where the walk goes on.
        next: usize,
    },
}

/// A rule that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleError {
    /// Its place in the array.
    pub index: usize,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rules[{}]: {}", self.index, self.message)
    }
}

impl std::error::Error for RuleError {}

impl Rules {
    /// Reads the `rules` array of a connection; null is no rules.
    ///
    /// # Errors
    ///
    /// At the first rule that cannot be understood. The contract's validation finds nearly all of these before; what
    /// it lets pass and this refuses are negative numbers.
    pub fn parse(rules: &Value) -> Result<Self, RuleError> {
        let items: &[Value] = match rules {
            Value::Null => &[],
            Value::Array(items) => items,
            _ => {
                return Err(RuleError {
                    index: 0,
                    message: "rules must be an array".to_owned(),
                });
            }
        };
        let parsed = items.iter().enumerate().map(|(index, item)| {
            let members = item
                .as_object()
                .ok_or_else(|| "a rule must be an object".to_owned());
            members
                .and_then(Rule::parse)
                .map_err(|message| RuleError { index, message })
        });
        parsed.collect::<Result<_, _>>().map(Self)
    }

    /// The retry rule; the last one, should there be several.
    pub fn retry(&self) -> Option<&RetryRule> {
        self.0.iter().rev().find_map(|rule| match rule {
            Rule::Retry(retry) => Some(retry),
            _ => None,
        })
    }

    /// How long events are held back; zero without a delay rule. The last rule counts, should there be several.
    pub fn delay(&self) -> Duration {
        let delay = self.0.iter().rev().find_map(|rule| match rule {
            Rule::Delay(delay) => Some(*delay),
            _ => None,
        });
        delay.unwrap_or_default()
    }

    /// The deduplicate rule; the last one, should there be several.
    pub fn deduplicate(&self) -> Option<&DeduplicateRule> {
        self.0.iter().rev().find_map(|rule| match rule {
            Rule::Deduplicate(deduplicate) => Some(deduplicate),
            _ => None,
        })
    }

    /// Applies filters to a request, in order from the rule with index `from` on, until one fails or a
    /// transformation has to be run.
    pub fn next(&self, from: usize, parts: &RequestParts<'_>) -> RuleStep<'_> {
        for (index, rule) in self.0.iter().enumerate().skip(from) {
            match rule {
                Rule::Filter(filter) => {
                    let failing = filter.failing(parts);
                    if !failing.is_empty() {
                        return RuleStep::Filtered(failing);
                    }
                }
                Rule::Transform { transformation_id } => {
                    return RuleStep::Transform {
                        transformation_id: transformation_id.as_deref(),
                        next: index + 1,
                    };
                }
                Rule::Retry(_) | Rule::Delay(_) | Rule::Deduplicate(_) => {}
            }
        }
        RuleStep::Accepted
    }
}

impl Rule {
    fn parse(rule: &Map<String, Value>) -> Result<Self, String> {
        match rule.get("type").and_then(Value::as_str) {
            Some("filter") => Ok(Self::Filter(Filter::parse(rule))),
            Some("retry") => RetryRule::parse(rule).map(Self::Retry),
            Some("delay") => Ok(Self::Delay(
                millis(rule, "delay")?.ok_or("delay is required")?,
            )),
            Some("transform") => {
                let id = rule.get("transformation_id").and_then(Value::as_str);
                Ok(Self::Transform {
                    transformation_id: id.map(str::to_owned),
                })
            }
            Some("deduplicate") => Ok(Self::Deduplicate(DeduplicateRule {
                window: millis(rule, "window")?.ok_or("window is required")?,
                include_fields: strings(rule, "include_fields")?,
                exclude_fields: strings(rule, "exclude_fields")?,
            })),
            Some(other) => Err(format!("there is no rule type {other}")),
            None => Err("type is required".to_owned()),
        }
    }
}

/// A number of milliseconds; null counts as absent.
fn millis(rule: &Map<String, Value>, name: &str) -> Result<Option<Duration>, String> {
    match rule.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            Some(millis) => Ok(Some(Duration::from_millis(millis))),
            None => Err(format!(
                "{name} must be a whole number of milliseconds, zero or more"
            )),
        },
    }
}

fn strings(rule: &Map<String, Value>, name: &str) -> Result<Vec<String>, String> {
    let wrong = || format!("{name} must be a list of strings");
    match rule.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong))
            .collect(),
        Some(_) => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parts<'a>(headers: &'a Value, body: &'a Value) -> RequestParts<'a> {
        RequestParts {
            headers,
            body,
            query: &Value::Null,
            path: &Value::Null,
        }
    }

    #[test]
    fn order_is_kept() {
        let rules = Rules::parse(&json!([
            {"type": "delay", "delay": 1500},
            {"type": "filter", "body": {"a": 1}},
            {"type": "transform", "transformation_id": "trs_1"},
            {"type": "filter", "headers": null},
            {"type": "deduplicate", "window": 1000, "include_fields": ["body.id"]},
            {"type": "retry", "strategy": "linear", "interval": 1000, "count": 3},
        ]))
        .unwrap();
        let kinds: Vec<&str> = rules
            .0
            .iter()
            .map(|rule| match rule {
                Rule::Filter(_) => "filter",
                Rule::Retry(_) => "retry",
                Rule::Delay(_) => "delay",
                Rule::Transform { .. } => "transform",
                Rule::Deduplicate(_) => "deduplicate",
            })
            .collect();
        assert_eq!(
            kinds,
            [
                "delay",
                "filter",
                "transform",
                "filter",
                "deduplicate",
                "retry"
            ]
        );
        assert_eq!(rules.delay(), Duration::from_millis(1500));
        assert!(rules.retry().is_some());
        assert_eq!(
            rules.deduplicate().map(|rule| rule.window),
            Some(Duration::from_secs(1))
        );
    }

    #[test]
    fn no_rules_accept_everything() {
        for empty in [json!(null), json!([])] {
            let rules = Rules::parse(&empty).unwrap();
            assert_eq!(
                rules.next(0, &parts(&Value::Null, &Value::Null)),
                RuleStep::Accepted
            );
            assert_eq!(rules.delay(), Duration::ZERO);
            assert_eq!(rules.retry(), None);
            assert_eq!(rules.deduplicate(), None);
        }
    }

    #[test]
    fn the_first_failing_filter_decides() {
        let rules = Rules::parse(&json!([
            {"type": "filter", "body": {"a": 1}},
            {"type": "filter", "headers": {"x": "1"}, "body": {"b": 1}},
        ]))
        .unwrap();
        let headers = json!({"x": "2"});
        let verdict = |body: Value| rules.next(0, &parts(&headers, &body));
        assert_eq!(
            verdict(json!({"a": 2})),
            RuleStep::Filtered(vec![FilterPart::Body])
        );
        assert_eq!(
            verdict(json!({"a": 1, "b": 1})),
            RuleStep::Filtered(vec![FilterPart::Headers])
        );
        assert_eq!(
            verdict(json!({"a": 1})),
            RuleStep::Filtered(vec![FilterPart::Body, FilterPart::Headers])
        );
        let matching = json!({"x": "1"});
        assert_eq!(
            rules.next(0, &parts(&matching, &json!({"a": 1, "b": 1}))),
            RuleStep::Accepted
        );
    }

    #[test]
    fn filters_and_transformations_take_turns() {
        let rules = Rules::parse(&json!([
            {"type": "filter", "body": {"a": 1}},
            {"type": "transform", "transformation_id": "trs_1"},
            {"type": "deduplicate", "window": 1000},
            {"type": "filter", "body": {"b": 1}},
        ]))
        .unwrap();
        let next = |from, body: Value| rules.next(from, &parts(&Value::Null, &body));
        assert_eq!(
            next(0, json!({"a": 2})),
            RuleStep::Filtered(vec![FilterPart::Body])
        );
        let transform = RuleStep::Transform {
            transformation_id: Some("trs_1"),
            next: 2,
        };
        assert_eq!(next(0, json!({"a": 1})), transform);
        assert_eq!(
            next(2, json!({"a": 1})),
            RuleStep::Filtered(vec![FilterPart::Body])
        );
        assert_eq!(next(2, json!({"b": 1})), RuleStep::Accepted);
    }

    #[test]
    fn what_cannot_be_understood_is_named() {
        for (rules, message) in [
            (json!({}), "rules[0]: rules must be an array"),
            (json!([1]), "rules[0]: a rule must be an object"),
            (
                json!([{"type": "delay", "delay": 1}, {}]),
                "rules[1]: type is required",
            ),
            (
                json!([{"type": "alert"}]),
                "rules[0]: there is no rule type alert",
            ),
            (json!([{"type": "delay"}]), "rules[0]: delay is required"),
            (
                json!([{"type": "delay", "delay": -1}]),
                "rules[0]: delay must be a whole number of milliseconds, zero or more",
            ),
            (
                json!([{"type": "deduplicate", "window": 1000, "exclude_fields": [1]}]),
                "rules[0]: exclude_fields must be a list of strings",
            ),
        ] {
            assert_eq!(Rules::parse(&rules).unwrap_err().to_string(), message);
        }
    }
}
