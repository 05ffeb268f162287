//! For authors: what is wrong with the knowledge, what is in it, and whether its own questions find it.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use super::args::KnowledgeCommand;
use super::{Exit, style};
use crate::config::Brand;
use crate::engine::Engine;
use crate::knowledge::{Knowledge, Source};
use crate::problem::nearest;
use crate::render::terminal;
use crate::request::Request;

/// Says what is wrong with the knowledge in a folder, and what deserves a second look.
pub(super) fn lint(source: &Source, brand: &Brand, out: &mut dyn Write) -> io::Result<Exit> {
    let lint = Knowledge::lint(source, brand);
    for problem in &lint.problems {
        writeln!(out, "error: {problem}\n")?;
    }
    for warning in &lint.warnings {
        writeln!(out, "warning: {warning}\n")?;
    }
    writeln!(out, "{} errors, {} warnings", lint.problems.len(), lint.warnings.len())?;
    Ok(if lint.problems.is_empty() { Exit::Fine } else { Exit::Configuration })
}

pub(super) fn run(engine: &Arc<Engine>, command: KnowledgeCommand, out: &mut dyn Write) -> io::Result<Exit> {
    match command {
        KnowledgeCommand::Lint { folder } => {
            let config = engine.config();
            lint(&source(folder.as_deref().or(config.knowledge.path.as_deref())), &config.brand, out)
        }
        KnowledgeCommand::Test => test(engine, out),
        KnowledgeCommand::List => {
            let width = engine.knowledge().entries().map(|entry| entry.id.as_str().len()).max().unwrap_or(0);
            for entry in engine.knowledge().entries() {
                writeln!(out, "{:<width$}  {}", entry.id.as_str(), entry.title)?;
            }
            Ok(Exit::Fine)
        }
        KnowledgeCommand::Show { entry } => {
            if engine.knowledge().entry(&entry).is_none() {
                let near = nearest(&entry, engine.knowledge().entries().map(|entry| entry.id.as_str()));
                let mend = near.map_or_else(
                    || "see `mailmedic knowledge list`".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                writeln!(io::stderr(), "error: there is no entry `{entry}`; {mend}")?;
                return Ok(Exit::Usage);
            }
            let answer = engine.begin(Request::Entry { id: entry, domain: None }).answer();
            out.write_all(terminal::text(&answer, style()).as_bytes())?;
            Ok(Exit::Fine)
        }
    }
}

/// The files that a folder, or the binary, holds.
pub(super) fn source(folder: Option<&Path>) -> Source {
    folder.map_or(Source::Shipped, |folder| Source::Folder(folder.to_owned()))
}

/// Asks every entry's own questions, and names those that do not find it.
fn test(engine: &Engine, out: &mut dyn Write) -> io::Result<Exit> {
    let (mut asked, mut first, mut among) = (0, 0, 0);
    for entry in engine.knowledge().entries() {
        for question in &entry.questions {
            let found = engine.find(question);
            let rank = found.matches.iter().position(|found| found.entry == entry.id);
            asked += 1;
            first += usize::from(rank == Some(0));
            among += usize::from(rank.is_some_and(|rank| rank < 3));
            if rank.is_none_or(|rank| rank >= 3) {
                let first = found.matches.first().map_or("nothing", |found| found.entry.as_str());
                writeln!(out, "{}: `{question}` finds {first} first; add a symptom like it", entry.id)?;
            }
        }
    }
    writeln!(out, "{asked} questions: {first} find their entry first, {among} among the first three")?;
    Ok(Exit::Fine)
}
