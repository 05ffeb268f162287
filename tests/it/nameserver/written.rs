//! The data files in `tests/zones`: TOML as written -> [`Zones`]. Their format is in `tests/zones/README.md`.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use mailmedic::domain::Name;
use serde::Deserialize;

use super::fault::Fault;
use super::{Transport, Zones};

/// The folder of the data files.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/zones");

/// The file, and the domain in it, that domains listed under `sound` start as copies of.
const SOUND: (&str, &str) = ("sound", "sound.example");

/// The file of the blocklists, which every check asks.
const LISTS: &str = "blocklists";

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    sound: Vec<String>,
    signed: Vec<String>,
    bogus: Vec<String>,
    records: BTreeMap<String, BTreeMap<String, Values>>,
    fault: Vec<WrittenFault>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Many(Vec<Value>),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Value {
    Text(String),
    Strings(Vec<String>),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFault {
    name: String,
    kind: WrittenKind,
    r#type: Option<String>,
    rcode: Option<u16>,
    ms: Option<u64>,
    over: Option<Transport>,
    times: Option<usize>,
    #[serde(default)]
    unlisted: bool,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum WrittenKind {
    Servfail,
    Refused,
    Formerr,
    Notimp,
    Rcode,
    Silent,
    Truncated,
    NeverWhole,
    OtherCapitals,
    WrongId,
    Garbage,
    Delay,
}

impl Zones {
    /// All files.
    pub(crate) fn all() -> Self {
        Self::load(&files().iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The files of these names, without ending; with the blocklists, and the mail host of `sound.toml` where one of
    /// them needs it.
    pub(crate) fn load(files: &[&str]) -> Self {
        let mut zones = Self::default();
        let mut files: BTreeMap<&str, Written> = files.iter().map(|file| (*file, read(file))).collect();
        if files.values().any(|written| !written.sound.is_empty()) {
            files.entry(SOUND.0).or_insert_with(|| read(SOUND.0));
        }
        files.entry(LISTS).or_insert_with(|| read(LISTS));
        for (file, written) in files {
            zones.take(written, file);
        }
        zones
    }

    /// What a test writes itself, in the format of the files; it brings the mail host along where it needs it.
    pub(crate) fn written(text: &str) -> Self {
        let written = parse(text, "the test");
        let mut zones = if written.sound.is_empty() { Self::default() } else { Self::load(&[SOUND.0]) };
        zones.take(written, "the test");
        zones
    }

    fn take(&mut self, mut written: Written, file: &str) {
        for domain in std::mem::take(&mut written.sound) {
            written.fill_up(&domain);
        }
        for (owner, types) in written.records {
            let owner = owner_name(&owner);
            for (kind, values) in types {
                let key = (super::zones::name(&owner), kind.parse().expect("a record type"));
                assert!(!self.records.contains_key(&key), "{file}: {kind} records of {owner} are in another file, too");
                for value in values.list() {
                    match value {
                        Value::Text(data) => self.add(&owner, &kind, &data),
                        Value::Strings(strings) => {
                            self.add_text(&owner, &strings.iter().map(String::as_bytes).collect::<Vec<_>>())
                        }
                    };
                }
            }
        }
        for zone in &written.signed {
            self.signed(zone);
        }
        for zone in &written.bogus {
            self.bogus(zone);
        }
        for written in written.fault {
            let rule = self.fault(&owner_name(&written.name), written.fault());
            if let Some(kind) = written.r#type {
                rule.only(&kind);
            }
            if let Some(transport) = written.over {
                rule.over(transport);
            }
            if let Some(times) = written.times {
                rule.times(times);
            }
            if written.unlisted {
                rule.unlisted();
            }
        }
    }
}

impl Written {
    /// Gives a domain the records of the sound one, but for the types that it states itself.
    fn fill_up(&mut self, domain: &str) {
        let (file, sound) = SOUND;
        for (owner, types) in read(file).records {
            if owner != sound && !owner.ends_with(&format!(".{sound}")) {
                continue;
            }
            let stated = self.records.entry(owner.replace(sound, domain)).or_default();
            for (kind, values) in types {
                stated.entry(kind).or_insert_with(|| values.with(sound, domain));
            }
        }
    }
}

impl Values {
    fn list(self) -> Vec<Value> {
        match self {
            Self::One(text) => vec![Value::Text(text)],
            Self::Many(values) => values,
        }
    }

    fn with(self, from: &str, to: &str) -> Self {
        let replaced = |text: String| text.replace(from, to);
        let values = self.list().into_iter().map(|value| match value {
            Value::Text(text) => Value::Text(replaced(text)),
            Value::Strings(strings) => Value::Strings(strings.into_iter().map(replaced).collect()),
        });
        Self::Many(values.collect())
    }
}

impl WrittenFault {
    fn fault(&self) -> Fault {
        match self.kind {
            WrittenKind::Servfail => Fault::SERVFAIL,
            WrittenKind::Refused => Fault::REFUSED,
            WrittenKind::Formerr => Fault::FORMERR,
            WrittenKind::Notimp => Fault::NOTIMP,
            WrittenKind::Rcode => Fault::Rcode(self.rcode.expect("`rcode` beside kind = \"rcode\"")),
            WrittenKind::Silent => Fault::Silent,
            WrittenKind::Truncated => Fault::Truncated,
            WrittenKind::NeverWhole => Fault::NeverWhole,
            WrittenKind::OtherCapitals => Fault::OtherCapitals,
            WrittenKind::WrongId => Fault::WrongId,
            WrittenKind::Garbage => Fault::Garbage,
            WrittenKind::Delay => Fault::Delay(Duration::from_millis(self.ms.expect("`ms` beside kind = \"delay\""))),
        }
    }
}

/// The names of all files, without ending.
pub(super) fn files() -> Vec<String> {
    let entries = fs::read_dir(FOLDER).expect("tests/zones");
    let paths = entries.map(|entry| entry.expect("tests/zones").path());
    let mut names: Vec<String> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    names
}

fn read(file: &str) -> Written {
    let path = Path::new(FOLDER).join(file).with_extension("toml");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    parse(&text, file)
}

fn parse(text: &str, file: &str) -> Written {
    toml::from_str(text).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// An address stands for its name in the reverse tree.
fn owner_name(written: &str) -> String {
    match written.parse::<IpAddr>() {
        Ok(address) => Name::reverse(address).as_str().to_owned(),
        Err(_) => written.to_owned(),
    }
}
