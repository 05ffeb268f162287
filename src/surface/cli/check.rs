//! `check`: a domain in, a report out; and the report as JSON, which `ask` shows too.

use std::io::{self, Write};
use std::sync::Arc;

use super::terminal::Progress;
use super::{Exit, style};
use crate::domain::{Domain, Name};
use crate::engine::{Engine, Work};
use crate::finding::{Severity, Topic};
use crate::probe::Report;
use crate::render::{json, terminal};
use crate::request::{CheckRequest, Request};

/// The request that the arguments make.
pub(super) fn request(domain: Domain, topics: Vec<Topic>, selectors: Vec<Name>) -> CheckRequest {
    CheckRequest { domain, selectors, topics }
}

pub(super) async fn check(
    engine: &Arc<Engine>,
    request: CheckRequest,
    json: bool,
    out: &mut dyn Write,
) -> io::Result<Exit> {
    let mut work = engine.begin(Request::Check(request));
    finish(&mut work).await;
    let Some(report) = work.report() else { return Ok(Exit::Bug) };
    if json {
        print_json(&document(engine, &report), out)?;
    } else {
        out.write_all(terminal::text(&work.answer(), style()).as_bytes())?;
    }
    Ok(exit(&report))
}

/// Waits for the work, with a line on the terminal meanwhile.
pub(super) async fn finish(work: &mut Work) {
    let _progress = work.report().map(|report| Progress::show(&format!("Looking at {}", report.domain)));
    work.finish().await;
}

/// A fault counts first; else what could not be seen.
pub(super) fn exit(report: &Report) -> Exit {
    if report.verdict() == Severity::Fail {
        Exit::Findings
    } else if report.findings().any(|finding| finding.severity() == Severity::Unknown) {
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
    json::Check {
        schema: json::SCHEMA,
        domain: report.domain.to_string(),
        verdict: report.verdict(),
        topics: report.topics().map(|(topic, severity)| (topic.to_string(), severity)).collect(),
        findings: report
            .findings()
            .map(|finding| json::Finding {
                code: finding.code.to_string(),
                topic: finding.code.topic().to_string(),
                severity: finding.severity(),
                subject: finding.subject.clone(),
                summary: engine.knowledge().words(finding).text.to_string(),
                evidence: finding.evidence.clone(),
                fix: finding.fix.clone(),
            })
            .collect(),
        remedies: engine
            .remedies(report)
            .into_iter()
            .map(|remedy| json::Remedy {
                entry: remedy.entry.to_string(),
                confidence: remedy.confidence,
                steps: remedy
                    .steps
                    .into_iter()
                    .map(|step| json::Step { text: step.text.to_string(), state: step.state })
                    .collect(),
            })
            .collect(),
        cost: report.cost,
    }
}
