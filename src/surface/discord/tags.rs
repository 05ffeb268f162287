//! What forums call the tag of a post that is solved: `knowledge/tags.toml`, carried by the binary.

use std::sync::LazyLock;

use serenity::model::channel::GuildChannel;
use serenity::model::id::ForumTagId;

use crate::problem::Problem;
use crate::written::{File, Table};

/// The longest name of a tag that Discord takes, in characters.
const NAME: usize = 20;

static SOLVED: LazyLock<Vec<String>> = LazyLock::new(|| read(&mut Vec::new()));

fn read(problems: &mut Vec<Problem>) -> Vec<String> {
    let text = include_str!("../../../knowledge/tags.toml").to_owned();
    let file = File { path: "knowledge/tags.toml".to_owned(), text };
    let Some(mut table) = Table::open(&file, problems) else { return Vec::new() };
    let names = table.texts("solved", NAME, problems).into_iter().map(|name| folded(name.get_ref())).collect();
    table.close(problems);
    names
}

/// The tag that a forum has for posts that are solved, if it has one.
pub(super) fn solved(forum: &GuildChannel) -> Option<ForumTagId> {
    forum.available_tags.iter().find(|tag| means_solved(&tag.name)).map(|tag| tag.id)
}

fn means_solved(name: &str) -> bool {
    SOLVED.contains(&folded(name))
}

/// A name in small letters, without the signs and blanks around it.
fn folded(name: &str) -> String {
    name.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_read_without_a_problem() {
        let mut problems = Vec::new();
        let names = read(&mut problems);
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(told.is_empty() && names.iter().all(|name| !name.is_empty()), "{}", told.join("\n"));
    }

    #[test]
    fn a_tag_is_known_by_its_name_however_it_is_adorned_and_not_by_a_part_of_it() {
        for name in ["solved", "✅ Solved", "[RESOLVED]", "Erledigt!", "Gelöst", "Résolu", "Opgelost", "Rozwiązane"]
        {
            assert!(means_solved(name), "{name}");
        }
        for name in ["", "✅", "unsolved", "Not solved", "Ungelöst", "mail"] {
            assert!(!means_solved(name), "{name}");
        }
    }
}
