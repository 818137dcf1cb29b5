//! What can go wrong in the store.

/// An error of the store itself, as opposed to one a job reports about its own work.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// SQLite refused; the text is its own, with the statement where it knows it.
    Sqlite(String),
    /// The transaction that carried the job did not commit, so nothing of it is stored.
    Commit(String),
    /// A job that was only to read changed something; the change is taken back.
    ReadOnly,
    /// The job panicked; its changes are taken back.
    Panicked,
    /// The store is closed.
    Closed,
    /// The database cannot be used: wrong version, or a setting durability needs does not hold.
    Unusable(String),
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(why) => write!(f, "database: {why}"),
            Self::Commit(why) => write!(f, "database: commit failed: {why}"),
            Self::ReadOnly => f.write_str("database: a job that was only to read tried to write"),
            Self::Panicked => f.write_str("database: a job panicked"),
            Self::Closed => f.write_str("database: closed"),
            Self::Unusable(why) => write!(f, "database: {why}"),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error.to_string())
    }
}
