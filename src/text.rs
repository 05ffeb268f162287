//! Text without the markup of any surface, and the templates that the knowledge is written in.
//!
//! Knows nobody. All of it is inert: renderers escape it, whether it came from an author, from a user or from the
//! network, so nothing from outside can become markup, a mention or a link.

use std::fmt;

/// A run of spans; one paragraph.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text(pub Vec<Span>);

/// A piece of text of one look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    /// Words.
    Plain(String),
    /// Something literal: a record, a menu path, an error text.
    Code(String),
}

impl Text {
    /// Words alone.
    pub fn plain(words: impl fmt::Display) -> Self {
        Self(vec![Span::Plain(words.to_string())])
    }

    /// Adds words.
    #[must_use]
    pub fn and(mut self, words: impl fmt::Display) -> Self {
        self.0.push(Span::Plain(words.to_string()));
        self
    }

    /// Adds something literal.
    #[must_use]
    pub fn code(mut self, literal: impl fmt::Display) -> Self {
        self.0.push(Span::Code(literal.to_string()));
        self
    }

    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Text {
    /// The words, for places that know no looks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for span in &self.0 {
            match span {
                Span::Plain(text) | Span::Code(text) => f.write_str(text)?,
            }
        }
        Ok(())
    }
}

impl serde::Serialize for Text {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A text with slots, as authors write it: `` `literal` `` and `{slot}`, nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template(Vec<Run>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    code: bool,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Slot(String),
}

/// Why a text is no template; the number is the byte where it goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadTemplate {
    /// A backtick without its partner.
    #[error("a backtick opens here and is never closed")]
    OpenCode(usize),
    /// A brace without its partner.
    #[error("a brace without its partner; a slot is written `{{name}}`")]
    Brace(usize),
    /// A line break or another control character.
    #[error("a control character; a text is one paragraph")]
    Control(usize),
}

impl BadTemplate {
    /// The byte of the text where it goes wrong.
    pub const fn offset(self) -> usize {
        let (Self::OpenCode(at) | Self::Brace(at) | Self::Control(at)) = self;
        at
    }
}

impl Template {
    /// Reads what an author wrote.
    pub fn parse(source: &str) -> Result<Self, BadTemplate> {
        let mut runs = vec![Run { code: false, pieces: Vec::new() }];
        let (mut literal, mut slot) = (String::new(), None::<(usize, String)>);
        let mut opened = 0;
        for (at, c) in source.char_indices() {
            if c.is_control() {
                return Err(BadTemplate::Control(at));
            }
            match (c, &mut slot) {
                ('{', None) => slot = Some((at, String::new())),
                ('}', Some((_, name))) => {
                    push_literal(&mut runs, &mut literal);
                    let name = std::mem::take(name);
                    push(&mut runs, Piece::Slot(name));
                    slot = None;
                }
                ('{', Some((start, _))) => return Err(BadTemplate::Brace(*start)),
                ('}', None) => return Err(BadTemplate::Brace(at)),
                (c, Some((_, name))) => name.push(c),
                ('`', None) => {
                    push_literal(&mut runs, &mut literal);
                    let code = runs.last().is_some_and(|run| !run.code);
                    opened = at;
                    runs.push(Run { code, pieces: Vec::new() });
                }
                (c, None) => literal.push(c),
            }
        }
        if let Some((start, _)) = slot {
            return Err(BadTemplate::Brace(start));
        }
        push_literal(&mut runs, &mut literal);
        if runs.last().is_some_and(|run| run.code) {
            return Err(BadTemplate::OpenCode(opened));
        }
        runs.retain(|run| !run.pieces.is_empty());
        Ok(Self(runs))
    }

    /// The names of the slots, in the order of the text.
    pub fn slots(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|run| &run.pieces).filter_map(|piece| match piece {
            Piece::Slot(name) => Some(name.as_str()),
            Piece::Literal(_) => None,
        })
    }

    /// The text with each slot filled; one that `value` does not know stays as it was written.
    pub fn fill<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> Text {
        let filled = |run: &Run| {
            run.pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Literal(text) => text.clone(),
                    Piece::Slot(name) => value(name).map_or_else(|| format!("{{{name}}}"), str::to_owned),
                })
                .collect::<String>()
        };
        Text(
            self.0
                .iter()
                .map(|run| if run.code { Span::Code(filled(run)) } else { Span::Plain(filled(run)) })
                .collect(),
        )
    }
}

fn push(runs: &mut [Run], piece: Piece) {
    if let Some(run) = runs.last_mut() {
        run.pieces.push(piece);
    }
}

fn push_literal(runs: &mut [Run], literal: &mut String) {
    if !literal.is_empty() {
        push(runs, Piece::Literal(std::mem::take(literal)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_filled_inside_and_outside_of_literals() {
        let template = Template::parse("look at `{selector}._domainkey` in {console}").unwrap();
        assert_eq!(template.slots().collect::<Vec<_>>(), ["selector", "console"]);
        let text = template.fill(|name| match name {
            "selector" => Some("s1"),
            "console" => Some("the `console`"),
            _ => None,
        });
        assert_eq!(text, Text::plain("look at ").code("s1._domainkey").and(" in the `console`"));
    }

    #[test]
    fn what_does_not_close_is_refused_where_it_opens() {
        for (source, expected) in [
            ("a `b", BadTemplate::OpenCode(2)),
            ("a {b", BadTemplate::Brace(2)),
            ("a } b", BadTemplate::Brace(2)),
            ("a {b {c}}", BadTemplate::Brace(2)),
            ("a\nb", BadTemplate::Control(1)),
        ] {
            assert_eq!(Template::parse(source), Err(expected), "{source:?}");
        }
    }
}
