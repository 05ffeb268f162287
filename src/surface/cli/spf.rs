//! `spf`: may this address send for this sender?

use std::io::{self, Write};
use std::sync::Arc;

use super::check::{finish, print_json};
use super::{Exit, style};
use crate::engine::Engine;
use crate::mail::spf::{SpfResult, Verdict};
use crate::render::json::SCHEMA;
use crate::render::terminal;
use crate::request::{Request, SpfRequest};

pub(super) async fn spf(
    engine: &Arc<Engine>,
    request: SpfRequest,
    json: bool,
    out: &mut dyn Write,
) -> io::Result<Exit> {
    let mut work = engine.begin(Request::Spf(request));
    finish(&mut work).await;
    let Some(verdict) = work.verdict() else { return Ok(Exit::Bug) };
    if json {
        #[derive(serde::Serialize)]
        struct Document<'v> {
            schema: u32,
            #[serde(flatten)]
            verdict: &'v Verdict,
        }
        print_json(&Document { schema: SCHEMA, verdict }, out)?;
    } else {
        out.write_all(terminal::text(&work.answer(), style()).as_bytes())?;
    }
    Ok(match verdict.result {
        SpfResult::Fail | SpfResult::PermError => Exit::Findings,
        SpfResult::TempError => Exit::Unknown,
        _ => Exit::Fine,
    })
}
