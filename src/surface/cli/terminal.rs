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
        let progress = Self(io::stderr().is_terminal());
        progress.say(what);
        progress
    }

    /// Says something else in its place.
    pub(super) fn say(&self, what: &str) {
        if self.0 {
            // A terminal that cannot be written to loses a courtesy, nothing else.
            let _ = write!(io::stderr(), "\r\u{1b}[K{what} …");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.0 {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}

/// A bar on stderr that grows with each domain that is done; gone when this is dropped. Only where stderr is a terminal,
/// and the results do not go to the same one.
pub(super) struct Bar {
    visible: bool,
    done: usize,
    total: Option<usize>,
}

impl Bar {
    /// The columns of the bar itself.
    const WIDTH: usize = 30;

    /// A bar for `total` domains, where that is known; `streaming` tells that results are printed meanwhile.
    pub(super) fn show(total: Option<usize>, streaming: bool) -> Self {
        let mixed = streaming && io::stdout().is_terminal();
        let bar = Self { visible: io::stderr().is_terminal() && !mixed, done: 0, total };
        bar.draw();
        bar
    }

    /// One more is done.
    pub(super) fn step(&mut self) {
        self.done += 1;
        self.draw();
    }

    /// Makes room for a line of another kind; the next step shows it again.
    pub(super) fn hide(&self) {
        if self.visible {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }

    fn draw(&self) {
        if self.visible {
            let _ = write!(io::stderr(), "\r\u{1b}[K{}", self.line());
        }
    }

    fn line(&self) -> String {
        let Some(total) = self.total else { return format!("{} domains …", self.done) };
        let filled = (self.done * Self::WIDTH).checked_div(total).unwrap_or(Self::WIDTH).min(Self::WIDTH);
        format!("[{}{}] {} of {total} domains", "=".repeat(filled), " ".repeat(Self::WIDTH - filled), self.done)
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.hide();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_full_when_all_is_done() {
        let line = |done, total| Bar { visible: false, done, total }.line();
        assert_eq!(line(0, Some(2)), format!("[{}] 0 of 2 domains", " ".repeat(30)));
        assert_eq!(line(1, Some(2)), format!("[{}{}] 1 of 2 domains", "=".repeat(15), " ".repeat(15)));
        assert_eq!(line(2, Some(2)), format!("[{}] 2 of 2 domains", "=".repeat(30)));
        assert_eq!(line(0, Some(0)), format!("[{}] 0 of 0 domains", "=".repeat(30)));
        assert_eq!(line(7, None), "7 domains …");
    }
}
