//! Spelling: the known word that an unknown one was meant to be.
//!
//! One letter missing, added, changed or swapped with its neighbour. Each known word is filed under itself with each one
//! of its letters left out (symmetric deletion), so a look-up costs as many hashes as the word has letters. Short words
//! are left alone: too many others are near.

use std::collections::HashMap;

/// A shorter word is near too many others.
const SHORTEST: usize = 4;
/// A longer word is no word.
const LONGEST: usize = 24;

/// The known words, filed so that a misspelt one finds them.
#[derive(Default)]
pub(super) struct Spelling {
    near: HashMap<u64, Vec<u32>>,
    words: Vec<(String, u32)>,
}

impl Spelling {
    /// Files words, each with how often it was seen.
    pub(super) fn new(mut words: Vec<(String, u32)>) -> Self {
        words.retain(|(word, _)| (SHORTEST..=LONGEST).contains(&word.chars().count()));
        words.sort();
        let mut near: HashMap<u64, Vec<u32>> = HashMap::new();
        for ((word, _), number) in words.iter().zip(0..) {
            for key in keys(word) {
                near.entry(key).or_default().push(number);
            }
        }
        Self { near, words }
    }

    /// The most frequent known word that is one mistake away from an unknown one.
    pub(super) fn correct(&self, unknown: &str) -> Option<&str> {
        if !(SHORTEST..=LONGEST).contains(&unknown.chars().count()) {
            return None;
        }
        let numbers = keys(unknown).filter_map(|key| self.near.get(&key)).flatten();
        let words = numbers.filter_map(|number| self.words.get(usize::try_from(*number).ok()?));
        let near = words.filter(|(word, _)| is_near(unknown, word));
        near.max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0))).map(|(word, _)| word.as_str())
    }
}

/// A word's hash, and those of the word without each of its letters.
fn keys(word: &str) -> impl Iterator<Item = u64> {
    let without = move |left_out: Option<usize>| {
        let letters = word.chars().enumerate().filter(move |(at, _)| Some(*at) != left_out);
        super::features::hash(letters.map(|(_, letter)| u64::from(letter)))
    };
    [without(None)].into_iter().chain((0..word.chars().count()).map(move |at| without(Some(at))))
}

/// Whether one missing, added, changed or swapped letter makes one word the other.
fn is_near(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let start = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let (a, b) = (a.get(start..).unwrap_or_default(), b.get(start..).unwrap_or_default());
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    match (a.get(..a.len() - end).unwrap_or_default(), b.get(..b.len() - end).unwrap_or_default()) {
        ([] | [_], [] | [_]) => true,
        ([first, second], [third, fourth]) => first == fourth && second == third,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mistake_is_forgiven_and_two_are_not() {
        let known = ["password", "receive", "webmail", "mail", "main"].map(|word| (word.to_owned(), 1));
        let spelling = Spelling::new(known.to_vec());
        for (unknown, meant) in [
            ("pasword", Some("password")),
            ("passsword", Some("password")),
            ("passwird", Some("password")),
            ("recieve", Some("receive")),
            ("webmial", Some("webmail")),
            ("wbmial", None),
            ("mai", None),
            ("zebra", None),
            ("", None),
        ] {
            assert_eq!(spelling.correct(unknown), meant, "{unknown}");
        }
    }

    #[test]
    fn the_more_frequent_word_is_meant() {
        let spelling = Spelling::new(vec![("form".to_owned(), 1), ("from".to_owned(), 9)]);
        assert_eq!(spelling.correct("frm"), None, "too short to tell");
        let spelling = Spelling::new(vec![("sender".to_owned(), 9), ("sended".to_owned(), 1)]);
        assert_eq!(spelling.correct("sende"), Some("sender"));
    }
}
