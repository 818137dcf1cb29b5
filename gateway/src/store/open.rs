//! Opening connections: settings, schema, version.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::StoreError;

/// Raised with every change of `schema.sql` that an existing file cannot be read with.
pub(super) const SCHEMA_VERSION: i64 = 6;
const SCHEMA: &str = include_str!("schema.sql");
const READERS: usize = 2;
const STATEMENTS: usize = 256;
/// Another process may hold the file for a moment, for example a backup.
const BUSY: Duration = Duration::from_secs(5);

pub(super) fn in_memory() -> Result<Connection, StoreError> {
    let mut connection = Connection::open_in_memory()?;
    prepare(&connection)?;
    create(&mut connection)?;
    Ok(connection)
}

pub(super) fn writer(file: &Path) -> Result<Connection, StoreError> {
    let mut connection = Connection::open(file)?;
    prepare(&connection)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    if mode != "wal" || synchronous != 2 {
        return Err(StoreError::Unusable(format!(
            "{} does not take a write-ahead log with full sync (journal_mode {mode}, synchronous {synchronous})",
            file.display()
        )));
    }
    create(&mut connection)?;
    Ok(connection)
}

pub(super) fn readers(file: &Path) -> Result<Vec<Connection>, StoreError> {
    (0..READERS)
        .map(|_| {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(file, flags)?;
            prepare(&connection)?;
            Ok(connection)
        })
        .collect()
}

fn prepare(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    Ok(())
}

/// Applies the schema to a new database and refuses one of another version.
fn create(connection: &mut Connection) -> Result<(), StoreError> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 = tx.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (version, tables) {
        (SCHEMA_VERSION, _) => {}
        (0, 0) => {
            tx.execute_batch(SCHEMA)?;
            tx.pragma_update(None, "user_version", SCHEMA_VERSION)?;
        }
        (other, _) => {
            return Err(StoreError::Unusable(format!(
                "written by another version of the gateway (schema {other}, this one reads {SCHEMA_VERSION})"
            )));
        }
    }
    tx.commit()?;
    Ok(())
}

/// Drops every table there is, so that a table added later cannot be forgotten, and creates the
/// schema again. `meta` stays: it names the project.
pub(super) fn recreate(tx: &Transaction<'_>) -> Result<(), StoreError> {
    // Rows go while tables refer to each other; the constraints are checked at the commit.
    tx.execute_batch("PRAGMA defer_foreign_keys = ON")?;
    // A table refers to older ones only: with the newest dropped first, none is missed.
    let tables: Vec<String> = tx
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'meta' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid DESC")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for table in &tables {
        tx.execute_batch(&format!("DELETE FROM \"{table}\""))?;
    }
    for table in &tables {
        tx.execute_batch(&format!("DROP TABLE \"{table}\""))?;
    }
    tx.execute_batch(SCHEMA)?;
    Ok(())
}
