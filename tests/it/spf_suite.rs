//! The official RFC 7208 suite, answered from its own zone data (see `shared/suites/spf-rfc7208/README.md`).

pub(crate) mod scenario;

use mailmedic::config::Config;
use mailmedic::facts::{Fact, Facts, Question, View};
use mailmedic::mail::spf::{DEFAULT_EXPLANATION, Sender, Verdict, check_host};
use scenario::{Scenario, Test, Zone};

use crate::lab::engine;
use crate::nameserver::NameServer;

fn sender(test: &Test) -> Sender {
    Sender {
        ip: test.host,
        helo: test.helo.clone(),
        mail_from: test.mail_from.clone(),
        now: 1_700_000_000,
        receiver: "receiver.example".to_owned(),
    }
}

/// Evaluates one sender against a zone: asks all that is wanted, and runs again until nothing is.
fn evaluate(test: &Test, zone: &Zone) -> Verdict {
    let sender = sender(test);
    let mut facts = Facts::default();
    for _ in 0..30 {
        let mut view = View::new(&facts);
        if let Ok(verdict) = check_host(&sender, &mut view) {
            return verdict;
        }
        for question in view.wanted().to_vec() {
            let Question::Dns(query) = question else { panic!("SPF asks name servers alone") };
            let response = zone.reply(&query);
            facts.insert(Fact::Dns(query, response));
        }
    }
    panic!("{}: still pending after 30 rounds", test.name);
}

/// What the suite says of all senders: how many results and explanations are right, and by name which are not.
#[derive(Debug, Default, PartialEq, Eq)]
struct Score {
    results: usize,
    explanations: usize,
    wrong: Vec<String>,
}

impl Score {
    fn note(&mut self, test: &Test, verdict: &Verdict) {
        let result = verdict.result.as_str();
        let right = test.results.iter().any(|expected| expected == result);
        self.results += usize::from(right);
        let mut wrong = !right;
        if let Some(expected) = &test.explanation {
            let expected = if expected == "DEFAULT" { DEFAULT_EXPLANATION } else { expected };
            let right = verdict.explanation.as_deref() == Some(expected);
            self.explanations += usize::from(right);
            wrong |= !right;
        }
        if wrong {
            self.wrong.push(test.name.clone());
        }
    }
}

#[test]
fn every_test_of_the_official_suite_passes_on_its_facts() {
    let Some(scenarios) = scenario::load() else { return skipped() };
    let mut score = Score::default();
    for Scenario { zone, tests } in &scenarios {
        for test in tests {
            score.note(test, &evaluate(test, zone));
        }
    }
    assert_eq!(score, Score { results: 203, explanations: 22, wrong: Vec::new() });
}

/// The same through a name server and the product's own resolver.
#[tokio::test]
async fn every_test_of_the_official_suite_passes_over_the_wire() {
    let Some(scenarios) = scenario::load() else { return skipped() };
    let mut score = Score::default();
    for Scenario { zone, tests } in &scenarios {
        let server = NameServer::start(zone.served()).await;
        let engine = engine(&server, Config::default());
        for test in tests {
            let (verdict, _) = engine.spf(&sender(test)).await;
            score.note(test, &verdict);
        }
    }
    assert_eq!(score, Score { results: 203, explanations: 22, wrong: Vec::new() });
}

fn skipped() {
    eprintln!("skipped: the suite is not here; MAILMEDIC_SHARED names the folder that holds `suites/`");
}
