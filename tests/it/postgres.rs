//! A PostgreSQL server of our own: one for all tests that run at the same time, on a socket in a private folder, as an
//! unprivileged user.
//!
//! Whoever needs it holds a shared lock on a file; the first starts it, and a watchman ends it when nobody has held the
//! lock for a while. Locks go when a process does, however it ends, so that no failed test leaves a server behind.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

/// Starts the server, and waits for it; then watches over it in the background. `$1` is its folder.
const START: &str = r#"
set -eu
cd "$1"
bin=$(ls -d /usr/lib/postgresql/*/bin 2> /dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || bin=$(dirname "$(command -v initdb)")
as=
if [ "$(id -u)" -eq 0 ]; then
  user=$(getent passwd postgres > /dev/null && echo postgres || echo nobody)
  as="setpriv --reuid $user --regid $(id -g "$user") --clear-groups"
  chown "$user" "$1"
fi
rm -rf data
$as "$bin/initdb" -D data -N -U postgres --auth=trust --locale=C.UTF-8 -E UTF8
printf 'local all locked scram-sha-256\nlocal all all trust\n' | $as tee data/pg_hba.conf
$as "$bin/postgres" -D data -k "$1" -c listen_addresses= -c max_connections=200 -c fsync=off -c shared_buffers=32MB &
server=$!
until "$bin/pg_isready" -q -h "$1"; do kill -0 $server; sleep 0.05; done
(
  until flock -x users true && sleep 3 && flock -n -x users sh -c "
    kill -INT $server; while kill -0 $server 2> /dev/null; do sleep 0.05; done; rm -rf data"; do :; done
) &
"#;

/// The server, for as long as this is held.
pub(crate) struct Server {
    folder: PathBuf,
    _in_use: File,
}

impl Server {
    /// The server of this run of the tests.
    pub(crate) fn shared() -> Self {
        let owner = fs::metadata(env!("CARGO_MANIFEST_DIR")).unwrap();
        let name = format!("mailmedic-postgres-{}", std::os::unix::fs::MetadataExt::ino(&owner));
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        let in_use = File::create(folder.join("users")).unwrap();
        in_use.lock_shared().unwrap();
        let starting = File::create(folder.join("starting")).unwrap();
        starting.lock().unwrap();
        if !is_running(&folder) {
            start(&folder);
        }
        Self { folder, _in_use: in_use }
    }

    /// The address of a new database.
    pub(crate) async fn database(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let name = format!("t{}_{count}_{now}", std::process::id());
        self.run("postgres", &format!("CREATE DATABASE {name}")).await;
        self.url("postgres", &name)
    }

    /// The address of a database as a user sees it.
    pub(crate) fn url(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@localhost/{database}?host={}", self.folder.display())
    }

    /// Runs a statement in a database.
    pub(crate) async fn run(&self, database: &str, sql: &str) {
        let mut connection = PgConnection::connect(&self.url("postgres", database)).await.unwrap();
        connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
        connection.close().await.unwrap();
    }
}

fn is_running(folder: &Path) -> bool {
    let pid = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap_or_default();
    pid.lines().next().is_some_and(|pid| Path::new("/proc").join(pid.trim()).exists())
}

fn start(folder: &Path) {
    let log = File::create(folder.join("log")).unwrap();
    let script = ["-f", "-w", "bash", "-c", START, "bash"];
    let ended = Command::new("setsid")
        .args(script)
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .status()
        .unwrap();
    let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
    assert!(ended.success(), "PostgreSQL did not start (is the package `postgresql` installed?):\n{log}");
}
