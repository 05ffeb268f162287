//! What authors are told, and that the shipped knowledge gives no cause for it.

use super::*;
use crate::text::Span;

const GOOD: &str = r#"id = "slow-mail"
title = "Mail is slow"
symptoms = ["one", "two", "three", "four", "five", "six", "seven", "eight"]
errors = ["timed out"]
checks = ["mx"]

[[remedy]]
text = "Look at `{name}` in {console}."
confirmed_by = ["mx-missing"]
cleared_by = ["mx"]

[[link]]
label = "How {portal} works"
url = "https://help.example.com/portal"

[[question]]
text = "why is it slow"
"#;

fn shipped() -> Vec<File> {
    Source::Shipped.files().expect("the binary carries its files")
}

fn file(path: &str, text: &str) -> File {
    File { path: path.to_owned(), text: text.to_owned() }
}

/// The knowledge that is `entry` and the shipped words.
fn with(entry: &str) -> Result<Knowledge, Problems> {
    let words = shipped().into_iter().filter(|file| file.is_in(FINDINGS));
    let files: Vec<File> = words.chain([file("entries/slow-mail.toml", entry)]).collect();
    Knowledge::read(&files, &Brand::default())
}

/// What is said of the good entry with `old` in it replaced by `new`.
fn said(old: &str, new: &str) -> String {
    assert!(GOOD.contains(old), "{old}");
    let problems = with(&GOOD.replace(old, new)).expect_err(new).0;
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn the_shipped_knowledge_has_no_problems_and_no_warnings() {
    let lint = Knowledge::lint(&Source::Shipped, &Brand::default());
    let told = lint.problems.iter().chain(&lint.warnings).map(ToString::to_string).collect::<Vec<_>>();
    assert!(told.is_empty(), "{}", told.join("\n\n"));
}

#[test]
fn every_code_can_be_put_into_words() {
    let knowledge = Knowledge::load(&Source::Shipped, &Brand::default()).unwrap();
    for &code in crate::finding::Code::ALL {
        let mut finding = Finding::new(code, "shop.example");
        for detail in code.details() {
            finding = finding.detail(detail, "seen");
        }
        let FindingText { title, text, fix } = knowledge.words(&finding);
        for text in [title, text].into_iter().chain(fix) {
            assert!(!text.is_empty() && !text.to_string().contains(['{', '…']), "{code}: {text}");
        }
    }
}

#[test]
fn an_entry_is_read_with_the_operators_words_in_it() {
    let knowledge = with(GOOD).unwrap();
    let entry = knowledge.entry("slow-mail").unwrap();
    assert_eq!(entry.title, "Mail is slow");
    assert_eq!(entry.remedies[0].text, crate::text::Text::plain("Look at ").code("Mailcheap").and(" in the console."));
    assert_eq!(entry.links[0].label, "How Mail Portal works");
    assert_eq!(entry.questions, ["why is it slow"]);
}

#[test]
fn what_came_from_outside_is_never_read_as_markup() {
    let knowledge = with(GOOD).unwrap();
    let finding = Finding::new(crate::finding::Code::SpfMissing, "`{name}` @everyone");
    let text = knowledge.words(&finding).text;
    assert_eq!(text.0[0], Span::Code("`{name}` @everyone".to_owned()));
}

#[test]
fn links_to_pages_that_the_operator_has_not_named_are_left_out() {
    let entry = GOOD.replace("https://help.example.com/portal", "{portal_url}");
    assert_eq!(with(&entry).unwrap().entry("slow-mail").unwrap().links, []);
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_the_file() {
    let entry = GOOD.replace("title =", "titel =").replace("\"mx-missing\"", "\"mx-misssing\", \"spf-missing\"");
    insta::assert_snapshot!(with(&entry).unwrap_err(), @r#"
    entries/slow-mail.toml:1:1: `title` is missing
      |
    1 | id = "slow-mail"
      | ^
      = add `title = "…"`

    entries/slow-mail.toml:2:1: there is no key `titel` here
      |
    2 | titel = "Mail is slow"
      | ^^^^^
      = did you mean `title`?

    entries/slow-mail.toml:9:17: there is no code `mx-misssing`
      |
    9 | confirmed_by = ["mx-misssing", "spf-missing"]
      |                 ^^^^^^^^^^^^^
      = did you mean `mx-missing`?

    entries/slow-mail.toml:9:32: `spf-missing` is of the topic `spf`, which this entry does not look at
      |
    9 | confirmed_by = ["mx-misssing", "spf-missing"]
      |                                ^^^^^^^^^^^^^
      = add "spf" to `checks`

    4 problems
    "#);
}

#[test]
fn a_text_that_is_not_toml_is_shown_where_it_breaks_first() {
    insta::assert_snapshot!(said("[\"timed out\"]", "[\"timed out\""), @r#"
    entries/slow-mail.toml:5:1: not TOML: missing comma between array elements, expected `,`
      |
    5 | checks = ["mx"]
      | ^
      = see https://toml.io for how to write it
    "#);
    insta::assert_snapshot!(said("\"Mail is slow\"", "Mail is slow"), @"
    entries/slow-mail.toml:2:9: not TOML: string values must be quoted, expected literal string
      |
    2 | title = Mail is slow
      |         ^^^^^^^^^^^^
      = see https://toml.io for how to write it
    ");
}

#[test]
fn an_unknown_key_is_answered_with_the_nearest() {
    insta::assert_snapshot!(said("cleared_by", "clear_by"), @r#"
    entries/slow-mail.toml:10:1: there is no key `clear_by` here
       |
    10 | clear_by = ["mx"]
       | ^^^^^^^^
       = did you mean `cleared_by`?
    "#);
}

#[test]
fn an_unknown_topic_is_answered_with_the_choice() {
    insta::assert_snapshot!(said("checks = [\"mx\"]", "checks = [\"mx\", \"weather\", \"mx\"]"), @r#"
    entries/slow-mail.toml:5:17: there is no topic `weather`
      |
    5 | checks = ["mx", "weather", "mx"]
      |                 ^^^^^^^^^
      = there are `dns`, `ns`, `dnssec`, `propagation`, `mx`, `spf`, `dkim`, `dmarc`, `mta-sts`, `tls-rpt`, `dane`, `starttls` and others

    entries/slow-mail.toml:5:28: `mx` is named twice
      |
    5 | checks = ["mx", "weather", "mx"]
      |                            ^^^^
      = remove one
    "#);
}

#[test]
fn an_unknown_slot_is_marked_in_its_text() {
    insta::assert_snapshot!(said("{console}", "{consol}"), @r#"
    entries/slow-mail.toml:8:29: there is no slot `{consol}` here
      |
    8 | text = "Look at `{name}` in {consol}."
      |                             ^^^^^^^^
      = did you mean `{console}`?
    "#);
}

#[test]
fn a_backtick_without_its_partner_is_marked() {
    insta::assert_snapshot!(said("`{name}`", "`{name}"), @r#"
    entries/slow-mail.toml:8:17: a backtick opens here and is never closed
      |
    8 | text = "Look at `{name} in {console}."
      |                 ^
      = add the second backtick
    "#);
}

#[test]
fn an_id_that_is_not_the_files_name_is_refused() {
    insta::assert_snapshot!(said("\"slow-mail\"", "\"Slow mail\""), @r#"
    entries/slow-mail.toml:1:6: the id is `Slow mail`, and the file is `slow-mail.toml`
      |
    1 | id = "Slow mail"
      |      ^^^^^^^^^^^
      = give both the same name

    entries/slow-mail.toml:1:6: expected the name of an entry, at most 64 letters in kebab case, found `Slow mail`
      |
    1 | id = "Slow mail"
      |      ^^^^^^^^^^^
      = write small letters and digits with single hyphens, such as `cannot-send-email`
    "#);
}

#[test]
fn too_few_symptoms_are_refused() {
    insta::assert_snapshot!(said(", \"seven\", \"eight\"", ""), @r#"
    entries/slow-mail.toml:3:13: expected at least 8 symptoms, found 6
      |
    3 | symptoms = ["one", "two", "three", "four", "five", "six"]
      |             ^^^^^
      = write more of them, each as another customer would say it
    "#);
}

#[test]
fn empty_long_and_broken_texts_are_refused() {
    insta::assert_snapshot!(said("\"Mail is slow\"", "\" \""), @r#"
    entries/slow-mail.toml:2:9: expected a text, found nothing in the quotes
      |
    2 | title = " "
      |         ^^^
      = write it, or remove it
    "#);
    insta::assert_snapshot!(said("\"Mail is slow\"", &format!("\"{}\"", "slow ".repeat(21))), @r#"
    entries/slow-mail.toml:2:9: expected at most 100 characters, found 105
      |
    2 | title = "slow slow slow slow slow slow slow slow slow slow slow slow slow slow slow slow slow slow s…
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = say it in fewer words, or split it
    "#);
    insta::assert_snapshot!(said("\"Mail is slow\"", "\"Mail\\nis slow\""), @r#"
    entries/slow-mail.toml:2:9: found a control character, `\n`
      |
    2 | title = "Mail\nis slow"
      |         ^^^^^^^^^^^^^^^
      = write one paragraph, all on one line
    "#);
}

#[test]
fn a_value_of_the_wrong_kind_is_refused() {
    insta::assert_snapshot!(said("\"Mail is slow\"", "7"), @"
    entries/slow-mail.toml:2:9: expected a text, found `integer`
      |
    2 | title = 7
      |         ^
      = write it in quotes
    ");
    insta::assert_snapshot!(said("[\"timed out\"]", "\"timed out\""), @r#"
    entries/slow-mail.toml:4:10: expected a list, found `string`
      |
    4 | errors = "timed out"
      |          ^^^^^^^^^^^
      = write `errors = ["…", "…"]`
    "#);
    insta::assert_snapshot!(said("[[remedy]]", "[remedy]"), @r#"
    entries/slow-mail.toml:7:1: expected a list, found `table`
      |
    7 | [remedy]
      | ^^^^^^^^
      = write `[[remedy]]`
    "#);
}

#[test]
fn an_entry_without_a_remedy_is_refused() {
    let (before, rest) = GOOD.split_once("[[remedy]]").unwrap();
    let (_, after) = rest.split_once("[[link]]").unwrap();
    insta::assert_snapshot!(with(&format!("{before}[[link]]{after}")).unwrap_err(), @r#"
    entries/slow-mail.toml:1:1: there is no remedy
      |
    1 | id = "slow-mail"
      | ^
      = add one under `[[remedy]]`

    1 problem
    "#);
}

#[test]
fn a_dead_link_to_an_entry_is_refused() {
    insta::assert_snapshot!(said("checks =", "see = [\"slow-mail\"]\nchecks ="), @r#"
    entries/slow-mail.toml:5:8: there is no other entry `slow-mail`
      |
    5 | see = ["slow-mail"]
      |        ^^^^^^^^^^^
      = remove it
    "#);
}

#[test]
fn a_link_leads_to_https_or_to_a_known_page() {
    insta::assert_snapshot!(said("https://help.example.com/portal", "http://help.example.com/portal"), @r#"
    entries/slow-mail.toml:14:7: expected an https address, found `http://help.example.com/portal`
       |
    14 | url = "http://help.example.com/portal"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = write a whole address, such as `https://help.example.com/`, or a page such as `{docs_url}`
    "#);
    insta::assert_snapshot!(said("https://help.example.com/portal", "{doc_url}"), @r#"
    entries/slow-mail.toml:14:7: there is no page `{doc_url}`
       |
    14 | url = "{doc_url}"
       |       ^^^^^^^^^^^
       = did you mean `{docs_url}`?
    "#);
}

#[test]
fn words_are_demanded_for_every_code_and_may_name_only_its_details() {
    let mut files: Vec<File> = shipped().into_iter().filter(|file| file.stem() != "ptr").collect();
    files.push(file(
        "findings/ptr.toml",
        r#"
[ptr-confirmed]
title = "Fine"
text = "`{address}` is {hots}."

[ptr-misssing]
title = "Gone"

[mx-missing]
title = "Twice"
text = "It is there already."
"#,
    ));
    let problems = Knowledge::read(&files, &Brand::default()).unwrap_err();
    insta::assert_snapshot!(problems, @r#"
    findings/ptr.toml: `ptr-generic` has no words
      = add `[ptr-generic]` with a `title` and a `text`

    findings/ptr.toml: `ptr-missing` has no words
      = add `[ptr-missing]` with a `title` and a `text`

    findings/ptr.toml: `ptr-not-confirmed` has no words
      = add `[ptr-not-confirmed]` with a `title` and a `text`

    findings/ptr.toml: `ptr-unknown` has no words
      = add `[ptr-unknown]` with a `title` and a `text`

    findings/ptr.toml:4:24: there is no slot `{hots}` here
      |
    4 | text = "`{address}` is {hots}."
      |                        ^^^^^^
      = did you mean `{host}`?

    findings/ptr.toml:6:2: there is no code `ptr-misssing`
      |
    6 | [ptr-misssing]
      |  ^^^^^^^^^^^^
      = did you mean `ptr-missing`?

    findings/ptr.toml:9:2: `mx-missing` has words in another file already
      |
    9 | [mx-missing]
      |  ^^^^^^^^^^
      = remove one of the two

    7 problems
    "#);
}

#[test]
fn a_folder_without_entries_is_no_knowledge() {
    let files: Vec<File> = shipped().into_iter().filter(|file| file.is_in(FINDINGS)).collect();
    insta::assert_snapshot!(Knowledge::read(&files, &Brand::default()).unwrap_err(), @"
    entries: there is no entry
      = add one as `entries/NAME.toml`

    1 problem
    ");
}

#[test]
fn a_sentence_that_stands_in_two_places_is_worth_a_warning() {
    let other = GOOD.replace("slow-mail", "no-mail").replace("\"eight\"", "\"Nine\"").replace("why is it", "SEVEN");
    let files = [file("entries/slow-mail.toml", &GOOD.replace("two", "One!")), file("entries/no-mail.toml", &other)];
    let Files { drafts, .. } = read(&files, &Brand::default());
    let warnings = lint::warn(&drafts);
    assert_eq!(warnings.len(), 7);
    insta::assert_snapshot!(format!("{}\n\n{}", warnings[0], warnings[6]), @r#"
    entries/slow-mail.toml:3:20: a symptom of this entry says the same
      |
    3 | symptoms = ["one", "One!", "three", "four", "five", "six", "seven", "eight"]
      |                    ^^^^^^
      = say one of them in other words

    entries/no-mail.toml:3:59: a symptom of slow-mail says the same
      |
    3 | symptoms = ["one", "two", "three", "four", "five", "six", "seven", "Nine"]
      |                                                           ^^^^^^^
      = say one of them in other words
    "#);
}

proptest::proptest! {
    #[test]
    fn no_file_makes_reading_panic(at in 0_usize..600, length in 0_usize..9, put in "[\\[\\]\"={}`\\\\\n.a-zé0-9]{0,6}") {
        let (start, end) = (at.min(GOOD.len()), (at + length).min(GOOD.len()));
        let mut text = GOOD.to_owned();
        text.replace_range(start..end, &put);
        let _ = Knowledge::read(&[file("entries/slow-mail.toml", &text)], &Brand::default()).map_err(|told| told.to_string());
    }
}

#[test]
fn every_fault_leads_to_a_remedy_or_says_why_not() {
    let linted = |entry: &str, add: &str| {
        let words = shipped().into_iter().filter(|words| words.is_in(FINDINGS)).map(|mut words| {
            if words.stem() == "mx" {
                words.text = words.text.replace("[mx-missing]\n", &format!("[mx-missing]\n{add}"));
            }
            words
        });
        let files: Vec<File> = words.chain([file("entries/slow-mail.toml", entry)]).collect();
        let Files { drafts, words, problems, .. } = read(&files, &Brand::default());
        assert_eq!(problems, []);
        let told = lint::unmended(&drafts, &words);
        told.iter().map(ToString::to_string).find(|told| told.contains("`mx-missing`"))
    };
    let unlinked = GOOD.replace("confirmed_by = [\"mx-missing\"]\n", "");
    let excuse = "no_remedy = \"nothing helps\"\n";
    assert_eq!(linted(GOOD, ""), None);
    assert_eq!(linted(&unlinked, excuse), None);
    assert!(linted(&unlinked, "").is_some_and(|told| told.contains("marks no remedy of any entry")));
    assert!(linted(GOOD, excuse).is_some_and(|told| told.contains("remove `no_remedy`")));
}

#[test]
fn every_reason_has_words_and_who_can_mend_it() {
    let knowledge = Knowledge::load(&Source::Shipped, &Brand::default()).unwrap();
    for &reason in Reason::ALL {
        let words = knowledge.reason(reason);
        assert!(!words.title.is_empty() && !words.text.is_empty() && !words.next.is_empty(), "{reason}");
        let broken = !matches!(reason, Reason::Delivered | Reason::Vacation);
        assert_eq!(!words.who.is_empty(), broken, "{reason}: who can mend it?");
        assert!(words.entry.is_none_or(|id| knowledge.entry(id.as_str()).is_some()), "{reason}");
    }
}

#[test]
fn words_for_bounces_are_held_to_the_reasons_and_the_entries() {
    let mut files = shipped();
    let bounces = files.iter_mut().find(|file| file.is_in(BOUNCES)).unwrap();
    bounces.text =
        bounces.text.replace("[vacation]", "[vacations]").replacen("error-550-undeliverable", "error-551", 1);
    bounces.text = bounces.text.replacen("who = [\"you\"]", "who = [\"me\"]", 1);
    let told = Knowledge::read(&files, &Brand::default()).expect_err("there are three mistakes").to_string();
    for mistake in ["no reason `vacations`", "no entry `error-551`", "no such person `me`", "`vacation` has no words"] {
        assert!(told.contains(mistake), "{mistake}: {told}");
    }
}

#[test]
fn a_folder_without_words_for_bounces_keeps_the_shipped_ones() {
    let files: Vec<File> = shipped().into_iter().filter(|file| !file.is_in(BOUNCES)).collect();
    let knowledge = Knowledge::read(&files, &Brand::default()).unwrap();
    assert_eq!(knowledge, Knowledge::load(&Source::Shipped, &Brand::default()).unwrap());
}
