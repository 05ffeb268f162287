//! An answer as a Discord message: one embed and rows of buttons, within every limit.
//!
//! The structures serialise to Discord's own JSON (API v10, "Create Message"). Who sends it, and that no mention
//! resolves, is `surface::discord`'s part. Limits: Discord's documentation, "Embed Limits" and "Component Reference".

mod form;
mod markdown;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

pub use form::Form;
use markdown::{cut, escape, inert, markdown, title_words};
use serde::Serialize;

use super::{by_severity, claim, in_place_of, records, visible};
use crate::answer::{Action, Answer, Block, Noted, State, Step};
use crate::domain::{Domain, Name};
use crate::finding::{Fix, Severity};

/// The characters of an embed's title.
const TITLE: usize = 256;
/// The characters of an embed's description.
const DESCRIPTION: usize = 4096;
/// The characters of an embed's footer.
const FOOTER: usize = 2048;
/// The characters of all embeds of a message together; title, description and footer share them.
const EMBED_TOTAL: usize = 6000;
/// The characters of a button's label.
const LABEL: usize = 80;
/// The characters of a button's `custom_id`.
const CUSTOM_ID: usize = 100;
/// The characters of a button's link.
const URL: usize = 512;
/// The buttons of a row.
const BUTTONS_A_ROW: usize = 5;
/// The rows of a message.
const ROWS: usize = 5;
/// The characters of a form's title.
const TITLE_OF_FORM: usize = 45;
/// The characters of what stands over a form's input.
const LABEL_OF_INPUT: usize = 45;
/// The characters of what stands in an input before anything is written.
const PLACEHOLDER: usize = 100;
/// The component type of a row.
const ACTION_ROW: u8 = 1;
/// The component type of a button.
const BUTTON: u8 = 2;
/// The style of a button to press: grey, so that none urges.
const PRESS_STYLE: u8 = 2;
/// The style of a button that leads to a page.
const LINK_STYLE: u8 = 5;
/// The lines of evidence that one finding shows.
const EVIDENCE_LINES: usize = 6;
/// The characters of one line of evidence.
const EVIDENCE_LINE: usize = 600;
/// The characters of a record to publish that is shown: a DKIM key of 4096 bits has 750.
const LONGEST_FIX: usize = 2000;
/// The characters of one line of a listing.
const LISTING_LINE: usize = 120;
/// The characters of a listing: half of a description.
const LISTING: usize = 2000;
/// What stands where something was cut.
const CUT: &str = "*… cut here: the rest does not fit into a Discord message.*";

/// A message body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// The embed: one.
    pub embeds: Vec<Embed>,
    /// The rows of buttons; always sent, so that an edit takes old buttons away.
    pub components: Vec<Row>,
}

/// An embed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Embed {
    title: String,
    description: String,
    color: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    footer: Option<Footer>,
}

impl Embed {
    /// An embed of ours once more, as Discord gave it back: its texts are ready to be shown.
    pub fn again(title: &str, description: &str, color: u32, footer: Option<&str>) -> Self {
        let footer = footer.map(|text| Footer { text: cut(text, FOOTER) });
        Self { title: cut(title, TITLE), description: cut(description, DESCRIPTION), color, footer }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Footer {
    text: String,
}

/// A row of buttons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    r#type: u8,
    components: Vec<Button>,
}

/// A button: a press with its `custom_id`, or a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Button {
    r#type: u8,
    style: u8,
    label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

/// What a press on one of our buttons asks for: written as its `custom_id`, and read back from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Press {
    /// The entry with this id, about this domain if one is named.
    Entry(String, Option<String>),
    /// A look at this domain, with these DKIM selectors.
    Check(String, Vec<String>),
    /// The same, with everything shown.
    Details(String, Vec<String>),
    /// To be told when a change at this domain is everywhere.
    Watch(String),
    /// Not to be told any more: the number of a watch.
    Unwatch(i64),
    /// That in this talk this entry worked.
    Worked(u64, String),
    /// That it did not.
    Failed(u64, String),
    /// A person for this talk.
    Person(u64),
    /// A look at a domain, still to be named, with this entry in this talk.
    Domain(u64, String),
    /// For all to see what only one person sees.
    Share,
    /// A form to paste a text into.
    Paste,
    /// Something of the surface's own, in its own words.
    Desk(String),
}

impl Press {
    /// Reads a `custom_id`, which anybody can forge: `None` if it is none of ours.
    pub fn read(custom_id: &str) -> Option<Self> {
        let (kind, rest) = custom_id.split_once(':')?;
        let (first, more) = rest.split_once(':').map_or((rest, None), |(first, more)| (first, Some(more)));
        let selectors = || more.map(|more| more.split(',').map(str::to_owned).collect()).unwrap_or_default();
        Some(match kind {
            "entry" => Self::Entry(first.to_owned(), more.map(str::to_owned)),
            "check" => Self::Check(first.to_owned(), selectors()),
            "details" => Self::Details(first.to_owned(), selectors()),
            "watch" => Self::Watch(rest.to_owned()),
            "unwatch" => Self::Unwatch(rest.parse().ok()?),
            "worked" => Self::Worked(first.parse().ok()?, more?.to_owned()),
            "failed" => Self::Failed(first.parse().ok()?, more?.to_owned()),
            "person" => Self::Person(rest.parse().ok()?),
            "domain" => Self::Domain(first.parse().ok()?, more?.to_owned()),
            "share" => Self::Share,
            "paste" => Self::Paste,
            "desk" => Self::Desk(rest.to_owned()),
            _ => return None,
        })
    }

    /// The `custom_id`; without what may be left out where that would be too long. None where it is too long all the same.
    fn id(&self) -> Option<String> {
        let fits = |id: &String| id.chars().count() <= CUSTOM_ID;
        let (kind, first, more) = match self {
            Self::Entry(id, domain) => ("entry", id.clone(), domain.clone()),
            Self::Check(domain, selectors) => ("check", domain.clone(), some(selectors)),
            Self::Details(domain, selectors) => ("details", domain.clone(), some(selectors)),
            Self::Watch(domain) => ("watch", domain.clone(), None),
            Self::Unwatch(number) => ("unwatch", number.to_string(), None),
            Self::Worked(talk, entry) => ("worked", format!("{talk}:{entry}"), None),
            Self::Failed(talk, entry) => ("failed", format!("{talk}:{entry}"), None),
            Self::Person(talk) => ("person", talk.to_string(), None),
            Self::Domain(talk, entry) => ("domain", format!("{talk}:{entry}"), None),
            Self::Share => ("share", String::new(), None),
            Self::Paste => ("paste", String::new(), None),
            Self::Desk(words) => ("desk", words.clone(), None),
        };
        let plain = format!("{kind}:{first}");
        let whole = more.map(|more| format!("{plain}:{more}")).filter(fits);
        Some(whole.unwrap_or(plain)).filter(fits)
    }
}

fn some(selectors: &[String]) -> Option<String> {
    (!selectors.is_empty()).then(|| selectors.join(","))
}

/// A button of the surface's own, beside those of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extra {
    /// The words on it.
    pub label: String,
    /// What it asks for.
    pub press: Press,
}

/// Renders an answer, with buttons of the surface's own below those of the answer.
pub fn message(answer: &Answer, extra: &[Extra]) -> Message {
    let title = cut(&title_words(&answer.title), TITLE);
    let footer = answer.note.as_ref().map(|note| Footer { text: cut(&visible(&note.to_string()), FOOTER) });
    let spent = title.chars().count() + footer.as_ref().map_or(0, |footer| footer.text.chars().count());
    let components = rows(&answer.next, extra);
    let mut shown = paragraphs(answer);
    if !answer.details.blocks.is_empty() {
        // Where no button leads to the details, they must stand here.
        let is_offered =
            answer.next.iter().any(|action| matches!(action, Action::Details { .. }) && button(action).is_some());
        if is_offered {
            shown.push(format!("-# {}", markdown(&answer.details.summary)));
        } else {
            shown.extend(answer.details.blocks.iter().flat_map(block));
        }
    }
    let description = fit(&shown, DESCRIPTION.min(EMBED_TOTAL - spent));
    let embed = Embed { title, description, color: color(answer.severity), footer };
    Message { embeds: vec![embed], components }
}

fn color(severity: Option<Severity>) -> u32 {
    match severity {
        None | Some(Severity::Info) => 0x34_6d_b5,
        Some(Severity::Ok) => 0x2e_9e_5b,
        Some(Severity::Warn) => 0xd9_9a_1c,
        Some(Severity::Unknown) => 0x80_84_8e,
        Some(Severity::Fail) => 0xc8_3c_3c,
    }
}

/// The answer's paragraphs in Discord's Markdown.
fn paragraphs(answer: &Answer) -> Vec<String> {
    let mut all = Vec::new();
    if !answer.lead.is_empty() {
        all.push(markdown(&answer.lead));
    }
    all.extend(answer.blocks.iter().flat_map(block));
    all
}

fn block(block: &Block) -> Vec<String> {
    match block {
        Block::Heading(text) => vec![format!("**{}**", markdown(text))],
        Block::Paragraph(text) => vec![markdown(text)],
        Block::Steps(steps) => steps.iter().enumerate().map(|(at, step)| step_line(at + 1, step)).collect(),
        Block::Findings(findings) if findings.iter().all(|noted| noted.severity == Severity::Ok) => {
            // What is in order needs no explanation; it would take the room of what is not.
            let titles: Vec<String> = findings.iter().map(|noted| markdown(&noted.title)).collect();
            vec![format!("{} {}", sign(Severity::Ok), titles.join(" · "))]
        }
        Block::Findings(findings) => findings.iter().map(finding).collect(),
        Block::Topics(topics) => vec![
            by_severity(topics)
                .iter()
                .map(|(severity, topics)| format!("{} {}", sign(*severity), escape(&topics.join(", "))))
                .collect::<Vec<_>>()
                .join("\n"),
        ],
        Block::Listing(lines) => vec![listing(lines)],
        Block::Caution(text) => vec![format!("⚠️ {}", markdown(text))],
        Block::Tip(text) => vec![format!("💡 {}", markdown(text))],
    }
}

fn step_line(number: usize, step: &Step) -> String {
    let text = markdown(&step.text);
    let because = step.because.iter().map(markdown).collect::<Vec<_>>().join("; ");
    let because = if because.is_empty() { because } else { format!(": {because}") };
    match step.state {
        State::Confirmed => format!("🔴 **{number}. {text}**\n-# {}{because}", claim(step)),
        State::Open => format!("▫️ {number}. {text}"),
        State::Cleared => format!("✅ {number}. ~~{text}~~\n-# Ruled out{because}"),
    }
}

fn finding(noted: &Noted) -> String {
    let mut text = format!("{} **{}**", sign(noted.severity), markdown(&noted.title));
    if noted.severity == Severity::Ok {
        return text;
    }
    let _ = write!(text, "\n{}", markdown(&noted.text));
    if !noted.evidence.is_empty() {
        text.push('\n');
        text.push_str(&fenced(&noted.evidence));
    }
    if let Some(mend) = &noted.mend {
        let _ = write!(text, "\n→ {}", markdown(mend));
    }
    if let Some(fix) = &noted.fix {
        let _ = write!(
            text,
            "\n**The mend, tested:** publish {} at `{}`{}{}",
            records(fix),
            inert(&fix.name),
            in_place_of(fix),
            whole(fix)
        );
    }
    text
}

const fn sign(severity: Severity) -> &'static str {
    match severity {
        Severity::Ok => "✅",
        Severity::Info => "ℹ️",
        Severity::Unknown => "❔",
        Severity::Warn => "🟠",
        Severity::Fail => "🔴",
    }
}

fn rows(actions: &[Action], extra: &[Extra]) -> Vec<Row> {
    let extra = extra.iter().filter_map(|extra| Some(press(&extra.label, extra.press.id()?)));
    let extra: Vec<Button> = extra.take(BUTTONS_A_ROW * ROWS).collect();
    let room = ROWS - extra.len().div_ceil(BUTTONS_A_ROW);
    let buttons: Vec<Button> = actions.iter().filter_map(button).take(BUTTONS_A_ROW * room).collect();
    let row = |row: &[Button]| Row { r#type: ACTION_ROW, components: row.to_vec() };
    buttons.chunks(BUTTONS_A_ROW).chain(extra.chunks(BUTTONS_A_ROW)).map(row).collect()
}

/// The button for an action; none where it does not fit into a button's limits.
fn button(action: &Action) -> Option<Button> {
    let names = |selectors: &[Name]| selectors.iter().map(Name::to_string).collect();
    match action {
        Action::Entry { id, title, domain } => {
            Some(press(title, Press::Entry(id.clone(), domain.as_ref().map(Domain::to_string)).id()?))
        }
        Action::Check { domain, selectors, again } => {
            let verb = if *again { "Check again" } else { "Check" };
            Some(press(&format!("{verb}: {domain}"), Press::Check(domain.to_string(), names(selectors)).id()?))
        }
        Action::Details { domain, selectors } => {
            Some(press("Details", Press::Details(domain.to_string(), names(selectors)).id()?))
        }
        Action::Open { label, url } => (url.chars().count() <= URL).then(|| Button {
            r#type: BUTTON,
            style: LINK_STYLE,
            label: cut(&visible(label), LABEL),
            custom_id: None,
            url: Some(url.clone()),
        }),
    }
}

fn press(label: &str, custom_id: String) -> Button {
    let label = cut(&visible(label), LABEL);
    Button { r#type: BUTTON, style: PRESS_STYLE, label, custom_id: Some(custom_id), url: None }
}

fn fenced(lines: &[String]) -> String {
    let mut block = "```\n".to_owned();
    for line in lines.iter().take(EVIDENCE_LINES) {
        block.push_str(&cut(&inert(line), EVIDENCE_LINE));
        block.push('\n');
    }
    if lines.len() > EVIDENCE_LINES {
        let _ = writeln!(block, "… and {} more", lines.len() - EVIDENCE_LINES);
    }
    block.push_str("```");
    block
}

/// Lines whose blanks matter, as many as fit beside the rest.
fn listing(lines: &[String]) -> String {
    let (mut block, mut used) = ("```\n".to_owned(), 0);
    for line in lines {
        let line = cut(&inert(line), LISTING_LINE);
        used += line.chars().count() + 1;
        if used > LISTING {
            block.push_str("…\n");
            break;
        }
        block.push_str(&line);
        block.push('\n');
    }
    block.push_str("```");
    block
}

/// What to publish: all of it, or a word on where it is; half of it would be worse than nothing.
fn whole(fix: &Fix) -> String {
    if fix.value.chars().count() > LONGEST_FIX {
        return ": it is too long for a message; ask your host for it, or run `mailmedic check`.".to_owned();
    }
    let lines: Vec<_> = fix.values().map(inert).collect();
    format!("\n```\n{}\n```", lines.join("\n"))
}

/// Joins paragraphs until the limit; says so when some are left out.
fn fit(paragraphs: &[String], limit: usize) -> String {
    let room = limit.saturating_sub(CUT.chars().count() + 2);
    let (mut text, mut used) = (String::new(), 0);
    for (at, paragraph) in paragraphs.iter().enumerate() {
        let length = paragraph.chars().count() + 2;
        let is_last = at + 1 == paragraphs.len();
        if used + length > if is_last { limit } else { room } {
            if text.is_empty() {
                text = cut(paragraph, room);
            }
            text.push_str("\n\n");
            text.push_str(CUT);
            return text;
        }
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(paragraph);
        used += length;
    }
    text
}
