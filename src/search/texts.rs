//! The texts of the knowledge that speak for an entry or for silence.
//!
//! An entry's questions do not speak: they are its tests. Its advice does not either: it is said in other words than
//! the trouble.

use super::index::Side;
use super::quiet::Message;
use crate::knowledge::{Knowledge, Voice};

/// A text, for what it speaks, and what it is like.
#[derive(Clone, Copy)]
pub(super) struct Text<'k> {
    pub(super) side: Side,
    /// A symptom's voice; none of a title, an error text, or a message that wants no answer.
    pub(super) voice: Option<Voice>,
    pub(super) said: &'k str,
}

/// All of them: the messages that want no answer first, then entry by entry.
pub(super) fn texts<'k>(knowledge: &'k Knowledge, quiet: &'k [Message]) -> Vec<Text<'k>> {
    let quiet = quiet.iter().map(|message| Text { side: Side::Quiet, voice: None, said: &message.text });
    let entries = knowledge.entries().enumerate().flat_map(|(number, entry)| {
        let text = move |voice, said| Text { side: Side::Entry(number), voice, said };
        let symptoms = entry.symptoms.iter().map(move |symptom| text(Some(symptom.voice), &symptom.text));
        let named = [&entry.title].into_iter().chain(&entry.errors);
        named.map(move |named| text(None, named)).chain(symptoms)
    });
    quiet.chain(entries).collect()
}
