//! What a request carried: shown as `data`, and searched by list filters.

use base64::Engine;
use base64::prelude::BASE64_STANDARD as STANDARD;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::call::text;
use super::error::ApiError;
use super::render::find;
use crate::json::{self, Ordered};
use crate::json_match;

/// A stored payload.
pub(crate) struct Payload {
    path: String,
    query: String,
    parsed_query: Value,
    headers: Value,
    body: Vec<u8>,
    is_large: bool,
}

impl Payload {
    /// Reads a payload; `None` when there is none.
    pub(crate) fn load(conn: &Connection, id: &str) -> Result<Option<Self>, ApiError> {
        find(conn, "SELECT * FROM payloads WHERE id = ?", id, |row| {
            Ok(Self {
                path: row.get("path")?,
                query: row.get("query")?,
                parsed_query: serde_json::from_str(&row.get::<_, String>("parsed_query")?)?,
                headers: serde_json::from_str(&row.get::<_, String>("headers")?)?,
                body: row.get("body")?,
                is_large: row.get("is_large")?,
            })
        })
    }

    /// `data` of a request.
    pub(crate) fn shown(&self) -> Value {
        json!({
            "path": self.path,
            "query": self.query,
            "parsed_query": self.parsed_query,
            "headers": self.headers,
            "body": self.body_in_order(),
            "is_large_payload": self.is_large,
        })
    }

    /// The body as it is shown, its members in the order they were sent in.
    fn body_in_order(&self) -> Value {
        match self.ordered_body() {
            Some(body) => json::verbatim(&body.to_string()),
            None => Value::from(self.text()),
        }
    }

    /// The request as code of a transformation gets it, as JSON.
    pub(crate) fn as_request(&self) -> RequestText {
        RequestText {
            headers: self.headers.clone(),
            body: match self.ordered_body() {
                Some(body) => body.to_string(),
                None => Value::from(self.text()).to_string(),
            },
            path: self.path.clone(),
            query: self.query.clone(),
            parsed_query: self.parsed_query.to_string(),
        }
    }

    /// The body as `raw_body` serves it: the text it is, or Base64 of bytes that are no text, so
    /// that all of them can be had. The latter is a choice of ours.
    pub(crate) fn raw_body(&self) -> String {
        match std::str::from_utf8(&self.body) {
            Ok(text) => text.to_owned(),
            Err(_) => STANDARD.encode(&self.body),
        }
    }

    /// The body as text. Bytes that are no UTF-8 have no text; they show as U+FFFD.
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON where it was sent as an object or a list, else as text, to be looked into.
    pub(crate) fn shown_body(&self) -> Value {
        match self.json_body() {
            Some(body @ (Value::Object(_) | Value::Array(_))) => body,
            _ => Value::from(self.text()),
        }
    }

    fn json_body(&self) -> Option<Value> {
        self.is_json().then(|| json::parse(&self.body)).flatten()
    }

    /// The body where it is an object or a list.
    fn ordered_body(&self) -> Option<Ordered> {
        let body = self.is_json().then(|| json::parse_ordered(&self.body))?;
        body.filter(|body| body.is_object() || body.is_list())
    }

    fn is_json(&self) -> bool {
        let content_type = text(&self.headers, "content-type").unwrap_or("application/json");
        content_type.to_ascii_lowercase().contains("json")
    }
}

/// A request that code of a transformation is tried on: what is JSON is the text of it, in its order.
pub(crate) struct RequestText {
    pub(crate) headers: Value,
    pub(crate) body: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) parsed_query: String,
}

impl RequestText {
    /// The whole as JSON.
    pub(crate) fn to_json(&self) -> String {
        format!(
            r#"{{"headers":{},"body":{},"query":{},"parsed_query":{},"path":{}}}"#,
            self.headers,
            self.body,
            Value::from(self.query.as_str()),
            self.parsed_query,
            Value::from(self.path.as_str()),
        )
    }
}

/// A filter that was given as JSON text, as the queries of bulk jobs may give it, parsed.
fn parsed(filter: &Value) -> Value {
    let text = filter.as_str().unwrap_or_default();
    match serde_json::from_str(text) {
        Ok(parsed @ (Value::Object(_) | Value::Array(_))) => parsed,
        _ => filter.clone(),
    }
}

/// The list filters that look into payloads. The body of a large one is not looked into.
#[derive(Clone, Debug, Default)]
pub(crate) struct PayloadFilter {
    search_term: Option<String>,
    path: Option<String>,
    headers: Option<Value>,
    parsed_query: Option<Value>,
    body: Option<Value>,
}

impl PayloadFilter {
    /// Reads the filters out of a query.
    pub(crate) fn read(query: &Value) -> Self {
        let owned = |name| {
            text(query, name)
                .filter(|t| !t.is_empty())
                .map(str::to_owned)
        };
        Self {
            search_term: owned("search_term").map(|term| term.to_lowercase()),
            path: owned("path"),
            headers: query.get("headers").map(parsed),
            parsed_query: query.get("parsed_query").map(parsed),
            body: query.get("body").map(parsed),
        }
    }

    /// Whether every payload fits.
    pub(crate) fn is_empty(&self) -> bool {
        self.search_term.is_none()
            && self.path.is_none()
            && self.headers.is_none()
            && self.parsed_query.is_none()
            && self.body.is_none()
    }

    /// Whether the payload with this id fits.
    pub(crate) fn fits(&self, conn: &Connection, id: Option<&str>) -> Result<bool, ApiError> {
        if self.is_empty() {
            return Ok(true);
        }
        let Some(id) = id else { return Ok(false) };
        Ok(Payload::load(conn, id)?.is_some_and(|payload| self.matches(&payload)))
    }

    fn matches(&self, payload: &Payload) -> bool {
        let has = |text: &str, part: &str| text.to_lowercase().contains(part);
        if let Some(term) = &self.search_term {
            let found = has(&payload.path, term)
                || (!payload.is_large && has(&payload.text(), term))
                || has(&payload.headers.to_string(), term)
                || has(&payload.parsed_query.to_string(), term);
            if !found {
                return false;
            }
        }
        let path = self.path.as_deref();
        if path.is_some_and(|part| !payload.path.contains(part)) {
            return false;
        }
        let fits = |wanted: &Option<Value>, found: &dyn Fn(&Value) -> bool| {
            wanted.as_ref().is_none_or(found)
        };
        fits(&self.headers, &|wanted| {
            json_match::matches_headers(wanted, &payload.headers)
        }) && fits(&self.parsed_query, &|wanted| {
            json_match::matches_query(wanted, &payload.parsed_query)
        }) && fits(&self.body, &|wanted| {
            !payload.is_large && json_match::matches(wanted, &payload.shown_body())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(content_type: &str, body: &str) -> Payload {
        Payload {
            path: "/orders/42".into(),
            query: "a=1".into(),
            parsed_query: json!({ "a": "1" }),
            headers: json!({ "content-type": content_type, "x-shop": "Berlin" }),
            body: body.as_bytes().to_vec(),
            is_large: false,
        }
    }

    fn fits(query: Value, payload: &Payload) -> bool {
        PayloadFilter::read(&query).matches(payload)
    }

    #[test]
    fn a_json_body_shows_as_json_and_any_other_as_text() {
        let object = payload("application/json; charset=utf-8", "{\"id\":7}");
        assert_eq!(object.shown_body(), json!({ "id": 7 }));
        assert_eq!(object.raw_body(), "{\"id\":7}");
        let bytes = Payload {
            body: vec![0, 255, 1],
            ..payload("application/octet-stream", "")
        };
        assert_eq!(bytes.raw_body(), "AP8B");
        assert_eq!(
            payload("text/plain", "{\"id\":7}").shown_body(),
            "{\"id\":7}"
        );
        assert_eq!(payload("application/json", "12").shown_body(), "12");
        let half = payload("Application/Vnd.X+JSON", r#"{"cut":"\ud83d"}"#);
        assert_eq!(half.shown_body(), json!({ "cut": "\u{fffd}" }));
    }

    #[test]
    fn a_search_term_looks_everywhere_and_ignores_case() {
        let payload = payload("application/json", "{\"name\":\"Grüße\"}");
        for term in [
            "ORDERS",
            "berlin",
            "grÜsse".replace("ss", "ß").as_str(),
            "42",
        ] {
            assert!(fits(json!({ "search_term": term }), &payload), "{term}");
        }
        assert!(!fits(json!({ "search_term": "munich" }), &payload));
    }

    #[test]
    fn the_body_of_a_large_payload_is_not_searched_and_the_rest_is() {
        let large = Payload {
            is_large: true,
            ..payload("application/json", "{\"id\":7,\"name\":\"needle\"}")
        };
        assert!(!fits(json!({ "search_term": "needle" }), &large));
        assert!(!fits(json!({ "body": { "id": 7 } }), &large));
        assert!(fits(json!({ "search_term": "berlin" }), &large));
    }

    #[test]
    fn every_filter_must_fit() {
        let payload = payload("application/json", "{\"id\":7,\"more\":[1,2]}");
        assert!(fits(
            json!({ "path": "/orders", "body": { "id": 7 } }),
            &payload
        ));
        assert!(!fits(
            json!({ "path": "/orders", "body": { "id": 8 } }),
            &payload
        ));
        assert!(!fits(
            json!({ "path": "/users", "body": { "id": 7 } }),
            &payload
        ));
        assert!(fits(json!({ "headers": { "x-shop": "Berlin" } }), &payload));
        assert!(!fits(json!({ "parsed_query": { "b": "1" } }), &payload));
    }
}
