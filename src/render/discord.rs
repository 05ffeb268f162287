//! An answer as a Discord message: one embed and rows of buttons, within every limit.
//!
//! The structures serialise to Discord's own JSON (API v10, "Create Message"). Who sends it, and that no mention
//! resolves, is `surface::discord`'s part. Limits: Discord's documentation, "Embed Limits" and "Component Reference".

use std::fmt::Write as _;

use serde::Serialize;
use unicode_segmentation::UnicodeSegmentation as _;

use super::{claim, in_place_of, records, visible};
use crate::answer::{Action, Answer, Block, Noted, State, Step};
use crate::finding::{Fix, Severity};
use crate::text::{Span, Text};

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

/// What a press on one of our buttons asks for, read back from its `custom_id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Press<'i> {
    /// The entry with this id, about this domain if one is named.
    Entry(&'i str, Option<&'i str>),
    /// A look at this domain.
    Check(&'i str),
}

impl<'i> Press<'i> {
    /// Reads a `custom_id`, which anybody can forge: `None` if it is none of ours.
    pub fn read(custom_id: &'i str) -> Option<Self> {
        match custom_id.split_once(':')? {
            ("entry", rest) => Some(match rest.split_once(':') {
                Some((id, domain)) => Self::Entry(id, Some(domain)),
                None => Self::Entry(rest, None),
            }),
            ("check", domain) => Some(Self::Check(domain)),
            _ => None,
        }
    }
}

/// Renders an answer.
pub fn message(answer: &Answer) -> Message {
    let title = cut(&title_words(&answer.title), TITLE);
    let footer = answer.note.as_ref().map(|note| Footer { text: cut(&visible(&note.to_string()), FOOTER) });
    let spent = title.chars().count() + footer.as_ref().map_or(0, |footer| footer.text.chars().count());
    let description = fit(&paragraphs(answer), DESCRIPTION.min(EMBED_TOTAL - spent));
    let embed = Embed { title, description, color: color(answer.severity), footer };
    Message { embeds: vec![embed], components: rows(&answer.next) }
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
    for block in &answer.blocks {
        match block {
            Block::Heading(text) => all.push(format!("**{}**", markdown(text))),
            Block::Paragraph(text) => all.push(markdown(text)),
            Block::Steps(steps) => all.extend(steps.iter().enumerate().map(|(at, step)| step_line(at + 1, step))),
            Block::Findings(findings) => all.extend(findings.iter().map(finding)),
            Block::Topics(topics) => all.push(
                topics
                    .iter()
                    .map(|(topic, severity)| format!("{} {}", sign(*severity), escape(topic)))
                    .collect::<Vec<_>>()
                    .join("\u{2003}"),
            ),
            Block::Caution(text) => all.push(format!("⚠️ {}", markdown(text))),
            Block::Tip(text) => all.push(format!("💡 {}", markdown(text))),
        }
    }
    all
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
        // What is in order needs no explanation; it would take the room of what is not.
        return text;
    }
    let _ = write!(text, "\n{}", markdown(&noted.text));
    if !noted.evidence.is_empty() {
        text.push('\n');
        text.push_str(&fenced(&noted.evidence));
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
    } else if let Some(mend) = &noted.mend {
        let _ = write!(text, "\n→ {}", markdown(mend));
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

fn rows(actions: &[Action]) -> Vec<Row> {
    let buttons: Vec<Button> = actions.iter().filter_map(button).take(BUTTONS_A_ROW * ROWS).collect();
    buttons.chunks(BUTTONS_A_ROW).map(|row| Row { r#type: ACTION_ROW, components: row.to_vec() }).collect()
}

/// The button for an action; none where it does not fit into a button's limits.
fn button(action: &Action) -> Option<Button> {
    let fits = |id: &String| id.chars().count() <= CUSTOM_ID;
    let (label, custom_id, url) = match action {
        Action::Entry { id, title, domain } => {
            let plain = format!("entry:{id}");
            let whole = domain.as_ref().map(|domain| format!("{plain}:{domain}")).filter(fits);
            (title.clone(), Some(whole.unwrap_or(plain)), None)
        }
        Action::Check { domain, again } => {
            let verb = if *again { "Check again" } else { "Check" };
            (format!("{verb}: {domain}"), Some(format!("check:{domain}")), None)
        }
        Action::Open { label, url } => (label.clone(), None, Some(url.clone())),
    };
    if !custom_id.iter().all(fits) || url.as_ref().is_some_and(|url| url.chars().count() > URL) {
        return None;
    }
    let style = if url.is_some() { LINK_STYLE } else { PRESS_STYLE };
    Some(Button { r#type: BUTTON, style, label: cut(&visible(&label), LABEL), custom_id, url })
}

fn markdown(text: &Text) -> String {
    text.0
        .iter()
        .map(|span| match span {
            Span::Plain(words) => escape(words),
            Span::Code(literal) => format!("`{}`", inert(literal)),
        })
        .collect()
}

/// The words alone: Markdown acts in a title, links do not. (A footer and a label take words as they are.)
fn title_words(text: &Text) -> String {
    text.0
        .iter()
        .map(|span| match span {
            Span::Plain(words) | Span::Code(words) => escape(words),
        })
        .collect()
}

/// Escapes what Discord's Markdown acts on, mentions and bare links among it.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    let shown = visible(text);
    let mut before = [' ', ' '];
    for (at, c) in shown.char_indices() {
        let line_start = at == 0;
        match c {
            '\\' | '*' | '_' | '~' | '`' | '|' | '[' | ']' | '(' | ')' | '<' | '>' => {
                escaped.push('\\');
                escaped.push(c);
            }
            '#' | '-' | '+' if line_start => {
                escaped.push('\\');
                escaped.push(c);
            }
            '@' => escaped.push_str("@\u{200b}"),
            ':' if before[1].is_ascii_alphabetic() && shown.split_at(at).1.starts_with("://") => {
                escaped.push_str("\u{200b}:");
            }
            c => escaped.push(c),
        }
        before = [before[1], c];
    }
    escaped
}

/// A literal that cannot leave its code span.
fn inert(text: &str) -> String {
    visible(text).replace('`', "ˋ")
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

/// The first characters, cut between graphemes, with a sign that something is missing.
fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let (mut kept, mut used) = (String::new(), 1);
    for grapheme in text.graphemes(true) {
        used += grapheme.chars().count();
        if used > limit {
            break;
        }
        kept.push_str(grapheme);
    }
    // A lone backslash at the end would escape the sign.
    let escaping = kept.chars().rev().take_while(|&c| c == '\\').count() % 2 == 1;
    if escaping {
        kept.pop();
    }
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_from_outside_is_inert() {
        for (text, expected) in [
            ("@everyone", "@\u{200b}everyone"),
            ("<@123> <#1>", "\\<@\u{200b}123\\> \\<#1\\>"),
            ("[a](https://evil.example)", "\\[a\\]\\(https\u{200b}://evil.example\\)"),
            ("**bold** `code` ||x||", "\\*\\*bold\\*\\* \\`code\\` \\|\\|x\\|\\|"),
            ("# big", "\\# big"),
            ("a\u{202e}b", "a\\<U+202E\\>b"),
            ("plain: words - here", "plain: words - here"),
        ] {
            assert_eq!(escape(&visible(text)), expected, "{text}");
        }
    }

    #[test]
    fn a_code_span_cannot_be_left() {
        assert_eq!(markdown(&Text::default().code("a` **b** ```")), "`aˋ **b** ˋˋˋ`");
        assert_eq!(fenced(&["``` @everyone".to_owned()]), "```\nˋˋˋ @everyone\n```");
    }

    #[test]
    fn a_press_reads_back_what_the_button_said() {
        let domain = "example.com".parse().unwrap();
        let button = button(&Action::Check { domain, again: true }).unwrap();
        assert_eq!(Press::read(&button.custom_id.unwrap()), Some(Press::Check("example.com")));
        assert_eq!(Press::read("evil"), None);
        assert_eq!(Press::read("drop:table"), None);
    }

    fn texts() -> impl Strategy<Value = Text> {
        prop::collection::vec(
            prop_oneof![
                "\\PC{0,400}".prop_map(Span::Plain),
                "[`@a-z:/\\[\\]()<>*_|~#\\\\]{0,80}".prop_map(Span::Plain),
                "\\PC{0,80}".prop_map(Span::Code),
            ],
            0..4,
        )
        .prop_map(Text)
    }

    fn blocks() -> impl Strategy<Value = Block> {
        prop_oneof![
            texts().prop_map(Block::Paragraph),
            texts().prop_map(Block::Heading),
            prop::collection::vec(texts(), 0..9).prop_map(|texts| Block::Steps(
                texts
                    .into_iter()
                    .map(|text| Step { because: vec![text.clone()], text, state: State::Cleared, severity: None })
                    .collect()
            )),
            (texts(), prop::collection::vec("\\PC{0,900}", 0..9), "\\PC{0,500}").prop_map(|(text, evidence, value)| {
                let fix = Some(Fix::txt(value.clone(), value));
                let mend = Some(text.clone());
                let severity = Severity::Fail;
                Block::Findings(vec![Noted { severity, title: text.clone(), text, mend, evidence, fix }])
            }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_limit_holds_for_any_answer(
            title in texts(), lead in texts(), blocks in prop::collection::vec(blocks(), 0..12), note in prop::option::of(texts()),
            labels in prop::collection::vec("\\PC{1,200}", 0..40),
        ) {
            let next = labels.into_iter().map(|label| Action::Entry { id: "an-entry".into(), title: label, domain: None }).collect();
            let message = message(&Answer { title, severity: None, lead, blocks, next, note });
            let [embed] = message.embeds.as_slice() else { panic!("one embed") };
            let count = |text: &str| text.chars().count();
            let footer = embed.footer.as_ref().map_or(0, |footer| count(&footer.text));
            prop_assert!(count(&embed.title) <= TITLE && count(&embed.description) <= DESCRIPTION && footer <= FOOTER);
            prop_assert!(count(&embed.title) + count(&embed.description) + footer <= EMBED_TOTAL);
            prop_assert!(message.components.len() <= ROWS);
            for row in &message.components {
                prop_assert!(!row.components.is_empty() && row.components.len() <= BUTTONS_A_ROW);
                prop_assert!(row.components.iter().all(|button| (1..=LABEL).contains(&count(&button.label))));
            }
        }

        #[test]
        fn no_plain_text_keeps_a_mention_or_a_link(text in "\\PC{0,200}") {
            let escaped = escape(&text);
            prop_assert!(!escaped.contains("@everyone") && !escaped.contains("@here"));
            prop_assert!(!escaped.contains("http://") && !escaped.contains("https://"));
            prop_assert!(!escaped.replace("\\<", "").contains('<'), "a mention begins with a bare <: {}", escaped);
        }
    }
}
