//! API keys. A key that is created here opens the project it was created in, as long as it lives; its
//! secret is shown once and kept as a digest. Its scopes and grants decide what it may do.
//! The keys the gateway was started with are not among them: they cannot be rolled or deleted.

use std::time::Duration;

use data_encoding::HEXLOWER;
use rusqlite::{Connection, OptionalExtension, named_params, params};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::call::{ApiCall, ApiResult, text};
use super::error::ApiError;
use super::scopes::Scopes;
use super::time::millis;
use super::{organizations, rows};
use crate::clock::Micros;

const KEY: &str = "SELECT 1 FROM api_keys WHERE id = ?";

/// How long a secret is, in characters after its prefix.
const SECRET: usize = 40;

/// Something nobody can guess. It must not follow from the gateway's seed, which is no secret.
pub(crate) fn new_secret() -> String {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rng = fastrand::Rng::new();
    (0..SECRET)
        .map(|_| char::from(ALPHABET[rng.usize(..ALPHABET.len())]))
        .collect()
}

fn digest(secret: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(secret))
}

/// A stored key.
pub(crate) struct CreatedKey {
    pub(crate) id: String,
    pub(crate) scopes: Scopes,
    /// Whether it is for all projects of the organization.
    pub(crate) is_organizations: bool,
}

/// The stored key that a secret belongs to, if the secret is still good for the project.
pub(crate) fn find(
    conn: &Connection,
    secret: &str,
    team_id: &str,
    now: Micros,
) -> Result<Option<CreatedKey>, ApiError> {
    let found = conn
        .prepare_cached(
            "SELECT k.id, k.scopes, k.grants, k.team_id IS NULL FROM api_key_secrets s JOIN api_keys k ON k.id = s.key_id
             WHERE s.digest = ?1 AND coalesce(s.expires_at > ?3, 1) AND coalesce(k.team_id = ?2, 1)",
        )?
        .query_row(params![digest(secret), team_id, now], |row| {
            let (scopes, grants): (String, String) = (row.get(1)?, row.get(2)?);
            Ok((row.get(0)?, scopes, grants, row.get(3)?))
        })
        .optional()?;
    let Some((id, scopes, grants, is_organizations)) = found else {
        return Ok(None);
    };
    let (scopes, grants) = (
        serde_json::from_str(&scopes)?,
        serde_json::from_str(&grants)?,
    );
    Ok(Some(CreatedKey {
        id,
        scopes: Scopes::of(&scopes, &grants, team_id),
        is_organizations,
    }))
}

/// Whether a secret is that of a key for all projects of the organization.
pub(crate) fn is_organizations(conn: &Connection, secret: &str) -> Result<bool, ApiError> {
    Ok(conn
        .prepare_cached(
            "SELECT k.team_id IS NULL FROM api_key_secrets s JOIN api_keys k ON k.id = s.key_id
             WHERE s.digest = ?1",
        )?
        .query_row([digest(secret)], |row| row.get(0))
        .optional()?
        .unwrap_or(false))
}

fn shown(conn: &Connection, id: &str) -> ApiResult {
    let organization_id = organizations::id(conn)?;
    let key = conn
        .prepare_cached("SELECT * FROM api_keys WHERE id = ?")?
        .query_row([id], |row| {
            Ok((
                json!({
                    "id": id,
                    "label": row.get::<_, String>("label")?,
                    "team_id": row.get::<_, Option<String>>("team_id")?,
                    "organization_id": organization_id,
                    "key_fingerprint": row.get::<_, String>("fingerprint")?,
                    "expires_at": null,
                    "created_at": millis(row.get("created_at")?),
                    "updated_at": millis(row.get("updated_at")?),
                }),
                row.get::<_, String>("scopes")?,
                row.get::<_, String>("grants")?,
            ))
        })
        .optional()?;
    let (mut key, scopes, grants) = key.ok_or_else(|| ApiError::not_found(id))?;
    key["scopes"] = serde_json::from_str(&scopes)?;
    key["grants"] = serde_json::from_str(&grants)?;
    Ok(key)
}

pub(super) async fn list(call: ApiCall) -> ApiResult {
    call.project
        .read(|conn| {
            let ids: Vec<String> = conn
                .prepare_cached("SELECT id FROM api_keys ORDER BY created_at, seq")?
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            ids.iter().map(|id| shown(conn, id)).collect()
        })
        .await
}

/// Gives a key a new secret; answers the key with it.
fn issue(conn: &Connection, id: &str) -> ApiResult {
    let secret = new_secret();
    let digest = digest(&secret);
    conn.prepare_cached("INSERT INTO api_key_secrets (digest, key_id) VALUES (?, ?)")?
        .execute([digest.as_str(), id])?;
    conn.prepare_cached("UPDATE api_keys SET fingerprint = ? WHERE id = ?")?
        .execute([&digest[..16], id])?;
    let mut key = shown(conn, id)?;
    key["key"] = Value::from(secret);
    Ok(key)
}

pub(super) async fn create(call: ApiCall) -> ApiResult {
    let id = call.project.ids().api_key();
    rows::write(call, move |tx, view, call| {
        let team_id = match (text(&call.body, "type"), text(&call.body, "team_id")) {
            (Some("organization"), _) => None,
            (_, Some(team_id)) => {
                rows::must_exist(tx, "SELECT 1 FROM projects WHERE id = ?", team_id)?;
                Some(team_id.to_owned())
            }
            (_, None) => Some(view.team_id.clone()),
        };
        tx.prepare_cached(
            "INSERT INTO api_keys (id, label, team_id, scopes, grants, fingerprint, created_at, updated_at)
             VALUES (:id, :label, :team_id, :scopes, :grants, '', :now, :now)",
        )?
        .execute(named_params! {
            ":id": id,
            ":label": text(&call.body, "label"),
            ":team_id": team_id,
            ":scopes": call.body.get("scopes").unwrap_or(&json!([])).to_string(),
            ":grants": call.body.get("grants").unwrap_or(&json!({})).to_string(),
            ":now": call.now(),
        })?;
        issue(tx, &id)
    })
    .await
}

pub(super) async fn update(call: ApiCall) -> ApiResult {
    rows::write(call, |tx, _, call| {
        tx.prepare_cached(
            "UPDATE api_keys SET scopes = coalesce(:scopes, scopes), grants = coalesce(:grants, grants),
                 updated_at = :now
             WHERE id = :id",
        )?
        .execute(named_params! {
            ":id": call.id,
            ":scopes": call.body.get("scopes").map(Value::to_string),
            ":grants": call.body.get("grants").map(Value::to_string),
            ":now": call.now(),
        })?;
        shown(tx, &call.id)
    })
    .await
}

/// Gives the key a new secret. The old one goes on for as long as asked.
pub(super) async fn roll(call: ApiCall) -> ApiResult {
    rows::write(call, |tx, _, call| {
        rows::must_exist(tx, KEY, &call.id)?;
        let now = call.now();
        let delay = call.body.get("delay_sec").and_then(Value::as_u64).unwrap_or(0);
        let expires_at = now.plus(Duration::from_secs(delay));
        // A secret that is on its way out already does not get more time.
        tx.prepare_cached(
            "UPDATE api_key_secrets SET expires_at = min(coalesce(expires_at, ?2), ?2) WHERE key_id = ?1",
        )?
        .execute(params![call.id, expires_at])?;
        tx.prepare_cached("DELETE FROM api_key_secrets WHERE key_id = ?1 AND expires_at <= ?2")?
            .execute(params![call.id, now])?;
        tx.prepare_cached("UPDATE api_keys SET updated_at = ?2 WHERE id = ?1")?
            .execute(params![call.id, now])?;
        issue(tx, &call.id)
    })
    .await
}

pub(super) async fn delete(call: ApiCall) -> ApiResult {
    rows::delete(call, "api_keys").await
}
