//! What is known of the places where people talk, kept for a little while so that not every message of a chat asks the
//! store or Discord.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serenity::model::id::ChannelId;
use tokio::time::Instant;

use super::send::Sender;
use super::talk::Thread;
use crate::store::{Guild, Settings, Store, StoreError};

/// How long settings are taken as they were.
const SETTINGS_HOLD: Duration = Duration::from_secs(30);
/// How long a channel is: what matters of a thread, its parent and its owner, never changes.
const CHANNELS_HOLD: Duration = Duration::from_mins(10);
/// How many of each are kept.
const MOST: usize = 2000;

/// The places where people talk; clones share what they know.
#[derive(Clone)]
pub(super) struct Grounds {
    store: Store,
    sender: Sender,
    settings: Arc<Recent<Guild, Arc<Settings>>>,
    threads: Arc<Recent<ChannelId, Option<Thread>>>,
}

impl Grounds {
    pub(super) fn new(store: Store, sender: Sender) -> Self {
        let (settings, threads) = (Recent::new(SETTINGS_HOLD), Recent::new(CHANNELS_HOLD));
        Self { store, sender, settings: Arc::new(settings), threads: Arc::new(threads) }
    }

    /// What staff set for a guild.
    pub(super) async fn settings(&self, guild: Guild) -> Result<Arc<Settings>, StoreError> {
        if let Some(known) = self.settings.get(&guild) {
            return Ok(known);
        }
        let settings = Arc::new(self.store.settings(guild).await?);
        self.settings.keep(guild, Arc::clone(&settings));
        Ok(settings)
    }

    /// Says that they were changed just now, by this process; others learn it a little later.
    pub(super) fn forget_settings(&self, guild: Guild) {
        self.settings.forget(&guild);
    }

    /// What a channel is, if it is a thread.
    pub(super) async fn thread(&self, channel: ChannelId) -> Result<Option<Thread>, String> {
        if let Some(known) = self.threads.get(&channel) {
            return Ok(known);
        }
        let thread = self.sender.thread(channel).await?;
        self.threads.keep(channel, thread.clone());
        Ok(thread)
    }
}

/// What was learnt a little while ago.
struct Recent<K, V> {
    holds: Duration,
    known: Mutex<HashMap<K, (Instant, V)>>,
}

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    fn new(holds: Duration) -> Self {
        Self { holds, known: Mutex::default() }
    }

    fn get(&self, key: &K) -> Option<V> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(key).filter(|(learnt, _)| learnt.elapsed() < self.holds).map(|(_, value)| value.clone())
    }

    fn forget(&self, key: &K) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    /// Keeps one more; where there are too many, those that no longer hold go, or all.
    fn keep(&self, key: K, value: V) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.retain(|_, (learnt, _)| learnt.elapsed() < self.holds);
        }
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(key, (Instant::now(), value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_was_learnt_holds_for_a_while_and_is_never_too_much() {
        let recent = Recent::new(Duration::from_secs(30));
        recent.keep(1, "one");
        tokio::time::advance(Duration::from_secs(29)).await;
        assert_eq!((recent.get(&1), recent.get(&2)), (Some("one"), None));
        recent.keep(2, "two");
        recent.forget(&2);
        assert_eq!(recent.get(&2), None);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(recent.get(&1), None);
        for key in 0..3 * MOST {
            recent.keep(key, "more");
            assert!(recent.known.lock().unwrap().len() <= MOST);
        }
    }
}
