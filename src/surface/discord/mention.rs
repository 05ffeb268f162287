//! Whether those who have a role hear it when they are called: Discord notifies them of a role that everybody may mention,
//! or of any where the bot may mention all.

use serenity::http::Http;
use serenity::model::Permissions;
use serenity::model::id::GuildId;

use super::send::{ANSWER, Failure, within};
use crate::store::{Guild, Role};

/// Who hears a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Those who have the role.
    All,
    /// Nobody: the name stands there, and no more.
    Nobody,
    /// There is no such role.
    NoRole,
}

impl Reach {
    /// What is to be mended, in a sentence.
    pub(super) const fn trouble(self) -> Option<&'static str> {
        match self {
            Self::All => None,
            Self::Nobody => Some(
                "nobody hears when this role is called: allow anyone to @mention it in the role's settings, or give mailmedic's role \"Mention @everyone, @here, and All Roles\"",
            ),
            Self::NoRole => Some("there is no such role on the server"),
        }
    }
}

/// Asks Discord who hears a call of a role.
pub(super) async fn reach(http: &Http, guild: Guild, role: Role) -> Result<Reach, Failure> {
    let id = GuildId::new(guild.0.max(1));
    let roles = within(ANSWER, http.get_guild_roles(id)).await?;
    let Some(called) = roles.iter().find(|known| known.id.get() == role.0) else { return Ok(Reach::NoRole) };
    if called.mentionable {
        return Ok(Reach::All);
    }
    let me = within(ANSWER, http.get_current_user()).await?;
    let me = within(ANSWER, http.get_member(id, me.id)).await?;
    let mut mine = roles.iter().filter(|role| role.id.get() == guild.0 || me.roles.contains(&role.id));
    let all = Permissions::MENTION_EVERYONE | Permissions::ADMINISTRATOR;
    Ok(if mine.any(|role| role.permissions.intersects(all)) { Reach::All } else { Reach::Nobody })
}
