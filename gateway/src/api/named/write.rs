//! Creating, changing, switching and deleting sources and destinations.

use std::borrow::Cow;

use rusqlite::{Connection, named_params, params};
use serde_json::{Value, json};

use super::NamedResource;
use crate::api::call::{ApiCall, ApiResult, text};
use crate::api::config::{self, StoredConfig};
use crate::api::error::ApiError;
use crate::api::render::RenderContext;
use crate::clock::Micros;
use crate::wire::DestinationType;

/// How a body says of which type something is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TypeSource {
    /// By `type`: another one starts over from its defaults.
    Named,
    /// By its properties, in versions that know no types: what is not named stays.
    Untyped,
}

impl TypeSource {
    pub(crate) fn of(call: &ApiCall) -> Self {
        match call.is_untyped() {
            true => Self::Untyped,
            false => Self::Named,
        }
    }
}

/// The config without a policy that sets nothing, where there can be no policy: programs of versions without
/// types send a null rate with anything.
fn without_idle_policy(given: &Value) -> Value {
    let mut given = given.clone();
    let is_idle = given["delivery_policy"]
        .as_object()
        .is_some_and(|policy| policy.values().all(Value::is_null));
    if let Some(config) = given.as_object_mut().filter(|_| is_idle) {
        config.remove("delivery_policy");
    }
    given
}

impl NamedResource {
    /// Refuses a name that another resource than `own_id` holds.
    fn must_be_free(self, conn: &Connection, body: &Value, own_id: &str) -> Result<(), ApiError> {
        let Some(name) = text(body, "name") else {
            return Ok(());
        };
        match self.id_of(conn, name)? {
            Some(id) if id != own_id => Err(ApiError::AlreadyExists(json!({
                "id": id,
                "resource_type": self.word(),
            }))),
            _ => Ok(()),
        }
    }

    pub(crate) async fn create(self, call: ApiCall) -> ApiResult {
        let view = RenderContext::of_call(&call);
        let id = self.new_id(&call.project);
        call.project
            .clone()
            .change(move |tx| {
                let now = call.now();
                self.must_be_free(tx, &call.body, "")?;
                self.insert(tx, &id, &call.body, TypeSource::of(&call), now, "")?;
                self.written(tx, &view, &id)
            })
            .await
    }

    pub(crate) async fn upsert(self, call: ApiCall) -> ApiResult {
        let view = RenderContext::of_call(&call);
        let new_id = self.new_id(&call.project);
        call.project
            .clone()
            .change(move |tx| {
                let now = call.now();
                let typing = TypeSource::of(&call);
                let id = self.put_by_name(tx, new_id, &call.body, typing, now, "")?;
                self.written(tx, &view, &id)
            })
            .await
    }

    /// What was just written, as the reply shows it: a source with what it verifies by, as nowhere else unasked.
    fn written(self, conn: &Connection, view: &RenderContext, id: &str) -> Result<Value, ApiError> {
        let mut written = self
            .show(conn, view, id, self == Self::Source)?
            .ok_or_else(|| ApiError::not_found(id))?;
        if self == Self::Source {
            let kind = text(&written, "type").unwrap_or_default().to_owned();
            written["config"] = config::written_source(&kind, written["config"].take());
        }
        Ok(written)
    }

    /// Creates the resource or writes the one of the same name; gives its id back.
    pub(crate) fn put_by_name(
        self,
        conn: &Connection,
        new_id: String,
        body: &Value,
        typing: TypeSource,
        now: Micros,
        prefix: &str,
    ) -> Result<String, ApiError> {
        let name = text(body, "name").unwrap_or_default();
        match self.id_of(conn, name)? {
            Some(id) => {
                let mut body = Cow::Borrowed(body);
                // A source has a type even if none is named, so naming none makes a generic one.
                if self == Self::Source && text(&body, "type").is_none() {
                    body.to_mut()["type"] = Value::from(config::SOURCE_TYPE.as_str());
                }
                self.change(conn, &id, &body, typing, now, prefix)?;
                Ok(id)
            }
            None => {
                self.insert(conn, &new_id, body, typing, now, prefix)?;
                Ok(new_id)
            }
        }
    }

    fn insert(
        self,
        conn: &Connection,
        id: &str,
        body: &Value,
        typing: TypeSource,
        now: Micros,
        prefix: &str,
    ) -> Result<(), ApiError> {
        let kind = text(body, "type").unwrap_or(self.default_type());
        // A source has all that any source has where it is of no type: all methods above all.
        let untyped =
            matches!((self, typing), (Self::Source, TypeSource::Untyped)).then(|| StoredConfig {
                kind: self.default_type().to_owned(),
                config: self.defaults(self.default_type()),
            });
        let untyped = untyped.map(|source| source.turned_into(kind, self.defaults(kind)));
        let config = self.config(kind, body.get("config"), untyped.as_ref(), prefix)?;
        let sql = format!(
            "INSERT INTO {} (id, name, description, type, config, created_at, updated_at)
             VALUES (:id, :name, :description, :type, :config, :now, :now)",
            self.table()
        );
        conn.prepare_cached(&sql)?.execute(named_params! {
            ":id": id,
            ":name": text(body, "name").unwrap_or_default(),
            ":description": text(body, "description"),
            ":type": kind,
            ":config": config.to_string(),
            ":now": now,
        })?;
        Ok(())
    }

    /// Writes what `body` names over the stored resource.
    fn change(
        self,
        conn: &Connection,
        id: &str,
        body: &Value,
        typing: TypeSource,
        now: Micros,
        prefix: &str,
    ) -> Result<(), ApiError> {
        let mut stored = self.stored(conn, id)?;
        let kind = text(body, "type").unwrap_or(&stored.kind).to_owned();
        let mut given = body.get("config").map(Cow::Borrowed);
        if let TypeSource::Untyped = typing {
            if stored.kind != kind {
                stored = stored.turned_into(&kind, self.defaults(&kind));
            }
            if kind == DestinationType::Cli.as_str() {
                given = given.map(|given| Cow::Owned(without_idle_policy(&given)));
            }
        }
        let config = self.config(&kind, given.as_deref(), Some(&stored), prefix)?;
        let sql = format!(
            "UPDATE {} SET name = coalesce(:name, name), type = :type, config = :config,
                    description = CASE WHEN :describe THEN :description ELSE description END,
                    updated_at = :now
             WHERE id = :id",
            self.table()
        );
        conn.prepare_cached(&sql)?.execute(named_params! {
            ":id": id,
            ":name": text(body, "name"),
            ":type": kind,
            ":config": config.to_string(),
            ":describe": body.get("description").is_some(),
            ":description": text(body, "description"),
            ":now": now,
        })?;
        Ok(())
    }

    pub(crate) async fn update(self, call: ApiCall) -> ApiResult {
        let view = RenderContext::of_call(&call);
        call.project
            .clone()
            .change(move |tx| {
                let now = call.now();
                self.must_be_free(tx, &call.body, &call.id)?;
                self.change(tx, &call.id, &call.body, TypeSource::of(&call), now, "")?;
                self.written(tx, &view, &call.id)
            })
            .await
    }

    /// Deletes what no connection uses.
    pub(crate) async fn delete(self, call: ApiCall) -> ApiResult {
        call.project
            .clone()
            .change(move |tx| {
                let now = call.now();
                self.must_live(tx, &call.id)?;
                let using = self.connections_of(tx, &call.id)?;
                if !using.is_empty() {
                    return Err(ApiError::Unprocessable {
                        message: format!("The {} is used by connections", self.word()),
                        data: json!({ "id": call.id, "webhook_ids": using }),
                    });
                }
                let sql = format!(
                    "UPDATE {} SET deleted_at = ?, updated_at = ?1 WHERE id = ?",
                    self.table()
                );
                tx.prepare_cached(&sql)?.execute(params![now, call.id])?;
                Ok(json!({ "id": call.id }))
            })
            .await
    }

    /// Sets or clears `disabled_at`. Disabling again keeps the first moment.
    pub(crate) fn set_disabled(
        self,
        conn: &Connection,
        id: &str,
        disabled: bool,
        now: Micros,
    ) -> Result<(), ApiError> {
        let sql = format!(
            "UPDATE {} SET disabled_at = CASE WHEN :disabled THEN coalesce(disabled_at, :now) END,
                    updated_at = :now
             WHERE id = :id AND (disabled_at IS NULL) = :disabled",
            self.table()
        );
        conn.prepare_cached(&sql)?.execute(named_params! {
            ":id": id,
            ":disabled": disabled,
            ":now": now,
        })?;
        Ok(())
    }

    pub(crate) async fn enable(self, call: ApiCall) -> ApiResult {
        let view = RenderContext::of_call(&call);
        call.project
            .clone()
            .change(move |tx| {
                let now = call.now();
                self.must_live(tx, &call.id)?;
                self.set_disabled(tx, &call.id, false, now)?;
                self.shown(tx, &view, &call.id)
            })
            .await
    }
}
