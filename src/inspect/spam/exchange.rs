//! Exchange's fields: the spam confidence level (SCL), and what led to it.

use super::{Filter, Rule, Verdict, points};

/// The level from which mail is taken for spam.
const SPAM: f64 = 5.0;

pub(super) fn verdict(field: &impl Fn(&str) -> Option<String>) -> Option<Verdict> {
    let report = field("X-Forefront-Antispam-Report").unwrap_or_default();
    let told = |key: &str| report.split(';').find_map(|pair| pair.trim().strip_prefix(key)?.strip_prefix(':'));
    let level = field("X-MS-Exchange-Organization-SCL").and_then(|text| points(text.trim()));
    let score = level.or_else(|| points(told("SCL")?))?;
    let reasons = ["SFV", "CAT"].into_iter().filter_map(|key| {
        let value = told(key).filter(|value| !value.is_empty() && value.len() <= 20)?;
        Some(Rule { name: format!("{key}:{value}"), points: None, meaning: None })
    });
    let rules = reasons.collect();
    Some(Verdict { filter: Filter::Exchange, score, threshold: Some(SPAM), rules, offline: false })
}
