//! The one transaction that takes a request in.

use rusqlite::{Connection, OptionalExtension, named_params, params};
use serde_json::Value;

use super::LARGE;
use super::evaluate::{Ignored, Verdict, evaluate, read_rules};
use super::grouping;
use super::handshake;
use super::verification::{self, Proof, Verification};
use crate::clock::Micros;
use crate::ids::Ids;
use crate::intake::{ConnectionOutcome, Intake};
use crate::issues;
use crate::request::Cause;
use crate::request::{Fault, Received};
use crate::rules::Rules;
use crate::store::StoreError;

/// What became of a request.
#[derive(Debug)]
pub(super) enum Accepted {
    /// No source has the id; nothing is stored.
    UnknownSource,
    /// The source is deleted; nothing is stored.
    DeletedSource,
    /// The request asks for a sign of life only; nothing is stored.
    Handshake(handshake::Answer),
    /// The request is stored.
    Stored(Stored),
}

/// A stored request.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) request_id: String,
    pub(super) rejected: Option<(Cause, Option<String>)>,
    /// Whether the producer is told of a failed verification.
    pub(super) told: bool,
    pub(super) custom: Option<(String, String)>,
    /// What became of it on each connection.
    pub(super) outcomes: Vec<ConnectionOutcome>,
}

/// A source as ingestion needs it.
pub(super) struct Source {
    id: String,
    kind: String,
    config: Value,
    disabled: bool,
    deleted: bool,
}

/// A connection as ingestion needs it.
pub(super) struct Route {
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

/// Takes in what arrived at a source URL. `urls` are those the producer may have posted to, the source's own first.
pub(super) fn accept(
    intake: &mut Intake<'_>,
    source_id: &str,
    received: &Received,
    urls: &[String],
) -> Result<Accepted, StoreError> {
    let (conn, now, ids) = (intake.conn, intake.now, intake.ids);
    let Some(source) = source(conn, source_id)? else {
        return Ok(Accepted::UnknownSource);
    };
    if source.deleted {
        return Ok(Accepted::DeletedSource);
    }
    let custom = custom_response(&source.config, received);
    let scheme = verification::scheme_name(&source.kind, &source.config);
    let proof = Proof {
        received,
        config: &source.config,
        urls,
        now,
    };
    if !source.disabled
        && let Some(answer) = handshake::answer(scheme, &proof)
    {
        return Ok(Accepted::Handshake(answer));
    }
    let (rejected, verified) = judge(&source, scheme, &proof);
    let routes = if rejected.is_none() {
        routes(conn, &source.id)?
    } else {
        Vec::new()
    };
    let rejected = rejected
        .or_else(|| routes.is_empty().then_some((Cause::NoConnection, None)))
        .or_else(|| not_built(&routes).map(|why| (Cause::IngestionFatal, Some(why))));

    let payload_id = store_payload(conn, now, ids, received)?;
    let request = NewRequest {
        source_id: &source.id,
        payload_id: &payload_id,
        verified,
        bulk_retry_id: None,
    };
    let request_id = store_request(
        conn,
        now,
        ids,
        &request,
        rejected.as_ref().map(|(cause, _)| *cause),
    )?;
    let routes = if rejected.is_none() {
        routes
    } else {
        Vec::new()
    };
    let stored = Taken {
        request_id: &request_id,
        payload_id: &payload_id,
        received,
        is_new: true,
    };
    fan_out(intake, &stored, &routes)?;
    Ok(Accepted::Stored(Stored {
        request_id,
        rejected,
        told: verification::told(scheme),
        custom,
        outcomes: std::mem::take(&mut intake.outcomes),
    }))
}

pub(super) fn source(conn: &Connection, id: &str) -> Result<Option<Source>, StoreError> {
    let row = conn
        .prepare_cached("SELECT id, type, config, disabled_at IS NOT NULL, deleted_at IS NOT NULL FROM sources WHERE id = ?1")?
        .query_row([id], |row| {
            let config: String = row.get(2)?;
            Ok(Source {
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
pub(super) fn not_built(routes: &[Route]) -> Option<String> {
    routes
        .iter()
        .filter(|route| !route.disabled)
        .find_map(|route| route.rules.as_ref().err().cloned())
}

/// The first thing that speaks against the request, in the order disabled, method, size, content
/// type, JSON, verification; and whether its signature was verified.
fn judge(
    source: &Source,
    scheme: &str,
    proof: &Proof<'_>,
) -> (Option<(Cause, Option<String>)>, bool) {
    if let Some(cause) = refusal(source, proof.received) {
        return (Some((cause, None)), false);
    }
    match verification::verify(scheme, proof) {
        Verification::NotConfigured | Verification::Unchecked => (None, false),
        Verification::Passed => (None, true),
        Verification::Failed => (Some((Cause::VerificationFailed, None)), false),
    }
}

/// What speaks against the request before anybody asks who sent it.
pub(super) fn refusal(source: &Source, received: &Received) -> Option<Cause> {
    if source.disabled {
        return Some(Cause::SourceDisabled);
    }
    if !allows_method(&source.config, received) {
        return Some(Cause::UnsupportedHttpMethod);
    }
    received.fault.map(|fault| match fault {
        Fault::TooLarge => Cause::PayloadTooLarge,
        Fault::ContentType => Cause::UnsupportedContentType,
        Fault::Json => Cause::UnparsableJson,
        Fault::Query => Cause::Unknown,
    })
}

/// The methods a source takes unless its config or the URL says otherwise.
const METHODS: [&str; 4] = ["POST", "PUT", "PATCH", "DELETE"];

fn allows_method(config: &Value, received: &Received) -> bool {
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
fn custom_response(config: &Value, received: &Received) -> Option<(String, String)> {
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
pub(super) fn routes(conn: &Connection, source_id: &str) -> Result<Vec<Route>, StoreError> {
    let routes = conn
        .prepare_cached(concat!(
            "SELECT c.id, c.source_id, c.destination_id, c.rules, c.paused_at IS NOT NULL, ",
            "coalesce(c.disabled_at, d.disabled_at, d.deleted_at) IS NOT NULL, d.type = 'CLI', ",
            "json_extract(d.config, '$.delivery_policy.groups.key') ",
            "FROM connections c JOIN destinations d ON d.id = c.destination_id ",
            "WHERE c.source_id = ?1 AND c.deleted_at IS NULL ORDER BY c.created_at, c.id",
        ))?
        .query_map([source_id], |row| {
            let id: String = row.get(0)?;
            let rules: String = row.get(3)?;
            Ok(Route {
                rules: read_rules(&id, &rules),
                id,
                source_id: row.get(1)?,
                destination_id: row.get(2)?,
                paused: row.get(4)?,
                disabled: row.get(5)?,
                cli: row.get(6)?,
                group_key: row.get(7)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(routes)
}

pub(super) fn store_payload(
    conn: &Connection,
    now: Micros,
    ids: &Ids,
    received: &Received,
) -> Result<String, StoreError> {
    let id = ids.payload();
    let json = |value: &Value| value.to_string();
    let headers = serde_json::to_string(&received.headers)
        .map_err(|error| StoreError::Unusable(error.to_string()))?;
    conn.prepare_cached(concat!(
        "INSERT INTO payloads (id, method, path, query, parsed_query, headers, body, is_large, created_at) ",
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    ))?
    .execute(params![
        id,
        received.method,
        received.path,
        received.query,
        json(&received.parsed_query),
        headers,
        received.body,
        received.body.len() > LARGE,
        now
    ])?;
    Ok(id)
}

pub(super) struct NewRequest<'a> {
    pub(super) source_id: &'a str,
    pub(super) payload_id: &'a str,
    pub(super) verified: bool,
    pub(super) bulk_retry_id: Option<&'a str>,
}

pub(super) fn store_request(
    conn: &Connection,
    now: Micros,
    ids: &Ids,
    request: &NewRequest<'_>,
    rejected: Option<Cause>,
) -> Result<String, StoreError> {
    let id = ids.request();
    conn.prepare_cached(concat!(
        "INSERT INTO requests (id, source_id, payload_id, verified, rejection_cause, ingested_at, bulk_retry_id, ",
        "created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?6, ?6)",
    ))?
    .execute(params![
        id,
        request.source_id,
        request.payload_id,
        request.verified,
        rejected.map(Cause::as_str),
        now,
        request.bulk_retry_id
    ])?;
    if let Some(cause) = rejected {
        issues::on_rejection(conn, now, ids, &id, request.source_id, cause.as_str())?;
    }
    Ok(id)
}

/// A stored request on its way to the connections.
pub(super) struct Taken<'a> {
    pub(super) request_id: &'a str,
    pub(super) payload_id: &'a str,
    pub(super) received: &'a Received,
    /// Whether it came in just now, rather than being sent again.
    pub(super) is_new: bool,
}

/// Makes an event or an ignored event per connection, and counts them on the request. Answers the
/// events.
pub(super) fn fan_out(
    intake: &mut Intake<'_>,
    taken: &Taken<'_>,
    routes: &[Route],
) -> Result<Vec<String>, StoreError> {
    let (conn, now, request_id) = (intake.conn, intake.now, taken.request_id);
    let mut event_ids = Vec::new();
    let mut for_clients = 0;
    let mut ignored = 0;
    let none = Rules::default();
    for route in routes {
        // Rules that cannot be carried out have been refused before, save on disabled connections.
        let rules = route.rules.as_ref().unwrap_or(&none);
        let (payload_id, received) = (taken.payload_id, taken.received);
        let before = event_ids.len();
        let (mut cause, mut meta) = (None, None);
        match evaluate(intake, route, rules, payload_id, received, taken.is_new)? {
            Verdict::Event { due_in, payload_id } => {
                let id = intake.ids.event();
                let event = NewEvent {
                    id: &id,
                    payload_id: &payload_id,
                    cli_id: None,
                    due_in,
                };
                store_event(conn, now, request_id, route, &event)?;
                event_ids.push(id);
            }
            Verdict::ForSessions {
                due_in,
                payload_id,
                sessions,
            } => {
                for session in sessions {
                    let id = intake.ids.event();
                    let event = NewEvent {
                        id: &id,
                        payload_id: &payload_id,
                        cli_id: session.as_deref(),
                        due_in,
                    };
                    store_event(conn, now, request_id, route, &event)?;
                    event_ids.push(id);
                    for_clients += 1;
                }
            }
            Verdict::Ignored(why) => {
                store_ignored(conn, now, request_id, route, &why)?;
                ignored += 1;
                (cause, meta) = (Some(why.cause), why.meta.as_ref().map(Value::to_string));
            }
            Verdict::Repeated => {
                ignored += 1;
                cause = Some("DEDUPLICATED");
            }
            Verdict::Unknown => {}
        }
        if let Some(key) = &route.group_key {
            grouping::assign(conn, key, &event_ids[before..])?;
        }
        intake.outcomes.push(ConnectionOutcome {
            connection_id: route.id.clone(),
            destination_id: route.destination_id.clone(),
            event_ids: event_ids[before..].to_vec(),
            cause,
            meta,
        });
    }
    if !routes.is_empty() {
        conn.prepare_cached(concat!(
            "UPDATE requests SET events_count = events_count + ?2, cli_events_count = cli_events_count + ?5, ",
            "ignored_count = ignored_count + ?3, updated_at = ?4 WHERE id = ?1",
        ))?
        .execute(params![
            request_id,
            event_ids.len() - for_clients,
            ignored,
            now,
            for_clients
        ])?;
    }
    Ok(event_ids)
}

struct NewEvent<'a> {
    id: &'a str,
    payload_id: &'a str,
    cli_id: Option<&'a str>,
    due_in: std::time::Duration,
}

fn store_event(
    conn: &Connection,
    now: Micros,
    request_id: &str,
    route: &Route,
    event: &NewEvent<'_>,
) -> Result<(), StoreError> {
    let due = now.plus(event.due_in);
    let (status, due_at, next) = match (route.paused, event.due_in.is_zero()) {
        (true, true) => ("HOLD", None, None),
        // The end of the pause does not cut the delay short.
        (true, false) => ("HOLD", Some(due), None),
        (false, true) => ("QUEUED", Some(due), None),
        (false, false) => ("SCHEDULED", Some(due), Some(due)),
    };
    conn.prepare_cached(concat!(
        "INSERT INTO events (id, connection_id, source_id, destination_id, request_id, payload_id, status, due_at, ",
        "due_trigger, next_attempt_at, cli_id, created_at, updated_at) VALUES (:id, :connection, :source, :destination, ",
        ":request, :payload, :status, :due_at, 'INITIAL', :next, :cli_id, :now, :now)",
    ))?
    .execute(named_params! {
        ":id": event.id, ":connection": route.id, ":source": route.source_id, ":destination": route.destination_id,
        ":request": request_id, ":payload": event.payload_id, ":status": status, ":due_at": due_at, ":next": next,
        ":cli_id": event.cli_id, ":now": now,
    })?;
    Ok(())
}

fn store_ignored(
    conn: &Connection,
    now: Micros,
    request_id: &str,
    route: &Route,
    why: &Ignored,
) -> Result<(), StoreError> {
    conn.prepare_cached(concat!(
        "INSERT INTO ignored_events (id, request_id, connection_id, cause, meta, created_at, updated_at) ",
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6) ",
        "ON CONFLICT (id) DO UPDATE SET cause = excluded.cause, meta = excluded.meta, updated_at = excluded.updated_at",
    ))?
    .execute(params![
        format!("{request_id}:{}", route.id),
        request_id,
        route.id,
        why.cause,
        why.meta.as_ref().map(Value::to_string),
        now
    ])?;
    Ok(())
}
