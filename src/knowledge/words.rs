//! The words for findings: what `knowledge/findings/*.toml` says of each code.
//!
//! The words are the authors', the names and records in them are from outside: rendering keeps the two apart.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use toml::Spanned;

use super::prose;
use super::source::FINDINGS;
use crate::config::Brand;
use crate::finding::{Code, Finding};
use crate::problem::Problem;
use crate::text::{Template, Text};
use crate::written::{Table, instead};

/// How many characters a title may have.
const LONGEST_TITLE: usize = 100;
/// How many characters any other text may have.
const LONGEST_TEXT: usize = 1000;
/// What stands where a finding does not carry a detail that its words name.
const MISSING: &str = "…";

/// The words for every code there is, and the operator's own for their slots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Words {
    brand: Brand,
    by_code: BTreeMap<Code, Wording>,
}

/// The words for one code.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wording {
    title: Template,
    text: Template,
    fix: Option<Template>,
    /// Why no entry's remedy mends it, where none does.
    no_remedy: Option<String>,
}

/// A finding in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingText {
    /// What was found, in a few words.
    pub title: Text,
    /// What it means.
    pub text: Text,
    /// What to do about it.
    pub fix: Option<Text>,
}

impl Words {
    /// No words yet.
    pub(super) fn new(brand: &Brand) -> Self {
        Self { brand: brand.clone(), by_code: BTreeMap::new() }
    }

    /// A finding in words, with its subject and details in their places.
    pub(super) fn render(&self, finding: &Finding) -> FindingText {
        let fill = |template: &Template| {
            template.fill(|slot| match (slot, finding.details.get(slot)) {
                (_, Some(detail)) => Some(detail),
                ("subject", None) => Some(&finding.subject),
                (_, None) => prose::brand(&self.brand, slot).or(Some(MISSING)),
            })
        };
        match self.by_code.get(&finding.code) {
            Some(words) => {
                FindingText { title: fill(&words.title), text: fill(&words.text), fix: words.fix.as_ref().map(fill) }
            }
            // Loaded knowledge has words for every code; before it is loaded, the code speaks for itself.
            None => FindingText { title: Text::plain(finding.code), text: Text::default(), fix: None },
        }
    }

    /// Reads the words of one file. A code that has words already keeps them.
    pub(super) fn read(&mut self, table: Table<'_>, problems: &mut Vec<Problem>) {
        let file = table.file;
        for (name, table) in table.into_tables(problems) {
            let Some(&code) = Code::ALL.iter().find(|code| code.as_str() == name.get_ref()) else {
                let mend = instead(name.get_ref(), Code::ALL.iter().map(ToString::to_string));
                problems.push(file.problem(name.span(), format!("there is no code `{}`", name.get_ref()), mend));
                continue;
            };
            let words = Wording::read(table, code, problems);
            match self.by_code.entry(code) {
                Entry::Vacant(place) => {
                    place.insert(words);
                }
                Entry::Occupied(_) => {
                    let what = format!("`{code}` has words in another file already");
                    problems.push(file.problem(name.span(), what, "remove one of the two"));
                }
            }
        }
    }

    /// Why no remedy mends what a code says, where the authors say so.
    pub(super) fn no_remedy(&self, code: Code) -> Option<&str> {
        self.by_code.get(&code)?.no_remedy.as_deref()
    }

    /// Notes every code that has no words.
    pub(super) fn demand_all(&self, problems: &mut Vec<Problem>) {
        let wordless = Code::ALL.iter().filter(|code| !self.by_code.contains_key(code));
        problems.extend(wordless.map(|code| {
            let file = format!("{FINDINGS}/{}.toml", code.topic());
            Problem::of(&file, format!("`{code}` has no words"), format!("add `[{code}]` with a `title` and a `text`"))
        }));
    }
}

impl Wording {
    fn read(mut table: Table<'_>, code: Code, problems: &mut Vec<Problem>) -> Self {
        let slots: Vec<&str> = ["subject"].iter().chain(code.details()).chain(prose::BRAND).copied().collect();
        let file = table.file;
        let title = table.text("title", LONGEST_TITLE, problems);
        let text = table.text("text", LONGEST_TEXT, problems);
        let fix = table.optional_text("fix", LONGEST_TEXT, problems);
        let no_remedy = table.optional_text("no_remedy", LONGEST_TEXT, problems).map(Spanned::into_inner);
        table.close(problems);
        let mut read = |text: &Spanned<String>| prose::read_template(file, text, &slots, problems);
        Self { title: read(&title), text: read(&text), fix: fix.as_ref().map(read), no_remedy }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_detail_takes_the_name_of_another_slot() {
        for code in Code::ALL {
            for detail in code.details() {
                assert!(*detail != "subject" && !prose::BRAND.contains(detail), "{code}: {detail}");
            }
        }
    }
}
