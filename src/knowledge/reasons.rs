//! The words for reasons: what `knowledge/bounces/*.toml` says of each reason for which mail comes back.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use super::entry::{Around, EntryId};
use super::prose;
use super::source::BOUNCES;
use crate::inspect::Reason;
use crate::problem::Problem;
use crate::text::Text;
use crate::written::{Table, instead};

/// How many characters a title may have.
const LONGEST_TITLE: usize = 100;
/// How many characters any other text may have.
const LONGEST_TEXT: usize = 1000;

/// The words for every reason there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reasons(BTreeMap<Reason, ReasonText>);

/// A reason in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReasonText {
    /// In a few words.
    pub title: Text,
    /// What it means.
    pub text: Text,
    /// Who can mend it, the likeliest first; nobody where nothing is broken.
    pub who: Vec<Who>,
    /// What to do next.
    pub next: Text,
    /// The entry with more steps.
    pub entry: Option<EntryId>,
}

/// Somebody who can mend something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Whoever sent the mail.
    You,
    /// Whoever should have got it, or their provider.
    Recipient,
    /// Who runs the server that sent it.
    Host,
}

impl Who {
    /// All there are.
    const ALL: [Self; 3] = [Self::You, Self::Recipient, Self::Host];
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::You => "you",
            Self::Recipient => "recipient",
            Self::Host => "host",
        })
    }
}

impl Reasons {
    /// A reason in words; its name alone before knowledge is loaded.
    pub(super) fn of(&self, reason: Reason) -> ReasonText {
        let named = || ReasonText { title: Text::plain(reason), ..ReasonText::default() };
        self.0.get(&reason).cloned().unwrap_or_else(named)
    }

    /// Reads the words of one file. A reason that has words already keeps them.
    pub(super) fn read(&mut self, table: Table<'_>, around: &Around<'_>, problems: &mut Vec<Problem>) {
        let file = table.file;
        for (name, mut table) in table.into_tables(problems) {
            let known = Reason::ALL.iter().find(|reason| reason.as_str() == name.get_ref());
            let Some(&reason) = known else {
                let mend = instead(name.get_ref(), Reason::ALL.iter().map(ToString::to_string));
                problems.push(file.problem(name.span(), format!("there is no reason `{}`", name.get_ref()), mend));
                continue;
            };
            let title = table.text("title", LONGEST_TITLE, problems);
            let text = table.text("text", LONGEST_TEXT, problems);
            let next = table.text("next", LONGEST_TEXT, problems);
            let who = table.choices("who", "such person", &Who::ALL, problems);
            let entry = table.optional_text("entry", LONGEST_TITLE, problems);
            table.close(problems);
            if let Some(entry) = entry.as_ref().filter(|entry| !around.names.contains(&entry.get_ref().as_str())) {
                let mend = instead(entry.get_ref(), around.names.iter().map(ToString::to_string));
                let what = format!("there is no entry `{}`", entry.get_ref());
                problems.push(file.problem(entry.span(), what, mend));
            }
            let mut read = |text| prose::read(file, text, around.brand, problems);
            let words = ReasonText {
                title: read(&title),
                text: read(&text),
                who: who.into_iter().map(toml::Spanned::into_inner).collect(),
                next: read(&next),
                entry: entry.and_then(|entry| entry.get_ref().parse().ok()),
            };
            match self.0.entry(reason) {
                Entry::Vacant(place) => {
                    place.insert(words);
                }
                Entry::Occupied(_) => {
                    let what = format!("`{reason}` has words in another file already");
                    problems.push(file.problem(name.span(), what, "remove one of the two"));
                }
            }
        }
    }

    /// Notes every reason that has no words.
    pub(super) fn demand_all(&self, problems: &mut Vec<Problem>) {
        let wordless = Reason::ALL.iter().filter(|reason| !self.0.contains_key(reason));
        problems.extend(wordless.map(|reason| {
            let mend = format!("add `[{reason}]` with a `title`, a `text`, `who` and `next`");
            Problem::of(&format!("{BOUNCES}/reasons.toml"), format!("`{reason}` has no words"), mend)
        }));
    }
}
