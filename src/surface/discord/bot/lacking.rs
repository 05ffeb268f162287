//! Telling staff what the bot may not do in a channel, once: in the log, and on Discord where those who manage the guild
//! read, without calling anybody.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use serenity::model::id::ChannelId;

use super::Bot;
use crate::store::Guild;
use crate::surface::discord::permissions::{Attempt, is_about_permissions, lacking};
use crate::surface::discord::send::Failure;

/// Of how many channels it is remembered that staff were told.
const CHANNELS: usize = 1_000;

/// What this process has told staff.
#[derive(Clone, Default)]
pub(super) struct Told(Arc<Mutex<HashSet<(ChannelId, Attempt)>>>);

impl Told {
    /// Whether it is told for the first time.
    fn is_news(&self, channel: ChannelId, attempt: Attempt) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= CHANNELS {
            told.clear();
        }
        told.insert((channel, attempt))
    }
}

impl Bot {
    /// Tells staff, if what failed in a channel or a thread of it failed for want of a permission.
    pub(super) async fn tell_if_lacking(
        &self,
        guild: Option<Guild>,
        place: ChannelId,
        attempt: Attempt,
        failure: &Failure,
    ) {
        let Some(code) = failure.code().filter(|code| is_about_permissions(*code)) else { return };
        let channel = self.grounds.thread(place).await.ok().flatten().map_or(place, |thread| thread.parent);
        if !self.told.is_news(channel, attempt) {
            return;
        }
        let seat = self.sender.seat(place).await.ok().flatten();
        let Some(lacking) = lacking(code, attempt, channel, seat) else { return };
        tracing::error!("{lacking}");
        if let Some(guild) = guild {
            self.desk.tell_staff(guild, channel, lacking.told()).await;
        }
    }
}
