//! Discord: one handler, two transports.
//!
//! * `plan` reads an interaction and says at once what the acknowledgement is and what is left to do; it
//!   knows no transport.
//! * `gateway` and `http` deliver interactions to it, over the websocket and as signed requests.
//! * `send` is the one place from which anything is sent, and no mention resolves there; `permissions` has the words for
//!   what the bot may not do in a channel.
//! * `bot` does the work after the acknowledgement, and ends in good order.
//!
//! The only place that names serenity.

mod bot;
mod commands;
mod gateway;
mod http;
mod lot;
mod permissions;
mod plan;
mod send;
mod setup;
mod signature;

pub use bot::{Bot, ServeError, Serving};
pub use gateway::Refused;
pub use setup::run;
