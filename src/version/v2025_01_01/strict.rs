//! What a strict reader of the documents up to 2024-09-01 would trip over.

use super::super::nature::Kind;
use super::super::tree::{Object, Tree};

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

/// Operations without a model of their own that hold payloads all the same.
pub(super) fn is_concerned(operation: &str) -> bool {
    matches!(
        operation,
        "getTransformationExecutions"
            | "getTransformationExecution"
            | "getBookmarks"
            | "getBookmark"
            | "createBookmark"
            | "updateBookmark"
            | "triggerBookmark"
    )
}

fn known_code(code: &str) -> Option<&'static str> {
    NEW_CODES.contains(&code).then_some("UNKNOWN")
}

/// Leaves out of a list what an older client has no type for.
pub(super) fn leave_out_rows(operation: &str, reply: &mut Tree) {
    let new: &[&str] = match operation {
        "getIssues" => &NEW_ISSUES,
        "getIssueTriggers" => &NEW_ISSUES[1..],
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
pub(super) fn downgrade(kind: Kind, object: &mut Object) {
    match kind {
        Kind::Event => {
            object.remove("delivery_group");
            object.map_text("status", |status| {
                (status == "CANCELLED").then_some("FAILED")
            });
            object.map_text("error_code", known_code);
            if let Some(data) = object.object("data") {
                payload(data);
            }
        }
        Kind::Attempt => object.map_text("error_code", known_code),
        Kind::Request => {
            object.set("ingest_priority", Tree::of("NORMAL"));
            if let Some(data) = object.object("data") {
                payload(data);
            }
        }
        Kind::Bulk => {
            object.remove("type");
        }
        Kind::Issue => issue(object),
        Kind::IssueTrigger => {
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
    for name in ["url", "method", "appended_headers"] {
        data.remove(name);
    }
    if data.has("path") && !data.is_set("path") {
        data.set("path", Tree::of(""));
    }
}

fn issue(issue: &mut Object) {
    let execution = issue
        .object("data")
        .and_then(|data| data.object("transformation_execution"));
    if let Some(execution) = execution {
        payloads(execution);
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

/// Executions and bookmarks: their payloads.
pub(super) fn downgrade_executions(operation: &str, reply: &mut Tree) {
    each_execution(operation, reply, payloads);
}

/// The other way.
pub(super) fn upgrade_executions(operation: &str, reply: &mut Tree) {
    each_execution(operation, reply, |model| {
        if model.text(TRANSFORMED).is_some_and(|id| id.is_empty()) {
            model.set(TRANSFORMED, Tree::null());
        }
    });
}

/// The payload an execution made, if it made one; once it was a text in any case.
const TRANSFORMED: &str = "transformed_event_data_id";

fn each_execution(operation: &str, reply: &mut Tree, see: fn(&mut Object)) {
    if !is_concerned(operation) {
        return;
    }
    let Some(reply) = reply.object() else { return };
    see(reply);
    let models = reply.get("models").and_then(Tree::array);
    for model in models.into_iter().flatten().filter_map(Tree::object) {
        see(model);
    }
}

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
pub(super) fn name_bulk(operation: &str, object: &mut Object) {
    let named = [
        ("RequestBulkRetr", "requests.retry"),
        ("IgnoredEventBulkRetr", "ignored_events.retry"),
        ("EventBulkRetr", "events.retry"),
    ];
    let kind = named.iter().find(|(part, _)| operation.contains(part));
    if let Some((_, kind)) = kind
        && !object.has("type")
    {
        object.set("type", Tree::of(*kind));
    }
}

/// The other way, as far as something would be missing or of another type.
pub(super) fn upgrade(kind: Kind, object: &mut Object) {
    match kind {
        Kind::Event => {
            // What is sent was not shown; the models have a text there.
            if let Some(data) = object.object("data") {
                for name in ["url", "method"] {
                    if !data.has(name) {
                        data.set(name, Tree::of(""));
                    }
                }
            }
        }
        Kind::Request => {
            object.remove("ingest_priority");
        }
        Kind::Issue => {
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
