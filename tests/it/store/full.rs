//! A disk that is full: a clear error, a store that can still be read, and all goes on when there is space again.
//!
//! The disk is a file system in memory, in a mount namespace of its own; this test program is started again inside it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use mailmedic::config::{self, Limits};
use mailmedic::store::{Guild, Interaction, Notes, Person, Store, StoreError};

use super::place::{NOW, Place, SEED};

/// What names the folder to the one inside.
const DISK: &str = "MAILMEDIC_TEST_DISK";
/// The smallest disk on which a store begins, and some more.
const SIZE: &str = "1m";
/// What takes the space away.
const BALLAST: usize = 200 * 1024;

#[test]
fn a_full_disk_is_told_and_survived() {
    let folder = tempfile::tempdir().unwrap();
    let mount = format!("mount -t tmpfs -o size={SIZE} none \"${DISK}\" && exec \"$@\"");
    let inside = Command::new("unshare")
        .args(["-Urm", "sh", "-c", &mount, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "store::full::inside", "--ignored", "--nocapture"])
        .env(DISK, folder.path())
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&inside.stdout), String::from_utf8_lossy(&inside.stderr));
    assert!(inside.status.success() && said.contains("1 passed"), "{said}");
}

fn gap(question: &str) -> Notes {
    Notes { guild: Some(Guild(1)), gap: Some((Person(2), question.to_owned())), ..Notes::default() }
}

#[tokio::test]
#[ignore = "what happens on the full disk of the test above, which starts it"]
async fn inside() {
    let disk = PathBuf::from(std::env::var_os(DISK).expect("the test above names the disk"));
    let at = config::Store { place: config::Place::File(disk.join("mailmedic.db")), ..config::Store::default() };
    let open = async || Store::open(&at, Limits::default(), SEED).await;
    let store = open().await.unwrap();
    store.change_settings(Guild(1), Person(2), NOW, |settings| settings.margin = Some(0.5)).await.unwrap();
    fs::write(disk.join("ballast"), vec![1; BALLAST]).unwrap();

    let question = "where is my mail ".repeat(50);
    let mut kept = 0;
    let error = loop {
        match store.note(gap(&question), NOW).await {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 10_000, "the disk does not fill");
    };
    assert!(matches!(error, StoreError::Full(..)) && error.is_passing(), "{error:?}");
    assert!(error.to_string().contains("is full; nothing was written, and all goes on"), "{error}");
    assert!(matches!(store.spend(Vec::new(), Some(Interaction(1)), NOW).await, Err(StoreError::Full(..)) | Ok(_)));
    assert_eq!(store.settings(Guild(1)).await.unwrap().margin, Some(0.5));
    assert_eq!(store.gaps(Guild(1), 20_000).await.unwrap().len(), kept);
    // As after a restart on a disk that is still full.
    let again = open().await;
    if let Ok(again) = again {
        assert_eq!(again.gaps(Guild(1), 20_000).await.unwrap().len(), kept);
    } else {
        assert!(matches!(again, Err(StoreError::Full(..))), "{again:?}");
    }

    fs::remove_file(disk.join("ballast")).unwrap();
    store.note(gap(&question), NOW).await.unwrap();
    store.close().await;
    let store = open().await.unwrap();
    assert_eq!(store.gaps(Guild(1), 20_000).await.unwrap().len(), kept + 1);
    assert!(kept > 0);
}

/// The server itself is not filled up: its state for it is raised where a row is added.
#[tokio::test]
async fn a_server_whose_disk_is_full_is_told_and_survived() {
    let place = Place::server().await;
    let store = place.open().await;
    let raise = "BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END";
    place.run(&format!("CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ {raise} $$")).await;
    place.run("CREATE TRIGGER full_disk BEFORE INSERT ON gap EXECUTE FUNCTION fill()").await;
    let error = store.note(gap("where is my mail"), NOW).await.unwrap_err();
    assert!(matches!(error, StoreError::Full(..)), "{error:?}");
    assert!(store.gaps(Guild(1), 10).await.unwrap().is_empty());
    place.run("DROP TRIGGER full_disk ON gap").await;
    store.note(gap("where is my mail"), NOW).await.unwrap();
    assert_eq!(store.gaps(Guild(1), 10).await.unwrap().len(), 1);
}
