//! Where people meet mailmedic: each surface turns what they write into a [`Request`](crate::request::Request), and
//! shows the [`Answer`](crate::answer::Answer) through its renderer. Nothing is decided here.

pub mod cli;
pub mod discord;
pub mod mailbox;
