//! From the neutral answer to what one surface shows: a renderer each, pure, with the surface's limits as constants.
//!
//! Whatever stands in an answer is inert here: control characters become visible, markup is escaped, and only a
//! [`Span::Link`](crate::text::Span::Link) or an [`Action::Open`](crate::answer::Action::Open) leads anywhere.

pub mod discord;
pub mod json;
pub mod terminal;
mod visible;

pub use visible::visible;
