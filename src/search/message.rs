//! A message as matching reads it: plain words, in parts that each may tell the whole problem.
//!
//! What differs from one customer to the next (addresses, hosts, ids, amounts) is dropped, what is the same for all
//! (words, SMTP codes) stays. Phrases of the knowledge are read the same way.

use std::net::IpAddr;

use crate::domain::Domain;

/// How much of a message is read, in characters: Discord takes 4,000, a pasted file may be longer.
const LONGEST: usize = 10_000;
/// Up to so many words a message is one part. Of longer ones each sentence is: amid a story, one tells the problem.
const WHOLE: usize = 40;
/// A sentence of more words is cut into pieces of so many.
const PIECE: usize = 20;
/// A sentence of fewer words tells nothing by itself.
const FEWEST: usize = 3;
/// How many parts are looked at: at a tenth of a millisecond each, a few milliseconds for the longest message.
const MOST_PARTS: usize = 32;
/// A word that is longer is an id, or no word.
const LONGEST_WORD: usize = 24;
/// A word of letters and digits that is so long is an id.
const SHORTEST_ID: usize = 8;

/// The words of a part, in small letters.
pub(super) type Words = Vec<String>;

/// The parts of a message. None is empty.
pub(super) fn parts(message: &str) -> Vec<Words> {
    let sentences = sentences(message);
    if sentences.iter().map(Vec::len).sum::<usize>() <= WHOLE {
        let whole = sentences.concat();
        return if whole.is_empty() { Vec::new() } else { vec![whole] };
    }
    let telling = sentences.iter().filter(|words| words.len() >= FEWEST);
    let pieces = telling.flat_map(|words| words.chunks(if words.len() > WHOLE { PIECE } else { WHOLE }));
    pieces.take(MOST_PARTS).map(<[_]>::to_vec).collect()
}

/// All words of a text, as one part.
pub(super) fn words(text: &str) -> Words {
    sentences(text).concat()
}

fn sentences(text: &str) -> Vec<Words> {
    let end = text.char_indices().nth(LONGEST).map_or(text.len(), |(at, _)| at);
    let mut sentences = Vec::new();
    for line in text.get(..end).unwrap_or_default().lines() {
        let mut sentence = Words::new();
        let apart = |c: char| c.is_whitespace() || matches!(c, ',' | '<' | '>' | '(' | ')' | '[' | ']' | '"');
        for raw in line.split(apart) {
            sentence.extend(plain(raw));
            if raw.ends_with(['.', '!', '?', ';', ':']) {
                sentences.push(std::mem::take(&mut sentence));
            }
        }
        sentences.push(sentence);
    }
    sentences
}

/// The plain words that a raw one holds: none of an address, `can` and `log` of `can/log`, `cant` of `can't`.
fn plain(raw: &str) -> Vec<String> {
    if is_address(raw) {
        return Vec::new();
    }
    let joined: String = raw.to_lowercase().chars().filter(|c| !matches!(c, '\'' | '’')).collect();
    joined
        .split(|c: char| !c.is_alphanumeric() && c != '.')
        .flat_map(|word| {
            if is_code(word.trim_matches('.')) { vec![word.trim_matches('.')] } else { word.split('.').collect() }
        })
        .filter(|word| is_telling(word))
        .map(str::to_owned)
        .collect()
}

/// A mail address, a web address, a domain or an IP address.
fn is_address(raw: &str) -> bool {
    let bare = raw.trim_matches(|c: char| !c.is_alphanumeric());
    bare.contains('@')
        || bare.contains("://")
        || bare.parse::<IpAddr>().is_ok()
        || (bare.contains('.') && !Domain::all_in(bare).is_empty())
}

fn is_telling(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let length = word.chars().count();
    match digits {
        0 => length > 0 && length <= LONGEST_WORD,
        _ if digits == length => is_code(word),
        _ => length < SHORTEST_ID || is_code(word),
    }
}

/// A reply code such as `550` (RFC 5321 section 4.2) or an enhanced one such as `5.7.1` (RFC 3463).
fn is_code(word: &str) -> bool {
    let number =
        |text: &str, longest: usize| (1..=longest).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let class = word.starts_with(['2', '4', '5']);
    let mut fields = word.split('.');
    match (fields.next(), fields.next(), fields.next(), fields.next()) {
        (Some(code), None, None, None) => class && code.len() == 3 && number(code, 3),
        (Some(kind), Some(subject), Some(detail), None) => {
            class && kind.len() == 1 && number(subject, 3) && number(detail, 3)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_between_customers_is_dropped_and_codes_stay() {
        for (text, expected) in [
            ("Can't log in!", "cant log in"),
            ("I don’t know", "i dont know"),
            ("550 5.1.1 <me@shop.example>: rejected", "550 5.1.1 rejected"),
            ("error 5.7.1.", "error 5.7.1"),
            ("host mx1.shop.example[192.0.2.7] said:", "host said"),
            ("see https://shop.example/a?b=c now", "see now"),
            ("my 3 users on 2001:db8::1 since 2019", "my users on since"),
            ("queued as 4XyZ12AbC9z", "queued as"),
            ("it stopped.It is broken e.g. today", "it stopped it is broken e g today"),
            ("webmail/portal (both)", "webmail portal both"),
            ("Grüße ПРИВЕТ", "grüße привет"),
            ("🔥🔥 ... !!", ""),
            ("a\u{0}b\u{7}", "a b"),
            ("v6 and ldavg-15", "v6 and ldavg"),
        ] {
            assert_eq!(words(text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn a_short_message_is_one_part() {
        assert_eq!(parts("Hello. Mail is slow.\nPlease help"), [words("hello mail is slow please help")]);
        assert_eq!(parts(""), Vec::<Words>::new());
        assert_eq!(parts("?! 🔥\n\n"), Vec::<Words>::new());
    }

    #[test]
    fn a_story_falls_into_its_sentences() {
        let filler = "we are a small bakery with nine people in a town that nobody knows.";
        let story = format!("Hi! {filler} {filler} Since friday mail is slow. {filler}");
        let parts = parts(&story);
        assert_eq!(parts.len(), 4);
        assert_eq!(parts[2], words("since friday mail is slow"));
    }

    #[test]
    fn work_is_bounded_however_long_the_message() {
        for text in ["word ".repeat(5_000), "one two three. ".repeat(5_000), "x".repeat(100_000)] {
            let parts = parts(&text);
            assert!(parts.len() <= MOST_PARTS && parts.iter().all(|part| part.len() <= WHOLE), "{text:.20}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_message_makes_reading_panic(text in "\\PC{0,400}") {
            proptest::prop_assert!(parts(&text).iter().all(|part| !part.is_empty()));
        }
    }
}
