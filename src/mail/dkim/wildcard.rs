//! What a wildcard answers at selectors (RFC 4592): the same for each, and seldom a key.
//!
//! A question for the label `*` itself gets what any selector would get that nobody published; it is asked only where
//! something odd stands at a selector.

use super::key::{self, Key};
use super::place::{Place, Seen};
use crate::domain::Name;
use crate::facts::{Kind, Pending, Query, Response, View};
use crate::finding::{Code, Finding};

/// What the wildcard answers, if something at the `places` is odd and there is a wildcard.
pub(super) fn wildcard<'f>(
    root: &Name,
    places: &[Place<'_>],
    view: &mut View<'f>,
) -> Result<Option<&'f Response>, Pending> {
    match root.below("*") {
        Some(name) if places.iter().any(is_odd) => {
            let reply = view.get(Query::new(&name, Kind::Txt))?;
            Ok(says_something(reply).then_some(reply))
        }
        _ => Ok(None),
    }
}

/// Whether a place has the wildcard's answer, and nothing of its own. A broken key is told where it stands all the same:
/// it can be mended there.
pub(super) fn is_by(wildcard: Option<&Response>, place: &Place<'_>) -> bool {
    is_odd(place)
        && wildcard.is_some_and(|all| (&all.outcome, &all.aliases) == (&place.reply.outcome, &place.reply.aliases))
}

/// That a wildcard answers, with what it says.
pub(super) fn told(root: &Name, wildcard: &Response) -> Finding {
    let texts = wildcard.texts().unwrap_or_default();
    let finding = texts.into_iter().fold(Finding::new(Code::DkimWildcard, format!("*.{root}")), Finding::evidence);
    match wildcard.aliases.last() {
        Some(alias) => finding.evidence(format!("*.{root} is an alias for {alias}")),
        None => finding,
    }
}

/// Whether what stands here is something, and no key in use.
fn is_odd(place: &Place<'_>) -> bool {
    let in_use =
        |texts: &[String]| matches!(texts, [text] if !matches!(key::parse(text), Ok(Key { public: None, .. })));
    match place.seen() {
        Seen::Records(texts) => !in_use(&texts),
        Seen::Nothing => says_something(place.reply),
        Seen::Unknown(_) => false,
    }
}

fn says_something(reply: &Response) -> bool {
    reply.texts().is_ok_and(|texts| !texts.is_empty() || !reply.aliases.is_empty())
}
