//! What the bot may do in a channel, and the words for staff where something is missing: the exact permission, where it
//! can be known.

use std::fmt;

use serenity::model::Permissions;
use serenity::model::id::ChannelId;

/// What was attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Attempt {
    /// To reply to a message.
    Reply,
    /// To change a message of the bot.
    Edit,
}

/// The kind of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A text channel.
    Channel,
    /// A thread, or a forum's post.
    Thread,
}

/// What is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lacking {
    channel: ChannelId,
    attempt: Attempt,
    permissions: Permissions,
    /// All of them are missing, or (not known better) one of them.
    all: bool,
}

/// Discord: "Missing Access".
const MISSING_ACCESS: isize = 50_001;
/// Discord: "Missing Permissions".
const MISSING_PERMISSIONS: isize = 50_013;
/// Discord: "Cannot reply without permission to read message history".
const NO_HISTORY: isize = 160_002;

impl Attempt {
    /// The permissions that it takes.
    fn takes(self, place: Option<Place>) -> Permissions {
        let send = match place {
            Some(Place::Channel) => Permissions::SEND_MESSAGES,
            Some(Place::Thread) => Permissions::SEND_MESSAGES_IN_THREADS,
            None => Permissions::SEND_MESSAGES | Permissions::SEND_MESSAGES_IN_THREADS,
        };
        match self {
            Self::Reply => {
                Permissions::VIEW_CHANNEL | send | Permissions::EMBED_LINKS | Permissions::READ_MESSAGE_HISTORY
            }
            Self::Edit => Permissions::VIEW_CHANNEL | Permissions::EMBED_LINKS,
        }
    }
}

/// Whether a refusal tells of a missing permission.
pub(super) fn is_about_permissions(code: isize) -> bool {
    matches!(code, MISSING_ACCESS | MISSING_PERMISSIONS | NO_HISTORY)
}

/// What a refusal says that the bot lacks; `known` is what it may do there, where that could be found out.
pub(super) fn lacking(
    code: isize,
    attempt: Attempt,
    channel: ChannelId,
    known: Option<(Place, Permissions)>,
) -> Option<Lacking> {
    let takes = attempt.takes(known.map(|(place, _)| place));
    let missing = known.map_or(Permissions::empty(), |(_, has)| takes - has);
    let (permissions, all) = match code {
        _ if !missing.is_empty() && is_about_permissions(code) => (missing, true),
        MISSING_ACCESS => (Permissions::VIEW_CHANNEL, true),
        NO_HISTORY => (Permissions::READ_MESSAGE_HISTORY, true),
        MISSING_PERMISSIONS => (takes - Permissions::VIEW_CHANNEL, false),
        _ => return None,
    };
    Some(Lacking { channel, attempt, permissions, all })
}

impl fmt::Display for Lacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.attempt {
            Attempt::Reply => "reply",
            Attempt::Edit => "change its answer",
        };
        let names: Vec<_> = self.permissions.get_permission_names().iter().map(|name| format!("\"{name}\"")).collect();
        let names = match (names.split_last(), self.all) {
            (Some((last, first)), all) if !first.is_empty() => {
                format!("{} {} {last}", first.join(", "), if all { "and" } else { "or" })
            }
            _ => names.concat(),
        };
        write!(
            f,
            "mailmedic cannot {what} in <#{}>: it lacks {names}. Give its role that in the channel's settings (Permissions)",
            self.channel
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(code: isize, attempt: Attempt, known: Option<(Place, Permissions)>) -> String {
        lacking(code, attempt, ChannelId::new(7), known).map(|lacking| lacking.to_string()).unwrap_or_default()
    }

    const END: &str = "Give its role that in the channel's settings (Permissions)";

    #[test]
    fn what_is_missing_is_named_exactly_where_it_is_known() {
        let all = Attempt::Reply.takes(None);
        for (place, lost, name) in [
            (Place::Channel, Permissions::SEND_MESSAGES, "Send Messages"),
            (Place::Thread, Permissions::SEND_MESSAGES_IN_THREADS, "Send Messages in Threads"),
            (Place::Channel, Permissions::EMBED_LINKS, "Embed Links"),
            (Place::Channel, Permissions::READ_MESSAGE_HISTORY, "Read Message History"),
            (Place::Thread, Permissions::VIEW_CHANNEL, "View Channel"),
        ] {
            let told = told(MISSING_PERMISSIONS, Attempt::Reply, Some((place, all - lost)));
            assert_eq!(told, format!("mailmedic cannot reply in <#7>: it lacks \"{name}\". {END}"));
        }
        let two = all - Permissions::EMBED_LINKS - Permissions::SEND_MESSAGES;
        let told = told(MISSING_PERMISSIONS, Attempt::Reply, Some((Place::Channel, two)));
        assert!(told.contains("it lacks \"Send Messages\" and \"Embed Links\""), "{told}");
    }

    #[test]
    fn where_it_is_not_known_the_refusal_says_what_it_may_be() {
        assert!(
            told(MISSING_ACCESS, Attempt::Edit, None)
                .contains("cannot change its answer in <#7>: it lacks \"View Channel\"")
        );
        assert!(told(NO_HISTORY, Attempt::Reply, None).contains("it lacks \"Read Message History\""));
        let told_of = told(MISSING_PERMISSIONS, Attempt::Reply, None);
        assert!(told_of.contains(" or ") && told_of.contains("\"Embed Links\""), "{told_of}");
    }

    #[test]
    fn other_refusals_are_not_about_permissions() {
        assert_eq!(lacking(10_008, Attempt::Reply, ChannelId::new(7), None), None);
    }
}
