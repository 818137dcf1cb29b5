//! What the API said went wrong, read leniently from whatever body it sent.

use std::fmt;

use http::StatusCode;
use serde_json::Value;

use crate::types::{Json, read_json};

/// Longest text of a body that is no JSON to repeat in a message.
const SHOWN: usize = 200;

/// The API's own account of an error.
///
/// Error bodies come in several shapes: `message` with `data`, an array of violated rules, plain
/// text from the edge, HTML, nothing. All of them are read into this, and none of them can make
/// reading fail: what is missing is `None`, and [`message`](ApiError::message) always says
/// something a person can act on.
#[derive(Clone, PartialEq)]
pub struct ApiError {
    code: Option<String>,
    message: String,
    violations: Vec<String>,
    data: Option<Json>,
}

impl ApiError {
    /// The API's code, such as `NOT_FOUND`, `UNPROCESSABLE_ENTITY` or `RESOURCE_ALREADY_EXISTS`.
    ///
    /// `None` where the body had none: plain text, HTML or nothing.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// One readable line: the API's message, the violated rules joined by `; `, or the meaning of
    /// the status where the body said nothing.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The rules a request violated, one a line, as the API words them:
    /// `config.auth is not allowed`. Empty unless this is a validation error.
    #[must_use]
    pub fn violations(&self) -> &[String] {
        &self.violations
    }

    /// The body's `data`: on 404 the id that was looked for, on 409 the resource that exists.
    #[must_use]
    pub fn data(&self) -> Option<&Json> {
        self.data.as_ref()
    }

    /// Reads a body of any kind.
    pub(crate) fn read(status: StatusCode, body: &[u8]) -> Self {
        match read_json::<Value>(body) {
            Ok(Value::Object(fields)) => Self::from_fields(status, &fields),
            Ok(Value::String(text)) => Self::from_text(status, &text),
            _ => Self::from_text(status, &String::from_utf8_lossy(body)),
        }
    }

    fn from_fields(status: StatusCode, fields: &serde_json::Map<String, Value>) -> Self {
        let text = |value: Option<&Value>| match value {
            Some(Value::String(text)) if !text.trim().is_empty() => Some(one_line(text)),
            _ => None,
        };
        let data = fields.get("data").filter(|data| !data.is_null());
        let violations = match data {
            Some(Value::Array(lines)) => lines.iter().map(line).collect(),
            _ => Vec::new(),
        };
        // A domain error repeats the status line as its message and explains itself in `data`.
        let message = text(fields.get("message"))
            .filter(|message| Some(message.as_str()) != status.canonical_reason());
        let explained = data.and_then(|data| text(data.get("message")));
        let field = data.and_then(|data| text(data.get("field")));
        let message = match (message, explained) {
            (Some(message), Some(explained)) => format!("{message}: {explained}"),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) if !violations.is_empty() => violations.join("; "),
            (None, None) => reason(status),
        };
        let message = match field {
            Some(field) if !message.contains(&field) => format!("{message} ({field})"),
            _ => message,
        };
        Self {
            code: text(fields.get("code")),
            message,
            violations,
            data: data.map(Json::new),
        }
    }

    fn from_text(status: StatusCode, text: &str) -> Self {
        let text = one_line(text);
        let message = if text.is_empty() {
            format!("{} (empty body)", reason(status))
        } else if text.starts_with('<') {
            format!("{} (HTML body)", reason(status))
        } else {
            let end = text.char_indices().nth(SHOWN).map(|(end, _)| end);
            end.map_or_else(|| text.clone(), |end| format!("{}…", &text[..end]))
        };
        Self {
            code: None,
            message,
            violations: Vec::new(),
            data: None,
        }
    }
}

/// Without `data`, in which the API may repeat what was sent, secrets included.
impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("code", &self.code)
            .field("message", &self.message)
            .field("violations", &self.violations)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(code) = &self.code {
            write!(f, "{code}: ")?;
        }
        f.write_str(&self.message)
    }
}

fn line(value: &Value) -> String {
    match value {
        Value::String(text) => one_line(text),
        other => other.to_string(),
    }
}

/// Text on one line: a log has a line for each error, and a terminal obeys control characters.
fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

fn reason(status: StatusCode) -> String {
    status
        .canonical_reason()
        .unwrap_or("unknown status")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> ApiError {
        ApiError::read(StatusCode::from_u16(status).unwrap(), body.as_bytes())
    }

    #[test]
    fn validation_errors_list_the_violated_rules() {
        let error = read(
            422,
            r#"{"level":"info","handled":true,"report":true,
                "data":["destination.name is required","source.name is required"],
                "status":422,"code":"UNPROCESSABLE_ENTITY"}"#,
        );
        assert_eq!(
            error.message(),
            "destination.name is required; source.name is required"
        );
        assert_eq!(error.violations().len(), 2);
        assert_eq!(error.code(), Some("UNPROCESSABLE_ENTITY"));
    }

    #[test]
    fn domain_errors_explain_themselves_in_data() {
        let error = read(
            422,
            r#"{"code":"UNPROCESSABLE_ENTITY","status":422,"message":"Unprocessable Entity",
                "data":{"message":"HTTP destination needs a URL.","field":"config.url"}}"#,
        );
        assert_eq!(
            error.message(),
            "HTTP destination needs a URL. (config.url)"
        );
        assert!(error.violations().is_empty());
    }

    #[test]
    fn the_documented_older_shape_is_read_too() {
        let error = read(
            422,
            r#"{"handled":true,"status":422,"message":"Connection does not exist or is disabled",
                "data":{"id":"web_1"}}"#,
        );
        assert_eq!(error.message(), "Connection does not exist or is disabled");
        assert_eq!(error.data().unwrap().to_value()["id"], "web_1");
        assert_eq!(error.code(), None);
    }

    #[test]
    fn bodies_that_are_no_json_object_never_hide_the_status() {
        assert_eq!(
            read(429, "Too Many Requests").message(),
            "Too Many Requests"
        );
        assert_eq!(read(401, "").message(), "Unauthorized (empty body)");
        assert_eq!(
            read(404, "<html><body>x</body></html>").message(),
            "Not Found (HTML body)"
        );
        assert_eq!(read(500, "[1").message(), "[1");
        assert_eq!(
            read(500, r#"{"data":null,"message":5}"#).message(),
            "Internal Server Error"
        );
        assert_eq!(
            read(502, "upstream\r\n  connect \u{1b}[31merror\n").message(),
            "upstream connect [31merror"
        );
        assert_eq!(
            read(400, r#"{"message":"line one\nline two"}"#).message(),
            "line one line two"
        );
        let long = read(500, &"é".repeat(500));
        assert!(long.message().chars().count() < 210, "{long}");
    }
}
