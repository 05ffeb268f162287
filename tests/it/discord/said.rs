//! What a test holds after somebody wrote a message: to wait for what the bot does in that channel, and to see it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::channels::Deed;
use super::fixtures::{DM, GUILD, NOW, Post, snowflake};
use super::routes::Operation;
use super::world::Shared;

/// A message that somebody wrote.
pub(crate) struct Said {
    shared: Arc<Shared>,
    id: String,
    channel: String,
    when: Instant,
}

/// A message that the bot wrote.
#[derive(Debug, Clone)]
pub(crate) struct Wrote {
    pub(crate) id: String,
    /// What the bot sent.
    pub(crate) body: Value,
    /// How long after what it answers.
    pub(crate) after: Duration,
}

impl Said {
    /// Writes a message: it is there, and whoever may see it is told.
    pub(crate) fn write(shared: &Arc<Shared>, post: &Post) -> Self {
        Self::write_as(shared, post, snowflake())
    }

    /// The same under a given id.
    pub(crate) fn write_as(shared: &Arc<Shared>, post: &Post, id: String) -> Self {
        let when = Instant::now();
        shared.change(|world| {
            world.note(format!("message {id} of {} in {}", post.author.name, post.channel));
            world.messages.insert(id.clone(), post.object(&id));
            world.gateway.dispatch("MESSAGE_CREATE", &post.event(&id));
        });
        Self { shared: Arc::clone(shared), id, channel: post.channel.clone(), when }
    }

    /// The message's id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The channel or thread where it was written.
    pub(crate) fn channel(&self) -> &str {
        &self.channel
    }

    /// The same message, to wait for what the bot does in the thread that it opened from it.
    pub(crate) fn in_its_thread(&self) -> Self {
        // Such a thread has the id of its message.
        let (shared, id, channel, when) = (Arc::clone(&self.shared), self.id.clone(), self.id.clone(), self.when);
        Self { shared, id, channel, when }
    }

    /// The message object.
    pub(crate) fn object(&self) -> Value {
        self.shared.read(|world| world.messages[&self.id].clone())
    }

    /// Its author changes the text.
    pub(crate) fn change(&self, text: &str) {
        self.shared.change(|world| {
            let message = world.messages.get_mut(&self.id).expect("written and not taken back");
            message["content"] = json!(text);
            message["edited_timestamp"] = json!(NOW);
            let mut event = message.clone();
            if self.channel != DM {
                event["guild_id"] = json!(GUILD);
            }
            world.gateway.dispatch("MESSAGE_UPDATE", &event);
        });
    }

    /// Its author takes it back.
    pub(crate) fn take_back(&self) {
        self.shared.change(|world| {
            world.messages.remove(&self.id);
            let mut event = json!({"id": self.id, "channel_id": self.channel});
            if self.channel != DM {
                event["guild_id"] = json!(GUILD);
            }
            world.gateway.dispatch("MESSAGE_DELETE", &event);
        });
    }

    /// Waits for the bot's first message in this channel afterwards.
    pub(crate) async fn replied(&self) -> Wrote {
        let mut all = self.replies(1).await;
        all.swap_remove(0)
    }

    /// Waits for so many messages of the bot in this channel.
    pub(crate) async fn replies(&self, count: usize) -> Vec<Wrote> {
        let what = format!("{count} messages of the bot in {} after {}", self.channel, self.id);
        self.shared.wait(&what, |world| some(self.wrote(&world.deeds), count)).await
    }

    /// Waits for so many edits of a message of the bot.
    pub(crate) async fn edits(&self, wrote: &Wrote, count: usize) -> Vec<Value> {
        let is = |deed: &&Deed| deed.what == Operation::EditMessage && deed.message.as_ref() == Some(&wrote.id);
        let look = |deeds: &[Deed]| deeds.iter().filter(is).map(|deed| deed.body.clone()).collect();
        self.shared.wait(&format!("{count} edits of {}", wrote.id), |world| some(look(&world.deeds), count)).await
    }

    /// Waits for a reaction to the message, and gives the emoji as it stands in the path.
    pub(crate) async fn reacted(&self) -> String {
        let is = |deed: &&Deed| deed.what == Operation::React && deed.message.as_ref() == Some(&self.id);
        let emoji = |deed: &Deed| deed.body.as_str().unwrap_or_default().to_owned();
        self.shared.wait("a reaction", |world| world.deeds.iter().find(is).map(emoji)).await
    }

    /// What the bot did in this channel since, in order: for all that has no method of its own.
    pub(crate) fn deeds(&self) -> Vec<Deed> {
        self.shared.read(|world| world.deeds.iter().filter(|deed| self.concerns(deed)).cloned().collect())
    }

    /// Waits for a while, and panics when the bot wrote in this channel in the meantime.
    pub(crate) async fn stays_unanswered(&self, wait: Duration) {
        let spoke = self.shared.wait_within(wait, |world| some(self.wrote(&world.deeds), 1)).await;
        assert!(spoke.is_none(), "the bot answered {}, and should have kept quiet: {spoke:?}", self.id);
    }

    fn concerns(&self, deed: &Deed) -> bool {
        deed.channel == self.channel && deed.when >= self.when
    }

    fn wrote(&self, deeds: &[Deed]) -> Vec<Wrote> {
        let own = |deed: &&Deed| deed.what == Operation::CreateMessage && self.concerns(deed);
        let told = |deed: &Deed| Wrote {
            id: deed.message.clone().unwrap_or_default(),
            body: deed.body.clone(),
            after: deed.when.saturating_duration_since(self.when),
        };
        deeds.iter().filter(own).map(told).collect()
    }
}

fn some<T>(all: Vec<T>, count: usize) -> Option<Vec<T>> {
    (all.len() >= count).then_some(all)
}
