//! `spf`: may this address send for this sender?

use std::io::{self, Write};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::Exit;
use super::check::print_json;
use crate::engine::Engine;
use crate::mail::spf::{Sender, SpfResult};
use crate::render::json::SCHEMA;
use crate::render::visible;

pub(super) async fn spf(
    engine: &Arc<Engine>,
    ip: IpAddr,
    helo: String,
    mail_from: String,
    json: bool,
    out: &mut dyn Write,
) -> io::Result<Exit> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let sender = Sender { ip, helo, mail_from, now, receiver: "unknown".to_owned() };
    let (verdict, _) = engine.spf(&sender).await;
    if json {
        #[derive(serde::Serialize)]
        struct Document<'v> {
            schema: u32,
            #[serde(flatten)]
            verdict: &'v crate::mail::spf::Verdict,
        }
        print_json(&Document { schema: SCHEMA, verdict: &verdict }, out)?;
    } else {
        writeln!(out, "{}", verdict.result.as_str())?;
        for (label, text) in
            [("matched", &verdict.matched), ("problem", &verdict.problem), ("explanation", &verdict.explanation)]
        {
            if let Some(text) = text {
                writeln!(out, "  {label}: {}", visible(text))?;
            }
        }
        writeln!(out, "  look-ups: {} of 10, without an answer: {} of 2", verdict.lookups, verdict.voids)?;
    }
    Ok(match verdict.result {
        SpfResult::Fail | SpfResult::PermError => Exit::Findings,
        SpfResult::TempError => Exit::Unknown,
        _ => Exit::Fine,
    })
}
