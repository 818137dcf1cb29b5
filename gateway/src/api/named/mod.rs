//! What sources and destinations have in common: both are named, typed and configured, and
//! connections refer to both.

mod write;

pub(crate) use write::TypeSource;

use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::{Value, json};

use super::call::{ApiCall, ApiResult, text};
use super::config::{self, StoredConfig};
use super::error::ApiError;
use super::list::{
    Conditions, CursorStyle, Direction, FieldKind, FilterField, Listing, PageRequest, SortKey,
    count as count_rows, page, truthy,
};
use super::render::{self, RenderContext, find};
use crate::clock::Micros;
use crate::project::Project;

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NamedResource {
    /// Sources.
    Source,
    /// Destinations.
    Destination,
}

const FIELDS: &[FilterField] = &[
    FilterField::new("id", "id", FieldKind::Text),
    FilterField::new("name", "name", FieldKind::Text),
    FilterField::new("type", "type", FieldKind::Text),
    FilterField::new("disabled_at", "disabled_at", FieldKind::Time),
];

const ORDERS: &[SortKey] = &[
    SortKey::new("created_at", "created_at"),
    SortKey::new("updated_at", "updated_at"),
    SortKey::new("name", "name"),
];

const fn listing(table: &'static str) -> Listing {
    Listing {
        from: table,
        columns: "*",
        id: "id",
        seq: "seq",
        fields: FIELDS,
        orders: ORDERS,
        direction: Direction::Desc,
        limit: 100,
        cursor: CursorStyle::Id,
    }
}

static SOURCES: Listing = listing("sources");
static DESTINATIONS: Listing = listing("destinations");

/// What destinations could be listed by before they had a type.
const OLDER: [FilterField; 2] = [
    FilterField::new("url", "json_extract(config, '$.url')", FieldKind::Text),
    FilterField::new(
        "cli_path",
        "json_extract(config, '$.path')",
        FieldKind::Text,
    ),
];

impl NamedResource {
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
            Self::Source => config::SOURCE_TYPE.as_str(),
            Self::Destination => config::DESTINATION_TYPE.as_str(),
        }
    }

    fn render(self, view: &RenderContext, row: &Row<'_>, auth: bool) -> Result<Value, ApiError> {
        match self {
            Self::Source => render::source(view, row, auth),
            Self::Destination => render::destination(view, row, auth),
        }
    }

    fn config(
        self,
        kind: &str,
        given: Option<&Value>,
        stored: Option<&StoredConfig>,
        prefix: &str,
    ) -> Result<Value, ApiError> {
        match self {
            Self::Source => config::source(kind, given, stored, prefix),
            Self::Destination => config::destination(kind, given, stored, prefix),
        }
    }

    fn defaults(self, kind: &str) -> Value {
        match self {
            Self::Source => config::source_defaults(kind),
            Self::Destination => config::destination_defaults(kind),
        }
    }

    fn new_id(self, project: &Project) -> String {
        match self {
            Self::Source => project.ids().source(),
            Self::Destination => project.ids().destination(),
        }
    }

    /// The resource as it is shown; `None` if there is none with this id. Deleted ones are found.
    pub(crate) fn show(
        self,
        conn: &Connection,
        view: &RenderContext,
        id: &str,
        auth: bool,
    ) -> Result<Option<Value>, ApiError> {
        let sql = format!("SELECT * FROM {} WHERE id = ?", self.table());
        find(conn, &sql, id, |row| self.render(view, row, auth))
    }

    fn shown(self, conn: &Connection, view: &RenderContext, id: &str) -> Result<Value, ApiError> {
        self.show(conn, view, id, false)?
            .ok_or_else(|| ApiError::not_found(id))
    }

    /// Refuses an id that is unknown or deleted.
    pub(crate) fn must_live(self, conn: &Connection, id: &str) -> Result<(), ApiError> {
        let sql = format!(
            "SELECT 1 FROM {} WHERE id = ? AND deleted_at IS NULL",
            self.table()
        );
        conn.prepare_cached(&sql)?
            .exists([id])?
            .then_some(())
            .ok_or_else(|| ApiError::not_found(id))
    }

    /// The id that holds a name.
    pub(crate) fn id_of(self, conn: &Connection, name: &str) -> Result<Option<String>, ApiError> {
        let sql = format!(
            "SELECT id FROM {} WHERE name = ? AND deleted_at IS NULL",
            self.table()
        );
        Ok(conn
            .prepare_cached(&sql)?
            .query_row([name], |row| row.get(0))
            .optional()?)
    }

    fn stored(self, conn: &Connection, id: &str) -> Result<StoredConfig, ApiError> {
        let sql = format!(
            "SELECT type, config FROM {} WHERE id = ? AND deleted_at IS NULL",
            self.table()
        );
        find(conn, &sql, id, |row| {
            Ok(StoredConfig {
                kind: row.get(0)?,
                config: serde_json::from_str(&row.get::<_, String>(1)?)?,
            })
        })?
        .ok_or_else(|| ApiError::not_found(id))
    }

    /// The type that the stored resource has, for the check of a body that does not name one.
    pub(crate) async fn current_type(self, call: &ApiCall) -> Result<Option<String>, ApiError> {
        let name = text(&call.body, "name").unwrap_or_default().to_owned();
        let id = call.id.clone();
        call.project
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

    pub(crate) async fn list(self, call: ApiCall) -> ApiResult {
        let listing = self.listing();
        let request = PageRequest::read(listing, &call.query)?;
        let mut conditions = conditions(listing, &call.query)?;
        if call.is_untyped() && self == Self::Destination {
            conditions.fields(&OLDER, &call.older_query)?;
        }
        let view = RenderContext::of_call(&call);
        call.project
            .read(move |conn| {
                page(conn, listing, request, conditions, true, |row| {
                    self.render(&view, row, false).map(Some)
                })
            })
            .await
            .map(super::list::Page::into_json)
    }

    pub(crate) async fn count(self, call: ApiCall) -> ApiResult {
        let listing = self.listing();
        let conditions = conditions(listing, &call.query)?;
        let count = call
            .project
            .read(move |conn| count_rows(conn, listing, &conditions))
            .await?;
        Ok(json!({ "count": count }))
    }

    pub(crate) async fn get(self, call: ApiCall) -> ApiResult {
        let view = RenderContext::of_call(&call);
        let auth = call.includes("config.auth");
        call.project
            .read(move |conn| {
                let sql = format!("SELECT * FROM {} WHERE id = ?", self.table());
                let found = find(conn, &sql, &call.id, |row| {
                    if row.get::<_, Option<Micros>>("deleted_at")?.is_some() {
                        return Err(ApiError::Gone);
                    }
                    self.render(&view, row, auth)
                })?;
                found.ok_or_else(|| ApiError::not_found(&call.id))
            })
            .await
    }

    /// The connections of the resource that are not deleted.
    pub(crate) fn connections_of(
        self,
        conn: &Connection,
        id: &str,
    ) -> Result<Vec<String>, ApiError> {
        let sql = format!(
            "SELECT id FROM connections WHERE {}_id = ? AND deleted_at IS NULL ORDER BY created_at, seq",
            self.word()
        );
        let mut statement = conn.prepare_cached(&sql)?;
        let ids = statement
            .query_map([id], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        Ok(ids)
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
