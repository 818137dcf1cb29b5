//! Which trigger is responsible for a failure.
//!
//! A trigger covers things by a list of their ids or by a pattern of their names, in which `*` stands
//! for any text; with `!` in front it covers everything but what fits the pattern. Of several that cover the same failure the most exact one is responsible, and it
//! alone: a list before a pattern, the longer list, the pattern with more text, what is left by a `!`, the
//! older trigger.

use rusqlite::{Connection, named_params};
use serde_json::Value;

use crate::store::StoreError;
use crate::wire::IssueType;

/// A trigger that is not disabled.
#[derive(Debug)]
pub(super) struct IssueTrigger {
    pub(super) id: String,
    pub(super) issue_type: IssueType,
    pub(super) configs: Value,
}

/// What a trigger may cover.
#[derive(Debug)]
pub(super) struct IssueSubject<'a> {
    id: &'a str,
    name: Option<&'a str>,
}

/// How exactly a trigger covers a subject; more is more exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exactness {
    /// By `*`.
    Everything,
    /// By a `!` before a pattern with this much text beside its stars.
    AllBut(usize),
    /// By a pattern with this much text beside its stars.
    Pattern(usize),
    /// By a list of this length.
    List(usize),
}

impl<'a> IssueSubject<'a> {
    pub(super) fn new(id: &'a str, name: Option<&'a str>) -> Self {
        Self { id, name }
    }

    /// Whether and how exactly a list of ids or a pattern covers the subject.
    pub(super) fn covered_by(&self, choice: &Value) -> Option<Exactness> {
        match choice {
            Value::Array(ids) => ids
                .iter()
                .any(|id| id == self.id)
                .then_some(Exactness::List(ids.len())),
            Value::String(choice) => {
                let (negated, pattern) = match choice.strip_prefix('!') {
                    Some(pattern) => (true, pattern),
                    None => (false, choice.as_str()),
                };
                let fits = matches(pattern, self.name.unwrap_or_default()) || pattern == self.id;
                let text = pattern.chars().filter(|c| *c != '*').count();
                (fits != negated).then_some(match (negated, text) {
                    (true, text) => Exactness::AllBut(text),
                    (false, 0) => Exactness::Everything,
                    (false, text) => Exactness::Pattern(text),
                })
            }
            _ => None,
        }
    }
}

/// The trigger of a type that covers a failure most exactly, by what `cover` says of its configs.
pub(super) fn responsible<T: Ord>(
    conn: &Connection,
    issue_type: IssueType,
    cover: impl Fn(&Value) -> Option<T>,
) -> Result<Option<IssueTrigger>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id, configs FROM issue_triggers WHERE type = :type AND disabled_at IS NULL
         ORDER BY created_at, seq",
    )?;
    let mut rows = statement.query(named_params! { ":type": issue_type })?;
    let mut best: Option<(T, IssueTrigger)> = None;
    while let Some(row) = rows.next()? {
        let configs: String = row.get(1)?;
        let configs = serde_json::from_str(&configs).map_err(|error| {
            StoreError::Unusable(format!("configs of an issue trigger: {error}"))
        })?;
        let Some(exactness) = cover(&configs) else {
            continue;
        };
        if best.as_ref().is_none_or(|(best, _)| exactness > *best) {
            let id = row.get(0)?;
            best = Some((
                exactness,
                IssueTrigger {
                    id,
                    issue_type,
                    configs,
                },
            ));
        }
    }
    Ok(best.map(|(_, trigger)| trigger))
}

/// Whether `name` fits `pattern`, in which `*` stands for any text.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name, fits) in [
            ("*", "", true),
            ("*", "orders", true),
            ("", "", true),
            ("orders", "orders", true),
            ("orders", "orders-eu", false),
            ("orders*", "orders-eu", true),
            ("*eu", "orders-eu", true),
            ("o*s*u", "orders-eu", true),
            ("o*x*u", "orders-eu", false),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn a_list_is_more_exact_than_a_pattern_and_a_longer_one_more_than_a_shorter() {
        let subject = IssueSubject::new("web_1", Some("orders"));
        let ranked: Vec<_> = [
            json!("*"),
            json!("!staging-*"),
            json!("or*"),
            json!("orders"),
            json!(["web_1"]),
            json!(["web_1", "web_2"]),
        ]
        .iter()
        .map(|choice| subject.covered_by(choice).unwrap())
        .collect();
        assert!(ranked.is_sorted_by(|a, b| a < b), "{ranked:?}");
        assert_eq!(subject.covered_by(&json!(["web_2"])), None);
        assert_eq!(subject.covered_by(&json!("x*")), None);
    }

    #[test]
    fn a_pattern_may_exclude() {
        for (choice, id, name, covered) in [
            ("!staging-*", "web_1", Some("orders"), true),
            ("!staging-*", "web_1", Some("staging-orders"), false),
            ("!staging-*", "web_1", None, true),
            ("!web_1", "web_1", Some("orders"), false),
            ("!web_1", "web_2", Some("orders"), true),
            ("!*", "web_1", Some("orders"), false),
            ("!", "web_1", Some("orders"), true),
            ("!!staging", "web_1", Some("orders"), true),
            ("orders-!", "web_1", Some("orders-!"), true),
        ] {
            let exactness = IssueSubject::new(id, name).covered_by(&json!(choice));
            assert_eq!(exactness.is_some(), covered, "{choice} {id} {name:?}");
        }
    }
}
