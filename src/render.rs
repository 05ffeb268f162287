//! From the neutral answer to what one surface shows: a renderer each, pure, with the surface's limits as constants.
//!
//! Whatever stands in an answer is inert here: control characters become visible, markup is escaped, and only a
//! [`Span::Link`](crate::text::Span::Link) or an [`Action::Open`](crate::answer::Action::Open) leads anywhere.

pub mod discord;
pub mod json;
pub mod terminal;
mod visible;

pub use visible::visible;

use crate::finding::Fix;

/// What becomes of the records that a fix takes the place of.
const fn in_place_of(fix: &Fix) -> &'static str {
    match fix.replaces {
        0 => "",
        1 => " in place of the old one",
        _ => " in place of the old ones",
    }
}
