//! Where the files of the knowledge come from: the ones that the binary carries, or a folder in their place.
//!
//! Reads; does not understand. A folder replaces the shipped knowledge as a whole and never adds to it.

use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

use include_dir::{Dir, include_dir};

use crate::problem::{Problem, Problems};
use crate::written::File;

/// The folder `knowledge/` as it was when the binary was built.
static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/knowledge");
/// The folders within, each for one kind of file.
const ROOMS: [&str; 4] = [BOUNCES, ENTRIES, FINDINGS, RULES];
/// The folder with one file an entry.
pub(super) const ENTRIES: &str = "entries";
/// The folder with the words for findings.
pub(super) const FINDINGS: &str = "findings";
/// The folder with the words for bounces. A folder of somebody's own that was made before there was one may lack it: then
/// the shipped words stand in.
pub(super) const BOUNCES: &str = "bounces";
/// The folder with the words for rules of spam filters, which may be left out.
pub(super) const RULES: &str = "rules";
/// Above this many bytes a file was not written by hand.
const LONGEST_FILE: u64 = 1 << 20;

/// Where the knowledge is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Source {
    /// In the binary.
    #[default]
    Shipped,
    /// In this folder, which holds `entries/*.toml` and `findings/*.toml`, and maybe `bounces/*.toml` and `rules/*.toml`.
    Folder(PathBuf),
}

impl Source {
    /// All files, by name; or every one that cannot be read.
    pub(super) fn files(&self) -> Result<Vec<File>, Problems> {
        match self {
            Self::Shipped => Ok(shipped()),
            Self::Folder(folder) => read(folder),
        }
    }
}

/// What tells whether files have changed: each with its length and the time of its last change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State(Vec<(PathBuf, u64, Option<SystemTime>)>);

impl Source {
    /// The state of the files, where they can change.
    pub fn state(&self) -> State {
        let Self::Folder(folder) = self else { return State::default() };
        let paths = ROOMS.iter().flat_map(|room| list(&folder.join(room)).unwrap_or_default());
        let told = paths.map(|path| {
            let told = fs::metadata(&path).ok();
            let length = told.as_ref().map(fs::Metadata::len).unwrap_or_default();
            (path, length, told.and_then(|told| told.modified().ok()))
        });
        State(told.collect())
    }
}

/// The shipped words for bounces, and the names of the shipped entries that they speak of.
pub(super) fn shipped_bounces() -> (Vec<File>, Vec<String>) {
    let (bounces, others): (Vec<File>, Vec<File>) = shipped().into_iter().partition(|file| file.is_in(BOUNCES));
    let names = others.iter().filter(|file| file.is_in(ENTRIES)).map(|file| file.stem().to_owned());
    (bounces, names.collect())
}

fn shipped() -> Vec<File> {
    let rooms = ROOMS.iter().filter_map(|room| SHIPPED.get_dir(room));
    let files = rooms.flat_map(Dir::files).filter(|file| is_toml(file.path()));
    let mut files: Vec<File> = files
        .filter_map(|file| {
            let path = Path::new("knowledge").join(file.path()).display().to_string();
            Some(File { path, text: file.contents_utf8()?.to_owned() })
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn read(folder: &Path) -> Result<Vec<File>, Problems> {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    for (name, room) in ROOMS.map(|room| (room, folder.join(room))) {
        match list(&room) {
            Err(error) if [BOUNCES, RULES].contains(&name) && error.kind() == io::ErrorKind::NotFound => {}
            Ok(paths) => {
                for path in paths {
                    match read_file(&path) {
                        Ok(file) => files.push(file),
                        Err(problem) => problems.push(problem),
                    }
                }
            }
            Err(error) => {
                let mend = "name a folder with the folders `entries` and `findings` in it, as `[knowledge] path`";
                problems.push(Problem::of(
                    &room.display().to_string(),
                    format!("cannot read the folder: {error}"),
                    mend,
                ));
            }
        }
    }
    if problems.is_empty() { Ok(files) } else { Err(Problems(problems)) }
}

fn list(room: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(room)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| is_toml(path));
    paths.sort();
    Ok(paths)
}

fn read_file(path: &Path) -> Result<File, Problem> {
    let name = path.display().to_string();
    let unreadable =
        |error: io::Error| Problem::of(&name, format!("cannot read the file: {error}"), "look at its owner and mode");
    let told = fs::metadata(path).map_err(unreadable)?;
    if !told.is_file() {
        return Err(Problem::of(&name, "expected a file", "give it another ending if it does not belong here"));
    }
    if told.len() > LONGEST_FILE {
        return Err(Problem::of(&name, format!("longer than {LONGEST_FILE} bytes"), "split it"));
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    let text = String::from_utf8(bytes).map_err(|_| Problem::of(&name, "not UTF-8", "save it in that encoding"))?;
    Ok(File { path: name, text })
}

/// Hidden files are what editors leave behind while they save.
fn is_toml(path: &Path) -> bool {
    let hidden = path.file_name().and_then(|name| name.to_str()).is_none_or(|name| name.starts_with('.'));
    !hidden && path.extension().is_some_and(|extension| extension == "toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_binary_carries_is_what_the_folder_holds() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("knowledge");
        let texts = |files: Vec<File>| files.into_iter().map(|file| file.text).collect::<Vec<_>>();
        assert_eq!(Ok(texts(shipped())), read(&folder).map(texts));
    }

    #[test]
    fn a_folder_without_the_two_rooms_is_no_knowledge() {
        let problems = read(Path::new("/nonexistent")).expect_err("there is no such folder");
        assert_eq!(problems.0.len(), 2);
        assert!(problems.to_string().starts_with("/nonexistent/entries: cannot read the folder"), "{problems}");
    }

    #[test]
    fn hidden_files_and_other_endings_are_passed_over() {
        for (path, taken) in [("a.toml", true), (".a.toml", false), ("a.toml.swp", false), ("README.md", false)] {
            assert_eq!(is_toml(Path::new(path)), taken, "{path}");
        }
    }
}
