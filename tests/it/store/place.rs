//! Where a claim's store is: a file in a folder of its own, or a database of its own.

use std::future::Future;
use std::time::Duration;

use mailmedic::config::{self, Keep, Limits, Place as At};
use mailmedic::moment::Moment;
use mailmedic::store::{Store, StoreError};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use tempfile::TempDir;

use crate::postgres::Server;

/// 2026-11-24T08:30:00Z.
pub(crate) const NOW: Moment = Moment(1_795_509_000_000);
/// The key of pseudonyms, which a real store draws by lot.
pub(crate) const SEED: [u8; 32] = [7; 32];

/// The seconds after [`NOW`].
pub(crate) fn after(seconds: u64) -> Moment {
    NOW + Duration::from_secs(seconds)
}

/// A place for a store; gone with it.
pub(crate) struct Place {
    /// How the configuration names it.
    pub(crate) at: config::Store,
    /// The folder of the file; empty beside a server.
    pub(crate) folder: TempDir,
    pub(crate) server: Option<Server>,
}

impl Place {
    /// A file that is not there yet.
    pub(crate) fn file() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = At::File(folder.path().join("mailmedic.db"));
        Self { at: config::Store { place, ..config::Store::default() }, folder, server: None }
    }

    /// An empty database.
    pub(crate) async fn server() -> Self {
        let server = Server::shared();
        let place = At::Server(server.database().await);
        let folder = tempfile::tempdir().unwrap();
        Self { at: config::Store { place, ..config::Store::default() }, folder, server: Some(server) }
    }

    /// Opens the store, as one process more.
    pub(crate) async fn try_open(&self) -> Result<Store, StoreError> {
        Store::open(&self.at, Limits::default(), SEED).await
    }

    pub(crate) async fn open(&self) -> Store {
        self.try_open().await.unwrap()
    }

    /// The name of the engine, for what is printed.
    pub(crate) fn engine(&self) -> &'static str {
        if self.server.is_some() { "PostgreSQL" } else { "SQLite" }
    }

    /// Runs a statement behind the store's back.
    pub(crate) async fn run(&self, sql: &str) {
        self.shown(sql).await;
    }

    /// How the engine would go about a query, where tables are large.
    pub(crate) async fn plan(&self, sql: &str) -> String {
        let explain = if self.server.is_some() { "EXPLAIN" } else { "EXPLAIN QUERY PLAN" };
        self.shown(&format!("{explain} {sql}")).await
    }

    /// Adds watches that are due in an hour, and as many notifications that were delivered.
    pub(crate) async fn fill_with_watches(&self, count: u32) {
        let numbers = format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})");
        let columns = "at, channel, person, domain, until, state, looks, step, underway, next_look, expires, token";
        let due = after(3600).0;
        let row = format!("0, 1, i, 'example.com', 'all', 'pending', 3, 0, 0, {due} + i / 7, {due} * 2, 0");
        self.run(&format!("{numbers} INSERT INTO watch ({columns}) SELECT {row} FROM n")).await;
        let columns = "at, channel, news, state, due_at, token, strikes, delays, ended_at";
        let row = "0, 1, '{}', 'sent', i, 0, 1, 0, 0";
        self.run(&format!("{numbers} INSERT INTO outbox ({columns}) SELECT {row} FROM n")).await;
        self.run("ANALYZE").await;
    }

    /// The last column of every row, a line each.
    pub(crate) async fn shown(&self, sql: &str) -> String {
        let sql = AssertSqlSafe(sql.to_owned());
        let mut lines = Vec::new();
        match &self.at.place {
            At::File(path) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
                let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
                for row in sqlx::query(sql).fetch_all(&mut connection).await.unwrap() {
                    lines.push(row.get::<String, _>(row.len() - 1));
                }
                connection.close().await.unwrap();
            }
            At::Server(url) => {
                let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
                for row in sqlx::query(sql).fetch_all(&mut connection).await.unwrap() {
                    lines.push(row.get::<String, _>(row.len() - 1));
                }
                connection.close().await.unwrap();
            }
        }
        lines.join("\n")
    }

    /// All that a thief would find: the bytes of the files, or every row of every table.
    pub(crate) async fn everything(&self) -> Vec<u8> {
        let At::Server(url) = &self.at.place else {
            let files = std::fs::read_dir(self.folder.path()).unwrap();
            return files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
        };
        let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
        let tables = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'";
        let mut found = Vec::new();
        for table in sqlx::query(tables).fetch_all(&mut connection).await.unwrap() {
            let rows = format!("SELECT t::text FROM {} t", table.get::<String, _>(0));
            for row in sqlx::query(AssertSqlSafe(rows)).fetch_all(&mut connection).await.unwrap() {
                found.extend(row.get::<String, _>(0).into_bytes());
            }
        }
        connection.close().await.unwrap();
        found
    }
}

/// Holds a claim against both engines.
pub(crate) fn both<F: Future<Output = ()>>(claim: impl Fn(Place) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async { claim(Place::file()).await });
    runtime.block_on(async { claim(Place::server().await).await });
}

/// The retention that is documented.
pub(crate) fn keep() -> Keep {
    Keep::default()
}
