//! `status`: what the host's status page says now.

use std::io::{self, Write};
use std::sync::Arc;

use super::check::{finish, print_json, words};
use super::{Exit, style};
use crate::engine::Engine;
use crate::finding::{Finding, Severity};
use crate::render::{json, terminal};
use crate::request::Request;

pub(super) async fn status(engine: &Arc<Engine>, json: bool, out: &mut dyn Write) -> io::Result<Exit> {
    let page = engine.config().brand.status_url.clone();
    let mut work = engine.begin(Request::Status);
    finish(&mut work).await;
    let findings = work.findings();
    if json {
        let told = findings.iter().map(|finding| json::Finding::of(finding, words(engine, finding))).collect();
        let status = work.status().and_then(|looked| looked.as_ref().ok()).cloned();
        print_json(&json::Status::of(page.clone(), status, told), out)?;
    } else {
        out.write_all(terminal::text(&work.answer(), style()).as_bytes())?;
    }
    Ok(match findings.iter().map(Finding::severity).max() {
        _ if page.is_none() => Exit::Configuration,
        Some(Severity::Fail) => Exit::Findings,
        Some(Severity::Unknown) | None => Exit::Unknown,
        _ => Exit::Fine,
    })
}
