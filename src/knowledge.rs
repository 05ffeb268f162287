//! The knowledge: entries and the words for findings, as authors write them in TOML, read and checked.
//!
//! Reading is strict, tells all problems at once, and gives either the whole knowledge or none of it. It finds no
//! entry for a question; that is `search`. It holds no advice; that is in `knowledge/` beside `src/`.
//!
//! | module   | what it is for                                      |
//! |----------|-----------------------------------------------------|
//! | `source` | the files: the ones in the binary, or a folder      |
//! | `prose`  | the texts for people, and the slots they may have   |
//! | `entry`  | what an entry may say                               |
//! | `voice`  | how customers say it, each in a voice               |
//! | `words`  | what is said of a finding                           |
//! | `reasons` | what is said of a reason for which mail comes back |
//! | `rules`  | what is said of a spam filter's rule                |
//! | `candidate` | what a helper's answer may teach                 |
//! | `lint`   | what deserves a second look though nothing is wrong |
//!
//! To add an entry, add a file `knowledge/entries/NAME.toml`; to word a new code, add a table to
//! `knowledge/findings/TOPIC.toml`. Neither needs a line of Rust.

mod candidate;
mod entry;
mod lint;
mod prose;
mod reasons;
mod rules;
mod source;

#[cfg(test)]
mod tests;
mod voice;
mod words;

pub use crate::written::File;
pub use candidate::{Candidate, Unfit, adopt};
pub use entry::{BadId, Entry, EntryId, Link, Remedy};
pub use reasons::{ReasonText, Who};
pub use rules::RuleText;
pub use source::{Source, State};
pub use voice::{Symptom, Voice};
pub use words::FindingText;

use crate::config::Brand;
use crate::finding::Finding;
use crate::inspect::Reason;
use crate::problem::{Problem, Problems};
use crate::written::Table;
use entry::{Around, Draft};
use reasons::Reasons;
use rules::Rules;
use source::{BOUNCES, ENTRIES, FINDINGS, RULES};
use words::Words;

/// All that the bot knows to say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Knowledge {
    entries: Vec<Entry>,
    words: Words,
    reasons: Reasons,
    rules: Rules,
}

/// What an author is told about the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lint {
    /// What keeps the knowledge from being loaded.
    pub problems: Vec<Problem>,
    /// What does not, and yet deserves a second look.
    pub warnings: Vec<Problem>,
}

impl Knowledge {
    /// Loads the knowledge with the operator's words in it, or tells everything that is wrong with it.
    pub fn load(source: &Source, brand: &Brand) -> Result<Self, Problems> {
        Self::read(&source.files()?, brand)
    }

    /// The same from files that are at hand.
    pub fn read(files: &[File], brand: &Brand) -> Result<Self, Problems> {
        let Files { drafts, words, rules, mut problems } = read(files, brand);
        let reasons = read_reasons(files, brand, &mut problems);
        let entries = drafts.into_iter().map(|draft| draft.entry).collect();
        if problems.is_empty() { Ok(Self { entries, words, reasons, rules }) } else { Err(Problems(problems)) }
    }

    /// What is wrong, and what deserves a second look.
    pub fn lint(source: &Source, brand: &Brand) -> Lint {
        match source.files() {
            Ok(files) => {
                let Files { drafts, words, mut problems, .. } = read(&files, brand);
                read_reasons(&files, brand, &mut problems);
                let warnings = lint::warn(&drafts).into_iter().chain(lint::unmended(&drafts, &words));
                Lint { problems, warnings: warnings.collect() }
            }
            Err(Problems(problems)) => Lint { problems, warnings: Vec::new() },
        }
    }

    /// All entries, by name.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The entry of this name.
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id.as_str() == id)
    }

    /// A finding in words. What came from outside stays what it is: the words are the authors' alone.
    pub fn words(&self, finding: &Finding) -> FindingText {
        self.words.render(finding)
    }

    /// A reason for which mail comes back, in words.
    pub fn reason(&self, reason: Reason) -> ReasonText {
        self.reasons.of(reason)
    }

    /// A rule of a spam filter in plain words, where there are any: what it means, and what to do.
    pub fn rule(&self, name: &str) -> Option<RuleText> {
        self.rules.render(name)
    }
}

/// The shipped words for findings, without which no knowledge is whole.
#[cfg(test)]
pub(crate) fn shipped_words() -> Vec<File> {
    let files = Source::Shipped.files().unwrap_or_default();
    files.into_iter().filter(|file| file.is_in(FINDINGS)).collect()
}

/// What all the files hold.
struct Files<'f> {
    drafts: Vec<Draft<'f>>,
    words: Words,
    rules: Rules,
    problems: Vec<Problem>,
}

fn read<'f>(files: &'f [File], brand: &Brand) -> Files<'f> {
    let names: Vec<&str> = files.iter().filter(|file| file.is_in(ENTRIES)).map(File::stem).collect();
    let around = Around { brand, names: &names };
    let (mut drafts, mut words, mut rules) = (Vec::new(), Words::new(brand), Rules::new(brand));
    let mut problems = Vec::new();
    let mut all_words_seen = true;
    for file in files {
        match Table::open(file, &mut problems) {
            Some(table) if file.is_in(FINDINGS) => words.read(table, &mut problems),
            Some(_) if file.is_in(BOUNCES) => {}
            Some(table) if file.is_in(RULES) => rules.read(table, &mut problems),
            Some(table) => drafts.extend(Draft::read(table, &around, &mut problems)),
            None => all_words_seen &= !file.is_in(FINDINGS),
        }
    }
    if all_words_seen {
        words.demand_all(&mut problems);
    }
    if names.is_empty() {
        problems.push(Problem::of(ENTRIES, "there is no entry", "add one as `entries/NAME.toml`"));
    }
    problems.sort_by(|a, b| order(a).cmp(&order(b)));
    Files { drafts, words, rules, problems }
}

/// The words for reasons: of the files, or the shipped ones where there are none.
fn read_reasons(files: &[File], brand: &Brand, problems: &mut Vec<Problem>) -> Reasons {
    let mut reasons = Reasons::default();
    let mut unread = Vec::new();
    let mut add = |files: &[File], names: &[&str], problems: &mut Vec<Problem>| {
        let around = Around { brand, names };
        let mut whole = true;
        for file in files.iter().filter(|file| file.is_in(BOUNCES)) {
            // What is no TOML was told already.
            match Table::open(file, &mut unread) {
                Some(table) => reasons.read(table, &around, problems),
                None => whole = false,
            }
        }
        if whole {
            reasons.demand_all(problems);
        }
    };
    if files.iter().any(|file| file.is_in(BOUNCES)) {
        let names: Vec<&str> = files.iter().filter(|file| file.is_in(ENTRIES)).map(File::stem).collect();
        add(files, &names, problems);
    } else {
        let (files, names) = source::shipped_bounces();
        add(&files, &names.iter().map(String::as_str).collect::<Vec<_>>(), problems);
    }
    reasons
}

/// The order in which an author reads the files.
fn order(problem: &Problem) -> (&str, Option<(usize, usize)>) {
    (&problem.file, problem.place.as_ref().map(|place| (place.line, place.column)))
}
