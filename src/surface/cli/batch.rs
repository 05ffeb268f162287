//! `check` for many domains: so many at once, each shown as soon as it is done, a table at the end.
//!
//! What is printed is let go, so that memory stays flat however long the list is; the table keeps a line for each.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::check::{Terms, document, exit};
use super::terminal::Bar;
use super::{Exit, style};
use crate::domain::Domain;
use crate::engine::{Engine, Run};
use crate::finding::Severity;
use crate::render::{table, visible};

/// How many domains are looked at at once: their first questions, some thirty each, together are what the resolver takes
/// at once, so that none waits there while its clock runs.
const AT_ONCE: usize = 16;
/// The longest line that is read, in bytes: a domain in any spelling, and a comment.
const LONGEST_LINE: u64 = 4096;

/// Where the domains come from.
pub(super) enum Source {
    /// The command line.
    Named(Vec<Domain>),
    /// A file, or `-` for the standard input.
    File(PathBuf),
}

/// What became of one domain.
struct Done {
    place: usize,
    exit: Exit,
    shown: Shown,
}

/// What is shown of it: at once, or in the table at the end.
enum Shown {
    Line(String),
    Row(table::Row),
}

pub(super) async fn check(
    engine: &Arc<Engine>,
    source: Source,
    terms: &Terms,
    out: &mut dyn Write,
) -> io::Result<Exit> {
    let (total, mut domains) = match open(source) {
        Ok(opened) => opened,
        Err(sentence) => {
            writeln!(io::stderr(), "error: {sentence}")?;
            return Ok(Exit::Usage);
        }
    };
    let run = Arc::new(engine.run());
    let mut bar = Bar::show(total, terms.json);
    let (mut running, mut rows) = (JoinSet::new(), Vec::new());
    let (mut taken, mut worst, mut refused) = (0, Exit::Fine, false);
    loop {
        tokio::select! {
            Some(next) = domains.recv(), if running.len() < AT_ONCE => match next {
                Ok(domain) => {
                    running.spawn(look(Arc::clone(&run), Arc::clone(engine), terms.clone(), domain, taken));
                    taken += 1;
                }
                Err(sentence) => {
                    refused = true;
                    bar.hide();
                    writeln!(io::stderr(), "error: {}", visible(&sentence))?;
                }
            },
            Some(ended) = running.join_next() => {
                let done = ended.map_err(io::Error::other)?;
                worst = worse(worst, done.exit);
                match done.shown {
                    Shown::Line(line) => {
                        out.write_all(line.as_bytes())?;
                        out.flush()?;
                    }
                    Shown::Row(row) => rows.push((done.place, row)),
                }
                bar.step();
            }
            else => break,
        }
    }
    drop(bar);
    rows.sort_by_key(|(place, _)| *place);
    let rows: Vec<table::Row> = rows.into_iter().map(|(_, row)| row).collect();
    if !rows.is_empty() {
        out.write_all(table::text(&rows, style()).as_bytes())?;
    }
    if taken == 0 && !refused {
        writeln!(io::stderr(), "error: the list names no domain; write one a line, such as `example.com`")?;
        refused = true;
    }
    Ok(if refused { Exit::Usage } else { worst })
}

/// Looks at one domain, and keeps of it what is shown.
async fn look(run: Arc<Run>, engine: Arc<Engine>, terms: Terms, domain: Domain, place: usize) -> Done {
    let mut work = run.begin(terms.request(domain.clone()));
    work.finish().await;
    let Some(report) = work.report() else {
        return Done { place, exit: Exit::Bug, shown: Shown::Line(String::new()) };
    };
    let shown = if terms.json {
        let line = serde_json::to_string(&document(&engine, &report)).unwrap_or_default();
        Shown::Line(line + "\n")
    } else {
        let mut faults: Vec<_> = report.findings().filter(|finding| finding.severity() >= Severity::Unknown).collect();
        faults.sort_by_key(|finding| std::cmp::Reverse(finding.severity()));
        let mut titles: Vec<String> =
            faults.iter().map(|finding| engine.knowledge().words(finding).title.to_string()).collect();
        titles.dedup();
        Shown::Row(table::Row {
            domain: domain.to_string(),
            verdict: report.verdict(),
            topics: report.topics().collect(),
            titles,
        })
    };
    Done { place, exit: exit(&report), shown }
}

/// The graver of two ends: a fault goes before what could not be seen.
const fn worse(one: Exit, other: Exit) -> Exit {
    match (one, other) {
        (Exit::Bug, _) | (_, Exit::Bug) => Exit::Bug,
        (Exit::Findings, _) | (_, Exit::Findings) => Exit::Findings,
        (Exit::Unknown, _) | (_, Exit::Unknown) => Exit::Unknown,
        _ => Exit::Fine,
    }
}

/// A domain of the source, or a sentence on why a line holds none.
type Item = Result<Domain, String>;

/// The domains as they are read, and how many they are where that can be known.
fn open(source: Source) -> Result<(Option<usize>, mpsc::Receiver<Item>), String> {
    let (sender, receiver) = mpsc::channel(AT_ONCE);
    let (total, items): (Option<usize>, Box<dyn Iterator<Item = Item> + Send>) = match source {
        Source::Named(domains) => (Some(domains.len()), Box::new(domains.into_iter().map(Ok))),
        Source::File(path) if path.as_os_str() == "-" => {
            (None, Box::new(Lines::of(path, Box::new(BufReader::new(io::stdin())))))
        }
        Source::File(path) => {
            let lines = |path: &Path| {
                let file = File::open(path).map_err(|error| format!("{}: cannot be read: {error}", path.display()))?;
                Ok::<_, String>((
                    file.metadata().is_ok_and(|about| about.is_file()),
                    Lines::of(path.to_owned(), Box::new(BufReader::new(file))),
                ))
            };
            let (is_file, items) = lines(&path)?;
            let total = if is_file { Some(lines(&path)?.1.flatten().count()) } else { None };
            (total, Box::new(items))
        }
    };
    // In a thread of its own: the next line may be long in coming, and what is done is shown meanwhile.
    std::thread::spawn(move || {
        for item in items {
            if sender.blocking_send(item).is_err() {
                return;
            }
        }
    });
    Ok((total, receiver))
}

/// The lines of a file that hold domains.
struct Lines {
    path: PathBuf,
    input: Box<dyn BufRead + Send>,
    number: usize,
}

impl Lines {
    fn of(path: PathBuf, input: Box<dyn BufRead + Send>) -> Self {
        Self { path, input, number: 0 }
    }

    /// The next line; `None` at the end. What is beyond the longest is skipped.
    fn line(&mut self) -> io::Result<Option<(String, bool)>> {
        let mut line = Vec::new();
        if (&mut self.input).take(LONGEST_LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let mut whole = line.ends_with(b"\n") || (line.len() as u64) < LONGEST_LINE;
        let fits = whole;
        while !whole {
            let mut rest = Vec::new();
            let length = (&mut self.input).take(LONGEST_LINE).read_until(b'\n', &mut rest)?;
            whole = length == 0 || rest.ends_with(b"\n");
        }
        self.number += 1;
        Ok(Some((String::from_utf8_lossy(&line).into_owned(), fits)))
    }
}

impl Iterator for Lines {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            let read = self.line();
            let told = |what: &str| Some(Err(format!("{} line {}: {what}", self.path.display(), self.number)));
            let (line, fits) = match read {
                Ok(Some(line)) => line,
                Ok(None) => return None,
                Err(error) => {
                    let told = told(&format!("cannot be read on: {error}"));
                    // Nothing more can be read from it.
                    self.input = Box::new(io::empty());
                    return told;
                }
            };
            let domain = line.split('#').next().unwrap_or_default().trim();
            match domain.parse::<Domain>() {
                _ if domain.is_empty() => {}
                _ if !fits => return told("this is far too long for a domain"),
                Ok(domain) => return Some(Ok(domain)),
                Err(error) => return told(&error.to_string()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_a_domain_a_line_and_bad_lines_are_told_by_their_number() {
        let long = "a".repeat(10_000);
        let text = format!("example.com\n\n# a comment\n  b.example # why\nlocalhost\n{long}\n\u{fe}\u{ff}\nc.example");
        let lines = Lines::of("list".into(), Box::new(io::Cursor::new(text)));
        let told: Vec<String> = lines
            .map(|item| item.map_or_else(|sentence| sentence.chars().take(24).collect(), |domain| domain.to_string()))
            .collect();
        assert_eq!(
            told,
            [
                "example.com",
                "b.example",
                "list line 5: `localhost`",
                "list line 6: this is far",
                "list line 7: `þÿ` has no",
                "c.example"
            ]
        );
    }
}
