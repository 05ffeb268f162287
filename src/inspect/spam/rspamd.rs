//! rspamd's fields: `X-Spamd-Result: default: False [5.90 / 15.00]; RULE(1.20)[…]; …`, or the bar of plus signs alone.

use super::{Filter, Rule, Verdict, is_rule, points};

pub(super) fn verdict(field: &impl Fn(&str) -> Option<String>) -> Option<Verdict> {
    let told = field("X-Spamd-Result").and_then(|text| result(&text));
    told.or_else(|| bar(field("X-Spamd-Bar")?.trim()))
}

fn result(text: &str) -> Option<Verdict> {
    let (head, rules) = text.split_once(';').unwrap_or((text, ""));
    let (score, threshold) = head.split_once('[')?.1.split_once(']')?.0.split_once('/')?;
    let rules = rules.split(';').filter_map(|piece| {
        let (name, rest) = piece.trim().split_once('(')?;
        let rule = Rule { name: name.to_owned(), points: points(rest.split(')').next()?), meaning: None };
        is_rule(name).then_some(rule)
    });
    let rules = rules.take(super::MOST).collect();
    let (score, threshold) = (points(score.trim())?, points(threshold.trim()));
    Some(Verdict { filter: Filter::Rspamd, score, threshold, rules, offline: false })
}

/// Each sign is a point.
fn bar(text: &str) -> Option<Verdict> {
    let sign = match text.chars().next()? {
        '+' => 1.0,
        '-' => -1.0,
        '/' => 0.0,
        _ => return None,
    };
    let count = u8::try_from(text.len()).unwrap_or(u8::MAX);
    let score = sign * f64::from(count);
    Some(Verdict { filter: Filter::Rspamd, score, threshold: None, rules: Vec::new(), offline: false })
}
