//! A message as it was sent (RFC 5322 section 2): its header fields and its body, byte by byte.
//!
//! Signatures cover bytes, so nothing is decoded here. Line endings alone are set right, since files and pasted text
//! rarely keep those of the wire: each LF becomes CRLF, and each CR where there is no LF at all. Takes whatever comes: a
//! line that is no header field begins the body.

use std::ops::Range;
use std::sync::OnceLock;

use super::canonical::relaxed_body;
use super::letter::LONGEST;

/// A message.
#[derive(Debug, Clone)]
pub struct Original {
    bytes: Vec<u8>,
    fields: Vec<Place>,
    /// The fields by name, those of one name in the order of the message.
    by_name: Vec<u32>,
    body: usize,
    /// The body in the relaxed form, once a signature asked for it.
    relaxed: OnceLock<Vec<u8>>,
}

/// Where a header field stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    start: u32,
    colon: u32,
    end: u32,
}

/// A message is longer than [`LONGEST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message has more than {LONGEST} bytes")]
pub struct TooLong;

/// One header field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'m> {
    /// Which one it is, counted from the top, from 0.
    pub at: usize,
    /// The name as it is written.
    pub name: &'m [u8],
    /// What follows the colon, its folding and the final line ending included.
    pub value: &'m [u8],
}

impl Field<'_> {
    /// The value in one line, blanks around it removed; bytes that are no UTF-8 are replaced.
    pub fn text(&self) -> String {
        let line: Vec<u8> = self.value.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
        String::from_utf8_lossy(&line).trim().to_owned()
    }
}

impl Original {
    /// Reads a message.
    pub fn read(given: &[u8]) -> Result<Self, TooLong> {
        if given.len() > LONGEST {
            return Err(TooLong);
        }
        let bytes = with_line_endings(given);
        let (mut fields, mut next): (Vec<Place>, _) = (Vec::new(), 0);
        // The separator line of a mailbox file is none of the message's.
        if bytes.starts_with(b"From ") || bytes.starts_with(b">From ") {
            next = line(&bytes, next).end;
        }
        let body = loop {
            let whole = line(&bytes, next);
            let text = bytes.get(whole.clone()).unwrap_or_default();
            match (text.first(), fields.last_mut()) {
                (None, _) => break whole.end,
                (Some(b'\r'), _) if text == b"\r\n" => break whole.end,
                (Some(b' ' | b'\t'), Some(field)) => field.end = offset(whole.end),
                _ => match colon(text) {
                    Some(colon) => fields.push(Place {
                        start: offset(whole.start),
                        colon: offset(whole.start + colon),
                        end: offset(whole.end),
                    }),
                    None => break whole.start,
                },
            }
            next = whole.end;
        };
        let mut original = Self { bytes, fields, by_name: Vec::new(), body, relaxed: OnceLock::new() };
        let mut by_name: Vec<u32> = (0..offset(original.fields.len())).collect();
        by_name.sort_by(|a, b| original.lower_name(*a).cmp(original.lower_name(*b)).then(a.cmp(b)));
        original.by_name = by_name;
        Ok(original)
    }

    /// The header fields, from the top.
    pub fn fields(&self) -> impl DoubleEndedIterator<Item = Field<'_>> + ExactSizeIterator {
        (0..self.fields.len()).map(|at| self.field(at))
    }

    /// The fields of one name, in whatever case, from the top.
    pub fn named(&self, name: &str) -> impl DoubleEndedIterator<Item = Field<'_>> + ExactSizeIterator + Clone {
        let wanted = || name.bytes().map(|byte| byte.to_ascii_lowercase());
        let start = self.by_name.partition_point(|at| self.lower_name(*at).lt(wanted()));
        let rest = self.by_name.get(start..).unwrap_or_default();
        let end = rest.partition_point(|at| self.lower_name(*at).eq(wanted()));
        rest.get(..end).unwrap_or_default().iter().map(|at| self.field(*at as usize))
    }

    /// The body, with the line endings of the wire.
    pub fn body(&self) -> &[u8] {
        self.bytes.get(self.body..).unwrap_or_default()
    }

    /// The body in the relaxed form (RFC 6376 section 3.4.4).
    pub(super) fn relaxed_body(&self) -> &[u8] {
        self.relaxed.get_or_init(|| relaxed_body(self.body()))
    }

    fn field(&self, at: usize) -> Field<'_> {
        let place = self.fields.get(at).copied().unwrap_or(Place { start: 0, colon: 0, end: 0 });
        let part = |from: u32, to: u32| self.bytes.get(from as usize..to as usize).unwrap_or_default();
        Field { at, name: part(place.start, place.colon), value: part(place.colon + 1, place.end) }
    }

    /// The name of a field in lower case, without the blanks that old messages have before the colon.
    fn lower_name(&self, at: u32) -> impl Iterator<Item = u8> {
        self.field(at as usize).name.trim_ascii_end().iter().map(u8::to_ascii_lowercase)
    }
}

/// The first colon of a line, where a field's name stands before it (RFC 5322 sections 2.2 and 4.5.8).
fn colon(line: &[u8]) -> Option<usize> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = line.get(..colon)?.trim_ascii_end();
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(colon)
}

/// The line that begins at `start`, with its ending.
fn line(bytes: &[u8], start: usize) -> Range<usize> {
    let rest = bytes.get(start..).unwrap_or_default();
    start..start + rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1)
}

fn with_line_endings(given: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(given.len() + given.len() / 32);
    if given.contains(&b'\n') {
        for &byte in given {
            if byte == b'\n' && bytes.last() != Some(&b'\r') {
                bytes.push(b'\r');
            }
            bytes.push(byte);
        }
    } else {
        for &byte in given {
            bytes.push(byte);
            if byte == b'\r' {
                bytes.push(b'\n');
            }
        }
    }
    bytes
}

/// A place in a message; each is below twice [`LONGEST`].
fn offset(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> (Vec<(String, String)>, String) {
        let message = Original::read(text.as_bytes()).unwrap();
        let fields = message.fields().map(|f| (String::from_utf8_lossy(f.name).into_owned(), f.text())).collect();
        (fields, String::from_utf8_lossy(message.body()).into_owned())
    }

    #[test]
    fn fields_and_body_are_told_apart_whatever_the_line_endings() {
        let text = "From: a\nSubject : b\n c\nX:\n\nbody\n\nmore";
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = vec![field("From", "a"), field("Subject ", "b c"), field("X", "")];
        for text in [text.to_owned(), text.replace('\n', "\r\n"), text.replace('\n', "\r")] {
            assert_eq!(shown(&text), (expected.clone(), "body\r\n\r\nmore".to_owned()), "{text:?}");
        }
        assert_eq!(shown(&format!("From someone Tue\n{text}")).0, expected);
    }

    #[test]
    fn what_is_no_header_is_body() {
        for (text, fields, body) in [
            ("", 0, ""),
            ("\nFrom: a\n", 0, "From: a\r\n"),
            ("From: a", 1, ""),
            ("From: a\n", 1, ""),
            ("From: a\n\n", 1, ""),
            ("From: a\nhello\n", 1, "hello\r\n"),
            (" From: a\n", 0, " From: a\r\n"),
            ("From a: b\nX: y\n\n", 1, ""),
            (": a\n", 0, ": a\r\n"),
        ] {
            let shown = shown(text);
            assert_eq!((shown.0.len(), shown.1.as_str()), (fields, body), "{text:?}");
        }
    }

    #[test]
    fn fields_are_found_by_name_in_their_order() {
        let message = Original::read(b"B: 1\na: 2\nb : 3\nAB: 4\nA: 5\n\n").unwrap();
        let named = |name: &str| message.named(name).map(|field| field.text()).collect::<Vec<_>>();
        assert_eq!(named("a"), ["2", "5"]);
        assert_eq!(named("B"), ["1", "3"]);
        assert_eq!(named("ab"), ["4"]);
        assert_eq!(named("c"), Vec::<String>::new());
    }

    #[test]
    fn a_message_above_the_limit_is_refused() {
        assert!(Original::read(&vec![b'\n'; LONGEST]).is_ok());
        assert_eq!(Original::read(&vec![b'\n'; LONGEST + 1]).err(), Some(TooLong));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_lose_any(bytes in proptest::collection::vec(0u8..=255, 0..200), text in "[a: \\n\\r]{0,60}") {
            for given in [&bytes, text.as_bytes()] {
                let message = Original::read(given).unwrap();
                let fields: usize = message.fields().map(|field| field.name.len() + 1 + field.value.len()).sum();
                proptest::prop_assert!(fields + message.body().len() <= with_line_endings(given).len());
            }
        }
    }
}
