//! What a client asks for: the connections of a session and which of their requests it wants.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use serde_json::{Map, Value};

/// The parts of a request that filters look at.
const PARTS: [&str; 4] = ["body", "headers", "path", "query"];

/// A session that is wanted, in the form of `POST /cli-sessions` or of the headers of a socket.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SessionRequest {
    /// Its connections.
    pub(crate) webhook_ids: Vec<String>,
    /// Filters by part; empty lets everything through.
    pub(crate) filters: Map<String, Value>,
}

/// What is wrong with a [`SessionRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SessionRequestError(pub(crate) Vec<String>);

impl SessionRequest {
    /// Reads the body of `POST /cli-sessions`. Members of other names are passed over: older clients
    /// send some.
    pub(crate) fn from_body(body: &Value) -> Result<Self, SessionRequestError> {
        let mut wrong = Vec::new();
        let webhook_ids = ids(&body["webhook_ids"], &mut wrong);
        let filters = filters(&body["filters"], &mut wrong);
        if wrong.is_empty() {
            Ok(Self {
                webhook_ids,
                filters,
            })
        } else {
            Err(SessionRequestError(wrong))
        }
    }

    /// Reads what a client sends along with a socket, so that a session that was lost can be made again:
    /// `X-Webhook-Ids`, a list with commas, and `X-Session-Filters`, JSON in base64. Nothing when it sends no
    /// connections.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Result<Option<Self>, SessionRequestError> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let webhook_ids: Vec<String> = text("x-webhook-ids")
            .unwrap_or_default()
            .split(',')
            .map(str::trim)
            .filter(|id| !id.is_empty())
            .map(str::to_owned)
            .collect();
        if webhook_ids.is_empty() {
            return Ok(None);
        }
        let given = match text("x-session-filters").map(str::trim) {
            None | Some("") => Value::Null,
            Some(encoded) => STANDARD
                .decode(encoded)
                .ok()
                .and_then(|bytes| serde_json::from_slice(&bytes).ok())
                .ok_or_else(|| {
                    SessionRequestError(vec!["X-Session-Filters must be JSON in base64".to_owned()])
                })?,
        };
        let mut wrong = Vec::new();
        let filters = filters(&given, &mut wrong);
        if wrong.is_empty() {
            Ok(Some(Self {
                webhook_ids,
                filters,
            }))
        } else {
            Err(SessionRequestError(wrong))
        }
    }
}

fn ids(given: &Value, wrong: &mut Vec<String>) -> Vec<String> {
    let items = match given {
        Value::Null => {
            wrong.push("webhook_ids is required".to_owned());
            return Vec::new();
        }
        Value::Array(items) => items,
        _ => {
            wrong.push("webhook_ids must be an array".to_owned());
            return Vec::new();
        }
    };
    if items.is_empty() {
        wrong.push("webhook_ids must contain at least 1 items".to_owned());
    }
    let mut ids = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match item.as_str() {
            Some(id) => ids.push(id.to_owned()),
            None => wrong.push(format!("webhook_ids[{index}] must be a string")),
        }
    }
    ids
}

fn filters(given: &Value, wrong: &mut Vec<String>) -> Map<String, Value> {
    let members = match given {
        Value::Null => return Map::new(),
        Value::Object(members) => members,
        _ => {
            wrong.push("filters must be of type object".to_owned());
            return Map::new();
        }
    };
    for name in members
        .keys()
        .filter(|name| !PARTS.contains(&name.as_str()))
    {
        wrong.push(format!("filters.{name} is not allowed"));
    }
    members.clone()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(body: Value) -> Vec<String> {
        SessionRequest::from_body(&body).unwrap_err().0
    }

    #[test]
    fn a_body_names_connections_and_may_have_filters() {
        let body =
            json!({"webhook_ids": ["web_1"], "filters": {"body": {"a": 1}}, "source_id": ""});
        let request = SessionRequest::from_body(&body).unwrap();
        assert_eq!(request.webhook_ids, ["web_1"]);
        assert_eq!(Value::from(request.filters), json!({"body": {"a": 1}}));
        let bare = SessionRequest::from_body(&json!({"webhook_ids": ["web_1"], "filters": null}));
        assert!(bare.unwrap().filters.is_empty());
    }

    #[test]
    fn every_fault_of_a_body_is_told() {
        assert_eq!(refused(Value::Null), ["webhook_ids is required"]);
        assert_eq!(
            refused(json!({"webhook_ids": "web_1", "filters": 1})),
            [
                "webhook_ids must be an array",
                "filters must be of type object"
            ]
        );
        assert_eq!(
            refused(json!({"webhook_ids": []})),
            ["webhook_ids must contain at least 1 items"]
        );
        assert_eq!(
            refused(json!({"webhook_ids": ["web_1", 2], "filters": {"cookie": {}}})),
            [
                "webhook_ids[1] must be a string",
                "filters.cookie is not allowed"
            ]
        );
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn headers_carry_the_same_request() {
        assert_eq!(SessionRequest::from_headers(&headers(&[])), Ok(None));
        let filters = json!({"path": "/täglich"});
        let encoded = STANDARD.encode(filters.to_string());
        let request = SessionRequest::from_headers(&headers(&[
            ("x-webhook-ids", "web_1, web_2,"),
            ("x-session-filters", &encoded),
        ]));
        let request = request.unwrap().unwrap();
        assert_eq!(request.webhook_ids, ["web_1", "web_2"]);
        assert_eq!(Value::from(request.filters), filters);
    }

    #[test]
    fn filters_that_cannot_be_read_are_refused_not_dropped() {
        for filters in [
            "%%%",
            "bm90IGpzb24=",
            &STANDARD.encode("[]"),
            &STANDARD.encode("{\"x\":1}"),
        ] {
            let headers = headers(&[("x-webhook-ids", "web_1"), ("x-session-filters", filters)]);
            assert!(SessionRequest::from_headers(&headers).is_err(), "{filters}");
        }
    }
}
