//! The words of an HTML part: tags taken out, blocks on lines of their own, the common character references resolved.
//!
//! Enough to find error texts in what providers send; no rendering, and no look at styles or hidden text.

/// Tags after which a new line begins.
const BLOCKS: [&str; 12] = ["br", "p", "div", "tr", "td", "li", "h1", "h2", "h3", "table", "pre", "hr"];
/// Tags whose content nobody reads.
const SILENT: [&str; 3] = ["style", "script", "title"];
/// The references that mails use; others stay as they are.
const NAMED: [(&str, char); 6] = [("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("nbsp", ' '), ("apos", '\'')];
/// The longest reference, without `&` and `;`.
const LONGEST_REFERENCE: usize = 10;

/// The words, with line breaks where blocks end.
pub(super) fn words(html: &str) -> String {
    let mut text = String::with_capacity(html.len() / 2);
    let mut rest = html;
    let mut silent: Option<&str> = None;
    while let Some((before, after)) = rest.split_once('<') {
        if silent.is_none() {
            push(&mut text, before);
        }
        // Up to whichever comes first, so that no text is looked through twice.
        let end = after.find(['<', '>']);
        let tag = end.and_then(|end| Some((after.get(..end)?, after.get(end..)?.strip_prefix('>')?)));
        let Some((tag, behind)) = tag.filter(|(tag, _)| is_tag(tag)) else {
            literal(&mut text, silent);
            rest = after;
            continue;
        };
        let closes = tag.starts_with('/');
        let name = tag.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let name = name.to_ascii_lowercase();
        match (silent, SILENT.iter().find(|known| **known == name)) {
            (Some(open), Some(known)) if closes && open == *known => silent = None,
            (None, Some(known)) if !closes => silent = Some(known),
            _ => {}
        }
        if BLOCKS.contains(&name.as_str()) && !text.ends_with('\n') {
            text.push('\n');
        }
        rest = behind;
    }
    if silent.is_none() {
        push(&mut text, rest);
    }
    text
}

/// An opening sign that opens no tag.
fn literal(text: &mut String, silent: Option<&str>) {
    if silent.is_none() {
        text.push('<');
    }
}

/// Whether this, between angle brackets, is a tag: some write addresses as they are, and a sign before a blank opens none.
fn is_tag(inner: &str) -> bool {
    let address = inner.contains('@') && !inner.contains('=');
    !address && inner.starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c))
}

/// Adds text between tags: runs of white space become one blank, and references what they stand for.
fn push(text: &mut String, raw: &str) {
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        if c.is_whitespace() {
            if !text.ends_with([' ', '\n']) {
                text.push(' ');
            }
            continue;
        }
        let resolved = if c == '&' { reference(chars.as_str()) } else { None };
        if let Some((meant, rest)) = resolved {
            text.push(meant);
            chars = rest.chars();
        } else {
            text.push(c);
        }
    }
}

/// What a reference after its `&` stands for, and the text behind it.
fn reference(after: &str) -> Option<(char, &str)> {
    let end = after.bytes().take(LONGEST_REFERENCE).position(|byte| byte == b';')?;
    let (name, rest) = (after.get(..end)?, after.get(end + 1..)?);
    let meant = match name.strip_prefix('#') {
        Some(number) => {
            let hex = number.strip_prefix(['x', 'X']).map(|hex| u32::from_str_radix(hex, 16));
            char::from_u32(hex.unwrap_or_else(|| number.parse()).ok()?)?
        }
        None => NAMED.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?.1,
    };
    Some((if meant.is_control() || meant == '\u{a0}' { ' ' } else { meant }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_go_and_blocks_get_lines() {
        for (html, expected) in [
            (
                "<p>Your message to <b>anna@example.com</b> couldn&#39;t be\n delivered.</p>",
                "\nYour message to anna@example.com couldn't be delivered.\n",
            ),
            ("<style>p {}</style><div>550 &lt;a@b.example&gt;&nbsp;unknown</div>", "\n550 <a@b.example> unknown\n"),
            ("a < b & c &unknown; <anna@b.example> d", "a < b & c &unknown; <anna@b.example> d"),
            ("plain &amp; simple", "plain & simple"),
            ("<title>x</title", ""),
        ] {
            assert_eq!(words(html), expected, "{html}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(html in "(<[a-z/]{0,8}>?|&#?[a-z0-9]{0,4};?|[ -~é]){0,60}") {
            proptest::prop_assert!(words(&html).len() <= html.len() + 1);
        }
    }
}
