//! The texts that people read, as authors write them: which slots a text may have, and what the operator puts in.

use std::ops::Range;

use toml::Spanned;

use crate::config::Brand;
use crate::problem::Problem;
use crate::text::{BadTemplate, Template, Text};
use crate::written::File;
use crate::written::instead;

/// The slots for the operator's own words, which every text may have.
pub(super) const BRAND: &[&str] = &["name", "console", "portal", "relay"];

/// What the operator puts into a slot.
pub(super) fn brand<'b>(brand: &'b Brand, slot: &str) -> Option<&'b str> {
    match slot {
        "name" => Some(&brand.name),
        "console" => Some(&brand.console),
        "portal" => Some(&brand.portal),
        "relay" => Some(&brand.relay),
        _ => None,
    }
}

/// A text that is whole once the operator's words are in it.
pub(super) fn read(file: &File, text: &Spanned<String>, words: &Brand, problems: &mut Vec<Problem>) -> Text {
    read_template(file, text, BRAND, problems).fill(|slot| brand(words, slot))
}

/// A text with slots, of which only those named are allowed. An empty one in its place where it is wrong.
pub(super) fn read_template(
    file: &File,
    text: &Spanned<String>,
    slots: &[&str],
    problems: &mut Vec<Problem>,
) -> Template {
    match Template::parse(text.get_ref()) {
        Ok(template) => {
            for slot in template.slots().filter(|slot| !slots.contains(slot)) {
                let seen = format!("{{{slot}}}");
                let mend = instead(&seen, slots.iter().map(|known| format!("{{{known}}}")));
                let span = place(file, text, &seen, seen.len());
                problems.push(file.problem(span, format!("there is no slot `{seen}` here"), mend));
            }
            template
        }
        Err(bad) => {
            let mend = match bad {
                BadTemplate::OpenCode(_) => "add the second backtick",
                BadTemplate::Brace(_) => "write a slot, or use round brackets",
                BadTemplate::Control(_) => "write it on one line",
            };
            let seen = text.get_ref().get(bad.offset()..).unwrap_or_default();
            problems.push(file.problem(place(file, text, seen, 1), bad, mend));
            Template::default()
        }
    }
}

/// Where the first `length` bytes of `seen`, a part of `text`, stand in the file; the whole text if that cannot be told.
fn place(file: &File, text: &Spanned<String>, seen: &str, length: usize) -> Range<usize> {
    let span = text.span();
    let at = file.text.get(span.clone()).and_then(|written| written.find(seen));
    at.map_or(span.clone(), |at| span.start + at..span.start + at + length)
}
