//! The names and descriptions of commands in other languages: `knowledge/locales/LANGUAGE.toml`, carried by the binary.
//!
//! Read along the table of commands, so that a word too few and a word too many are both told with their place.

use std::collections::BTreeMap;

use super::command::Opt;
use super::commands::{ON_MESSAGES, slash_commands};
use crate::problem::Problem;
use crate::written::{File, Table};

/// The longest name and the longest description that Discord takes, in characters.
const NAME: usize = 32;
const DESCRIPTION: usize = 100;

/// The languages, by Discord's codes, and their files.
const SHIPPED: [(&str, &str); 5] = [
    ("de", include_str!("../../../knowledge/locales/de.toml")),
    ("es-ES", include_str!("../../../knowledge/locales/es-ES.toml")),
    ("fr", include_str!("../../../knowledge/locales/fr.toml")),
    ("pl", include_str!("../../../knowledge/locales/pl.toml")),
    ("pt-BR", include_str!("../../../knowledge/locales/pt-BR.toml")),
];

/// One language.
#[derive(Debug, Default)]
pub(super) struct Locale {
    /// Discord's code for it.
    pub(super) code: &'static str,
    commands: BTreeMap<&'static str, Words>,
}

/// A command, or a part or option of one, in this language; empty where a word is missing.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) options: BTreeMap<&'static str, Words>,
}

impl Locale {
    /// A command's words.
    pub(super) fn of(&self, command: &str) -> Option<&Words> {
        self.commands.get(command)
    }
}

/// The languages that the binary carries. A word that is missing in one is shown in English; a test says so before.
pub(super) fn shipped() -> Vec<Locale> {
    SHIPPED.iter().map(|(code, text)| read(code, text, &mut Vec::new())).collect()
}

fn read(code: &'static str, text: &str, problems: &mut Vec<Problem>) -> Locale {
    let file = File { path: format!("knowledge/locales/{code}.toml"), text: text.to_owned() };
    let mut commands = BTreeMap::new();
    let Some(mut root) = Table::open(&file, problems) else { return Locale { code, commands } };
    for command in slash_commands() {
        let words = words(&mut root, command.name, &command.options, problems);
        commands.insert(command.name, words);
    }
    for name in ON_MESSAGES {
        let Some(mut table) = section(&mut root, name, problems) else { continue };
        let name_there = table.text("name", NAME, problems).into_inner();
        table.close(problems);
        commands.insert(name, Words { name: name_there, ..Words::default() });
    }
    root.close(problems);
    Locale { code, commands }
}

fn words(parent: &mut Table<'_>, name: &'static str, options: &[Opt], problems: &mut Vec<Problem>) -> Words {
    let Some(mut table) = section(parent, name, problems) else { return Words::default() };
    let mut read = Words {
        name: table.text("name", NAME, problems).into_inner(),
        description: table.text("description", DESCRIPTION, problems).into_inner(),
        options: BTreeMap::new(),
    };
    if !options.is_empty()
        && let Some(mut inner) = section(&mut table, "options", problems)
    {
        for option in options {
            read.options.insert(option.name, words(&mut inner, option.name, option.kind.parts(), problems));
        }
        inner.close(problems);
    }
    table.close(problems);
    read
}

fn section<'f>(parent: &mut Table<'f>, name: &'static str, problems: &mut Vec<Problem>) -> Option<Table<'f>> {
    let there = parent.section(name, problems);
    if there.is_none() {
        problems.push(parent.problem(format!("`{name}` is not translated"), "add its name and description"));
    }
    there
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::surface::discord::command::Kind;

    /// How long all texts of one command may be together (Discord, "Application Command Limits").
    const TOTAL: usize = 8000;

    fn locales() -> Vec<Locale> {
        let mut problems = Vec::new();
        let locales: Vec<_> = SHIPPED.iter().map(|(code, text)| read(code, text, &mut problems)).collect();
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(told.is_empty(), "not all commands are translated, or a word is too many:\n\n{}", told.join("\n\n"));
        locales
    }

    /// Discord's pattern for names, in small letters.
    fn is_name(name: &str) -> bool {
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '\'');
        (1..=NAME).contains(&name.chars().count()) && name.chars().all(fits) && name.to_lowercase() == name
    }

    /// Every name and description of a command's words, with its place; and that no two options have one name.
    fn each<'w>(words: &'w Words, place: &str, told: &mut Vec<(String, &'w Words)>) {
        told.push((place.to_owned(), words));
        let names: BTreeSet<&str> = words.options.values().map(|option| option.name.as_str()).collect();
        assert_eq!(names.len(), words.options.len(), "{place}: two options have one name");
        for (name, option) in &words.options {
            each(option, &format!("{place} {name}"), told);
        }
    }

    #[test]
    fn every_command_and_option_has_its_words_in_all_five_languages() {
        assert_eq!(locales().len(), 5);
        for locale in locales() {
            for command in slash_commands() {
                let (mut told, place) = (Vec::new(), format!("{} {}", locale.code, command.name));
                each(locale.of(command.name).unwrap(), &place, &mut told);
                for (place, Words { name, description, .. }) in &told {
                    assert!(is_name(name), "{place}: `{name}` is no name in small letters");
                    assert!((1..=DESCRIPTION).contains(&description.chars().count()), "{place}: {description}");
                }
                let total: usize = told.iter().map(|(_, words)| words.name.len() + words.description.len()).sum();
                assert!(total <= TOTAL, "{place}: {total} characters in all");
            }
        }
    }

    #[test]
    fn no_two_commands_have_one_name_in_a_language() {
        for locale in locales() {
            let names: BTreeSet<&str> = locale.commands.values().map(|words| words.name.as_str()).collect();
            assert_eq!(names.len(), locale.commands.len(), "{}", locale.code);
        }
    }

    #[test]
    fn english_keeps_the_same_limits() {
        fn check(options: &[Opt], place: &str) {
            let names: BTreeSet<&str> = options.iter().map(|option| option.name).collect();
            assert_eq!(names.len(), options.len(), "{place}");
            for option in options {
                let place = format!("{place} {}", option.name);
                assert!(is_name(option.name) && option.summary.chars().count() <= DESCRIPTION, "{place}");
                if let Kind::OneOf(choices) = &option.kind {
                    assert!(choices.len() <= 25, "{place}");
                }
                check(option.kind.parts(), &place);
            }
        }
        for command in slash_commands() {
            assert!(is_name(command.name) && command.summary.chars().count() <= DESCRIPTION, "{}", command.name);
            check(&command.options, command.name);
        }
    }

    #[test]
    fn a_word_that_is_missing_and_one_too_many_are_told_with_their_place() {
        let (code, text) = SHIPPED[0];
        let text = text.replacen("options.step", "options.stp", 1).replacen("[gaps]", "[holes]", 1);
        let mut problems = Vec::new();
        let locale = read(code, &text, &mut problems);
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        for expected in ["`step` is not translated", "`stp`", "`gaps` is not translated", "`holes`"] {
            assert!(told.iter().any(|told| told.contains(expected)), "{expected}: {told:#?}");
        }
        assert!(locale.of("answer").unwrap().options["entry"].name == "eintrag", "what is there is used");
    }
}
