//! From votes to confidence: how likely it is that an entry is the one a message is about.
//!
//! A logistic model of four features, each a logarithm that a person can follow. Its weights were fitted once, on the
//! symptoms and quiet messages that the knowledge had then, each left out in turn; they say nothing of any entry.

use super::index::Votes;

/// Added to votes before their logarithm is taken: fewer are as good as none.
const FEW: f64 = 0.01;
/// Beyond so many different words a message does not become more telling.
const MANY_WORDS: usize = 16;

/// The model: what each feature weighs, and where it starts.
const LEAD: f64 = 2.06;
const AGAINST_QUIET: f64 = 0.61;
const STRENGTH: f64 = 0.54;
const LENGTH: f64 = 1.22;
const START: f64 = -3.49;

/// What speaks for an entry.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Features {
    /// How far it leads the best of the others, or trails it.
    lead: f64,
    /// How far it leads the messages that want no answer.
    against_quiet: f64,
    /// How much its phrases are like the message at all.
    strength: f64,
    /// How much there is to go by: anything is like a single word.
    length: f64,
}

impl Features {
    fn confidence(self) -> f64 {
        let sum = START
            + LEAD * self.lead
            + AGAINST_QUIET * self.against_quiet
            + STRENGTH * self.strength
            + LENGTH * self.length;
        1.0 / (1.0 + (-sum).exp())
    }
}

/// The confidence in each entry, given how a part with so many different words was voted on; none without votes.
pub(super) fn confidences(votes: &Votes, words: usize) -> Vec<f64> {
    let best = |except: Option<usize>| {
        let others = votes.entries.iter().enumerate().filter(|(entry, _)| Some(*entry) != except);
        others.map(|(entry, votes)| (*votes, entry)).max_by(|a, b| a.0.total_cmp(&b.0))
    };
    let first = best(None);
    let second = best(first.map(|(_, entry)| entry));
    let length = f64::from(u32::try_from(words.min(MANY_WORDS)).unwrap_or(u32::MAX)).ln_1p();
    let one = |(entry, &own): (usize, &f64)| {
        let rival = if first.is_some_and(|(_, leader)| leader == entry) { second } else { first };
        let rival = rival.map_or(0.0, |(votes, _)| votes);
        let own_log = (own + FEW).ln();
        let features = Features {
            lead: own_log - (rival + FEW).ln(),
            against_quiet: own_log - (votes.quiet + FEW).ln(),
            strength: own_log,
            length,
        };
        if own > 0.0 { features.confidence() } else { 0.0 }
    };
    votes.entries.iter().enumerate().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(entries: &[f64], quiet: f64, words: usize) -> Vec<f64> {
        confidences(&Votes { entries: entries.to_vec(), quiet }, words)
    }

    #[test]
    fn confidence_grows_with_lead_strength_and_length_and_shrinks_with_quiet() {
        let usual = of(&[1.0, 0.5, 0.0], 0.3, 8);
        assert!(usual[0] > usual[1]);
        assert!(usual[0] > of(&[1.0, 0.9, 0.0], 0.3, 8)[0]);
        assert!(usual[0] > of(&[0.5, 0.25, 0.0], 0.3, 8)[0]);
        assert!(usual[0] > of(&[1.0, 0.5, 0.0], 0.9, 8)[0]);
        assert!(usual[0] > of(&[1.0, 0.5, 0.0], 0.3, 2)[0]);
    }

    #[test]
    fn without_votes_there_is_no_confidence() {
        assert_eq!(of(&[0.0, 0.0], 0.0, 9), [0.0, 0.0]);
        assert_eq!(of(&[], 0.0, 9), Vec::<f64>::new());
    }

    #[test]
    fn confidence_stays_between_none_and_all() {
        for own in [1e-9, 1.0, 1e9, f64::MAX] {
            let confidence = of(&[own, 0.0], 0.0, 1_000)[0];
            assert!((0.0..=1.0).contains(&confidence), "{own}: {confidence}");
        }
    }
}
