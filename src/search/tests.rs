//! How well the shipped knowledge finds its entries, and that nothing makes finding fail.
//!
//! What is measured on the texts that the model was fitted to is measured with those texts left out, a tenth at a time.

use std::fmt;
use std::sync::LazyLock;

use super::message::Words;
use super::*;
use crate::config::Brand;
use crate::knowledge::Source;

static KNOWLEDGE: LazyLock<Knowledge> =
    LazyLock::new(|| Knowledge::load(&Source::Shipped, &Brand::default()).expect("the shipped knowledge is whole"));
static SEARCH: LazyLock<Search> =
    LazyLock::new(|| Search::build(&KNOWLEDGE, &Matching::default()).expect("an index fits into memory"));

/// How many parts the texts are cut into, each of which is left out once.
const FOLDS: usize = 10;

/// What became of messages with a known answer, or none.
#[derive(Default)]
struct Tally {
    messages: u32,
    first: u32,
    among_three: u32,
    answered: u32,
    answered_wrongly: u32,
    offered: u32,
}

impl Tally {
    fn count(&mut self, found: &Found, right: Option<&EntryId>) {
        let place = found.matches.iter().position(|found| Some(&found.entry) == right);
        let first = place == Some(0);
        self.messages += 1;
        self.first += u32::from(first);
        self.among_three += u32::from(place.is_some_and(|place| place < 3));
        self.answered += u32::from(found.decision == Decision::Answer);
        self.answered_wrongly += u32::from(found.decision == Decision::Answer && !first);
        self.offered += u32::from(found.decision == Decision::Offer);
    }

    fn share(&self, count: u32) -> f64 {
        f64::from(count) / f64::from(self.messages.max(1))
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { messages, first, among_three, answered, answered_wrongly, offered } = self;
        write!(f, "{messages} messages, right entry first {first}, among three {among_three}; ")?;
        write!(f, "answered {answered}, of these wrongly {answered_wrongly}; offered {offered}")
    }
}

/// Every symptom and every quiet message, asked of a search that knows nine tenths of the others.
fn left_out() -> (Tally, Tally) {
    let quiet = quiet::messages().unwrap();
    let symptoms: Vec<(&EntryId, &String)> =
        KNOWLEDGE.entries().flat_map(|entry| entry.symptoms.iter().map(|text| (&entry.id, text))).collect();
    let (mut of_symptoms, mut of_quiet) = (Tally::default(), Tally::default());
    for fold in 0..FOLDS {
        let asked_quiet: Vec<&String> = quiet.iter().skip(fold).step_by(FOLDS).collect();
        let asked: Vec<&(&EntryId, &String)> = symptoms.iter().skip(fold).step_by(FOLDS).collect();
        let unknown: Vec<Words> =
            asked.iter().map(|(_, text)| words(text)).chain(asked_quiet.iter().map(|text| words(text))).collect();
        let mut known = phrases(&KNOWLEDGE, &quiet);
        known.retain(|phrase| !unknown.contains(&phrase.words));
        let search = Search::of(&KNOWLEDGE, &known, &Matching::default()).unwrap();
        for (entry, text) in asked {
            of_symptoms.count(&search.find(text), Some(entry));
        }
        for text in asked_quiet {
            of_quiet.count(&search.find(text), None);
        }
    }
    (of_symptoms, of_quiet)
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are for whoever works on matching")]
fn questions_find_their_entries_and_other_messages_are_left_in_peace() {
    let mut questions = Tally::default();
    for entry in KNOWLEDGE.entries() {
        for text in &entry.questions {
            questions.count(&SEARCH.find(text), Some(&entry.id));
        }
    }
    let (symptoms, quiet) = left_out();
    println!("questions: {questions}\nsymptoms left out: {symptoms}\nquiet messages left out: {quiet}");
    assert!(questions.share(questions.first) >= 0.8, "{questions}");
    assert!(questions.share(questions.among_three) >= 0.9, "{questions}");
    assert!(questions.share(questions.answered_wrongly) <= 0.03, "{questions}");
    assert!(quiet.share(quiet.answered) <= 0.02, "{quiet}");
    assert!(quiet.share(quiet.offered) <= 0.15, "{quiet}");
}

#[test]
fn an_error_text_finds_its_entry() {
    let Found { decision, matches } = SEARCH.find("it says: An error occurs during sending the message. why?");
    assert_eq!((decision, matches[0].entry.as_str()), (Decision::Answer, "webmail-send-error"));
}

#[test]
fn a_story_finds_what_one_sentence_of_it_tells() {
    let story = "Hello, I hope you are all doing well. We are a small bakery with nine people, and my nephew who set all \
                 of this up is abroad. Since Friday the mail portal is just a white screen. I called my internet \
                 provider, and they say that everything is fine on their side. Thank you very much in advance!";
    assert_eq!(SEARCH.find(story).matches[0].entry.as_str(), "portal-not-loading");
}

#[test]
fn what_is_no_message_is_quiet() {
    let long = "a".repeat(10_000);
    let fire = "🔥".repeat(5_000);
    for text in ["", " \n ", "?!", "🔥🔥", &fire, "ПРИВЕТ, как дела?", "你好，世界", "\u{0}\u{1b}[31m\u{7}", &long]
    {
        assert_eq!(SEARCH.find(text).decision, Decision::Quiet, "{text:.20}");
    }
}

#[test]
fn the_same_message_finds_the_same() {
    let again = Search::build(&KNOWLEDGE, &Matching::default()).unwrap();
    for question in KNOWLEDGE.entries().flat_map(|entry| &entry.questions) {
        assert_eq!(again.find(question), SEARCH.find(question), "{question}");
    }
}

#[test]
fn a_lead_decides_between_an_answer_and_an_offer() {
    let matching = Matching { answer_at: 0.6, margin: 0.2, offer_at: 0.3 };
    for (confidences, decision) in [
        (&[0.9, 0.1][..], Decision::Answer),
        (&[0.6], Decision::Answer),
        (&[0.9, 0.8], Decision::Offer),
        (&[0.59, 0.1], Decision::Offer),
        (&[0.3], Decision::Offer),
        (&[0.29], Decision::Quiet),
        (&[], Decision::Quiet),
    ] {
        assert_eq!(decide(matching, confidences), decision, "{confidences:?}");
    }
}

#[test]
fn without_entries_everything_is_quiet() {
    let search =
        Search::build(&Knowledge::default(), &Matching { answer_at: 0.0, margin: 0.0, offer_at: 0.0 }).unwrap();
    assert_eq!(search.find("webmail is down"), Found { decision: Decision::Quiet, matches: Vec::new() });
}

proptest::proptest! {
    #[test]
    fn no_message_makes_finding_fail(text in "(\\PC|webmail |error |550 |\n|\\. ){0,200}") {
        let Found { matches, .. } = SEARCH.find(&text);
        proptest::prop_assert!(matches.len() <= MATCHES);
        proptest::prop_assert!(matches.iter().all(|found| (0.0..=1.0).contains(&found.confidence)));
        proptest::prop_assert!(matches.is_sorted_by(|a, b| a.confidence >= b.confidence));
    }
}
