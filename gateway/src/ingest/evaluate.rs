//! What a connection makes of a request: an event, now or later, or an ignored event.

use std::time::Duration;

use data_encoding::HEXLOWER;
use rusqlite::params;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::accept::Route;
use super::transforming::{Transformed, transform};
use crate::intake::Intake;
use crate::request::{Received, RequestView};
use crate::rules::deduplicate::Deduplicate;
use crate::rules::filter::{Part, Parts};
use crate::rules::{Rules, Step, group};
use crate::sessions::record;
use crate::store::StoreError;
use crate::wire::IgnoredCause;

/// The verdict on one request for one connection.
pub(super) enum Verdict {
    /// An event with this payload is made and due after this time.
    Event {
        due_in: Duration,
        payload_id: String,
        group: Option<String>,
    },
    /// One event with this payload is made for each of these sessions of the command-line client, or a
    /// single one that is not for a certain one.
    ForSessions {
        due_in: Duration,
        payload_id: String,
        group: Option<String>,
        sessions: Vec<Option<String>>,
    },
    /// No event is made.
    Ignored(Ignored),
    /// No event is made, because the same request was there before. There is no cause to record this
    /// under; it only counts.
    Repeated,
    /// A transformation has to be run first; this try is taken back.
    Unknown,
}

/// Why no event was made.
pub(super) struct Ignored {
    pub(super) cause: IgnoredCause,
    pub(super) meta: Option<Value>,
}

/// Reads a connection's rules and refuses what cannot be understood: passing such a rule over would
/// deliver what it was meant to stop or change.
pub(super) fn read_rules(connection_id: &str, rules: &str) -> Result<Rules, String> {
    let value: Value = serde_json::from_str(rules).unwrap_or(Value::Null);
    Rules::parse(&value).map_err(|error| format!("Connection {connection_id}: {error}."))
}

/// Applies the connection's state and rules to the request, which is stored as `payload_id`. With
/// `is_new` the deduplicate rule is applied, before the others; what is sent again on purpose is no
/// repetition.
pub(super) fn evaluate(
    intake: &mut Intake<'_>,
    route: &Route,
    rules: &Rules,
    payload_id: &str,
    received: &Received,
    is_new: bool,
) -> Result<Verdict, StoreError> {
    let ignored = |cause, meta| Ok(Verdict::Ignored(Ignored { cause, meta }));
    if route.disabled {
        return ignored(IgnoredCause::Disabled, None);
    }
    let mut seen = RequestView::of(received);
    if let Some(rule) = rules.deduplicate().filter(|_| is_new)
        && is_repeated(intake, route, rule, &seen.parts(received))?
    {
        return Ok(Verdict::Repeated);
    }
    let mut transformed: Option<(Box<Received>, String)> = None;
    let mut from = 0;
    loop {
        let (current, current_id) = match &transformed {
            Some((received, id)) => (&**received, id.as_str()),
            None => (received, payload_id),
        };
        let parts = seen.parts(current);
        match rules.next(from, &parts) {
            Step::Accepted if route.cli => {
                return Ok(match receivers(intake, route, &parts)? {
                    Ok(sessions) => Verdict::ForSessions {
                        due_in: rules.delay(),
                        payload_id: current_id.to_owned(),
                        group: group_of(route, &parts),
                        sessions,
                    },
                    Err(why) => Verdict::Ignored(why),
                });
            }
            Step::Accepted => {
                return Ok(Verdict::Event {
                    due_in: rules.delay(),
                    payload_id: current_id.to_owned(),
                    group: group_of(route, &parts),
                });
            }
            Step::Filtered(parts) => {
                let names = parts.iter().map(|part| part.as_str());
                return ignored(IgnoredCause::Filtered, Some(Value::from_iter(names)));
            }
            Step::Transform {
                transformation_id,
                next,
            } => {
                let id = transformation_id.unwrap_or_default().to_owned();
                match transform(intake, route, &id, current_id, current)? {
                    Transformed::Request(received, payload_id) => {
                        seen = RequestView::of(&received);
                        transformed = Some((received, payload_id));
                        from = next;
                    }
                    Transformed::Failed => {
                        let meta = json!({ "transformation_id": id });
                        return ignored(IgnoredCause::TransformationFailed, Some(meta));
                    }
                    Transformed::Unknown => return Ok(Verdict::Unknown),
                }
            }
        }
    }
}

/// The delivery group of an event, at a destination that groups.
fn group_of(route: &Route, parts: &Parts<'_>) -> Option<String> {
    let key = route.group_key.as_deref()?;
    Some(group::of(key, parts))
}

/// The sessions of the command-line client that get an event, or why none does.
fn receivers(
    intake: &Intake<'_>,
    route: &Route,
    parts: &Parts<'_>,
) -> Result<Result<Vec<Option<String>>, Ignored>, StoreError> {
    let sessions = record::on_connection(intake.conn, intake.now, &route.id)?;
    if sessions.is_empty() {
        let disconnected = Ignored {
            cause: IgnoredCause::CliDisconnected,
            meta: None,
        };
        return Ok(if route.paused {
            Ok(vec![None])
        } else {
            Err(disconnected)
        });
    }
    let mut wanted = Vec::new();
    let mut refused = Vec::new();
    for session in sessions {
        let failing = session.filter.failing(parts);
        if failing.is_empty() {
            wanted.push(Some(session.id));
        } else if refused.is_empty() {
            refused = failing;
        }
    }
    Ok(if wanted.is_empty() {
        let names = refused.into_iter().map(Part::as_str);
        Err(Ignored {
            cause: IgnoredCause::Filtered,
            meta: Some(Value::from_iter(names)),
        })
    } else {
        Ok(wanted)
    })
}

/// Whether the same request was there within the window; if not, it is remembered from now on.
fn is_repeated(
    intake: &Intake<'_>,
    route: &Route,
    rule: &Deduplicate,
    parts: &Parts<'_>,
) -> Result<bool, StoreError> {
    let Some(key) = rule.key(parts) else {
        return Ok(false);
    };
    // The fields belong to it: a changed rule compares anew.
    let digest = Sha256::digest(json!([rule.include_fields, rule.exclude_fields, key]).to_string());
    let digest = HEXLOWER.encode(&digest);
    intake
        .conn
        .prepare_cached("DELETE FROM seen_requests WHERE until <= ?1")?
        .execute([intake.now])?;
    let remembered = intake
        .conn
        .prepare_cached(
            "INSERT INTO seen_requests (connection_id, digest, until) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        )?
        .execute(params![route.id, digest, intake.now.plus(rule.window)])?;
    Ok(remembered == 0)
}
