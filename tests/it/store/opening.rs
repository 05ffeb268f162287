//! Opening a store: what was there is there again, several may come at once, and what cannot be opened says why.

use mailmedic::config;
use mailmedic::store::{Arrival, Guild, Interaction, Person};

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
        assert!(error.ends_with("has the schema 99, and this version knows 1; run the newer version"), "{error}");
    });
}

#[tokio::test]
async fn what_cannot_be_opened_says_why_and_what_to_do() {
    let file = Place::file();
    let open = async |place: config::Place| {
        let at = config::Store { place, ..config::Store::default() };
        mailmedic::store::Store::open(&at, config::Limits::default(), SEED).await.unwrap_err().to_string()
    };
    let in_folder = |name: &str| config::Place::File(file.folder.path().join(name));
    assert!(open(in_folder("missing/mailmedic.db")).await.contains("cannot be opened; see that its folder exists"));
    std::fs::write(file.folder.path().join("letter.txt"), "Dear Sir or Madam, ".repeat(1000)).unwrap();
    assert!(open(in_folder("letter.txt")).await.contains("is no database; name another file"));

    let server = crate::postgres::Server::shared();
    let at = |user: &str, database: &str| config::Place::Server(server.url(user, database));
    assert!(open(at("postgres", "nowhere")).await.starts_with("there is no such database at `postgres://"));
    server.run("postgres", "DO $$ BEGIN CREATE ROLE locked LOGIN PASSWORD 'right'; EXCEPTION WHEN duplicate_object THEN NULL; WHEN unique_violation THEN NULL; END $$").await;
    let refused = open(at("locked", "postgres")).await;
    assert!(refused.contains("refused the user or the password"), "{refused}");
    let away = open(config::Place::Server("postgres://bot@127.0.0.1:1/bot".to_owned())).await;
    assert!(away.starts_with("the database server `postgres://127.0.0.1:1/bot` cannot be reached"), "{away}");
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
