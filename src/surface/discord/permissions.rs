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
    /// To open a thread from a message.
    Thread,
    /// To react to a message.
    Mark,
    /// To put a tag on somebody's post.
    Tag,
}

/// The kind of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A text channel.
    Channel,
    /// A thread, or a forum's post.
    Thread,
    /// A forum.
    Forum,
    /// A forum with a tag for what is solved.
    TaggedForum,
}

/// What the bot may do somewhere; in a thread, as in its channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seat {
    pub(super) place: Place,
    pub(super) has: Permissions,
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
            Some(Place::Thread | Place::Forum | Place::TaggedForum) => Permissions::SEND_MESSAGES_IN_THREADS,
            None => Permissions::SEND_MESSAGES | Permissions::SEND_MESSAGES_IN_THREADS,
        };
        match self {
            Self::Reply => {
                Permissions::VIEW_CHANNEL | send | Permissions::EMBED_LINKS | Permissions::READ_MESSAGE_HISTORY
            }
            Self::Edit => Permissions::VIEW_CHANNEL | Permissions::EMBED_LINKS,
            Self::Thread => Permissions::VIEW_CHANNEL | Permissions::CREATE_PUBLIC_THREADS,
            Self::Mark => Permissions::VIEW_CHANNEL | Permissions::READ_MESSAGE_HISTORY | Permissions::ADD_REACTIONS,
            Self::Tag => Permissions::VIEW_CHANNEL | Permissions::MANAGE_THREADS,
        }
    }
}

impl Seat {
    /// What the bot lacks to answer there without being asked to, and to mark what is solved.
    pub(super) fn lacks(self) -> Permissions {
        let all = |attempts: &[Attempt]| {
            attempts.iter().fold(Permissions::empty(), |sum, attempt| sum | attempt.takes(Some(self.place)))
        };
        let takes = match self.place {
            Place::Channel => {
                all(&[Attempt::Reply, Attempt::Thread, Attempt::Mark]) | Permissions::SEND_MESSAGES_IN_THREADS
            }
            Place::Thread | Place::Forum => all(&[Attempt::Reply, Attempt::Mark]),
            Place::TaggedForum => all(&[Attempt::Reply, Attempt::Mark, Attempt::Tag]),
        };
        takes - self.has
    }
}

/// Whether a refusal tells of a missing permission.
pub(super) fn is_about_permissions(code: isize) -> bool {
    matches!(code, MISSING_ACCESS | MISSING_PERMISSIONS | NO_HISTORY)
}

/// What a refusal says that the bot lacks; `seat` is what it may do there, where that could be found out.
pub(super) fn lacking(code: isize, attempt: Attempt, channel: ChannelId, seat: Option<Seat>) -> Option<Lacking> {
    let takes = attempt.takes(seat.map(|seat| seat.place));
    let missing = seat.map_or(Permissions::empty(), |seat| takes - seat.has);
    let (permissions, all) = match code {
        _ if !missing.is_empty() && is_about_permissions(code) => (missing, true),
        MISSING_ACCESS => (Permissions::VIEW_CHANNEL, true),
        NO_HISTORY => (Permissions::READ_MESSAGE_HISTORY, true),
        // A post may be closed to whoever may tag others: that is nobody's fault.
        MISSING_PERMISSIONS if attempt != Attempt::Tag => (takes - Permissions::VIEW_CHANNEL, false),
        _ => return None,
    };
    Some(Lacking { channel, attempt, permissions, all })
}

/// The names of permissions, as Discord shows them.
pub(super) fn names(permissions: Permissions, before_last: &str) -> String {
    let names: Vec<_> = permissions.get_permission_names().iter().map(|name| format!("\"{name}\"")).collect();
    match names.split_last() {
        Some((last, first)) if !first.is_empty() => format!("{} {before_last} {last}", first.join(", ")),
        _ => names.concat(),
    }
}

/// What to do about permissions that the bot's own role lacks in a channel.
pub(super) const MEND: &str = "in the channel's settings (Permissions)";

impl Lacking {
    fn what(&self) -> &'static str {
        match self.attempt {
            Attempt::Reply => "reply",
            Attempt::Edit => "change an answer",
            Attempt::Thread => "open a thread",
            Attempt::Mark => "mark a question as solved",
            Attempt::Tag => "tag a post as solved",
        }
    }

    fn names(&self) -> String {
        names(self.permissions, if self.all { "and" } else { "or" })
    }

    /// What staff read of it on Discord, beside a button that leads to the channel.
    pub(super) fn told(&self) -> String {
        let (what, names) = (self.what(), self.names());
        format!("I cannot {what} in this channel: I lack {names}. Give my role that {MEND}.")
    }
}

impl fmt::Display for Lacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, names) = (self.what(), self.names());
        write!(f, "mailmedic cannot {what} in <#{}>: it lacks {names}. Give its role that {MEND}", self.channel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(code: isize, attempt: Attempt, seat: Option<Seat>) -> String {
        lacking(code, attempt, ChannelId::new(7), seat).map(|lacking| lacking.to_string()).unwrap_or_default()
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
            let told = told(MISSING_PERMISSIONS, Attempt::Reply, Some(Seat { place, has: all - lost }));
            assert_eq!(told, format!("mailmedic cannot reply in <#7>: it lacks \"{name}\". {END}"));
        }
        let two = all - Permissions::EMBED_LINKS - Permissions::SEND_MESSAGES;
        let told = told(MISSING_PERMISSIONS, Attempt::Reply, Some(Seat { place: Place::Channel, has: two }));
        assert!(told.contains("it lacks \"Send Messages\" and \"Embed Links\""), "{told}");
    }

    #[test]
    fn where_it_is_not_known_the_refusal_says_what_it_may_be() {
        assert!(
            told(MISSING_ACCESS, Attempt::Edit, None)
                .contains("cannot change an answer in <#7>: it lacks \"View Channel\"")
        );
        assert!(told(NO_HISTORY, Attempt::Reply, None).contains("it lacks \"Read Message History\""));
        let told_of = told(MISSING_PERMISSIONS, Attempt::Reply, None);
        assert!(told_of.contains(" or ") && told_of.contains("\"Embed Links\""), "{told_of}");
    }

    #[test]
    fn what_answering_takes_depends_on_the_channel() {
        let has = Permissions::VIEW_CHANNEL | Permissions::EMBED_LINKS | Permissions::READ_MESSAGE_HISTORY;
        let lacks = |place| names(Seat { place, has }.lacks(), "and");
        assert_eq!(lacks(Place::Forum), r#""Add Reactions" and "Send Messages in Threads""#);
        assert_eq!(lacks(Place::TaggedForum), r#""Add Reactions", "Manage Threads" and "Send Messages in Threads""#);
        assert_eq!(
            lacks(Place::Channel),
            r#""Add Reactions", "Send Messages", "Create Public Threads" and "Send Messages in Threads""#
        );
        assert!(Seat { place: Place::Channel, has: Permissions::all() }.lacks().is_empty());
    }

    #[test]
    fn whoever_may_tag_posts_lacks_nothing_where_one_cannot_be_tagged() {
        let seat = |has| Some(Seat { place: Place::Thread, has });
        assert_eq!(told(MISSING_PERMISSIONS, Attempt::Tag, seat(Permissions::all())), "");
        let without = told(MISSING_PERMISSIONS, Attempt::Tag, seat(Permissions::VIEW_CHANNEL));
        assert!(without.contains("cannot tag a post as solved in <#7>: it lacks \"Manage Threads\""), "{without}");
    }

    #[test]
    fn other_refusals_are_not_about_permissions() {
        assert_eq!(lacking(10_008, Attempt::Reply, ChannelId::new(7), None), None);
    }
}
