//! Symptoms that pull two entries together: written for one, and yet nearly the same as a symptom of another, and more so
//! than as any of their own entry's. Either they say too little, or they stand in the wrong entry.

use std::collections::HashMap;

use super::Search;
use super::features::Reading;
use super::message::words;
use super::model::Vector;
use crate::knowledge::{EntryId, Knowledge};

/// From this likeness on (the cosine of what the model sees) two symptoms say nearly the same.
const NEARLY_THE_SAME: f32 = 0.8;

/// A symptom that is more like another entry's than like its own entry's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// The entry in which it stands.
    pub entry: EntryId,
    /// What it says.
    pub symptom: String,
    /// The entry that it is more like.
    pub other: EntryId,
    /// The symptom there.
    pub like: String,
}

impl Search {
    /// All such symptoms, in the order of the entries.
    pub fn pulls(&self, knowledge: &Knowledge) -> Vec<Pull> {
        let symptoms =
            knowledge.entries().flat_map(|entry| entry.symptoms.iter().map(|symptom| (&entry.id, &symptom.text)));
        let symptoms: Vec<(&EntryId, &String)> = symptoms.collect();
        let vectors =
            symptoms.iter().map(|(_, text)| unit(self.features.vector(Reading { words: &words(text), raw: text })));
        let vectors: Vec<Vector> = vectors.collect();
        let mut having: HashMap<u32, Vec<(usize, f32)>> = HashMap::new();
        for (at, vector) in vectors.iter().enumerate() {
            for (feature, value) in vector {
                having.entry(*feature).or_default().push((at, *value));
            }
        }
        let mut pulls = Vec::new();
        for ((at, vector), (entry, text)) in vectors.iter().enumerate().zip(&symptoms) {
            let mut likeness = vec![0.0; symptoms.len()];
            for (feature, value) in vector {
                for (other, others) in having.get(feature).into_iter().flatten() {
                    if let Some(likeness) = likeness.get_mut(*other) {
                        *likeness += value * others;
                    }
                }
            }
            let all = likeness.into_iter().zip(&symptoms).enumerate().filter(|(other, _)| *other != at);
            let nearest = all.map(|(_, found)| found).max_by(|a, b| a.0.total_cmp(&b.0));
            if let Some((likeness, (other, like))) = nearest
                && likeness >= NEARLY_THE_SAME
                && other != entry
            {
                let (entry, other) = ((*entry).clone(), (*other).clone());
                pulls.push(Pull { entry, symptom: (*text).clone(), other, like: (*like).clone() });
            }
        }
        pulls
    }
}

/// The same direction with the length of one.
fn unit(mut vector: Vector) -> Vector {
    let length = vector.iter().map(|(_, value)| value * value).sum::<f32>().sqrt();
    for (_, value) in &mut vector {
        *value /= length.max(f32::MIN_POSITIVE);
    }
    vector
}
