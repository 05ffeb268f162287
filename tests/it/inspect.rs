//! `inspect`: the mails in `tests/mail` are what `expected.txt` says, and people are told so in words.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use mailmedic::answer::Answer;
use mailmedic::config::{Brand, Config};
use mailmedic::inspect::{self, Inspection, Kind};
use mailmedic::knowledge::{Knowledge, Source, Symptom, Voice};
use mailmedic::request::{InspectRequest, Looks, Request};
use regex::Regex;

use crate::cli::server;
use crate::lab::{Nobody, engine_on};
use crate::nameserver::{NameServer, Zones};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mail")
}

/// The rows of the table: a name, and the words after it.
fn expected() -> Vec<(String, Vec<String>)> {
    let table = fs::read_to_string(folder().join("expected.txt")).unwrap();
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    let words = rows.map(|row| row.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    words.map(|words| (words[0].clone(), words[1..].to_vec())).collect()
}

/// What was read, in the words of the table: as many of them as the row has.
fn told(read: &Inspection, columns: usize) -> Vec<String> {
    let kind = serde_json::to_value(read.kind).unwrap().as_str().unwrap().to_owned();
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let first = read.bounces.first();
    let words = [
        kind,
        or_none(first.map(|bounce| bounce.reason.to_string())),
        or_none(first.and_then(|bounce| bounce.reply_code).map(|code| code.to_string())),
        or_none(first.and_then(|bounce| bounce.status.clone())),
        or_none(first.and_then(|bounce| bounce.recipient.clone())),
    ];
    words.into_iter().take(columns).collect()
}

#[test]
fn every_mail_is_what_the_table_says_whatever_ends_its_lines() {
    let mut wrong = Vec::new();
    let rows = expected();
    for (name, row) in &rows {
        let raw = String::from_utf8_lossy(&fs::read(folder().join(format!("{name}.eml"))).unwrap()).into_owned();
        for end in ["\n", "\r\n", "\r"] {
            let told = told(&inspect::read(raw.replace('\n', end).as_bytes()).unwrap(), row.len());
            if told != *row {
                wrong.push(format!("{name} {end:?}: expected {row:?}, found {told:?}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    let files = fs::read_dir(folder())
        .unwrap()
        .filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|ending| ending == "eml"));
    assert_eq!(files.count(), rows.len(), "a mail has no row, or a row no mail");
}

#[test]
fn every_recipient_is_told() {
    for (name, recipients) in [
        ("postfix-two", [("bert@firm.example", "userunknown"), ("carla@other.example", "mailboxfull")]),
        ("sendmail-transcript", [("bert@firm.example", "userunknown"), ("carla@firm.example", "mailboxfull")]),
    ] {
        let read = inspect::read(&fs::read(folder().join(format!("{name}.eml"))).unwrap()).unwrap();
        let told: Vec<_> = read.bounces.iter().map(|b| (b.recipient.as_deref().unwrap(), b.reason.as_str())).collect();
        assert_eq!(told, recipients, "{name}");
    }
}

#[test]
fn the_mails_cover_the_reasons_and_what_is_no_bounce() {
    let rows = expected();
    let mut reasons: Vec<&String> = rows.iter().filter_map(|(_, row)| row.get(1)).collect();
    reasons.sort();
    reasons.dedup();
    let missing: Vec<_> =
        inspect::Reason::ALL.iter().filter(|reason| !reasons.iter().any(|seen| **seen == reason.as_str())).collect();
    assert_eq!(missing, [&inspect::Reason::Undefined,], "no mail has these reasons");
    assert!(rows.iter().filter(|(_, row)| row[0] == "bounce").count() >= 60);
    assert!(rows.iter().filter(|(_, row)| row[0] != "bounce").count() >= 25);
    let calm = inspect::read(&fs::read(folder().join("away-outlook.eml")).unwrap()).unwrap();
    assert_eq!(calm.kind, Kind::Message, "who is away did not bounce anything");
}

fn run(arguments: &[&str], stdin: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mailmedic"));
    child.args(arguments).env("NO_COLOR", "1").env("COLUMNS", "100").current_dir(folder());
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin).unwrap();
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn inspect_prints_the_contracted_json() {
    let output = run(&["inspect", "postfix-two.eml", "--json"], b"");
    assert_eq!(output.status.code(), Some(0));
    let mut document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for remedy in document["remedies"].as_array_mut().unwrap() {
        remedy["steps"].as_array_mut().unwrap().truncate(1);
    }
    insta::assert_json_snapshot!(document);
}

#[test]
fn a_bounce_is_told_in_words() {
    insta::assert_snapshot!(said(&run(&["inspect", "postfix-two.eml"], b"")));
}

#[test]
fn what_is_pasted_is_read_from_the_standard_input() {
    let output = run(&["inspect", "-"], b"552 5.2.2 Mailbox full\r\n");
    insta::assert_snapshot!(said(&output));
    assert!(output.stderr.is_empty());
}

#[test]
fn the_domain_that_failed_is_looked_at_where_a_resolver_is_named() {
    let (_server, resolver) = server(&["mx"]);
    let bounce = "550 5.1.2 <bert@no-mx-no-address.example>: Host or domain name not found\n";
    let output = run(&["inspect", "-", "--json", "--dns-only", "--resolver", &resolver], bounce.as_bytes());
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["bounces"][0]["reason"], "hostunknown", "{document}");
    assert!(document["findings"].as_array().is_some_and(|findings| !findings.is_empty()), "{document}");
    let output = run(&["inspect", "-", "--json"], bounce.as_bytes());
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["findings"], serde_json::json!([]), "nobody is asked unless told so");
}

#[test]
fn of_a_domain_that_nobody_answered_for_it_is_not_said_that_nothing_is_wrong() {
    let closed = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let bounce = "550 5.1.2 <bert@healthy.example>: Host or domain name not found\n";
    let silent = said(&run(&["inspect", "-", "--dns-only", "--resolver", &closed], bounce.as_bytes()));
    assert!(silent.contains("No question was answered about `healthy.example`"), "{silent}");
    let (_server, resolver) = server(&["healthy"]);
    let heard = said(&run(&["inspect", "-", "--dns-only", "--resolver", &resolver], bounce.as_bytes()));
    assert!(heard.contains("Nothing is wrong at `healthy.example`"), "{heard}");
}

/// RFC 8463 appendix A: a signed message, with the key that its domain published.
#[test]
fn a_signed_mail_is_proven_and_a_changed_one_is_told_from_it() {
    let mut zones = Zones::default();
    zones.add(
        "brisbane._domainkey.football.example.com",
        "TXT",
        "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    );
    zones.add("_dmarc.football.example.com", "TXT", "v=DMARC1; p=reject");
    let server = NameServer::start_apart(zones);
    let resolver = server.address().to_string();
    let judged = |change: fn(&str) -> String| {
        let mail = fs::read_to_string(folder().join("mail-football.eml")).unwrap();
        let output = run(&["inspect", "-", "--json", "--dns-only", "--resolver", &resolver], change(&mail).as_bytes());
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(document["kind"], "message");
        (document["authentication"].clone(), document["findings"].clone())
    };
    let (proof, findings) = judged(str::to_owned);
    assert_eq!((&proof["dkim"][0]["result"], &proof["dmarc"]["result"]), (&"pass".into(), &"pass".into()), "{proof}");
    assert_eq!(findings[0]["code"], "message-dmarc-pass", "{findings}");
    let (proof, findings) = judged(|mail| mail.replace("hungry", "angry"));
    // SPF could still speak for it, and who sent it is not known.
    let results = (&proof["dkim"][0]["result"], &proof["dmarc"]["result"]);
    assert_eq!(results, (&"fail".into(), &"temperror".into()), "{proof}");
    assert!(proof["dkim"][0]["problem"].as_str().unwrap().contains("body"), "{proof}");
    assert!(findings.to_string().contains("message-dkim-body"), "{findings}");
}

#[test]
fn what_a_header_alone_cannot_prove_is_not_claimed() {
    let output = run(&["inspect", "headers-alone.eml", "--json"], b"");
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&document["kind"], &document["authentication"]), (&"headers".into(), &serde_json::Value::Null));
    assert!(!document["hops"].as_array().unwrap().is_empty());
    let codes = document["findings"].to_string();
    assert!(!codes.contains("signed") && !codes.contains("dkim") && !codes.contains("dmarc"), "{codes}");
}

#[test]
fn what_is_no_refusal_is_told_as_what_it_is() {
    let titles = [
        "mail-ordinary.eml",
        "headers-alone.eml",
        "reply-fine.eml",
        "report-port25.eml",
        "other-question.eml",
        "away-outlook.eml",
    ]
    .map(|name| said(&run(&["inspect", name], b"")).lines().next().unwrap_or_default().to_owned());
    insta::assert_snapshot!(titles.join("\n"));
}

/// The mails of the folder by name, and all that people write in the knowledge.
fn all_mails() -> Vec<(String, String)> {
    let read =
        |name: &String| String::from_utf8_lossy(&fs::read(folder().join(format!("{name}.eml"))).unwrap()).into_owned();
    expected().iter().map(|(name, _)| (name.clone(), read(name))).collect()
}

#[test]
fn ordinary_talk_is_never_taken_for_something_pasted() {
    let knowledge = Knowledge::load(&Source::Shipped, &Brand::default()).unwrap();
    let pasted = |symptom: &&Symptom| symptom.voice == Voice::Pasted;
    let symptoms = knowledge.entries().flat_map(|entry| entry.symptoms.iter().filter(|symptom| !pasted(symptom)));
    let questions = knowledge.entries().flat_map(|entry| entry.questions.iter().map(String::as_str));
    let quiet = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("index/quiet.toml")).unwrap();
    let quiet: BTreeMap<String, Vec<String>> = toml::from_str(&quiet).unwrap();
    let talk: Vec<&str> =
        symptoms.map(Symptom::text).chain(questions).chain(quiet.values().flatten().map(String::as_str)).collect();
    assert!(talk.len() > 2_000, "{}", talk.len());
    let taken: Vec<&str> = talk.into_iter().filter(|text| inspect::is_clearly_pasted(text)).collect();
    // Nothing but what a server said.
    assert_eq!(taken, ["554 5.7.1 <me@shop.example>: Sender address rejected: Access denied"]);
    for text in [
        "From: my boss\nTo: me\n\nfix the mail",
        "Subject: help\nmy mail bounces with 550 5.1.1 User unknown",
        "550 euros for that plan?",
        "i get 550 5.1.1 User unknown when i write to bert@firm.example, why?",
        "mail-tester.com/test-abc gives me 6/10, what now",
        "Date: tomorrow",
        "",
    ] {
        assert!(!inspect::is_clearly_pasted(text), "{text}");
    }
}

#[test]
fn what_is_pasted_from_mails_and_servers_is_known_as_that() {
    for text in [
        "550 5.1.1 <bert@firm.example>: Recipient address rejected: User unknown",
        "452-4.2.2 The recipient's inbox is full.\n452 4.2.2 Try again later",
        "Authentication-Results: mx.firm.example; spf=pass smtp.mailfrom=shop.example; dkim=fail header.d=shop.example",
        "https://www.mail-tester.com/test-abc123xyz",
        "Nov 23 10:00:00 mx postfix/smtp[123]: 4F1: to=<bert@firm.example>, relay=mx.firm.example[192.0.2.9]:25, dsn=5.1.1, status=bounced (host mx.firm.example[192.0.2.9] said: 550 5.1.1 User unknown)",
    ] {
        assert!(inspect::is_clearly_pasted(text), "{text}");
    }
    let mails = all_mails();
    let unknown: Vec<&String> =
        mails.iter().filter(|(_, text)| !inspect::is_clearly_pasted(text)).map(|(name, _)| name).collect();
    assert!(unknown.len() * 8 < mails.len(), "{} of {}: {unknown:?}", unknown.len(), mails.len());
}

/// What others are shown of a text, and what whoever pasted it is.
async fn answers(text: &str) -> (String, String) {
    let engine = engine_on(Arc::new(Nobody), Config::default());
    let request = InspectRequest { text: text.into(), looks: Looks::AtText };
    let mut work = engine.begin(Request::Inspect(request));
    work.finish().await;
    let shown = |answer: Answer| serde_json::to_string(&answer).unwrap().to_lowercase();
    (shown(work.public_answer()), shown(work.answer()))
}

/// The words of an answer, which people's names are looked for among.
fn words(text: &str) -> HashSet<&str> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '=')))
        .map(|word| word.trim_matches(['.', '-']))
        .collect()
}

#[tokio::test]
async fn in_public_no_address_of_a_mail_is_told_and_its_domain_is() {
    let address = Regex::new(r"(?i)([a-z0-9][a-z0-9._+=-]*)@([a-z0-9-]+\.[a-z0-9.-]*[a-z0-9])").unwrap();
    // Whoever is called as a word of the answers' own sentences, such as `list`, is not told by it.
    let sentences = ["bounces/reasons.toml", "findings/message.toml", "findings/report.toml"].map(|file| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("knowledge").join(file);
        fs::read_to_string(path).unwrap().to_lowercase()
    });
    let sentences: HashSet<&str> = sentences.iter().flat_map(|text| words(text)).collect();
    let (mut told, mut domains) = (0, 0);
    for (name, text) in all_mails() {
        let (shown, own) = answers(&text).await;
        // The same mail with other people in it: what is in that answer, too, is the answer's own.
        let (others, _) = answers(&address.replace_all(&text, "qzxq@$2")).await;
        let (public, own, others) = (words(&shown), words(&own), words(&others));
        for found in address.captures_iter(&text.to_lowercase()) {
            let local = found[1].trim_matches(['.', '-']);
            told += usize::from(own.contains(local));
            let hidden = !public.contains(local) || sentences.contains(local) || others.contains(local);
            assert!(hidden, "{name}: {local} is in the public answer: {shown}");
            domains += usize::from(own.contains(&found[2]) && public.contains(&found[2]));
        }
    }
    assert!(told > 50 && domains > 50, "{told} {domains}");
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(48))]

    #[test]
    fn in_public_whoever_is_named_is_not_told(
        local in "[a-z]{4,8}[.]?[qxz]{3}[0-9]{2}", name in "[a-z]{5,9}", with_domain in proptest::bool::ANY,
    ) {
        let who = if with_domain { format!("{local}@{name}.example") } else { local.clone() };
        let bounce = format!(
            "From: MAILER-DAEMON@mx.host.example\nTo: {local}@{name}.example\nSubject: Undelivered Mail Returned to Sender\n\n\
             I'm sorry to have to inform you that your message could not\nbe delivered to one or more recipients.\n\n\
             <{local}@{name}.example>: host mx.{name}.example[192.0.2.77] said: 550 5.1.1 mailbox {who} unknown\n"
        );
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (public, own) = runtime.block_on(answers(&bounce));
        proptest::prop_assert!(own.contains(&local), "{}", own);
        proptest::prop_assert!(!public.contains(&local) && !public.contains("192.0.2.77"), "{}", public);
        proptest::prop_assert!(public.contains(&format!("{name}.example")), "{}", public);
    }
}

#[test]
fn a_test_services_report_is_told_as_its_claims_with_what_to_do() {
    insta::assert_snapshot!(said(&run(&["inspect", "report-port25.eml"], b"")));
    insta::assert_snapshot!("a_link_is_not_followed", said(&run(&["inspect", "report-mail-tester.eml"], b"")));
    let output = run(&["inspect", "report-port25.eml", "--json"], b"");
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["findings"][1]["code"], "report-dkim", "{document}");
    assert_eq!(document["remedies"][0]["entry"], "sent-email-in-spam", "{document}");
    let steps = document["remedies"][0]["steps"].as_array().unwrap();
    assert_eq!(steps.iter().filter(|step| step["state"] == "confirmed").count(), 1, "{document}");
}

#[test]
fn results_that_stand_alone_are_told_as_claims() {
    let text = b"Authentication-Results: mx.firm.example; spf=pass smtp.mailfrom=shop.example; dkim=fail header.d=shop.example\n";
    insta::assert_snapshot!(said(&run(&["inspect", "-"], text)));
}

#[test]
fn findings_of_a_message_point_to_entries_with_their_steps_marked() {
    let mail =
        b"From: a@shop.example\nSubject: x\nX-Spam-Status: Yes, score=9.0 required=5.0 tests=MISSING_DATE\n\nhello\n";
    let output = run(&["inspect", "-", "--json"], mail);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let entries: Vec<&str> =
        document["remedies"].as_array().unwrap().iter().map(|remedy| remedy["entry"].as_str().unwrap()).collect();
    assert!(entries.contains(&"spam-filter-false-positives") && entries.contains(&"sent-email-in-spam"), "{document}");
    assert!(document["remedies"].to_string().contains("confirmed"), "{document}");
}

#[test]
fn an_outlook_file_is_told_how_to_save_it() {
    let output = run(&["inspect", "-"], b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0\0\0");
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains(".msg") && told.contains("Save the mail as .eml"), "{told}");
}

#[test]
fn what_cannot_be_read_gets_a_clear_sentence() {
    let output = run(&["inspect", "-"], &vec![b'a'; (2 << 20) + 1]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("2097152 at most are read") && told.lines().count() == 1, "{told}");
    let output = run(&["inspect", "no-such.eml"], b"");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("error: cannot read `no-such.eml`: "));
}
