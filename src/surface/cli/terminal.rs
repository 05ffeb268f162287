//! What the terminal can do, and a line that tells it that something is under way.

use std::io::{self, IsTerminal as _, Write as _};

use crate::render::terminal::{Colors, Style};

/// How to write to stdout: colours only to a terminal that does not refuse them (`NO_COLOR`, `TERM=dumb`), unless
/// `CLICOLOR_FORCE` demands them.
pub fn style() -> Style {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let forced = std::env::var_os("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0");
    let wanted = !set("NO_COLOR") && (forced || io::stdout().is_terminal() && !dumb);
    Style { colors: if wanted { Colors::Ansi } else { Colors::None }, width: textwrap::termwidth() }
}

/// A line on stderr while something is under way; gone when this is dropped. Only where stderr is a terminal.
pub(super) struct Progress(bool);

impl Progress {
    pub(super) fn show(what: &str) -> Self {
        let visible = io::stderr().is_terminal();
        if visible {
            // A terminal that cannot be written to loses a courtesy, nothing else.
            let _ = write!(io::stderr(), "{what} …");
        }
        Self(visible)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.0 {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}
