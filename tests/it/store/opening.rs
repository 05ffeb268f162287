//! Opening a store: what was there is there again, several may come at once, and what cannot be opened says why.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::Command;

use mailmedic::config;
use mailmedic::store::{Arrival, Guild, Interaction, Person, Store, StoreError, Talk};

use super::place::{NOW, Place, SEED, both};

#[test]
fn what_was_kept_is_there_again() {
    both(|place| async move {
        let store = place.open().await;
        assert_eq!(store.arrive(Interaction(1), NOW).await.unwrap(), Arrival::First);
        store.change_settings(Guild(1), Person(2), NOW, |settings| settings.answer_at = Some(0.9)).await.unwrap();
        store.close().await;
        let store = place.open().await;
        assert_eq!(store.arrive(Interaction(1), NOW).await.unwrap(), Arrival::Again);
        assert_eq!(store.settings(Guild(1)).await.unwrap().answer_at, Some(0.9));
    });
}

#[test]
fn of_many_that_start_at_once_one_makes_the_schema_and_the_others_wait() {
    both(|place| async move {
        let opened = futures_util::future::join_all((0..6).map(|_| place.try_open())).await;
        let stores: Vec<_> = opened.into_iter().map(Result::unwrap).collect();
        let arrivals = stores.iter().map(|store| store.arrive(Interaction(9), NOW));
        let arrivals = futures_util::future::join_all(arrivals).await;
        let first = arrivals.iter().filter(|arrival| matches!(arrival, Ok(Arrival::First))).count();
        assert_eq!(first, 1, "{arrivals:?}");
    });
}

#[test]
fn a_schema_of_a_newer_version_is_refused() {
    both(|place| async move {
        place.open().await.close().await;
        place.run("UPDATE schema_version SET version = 99").await;
        let error = place.try_open().await.unwrap_err().to_string();
        assert!(error.ends_with("has the schema 99, and this version knows 3; run the newer version"), "{error}");
    });
}

#[test]
fn a_store_of_the_first_schema_gets_what_came_later_and_keeps_what_it_has() {
    both(|place| async move {
        place.open().await.close().await;
        for sql in [
            "DROP INDEX outbox_talk",
            "ALTER TABLE outbox DROP COLUMN talk",
            "DROP TABLE talk",
            "INSERT INTO interaction (id, at) VALUES (9, 1)",
        ] {
            place.run(sql).await;
        }
        place.run("UPDATE schema_version SET version = 1").await;
        let store = place.open().await;
        assert_eq!(store.talk(Talk(1), Person(1)).await.unwrap(), None);
        assert_eq!(store.arrive(Interaction(9), NOW).await.unwrap(), Arrival::Again);
    });
}

#[tokio::test]
async fn what_cannot_be_opened_says_why_and_what_to_do() {
    let file = Place::file();
    let open = async |place: config::Place| {
        let at = config::Store { place, ..config::Store::default() };
        Store::open(&at, config::Limits::default(), SEED).await.unwrap_err().to_string()
    };
    let in_folder = |name: &str| config::Place::File(file.folder.path().join(name));
    assert!(open(in_folder("missing/mailmedic.db")).await.contains("cannot be opened; see that its folder exists"));
    fs::write(file.folder.path().join("letter.txt"), "Dear Sir or Madam, ".repeat(1000)).unwrap();
    assert!(open(in_folder("letter.txt")).await.contains("is no database; name another file"));

    let server = crate::postgres::Server::shared();
    let at = |user: &str, database: &str| config::Place::Server(server.url(user, database));
    assert!(open(at("postgres", "nowhere")).await.starts_with("there is no such database at `postgres://"));
    for role in ["locked LOGIN PASSWORD 'right'", "visitor LOGIN"] {
        let once = "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;";
        server.run("postgres", &format!("DO $$ BEGIN CREATE ROLE {role}; {once} END $$")).await;
    }
    let visited = open(at("visitor", "postgres")).await;
    assert!(visited.contains("may not be written by this user"), "{visited}");
    let refused = open(at("locked", "postgres")).await;
    assert!(refused.contains("refused the user or the password"), "{refused}");
    let away = open(config::Place::Server("postgres://bot@127.0.0.1:1/bot".to_owned())).await;
    assert!(away.starts_with("the database server `postgres://127.0.0.1:1/bot` cannot be reached"), "{away}");
}

#[test]
fn nobody_else_may_read_what_people_entrust() {
    let place = Place::file();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = place.open().await;
        let _ = store.arrive(Interaction(1), NOW).await.unwrap();
        let files: Vec<_> = fs::read_dir(place.folder.path()).unwrap().map(Result::unwrap).collect();
        assert_eq!(files.len(), 3, "the database, its log and its index");
        for file in files {
            assert_eq!(file.metadata().unwrap().mode() & 0o077, 0, "{:?}", file.file_name());
        }
    });
}

/// What names the file to the one without rights.
const FILE: &str = "MAILMEDIC_TEST_FILE";

#[test]
fn a_file_of_somebody_else_is_not_written() {
    let place = Place::file();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async { place.open().await.close().await });
    let path = place.at.file().unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(place.folder.path(), Permissions::from_mode(0o555)).unwrap();
    // Whoever may do everything, such as root, becomes somebody else.
    let program = std::env::current_exe().unwrap();
    let mut visitor = Command::new("setpriv");
    if fs::metadata(&path).unwrap().uid() == 0 {
        visitor.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
    }
    let test = ["--exact", "store::opening::somebody_without_rights", "--ignored", "--nocapture"];
    let visit = visitor.arg(program).args(test).env(FILE, &path).output().unwrap();
    fs::set_permissions(place.folder.path(), Permissions::from_mode(0o755)).unwrap();
    let said = String::from_utf8_lossy(&visit.stdout);
    assert!(visit.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
#[ignore = "the visitor of the test above, which starts it"]
async fn somebody_without_rights() {
    let place = config::Place::File(std::env::var_os(FILE).expect("the test above names the file").into());
    let at = config::Store { place, ..config::Store::default() };
    let error = Store::open(&at, config::Limits::default(), SEED).await.unwrap_err();
    assert!(matches!(error, StoreError::Denied(..)), "{error:?}");
}

#[tokio::test]
async fn connections_that_the_server_cuts_are_made_anew() {
    let place = Place::server().await;
    let store = place.open().await;
    assert_eq!(store.arrive(Interaction(1), NOW).await.unwrap(), Arrival::First);
    let cut = "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE datname = current_database()
        AND pid <> pg_backend_pid()";
    place.run(cut).await;
    assert_eq!(store.arrive(Interaction(1), NOW).await.unwrap(), Arrival::Again);
}
