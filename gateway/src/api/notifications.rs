//! The webhook notifications of the project. The choice is kept and shown with the project; no
//! notification is sent, because nothing is known of what one looks like.

use serde_json::{Map, Value, json};

use super::call::{ApiCall, ApiResult, text};
use super::named::NamedResource;
use super::{projects, rows};

pub(super) async fn toggle(call: ApiCall) -> ApiResult {
    rows::write(call, |tx, view, call| {
        let source_id = text(&call.body, "source_id").unwrap_or_default();
        NamedResource::Source.must_live(tx, source_id)?;
        let enabled = call.body.get("enabled").and_then(Value::as_bool) == Some(true);
        let topics = call.body.get("topics").cloned().unwrap_or(Value::Null);
        let methods = if enabled {
            json!(["email", "webhook"])
        } else {
            json!(["email"])
        };
        let settings = Map::from_iter([
            ("notification_methods".to_owned(), methods),
            ("webhook_topics".to_owned(), topics.clone()),
            ("webhook_source_id".to_owned(), Value::from(source_id)),
        ]);
        projects::merge(tx, &view.team_id, settings, call.now())?;
        Ok(json!({ "enabled": enabled, "topics": topics, "source_id": source_id }))
    })
    .await
}
