//! What the bot takes of a processor while many wait for a change, nothing is due, and nobody asks.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use mailmedic::config::{Limits, Place, Store as At};
use mailmedic::moment::Moment;
use mailmedic::store::{Channel, Guild, NewWatch, Person, Store, Watched};
use mailmedic::watch::{Seen, Until};

use crate::bot::Bot;
use crate::discord::Discord;

/// How many watches there are.
const WATCHES: u32 = 10_000;
/// How many a person and a guild may have.
const OF_PERSON: u32 = 5;
const OF_GUILD: u32 = 50;
/// When they are due: a little less than the longest pause, beyond which the bot takes it that a clock was wrong.
const DUE_IN: Duration = Duration::from_mins(14);
/// How long the bot may be busy with its start after it says that it is ready.
const SETTLES_IN: Duration = Duration::from_secs(5);

/// Lets the bot do nothing for so many seconds.
pub(crate) async fn with_watches(discord: &Discord, resolver: SocketAddr, seconds: usize) {
    let begun = Instant::now();
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path().join("mailmedic.db")).await;
    let bot = Bot::start_in(folder, discord, resolver, "gateway").await;
    tokio::time::sleep(SETTLES_IN).await;
    let (idle, spent) = (Instant::now(), bot.processor());
    tokio::time::sleep(Duration::from_secs(seconds.try_into().unwrap())).await;
    let (idle, spent) = (idle.elapsed().as_secs_f64(), bot.processor() - spent);
    assert!(begun.elapsed() < DUE_IN, "the watches became due");
    println!(
        "{WATCHES} watches, none due, for {idle:.0} s: {:.2} % of a core, resident {:.1} MB",
        100.0 * spent / idle,
        bot.resident("VmRSS:")
    );
}

/// Makes the store, as people would who each wait for as many changes as they may.
async fn fill(file: PathBuf) {
    let at = At { place: Place::File(file), ..At::default() };
    let store = Store::open(&at, Limits::default(), [7; 32]).await.unwrap();
    for number in 0..WATCHES {
        let new = NewWatch {
            guild: Some(Guild((number / OF_GUILD).into())),
            channel: Channel(1),
            person: Person((number / OF_PERSON).into()),
            domain: format!("customer-{number}.example").parse().unwrap(),
            until: Until::All,
            selector: None,
            seen: Seen::Unknown,
        };
        let due = Moment::from(SystemTime::now()) + DUE_IN;
        assert!(matches!(store.watch(&new, due).await.unwrap(), Watched::Begun(_)));
    }
    store.close().await;
}
