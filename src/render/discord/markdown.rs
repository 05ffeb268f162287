//! Text as Discord's Markdown shows it: inert, and cut where it is too long.
//!
//! Nothing from outside becomes markup, a mention or a link here; the messages themselves are made one level up.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::render::visible;
use crate::text::{Span, Text};

/// A text, its literal parts as code.
pub(super) fn markdown(text: &Text) -> String {
    text.0
        .iter()
        .map(|span| match span {
            Span::Plain(words) => escape(words),
            Span::Code(literal) => format!("`{}`", inert(literal)),
        })
        .collect()
}

/// The words alone: Markdown acts in a title, links do not. (A footer and a label take words as they are.)
pub(super) fn title_words(text: &Text) -> String {
    text.0
        .iter()
        .map(|span| match span {
            Span::Plain(words) | Span::Code(words) => escape(words),
        })
        .collect()
}

/// Escapes what Discord's Markdown acts on, mentions and bare links among it.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    let shown = visible(text);
    let mut before = [' ', ' '];
    for (at, c) in shown.char_indices() {
        let line_start = at == 0;
        match c {
            '\\' | '*' | '_' | '~' | '`' | '|' | '[' | ']' | '(' | ')' | '<' | '>' => {
                escaped.push('\\');
                escaped.push(c);
            }
            '#' | '-' | '+' if line_start => {
                escaped.push('\\');
                escaped.push(c);
            }
            '@' => escaped.push_str("@\u{200b}"),
            ':' if before[1].is_ascii_alphabetic() && shown.split_at(at).1.starts_with("://") => {
                escaped.push_str("\u{200b}:");
            }
            c => escaped.push(c),
        }
        before = [before[1], c];
    }
    escaped
}

/// A literal that cannot leave its code span.
pub(super) fn inert(text: &str) -> String {
    visible(text).replace('`', "ˋ")
}

/// The first characters, cut between graphemes, with a sign that something is missing.
pub(super) fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let (mut kept, mut used) = (String::new(), 1);
    for grapheme in text.graphemes(true) {
        used += grapheme.chars().count();
        if used > limit {
            break;
        }
        kept.push_str(grapheme);
    }
    // A lone backslash at the end would escape the sign.
    let escaping = kept.chars().rev().take_while(|&c| c == '\\').count() % 2 == 1;
    if escaping {
        kept.pop();
    }
    kept.push('…');
    kept
}
