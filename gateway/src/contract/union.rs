//! Unions whose alternative nothing names: a plain value, a list of them, or comparison operators.

use serde_json::{Map, Value};

use super::check::{Checker, Dropped, Mode};
use super::schema::{Kind, Schema};
use super::violation::{Path, Violation};

/// The first alternative that fits; if none does, what the live API would say about all of them.
pub fn check(
    checker: &Checker<'_>,
    schema: &Schema,
    input: &Value,
    path: &Path,
    out: &mut Vec<Violation>,
) -> Value {
    if let Some(parsed) = json_parameter(checker, schema, input) {
        return parsed;
    }
    let mut found = first_fit(&checker.strict(), schema, input, path);
    // Where a plain value would do too, a member that is not listed makes the object another thing, such as a
    // comparison that does not exist: dropping it would turn a condition into none.
    let objects_only = schema
        .alternatives
        .iter()
        .all(|choice| checker.contract.resolve(choice).kind == Some(Kind::Object));
    if let (Err(_), Some(dropped), true) = (&found, checker.dropped, objects_only) {
        let dropping = Dropped::default();
        found = first_fit(&checker.noting(&dropping), schema, input, path);
        if found.is_ok() {
            dropped.borrow_mut().extend(dropping.into_inner());
        }
    }
    found.unwrap_or_else(|failures| {
        out.extend(Violation::of_union(path, failures));
        input.clone()
    })
}

/// The value typed by the first alternative it fits, or what each of them has against it.
fn first_fit(
    checker: &Checker<'_>,
    schema: &Schema,
    input: &Value,
    path: &Path,
) -> Result<Value, Vec<Vec<Violation>>> {
    let mut failures = Vec::new();
    for choice in &schema.alternatives {
        let mut failure = Vec::new();
        if let Some(dropped) = checker.dropped {
            dropped.borrow_mut().clear();
        }
        let typed = alternative(checker, schema, choice, input, path, &mut failure);
        if failure.is_empty() {
            return Ok(typed);
        }
        failures.push(failure);
    }
    Err(failures)
}

fn alternative(
    checker: &Checker<'_>,
    union: &Schema,
    alternative: &Schema,
    input: &Value,
    path: &Path,
    out: &mut Vec<Violation>,
) -> Value {
    if alternative.reference_name() == Some("Operators") {
        return operators(checker, union, input, path, out);
    }
    if checker.contract.resolve(alternative).is_empty_object() {
        if !input.is_object() {
            out.push(Violation::not_a(path, "object"));
        }
        return input.clone();
    }
    checker.value(alternative, input, path, None, out)
}

/// `{gt, gte, lt, le, lte, any, all, contains}`. The document types all operands as moments; in truth they have
/// the type of the plain value that stands beside the operators in the union. `contains` takes text.
fn operators(
    checker: &Checker<'_>,
    union: &Schema,
    input: &Value,
    path: &Path,
    out: &mut Vec<Violation>,
) -> Value {
    let Value::Object(members) = input else {
        out.push(Violation::not_a(path, "object"));
        return input.clone();
    };
    let beside = union
        .alternatives
        .first()
        .map(|schema| checker.contract.resolve(schema));
    let mut typed = Map::new();
    for (name, value) in members {
        let at = path.key(name);
        let value = match (name.as_str(), beside) {
            ("any" | "all", _) => checker.boolean(value, &at, out),
            ("gt" | "gte" | "lt" | "le" | "lte", _)
                if value.is_null() || checker.is_textual_null(value) =>
            {
                Value::Null
            }
            ("gt" | "gte" | "lt" | "le" | "lte", Some(plain)) => {
                operand(checker, plain, value, &at, out)
            }
            ("contains", _) if value.is_string() => value.clone(),
            ("contains", _) => {
                out.push(Violation::not_a(&at, "string"));
                continue;
            }
            _ => {
                out.push(Violation::not_allowed(&at));
                continue;
            }
        };
        typed.insert(name.clone(), value);
    }
    Value::Object(typed)
}

/// A bound of a comparison: of the type of the plain value, without its limits.
fn operand(
    checker: &Checker<'_>,
    schema: &Schema,
    value: &Value,
    path: &Path,
    out: &mut Vec<Violation>,
) -> Value {
    let plain = Schema {
        kind: schema.kind,
        format: schema.format.clone(),
        ..Schema::default()
    };
    match plain.kind {
        Some(Kind::Integer | Kind::Number) => checker.number(&plain, value, path, out),
        _ => checker.string(&plain, value, path, out),
    }
}

/// The parameters `headers`, `body` and `parsed_query` carry JSON as text. Text that is no JSON object or array
/// stays text.
fn json_parameter(checker: &Checker<'_>, schema: &Schema, input: &Value) -> Option<Value> {
    let [text, object] = schema.alternatives.as_slice() else {
        return None;
    };
    let is_json =
        checker.mode != Mode::Reply && text.kind == Some(Kind::String) && object.is_empty_object();
    let text = input.as_str().filter(|_| is_json)?;
    let parsed = serde_json::from_str::<Value>(text)
        .ok()
        .filter(|value| value.is_object() || value.is_array());
    Some(parsed.unwrap_or_else(|| input.clone()))
}
