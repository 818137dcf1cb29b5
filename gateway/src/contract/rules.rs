//! Rules of a connection, whose violations the live API wraps in a sentence of their own.

use serde_json::Value;

use super::check::{Checker, Dropped};
use super::schema::Schema;
use super::variants;
use super::violation::{Path, Violation};

/// Where the fields of a deduplicate rule may begin.
const ROOTS: [&str; 4] = ["headers", "body", "query", "path"];

/// Checks one rule. All its violations end in one message, which names places inside the rule.
pub fn check(
    checker: &Checker<'_>,
    union: &Schema,
    input: &Value,
    path: &Path,
    out: &mut Vec<Violation>,
) -> Value {
    let contract = checker.contract;
    let Some(schema) = variants::by_own_type(contract, contract.resolve(union), input) else {
        out.push(wrapped(path, "Invalid rule type"));
        return input.clone();
    };
    let mut rule = input.clone();
    normalize_status_codes(&mut rule);
    let mut inner = Vec::new();
    let dropped = Dropped::default();
    let mut within = checker.noting(&dropped);
    within.quotes = false;
    let typed = within.object(
        contract.resolve(schema),
        &rule,
        &Path::root(),
        &[],
        &[],
        &mut inner,
    );
    if let Some(all) = checker.dropped {
        let inside = dropped.take().into_iter();
        all.borrow_mut()
            .extend(inside.map(|name| format!("{path}.{name}")));
    }
    let mut messages: Vec<String> = inner.iter().map(Violation::to_string).collect();
    // The document requires it, the live API does not: the rule then means the transformation of that name.
    messages.retain(|message| message != "transformation.code is required");
    messages.extend(negative_numbers(&typed));
    match rule.get("type").and_then(Value::as_str) {
        Some("transform") if !has(&rule, "transformation_id") && !has(&rule, "transformation") => {
            messages.push(
                "value must contain at least one of [transformation_id, transformation]".to_owned(),
            );
        }
        // Looked at only when all else is right, and wrapped once more, as recorded.
        Some("deduplicate") if messages.is_empty() => {
            let fields = field_violations(&rule);
            messages.extend(fields.into_iter().next().map(|field| in_sentence(&field)));
        }
        _ => {}
    }
    if !messages.is_empty() {
        out.push(wrapped(path, &messages.join(". ")));
    }
    typed
}

fn wrapped(path: &Path, inner: &str) -> Violation {
    Violation::whole(path, in_sentence(inner))
}

fn in_sentence(inner: &str) -> String {
    format!(
        "Error code {inner} is not defined, your custom type is missing the correct messages definition"
    )
}

fn has(rule: &Value, name: &str) -> bool {
    rule.get(name).is_some_and(|value| !value.is_null())
}

/// Status codes are accepted as numbers and kept as text.
fn normalize_status_codes(rule: &mut Value) {
    if let Some(codes) = rule
        .get_mut("response_status_codes")
        .and_then(Value::as_array_mut)
    {
        for code in codes.iter_mut().filter(|code| code.is_u64()) {
            *code = Value::String(code.to_string());
        }
    }
}

/// Times and counts start at zero, which the schemas leave unsaid. A rule stored with less could not be carried out.
fn negative_numbers(rule: &Value) -> impl Iterator<Item = String> {
    ["delay", "interval", "count"]
        .into_iter()
        .filter_map(|name| {
            let number = rule.get(name)?.as_f64()?;
            (number < 0.0).then(|| format!("{name} must be greater than or equal to 0"))
        })
}

fn field_violations(rule: &Value) -> Vec<String> {
    let mut messages = Vec::new();
    for list in ["include_fields", "exclude_fields"] {
        for field in rule
            .get(list)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            let root = field.split(['.', '[']).next().unwrap_or_default();
            if !ROOTS.contains(&root) {
                let roots = ROOTS.join(", ");
                messages.push(format!(
                    "Invalid field path: {field}. Must start with: {roots}"
                ));
            }
        }
    }
    messages
}
