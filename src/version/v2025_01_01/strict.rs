//! What a strict reader of the documents up to 2024-09-01 would trip over.

use super::super::tree::{Object, Tree};
use crate::operation::{Operation, Resource};

/// Error codes that came later.
const NEW_CODES: [&str; 13] = [
    "BAD_RESPONSE",
    "CANCELLED_PAST_RETENTION",
    "INTERNAL_ERROR",
    "INVALID_CHARACTER",
    "INVALID_URL",
    "NETWORK_ERROR",
    "NETWORK_REQUEST_CANCELED",
    "NETWORK_UNREACHABLE",
    "PAYLOAD_MISSING",
    "TOO_MANY_REDIRECTS",
    "UNABLE_TO_GET_ISSUER_CERT",
    "Z_DATA_ERROR",
    "CLI_BINARY_UNSUPPORTED",
];

/// The cause of ignored events that came later: what a rule left out, as a filter does.
const NEW_CAUSE: &str = "DUPLICATE";

/// Kinds of issues that came later, as rows and as triggers.
const NEW_ISSUES: [&str; 2] = ["backpressure", "request"];

/// Channels of triggers that came later.
const NEW_CHANNELS: [&str; 5] = [
    "betteruptime",
    "discord",
    "incidentio",
    "microsoft_teams",
    "pagerduty",
];

fn known_code(code: &str) -> Option<&'static str> {
    NEW_CODES.contains(&code).then_some("UNKNOWN")
}

/// Leaves out of a list what an older client has no type for.
pub(super) fn leave_out_rows(operation: &Operation, reply: &mut Tree) {
    let new: &[&str] = match operation.resource {
        Some(Resource::Issue) if operation.paged => &NEW_ISSUES,
        Some(Resource::IssueTrigger) if operation.paged => &NEW_ISSUES[1..],
        _ => return,
    };
    let Some(page) = reply.object() else { return };
    let Some(models) = page.get("models").and_then(Tree::array) else {
        return;
    };
    models.retain_mut(|model| {
        let kind = model.object().and_then(|model| model.text("type"));
        !kind.is_some_and(|kind| new.contains(&kind.as_str()))
    });
    let left = models.len();
    page.set("count", Tree::of(&left));
}

/// One resource of a reply.
pub(super) fn downgrade(resource: Resource, object: &mut Object) {
    match resource {
        Resource::Bookmark | Resource::TransformationExecution => payloads(object),
        Resource::Event => {
            object.remove("delivery_group");
            object.map_text("status", |status| {
                (status == "CANCELLED").then_some("FAILED")
            });
            object.map_text("error_code", known_code);
            if let Some(data) = object.object("data") {
                payload(data);
            }
        }
        Resource::Attempt => object.map_text("error_code", known_code),
        Resource::Request => {
            object.set("ingest_priority", Tree::of("NORMAL"));
            if let Some(data) = object.object("data") {
                payload(data);
            }
        }
        Resource::BulkOperation => {
            object.remove("type");
        }
        Resource::IgnoredEvent if object.text("cause").as_deref() == Some(NEW_CAUSE) => {
            object.set("cause", Tree::of("FILTERED"));
            object.set("meta", Tree::null());
        }
        Resource::Issue => issue(object),
        Resource::IssueTrigger => {
            if let Some(channels) = object.object("channels") {
                for channel in NEW_CHANNELS {
                    channels.remove(channel);
                }
            }
        }
        _ => {}
    }
}

/// A payload as it was shown before events showed what is sent.
fn payload(data: &mut Object) {
    for name in ["url", "method", "appended_headers", "body_format"] {
        data.remove(name);
    }
    if data.has("path") && !data.is_set("path") {
        data.set("path", Tree::of(""));
    }
}

fn issue(issue: &mut Object) {
    if let Some(reference) = issue.object("reference") {
        reference.remove("attempt_body");
    }
    let Some(keys) = issue.object("aggregation_keys") else {
        return;
    };
    let level = keys
        .get("log_level")
        .and_then(Tree::array)
        .and_then(|levels| levels.pop());
    if let Some(level) = level {
        keys.set("log_level", level);
    }
    for code in keys
        .get("error_code")
        .and_then(Tree::array)
        .into_iter()
        .flatten()
    {
        if let Some(known) = code.text().as_deref().and_then(known_code) {
            *code = Tree::of(known);
        }
    }
}

/// The payload an execution made, if it made one; once it was a text in any case.
const TRANSFORMED: &str = "transformed_event_data_id";

/// What executions and bookmarks hold.
fn payloads(model: &mut Object) {
    if model.has(TRANSFORMED) && !model.is_set(TRANSFORMED) {
        model.set(TRANSFORMED, Tree::of(""));
    }
    for name in ["data", "original_event_data", "transformed_event_data"] {
        if let Some(data) = model.object(name) {
            payload(data);
        }
    }
}

/// What a bulk job is, which older replies leave to the path they came from.
pub(super) fn name_bulk(operation: &Operation, object: &mut Object) {
    if let Some(bulk_type) = operation.bulk_type
        && !object.has("type")
    {
        object.set("type", Tree::of(bulk_type));
    }
}

/// The other way, as far as something would be missing or of another type.
pub(super) fn upgrade(resource: Resource, object: &mut Object) {
    match resource {
        Resource::Bookmark | Resource::TransformationExecution
            if object.text(TRANSFORMED).is_some_and(|id| id.is_empty()) =>
        {
            object.set(TRANSFORMED, Tree::null());
        }
        Resource::Event => {
            // What is sent was not shown; the models have a text there.
            if let Some(data) = object.object("data") {
                for name in ["url", "method"] {
                    if !data.has(name) {
                        data.set(name, Tree::of(""));
                    }
                }
            }
        }
        Resource::Request => {
            object.remove("ingest_priority");
        }
        Resource::Issue => {
            let Some(keys) = object.object("aggregation_keys") else {
                return;
            };
            if let Some(level) = keys.text("log_level") {
                keys.set("log_level", Tree::of(&[level]));
            }
        }
        _ => {}
    }
}
