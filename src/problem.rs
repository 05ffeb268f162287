//! What is wrong with a file that a person wrote: all of it at once, each with its place and the mend.
//!
//! Knows nobody. `config` and `knowledge` collect [`Problem`]s while they read; nothing is half-loaded.

use std::fmt;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

/// How many characters of a line are shown.
const EXCERPT: usize = 100;
/// How many of them stand before the place when the line is longer.
const LEAD: usize = 30;

/// One thing that is wrong in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, as the person named it.
    pub file: String,
    /// Where in the file, if it is at one place: line and column from 1, and the line itself.
    pub place: Option<Place>,
    /// What is wrong: expected and found, lower case, no full stop.
    pub what: String,
    /// What to do about it.
    pub mend: String,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters as a person counts them, from 1.
    pub column: usize,
    /// The length of what is marked, in characters: 1 at least, within the line.
    pub length: usize,
    /// The whole line.
    pub text: String,
}

impl Problem {
    /// A problem at the bytes `span` of `source`.
    pub fn at(file: &str, source: &str, span: Range<usize>, what: impl fmt::Display, mend: impl fmt::Display) -> Self {
        Self {
            file: file.to_owned(),
            place: Some(Place::of(source, span)),
            what: what.to_string(),
            mend: mend.to_string(),
        }
    }

    /// A problem of a file as a whole.
    pub fn of(file: &str, what: impl fmt::Display, mend: impl fmt::Display) -> Self {
        Self { file: file.to_owned(), place: None, what: what.to_string(), mend: mend.to_string() }
    }
}

impl Place {
    fn of(source: &str, span: Range<usize>) -> Self {
        let start = source.floor_char_boundary(span.start.min(source.len()));
        let end = source.floor_char_boundary(span.end.clamp(start, source.len()));
        let (before, rest) = source.split_at(start);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let (_, line_before) = before.split_at(line_start);
        let text = without_secret(source.split_at(line_start).1.lines().next().unwrap_or_default());
        let marked = rest.split_at(end - start).0.lines().next().unwrap_or_default();
        Self {
            line: before.matches('\n').count() + 1,
            column: line_before.graphemes(true).count() + 1,
            length: marked.graphemes(true).count().max(1),
            text,
        }
    }
}

/// The line, but for the value of a key that holds a secret: what is shown here ends up in logs and in chats.
fn without_secret(line: &str) -> String {
    let secret = |key: &str| {
        let bare = key.trim().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        bare && !key.contains("file") && ["token", "secret", "password"].iter().any(|word| key.contains(word))
    };
    match line.split_once('=') {
        Some((key, _)) if secret(&key.to_ascii_lowercase()) => format!("{key}= …"),
        _ => line.to_owned(),
    }
}

/// What is shown of a line, and which part of that is marked.
struct Excerpt {
    text: String,
    indent: usize,
    length: usize,
}

impl Place {
    /// The line without characters that a terminal would act on; a long one is cut around the place.
    fn excerpt(&self) -> Excerpt {
        let line: Vec<&str> = self.text.graphemes(true).collect();
        let before = self.column - 1;
        let from = if line.len() > EXCERPT { before.saturating_sub(LEAD) } else { 0 };
        let shown = line.iter().skip(from).take(EXCERPT);
        let mut text: String = shown.map(|shown| if shown.contains(char::is_control) { " " } else { shown }).collect();
        let length = self.length.min((from + EXCERPT).saturating_sub(before)).max(1);
        if from + EXCERPT < line.len() {
            text.push('…');
        }
        if from == 0 {
            return Excerpt { text, indent: before, length };
        }
        text.insert(0, '…');
        Excerpt { text, indent: before - from + 1, length }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        let Some(place) = &self.place else {
            return write!(f, ": {}\n  = {}", self.what, self.mend);
        };
        let gutter = " ".repeat(place.line.to_string().len());
        let Excerpt { text, indent, length } = place.excerpt();
        let (indent, marks) = (" ".repeat(indent), "^".repeat(length));
        write!(f, ":{}:{}: {}\n{gutter} |\n", place.line, place.column, self.what)?;
        write!(f, "{} | {text}\n{gutter} | {indent}{marks}\n{gutter} = {}", place.line, self.mend)
    }
}

/// All that is wrong; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.0 {
            write!(f, "{problem}\n\n")?;
        }
        match self.0.len() {
            1 => f.write_str("1 problem"),
            count => write!(f, "{count} problems"),
        }
    }
}

impl std::error::Error for Problems {}

/// The name among `known` that is nearest to `given`, if one is near enough to have been meant.
pub fn nearest<'k>(given: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    known
        .into_iter()
        .map(|name| (distance(given, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .min()
        .map(|(_, name)| name)
}

/// The edit distance (Levenshtein) between two short names.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(&b) {
            let cost = if x == *y { diagonal } else { 1 + diagonal.min(*cell).min(left) };
            diagonal = std::mem::replace(cell, cost);
            left = cost;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_shows_its_line_and_marks_the_spot() {
        let source = "id = \"a\"\nchekcs = [\"mx\"]\n";
        let problem = Problem::at("knowledge/a.toml", source, 9..15, "unknown key `chekcs`", "did you mean `checks`?");
        insta::assert_snapshot!(problem, @r#"
        knowledge/a.toml:2:1: unknown key `chekcs`
          |
        2 | chekcs = ["mx"]
          | ^^^^^^
          = did you mean `checks`?
        "#);
    }

    #[test]
    fn a_long_line_is_cut_around_the_spot() {
        let source = format!("text = \"{}\u{1b}{{nam}} {}\"", "long ".repeat(30), "line ".repeat(30));
        let spot = source.find("{nam}").unwrap();
        let problem =
            Problem::at("a.toml", &source, spot..spot + 5, "there is no slot `{nam}`", "did you mean `{name}`?");
        insta::assert_snapshot!(problem, @"
        a.toml:1:160: there is no slot `{nam}`
          |
        1 | …ong long long long long long  {nam} line line line line line line line line line line line line line…
          |                                ^^^^^
          = did you mean `{name}`?
        ");
    }

    #[test]
    fn the_nearest_name_is_offered_only_when_it_is_near() {
        let known = ["mx", "spf", "checks", "symptoms"];
        assert_eq!(nearest("chekcs", known), Some("checks"));
        assert_eq!(nearest("symptom", known), Some("symptoms"));
        assert_eq!(nearest("colour", known), None);
    }

    proptest::proptest! {
        #[test]
        fn no_place_makes_it_panic(source in "\\PC{0,60}\n?\\PC{0,60}", start in 0_usize..200, length in 0_usize..200) {
            let _ = Problem::at("f", &source, start..start + length, "w", "m").to_string();
        }
    }
}
