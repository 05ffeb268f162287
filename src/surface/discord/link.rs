//! The permanent link of an entry, as a button.

use crate::answer::{Action, Answer};
use crate::config;
use crate::knowledge::EntryId;

/// The answer with a button that leads to its entry's own page, where the operator publishes the pages.
pub(super) fn linked(mut answer: Answer, entry: Option<&EntryId>, http: &config::Http) -> Answer {
    if let (Some(entry), Some(public)) = (entry, &http.public_url) {
        answer.next.push(Action::Open { label: "Link".to_owned(), url: format!("{public}/e/{entry}") });
    }
    answer
}
