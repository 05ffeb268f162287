//! The chat in the terminal: what a Discord channel is to customers, line by line.

use std::io::{self, Write};
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Stdin};

use super::check::finish;
use super::{Exit, style};
use crate::answer::{Action, Answer};
use crate::engine::Engine;
use crate::render::terminal;
use crate::request::Request;
use crate::text::Text;

/// The longest line that is read, in bytes; what is beyond is read as the next line.
const LONGEST_LINE: u64 = 64 * 1024;

pub(super) async fn chat(engine: &Arc<Engine>, out: &mut dyn Write) -> io::Result<Exit> {
    Chat::new(engine).talk(Lines::prompting(), out).await?;
    Ok(Exit::Fine)
}

/// A conversation: what was offered last can be chosen by its number.
pub(super) struct Chat<'e> {
    engine: &'e Arc<Engine>,
    choices: Vec<Request>,
}

impl<'e> Chat<'e> {
    pub(super) const fn new(engine: &'e Arc<Engine>) -> Self {
        Self { engine, choices: Vec::new() }
    }

    /// Answers line after line, until the end or `/quit`.
    pub(super) async fn talk(&mut self, mut lines: Lines, out: &mut dyn Write) -> io::Result<()> {
        loop {
            lines.prompt(out)?;
            let Some(line) = lines.next().await? else { return Ok(()) };
            if matches!(line.trim(), "/quit" | "/exit") {
                return Ok(());
            }
            self.say(&line, out).await?;
            writeln!(out)?;
        }
    }

    /// Answers one line.
    pub(super) async fn say(&mut self, line: &str, out: &mut dyn Write) -> io::Result<()> {
        if line.trim().is_empty() {
            return Ok(());
        }
        let answer = match self.request(line) {
            Err(refusal) => Answer::sentence("That did not work", Text::plain(refusal)),
            Ok(request) => {
                let mut work = self.engine.begin(request);
                if work.is_quiet() && !line.starts_with('/') {
                    return writeln!(out, "(stays quiet: nothing that it knows fits)");
                }
                finish(&mut work).await;
                work.answer()
            }
        };
        let choice = |action: &Action| match action {
            Action::Entry { id, domain, .. } => Some(Request::Entry { id: id.clone(), domain: domain.clone() }),
            _ => None,
        };
        self.choices = answer.next.iter().filter_map(choice).collect();
        out.write_all(terminal::text(&answer, style()).as_bytes())
    }

    /// What a line asks for: the choice whose number it is, if choices were offered; else what it says.
    fn request(&self, line: &str) -> Result<Request, String> {
        let number = line.trim().trim_end_matches(['.', ')']).parse::<usize>();
        match number {
            Ok(number) if !self.choices.is_empty() => {
                let chosen = number.checked_sub(1).and_then(|at| self.choices.get(at)).cloned();
                chosen.ok_or_else(|| {
                    format!("there is no choice {number}; write a number from 1 to {}", self.choices.len())
                })
            }
            _ => Request::of_line(line).map_err(|refusal| refusal.to_string()),
        }
    }
}

/// The lines that a person or a script writes.
pub(super) struct Lines {
    input: BufReader<Stdin>,
    prompting: bool,
}

impl Lines {
    /// With a sign that it is the person's turn, where stdin is a terminal.
    pub(super) fn prompting() -> Self {
        Self { input: BufReader::new(tokio::io::stdin()), prompting: io::IsTerminal::is_terminal(&io::stdin()) }
    }

    /// Without one.
    pub(super) fn silent() -> Self {
        Self { input: BufReader::new(tokio::io::stdin()), prompting: false }
    }

    fn prompt(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.prompting {
            write!(out, "> ")?;
            out.flush()?;
        }
        Ok(())
    }

    /// The next line that holds something; `None` at the end.
    pub(super) async fn next(&mut self) -> io::Result<Option<String>> {
        loop {
            let mut line = Vec::new();
            if (&mut self.input).take(LONGEST_LINE).read_until(b'\n', &mut line).await? == 0 {
                return Ok(None);
            }
            let line = String::from_utf8_lossy(&line);
            if !line.trim().is_empty() {
                return Ok(Some(line.trim().to_owned()));
            }
            if self.prompting {
                return Ok(Some(String::new()));
            }
        }
    }
}
