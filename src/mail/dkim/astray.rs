//! Where keys end up by mistake: at a name with the domain doubled, without `_domainkey`, or without the selector.

use super::key;
use super::place::{By, Place, places};
use super::services::{USUAL, distinct};
use crate::domain::Name;
use crate::facts::{Kind, Outcome, Pending, Query, Response, View};
use crate::finding::{Code, Finding};

/// The key of a selector that has none in its place, if it stands elsewhere. Panels that add the zone's name to a whole
/// name double the domain.
pub(super) fn astray(
    domain: &Name,
    place: &Place<'_>,
    others: &[(&Name, &Response)],
    view: &mut View<'_>,
) -> Result<Option<Finding>, Pending> {
    let candidates = [
        (Code::DkimDoubled, domain.below(place.question.name.as_str())),
        (Code::DkimMisplaced, domain.below(place.selector.as_str())),
    ];
    let asked: Vec<_> = candidates
        .into_iter()
        .filter_map(|(code, name)| {
            let name = name?;
            Some(view.get(Query::new(&name, Kind::Txt)).map(|reply| (code, name, reply)))
        })
        .collect();
    let asked = asked.into_iter().collect::<Result<Vec<_>, _>>()?;
    let known = others.iter().map(|(name, reply)| (Code::DkimMisplaced, (*name).clone(), *reply));
    Ok(asked.into_iter().chain(known).find_map(|(code, at, reply)| Some(moved(place, code, &at, whole_key(reply)?))))
}

/// A key of one of the usual selectors at a doubled name, for a domain without `_domainkey`: it has no wildcard either
/// then, so that what exists at the doubled name was published there.
pub(super) fn doubled(domain: &Name, root: &Name, view: &mut View<'_>) -> Result<Option<Finding>, Pending> {
    let Some(doubled) = domain.below(root.as_str()) else { return Ok(None) };
    let reply = view.get(Query::new(&doubled, Kind::Txt))?;
    if matches!(reply.outcome, Outcome::NoSuchName | Outcome::Unknown(_)) {
        return Ok(None);
    }
    let usual = || distinct(USUAL).into_iter().map(|name| (name, By::Guess));
    let (there, here) = (places(&doubled, usual(), view), places(root, usual(), view));
    let (there, here) = (there?, here?);
    Ok(there
        .iter()
        .zip(&here)
        .find_map(|(there, here)| Some(moved(here, Code::DkimDoubled, &there.question.name, whole_key(there.reply)?))))
}

/// That the key of `place` stands at another name, with the fix that publishes it in its place.
fn moved(place: &Place<'_>, code: Code, at: &Name, text: String) -> Finding {
    let mut finding = place.finding(code).detail("at", at).evidence(&text);
    let whole = if key::parse(&text).is_ok() { Some(text) } else { key::repaired(&text) };
    finding.fix = whole.and_then(|text| place.fix(text));
    finding
}

/// A key where nobody looks, of whichever selector.
pub(super) fn without_selector(others: &[(&Name, &Response)]) -> Option<Finding> {
    others.iter().find_map(|(at, reply)| {
        let text = whole_key(reply)?;
        Some(Finding::new(Code::DkimMisplaced, at).detail("at", at).detail("selector", "…").evidence(text))
    })
}

/// The first text of a reply that says that it is a key record, and is one or can be mended.
fn whole_key(reply: &Response) -> Option<String> {
    let texts = reply.texts().unwrap_or_default().into_iter().map(ToString::to_string);
    let mut keys = texts.filter(|text| key::is_meant(text));
    keys.find(|text| key::parse(text).is_ok() || key::repaired(text).is_some())
}
