//! What is kept survives, on both engines: each claim is made once, and held against SQLite and PostgreSQL.

mod crash;
mod full;
mod opening;
mod outbox;
mod people;
mod place;
mod talking;
mod watching;

pub(crate) use place::{NOW, Place, SEED};
