//! What an author should look at, though nothing is wrong: sentences that pull two entries together, markup that would be
//! shown as it stands, entries that nothing tests.

use std::collections::HashMap;
use std::ops::Range;

use super::entry::Draft;
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
    let symptoms = drafts.iter().flat_map(|draft| each(draft.file, "symptom", &draft.entry.symptoms, &draft.symptoms));
    let questions =
        drafts.iter().flat_map(|draft| each(draft.file, "question", &draft.entry.questions, &draft.questions));
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

fn each<'d>(
    file: &'d File,
    kind: &'static str,
    sentences: &'d [String],
    spans: &'d [Range<usize>],
) -> impl Iterator<Item = (&'d File, &'static str, &'d str, Range<usize>)> {
    sentences.iter().zip(spans).map(move |(sentence, span)| (file, kind, sentence.as_str(), span.clone()))
}

/// The letters and digits, in small: what is left when two people write the same sentence.
fn bare(sentence: &str) -> String {
    sentence.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
