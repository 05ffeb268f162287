//! What an author should look at, though nothing is wrong: sentences that pull two entries together, markup that would be
//! shown as it stands, entries that nothing tests, faults that lead to no remedy.

use std::collections::HashMap;
use std::ops::Range;

use super::entry::Draft;
use super::source::FINDINGS;
use super::voice::Symptom;
use super::words::Words;
use crate::finding::{Code, Severity};
use crate::problem::Problem;
use crate::written::File;

/// What authors may take for markup.
const MARKUP: [&str; 4] = ["**", "__", "](", "://"];

/// Where a sentence stands first.
struct First<'d> {
    file: &'d File,
    kind: &'static str,
}

/// Warns of every sentence that was written before, in the same entry or in another.
pub(super) fn warn(drafts: &[Draft<'_>]) -> Vec<Problem> {
    let mut warnings = Vec::new();
    let mut seen: HashMap<String, First<'_>> = HashMap::new();
    let symptoms = drafts
        .iter()
        .flat_map(|draft| each(draft.file, "symptom", draft.entry.symptoms.iter().map(Symptom::text), &draft.symptoms));
    let questions = drafts.iter().flat_map(|draft| {
        each(draft.file, "question", draft.entry.questions.iter().map(String::as_str), &draft.questions)
    });
    for (file, kind, sentence, span) in symptoms.chain(questions) {
        match seen.get(&bare(sentence)) {
            None => {
                seen.insert(bare(sentence), First { file, kind });
            }
            Some(first) => {
                let place = if first.file == file { "this entry" } else { first.file.stem() };
                let what = format!("a {} of {place} says the same", first.kind);
                warnings.push(file.problem(span, what, "say one of them in other words"));
            }
        }
    }
    for draft in drafts {
        let whole = |what: &str, mend: &str| Problem::of(&draft.file.path, what, mend);
        if draft.entry.questions.is_empty() {
            warnings.push(whole("there is no `[[question]]`", "add what customers would ask, for `knowledge test`"));
        }
        let entry = &draft.entry;
        let remedies = entry.remedies.iter().map(|remedy| &remedy.text);
        for text in remedies.chain(&entry.summary).chain(&entry.cautions).chain(&entry.tips) {
            let text = text.to_string();
            if let Some(mark) = MARKUP.iter().find(|mark| text.contains(**mark)) {
                let what = format!("a text holds `{mark}`, which is shown as it stands");
                warnings.push(whole(&what, "use backticks for what is literal, and `[[link]]` for an address"));
            }
        }
    }
    warnings
}

/// Warns of every fault that marks no remedy, so that whoever has it is led nowhere; and of excuses that are out of date.
pub(super) fn unmended(drafts: &[Draft<'_>], words: &Words) -> Vec<Problem> {
    let remedies = || drafts.iter().flat_map(|draft| &draft.entry.remedies);
    let faults = Code::ALL.iter().filter(|code| code.severity() == Severity::Fail);
    let told = faults.filter_map(|code| {
        let linked = remedies().any(|remedy| remedy.confirmed_by.contains(code));
        let (what, mend) = match (linked, words.no_remedy(*code)) {
            (false, None) => (
                "marks no remedy of any entry",
                "name it in `confirmed_by` of the remedy that mends it, or say here why there is none: `no_remedy = \"…\"`",
            ),
            (true, Some(_)) => ("marks a remedy, yet is said to have none", "remove `no_remedy`"),
            _ => return None,
        };
        Some(Problem::of(&format!("{FINDINGS}/{}.toml", code.topic()), format!("`{code}` {what}"), mend))
    });
    told.collect()
}

fn each<'d>(
    file: &'d File,
    kind: &'static str,
    sentences: impl Iterator<Item = &'d str>,
    spans: &'d [Range<usize>],
) -> impl Iterator<Item = (&'d File, &'static str, &'d str, Range<usize>)> {
    sentences.zip(spans).map(move |(sentence, span)| (file, kind, sentence, span.clone()))
}

/// The letters and digits, in small: what is left when two people write the same sentence.
fn bare(sentence: &str) -> String {
    sentence.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
