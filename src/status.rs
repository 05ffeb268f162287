//! What the host's status page says: the JSON of Atlassian Statuspage and of Instatus, told apart by what it holds.
//!
//! Pure, and wary: whatever the text, reading it ends soon, keeps little, and takes nothing that it does not know for a
//! sign that all is well. Who fetches it is `probe::status`.

mod read;
#[cfg(test)]
mod tests;

use crate::domain::Name;
use crate::facts::{Fetch, Fetched, Kind, NoPage, Pending, Query, View};
use crate::finding::{Code, Finding};

/// Where Atlassian Statuspage has its summary.
const ATLASSIAN: &str = "/api/v2/summary.json";
/// Where Instatus has its summary.
const INSTATUS: &str = "/summary.json";
/// Where Instatus has the state of each component.
const INSTATUS_COMPONENTS: &str = "/v2/components.json";

/// What a status page says.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Status {
    /// The whole in a word: `none`, `minor`, `major`, `critical`, `maintenance`; or as the page has it.
    pub indicator: String,
    /// The page's own words for that.
    pub said: String,
    /// When it was updated; none where it does not say.
    pub updated: Option<String>,
    /// The incidents that are open.
    pub incidents: Vec<Incident>,
    /// Parts that do not work as they should.
    pub components: Vec<Component>,
    /// Maintenance that is under way or planned.
    pub maintenance: Vec<Maintenance>,
}

/// An incident that is open.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Incident {
    /// What it is called.
    pub name: String,
    /// How far the work on it is.
    pub state: String,
    /// Whether much or all of a service is down.
    pub severe: bool,
    /// Since when.
    pub since: Option<String>,
    /// When it was updated.
    pub updated: Option<String>,
    /// What the page said last.
    pub latest: Option<String>,
}

/// A part of the service.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Component {
    /// What it is called.
    pub name: String,
    /// Its state, in small words.
    pub state: String,
}

/// Maintenance.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Maintenance {
    /// What it is called.
    pub name: String,
    /// Whether it is under way.
    pub under_way: bool,
    /// From when.
    pub from: Option<String>,
    /// Until when.
    pub until: Option<String>,
}

/// Why nothing is known of a status page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoStatus {
    /// Its host has no address, or the DNS would not say.
    #[error("no address of its host was found")]
    NoAddress,
    /// It could not be fetched.
    #[error("{0}")]
    NoPage(String),
    /// It answers with another status than 200.
    #[error("it answers with the HTTP status {0}")]
    Answer(u16),
    /// What it gives is the summary of no service that is known here.
    #[error("what it gives is neither the summary of Atlassian Statuspage nor of Instatus")]
    Unread,
}

/// What came of a look at a status page.
pub type Looked = Result<Status, NoStatus>;

/// Looks at the status page on this host; pending until all that it takes is there.
pub fn look(host: &Name, view: &mut View<'_>) -> Result<Looked, Pending> {
    let replies = view.get_all([Query::new(host, Kind::A), Query::new(host, Kind::Aaaa)])?;
    let address = replies.iter().filter_map(|reply| reply.addresses().ok()).flatten().next();
    let Some(address) = address else { return Ok(Err(NoStatus::NoAddress)) };
    let page = |path| Fetch { host: host.clone(), address, path };
    let (first, second) = (view.get(page(ATLASSIAN)), view.get(page(INSTATUS)));
    let found =
        |fetched: &Fetched| fetched.as_ref().ok().filter(|page| page.status == 200).map(|page| page.body.clone());
    if let Ok(fetched) = &first
        && let Some(status) = found(fetched).and_then(|body| read::summary(&body))
    {
        return Ok(Ok(status));
    }
    if let Ok(fetched) = &second
        && let Some(status) = found(fetched).and_then(|body| read::summary(&body))
    {
        let parts = found(view.get(page(INSTATUS_COMPONENTS))?);
        return Ok(Ok(Status { components: parts.map(|body| read::components(&body)).unwrap_or_default(), ..status }));
    }
    let (first, second) = (first?, second?);
    Ok(Err(why_not(first, second)))
}

/// Why neither gave a status, as far as one of them tells.
fn why_not(first: &Fetched, second: &Fetched) -> NoStatus {
    let of = |fetched: &Fetched| match fetched {
        Ok(page) if page.status == 200 => NoStatus::Unread,
        Ok(page) => NoStatus::Answer(page.status),
        Err(why) => NoStatus::NoPage(match why {
            NoPage::Unreached(why) => why.to_string(),
            why => why.to_string().chars().take(200).collect(),
        }),
    };
    match (of(first), of(second)) {
        (NoStatus::Answer(_), other) => other,
        (told, _) => told,
    }
}

/// What is to be said of the page on this host, the worst first.
pub fn findings(looked: &Looked, host: &Name) -> Vec<Finding> {
    let about = |code: Code| Finding::new(code, host);
    let status = match looked {
        Ok(status) => status,
        Err(why) => return vec![about(Code::StatusUnknown).detail("page", host).detail("cause", why)],
    };
    let time = |time: &Option<String>| time.clone().unwrap_or_else(|| "an unknown time".to_owned());
    let mut findings: Vec<Finding> = Vec::new();
    for incident in &status.incidents {
        let finding = about(if incident.severe { Code::StatusOutage } else { Code::StatusIncident });
        let finding = finding.detail("event", &incident.name).detail("state", &incident.state);
        let finding = finding.detail("since", time(&incident.since)).detail("updated", time(&incident.updated));
        findings.push(incident.latest.iter().fold(finding, Finding::evidence));
    }
    if !status.components.is_empty() {
        let parts: Vec<String> =
            status.components.iter().map(|part| format!("{} ({})", part.name, part.state)).collect();
        findings.push(about(Code::StatusComponents).detail("components", parts.join(", ")));
    }
    for work in &status.maintenance {
        let finding = about(if work.under_way { Code::StatusMaintenance } else { Code::StatusPlanned });
        let finding = finding.detail("event", &work.name).detail("until", time(&work.until));
        findings.push(if work.under_way { finding } else { finding.detail("from", time(&work.from)) });
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity()));
    let whole = |code: Code| about(code).detail("page", host).detail("said", &status.said);
    let is_told = findings.iter().any(|finding| finding.severity() > crate::finding::Severity::Info);
    match status.indicator.as_str() {
        "none" if !is_told => findings.insert(0, whole(Code::StatusFine)),
        _ if !is_told => findings.insert(0, whole(Code::StatusTroubled)),
        _ => {}
    }
    findings
}
