//! An answer as lines of text for a terminal: wrapped, with colours where they are wanted.
//!
//! Colour only repeats what the words and signs say, so nothing is lost without it (`NO_COLOR`).

use std::fmt::Write as _;

use super::{by_severity, claim, in_place_of, records, visible};
use crate::answer::{Action, Answer, Block, Noted, State, Step};
use crate::finding::Severity;
use crate::text::{Span, Text};

/// The widest line that reads well.
const WIDEST: usize = 100;
/// The lines of evidence that what is in order shows.
const GLIMPSES: usize = 1;
/// The lines of evidence that one finding shows.
const EVIDENCE_LINES: usize = 8;

/// How the terminal shows things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether colours are wanted.
    pub colors: Colors,
    /// The columns of the terminal.
    pub width: usize,
}

/// Whether colours are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colors {
    /// ANSI escape sequences.
    Ansi,
    /// Words alone.
    None,
}

/// Renders an answer; ends with a line break.
pub fn text(answer: &Answer, style: Style) -> String {
    let mut page = Page { style, explained: !answer.blocks.is_empty(), out: String::new() };
    page.paragraph("", &page.bold(&page.spans(&answer.title)));
    if !answer.lead.is_empty() {
        page.paragraph("", &page.spans(&answer.lead));
    }
    for block in answer.blocks.iter().chain(&answer.details.blocks) {
        page.block(block);
    }
    page.next(&answer.next);
    if let Some(note) = &answer.note {
        page.gap();
        page.paragraph("", &page.dim(&page.spans(note)));
    }
    page.out
}

struct Page {
    style: Style,
    /// Whether there was more to read than an offer of choices.
    explained: bool,
    out: String,
}

impl Page {
    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(text) => {
                self.gap();
                self.paragraph("", &self.bold(&self.spans(text)));
            }
            Block::Paragraph(text) => {
                self.gap();
                self.paragraph("", &self.spans(text));
            }
            Block::Steps(steps) => {
                self.gap();
                for (at, step) in steps.iter().enumerate() {
                    self.step(at + 1, step);
                }
            }
            Block::Findings(findings) => {
                let mut before = None;
                for noted in findings {
                    // What is in order stands close together.
                    if before != Some(Severity::Ok) || noted.severity != Severity::Ok {
                        self.gap();
                    }
                    self.finding(noted);
                    before = Some(noted.severity);
                }
            }
            Block::Topics(topics) => {
                self.gap();
                for (severity, topics) in by_severity(topics) {
                    let mark = self.paint(severity, &format!("{:<7}", severity.as_str()));
                    self.paragraph("", &format!("{mark} {}", topics.join(", ")));
                }
            }
            Block::Listing(lines) => {
                self.gap();
                for line in lines {
                    self.literal("  ", line);
                }
            }
            Block::Caution(text) => {
                self.gap();
                self.paragraph("  ", &format!("Caution: {}", self.spans(text)));
            }
            Block::Tip(text) => {
                self.gap();
                self.paragraph("  ", &format!("Tip: {}", self.spans(text)));
            }
        }
    }

    fn step(&mut self, number: usize, step: &Step) {
        let text = self.spans(&step.text);
        let because = step.because.iter().map(|text| self.spans(text)).collect::<Vec<_>>().join("; ");
        let because = if because.is_empty() { because } else { format!(": {because}") };
        match step.state {
            State::Confirmed => {
                self.paragraph(&format!("{number:>3}. "), &self.bold(&text));
                self.paragraph("     ", &self.paint(Severity::Fail, &format!("{}{because}", claim(step))));
            }
            State::Open => self.paragraph(&format!("{number:>3}. "), &text),
            State::Cleared => {
                self.paragraph(&format!("{number:>3}. "), &self.dim(&text));
                self.paragraph("     ", &self.paint(Severity::Ok, &format!("Ruled out{because}")));
            }
        }
    }

    fn finding(&mut self, noted: &Noted) {
        let mark = self.paint(noted.severity, &format!("{:<7}", noted.severity.as_str()));
        self.paragraph("", &format!("{mark} {}", self.bold(&self.spans(&noted.title))));
        if noted.severity == Severity::Ok {
            // What is in order needs no explanation, only a look at it.
            for line in noted.evidence.iter().take(GLIMPSES) {
                self.glimpse("        | ", line);
            }
            return;
        }
        self.paragraph("        ", &self.spans(&noted.text));
        for line in noted.evidence.iter().take(EVIDENCE_LINES) {
            self.literal("        | ", line);
        }
        if noted.evidence.len() > EVIDENCE_LINES {
            self.paragraph("        ", &format!("… and {} more", noted.evidence.len() - EVIDENCE_LINES));
        }
        if let Some(mend) = &noted.mend {
            self.paragraph("        ", &format!("-> {}", self.spans(mend)));
        }
        if let Some(fix) = &noted.fix {
            self.paragraph(
                "        ",
                &self.paint(
                    Severity::Ok,
                    &format!("The mend, tested: publish {} at {}{}", records(fix), fix.name, in_place_of(fix)),
                ),
            );
            for value in fix.values() {
                self.literal("        > ", value);
            }
        }
    }

    fn next(&mut self, actions: &[Action]) {
        if !actions.is_empty() {
            self.gap();
        }
        if self.explained && actions.iter().any(|action| matches!(action, Action::Entry { .. })) {
            self.paragraph("", "All steps, by their number in a chat, or by `mailmedic knowledge show ID`:");
        }
        let mut choices = 0;
        for action in actions {
            match action {
                Action::Entry { id, title, .. } => {
                    choices += 1;
                    self.paragraph(&format!("{choices:>3}) "), &format!("{} ({id})", visible(title)));
                }
                Action::Check { domain, selectors, again } => {
                    let verb = if *again { "Look again" } else { "Look at it" };
                    // A line takes one selector; the others would have to be written on lines of their own.
                    let selector = selectors.first().map_or_else(String::new, |selector| format!(" {selector}"));
                    self.paragraph("  * ", &format!("{verb}: {}", self.code(&format!("/check {domain}{selector}"))));
                }
                // They stand above: there is room.
                Action::Details { .. } => {}
                Action::Open { label, url } => {
                    self.paragraph("  * ", &format!("{}: {}", visible(label), visible(url)));
                }
            }
        }
    }

    /// Wrapped text; `first` stands before the first line, as many blanks before the others.
    fn paragraph(&mut self, first: &str, text: &str) {
        let rest = " ".repeat(first.chars().count());
        let options = textwrap::Options::new(self.width())
            .initial_indent(first)
            .subsequent_indent(&rest)
            .word_splitter(textwrap::WordSplitter::NoHyphenation)
            .break_words(false);
        self.out.push_str(&textwrap::fill(text, options));
        self.out.push('\n');
    }

    /// The beginning of a text, as much as fits on a line.
    fn glimpse(&mut self, before: &str, text: &str) {
        let room = self.width().saturating_sub(before.len());
        let text = visible(text);
        let shown: String = text.chars().take(room).collect();
        if shown.len() < text.len() {
            let cut: String = shown.chars().take(room.saturating_sub(1)).collect();
            let _ = writeln!(self.out, "{before}{cut}…");
        } else {
            let _ = writeln!(self.out, "{before}{shown}");
        }
    }

    fn width(&self) -> usize {
        self.style.width.clamp(20, WIDEST)
    }

    /// A text that is copied or compared: on one line, however long.
    fn literal(&mut self, before: &str, text: &str) {
        let _ = writeln!(self.out, "{before}{}", visible(text));
    }

    fn gap(&mut self) {
        self.out.push('\n');
    }

    fn spans(&self, text: &Text) -> String {
        text.0
            .iter()
            .map(|span| match span {
                Span::Plain(words) => visible(words).into_owned(),
                Span::Code(literal) => self.code(literal),
            })
            .collect()
    }

    fn code(&self, literal: &str) -> String {
        match self.style.colors {
            Colors::Ansi => self.ansi("36", &visible(literal)),
            Colors::None => format!("`{}`", visible(literal)),
        }
    }

    fn bold(&self, text: &str) -> String {
        self.ansi("1", text)
    }

    fn dim(&self, text: &str) -> String {
        self.ansi("2", text)
    }

    fn paint(&self, severity: Severity, text: &str) -> String {
        self.ansi(
            match severity {
                Severity::Ok => "32",
                Severity::Info => "34",
                Severity::Unknown => "35",
                Severity::Warn => "33",
                Severity::Fail => "31",
            },
            text,
        )
    }

    /// Escape sequences word by word, so that wrapping never tears one; inner ones end and begin again.
    fn ansi(&self, code: &str, text: &str) -> String {
        if self.style.colors == Colors::None {
            return text.to_owned();
        }
        let again = format!("\u{1b}[0m\u{1b}[{code}m");
        format!("\u{1b}[{code}m{}\u{1b}[0m", text.replace("\u{1b}[0m", &again))
    }
}
