//! The messages of the socket: JSON objects with an `event` and a `body`, one a text frame.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use serde_json::{Map, Value, json};

use crate::delivery::OutgoingRequest;
use crate::events::attempt::ClaimedEvent;

/// The first message on every socket.
pub(super) fn connected() -> String {
    json!({ "event": "connect_response" }).to_string()
}

/// What a client says about an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ClientAnswer {
    /// The local server answered.
    Response { status: u16, body: String },
    /// The client could not forward the request, or says something that makes no sense.
    Failed,
}

/// The message that asks a client to forward a request. A `binary` body goes as base64.
pub(super) fn attempt(
    attempt_id: &str,
    claim: &ClaimedEvent,
    outgoing: &OutgoingRequest,
    binary: bool,
) -> String {
    let mut request = json!({
        "method": outgoing.method.as_str(),
        "timeout": u64::try_from(outgoing.timeout.as_millis()).unwrap_or(u64::MAX),
        "headers": headers(&[&outgoing.headers, &outgoing.credentials]),
    });
    if binary {
        request["body_format"] = Value::from("binary");
        request["data_base64"] = Value::from(STANDARD.encode(&outgoing.body));
    } else {
        request["data_string"] = Value::from(String::from_utf8_lossy(&outgoing.body));
    }
    json!({
        "event": "attempt",
        // Some clients look for its name here.
        "type": "attempt",
        "body": {
            "cli_path": outgoing.url.path_and_query(),
            "event_id": claim.event_id,
            "attempt_id": attempt_id,
            "webhook_id": claim.connection_id,
            "request": request,
        },
    })
    .to_string()
}

/// Clients read an object of strings. They frame the request they make themselves, so its length is not told.
fn headers(maps: &[&HeaderMap]) -> Map<String, Value> {
    let headers = maps.iter().flat_map(|map| map.iter());
    headers
        .filter(|(name, _)| **name != CONTENT_LENGTH)
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.to_string(), Value::from(value))
        })
        .collect()
}

/// Reads what a client sent: the attempt and the answer, or nothing when it is about no attempt.
pub(super) fn answer(text: &str) -> Option<(String, ClientAnswer)> {
    let mut message: Value = serde_json::from_str(text).ok()?;
    let name = message.get("event").or_else(|| message.get("type"))?;
    if name != "attempt_response" {
        return None;
    }
    let body = message["body"].as_object_mut()?;
    let attempt_id = body.get("attempt_id")?.as_str()?.to_owned();
    let status = body
        .get("status")
        .and_then(Value::as_u64)
        .and_then(|status| u16::try_from(status).ok())
        .filter(|status| (100..=999).contains(status));
    let failed = body
        .get("error")
        .is_some_and(|error| error != &Value::Bool(false) && !error.is_null());
    let answer = match status {
        Some(status) if !failed => ClientAnswer::Response {
            status,
            body: match body.remove("data") {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(text)) => text,
                Some(other) => other.to_string(),
            },
        },
        _ => ClientAnswer::Failed,
    };
    Some((attempt_id, answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(body: Value) -> Option<(String, ClientAnswer)> {
        answer(&json!({ "event": "attempt_response", "body": body }).to_string())
    }

    #[test]
    fn an_answer_has_a_status_and_a_body() {
        for (data, expected) in [
            (json!("ok"), "ok"),
            (json!({"a": 1}), "{\"a\":1}"),
            (Value::Null, ""),
        ] {
            let (id, answer) = said(json!({
                "attempt_id": "atm_1", "cli_path": "/", "status": 201, "data": data, "error": false,
            }))
            .unwrap();
            assert_eq!(id, "atm_1");
            let body = expected.to_owned();
            assert_eq!(answer, ClientAnswer::Response { status: 201, body });
        }
    }

    #[test]
    fn what_makes_no_sense_about_an_attempt_is_a_failure_of_it() {
        for body in [
            json!({"attempt_id": "atm_1", "error": true}),
            json!({"attempt_id": "atm_1", "error": true, "status": 200}),
            json!({"attempt_id": "atm_1"}),
            json!({"attempt_id": "atm_1", "status": "200"}),
            json!({"attempt_id": "atm_1", "status": 0}),
            json!({"attempt_id": "atm_1", "status": 70_000}),
        ] {
            let failed = Some(("atm_1".to_owned(), ClientAnswer::Failed));
            assert_eq!(said(body.clone()), failed, "{body}");
        }
    }

    #[test]
    fn what_is_about_no_attempt_is_passed_over() {
        for text in [
            "",
            "not json",
            "[]",
            "{}",
            r#"{"event":"attempt_response"}"#,
            r#"{"event":"attempt_response","body":[]}"#,
            r#"{"event":"attempt_response","body":{"attempt_id":7,"status":200}}"#,
            r#"{"event":"connect","body":{"attempt_id":"atm_1","status":200}}"#,
            r#"{"event":"connect","type":"attempt_response","body":{"attempt_id":"atm_1","status":200}}"#,
        ] {
            assert_eq!(answer(text), None, "{text}");
        }
    }
}
