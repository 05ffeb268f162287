//! From the neutral answer to what one surface shows: a renderer each, pure, with the surface's limits as constants.
//!
//! Whatever stands in an answer is inert here: control characters become visible, markup is escaped, and only an
//! [`Action::Open`](crate::answer::Action::Open) leads anywhere.

pub mod chart;
pub mod discord;
pub mod html;
pub mod json;
pub mod table;
pub mod terminal;
mod visible;

pub use visible::visible;

use crate::answer::Step;
use crate::finding::{Fix, Severity};

/// What a step that the network confirms claims: only what fails is surely the cause.
fn claim(step: &Step) -> &'static str {
    if step.severity == Some(Severity::Fail) { "This is it" } else { "This may be it" }
}

/// The records that a fix publishes, as a sentence names them.
fn records(fix: &Fix) -> String {
    match fix.values().count() {
        1 => format!("this {} record", fix.kind),
        _ => format!("these {} records", fix.kind),
    }
}

/// What becomes of the records that a fix takes the place of.
const fn in_place_of(fix: &Fix) -> &'static str {
    match fix.replaces {
        0 => "",
        1 => " in place of the old one",
        _ => " in place of the old ones",
    }
}

/// The topics of a report, the worst first: each severity with the topics whose worst finding it is, in their order.
fn by_severity(topics: &[(String, Severity)]) -> Vec<(Severity, Vec<&str>)> {
    let all = [Severity::Fail, Severity::Warn, Severity::Unknown, Severity::Info, Severity::Ok];
    let named = |severity| topics.iter().filter(move |(_, worst)| *worst == severity).map(|(topic, _)| topic.as_str());
    let groups = all.into_iter().map(|severity| (severity, named(severity).collect::<Vec<_>>()));
    groups.filter(|(_, topics)| !topics.is_empty()).collect()
}
