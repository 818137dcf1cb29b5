//! Questions to the journal.

use serde_json::{Value, json};

use super::{ControlError, bad};
use crate::project::Project;

/// What entries can be narrowed by, each compared with the member of the same name.
const CONDITIONS: [&str; 10] = [
    "plane",
    "what",
    "status",
    "cause",
    "fault",
    "source_id",
    "request_id",
    "webhook_id",
    "destination_id",
    "event_id",
];

/// The entries that fit a query string, oldest first.
pub(super) fn read(project: &Project, query: &str) -> Result<Value, ControlError> {
    let mut since = 0;
    let mut wanted = Vec::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "since" => {
                since = value
                    .parse()
                    .map_err(|_| bad("`since` must be a whole number"))?;
            }
            name if CONDITIONS.contains(&name) => {
                wanted.push((name.to_owned(), value.into_owned()))
            }
            name => return Err(bad(format!("The journal has no condition {name:?}"))),
        }
    }
    let fits = |entry: &Value| {
        wanted.iter().all(|(name, value)| match &entry[name] {
            Value::String(text) => text == value,
            Value::Number(number) => number.to_string() == *value,
            _ => false,
        })
    };
    let entries: Vec<Value> = project
        .journal()
        .after(since)
        .into_iter()
        .map(|entry| serde_json::to_value(entry).unwrap_or_default())
        .filter(fits)
        .collect();
    Ok(json!({ "entries": entries }))
}
