//! That matching finds what it should on the shipped knowledge, and that nothing makes it fail. Its figures are held by
//! `knowledge test` (see `trial`).

use std::sync::LazyLock;

use super::*;
use crate::config::Brand;
use crate::knowledge::Source;

static KNOWLEDGE: LazyLock<Knowledge> =
    LazyLock::new(|| Knowledge::load(&Source::Shipped, &Brand::default()).expect("the shipped knowledge is whole"));
static SEARCH: LazyLock<Search> =
    LazyLock::new(|| Search::build(&KNOWLEDGE, &Matching::default()).expect("an index fits into memory"));

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
fn what_decided_is_told() {
    let Why { found, entry, rival, reasons } = SEARCH.why("the webmail login is refused, though my password is right");
    assert_eq!(found, SEARCH.find("the webmail login is refused, though my password is right"));
    assert_eq!(entry.as_ref().map(EntryId::as_str), Some("webmail-authentication-error"));
    assert_ne!(rival, entry);
    assert!(reasons.iter().any(|reason| reason.what.contains("webmail") && reason.weight > 0.0), "{reasons:?}");
    assert!(reasons.is_sorted_by(|a, b| a.weight.abs() >= b.weight.abs()));
    assert_eq!(SEARCH.why("").reasons, []);
}

#[test]
fn no_shipped_symptom_pulls_two_entries_together() {
    assert_eq!(SEARCH.pulls(&KNOWLEDGE), []);
}

#[test]
fn a_symptom_in_the_wrong_entry_is_noticed() {
    let files: Vec<_> = ["portal", "webmail"]
        .map(|name| {
            let own = (1..9).map(|nth| format!("\"the {name} does not open at all, case {nth}\"")).collect::<Vec<_>>();
            let stray = if name == "portal" { ", \"the webmail does not open at all, case seven\"" } else { "" };
            let text = format!(
                "id = \"{name}\"\ntitle = \"The {name} does not open\"\nsymptoms = [{}{stray}]\n[[remedy]]\ntext = \"Wait.\"\n",
                own.join(", ")
            );
            crate::knowledge::File { path: format!("entries/{name}.toml"), text }
        })
        .into_iter()
        .chain(crate::knowledge::shipped_words())
        .collect();
    let knowledge = Knowledge::read(&files, &Brand::default()).unwrap();
    let pulls = Search::build(&knowledge, &Matching::default()).unwrap().pulls(&knowledge);
    let told: Vec<_> = pulls.iter().map(|pull| (pull.entry.as_str(), pull.symptom.as_str())).collect();
    assert_eq!(told, [("portal", "the webmail does not open at all, case seven")]);
}

#[test]
fn every_entry_has_many_voices_and_silence_has_many_kinds() {
    for entry in KNOWLEDGE.entries() {
        assert!(entry.symptoms.len() >= 45, "{}: {}", entry.id, entry.symptoms.len());
        let voices: std::collections::BTreeSet<_> = entry.symptoms.iter().map(|symptom| symptom.voice).collect();
        assert!(voices.len() >= 9, "{}: {voices:?}", entry.id);
    }
    let quiet = quiet::messages().unwrap();
    let about_mail = quiet.iter().filter(|message| message.kind == quiet::Kind::MailAdjacent).count();
    assert!(quiet.len() >= 500 && about_mail * 10 >= quiet.len() * 4, "{about_mail} of {}", quiet.len());
}

#[test]
fn direction_surface_and_verb_tell_entries_apart() {
    for (message, entry) in [
        ("I can't log in to webmail", "webmail-authentication-error"),
        ("I can't log in to the portal", "portal-login-authentication-error"),
        ("other people's mails do not reach me", "cannot-receive-email"),
        ("my mails do not leave the outbox", "cannot-send-email"),
        ("spam from strangers lands in my inbox", "spam-filter-false-negatives"),
        ("wanted mails land in my junk folder", "spam-filter-false-positives"),
        ("my mails land in the recipient's junk folder", "sent-email-in-spam"),
        ("X-Spam: Yes, and yet it is a good mail", "spam-filter-false-positives"),
        ("X-Spam: No, and yet it is a scam", "spam-filter-false-negatives"),
        ("550 Recipient address rejected", "error-550-undeliverable"),
        ("554 Sender address rejected: access denied", "cannot-send-email"),
        ("550 5.7.26 SPF check failed when we write to Gmail", "cannot-send-email"),
    ] {
        assert_eq!(SEARCH.find(message).matches[0].entry.as_str(), entry, "{message}");
    }
}

#[test]
fn a_single_word_is_no_question() {
    for text in ["exit", "bounce", "webmail", "portal", "550", "spam", "password", "timeout"] {
        assert_ne!(SEARCH.find(text).decision, Decision::Answer, "{text}");
    }
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
        (&[0.1, 0.1, 0.1], Decision::Offer),
        (&[0.1, 0.1, 0.05, 0.05], Decision::Quiet),
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
