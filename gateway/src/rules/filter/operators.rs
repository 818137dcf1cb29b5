//! The comparisons of the filter language.

use std::cmp::Ordering;

use serde_json::Value;

use super::super::javascript::{compare, is_primitive, loosely_equal, stringify, text};

/// Whether a key of a schema is a comparison.
pub fn is_operator(name: &str) -> bool {
    matches!(
        name,
        "$eq"
            | "$neq"
            | "$in"
            | "$nin"
            | "$startsWith"
            | "$endsWith"
            | "$gt"
            | "$gte"
            | "$lt"
            | "$lte"
            | "$exist"
    )
}

/// Whether a value that is there compares as asked. What an operator cannot be applied to does not match, `$nin`
/// included.
pub fn holds(operator: &str, input: &Value, operand: &Value) -> bool {
    let ordered = |accepted: fn(Ordering) -> bool| {
        let comparable = |value: &Value| value.is_string() || value.is_number();
        comparable(input) && comparable(operand) && compare(input, operand).is_some_and(accepted)
    };
    match operator {
        "$eq" => equal(input, operand),
        "$neq" => !equal(input, operand),
        "$in" => contained(input, operand).unwrap_or(false),
        "$nin" => contained(input, operand).is_some_and(|found| !found),
        "$startsWith" => affixed(input, operand, |text, affix| text.starts_with(affix)),
        "$endsWith" => affixed(input, operand, |text, affix| text.ends_with(affix)),
        "$gt" => ordered(Ordering::is_gt),
        "$gte" => ordered(Ordering::is_ge),
        "$lt" => ordered(Ordering::is_lt),
        "$lte" => ordered(Ordering::is_le),
        // The input is there, be it null; a missing one is seen to where members are looked up.
        "$exist" => operand == &Value::Bool(true),
        _ => false,
    }
}

/// Lists and objects are compared as JSON text, so the order of a list counts.
fn equal(input: &Value, operand: &Value) -> bool {
    let flat = |value: &Value| {
        if is_primitive(value) {
            value.clone()
        } else {
            Value::String(stringify(value))
        }
    };
    loosely_equal(&flat(input), &flat(operand))
}

/// Whether the operand, a list, has the input, or the input, a string, has the operand in it. `None` for operands
/// and inputs that cannot be asked this.
fn contained(input: &Value, operand: &Value) -> Option<bool> {
    if !is_primitive(input) {
        return None;
    }
    match operand {
        Value::Array(items) => Some(items.iter().any(|item| same(item, input))),
        Value::String(_) | Value::Number(_) => {
            input.as_str().map(|input| input.contains(&text(operand)))
        }
        _ => None,
    }
}

/// Strict equality of two strings or two numbers; other items of a list are never looked for.
fn same(item: &Value, input: &Value) -> bool {
    match (item, input) {
        (Value::String(item), Value::String(input)) => item == input,
        (Value::Number(item), Value::Number(input)) => item.as_f64() == input.as_f64(),
        _ => false,
    }
}

fn affixed(input: &Value, operand: &Value, has: fn(&str, &str) -> bool) -> bool {
    let Value::String(input) = input else {
        return false;
    };
    match operand {
        Value::String(affix) => has(input, affix),
        Value::Array(affixes) if affixes.iter().all(Value::is_string) => affixes
            .iter()
            .filter_map(Value::as_str)
            .any(|affix| has(input, affix)),
        _ => false,
    }
}
