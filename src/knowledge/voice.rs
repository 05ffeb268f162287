//! Symptoms, each in a voice: `symptoms.terse = […]`, `symptoms.story = […]`, or `symptoms = […]` where nobody told them
//! apart.
//!
//! The voice does not change what a symptom says for its entry. It keeps near copies together when the knowledge is
//! tested: one customer's way of writing is left out as a whole, and found by the others.

use std::fmt;
use std::ops::Range;

use crate::problem::Problem;
use crate::written::Table;

/// One way in which customers describe an entry's problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symptom {
    /// Whose way it is.
    pub voice: Voice,
    /// What they say.
    pub text: String,
}

impl Symptom {
    /// What they say.
    pub fn text(&self) -> &str {
        &self.text
    }
}

macro_rules! voices {
    ($($(#[$doc:meta])+ $voice:ident = $name:literal,)+) => {
        /// A way of writing.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Voice {
            $($(#[$doc])+ $voice,)+
        }

        impl Voice {
            /// All voices.
            pub const ALL: &[Self] = &[$(Self::$voice,)+];

            /// The word for it in files.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$voice => $name,)+
                }
            }
        }
    };
}

voices! {
    /// As it comes; also what nobody told apart.
    Plain = "plain",
    /// A few words.
    Terse = "terse",
    /// A whole story, with the problem somewhere in it.
    Story = "story",
    /// By somebody whose first language is another.
    Foreign = "foreign",
    /// With typing errors.
    Typos = "typos",
    /// As people type on a phone.
    Mobile = "mobile",
    /// Upset.
    Angry = "angry",
    /// Very polite.
    Polite = "polite",
    /// By somebody who knows the terms.
    Technical = "technical",
    /// In other words than the entry's own.
    Paraphrase = "paraphrase",
    /// With an error message or a bounce in it.
    Pasted = "pasted",
    /// Taken over from what customers really asked.
    Adopted = "adopted",
}

impl fmt::Display for Voice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reads the symptoms of an entry, each with where it stands.
pub(super) fn read(table: &mut Table<'_>, longest: usize, problems: &mut Vec<Problem>) -> Vec<(Symptom, Range<usize>)> {
    let names: Vec<&'static str> = Voice::ALL.iter().map(|voice| voice.as_str()).collect();
    let texts = table.grouped_texts("symptoms", &names, longest, problems);
    let symptom = |(name, text): (Option<&str>, toml::Spanned<String>)| {
        let voice = Voice::ALL.iter().find(|voice| Some(voice.as_str()) == name).copied().unwrap_or(Voice::Plain);
        let span = text.span();
        (Symptom { voice, text: text.into_inner() }, span)
    };
    texts.into_iter().map(symptom).collect()
}
