//! Commands as they are registered: names, descriptions, options, choices.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::{Report, is_empty};

/// The pattern of Discord's documentation for the names of slash commands and of options.
static NAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$").expect("the pattern is right"));

/// How long all texts of one command may be together.
const TOTAL: usize = 8000;

const COMMAND: &[&str] = &[
    "id",
    "type",
    "name",
    "name_localizations",
    "description",
    "description_localizations",
    "options",
    "default_member_permissions",
    "dm_permission",
    "integration_types",
    "contexts",
    "nsfw",
    "handler",
];
const OPTION: &[&str] = &[
    "type",
    "name",
    "name_localizations",
    "description",
    "description_localizations",
    "required",
    "choices",
    "options",
    "channel_types",
    "min_value",
    "max_value",
    "min_length",
    "max_length",
    "autocomplete",
];

pub(super) fn check(report: &mut Report, commands: &Value) {
    let mut names = HashSet::new();
    for (index, command) in commands.as_array().into_iter().flatten().enumerate() {
        let at = format!("/{index}");
        report.keys(&at, command, COMMAND);
        let kind = command["type"].as_u64().unwrap_or(1);
        if !names.insert((kind, command["name"].as_str())) {
            report.say(&at, "a second command of this type has this name");
        }
        if kind == 1 {
            name(report, &at, command);
            if is_empty(&command["description"]) {
                report.say(&at, "a slash command needs a description");
            }
            options(report, &at, command);
        } else if !is_empty(&command["description"]) || !is_empty(&command["options"]) {
            report.say(&at, "only a slash command has a description and options");
        }
        let total = length(command);
        if total > TOTAL {
            report.say(&at, format!("{total} characters in all, more than {TOTAL}"));
        }
    }
}

fn options(report: &mut Report, at: &str, parent: &Value) {
    let mut names = HashSet::new();
    let mut optional = false;
    for (index, option) in parent["options"].as_array().into_iter().flatten().enumerate() {
        let at = format!("{at}/options/{index}");
        report.keys(&at, option, OPTION);
        name(report, &at, option);
        if !names.insert(option["name"].as_str()) {
            report.say(&at, "a second option has this name");
        }
        let required = option["required"] == true;
        if required && optional {
            report.say(&at, "required options come first");
        }
        optional |= !required;
        if option["autocomplete"] == true && !is_empty(&option["choices"]) {
            report.say(&at, "an option has choices or autocomplete, not both");
        }
        choices(report, &at, option);
        options(report, &at, option);
    }
}

/// The choices of an option, or those offered while typing.
pub(super) fn choices(report: &mut Report, at: &str, parent: &Value) {
    let choices = parent["choices"].as_array().map_or(&[][..], Vec::as_slice);
    if choices.len() > 25 {
        report.say(at, format!("{} choices, more than 25", choices.len()));
    }
    for (index, choice) in choices.iter().enumerate() {
        let at = format!("{at}/choices/{index}");
        report.keys(&at, choice, &["name", "name_localizations", "value"]);
        for part in ["name", "value"] {
            if choice[part].as_str().is_some_and(|text| text.is_empty() || text.chars().count() > 100) {
                report.say(&format!("{at}/{part}"), "must have 1 to 100 characters");
            }
        }
    }
}

fn name(report: &mut Report, at: &str, named: &Value) {
    let translated = named["name_localizations"].as_object().into_iter().flat_map(|names| names.values());
    for name in std::iter::once(&named["name"]).chain(translated) {
        let name = name.as_str().unwrap_or_default();
        if !NAME.is_match(name) || name.to_lowercase() != name {
            report.say(&format!("{at}/name"), format!("`{name}` is not a name in lower case of up to 32 characters"));
        }
    }
}

/// The characters of all texts that a person sees.
fn length(part: &Value) -> usize {
    let own: usize = ["name", "description", "value"]
        .iter()
        .map(|key| part[*key].as_str().unwrap_or_default().chars().count())
        .sum();
    let inner = ["options", "choices"].iter().flat_map(|key| part[*key].as_array().into_iter().flatten());
    own + inner.map(length).sum::<usize>()
}
