//! That what is rendered keeps Discord's limits and stays inert, whatever stands in the answer.

use proptest::prelude::*;

use super::*;
use crate::answer::Details;
use crate::finding::Fix;
use crate::text::{Span, Text};

#[test]
fn text_from_outside_is_inert() {
    for (text, expected) in [
        ("@everyone", "@\u{200b}everyone"),
        ("<@123> <#1>", "\\<@\u{200b}123\\> \\<#1\\>"),
        ("[a](https://evil.example)", "\\[a\\]\\(https\u{200b}://evil.example\\)"),
        ("**bold** `code` ||x||", "\\*\\*bold\\*\\* \\`code\\` \\|\\|x\\|\\|"),
        ("# big", "\\# big"),
        ("a\u{202e}b", "a\\<U+202E\\>b"),
        ("plain: words - here", "plain: words - here"),
    ] {
        assert_eq!(escape(&visible(text)), expected, "{text}");
    }
}

#[test]
fn a_code_span_cannot_be_left() {
    assert_eq!(markdown(&Text::default().code("a` **b** ```")), "`aˋ **b** ˋˋˋ`");
    assert_eq!(fenced(&["``` @everyone".to_owned()]), "```\nˋˋˋ @everyone\n```");
}

#[test]
fn a_press_reads_back_what_the_button_said() {
    let (domain, selectors) = ("example.com".to_owned(), vec!["s1".to_owned(), "s2".to_owned()]);
    for press in [
        Press::Entry("an-entry".to_owned(), None),
        Press::Entry("an-entry".to_owned(), Some(domain.clone())),
        Press::Check(domain.clone(), Vec::new()),
        Press::Check(domain.clone(), selectors.clone()),
        Press::Details(domain.clone(), selectors),
        Press::Watch(domain),
        Press::Unwatch(7),
        Press::Worked(u64::MAX, "an-entry".to_owned()),
        Press::Failed(7, "an-entry".to_owned()),
        Press::Person(u64::MAX),
        Press::Domain(7, "an-entry".to_owned()),
        Press::Share,
    ] {
        assert_eq!(Press::read(&press.id().unwrap()), Some(press));
    }
    for forged in
        ["evil", "drop:table", "unwatch:all", "worked:7", "failed:x:an-entry", "person:-1", "domain:", "share"]
    {
        assert_eq!(Press::read(forged), None);
    }
}

#[test]
fn what_is_too_long_for_a_button_is_left_out_or_the_button_is() {
    let (long, longer) = ("a".repeat(60), "b".repeat(110));
    let id = Press::Check(long.clone(), vec!["s".repeat(60)]).id().unwrap();
    assert_eq!(Press::read(&id), Some(Press::Check(long, Vec::new())));
    assert_eq!(Press::Watch(longer).id(), None);
}

#[test]
fn a_form_keeps_discords_limits_and_comes_back_with_its_press() {
    let (press, long) = (Press::Domain(7, "an-entry".to_owned()), "é".repeat(200));
    let form = serde_json::to_value(Form::new(&press, &long, &long, &long).unwrap()).unwrap();
    assert_eq!(Press::read(form["custom_id"].as_str().unwrap()), Some(press));
    let count = |value: &serde_json::Value| value.as_str().unwrap().chars().count();
    let input = &form["components"][0]["components"][0];
    assert_eq!((count(&form["title"]), count(&input["label"]), count(&input["placeholder"])), (45, 45, 100));
    assert_eq!(Form::new(&Press::Domain(7, "e".repeat(100)), "", "", ""), None);
}

fn texts() -> impl Strategy<Value = Text> {
    prop::collection::vec(
        prop_oneof![
            "\\PC{0,400}".prop_map(Span::Plain),
            "[`@a-z:/\\[\\]()<>*_|~#\\\\]{0,80}".prop_map(Span::Plain),
            "\\PC{0,80}".prop_map(Span::Code),
        ],
        0..4,
    )
    .prop_map(Text)
}

fn blocks() -> impl Strategy<Value = Block> {
    prop_oneof![
        texts().prop_map(Block::Paragraph),
        texts().prop_map(Block::Heading),
        prop::collection::vec("\\PC{0,300}", 0..90).prop_map(Block::Listing),
        prop::collection::vec(texts(), 0..9).prop_map(|texts| Block::Steps(
            texts
                .into_iter()
                .map(|text| Step { because: vec![text.clone()], text, state: State::Cleared, severity: None })
                .collect()
        )),
        (texts(), prop::collection::vec("\\PC{0,900}", 0..9), "\\PC{0,500}").prop_map(|(text, evidence, value)| {
            let fix = Some(Fix::txt(value.clone(), value));
            let mend = Some(text.clone());
            let severity = Severity::Fail;
            Block::Findings(vec![Noted { severity, title: text.clone(), text, mend, evidence, fix }])
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_limit_holds_for_any_answer(
        title in texts(), lead in texts(), blocks in prop::collection::vec(blocks(), 0..12), note in prop::option::of(texts()),
        labels in prop::collection::vec("\\PC{1,200}", 0..40),
    ) {
        let next = labels.into_iter().map(|label| Action::Entry { id: "an-entry".into(), title: label, domain: None }).collect();
        let message = message(&Answer { title, severity: None, lead, details: Details { summary: Text::default(), blocks: blocks.clone() }, blocks, next, note }, &[]);
        let [embed] = message.embeds.as_slice() else { panic!("one embed") };
        let count = |text: &str| text.chars().count();
        let footer = embed.footer.as_ref().map_or(0, |footer| count(&footer.text));
        prop_assert!(count(&embed.title) <= TITLE && count(&embed.description) <= DESCRIPTION && footer <= FOOTER);
        prop_assert!(count(&embed.title) + count(&embed.description) + footer <= EMBED_TOTAL);
        prop_assert!(message.components.len() <= ROWS);
        for row in &message.components {
            prop_assert!(!row.components.is_empty() && row.components.len() <= BUTTONS_A_ROW);
            prop_assert!(row.components.iter().all(|button| (1..=LABEL).contains(&count(&button.label))));
        }
    }

    #[test]
    fn no_plain_text_keeps_a_mention_or_a_link(text in "\\PC{0,200}") {
        let escaped = escape(&text);
        prop_assert!(!escaped.contains("@everyone") && !escaped.contains("@here"));
        prop_assert!(!escaped.contains("http://") && !escaped.contains("https://"));
        prop_assert!(!escaped.replace("\\<", "").contains('<'), "a mention begins with a bare <: {}", escaped);
    }
}
