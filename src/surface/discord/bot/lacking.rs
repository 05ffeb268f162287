//! Telling staff what the bot may not do in a channel: in the log, and once on Discord where those who manage the guild
//! read, without calling anybody.

use std::time::Duration;

use serenity::model::id::ChannelId;

use super::Bot;
use crate::store::Guild;
use crate::surface::discord::permissions::{Attempt, is_about_permissions, lacking};
use crate::surface::discord::send::Failure;

/// How long staff are not told again of the same attempt in the same channel: by then something else may be missing.
pub(super) const TOLD_HOLDS: Duration = Duration::from_hours(1);

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
        if !self.told.is_news((channel, attempt), ()) {
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
