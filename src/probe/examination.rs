//! All checks of one domain, run side by side: whichever has its replies moves on, none waits for another.

use std::sync::Arc;

use super::{Cost, Inquiry, Network};
use crate::config::Config;
use crate::domain::{Domain, Name};
use crate::facts::Question;
use crate::finding::{Code, Finding, Severity, Topic};
use crate::mail::{Case, Check};
use crate::transcript::Transcript;

/// The checks of one domain under way.
pub struct Examination {
    domain: Domain,
    selectors: Vec<Name>,
    config: Arc<Config>,
    now: i64,
    connect: bool,
    inquiry: Inquiry,
    topics: Vec<Topic>,
    waiting: Vec<Waiting>,
    done: Vec<(Topic, Vec<Finding>)>,
    runs: usize,
    /// What it cost in all, once that is settled.
    cost: Option<Cost>,
}

/// A check that is not done, and the questions it waits for; none before its first run.
struct Waiting {
    check: &'static Check,
    wanted: Vec<Question>,
}

impl Examination {
    /// Gets ready to run `checks`; nothing is asked yet. `now` is in seconds since 1970.
    pub fn new(
        domain: Domain,
        selectors: Vec<Name>,
        checks: impl Iterator<Item = &'static Check>,
        config: Arc<Config>,
        network: Arc<dyn Network>,
        now: i64,
    ) -> Self {
        let waiting: Vec<Waiting> = checks.map(|check| Waiting { check, wanted: Vec::new() }).collect();
        Self {
            domain,
            selectors,
            connect: config.probe.connect && network.connects(),
            inquiry: Inquiry::new(network, config.probe.budget),
            config,
            now,
            topics: waiting.iter().map(|waiting| waiting.check.topic).collect(),
            waiting,
            done: Vec::new(),
            runs: 0,
            cost: None,
        }
    }

    /// The same, with the cost that was recorded when the replies came from a network.
    #[must_use]
    pub const fn recorded(mut self, cost: Cost) -> Self {
        self.cost = Some(cost);
        self
    }

    /// All that was looked for and what the network said, to be replayed.
    pub fn transcript(&self) -> Transcript {
        let case = self.case();
        Transcript {
            domain: self.domain.clone(),
            selectors: self.selectors.clone(),
            topics: self.topics.clone(),
            host: case.host.clone(),
            lists: case.lists.clone(),
            propagation: case.propagation.to_vec(),
            connect: case.connect,
            resolver: self.inquiry.network(),
            now: self.now,
            cost: self.cost(),
            replies: self.inquiry.facts().iter().collect(),
        }
    }

    /// Runs until every check is done. May be dropped while it waits and called again: nothing is lost, nothing is
    /// asked twice, and [`Self::report`] tells meanwhile how far it is.
    pub async fn finish(&mut self) {
        loop {
            self.run_what_can_run();
            if self.waiting.is_empty() {
                // What the look cost is settled now, however long its report is read.
                self.cost.get_or_insert(self.inquiry.cost());
                return;
            }
            if self.waiting.iter().any(|waiting| self.can_run(waiting)) {
                continue;
            }
            self.inquiry.advance().await;
        }
    }

    /// What is found so far; its topics are in the order of [`Topic::ALL`].
    pub fn report(&self) -> Report {
        let mut done = self.done.clone();
        done.sort_by_key(|(topic, _)| *topic);
        // Of a domain that does not exist nothing more can be said: all that is "missing" there follows from that.
        let is_gone = |finding: &Finding| finding.code == Code::DnsNoSuchName;
        if done.iter().flat_map(|(_, findings)| findings).any(is_gone) {
            done.retain(|(topic, _)| *topic == Topic::Dns);
        }
        let mut open: Vec<Topic> = self.waiting.iter().map(|waiting| waiting.check.topic).collect();
        open.sort_unstable();
        Report {
            domain: self.domain.clone(),
            done,
            open,
            selectors: self.selectors.clone(),
            cost: self.cost(),
            runs: self.runs,
            resolver: self.inquiry.network(),
            unreachable: self.inquiry.all_silent(),
        }
    }

    fn cost(&self) -> Cost {
        self.cost.unwrap_or_else(|| self.inquiry.cost())
    }

    fn case(&self) -> Case<'_> {
        Case { connect: self.connect, ..Case::new(&self.domain, &self.selectors, &self.config, self.now) }
    }

    fn can_run(&self, waiting: &Waiting) -> bool {
        waiting.wanted.is_empty() || waiting.wanted.iter().any(|question| self.inquiry.facts().knows(question))
    }

    fn run_what_can_run(&mut self) {
        let (ready, still): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.waiting).into_iter().partition(|waiting| self.can_run(waiting));
        self.waiting = still;
        for Waiting { check, .. } in ready {
            self.runs += 1;
            let examined = check.examine(&self.case(), self.inquiry.facts());
            if let Ok(findings) = examined.findings {
                self.done.push((check.topic, findings));
            } else {
                self.inquiry.want(&examined.wanted, &examined.read);
                self.waiting.push(Waiting { check, wanted: examined.wanted });
            }
        }
    }
}

/// What was found about one domain, so far.
#[derive(Debug, Clone)]
pub struct Report {
    /// The domain.
    pub domain: Domain,
    /// The DKIM selectors that the person named.
    pub selectors: Vec<Name>,
    /// The topics whose checks are done, and what was found.
    pub done: Vec<(Topic, Vec<Finding>)>,
    /// The topics whose checks are not done yet.
    pub open: Vec<Topic>,
    /// What it cost.
    pub cost: Cost,
    /// How often checks were run: once, and again whenever replies came that they waited for.
    pub runs: usize,
    /// Who was asked, for people.
    pub resolver: String,
    /// Whether the resolver answered no question at all.
    pub unreachable: bool,
}

impl Report {
    /// All findings, topic by topic.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.done.iter().flat_map(|(_, findings)| findings)
    }

    /// The worst severity of each topic that was looked at; `ok` where nothing is wrong.
    pub fn topics(&self) -> impl Iterator<Item = (Topic, Severity)> {
        let worst = |findings: &[Finding]| findings.iter().map(Finding::severity).max().unwrap_or(Severity::Ok);
        self.done.iter().map(move |(topic, findings)| (*topic, worst(findings)))
    }

    /// The worst severity of all.
    pub fn verdict(&self) -> Severity {
        self.topics().map(|(_, severity)| severity).max().unwrap_or(Severity::Unknown)
    }
}
