//! An entry: one troubleshooting topic, as `knowledge/entries/NAME.toml` tells it.
//!
//! What an entry may say is written here once, as the keys that are read. Whether two entries agree is for `lint`; the
//! voices of its symptoms are in `voice`.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use toml::Spanned;
use url::Url;

use super::prose;
use super::voice::{self, Symptom};
use crate::config::Brand;
use crate::finding::{Code, Topic};
use crate::problem::Problem;
use crate::text::Text;
use crate::written::File;
use crate::written::{Table, instead};

/// How many characters a title may have; lists of choices show no more.
const LONGEST_TITLE: usize = 100;
/// How many characters any other text may have.
pub(super) const ENTRY_TEXT: usize = 1000;
/// How many characters the label of a link may have; buttons show no more.
const LONGEST_LABEL: usize = 80;
/// How many voices an entry needs before it can be found.
const FEWEST_SYMPTOMS: usize = 8;

/// The stable name of an entry, in kebab case; also the name of its file and its permanent page.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(String);

/// One troubleshooting topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The stable name.
    pub id: EntryId,
    /// The problem in a few words.
    pub title: String,
    /// What is behind the problem, where that can be said at once.
    pub summary: Option<Text>,
    /// How customers describe the problem.
    pub symptoms: Vec<Symptom>,
    /// Text that appears in error messages.
    pub errors: Vec<String>,
    /// What to look at: topics of a domain when one is known, and what else may tell of the problem, such as the status page.
    pub checks: Vec<Topic>,
    /// The entries that a reader may want next.
    pub see: Vec<EntryId>,
    /// What to try, first things first.
    pub remedies: Vec<Remedy>,
    /// What to beware of.
    pub cautions: Vec<Text>,
    /// What is good to know.
    pub tips: Vec<Text>,
    /// Where to go; without those whose address the operator has not set.
    pub links: Vec<Link>,
    /// The entry's own tests: questions that it answers, and that are not among its symptoms.
    pub questions: Vec<String>,
}

impl Entry {
    /// What to look at when a domain is known.
    pub fn topics_of_domains(&self) -> Vec<Topic> {
        self.checks.iter().copied().filter(|topic| topic.is_of_domains()).collect()
    }
}

/// One thing to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// What to do.
    pub text: Text,
    /// The findings that mark it as the cause.
    pub confirmed_by: Vec<Code>,
    /// The topics which, when they are ok, rule it out.
    pub cleared_by: Vec<Topic>,
    /// Of a hundred customers with such a finding, for how many this is the cause; 100 unless the author says less.
    pub chance: u8,
}

/// A page that helps further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What a person finds there.
    pub label: String,
    /// Where it is: a whole `https` URL.
    pub url: String,
}

/// What an entry is read with: the operator's words, and the names of all entries there are.
pub(super) struct Around<'a> {
    pub(super) brand: &'a Brand,
    pub(super) names: &'a [&'a str],
}

/// An entry, and where in its file stands what is compared with other entries.
pub(super) struct Draft<'f> {
    pub(super) file: &'f File,
    pub(super) entry: Entry,
    pub(super) symptoms: Vec<Range<usize>>,
    pub(super) questions: Vec<Range<usize>>,
}

impl<'f> Draft<'f> {
    /// Reads a file; what is wrong is noted. Without a usable name there is no entry.
    pub(super) fn read(mut table: Table<'f>, around: &Around<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        let file = table.file;
        let id = read_id(&mut table, problems);
        let title = table.text("title", LONGEST_TITLE, problems);
        let title = prose::read(file, &title, around.brand, problems).to_string();
        let summary = table.optional_text("summary", ENTRY_TEXT, problems);
        let summary = summary.map(|text| prose::read(file, &text, around.brand, problems));
        let symptoms = voice::read(&mut table, ENTRY_TEXT, problems);
        if symptoms.len() < FEWEST_SYMPTOMS {
            let what = format!("expected at least {FEWEST_SYMPTOMS} symptoms, found {}", symptoms.len());
            let span = symptoms.first().map_or(table.span.clone(), |(_, span)| span.clone());
            problems.push(file.problem(span, what, "write more of them, each as another customer would say it"));
        }
        let errors = table.texts("errors", ENTRY_TEXT, problems);
        let checks = values(table.choices("checks", "topic", Topic::ALL, problems));
        let see = read_see(&mut table, around, problems);
        if !table.has("remedy") {
            problems.push(file.problem(table.span.clone(), "there is no remedy", "add one under `[[remedy]]`"));
        }
        let remedies = table.tables("remedy", problems);
        let remedies = remedies.into_iter().map(|table| read_remedy(table, &checks, around, problems)).collect();
        let cautions = read_prose(&mut table, "caution", around, problems);
        let tips = read_prose(&mut table, "tip", around, problems);
        let links = table.tables("link", problems);
        let links = links.into_iter().filter_map(|table| read_link(table, around, problems)).collect();
        let questions = read_texts(&mut table, "question", problems);
        table.close(problems);

        let spans = |texts: &[Spanned<String>]| texts.iter().map(Spanned::span).collect();
        Some(Self {
            file,
            symptoms: symptoms.iter().map(|(_, span)| span.clone()).collect(),
            questions: spans(&questions),
            entry: Entry {
                id: id?,
                title,
                summary,
                symptoms: symptoms.into_iter().map(|(symptom, _)| symptom).collect(),
                errors: values(errors),
                checks,
                see,
                remedies,
                cautions,
                tips,
                links,
                questions: values(questions),
            },
        })
    }
}

fn read_id(table: &mut Table<'_>, problems: &mut Vec<Problem>) -> Option<EntryId> {
    let (file, given) = (table.file, table.text("id", LONGEST_TITLE, problems));
    if given.get_ref().is_empty() {
        return None;
    }
    if given.get_ref() != file.stem() {
        let what = format!("the id is `{}`, and the file is `{}.toml`", given.get_ref(), file.stem());
        problems.push(file.problem(given.span(), what, "give both the same name"));
    }
    match given.get_ref().parse() {
        Ok(id) => Some(id),
        Err(error) => {
            let mend = "write small letters and digits with single hyphens, such as `cannot-send-email`";
            problems.push(file.problem(given.span(), BadId::to_string(&error), mend));
            None
        }
    }
}

fn read_see(table: &mut Table<'_>, around: &Around<'_>, problems: &mut Vec<Problem>) -> Vec<EntryId> {
    let file = table.file;
    let own = file.stem();
    let others: Vec<&str> = around.names.iter().copied().filter(|name| *name != own).collect();
    let seen = table.choices("see", "other entry", &others, problems);
    seen.into_iter().filter_map(|name| name.get_ref().parse().ok()).collect()
}

fn read_remedy(mut table: Table<'_>, checks: &[Topic], around: &Around<'_>, problems: &mut Vec<Problem>) -> Remedy {
    let file = table.file;
    let text = table.text("text", ENTRY_TEXT, problems);
    let text = prose::read(file, &text, around.brand, problems);
    let confirmed_by = table.choices("confirmed_by", "code", Code::ALL, problems);
    let cleared_by = table.choices("cleared_by", "topic", Topic::ALL, problems);
    let chance = table.number("chance", 1..=100, problems).unwrap_or(100);
    table.close(problems);

    let codes = confirmed_by.iter().map(|code| (code.get_ref().topic(), code.get_ref().as_str(), code.span()));
    let topics = cleared_by.iter().map(|topic| (*topic.get_ref(), topic.get_ref().as_str(), topic.span()));
    for (topic, name, span) in codes.chain(topics) {
        if !checks.contains(&topic) {
            let what = format!("`{name}` is of the topic `{topic}`, which this entry does not look at");
            problems.push(file.problem(span, what, format!("add \"{topic}\" to `checks`")));
        }
    }
    Remedy { text, confirmed_by: values(confirmed_by), cleared_by: values(cleared_by), chance }
}

/// A link; none where it leads to a page that the operator has not named.
fn read_link(mut table: Table<'_>, around: &Around<'_>, problems: &mut Vec<Problem>) -> Option<Link> {
    let file = table.file;
    let label = table.text("label", LONGEST_LABEL, problems);
    let label = prose::read(file, &label, around.brand, problems).to_string();
    let given = table.text("url", ENTRY_TEXT, problems);
    table.close(problems);

    let written = given.get_ref().as_str();
    let pages = pages(around.brand);
    let url = match written.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        None if written.is_empty() => return None,
        None => written,
        Some(slot) => {
            let Some((_, url)) = pages.iter().find(|(page, _)| *page == slot) else {
                let mend = instead(written, pages.iter().map(|(page, _)| format!("{{{page}}}")));
                problems.push(file.problem(given.span(), format!("there is no page `{written}`"), mend));
                return None;
            };
            (*url)?
        }
    };
    if is_https(url) {
        return Some(Link { label, url: url.to_owned() });
    }
    let mend = "write a whole address, such as `https://help.example.com/`, or a page such as `{docs_url}`";
    problems.push(file.problem(given.span(), format!("expected an https address, found `{url}`"), mend));
    None
}

/// Whether a text is a whole `https` URL with a host, and without a password that would show.
fn is_https(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        url.scheme() == "https" && url.has_host() && url.username().is_empty() && url.password().is_none()
    })
}

/// The tables under `[[key]]` that hold one text each.
fn read_texts(table: &mut Table<'_>, key: &'static str, problems: &mut Vec<Problem>) -> Vec<Spanned<String>> {
    let tables = table.tables(key, problems);
    let text = |mut table: Table<'_>| {
        let text = table.text("text", ENTRY_TEXT, problems);
        table.close(problems);
        text
    };
    tables.into_iter().map(text).collect()
}

fn read_prose(table: &mut Table<'_>, key: &'static str, around: &Around<'_>, problems: &mut Vec<Problem>) -> Vec<Text> {
    let file = table.file;
    let texts = read_texts(table, key, problems);
    texts.iter().map(|text| prose::read(file, text, around.brand, problems)).collect()
}

/// The pages that a link may name, and where they are.
fn pages(brand: &Brand) -> [(&'static str, Option<&str>); 7] {
    [
        ("console_url", brand.console_url.as_deref()),
        ("portal_url", brand.portal_url.as_deref()),
        ("webmail_url", brand.webmail_url.as_deref()),
        ("status_url", brand.status_url.as_deref()),
        ("limits_url", brand.limits_url.as_deref()),
        ("support_url", brand.support_url.as_deref()),
        ("docs_url", brand.docs_url.as_deref()),
    ]
}

fn values<T>(spanned: Vec<Spanned<T>>) -> Vec<T> {
    spanned.into_iter().map(Spanned::into_inner).collect()
}

impl EntryId {
    /// The name as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EntryId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let fine = text.len() <= 64 && text.split('-').all(word);
        if fine { Ok(Self(text.to_owned())) } else { Err(BadId(text.chars().take(80).collect())) }
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no entry's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected the name of an entry, at most 64 letters in kebab case, found `{0}`")]
pub struct BadId(String);
