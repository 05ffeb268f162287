//! The words for rules of spam filters: what `knowledge/rules/*.toml` says of each, by the name that the filter gives it.
//!
//! Filters have thousands of rules; words are needed for those that people meet, and the filter's own do for the others.

use std::collections::BTreeMap;

use super::prose;
use crate::config::Brand;
use crate::problem::Problem;
use crate::text::{Template, Text};
use crate::written::Table;

/// How many characters a text may have.
const LONGEST_TEXT: usize = 600;

/// The words for rules, and the operator's own for their slots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rules {
    brand: Brand,
    by_name: BTreeMap<String, Wording>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Wording {
    text: Template,
    fix: Option<Template>,
}

/// A rule in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleText {
    /// What it means.
    pub text: Text,
    /// What to do about it, where there is anything.
    pub fix: Option<Text>,
}

impl Rules {
    /// No words yet.
    pub(super) fn new(brand: &Brand) -> Self {
        Self { brand: brand.clone(), by_name: BTreeMap::new() }
    }

    /// A rule in words, where it has any.
    pub(super) fn render(&self, name: &str) -> Option<RuleText> {
        let fill = |template: &Template| template.fill(|slot| prose::brand(&self.brand, slot));
        let words = self.by_name.get(name)?;
        Some(RuleText { text: fill(&words.text), fix: words.fix.as_ref().map(fill) })
    }

    /// Reads the words of one file. A rule that has words already keeps them.
    pub(super) fn read(&mut self, table: Table<'_>, problems: &mut Vec<Problem>) {
        let file = table.file;
        for (name, mut table) in table.into_tables(problems) {
            let text = table.text("text", LONGEST_TEXT, problems);
            let fix = table.optional_text("fix", LONGEST_TEXT, problems);
            table.close(problems);
            let mut read = |text| prose::read_template(file, text, prose::BRAND, problems);
            let words = Wording { text: read(&text), fix: fix.as_ref().map(read) };
            if self.by_name.contains_key(name.get_ref()) {
                let what = format!("`{}` has words in another file already", name.get_ref());
                problems.push(file.problem(name.span(), what, "remove one of the two"));
            } else {
                self.by_name.insert(name.into_inner(), words);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Brand;
    use crate::knowledge::{Knowledge, Source};

    #[test]
    fn the_rules_that_people_meet_have_words() {
        let knowledge = Knowledge::load(&Source::Shipped, &Brand::default()).unwrap();
        for name in ["MISSING_MID", "RDNS_NONE", "BAYES_99", "R_SPF_FAIL", "DMARC_POLICY_REJECT", "SFV:SPM"] {
            let rule = knowledge.rule(name).unwrap_or_else(|| panic!("{name} has no words"));
            assert!(rule.text.to_string().ends_with('.'), "{name}");
        }
        assert_eq!(knowledge.rule("NO_SUCH_RULE"), None);
    }
}
