//! What sources and destinations have in common: both are named, typed and configured, and
//! connections refer to both.

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use serde_json::{Value, json};

use super::call::{Call, Reply, text};
use super::config::{self, Stored};
use super::error::ApiError;
use super::list::{
    Conditions, CursorStyle, Direction, Field, Kind, Listing, Order, PageRequest, count as count_rows, page,
    truthy,
};
use super::render::{self, View, find};
use crate::project::Project;

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// Sources.
    Source,
    /// Destinations.
    Destination,
}

const FIELDS: &[Field] = &[
    Field::new("id", "id", Kind::Text),
    Field::new("name", "name", Kind::Text),
    Field::new("type", "type", Kind::Text),
    Field::new("disabled_at", "disabled_at", Kind::Time),
];

const ORDERS: &[Order] = &[
    Order::new("created_at", "created_at"),
    Order::new("updated_at", "updated_at"),
    Order::new("name", "name"),
];

const fn listing(table: &'static str) -> Listing {
    Listing {
        from: table,
        columns: "*",
        id: "id",
        fields: FIELDS,
        orders: ORDERS,
        direction: Direction::Desc,
        limit: 100,
        cursor: CursorStyle::Id,
    }
}

static SOURCES: Listing = listing("sources");
static DESTINATIONS: Listing = listing("destinations");

impl Named {
    pub(super) fn listing(self) -> &'static Listing {
        match self {
            Self::Source => &SOURCES,
            Self::Destination => &DESTINATIONS,
        }
    }

    fn table(self) -> &'static str {
        self.listing().from
    }

    /// The name on the wire: in `resource_type` and as the key of an inline resource.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Destination => "destination",
        }
    }

    fn default_type(self) -> &'static str {
        match self {
            Self::Source => config::SOURCE_TYPE,
            Self::Destination => config::DESTINATION_TYPE,
        }
    }

    fn render(self, view: &View, row: &Row<'_>, auth: bool) -> Result<Value, ApiError> {
        match self {
            Self::Source => render::source(view, row, auth),
            Self::Destination => render::destination(view, row, auth),
        }
    }

    fn config(
        self,
        kind: &str,
        given: Option<&Value>,
        stored: Option<&Stored>,
        prefix: &str,
    ) -> Result<Value, ApiError> {
        match self {
            Self::Source => config::source(kind, given, stored, prefix),
            Self::Destination => config::destination(kind, given, stored, prefix),
        }
    }

    fn new_id(self, project: &Project) -> String {
        match self {
            Self::Source => project.ids.source(),
            Self::Destination => project.ids.destination(),
        }
    }

    /// The resource as it is shown; `None` if there is none with this id. Deleted ones are found.
    pub(crate) fn show(
        self,
        conn: &Connection,
        view: &View,
        id: &str,
        auth: bool,
    ) -> Result<Option<Value>, ApiError> {
        let sql = format!("SELECT * FROM {} WHERE id = ?", self.table());
        find(conn, &sql, id, |row| self.render(view, row, auth))
    }

    fn shown(self, conn: &Connection, view: &View, id: &str) -> Result<Value, ApiError> {
        self.show(conn, view, id, false)?
            .ok_or_else(|| ApiError::not_found(id))
    }

    /// Refuses an id that is unknown or deleted.
    pub(crate) fn must_live(self, conn: &Connection, id: &str) -> Result<(), ApiError> {
        let sql = format!("SELECT 1 FROM {} WHERE id = ? AND deleted_at IS NULL", self.table());
        conn.prepare_cached(&sql)?
            .exists([id])?
            .then_some(())
            .ok_or_else(|| ApiError::not_found(id))
    }

    /// The id that holds a name.
    pub(crate) fn id_of(self, conn: &Connection, name: &str) -> Result<Option<String>, ApiError> {
        let sql = format!("SELECT id FROM {} WHERE name = ? AND deleted_at IS NULL", self.table());
        Ok(conn
            .prepare_cached(&sql)?
            .query_row([name], |row| row.get(0))
            .optional()?)
    }

    fn stored(self, conn: &Connection, id: &str) -> Result<Stored, ApiError> {
        let sql = format!(
            "SELECT type, config FROM {} WHERE id = ? AND deleted_at IS NULL",
            self.table()
        );
        find(conn, &sql, id, |row| {
            Ok(Stored {
                kind: row.get(0)?,
                config: serde_json::from_str(&row.get::<_, String>(1)?)?,
            })
        })?
        .ok_or_else(|| ApiError::not_found(id))
    }

    /// The type that the stored resource has, for the check of a body that does not name one.
    pub(crate) async fn current_type(self, call: &Call) -> Result<Option<String>, ApiError> {
        let name = text(&call.body, "name").unwrap_or_default().to_owned();
        let id = call.id.clone();
        call.project
            .store
            .read(move |conn| {
                let id = match id.as_str() {
                    "" => self.id_of(conn, &name)?,
                    _ => Some(id),
                };
                match id {
                    Some(id) => self.stored(conn, &id).map(|stored| Some(stored.kind)),
                    None => Ok(None),
                }
            })
            .await
    }

    pub(crate) async fn list(self, call: Call) -> Reply {
        let listing = self.listing();
        let request = PageRequest::read(listing, &call.query)?;
        let conditions = conditions(listing, &call.query)?;
        let view = View::of(&call.project);
        call.project
            .store
            .read(move |conn| {
                page(conn, listing, request, conditions, true, |row| {
                    self.render(&view, row, false).map(Some)
                })
            })
            .await
            .map(super::list::Page::into_json)
    }

    pub(crate) async fn count(self, call: Call) -> Reply {
        let listing = self.listing();
        let conditions = conditions(listing, &call.query)?;
        let count = call
            .project
            .store
            .read(move |conn| count_rows(conn, listing, &conditions))
            .await?;
        Ok(json!({ "count": count }))
    }

    pub(crate) async fn get(self, call: Call) -> Reply {
        let view = View::of(&call.project);
        let auth = call.includes("config.auth");
        call.project
            .store
            .read(move |conn| {
                let sql = format!("SELECT * FROM {} WHERE id = ?", self.table());
                let found = find(conn, &sql, &call.id, |row| {
                    if row.get::<_, Option<i64>>("deleted_at")?.is_some() {
                        return Err(ApiError::Gone);
                    }
                    self.render(&view, row, auth)
                })?;
                found.ok_or_else(|| ApiError::not_found(&call.id))
            })
            .await
    }

    pub(crate) async fn create(self, call: Call) -> Reply {
        let view = View::of(&call.project);
        let id = self.new_id(&call.project);
        call.project
            .clone()
            .store
            .write(move |tx| {
                let now = call.now();
                if let Some(name) = text(&call.body, "name") {
                    if let Some(id) = self.id_of(tx, name)? {
                        return Err(ApiError::AlreadyExists(json!({
                            "id": id,
                            "resource_type": self.word(),
                        })));
                    }
                }
                self.insert(tx, &id, &call.body, now, "")?;
                self.shown(tx, &view, &id)
            })
            .await
    }

    pub(crate) async fn upsert(self, call: Call) -> Reply {
        let view = View::of(&call.project);
        let new_id = self.new_id(&call.project);
        call.project
            .clone()
            .store
            .write(move |tx| {
                let now = call.now();
                let id = self.put_by_name(tx, new_id, &call.body, now, "")?;
                self.shown(tx, &view, &id)
            })
            .await
    }

    /// Creates the resource or writes the one of the same name; gives its id back.
    pub(crate) fn put_by_name(
        self,
        conn: &Connection,
        new_id: String,
        body: &Value,
        now: i64,
        prefix: &str,
    ) -> Result<String, ApiError> {
        let name = text(body, "name").unwrap_or_default();
        match self.id_of(conn, name)? {
            Some(id) => {
                // A source has a type even if none is named, so naming none makes a generic one.
                let assumed = (self == Self::Source).then_some(config::SOURCE_TYPE);
                self.change(conn, &id, body, assumed, now, prefix)?;
                Ok(id)
            }
            None => {
                self.insert(conn, &new_id, body, now, prefix)?;
                Ok(new_id)
            }
        }
    }

    fn insert(
        self,
        conn: &Connection,
        id: &str,
        body: &Value,
        now: i64,
        prefix: &str,
    ) -> Result<(), ApiError> {
        let kind = text(body, "type").unwrap_or(self.default_type());
        let config = self.config(kind, body.get("config"), None, prefix)?;
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
        assumed_type: Option<&str>,
        now: i64,
        prefix: &str,
    ) -> Result<(), ApiError> {
        let stored = self.stored(conn, id)?;
        let kind = text(body, "type").or(assumed_type).unwrap_or(&stored.kind);
        let config = self.config(kind, body.get("config"), Some(&stored), prefix)?;
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

    pub(crate) async fn update(self, call: Call) -> Reply {
        let view = View::of(&call.project);
        call.project
            .clone()
            .store
            .write(move |tx| {
                let now = call.now();
                if let Some(name) = text(&call.body, "name") {
                    if let Some(holder) = self.id_of(tx, name)?.filter(|id| *id != call.id) {
                        return Err(ApiError::AlreadyExists(json!({
                            "id": holder,
                            "resource_type": self.word(),
                        })));
                    }
                }
                self.change(tx, &call.id, &call.body, None, now, "")?;
                self.shown(tx, &view, &call.id)
            })
            .await
    }

    /// Deletes what no connection uses.
    pub(crate) async fn delete(self, call: Call) -> Reply {
        call.project
            .clone()
            .store
            .write(move |tx| {
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

    /// The connections of the resource that are not deleted.
    pub(crate) fn connections_of(self, conn: &Connection, id: &str) -> Result<Vec<String>, ApiError> {
        let sql = format!(
            "SELECT id FROM connections WHERE {}_id = ? AND deleted_at IS NULL ORDER BY created_at, id",
            self.word()
        );
        let mut statement = conn.prepare_cached(&sql)?;
        let ids = statement
            .query_map([id], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        Ok(ids)
    }

    /// Sets or clears `disabled_at`. Disabling again keeps the first moment.
    pub(crate) fn set_disabled(
        self,
        conn: &Connection,
        id: &str,
        disabled: bool,
        now: i64,
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

    pub(crate) async fn enable(self, call: Call) -> Reply {
        let view = View::of(&call.project);
        call.project
            .clone()
            .store
            .write(move |tx| {
                let now = call.now();
                self.must_live(tx, &call.id)?;
                self.set_disabled(tx, &call.id, false, now)?;
                self.shown(tx, &view, &call.id)
            })
            .await
    }
}

fn conditions(listing: &Listing, query: &Value) -> Result<Conditions, ApiError> {
    let mut conditions = Conditions::new();
    conditions.push("deleted_at IS NULL", []);
    conditions.fields(listing.fields, query)?;
    let shows_disabled = query.get("disabled").is_some_and(truthy);
    if !shows_disabled && query.get("disabled_at").is_none() {
        conditions.push("disabled_at IS NULL", []);
    }
    Ok(conditions)
}
