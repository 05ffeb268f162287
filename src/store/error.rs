//! Why the store could not do what it was asked: a sentence for the operator, with what to do about it.
//!
//! The causes come as numbers of SQLite (<https://www.sqlite.org/rescode.html>) and SQLSTATEs of PostgreSQL (its manual,
//! appendix A); here alone they are told apart.

use std::io;
use std::sync::Arc;

use sqlx::sqlite::SqliteError;

/// What went wrong. `place` is the file, or the server without user and password.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address makes no sense.
    #[error("the store's address cannot be used: {0}")]
    Address(String),
    /// The file cannot be opened or made.
    #[error(
        "the store `{0}` cannot be opened; see that its folder exists and that this user may write in it, or set `[store] url`"
    )]
    Unopened(String, #[source] sqlx::Error),
    /// No right to read or write it.
    #[error(
        "the store `{0}` may not be written by this user; give the user the file and its folder, or the right to make tables"
    )]
    Denied(String, #[source] sqlx::Error),
    /// The file is something else.
    #[error("`{0}` is no database; name another file as `[store] url`, or move this one away")]
    Foreign(String, #[source] sqlx::Error),
    /// What is in the file makes no sense any more.
    #[error("the store `{0}` is damaged; stop the bot, keep a copy, and restore a backup")]
    Damaged(String, #[source] sqlx::Error),
    /// No space left.
    #[error("the disk of the store `{0}` is full; nothing was written, and all goes on when there is space again")]
    Full(String, #[source] sqlx::Error),
    /// The server does not let us in.
    #[error("`{0}` refused the user or the password; see `password_file` under `[store]`, or `PGPASSWORD`")]
    Login(String, #[source] sqlx::Error),
    /// The server has no such database.
    #[error("there is no such database at `{0}`; create it (`createdb`), or name another in `[store] url`")]
    NoDatabase(String, #[source] sqlx::Error),
    /// Nobody answers.
    #[error("the database server `{0}` cannot be reached; see that it runs, and `[store] url`")]
    Unreached(String, #[source] sqlx::Error),
    /// Others keep it locked.
    #[error("the store `{0}` is kept locked by others; see that one bot alone uses the file")]
    Busy(String, #[source] sqlx::Error),
    /// A newer version wrote it.
    #[error("the store `{place}` has the schema {found}, and this version knows {known}; run the newer version")]
    Newer {
        /// Where it is.
        place: String,
        /// Its schema.
        found: i64,
        /// The newest schema that this version knows.
        known: i64,
    },
    /// A value that nobody should have written.
    #[error("the store holds something that this version cannot read: {0}")]
    Unreadable(String),
    /// Whoever wrote for several went away in the middle of it.
    #[error("the store was left while it wrote; nothing was written")]
    GivenUp,
    /// The same for all for whom it was written at once.
    #[error(transparent)]
    Shared(#[from] Arc<StoreError>),
    /// Whatever else.
    #[error("the store `{0}` failed")]
    Failed(String, #[source] sqlx::Error),
}

impl StoreError {
    /// Tells the trouble of an engine apart; `place` is where the store is.
    pub(super) fn of(place: &str, error: sqlx::Error) -> Self {
        let kind = match &error {
            sqlx::Error::Database(found) => {
                let code = found.code().unwrap_or_default();
                // A state of PostgreSQL may be all digits, too.
                let is_sqlite = found.try_downcast_ref::<SqliteError>().is_some();
                if is_sqlite { of_sqlite(code.parse().unwrap_or_default()) } else { of_postgres(&code) }
            }
            sqlx::Error::Io(found) => of_io(found),
            // A server that does not answer keeps all connections waiting.
            sqlx::Error::PoolTimedOut if place.starts_with("postgres:") => Self::Unreached,
            sqlx::Error::PoolTimedOut => Self::Busy,
            _ => Self::Failed,
        };
        kind(place.to_owned(), error)
    }

    /// Whether the same may go well a moment later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Shared(error) => error.is_passing(),
            _ => matches!(self, Self::Busy(..) | Self::Full(..) | Self::Unreached(..) | Self::GivenUp),
        }
    }
}

type Kind = fn(String, sqlx::Error) -> StoreError;

fn of_io(error: &io::Error) -> Kind {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full,
        _ => StoreError::Unreached,
    }
}

/// By the extended result code, whose low byte is the primary one.
fn of_sqlite(code: i32) -> Kind {
    const IOERR_WRITE: i32 = 0x030a;
    const IOERR_SHMSIZE: i32 = 0x130a;
    match (code, code & 0xff) {
        // The shared memory file beside the database cannot grow: there is no space left for it.
        (IOERR_WRITE | IOERR_SHMSIZE, _) | (_, 13) => StoreError::Full,
        (_, 3 | 8 | 23) => StoreError::Denied,
        (_, 5 | 6) => StoreError::Busy,
        (_, 11) => StoreError::Damaged,
        (_, 14) => StoreError::Unopened,
        (_, 26) => StoreError::Foreign,
        _ => StoreError::Failed,
    }
}

fn of_postgres(state: &str) -> Kind {
    match state {
        "53100" => StoreError::Full,
        "42501" => StoreError::Denied,
        "3D000" => StoreError::NoDatabase,
        "53300" | "55P03" | "40P01" | "40001" => StoreError::Busy,
        _ if state.starts_with("28") => StoreError::Login,
        _ if state.starts_with("57P") || state.starts_with("08") => StoreError::Unreached,
        _ => StoreError::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trouble_has_its_sentence() {
        let told = |kind: Kind| kind("here".to_owned(), sqlx::Error::PoolClosed).to_string();
        for (kind, words) in [
            (of_sqlite(13), "full"),
            (of_sqlite(4874), "full"),
            (of_sqlite(8), "may not be written"),
            (of_sqlite(1032), "may not be written"),
            (of_sqlite(5), "locked"),
            (of_sqlite(517), "locked"),
            (of_sqlite(267), "damaged"),
            (of_sqlite(14), "cannot be opened"),
            (of_sqlite(26), "no database"),
            (of_sqlite(1), "failed"),
            (of_postgres("28P01"), "password"),
            (of_postgres("3D000"), "no such database"),
            (of_postgres("53100"), "full"),
            (of_postgres("57P03"), "cannot be reached"),
            (of_postgres("42P01"), "failed"),
            (of_io(&io::Error::from(io::ErrorKind::ConnectionRefused)), "cannot be reached"),
        ] {
            assert!(told(kind).contains(words), "{} should say `{words}`", told(kind));
        }
    }
}
