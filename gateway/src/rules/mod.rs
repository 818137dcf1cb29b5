//! The rules of a connection: what they are, and what they say about a request or a failed attempt.
//!
//! Rules keep the order they were given in, because filters and transformations run in it. `filter`, `retry` and
//! `delay` are carried out. `transform` and `deduplicate` are read and kept but not carried out yet:
//! [`Rules::not_executed`] names the first of them, so that a caller can refuse it rather than pretend.

pub mod filter;
mod javascript;
mod reference;
pub mod retry;
mod status;

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use filter::{Filter, Part, Parts};
use retry::Retry;

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// Lets only matching requests through.
    Filter(Filter),
    /// Says when a failed event is tried again.
    Retry(Retry),
    /// Holds every event back for this long after its creation.
    Delay(Duration),
    /// Rewrites the request. Not carried out yet.
    Transform {
        /// The transformation it runs, when given by id.
        transformation_id: Option<String>,
    },
    /// Drops repeated requests. Not carried out yet.
    Deduplicate {
        /// How long a request is remembered.
        window: Duration,
        /// The only fields that count, when listed.
        include_fields: Vec<String>,
        /// The fields that do not count.
        exclude_fields: Vec<String>,
    },
}

/// The rules of one connection, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules(Vec<Rule>);

/// What the rules make of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// An event is created.
    Accepted,
    /// A filter did not match; these parts of it failed.
    Filtered(Vec<Part>),
    /// A rule of this type stands in the way, and the gateway cannot carry it out.
    NotExecuted(&'static str),
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
    pub fn retry(&self) -> Option<&Retry> {
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

    /// The type of the first rule that the gateway does not carry out.
    pub fn not_executed(&self) -> Option<&'static str> {
        self.0.iter().find_map(Rule::not_executed)
    }

    /// Applies filters to a request, in order; the first that fails decides.
    pub fn evaluate(&self, parts: &Parts<'_>) -> Verdict {
        for rule in &self.0 {
            if let Some(name) = rule.not_executed() {
                return Verdict::NotExecuted(name);
            }
            if let Rule::Filter(filter) = rule {
                let failing = filter.failing(parts);
                if !failing.is_empty() {
                    return Verdict::Filtered(failing);
                }
            }
        }
        Verdict::Accepted
    }
}

impl Rule {
    fn parse(rule: &Map<String, Value>) -> Result<Self, String> {
        match rule.get("type").and_then(Value::as_str) {
            Some("filter") => Ok(Self::Filter(Filter::parse(rule))),
            Some("retry") => Retry::parse(rule).map(Self::Retry),
            Some("delay") => Ok(Self::Delay(
                millis(rule, "delay")?.ok_or("delay is required")?,
            )),
            Some("transform") => {
                let id = rule.get("transformation_id").and_then(Value::as_str);
                Ok(Self::Transform {
                    transformation_id: id.map(str::to_owned),
                })
            }
            Some("deduplicate") => Ok(Self::Deduplicate {
                window: millis(rule, "window")?.ok_or("window is required")?,
                include_fields: strings(rule, "include_fields")?,
                exclude_fields: strings(rule, "exclude_fields")?,
            }),
            Some(other) => Err(format!("there is no rule type {other}")),
            None => Err("type is required".to_owned()),
        }
    }

    /// The type of a rule that is kept but not carried out.
    fn not_executed(&self) -> Option<&'static str> {
        match self {
            Self::Transform { .. } => Some("transform"),
            Self::Deduplicate { .. } => Some("deduplicate"),
            Self::Filter(_) | Self::Retry(_) | Self::Delay(_) => None,
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

    fn parts<'a>(headers: &'a Value, body: &'a Value) -> Parts<'a> {
        Parts {
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
                Rule::Deduplicate { .. } => "deduplicate",
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
        assert_eq!(rules.not_executed(), Some("transform"));
    }

    #[test]
    fn no_rules_accept_everything() {
        for empty in [json!(null), json!([])] {
            let rules = Rules::parse(&empty).unwrap();
            assert_eq!(
                rules.evaluate(&parts(&Value::Null, &Value::Null)),
                Verdict::Accepted
            );
            assert_eq!(rules.delay(), Duration::ZERO);
            assert_eq!(rules.retry(), None);
            assert_eq!(rules.not_executed(), None);
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
        let verdict = |body: Value| rules.evaluate(&parts(&headers, &body));
        assert_eq!(
            verdict(json!({"a": 2})),
            Verdict::Filtered(vec![Part::Body])
        );
        assert_eq!(
            verdict(json!({"a": 1, "b": 1})),
            Verdict::Filtered(vec![Part::Headers])
        );
        assert_eq!(
            verdict(json!({"a": 1})),
            Verdict::Filtered(vec![Part::Body, Part::Headers])
        );
        let matching = json!({"x": "1"});
        assert_eq!(
            rules.evaluate(&parts(&matching, &json!({"a": 1, "b": 1}))),
            Verdict::Accepted
        );
    }

    #[test]
    fn what_is_not_carried_out_is_never_passed_over() {
        let rules = Rules::parse(&json!([
            {"type": "filter", "body": {"a": 1}},
            {"type": "deduplicate", "window": 1000},
        ]))
        .unwrap();
        assert_eq!(
            rules.evaluate(&parts(&Value::Null, &json!({"a": 1}))),
            Verdict::NotExecuted("deduplicate")
        );
        assert_eq!(
            rules.evaluate(&parts(&Value::Null, &json!({"a": 2}))),
            Verdict::Filtered(vec![Part::Body])
        );
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
