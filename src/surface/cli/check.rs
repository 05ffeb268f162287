//! `check`: a domain in, a report out; and the report as JSON, which `ask` shows too.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::terminal::Progress;
use super::{Exit, style, transcript};
use crate::domain::{Domain, Name};
use crate::engine::{Engine, Remedy, Work};
use crate::finding::{Finding, Severity, Topic};
use crate::probe::Report;
use crate::render::{json, terminal};
use crate::request::{CheckRequest, Depth, Request};

/// How domains are looked at, and how that is shown.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    pub(super) topics: Vec<Topic>,
    pub(super) selectors: Vec<Name>,
    pub(super) json: bool,
}

impl Terms {
    /// The look at one domain.
    pub(super) fn request(&self, domain: Domain) -> CheckRequest {
        let (topics, selectors) = (self.topics.clone(), self.selectors.clone());
        CheckRequest { domain, selectors, topics, depth: Depth::Whole }
    }
}

pub(super) async fn check(
    engine: &Arc<Engine>,
    request: CheckRequest,
    save: Option<&Path>,
    json: bool,
    out: &mut dyn Write,
) -> io::Result<Exit> {
    // Before anything is asked: a file that cannot be written is told at once.
    let save = match save.map(transcript::create).transpose() {
        Ok(save) => save,
        Err(exit) => return Ok(exit),
    };
    let mut work = engine.begin(Request::Check(request));
    finish(&mut work).await;
    if let (Some(mut file), Some(transcript)) = (save, work.transcript()) {
        transcript.write(&mut file)?;
    }
    show(engine, &work, json, out)
}

/// Prints what was found; a fault or what could not be seen tells in the exit.
pub(super) fn show(engine: &Engine, work: &Work, json: bool, out: &mut dyn Write) -> io::Result<Exit> {
    let Some(report) = work.report() else { return Ok(Exit::Bug) };
    if json {
        print_json(&document(engine, &report), out)?;
    } else {
        out.write_all(terminal::text(&work.answer(), style()).as_bytes())?;
    }
    Ok(exit(&report))
}

/// How often the line on the terminal tells how far the work is.
const GLANCE: Duration = Duration::from_millis(100);

/// Waits for the work, with a line on the terminal meanwhile that tells what is done.
pub(super) async fn finish(work: &mut Work) {
    if !work.asks_the_network() {
        return;
    }
    let progress = Progress::show("Looking");
    while timeout(GLANCE, work.finish()).await.is_err() {
        if let Some(report) = work.report() {
            let done: Vec<String> =
                report.topics().map(|(topic, worst)| format!("{topic} {}", worst.as_str())).collect();
            progress.say(&format!("Looking at {}: {}", report.domain, done.join(", ")));
        }
    }
}

/// A fault counts first; else what could not be seen.
pub(super) fn exit(report: &Report) -> Exit {
    exit_of(report.findings())
}

/// The same of findings alone.
pub(super) fn exit_of<'f>(findings: impl Iterator<Item = &'f Finding>) -> Exit {
    let severities: Vec<Severity> = findings.map(Finding::severity).collect();
    if severities.contains(&Severity::Fail) {
        Exit::Findings
    } else if severities.contains(&Severity::Unknown) {
        Exit::Unknown
    } else {
        Exit::Fine
    }
}

pub(super) fn print_json(document: &impl serde::Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, document)?;
    writeln!(out)
}

/// The report as the contract has it.
pub(super) fn document(engine: &Engine, report: &Report) -> json::Check {
    let remedies = engine.remedies(report).iter().map(remedy).collect();
    json::Check::of(report, |finding| words(engine, finding), remedies)
}

/// An entry that findings point to, as the contract has it.
pub(super) fn remedy(remedy: &Remedy) -> json::Remedy {
    json::Remedy {
        entry: remedy.entry.to_string(),
        confidence: remedy.confidence,
        steps: remedy.steps.iter().map(json::Step::of).collect(),
    }
}

/// What a finding means, and what to do about it.
pub(super) fn words(engine: &Engine, finding: &Finding) -> (String, Option<String>) {
    let words = engine.knowledge().words(finding);
    (words.text.to_string(), words.fix.map(|fix| fix.to_string()))
}
