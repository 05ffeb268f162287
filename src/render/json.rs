//! Reports and answers as JSON: the contract that scripts rely on, versioned by `schema`.
//!
//! A change that would break a reader raises [`SCHEMA`].

use std::collections::BTreeMap;

use serde::Serialize;

use crate::answer::{self, Answer, State};
use crate::finding::{self, Fix, Severity};
use crate::inspect;
use crate::inspect::authentication::Authentication;
use crate::inspect::connection::Connection;
use crate::inspect::hops::Hop;
use crate::inspect::spam::Verdict;
use crate::inspect::whole::Whole;
use crate::load::{self, Averages, Cpus, MINUTES, Trend};
use crate::probe::{Cost, Report};
use crate::status;

/// The version of all documents below.
pub const SCHEMA: u32 = 1;

/// What `check --json` prints.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// The version of this document.
    pub schema: u32,
    /// The domain, in the DNS's spelling.
    pub domain: String,
    /// The worst severity of all.
    pub verdict: Severity,
    /// The worst severity of each topic.
    pub topics: BTreeMap<String, Severity>,
    /// What was found, topic by topic.
    pub findings: Vec<Finding>,
    /// The entries that the findings point to, the likeliest first.
    pub remedies: Vec<Remedy>,
    /// What it cost.
    pub cost: Cost,
}

impl Check {
    /// The document of a report; `words` says what a finding means, and what to do about it.
    pub fn of(
        report: &Report,
        words: impl Fn(&finding::Finding) -> (String, Option<String>),
        remedies: Vec<Remedy>,
    ) -> Self {
        Self {
            schema: SCHEMA,
            domain: report.domain.to_string(),
            verdict: report.verdict(),
            topics: report.topics().map(|(topic, severity)| (topic.to_string(), severity)).collect(),
            findings: report.findings().map(|finding| Finding::of(finding, words(finding))).collect(),
            remedies,
            cost: report.cost,
        }
    }
}

/// One finding.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// The stable code.
    pub code: String,
    /// The topic.
    pub topic: String,
    /// How bad it is.
    pub severity: Severity,
    /// The name or address concerned.
    pub subject: String,
    /// What it means, in a sentence or two.
    pub summary: String,
    /// What to do about it, and what to mind; or null.
    pub advice: Option<String>,
    /// The exact texts seen.
    pub evidence: Vec<String>,
    /// The proven change, or null.
    pub fix: Option<Fix>,
}

impl Finding {
    /// The document of a finding, with what it means and what to do about it.
    pub fn of(finding: &finding::Finding, (summary, advice): (String, Option<String>)) -> Self {
        Self {
            code: finding.code.to_string(),
            topic: finding.code.topic().to_string(),
            severity: finding.severity(),
            subject: finding.subject.clone(),
            summary,
            advice,
            evidence: finding.evidence.clone(),
            fix: finding.fix.clone(),
        }
    }
}

/// An entry that the findings point to.
#[derive(Debug, Clone, Serialize)]
pub struct Remedy {
    /// The entry's id.
    pub entry: String,
    /// How likely it is the customer's case, between 0 and 1.
    pub confidence: f64,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// One step of an entry.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// What to do.
    pub text: String,
    /// What the network says of it.
    pub state: State,
}

impl Step {
    /// The document of a step.
    pub fn of(step: &answer::Step) -> Self {
        Self { text: step.text.to_string(), state: step.state }
    }
}

/// What `inspect --json` prints.
#[derive(Debug, Clone, Serialize)]
pub struct Inspection {
    /// The version of this document.
    pub schema: u32,
    /// What the text is.
    pub kind: inspect::Kind,
    /// What it says of each recipient that was not reached.
    pub bounces: Vec<Bounce>,
    /// What proves where the mail comes from, or null.
    pub authentication: Option<Authentication>,
    /// What a spam filter says, or null.
    pub spam: Option<Verdict>,
    /// The servers that it went through.
    pub hops: Vec<Hop>,
    /// How it came, where the test mailbox took it; else null.
    pub connection: Option<Connection>,
    /// What was found at the domain that failed, or of the message.
    pub findings: Vec<Finding>,
    /// The entries that it points to, the likeliest first.
    pub remedies: Vec<Remedy>,
}

/// What a mail that came back says of one recipient.
#[derive(Debug, Clone, Serialize)]
pub struct Bounce {
    /// The address that was not reached.
    pub recipient: Option<String>,
    /// The SMTP reply code.
    pub reply_code: Option<u16>,
    /// The enhanced status (RFC 3463).
    pub status: Option<String>,
    /// Why, in the field's terms.
    pub reason: &'static str,
    /// Whether the address will not work however often it is tried.
    pub hard: bool,
    /// The server that refused.
    pub remote_server: Option<String>,
    /// What it said.
    pub diagnostic: Option<String>,
}

impl Inspection {
    /// The document of what was read.
    pub fn of(inspection: &inspect::Inspection, findings: Vec<Finding>, remedies: Vec<Remedy>) -> Self {
        let bounce = |bounce: &inspect::Bounce| Bounce {
            recipient: bounce.recipient.clone(),
            reply_code: bounce.reply_code,
            status: bounce.status.clone(),
            reason: bounce.reason.as_str(),
            hard: bounce.hard,
            remote_server: bounce.remote_server.clone(),
            diagnostic: bounce.diagnostic.clone(),
        };
        Self {
            schema: SCHEMA,
            kind: inspection.kind,
            bounces: inspection.bounces.iter().map(bounce).collect(),
            authentication: None,
            spam: None,
            hops: Vec::new(),
            connection: None,
            findings,
            remedies,
        }
    }

    /// The same with how it came.
    #[must_use]
    pub fn over(self, connection: Option<&Connection>) -> Self {
        Self { connection: connection.cloned(), ..self }
    }

    /// The same with what came of a message; its proof of origin only where the network was asked for it.
    #[must_use]
    pub fn with(self, whole: &Whole, asked: bool) -> Self {
        Self {
            authentication: asked.then(|| whole.authentication.clone()),
            spam: whole.spam.clone(),
            hops: whole.hops.clone(),
            ..self
        }
    }
}

/// What `load --json` prints.
#[derive(Debug, Clone, Serialize)]
pub struct Load {
    /// The version of this document.
    pub schema: u32,
    /// The CPUs of the plan.
    pub cpus: f64,
    /// How the load compares with the CPUs.
    pub verdict: Severity,
    /// Whither the load goes.
    pub trend: Trend,
    /// Each load average, beside the CPUs.
    pub averages: [Average; 3],
    /// What was found.
    pub findings: Vec<Finding>,
    /// The entries that the findings point to, the likeliest first.
    pub remedies: Vec<Remedy>,
}

/// A load average.
#[derive(Debug, Clone, Serialize)]
pub struct Average {
    /// How many minutes it looks back.
    pub minutes: u8,
    /// The load.
    pub load: f64,
    /// How many hundredths of the CPUs that is.
    pub percent: u64,
    /// Whether it is more than the CPUs take.
    pub above: bool,
}

impl Load {
    /// The document of three averages.
    pub fn of(averages: Averages, cpus: Cpus, findings: Vec<Finding>, remedies: Vec<Remedy>) -> Self {
        let [one, five, fifteen] = MINUTES;
        let [first, second, third] = averages.0;
        let average = |minutes, load: load::Number| Average {
            minutes,
            load: load.value(),
            percent: cpus.share(load),
            above: cpus.are_exceeded_by(load),
        };
        Self {
            schema: SCHEMA,
            cpus: cpus.value(),
            verdict: findings.first().map_or(Severity::Unknown, |finding| finding.severity),
            trend: averages.trend(),
            averages: [average(one, first), average(five, second), average(fifteen, third)],
            findings,
            remedies,
        }
    }
}

/// What `status --json` prints.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// The version of this document.
    pub schema: u32,
    /// The status page, or null where none is configured.
    pub page: Option<String>,
    /// The worst severity of all; `unknown` where the page could not be had.
    pub verdict: Severity,
    /// What the page says, or null.
    pub status: Option<status::Status>,
    /// What was found.
    pub findings: Vec<Finding>,
}

impl Status {
    /// The document of a look at the page.
    pub fn of(page: Option<String>, status: Option<status::Status>, findings: Vec<Finding>) -> Self {
        let verdict = findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Unknown);
        Self { schema: SCHEMA, page, verdict, status, findings }
    }
}

/// What `ask --json` prints.
#[derive(Debug, Clone, Serialize)]
pub struct Ask {
    /// The version of this document.
    pub schema: u32,
    /// `answer`, `offer` or `quiet`.
    pub decision: &'static str,
    /// The five best matches, whatever the decision.
    pub matches: Vec<Match>,
    /// What a person would get.
    pub answer: Answer,
    /// The check of the domain that the question names, or null.
    pub check: Option<Check>,
}

/// One line of `ask --batch`.
#[derive(Debug, Clone, Serialize)]
pub struct Batch {
    /// The id of the line that was read.
    pub id: serde_json::Value,
    /// `answer`, `offer` or `quiet`.
    pub decision: &'static str,
    /// The five best matches, whatever the decision.
    pub matches: Vec<Match>,
}

/// A match.
#[derive(Debug, Clone, Serialize)]
pub struct Match {
    /// The entry's id.
    pub entry: String,
    /// Its confidence, between 0 and 1.
    pub confidence: f64,
}
