//! The answer: one neutral document that every surface renders.
//!
//! Carries no markup, no limits of a surface and no wording of its own beyond what frames the knowledge. The engine
//! composes it; `render` turns it into embeds, terminal lines or JSON.

use serde::Serialize;

use crate::domain::{Domain, Name};
use crate::finding::{Fix, Severity};
use crate::mask::in_public;
use crate::text::{Span, Text};

/// What a person gets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// What it is about, in a few words.
    pub title: Text,
    /// How bad it is, where it tells of a domain; surfaces choose a colour by it.
    pub severity: Option<Severity>,
    /// The first thing to read: what is the matter, or what this is.
    pub lead: Text,
    /// The rest, in the order of reading; what is cut, is cut from the end.
    pub blocks: Vec<Block>,
    /// What few will want: surfaces with room show it after the rest, others on demand ([`Action::Details`]).
    pub details: Details,
    /// What to do next: choices, links, another look.
    pub next: Vec<Action>,
    /// A line about the answer itself: what it cost, what is still under way.
    pub note: Option<Text>,
}

/// What few will want, and what it is in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Details {
    /// What stands there, for surfaces that do not show it at once.
    pub summary: Text,
    /// The parts, in the order of reading.
    pub blocks: Vec<Block>,
}

/// A part of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Block {
    /// A heading over what follows.
    Heading(Text),
    /// A paragraph.
    Paragraph(Text),
    /// Things to try, in order.
    Steps(Vec<Step>),
    /// What was found on the network.
    Findings(Vec<Noted>),
    /// The state of each topic, in one line for each state.
    Topics(Vec<(String, Severity)>),
    /// Lines whose blanks matter.
    Listing(Vec<String>),
    /// A warning that belongs to the steps.
    Caution(Text),
    /// Something worth knowing.
    Tip(Text),
}

/// One thing to try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What to do.
    pub text: Text,
    /// What the network says of it.
    pub state: State,
    /// Why, in a few words, where it says something.
    pub because: Vec<Text>,
    /// How bad that is: what fails is the cause, what only may harm may be it.
    pub severity: Option<Severity>,
}

/// What the network says of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// This is it: the network shows the cause.
    Confirmed,
    /// Not known: try it.
    Open,
    /// Ruled out: the network shows that this is not the cause.
    Cleared,
}

/// A finding with its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Noted {
    /// How bad it is.
    pub severity: Severity,
    /// In a few words.
    pub title: Text,
    /// What it means.
    pub text: Text,
    /// What to do about it.
    pub mend: Option<Text>,
    /// The exact texts seen.
    pub evidence: Vec<String>,
    /// The exact record to publish, proven.
    pub fix: Option<Fix>,
}

/// Something to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Read an entry.
    Entry {
        /// The entry's id.
        id: String,
        /// Its title.
        title: String,
        /// The domain that the conversation is about, if it is about one.
        domain: Option<Domain>,
    },
    /// Look at a domain, again or for the first time.
    Check {
        /// The domain.
        domain: Domain,
        /// The DKIM selectors that the person named.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        selectors: Vec<Name>,
        /// Whether it was just looked at.
        again: bool,
    },
    /// Show all that was found at a domain, where the answer shows a part.
    Details {
        /// The domain.
        domain: Domain,
        /// The DKIM selectors that the person named.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        selectors: Vec<Name>,
    },
    /// Open a page of the operator's.
    Open {
        /// The words that are shown.
        label: String,
        /// Where it leads: `https` only.
        url: String,
    },
}

impl Answer {
    /// An answer that is one sentence, such as why a request cannot be taken.
    pub fn sentence(title: impl std::fmt::Display, lead: Text) -> Self {
        Self { title: Text::plain(title), lead, ..Self::default() }
    }

    /// The same for a place where others read along: without addresses of people and machines, and without the words in
    /// `people`, given in small letters, wherever texts from outside stand. Domains stay.
    #[must_use]
    pub fn masked(&self, people: &[String]) -> Self {
        let text = |text: &Text| masked(text, people);
        let blocks = |blocks: &[Block]| blocks.iter().map(|block| block.masked(people)).collect();
        Self {
            title: text(&self.title),
            severity: self.severity,
            lead: text(&self.lead),
            blocks: blocks(&self.blocks),
            details: Details { summary: text(&self.details.summary), blocks: blocks(&self.details.blocks) },
            next: self.next.clone(),
            note: self.note.as_ref().map(text),
        }
    }
}

impl Block {
    fn masked(&self, people: &[String]) -> Self {
        let text = |text: &Text| masked(text, people);
        let lines = |lines: &[String]| lines.iter().map(|line| in_public(line, people)).collect::<Vec<_>>();
        match self {
            Self::Heading(words) => Self::Heading(text(words)),
            Self::Paragraph(words) => Self::Paragraph(text(words)),
            Self::Caution(words) => Self::Caution(text(words)),
            Self::Tip(words) => Self::Tip(text(words)),
            Self::Listing(listed) => Self::Listing(lines(listed)),
            Self::Topics(topics) => Self::Topics(topics.clone()),
            Self::Steps(steps) => {
                let step = |step: &Step| Step { because: step.because.iter().map(text).collect(), ..step.clone() };
                Self::Steps(steps.iter().map(step).collect())
            }
            Self::Findings(findings) => {
                let noted = |noted: &Noted| Noted {
                    title: text(&noted.title),
                    text: text(&noted.text),
                    mend: noted.mend.as_ref().map(text),
                    evidence: lines(&noted.evidence),
                    ..noted.clone()
                };
                Self::Findings(findings.iter().map(noted).collect())
            }
        }
    }
}

/// A text without whom it is about. People are looked for in what is literal alone: the words between are the knowledge's,
/// and somebody may be called as one of them.
fn masked(text: &Text, people: &[String]) -> Text {
    let span = |span: &Span| match span {
        Span::Plain(words) => Span::Plain(in_public(words, &[])),
        Span::Code(literal) => Span::Code(in_public(literal, people)),
    };
    Text(text.0.iter().map(span).collect())
}
