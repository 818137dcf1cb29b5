//! Templates of probes: strings in which `{{c.body.id}}` stands for something that was answered.

use serde_json::{Map, Value};

/// `template` with every place filled. A string that is one place and nothing else becomes the value itself.
///
/// # Errors
/// When the braces of a template do not close, as a sentence.
pub(super) fn fill(template: &Value, scope: &Value) -> Result<Value, String> {
    Ok(match template {
        Value::String(text) => match whole(text) {
            Some(place) => lookup(scope, place),
            None => Value::from(text_of(text, scope)?),
        },
        Value::Array(items) => {
            let items: Result<_, _> = items.iter().map(|item| fill(item, scope)).collect();
            Value::Array(items?)
        }
        Value::Object(members) => {
            let mut filled = Map::new();
            for (name, value) in members {
                filled.insert(text_of(name, scope)?, fill(value, scope)?);
            }
            Value::Object(filled)
        }
        other => other.clone(),
    })
}

/// A string with every place filled in as text.
pub(super) fn text_of(text: &str, scope: &Value) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (place, after) = after
            .split_once("}}")
            .ok_or_else(|| format!("{text:?} does not close its braces"))?;
        filled.push_str(before);
        match lookup(scope, place) {
            Value::String(text) => filled.push_str(&text),
            Value::Null => {}
            other => filled.push_str(&other.to_string()),
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

fn whole(text: &str) -> Option<&str> {
    let place = text.strip_prefix("{{")?.strip_suffix("}}")?;
    (!place.contains("{{")).then_some(place)
}

/// What stands at a place such as `body.models.0.id`; null where nothing does. `#` is the length of a list.
pub(super) fn lookup(value: &Value, place: &str) -> Value {
    let mut value = value;
    for step in place.split('.') {
        value = match value {
            Value::Array(items) if step == "#" => return Value::from(items.len()),
            Value::Array(items) => match step.parse::<usize>().ok().and_then(|at| items.get(at)) {
                Some(item) => item,
                None => return Value::Null,
            },
            _ => match value.get(step) {
                Some(member) => member,
                None => return Value::Null,
            },
        };
    }
    value.clone()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn places_are_filled_with_what_stands_there() {
        let scope = json!({"run": "r", "c": {"body": {"list": [{"id": 7}], "text": "t"}}});
        let template = json!({"a": "{{c.body.list.0.id}}", "b": ["x{{run}}-{{c.body.list.0.id}}"], "n": 1,
            "gone": "{{c.none.at.all}}", "count": "{{c.body.list.#}}", "{{run}}": "{{c.body.text}}{{run}}"});
        assert_eq!(
            fill(&template, &scope).unwrap(),
            json!({"a": 7, "b": ["xr-7"], "n": 1, "gone": null, "count": 1, "r": "tr"})
        );
    }

    #[test]
    fn braces_that_do_not_close_are_told() {
        let wrong = fill(&json!("x{{run"), &json!({}));
        assert_eq!(wrong.unwrap_err(), "\"x{{run\" does not close its braces");
    }
}
