//! `load`: do the CPUs of a plan suffice for these load averages?

use std::io::{self, Write};
use std::sync::Arc;

use super::check::{print_json, remedy, words};
use super::{Exit, style};
use crate::engine::Engine;
use crate::finding::Severity;
use crate::render::{json, terminal};
use crate::request::{LoadRequest, Request};

pub(super) fn load(engine: &Arc<Engine>, request: LoadRequest, json: bool, out: &mut dyn Write) -> io::Result<Exit> {
    let work = engine.begin(Request::Load(request));
    let findings = work.findings();
    if json {
        let told = findings.iter().map(|finding| json::Finding::of(finding, words(engine, finding))).collect();
        let remedies = engine.remedies_of(&findings).iter().map(remedy).collect();
        print_json(&json::Load::of(request.averages, request.cpus, told, remedies), out)?;
    } else {
        out.write_all(terminal::text(&work.answer(), style()).as_bytes())?;
    }
    let fails = findings.iter().any(|finding| finding.severity() == Severity::Fail);
    Ok(if fails { Exit::Findings } else { Exit::Fine })
}
