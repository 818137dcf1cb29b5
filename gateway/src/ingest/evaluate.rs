//! What a connection makes of a request: an event, now or later, or an ignored event.

use std::time::Duration;

use serde_json::Value;

use super::accept::Route;
use super::receive::Received;
use crate::rules::filter::Parts;
use crate::rules::{Rules, Verdict as Ruled};

/// The verdict on one request for one connection.
pub(super) enum Verdict {
    /// An event is made and due after this time.
    Event { due_in: Duration },
    /// No event is made.
    Ignored(Ignored),
}

/// Why no event was made.
pub(super) struct Ignored {
    pub(super) cause: &'static str,
    pub(super) meta: Option<Value>,
}

/// Reads a connection's rules and refuses what this gateway cannot carry out: passing such a rule
/// over would deliver what it was meant to stop or change.
pub(super) fn read_rules(connection_id: &str, rules: &str) -> Result<Rules, String> {
    let value: Value = serde_json::from_str(rules).unwrap_or(Value::Null);
    let rules =
        Rules::parse(&value).map_err(|error| format!("Connection {connection_id}: {error}."))?;
    match rules.not_executed() {
        None => Ok(rules),
        Some(name) => Err(format!(
            "Connection {connection_id} has a {name} rule, which this gateway cannot carry out."
        )),
    }
}

/// Applies the connection's state and rules to the request.
pub(super) fn evaluate(route: &Route, rules: &Rules, received: &Received) -> Verdict {
    let ignored = |cause, meta| Verdict::Ignored(Ignored { cause, meta });
    if route.disabled {
        return ignored("DISABLED", None);
    }
    let headers = Value::Object(received.headers.clone());
    let path = Value::String(if received.path.is_empty() {
        "/".into()
    } else {
        received.path.clone()
    });
    let parts = Parts {
        headers: &headers,
        body: &received.value,
        query: &received.parsed_query,
        path: &path,
    };
    match rules.evaluate(&parts) {
        // No session can be attached to this gateway yet.
        Ruled::Accepted if route.cli => ignored("CLI_DISCONNECTED", None),
        Ruled::Accepted => Verdict::Event {
            due_in: rules.delay(),
        },
        Ruled::Filtered(parts) => {
            let names = parts
                .iter()
                .map(|part| Value::from(part.as_str()))
                .collect();
            ignored("FILTERED", Some(Value::Array(names)))
        }
        // Refused by `read_rules`; an event must not come of it in any case.
        Ruled::NotExecuted(_) => ignored("TRANSFORMATION_FAILED", None),
    }
}
