//! Canonicalization (RFC 6376 section 3.4): what of a message a signature covers, however it was folded on its way.

use super::original::{Field, Original};

/// How much change in transit a signature puts up with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Canonicalization {
    /// Almost none.
    Simple,
    /// Changes of blanks and folding.
    Relaxed,
}

impl Canonicalization {
    /// Reads one word of `c=`.
    pub(super) fn named(word: &str) -> Option<Self> {
        match word {
            "simple" => Some(Self::Simple),
            "relaxed" => Some(Self::Relaxed),
            _ => None,
        }
    }

    /// Appends a header field (sections 3.4.1 and 3.4.2), with its line ending.
    pub(super) fn field(self, Field { name, value, .. }: Field<'_>, out: &mut Vec<u8>) {
        match self {
            Self::Simple => {
                out.extend_from_slice(name);
                out.push(b':');
                out.extend_from_slice(value);
                if !value.ends_with(b"\r\n") {
                    out.extend_from_slice(b"\r\n");
                }
            }
            Self::Relaxed => {
                out.extend(name.trim_ascii_end().iter().map(u8::to_ascii_lowercase));
                out.push(b':');
                let start = out.len();
                let mut blank = false;
                let mut bytes = value.iter().copied().peekable();
                while let Some(byte) = bytes.next() {
                    match byte {
                        b' ' | b'\t' => blank = true,
                        b'\r' if bytes.peek() == Some(&b'\n') => {
                            bytes.next();
                        }
                        _ => {
                            if blank && out.len() > start {
                                out.push(b' ');
                            }
                            blank = false;
                            out.push(byte);
                        }
                    }
                }
                out.extend_from_slice(b"\r\n");
            }
        }
    }

    /// The two pieces of a message's body (sections 3.4.3 and 3.4.4).
    pub(super) fn body(self, message: &Original) -> [&[u8]; 2] {
        match self {
            Self::Simple => [without_empty_lines(message.body()), b"\r\n"],
            Self::Relaxed => [message.relaxed_body(), b""],
        }
    }
}

/// The body without its last line ending and the empty lines before that.
fn without_empty_lines(mut body: &[u8]) -> &[u8] {
    while let Some(rest) = body.strip_suffix(b"\r\n") {
        body = rest;
    }
    body
}

/// A body in the relaxed form.
pub(super) fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let (mut out, mut end) = (Vec::with_capacity(body.len() + 2), 0);
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let (start, mut blank) = (out.len(), false);
        for &byte in line.strip_suffix(b"\r\n").unwrap_or(line) {
            if matches!(byte, b' ' | b'\t') {
                blank = true;
                continue;
            }
            if std::mem::take(&mut blank) {
                out.push(b' ');
            }
            out.push(byte);
        }
        let empty = out.len() == start;
        out.extend_from_slice(b"\r\n");
        if !empty {
            end = out.len();
        }
    }
    out.truncate(end);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(how: Canonicalization, text: &str) -> String {
        let message = Original::read(format!("\r\n{text}").as_bytes()).unwrap();
        String::from_utf8(how.body(&message).concat()).unwrap()
    }

    fn header(how: Canonicalization, text: &str) -> String {
        let mut out = Vec::new();
        Original::read(text.as_bytes()).unwrap().fields().for_each(|field| how.field(field, &mut out));
        String::from_utf8(out).unwrap()
    }

    /// The example of RFC 6376 section 3.4.5.
    #[test]
    fn the_example_of_the_rfc_comes_out_right() {
        use Canonicalization::{Relaxed, Simple};
        let (fields, text) = ("A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n", " C \r\nD \t E\r\n\r\n\r\n");
        assert_eq!(header(Relaxed, fields), "a:X\r\nb:Y Z\r\n");
        assert_eq!(header(Simple, fields), "A: X\r\nB : Y\t\r\n\tZ  \r\n");
        assert_eq!(body(Relaxed, text), " C\r\nD E\r\n");
        assert_eq!(body(Simple, text), " C \r\nD \t E\r\n");
    }

    #[test]
    fn empty_lines_and_line_endings_at_the_end_do_not_count() {
        for (text, simple, relaxed) in [
            ("", "\r\n", ""),
            ("\r\n", "\r\n", ""),
            ("\r\n\r\n", "\r\n", ""),
            (" \r\n", " \r\n", ""),
            ("a", "a\r\n", "a\r\n"),
            ("a\r\n", "a\r\n", "a\r\n"),
            ("a\r\n\r\n\r\n", "a\r\n", "a\r\n"),
            ("a\r\n \t\r\nb  c\t\r\n\r\n", "a\r\n \t\r\nb  c\t\r\n", "a\r\n\r\nb c\r\n"),
            ("\ta \r\n", "\ta \r\n", " a\r\n"),
            ("a\rb\r\n", "a\rb\r\n", "a\rb\r\n"),
        ] {
            assert_eq!(body(Canonicalization::Simple, text), simple, "{text:?}");
            assert_eq!(body(Canonicalization::Relaxed, text), relaxed, "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_relaxed_stays_as_it_is(text in "[ab \\t\\r\\n]{0,60}") {
            let text = text.replace('\n', "\r\n");
            let once = body(Canonicalization::Relaxed, &text);
            proptest::prop_assert_eq!(body(Canonicalization::Relaxed, &once), once);
        }
    }
}
