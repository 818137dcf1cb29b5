//! Creating and changing connections, with the sources and destinations given inline.

use rusqlite::{Connection, OptionalExtension, named_params, params};
use serde_json::{Value, json};

use super::shown;
use crate::api::call::{ApiCall, ApiResult, text};
use crate::api::error::ApiError;
use crate::api::named::{NamedResource, TypeSource};
use crate::api::render::RenderContext;
use crate::api::{rows, transformations};
use crate::clock::Micros;

/// Ids drawn before the write, whether or not they are needed: the generator belongs to the
/// project, the write to the store's thread.
struct NewIds {
    connection: String,
    source: String,
    destination: String,
}

impl NewIds {
    fn draw(call: &ApiCall) -> Self {
        let ids = &call.project.ids();
        Self {
            connection: ids.connection(),
            source: ids.source(),
            destination: ids.destination(),
        }
    }
}

pub(in crate::api) async fn create(call: ApiCall) -> ApiResult {
    put(call, false).await
}

/// Creates the connection, or writes the one with the same name on the same source. Without a
/// name it is the unnamed one between the same source and destination that is written. A disabled one is enabled.
pub(in crate::api) async fn upsert(call: ApiCall) -> ApiResult {
    put(call, true).await
}

async fn put(mut call: ApiCall, overwrite: bool) -> ApiResult {
    has_both_ends(&call.body)?;
    let view = RenderContext::of_call(&call);
    let ids = NewIds::draw(&call);
    let project = call.project.clone();
    project
        .change(move |tx| {
            let now = call.now();
            resolve_rules(tx, &mut call, now)?;
            let body = &call.body;
            let typing = TypeSource::of(&call);
            let source = end(tx, NamedResource::Source, body, typing, ids.source, now)?;
            let destination = end(
                tx,
                NamedResource::Destination,
                body,
                typing,
                ids.destination,
                now,
            )?;
            let Some(found) = find_same(tx, text(body, "name"), &source, &destination)? else {
                insert(tx, &ids.connection, body, &source, &destination, now)?;
                return shown(tx, &view, &ids.connection);
            };
            if !overwrite {
                // Only a named connection can be in the way of a new one.
                if text(body, "name").is_none() {
                    insert(tx, &ids.connection, body, &source, &destination, now)?;
                    return shown(tx, &view, &ids.connection);
                }
                return Err(ApiError::AlreadyExists(json!({
                    "id": found.id,
                    "resource_type": "webhook",
                    "webhook": shown(tx, &view, &found.id)?,
                })));
            }
            if found.destination_id != destination {
                return Err(ApiError::domain(
                    "The destination of a connection cannot be changed.",
                    Some("destination_id"),
                ));
            }
            change(tx, &found.id, body, now)?;
            if enable(tx, &found.id)? {
                call.notes
                    .connection(&found.id, "the upsert enabled the disabled connection");
            }
            shown(tx, &view, &found.id)
        })
        .await
}

pub(in crate::api) async fn update(mut call: ApiCall) -> ApiResult {
    let view = RenderContext::of_call(&call);
    let project = call.project.clone();
    project
        .change(move |tx| {
            let (source, _) = super::ends(tx, &call.id)?;
            if let Some(name) = text(&call.body, "name") {
                let holder = find_named(tx, name, &source)?.filter(|found| found.id != call.id);
                if let Some(holder) = holder {
                    return Err(ApiError::AlreadyExists(json!({
                        "id": holder.id,
                        "resource_type": "webhook",
                        "webhook": shown(tx, &view, &holder.id)?,
                    })));
                }
            }
            let now = call.now();
            resolve_rules(tx, &mut call, now)?;
            change(tx, &call.id, &call.body, now)?;
            shown(tx, &view, &call.id)
        })
        .await
}

/// A write on the collection names both ends, each by id or inline, not both ways.
fn has_both_ends(body: &Value) -> Result<(), ApiError> {
    let mut messages = Vec::new();
    for end in [NamedResource::Destination, NamedResource::Source] {
        let word = end.word();
        let by_id = text(body, &format!("{word}_id")).is_some();
        let inline = body.get(word).is_some_and(Value::is_object);
        match (by_id, inline) {
            (false, false) => messages.push(format!("{word}.name is required")),
            (true, true) => messages.push(format!("{word} is not allowed")),
            _ => {}
        }
    }
    if messages.is_empty() {
        Ok(())
    } else {
        Err(ApiError::Validation(messages))
    }
}

/// The rules of a body as they are stored: a transformation given with a rule is written under its
/// name, and the rule refers to it.
fn resolve_rules(conn: &Connection, call: &mut ApiCall, now: Micros) -> Result<(), ApiError> {
    let sent = call.ordered_body();
    let Some(Value::Array(rules)) = call.body.get_mut("rules") else {
        return Ok(());
    };
    for (index, rule) in rules.iter_mut().enumerate() {
        if text(rule, "type") != Some("transform") {
            continue;
        }
        let id = match (rule.get("transformation"), text(rule, "transformation_id")) {
            (Some(inline @ Value::Object(_)), _) => transformations::put_by_name(
                conn,
                call.project.ids().transformation(),
                inline,
                sent.get("rules")
                    .and_then(|rules| rules.item(index)?.get("transformation"))
                    .and_then(transformations::env_of),
                now,
            )?,
            (_, Some(id)) => {
                rows::must_exist(conn, "SELECT 1 FROM transformations WHERE id = ?", id)?;
                id.to_owned()
            }
            _ => {
                return Err(ApiError::invalid(
                    "value must contain at least one of [transformation_id, transformation]",
                ));
            }
        };
        *rule = json!({ "type": "transform", "transformation_id": id });
    }
    Ok(())
}

/// The id of one end, after writing it if it is given inline.
fn end(
    conn: &Connection,
    end: NamedResource,
    body: &Value,
    typing: TypeSource,
    new_id: String,
    now: Micros,
) -> Result<String, ApiError> {
    let word = end.word();
    match text(body, &format!("{word}_id")) {
        Some(id) => {
            end.must_live(conn, id)?;
            Ok(id.to_owned())
        }
        None => end.put_by_name(conn, new_id, &body[word], typing, now, &format!("{word}.")),
    }
}

struct FoundConnection {
    id: String,
    destination_id: String,
}

fn find_same(
    conn: &Connection,
    name: Option<&str>,
    source: &str,
    destination: &str,
) -> Result<Option<FoundConnection>, ApiError> {
    if let Some(name) = name {
        return find_named(conn, name, source);
    }
    let id = conn
        .prepare_cached(
            "SELECT id FROM connections WHERE source_id = ? AND destination_id = ?
             AND name IS NULL AND deleted_at IS NULL ORDER BY created_at, seq LIMIT 1",
        )?
        .query_row([source, destination], |row| row.get(0))
        .optional()?;
    Ok(id.map(|id| FoundConnection {
        id,
        destination_id: destination.to_owned(),
    }))
}

fn find_named(
    conn: &Connection,
    name: &str,
    source: &str,
) -> Result<Option<FoundConnection>, ApiError> {
    Ok(conn
        .prepare_cached(
            "SELECT id, destination_id FROM connections
             WHERE source_id = ? AND name = ? AND deleted_at IS NULL",
        )?
        .query_row(params![source, name], |row| {
            Ok(FoundConnection {
                id: row.get(0)?,
                destination_id: row.get(1)?,
            })
        })
        .optional()?)
}

fn insert(
    conn: &Connection,
    id: &str,
    body: &Value,
    source: &str,
    destination: &str,
    now: Micros,
) -> Result<(), ApiError> {
    conn.prepare_cached(
        "INSERT INTO connections
             (id, name, description, source_id, destination_id, rules, created_at, updated_at)
         VALUES (:id, :name, :description, :source, :destination, :rules, :now, :now)",
    )?
    .execute(named_params! {
        ":id": id,
        ":name": text(body, "name"),
        ":description": text(body, "description"),
        ":source": source,
        ":destination": destination,
        ":rules": rules(body).unwrap_or_else(|| "[]".to_owned()),
        ":now": now,
    })?;
    Ok(())
}

/// Writes what `body` names; `rules` replaces the whole list.
fn change(conn: &Connection, id: &str, body: &Value, now: Micros) -> Result<(), ApiError> {
    conn.prepare_cached(
        "UPDATE connections SET
             name = CASE WHEN :naming THEN :name ELSE name END,
             description = CASE WHEN :describing THEN :description ELSE description END,
             rules = coalesce(:rules, rules),
             updated_at = :now
         WHERE id = :id",
    )?
    .execute(named_params! {
        ":id": id,
        ":naming": body.get("name").is_some(),
        ":name": text(body, "name"),
        ":describing": body.get("description").is_some(),
        ":description": text(body, "description"),
        ":rules": rules(body),
        ":now": now,
    })?;
    Ok(())
}

/// Enables a disabled connection, as an upsert does; answers whether it was one. Its source and destination stay
/// as they are.
fn enable(conn: &Connection, id: &str) -> Result<bool, ApiError> {
    let enabled = conn
        .prepare_cached(
            "UPDATE connections SET disabled_at = NULL WHERE id = ? AND disabled_at IS NOT NULL",
        )?
        .execute([id])?;
    Ok(enabled > 0)
}

fn rules(body: &Value) -> Option<String> {
    body.get("rules")
        .filter(|rules| rules.is_array())
        .map(Value::to_string)
}
