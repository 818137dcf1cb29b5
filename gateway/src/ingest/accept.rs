//! The one transaction that takes a request in.

use rusqlite::{Connection, OptionalExtension, named_params};
use serde_json::Value;

use super::evaluate::{Evaluation, evaluate, read_rules};
use super::handshake::{self, HandshakeReply};
use super::rows::{NewEvent, NewRequest, store_event, store_ignored, store_payload, store_request};
use super::verification::{self, Verification, VerificationInput};
use crate::clock::Micros;
use crate::intake::{ConnectionOutcome, Intake};
use crate::request::{ReceivedRequest, RequestError};
use crate::rules::Rules;
use crate::store::StoreError;
use crate::wire::{DestinationType, RejectionCause, SourceType};

/// What became of a request.
#[derive(Debug)]
pub enum IngestOutcome {
    /// No source has the id; nothing is stored.
    UnknownSource,
    /// The source is deleted; nothing is stored.
    DeletedSource,
    /// The request asks for a sign of life only; nothing is stored.
    Handshake(HandshakeReply),
    /// The request is stored.
    Stored(IngestedRequest),
}

/// A stored request.
#[derive(Debug)]
pub struct IngestedRequest {
    pub request_id: String,
    pub rejected: Option<(RejectionCause, Option<String>)>,
    /// Whether the producer is told of a failed verification.
    pub answers_failed_verification: bool,
    pub custom: Option<(String, String)>,
    /// What became of it on each connection.
    pub outcomes: Vec<ConnectionOutcome>,
}

/// A source as ingestion needs it.
pub(super) struct IngestSource {
    id: String,
    kind: String,
    config: Value,
    disabled: bool,
    deleted: bool,
}

/// A connection as ingestion needs it.
pub(super) struct SourceConnection {
    pub(super) id: String,
    pub(super) source_id: String,
    pub(super) destination_id: String,
    /// The rules, or why they cannot be carried out.
    pub(super) rules: Result<Rules, String>,
    pub(super) paused: bool,
    pub(super) disabled: bool,
    pub(super) cli: bool,
    /// What the destination groups its events by, if it does.
    pub(super) group_key: Option<String>,
}

/// Who sent a request.
#[derive(Clone, Debug)]
pub enum Sender {
    /// Whoever knows the source's URL. These are the URLs that it may have posted to, the source's own first.
    Producer(Vec<String>),
    /// Somebody with the project's key, which proves more than any signature.
    KeyHolder,
}

/// Takes in what arrived at a source URL at `received_at`.
pub fn accept(
    intake: &mut Intake<'_>,
    source_id: &str,
    received: &ReceivedRequest,
    received_at: Micros,
    sender: &Sender,
) -> Result<IngestOutcome, StoreError> {
    let (conn, now, ids) = (intake.conn, intake.now, intake.ids);
    let Some(source) = source(conn, source_id)? else {
        return Ok(IngestOutcome::UnknownSource);
    };
    if source.deleted {
        return Ok(IngestOutcome::DeletedSource);
    }
    let custom = custom_response(&source.config, received);
    let scheme = verification::scheme_name(&source.kind, &source.config);
    let input = VerificationInput {
        received,
        config: &source.config,
        urls: match sender {
            Sender::Producer(urls) => urls,
            Sender::KeyHolder => &[],
        },
        now,
    };
    if !source.disabled
        && matches!(sender, Sender::Producer(_))
        && let Some(answer) = handshake::answer(scheme, &input)
    {
        return Ok(IngestOutcome::Handshake(answer));
    }
    let (rejected, verified) = judge(&source, scheme, &input, sender);
    let connections = if rejected.is_none() {
        connections_of(conn, &source.id)?
    } else {
        Vec::new()
    };
    let rejected = rejected
        .or_else(|| {
            connections
                .is_empty()
                .then_some((RejectionCause::NoConnection, None))
        })
        .or_else(|| not_built(&connections).map(|why| (RejectionCause::IngestionFatal, Some(why))));

    let payload_id = store_payload(conn, now, ids, received)?;
    let request = NewRequest {
        ingested_at: received_at,
        source_id: &source.id,
        payload_id: &payload_id,
        verified,
        bulk_retry_id: None,
    };
    let cause = rejected.as_ref().map(|(cause, _)| *cause);
    let request_id = store_request(intake, &request, cause)?;
    let connections = if rejected.is_none() {
        connections
    } else {
        Vec::new()
    };
    let stored = FanOutRequest {
        request_id: &request_id,
        payload_id: &payload_id,
        received,
        is_new: true,
    };
    fan_out(intake, &stored, &connections)?;
    Ok(IngestOutcome::Stored(IngestedRequest {
        request_id,
        rejected,
        answers_failed_verification: verification::answers_failed_verification(scheme, received),
        custom,
        outcomes: std::mem::take(&mut intake.outcomes),
    }))
}

pub(super) fn source(conn: &Connection, id: &str) -> Result<Option<IngestSource>, StoreError> {
    let row = conn
        .prepare_cached(
            "SELECT id, type, config, disabled_at IS NOT NULL, deleted_at IS NOT NULL
             FROM sources WHERE id = :id",
        )?
        .query_row(named_params! { ":id": id }, |row| {
            let config: String = row.get(2)?;
            Ok(IngestSource {
                id: row.get(0)?,
                kind: row.get(1)?,
                config: serde_json::from_str(&config).unwrap_or(Value::Null),
                disabled: row.get(3)?,
                deleted: row.get(4)?,
            })
        })
        .optional()?;
    Ok(row)
}

/// The first active connection whose rules cannot be carried out, as a sentence.
pub(super) fn not_built(connections: &[SourceConnection]) -> Option<String> {
    connections
        .iter()
        .filter(|connection| !connection.disabled)
        .find_map(|connection| connection.rules.as_ref().err().cloned())
}

/// The first thing that speaks against the request, in the order disabled, method, size, content
/// type, JSON, verification; and whether its signature was verified.
fn judge(
    source: &IngestSource,
    scheme: &str,
    input: &VerificationInput<'_>,
    sender: &Sender,
) -> (Option<(RejectionCause, Option<String>)>, bool) {
    if let Some(cause) = refusal(source, input.received) {
        return (Some((cause, None)), false);
    }
    if matches!(sender, Sender::KeyHolder) {
        return (None, true);
    }
    if source.kind == SourceType::PublishApi.as_str() {
        return (Some((RejectionCause::VerificationFailed, None)), false);
    }
    match verification::verify(scheme, input) {
        Verification::NotConfigured | Verification::Unchecked => (None, false),
        Verification::Passed => (None, true),
        Verification::Failed => (Some((RejectionCause::VerificationFailed, None)), false),
    }
}

/// What speaks against the request before anybody asks who sent it.
pub(super) fn refusal(source: &IngestSource, received: &ReceivedRequest) -> Option<RejectionCause> {
    if source.disabled {
        return Some(RejectionCause::SourceDisabled);
    }
    if !allows_method(&source.config, received) {
        return Some(RejectionCause::UnsupportedHttpMethod);
    }
    received.error.map(|error| match error {
        RequestError::TooLarge => RejectionCause::PayloadTooLarge,
        RequestError::ContentType => RejectionCause::UnsupportedContentType,
        RequestError::Json => RejectionCause::UnparsableJson,
        RequestError::Query => RejectionCause::Unknown,
    })
}

/// The methods a source takes unless its config or the URL says otherwise.
const METHODS: [&str; 4] = ["POST", "PUT", "PATCH", "DELETE"];

fn allows_method(config: &Value, received: &ReceivedRequest) -> bool {
    let method = received.method.as_str();
    if let Some(asked) = received.parsed_query["x-hookdeck-allow-methods"].as_str() {
        return asked
            .split(',')
            .any(|name| name.trim().eq_ignore_ascii_case(method));
    }
    match config["allowed_http_methods"].as_array() {
        Some(allowed) => allowed.iter().any(|name| name == method),
        None => METHODS.contains(&method),
    }
}

/// The answer the source's config or the URL asks for: content type and body.
fn custom_response(config: &Value, received: &ReceivedRequest) -> Option<(String, String)> {
    let content_type = |kind: &str| match kind {
        "json" => "application/json; charset=utf-8",
        "xml" => "application/xml; charset=utf-8",
        _ => "text/plain; charset=utf-8",
    };
    match &received.parsed_query["x-hookdeck-response"] {
        Value::String(text) if text == "null" => {
            return Some((content_type("text").into(), String::new()));
        }
        Value::Object(parts) => {
            if let Some((kind, body)) = ["json", "text", "xml"]
                .iter()
                .find_map(|kind| Some((*kind, parts.get(*kind)?.as_str()?)))
            {
                return Some((content_type(kind).into(), body.to_owned()));
            }
        }
        _ => {}
    }
    let custom = &config["custom_response"];
    let body = custom["body"].as_str()?;
    Some((
        content_type(custom["content_type"].as_str().unwrap_or("text")).into(),
        body.to_owned(),
    ))
}

/// The connections of a source that are not deleted, oldest first.
pub(super) fn connections_of(
    conn: &Connection,
    source_id: &str,
) -> Result<Vec<SourceConnection>, StoreError> {
    let connections = conn
        .prepare_cached(
            "SELECT c.id, c.source_id, c.destination_id, c.rules, c.paused_at IS NOT NULL AS paused,
                    coalesce(c.disabled_at, d.disabled_at, d.deleted_at) IS NOT NULL AS disabled,
                    d.type = :cli AS cli,
                    json_extract(d.config, '$.delivery_policy.groups.key') AS group_key
             FROM connections c JOIN destinations d ON d.id = c.destination_id
             WHERE c.source_id = :source AND c.deleted_at IS NULL
             ORDER BY c.created_at, c.seq",
        )?
        .query_map(named_params! { ":source": source_id, ":cli": DestinationType::Cli }, |row| {
            let id: String = row.get("id")?;
            let rules: String = row.get("rules")?;
            Ok(SourceConnection {
                rules: read_rules(&id, &rules),
                id,
                source_id: row.get("source_id")?,
                destination_id: row.get("destination_id")?,
                paused: row.get("paused")?,
                disabled: row.get("disabled")?,
                cli: row.get("cli")?,
                group_key: row.get("group_key")?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(connections)
}

/// A stored request on its way to the connections.
pub(super) struct FanOutRequest<'a> {
    pub(super) request_id: &'a str,
    pub(super) payload_id: &'a str,
    pub(super) received: &'a ReceivedRequest,
    /// Whether it came in just now, rather than being sent again.
    pub(super) is_new: bool,
}

/// Makes an event or an ignored event per connection, and counts them on the request. Answers the
/// events.
pub(super) fn fan_out(
    intake: &mut Intake<'_>,
    request: &FanOutRequest<'_>,
    connections: &[SourceConnection],
) -> Result<Vec<String>, StoreError> {
    let (conn, now, request_id) = (intake.conn, intake.now, request.request_id);
    let mut event_ids = Vec::new();
    let mut for_clients = 0;
    let mut ignored = 0;
    let none = Rules::default();
    for connection in connections {
        // Rules that cannot be carried out have been refused before, save on disabled connections.
        let rules = connection.rules.as_ref().unwrap_or(&none);
        let (payload_id, received) = (request.payload_id, request.received);
        let before = event_ids.len();
        let (mut cause, mut meta) = (None, None);
        let new_request = request.is_new.then_some(request_id);
        match evaluate(intake, connection, rules, payload_id, received, new_request)? {
            Evaluation::Event {
                due_in,
                payload_id,
                group,
            } => {
                let id = intake.ids.event();
                let event = NewEvent {
                    id: &id,
                    payload_id: &payload_id,
                    cli_id: None,
                    group: group.as_deref(),
                    due_in,
                };
                store_event(conn, now, request_id, connection, &event)?;
                event_ids.push(id);
            }
            Evaluation::ForClients {
                due_in,
                payload_id,
                group,
                clients,
            } => {
                for client_id in clients {
                    let id = intake.ids.event();
                    let event = NewEvent {
                        id: &id,
                        payload_id: &payload_id,
                        cli_id: Some(&client_id),
                        group: group.as_deref(),
                        due_in,
                    };
                    store_event(conn, now, request_id, connection, &event)?;
                    event_ids.push(id);
                    for_clients += 1;
                }
            }
            Evaluation::Ignored(why) => {
                store_ignored(intake, request_id, connection, &why)?;
                ignored += 1;
                (cause, meta) = (Some(why.cause), why.meta.as_ref().map(Value::to_string));
            }
            Evaluation::NeedsTransformation => {}
        }
        intake.outcomes.push(ConnectionOutcome {
            connection_id: connection.id.clone(),
            destination_id: connection.destination_id.clone(),
            event_ids: event_ids[before..].to_vec(),
            cause,
            meta,
        });
    }
    if !connections.is_empty() {
        conn.prepare_cached(
            "UPDATE requests SET events_count = events_count + :events,
                 cli_events_count = cli_events_count + :for_clients,
                 ignored_count = ignored_count + :ignored, updated_at = max(updated_at, :now)
             WHERE id = :id",
        )?
        .execute(named_params! {
            ":id": request_id,
            ":events": event_ids.len() - for_clients,
            ":for_clients": for_clients,
            ":ignored": ignored,
            ":now": now,
        })?;
    }
    Ok(event_ids)
}
