//! The tree of a survey in a few lines of text: which branch costs how many look-ups, and where a limit breaks.
//!
//! A line for each branch of the domain's own record, with all below it in brackets: a person sees the whole tree in the
//! little room that a surface has for evidence.

use std::fmt::Write as _;

use super::MAX_LOOKUPS;
use super::tree::{Leaf, Survey};

/// How many characters a line has, about: the branches of a hostile record go on for ever.
const LONGEST_LINE: usize = 500;

/// How many lines there are at most.
const LINES: usize = 16;
/// How many terms are named as the dearest.
const DEAREST: usize = 3;

/// One line for each term that leads to another record, such as `include:_spf.example.com costs 3 (a 1, mx 1)`; terms
/// side by side that do not lead further share one, such as `a 1, mx 1`.
pub(super) fn branches(survey: &Survey) -> Vec<String> {
    let (mut lines, mut shared) = (Vec::new(), String::new());
    for leaf in costly(&survey.root.terms) {
        let is_leaf = below(leaf).next().is_none();
        if !shared.is_empty() && (!is_leaf || shared.len() > LONGEST_LINE) {
            lines.push(std::mem::take(&mut shared));
        }
        if is_leaf {
            shared.push_str(if shared.is_empty() { "" } else { ", " });
            shared.push_str(&line(leaf, " "));
        } else {
            lines.push(line(leaf, " costs "));
        }
    }
    lines.extend((!shared.is_empty()).then_some(shared));
    if lines.len() > LINES {
        let more = lines.len() - LINES;
        lines.truncate(LINES);
        lines.push(format!("… and {more} lines more"));
    }
    lines
}

/// The same in one line; `None` if nothing is looked up.
pub(super) fn summary(survey: &Survey) -> Option<String> {
    let terms: Vec<_> = costly(&survey.root.terms).take(LINES).map(|leaf| line(leaf, " ")).collect();
    (!terms.is_empty()).then(|| format!("look-ups: {} = {}", terms.join(" + "), survey.lookups))
}

/// The terms that cost most, the dearest first.
pub(super) fn dearest(survey: &Survey) -> String {
    let mut terms: Vec<_> = costly(&survey.root.terms).collect();
    terms.sort_by_key(|leaf| std::cmp::Reverse(leaf.lookups));
    let terms: Vec<_> =
        terms.iter().take(DEAREST).map(|leaf| format!("{} ({})", leaf.term.text, leaf.lookups)).collect();
    terms.join(", ")
}

fn costly(terms: &[Leaf]) -> impl Iterator<Item = &Leaf> {
    terms.iter().filter(|leaf| leaf.lookups > 0)
}

fn below(leaf: &Leaf) -> impl Iterator<Item = &Leaf> {
    leaf.branch.iter().flat_map(|branch| costly(&branch.terms))
}

fn line(leaf: &Leaf, costs: &str) -> String {
    let mut line = String::new();
    write_leaf(leaf, costs, &mut line);
    line
}

fn write_leaf(leaf: &Leaf, costs: &str, line: &mut String) {
    let _ = write!(line, "{}{costs}{}", leaf.term.text, leaf.lookups);
    if leaf.number == MAX_LOOKUPS + 1 {
        let _ = write!(line, " <-- look-up {}", leaf.number);
    }
    for (position, leaf) in below(leaf).enumerate() {
        line.push_str(if position == 0 { " (" } else { ", " });
        if line.len() > LONGEST_LINE {
            line.push('…');
            break;
        }
        write_leaf(leaf, " ", line);
    }
    if below(leaf).next().is_some() {
        line.push(')');
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::lab::surveyed;
    use super::*;

    #[test]
    fn each_branch_tells_its_cost_and_the_eleventh_lookup_is_marked() {
        let table = "example.com TXT v=spf1 mx exists:%{i}.c.example include:a.example ip4:192.0.2.1 include:b.example include:b.example -all
            a.example TXT v=spf1 include:a1.example include:a2.example -all
            a1.example TXT v=spf1 a -all
            a2.example TXT v=spf1 -all
            b.example TXT v=spf1 a mx -all";
        let survey = surveyed(table, "example.com").value;
        assert_eq!(
            branches(&survey),
            [
                "mx 1, exists:%{i}.c.example 1",
                "include:a.example costs 4 (include:a1.example 2 (a 1), include:a2.example 1)",
                "include:b.example costs 3 (a 1, mx 1)",
                "include:b.example costs 3 (a 1 <-- look-up 11, mx 1)",
            ]
        );
        assert_eq!(dearest(&survey), "include:a.example (4), include:b.example (3), include:b.example (3)");
    }

    #[test]
    fn a_record_within_the_limit_is_summed_up_in_a_line() {
        for (record, expected) in [
            ("v=spf1 mx include:a.example -all", Some("look-ups: mx 1 + include:a.example 2 (a 1) = 3")),
            ("v=spf1 redirect=a.example", Some("look-ups: redirect=a.example 2 (a 1) = 2")),
            ("v=spf1 ip4:192.0.2.1 -all", None),
        ] {
            let table = format!("example.com TXT {record}\na.example TXT v=spf1 a -all");
            assert_eq!(summary(&surveyed(&table, "example.com").value).as_deref(), expected, "{record}");
        }
    }

    #[test]
    fn a_hostile_tree_makes_little_text() {
        let mut table = String::new();
        for level in 0..12 {
            let _ = write!(table, "{level}.example TXT v=spf1");
            for _ in 0..100 {
                let _ = write!(table, " include:{}.example a", level + 1);
            }
            table.push('\n');
        }
        let survey = surveyed(&table, "0.example").value;
        let bytes: usize = branches(&survey).iter().map(String::len).sum();
        assert!(bytes < (LINES + 1) * (LONGEST_LINE + 100), "{bytes} bytes");
        assert!(summary(&survey).is_some_and(|line| line.len() < LINES * (LONGEST_LINE + 100)));
    }
}
