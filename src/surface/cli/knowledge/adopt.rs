//! `knowledge adopt`: the candidates in a file, and which of them become symptoms.
//!
//! Nothing is adopted by itself: without `--approve` the candidates are only shown. What is approved or rejected leaves
//! the file.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::engine::Engine;
use crate::knowledge::{Candidate, Source, adopt};
use crate::surface::cli::Exit;

/// What staff say about the candidates: by number, from 1.
pub(super) struct Verdict {
    pub(super) approve: Vec<usize>,
    pub(super) reject: Vec<usize>,
    /// The folder to write to; else the one of the configuration.
    pub(super) into: Option<PathBuf>,
}

/// Shows the candidates, or takes the approved ones into the knowledge.
pub(super) fn run(engine: &Engine, file: &Path, verdict: &Verdict, out: &mut dyn Write) -> io::Result<Exit> {
    let refuse = |what: &dyn std::fmt::Display, exit| {
        writeln!(io::stderr(), "error: {what}")?;
        Ok(exit)
    };
    let candidates = match read(file) {
        Ok(candidates) => candidates,
        Err(what) => return refuse(&format!("{}: {what}", file.display()), Exit::Usage),
    };
    if let Some(number) = verdict.approve.iter().chain(&verdict.reject).find(|at| !(1..=candidates.len()).contains(at))
    {
        let what = format!("there is no candidate {number}; the file has {}", candidates.len());
        return refuse(&what, Exit::Usage);
    }
    if let Some(number) = verdict.approve.iter().find(|number| verdict.reject.contains(number)) {
        return refuse(&format!("candidate {number} is both approved and rejected"), Exit::Usage);
    }
    if verdict.approve.is_empty() && verdict.reject.is_empty() {
        return show(engine, &candidates, out);
    }
    let numbered = || candidates.iter().zip(1..);
    let approved: Vec<Candidate> = numbered()
        .filter(|(_, number)| verdict.approve.contains(number))
        .map(|(candidate, _)| candidate.clone())
        .collect();
    let config = engine.config();
    if !approved.is_empty() {
        let Some(folder) = verdict.into.as_ref().or(config.knowledge.path.as_ref()) else {
            let what = "the knowledge in the binary cannot be changed; name a folder with `--into`, or as `path` under \
                        `[knowledge]`";
            return refuse(&what, Exit::Usage);
        };
        match adopt(&Source::Folder(folder.clone()), &config.brand, &approved) {
            Ok(files) => {
                for file in files {
                    replace(Path::new(&file.path), &file.text)?;
                    writeln!(out, "adopted into {}", file.path)?;
                }
            }
            Err(problems) => return refuse(&problems, Exit::Configuration),
        }
    }
    let stays = |number: &usize| !verdict.approve.contains(number) && !verdict.reject.contains(number);
    let mut left = Vec::new();
    for (candidate, _) in numbered().filter(|(_, number)| stays(number)) {
        left.push(serde_json::to_string(candidate)? + "\n");
    }
    replace(file, &left.concat())?;
    writeln!(out, "{} adopted, {} rejected, {} left", verdict.approve.len(), verdict.reject.len(), left.len())?;
    Ok(Exit::Fine)
}

/// JSON lines, one candidate each.
fn read(file: &Path) -> Result<Vec<Candidate>, String> {
    let text = crate::written::text_of(file)?;
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    lines.map(|(line, number)| serde_json::from_str(line).map_err(|error| format!("line {number}: {error}"))).collect()
}

/// Each candidate, and what is found for it today.
fn show(engine: &Engine, candidates: &[Candidate], out: &mut dyn Write) -> io::Result<Exit> {
    for (Candidate { question, entry, who }, number) in candidates.iter().zip(1..) {
        let found = engine.find(question);
        let today = found.matches.first().map_or_else(String::new, |found| found.entry.to_string());
        writeln!(out, "{number}. {entry}, by {who}: `{question}` (today: {} {today})", found.decision.as_str())?;
    }
    writeln!(out, "{} candidates; adopt some with `--approve 1,2`, drop some with `--reject 3`", candidates.len())?;
    Ok(Exit::Fine)
}

/// Writes a file beside the old one and puts it in its place, so that a full disk leaves the old one.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension("new");
    fs::write(&beside, text)?;
    fs::rename(&beside, path)
}
