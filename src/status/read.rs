//! From the JSON of a status page to what it says. What is there is taken, what is not is left open.

use serde_json::Value;

use super::{Component, Incident, Maintenance, Status};

/// How many incidents, and how many maintenances, are kept: more at once is a page that nobody reads.
const MOST: usize = 10;
/// How many parts are kept.
const MOST_COMPONENTS: usize = 20;
/// How many characters of a name are kept.
const LONGEST_NAME: usize = 120;
/// How many characters of an update are kept.
const LONGEST_UPDATE: usize = 400;

/// Reads a summary of either service; none where it is of neither.
pub(super) fn summary(body: &str) -> Option<Status> {
    let json: Value = serde_json::from_str(body).ok()?;
    atlassian(&json).or_else(|| instatus(&json))
}

/// The parts that do not work as they should, as Instatus lists them.
pub(super) fn components(body: &str) -> Vec<Component> {
    let json: Value = serde_json::from_str(body).unwrap_or_default();
    affected(&json["components"])
}

/// <https://metastatuspage.com/api#summary>.
fn atlassian(json: &Value) -> Option<Status> {
    let indicator = words(&json["status"]["indicator"], LONGEST_NAME)?;
    let open = list(&json["incidents"]).filter(|incident| !is_over(incident)).take(MOST);
    let work = list(&json["scheduled_maintenances"]).filter(|work| !is_over(work)).take(MOST);
    Some(Status {
        indicator: indicator.to_lowercase(),
        said: words(&json["status"]["description"], LONGEST_NAME).unwrap_or(indicator),
        updated: time(&json["page"]["updated_at"]),
        incidents: open
            .map(|incident| Incident {
                name: name(incident),
                state: state(&incident["status"]),
                severe: is_one_of(&incident["impact"], &["major", "critical"]),
                since: time(&incident["started_at"]).or_else(|| time(&incident["created_at"])),
                updated: time(&incident["updated_at"]),
                latest: words(&incident["incident_updates"][0]["body"], LONGEST_UPDATE),
            })
            .collect(),
        components: affected(&json["components"]),
        maintenance: work
            .map(|work| Maintenance {
                name: name(work),
                under_way: is_one_of(&work["status"], &["in_progress", "verifying"]),
                from: time(&work["scheduled_for"]),
                until: time(&work["scheduled_until"]),
            })
            .collect(),
    })
}

/// <https://instatus.com/help/api/status-page>: `summary.json`.
fn instatus(json: &Value) -> Option<Status> {
    let said = words(&json["page"]["status"], LONGEST_NAME)?;
    let indicator = match said.as_str() {
        "UP" => "none",
        "HASISSUES" => "minor",
        "UNDERMAINTENANCE" => "maintenance",
        _ => return None,
    };
    let said = match indicator {
        "none" => "All systems operational",
        "minor" => "Some systems have issues",
        _ => "Under maintenance",
    };
    let open = list(&json["activeIncidents"]).filter(|incident| !is_over(incident)).take(MOST);
    let work = list(&json["activeMaintenances"]).filter(|work| !is_over(work)).take(MOST);
    Some(Status {
        indicator: indicator.to_owned(),
        said: said.to_owned(),
        updated: None,
        incidents: open
            .map(|incident| Incident {
                name: name(incident),
                state: state(&incident["status"]),
                severe: is_one_of(&incident["impact"], &["MAJOROUTAGE", "PARTIALOUTAGE"]),
                since: time(&incident["started"]),
                updated: time(&incident["updatedAt"]),
                latest: None,
            })
            .collect(),
        components: Vec::new(),
        maintenance: work
            .map(|work| Maintenance {
                name: name(work),
                under_way: is_one_of(&work["status"], &["INPROGRESS", "VERIFYING"]),
                from: time(&work["start"]),
                until: time(&work["end"]),
            })
            .collect(),
    })
}

/// The parts that do not work as they should; a group says what its parts say.
fn affected(components: &Value) -> Vec<Component> {
    let parts = list(components).filter(|part| part["group"] != true && part["isParent"] != true);
    let parts = parts.filter(|part| !is_one_of(&part["status"], &["operational"]));
    parts.take(MOST_COMPONENTS).map(|part| Component { name: name(part), state: state(&part["status"]) }).collect()
}

/// Whether an incident or a maintenance is over.
fn is_over(one: &Value) -> bool {
    is_one_of(&one["status"], &["resolved", "postmortem", "completed"])
}

fn is_one_of(value: &Value, words: &[&str]) -> bool {
    value.as_str().is_some_and(|text| words.iter().any(|word| text.eq_ignore_ascii_case(word)))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn name(one: &Value) -> String {
    words(&one["name"], LONGEST_NAME).unwrap_or_else(|| "without a name".to_owned())
}

/// A state in small words: both services write theirs without blanks.
fn state(value: &Value) -> String {
    let given = words(value, LONGEST_NAME).unwrap_or_else(|| "unknown".to_owned()).to_lowercase();
    let known = match given.as_str() {
        "majoroutage" => "major outage",
        "partialoutage" => "partial outage",
        "minoroutage" => "minor outage",
        "degradedperformance" => "degraded performance",
        "undermaintenance" => "under maintenance",
        _ => return given.replace('_', " "),
    };
    known.to_owned()
}

/// A text in one line, without control characters and what hides or turns letters.
fn words(value: &Value, longest: usize) -> Option<String> {
    let text = value.as_str()?;
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let plain: String = text.chars().take(longest * 4).map(|c| if is_hidden(c) { ' ' } else { c }).collect();
    let line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut line = line.chars();
    let mut kept: String = line.by_ref().take(longest).collect();
    if line.next().is_some() {
        kept.push('…');
    }
    (!kept.is_empty()).then_some(kept)
}

/// `2026-11-24T15:04:05.000Z` as people read it: `2026-11-24 15:04 UTC`, or with the offset that is written there.
fn time(value: &Value) -> Option<String> {
    let text = value.as_str().filter(|text| text.is_ascii() && text.len() < 40)?;
    let (day, rest) = text.split_once('T')?;
    let is_of = |text: &str, shape: &str| {
        text.len() == shape.len()
            && text.chars().zip(shape.chars()).all(|(c, s)| if s == '0' { c.is_ascii_digit() } else { c == s })
    };
    let clock = rest.get(..5)?;
    if !is_of(day, "0000-00-00") || !is_of(clock, "00:00") {
        return None;
    }
    let zone = rest.rfind(['Z', '+', '-']).and_then(|at| rest.get(at..))?;
    match zone {
        "Z" | "+00:00" | "+0000" => Some(format!("{day} {clock} UTC")),
        zone if is_of(zone.get(1..)?, "00:00") => Some(format!("{day} {clock} (UTC{zone})")),
        _ => None,
    }
}
