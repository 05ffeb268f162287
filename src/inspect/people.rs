//! Whose addresses a text holds. What stands before the `@` names a person; it is collected here so that an answer that
//! others read can leave it out, also where a server writes it without the domain (`mailbox jane is full`).

use std::collections::HashSet;

use super::letter::Letter;

/// How many are kept: more than a mail to many recipients shows.
const MOST: usize = 500;
/// How much of each text is read.
const READ: usize = 256 << 10;
/// The longest local part (RFC 5321 section 4.5.3.1.1).
const LONGEST: usize = 64;

/// The local parts of all addresses of a mail, in small letters, each once.
pub(super) fn all_in(letter: &Letter) -> Vec<String> {
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    let headers = letter.headers.iter().map(|header| header.value.as_str());
    for text in headers.chain(letter.parts.iter().map(|part| part.text.as_str())) {
        for local in locals(text.get(..text.floor_char_boundary(READ)).unwrap_or_default()) {
            if found.len() >= MOST {
                return found;
            }
            if seen.insert(local.clone()) {
                found.push(local);
            }
        }
    }
    found
}

/// What stands before each `@` of a text, with or without quotation marks.
fn locals(text: &str) -> impl Iterator<Item = String> + '_ {
    let mut pieces = text.split('@').peekable();
    std::iter::from_fn(move || {
        let before = pieces.next()?;
        pieces.peek()?;
        Some(before)
    })
    .filter_map(|before| {
        let local = if let Some(quoted) = before.strip_suffix('"') {
            quoted.rsplit('"').next().unwrap_or_default()
        } else {
            let start = before.char_indices().rev().take(LONGEST).take_while(|(_, c)| is_of_local(*c)).last();
            before.get(start?.0..)?
        };
        let local = local.trim_matches('.').to_lowercase();
        (!local.is_empty() && local.len() <= LONGEST).then_some(local)
    })
}

/// What may stand before the `@` without quotation marks (RFC 5322 section 3.2.3).
fn is_of_local(c: char) -> bool {
    c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_named_is_found() {
        let letter = Letter::read(
            b"From: Jane <Jane.Doe@example.com>\nTo: \"odd name\"@example.org, x+tag@example.net\nSubject: a @ b\n\nrfc822;bert@firm.example, @nobody\n",
        )
        .unwrap();
        assert_eq!(all_in(&letter), ["jane.doe", "odd name", "x+tag", "bert"]);
    }
}
