//! Candidates: what a customer asked and a helper answered with an entry by hand. Such an answer shows a new phrasing.
//!
//! A candidate speaks for nothing until somebody on the staff approves it (`mailmedic knowledge adopt`); then it stands
//! among the entry's symptoms, as `symptoms.adopted`, for everybody to see and to take out again. Addresses and links are
//! replaced when a candidate is made, so that the file of candidates holds no more about a customer than a symptom may.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use toml_edit::{Array, DocumentMut, Item, Value};

use super::entry::ENTRY_TEXT;
use super::source::ENTRIES;
use super::{EntryId, File, Knowledge, Source};
use crate::config::Brand;
use crate::problem::{Problem, Problems};

/// A question of fewer words tells nothing.
const FEWEST_WORDS: usize = 3;
/// How many characters the name of a helper may have.
const LONGEST_WHO: usize = 100;

/// A question, the entry with which somebody answered it, and who that was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// What was asked, without addresses and links.
    pub question: String,
    /// The name of the entry that was the answer.
    pub entry: String,
    /// Who answered, in whatever way staff know each other.
    pub who: String,
}

/// Why something is no candidate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// There is no such entry.
    #[error("there is no entry `{0}`")]
    NoSuchEntry(String),
    /// Too little was asked to learn from.
    #[error("expected at least {FEWEST_WORDS} words, found {0}")]
    TooShort(usize),
    /// More was asked than a symptom may hold.
    #[error("expected at most {ENTRY_TEXT} characters, found {0}")]
    TooLong(usize),
    /// The entry says so already.
    #[error("the entry `{0}` has this symptom already")]
    Known(String),
    /// Nobody is named who answered, or with a name that is too long.
    #[error("expected the name of who answered, at most {LONGEST_WHO} characters")]
    NoName,
}

impl Candidate {
    /// Makes a candidate of a question, if it is fit to be learned from.
    pub fn new(knowledge: &Knowledge, question: &str, entry: &str, who: &str) -> Result<Self, Unfit> {
        let known = knowledge.entry(entry).ok_or_else(|| Unfit::NoSuchEntry(entry.chars().take(80).collect()))?;
        let words: Vec<&str> = question.split(|c: char| c.is_whitespace() || c.is_control()).collect();
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        let question = words.iter().map(|word| nameless(word)).collect::<Vec<_>>().join(" ");
        let length = question.chars().count();
        let who: String = who.split(char::is_control).collect();
        if words.len() < FEWEST_WORDS {
            return Err(Unfit::TooShort(words.len()));
        }
        if length > ENTRY_TEXT {
            return Err(Unfit::TooLong(length));
        }
        if known.symptoms.iter().any(|symptom| symptom.text.eq_ignore_ascii_case(&question)) {
            return Err(Unfit::Known(entry.to_owned()));
        }
        if who.trim().is_empty() || who.chars().count() > LONGEST_WHO {
            return Err(Unfit::NoName);
        }
        Ok(Self { question, entry: entry.to_owned(), who: who.trim().to_owned() })
    }
}

/// The files of a folder that change when the candidates are adopted. They are checked with all others first, so that
/// no candidate makes the knowledge unusable.
pub fn adopt(source: &Source, brand: &Brand, candidates: &[Candidate]) -> Result<Vec<File>, Problems> {
    let mut files = source.files()?;
    let mut by_entry: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for candidate in candidates {
        by_entry.entry(&candidate.entry).or_default().push(&candidate.question);
    }
    let mut changed = Vec::new();
    for (entry, questions) in by_entry {
        let entry: EntryId = entry.parse().map_err(|error| refuse(entry, error))?;
        let at = files.iter().position(|file| file.is_in(ENTRIES) && file.stem() == entry.as_str());
        let Some(file) = at.and_then(|at| files.get_mut(at)) else {
            return Err(refuse(entry.as_str(), "there is no such entry"));
        };
        file.text = added(&file.text, &questions).map_err(|error| refuse(&file.path, error))?;
        changed.push(file.clone());
    }
    Knowledge::read(&files, brand)?;
    Ok(changed)
}

fn refuse(place: &str, what: impl std::fmt::Display) -> Problems {
    Problems(vec![Problem::of(place, what, "take the candidate out of the file, or mend the entry")])
}

/// The text of an entry's file with the questions among its symptoms; all else stays as it was written.
fn added(text: &str, questions: &[&str]) -> Result<String, String> {
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| error.message().to_owned())?;
    let symptoms = document.get_mut("symptoms").ok_or("there are no symptoms")?;
    let list = match symptoms {
        Item::Value(Value::Array(list)) => Some(list),
        symptoms => symptoms
            .as_table_like_mut()
            .and_then(|voices| voices.entry("adopted").or_insert(toml_edit::value(Array::new())).as_array_mut()),
    };
    let list = list.ok_or("`symptoms` is no list")?;
    for question in questions {
        let mut value = Value::from(*question);
        value.decor_mut().set_prefix("\n  ");
        list.push_formatted(value);
    }
    list.set_trailing("\n");
    list.set_trailing_comma(true);
    Ok(document.to_string())
}

/// A word, with a placeholder in place of what may tell who the customer is.
fn nameless(word: &str) -> &str {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
    let host = || {
        let dotted = bare.split('.').collect::<Vec<_>>();
        let labels = dotted.iter().all(|label| !label.is_empty());
        labels && dotted.len() > 1 && dotted.last().is_some_and(|last| last.chars().all(char::is_alphabetic))
    };
    if bare.contains('@') {
        "name@domain.example"
    } else if bare.parse::<IpAddr>().is_ok() {
        "192.0.2.1"
    } else if bare.contains("://") || bare.starts_with("www.") || host() {
        "domain.example"
    } else {
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knowledge() -> Knowledge {
        Knowledge::load(&Source::Shipped, &Brand::default()).unwrap()
    }

    #[test]
    fn a_candidate_tells_nothing_of_the_customer() {
        let question =
            "mail from <anna@shop.example> via 192.0.2.77\nto www.shop.example/x shop.example. never arrives";
        let candidate = Candidate::new(&knowledge(), question, "cannot-receive-email", "Ben").unwrap();
        assert_eq!(
            candidate.question,
            "mail from name@domain.example via 192.0.2.1 to domain.example domain.example never arrives"
        );
    }

    #[test]
    fn what_teaches_nothing_is_no_candidate() {
        let knowledge = knowledge();
        let known = &knowledge.entry("cannot-receive-email").unwrap().symptoms[0].text;
        let long = "word ".repeat(300);
        for (question, entry, who, unfit) in [
            ("a b c", "no-such", "Ben", Unfit::NoSuchEntry("no-such".to_owned())),
            ("no mail", "cannot-receive-email", "Ben", Unfit::TooShort(2)),
            (long.as_str(), "cannot-receive-email", "Ben", Unfit::TooLong(1499)),
            (known.as_str(), "cannot-receive-email", "Ben", Unfit::Known("cannot-receive-email".to_owned())),
            ("where is all my mail", "cannot-receive-email", " ", Unfit::NoName),
        ] {
            assert_eq!(Candidate::new(&knowledge, question, entry, who), Err(unfit), "{question:.30}");
        }
    }

    #[test]
    fn adopting_adds_a_symptom_and_leaves_the_rest_as_it_was_written() {
        for (text, expected) in [
            (
                "id = \"a\" # mine\nsymptoms.terse = [\n  \"one\",\n]\nerrors = []\n",
                "id = \"a\" # mine\nsymptoms.terse = [\n  \"one\",\n]\nsymptoms.adopted = [\n  \"two \\\"x\\\"\",\n]\nerrors = []\n",
            ),
            ("symptoms = [\"one\"]\n", "symptoms = [\"one\",\n  \"two \\\"x\\\"\",\n]\n"),
        ] {
            let added = added(text, &["two \"x\""]).unwrap();
            assert_eq!(added.replace('\'', "\"").replace("two \"x\"", "two \\\"x\\\""), expected);
        }
    }

    #[test]
    fn adopting_into_an_entry_that_is_not_there_changes_nothing() {
        let candidate =
            Candidate { question: "where is it".to_owned(), entry: "no-such".to_owned(), who: "Ben".to_owned() };
        let problems = adopt(&Source::Shipped, &Brand::default(), &[candidate]).unwrap_err();
        assert!(problems.to_string().contains("there is no such entry"), "{problems}");
    }
}
