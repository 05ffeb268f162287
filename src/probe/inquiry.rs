//! Asking: each question once, all that is wanted at once, within one budget.
//!
//! Refuses to know what the questions are for. Its counterpart is [`View`], where the pure side notes what it wants.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::time::{Instant, timeout};

use super::{Cost, Network, ask};
use crate::config::Budget;
use crate::facts::{Cause, Fact, Facts, Outcome, Pending, Question, Response, Server, View};

/// What is known so far, and the questions under way.
pub struct Inquiry {
    network: Arc<dyn Network>,
    facts: Facts,
    /// In which round each question was asked; also keeps a question from being asked again.
    rounds: HashMap<Question, u32>,
    flying: FuturesUnordered<BoxFuture<'static, Fact>>,
    budget: Budget,
    bytes: usize,
    /// When the first question was asked; the clock does not run before.
    started: Option<Instant>,
}

impl Inquiry {
    /// Gets ready; nothing is asked yet.
    pub fn new(network: Arc<dyn Network>, budget: Budget) -> Self {
        Self {
            network,
            facts: Facts::default(),
            rounds: HashMap::new(),
            flying: FuturesUnordered::new(),
            budget,
            bytes: 0,
            started: None,
        }
    }

    /// Runs a pure function again and again, asking what it wants, until it is no longer pending.
    pub async fn settle<T>(&mut self, mut run: impl FnMut(&mut View<'_>) -> Result<T, Pending>) -> T {
        loop {
            let mut view = View::new(&self.facts);
            if let Ok(result) = run(&mut view) {
                return result;
            }
            let (wanted, read) = (view.wanted().to_vec(), view.read().to_vec());
            self.want(&wanted, &read);
            while !wanted.iter().any(|question| self.facts.knows(question)) {
                self.advance().await;
            }
        }
    }

    /// Who is asked, for people.
    pub fn network(&self) -> String {
        self.network.name()
    }

    /// What is known so far.
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What it has cost so far.
    pub fn cost(&self) -> Cost {
        let count = |kind: fn(&Question) -> bool| self.rounds.keys().filter(|question| kind(question)).count();
        Cost {
            questions: count(|question| matches!(question, Question::Dns(_))),
            calls: count(|question| matches!(question, Question::Call(_))),
            pages: count(|question| matches!(question, Question::Fetch(_))),
            rounds: self.rounds.values().copied().max().unwrap_or(0),
            elapsed_ms: u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Whether questions were asked and none of them was answered: the resolver itself may be out of reach.
    pub fn all_silent(&self) -> bool {
        let silent = |response: &Response| {
            matches!(response.outcome, Outcome::Unknown(Cause::Silent | Cause::Refused | Cause::NotAsked))
        };
        let mut responses = self.facts.dns().filter(|(query, _)| query.to == Server::Resolver).peekable();
        responses.peek().is_some() && responses.all(|(_, response)| silent(response))
    }

    /// Asks those questions that were not asked before. `read` are the questions whose replies led to these, which
    /// tells in which round they are asked.
    pub(super) fn want(&mut self, wanted: &[Question], read: &[Question]) {
        let round = 1 + read.iter().filter_map(|question| self.rounds.get(question)).copied().max().unwrap_or(0);
        self.started.get_or_insert_with(Instant::now);
        for question in wanted {
            if self.rounds.contains_key(question) || self.facts.knows(question) {
                continue;
            }
            if self.rounds.len() >= self.budget.questions || self.bytes >= self.budget.bytes || self.is_late() {
                self.facts.insert(question.clone().unanswered(Cause::NotAsked));
                continue;
            }
            self.rounds.insert(question.clone(), round);
            self.flying.push(Box::pin(ask(Arc::clone(&self.network), question.clone())));
        }
    }

    /// Waits for a reply and keeps it, with those that are there already; when time is up, all that is under way counts as silent. Nothing is lost if
    /// the future is dropped while it waits.
    pub(super) async fn advance(&mut self) {
        let left = self.budget.time.saturating_sub(self.elapsed());
        match timeout(left, self.flying.next()).await {
            Ok(Some(fact)) => {
                self.keep(fact);
                // What else has come is taken along, so that no check runs for each of them.
                while let Some(Some(fact)) = self.flying.next().now_or_never() {
                    self.keep(fact);
                }
            }
            Ok(None) => self.give_up(),
            Err(_late) => self.give_up(),
        }
    }

    fn is_late(&self) -> bool {
        self.elapsed() >= self.budget.time
    }

    fn elapsed(&self) -> Duration {
        self.started.map_or(Duration::ZERO, |started| started.elapsed())
    }

    fn keep(&mut self, fact: Fact) {
        self.bytes += fact.size();
        self.facts.insert(fact);
    }

    fn give_up(&mut self) {
        self.flying.clear();
        let open: Vec<Question> = self.rounds.keys().filter(|question| !self.facts.knows(question)).cloned().collect();
        for question in open {
            self.facts.insert(question.unanswered(Cause::Silent));
        }
    }
}
