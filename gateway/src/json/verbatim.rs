//! JSON text inside of a [`Value`], written as it is.
//!
//! A [`Value`] sorts members by name, so what is to keep its order is put in as text, and [`write()`](fn@write) puts it
//! out again in its place. Such a text is a string that begins with a mark, drawn once per process, which no reply
//! ever holds: nobody outside can make one.

use std::sync::LazyLock;

use serde_json::Value;

static MARK: LazyLock<String> = LazyLock::new(|| format!("\u{0}{:032x}", fastrand::u128(..)));

/// A value that is written as this text, which must be JSON.
pub(crate) fn verbatim(json: &str) -> Value {
    Value::String(format!("{}{json}", *MARK))
}

/// The value as compact JSON, with every [`verbatim`] text in its place.
pub(crate) fn write(value: &Value) -> String {
    let mut out = String::new();
    write_into(value, &mut out);
    out
}

fn write_into(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => match text.strip_prefix(MARK.as_str()) {
            Some(json) => out.push_str(json),
            None => out.push_str(&value.to_string()),
        },
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_into(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (index, (name, member)) in members.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                write_into(member, out);
            }
            out.push('}');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_is_written_in_its_place_and_all_else_as_ever() {
        let plain = json!({ "b\n": [1, -1.5, null, true, "\u{0}\"x"], "a": {}, "c": [] });
        assert_eq!(write(&plain), plain.to_string());
        let mut mixed = plain.clone();
        mixed["a"] = verbatim(r#"{"z":1,"a":2}"#);
        mixed["c"] = json!([verbatim("[]"), "{}"]);
        assert_eq!(
            write(&mixed),
            r#"{"a":{"z":1,"a":2},"b\n":[1,-1.5,null,true,"\u0000\"x"],"c":[[],"{}"]}"#
        );
    }
}
