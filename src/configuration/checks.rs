//! Checks that several bodies share. A problem begins with the property it is about.

use serde::Serialize;
use serde_json::Value;

/// The longest name the API takes, in characters.
const NAME: usize = 155;
/// The longest description the API takes, in characters.
const DESCRIPTION: usize = 500;

/// `Ok` if the condition holds, else the problem.
pub(super) fn ensure(holds: bool, problem: impl Into<String>) -> Result<(), String> {
    if holds { Ok(()) } else { Err(problem.into()) }
}

/// A problem of a part, told as one of the whole.
pub(super) fn within(part: &str, outcome: Result<(), String>) -> Result<(), String> {
    outcome.map_err(|problem| format!("{part}.{problem}"))
}

pub(super) fn name(name: &str) -> Result<(), String> {
    ensure(!name.is_empty(), "name is empty")?;
    ensure(
        name.chars().count() <= NAME,
        format!("name is longer than {NAME} characters"),
    )?;
    // The contract's pattern is `[A-z0-9-_]`, whose first range holds the signs between Z and a.
    let allowed = |c: char| matches!(c, 'A'..='z' | '0'..='9' | '-');
    ensure(
        name.chars().all(allowed),
        "name has other characters than letters, digits, `-` and `_`",
    )
}

pub(super) fn description(text: Option<&String>) -> Result<(), String> {
    let fits = text.is_none_or(|text| text.chars().count() <= DESCRIPTION);
    ensure(
        fits,
        format!("description is longer than {DESCRIPTION} characters"),
    )
}

/// Whether a path names a part of a request: `body.id`, `headers`.
pub(super) fn is_request_field(path: &str) -> bool {
    let end = path.find(['.', '[']).unwrap_or(path.len());
    matches!(&path[..end], "headers" | "body" | "query" | "path")
}

/// Checks that credentials have what their scheme needs and nothing it does not know. Values are
/// not repeated: they are secrets.
pub(super) fn credentials(
    auth: &impl Serialize,
    scheme: &str,
    required: &[&str],
    optional: &[&str],
) -> Result<(), String> {
    let Ok(Value::Object(given)) = serde_json::to_value(auth) else {
        return Err("auth does not encode".to_owned());
    };
    for name in required {
        ensure(
            given.contains_key(*name),
            format!("auth.{name} is missing, and {scheme} needs it"),
        )?;
    }
    for name in given.keys().map(String::as_str) {
        ensure(
            required.contains(&name) || optional.contains(&name),
            format!("auth.{name} is set, and {scheme} does not know it"),
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_contract() {
        for good in ["a", "Shop_1-x", "a^b", &"x".repeat(155)] {
            assert_eq!(name(good), Ok(()), "{good}");
        }
        for bad in ["", "a b", "é", "a.b", "a/b", &"x".repeat(156)] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn fields_begin_with_a_part_of_the_request() {
        for good in [
            "body",
            "body.id",
            "headers.x-a",
            "body[*].id",
            "path",
            "query.a",
        ] {
            assert!(is_request_field(good), "{good}");
        }
        for bad in ["", "id", "bodyid", "header.x", ".body"] {
            assert!(!is_request_field(bad), "{bad}");
        }
    }
}
