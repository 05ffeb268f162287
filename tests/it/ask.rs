//! `ask`: a question finds its entry, and the domain in it marks the steps.

use mailmedic::answer::{Action, Answer, Block, State, Step};
use mailmedic::config::Config;
use mailmedic::request::Request;
use mailmedic::search::Decision;

use crate::lab::engine;
use crate::nameserver::{NameServer, Zones};

async fn ask(zones: &[&str], question: &str) -> (Decision, Answer, Vec<String>) {
    let server = NameServer::start(Zones::load(zones)).await;
    let mut work = engine(&server, Config::default()).begin(Request::ask(question));
    work.finish().await;
    let asked = server.questions().into_iter().map(|asked| format!("{} {}", asked.name, asked.kind)).collect();
    (work.found().unwrap().decision, work.answer(), asked)
}

fn steps(answer: &Answer) -> Vec<&Step> {
    answer
        .blocks
        .iter()
        .filter_map(|block| if let Block::Steps(steps) = block { Some(steps) } else { None })
        .flatten()
        .collect()
}

fn states(answer: &Answer, state: State) -> usize {
    steps(answer).iter().filter(|step| step.state == state).count()
}

#[tokio::test]
async fn a_domain_in_the_question_marks_the_steps() {
    let (decision, answer, asked) =
        ask(&["spf"], "emails from anna@two-spf.example end up in the recipients' spam folder").await;
    assert_eq!(decision, Decision::Answer);
    let first = steps(&answer)[0];
    assert_eq!(first.state, State::Confirmed, "the step that is the cause comes first");
    assert_eq!(first.because[0].to_string(), "More than one SPF record");
    assert!(states(&answer, State::Cleared) >= 2, "DKIM and DMARC are ruled out");
    assert!(states(&answer, State::Open) >= 2, "what the network cannot tell stays open");
    assert!(asked.contains(&"two-spf.example TXT".to_owned()));
}

#[tokio::test]
async fn the_hosted_domain_as_its_own_mail_server_is_confirmed_as_the_cause_of_550() {
    let (_, answer, _) =
        ask(&["mx"], "550 Recipient address rejected: undeliverable address when writing to info@mx-self.example")
            .await;
    let confirmed = steps(&answer).into_iter().find(|step| step.state == State::Confirmed).unwrap();
    assert!(confirmed.text.to_string().contains("hostname"), "{confirmed:?}");
}

#[tokio::test]
async fn only_the_topics_of_the_entry_are_looked_at() {
    let (_, _, asked) = ask(&["healthy"], "nothing arrives in my inbox at healthy.example").await;
    assert!(asked.contains(&"healthy.example MX".to_owned()));
    assert!(!asked.iter().any(|question| question.contains("_domainkey")), "{asked:?}");
}

#[tokio::test]
async fn without_a_domain_every_step_is_open_and_nothing_is_asked() {
    let (decision, answer, asked) = ask(&["healthy"], "nothing arrives in my inbox").await;
    assert_eq!(decision, Decision::Answer);
    assert_eq!(states(&answer, State::Open), steps(&answer).len());
    assert_eq!(asked, Vec::<String>::new());
}

#[tokio::test]
async fn an_address_at_a_large_provider_is_not_the_customers_domain() {
    let (_, _, asked) = ask(&["healthy"], "mail that i send to someone@gmail.com ends up in the spam folder").await;
    assert_eq!(asked, Vec::<String>::new());
}

#[tokio::test]
async fn when_unsure_two_or_three_entries_are_offered() {
    let (decision, answer, _) = ask(&["healthy"], "i cant get into my account").await;
    assert_eq!(decision, Decision::Offer);
    let choices = answer.next.iter().filter(|action| matches!(action, Action::Entry { .. })).count();
    assert!((2..=3).contains(&choices));
}

#[tokio::test]
async fn small_talk_is_met_with_silence() {
    for talk in ["thanks, have a nice weekend everybody", "did you see the match last night?", "🔥🔥🔥", ""] {
        let (decision, _, _) = ask(&["healthy"], talk).await;
        assert_eq!(decision, Decision::Quiet, "{talk}");
    }
}
