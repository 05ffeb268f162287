//! The fields of a chain, sorted into sets (RFC 8617 sections 4.1 and 4.2): numbered from 1 without a gap, one field of each
//! kind in each.

use std::fmt;

use super::Broken;
use crate::inspect::original::{Field, Original};
use crate::inspect::signature::read::{Tags, number};

/// How many sets a chain may have (RFC 8617 section 4.2.1).
const MOST: u32 = 50;

/// The kinds of fields in a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What the server found when the message came.
    Results,
    /// Its signature of the message.
    Signature,
    /// Its signature of the chain.
    Seal,
}

impl Part {
    const ALL: [Self; 3] = [Self::Results, Self::Signature, Self::Seal];

    /// The name of the header field.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Results => "ARC-Authentication-Results",
            Self::Signature => "ARC-Message-Signature",
            Self::Seal => "ARC-Seal",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What one server added.
#[derive(Debug)]
pub(super) struct Set<'m> {
    /// Its place in the chain, from 1.
    pub(super) instance: u32,
    /// ARC-Authentication-Results
    pub(super) results: Field<'m>,
    /// ARC-Message-Signature
    pub(super) signature: Field<'m>,
    /// ARC-Seal
    pub(super) seal: Field<'m>,
    /// What the seal says of the chain before it (`cv=`).
    pub(super) state: Option<String>,
}

/// The sets of a message, from the first to the last; or the set that is not whole.
pub(super) fn sets(message: &Original) -> Result<Vec<Set<'_>>, (Option<u32>, Broken)> {
    let count: usize = Part::ALL.iter().map(|part| message.named(part.name()).len()).sum();
    if count > MOST as usize * Part::ALL.len() {
        return Err((None, Broken::TooMany));
    }
    let mut found: Vec<[Option<Field<'_>>; 3]> = Vec::new();
    let mut states: Vec<Option<String>> = Vec::new();
    for (slot, part) in Part::ALL.into_iter().enumerate() {
        for field in message.named(part.name()) {
            let (instance, state) = placed(part, field).map_err(|broken| (None, broken))?;
            let at = instance as usize - 1;
            if found.len() <= at {
                found.resize(at + 1, [None; 3]);
                states.resize(at + 1, None);
            }
            let place = found.get_mut(at).and_then(|set| set.get_mut(slot));
            if place.is_some_and(|place| place.replace(field).is_some()) {
                return Err((Some(instance), Broken::Twice(part)));
            }
            if let Some(place) = states.get_mut(at).filter(|_| part == Part::Seal) {
                *place = state;
            }
        }
    }
    let whole = (1..).zip(found.into_iter().zip(states)).map(|(instance, (fields, state))| {
        let [results, signature, seal] = fields;
        let missing = |part| (Some(instance), Broken::Missing(part));
        Ok(Set {
            instance,
            results: results.ok_or(missing(Part::Results))?,
            signature: signature.ok_or(missing(Part::Signature))?,
            seal: seal.ok_or(missing(Part::Seal))?,
            state,
        })
    });
    whole.collect()
}

/// The place of a field in the chain, and its `cv=`.
fn placed(part: Part, field: Field<'_>) -> Result<(u32, Option<String>), Broken> {
    let text = String::from_utf8_lossy(field.value);
    let (instance, state) = if part == Part::Results {
        (leading_instance(&text).and_then(number), None)
    } else {
        let tags = Tags::read(&text).map_err(|problem| Broken::Signature(part, problem))?;
        (tags.get("i").and_then(number), tags.get("cv").map(ToOwned::to_owned))
    };
    let instance = instance.and_then(|number| u32::try_from(number).ok()).filter(|number| (1..=MOST).contains(number));
    instance.map(|instance| (instance, state)).ok_or(Broken::Instance(part))
}

/// The `i=` with which ARC-Authentication-Results begin, up to the semicolon that must end it (RFC 8617 section 4.1.1).
fn leading_instance(text: &str) -> Option<&str> {
    let (first, _) = after_comments(text).split_once(';')?;
    let value = after_comments(first.strip_prefix('i')?).strip_prefix('=')?;
    let value = after_comments(value);
    let digits = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    let (digits, rest) = value.split_at_checked(digits)?;
    after_comments(rest).is_empty().then_some(digits)
}

/// The text behind the blanks and comments at its start (RFC 5322 section 3.2.2).
fn after_comments(text: &str) -> &str {
    let (mut depth, mut escaped) = (0_usize, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if depth > 0 => escaped = true,
            '(' => depth += 1,
            ')' if depth > 0 => depth -= 1,
            _ if depth > 0 || c.is_ascii_whitespace() => {}
            _ => return text.get(at..).unwrap_or_default(),
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_begin_with_their_place() {
        for (text, instance) in [
            (" i=1; mx.example; spf=pass", Some("1")),
            ("\r\n\ti = 12 ; mx.example", Some("12")),
            (" (first; of) i=(one)1(\\)); mx.example", Some("1")),
            (" mx.example; i=1; spf=pass", None),
            (" i=1 mx.example; spf=pass", None),
            (" i=; mx.example", Some("")),
            (" i=1", None),
            ("", None),
            (" (", None),
        ] {
            assert_eq!(leading_instance(text), instance, "{text:?}");
        }
    }
}
