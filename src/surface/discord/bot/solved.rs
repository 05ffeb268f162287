//! Marking what is solved: a reaction on the message, and the forum's own tag on the post.

use serenity::model::id::{ChannelId, MessageId};

use super::Bot;
use crate::store::Guild;
use crate::surface::discord::desk::Solved;
use crate::surface::discord::permissions::Attempt;
use crate::surface::discord::send::Failure;

impl Bot {
    /// Marks what is solved, as far as the bot may: whoever said so was thanked all the same.
    pub(super) async fn mark(&self, solved: &Solved, guild: Option<Guild>) {
        let (channel, message) = (ChannelId::new(solved.channel.0.max(1)), MessageId::new(solved.message.0.max(1)));
        let marked = self.sender.mark_solved(channel, message).await;
        self.note_mark(marked, guild, channel, Attempt::Mark).await;
        // A post is solved by an answer to its own question, not by one to another that was asked in it.
        if solved.talk.0 == solved.channel.0
            && let Ok(Some(post)) = self.grounds.thread(channel).await
        {
            let tagged = self.sender.tag_solved(channel, post.parent).await;
            self.note_mark(tagged, guild, channel, Attempt::Tag).await;
        }
    }

    async fn note_mark(&self, done: Result<(), Failure>, guild: Option<Guild>, channel: ChannelId, attempt: Attempt) {
        if let Err(error) = done {
            tracing::debug!(%error, ?attempt, "what is solved could not be marked");
            self.tell_if_lacking(guild, channel, attempt, &error).await;
        }
    }
}
