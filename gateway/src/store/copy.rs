//! A store's content as bytes, and such bytes as a store's content.
//!
//! The bytes are a database file, so that other tools read them too. They go through a file in the system's
//! temporary directory, for SQLite copies between databases only.

use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::StoreError;
use super::open::SCHEMA_VERSION;

/// A file that goes with its owner.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Self {
        let name = format!(
            "hookdeck-gateway-{}-{:016x}.db",
            std::process::id(),
            fastrand::u64(..)
        );
        Self(std::env::temp_dir().join(name))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // It may never have come to be.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn unusable(why: impl std::fmt::Display) -> StoreError {
    StoreError::Unusable(format!("the snapshot cannot be used: {why}"))
}

/// Copies the whole content.
pub(super) fn export(connection: &Connection) -> Result<Vec<u8>, StoreError> {
    let file = Temporary::new();
    let path = file.path().to_string_lossy().into_owned();
    connection.execute("VACUUM INTO ?1", [path])?;
    std::fs::read(file.path())
        .map_err(|error| StoreError::Unusable(format!("the copy cannot be read: {error}")))
}

/// Replaces the whole content.
pub(super) fn import(
    connection: &mut Connection,
    bytes: &[u8],
    team_id: &str,
) -> Result<(), StoreError> {
    let file = Temporary::new();
    std::fs::write(file.path(), bytes).map_err(unusable)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let copy = Connection::open_with_flags(file.path(), flags).map_err(unusable)?;
    check(&copy)?;
    rename(&copy, team_id).map_err(unusable)?;
    let backup = Backup::new(&copy, connection)?;
    // All pages at once: the content changes in one step or not at all.
    match backup.step(-1)? {
        StepResult::Done => Ok(()),
        _ => Err(unusable("the store is in use")),
    }
}

/// Whether this is an export, whole and of this version.
fn check(copy: &Connection) -> Result<(), StoreError> {
    let version: i64 = copy
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(unusable)?;
    if version != SCHEMA_VERSION {
        return Err(unusable(format!(
            "it is of schema {version}, and this gateway reads {SCHEMA_VERSION}"
        )));
    }
    let integrity: String = copy
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .map_err(unusable)?;
    if integrity != "ok" {
        return Err(unusable(integrity));
    }
    copy.query_row("SELECT value FROM meta WHERE key = 'team_id'", [], |_| {
        Ok(())
    })
    .map_err(|_| unusable("it names no project"))
}

/// Makes the content that of the project `team_id`.
fn rename(copy: &Connection, team_id: &str) -> rusqlite::Result<()> {
    let tx = copy.unchecked_transaction()?;
    tx.execute_batch("PRAGMA defer_foreign_keys = ON")?;
    let old: String = tx.query_row("SELECT value FROM meta WHERE key = 'team_id'", [], |row| {
        row.get(0)
    })?;
    for sql in [
        "UPDATE meta SET value = ?2 WHERE key = 'team_id' AND value = ?1",
        "UPDATE projects SET id = ?2 WHERE id = ?1",
        "UPDATE custom_domains SET project_id = ?2 WHERE project_id = ?1",
        "UPDATE api_keys SET team_id = ?2 WHERE team_id = ?1",
    ] {
        tx.execute(sql, [old.as_str(), team_id])?;
    }
    tx.commit()
}
