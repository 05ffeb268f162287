//! What the host's status page says, as an answer of its own, and as a part of answers about outages.

use super::Engine;
use super::compose::{noted, support};
use crate::answer::{Action, Answer, Block};
use crate::finding::{Finding, Severity};
use crate::status::{self, Looked};
use crate::text::Text;

/// The answer; without a look, that it is under way; without a page, that there is none.
pub(super) fn answer(engine: &Engine, looked: Option<&Looked>, findings: &[Finding]) -> Answer {
    let brand = &engine.config.brand;
    let title = format!("Status of {}", brand.name);
    let Some(url) = brand.status_url.clone() else {
        let lead = format!(
            "I know of no status page of {}, so I cannot say whether there is an incident. Ask the people of {} support.",
            brand.name, brand.name
        );
        return Answer { next: support(engine).into_iter().collect(), ..Answer::sentence(title, Text::plain(lead)) };
    };
    let next = vec![Action::Open { label: "Open the status page".to_owned(), url }];
    let Some(worst) = findings.iter().max_by_key(|finding| finding.severity()) else {
        return Answer { next, ..Answer::sentence(title, Text::plain("I am looking at the status page …")) };
    };
    let updated = looked.and_then(|looked| looked.as_ref().ok()).and_then(|status| status.updated.as_ref());
    Answer {
        severity: Some(worst.severity()),
        blocks: vec![Block::Findings(noted(engine, findings.iter()))],
        next,
        note: updated.map(|updated| Text::plain(format!("The status page was updated {updated}."))),
        ..Answer::sentence(title, engine.knowledge.words(worst).title.and("."))
    }
}

/// What an answer about something else tells of the status page: nothing where it is not known.
pub(super) fn told(engine: &Engine, looked: Option<&Looked>) -> Vec<Finding> {
    let findings = looked.zip(engine.status_page.as_ref()).map(|(looked, page)| status::findings(looked, page.host()));
    let mut findings = findings.unwrap_or_default();
    findings.retain(|finding| finding.severity() != Severity::Unknown);
    findings
}
