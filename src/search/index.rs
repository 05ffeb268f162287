//! The index: every phrase of the knowledge by its stems and by its concepts, in memory.
//!
//! The only file that names tantivy. It says how much of a message is like which phrases; what that means for the
//! entries' chances is decided in `search`. Nothing from a message is read as query syntax.

use std::collections::BTreeSet;
use std::sync::Arc;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::Column;
use tantivy::query::{BooleanQuery, BoostQuery, Occur, Query, TermQuery};
use tantivy::schema::{FAST, Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{Language, Stemmer, TextAnalyzer, TokenStream as _, WhitespaceTokenizer};
use tantivy::{DocId, ReloadPolicy, Score, Searcher, SegmentOrdinal, SegmentReader, TantivyDocument, Term};

/// What tantivy says when it cannot go on.
pub(super) type Fault = tantivy::TantivyError;

/// A part of a query.
type Clause = (Occur, Box<dyn Query>);

/// Memory for building: the least that tantivy takes.
const BUILDING: usize = 15_000_000;
/// How many stems of a message are looked up: the rarest ones.
const MOST_STEMS: usize = 24;
/// How much the stems count of a phrase's likeness; the rest is for the concepts.
const BY_STEMS: Score = 0.6;

/// Gives words their stems (Snowball, English).
pub(super) struct Stems(TextAnalyzer);

impl Stems {
    pub(super) fn new() -> Self {
        let stemmer = Stemmer::new(Language::English);
        Self(TextAnalyzer::builder(WhitespaceTokenizer::default()).filter(stemmer).build())
    }

    /// The stem of one word.
    pub(super) fn stem(&mut self, word: &str) -> String {
        let mut stem = String::new();
        self.0.token_stream(word).process(&mut |token| stem.push_str(&token.text));
        stem
    }
}

/// A text of the knowledge, and for what it speaks.
pub(super) struct Phrase {
    pub(super) side: Side,
    pub(super) stems: Vec<String>,
    pub(super) concepts: Vec<String>,
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
    pub(super) entries: Vec<f32>,
    /// For none of them.
    pub(super) quiet: f32,
}

/// All phrases, ready to be asked.
pub(super) struct Index {
    searcher: Searcher,
    stems: Field,
    concepts: Field,
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
        let stems = schema.add_text_field("stems", text.clone());
        let concepts = schema.add_text_field("concepts", text);
        let number = schema.add_u64_field("phrase", FAST);
        let index = tantivy::Index::create_in_ram(schema.build());

        let mut writer = index.writer_with_num_threads(1, BUILDING)?;
        for (phrase, at) in phrases.iter().zip(0..) {
            let mut document = TantivyDocument::default();
            document.add_text(stems, phrase.stems.join(" "));
            document.add_text(concepts, phrase.concepts.join(" "));
            document.add_u64(number, at);
            writer.add_document(document)?;
        }
        writer.commit()?;
        writer.wait_merging_threads()?;

        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let poll = Poll { entries, sides: phrases.iter().map(|phrase| phrase.side).collect() };
        Ok(Self { searcher: reader.searcher(), stems, concepts, poll })
    }

    /// How much a message is like the phrases of each side.
    ///
    /// A phrase's likeness is its BM25 score over the one of a phrase of usual length that has all the terms, for each
    /// field by itself.
    pub(super) fn poll(&self, stems: &[String], concepts: &[String]) -> Result<Votes, Fault> {
        let halves = [self.half(self.stems, stems, BY_STEMS)?, self.half(self.concepts, concepts, 1.0 - BY_STEMS)?];
        let query = BooleanQuery::from(halves.into_iter().flatten().collect::<Vec<_>>());
        self.searcher.search(&query, &self.poll)
    }

    /// Queries for the rarest terms, so weighed that a phrase of usual length which has them all scores `share`.
    fn half(&self, field: Field, texts: &[String], share: Score) -> Result<Vec<Clause>, Fault> {
        let all = self.searcher.num_docs();
        let distinct: BTreeSet<&String> = texts.iter().collect();
        let mut terms = Vec::new();
        for text in distinct {
            let term = Term::from_field_text(field, text);
            let frequency = self.searcher.doc_freq(&term)?;
            terms.push((rarity(frequency, all), frequency, term));
        }
        terms.sort_by(|a, b| b.0.total_cmp(&a.0));
        terms.truncate(MOST_STEMS);
        let whole: Score = terms.iter().map(|(rarity, ..)| rarity).sum();
        let known = terms.into_iter().filter(|(_, frequency, _)| *frequency > 0);
        let query = |(_, _, term)| -> Clause {
            let query = TermQuery::new(term, IndexRecordOption::WithFreqs);
            (Occur::Should, Box::new(BoostQuery::new(Box::new(query), share / whole)))
        };
        Ok(known.map(query).collect())
    }
}

/// The weight of a term in BM25 (Robertson and Zaragoza 2009), as tantivy computes it.
#[expect(clippy::cast_precision_loss, reason = "numbers of phrases, far below what a float can count")]
fn rarity(frequency: u64, all: u64) -> Score {
    (1.0 + (all.saturating_sub(frequency) as Score + 0.5) / (frequency as Score + 0.5)).ln()
}

/// Counts the votes of every phrase that a query finds.
struct Poll {
    entries: usize,
    sides: Arc<[Side]>,
}

struct SegmentPoll {
    sides: Arc<[Side]>,
    phrase: Column<u64>,
    votes: Votes,
}

impl Collector for Poll {
    type Fruit = Votes;
    type Child = SegmentPoll;

    fn for_segment(&self, _: SegmentOrdinal, segment: &SegmentReader) -> Result<SegmentPoll, Fault> {
        let phrase = segment.fast_fields().u64("phrase")?;
        Ok(SegmentPoll { sides: Arc::clone(&self.sides), phrase, votes: Votes::none(self.entries) })
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
        let vote = likeness * likeness;
        match phrase.and_then(|at| self.sides.get(at)) {
            Some(Side::Entry(entry)) => {
                if let Some(votes) = self.votes.entries.get_mut(*entry) {
                    *votes += vote;
                }
            }
            Some(Side::Quiet) => self.votes.quiet += vote,
            None => {}
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

    fn and(mut self, other: Self) -> Self {
        self.entries.iter_mut().zip(other.entries).for_each(|(votes, more)| *votes += more);
        self.quiet += other.quiet;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn index() -> Index {
        let phrase = |side, stems, concepts| Phrase { side, stems: list(stems), concepts: list(concepts) };
        let phrases = [
            phrase(Side::Entry(0), "noth arriv in my inbox", "not receive"),
            phrase(Side::Entry(0), "no mail arriv", "not receive"),
            phrase(Side::Entry(1), "the portal doe not load", "portal not"),
            phrase(Side::Quiet, "thank for the quick help", "thanks"),
        ];
        Index::build(2, &phrases).unwrap()
    }

    #[test]
    fn the_phrases_that_are_like_a_message_vote_for_their_side() {
        let index = index();
        for (stems, concepts, winner) in [
            ("no email arriv", "", Side::Entry(0)),
            ("it stay dark", "portal", Side::Entry(1)),
            ("thank you", "thanks", Side::Quiet),
        ] {
            let Votes { entries, quiet } = index.poll(&list(stems), &list(concepts)).unwrap();
            let sides = [(entries[0], Side::Entry(0)), (entries[1], Side::Entry(1)), (quiet, Side::Quiet)];
            let most = sides.into_iter().max_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
            assert_eq!(most.1, winner, "{stems}: {sides:?}");
        }
    }

    #[test]
    fn what_nothing_is_like_has_no_votes() {
        assert_eq!(index().poll(&list("привет"), &[]).unwrap(), Votes::none(2));
        assert_eq!(index().poll(&[], &[]).unwrap(), Votes::none(2));
    }

    #[test]
    fn a_word_has_the_stem_of_its_forms() {
        let mut stems = Stems::new();
        assert_eq!(stems.stem("sending"), stems.stem("sends"));
        assert_eq!(stems.stem(""), "");
    }
}
