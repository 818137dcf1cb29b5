//! The request that a transformation returned, as it is stored and sent.
//!
//! What is returned is the request: a query, path, body or header that is not there any more is gone. The body is
//! written in the content type that was returned, whatever the request came in with. It stays byte for byte as it came
//! only where the code left its value alone and the bytes say it in that type already; bytes that are no text always do.

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use serde_json::{Map, Value};

use crate::query;
use crate::request::{BodyKind, ReceivedRequest};
use crate::transform::{TransformedBody, TransformedRequest};

/// The request that became of `received`.
pub(super) fn rewrite(received: &ReceivedRequest, request: TransformedRequest) -> ReceivedRequest {
    let mut headers = request.headers;
    let body = match request.body {
        Some(body) if !stays(received, &headers, &body) => {
            // It said how the bytes were packed that are replaced. The code has no means to pack others.
            headers.remove(CONTENT_ENCODING.as_str());
            encode(&body, BodyKind::of(&headers))
        }
        _ => received.body.clone(),
    };
    if let Some(length) = headers.get_mut(CONTENT_LENGTH.as_str()) {
        *length = Value::from(body.len().to_string());
    }
    ReceivedRequest::stored(
        None,
        received.method.clone(),
        request.path.unwrap_or_default(),
        request.query.unwrap_or_default(),
        headers,
        body,
    )
}

/// Whether the bytes that came in are the body that is to go out.
fn stays(received: &ReceivedRequest, headers: &Map<String, Value>, body: &TransformedBody) -> bool {
    if !body.is_unchanged {
        return false;
    }
    if media_type(&received.headers) == media_type(headers) {
        return true;
    }
    let before = BodyKind::of(&received.headers);
    match BodyKind::of(headers) {
        // A text cannot say bytes.
        _ if before == BodyKind::Binary => true,
        // Another name for JSON does not make another number of it, though a script holds fewer digits.
        BodyKind::Json => received.json().is_some(),
        BodyKind::Text => before == BodyKind::Text,
        _ => false,
    }
}

/// The media type of these headers, without its parameters.
fn media_type(headers: &Map<String, Value>) -> Option<String> {
    let header = headers.get(CONTENT_TYPE.as_str())?.as_str()?;
    let essence = header.split(';').next().unwrap_or_default();
    Some(essence.trim().to_ascii_lowercase())
}

/// A body as bytes of this kind. Null is nothing. Text is taken for written already, save that what is no JSON becomes
/// a JSON string where JSON is asked for.
fn encode(body: &TransformedBody, kind: BodyKind) -> Vec<u8> {
    match (&body.value, kind) {
        (Value::Null, _) => Vec::new(),
        (Value::String(text), BodyKind::Json) if !is_json(text) => body.json.clone().into_bytes(),
        (Value::String(text), _) => text.clone().into_bytes(),
        (Value::Object(_), BodyKind::Form) => query::write(&body.value).into_bytes(),
        _ => body.json.clone().into_bytes(),
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const JSON: &str = "application/json";
    const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
    const TEXT: &str = "text/plain";

    fn headers(content_type: &str) -> Map<String, Value> {
        let mut headers = Map::new();
        if !content_type.is_empty() {
            headers.insert("content-type".into(), content_type.into());
        }
        headers
    }

    fn received(content_type: &str, body: impl Into<Vec<u8>>) -> ReceivedRequest {
        ReceivedRequest::stored(
            None,
            "POST".into(),
            "/a".into(),
            "x=1".into(),
            headers(content_type),
            body.into(),
        )
    }

    /// The request with this content type and body; the body is unchanged where it is what the code was given.
    fn returned(before: &ReceivedRequest, content_type: &str, body: Value) -> ReceivedRequest {
        let request = TransformedRequest {
            headers: headers(content_type),
            body: Some(TransformedBody {
                json: body.to_string(),
                is_unchanged: before.value == body,
                value: body,
            }),
            path: Some("/a".into()),
            query: Some("x=1".into()),
        };
        rewrite(before, request)
    }

    #[test]
    fn a_body_is_written_in_the_type_that_was_returned() {
        let object = json!({"a": "1", "b": "x y"});
        for (came, bytes, content_type, body, expected) in [
            // The value is the same, the type is not.
            (
                FORM,
                "a=1&b=x+y",
                JSON,
                object.clone(),
                r#"{"a":"1","b":"x y"}"#,
            ),
            (
                FORM,
                "a=1&b=x+y",
                TEXT,
                object.clone(),
                r#"{"a":"1","b":"x y"}"#,
            ),
            (
                JSON,
                r#"{ "b":"x y","a":"1" }"#,
                FORM,
                object.clone(),
                "a=1&b=x+y",
            ),
            (
                JSON,
                r#"{ "b":"x y","a":"1" }"#,
                TEXT,
                object.clone(),
                r#"{"a":"1","b":"x y"}"#,
            ),
            (JSON, r#""hello""#, TEXT, json!("hello"), "hello"),
            (TEXT, "hello", JSON, json!("hello"), r#""hello""#),
            (
                TEXT,
                r#"{"a": 1}"#,
                JSON,
                json!(r#"{"a": 1}"#),
                r#"{"a": 1}"#,
            ),
            ("", r#"{ "a": 1 }"#, FORM, json!({"a": 1}), "a=1"),
            // Neither is another one, or only by name.
            (
                FORM,
                "b=%78%20y&a=1",
                "Application/X-WWW-Form-Urlencoded",
                object.clone(),
                "b=%78%20y&a=1",
            ),
            (
                JSON,
                "{ \"a\": 1.0 }",
                "application/vnd.shop+json",
                json!({"a": 1.0}),
                "{ \"a\": 1.0 }",
            ),
            ("", "{ \"a\": 1 }", JSON, json!({"a": 1}), "{ \"a\": 1 }"),
            (TEXT, "a,b", "text/csv", json!("a,b"), "a,b"),
            // The value is another one.
            (
                FORM,
                "a=1",
                FORM,
                json!({"a": "1", "n": [1, 2], "o": {"p": null}}),
                "a=1&n%5B%5D=1&n%5B%5D=2&o%5Bp%5D=",
            ),
            (FORM, "a=1", FORM, json!("a=2&a=3"), "a=2&a=3"),
            (FORM, "a=1", JSON, json!([true]), "[true]"),
            (JSON, "1", JSON, json!("after"), r#""after""#),
            (
                JSON,
                "1",
                JSON,
                json!(r#"{"text":"already"}"#),
                r#"{"text":"already"}"#,
            ),
            (JSON, "1", TEXT, json!(2), "2"),
            (JSON, "1", TEXT, json!(null), ""),
            (JSON, "1", FORM, json!([1]), "[1]"),
        ] {
            let before = received(came, bytes);
            let after = returned(&before, content_type, body.clone());
            let sent = String::from_utf8(after.body).unwrap();
            assert_eq!(sent, expected, "{came} as {content_type}: {body}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_stay_whatever_they_are_called() {
        let before = received("application/octet-stream", [0, 255, 1]);
        for content_type in ["application/octet-stream", JSON, "image/png"] {
            let value = before.value.clone();
            assert_eq!(returned(&before, content_type, value).body, [0, 255, 1]);
        }
    }

    #[test]
    fn a_packed_body_that_is_replaced_is_packed_no_longer() {
        let mut packed = received(JSON, [31, 139, 8]);
        packed
            .headers
            .insert("content-encoding".into(), "gzip".into());
        packed.headers.insert("content-length".into(), "3".into());
        let request = |value: Value| TransformedRequest {
            headers: packed.headers.clone(),
            body: Some(TransformedBody {
                json: value.to_string(),
                is_unchanged: false,
                value,
            }),
            path: None,
            query: None,
        };
        let replaced = rewrite(&packed, request(json!({"a": "b"})));
        assert_eq!(replaced.header("content-encoding"), None);
        assert_eq!(replaced.header("content-length"), Some("9"));
        assert_eq!(replaced.value, json!({"a": "b"}));
        let untouched = TransformedRequest {
            body: None,
            ..request(Value::Null)
        };
        let untouched = rewrite(&packed, untouched);
        assert_eq!(untouched.header("content-encoding"), Some("gzip"));
        assert_eq!(untouched.body, [31, 139, 8]);
    }

    #[test]
    fn what_is_not_returned_is_gone() {
        let before = received(JSON, "{}");
        let request = TransformedRequest {
            headers: headers(""),
            body: None,
            path: None,
            query: Some("y=2".into()),
        };
        let after = rewrite(&before, request);
        assert_eq!((after.path.as_str(), after.query.as_str()), ("", "y=2"));
        assert_eq!(after.parsed_query, json!({ "y": "2" }));
    }
}
