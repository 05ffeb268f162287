//! The index: every phrase of the knowledge by its words and by its letters, in memory.
//!
//! The only file that names tantivy. It says how much of a message is like which phrases; what that means for the
//! entries' chances is for `confidence`. Nothing from a message is read as query syntax.

use std::collections::BTreeSet;
use std::sync::Arc;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::Column;
use tantivy::query::{BooleanQuery, BoostQuery, Occur, Query, TermQuery};
use tantivy::schema::{FAST, Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{Language, Stemmer, TextAnalyzer, TokenStream as _, WhitespaceTokenizer};
use tantivy::{DocId, ReloadPolicy, Score, Searcher, SegmentOrdinal, SegmentReader, TantivyDocument, Term};

use super::message::Words;

/// What tantivy says when it cannot go on.
pub(super) type Fault = tantivy::TantivyError;

/// A part of a query.
type Clause = (Occur, Box<dyn Query>);

/// Memory for building: the least that tantivy takes.
const BUILDING: usize = 15_000_000;
/// How many words of a part are looked up.
const MOST_TERMS: usize = 64;
/// How many trigrams of a part are looked up.
const MOST_TRIGRAMS: usize = 256;

/// A text of the knowledge, for what it speaks, and how loudly.
pub(super) struct Phrase {
    pub(super) side: Side,
    pub(super) weight: f64,
    pub(super) words: Words,
}

/// For what a phrase speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The entry of this number.
    Entry(usize),
    /// None of the entries.
    Quiet,
}

/// How much a message is like the phrases of each side.
///
/// Each phrase gives the square of its likeness, so that one close phrase outweighs several distant ones, and several
/// close ones outweigh one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Votes {
    /// For each entry.
    pub(super) entries: Vec<f64>,
    /// For none of them.
    pub(super) quiet: f64,
}

/// All phrases, ready to be asked.
pub(super) struct Index {
    searcher: Searcher,
    stems: TextAnalyzer,
    words: Field,
    trigrams: Field,
    poll: Poll,
}

impl Index {
    /// Indexes the phrases for `entries` entries.
    pub(super) fn build(entries: usize, phrases: &[Phrase]) -> Result<Self, Fault> {
        let mut schema = Schema::builder();
        let indexing = TextFieldIndexing::default()
            .set_tokenizer("whitespace")
            .set_index_option(IndexRecordOption::WithFreqs)
            .set_fieldnorms(true);
        let text = TextOptions::default().set_indexing_options(indexing);
        let words = schema.add_text_field("words", text.clone());
        let trigrams = schema.add_text_field("trigrams", text);
        let number = schema.add_u64_field("phrase", FAST);
        let index = tantivy::Index::create_in_ram(schema.build());
        let stemmer = Stemmer::new(Language::English);
        let mut stems = TextAnalyzer::builder(WhitespaceTokenizer::default()).filter(stemmer).build();

        let mut writer = index.writer_with_num_threads(1, BUILDING)?;
        for (phrase, at) in phrases.iter().zip(0..) {
            let mut document = TantivyDocument::default();
            document.add_text(words, stemmed(&mut stems, &phrase.words).join(" "));
            document.add_text(trigrams, trigrams_of(&phrase.words).join(" "));
            document.add_u64(number, at);
            writer.add_document(document)?;
        }
        writer.commit()?;
        writer.wait_merging_threads()?;

        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let speakers = phrases.iter().map(|phrase| (phrase.side, phrase.weight)).collect();
        let poll = Poll { entries, speakers };
        Ok(Self { searcher: reader.searcher(), stems, words, trigrams, poll })
    }

    /// How much a part of a message is like the phrases of each side.
    ///
    /// A phrase's likeness is its BM25 score over the one of a phrase of usual length that has all the terms of the
    /// part; half by the words' stems, half by their trigrams, which forgive a typing error.
    pub(super) fn poll(&self, part: &Words) -> Result<Votes, Fault> {
        let terms = |field: Field, texts: Vec<String>, most: usize| {
            let distinct: BTreeSet<String> = texts.into_iter().take(most).collect();
            distinct.into_iter().map(move |text| Term::from_field_text(field, &text)).collect::<Vec<_>>()
        };
        let words = terms(self.words, stemmed(&mut self.stems.clone(), part), MOST_TERMS);
        let trigrams = terms(self.trigrams, trigrams_of(part), MOST_TRIGRAMS);
        let halves = [self.half(&words)?, self.half(&trigrams)?];
        let query = BooleanQuery::from(halves.into_iter().flatten().collect::<Vec<_>>());
        self.searcher.search(&query, &self.poll)
    }

    /// Queries for the terms, so weighed that a phrase of usual length which has them all scores one half.
    fn half(&self, terms: &[Term]) -> Result<Vec<Clause>, Fault> {
        let all = self.searcher.num_docs();
        let frequencies = terms.iter().map(|term| self.searcher.doc_freq(term)).collect::<Result<Vec<_>, _>>()?;
        let whole: Score = frequencies.iter().map(|&frequency| rarity(frequency, all)).sum();
        let query = |(term, _): (&Term, _)| -> Clause {
            let query = TermQuery::new(term.clone(), IndexRecordOption::WithFreqs);
            (Occur::Should, Box::new(BoostQuery::new(Box::new(query), 0.5 / whole)))
        };
        Ok(terms.iter().zip(&frequencies).filter(|(_, frequency)| **frequency > 0).map(query).collect())
    }
}

/// The weight of a term in BM25 (Robertson and Zaragoza 2009), as tantivy computes it.
#[expect(clippy::cast_precision_loss, reason = "numbers of phrases, far below what a float can count")]
fn rarity(frequency: u64, all: u64) -> Score {
    (1.0 + (all.saturating_sub(frequency) as Score + 0.5) / (frequency as Score + 0.5)).ln()
}

fn stemmed(stems: &mut TextAnalyzer, words: &Words) -> Vec<String> {
    let mut stemmed = Vec::with_capacity(words.len());
    stems.token_stream(&words.join(" ")).process(&mut |token| stemmed.push(token.text.clone()));
    stemmed
}

/// The runs of three letters in each word, its edges counting as letters: `_to`, `to_` of `to`.
fn trigrams_of(words: &Words) -> Vec<String> {
    let mut trigrams = Vec::new();
    for word in words {
        let letters: Vec<char> = ['_'].into_iter().chain(word.chars()).chain(['_']).collect();
        trigrams.extend(letters.windows(3).map(|run| run.iter().collect::<String>()));
    }
    trigrams
}

/// Counts the votes of every phrase that a query finds.
struct Poll {
    entries: usize,
    speakers: Arc<[(Side, f64)]>,
}

struct SegmentPoll {
    speakers: Arc<[(Side, f64)]>,
    phrase: Column<u64>,
    votes: Votes,
}

impl Collector for Poll {
    type Fruit = Votes;
    type Child = SegmentPoll;

    fn for_segment(&self, _: SegmentOrdinal, segment: &SegmentReader) -> Result<SegmentPoll, Fault> {
        let phrase = segment.fast_fields().u64("phrase")?;
        let votes = Votes::none(self.entries);
        Ok(SegmentPoll { speakers: Arc::clone(&self.speakers), phrase, votes })
    }

    fn requires_scoring(&self) -> bool {
        true
    }

    fn merge_fruits(&self, segments: Vec<Votes>) -> Result<Votes, Fault> {
        Ok(segments.into_iter().fold(Votes::none(self.entries), Votes::and))
    }
}

impl SegmentCollector for SegmentPoll {
    type Fruit = Votes;

    fn collect(&mut self, document: DocId, likeness: Score) {
        let phrase = self.phrase.first(document).and_then(|at| usize::try_from(at).ok());
        let Some(&(side, weight)) = phrase.and_then(|at| self.speakers.get(at)) else { return };
        let vote = (weight * f64::from(likeness)).powi(2);
        match side {
            Side::Entry(entry) => {
                if let Some(votes) = self.votes.entries.get_mut(entry) {
                    *votes += vote;
                }
            }
            Side::Quiet => self.votes.quiet += vote,
        }
    }

    fn harvest(self) -> Votes {
        self.votes
    }
}

impl Votes {
    /// No votes for any side.
    pub(super) fn none(entries: usize) -> Self {
        Self { entries: vec![0.0; entries], quiet: 0.0 }
    }

    /// The most votes that an entry has.
    pub(super) fn most(&self) -> f64 {
        self.entries.iter().copied().fold(0.0, f64::max)
    }

    /// The more votes for each entry, and the silence of the one that says more for an entry.
    pub(super) fn or(&self, other: &Self) -> Self {
        let quiet = if self.most() >= other.most() { self.quiet } else { other.quiet };
        let entries = self.entries.iter().zip(&other.entries).map(|(a, b)| a.max(*b)).collect();
        Self { entries, quiet }
    }

    fn and(mut self, other: Self) -> Self {
        self.entries.iter_mut().zip(other.entries).for_each(|(votes, more)| *votes += more);
        self.quiet += other.quiet;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::words;
    use super::*;

    fn index() -> Index {
        let phrase = |side, text: &str| Phrase { side, weight: 1.0, words: words(text) };
        let phrases = [
            phrase(Side::Entry(0), "nothing arrives in my inbox"),
            phrase(Side::Entry(0), "no mail arrives"),
            phrase(Side::Entry(1), "the portal does not load"),
            phrase(Side::Quiet, "thanks for the quick help"),
        ];
        Index::build(2, &phrases).unwrap()
    }

    #[test]
    fn the_phrases_that_are_like_a_message_vote_for_their_side() {
        let index = index();
        for (message, winner) in [
            ("no email is arriving", Side::Entry(0)),
            ("portl dosnt load", Side::Entry(1)),
            ("thank you, you helped", Side::Quiet),
        ] {
            let Votes { entries, quiet } = index.poll(&words(message)).unwrap();
            let sides = [(entries[0], Side::Entry(0)), (entries[1], Side::Entry(1)), (quiet, Side::Quiet)];
            let most = sides.into_iter().max_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
            assert_eq!(most.1, winner, "{message}: {sides:?}");
        }
    }

    #[test]
    fn what_nothing_is_like_has_no_votes() {
        assert_eq!(index().poll(&words("привет")).unwrap(), Votes::none(2));
        assert_eq!(index().poll(&Vec::new()).unwrap(), Votes::none(2));
    }

    #[test]
    fn trigrams_know_the_edges_of_words() {
        assert_eq!(trigrams_of(&words("to mx1")), ["_to", "to_", "_mx", "mx1", "x1_"]);
    }
}
