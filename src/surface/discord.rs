//! Discord: one handler, two transports.
//!
//! * `plan` reads an interaction and says at once what the acknowledgement is and what is left to do; it
//!   knows no transport.
//! * `gateway` and `http` deliver interactions to it, over the websocket and as signed requests.
//! * `send` is the one place from which anything is sent, and no mention resolves there; `permissions` has the words for
//!   what the bot may not do in a channel.
//! * `asker` is who asks, and what they may do there; `grounds` what is known of the place.
//! * `talk` says which messages concern us, and what stands under an answer; `tags` knows a forum's tag for what is solved.
//! * `desk` does what people entrust to the bot, with the store.
//! * `commands` lists the commands, `command` is the shape of one, `locales` their names in other languages.
//! * `pages` shows entries to browsers, and `link` leads there; `reload` takes in knowledge that has changed.
//! * `upload` fetches files that people upload.
//! * `bot` does the work after the acknowledgement, and ends in good order.
//!
//! The only place that names serenity. To add a command of the desk: its `Command` in its room there, its
//! `Errand` (its `Chore`, if it is for staff), its words in `knowledge/locales/`.

mod asker;
mod bot;
mod command;
mod commands;
mod desk;
mod gateway;
mod grounds;
mod http;
mod link;
mod locales;
mod lot;
mod mention;
mod pages;
mod permissions;
mod plan;
mod reload;
mod send;
mod setup;
mod signature;
mod tags;
mod talk;
mod upload;

pub use bot::{Bot, ServeError, Serving};
pub use gateway::Refused;
pub use setup::{replace_commands, run};
