//! Why a message was matched as it was: the words, concepts and patterns that decided, each with its weight.
//!
//! The model is linear, so what is told is all there is: for the best entry and its rival (the second, or silence), how
//! much each feature of the message spoke for the one and against the other.

use super::{BEST_PART, Decision, Found, Search};
use crate::knowledge::EntryId;
use crate::search::features::Reading;
use crate::search::message::{Words, parts};

/// How many reasons are told.
const REASONS: usize = 12;

/// What decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Why {
    /// What was found.
    pub found: Found,
    /// The entry that the reasons speak for; `None` if there was nothing to read.
    pub entry: Option<EntryId>,
    /// What they speak against: another entry, or silence.
    pub rival: Option<EntryId>,
    /// The weightiest reasons, for and against, the weightiest first.
    pub reasons: Vec<Reason>,
}

/// A feature of the message, and how much it weighed.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// The feature in words.
    pub what: String,
    /// How much it spoke for the entry, or, below zero, for its rival: in logarithms of odds.
    pub weight: f64,
}

impl Search {
    /// Finds as [`Self::find`] does, and tells why.
    pub fn why(&self, message: &str) -> Why {
        let found = self.find(message);
        let number = |entry: &EntryId| self.entries.iter().position(|own| own == entry);
        let Some((best, first)) = found.matches.first().and_then(|first| Some((number(&first.entry)?, first))) else {
            return Why { found, entry: None, rival: None, reasons: Vec::new() };
        };
        let silence = 1.0 - found.matches.iter().map(|found| found.confidence).sum::<f64>();
        let second =
            found.matches.get(1).filter(|second| second.confidence >= silence && found.decision != Decision::Quiet);
        let rival = second.map(|second| second.entry.clone());
        let against = second.and_then(|second| number(&second.entry));
        let entry = Some(first.entry.clone());
        Why { entry, rival, reasons: self.reasons(message, best, against), found }
    }

    fn reasons(&self, message: &str, best: usize, rival: Option<usize>) -> Vec<Reason> {
        let parts = parts(message);
        let whole = parts.concat();
        let mut reasons = Vec::new();
        let mut tell = |words: &Words, raw: &str, share: f32| {
            let against = rival.unwrap_or(self.entries.len());
            reasons.extend(self.features.named(Reading { words, raw }).into_iter().map(|named| {
                let weight = self.model.weight(named.number, best) - self.model.weight(named.number, against);
                Reason { what: named.name, weight: f64::from(share * named.value * weight) }
            }));
        };
        let lead = |part: &Words| self.leads(Reading { words: part, raw: "" }).get(best).copied().unwrap_or(0.0);
        match parts.iter().max_by(|a, b| lead(a).total_cmp(&lead(b))) {
            Some(part) if parts.len() > 1 => {
                tell(&whole, message, 1.0 - BEST_PART);
                tell(part, "", BEST_PART);
            }
            _ => tell(&whole, message, 1.0),
        }
        let likeness = self.likeness(&whole);
        let of = |entry: usize| likeness.get(entry).copied().unwrap_or(0.0);
        let weight = f64::from(of(best) - rival.map_or(0.0, of));
        reasons.push(Reason { what: "phrases that are like it".to_owned(), weight });
        merge(reasons)
    }
}

/// The same feature of the whole message and of its best part is one reason.
fn merge(mut reasons: Vec<Reason>) -> Vec<Reason> {
    reasons.sort_by(|a, b| a.what.cmp(&b.what));
    reasons.dedup_by(|later, first| {
        let same = later.what == first.what;
        first.weight += if same { later.weight } else { 0.0 };
        same
    });
    reasons.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    reasons.truncate(REASONS);
    reasons
}
