//! Search: which entry a message is about, how sure that is, and whether to answer, to offer a choice or to be quiet.
//!
//! Pure once built: the same message finds the same entries, and no message makes it fail or work without bounds.
//! It reads no network and renders nothing.
//!
//! | module       | what it is for                                                             |
//! |--------------|----------------------------------------------------------------------------|
//! | `message`    | a message as plain words, in parts                                         |
//! | `index`      | the phrases of the knowledge, and how much a part is like them (tantivy)   |
//! | `confidence` | from that likeness to a probability                                        |
//! | `quiet`      | the messages that want no answer; they vote too                            |
//!
//! A better model replaces `confidence` and may ask `index` for more than votes; what it finds stays a [`Found`].

mod confidence;
mod index;
mod message;
mod quiet;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::config::Matching;
use crate::knowledge::{EntryId, Knowledge};
use confidence::confidences;
use index::{Index, Phrase, Side, Votes};
use message::{parts, words};

/// How many matches are named.
const MATCHES: usize = 5;

/// How loudly the texts of an entry speak for it: what customers say counts in full, what the entry says of itself
/// a little more, and what it advises, which is said in other words than the trouble, less.
const SYMPTOM: f64 = 1.0;
const TITLE: f64 = 1.3;
const ADVICE: f64 = 0.6;

/// The entries, ready to be found.
pub struct Search {
    index: Index,
    entries: Vec<EntryId>,
    matching: Matching,
}

/// What was found for a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// What to do about the message.
    pub decision: Decision,
    /// The best matches, the likeliest first, whatever the decision; at most five, none without likeness.
    pub matches: Vec<Match>,
}

/// An entry, and how likely it is the one.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// The entry.
    pub entry: EntryId,
    /// The estimated probability that the message is about it, from 0 to 1.
    pub confidence: f64,
}

/// What to do about a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Answer with the first match.
    Answer,
    /// Offer the first matches as a choice.
    Offer,
    /// Say nothing.
    Quiet,
}

impl Decision {
    /// The word that JSON has for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Offer => "offer",
            Self::Quiet => "quiet",
        }
    }
}

/// Why the entries could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// The search engine could not build its index.
    #[error("cannot build the search index")]
    Index(#[from] index::Fault),
    /// The messages that want no answer are not written as they should be.
    #[error("cannot read `index/quiet.toml`")]
    Quiet(#[from] toml::de::Error),
}

impl Search {
    /// Makes the entries ready to be found.
    pub fn build(knowledge: &Knowledge, matching: &Matching) -> Result<Self, NotReady> {
        Self::of(knowledge, &phrases(knowledge, &quiet::messages()?), matching)
    }

    fn of(knowledge: &Knowledge, phrases: &[Phrase], matching: &Matching) -> Result<Self, NotReady> {
        let entries: Vec<EntryId> = knowledge.entries().map(|entry| entry.id.clone()).collect();
        Ok(Self { index: Index::build(entries.len(), phrases)?, entries, matching: *matching })
    }

    /// Finds the entries that a message may be about.
    pub fn find(&self, message: &str) -> Found {
        let confidences = self.poll(message).map(|(votes, words)| confidences(&votes, words)).unwrap_or_default();
        let likely = self.entries.iter().zip(confidences).filter(|(_, confidence)| *confidence > 0.0);
        let mut matches: Vec<Match> =
            likely.map(|(entry, confidence)| Match { entry: entry.clone(), confidence }).collect();
        matches.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        matches.truncate(MATCHES);
        let sure: Vec<f64> = matches.iter().map(|found| found.confidence).collect();
        Found { decision: decide(self.matching, &sure), matches }
    }

    /// The votes on a message, and the number of different words in the part that told the most: each entry is judged
    /// by the part that is most like it, silence by the one that told the most. `None` if there is nothing to read.
    fn poll(&self, message: &str) -> Option<(Votes, usize)> {
        let polled = parts(message).into_iter().map(|part| {
            // Reading from memory does not fail; if it did, silence would be the safe answer.
            let votes = self.index.poll(&part).unwrap_or_else(|_| Votes::none(self.entries.len()));
            (votes, part.iter().collect::<BTreeSet<_>>().len())
        });
        polled.reduce(|(a, a_words), (b, b_words)| {
            let words = if a.most() >= b.most() { a_words } else { b_words };
            (a.or(&b), words)
        })
    }
}

/// What to do, given how sure the matches are, the surest first.
fn decide(Matching { answer_at, margin, offer_at }: Matching, confidences: &[f64]) -> Decision {
    let second = confidences.get(1).copied().unwrap_or(0.0);
    match confidences.first() {
        Some(&first) if first >= answer_at && first - second >= margin => Decision::Answer,
        Some(&first) if first >= offer_at => Decision::Offer,
        _ => Decision::Quiet,
    }
}

/// Everything that speaks for an entry or for silence. An entry's questions do not: they are its tests.
fn phrases(knowledge: &Knowledge, quiet: &[String]) -> Vec<Phrase> {
    let phrase = |side: Side, weight: f64, text: &str| Phrase { side, weight, words: words(text) };
    let mut phrases: Vec<Phrase> = quiet.iter().map(|text| phrase(Side::Quiet, SYMPTOM, text)).collect();
    for (number, entry) in knowledge.entries().enumerate() {
        let side = Side::Entry(number);
        phrases.push(phrase(side, TITLE, &entry.title));
        let said = entry.symptoms.iter().chain(&entry.errors);
        phrases.extend(said.map(|text| phrase(side, SYMPTOM, text)));
        let advice = entry.remedies.iter().map(|remedy| &remedy.text);
        let advice = advice.chain(&entry.summary).chain(&entry.cautions).chain(&entry.tips);
        phrases.extend(advice.map(|text| phrase(side, ADVICE, &text.to_string())));
    }
    phrases.retain(|phrase| !phrase.words.is_empty());
    phrases
}
