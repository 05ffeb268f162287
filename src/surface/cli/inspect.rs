//! `inspect`: a mail or an error text in, what is wrong with it out.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

use super::check::{document, finish, print_json, remedy, words};
use super::{Exit, style};
use crate::engine::Engine;
use crate::inspect::Kind;
use crate::inspect::letter::LONGEST;
use crate::render::{json, terminal};
use crate::request::{InspectRequest, Looks, Request};

pub(super) async fn inspect(
    engine: &Arc<Engine>,
    file: &Path,
    looks: Looks,
    json: bool,
    out: &mut dyn Write,
) -> io::Result<Exit> {
    let text = match read(file) {
        Ok(text) => text,
        Err(error) => {
            writeln!(io::stderr(), "error: cannot read `{}`: {error}", file.display())?;
            return Ok(Exit::Usage);
        }
    };
    let mut work = engine.begin(Request::Inspect(InspectRequest { text, looks }));
    finish(&mut work).await;
    let inspection = match work.inspection() {
        Some(Ok(inspection)) => inspection,
        Some(Err(refusal)) => {
            writeln!(io::stderr(), "error: cannot read `{}`: {refusal}", file.display())?;
            return Ok(Exit::Usage);
        }
        None => return Ok(Exit::Bug),
    };
    if json {
        let mut remedies: Vec<_> = engine.bounce_remedies(inspection).iter().map(remedy).collect();
        let check = work.report().map(|report| document(engine, &report));
        let (findings, found) = check.map(|check| (check.findings, check.remedies)).unwrap_or_default();
        remedies.retain(|remedy| found.iter().all(|other| other.entry != remedy.entry));
        remedies.extend(found);
        let own = work.findings();
        let told = engine.remedies_of(&own);
        remedies.extend(told.iter().map(remedy));
        remedies.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        let own = own.iter().map(|finding| json::Finding::of(finding, words(engine, finding)));
        let document = json::Inspection::of(inspection, own.chain(findings).collect(), remedies);
        let document = match work.message() {
            Some(whole) => document.with(whole, looks == Looks::AtDomain && inspection.kind == Kind::Message),
            None => document,
        };
        print_json(&document, out)?;
    } else {
        out.write_all(terminal::text(&work.answer(), style()).as_bytes())?;
    }
    Ok(Exit::Fine)
}

/// The text, or one byte more than is read of any.
fn read(file: &Path) -> io::Result<Vec<u8>> {
    let source: Box<dyn Read> =
        if file.as_os_str() == "-" { Box::new(io::stdin().lock()) } else { Box::new(File::open(file)?) };
    let mut text = Vec::new();
    source.take(LONGEST as u64 + 1).read_to_end(&mut text)?;
    Ok(text)
}
