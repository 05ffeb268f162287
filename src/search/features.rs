//! What the model sees of a text: its words and pairs of words, their letters, the concepts they name, error patterns.
//!
//! Which features there are is learned from the texts of the knowledge. What none of them has is passed over, and yet
//! counts as something unknown, which speaks for silence.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::concepts::Concepts;
use super::message::Words;
use super::model::Vector;
use super::spelling::Spelling;

/// What a feature is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    /// A word's stem.
    Word,
    /// Two stems that follow one another.
    Pair,
    /// Two stems with one between them.
    Gap,
    /// Letters that follow one another in a word.
    Letters,
    /// A concept.
    Concept,
    /// Two concepts in the same part, such as a surface and a verb.
    Concepts,
    /// A pattern, or an error text of an entry.
    Pattern,
    /// How long the text is, and how much of it is known.
    Shape,
}

impl Kind {
    /// How much all features of a kind together may say. Chosen on the development questions and on symptoms left out;
    /// half or twice as much of any changes little.
    const fn weight(self) -> f32 {
        match self {
            Self::Word | Self::Concept | Self::Pattern => 2.0,
            Self::Concepts => 1.4,
            Self::Pair => 1.2,
            Self::Gap | Self::Letters | Self::Shape => 0.8,
        }
    }

    /// How many texts must have a feature for it to be worth learning: what few have is mostly an accident of wording.
    const fn least(self) -> u32 {
        match self {
            Self::Gap | Self::Letters => 3,
            Self::Pair => 2,
            _ => 1,
        }
    }
}

/// How much has to be said before a kind has its whole weight: anything is like a single word.
const ENOUGH: f32 = 20.0;
/// How many letters a run has.
const LETTERS: [usize; 2] = [3, 4];
/// Of more texts, letters and gaps are not learned: there are enough words then, and time and memory count.
const MANY_TEXTS: usize = 10_000;
/// A shorter error text would be found everywhere.
const SHORTEST_ERROR: usize = 8;

/// A text as it was read: its words, and what was written.
#[derive(Clone, Copy)]
pub(super) struct Reading<'t> {
    pub(super) words: &'t Words,
    pub(super) raw: &'t str,
}

/// A feature of a text, by name.
pub(super) struct Named {
    pub(super) name: String,
    /// Its number in the model.
    pub(super) number: u32,
    pub(super) value: f32,
}

/// The features of a text, each with how often it is there, in order.
type Seen = Vec<(Kind, u64, f32)>;

/// All features there are.
pub(super) struct Features {
    stems: HashMap<String, String>,
    spelling: Spelling,
    concepts: Concepts,
    /// The error texts of entries, by their first word.
    errors: HashMap<String, Vec<Words>>,
    /// By a feature's key: its number, and how rare it is.
    numbers: HashMap<u64, (u32, f32)>,
    rarest: f32,
    frugal: bool,
}

impl Features {
    /// Learns the features of the texts, and gives each text's vector.
    pub(super) fn learn(
        texts: &[Reading<'_>],
        errors: impl Iterator<Item = Words>,
        concepts: Concepts,
        mut stem: impl FnMut(&str) -> String,
    ) -> (Self, Vec<Vector>) {
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        for word in texts.iter().flat_map(|text| text.words) {
            *counts.entry(word).or_default() += 1;
        }
        let mut stems: HashMap<String, String> = counts.keys().map(|word| ((*word).to_owned(), stem(word))).collect();
        for stem in concepts.stems() {
            stems.entry(stem.to_owned()).or_insert_with(|| stem.to_owned());
        }
        // A word that was seen once may be a misspelt one itself.
        let sure = counts.iter().filter(|(_, count)| **count > 1).map(|(word, count)| ((*word).to_owned(), *count));
        let mut by_first: HashMap<String, Vec<Words>> = HashMap::new();
        for error in errors.filter(|error| joined(error).len() > SHORTEST_ERROR) {
            by_first.entry(error.first().cloned().unwrap_or_default()).or_default().push(error);
        }
        let mut features = Self {
            stems,
            spelling: Spelling::new(sure.collect()),
            concepts,
            errors: by_first,
            numbers: HashMap::new(),
            rarest: 1.0,
            frugal: texts.len() > MANY_TEXTS,
        };
        let vectors = features.number(texts);
        (features, vectors)
    }

    /// Numbers the features that are worth learning, and gives each text's vector.
    fn number(&mut self, texts: &[Reading<'_>]) -> Vec<Vector> {
        // Until it is known which features are learned, a text is a list of small numbers in the order of first mention:
        // to keep it as it was read would take more memory than all else together.
        let mut places: HashMap<(Kind, u64), u32> = HashMap::new();
        let mut found: Vec<(Kind, u64, u32)> = Vec::new();
        let mut read = Vec::with_capacity(texts.len());
        for text in texts {
            let place = |(kind, key, count): (Kind, u64, f32)| {
                let place = *places.entry((kind, key)).or_insert_with(|| {
                    found.push((kind, key, 0));
                    u32::try_from(found.len() - 1).unwrap_or(u32::MAX)
                });
                if let Some((.., in_texts)) = found.get_mut(place as usize) {
                    *in_texts += 1;
                }
                (place, count)
            };
            read.push(self.read(*text).into_iter().map(place).collect::<Vec<_>>());
        }
        #[expect(clippy::cast_precision_loss, reason = "numbers of texts, far below what a float can count")]
        let rarity = |count: u32| (1.0 + texts.len() as f32 / count as f32).ln();
        self.rarest = rarity(1);
        let learned = found.iter().filter(|(kind, _, count)| *count >= kind.least());
        self.numbers = learned.zip(0..).map(|((_, key, count), number)| (*key, (number, rarity(*count)))).collect();
        let weigh = |text: Vec<(u32, f32)>| {
            self.weigh(text.into_iter().filter_map(|(place, count)| {
                let (kind, key, _) = *found.get(place as usize)?;
                Some((kind, key, count))
            }))
        };
        read.into_iter().map(weigh).collect()
    }

    /// How many features there are.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// A text as the model sees it.
    pub(super) fn vector(&self, text: Reading<'_>) -> Vector {
        self.weigh(self.read(text).into_iter())
    }

    /// The features of a text that the model knows, by name.
    pub(super) fn named(&self, text: Reading<'_>) -> Vec<Named> {
        let mut names: BTreeMap<u64, String> = BTreeMap::new();
        self.visit(text, |_, key, name| {
            names.entry(key).or_insert_with(name);
        });
        let values: HashMap<u32, f32> = self.vector(text).into_iter().collect();
        let known = names.into_iter().filter_map(|(key, name)| {
            let (number, _) = *self.numbers.get(&key)?;
            Some(Named { name, number, value: *values.get(&number)? })
        });
        known.collect()
    }

    /// The stems of words, misspelt ones put right; and the names of the concepts in them.
    pub(super) fn terms(&self, words: &Words) -> (Vec<String>, Vec<String>) {
        let (stems, _) = self.stems(words);
        let concepts = self.concepts.find(&stems).into_iter().map(|concept| self.concepts.name(concept).to_owned());
        let concepts = concepts.collect();
        (stems.into_iter().map(str::to_owned).collect(), concepts)
    }

    /// The stem of each word, misspelt ones put right, and how many words are unknown.
    fn stems<'s>(&'s self, words: &'s Words) -> (Vec<&'s str>, usize) {
        let mut unknown = 0;
        let stem = |word: &'s String| {
            let known = self.stems.get(word).or_else(|| self.stems.get(self.spelling.correct(word)?));
            unknown += usize::from(known.is_none());
            known.unwrap_or(word).as_str()
        };
        (words.iter().map(stem).collect(), unknown)
    }

    fn read(&self, text: Reading<'_>) -> Seen {
        let mut seen = Seen::new();
        self.visit(text, |kind, key, _| seen.push((kind, key, 1.0)));
        seen.sort_unstable_by_key(|(kind, key, _)| (*kind, *key));
        seen.dedup_by(|later, first| {
            let same = (later.0, later.1) == (first.0, first.1);
            first.2 += if same { later.2 } else { 0.0 };
            same
        });
        seen
    }

    /// Tells every feature of a text: what it is made of, its key, and its name for people.
    fn visit(&self, text: Reading<'_>, mut tell: impl FnMut(Kind, u64, &dyn Fn() -> String)) {
        let (stems, unknown) = self.stems(text.words);
        for stem in &stems {
            tell(Kind::Word, key(Kind::Word, &[stem]), &|| format!("`{stem}`"));
        }
        for pair in stems.windows(2) {
            tell(Kind::Pair, key(Kind::Pair, pair), &|| format!("`{}`", pair.join(" ")));
        }
        if !self.frugal {
            for three in stems.windows(3) {
                if let [first, _, third] = three {
                    tell(Kind::Gap, key(Kind::Gap, &[first, third]), &|| format!("`{first} … {third}`"));
                }
            }
            for word in text.words {
                let letters: Vec<char> = ['_'].into_iter().chain(word.chars()).chain(['_']).collect();
                for run in LETTERS.iter().flat_map(|length| letters.windows(*length)) {
                    let key = hash([Kind::Letters as u64].into_iter().chain(run.iter().map(|c| u64::from(*c))));
                    tell(Kind::Letters, key, &|| format!("the letters `{}`", run.iter().collect::<String>()));
                }
            }
        }
        let concepts = self.concepts.find(&stems);
        for (at, &one) in concepts.iter().enumerate() {
            let name = self.concepts.name(one);
            tell(Kind::Concept, key(Kind::Concept, &[name]), &|| format!("the concept {name}"));
            for &other in concepts.iter().skip(at + 1) {
                let pair = [self.concepts.name(one.min(other)), self.concepts.name(one.max(other))];
                tell(Kind::Concepts, key(Kind::Concepts, &pair), &|| format!("the concepts {}", pair.join(" and ")));
            }
        }
        for pattern in self.concepts.patterns(text.raw) {
            let name = self.concepts.pattern_name(pattern);
            tell(Kind::Pattern, key(Kind::Pattern, &[name]), &|| format!("the pattern {name}"));
        }
        for error in self.errors_in(text.words) {
            tell(Kind::Pattern, key(Kind::Pattern, &[&error]), &|| format!("the error text `{}`", error.trim()));
        }
        for shape in shape(stems.len(), concepts.len(), unknown) {
            tell(Kind::Shape, key(Kind::Shape, &[shape]), &|| shape.to_owned());
        }
    }

    /// The error texts that are among the words, each once.
    fn errors_in(&self, words: &Words) -> BTreeSet<String> {
        let from = |at: usize| words.get(at..).unwrap_or_default();
        let begun = words.iter().enumerate().filter_map(|(at, word)| Some((at, self.errors.get(word)?)));
        let found = begun.flat_map(|(at, errors)| errors.iter().filter(move |error| from(at).starts_with(error)));
        found.map(joined).collect()
    }

    /// Gives each feature its value: rarer ones more, and those of a kind together no more than the kind's weight. Those
    /// of a kind follow one another.
    fn weigh(&self, seen: impl Iterator<Item = (Kind, u64, f32)>) -> Vector {
        let mut vector = Vector::new();
        let (mut begin, mut sum, mut of) = (0, 0.0_f32, None::<Kind>);
        let end = |vector: &mut Vector, begin: usize, sum: f32, of: Option<Kind>| {
            let scale = of.map_or(0.0, Kind::weight) / (sum + ENOUGH).sqrt();
            vector.iter_mut().skip(begin).for_each(|(_, value)| *value *= scale);
        };
        for (kind, key, count) in seen {
            if of != Some(kind) {
                end(&mut vector, begin, sum, of);
                (begin, sum, of) = (vector.len(), 0.0, Some(kind));
            }
            let known = self.numbers.get(&key);
            let value = known.map_or(self.rarest, |(_, rarity)| *rarity) * (1.0 + count.ln());
            sum += value * value;
            vector.extend(known.map(|(number, _)| (*number, value)));
        }
        end(&mut vector, begin, sum, of);
        vector
    }
}

/// How long a text is, how many concepts it names, how many of its words are unknown: each in a few steps.
fn shape(words: usize, concepts: usize, unknown: usize) -> [&'static str; 3] {
    let length = match words {
        0..=1 => "a single word",
        2 => "two words",
        3..=4 => "a few words",
        5..=9 => "a sentence",
        10..=24 => "some sentences",
        _ => "a long text",
    };
    let meaning = match concepts {
        0 => "no concept",
        1 => "a single concept",
        2 => "two concepts",
        3..=4 => "some concepts",
        _ => "many concepts",
    };
    let strange = match (unknown * 10).checked_div(words).unwrap_or(0) {
        0 => "hardly any unknown word",
        1 => "some unknown words",
        2..=4 => "many unknown words",
        _ => "mostly unknown words",
    };
    [length, meaning, strange]
}

/// The words in a row.
fn joined(words: &Words) -> String {
    format!(" {} ", words.join(" "))
}

fn key(kind: Kind, parts: &[&str]) -> u64 {
    let letters = parts.iter().flat_map(|part| part.bytes().map(u64::from).chain([u64::from(b' ')]));
    hash([kind as u64].into_iter().chain(letters))
}

/// A hash that is the same on every machine (FNV-1a).
pub(super) fn hash(values: impl Iterator<Item = u64>) -> u64 {
    values.fold(0xcbf2_9ce4_8422_2325, |hash, value| (hash ^ value).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::super::message::words;
    use super::*;

    fn features(texts: &[&str]) -> Features {
        let words: Vec<Words> = texts.iter().map(|text| words(text)).collect();
        let readings: Vec<Reading<'_>> = words.iter().zip(texts).map(|(words, raw)| Reading { words, raw }).collect();
        let concepts = Concepts::shipped(str::to_owned).unwrap();
        let errors = [super::super::message::words("relay access denied")];
        Features::learn(&readings, errors.into_iter(), concepts, str::to_owned).0
    }

    fn names(features: &Features, text: &str) -> Vec<String> {
        let words = words(text);
        features.named(Reading { words: &words, raw: text }).into_iter().map(|named| named.name).collect()
    }

    #[test]
    fn a_text_has_its_words_pairs_letters_concepts_and_patterns() {
        let known = "webmail login failed: relay access denied, 550";
        let features = features(&[known; 3]);
        let names = names(&features, known);
        for expected in [
            "`webmail`",
            "`webmail login`",
            "`webmail … failed`",
            "the letters `_web`",
            "the concept webmail",
            "the concepts webmail and login",
            "the pattern code 550",
            "the error text `relay access denied`",
            "a sentence",
        ] {
            assert!(names.iter().any(|name| name == expected), "{expected}: {names:?}");
        }
    }

    #[test]
    fn a_misspelt_word_counts_as_the_one_that_was_meant() {
        let features = features(&["potato refused", "my potato"]);
        assert!(names(&features, "potatto").contains(&"`potato`".to_owned()));
    }

    #[test]
    fn values_stay_small_however_long_the_text() {
        let features = features(&["mail is slow", "mail is late"]);
        for text in ["mail", "mail is slow", &"mail is slow ".repeat(500), ""] {
            let words = words(text);
            let vector = features.vector(Reading { words: &words, raw: text });
            let length: f32 = vector.iter().map(|(_, value)| value * value).sum();
            assert!(length.sqrt() <= 5.0, "{text:.20}: {length}");
            assert!(vector.iter().all(|(number, _)| (*number as usize) < features.len()));
        }
    }
}
