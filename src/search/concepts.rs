//! Concepts: different words for the same thing, as `index/concepts.toml` tells them.
//!
//! "Nothing comes thru" and "no mail is delivered to us" share no word, and yet both say that receiving fails. A phrase
//! of the file is found wherever its words stand in order, with at most one other word between two of them. Patterns
//! are regular expressions over the message as it was written, in linear time and of bounded size.

use std::collections::HashMap;

use regex::bytes::{RegexSet, RegexSetBuilder};
use serde::Deserialize;

use super::message::words;

/// The file as it was when the binary was built.
const SHIPPED: &str = include_str!("../../index/concepts.toml");
/// How large the patterns may become when they are compiled, in bytes.
const LARGEST: usize = 1 << 21;
/// How large the cache may become that each thread has for them.
const CACHE: usize = 1 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    concept: Vec<WrittenConcept>,
    pattern: Vec<WrittenPattern>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenConcept {
    name: String,
    phrases: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPattern {
    name: String,
    regex: String,
}

/// Why the concepts cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The file is not as it should be.
    #[error("not as it should be written")]
    Toml(#[from] toml::de::Error),
    /// A pattern is no regular expression, or too large a one.
    #[error("a pattern cannot be used")]
    Pattern(#[from] regex::Error),
}

/// All concepts and patterns, ready to be found.
pub(super) struct Concepts {
    names: Vec<String>,
    /// By the stem of its first word: the stems that follow, and the concept.
    phrases: HashMap<String, Vec<(Vec<String>, usize)>>,
    pattern_names: Vec<String>,
    patterns: RegexSet,
}

impl Concepts {
    /// Those that the binary carries; `stem` gives a word's stem.
    pub(super) fn shipped(stem: impl FnMut(&str) -> String) -> Result<Self, Fault> {
        Self::read(SHIPPED, stem)
    }

    fn read(text: &str, mut stem: impl FnMut(&str) -> String) -> Result<Self, Fault> {
        let written: Written = toml::from_str(text)?;
        let mut phrases: HashMap<String, Vec<(Vec<String>, usize)>> = HashMap::new();
        for (number, concept) in written.concept.iter().enumerate() {
            for phrase in &concept.phrases {
                let mut stems = words(phrase).into_iter().map(|word| stem(&word));
                if let Some(first) = stems.next() {
                    phrases.entry(first).or_default().push((stems.collect(), number));
                }
            }
        }
        let patterns = RegexSetBuilder::new(written.pattern.iter().map(|pattern| &pattern.regex))
            .case_insensitive(true)
            .unicode(false)
            .size_limit(LARGEST)
            .dfa_size_limit(CACHE)
            .build()?;
        Ok(Self {
            names: written.concept.into_iter().map(|concept| concept.name).collect(),
            phrases,
            pattern_names: written.pattern.into_iter().map(|pattern| pattern.name).collect(),
            patterns,
        })
    }

    /// Every word that a phrase is made of counts as known.
    pub(super) fn stems(&self) -> impl Iterator<Item = &str> {
        let rest = self.phrases.values().flatten().flat_map(|(rest, _)| rest);
        self.phrases.keys().chain(rest).map(String::as_str)
    }

    /// The concepts that the stems of a part name, in the order of first mention, each once.
    pub(super) fn find(&self, stems: &[&str]) -> Vec<usize> {
        let mut found = Vec::new();
        for (at, stem) in stems.iter().enumerate() {
            for (rest, concept) in self.phrases.get(*stem).into_iter().flatten() {
                if !found.contains(concept) && follows(rest, stems.get(at + 1..).unwrap_or_default()) {
                    found.push(*concept);
                }
            }
        }
        found
    }

    /// The patterns that a text, as it was written, matches.
    pub(super) fn patterns(&self, text: &str) -> Vec<usize> {
        self.patterns.matches(text.as_bytes()).into_iter().collect()
    }

    pub(super) fn name(&self, concept: usize) -> &str {
        self.names.get(concept).map_or("", String::as_str)
    }

    pub(super) fn pattern_name(&self, pattern: usize) -> &str {
        self.pattern_names.get(pattern).map_or("", String::as_str)
    }
}

/// Whether the rest of a phrase follows, with at most one other word before each of its words.
fn follows(rest: &[String], stems: &[&str]) -> bool {
    let Some((next, rest)) = rest.split_first() else { return true };
    (0..2).any(|skipped| {
        stems.get(skipped).is_some_and(|stem| stem == next)
            && follows(rest, stems.get(skipped + 1..).unwrap_or_default())
    })
}
