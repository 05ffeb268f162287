//! `check --save` and `check --replay`: a look at a domain in a file, and once more from it.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use super::{Exit, check};
use crate::engine::Engine;
use crate::transcript::Transcript;

/// A file to write to, or how the command ends without one.
pub(super) fn create(path: &Path) -> Result<BufWriter<File>, Exit> {
    File::create(path).map(BufWriter::new).map_err(|error| refuse(path, &error.to_string()))
}

/// The same report from the replies in a file.
pub(super) async fn replay(engine: &Arc<Engine>, path: &Path, json: bool, out: &mut dyn Write) -> io::Result<Exit> {
    let read = File::open(path).map_err(Into::into).and_then(Transcript::read);
    match read {
        Ok(transcript) => {
            let mut work = engine.replay(transcript);
            work.finish().await;
            check::show(engine, &work, json, out)
        }
        Err(error) => {
            let cause = std::error::Error::source(&error).map_or_else(String::new, |cause| format!(": {cause}"));
            Ok(refuse(path, &format!("{error}{cause}")))
        }
    }
}

fn refuse(path: &Path, why: &str) -> Exit {
    // Where not even stderr can be written to, the exit code says it.
    let _ = writeln!(io::stderr(), "error: {}: {}", path.display(), crate::render::visible(why));
    Exit::Usage
}
