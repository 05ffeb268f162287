//! What a test holds after an interaction was dispatched: to wait for what the bot does, and to see it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::interactions::{Happening, Talk, What};
use super::world::Shared;

/// A dispatched interaction.
pub(crate) struct Asked {
    shared: Arc<Shared>,
    id: String,
}

/// How an interaction was acknowledged.
#[derive(Debug, Clone)]
pub(crate) struct Acknowledgement {
    /// The type of the answer: 4 a message, 5 deferred, 6 deferred on the component's message, 7 a change of it, …
    pub(crate) kind: u64,
    /// What the bot sent.
    pub(crate) body: Value,
    /// How long after the dispatch.
    pub(crate) after: Duration,
    /// By a request of its own, or in the response to Discord's.
    pub(crate) what: What,
}

impl Asked {
    pub(crate) fn new(shared: &Arc<Shared>, id: String) -> Self {
        Self { shared: Arc::clone(shared), id }
    }

    /// The interaction's id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The interaction's token.
    pub(crate) fn token(&self) -> String {
        self.shared.read(|world| world.talks[&self.id].token.clone())
    }

    /// Waits for the acknowledgement.
    pub(crate) async fn acknowledged(&self) -> Acknowledgement {
        let is = |what| matches!(what, What::Acknowledged | What::AcknowledgedInline);
        let Happening { what, after, body } = self.nth("the acknowledgement", is, 0).await;
        Acknowledgement { kind: body["type"].as_u64().unwrap_or(0), body, after, what }
    }

    /// Waits for the first edit of the answer.
    pub(crate) async fn edited(&self) -> Value {
        self.nth("an edit of the answer", |what| what == What::Edited, 0).await.body
    }

    /// Waits for so many edits of the answer.
    pub(crate) async fn edits(&self, count: usize) -> Vec<Value> {
        self.several("edits of the answer", What::Edited, count).await
    }

    /// Waits for so many further messages.
    pub(crate) async fn follow_ups(&self, count: usize) -> Vec<Value> {
        self.several("further messages", What::FollowedUp, count).await
    }

    /// Waits for the first thing that the person gets to read: what the bot sent as message, choices or form.
    pub(crate) async fn replied(&self) -> Value {
        let readable = |happening: &&Happening| match happening.what {
            What::Acknowledged | What::AcknowledgedInline => matches!(happening.body["type"].as_u64(), Some(4 | 7..=9)),
            What::Edited | What::FollowedUp => true,
            What::FollowUpEdited | What::Deleted => false,
        };
        let found = self.wait("an answer to read", |talk| talk.happenings.iter().find(readable).cloned()).await;
        match found.what {
            What::Acknowledged | What::AcknowledgedInline => found.body["data"].clone(),
            _ => found.body,
        }
    }

    /// All that the bot did so far, in order.
    pub(crate) fn happenings(&self) -> Vec<Happening> {
        self.shared.read(|world| world.talks[&self.id].happenings.clone())
    }

    /// The same without the bodies.
    pub(crate) fn order(&self) -> Vec<What> {
        self.happenings().into_iter().map(|happening| happening.what).collect()
    }

    /// The message object that the person sees now as the answer.
    pub(crate) fn message(&self) -> Option<Value> {
        self.shared.read(|world| world.messages.get(world.talks[&self.id].original.as_ref()?).cloned())
    }

    /// The `custom_id` of a component of the answer, by its label (of a button) or its placeholder (of a list).
    pub(crate) fn component(&self, label: &str) -> Option<String> {
        find(&self.message()?["components"], label)
    }

    /// Says that no answer is expected, since the test lets this interaction get lost.
    pub(crate) fn excuse(&self) {
        self.shared.change(|world| world.talks.get_mut(&self.id).expect("dispatched").excused = true);
    }

    async fn several(&self, what: &str, kind: What, count: usize) -> Vec<Value> {
        self.nth(&format!("{count} {what}"), |what| what == kind, count.saturating_sub(1)).await;
        self.happenings().into_iter().filter(|one| one.what == kind).map(|one| one.body).collect()
    }

    async fn nth(&self, what: &str, is: impl Fn(What) -> bool, index: usize) -> Happening {
        let look = |talk: &Talk| talk.happenings.iter().filter(|one| is(one.what)).nth(index).cloned();
        self.wait(what, look).await
    }

    async fn wait<T>(&self, what: &str, look: impl Fn(&Talk) -> Option<T>) -> T {
        let (id, name) = (&self.id, self.shared.read(|world| world.talks[&self.id].name.clone()));
        self.shared.wait(&format!("{what} ({name} {id})"), |world| look(&world.talks[id])).await
    }
}

fn find(components: &Value, label: &str) -> Option<String> {
    components.as_array().into_iter().flatten().find_map(|one| {
        let named = one["label"] == label || one["placeholder"] == label;
        let own = one["custom_id"].as_str().filter(|_| named).map(str::to_owned);
        own.or_else(|| find(&one["components"], label))
    })
}
