//! `ask`: one question, why it was matched as it was, or a file of them for scripts.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::sync::Arc;

use super::check::{document, finish, print_json};
use super::{Exit, style};
use crate::engine::Engine;
use crate::render::{json, terminal};
use crate::request::Request;
use crate::search::{Found, Reason, Why};

/// The longest line of a batch that is read, in bytes: a question of the longest kind in any script, as JSON escapes.
const LONGEST_LINE: u64 = 256 * 1024;

pub(super) async fn ask(engine: &Arc<Engine>, question: &str, json: bool, out: &mut dyn Write) -> io::Result<Exit> {
    let mut work = engine.begin(Request::ask(question));
    finish(&mut work).await;
    let Some(found) = work.found() else { return Ok(Exit::Bug) };
    if json {
        let check = work.report().map(|report| document(engine, &report));
        let (decision, matches) = (found.decision.as_str(), matches(found));
        print_json(&json::Ask { schema: json::SCHEMA, decision, matches, answer: work.answer(), check }, out)?;
    } else {
        out.write_all(terminal::text(&work.answer(), style()).as_bytes())?;
    }
    Ok(Exit::Fine)
}

/// Tells the words and patterns that decided, a line each.
pub(super) fn why(engine: &Engine, question: &str, out: &mut dyn Write) -> io::Result<Exit> {
    let Ok(Why { found, entry, rival, reasons }) = engine.why(question) else { return Ok(Exit::Bug) };
    writeln!(out, "{}", found.decision.as_str())?;
    for found in &found.matches {
        writeln!(out, "  {:.3}  {}", found.confidence, found.entry)?;
    }
    if let Some(entry) = entry {
        let rival = rival.map_or_else(|| "silence".to_owned(), |rival| rival.to_string());
        writeln!(out, "what spoke for {entry} (+) or for {rival} (-):")?;
        for Reason { what, weight } in reasons {
            writeln!(out, "  {weight:+.2}  {what}")?;
        }
    }
    Ok(Exit::Fine)
}

/// JSON lines in, JSON lines out; a line that cannot be read stops the batch and is named.
pub(super) fn batch(engine: &Engine, file: &Path, out: &mut dyn Write) -> io::Result<Exit> {
    #[derive(serde::Deserialize)]
    struct Line {
        id: serde_json::Value,
        text: String,
    }
    let refuse = |what: String| {
        writeln!(io::stderr(), "error: {}: {what}", file.display())?;
        Ok(Exit::Usage)
    };
    let mut input: Box<dyn BufRead> = if file.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        match File::open(file) {
            Ok(file) => Box::new(BufReader::new(file)),
            Err(error) => return refuse(format!("cannot be read: {error}")),
        }
    };
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let length = match io::Read::take(&mut input, LONGEST_LINE).read_until(b'\n', &mut line) {
            Ok(length) => length,
            Err(error) => return refuse(format!("cannot be read: {error}")),
        };
        if length == 0 {
            break;
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match serde_json::from_slice::<Line>(&line) {
            Ok(Line { id, text }) => {
                let found = engine.find(&text);
                print_json(&json::Batch { id, decision: found.decision.as_str(), matches: matches(&found) }, out)?;
            }
            Err(error) => {
                return refuse(format!("line {number} is not a JSON object with `id` and `text`: {error}"));
            }
        }
    }
    Ok(Exit::Fine)
}

fn matches(found: &Found) -> Vec<json::Match> {
    found
        .matches
        .iter()
        .map(|found| json::Match { entry: found.entry.to_string(), confidence: found.confidence })
        .collect()
}
