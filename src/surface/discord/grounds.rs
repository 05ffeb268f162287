//! What is known of the places where people talk, kept for a little while so that not every message of a chat asks the
//! store or Discord.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serenity::model::id::ChannelId;
use tokio::time::Instant;

use super::asker::Management;
use super::send::{Content, Failure, Sender};
use super::talk::Thread;
use crate::store::{Guild, Settings, Store, StoreError};

/// How long settings are taken as they were.
const SETTINGS_HOLD: Duration = Duration::from_secs(30);
/// How long a channel is: what matters of a thread, its parent and its owner, never changes.
const CHANNELS_HOLD: Duration = Duration::from_mins(10);
/// How long who manages a guild is taken as it was.
const MANAGEMENT_HOLDS: Duration = Duration::from_mins(5);
/// How many of each are kept.
const MOST: usize = 2000;

/// The places where people talk; clones share what they know.
#[derive(Clone)]
pub(super) struct Grounds {
    store: Store,
    sender: Sender,
    settings: Arc<Recent<Guild, Arc<Settings>>>,
    threads: Arc<Recent<ChannelId, Option<Thread>>>,
    management: Arc<Recent<Guild, Arc<Management>>>,
    unread: Arc<AtomicBool>,
}

impl Grounds {
    pub(super) fn new(store: Store, sender: Sender) -> Self {
        Self {
            store,
            sender,
            settings: Arc::new(Recent::new(SETTINGS_HOLD)),
            threads: Arc::new(Recent::new(CHANNELS_HOLD)),
            management: Arc::new(Recent::new(MANAGEMENT_HOLDS)),
            unread: Arc::default(),
        }
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
    pub(super) async fn thread(&self, channel: ChannelId) -> Result<Option<Thread>, Failure> {
        if let Some(known) = self.threads.get(&channel) {
            return Ok(known);
        }
        let thread = self.sender.thread(channel).await?;
        self.threads.keep(channel, thread.clone());
        Ok(thread)
    }

    /// Who manages a guild.
    pub(super) async fn management(&self, guild: Guild) -> Result<Arc<Management>, Failure> {
        if let Some(known) = self.management.get(&guild) {
            return Ok(known);
        }
        let management = Arc::new(Management::of(&self.sender.guild(guild).await?));
        self.management.keep(guild, Arc::clone(&management));
        Ok(management)
    }

    /// Notes whether the gateway gives this process the content of messages that do not mention the bot.
    pub(super) fn note_content(&self, content: Content) {
        self.unread.store(content == Content::Withheld, Ordering::Relaxed);
    }

    /// Whether the content of messages that do not mention the bot is withheld from it, as far as Discord says: from this
    /// process, or (another replica may hold the gateway) from the application.
    pub(super) async fn content(&self) -> Content {
        if self.unread.load(Ordering::Relaxed) { Content::Withheld } else { self.sender.content().await }
    }
}

/// What was learnt a little while ago.
pub(super) struct Recent<K, V> {
    holds: Duration,
    known: Mutex<HashMap<K, (Instant, V)>>,
}

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    pub(super) fn new(holds: Duration) -> Self {
        Self { holds, known: Mutex::default() }
    }

    fn get(&self, key: &K) -> Option<V> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(key).filter(|(learnt, _)| learnt.elapsed() < self.holds).map(|(_, value)| value.clone())
    }

    fn forget(&self, key: &K) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    /// Keeps one that is not known yet; whether it was not.
    pub(super) fn is_news(&self, key: K, value: V) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = known.get(&key).is_some_and(|(learnt, _)| learnt.elapsed() < self.holds);
        if !is_known {
            self.add(&mut known, key, value);
        }
        !is_known
    }

    fn keep(&self, key: K, value: V) {
        self.add(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner), key, value);
    }

    /// Keeps one more; where there are too many, those that no longer hold go, or all.
    fn add(&self, known: &mut HashMap<K, (Instant, V)>, key: K, value: V) {
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
        assert!(recent.is_news(1, "one") && !recent.is_news(1, "one"));
        tokio::time::advance(Duration::from_secs(30)).await;
        assert!(recent.is_news(1, "one"));
        for key in 0..3 * MOST {
            recent.keep(key, "more");
            assert!(recent.known.lock().unwrap().len() <= MOST);
        }
    }
}
