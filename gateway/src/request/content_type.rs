//! Which content types are taken, judged by the header and never by the bytes.

use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use serde_json::{Map, Value};

/// What a content type means for ingestion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// JSON, which must parse.
    Json,
    /// A form, seen by rules as an object.
    Form,
    /// Other text.
    Text,
    /// No content type: text, or JSON by the look of it.
    Untyped,
    /// Bytes that are kept and passed on as they are.
    Binary,
    /// Not taken.
    Refused,
}

const TEXT: &[&str] = &["application/xml", "application/x-ndjson", "application/jwt"];
const JSON: &[&str] = &[
    "application/json",
    "application/x-amz-json-1.0",
    "application/x-amz-json-1.1",
];
const BINARY: &[&str] = &[
    "application/octet-stream",
    "application/pdf",
    "multipart/form-data",
    "audio/mpeg",
    "audio/wav",
    "audio/ogg",
    "audio/webm",
    "audio/mp4",
    "video/mp4",
    "video/webm",
    "application/zip",
    "application/gzip",
    "application/x-tar",
    "application/x-protobuf",
    "application/protobuf",
    "application/cbor",
    "application/msgpack",
    "application/vnd.apache.avro+binary",
    "application/wasm",
    "font/woff2",
];

impl BodyKind {
    /// The kind of a body with these headers, by lower-case name.
    pub fn of(headers: &Map<String, Value>) -> Self {
        let header = |name: HeaderName| headers.get(name.as_str()).and_then(Value::as_str);
        classify(header(CONTENT_TYPE), header(CONTENT_ENCODING))
    }
}

/// Classifies a request by its `content-type` and `content-encoding`.
pub fn classify(content_type: Option<&str>, content_encoding: Option<&str>) -> BodyKind {
    if content_encoding.is_some_and(|encoding| encoding.to_ascii_lowercase().contains("gzip")) {
        return BodyKind::Binary;
    }
    let Some(content_type) = content_type else {
        return BodyKind::Untyped;
    };
    // It may come from the query string, where anything can stand, and has to go out as a header.
    if http::HeaderValue::from_str(content_type).is_err() {
        return BodyKind::Refused;
    }
    // Of a header that was sent twice the first one counts.
    let essence = content_type
        .split([';', ','])
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match essence.as_str() {
        "" => BodyKind::Untyped,
        "application/x-www-form-urlencoded" => BodyKind::Form,
        name if JSON.contains(&name) || name.ends_with("+json") => BodyKind::Json,
        name if TEXT.contains(&name) || name.ends_with("+xml") || name.starts_with("text/") => {
            BodyKind::Text
        }
        name if BINARY.contains(&name) || name.starts_with("image/") => BodyKind::Binary,
        _ => BodyKind::Refused,
    }
}

/// Whether a request with these headers, by lower-case name, carries bytes rather than text.
pub fn is_binary(headers: &Map<String, Value>) -> bool {
    BodyKind::of(headers) == BodyKind::Binary
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_is_told_apart() {
        for (content_type, expected) in [
            (None, BodyKind::Untyped),
            (Some(" "), BodyKind::Untyped),
            (Some("application/json, text/plain"), BodyKind::Json),
            (Some("text/plain\r\nx: y"), BodyKind::Refused),
            (Some("application/json; charset=utf-8"), BodyKind::Json),
            (Some("Application/CloudEvents+JSON"), BodyKind::Json),
            (Some("application/x-www-form-urlencoded"), BodyKind::Form),
            (Some("text/csv"), BodyKind::Text),
            (Some("application/soap+xml"), BodyKind::Text),
            (Some("application/pdf"), BodyKind::Binary),
            (Some("image/png"), BodyKind::Binary),
            (Some("multipart/form-data; boundary=x"), BodyKind::Binary),
            (Some("application/vnd.apache.avro+binary"), BodyKind::Binary),
            (Some("application/x-unknown"), BodyKind::Refused),
            (Some("audio/midi"), BodyKind::Refused),
        ] {
            assert_eq!(classify(content_type, None), expected, "{content_type:?}");
        }
        assert_eq!(
            classify(Some("application/x-unknown"), Some("gzip")),
            BodyKind::Binary
        );
    }
}
