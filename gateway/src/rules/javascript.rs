//! The few pieces of JavaScript that filters are defined by: `==`, the order of strings and numbers, and how values
//! are written as text.

use std::cmp::Ordering;

use serde_json::Value;

/// Whether the value is null, a boolean, a number or a string.
pub fn is_primitive(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

/// `left == right` of two primitive values: null equals only null; a boolean counts as 0 or 1; a string beside a
/// number or boolean counts as the number it spells.
pub fn loosely_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Null, _) | (_, Value::Null) => false,
        (Value::String(left), Value::String(right)) => left == right,
        _ => {
            matches!((to_number(left), to_number(right)), (Some(left), Some(right)) if left == right)
        }
    }
}

/// How `<` and its kin see a string or number and another: two strings by UTF-16 units, anything else by number.
/// `None` when one of them is no number.
pub fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => {
            Some(left.encode_utf16().cmp(right.encode_utf16()))
        }
        _ => to_number(left)?.partial_cmp(&to_number(right)?),
    }
}

/// The number a primitive value counts as; `None` for what JavaScript calls not a number.
pub fn to_number(value: &Value) -> Option<f64> {
    match value {
        Value::Null => Some(0.0),
        Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text_to_number(text),
        Value::Array(_) | Value::Object(_) => None,
    }
}

fn text_to_number(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if text.is_empty() {
        return Some(0.0);
    }
    for (prefix, radix) in [
        ("0x", 16),
        ("0X", 16),
        ("0o", 8),
        ("0O", 8),
        ("0b", 2),
        ("0B", 2),
    ] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let digits: Option<Vec<u32>> = digits.chars().map(|c| c.to_digit(radix)).collect();
            let digits = digits.filter(|digits| !digits.is_empty())?;
            return Some(
                digits
                    .into_iter()
                    .fold(0.0, |sum, digit| sum * f64::from(radix) + f64::from(digit)),
            );
        }
    }
    match text.trim_start_matches(['+', '-']) {
        // At most one sign; `inf` and `nan` are words to JavaScript.
        "Infinity" if text.len() <= 9 => Some(if text.starts_with('-') {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        }),
        rest if rest.starts_with(|c: char| c.is_ascii_digit() || c == '.') => text.parse().ok(),
        _ => None,
    }
}

/// A value as `JSON.stringify` writes it, except that members of objects come sorted by name.
pub fn stringify(value: &Value) -> String {
    match value {
        Value::Number(_) => text(value),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(stringify).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, value)| {
                    format!("{}:{}", Value::String(name.clone()), stringify(value))
                })
                .collect();
            format!("{{{}}}", members.join(","))
        }
        other => other.to_string(),
    }
}

/// A primitive value as text: strings as they are, whole numbers without a fraction.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            // Up to here JavaScript writes whole numbers out.
            Some(float) if float.fract() == 0.0 && float.abs() < 1e21 => format!("{float:.0}"),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn equality_is_loose() {
        for (left, right) in [
            (json!(1), json!("1")),
            (json!(1), json!(1.0)),
            (json!(true), json!(1)),
            (json!(false), json!("0")),
            (json!(0), json!("")),
            (json!(" 12 "), json!(12)),
            (json!("0x10"), json!(16)),
            (json!(null), json!(null)),
            (json!("1e3"), json!(1000)),
        ] {
            assert!(
                loosely_equal(&left, &right) && loosely_equal(&right, &left),
                "{left} == {right}"
            );
        }
        for (left, right) in [
            (json!(null), json!(0)),
            (json!(null), json!("")),
            (json!(null), json!(false)),
            (json!("1"), json!("1.0")),
            (json!("a"), json!(0)),
            (json!("true"), json!(true)),
            (json!("inf"), json!(1)),
            (json!("0x"), json!(0)),
            (json!("1_0"), json!(10)),
        ] {
            assert!(
                !loosely_equal(&left, &right) && !loosely_equal(&right, &left),
                "{left} != {right}"
            );
        }
    }

    #[test]
    fn order_is_by_text_or_by_number() {
        assert_eq!(compare(&json!("10"), &json!("9")), Some(Ordering::Less));
        assert_eq!(compare(&json!("10"), &json!(9)), Some(Ordering::Greater));
        assert_eq!(compare(&json!("x"), &json!(9)), None);
        // A surrogate pair sorts before a high unit of its own plane.
        assert_eq!(
            compare(&json!("\u{1F600}"), &json!("\u{FFFD}")),
            Some(Ordering::Less)
        );
        assert_eq!(
            compare(&json!("Infinity"), &json!(1)),
            Some(Ordering::Greater)
        );
        assert_eq!(
            compare(&json!("-Infinity"), &json!(1)),
            Some(Ordering::Less)
        );
    }

    #[test]
    fn values_are_written_as_javascript_does() {
        assert_eq!(
            stringify(&json!({"b": [1.0, 2.5, "x\"", null], "a": true})),
            r#"{"a":true,"b":[1,2.5,"x\"",null]}"#
        );
        assert_eq!(text(&json!(1e3)), "1000");
        assert_eq!(text(&json!(-0.5)), "-0.5");
    }
}
