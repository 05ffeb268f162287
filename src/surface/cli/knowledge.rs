//! For authors: what is wrong with the knowledge and what is in it; in `trial` how well it finds its entries, in `adopt`
//! what it may learn.

mod adopt;
mod trial;

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use super::args::KnowledgeCommand;
use super::{Exit, style};
use crate::config::{Brand, Matching};
use crate::engine::Engine;
use crate::knowledge::{Knowledge, Source};
use crate::problem::nearest;
use crate::render::terminal;
use crate::request::Request;
use crate::search::{Pull, Search};

/// Says what is wrong with the knowledge in a folder, and what deserves a second look.
pub(super) fn lint(source: &Source, brand: &Brand, out: &mut dyn Write) -> io::Result<Exit> {
    let lint = Knowledge::lint(source, brand);
    for problem in &lint.problems {
        writeln!(out, "error: {problem}\n")?;
    }
    for warning in &lint.warnings {
        writeln!(out, "warning: {warning}\n")?;
    }
    let pulls = if lint.problems.is_empty() { pulls(source, brand) } else { Vec::new() };
    for Pull { entry, symptom, other, like } in &pulls {
        writeln!(out, "warning: {entry}: the symptom `{symptom}` is nearly the same as `{like}` of {other}")?;
        writeln!(out, "  say what sets it apart, or move it\n")?;
    }
    writeln!(out, "{} errors, {} warnings", lint.problems.len(), lint.warnings.len() + pulls.len())?;
    Ok(if lint.problems.is_empty() { Exit::Fine } else { Exit::Configuration })
}

/// The symptoms that pull two entries together.
fn pulls(source: &Source, brand: &Brand) -> Vec<Pull> {
    let Ok(knowledge) = Knowledge::load(source, brand) else { return Vec::new() };
    Search::build(&knowledge, &Matching::default()).map(|search| search.pulls(&knowledge)).unwrap_or_default()
}

pub(super) fn run(engine: &Arc<Engine>, command: KnowledgeCommand, out: &mut dyn Write) -> io::Result<Exit> {
    match command {
        KnowledgeCommand::Lint { folder } => {
            let config = engine.config();
            lint(&source(folder.as_deref().or(config.knowledge.path.as_deref())), &config.brand, out)
        }
        KnowledgeCommand::Test { verbose } => trial::test(engine, verbose, out),
        KnowledgeCommand::Adopt { candidates, approve, reject, into } => {
            adopt::run(engine, &candidates, &adopt::Verdict { approve, reject, into }, out)
        }
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
