//! A TOML file that a person wrote, read key by key: what is wrong is noted and passed over, so that one look finds
//! everything.
//!
//! Knows nobody but [`Problem`]; `config` and `knowledge` read with it. Serde would stop at the first mistake.
//! Whatever is left in a table when it is closed is a key that nobody knows.

use std::fmt::Display;
use std::ops::Range;
use std::path::Path;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::problem::{Problem, nearest};

/// How many names are listed when none is near the one that was given.
const LISTED: usize = 12;

/// One file, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path, as the person named it.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// Above this many bytes a file was not written by hand.
const LONGEST_FILE: u64 = 1 << 20;

/// Reads a file that a person wrote, if it is one: not a device, a folder, or more than anybody writes.
pub(crate) fn text_of(path: &Path) -> Result<String, String> {
    let kind = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !kind.is_file() {
        return Err("it is no regular file".to_owned());
    }
    if kind.len() > LONGEST_FILE {
        return Err(format!("it has {} bytes; {LONGEST_FILE} at most are read", kind.len()));
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

impl File {
    /// The name without folders and ending.
    pub(crate) fn stem(&self) -> &str {
        Path::new(&self.path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
    }

    /// Whether it lies in the folder of this name.
    pub(crate) fn is_in(&self, room: &str) -> bool {
        Path::new(&self.path).parent().is_some_and(|parent| parent.ends_with(room))
    }

    /// A problem at the bytes `span`.
    pub(crate) fn problem(&self, span: Range<usize>, what: impl Display, mend: impl Display) -> Problem {
        Problem::at(&self.path, &self.text, span, what, mend)
    }
}

/// The mend for a text that stands there as something else.
const QUOTES: &str = "write it in quotes";
/// How many characters a single value may have.
const LONGEST_VALUE: usize = 1000;

/// A table of a file, and which of its keys were asked for.
pub(crate) struct Table<'f> {
    /// The file it stands in.
    pub(crate) file: &'f File,
    /// Where it begins: its header, or the first byte of the file.
    pub(crate) span: Range<usize>,
    keys: DeTable<'f>,
    asked: Vec<&'static str>,
}

impl<'f> Table<'f> {
    /// The table that a whole file is; `None` if it is not TOML. Only the first such mistake is noted: what a parser
    /// finds behind it are mostly echoes.
    pub(crate) fn open(file: &'f File, problems: &mut Vec<Problem>) -> Option<Self> {
        match DeTable::parse(&file.text) {
            Ok(root) => Some(Self { file, span: 0..0, keys: root.into_inner(), asked: Vec::new() }),
            Err(error) => {
                let span = error.span().unwrap_or_default();
                let what = format!("not TOML: {}", error.message());
                problems.push(file.problem(span, what, "see https://toml.io for how to write it"));
                None
            }
        }
    }

    /// The text of a key that must be there; an empty one in its place where it is missing or wrong.
    pub(crate) fn text(&mut self, key: &'static str, longest: usize, problems: &mut Vec<Problem>) -> Spanned<String> {
        if !self.has(key) {
            let mend = format!("add `{key} = \"…\"`");
            problems.push(self.file.problem(self.span.clone(), format!("`{key}` is missing"), mend));
        }
        let text = self.optional_text(key, longest, problems);
        text.unwrap_or_else(|| Spanned::new(self.span.clone(), String::new()))
    }

    /// The text of a key that may be left out.
    pub(crate) fn optional_text(
        &mut self,
        key: &'static str,
        longest: usize,
        problems: &mut Vec<Problem>,
    ) -> Option<Spanned<String>> {
        self.take(key).and_then(|value| text(self.file, value, longest, QUOTES, problems))
    }

    /// The texts of a key that may be left out.
    pub(crate) fn texts(
        &mut self,
        key: &'static str,
        longest: usize,
        problems: &mut Vec<Problem>,
    ) -> Vec<Spanned<String>> {
        let items = self.items(key, &format!("{key} = [\"…\", \"…\"]"), problems);
        items.into_iter().filter_map(|value| text(self.file, value, longest, QUOTES, problems)).collect()
    }

    /// The texts of a key that may be left out, each with the group it stands in: `key = […]`, of no group, or
    /// `key.GROUP = […]` for any of the groups.
    pub(crate) fn grouped_texts(
        &mut self,
        key: &'static str,
        groups: &[&'static str],
        longest: usize,
        problems: &mut Vec<Problem>,
    ) -> Vec<(Option<&'static str>, Spanned<String>)> {
        if !self.keys.get(key).is_some_and(|value| matches!(value.get_ref(), DeValue::Table(_))) {
            return self.texts(key, longest, problems).into_iter().map(|text| (None, text)).collect();
        }
        let Some(mut table) = self.section(key, problems) else { return Vec::new() };
        let mut texts = Vec::new();
        for &group in groups {
            texts.extend(table.texts(group, longest, problems).into_iter().map(|text| (Some(group), text)));
        }
        table.close(problems);
        texts
    }

    /// Names out of a fixed choice, each once; `kind` is what they are called.
    pub(crate) fn choices<T: Copy + PartialEq + Display>(
        &mut self,
        key: &'static str,
        kind: &str,
        choice: &[T],
        problems: &mut Vec<Problem>,
    ) -> Vec<Spanned<T>> {
        let mut chosen: Vec<Spanned<T>> = Vec::new();
        for given in self.texts(key, usize::MAX, problems) {
            let name = given.get_ref();
            match choice.iter().find(|item| item.to_string() == *name) {
                Some(&item) if chosen.iter().any(|other| *other.get_ref() == item) => {
                    problems.push(self.file.problem(given.span(), format!("`{name}` is named twice"), "remove one"));
                }
                Some(&item) => chosen.push(Spanned::new(given.span(), item)),
                None => {
                    let mend = instead(name, choice.iter().map(ToString::to_string));
                    problems.push(self.file.problem(given.span(), format!("there is no {kind} `{name}`"), mend));
                }
            }
        }
        chosen
    }

    /// The text of a key that may be left out, parsed; the parser's error says what is wrong, `mend` what to write.
    pub(crate) fn parsed<T: FromStr<Err: Display>>(
        &mut self,
        key: &'static str,
        mend: &str,
        problems: &mut Vec<Problem>,
    ) -> Option<T> {
        let value = self.take(key)?;
        let text = text(self.file, value, LONGEST_VALUE, mend, problems)?;
        self.parse(&text, mend, problems)
    }

    /// The texts of a key that may be left out, each parsed.
    pub(crate) fn parsed_list<T: FromStr<Err: Display>>(
        &mut self,
        key: &'static str,
        mend: &str,
        problems: &mut Vec<Problem>,
    ) -> Vec<T> {
        let items = self.items(key, &format!("{key} = […]; {mend}"), problems);
        let texts = items.into_iter().filter_map(|value| text(self.file, value, LONGEST_VALUE, mend, problems));
        let texts: Vec<_> = texts.collect();
        texts.iter().filter_map(|text| self.parse(text, mend, problems)).collect()
    }

    fn parse<T: FromStr<Err: Display>>(
        &self,
        text: &Spanned<String>,
        mend: &str,
        problems: &mut Vec<Problem>,
    ) -> Option<T> {
        match text.get_ref().parse() {
            Ok(value) => Some(value),
            Err(error) => {
                problems.push(self.file.problem(text.span(), error, mend));
                None
            }
        }
    }

    /// A problem of the table as a whole.
    pub(crate) fn problem(&self, what: impl Display, mend: impl Display) -> Problem {
        self.file.problem(self.span.clone(), what, mend)
    }

    /// Refuses a key that people may think of, and says what to write instead.
    pub(crate) fn refused(&mut self, key: &'static str, what: &str, mend: &str, problems: &mut Vec<Problem>) {
        if let Some(value) = self.keys.remove(key) {
            problems.push(self.file.problem(value.span(), what, mend));
        }
    }

    /// The number of a key that may be left out, within a range.
    pub(crate) fn number<T: FromStr + PartialOrd + Display>(
        &mut self,
        key: &'static str,
        range: std::ops::RangeInclusive<T>,
        problems: &mut Vec<Problem>,
    ) -> Option<T> {
        let value = self.take(key)?;
        let span = value.span();
        let number = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().parse().ok(),
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let found = self.file.text.get(span.clone()).unwrap_or_default();
            let what = format!("expected a number from {} to {}, found `{found}`", range.start(), range.end());
            problems.push(self.file.problem(span, what, "write such a number, without quotes"));
        }
        number
    }

    /// The `true` or `false` of a key that may be left out.
    pub(crate) fn truth(&mut self, key: &'static str, problems: &mut Vec<Problem>) -> Option<bool> {
        let value = self.take(key)?;
        if let DeValue::Boolean(truth) = value.get_ref() {
            return Some(*truth);
        }
        let what = format!("expected `true` or `false`, found `{}`", value.get_ref().type_str());
        problems.push(self.file.problem(value.span(), what, "write one of them, without quotes"));
        None
    }

    /// The table under `[key]`, which may be left out.
    pub(crate) fn section(&mut self, key: &'static str, problems: &mut Vec<Problem>) -> Option<Self> {
        let value = self.take(key)?;
        table(self.file, value, problems)
    }

    /// The tables that stand under `[[key]]`.
    pub(crate) fn tables(&mut self, key: &'static str, problems: &mut Vec<Problem>) -> Vec<Self> {
        let items = self.items(key, &format!("[[{key}]]"), problems);
        items.into_iter().filter_map(|value| table(self.file, value, problems)).collect()
    }

    /// Whether there is such a key that was not taken yet.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    /// Every key with the table that stands under it, where the keys are the author's to choose.
    pub(crate) fn into_tables(self, problems: &mut Vec<Problem>) -> Vec<(Spanned<String>, Self)> {
        let file = self.file;
        let named = |(key, value): (Spanned<_>, _)| {
            let key = Spanned::new(key.span(), String::from(key.into_inner()));
            Some((key, table(file, value, problems)?))
        };
        self.keys.into_iter().filter_map(named).collect()
    }

    /// Notes every key that nobody asked for.
    pub(crate) fn close(self, problems: &mut Vec<Problem>) {
        problems.extend(self.keys.keys().map(|key| {
            let mend = instead(key.get_ref(), self.asked.iter().map(ToString::to_string));
            self.file.problem(key.span(), format!("there is no key `{}` here", key.get_ref()), mend)
        }));
    }

    fn take(&mut self, key: &'static str) -> Option<Spanned<DeValue<'f>>> {
        self.asked.push(key);
        self.keys.remove(key)
    }

    fn items(&mut self, key: &'static str, shape: &str, problems: &mut Vec<Problem>) -> Vec<Spanned<DeValue<'f>>> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let span = value.span();
        match value.into_inner() {
            DeValue::Array(items) => items.into_iter().collect(),
            other => {
                let what = format!("expected a list, found `{}`", other.type_str());
                problems.push(self.file.problem(span, what, format!("write `{shape}`")));
                Vec::new()
            }
        }
    }
}

/// The mend for a name that is not among those known: the nearest, or the choice there is.
pub(crate) fn instead(given: &str, known: impl Iterator<Item = String>) -> String {
    let known: Vec<String> = known.collect();
    if let Some(name) = nearest(given, known.iter().map(String::as_str)) {
        return format!("did you mean `{name}`?");
    }
    let listed = known.iter().take(LISTED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match known.len() {
        0 => "remove it".to_owned(),
        1..=LISTED => format!("there are {listed}"),
        _ => format!("there are {listed} and others"),
    }
}

fn table<'f>(file: &'f File, value: Spanned<DeValue<'f>>, problems: &mut Vec<Problem>) -> Option<Table<'f>> {
    let span = value.span();
    match value.into_inner() {
        DeValue::Table(keys) => Some(Table { file, span, keys, asked: Vec::new() }),
        other => {
            let what = format!("expected a table, found `{}`", other.type_str());
            problems.push(file.problem(span, what, "write it under a heading in brackets"));
            None
        }
    }
}

/// One paragraph of text: neither empty, nor too long, nor with characters in it that nobody sees.
fn text(
    file: &File,
    value: Spanned<DeValue<'_>>,
    longest: usize,
    mend: &str,
    problems: &mut Vec<Problem>,
) -> Option<Spanned<String>> {
    let span = value.span();
    let mut refuse = |what: String, mend: &str| problems.push(file.problem(span.clone(), what, mend));
    let text = match value.into_inner() {
        DeValue::String(text) => text.into_owned(),
        other => {
            refuse(format!("expected a text, found `{}`", other.type_str()), mend);
            return None;
        }
    };
    let length = text.chars().count();
    if text.trim().is_empty() {
        refuse("expected a text, found nothing in the quotes".to_owned(), "write it, or remove it");
    } else if length > longest {
        refuse(format!("expected at most {longest} characters, found {length}"), "say it in fewer words, or split it");
    } else if let Some(control) = text.chars().find(|c| c.is_control()) {
        let what = format!("found a control character, `{}`", control.escape_default());
        refuse(what, "write one paragraph, all on one line");
    } else {
        return Some(Spanned::new(span, text));
    }
    None
}
