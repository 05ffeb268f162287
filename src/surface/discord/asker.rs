//! Who asks, and where: what is counted against them, and what they may do.

use serenity::model::Permissions;
use serenity::model::application::Interaction;
use serenity::model::channel::Message;
use serenity::model::guild::{Member, PartialGuild};
use serenity::model::id::{ChannelId, GuildId, UserId};

use crate::config;
use crate::store::{Channel, Guild, Person, Role, Settings};

/// A person in a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asker {
    /// Who.
    pub(super) person: Person,
    /// In which guild; none in direct messages.
    pub(super) guild: Option<Guild>,
    /// In which channel or thread.
    pub(super) channel: Channel,
    /// The person's roles there.
    roles: Vec<Role>,
    /// Whether Discord itself lets them manage the guild.
    manages: bool,
}

impl Asker {
    /// Who started an interaction; none of a ping, which nobody did.
    pub(super) fn of(interaction: &Interaction) -> Option<Self> {
        let (user, member, guild, channel) = match interaction {
            Interaction::Command(command) | Interaction::Autocomplete(command) => {
                (command.user.id, command.member.as_deref(), command.guild_id, command.channel_id)
            }
            Interaction::Component(press) => (press.user.id, press.member.as_ref(), press.guild_id, press.channel_id),
            Interaction::Modal(form) => (form.user.id, form.member.as_ref(), form.guild_id, form.channel_id),
            _ => return None,
        };
        let roles = member.map(|member| member.roles.iter().map(|role| Role(role.get())).collect());
        Some(Self { roles: roles.unwrap_or_default(), manages: manages(member), ..Self::at(user, guild, channel) })
    }

    /// Who wrote a message. What they may do is not told there, but for their roles ([`Self::is_among`]).
    pub(super) fn of_message(message: &Message) -> Self {
        let roles = message.member.as_ref().map(|member| member.roles.iter().map(|role| Role(role.get())).collect());
        let asker = Self::at(message.author.id, message.guild_id, message.channel_id);
        Self { roles: roles.unwrap_or_default(), ..asker }
    }

    fn at(user: UserId, guild: Option<GuildId>, channel: ChannelId) -> Self {
        let (person, guild) = (Person(user.get()), guild.map(|guild| Guild(guild.get())));
        Self { person, guild, channel: Channel(channel.get()), roles: Vec::new(), manages: false }
    }

    /// Whether they may do what staff does: whoever manages the guild, and the roles that the configuration or the
    /// guild's settings name.
    pub(super) fn is_staff(&self, configured: &config::Discord, settings: &Settings) -> bool {
        let named = |role: &Role| configured.staff_roles.contains(&role.0) || settings.staff_roles.contains(role);
        self.guild.is_some() && (self.manages || self.roles.iter().any(named))
    }

    /// Whether they are among those who manage their guild.
    pub(super) fn is_among(&self, management: &Management) -> bool {
        self.person == management.owner || self.roles.iter().any(|role| management.roles.contains(role))
    }
}

/// What lets somebody manage a guild.
const MANAGING: Permissions = Permissions::MANAGE_GUILD.union(Permissions::ADMINISTRATOR);

fn manages(member: Option<&Member>) -> bool {
    member.and_then(|member| member.permissions).unwrap_or_default().intersects(MANAGING)
}

/// Who manages a guild.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Management {
    /// Its owner.
    pub(super) owner: Person,
    /// The roles that let somebody.
    roles: Vec<Role>,
    /// The channel in which they get Discord's own notices, where there is one.
    pub(super) notices: Option<Channel>,
}

impl Management {
    pub(super) fn of(guild: &PartialGuild) -> Self {
        let managing = guild.roles.values().filter(|role| role.permissions.intersects(MANAGING));
        Self {
            owner: Person(guild.owner_id.get()),
            roles: managing.map(|role| Role(role.id.get())).collect(),
            notices: guild.public_updates_channel_id.map(|channel| Channel(channel.get())),
        }
    }
}
