//! `/settings`: how the bot works in a guild, where that differs from the configuration.

use std::fmt::Display;

use serenity::model::Permissions;
use serenity::model::id::ChannelId;

use super::given::Given;
use super::{Desk, now};
use crate::answer::{Answer, Block};
use crate::config::{self, Matching, Transport};
use crate::store::{Channel, Guild, Person, QuietHours, Role, Settings, StoreError};
use crate::surface::discord::command::{Audience, Command, Kind, Need, Opt};
use crate::surface::discord::permissions::{MEND, Seat, is_about_permissions, names};
use crate::surface::discord::send::{Content, Reply};
use crate::surface::discord::setup::GRANT;
use crate::surface::discord::talk::Rules;
use crate::text::Text;

/// How many channels, forums and roles may be named each.
const MOST: usize = 50;
/// Text and announcement channels (Discord, "Channel Types").
const TEXT_CHANNELS: &[u8] = &[0, 5];
/// Forum channels.
const FORUMS: &[u8] = &[15];

/// What shall be different.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Change {
    /// Nothing: to see how it is.
    Nothing,
    /// Where questions are answered without being asked to.
    Channel(How, Channel),
    /// The forums whose posts are answered.
    Forum(How, Channel),
    /// Who may do what staff does.
    Staff(How, Role),
    /// Who is called when somebody wants a person; nobody but whom the configuration names.
    Mention(Option<Role>),
    /// From where to answer, by how much, from where to offer; all unset is as in the configuration.
    Thresholds([Option<f64>; 3]),
    /// When nobody is called, as it was written.
    Quiet(String),
}

/// Whether something is added or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// It is added.
    Add,
    /// It is removed.
    Remove,
}

/// The command.
pub(super) fn command() -> Command {
    let part = |name, summary, options| Opt { name, summary, kind: Kind::Part(options), need: Need::May };
    let how = || Opt {
        name: "change",
        summary: "Whether to add or to remove it",
        kind: Kind::OneOf(vec!["add", "remove"]),
        need: Need::Must,
    };
    let channel = |summary, types| Opt { name: "channel", summary, kind: Kind::Channel(types), need: Need::Must };
    let role = |summary, need| Opt { name: "role", summary, kind: Kind::Role, need };
    let chance = |name, summary| Opt { name, summary, kind: Kind::Number(0.0, 1.0), need: Need::May };
    let hours =
        Opt { name: "hours", summary: "Such as 22:00-07:00 +02:00, or off", kind: Kind::Text, need: Need::Must };
    Command {
        name: "settings",
        summary: "See and change how I work on this server",
        audience: Audience::Staff,
        options: vec![
            part("show", "See the settings of this server", vec![]),
            part(
                "channels",
                "Channels in which I answer without being asked to",
                vec![how(), channel("The channel", TEXT_CHANNELS)],
            ),
            part("forums", "Forums whose posts I answer", vec![how(), channel("The forum", FORUMS)]),
            part("staff", "Roles that may do what staff does", vec![how(), role("The role", Need::Must)]),
            part(
                "mention",
                "The role that is called when somebody wants a person",
                vec![role("The role; leave it out to call nobody", Need::May)],
            ),
            part(
                "thresholds",
                "How sure I must be; leave all out for the defaults",
                vec![
                    chance("answer", "From which confidence I answer, 0 to 1"),
                    chance("margin", "By how much the best must lead the second, 0 to 1"),
                    chance("offer", "From which confidence I offer a choice, 0 to 1"),
                ],
            ),
            part("quiet", "Hours in which nobody is called", vec![hours]),
        ],
    }
}

impl Change {
    pub(super) fn of(given: Given<'_>) -> Self {
        let Some((part, given)) = given.part() else { return Self::Nothing };
        let how = if given.text("change") == Some("remove") { How::Remove } else { How::Add };
        let read = match part {
            "channels" => given.channel("channel").map(|channel| Self::Channel(how, channel)),
            "forums" => given.channel("channel").map(|forum| Self::Forum(how, forum)),
            "staff" => given.role("role").map(|role| Self::Staff(how, role)),
            "mention" => Some(Self::Mention(given.role("role"))),
            "thresholds" => Some(Self::Thresholds(["answer", "margin", "offer"].map(|name| given.number(name)))),
            "quiet" => given.text("hours").map(|hours| Self::Quiet(hours.to_owned())),
            _ => None,
        };
        read.unwrap_or(Self::Nothing)
    }
}

impl Desk {
    pub(super) async fn settings(&self, change: Change, guild: Guild, by: Person) -> Result<Reply, StoreError> {
        let engine = self.current.engine();
        let config = engine.config();
        let before = self.store.settings(guild).await?;
        if change == Change::Nothing {
            let obstacles = self.obstacles(None, &before, config).await;
            return Ok(shown("The settings of this server", obstacles, &before, config).into());
        }
        if let Err(refusal) = changed(before, &change, guild, &config.matching) {
            return Ok(Answer::sentence("Nothing was changed", Text::plain(refusal)).into());
        }
        let matching = config.matching;
        // What was right a moment ago is looked at again, for others may have changed it since.
        let apply = |settings: &mut Settings| {
            if let Ok(new) = changed(settings.clone(), &change, guild, &matching) {
                *settings = new;
            }
        };
        let after = self.store.change_settings(guild, by, now(), apply).await?;
        self.grounds.forget_settings(guild);
        let obstacles = match change {
            Change::Channel(How::Add, chosen) | Change::Forum(How::Add, chosen) => {
                self.obstacles(Some(chosen), &after, config).await
            }
            Change::Mention(Some(role)) => self.unheard(guild, role).await.into_iter().collect(),
            _ => Vec::new(),
        };
        Ok(shown("Changed", obstacles, &after, config).into())
    }

    /// What staff should mend so that a role is heard when it is called, where that can be known.
    async fn unheard(&self, guild: Guild, role: Role) -> Option<Text> {
        let reach =
            self.sender.reach(guild, role).await.inspect_err(|error| tracing::warn!(%error, "roles are unknown"));
        reach.ok()?.trouble().map(|trouble| Text::plain(format!("As it is, {trouble}.")))
    }

    /// What keeps the bot from answering without being asked to: at all, and in a channel that staff chose just now.
    async fn obstacles(&self, chosen: Option<Channel>, settings: &Settings, config: &config::Config) -> Vec<Text> {
        let mut told = Vec::new();
        if Rules::of(config, settings).choose_nothing() {
            return told;
        }
        if config.discord.transport == Transport::Http {
            told.push(Text::plain(
                "I hear nothing of messages: the people who run me have to let me use the gateway (`transport`). Commands work.",
            ));
        } else if self.grounds.content().await == Content::Withheld {
            told.push(Text::plain(format!(
                "I cannot read messages there yet: the people who run me have to {GRANT} and restart me. Until then commands work, and so does mentioning me."
            )));
        }
        if let Some(channel) = chosen {
            let lacks = match self.sender.seat(ChannelId::new(channel.0.max(1))).await {
                Ok(seat) => seat.map_or(Permissions::empty(), Seat::lacks),
                Err(error) if error.code().is_some_and(is_about_permissions) => Permissions::VIEW_CHANNEL,
                Err(error) => {
                    tracing::warn!(%error, "what the bot may do in a channel is not known");
                    Permissions::empty()
                }
            };
            if !lacks.is_empty() {
                let lead = Text::plain("In ").code(channel);
                told.push(lead.and(format!(" I lack {}. Give my role that {MEND}.", names(lacks, "and"))));
            }
        }
        told
    }
}

/// The settings with a change made to them; why it cannot be made.
fn changed(mut settings: Settings, change: &Change, guild: Guild, matching: &Matching) -> Result<Settings, String> {
    // The role that everybody has bears the guild's own id.
    let everyone = |role: &Role| role.0 == guild.0;
    match change {
        Change::Nothing => {}
        Change::Channel(how, channel) => edit(&mut settings.channels, *how, *channel)?,
        Change::Forum(how, forum) => edit(&mut settings.forums, *how, *forum)?,
        Change::Staff(How::Add, role) if everyone(role) => {
            return Err("That role is everybody's: then everybody would be staff.".to_owned());
        }
        Change::Staff(how, role) => edit(&mut settings.staff_roles, *how, *role)?,
        Change::Mention(Some(role)) if everyone(role) => {
            return Err("That role is everybody's: then everybody would be called.".to_owned());
        }
        Change::Mention(role) => settings.mention_role = *role,
        Change::Thresholds([None, None, None]) => {
            (settings.answer_at, settings.margin, settings.offer_at) = (None, None, None);
        }
        Change::Thresholds([answer_at, margin, offer_at]) => {
            settings.answer_at = answer_at.or(settings.answer_at);
            settings.margin = margin.or(settings.margin);
            settings.offer_at = offer_at.or(settings.offer_at);
            let Matching { answer_at, margin, offer_at } = effective(&settings, matching);
            if [answer_at, margin, offer_at].iter().any(|value| !(0.0..=1.0).contains(value)) {
                return Err("A confidence is between 0 and 1.".to_owned());
            }
            if offer_at > answer_at {
                return Err(format!(
                    "An offer is for what is less sure than an answer: {offer_at} to offer is above {answer_at} to answer."
                ));
            }
        }
        Change::Quiet(hours) => {
            settings.quiet = match hours.trim() {
                "off" => None,
                hours => Some(hours.parse::<QuietHours>().map_err(|error| format!("{error}."))?),
            };
        }
    }
    Ok(settings)
}

fn edit<T: PartialEq>(list: &mut Vec<T>, how: How, item: T) -> Result<(), String> {
    match (how, list.iter().position(|there| *there == item)) {
        (How::Add, Some(_)) => return Err("It is there already.".to_owned()),
        (How::Remove, None) => {
            return Err("It is not there. What the configuration names is changed in its file.".to_owned());
        }
        (How::Add, None) if list.len() >= MOST => return Err(format!("There are {MOST} already; remove one first.")),
        (How::Add, None) => list.push(item),
        (How::Remove, Some(at)) => drop(list.remove(at)),
    }
    Ok(())
}

fn effective(settings: &Settings, matching: &Matching) -> Matching {
    Matching {
        answer_at: settings.answer_at.unwrap_or(matching.answer_at),
        margin: settings.margin.unwrap_or(matching.margin),
        offer_at: settings.offer_at.unwrap_or(matching.offer_at),
    }
}

fn shown(title: &str, obstacles: Vec<Text>, settings: &Settings, config: &config::Config) -> Answer {
    let discord = &config.discord;
    let Matching { answer_at, margin, offer_at } = effective(settings, &config.matching);
    let is_own = settings.answer_at.or(settings.margin).or(settings.offer_at).is_some();
    let thresholds = format!(
        "Answer from {answer_at}, with a lead of {margin}; offer from {offer_at}{}.",
        if is_own { "" } else { " (as configured)" }
    );
    let mention = settings.mention_role.map(|role| role.0).or(discord.mention_role);
    let quiet = settings.quiet.map_or_else(|| "none".to_owned(), |hours| hours.to_string());
    let paragraphs = [
        ids("Channels", &settings.channels, &discord.channels),
        ids("Forums", &settings.forums, &discord.forums),
        ids("Staff, besides who manages the server", &settings.staff_roles, &discord.staff_roles),
        ids("Called when somebody wants a person", mention.as_slice(), &[]),
        Text::plain("Thresholds: ").and(thresholds),
        Text::plain("Quiet hours: ").and(quiet).and("."),
    ];
    let blocks = obstacles.into_iter().map(Block::Caution).chain(paragraphs.map(Block::Paragraph)).collect();
    Answer { title: Text::plain(title), blocks, ..Answer::default() }
}

/// The ids of what staff named, and of what the configuration names.
fn ids(what: &str, own: &[impl Display], configured: &[u64]) -> Text {
    let configured = configured.iter().map(|id| (id.to_string(), " (configured)"));
    let all: Vec<_> = own.iter().map(|id| (id.to_string(), "")).chain(configured).collect();
    let mut text = Text::plain(format!("{what}: "));
    if all.is_empty() {
        return text.and("none.");
    }
    for (at, (id, from)) in all.iter().enumerate() {
        text = text.and(if at == 0 { "" } else { ", " }).code(id).and(from);
    }
    text.and(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(settings: Settings, change: &Change) -> Result<Settings, String> {
        changed(settings, change, Guild(7), &Matching::default())
    }

    #[test]
    fn everybodys_role_makes_nobody_staff_and_is_not_called() {
        assert!(change(Settings::default(), &Change::Staff(How::Add, Role(7))).is_err());
        assert!(change(Settings::default(), &Change::Mention(Some(Role(7)))).is_err());
        let new = change(Settings::default(), &Change::Staff(How::Add, Role(8))).unwrap();
        assert_eq!(new.staff_roles, [Role(8)]);
        assert_eq!(change(new, &Change::Staff(How::Remove, Role(8))).unwrap().staff_roles, []);
    }

    #[test]
    fn thresholds_hold_together_with_those_that_stand_already() {
        let only_answer = |value| Change::Thresholds([Some(value), None, None]);
        // The configuration offers from 0.3.
        assert!(change(Settings::default(), &only_answer(0.2)).unwrap_err().contains("0.3 to offer is above 0.2"));
        let new = change(Settings::default(), &only_answer(0.9)).unwrap();
        assert_eq!((new.answer_at, new.offer_at), (Some(0.9), None));
        let new = change(new, &Change::Thresholds([None, None, Some(0.8)])).unwrap();
        assert_eq!((new.answer_at, new.offer_at), (Some(0.9), Some(0.8)));
        assert!(change(new.clone(), &Change::Thresholds([Some(f64::NAN), None, None])).is_err());
        assert_eq!(change(new, &Change::Thresholds([None; 3])).unwrap(), Settings::default());
    }

    #[test]
    fn lists_do_not_grow_without_end() {
        let full = Settings { channels: (1..=50).map(Channel).collect(), ..Settings::default() };
        assert!(change(full.clone(), &Change::Channel(How::Add, Channel(99))).unwrap_err().contains("remove one"));
        assert!(change(full, &Change::Channel(How::Add, Channel(9))).unwrap_err().contains("already"));
    }
}
