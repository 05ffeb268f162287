//! SpamAssassin's fields, and the report of its daemon.

use super::{Filter, Rule, Verdict, in_order, is_rule, points};

/// The verdict in `X-Spam-Status`, with the words and points of `X-Spam-Report`; or in `X-Spam-Score` alone.
pub(super) fn verdict(field: &impl Fn(&str) -> Option<String>) -> Option<Verdict> {
    let told = field("X-Spam-Report").map(|text| reported(&text)).unwrap_or_default();
    let verdict = |score, threshold, rules| {
        Some(Verdict { filter: Filter::SpamAssassin, score, threshold, rules, offline: false })
    };
    let Some(status) = field("X-Spam-Status").and_then(|text| status(&text)) else {
        let score = points(field("X-Spam-Score")?.trim())?;
        return verdict(score, None, told);
    };
    let (score, threshold, mut rules) = status;
    for rule in told {
        match rules.iter_mut().find(|known| known.name == rule.name) {
            Some(known) => *known = Rule { points: rule.points.or(known.points), ..rule },
            None => rules.push(rule),
        }
    }
    verdict(score, threshold, rules)
}

/// The score, the limit and the rules of `X-Spam-Status`: `Yes, score=7.1 required=5.0 tests=A,B=1.0 autolearn=no`.
fn status(text: &str) -> Option<(f64, Option<f64>, Vec<Rule>)> {
    let value = |names: &[&str]| {
        let mut words = text.split([' ', '\t', '\r', '\n', ',']);
        words.find_map(|word| names.iter().find_map(|name| points(word.strip_prefix(name)?)))
    };
    let score = value(&["score=", "hits="])?;
    let tests = text.split_once("tests=").map_or("", |(_, tests)| tests);
    let brackets = tests.strip_prefix('[').and_then(|listed| listed.split(']').next());
    let rules = brackets.unwrap_or(tests).split([',', ' ', '\t', '\r', '\n']).filter(|word| !word.is_empty());
    // Without brackets the list ends where no rule stands: `autolearn=no`.
    let rules = rules.map_while(|word| {
        let (name, cost) = word.split_once('=').map_or((word, None), |(name, cost)| (name, Some(cost)));
        is_rule(name).then(|| Rule { name: name.to_owned(), points: cost.and_then(points), meaning: None })
    });
    let rules = rules.filter(|rule| !rule.name.eq_ignore_ascii_case("none"));
    Some((score, value(&["required="]), rules.take(super::MOST).collect()))
}

/// The rules of `X-Spam-Report`, whose lines begin with stars.
fn reported(text: &str) -> Vec<Rule> {
    table(text.split('\n').flat_map(|line| line.split(" * ")).map(|line| line.trim_start_matches([' ', '\t', '*'])))
}

/// What `spamd` answered to REPORT: its `Spam:` line, and the text with the table. `offline` is whether it works without
/// the network.
pub fn report(said: &str, text: &str, offline: bool) -> Option<Verdict> {
    let (_, figures) = said.split_once(';')?;
    let (score, threshold) = figures.split_once('/')?;
    let score = points(score.trim())?;
    // The mail's own text stands before the table, and may hold another one.
    let (_, rules) = text.rsplit_once("Content analysis details:").unwrap_or_default();
    let rules = rules.split_once("\n----").map_or("", |(_, rules)| rules);
    let rules = table(rules.lines().skip(1));
    let filter = Filter::SpamAssassin;
    Some(in_order(Verdict { filter, score, threshold: points(threshold.trim()), rules, offline }))
}

/// The rules of a table: points, name, description; what follows on the next lines without points belongs to it.
fn table<'t>(lines: impl Iterator<Item = &'t str>) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for line in lines {
        let line = line.trim();
        let mut parts = line.splitn(2, char::is_whitespace);
        let cost = parts.next().and_then(points);
        let rest = parts.next().unwrap_or_default().trim_start();
        let (name, meaning) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let room = rules.len() < super::MOST;
        match (cost, rules.last_mut()) {
            (Some(cost), _) if is_rule(name) && room => {
                let meaning = meaning.trim();
                let meaning = (!meaning.is_empty()).then(|| meaning.to_owned());
                rules.push(Rule { name: name.to_owned(), points: Some(cost), meaning });
            }
            (_, Some(Rule { meaning: Some(meaning), .. })) if !line.is_empty() && meaning.len() < 500 => {
                meaning.push(' ');
                meaning.push_str(line);
            }
            _ => {}
        }
    }
    rules
}
