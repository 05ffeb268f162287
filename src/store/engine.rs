//! The two engines behind one door: every statement is one text for both, with `$1` for its values.
//!
//! Whatever differs between SQLite and PostgreSQL is here and nowhere else: how to connect, how to begin, and three words
//! of SQL ([`Engine::spell`]). Only two kinds of values go in and out, whole numbers and texts, so that both mean the same.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{
    Arguments as _, AssertSqlSafe, ConnectOptions as _, PgPool, Postgres, Row as _, Sqlite, SqlitePool, Transaction,
    TypeInfo as _, ValueRef as _,
};
use tokio::time::Instant;

use super::error::StoreError;
use super::value::{Row, Value};

/// How long a statement waits for others that hold the file, and for a free connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long until it tries again to open a file that others hold.
const PAUSE: Duration = Duration::from_millis(20);
/// Who may read and write a file that is made.
const OWNER_ALONE: u32 = 0o600;
/// Connections to a server: more than the work that one process does at once, few enough for many replicas.
const CONNECTIONS: u32 = 8;
/// Connections that read the file while the one that writes is busy.
const READERS: u32 = 2;

/// A store that is open.
#[derive(Debug, Clone)]
pub(super) struct Engine {
    pool: Pool,
    place: Arc<str>,
    statements: Arc<AtomicU64>,
}

/// SQLite has one writer at a time: a pool of one queues in order, where locking the file would make them guess.
#[derive(Debug, Clone)]
enum Pool {
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    Postgres(PgPool),
}

/// What belongs together: all of it happens, or, dropped without [`Work::commit`], nothing.
pub(super) struct Work {
    transaction: Begun,
    engine: Engine,
}

enum Begun {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Engine {
    /// Opens the file, or makes it.
    pub(super) async fn open_file(path: &Path) -> Result<Self, StoreError> {
        let place: Arc<str> = path.display().to_string().into();
        // An empty file is a database without tables; what SQLite puts beside it gets the same rights. Where it cannot be
        // made, or is there already, SQLite says what there is to say.
        let _made_or_not = OpenOptions::new().write(true).create_new(true).mode(OWNER_ALONE).open(path);
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(PATIENCE)
            .foreign_keys(true)
            .pragma("secure_delete", "ON")
            .disable_statement_logging();
        let one = SqlitePoolOptions::new().max_connections(1).acquire_timeout(PATIENCE).idle_timeout(None);
        let one = one.max_lifetime(None);
        let begun = Instant::now();
        let writer = loop {
            match one.clone().connect_with(options.clone()).await.map_err(|error| StoreError::of(&place, error)) {
                // To turn to WAL, SQLite wants the file to itself, and does not wait for others who just do the same.
                Err(StoreError::Busy(..)) if begun.elapsed() < PATIENCE => tokio::time::sleep(PAUSE).await,
                opened => break opened?,
            }
        };
        let readers = SqlitePoolOptions::new().max_connections(READERS).acquire_timeout(PATIENCE);
        let readers = readers.connect_lazy_with(options.pragma("query_only", "ON"));
        Ok(Self { pool: Pool::Sqlite { writer, readers }, place, statements: Arc::default() })
    }

    /// Connects to the server of a `postgres://` address; a password that is given goes before the address's.
    pub(super) async fn connect(url: &str, password: Option<&str>) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url).map_err(|error| StoreError::Address(error.to_string()))?;
        let options = options.application_name("mailmedic").disable_statement_logging();
        let options = match password {
            Some(password) => options.password(password),
            None => options,
        };
        let host = options.get_socket().map_or_else(|| options.get_host().to_owned(), |at| at.display().to_string());
        let database = options.get_database().unwrap_or_default();
        let place: Arc<str> = format!("postgres://{host}:{}/{database}", options.get_port()).into();
        // One by hand, since a pool would try again until its time is up, and then not say why.
        let first = tokio::time::timeout(PATIENCE, options.connect()).await;
        let first = first.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(|error| StoreError::of(&place, error))?;
        drop(first);
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
        let pool = pool.connect_lazy_with(options);
        Ok(Self { pool: Pool::Postgres(pool), place, statements: Arc::default() })
    }

    /// Where it is, for people: without user and password.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// How many statements were run so far.
    pub(super) fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Reads what one statement finds.
    pub(super) async fn read(&self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let sql = self.counted(sql);
        match &self.pool {
            Pool::Sqlite { readers, .. } => sqlite_rows(sql, values, readers).await,
            Pool::Postgres(pool) => postgres_rows(sql, values, pool).await,
        }
        .map_err(|error| self.trouble(error))
    }

    /// Changes by one statement of its own; what it returns.
    pub(super) async fn write(&self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let sql = self.counted(sql);
        match &self.pool {
            Pool::Sqlite { writer, .. } => sqlite_rows(sql, values, writer).await,
            Pool::Postgres(pool) => postgres_rows(sql, values, pool).await,
        }
        .map_err(|error| self.trouble(error))
    }

    /// Changes by one statement of its own; how many rows that were.
    pub(super) async fn run(&self, sql: &'static str, values: &[Value]) -> Result<u64, StoreError> {
        let sql = self.counted(sql);
        match &self.pool {
            Pool::Sqlite { writer, .. } => sqlite_run(sql, values, writer).await,
            Pool::Postgres(pool) => postgres_run(sql, values, pool).await,
        }
        .map_err(|error| self.trouble(error))
    }

    /// Begins what belongs together. SQLite takes its lock at once: to ask for it later may fail.
    pub(super) async fn begin(&self) -> Result<Work, StoreError> {
        let transaction = match &self.pool {
            Pool::Sqlite { writer, .. } => begin_on_file(writer).await.map(Begun::Sqlite),
            Pool::Postgres(pool) => pool.begin().await.map(Begun::Postgres),
        };
        let transaction = transaction.map_err(|error| self.trouble(error))?;
        Ok(Work { transaction, engine: self.clone() })
    }

    /// Removes what deleted rows leave behind outside the tables, as far as the engine lets clients do so.
    pub(super) async fn tidy(&self) -> Result<(), StoreError> {
        if matches!(self.pool, Pool::Sqlite { .. }) {
            self.write("PRAGMA wal_checkpoint(TRUNCATE)", &[]).await?;
        }
        Ok(())
    }

    /// Ends all connections, after what is under way.
    pub(super) async fn close(&self) {
        match &self.pool {
            Pool::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Pool::Postgres(pool) => pool.close().await,
        }
    }

    fn counted(&self, sql: &'static str) -> AssertSqlSafe<String> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        AssertSqlSafe(self.spell(sql))
    }

    /// The words that the engines do not share. Rows that another transaction works on are passed over, or waited for;
    /// in SQLite nobody else works.
    fn spell(&self, sql: &str) -> String {
        let (skip, wait, id) = match &self.pool {
            Pool::Sqlite { .. } => ("", "", "INTEGER PRIMARY KEY AUTOINCREMENT"),
            Pool::Postgres(_) => {
                ("FOR UPDATE SKIP LOCKED", "FOR UPDATE", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY")
            }
        };
        sql.replace("{skip locked}", skip).replace("{for update}", wait).replace("{id}", id)
    }

    fn trouble(&self, error: sqlx::Error) -> StoreError {
        StoreError::of(&self.place, error)
    }
}

/// Where the disk is full SQLite ends the transaction by itself, and sqlx does not notice: that connection begins no other,
/// and a new one takes its place.
async fn begin_on_file(writer: &SqlitePool) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
    const BEGIN: &str = "BEGIN IMMEDIATE";
    match writer.begin_with(BEGIN).await {
        Err(sqlx::Error::InvalidSavePointStatement) => {
            writer.acquire().await?.close().await?;
            writer.begin_with(BEGIN).await
        }
        begun => begun,
    }
}

impl Work {
    /// What one statement finds or returns.
    pub(super) async fn rows(&mut self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let sql = self.engine.counted(sql);
        match &mut self.transaction {
            Begun::Sqlite(begun) => sqlite_rows(sql, values, &mut **begun).await,
            Begun::Postgres(begun) => postgres_rows(sql, values, &mut **begun).await,
        }
        .map_err(|error| self.engine.trouble(error))
    }

    /// How many rows one statement changes.
    pub(super) async fn run(&mut self, sql: &'static str, values: &[Value]) -> Result<u64, StoreError> {
        let sql = self.engine.counted(sql);
        match &mut self.transaction {
            Begun::Sqlite(begun) => sqlite_run(sql, values, &mut **begun).await,
            Begun::Postgres(begun) => postgres_run(sql, values, &mut **begun).await,
        }
        .map_err(|error| self.engine.trouble(error))
    }

    /// Runs several statements without values.
    pub(super) async fn run_all(&mut self, sql: &'static str) -> Result<(), StoreError> {
        let sql = sqlx::raw_sql(self.engine.counted(sql));
        match &mut self.transaction {
            Begun::Sqlite(begun) => sql.execute(&mut **begun).await.map(drop),
            Begun::Postgres(begun) => sql.execute(&mut **begun).await.map(drop),
        }
        .map_err(|error| self.engine.trouble(error))
    }

    /// Waits until nobody else changes the schema. In SQLite nobody does: this work holds the only lock there is.
    pub(super) async fn lock_schema(&mut self) -> Result<(), StoreError> {
        /// Any number that nobody else in the same database locks.
        const SCHEMA: i64 = 0x006d_6169_6c6d_6564;
        if matches!(self.transaction, Begun::Postgres(_)) {
            self.rows("SELECT 'held' FROM pg_advisory_xact_lock($1)", &[SCHEMA.into()]).await?;
        }
        Ok(())
    }

    /// Makes all of it last.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        let engine = self.engine;
        let done = match self.transaction {
            Begun::Sqlite(begun) => begun.commit().await,
            Begun::Postgres(begun) => begun.commit().await,
        };
        done.map_err(|error| engine.trouble(error))
    }
}

/// The same in the types of either engine.
macro_rules! rows {
    ($rows:ident, $run:ident, $bound:ident, $engine:ty, $arguments:ty, $row:ty) => {
        fn $bound(values: &[Value]) -> Result<$arguments, sqlx::Error> {
            let mut arguments = <$arguments>::default();
            for value in values {
                match value {
                    Value::Number(number) => arguments.add(*number),
                    Value::Text(text) => arguments.add(text.clone()),
                }
                .map_err(sqlx::Error::Encode)?;
            }
            Ok(arguments)
        }

        async fn $run<'c>(
            sql: AssertSqlSafe<String>,
            values: &[Value],
            on: impl sqlx::Executor<'c, Database = $engine>,
        ) -> Result<u64, sqlx::Error> {
            let done = sqlx::query_with::<$engine, _>(sql, $bound(values)?).execute(on).await?;
            Ok(done.rows_affected())
        }

        async fn $rows<'c>(
            sql: AssertSqlSafe<String>,
            values: &[Value],
            on: impl sqlx::Executor<'c, Database = $engine>,
        ) -> Result<Vec<Row>, sqlx::Error> {
            let arguments = $bound(values)?;
            let found: Vec<$row> = sqlx::query_with::<$engine, _>(sql, arguments).fetch_all(on).await?;
            found
                .iter()
                .map(|row| {
                    (0..row.len())
                        .map(|column| {
                            let kind = row.try_get_raw(column)?.type_info().name().to_owned();
                            match kind.as_str() {
                                "TEXT" => row.try_get(column).map(Value::Text),
                                "NULL" => Ok(Value::Text(None)),
                                _ => row.try_get(column).map(Value::Number),
                            }
                        })
                        .collect::<Result<Vec<Value>, _>>()
                        .map(Row::new)
                })
                .collect()
        }
    };
}
rows!(sqlite_rows, sqlite_run, sqlite_bound, Sqlite, SqliteArguments, SqliteRow);
rows!(postgres_rows, postgres_run, postgres_bound, Postgres, PgArguments, PgRow);
