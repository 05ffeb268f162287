//! Where a message ends: at `<CRLF>.<CRLF>` and nowhere else (RFC 5321 section 4.1.1.4).
//!
//! A CR or LF that stands alone is no end of a line, and no part of a message either (section 2.3.8): servers that read it
//! differently see different ends, which is how one mail is smuggled within another (CVE-2023-51764). So it is an error
//! here, before anybody can be of two minds.

/// A message as far as it has come.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// The message, its dots unstuffed (section 4.5.2); what is above the limit is not kept.
    kept: Vec<u8>,
    /// How long it is so far.
    length: usize,
    at: At,
}

/// Where in a line.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Behind a CRLF, or at the beginning.
    #[default]
    Start,
    /// Amid a line.
    Within,
    /// Behind a CR, which an LF must follow.
    Cr,
    /// Behind a dot that begins a line.
    Dot,
    /// Behind that and a CR.
    DotCr,
}

/// What came of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// There is more to come.
    More,
    /// The message is whole; so many bytes were of it.
    Whole(usize),
    /// A CR or LF stands alone.
    Bare(&'static str),
}

impl Content {
    /// Takes bytes up to the end of the message, of which at most `most` are kept.
    pub(super) fn take(&mut self, bytes: &[u8], most: usize) -> Taken {
        for (at, &byte) in bytes.iter().enumerate() {
            self.at = match (self.at, byte) {
                (At::DotCr, b'\n') => return Taken::Whole(at + 1),
                (At::Cr, b'\n') => {
                    self.keep(b'\r', most);
                    self.keep(b'\n', most);
                    At::Start
                }
                (At::Cr | At::DotCr, _) => return Taken::Bare("CR"),
                (_, b'\n') => return Taken::Bare("LF"),
                (At::Dot, b'\r') => At::DotCr,
                (_, b'\r') => At::Cr,
                (At::Start, b'.') => At::Dot,
                (_, byte) => {
                    self.keep(byte, most);
                    At::Within
                }
            };
        }
        Taken::More
    }

    fn keep(&mut self, byte: u8, most: usize) {
        self.length = self.length.saturating_add(1);
        if self.length <= most {
            self.kept.push(byte);
        }
    }

    /// How long the message is so far.
    pub(super) const fn length(&self) -> usize {
        self.length
    }

    /// The message.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of bytes that arrive all at once, and one by one: it must be the same.
    fn taken(bytes: &[u8]) -> (Taken, Vec<u8>) {
        let (mut whole, mut pieces) = (Content::default(), Content::default());
        let at_once = whole.take(bytes, 100);
        let mut one_by_one = Taken::More;
        for (at, byte) in bytes.iter().enumerate() {
            one_by_one = match pieces.take(&[*byte], 100) {
                Taken::Whole(length) => Taken::Whole(at + length),
                other => other,
            };
            if one_by_one != Taken::More {
                break;
            }
        }
        assert_eq!((&at_once, &whole.kept), (&one_by_one, &pieces.kept), "{bytes:?}");
        (at_once, whole.kept)
    }

    #[test]
    fn a_message_ends_at_one_place_alone() {
        for (bytes, expected, kept) in [
            (&b"Hi\r\n.\r\n"[..], Taken::Whole(7), &b"Hi\r\n"[..]),
            (b".\r\n", Taken::Whole(3), b""),
            (b"Hi\r\n.\r\nQUIT\r\n", Taken::Whole(7), b"Hi\r\n"),
            (b"..\r\n...x\r\n.\r\n", Taken::Whole(13), b".\r\n..x\r\n"),
            (b".x\r\n.\r\n", Taken::Whole(7), b"x\r\n"),
            (b"a.\r\n.\r\n", Taken::Whole(7), b"a.\r\n"),
            (b"a\r\n. \r\n", Taken::More, b"a\r\n \r\n"),
            (b"a\r\n.", Taken::More, b"a\r\n"),
        ] {
            assert_eq!(taken(bytes), (expected, kept.to_vec()), "{bytes:?}");
        }
    }

    #[test]
    fn no_other_line_ending_ends_it_or_is_let_through() {
        for (bytes, bare) in [
            (&b"a\n.\n"[..], "LF"),
            (b"a\n.\r\n", "LF"),
            (b"a\r\n.\n", "LF"),
            (b"a\r.\r", "CR"),
            (b"a\r.\r\n", "CR"),
            (b"a\r\n.\r.\r\n", "CR"),
            (b"a\r\n.\r\r\n", "CR"),
            (b"a\r\r\n.\r\n", "CR"),
            (b"a\r\n\n.\r\n", "LF"),
            (b"\n", "LF"),
            (b"a\r\0\n.\r\n", "CR"),
        ] {
            assert_eq!(taken(bytes).0, Taken::Bare(bare), "{bytes:?}");
        }
    }

    #[test]
    fn what_is_too_much_is_counted_and_not_kept() {
        let mut content = Content::default();
        assert_eq!(content.take(b"abcdef\r\n.\r\n", 4), Taken::Whole(11));
        assert_eq!((content.length(), content.kept.len()), (8, 4));
    }

    proptest::proptest! {
        #[test]
        fn only_a_strict_end_is_an_end(bytes in "[.\\r\\nab]{0,40}") {
            let (came, _) = taken(bytes.as_bytes());
            let strict = format!("\r\n{bytes}").find("\r\n.\r\n").map(|at| at + 3);
            if let Taken::Whole(length) = came {
                proptest::prop_assert_eq!(Some(length), strict);
            }
        }
    }
}
