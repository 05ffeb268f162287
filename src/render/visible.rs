//! What cannot be seen, made visible: no renderer lets a control or formatting character through.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with every character that is invisible or reorders others replaced by `<U+202E>` and the like; line
/// breaks and tabs become blanks.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c.is_control() || is_invisible(c)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\n' | '\r' | '\t') {
            shown.push(' ');
        } else if c.is_control() || is_invisible(c) {
            let _ = write!(shown, "<U+{:04X}>", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Zero-width, bidirectional, tag and variation characters, and others that hide or move text.
const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_show_and_others_stay() {
        for (text, expected) in [
            ("plain ü 漢字 🙂", "plain ü 漢字 🙂"),
            ("a\u{202e}b", "a<U+202E>b"),
            ("a\u{1b}[31mb", "a<U+001B>[31mb"),
            ("a\r\nb\tc", "a  b c"),
            ("zero\u{200b}width", "zero<U+200B>width"),
        ] {
            assert_eq!(visible(text), expected);
        }
    }
}
