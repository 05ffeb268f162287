//! Symptoms that pull two entries together: written for one, and yet more like another, even to a model that has seen
//! them. Either they say too little, or they stand in the wrong entry.

use super::Search;
use crate::knowledge::{EntryId, Knowledge};

/// A symptom that is more like another entry than like its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// The entry in which it stands.
    pub entry: EntryId,
    /// The entry that it is more like.
    pub other: EntryId,
    /// What it says.
    pub symptom: String,
}

impl Search {
    /// All such symptoms, in the order of the entries.
    pub fn pulls(&self, knowledge: &Knowledge) -> Vec<Pull> {
        let symptoms = knowledge.entries().flat_map(|entry| entry.symptoms.iter().map(move |symptom| (entry, symptom)));
        let pulls = symptoms.filter_map(|(entry, symptom)| {
            let best = self.find(&symptom.text).matches.into_iter().next()?.entry;
            let pull = Pull { entry: entry.id.clone(), other: best, symptom: symptom.text.clone() };
            (pull.other != pull.entry).then_some(pull)
        });
        pulls.collect()
    }
}
