//! Search: which entry a message is about, how sure that is, and whether to answer, to offer a choice or to be quiet.
//!
//! Pure once built: the same message finds the same entries, and no message makes it fail or work without bounds.
//! It reads no network and renders nothing.
//!
//! | module     | what it is for                                                               |
//! |------------|------------------------------------------------------------------------------|
//! | `message`  | a message as plain words, in parts                                           |
//! | `spelling` | the known word that an unknown one was meant to be                           |
//! | `concepts` | different words for the same thing, and error patterns                       |
//! | `features` | what the model sees of a text                                                |
//! | `model`    | softmax regression, trained from the knowledge when that is loaded           |
//! | `index`    | the phrases of the knowledge, and how much a message is like them (tantivy)  |
//! | `texts`    | the texts of the knowledge that speak for an entry or for silence            |
//! | `quiet`    | the messages that want no answer                                             |
//! | `clusters` | questions that are like each other                                           |
//! | `pulls`    | symptoms that pull two entries together                                      |
//! | `why`      | what decided, in words                                                       |
//! | `trial`    | how well all this does, for authors                                          |

mod clusters;
mod concepts;
mod features;
mod index;
mod message;
mod model;
mod pulls;
mod quiet;
mod spelling;
#[cfg(test)]
mod tests;
mod texts;
pub mod trial;
mod why;

pub use clusters::clusters;
pub use pulls::Pull;
pub use why::{Reason, Why};

use crate::config::Matching;
use crate::knowledge::{EntryId, Knowledge};
use concepts::Concepts;
use features::{Features, Reading};
use index::{Index, Phrase, Side, Stems, Votes};
use message::{Words, parts, words};
use model::{Example, Model, softmax};
use texts::{Text, texts};

/// How many matches are named.
const MATCHES: usize = 5;
/// How many of them are offered as a choice.
const CHOICES: usize = 3;
/// How much the phrases that are like a message count beside what the model says, both being logarithms of odds.
const LIKENESS: f32 = 0.3;
/// Added to votes before their logarithm is taken: fewer are as good as none.
const FEW: f32 = 0.01;
/// Of a message in several parts, how much its best part counts for each entry; the rest is for the whole of it.
const BEST_PART: f32 = 0.5;

/// The entries, ready to be found.
pub struct Search {
    features: Features,
    model: Model,
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
    /// The concepts cannot be used.
    #[error("cannot use `index/concepts.toml`")]
    Concepts(#[from] concepts::Fault),
}

impl Search {
    /// Makes the entries ready to be found.
    pub fn build(knowledge: &Knowledge, matching: &Matching) -> Result<Self, NotReady> {
        Self::of(knowledge, &texts(knowledge, &quiet::messages()?), matching)
    }

    fn of(knowledge: &Knowledge, texts: &[Text<'_>], matching: &Matching) -> Result<Self, NotReady> {
        let entries: Vec<EntryId> = knowledge.entries().map(|entry| entry.id.clone()).collect();
        let none = entries.len();
        let read: Vec<Words> = texts.iter().map(|text| words(text.said)).collect();
        let readings = texts.iter().zip(&read).map(|(text, words)| Reading { words, raw: text.said });
        let readings: Vec<Reading<'_>> = readings.collect();
        let mut stems = Stems::new();
        let concepts = Concepts::shipped(|word| stems.stem(word))?;
        let errors = knowledge.entries().flat_map(|entry| &entry.errors).map(|error| words(error));
        let (features, vectors) = Features::learn(&readings, errors, concepts, |word| stems.stem(word));
        let examples = texts.iter().zip(vectors).map(|(text, vector)| {
            let class = if let Side::Entry(number) = text.side { number } else { none };
            Example { vector, class }
        });
        let model = Model::train(none + 1, features.len(), &examples.collect::<Vec<_>>());
        let phrases = texts.iter().zip(&read).map(|(text, words)| {
            let (stems, concepts) = features.terms(words);
            Phrase { side: text.side, stems, concepts }
        });
        let index = Index::build(entries.len(), &phrases.collect::<Vec<_>>())?;
        Ok(Self { features, model, index, entries, matching: *matching })
    }

    /// Finds the entries that a message may be about.
    pub fn find(&self, message: &str) -> Found {
        self.find_by(message, self.matching)
    }

    /// The same, where somebody else says when a match is good enough.
    pub fn find_by(&self, message: &str, matching: Matching) -> Found {
        let confidences = self.confidences(message);
        let likely = self.entries.iter().zip(confidences).filter(|(_, confidence)| *confidence > 0.0);
        let mut matches: Vec<Match> =
            likely.map(|(entry, confidence)| Match { entry: entry.clone(), confidence: confidence.into() }).collect();
        matches.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        matches.truncate(MATCHES);
        let sure: Vec<f64> = matches.iter().map(|found| found.confidence).collect();
        let decision = match decide(matching, &sure) {
            // A single word is no question, however telling: it may be part of any talk.
            Decision::Answer if parts(message).concat().len() <= 1 => Decision::Offer,
            decision => decision,
        };
        Found { decision, matches }
    }

    /// How likely a message is about each entry; nothing where there is nothing to read.
    fn confidences(&self, message: &str) -> Vec<f32> {
        let parts = parts(message);
        let whole = parts.concat();
        if whole.is_empty() {
            return Vec::new();
        }
        let mut leads = self.leads(Reading { words: &whole, raw: message });
        if parts.len() > 1 {
            let mut best = vec![f32::NEG_INFINITY; leads.len()];
            for part in &parts {
                let leads = self.leads(Reading { words: part, raw: "" });
                best.iter_mut().zip(leads).for_each(|(best, lead)| *best = best.max(lead));
            }
            leads.iter_mut().zip(best).for_each(|(lead, best)| *lead += BEST_PART * (best - *lead));
        }
        leads.iter_mut().zip(self.likeness(&whole)).for_each(|(lead, likeness)| *lead += likeness);
        leads.push(0.0);
        softmax(&mut leads);
        leads.pop();
        leads
    }

    /// How far each entry leads silence by the model, as the logarithm of the odds.
    fn leads(&self, text: Reading<'_>) -> Vec<f32> {
        let mut scores = self.model.score(&self.features.vector(text));
        let none = scores.pop().unwrap_or(0.0);
        for score in &mut scores {
            *score -= none;
        }
        scores
    }

    /// How far each entry leads silence by the phrases that are like the message.
    fn likeness(&self, words: &Words) -> Vec<f32> {
        let (stems, concepts) = self.features.terms(words);
        // Reading from memory does not fail; if it did, the model would be left.
        let votes = self.index.poll(&stems, &concepts).unwrap_or_else(|_| Votes::none(self.entries.len()));
        let quiet = (votes.quiet + FEW).ln();
        votes.entries.iter().map(|votes| LIKENESS * ((votes + FEW).ln() - quiet)).collect()
    }
}

/// What to do, given how sure the matches are, the surest first: one that is sure and leads is an answer; where the
/// right one is probably among the first few, they are a choice.
fn decide(Matching { answer_at, margin, offer_at }: Matching, confidences: &[f64]) -> Decision {
    let second = confidences.get(1).copied().unwrap_or(0.0);
    let among_choices: f64 = confidences.iter().take(CHOICES).sum();
    match confidences.first() {
        Some(&first) if first >= answer_at && first - second >= margin => Decision::Answer,
        Some(_) if among_choices >= offer_at => Decision::Offer,
        _ => Decision::Quiet,
    }
}
