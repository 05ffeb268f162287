//! The made-up world: the application, one guild with its people and channels, and what people write and press.
//!
//! Each shape follows Discord's documentation, with the fields that Discord really sends, also those that nobody reads.

pub(crate) mod guild;
pub(crate) mod invocation;
pub(crate) mod message;
pub(crate) mod people;

use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) use invocation::{Invocation, autocomplete, button, message_command, modal, select, slash};
pub(crate) use message::{Post, mention, said};
pub(crate) use people::{BOT, CUSTOMER, MANAGER, NEIGHBOUR, Person, STAFF};

/// The application's id, which is also the bot's user id.
pub(crate) const APPLICATION: &str = "1180000000000000001";
/// The guild in which everything happens.
pub(crate) const GUILD: &str = "1180000000000000010";
/// The role that support staff have.
pub(crate) const STAFF_ROLE: &str = "1180000000000000020";
/// The role that lets somebody manage the guild.
pub(crate) const MANAGING_ROLE: &str = "1180000000000000021";
/// The role of the bot, with what its invitation asks for.
pub(crate) const BOT_ROLE: &str = "1180000000000000022";
/// A role of staff that nobody but a bot with the permission may mention.
pub(crate) const QUIET_ROLE: &str = "1180000000000000023";
/// The text channel where customers ask.
pub(crate) const SUPPORT: &str = "1180000000000000030";
/// Another text channel, where the bot has no business.
pub(crate) const LOUNGE: &str = "1180000000000000031";
/// The forum channel where customers open posts.
pub(crate) const FORUM: &str = "1180000000000000032";
/// The text channel where moderators get Discord's own notices.
pub(crate) const NOTICES: &str = "1180000000000000033";
/// The direct-message channel between the bot and [`STAFF`], who owns the guild.
pub(crate) const OWNERS_DM: &str = "1180000000000000041";
/// The direct-message channel between the bot and [`CUSTOMER`].
pub(crate) const DM: &str = "1180000000000000040";

/// The forum's tag for posts about mail.
pub(crate) const MAIL_TAG: &str = "1180000000000000061";
/// The forum's tag for posts that are solved.
pub(crate) const SOLVED_TAG: &str = "1180000000000000060";

/// The bot's token: it has the form of a real one, its id part included, and opens nothing.
pub(crate) const TOKEN: &str =
    concat!("MTE4MDAwMDAwMDAwMDAwMDAwMQ", ".", "Gstand", ".", "in-only-this-token-opens-nothing-0000");

/// Gives an id that nothing else has, in the order of time as Discord's are.
pub(crate) fn snowflake() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1_440_000_000_000_000_000);
    NEXT.fetch_add(1, Ordering::Relaxed).to_string()
}

/// The moment at which everything happens.
pub(crate) const NOW: &str = "2026-11-23T12:00:00.000000+00:00";
