//! A form with one field to fill in (Discord, "Modal" and "Text Inputs").

use serde::Serialize;

use super::markdown::cut;
use super::{ACTION_ROW, LABEL_OF_INPUT, PLACEHOLDER, Press, TITLE_OF_FORM};

/// The component type of a line to fill in.
const TEXT_INPUT: u8 = 4;
/// The style of an input of one line.
const SHORT: u8 = 1;
/// The style of an input of many lines.
const PARAGRAPH: u8 = 2;
/// The most characters that are taken of a line.
const LONGEST_LINE: u16 = 300;
/// The most characters that are taken of a page: Discord's own limit.
const LONGEST_PAGE: u16 = 4000;

/// A form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Form {
    custom_id: String,
    title: String,
    components: [Row; 1],
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Row {
    r#type: u8,
    components: [Input; 1],
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Input {
    r#type: u8,
    custom_id: &'static str,
    style: u8,
    label: String,
    placeholder: String,
    max_length: u16,
    required: bool,
}

impl Form {
    /// A form with a line, that comes back with this press. None where that does not fit.
    pub fn new(press: &Press, title: &str, label: &str, placeholder: &str) -> Option<Self> {
        Self::with(press, title, label, placeholder, SHORT, LONGEST_LINE)
    }

    /// The same with a page.
    pub fn page(press: &Press, title: &str, label: &str, placeholder: &str) -> Option<Self> {
        Self::with(press, title, label, placeholder, PARAGRAPH, LONGEST_PAGE)
    }

    fn with(press: &Press, title: &str, label: &str, placeholder: &str, style: u8, longest: u16) -> Option<Self> {
        let input = Input {
            r#type: TEXT_INPUT,
            custom_id: "line",
            style,
            label: cut(label, LABEL_OF_INPUT),
            placeholder: cut(placeholder, PLACEHOLDER),
            max_length: longest,
            required: true,
        };
        let row = Row { r#type: ACTION_ROW, components: [input] };
        Some(Self { custom_id: press.id()?, title: cut(title, TITLE_OF_FORM), components: [row] })
    }
}
