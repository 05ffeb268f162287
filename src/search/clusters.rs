//! Questions that are like each other, in groups: for those who want to know what people ask and nobody answers.

use std::collections::{BTreeSet, HashMap};

use super::message::words;

/// How much of the weight of two questions' words must be common to both.
const ALIKE: f64 = 0.4;

/// Groups texts by the words that they share, rare ones counting more; the numbers of the texts, the largest group first.
/// Each group begins with its first text, to which all others of it are like. Takes the square of their number at most.
pub fn clusters(texts: &[&str]) -> Vec<Vec<usize>> {
    let read: Vec<BTreeSet<String>> = texts.iter().map(|text| words(text).into_iter().collect()).collect();
    let mut often: HashMap<&str, f64> = HashMap::new();
    for word in read.iter().flatten() {
        *often.entry(word).or_default() += 1.0;
    }
    let count: f64 = often.values().copied().fold(1.0, f64::max);
    let weight = |word: &String| (1.0 + count / often.get(word.as_str()).copied().unwrap_or(1.0)).ln();
    let total = |words: &mut dyn Iterator<Item = &String>| words.map(weight).sum::<f64>();
    let alike = |a: &BTreeSet<String>, b: &BTreeSet<String>| {
        let all = total(&mut a.union(b));
        all == 0.0 || total(&mut a.intersection(b)) / all >= ALIKE
    };
    let mut groups: Vec<(usize, Vec<usize>)> = Vec::new();
    for (at, words) in read.iter().enumerate() {
        let group = groups.iter_mut().find(|(first, _)| read.get(*first).is_some_and(|first| alike(first, words)));
        match group {
            Some((_, group)) => group.push(at),
            None => groups.push((at, vec![at])),
        }
    }
    groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.len()));
    groups.into_iter().map(|(_, group)| group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_the_same_is_together_and_the_largest_group_comes_first() {
        let texts = [
            "how do I export my calendar",
            "can I get a refund for my plan",
            "how do i export the calendar?",
            "HOW DO I EXPORT CALENDAR",
            "can i get a refund for the plan",
        ];
        assert_eq!(clusters(&texts), [vec![0, 2, 3], vec![1, 4]]);
    }

    #[test]
    fn nothing_and_no_words_are_no_trouble() {
        assert_eq!(clusters(&[]), Vec::<Vec<usize>>::new());
        assert_eq!(clusters(&["", "???"]), [vec![0, 1]]);
    }
}
