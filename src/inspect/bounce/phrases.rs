//! What mail servers write when they refuse a mail, and what it means: the table in `index/refusals.txt`, looked up.
//!
//! Reads no codes and no structure; that is for `said` and `report`.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::reason::Reason;

/// The table.
const WRITTEN: &str = include_str!("../../../index/refusals.txt");

/// The first reason whose phrase is in a text: in small letters, blanks alone between words.
pub(super) fn reason_of(text: &str) -> Option<Reason> {
    let table = TABLE.as_ref()?;
    let mut begun: Vec<usize> =
        table.beginnings.find_overlapping_iter(text).map(|found| found.pattern().as_usize()).collect();
    // In the order of the table, so the first that fits is the one that counts.
    begun.sort_unstable();
    begun.dedup();
    let fits = begun.into_iter().filter_map(|at| table.phrases.get(at)).find(|(_, pieces)| holds(text, pieces));
    fits.map(|(reason, _)| *reason)
}

/// The phrases, and one automaton that finds how each begins.
struct Table {
    beginnings: AhoCorasick,
    phrases: Vec<(Reason, Vec<&'static str>)>,
}

static TABLE: LazyLock<Option<Table>> = LazyLock::new(|| {
    let phrases: Vec<_> = phrases().map(|(reason, phrase)| (reason, phrase.split('*').collect::<Vec<_>>())).collect();
    let first = phrases.iter().map(|(_, pieces)| pieces.first().copied().unwrap_or_default());
    Some(Table { beginnings: AhoCorasick::new(first).ok()?, phrases })
});

/// The phrases as they are written, with their reasons.
fn phrases() -> impl Iterator<Item = (Reason, &'static str)> {
    let lines = WRITTEN.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut reason = None;
    let each = lines.map(move |line| match line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
        Some(name) => {
            reason = Reason::ALL.iter().copied().find(|reason| reason.as_str() == name);
            None
        }
        None => Some((reason?, line)),
    });
    each.flatten()
}

/// Whether the pieces stand in a text one after another.
fn holds(text: &str, pieces: &[&str]) -> bool {
    let mut rest = Some(text);
    for piece in pieces {
        rest = rest.and_then(|rest| rest.split_once(piece)).map(|(_, after)| after);
    }
    rest.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phrase_of_the_table_counts() {
        let written = WRITTEN.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '[']));
        assert_eq!(phrases().count(), written.count(), "a heading names no reason");
        for (reason, phrase) in phrases() {
            let text = phrase.replace('*', " something ");
            assert_eq!(reason_of(&text), Some(reason), "`{phrase}`");
            assert_eq!(text, super::super::said::small(&text), "`{phrase}` is not in small letters");
        }
    }

    #[test]
    fn pieces_stand_in_order() {
        for (text, found) in
            [("mailbox for bert is full", true), ("is full, the mailbox for bert", false), ("is full", false)]
        {
            assert_eq!(holds(text, &["mailbox for ", " is full"]), found, "{text}");
        }
        assert_eq!(reason_of("hello"), None);
    }
}
