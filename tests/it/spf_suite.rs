//! The official RFC 7208 suite, answered from its own zone data (see `shared/suites/spf-rfc7208/README.md`).

pub(crate) mod scenario;

use mailmedic::facts::{Facts, View};
use mailmedic::mail::spf::{DEFAULT_EXPLANATION, Sender, Verdict, check_host};
use scenario::{Scenario, Test, Zone};

/// Evaluates one sender against a zone: asks all that is wanted, and runs again until nothing is.
fn evaluate(test: &Test, zone: &Zone) -> Verdict {
    let sender = Sender {
        ip: test.host,
        helo: test.helo.clone(),
        mail_from: test.mail_from.clone(),
        now: 1_700_000_000,
        receiver: "receiver.example".to_owned(),
    };
    let mut facts = Facts::default();
    for _ in 0..30 {
        let mut view = View::new(&facts);
        if let Ok(verdict) = check_host(&sender, &mut view) {
            return verdict;
        }
        for question in view.wanted().to_vec() {
            let reply = zone.reply(&question);
            facts.insert(question, reply);
        }
    }
    panic!("{}: still pending after 30 rounds", test.name);
}

#[test]
fn every_test_of_the_official_suite_passes() {
    let Some(scenarios) = scenario::load() else {
        eprintln!("skipped: the suite is not here; MAILMEDIC_SHARED names the folder that holds `suites/`");
        return;
    };
    let (mut results, mut explanations, mut failures) = (0, 0, Vec::new());
    for Scenario { description, zone, tests } in &scenarios {
        for test in tests {
            let verdict = evaluate(test, zone);
            let result = verdict.result.as_str();
            if test.results.iter().any(|expected| expected == result) {
                results += 1;
            } else {
                failures.push(format!("{description}: {}: {:?}, got {verdict:#?}", test.name, test.results));
            }
            let Some(expected) = &test.explanation else { continue };
            let expected = if expected == "DEFAULT" { DEFAULT_EXPLANATION } else { expected };
            if verdict.explanation.as_deref() == Some(expected) {
                explanations += 1;
            } else {
                failures.push(format!("{description}: {}: {expected:?}, got {:?}", test.name, verdict.explanation));
            }
        }
    }
    assert_eq!((results, explanations), (203, 22), "{}", failures.join("\n"));
}
