//! Whose key it is: the one user of a project, and the devices that signed in.

use http::HeaderMap;
use rusqlite::{Connection, params};
use serde_json::{Map, Value, json};

use crate::api::{ApiError, api_keys, organizations, projects};
use crate::clock::Micros;
use crate::ids::derived;
use crate::project::Project;
use crate::store::StoreError;

/// Whether a key is for the whole organization.
pub(super) async fn is_organizations(project: &Project, key: String) -> Result<bool, ApiError> {
    project
        .read(move |conn| api_keys::is_organizations(conn, &key))
        .await
}

/// The one user of a project.
pub(super) fn user_id(project: &Project) -> String {
    derived("usr_", 18, &project.team_id)
}

/// What a device is called that does not say.
pub(super) const UNNAMED: &str = "unnamed";

/// A client of the command line: a key on a device.
pub(super) fn client_id(team_id: &str, key: &str, device: &str) -> String {
    derived("cli_", 18, &format!("{team_id} {device} {key}"))
}

/// The client that a call, or a socket, comes from. The program tells its device beside what it is doing.
pub(in crate::server) fn client_of(team_id: &str, key: &str, headers: &HeaderMap) -> String {
    let told = headers
        .get("x-hookdeck-cli-telemetry")
        .and_then(|told| serde_json::from_slice::<Value>(told.as_bytes()).ok());
    let device = told.as_ref().and_then(|told| told["device_name"].as_str());
    client_id(team_id, key, device.unwrap_or(UNNAMED))
}

/// Notes a client that has signed in.
pub(super) fn note(
    conn: &Connection,
    now: Micros,
    id: &str,
    device: &str,
) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT INTO cli_clients (id, device_name, created_at, updated_at) VALUES (?1, ?2, ?3, ?3)
         ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at",
    )?
    .execute(params![id, device, now])?;
    Ok(())
}

/// Whose key it is. Versions name the kind of the project in two ways.
pub(super) fn identity(
    conn: &Connection,
    user_id: &str,
    team_id: &str,
    newest: bool,
) -> Result<Map<String, Value>, ApiError> {
    let (name, kind): (String, String) = conn
        .prepare_cached("SELECT name, type FROM projects WHERE id = ?1")?
        .query_row([team_id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut identity = json!({
        "user_id": user_id,
        "user_name": "Local",
        "user_email": "local@localhost",
        "user_is_guest": false,
        "organization_id": organizations::id(conn)?,
        "organization_name": organizations::name(conn)?,
        "team_id": team_id,
        "team_name": name,
        "team_name_no_org": name,
    });
    if newest {
        identity["team_type"] = Value::from(kind);
    } else {
        identity["team_mode"] = Value::from(projects::mode(&kind));
    }
    match identity {
        Value::Object(identity) => Ok(identity),
        _ => Ok(Map::new()),
    }
}
