//! What a connection makes of a request: an event, now or later, or an ignored event.

use std::time::Duration;

use data_encoding::HEXLOWER;
use rusqlite::params;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::accept::SourceConnection;
use super::transforming::{TransformRuleOutcome, transform};
use crate::intake::Intake;
use crate::request::{ReceivedRequest, RequestView};
use crate::rules::deduplicate::DeduplicateRule;
use crate::rules::filter::{FilterPart, RequestParts};
use crate::rules::{RuleStep, Rules, group};
use crate::sessions::record;
use crate::store::StoreError;
use crate::wire::IgnoredCause;

/// What comes of one request on one connection.
pub(super) enum Evaluation {
    /// An event with this payload is made and due after this time.
    Event {
        due_in: Duration,
        payload_id: String,
        group: Option<String>,
    },
    /// One event with this payload is made for each of these command-line clients.
    ForClients {
        due_in: Duration,
        payload_id: String,
        group: Option<String>,
        clients: Vec<String>,
    },
    /// No event is made.
    Ignored(NewIgnoredEvent),
    /// A transformation has to be run first; this try is taken back.
    NeedsTransformation,
}

/// Why no event was made.
pub(super) struct NewIgnoredEvent {
    pub(super) cause: IgnoredCause,
    pub(super) meta: Option<Value>,
}

/// Reads a connection's rules and refuses what cannot be understood: passing such a rule over would
/// deliver what it was meant to stop or change.
pub(super) fn read_rules(connection_id: &str, rules: &str) -> Result<Rules, String> {
    let value: Value = serde_json::from_str(rules).unwrap_or(Value::Null);
    Rules::parse(&value).map_err(|error| format!("Connection {connection_id}: {error}."))
}

/// Applies the connection's state and rules to the request, which is stored as `payload_id`. The deduplicate
/// rule is applied before the others, to a request that came in just now, whose id is `new_request`; what is
/// sent again on purpose is no duplicate.
pub(super) fn evaluate(
    intake: &mut Intake<'_>,
    connection: &SourceConnection,
    rules: &Rules,
    payload_id: &str,
    received: &ReceivedRequest,
    new_request: Option<&str>,
) -> Result<Evaluation, StoreError> {
    let ignored = |cause, meta| Ok(Evaluation::Ignored(NewIgnoredEvent { cause, meta }));
    if connection.disabled {
        return ignored(IgnoredCause::Disabled, None);
    }
    let mut seen = RequestView::of(received);
    if let Some((rule, request_id)) = rules.deduplicate().zip(new_request)
        && let Some(original) =
            duplicate_of(intake, connection, rule, &seen.parts(received), request_id)?
    {
        let meta = json!({ "duplicate_of_request_id": original });
        return ignored(IgnoredCause::Duplicate, Some(meta));
    }
    let mut transformed: Option<(Box<ReceivedRequest>, String)> = None;
    let mut from = 0;
    loop {
        let (current, current_id) = match &transformed {
            Some((received, id)) => (&**received, id.as_str()),
            None => (received, payload_id),
        };
        let parts = seen.parts(current);
        match rules.next(from, &parts) {
            RuleStep::Accepted if connection.cli => {
                return Ok(match receivers(intake, connection, &parts)? {
                    Ok(clients) => Evaluation::ForClients {
                        due_in: rules.delay(),
                        payload_id: current_id.to_owned(),
                        group: group_of(connection, &parts),
                        clients,
                    },
                    Err(why) => Evaluation::Ignored(why),
                });
            }
            RuleStep::Accepted => {
                return Ok(Evaluation::Event {
                    due_in: rules.delay(),
                    payload_id: current_id.to_owned(),
                    group: group_of(connection, &parts),
                });
            }
            RuleStep::Filtered(parts) => {
                let names = parts.iter().map(|part| part.as_str());
                return ignored(IgnoredCause::Filtered, Some(Value::from_iter(names)));
            }
            RuleStep::Transform {
                transformation_id,
                next,
            } => {
                let id = transformation_id.unwrap_or_default().to_owned();
                match transform(intake, connection, &id, current_id, current)? {
                    TransformRuleOutcome::Request(received, payload_id) => {
                        seen = RequestView::of(&received);
                        transformed = Some((received, payload_id));
                        from = next;
                    }
                    TransformRuleOutcome::Failed => {
                        let meta = json!({ "transformation_id": id });
                        return ignored(IgnoredCause::TransformationFailed, Some(meta));
                    }
                    TransformRuleOutcome::NotRunYet => return Ok(Evaluation::NeedsTransformation),
                }
            }
        }
    }
}

/// The delivery group of an event, at a destination that groups.
fn group_of(connection: &SourceConnection, parts: &RequestParts<'_>) -> Option<String> {
    let key = connection.group_key.as_deref()?;
    Some(group::of(key, parts))
}

/// The command-line clients that get an event, or why none does. A client gets one however many of its
/// sessions want it.
fn receivers(
    intake: &Intake<'_>,
    connection: &SourceConnection,
    parts: &RequestParts<'_>,
) -> Result<Result<Vec<String>, NewIgnoredEvent>, StoreError> {
    let sessions = record::on_connection(intake.conn, intake.now, &connection.id)?;
    if sessions.is_empty() {
        return Ok(Err(NewIgnoredEvent {
            cause: IgnoredCause::CliDisconnected,
            meta: None,
        }));
    }
    let mut wanted: Vec<String> = Vec::new();
    let mut refused = Vec::new();
    for session in sessions {
        let failing = session.filter.failing(parts);
        if failing.is_empty() {
            if !wanted.contains(&session.client_id) {
                wanted.push(session.client_id);
            }
        } else if refused.is_empty() {
            refused = failing;
        }
    }
    Ok(if wanted.is_empty() {
        let names = refused.into_iter().map(FilterPart::as_str);
        Err(NewIgnoredEvent {
            cause: IgnoredCause::Filtered,
            meta: Some(Value::from_iter(names)),
        })
    } else {
        Ok(wanted)
    })
}

/// The request that this one repeats within the window; if there is none, this one is remembered from now on.
fn duplicate_of(
    intake: &Intake<'_>,
    connection: &SourceConnection,
    rule: &DeduplicateRule,
    parts: &RequestParts<'_>,
    request_id: &str,
) -> Result<Option<String>, StoreError> {
    // The fields belong to it: a changed rule compares anew.
    let compared = json!([rule.include_fields, rule.exclude_fields, rule.key(parts)]);
    let digest = HEXLOWER.encode(&Sha256::digest(compared.to_string()));
    let (conn, until) = (intake.conn, intake.now.plus(rule.window));
    conn.prepare_cached("DELETE FROM seen_requests WHERE until <= ?1")?
        .execute([intake.now])?;
    let remembered = conn
        .prepare_cached(
            "INSERT INTO seen_requests (connection_id, digest, request_id, until) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![connection.id, digest, request_id, until])?;
    if remembered > 0 {
        return Ok(None);
    }
    let original = conn
        .prepare_cached(
            "SELECT request_id FROM seen_requests WHERE connection_id = ?1 AND digest = ?2",
        )?
        .query_row(params![connection.id, digest], |row| row.get(0))?;
    Ok(Some(original))
}
